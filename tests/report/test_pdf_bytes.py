"""The same input gives the same bytes: in another process with other hashes, in both languages, with any look."""

import asyncio
import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.report.gallery import GALLERY
from tests.report.pdfs import archival, made

ROOT = Path(__file__).parents[2]
EXHIBITS = ("ordinary", "showy", "showy, five vCenters", "all hostile")
SCRIPT = """
import hashlib, sys
from tests.report.pdfs import made
for name in sys.argv[2:]:
    print(hashlib.sha256(made(name, sys.argv[1])).hexdigest())
"""


@cache
def elsewhere(code: str) -> dict[str, str]:
    """Render all exhibits in an interpreter of its own; return the hashes of what came out."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, code, *EXHIBITS],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(EXHIBITS, done.stdout.split(), strict=True))


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", EXHIBITS)
def test_another_process_gives_the_same_bytes(name: str, code: str) -> None:
    assert elsewhere(code)[name] == hashlib.sha256(made(name, code)).hexdigest()


def test_a_second_time_gives_the_same_bytes() -> None:
    assert asyncio.run(archival(GALLERY["showy"])) == made("showy")


def test_the_language_and_the_look_are_in_the_bytes() -> None:
    assert len({made("ordinary"), made("ordinary", "zh"), made("showy")}) == len(("en", "zh", "showy"))
