"""A real Chromium without a window, spoken to over WebDriver, and the server that it reads pages from."""

import asyncio
import base64
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

ALONE = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STARTED = re.compile(rb"started successfully on port (\d+)")


@dataclass
class Pages:
    """A server with one page; keeps the paths that it is asked for."""

    url: str = ""
    page: bytes = b""
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.Response(body=self.page, content_type="text/html")


@asynccontextmanager
async def pages() -> AsyncIterator[Pages]:
    served = Pages()
    app = web.Application()
    app.router.add_get("/{path:.*}", served.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        served.url = "http://{}:{}/report.html".format(*runner.addresses[0])
        yield served
    finally:
        await runner.cleanup()


@dataclass(frozen=True)
class Chromium:
    """One browser. What it logs is handed over once."""

    http: aiohttp.ClientSession
    session: str

    async def open(self, url: str) -> None:
        # by way of an empty page: to go to another place of the same page is not to open it
        await self._post("url", {"url": "about:blank"})
        await self._post("url", {"url": url})

    async def run(self, script: str) -> Any:  # noqa: ANN401 - what a script returns
        return await self._post("execute/sync", {"script": script, "args": []})

    async def resize(self, width: int, height: int = 900) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.command("Emulation.setDeviceMetricsOverride", size)

    async def prefer(self, scheme: str) -> None:
        await self.command(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )

    async def printed(self) -> bytes:
        """Return the page as PDF, on the paper that it asks for, backgrounds and all."""
        made = await self.command("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
        return base64.b64decode(made["data"])

    async def complaints(self) -> list[str]:
        """Return what the console says: errors, and what the page's policy forbade."""
        return [one["message"] for one in await self._post("se/log", {"type": "browser"})]

    async def requests(self) -> list[str]:
        """Return what pages asked for, wherever it would have gone."""
        events = [json.loads(one["message"])["message"] for one in await self._post("se/log", {"type": "performance"})]
        asked = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith(("data:", "about:"))]

    async def command(self, name: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - what a command of DevTools returns
        return await self._post("goog/cdp/execute", {"cmd": name, "params": params})

    async def _post(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - what WebDriver returns
        return await post(self.http, f"/session/{self.session}/{path}", body)


async def post(http: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
    async with http.post(path, json=body) as response:
        answer = (await response.json())["value"]
    assert not (isinstance(answer, dict) and "error" in answer), answer
    return answer


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    driver, browser = shutil.which("chromedriver"), shutil.which("chromium")
    assert driver, "chromedriver is not installed; make test-browser installs it"
    assert browser, "chromium is not installed; make test-browser installs it"
    process = await asyncio.create_subprocess_exec(driver, "--port=0", stdout=asyncio.subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{await port_of(process)}"
        with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
            options = {"binary": browser, "args": [*ALONE, f"--user-data-dir={folder}"]}
            logs = {"browser": "ALL", "performance": "ALL"}
            wanted = {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": logs}}
            async with aiohttp.ClientSession(url) as http:
                session = (await post(http, "/session", {"capabilities": wanted}))["sessionId"]
                yield Chromium(http, session)
                async with http.delete(f"/session/{session}"):
                    pass
    finally:
        process.terminate()
        await process.wait()


async def port_of(process: asyncio.subprocess.Process) -> int:
    assert process.stdout
    async for line in process.stdout:
        if found := STARTED.search(line):
            return int(found[1])
    raise AssertionError("chromedriver did not start")
