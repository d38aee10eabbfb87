"""`make mutation`: changes one operator or value of a check at a time, and sees whether that check's tests notice.

Works in copies of the tree, one a worker, so the tree itself is never touched. Prints a line a check, then every mutant
that survived. `make mutation CHECKS="snapshot-age vaai-status"` looks at some checks alone.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TREE = ("checks", "tests", "vhealthd", "typst_templates", "pyproject.toml")
WORKERS = os.cpu_count() or 2
SECONDS_A_MUTANT = 30
# The project's settings, without those of plugins: none is needed here, and loading them takes most of the time.
PYTEST = "[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\npythonpath = .\nfilterwarnings = error\n"

CONFIG = """\
[cosmic-ray]
module-path = "checks/{name}.py"
timeout = {seconds}
excluded-modules = []
test-command = "{python} -m pytest -x -q tests/checks/test_{name}.py"
distributor.name = "local"
"""


@dataclass(frozen=True)
class Outcome:
    """What became of the mutants of one check."""

    name: str
    killed: int
    survivors: list[str]

    @property
    def total(self) -> int:
        """All mutants."""
        return self.killed + len(self.survivors)


def copy_of_the_tree(folder: Path) -> Path:
    """Copy what the tests of checks need; the copy of `checks` is the one that is imported."""
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "vhealthd_checks").symlink_to("checks")
    (folder / "pytest.ini").write_text(PYTEST)
    return folder


def mutate(name: str, tree: Path) -> Outcome:
    """Run every mutant of one check in a copy of the tree."""
    (tree / "cr.toml").write_text(CONFIG.format(name=name, python=sys.executable, seconds=SECONDS_A_MUTANT))
    session = tree / f"{name}.sqlite"
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "XDG_CACHE_HOME": str(tree / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    # The baseline proves that the tests pass as long as nothing is changed: else every mutant would seem noticed.
    for command in (["baseline", "cr.toml"], ["init", "cr.toml", session], ["exec", "cr.toml", session]):
        subprocess.run([BIN / "cosmic-ray", *command], cwd=tree, env=environment, check=True, capture_output=True)
    dump = subprocess.run(
        [BIN / "cosmic-ray", "dump", session], cwd=tree, env=environment, check=True, capture_output=True, text=True
    )
    results = [json.loads(line) for line in dump.stdout.splitlines()]
    survivors = [_describe(work, result) for work, result in results if result["test_outcome"] == "survived"]
    return Outcome(name, len(results) - len(survivors), survivors)


def _describe(work: dict[str, list[dict[str, object]]], result: dict[str, str]) -> str:
    """Tell a mutant by its line, before and after."""
    (mutation,) = work["mutations"]
    changed = [line[1:].strip() for line in result["diff"].splitlines() if re.match(r"[-+](?![-+]{2} )", line)]
    line = mutation["start_pos"][0]  # type: ignore[index]
    return f"line {line}: {'  ->  '.join(changed)}"


def run(names: list[str]) -> Iterator[Outcome]:
    """Mutate checks, as many at once as there are processors."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(WORKERS):
            trees.put(copy_of_the_tree(Path(folder) / str(number)))

        def work(name: str) -> Outcome:
            tree = trees.get()
            try:
                return mutate(name, tree)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(WORKERS) as pool:
            yield from pool.map(work, names)


def main(chosen: list[str]) -> int:
    """Print the share of mutants that were noticed; exit with 1 if it is under 90 %."""
    everything = sorted(file.stem for file in (ROOT / "checks").glob("*.py") if file.stem != "__init__")
    outcomes = []
    for one in run([name.replace("-", "_") for name in chosen] or everything):
        outcomes.append(one)
        sys.stdout.write(f"{one.name:30} {one.killed:4} of {one.total:4} noticed\n")
        sys.stdout.writelines(f"    {survivor}\n" for survivor in one.survivors)
        sys.stdout.flush()
    killed, total = sum(one.killed for one in outcomes), sum(one.total for one in outcomes)
    share = 100 * killed / total if total else 0
    sys.stdout.write(f"{killed} of {total} mutants noticed: {share:.1f} %\n")
    return 0 if share >= 90 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
