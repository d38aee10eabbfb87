"""The process that makes one PDF and ends; started as `python -I -m vhealthd.report.worker` by `pdf`.

Reads a line of JSON from stdin, {"root": empty directory, "timestamp": seconds, "memory": bytes, "cpu": seconds,
"parts": {name: bytes}}, then as many bytes of each part as it says. Writes a line of JSON to stdout,
{"standards": bool, "error": sentence or null}, then the PDF. `standards` is false where the PDF could only be made
without PDF/A and PDF/UA; `error` then has Typst's reason.

A process, because a compile cannot be cancelled and gives its memory back only at exit.
"""

import io
import json
import resource
import sys
from importlib.resources import as_file, files
from typing import Any, BinaryIO

import pikepdf
import typst


def main() -> None:
    """Serve one request."""
    head = json.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_AS, (head["memory"], head["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (head["cpu"], head["cpu"] + 1))
    sources = _sources(head, sys.stdin.buffer)
    error = None
    try:
        pdf = _compile(sources, head, archival=True)
    except typst.TypstError as why:
        # A report that is not archival is better than none.
        error = why.message
        pdf = _compile(sources, head, archival=False)
    out = sys.stdout.buffer
    out.write(json.dumps({"standards": error is None, "error": error}).encode() + b"\n")
    out.write(_smaller(pdf))


def _sources(head: dict[str, Any], stream: BinaryIO) -> dict[str, bytes]:
    """Return all files that the template may read, by name. Typst begins with `main.typ`."""
    sources = {one.name: one.read_bytes() for one in files("vhealthd_templates").iterdir() if one.name.endswith(".typ")}
    sources["main.typ"] = sources.pop("report.typ")
    return sources | {name: stream.read(size) for name, size in head["parts"].items()}


def _compile(sources: dict[str, bytes], head: dict[str, Any], *, archival: bool) -> bytes:
    with as_file(files("vhealthd_templates") / "fonts") as folder:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
        return typst.compile(
            sources,
            root=head["root"],
            font_paths=fonts,
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
