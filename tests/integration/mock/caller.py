"""A bare client for the tests of the mock: it says exactly what it is told to, right or wrong."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from mocks.vcenter import MockVCenter

Json: TypeAlias = Any
ROOT = "group-d1"
TOKEN = "vmware-api-session-id"


class Reply(NamedTuple):
    status: int
    body: Json
    headers: Mapping[str, str]


def ref(kind: str, moid: str) -> Json:
    return {"_typeName": "ManagedObjectReference", "type": kind, "value": moid}


def query(
    kind: str, paths: Iterable[str], targets: Iterable[Json], *, missing: bool = False, size: int | None = None
) -> Json:
    """Write a RetrievePropertiesEx body for explicit objects."""
    return query_specs(
        kind, paths, [{"_typeName": "ObjectSpec", "obj": each} for each in targets], missing=missing, size=size
    )


def view_query(kind: str, paths: Iterable[str], view: Json, *, size: int | None = None) -> Json:
    """Write a RetrievePropertiesEx body over a view."""
    step = {"_typeName": "TraversalSpec", "name": "view", "type": "ContainerView", "path": "view", "skip": False}
    chosen = {"_typeName": "ObjectSpec", "obj": view, "skip": True, "selectSet": [step]}
    return query_specs(kind, paths, [chosen], missing=True, size=size)


def query_specs(kind: str, paths: Iterable[str], objects: list[Json], *, missing: bool, size: int | None) -> Json:
    """Write a RetrievePropertiesEx body for chosen objects."""
    options: dict[str, Json] = {"_typeName": "RetrieveOptions"}
    if size is not None:
        options["maxObjects"] = size
    spec: dict[str, Json] = {
        "_typeName": "PropertyFilterSpec",
        "propSet": [{"_typeName": "PropertySpec", "type": kind, "pathSet": list(paths)}],
        "objectSet": objects,
    }
    if missing:
        spec["reportMissingObjectsInResults"] = True
    return {"specSet": [spec], "options": options}


class Caller:
    """Speaks to one mock vCenter; `token` is sent with every call once there is one."""

    def __init__(self, vcenter: MockVCenter, http: aiohttp.ClientSession, release: str) -> None:
        self.vcenter = vcenter
        self.http = http
        self.release = release
        self.token = ""

    async def call(self, method: str, path: str, body: Json = None, headers: Mapping[str, str] | None = None) -> Reply:
        sent = dict(headers or {})
        if self.token:
            sent.setdefault(TOKEN, self.token)
        data = None if body is None else orjson.dumps(body)
        url = URL(self.vcenter.url + path, encoded=True)
        async with self.http.request(method, url, data=data, headers=sent) as response:
            raw = await response.read()
            is_json = response.content_type == "application/json" and raw
            return Reply(response.status, orjson.loads(raw) if is_json else raw.decode(), response.headers)

    async def get(self, path: str) -> Reply:
        return await self.call("GET", path)

    async def login(self, password: str | None = None) -> Reply:
        secret = self.vcenter.password if password is None else password
        header = {"Authorization": aiohttp.encode_basic_auth(self.vcenter.user, secret)}
        reply = await self.call("POST", "/api/session", headers=header)
        if reply.status == 201:
            self.token = reply.body
        return reply

    async def login_vi(self, password: str | None = None) -> Reply:
        secret = self.vcenter.password if password is None else password
        body = {"userName": self.vcenter.user, "password": secret}
        reply = await self.post("SessionManager", "SessionManager", "Login", body)
        self.token = reply.headers.get(TOKEN, self.token)
        return reply

    def path(self, kind: str, moid: str, name: str) -> str:
        return f"/sdk/vim25/{self.release}/{kind}/{quote(moid, safe='')}/{name}"

    async def read(self, kind: str, moid: str, name: str) -> Reply:
        return await self.get(self.path(kind, moid, name))

    async def post(self, kind: str, moid: str, method: str, body: Json = None) -> Reply:
        return await self.call("POST", self.path(kind, moid, method), body)

    async def view(self, *kinds: str, container: Json = None, recursive: bool = True) -> Reply:
        body = {"container": container or ref("Folder", ROOT), "type": list(kinds), "recursive": recursive}
        return await self.post("ViewManager", "ViewManager", "CreateContainerView", body)

    async def listed(self, *kinds: str, container: Json = None, recursive: bool = True) -> list[Json]:
        view = (await self.view(*kinds, container=container, recursive=recursive)).body
        found: list[Json] = (await self.read("ContainerView", view["value"], "view")).body
        return found

    async def retrieve(self, body: Json) -> Reply:
        return await self.post("PropertyCollector", "propertyCollector", "RetrievePropertiesEx", body)

    async def proceed(self, token: str) -> Reply:
        return await self.post(
            "PropertyCollector", "propertyCollector", "ContinueRetrievePropertiesEx", {"token": token}
        )


@asynccontextmanager
async def connected(
    vcenter: MockVCenter, *, release: str = "8.0.1.0", login: bool = True, cookies: bool = False
) -> AsyncIterator[Caller]:
    """Start the vCenter and a client of it, logged in unless told otherwise."""
    jar = aiohttp.CookieJar(unsafe=True) if cookies else aiohttp.DummyCookieJar()
    async with vcenter, aiohttp.ClientSession(cookie_jar=jar) as http:
        caller = Caller(vcenter, http, release)
        if login:
            await caller.login()
        yield caller
