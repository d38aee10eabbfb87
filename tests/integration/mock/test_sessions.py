"""Sessions: where tokens are good, how they die, and what a dead one gets."""

import pytest

from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.integration.mock.caller import ROOT, connected, query, ref, view_query

HOST = ref("Folder", ROOT)


async def test_a_login_gives_a_bare_string_that_is_good_at_both_doors() -> None:
    async with connected(MockVCenter(default_world()), login=False) as caller:
        reply = await caller.login()
        assert (reply.status, len(reply.body)) == (201, 32)
        assert (await caller.get("/api/session")).body["user"] == caller.vcenter.user
        current = (await caller.read("SessionManager", "SessionManager", "currentSession")).body
        assert current["_typeName"] == "UserSession"
        assert (await caller.call("DELETE", "/api/session")).status == 204
        assert (await caller.get("/api/session")).status == 401


async def test_a_vi_json_login_brings_its_token_in_a_header() -> None:
    async with connected(MockVCenter(default_world()), login=False) as caller:
        reply = await caller.login_vi()
        assert (reply.status, reply.body["_typeName"], len(caller.token)) == (200, "UserSession", 40)
        assert (await caller.get("/api/vcenter/host")).status == 200
        assert (await caller.post("SessionManager", "SessionManager", "Logout")).status == 204
        assert caller.vcenter.stats.snapshot()["sessions_open"] == 0


@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.2.0"])
async def test_before_unified_sessions_each_door_has_tokens_of_its_own(release: str) -> None:
    async with connected(MockVCenter(default_world(), release=release)) as caller:
        assert (await caller.read("SessionManager", "SessionManager", "currentSession")).body is None
        refused = await caller.view("HostSystem")
        assert (refused.status, refused.body["_typeName"]) == (500, "NotAuthenticated")
        assert (await caller.get("/api/vcenter/host")).status == 200
        await caller.login_vi()
        assert (await caller.view("HostSystem")).status == 200
        assert (await caller.get("/api/vcenter/host")).status == 401


async def test_a_wrong_password_is_401_here_and_invalid_login_there() -> None:
    async with connected(MockVCenter(default_world()), login=False) as caller:
        assert (await caller.login("wrong")).status == 401
        refused = await caller.login_vi("wrong")
        assert (refused.status, refused.body["_typeName"]) == (500, "InvalidLogin")


async def test_a_locked_account_refuses_the_right_password() -> None:
    async with connected(MockVCenter(default_world(), locked_after=1), login=False) as caller:
        assert (await caller.login("wrong")).status == 401
        assert (await caller.login()).status == 401


async def test_sessions_that_are_never_closed_use_up_the_account() -> None:
    async with connected(MockVCenter(default_world(), session_limit=2)) as caller:
        caller.token = ""
        assert (await caller.login()).status == 201
        refused = await caller.login()
        assert (refused.status, refused.body["error_type"]) == (503, "SERVICE_UNAVAILABLE")
        await caller.call("DELETE", "/api/session")
        assert (await caller.login()).status == 201


async def test_a_dead_token_is_told_in_the_words_of_the_real_one() -> None:
    async with connected(MockVCenter(default_world()), login=False) as caller:
        caller.token = "0" * 32
        api = await caller.get("/api/vcenter/vm")
        assert api.status == 401
        assert api.body["error_type"] == "UNAUTHENTICATED"
        assert api.body["messages"][0]["id"] == "com.vmware.vapi.endpoint.method.authentication.required"
        for reply in (await caller.view("HostSystem"), await caller.proceed("1")):
            assert reply.status == 500
            assert reply.body["_typeName"] == "NotAuthenticated"
            assert reply.body["faultstring"] == "The session is not authenticated."


@pytest.mark.parametrize(("release", "wrapped"), [("8.0.3.0", False), ("9.1.0.0", True)])
async def test_a_dead_token_gets_every_property_missing(release: str, *, wrapped: bool) -> None:
    async with connected(MockVCenter(default_world(), release=release), login=False) as caller:
        reply = await caller.retrieve(query("Folder", ["name", "parent"], [ref("Folder", ROOT)]))
        assert reply.status == 200
        (content,) = reply.body["objects"]
        assert content["propSet"] == []
        assert [each["path"] for each in content["missingSet"]] == ["name", "parent"]
        fault = content["missingSet"][0]["fault"]
        assert (fault["_typeName"] == "LocalizedMethodFault") == wrapped
        assert (fault["fault"] if wrapped else fault)["_typeName"] == "NotAuthenticated"


async def test_a_dead_token_gets_no_objects_over_a_view() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        view = (await caller.view("HostSystem")).body
        caller.vcenter.sessions.end_all()
        reply = await caller.retrieve(view_query("HostSystem", ["name"], view))
        assert (reply.status, reply.body) == (200, {"_typeName": "RetrieveResult", "objects": None})


async def test_views_and_tokens_die_with_their_session() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        view = (await caller.view("HostSystem")).body
        page = (await caller.retrieve(view_query("HostSystem", ["name"], view, size=2))).body
        await caller.call("DELETE", "/api/session")
        await caller.login()
        assert (await caller.read("ContainerView", view["value"], "view")).body["_typeName"] == "ManagedObjectNotFound"
        assert (await caller.proceed(page["token"])).body["_typeName"] == "InvalidArgument"
        assert caller.vcenter.stats.snapshot()["views_open"] == 0


@pytest.mark.parametrize("cookies", [True, False])
async def test_cookies_that_come_back_are_counted(*, cookies: bool) -> None:
    async with connected(MockVCenter(default_world()), cookies=cookies, login=False) as caller:
        reply = await caller.login()
        assert "vmware-api-session-id=" in reply.headers["Set-Cookie"]
        caller.http.cookie_jar.update_cookies({"vmware-api-session-id": caller.token})
        await caller.get("/api/session")
        assert caller.vcenter.stats.cookies_seen == int(cookies)


async def test_a_readonly_account_is_kept_from_the_appliance_alone() -> None:
    async with connected(MockVCenter(default_world(), account="readonly")) as caller:
        refused = await caller.get("/api/appliance/system/version")
        assert (refused.status, refused.body["error_type"]) == (403, "UNAUTHORIZED")
        assert refused.body["messages"][0]["id"] == "com.vmware.vapi.authorization.permission.denied"
        assert (await caller.get("/api/vcenter/services")).status == 200
        sessions = await caller.read("SessionManager", "SessionManager", "sessionList")
        assert (sessions.status, sessions.body["_typeName"]) == (500, "NoPermission")


async def test_an_operator_reads_the_appliance_but_nobody_elses_sessions() -> None:
    async with connected(MockVCenter(default_world(), account="operator")) as caller:
        assert (await caller.get("/api/appliance/health/system")).status == 200
        refused = await caller.read("SessionManager", "SessionManager", "sessionList")
        assert refused.body["_typeName"] == "NoPermission"
