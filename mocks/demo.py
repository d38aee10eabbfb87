"""`make demo`: starts the mock estate, scans it as a user would, and prints the path of the PDF as its last line.

The scan finds criticals, for which `vhealthd scan` exits with 2; the demo has worked all the same and exits with 0.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path("demo-out")
EXIT_CODES_OF_A_SCAN = range(4)

CONFIG = """\
# What `make demo` scanned: a mock estate on this machine. For a configuration of your own: vhealthd config init
vcenters:
  - name: demo
    url: {url}
    username: {user}
    password: {{file: password}}
    tls: {{ca_file: {ca_file}}}
dns: {{nameservers: ["{dns}"]}}
state: {{directory: state}}
"""


@contextmanager
def estate() -> Iterator[dict[str, str]]:
    """Run the mock estate as a process of its own; yields what it says of itself."""
    with subprocess.Popen([sys.executable, "-m", "mocks"], stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or not (line := process.stdout.readline()):
                sys.exit("demo: the mock estate did not start")
            yield json.loads(line)
        finally:
            process.terminate()


def main() -> int:
    """Scan the estate and say where the report is."""
    (FOLDER / "state").mkdir(parents=True, exist_ok=True)  # where the run is recorded
    with estate() as mock:
        password = FOLDER / "password"
        password.touch(mode=0o600)
        password.write_text(mock["password"])
        config = FOLDER / "config.yaml"
        config.write_text(CONFIG.format(**mock))
        scan = [sys.executable, "-m", "vhealthd", "scan", "--config", str(config), "--output-dir", str(FOLDER)]
        code = subprocess.run(scan, check=False).returncode
    if code not in EXIT_CODES_OF_A_SCAN:
        return code
    sys.stdout.write(f"{(FOLDER / 'report.pdf').resolve()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
