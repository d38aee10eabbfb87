"""A real mail server, Postfix, on a loopback port: STARTTLS, a login, and mailboxes that can be looked into."""

import asyncio
import email
import email.policy
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from mocks.tls import Certificates, make_certificates
from tests.peers.ports import answers, free_port

DOMAIN = "example.com"

# Nothing of the machine's own Postfix is used, nor touched.
_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination =
mynetworks =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/boxes
virtual_mailbox_maps = texthash:{folder}/people
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_tls_cert_file = {folder}/server.pem
smtpd_tls_key_file = {folder}/server.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {folder}/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/access, reject_unlisted_recipient, permit
smtpd_delay_reject = no
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""
_SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN
sasldb_path: {folder}/accounts
"""


@dataclass(frozen=True)
class Postfix:
    """A server that runs; `people` get mail, whoever else is refused."""

    folder: Path
    port: int
    username: str
    password: str

    @property
    def ca_file(self) -> Path:
        """The authority that signed its certificate."""
        return self.folder / "ca.pem"

    @property
    def log(self) -> str:
        """What it says of itself."""
        return (self.folder / "log").read_text()

    async def mails(self, person: str, count: int) -> list[EmailMessage]:
        """Return the mails in a mailbox, as they lie there, once there are so many."""
        box = self.folder / "boxes" / person / "new"
        async with asyncio.timeout(30):
            while not box.is_dir() or len(list(box.iterdir())) < count:  # noqa: ASYNC110 - another process tells nothing
                await asyncio.sleep(0.05)
        return [
            email.message_from_bytes(one.read_bytes(), EmailMessage, policy=email.policy.default)
            for one in sorted(box.iterdir(), key=lambda one: one.stat().st_mtime_ns)
        ]


@asynccontextmanager
async def postfix(people: tuple[str, ...], *, greylisted: str = "later") -> AsyncIterator[Postfix]:
    """Run Postfix; it tells `greylisted` to come again later."""
    with _folder() as folder:
        server = Postfix(folder, free_port(), "vhealthd", "Peer-Pa55word")
        _configure(server, people, greylisted, make_certificates())
        process = await asyncio.create_subprocess_exec(
            *("/usr/sbin/postfix", "-c", folder, "start-fg"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            await answers(server.port)
            yield server
        finally:
            stop = await asyncio.create_subprocess_exec("/usr/sbin/postfix", "-c", folder, "stop")
            await asyncio.wait_for(asyncio.gather(stop.wait(), process.wait()), 30)


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder that the accounts of Postfix may enter."""
    with tempfile.TemporaryDirectory(prefix="postfix-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _configure(server: Postfix, people: tuple[str, ...], greylisted: str, certificates: Certificates) -> None:
    folder = server.folder
    given = {"folder": folder, "port": server.port, "domain": DOMAIN}
    (folder / "main.cf").write_text(_MAIN.format(**given))
    (folder / "master.cf").write_text(_MASTER.format(**given))
    (folder / "sasl").mkdir()
    (folder / "sasl" / "smtpd.conf").write_text(_SASL.format(**given))
    known = (*people, greylisted)
    (folder / "people").write_text("".join(f"{one}@{DOMAIN} {one}/\n" for one in known))
    (folder / "access").write_text(f"{greylisted}@{DOMAIN} 450 4.7.1 greylisted\n")
    server.ca_file.write_bytes(certificates.ca)
    (folder / "server.pem").write_bytes(certificates.key + certificates.certificate)
    (folder / "server.pem").chmod(0o600)
    for name in ("queue", "data", "boxes"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    os.chown(folder / "boxes", 65534, 65534)
    subprocess.run(
        ["/usr/sbin/saslpasswd2", "-c", "-p", "-f", folder / "accounts", "-u", "localhost", server.username],
        input=server.password.encode(),
        check=True,
    )
    shutil.chown(folder / "accounts", "postfix")
