"""A report that was stored is the report that was committed, to the last parameter of the last message."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks.worlds import default_world
from tests.builders import CLUSTER, DATACENTER, datastore, host
from tests.builders import vm as whole_vm
from tests.integration.scans import scan_world
from tests.report.scans import HOSTILE, finding, itself, ordinary, result, say, scan, unreachable, vcenter, vm
from vhealthd.errors import StateError
from vhealthd.model import (
    Category,
    CheckResult,
    Counts,
    Entity,
    Finding,
    LimitInForce,
    Message,
    MoRef,
    Mute,
    MuteUse,
    NotExamined,
    Outcome,
    Reading,
    Resource,
    ScanReport,
    Severity,
    Text,
    Unseen,
    Usage,
    VCenterReport,
    VCenterState,
)
from vhealthd.state.codec import FORM, decode, encode
from vhealthd.wording import english

MUTE = Mute(rule="snapshot-age: name ^backup-", owner="jd", reason="known", until=date(2026, 12, 31))
ESX = host("esx01")
EVERYTHING = replace(
    scan(
        vcenter(
            "prod",
            [
                result(
                    findings=[
                        finding(ESX, key="vmnic0"),
                        replace(finding(whole_vm(on=ESX, datastores=[datastore()])), muted=MUTE),
                        replace(finding(datastore(pod=CLUSTER)), silenced_by="host-connection: esx01"),
                        finding(itself(), Severity.CRITICAL),
                    ],
                    not_examined=[NotExamined(CLUSTER, Unseen(say("no"), Outcome.SKIPPED, derived=True), "ha")],
                ),
                replace(result(), readings=(Reading(DATACENTER, None, 1.5), Reading(itself(), "cpu", -1e300))),
            ],
        )
    ),
    mutes=(MuteUse(mute=MUTE, findings=1, expired=False),),
)


def stored(report: ScanReport) -> ScanReport:
    return decode(encode(report), form=FORM)


@pytest.mark.parametrize("report", [scan(), scan(ordinary(), unreachable()), EVERYTHING], ids=["none", "some", "all"])
def test_a_report_comes_back_equal(report: ScanReport) -> None:
    assert stored(report) == report


@pytest.mark.parametrize("text", HOSTILE)
def test_names_may_be_anything(text: str) -> None:
    report = scan(vcenter("prod", [result(findings=[finding(vm(text), text=say("{x}", x=text), key=text)])]))
    assert stored(report) == report


def test_parameters_keep_their_types() -> None:
    at = datetime(2026, 3, 2, 6, 0, 0, 123456, tzinfo=UTC)
    params: dict[str, Any] = {"a": 1, "b": 1.0, "c": True, "d": None, "e": "2026-03-02T06:00:00+00:00", "f": at}
    report = scan(vcenter("prod", [result(findings=[finding(text=say("{f:time}", **params))])]))

    text = stored(report).vcenters[0].results[0].findings[0].text
    assert {name: type(value) for name, value in text.params.items()} == {n: type(v) for n, v in params.items()}
    assert english(text) == "2026-03-02 06:00 UTC"


async def test_what_a_scan_saw_comes_back_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = await scan_world(default_world(), monkeypatch)

    assert stored(scanned.report) == scanned.report
    assert sum(len(one.findings) for one in scanned.vcenter.results) > 50


# --- any report at all ----------------------------------------------------------------------------------------------

WORDS = st.text(max_size=8)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])
TIMES = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001 - zones are drawn
NUMBERS = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False)
PARAMS = st.dictionaries(WORDS, WORDS | NUMBERS | st.booleans() | st.none() | TIMES, max_size=3)
PLAIN_TEXTS = st.builds(Text, st.builds(Message, WORDS, WORDS), PARAMS)
NESTED = st.dictionaries(WORDS, PLAIN_TEXTS | st.lists(PLAIN_TEXTS, max_size=2).map(tuple), max_size=2)
TEXTS = PLAIN_TEXTS | st.builds(Text, st.builds(Message, WORDS, WORDS), NESTED)
REFS = st.builds(MoRef, WORDS, WORDS)
PLAIN = st.builds(Entity, ref=REFS, name=WORDS, path=st.none() | WORDS)
OBJECTS = st.sampled_from([ESX, whole_vm(on=ESX), datastore(pod=CLUSTER), itself()]) | PLAIN
UNSEEN = st.builds(Unseen, TEXTS, st.sampled_from(Outcome), st.booleans())
MUTES = st.builds(Mute, rule=WORDS, owner=WORDS, reason=WORDS, until=st.dates())


def records(kind: type[Any], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw records whose every field is drawn, those with a default too."""
    return st.builds(kind, **{one.name: _by_type(one.type) for one in fields(kind) if one.name not in parts}, **parts)


def _by_type(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - an annotation
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: WORDS,
        int: st.integers(0, 10**9),
        float: st.floats(0, 1e6),
        bool: st.booleans(),
        str | None: st.none() | WORDS,
        int | None: st.none() | st.integers(0, 10**9),
        float | None: st.none() | st.floats(0, 1e6),
        Mapping[str, float]: st.dictionaries(WORDS, st.floats(0, 1e6), max_size=2),
        datetime: TIMES,
        datetime | None: st.none() | TIMES,
        tuple[str, ...]: tuples(WORDS),
    }
    return plain[kind]


def tuples(of: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=most).map(tuple)


FINDINGS = records(Finding, severity=st.sampled_from(Severity), object=OBJECTS, text=TEXTS, muted=st.none() | MUTES)
RESULTS = records(
    CheckResult,
    category=st.sampled_from(Category),
    outcome=st.sampled_from(Outcome),
    reason=st.none() | TEXTS,
    not_examined=tuples(records(NotExamined, object=OBJECTS, why=UNSEEN)),
    findings=tuples(FINDINGS),
    usages=tuples(records(Usage, object=OBJECTS, resource=st.sampled_from(Resource))),
    readings=tuples(records(Reading, object=OBJECTS, value=st.floats(allow_nan=False, allow_infinity=False))),
)
VCENTERS = records(VCenterReport, state=st.sampled_from(VCenterState), counts=records(Counts), results=tuples(RESULTS))
REPORTS = records(
    ScanReport,
    vcenters=tuples(VCENTERS),
    mutes=tuples(records(MuteUse, mute=MUTES)),
    limits=tuples(records(LimitInForce)),
)


@given(REPORTS)
def test_any_report_comes_back_equal(report: ScanReport) -> None:
    assert stored(report) == report


# --- other versions, and damage -------------------------------------------------------------------------------------


Lines = list[Any]  # the kinds, then lists of parts


def changed(report: ScanReport, change: Callable[[Lines], None]) -> bytes:
    """Store a report as another version would have."""
    lines = [orjson.loads(line) for line in zlib.decompress(encode(report)).split(b"\n")]
    change(lines)
    return zlib.compress(b"\n".join(map(orjson.dumps, lines)))


def lists(value: object) -> Iterator[list[Any]]:
    """Yield every list in a structure, the innermost first."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from lists(one)
    if isinstance(value, list):
        yield value


def test_fields_that_a_later_version_adds_are_left_out() -> None:
    def add(lines: Lines) -> None:
        kinds, *parts = lines
        for part in lists(parts):
            if part and isinstance(part[0], int) and part[0] >= 0 and kinds[part[0]][1]:
                part.append([len(kinds), "word"])
        for _, names in kinds:
            names.extend(["of_tomorrow"] if names else [])
        kinds.append(["Tomorrow", ["x"]])

    assert decode(changed(EVERYTHING, add), form=FORM) == EVERYTHING


def test_fields_that_an_earlier_version_did_not_have_get_their_defaults() -> None:
    def take_away(lines: Lines) -> None:
        names = next(names for kind, names in lines[0] if kind == "CheckResult")
        names[names.index("readings")] = "forgotten"

    results = decode(changed(EVERYTHING, take_away), form=FORM).vcenters[0].results
    assert [one.readings for one in results] == [(), ()]


def test_an_object_of_a_kind_that_a_later_version_adds_is_still_an_object() -> None:
    def rename(lines: Lines) -> None:
        next(kind for kind in lines[0] if kind[0] == "Host")[0] = "Rack"

    found = decode(changed(EVERYTHING, rename), form=FORM).vcenters[0].results[0].findings[0]
    assert found.object == Entity(ref=ESX.ref, name=ESX.name, cluster=ESX.cluster, datacenter=ESX.datacenter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rack(Entity):
    """An object of a check of somebody's own."""

    units: int


def test_an_object_of_a_kind_that_only_a_site_knows_is_still_an_object() -> None:
    rack = Rack(ref=MoRef("Rack", "r-1"), name="r1", units=42)
    found = stored(scan(vcenter("prod", [result(findings=[finding(rack)])]))).vcenters[0].results[0].findings[0]
    assert found.object == Entity(ref=rack.ref, name="r1")


def test_another_form_is_refused_in_words() -> None:
    with pytest.raises(StateError, match=r"stored by a newer vhealthd \(form 2, not 1\)"):
        decode(b"", form=FORM + 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        encode(EVERYTHING)[:-20],
        *map(zlib.compress, (b"", b"{}", b"[]", b"[]\n[1]", b"[]\n[[0]]", b"[]\n[[-2, 7]]")),
    ],
)
def test_damage_is_told_in_words(data: bytes) -> None:
    with pytest.raises(StateError, match="the database is damaged"):
        decode(data, form=FORM)
