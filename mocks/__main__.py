"""Runs the mock estate for a person: `python -m mocks`.

Prints one line of JSON with where everything is, then serves until SIGINT or SIGTERM.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import orjson

from mocks.dns import MockDns
from mocks.faults import CutBody, DeniedPaths, Fault, Hang, HtmlPage, Latency, Reset, SessionEnds, Unavailable, When
from mocks.tls import Certificates, make_certificates
from mocks.vcenter import MockVCenter
from mocks.world import World, records
from mocks.worlds import big_world, default_world

FAULTS: dict[str, Callable[[], Fault]] = {
    "unavailable": lambda: Unavailable(When(every=7), retry_after=1),
    "reset": lambda: Reset(When(every=11)),
    "latency": lambda: Latency(0.02),
    "sessions-end": lambda: SessionEnds(When(every=13)),
    "html": lambda: HtmlPage(When(every=17)),
    "cut": lambda: CutBody(When(every=19)),
    "hang-appliance": lambda: Hang(When("/api/appliance/")),
    "deny-host-config": lambda: DeniedPaths(("config",), kind="HostSystem"),
}


def arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m mocks", description="A mock vCenter and DNS server on this machine.")
    parser.add_argument("--host", default="127.0.0.1", choices=("127.0.0.1", "::1"))
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--release", default="8.0.3.0", help="what the vCenter is to be, as 8.0.1.0")
    parser.add_argument("--hosts", type=int, help="a large estate with so many hosts instead of the default one")
    parser.add_argument("--vms", type=int, help="a large estate with so many VMs instead of the default one")
    parser.add_argument("--no-tls", action="store_true", help="speak plain HTTP")
    parser.add_argument("--no-gzip", action="store_true", help="never compress")
    parser.add_argument("--account", choices=("full", "operator", "readonly"), default="full")
    parser.add_argument("--fault", choices=sorted(FAULTS), action="append", default=[], help="may be repeated")
    return parser.parse_args(argv)


def world_of(options: argparse.Namespace) -> World:
    """Build the world that the options describe."""
    if options.hosts is None and options.vms is None:
        return default_world(seed=options.seed)
    return big_world(hosts=options.hosts or 100, vms=options.vms or 2000, seed=options.seed)


async def serve(options: argparse.Namespace, ca_file: Path, certificates: Certificates | None) -> None:
    """Serve until a signal comes."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    world = world_of(options)
    vcenter = MockVCenter(
        world,
        release=options.release,
        faults=tuple(FAULTS[name]() for name in options.fault),
        tls=certificates,
        account=options.account,
        host=options.host,
        port=options.port,
        compress=not options.no_gzip,
    )
    async with vcenter, MockDns(records(world)) as dns:
        line = {
            "url": vcenter.url,
            "user": vcenter.user,
            "password": vcenter.password,
            "ca_file": str(ca_file) if certificates else None,
            "dns": f"{dns.host}:{dns.port}",
            "stats": f"{vcenter.url}/mock/stats",
            "release": options.release,
        }
        sys.stdout.write(orjson.dumps(line).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


def main(argv: list[str]) -> int:
    """Run the estate; the authority's certificate lies in a temporary folder meanwhile."""
    options = arguments(argv)
    certificates = None if options.no_tls else make_certificates()
    with tempfile.TemporaryDirectory(prefix="mock-estate-") as folder:
        ca_file = Path(folder) / "ca.pem"
        if certificates:
            ca_file.write_bytes(certificates.ca)
        asyncio.run(serve(options, ca_file, certificates))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
