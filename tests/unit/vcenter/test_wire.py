"""What VI JSON may put on the wire, and what is made of it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vhealthd.errors import BadAnswerError
from vhealthd.model import MoRef
from vhealthd.vcenter.wire import (
    ObjectContent,
    RetrieveResult,
    dig,
    display_name,
    each,
    encode_reference,
    fault_name,
    moment,
    reference,
    references,
    retrieve_result,
    unbox,
)

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"
VM = {"_typeName": "ManagedObjectReference", "type": "VirtualMachine", "value": "vm-1"}
REF = MoRef("VirtualMachine", "vm-1")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def mangled(*names: str) -> st.SearchStrategy[Any]:
    """Objects with the right names and anything for values."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON))


PROPERTY = mangled("name", "val") | JSON
MISSING = mangled("path", "fault") | JSON
OBJECT = st.fixed_dictionaries(
    {},
    optional={
        "obj": st.just(VM) | mangled("type", "value") | JSON,
        "propSet": st.lists(PROPERTY, max_size=3) | JSON,
        "missingSet": st.lists(MISSING, max_size=3) | JSON,
    },
)
NEARLY = st.fixed_dictionaries({}, optional={"objects": st.lists(OBJECT | JSON, max_size=3) | JSON, "token": JSON})


def one_object(**parts: object) -> ObjectContent:
    return retrieve_result({"_typeName": "RetrieveResult", "objects": [{"obj": VM, **parts}]}).objects[0]


# --- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ({"_typeName": "string", "_value": "web"}, "web"),
        ({"_typeName": "int", "_value": 0}, 0),
        ({"_typeName": "long", "_value": 2**40}, 2**40),
        ({"_typeName": "boolean", "_value": False}, False),
        ({"_typeName": "double", "_value": 0.5}, 0.5),
        ({"_typeName": "VirtualMachinePowerState", "_value": "poweredOn"}, "poweredOn"),
        ({"_typeName": "ArrayOfString", "_value": ["a"]}, ["a"]),
        ({"_typeName": "ArrayOfString", "_value": []}, []),
        ({"_typeName": "ArrayOfManagedObjectReference", "_value": None}, []),
        ({"_typeName": "string", "_value": None}, None),
        ({"_typeName": "ArrayOfByte", "_value": "AQI="}, "AQI="),
        ({"_typeName": "HostListSummary", "x": 1}, {"_typeName": "HostListSummary", "x": 1}),
        ("plain", "plain"),
        (True, True),
        (None, None),
    ],
)
def test_values_come_boxed_or_plain(encoded: object, value: object) -> None:
    assert unbox(encoded) == value


@pytest.mark.parametrize("encoded", [VM, {"_typeName": "ManagedObjectReference", "_value": VM}])
def test_a_reference_comes_inline_or_boxed(encoded: object) -> None:
    assert reference(encoded) == REF


@pytest.mark.parametrize("nothing", [None, {}, "", [], {"type": "VirtualMachine", "value": ""}])
def test_where_no_reference_is_there_is_none(nothing: object) -> None:
    assert reference(nothing) is None


@pytest.mark.parametrize(
    ("encoded", "found"),
    [
        ([VM], [REF]),
        ({"_typeName": "ArrayOfManagedObjectReference", "_value": [VM]}, [REF]),
        ({"_typeName": "ArrayOfManagedObjectReference", "_value": None}, []),
        ([], []),
        (None, []),
    ],
)
def test_references_come_boxed_plain_or_as_null(encoded: object, found: list[MoRef]) -> None:
    assert references(encoded) == found


def test_a_reference_is_written_with_its_type_name_first() -> None:
    assert list(encode_reference(REF).items()) == list(VM.items())


@pytest.mark.parametrize("digits", range(10))
def test_times_have_up_to_nine_digits_of_a_second(digits: int) -> None:
    fraction = "." + "123456789"[:digits] if digits else ""
    micro = int("123456789"[: min(digits, 6)].ljust(6, "0")) if digits else 0

    assert moment(f"2026-11-22T18:48:27{fraction}Z") == datetime(2026, 11, 22, 18, 48, 27, micro, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-22T18:48:27+02:00", datetime(2026, 11, 22, 16, 48, 27, tzinfo=UTC)),
        ("2026-11-22T18:48:27", datetime(2026, 11, 22, 18, 48, 27, tzinfo=UTC)),
        ({"_typeName": "dateTime", "_value": "2026-11-22T18:48:27Z"}, datetime(2026, 11, 22, 18, 48, 27, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+02:00", None),
        ("9999-12-31T23:59:59-02:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (17, None),
        ({}, None),
    ],
)
def test_times_are_aware_and_in_utc_and_what_is_no_time_is_none(text: object, found: datetime | None) -> None:
    assert moment(text) == found


@given(JSON | st.text() | st.datetimes(timezones=st.timezones()).map(datetime.isoformat))
def test_no_value_breaks_the_reading_of_a_time(value: object) -> None:
    found = moment(value)

    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        ("a%2fb", "a/b"),
        ("a%2Fb", "a/b"),
        ("100%25", "100%"),
        ("back%5cslash %5C", "back\\slash \\"),
        ("%252f", "%2f"),
        ("50%20 off", "50%20 off"),
        ("数据库", "数据库"),
        ("", ""),
    ],
)
def test_names_are_freed_of_vcenters_three_escapes_and_of_no_other(encoded: str, name: str) -> None:
    assert display_name(encoded) == name


@given(st.text())
def test_escaping_as_vcenter_does_is_undone(name: str) -> None:
    escaped = name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")

    assert display_name(escaped) == name


# --- faults ---------------------------------------------------------------------------------------------------------

FLAT = {"_typeName": "NoPermission", "privilegeId": "System.Read", "faultstring": "denied"}
ONCE = {"_typeName": "LocalizedMethodFault", "fault": FLAT, "localizedMessage": "denied"}
TWICE = {"_typeName": "LocalizedMethodFault", "fault": {"fault": FLAT, "localizedMessage": "denied"}}


@pytest.mark.parametrize("fault", [FLAT, ONCE, TWICE])
def test_a_fault_is_found_however_often_it_is_wrapped(fault: object) -> None:
    assert fault_name(fault) == "NoPermission"
    assert one_object(missingSet=[{"path": "name", "fault": fault}]).missing == {"name": "NoPermission"}


@pytest.mark.parametrize("fault", [None, {}, "NoPermission", [], {"_typeName": "X", "fault": "text"}])
def test_what_is_no_fault_has_no_name(fault: object) -> None:
    assert fault_name(fault) in {"", "X"}


@pytest.mark.parametrize("wrap", [lambda fault: fault, lambda fault: {"fault": fault}])
def test_a_dead_session_behind_an_answer_of_200_is_seen(wrap: Callable[[object], object]) -> None:
    dead = {"path": "name", "fault": wrap({"_typeName": "NotAuthenticated"})}
    alive = {"obj": VM, "missingSet": [{"path": "name", "fault": FLAT}]}

    assert retrieve_result({"objects": [alive, {"obj": VM, "missingSet": [dead]}]}).lost_session()
    assert not retrieve_result({"objects": [alive]}).lost_session()
    assert not retrieve_result(None).lost_session()


# --- the whole answer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, {}, {"objects": None}, {"objects": []}, {"objects": None, "token": None}])
def test_nothing_is_an_empty_result(nothing: object) -> None:
    assert retrieve_result(nothing, size=4) == RetrieveResult([], None, 4)


@pytest.mark.parametrize("token", ["", None])
def test_a_last_page_has_no_token(token: str | None) -> None:
    assert retrieve_result({"token": token}).token is None
    assert retrieve_result({"token": "next"}).token == "next"


def test_an_object_without_properties_is_an_object() -> None:
    bare = ObjectContent(REF, {}, {})

    assert one_object() == bare
    assert one_object(propSet=None, missingSet=None) == bare


def test_an_unset_property_may_come_as_null_or_not_at_all() -> None:
    assert one_object(propSet=[{"name": "snapshot", "val": None}]).props == {"snapshot": None}
    assert one_object(propSet=[{"name": "snapshot"}]).props == {"snapshot": None}


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        "text",
        7,
        True,
        {"objects": 7},
        {"objects": "text"},
        {"objects": {"a": 1}},
        {"objects": [None]},
        {"objects": [{}]},
        {"objects": [{"obj": None}]},
        {"objects": [{"obj": {"type": "VirtualMachine"}}]},
        {"objects": [{"obj": {"type": "VirtualMachine", "value": ["vm-1"]}}]},
        {"objects": [{"obj": VM, "propSet": 7}]},
        {"objects": [{"obj": VM, "propSet": [{"val": 1}]}]},
        {"objects": [{"obj": VM, "propSet": [{"name": [], "val": 1}]}]},
        {"objects": [{"obj": VM, "missingSet": [{}]}]},
    ],
)
def test_another_shape_is_a_bad_answer(wrong: object) -> None:
    with pytest.raises(BadAnswerError, match="not a RetrieveResult"):
        retrieve_result(wrong)


@given(NEARLY | JSON)
def test_whatever_comes_is_a_result_or_a_bad_answer(data: object) -> None:
    try:
        result = retrieve_result(data)
    except BadAnswerError:
        return
    result.lost_session()
    assert len({content.ref for content in result.objects}) <= len(result.objects), "references can be looked up"


# --- walking through data objects -----------------------------------------------------------------------------------


def test_digging_goes_through_boxes_and_ends_where_something_is_absent() -> None:
    data = {"a": {"_typeName": "X", "_value": {"b": {"_typeName": "int", "_value": 7}}}, "n": None, "s": "text"}

    assert dig(data, "a", "b") == 7
    assert dig(data) == data
    assert dig(data, "n", "x") is None
    assert dig(data, "s", "x") is None
    assert dig(data, "missing", "x") is None
    assert dig(None, "x") is None


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"list": [{"a": 1}, None, "text", {"b": 2}]}, [{"a": 1}, {"b": 2}]),
        ({"list": {"_typeName": "ArrayOfX", "_value": [{"a": 1}]}}, [{"a": 1}]),
        ({"list": {"_typeName": "ArrayOfX", "_value": None}}, []),
        ({"list": None}, []),
        ({"list": 7}, []),
        ({"list": {"a": 1}}, []),
        ({}, []),
        (None, []),
    ],
)
def test_each_yields_the_data_objects_of_a_list_and_nothing_else(data: object, found: list[object]) -> None:
    assert list(each(data, "list")) == found


# --- captures -------------------------------------------------------------------------------------------------------

captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captures are not on this machine")


def answer(name: str) -> Any:  # noqa: ANN401 - decoded JSON
    data = json.loads((CAPTURES / name).read_text(encoding="utf-8"))
    body = data["response"]["body"] if "response" in data else data
    # Where a list was cut, its last entry says so in words.
    body["objects"] = [one for one in body["objects"] or () if not isinstance(one, str)]
    return body


def unlisted(*without: str) -> list[str]:
    return sorted(one.stem for one in (CAPTURES / "model").glob("*.json") if one.stem not in without)


@captures
@pytest.mark.parametrize(
    "name",
    unlisted("ServiceContent", "StoragePod", "wrong-property", "dead-session-on-an-object", "dead-session-over-a-view"),
)
def test_an_answer_of_the_object_model_is_decoded(name: str) -> None:
    result = retrieve_result(answer(f"model/{name}.json"))

    assert result.objects
    for content in result.objects:
        assert content.props
        assert not any(isinstance(value, dict) and "_value" in value for value in content.props.values())
    assert not result.lost_session()


@captures
def test_an_answer_of_a_real_vcenter_is_decoded() -> None:
    result = retrieve_result(answer("retrieveResult.json"))

    assert result.objects
    assert all(content.ref.type and content.ref.value and content.props for content in result.objects)


@captures
def test_a_captured_dead_session_is_seen_on_an_object_and_looks_empty_over_a_view() -> None:
    on_an_object = retrieve_result(answer("model/dead-session-on-an-object.json"))
    over_a_view = retrieve_result(answer("model/dead-session-over-a-view.json"))

    assert on_an_object.lost_session()
    assert over_a_view.objects == []
    assert not over_a_view.lost_session()


@captures
def test_a_captured_refusal_of_a_path_names_it() -> None:
    result = retrieve_result(answer("model/wrong-property.json"))

    assert {fault for content in result.objects for fault in content.missing.values()} == {"InvalidProperty"}
