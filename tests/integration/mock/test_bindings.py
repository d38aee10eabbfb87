"""VMware's own REST bindings decode every answer that the mock gives below `/api`.

The bindings' stubs are marked for the older `/rest` envelope; here they are told to speak `/api`. They prove answers.
Two of their paths end in `/test` where `/api` has `?action=test`, so the requests are rewritten on their way.
"""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

import pytest
import requests

from mocks.certificates import CHAIN
from mocks.vcenter import MockVCenter
from mocks.world import Vm
from mocks.worlds import default_world
from tests.integration.mock.caller import TOKEN, connected

Bound: TypeAlias = Any
"""A client of VMware's; the bindings ship no annotations."""
CASES: list[tuple[str, str, str, tuple[object, ...]]] = [
    ("cis_client", "Session", "get", ()),
    ("vcenter_client", "VM", "list", ()),
    ("vcenter_client", "Host", "list", ()),
    ("vcenter_client", "Datastore", "list", ()),
    ("vcenter_client", "Cluster", "list", ()),
    ("vcenter_client", "Datacenter", "list", ()),
    ("vcenter_client", "Folder", "list", ()),
    ("vcenter_client", "Network", "list", ()),
    ("vcenter_client", "ResourcePool", "list", ()),
    ("vcenter.services_client", "Service", "list_details", ()),
    ("vcenter.services_client", "Service", "get", ("sts",)),
    ("vcenter.certificate_management.vcenter_client", "Tls", "get", ()),
    ("vcenter.certificate_management.vcenter_client", "SigningCertificate", "get", ()),
    ("vcenter.certificate_management.vcenter_client", "TrustedRootChains", "list", ()),
    (
        "vcenter.certificate_management.vcenter_client",
        "TrustedRootChains",
        "get",
        (CHAIN,),
    ),
    ("appliance_client", "Health", "messages", ("mem",)),
    ("appliance_client", "LocalAccounts", "list", ()),
    ("appliance_client", "LocalAccounts", "get", ("root",)),
    ("appliance_client", "Monitoring", "list", ()),
    ("appliance_client", "Ntp", "get", ()),
    ("appliance_client", "Ntp", "test", (["ntp1.lab.example"],)),
    ("appliance_client", "Services", "list", ()),
    ("appliance_client", "Services", "get", ("vpxd",)),
    ("appliance_client", "Timesync", "get", ()),
    ("appliance_client", "Update", "get", ()),
    ("appliance.access_client", "Consolecli", "get", ()),
    ("appliance.access_client", "Dcui", "get", ()),
    ("appliance.access_client", "Shell", "get", ()),
    ("appliance.access_client", "Ssh", "get", ()),
    ("appliance.health_client", "Applmgmt", "get", ()),
    ("appliance.health_client", "Database", "get", ()),
    ("appliance.health_client", "Databasestorage", "get", ()),
    ("appliance.health_client", "Load", "get", ()),
    ("appliance.health_client", "Mem", "get", ()),
    ("appliance.health_client", "Softwarepackages", "get", ()),
    ("appliance.health_client", "Storage", "get", ()),
    ("appliance.health_client", "Swap", "get", ()),
    ("appliance.health_client", "System", "get", ()),
    ("appliance.health_client", "System", "lastcheck", ()),
    ("appliance.local_accounts_client", "Policy", "get", ()),
    ("appliance.logging_client", "Forwarding", "get", ()),
    ("appliance.networking.dns_client", "Domains", "list", ()),
    ("appliance.networking.dns_client", "Hostname", "get", ()),
    ("appliance.networking.dns_client", "Servers", "get", ()),
    ("appliance.recovery.backup_client", "Job", "list", ()),
    ("appliance.recovery.backup.job_client", "Details", "list", ()),
    ("appliance.recovery.backup_client", "Schedules", "list", ()),
    ("appliance.system_client", "Storage", "list", ()),
    ("appliance.system_client", "Time", "get", ()),
    ("appliance.system_client", "Uptime", "get", ()),
    ("appliance.system_client", "Version", "get", ()),
    ("appliance.update_client", "Policy", "get", ()),
]


class Rewriting(requests.Session):
    """Sends `…/test` as `…?action=test`, the form that `/api` has."""

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        prepared = super().prepare_request(request)
        if prepared.url and prepared.url.endswith("/test"):
            prepared.url = f"{prepared.url.removesuffix('/test')}?action=test"
        return prepared


def client(url: str, token: str, module: str, name: str) -> Bound:
    """Make a client of the bindings that speaks `/api` with a plain session header."""
    http = Rewriting()
    http.headers[TOKEN] = token
    connect = import_module("vmware.vapi.lib.connect")
    stubs = import_module("vmware.vapi.stdlib.client.factories").StubConfigurationFactory
    converter = import_module("vmware.vapi.bindings.converter").RestConverter
    connector = connect.get_requests_connector(session=http, msg_protocol="rest", url=f"{url}/api")
    configuration = stubs.new_std_configuration(connector)
    bound = getattr(import_module(f"com.vmware.{module}"), name)(configuration)
    bound._api_interface._rest_converter_mode = converter.SWAGGER_REST
    bound._api_interface._is_vapi_rest = False
    connector.get_api_provider().get_api_provider().set_rest_format(False)
    return bound


async def ask(world_release: str, ask_all: Callable[[str, str], list[str]]) -> list[str]:
    """Run blocking questions beside a mock vCenter."""
    async with connected(MockVCenter(default_world(), release=world_release)) as caller:
        return await asyncio.to_thread(ask_all, caller.vcenter.url, caller.token)


async def test_every_answer_is_decoded() -> None:
    def ask_all(url: str, token: str) -> list[str]:
        wrong = []
        for module, name, method, arguments in CASES:
            try:
                getattr(client(url, token, module, name), method)(*arguments)
            except Exception as problem:  # noqa: BLE001 (whatever the bindings dislike is to be listed)
                wrong.append(f"{name}.{method}: {problem!r}")
        return wrong

    assert await ask("8.0.3.0", ask_all) == []


async def test_values_arrive_as_they_were_built() -> None:
    world = default_world()
    async with connected(MockVCenter(world)) as caller:
        url, token = caller.vcenter.url, caller.token
        vms = await asyncio.to_thread(lambda: client(url, token, "vcenter_client", "VM").list())
        assert {vm.vm for vm in vms} == {vm.moid for vm in world.all(Vm)}
        assert {vm.power_state for vm in vms} == {"POWERED_ON", "POWERED_OFF", "SUSPENDED"}
        services = await asyncio.to_thread(
            lambda: client(url, token, "vcenter.services_client", "Service").list_details()
        )
        assert services["trustmanagement"].health == "HEALTHY_WITH_WARNINGS"
        assert services["imagebuilder"].health is None


@pytest.mark.parametrize(
    ("module", "name", "method", "arguments", "error"),
    [
        ("vcenter.certificate_management.vcenter_client", "TrustedRootChains", "get", ("no-such",), "NotFound"),
        ("vcenter.services_client", "Service", "get", ("no-such",), "NotFound"),
    ],
)
async def test_refusals_arrive_as_the_bindings_errors(
    module: str, name: str, method: str, arguments: tuple[object, ...], error: str
) -> None:
    def ask_all(url: str, token: str) -> list[str]:
        errors = import_module("com.vmware.vapi.std.errors_client")
        with pytest.raises(getattr(errors, error)):
            getattr(client(url, token, module, name), method)(*arguments)
        with pytest.raises(errors.Unauthenticated):
            client(url, "dead", "vcenter_client", "VM").list()
        return []

    assert await ask("8.0.3.0", ask_all) == []
