"""What holds for every check here, over the tables of all of them."""

import ast
import importlib
import string
from pathlib import Path

import pytest

from tests.builders import (
    CLUSTER,
    Case,
    datastore,
    drive,
    findings,
    host,
    host_names,
    inventory,
    line,
    load,
    lookup,
    names,
    service,
    tools,
    verdicts,
    vm,
)
from tests.builders_appliance import every_part, with_parts
from tests.builders_clusters import alarm, every_cluster_part, with_clusters
from tests.builders_estate import every_device
from tests.builders_extras import also, every_extra
from tests.builders_hosts import host_parts
from vhealthd.checkapi import Need
from vhealthd.errors import UndeclaredNeedError
from vhealthd.inventory import Inventory
from vhealthd.model import Blind, HostUsage, Message, NotExamined, VmMemory
from vhealthd.wording import english, evidence

TABLES = {path.stem: path for path in sorted(Path(__file__).parent.glob("test_*.py")) if path != Path(__file__)}
SLUGS = [stem.removeprefix("test_").replace("_", "-") for stem in TABLES]


MODULES = [importlib.import_module(f"tests.checks.{stem}") for stem in TABLES]
CASES: list[tuple[str, Case]] = [(module.SLUG, case) for module in MODULES for case in module.CASES]


def _estate() -> Inventory:
    """Return an estate in which every check has something to judge and every part is needed."""
    esx, other, full = host(), host("esx02"), datastore(used_percent=90)
    web = vm(on=esx)
    estate = inventory(
        names=names(hosts=[host_names(esx, found=lookup(esx.name))]),
        services=[service()],
        clusters=[CLUSTER],
        hosts=[esx, other],
        host_usage={esx: HostUsage(cpu_used=9, cpu_capacity=10, memory_used=9, memory_capacity=10)},
        datastores=[full],
        vm_memory={web: VmMemory(ballooned=0, swapped=0)},
        vm_snapshots={web: line(6)},
        vm_disks={web: ()},
        vm_drives={web: (drive(connected=True),)},
        vm_tools={web: tools()},
        vm_consolidation={web: True},
    )
    estate = with_clusters(estate, every_cluster_part(CLUSTER, esx, web, full), alarms=[alarm(web)])
    estate = with_parts(estate, host_parts(esx))
    return also(with_parts(with_parts(estate, every_device(esx, full)), every_part()), every_extra(web))


@pytest.mark.parametrize(("slug", "case"), CASES, ids=str)
def test_every_text_can_be_read(slug: str, case: Case) -> None:
    said = verdicts(slug, case.given, case.limits)
    texts = [finding.text for finding in findings(slug, case.given, case.limits)]
    texts += [one.why.reason for one in said if isinstance(one, (NotExamined, Blind))]
    for text in texts:
        assert english(text).strip()
        assert "unknown" not in english(text), "a hole that nothing fills"
        assert not english(text).endswith("."), "texts are put into tables and sentences"
        assert evidence(text).keys() == text.params.keys()
        assert {name for _, name, _, _ in string.Formatter().parse(text.message.english) if name} <= text.params.keys()


@pytest.mark.parametrize("slug", SLUGS)
def test_a_check_is_as_bad_as_it_may_be_and_no_worse(slug: str) -> None:
    """A maximum below what the tables show would change findings unseen; one above them would be an empty promise."""
    of_it = [case for other, case in CASES if other == slug]
    shown = {finding.severity for case in of_it for finding in findings(slug, case.given, case.limits)}
    assert max(shown, key=lambda one: one.rank) is load(slug).maximum


@pytest.mark.parametrize("slug", SLUGS)
def test_a_check_reads_what_it_declares_and_nothing_else(slug: str) -> None:
    check, estate = load(slug), _estate()
    assert verdicts(slug, estate), "it must judge something, or this test shows nothing"
    for need in check.needs:
        with pytest.raises(UndeclaredNeedError, match=need.name):
            list(check.judge(estate.only(check.needs - {need}), check.limits()))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_check_imports_only_records_and_the_standard_library(slug: str) -> None:
    tree = ast.parse(Path(load(slug).source).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    harmless = {"collections", "collections.abc", "dataclasses", "datetime", "ipaddress", "re"}
    assert imported <= harmless | {"vhealthd.checkapi", "vhealthd.model"}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_check_documents_itself(slug: str) -> None:
    check = load(slug)
    for text in (check.what, check.why, check.fix, check.blind_spots):
        assert text.endswith(".")
    assert all(field.description for field in check.limits.model_fields.values())
    assert check.limits.model_json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("slug", SLUGS)
def test_messages_are_named_after_their_check(slug: str) -> None:
    module = importlib.import_module(load(slug).judge.__module__)
    said = [one for value in vars(module).values() for one in (value.values() if isinstance(value, dict) else [value])]
    messages = [one for one in said if isinstance(one, Message)]
    assert messages
    assert all(one.id.startswith(f"{slug}.") for one in messages)
    assert len({one.id for one in messages}) == len(messages)


def test_only_the_connectivity_checks_judge_without_a_session() -> None:
    sessionless = {Need.REACHABILITY, Need.NAMES}
    assert {slug for slug in SLUGS if load(slug).needs <= sessionless} == {"vcenter-reachability", "dns-resolution"}
