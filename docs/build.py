"""`make docs`: writes a page a check, their index and the example configuration, from the checks' own files."""

import sys
from pathlib import Path

from vhealthd import configcli
from vhealthd.catalogue import Catalogue
from vhealthd.checkdocs import check_page, index_page

FOLDER = Path(__file__).parent / "checks"
EXAMPLE = Path(__file__).parents[1] / "deploy" / "config.example.yaml"


def pages() -> dict[str, str]:
    """Return the text of each page by its file name."""
    catalogue = Catalogue.discover()
    return {"README.md": index_page(catalogue)} | {f"{check.slug}.md": check_page(check) for check in catalogue.checks}


def main() -> int:
    """Write the pages, and remove those of checks that are gone."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for stale in set(FOLDER.glob("*.md")) - {FOLDER / name for name in made}:
        stale.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    EXAMPLE.write_text(configcli.starter(Catalogue.discover()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
