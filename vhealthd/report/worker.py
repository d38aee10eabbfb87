"""The process that makes one PDF and ends; started as `python -I -m vhealthd.report.worker` by `pdf`.

Reads a line of JSON from stdin, {"root": empty directory, "fonts": [folder], "timestamp": seconds, "memory": bytes,
"cpu": seconds, "parts": {name: bytes}}, then as many bytes of each part as it says. The parts become files in `root`,
where the template reads them; fonts in `fonts` are used where ours lack a character. Writes a line of JSON to stdout,
{"standards": bool, "error": sentence or null}, then the PDF. `standards` is false where the PDF could only be made
without PDF/A and PDF/UA; `error` then has Typst's reason.

A process, because a compile cannot be cancelled and gives its memory back only at exit.
"""

import io
import json
import os
import resource
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf
import typst

_THREADS = "1"  # more of them are no faster, and take up to a tenth more memory


def main() -> None:
    """Serve one request."""
    head = json.loads(sys.stdin.buffer.readline())
    # Each thread takes up addresses, which count as memory; without this there is one for each processor.
    os.environ["RAYON_NUM_THREADS"] = _THREADS
    resource.setrlimit(resource.RLIMIT_AS, (head["memory"], head["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (head["cpu"], head["cpu"] + 1))
    _unpack(head, sys.stdin.buffer)
    error = None
    try:
        pdf = _compile(head, archival=True)
    except typst.TypstError as why:
        # A report that is not archival is better than none.
        error = why.message
        pdf = _compile(head, archival=False)
    out = sys.stdout.buffer
    out.write(json.dumps({"standards": error is None, "error": error}).encode() + b"\n")
    out.write(_smaller(pdf))


def _unpack(head: dict[str, Any], stream: BinaryIO) -> None:
    """Write the parts as files: what Typst is given in memory, it keeps ten times over."""
    for name, size in head["parts"].items():
        (Path(head["root"]) / name).write_bytes(stream.read(size))


def _templates() -> dict[str, bytes]:
    """Return the templates by name. Typst begins with `main.typ`."""
    sources = {one.name: one.read_bytes() for one in files("vhealthd_templates").iterdir() if one.name.endswith(".typ")}
    return sources | {"main.typ": sources.pop("report.typ")}


def _compile(head: dict[str, Any], *, archival: bool) -> bytes:
    with as_file(files("vhealthd_templates") / "fonts") as folder:
        # They help ours out; they do not stand in for them.
        paths = [str(folder), *(head["fonts"] if folder.is_dir() else ())]
        return typst.compile(
            _templates(),
            root=head["root"],
            font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=paths),
            timestamp=head["timestamp"],
            format="pdf",
            pdf_standards=["a-3a", "ua-1"] if archival else [],
        )


def _smaller(pdf: bytes) -> bytes:
    """Pack the objects of a PDF: the tags of its tables are three quarters of it, and Typst does not compress them."""
    packed = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(
            packed,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
            fix_metadata_version=False,
            force_version="1.7",
        )
    return packed.getvalue()


if __name__ == "__main__":
    main()
