"""Secrets in hostile places: in text, in what is nested, in bytes, in reprs. And words that only look like one stay."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vhealthd import redaction
from vhealthd.config import SecretRef

SECRET = "pl4nted \"s3cret\" 'äß' \\ 秘密 +/?&"


@pytest.fixture(autouse=True)
def _none_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", redaction._Known())


@dataclass(frozen=True)
class Holder:
    """Something whose repr shows what it holds."""

    inside: str


@pytest.fixture
def known() -> str:
    redaction.remember(SECRET)
    return SECRET


# --- what was read --------------------------------------------------------------------------------------------------


def test_reading_a_secret_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("from-a-file\n")
    (tmp_path / "prod.password").write_text("from-a-credential")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("PLANTED", "from-the-environment")

    for ref in (SecretRef(file=tmp_path / "file"), SecretRef(env="PLANTED"), SecretRef(credential="prod.password")):
        assert redaction.clean(f"<{ref.read()}>") == "<***>"


@pytest.mark.parametrize(
    "form",
    [
        str,
        repr,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: quote(text, safe=""),
        quote_plus,
        lambda text: repr(Holder(text)),
        lambda text: f"before{text}after{text}",
        lambda text: str(ValueError(f"cannot use {text}")),
    ],
)
def test_it_is_found_however_it_is_written(known: str, form: Callable[[str], str]) -> None:
    cleaned = redaction.clean(f"a line with {form(known)} in it")

    assert "pl4nted" not in cleaned
    assert "s3cret" not in cleaned
    assert cleaned.startswith("a line with ")
    assert cleaned.endswith(" in it")


@pytest.mark.parametrize(
    "place",
    [
        lambda secret: {"a": {"b": [{"c": (secret,)}]}},
        lambda secret: {secret: 1},
        lambda secret: [secret.encode()],
        lambda secret: [bytearray(secret, "utf-8")],
        lambda secret: {"set": {secret}, "frozen": frozenset({secret})},
        Holder,
        ValueError,
        lambda secret: ExceptionGroup("several", [ValueError(secret)]),
        lambda secret: Path("/run") / secret.replace("/", ""),
        lambda secret: {b"bytes": b"\xff" + secret.encode()},
    ],
)
def test_it_is_found_wherever_it_is_put(place: Callable[[str], object]) -> None:
    secret = "pl4nted-s3cret"
    redaction.remember(secret)

    assert "pl4nted" not in repr(redaction.hide(place(secret)))


def test_what_is_nested_without_end_is_hidden_too(known: str) -> None:
    loop: dict[str, object] = {"inside": known}
    loop["again"] = loop
    deep: object = known
    for _ in range(100):
        deep = [deep]

    assert "pl4nted" not in repr(redaction.hide(loop))
    assert "pl4nted" not in repr(redaction.hide(deep))


def test_a_secret_of_several_lines_is_found_line_by_line() -> None:
    redaction.remember("first-half\nsecond-half\nxyz")

    assert redaction.clean("  first-half\n  second-half\n  xyz") == "  ***\n  ***\n  xyz"


def test_of_two_secrets_the_longer_one_goes_first() -> None:
    redaction.remember("hunter")
    redaction.remember("hunter-and-more")

    assert redaction.clean("hunter-and-more, hunter") == "***, ***"


@pytest.mark.parametrize(("secret", "shown"), [("12345", True), ("123456", False)])
def test_a_very_short_one_would_take_half_of_every_line(secret: str, *, shown: bool) -> None:
    redaction.remember(secret)

    assert (secret in redaction.clean(f"port {secret}")) is shown


@given(st.text(min_size=redaction.SHORTEST), st.text(), st.text())
def test_no_text_around_it_saves_a_secret(secret: str, before: str, after: str) -> None:
    known = redaction._Known()
    known.add(secret)

    assert secret not in known.hide(before + secret + after).replace(redaction.HIDDEN, "\0")


# --- what looks like one --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic cGxhbnRlZDpwbGFudGVk",
        "authorization: Bearer planted-9f8e7d",
        "got {'Authorization': 'Bearer planted-9f8e7d', 'Accept': '*/*'}",
        "<CIMultiDict('Authorization': 'Digest username=\"planted\", nonce=\"planted\"')>",
        "(b'Authorization', b'Bearer planted-9f8e7d')",
        "Authorization: AWS4-HMAC-SHA256 Credential=planted/20261122, Signature=planted",
        "Proxy-Authorization: Basic planted",
        "Set-Cookie: a=planted; b=planted",
        "vmware-api-session-id: planted-9f8e7d",
        "sent with bearer planted-9f8e7d to it",
        f"sent Basic {base64.b64encode(b'planted:planted').decode()} to it".replace("planted", "x"),
        "https://planted:planted@vc01.example.com/api",
        "s3://planted:pl%40nted@bucket",
        "https://user@corp:planted@proxy.example.com:3128",
        "https://hooks.slack.com/services/T000/B000/planted",
        "https://open.feishu.cn/open-apis/bot/v2/hook/planted-9f8e7d",
        "https://example.com/api/webhooks/123/planted",
        "https://oapi.dingtalk.com/robot/send?access_token=planted&timestamp=1&sign=planted",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=planted",
        "https://b.s3.amazonaws.com/k?X-Amz-Credential=planted&X-Amz-Signature=planted",
        "password=planted",
        "password = 'planted with blanks'",
        '{"password": "planted \\"quoted\\" planted", "user": "svc"}',
        '{\\"routing_key\\": \\"planted\\"}',
        "{'api_key': b'planted'}",
        "Login(userName='svc', password='planted')",
        "secret: planted",
        "password: planted\nuser: svc",
        "token = planted and more",
        "login(user: svc, password: planted)",
        "token:planted, and more",
        "passwd='planted and never closed",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    cleaned = redaction.clean(text)

    assert "plant" not in cleaned.lower()
    assert "cGxhb" not in cleaned
    assert redaction.HIDDEN in cleaned


@pytest.mark.parametrize(
    "text",
    [
        "login as svc refused (invalid credentials); check the password, and that the account is not locked",
        "HTTP Basic authentication",
        "config.yaml:5:13: vcenters[0].password: a secret must not stand in this file; say where it is",
        "config.yaml:9: http.token: there is no file /etc/vhealthd/token; create it with the secret in it",
        "write where it is, as token: {file: PATH}, or listen on 127.0.0.1",
        "the token of https://vc01.example.com/api/session is 30 minutes old",
        "https://vc01.example.com:443/sdk?a=1&b=2",
        "mail to ops@example.com",
        "vim.HostSystem:host-12 key: 4",
        "/etc/vhealthd/webhooks/slack",
        "snapshot session[5f1f6ee4]5f1f6ee4",
    ],
)
def test_plain_sentences_stay(text: str) -> None:
    assert redaction.clean(text) == text


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "db_passwd",
        "token",
        "access_token",
        "client_secret",
        "Authorization",
        "vmware-api-session-id",
        "session_id",
        "routing_key",
        "api-key",
        "webhook_url",
        "cookie",
        b"authorization",
    ],
)
def test_whatever_stands_under_such_a_key_is_hidden(key: str | bytes) -> None:
    for value in ("x", 12345, b"x", ["x"], {"deep": "x"}, Holder("x")):
        assert list(redaction.hide_all({key: value}).values()) == ["***"]
    assert list(redaction.hide_all({key: None}).values()) == [None]
    assert list(redaction.hide_all({key: False}).values()) == [False]


def test_all_else_stays_as_it_is() -> None:
    there = Path("/var/lib")
    values = {"event": "scan", "n": 3, "f": 0.5, "none": None, "yes": True, "list": ["a", 1], "path": there}

    assert redaction.hide_all(values) == values


def test_a_long_line_takes_no_long_time() -> None:
    for filler in ("token" * 20_000, "a" * 100_000, "password='" * 5_000, "https://" * 10_000, "=:" * 50_000):
        redaction.clean(filler)
