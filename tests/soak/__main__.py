"""`make soak`: what takes too long for the tests: 200 kills of the service, and 200 scans by one.

`python -m tests.soak kills 200 1` and `python -m tests.soak memory 200` do one of them; the numbers are how often, and
the seed.
"""

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from tests.soak.kills import storm
from tests.soak.memory import MOST_GROWTH, wear


def kills(number: int, seed: int) -> bool:
    """Kill the service so often; whether nothing was lost."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        tally = asyncio.run(storm(Path(folder), kills=number, seed=seed))
    sys.stdout.writelines(f"{line}\n" for line in tally.lines())
    return not tally.problems


def memory(scans: int) -> bool:
    """Scan so often; whether memory did not grow."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        seen = asyncio.run(wear(Path(folder), scans=scans))
    sys.stdout.writelines(f"{line}\n" for line in seen.lines())
    return seen.growth <= MOST_GROWTH


def main(arguments: list[str]) -> int:
    """Return 0 if all went well."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    match arguments:
        case []:
            went = [kills(200, 1), memory(200)]
        case ["kills", number, seed]:
            went = [kills(int(number), int(seed))]
        case ["memory", number]:
            went = [memory(int(number))]
        case _:
            sys.stderr.write(str(__doc__))
            return 64
    return 0 if all(went) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
