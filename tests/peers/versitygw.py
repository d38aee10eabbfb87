"""A real S3 server, versitygw, on a loopback port with TLS, over a folder."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mocks.tls import make_certificates
from tests.peers.ports import answers, free_port

PROGRAM = Path(__file__).parents[2] / ".venv/peers/bin/versitygw"


@dataclass(frozen=True)
class VersityGw:
    """A server that runs. Its buckets are folders, its objects files."""

    folder: Path
    port: int
    access_key_id: str
    secret_access_key: str

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"https://localhost:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The authority that signed its certificate."""
        return self.folder / "ca.pem"

    def make(self, bucket: str) -> None:
        """Make a bucket."""
        (self.folder / "buckets" / bucket).mkdir()

    def objects(self, bucket: str) -> dict[str, bytes]:
        """Return all objects of a bucket, by key."""
        top = self.folder / "buckets" / bucket
        return {
            str(one.relative_to(top)): one.read_bytes()
            for one in top.rglob("*")
            if one.is_file() and not one.relative_to(top).parts[0].startswith(".sgwtmp")
        }


@asynccontextmanager
async def versitygw() -> AsyncIterator[VersityGw]:
    """Run versitygw."""
    with tempfile.TemporaryDirectory(prefix="versitygw-") as name:
        server = VersityGw(Path(name), free_port(), "PEERACCESSKEY", "peer-secret-Pa55word")
        certificates = make_certificates()
        for path, content in (
            (server.ca_file, certificates.ca),
            (server.folder / "cert.pem", certificates.certificate),
            (server.folder / "key.pem", certificates.key),
        ):
            path.write_bytes(content)
        for folder in ("buckets", "sidecar"):
            (server.folder / folder).mkdir()
        process = await asyncio.create_subprocess_exec(
            *(PROGRAM, "--port", f"127.0.0.1:{server.port}", "--quiet"),
            *("--cert", server.folder / "cert.pem", "--key", server.folder / "key.pem"),
            # its notes beside the objects: not every file system takes them along with a file
            *("posix", "--sidecar", server.folder / "sidecar", server.folder / "buckets"),
            stdout=subprocess.DEVNULL,
            env=os.environ
            | {"ROOT_ACCESS_KEY_ID": server.access_key_id, "ROOT_SECRET_ACCESS_KEY": server.secret_access_key},
        )
        try:
            await answers(server.port)
            yield server
        finally:
            process.terminate()
            await process.wait()
