"""One vCenter, two APIs, and the sessions with them: found, shared, renewed, and given back."""

import asyncio
from collections.abc import Callable

import pytest

from mocks.faults import CutBody, Fault, Hang, HtmlPage, Inside, Reset, SessionEnds, Unavailable, When
from mocks.vcenter import MockVCenter
from mocks.wire import SESSION_HEADER, Answer, Call, no_content, ok
from mocks.worlds import default_world
from tests.unit.vcenter.clients import Hears, Says, client_of, opened
from tests.unit.vcenter.servers import transport
from vhealthd.errors import (
    BadAnswerError,
    FaultError,
    LoginFailedError,
    NotPermittedError,
    NotSupportedError,
    SessionLostError,
    UnavailableError,
)
from vhealthd.model import MoRef
from vhealthd.vcenter.auth import PasswordAuthentication
from vhealthd.vcenter.client import SERVICE_INSTANCE, VCenterClient, vi_data
from vhealthd.vcenter.transport import Answer as HttpAnswer
from vhealthd.vcenter.transport import Pace

SERVICES = "/vcenter/services"
IMPATIENT = Pace(connect=2, answer=0.1, first_back_off=0, longest_back_off=0)
EVERY = ["8.0.1.0", "8.0.2.0", "8.0.3.0", "9.1.0.0"]


def vcenter(release: str = "8.0.3.0", *faults: Fault) -> MockVCenter:
    return MockVCenter(default_world(), release=release, faults=faults)


def asked(vc: MockVCenter, path: str) -> int:
    return vc.stats.by_path_kind[path]


# --- which release --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "spoken"),
    [
        ("8.0.1.0", "8.0.1.0"),  # has no hello yet
        ("8.0.2.0", "8.0.2.0"),
        ("8.0.3.0", "8.0.3.0"),
        ("9.0.0.0", "9.0.0.0"),
        ("9.1.0.0", "9.1.0.0"),
    ],
)
async def test_both_sides_speak_the_newest_release_that_they_share(server: str, spoken: str) -> None:
    hears = Hears()
    async with opened(vcenter(server, hears)) as client:
        assert client.release == spoken
        assert (await client.current_time()).tzinfo
    assert all(call.path.startswith(f"/sdk/vim25/{spoken}/") for call in hears.calls if call.path.startswith("/sdk"))


@pytest.mark.parametrize(
    "answer",
    [
        ok({"api_release": ""}),
        ok({}),
        ok(None),
        ok([]),
        ok({"error_type": "X"}, 400),
        Answer(200, b"<html>", "text/html"),
    ],
)
async def test_without_a_usable_hello_the_oldest_release_serves(answer: Answer) -> None:
    async with opened(vcenter("8.0.3.0", Says(answer, When("/vcenter/system")))) as client:
        assert client.release == "8.0.1.0"
        assert (client.api_problem, client.vi_problem) == (None, None)
        assert (await client.current_time()).tzinfo


async def test_before_any_login_a_vcenter_says_what_it_is() -> None:
    vc = vcenter("8.0.3.0")
    async with opened(vc) as client:
        assert client.about.instance_uuid == vc.world.instance_uuid
        assert client.about.root_folder == MoRef("Folder", "group-d1")
        assert (client.about.version or "").startswith("8.0.3")
        assert client.about.build


async def test_7_0_has_no_vi_json_and_says_so() -> None:
    vc = vcenter("7.0.3.0")
    async with opened(vc) as client:
        assert isinstance(client.vi_problem, NotSupportedError)
        assert str(client.vi_problem) == (
            "this vCenter has no VI JSON API (it came with 8.0 U1); update vCenter to have all checks"
        )
        assert client.api_problem is None
        assert "sts" in await client.automation("GET", SERVICES)
        with pytest.raises(NotSupportedError, match="no VI JSON API"):
            await client.vi(SERVICE_INSTANCE, "CurrentTime", {})
        assert (client.about.version or "").startswith("7.0"), "asked of the appliance instead"
    assert (vc.sessions.logins, vc.sessions.logouts) == (1, 1)


# --- one session or two ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", EVERY)
async def test_one_session_serves_both_apis_from_8_0_u3_on_and_before_there_are_two(release: str) -> None:
    vc = vcenter(release)
    async with opened(vc) as client:
        await client.automation("GET", SERVICES)
        await client.current_time()
        logins = (asked(vc, "POST /api/session"), asked(vc, "POST Login"))
    shared = release >= "8.0.3"
    assert logins == ((1, 0) if shared else (1, 1))
    assert (asked(vc, "DELETE /api/session"), asked(vc, "POST Logout")) == ((1, 0) if shared else (1, 1))
    assert (vc.sessions.logins, vc.sessions.logouts, len(vc.sessions.open)) == (sum(logins), sum(logins), 0)


@pytest.mark.parametrize("times", [1, 3])
async def test_close_is_done_once_however_often_it_is_asked_for(times: int) -> None:
    vc = vcenter("8.0.1.0")
    async with opened(vc) as client:
        for _ in range(times):
            await client.close()
    assert vc.sessions.logouts == 2


# --- the password ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["7.0.3.0", *EVERY])
async def test_a_wrong_password_is_tried_exactly_once(release: str) -> None:
    vc = vcenter(release)
    async with client_of(vc, password="wrong") as client:
        with pytest.raises(LoginFailedError) as caught:
            await client.open()
        for _ in range(3):
            with pytest.raises(LoginFailedError):
                await client.automation("GET", SERVICES)
    assert asked(vc, "POST /api/session") + asked(vc, "POST Login") == 1
    assert vc.automation.account.failures == 1
    sentence = str(caught.value)
    assert sentence.startswith(
        f"login as {vc.user} refused (Unable to execute this operation: authentication required)"
    )
    assert "neither locked nor disabled" in sentence
    assert ("federated vCenter" in sentence) == release.startswith("9.")


async def test_where_api_is_down_a_wrong_password_is_tried_once_at_vi_json() -> None:
    vc = vcenter("8.0.3.0", Unavailable(When("/api")))
    async with client_of(vc, password="wrong") as client:
        with pytest.raises(LoginFailedError, match="incorrect user name or password"):
            await client.open()
    assert asked(vc, "POST Login") == 1


async def test_an_account_that_vi_json_alone_refuses_has_api() -> None:
    refusal = ok({"_typeName": "InvalidLogin", "faultstring": "no"}, 500)
    vc = vcenter("8.0.1.0", Says(refusal, When("/Login")))
    async with opened(vc) as client:
        assert str(client.vi_problem) == "VI JSON refuses the account that /api has just accepted"
        assert await client.automation("GET", SERVICES)
    assert (vc.sessions.logins, vc.sessions.logouts) == (1, 1)


async def test_a_login_without_a_token_is_a_bad_answer() -> None:
    nothing = Says(ok(""), When("/api/session"))
    async with opened(vcenter("8.0.1.0", nothing)) as client:
        assert isinstance(client.api_problem, BadAnswerError)
        assert client.vi_problem is None
    bare = Says(ok({"_typeName": "UserSession"}), When("/Login"))
    async with opened(vcenter("8.0.1.0", bare)) as client:
        assert str(client.vi_problem) == "vCenter's Login answers without a session token"


# --- one API down, the other up -------------------------------------------------------------------------------------

DOWN: dict[str, Callable[[str], Fault]] = {
    "503": lambda where: Unavailable(When(where)),
    "503 as JSON": lambda where: Unavailable(When(where), json=True),
    "an HTML page": lambda where: HtmlPage(When(where)),
    "cut bodies": lambda where: CutBody(When(where)),
    "resets": lambda where: Reset(When(where)),
    "silence": lambda where: Hang(When(where)),
    "500 without a fault": lambda where: Says(Answer(500, b"Internal Server Error", "text/plain"), When(where)),
    "JSON of another world": lambda where: Says(ok({"messages": {"a": 1}}, 500), When(where)),
}


@pytest.mark.parametrize("how", DOWN)
@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.3.0"])
async def test_where_api_is_down_vi_json_works(how: str, release: str) -> None:
    vc = vcenter(release, DOWN[how]("/api"))
    async with opened(vc, pace=IMPATIENT) as client:
        assert client.vi_problem is None
        assert client.api_problem is not None
        assert (await client.current_time()).tzinfo
        with pytest.raises(type(client.api_problem)):
            await client.automation("GET", SERVICES)
    assert asked(vc, "POST Login") == 1
    assert vc.sessions.logins == vc.sessions.logouts + len(vc.sessions.open)
    assert asked(vc, "POST Logout") == 1


@pytest.mark.parametrize("how", DOWN)
@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.3.0"])
async def test_where_vi_json_is_down_api_works(how: str, release: str) -> None:
    vc = vcenter(release, DOWN[how]("/sdk"))
    async with opened(vc, pace=IMPATIENT) as client:
        assert client.api_problem is None
        assert client.vi_problem is not None
        assert "sts" in await client.automation("GET", SERVICES)
        with pytest.raises(type(client.vi_problem)):
            await client.current_time()
    assert (vc.sessions.logins, vc.sessions.logouts) == (1, 1)


@pytest.mark.parametrize("how", DOWN)
async def test_where_both_are_down_there_is_one_sentence(how: str) -> None:
    async with client_of(vcenter("8.0.3.0", DOWN[how]("")), pace=IMPATIENT) as client:
        with pytest.raises(Exception, match=r"\w") as caught:
            await client.open()
    assert type(caught.value).__module__ == "vhealthd.errors"
    assert "\n" not in str(caught.value)


# --- sessions that end ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", EVERY)
async def test_a_session_that_ended_is_renewed_and_the_request_repeated(release: str) -> None:
    vc = vcenter(release)
    async with opened(vc) as client:
        for _ in range(3):
            vc.sessions.end_all()
            assert (await client.current_time()).tzinfo
            assert "sts" in await client.automation("GET", SERVICES)
    assert len(vc.sessions.open) == 0
    assert vc.sessions.logouts == (1 if release >= "8.0.3" else 2)


async def test_many_requests_that_find_it_dead_are_one_login() -> None:
    vc = vcenter("8.0.3.0")
    async with opened(vc) as client:
        await client.current_time()
        vc.sessions.end_all()
        await asyncio.gather(*(client.current_time() for _ in range(50)))
    assert vc.sessions.logins == 2


@pytest.mark.parametrize("fault", ["NotAuthenticated", "AuthenticationRequired"])
async def test_either_fault_of_a_dead_session_is_known(fault: str) -> None:
    dead = Says(ok({"_typeName": fault, "faultstring": "dead"}, 500), When("/CurrentTime", times=1))
    vc = vcenter("9.1.0.0", dead)
    async with opened(vc) as client:
        assert (await client.current_time()).tzinfo
    assert vc.sessions.logins == 2


async def test_sessions_that_are_ended_before_they_serve_are_rebuilt_twice() -> None:
    vc = vcenter("8.0.3.0", SessionEnds(When("/CurrentTime")))
    async with opened(vc) as client:
        for _ in range(3):
            with pytest.raises(SessionLostError, match="terminate the sessions of this account"):
                await client.current_time()
    # The one of the beginning had served; then come the renewed one and two rebuilds.
    assert vc.sessions.logins == 4


async def test_a_token_that_comes_with_an_answer_is_taken_from_then_on() -> None:
    class Renews(Hears):
        def after(self, call: Call, answer: Answer, inside: Inside) -> Answer:
            if not call.path.endswith("/CurrentTime") or call.token == "renewed":
                return answer
            inside.sessions.open["renewed"] = inside.sessions.open.pop(call.token)
            inside.sessions.open["renewed"].token = "renewed"
            return Answer(answer.status, answer.body, headers={SESSION_HEADER: "renewed"})

    vc = vcenter("8.0.3.0", hears := Renews())
    async with opened(vc) as client:
        await client.current_time()
        await client.automation("GET", SERVICES)
    assert [call.token for call in hears.calls[-2:]] == ["renewed", "renewed"]
    assert (vc.sessions.logins, vc.sessions.logouts, len(vc.sessions.open)) == (1, 1, 0)


async def test_a_session_can_be_asked_whether_it_lives() -> None:
    vc = vcenter("8.0.3.0")
    async with opened(vc) as client:
        assert await client.session_alive()
        vc.sessions.end_all()
        assert not await client.session_alive()
        assert await client.session_alive()
    assert vc.sessions.logins == 2


HTML_SENTENCE = (
    "the server answers with an HTML page in place of JSON; is this vCenter's own address, without a proxy between?"
)

# --- what other refusals become -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (
            ok({"error_type": "UNAUTHORIZED", "messages": [{"default_message": "No way."}]}, 403),
            NotPermittedError,
            "the account may not read /vcenter/services: No way",
        ),
        (ok({}, 404), NotSupportedError, "this vCenter has no /vcenter/services"),
        (
            ok({"error_type": "ERROR", "messages": []}, 500),
            BadAnswerError,
            "/vcenter/services answers 500: ERROR",
        ),
        (Answer(400, b"Bad Request", "text/plain"), BadAnswerError, "/vcenter/services answers 400: Bad Request"),
        (ok({"messages": {"a": 1}}, 500), BadAnswerError, "/vcenter/services answers 500: status 500"),
        (ok({"messages": 7}, 500), BadAnswerError, "/vcenter/services answers 500: status 500"),
        (ok({"messages": ["x"]}, 500), BadAnswerError, "/vcenter/services answers 500: status 500"),
        (ok([1], 500), BadAnswerError, "/vcenter/services answers 500: status 500"),
        (
            Answer(200, b"<html>", "text/html"),
            BadAnswerError,
            HTML_SENTENCE,
        ),
    ],
)
async def test_refusals_of_api(answer: Answer, kind: type[Exception], sentence: str) -> None:
    async with opened(vcenter("8.0.3.0", Says(answer, When(SERVICES)))) as client:
        with pytest.raises(kind) as caught:
            await client.automation("GET", SERVICES)
    assert (type(caught.value), str(caught.value)) == (kind, sentence)


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (
            {"_typeName": "NoPermission", "privilegeId": "System.Read"},
            NotPermittedError,
            "the account lacks the privilege System.Read",
        ),
        ({"_typeName": "NoPermission"}, NotPermittedError, "the account lacks the privilege (unnamed)"),
        (
            {"fault": {"_typeName": "NoPermission", "privilegeId": "System.Read"}},
            NotPermittedError,
            "the account lacks the privilege (unnamed)",
        ),
        (
            {"_typeName": "ManagedObjectNotFound", "faultstring": "gone"},
            FaultError,
            "VI JSON fault ManagedObjectNotFound: gone",
        ),
        ({"_typeName": "HostConnectFault"}, FaultError, "VI JSON fault HostConnectFault: HostConnectFault"),
        ({"message": "oops"}, BadAnswerError, 'VI JSON answers 500: {"message":"oops"}'),
        ([], BadAnswerError, "VI JSON answers 500: []"),
    ],
)
def test_faults_of_vi_json(body: object, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind) as caught:
        vi_data(HttpAnswer(500, {}, ok(body).body))
    assert (type(caught.value), str(caught.value)) == (kind, sentence)


def test_void_is_none() -> None:
    assert vi_data(HttpAnswer(204, {}, no_content().body)) is None


@pytest.mark.parametrize("now", ["null", '"yesterday"', "7", "[]", ""])
async def test_a_clock_that_tells_no_time_is_a_bad_answer(now: str) -> None:
    async with opened(vcenter("8.0.3.0", Says(Answer(200, now.encode()), When("/CurrentTime")))) as client:
        with pytest.raises(BadAnswerError, match="CurrentTime is not a time"):
            await client.current_time()


# --- giving sessions back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.3.0"])
async def test_a_logout_that_fails_harms_nobody(release: str) -> None:
    vc = vcenter(release, Unavailable(When("/api/session", skip=1)), Unavailable(When("/Logout")))
    async with opened(vc) as client:
        await client.current_time()
        with pytest.raises(UnavailableError):
            await client.automation("GET", "/session")
    assert vc.sessions.logouts == 0


@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.3.0"])
@pytest.mark.parametrize("moment", range(9))
async def test_whenever_it_is_cancelled_it_logs_out_of_all_it_logged_in_to(release: str, moment: int) -> None:
    running: list[asyncio.Task[None]] = []
    vc = vcenter(release, Hears(lambda _: running[0].cancel(), When(skip=moment, times=1)))

    async def work(client: VCenterClient) -> None:
        await client.open()
        for _ in range(4):
            await client.current_time()
            await client.automation("GET", SERVICES)

    async with client_of(vc) as client:
        running.append(asyncio.create_task(work(client)))
        with pytest.raises(asyncio.CancelledError):
            await running[0]
    assert vc.sessions.logouts == vc.sessions.logins
    assert len(vc.sessions.open) == 0


async def test_close_goes_on_while_it_is_cancelled() -> None:
    closing: list[asyncio.Task[None]] = []
    vc = vcenter("8.0.1.0", Hears(lambda _: closing[0].cancel(), When("/Logout", times=1)))
    async with vc, transport(vc.url) as way:
        client = VCenterClient(way, PasswordAuthentication(vc.user, vc.password))
        await client.open()
        closing.append(asyncio.create_task(client.close()))
        with pytest.raises(asyncio.CancelledError):
            await closing[0]
    assert (vc.sessions.logins, vc.sessions.logouts) == (2, 2)


def test_the_password_shows_in_no_repr() -> None:
    account = PasswordAuthentication("monitor", "planted")

    assert "planted" not in f"{account!r} {account}"
