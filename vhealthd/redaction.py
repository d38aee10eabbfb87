"""Takes secrets out of what is about to be written: those that this process has read, and what looks like one.

What was read is kept in memory and nowhere else. A secret is better lost in a line than a line in a secret: where a
rule cannot tell where the secret ends, the rest of the line goes with it.
"""

import base64
import binascii
import json
import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
# Shorter ones would take half of every line with them, and are no secret for long anyway.
SHORTEST = 6
_DEEPEST = 12

_WORDS = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|authori[sz]ation|cookie|credential|webhook|session[-_]?id"
    r"|(?:api|access|private|routing|signing)[-_]?key"
)
_KEY = re.compile(_WORDS, re.IGNORECASE)

_RULES = (
    # a header, in text or in the repr of a mapping or of pairs: to the end of the line
    re.compile(
        r"((?:authorization|cookie|vmware-api-session-id)(?:[\"'\\]*\s*[:=]|[\"']\s*,)\s*)[^\r\n]+", re.IGNORECASE
    ),
    re.compile(r"(\bbearer\s+)[\w.~+/=-]{6,}", re.IGNORECASE),
    # the user and password of a URL
    re.compile(r"(\w://)[^\s/?#\"'<>]*(?=@)"),
    # the address of a hook is its secret
    re.compile(r"(https?://(?:hooks\.slack\.com/|[^\s\"'<>]{1,200}?/(?:web)?hooks?/))[^\s\"'<>]+", re.IGNORECASE),
    re.compile(r"([?&](?:key|sign|sig|x-amz-[\w-]+)=)[^&#\s\"'<>]+", re.IGNORECASE),
    # `password=...`, `"token": "..."`, also with quotes that are escaped
    re.compile(
        rf"((?:{_WORDS})[\w-]{{0,20}}[\"'\\]*(?:\s*=\s*|\s*:\s*(?=b?\\*[\"'])|:)b?)"
        r"(?:(\\*[\"']).*?(?<!\\)\2|[\"']?[^\s\"',;&{}\[\]]+)",
        re.IGNORECASE | re.DOTALL,
    ),
    # `password: ...` without quotes, if it is one word; `password: there is no file` is a sentence
    re.compile(rf"((?:{_WORDS})\s*:\s+)[^\s\"',;{{}}]+(?=\s*(?:$|[,;)\]}}]))", re.IGNORECASE | re.MULTILINE),
)
_BASIC = re.compile(r"\b(basic\s+)([A-Za-z0-9+/]{6,}={0,2})", re.IGNORECASE)


class _Known:
    """The secrets that were read, as one pattern. Threads may read and hide at once."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def add(self, secret: str) -> None:
        forms = {form for part in (secret, *secret.splitlines()) for form in _forms(part) if len(part) >= SHORTEST}
        with self._lock:
            if not forms <= self._forms:
                self._forms |= forms
                self._pattern = None

    def hide(self, text: str) -> str:
        with self._lock:
            if self._pattern is None:
                # the longest first: one secret may be the begin of another
                longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
                self._pattern = re.compile("|".join(re.escape(form) for form in longest_first) or "(?!)")
            pattern = self._pattern
        return pattern.sub(HIDDEN, text)


def _forms(secret: str) -> set[str]:
    """Return a secret as it is, and as it stands in JSON, in a repr and in a URL."""
    escaped = (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret))
    return {secret, *(form[1:-1] for form in escaped), quote(secret, safe=""), quote_plus(secret)}


_known = _Known()


def remember(secret: str) -> None:
    """Hide this from now on, wherever it stands, if it is long enough not to be part of common words."""
    _known.add(secret)


def clean(text: str) -> str:
    """Return a text without secrets."""
    text = _BASIC.sub(_hide_basic, _known.hide(text))
    for rule in _RULES:
        text = rule.sub(rf"\g<1>{HIDDEN}", text)
    return text


def _hide_basic(found: re.Match[str]) -> str:
    """Hide what is a user and a password; `basic information` stays."""
    try:
        credentials = b":" in base64.b64decode(found[2], validate=True)
    except binascii.Error:
        credentials = False
    return f"{found[1]}{HIDDEN}" if credentials else found[0]


def hide(value: object, *, deepest: int = _DEEPEST) -> object:
    """Return a value without secrets: text, bytes, whatever is nested in mappings and sequences, or a cleaned repr."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return clean(value)
        case bytes() | bytearray():
            return clean(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        case Mapping() if deepest:
            return hide_all(value, deepest=deepest - 1)
        case list() | tuple() | set() | frozenset() if deepest:
            return [hide(item, deepest=deepest - 1) for item in value]
        case _:
            shown = repr(value)
            cleaned = clean(shown)
            return value if shown == cleaned else cleaned


def hide_all(values: Mapping[Any, object], *, deepest: int = _DEEPEST) -> dict[str, object]:
    """Return a mapping without secrets; keys become text."""
    return {_key(key): _under(key, value, deepest) for key, value in values.items()}


def _key(key: object) -> str:
    return clean(key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key))


def _under(key: object, value: object, deepest: int) -> object:
    """Return what stands under a key; nothing of it if the key says that it is a secret."""
    if value is None or isinstance(value, bool) or not _KEY.search(_key(key)):
        return hide(value, deepest=deepest)
    return HIDDEN
