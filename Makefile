# Everything that the project does, by name. Needs Python 3.11 or later and make; all else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip's cache stays inside .venv, so that nothing outside this folder is written.
PIP := PIP_CACHE_DIR=$(CURDIR)/$(VENV)/pip-cache $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --require-hashes --only-binary :all:

.DEFAULT_GOAL := help
.PHONY: help messages install install-dev demo test test-peers test-browser lint format docs fonts bench soak mutation requirements clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(VENV)/.installed ## make .venv with the vhealthd command in it

install-dev: $(VENV)/.installed-dev ## the same, with what tests and linters need

demo: install ## scan a month of the mock estate, print the path of the PDF
	@$(BIN)/python -m tools.demo

test: install-dev ## run every test
	$(BIN)/pytest

test-peers: install-dev ## mail, archive and metrics against real servers; as root it installs what lacks
	@tests/peers/install $(CURDIR)/$(VENV)/peers
	$(BIN)/pytest tests/peers

test-browser: install-dev ## report.html in a real Chromium; as root it installs what lacks
	@tests/browser/install
	$(BIN)/pytest tests/browser

lint: install-dev ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: install-dev ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

mutation: install-dev ## change the checks one operator at a time, and see whether their tests notice (half an hour)
	@$(PIP) install --quiet --require-hashes --no-build-isolation -r requirements/build.txt -r requirements/mutation.txt
	@$(BIN)/python -m tests.mutation $(CHECKS)

soak: install-dev ## kill the service 200 times, and scan 200 times with one (an hour)
	@$(BIN)/python -m tests.soak

messages: install ## bring the catalogues of translations up to date with the code
	@$(BIN)/python -m tools.messages

docs: install ## write docs/checks from the files in checks/
	$(BIN)/python docs/build.py

fonts: install-dev ## make the fonts of the PDF anew (needs npm)
	@$(BIN)/python -m tools.fonts

bench: install-dev ## seconds, bytes and memory of scans of three sizes and of PDFs of four
	@$(BIN)/python -m tests.bench

requirements: ## pin the dependencies anew (needs uv on the PATH)
	cd requirements && for set in build run dev mutation; do ./compile $$set; done

clean: ## remove what the targets made
	rm -rf $(VENV) build dist *.egg-info demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vhealthd needs Python 3.11 or later; say which with: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml requirements/build.txt requirements/run.txt
	$(INSTALL) -r requirements/build.txt -r requirements/run.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	$(INSTALL) -r requirements/build.txt -r requirements/dev.txt
	@touch $@
