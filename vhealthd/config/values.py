"""The kinds of values that the configuration knows: durations, dates, URLs, files, DNS servers.

Each is written as text and becomes a Python type here. A ValueError raised here is a sentence for the operator. It
never repeats what stands in the file: that might be a password in the wrong place.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, ValidationInfo

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"
_EXAMPLES = "such as 500ms, 60s, 15m, 2h or 1d"
_DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_FINGERPRINT_PATTERN = r"^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$"
_SIZES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}
_SIZE_PATTERN = r"^([0-9]{1,12})(KB|MB|GB|B)$"
_EMAIL_PATTERN = r"^[^@\s,;:<>()\[\]\"\\]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"
_COLOUR_PATTERN = r"^#[0-9A-Fa-f]{6}$"
_READABLE = 4.5
_CRON_FIELDS = 5
_NO_PORT = 2**16
_HOST_PATTERN = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?"
_DNS_PORT = 53


def parse_duration(raw: object) -> timedelta:
    """Read `500ms`, `60s`, `15m`, `2h` or `1d`; a timedelta passes. Raises ValueError for all else, zero included."""
    if isinstance(raw, timedelta):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        raise ValueError(f"a time needs its unit, {_EXAMPLES}")  # noqa: TRY004 - pydantic gathers ValueErrors only
    if not isinstance(raw, str) or not re.match(_DURATION_PATTERN, raw):
        raise ValueError(f"expected a time {_EXAMPLES}")
    number = raw.rstrip("".join(_UNITS))
    try:
        duration = timedelta(**{_UNITS[raw[len(number) :]]: float(number)})
    except OverflowError:
        raise ValueError("this time is too long") from None
    if duration <= timedelta():
        raise ValueError("a time must be longer than 0")
    return duration


def duration_text(duration: timedelta) -> str:
    """Write a duration as the file does, in the largest unit that needs no fraction."""
    milliseconds = duration // timedelta(milliseconds=1)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def parse_duration_or_zero(raw: object) -> timedelta:
    """Read a duration, or `0s`. Raises ValueError for all else."""
    return timedelta() if raw in ("0s", timedelta()) else parse_duration(raw)


def parse_size(raw: object) -> int:
    """Read `10MB` as bytes; KB, MB and GB are powers of 1024. Raises ValueError for all else."""
    if isinstance(raw, int) and not isinstance(raw, bool) and raw > 0:
        return raw
    form = re.fullmatch(_SIZE_PATTERN, raw) if isinstance(raw, str) else None
    if form is None or int(form[1]) == 0:
        raise ValueError("expected a size such as 500KB, 10MB or 1GB")
    return int(form[1]) * _SIZES[form[2]]


def size_text(size: int) -> str:
    """Write a size as the file does, in the largest unit that needs no fraction."""
    unit = next(unit for unit, factor in reversed(_SIZES.items()) if size % factor == 0)
    return f"{size // _SIZES[unit]}{unit}"


def parse_cron(raw: str) -> str:
    """Return a cron expression of five fields. Raises ValueError for all else."""
    try:
        moments = CronSim(raw, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError(f'expected five fields as in "0 6 * * *" (06:00 every day): {error}') from None
    if len(raw.split()) != _CRON_FIELDS:
        raise ValueError('expected five fields as in "0 6 * * *" (06:00 every day)')
    if next(moments, None) is None:
        raise ValueError("there is no such day: this moment never comes")
    return raw


def parse_timezone(raw: str) -> str:
    """Return the name of an IANA time zone. Raises ValueError for one that this machine does not know."""
    try:
        ZoneInfo(raw)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("expected the IANA name of a time zone, such as Europe/Berlin, Asia/Shanghai or UTC") from None
    return raw


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where a server listens: an address of this machine, without brackets, and a port; 0 is any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(raw: object) -> ListenAddress:
    """Read `127.0.0.1:9108`, `localhost:9108` or `[::1]:9108`. Raises ValueError for all else."""
    if isinstance(raw, ListenAddress):
        return raw
    form = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\[\]]+)):([0-9]{1,5})", raw) if isinstance(raw, str) else None
    host = form and (form[1] or form[2])
    port = int(form[3]) if form else _NO_PORT
    if not host or port >= _NO_PORT or not (host == "localhost" or _is_address(host)):
        raise ValueError('expected an address and a port, such as "127.0.0.1:9108" or "[::1]:9108"')
    return ListenAddress(host, port)


def parse_email(raw: str) -> str:
    """Return a bare mail address. Raises ValueError for all else."""
    if not re.fullmatch(_EMAIL_PATTERN, raw):
        raise ValueError("expected a mail address such as ops@example.com")
    return raw


def parse_date(raw: object) -> date:
    """Read `2026-12-31`; a date passes. Raises ValueError for all else."""
    if isinstance(raw, date):
        return raw
    if not isinstance(raw, str) or not re.match(_DATE_PATTERN, raw):
        raise ValueError("expected a date such as 2026-12-31")
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise ValueError("there is no such day; expected a date such as 2026-12-31") from None


def parse_url(raw: str) -> str:
    """Return `https://host[:port]` in lower case and without a slash. Raises ValueError for any other kind of URL."""
    url = parse_any_url(raw)
    if url.startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
        raise ValueError("http would show the password to the network; use https (http is for localhost only)")
    return url


def parse_any_url(raw: str) -> str:
    """Return the same, or `http://host[:port]`, where no secret goes that way without being asked for."""
    try:
        parts = urlsplit(raw)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("this is not a URL; expected one such as https://vcenter.example.com") from None
    if parts.scheme not in {"http", "https"} or not host or re.search(r"\s", raw):
        raise ValueError("expected a URL such as https://vcenter.example.com")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL must not carry a user name or password; write them as username and password")
    if _has_more(parts):
        raise ValueError("the URL must end after the host (and port); vhealthd adds the path")
    if not _is_host(host):
        raise ValueError("the host of the URL is neither a name nor an address")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"


def _has_more(parts: SplitResult) -> bool:
    return parts.path.strip("/") != "" or parts.query != "" or parts.fragment != ""


def _is_host(host: str) -> bool:
    return _is_address(host) or re.fullmatch(_HOST_PATTERN, host) is not None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


@dataclass(frozen=True, slots=True)
class Nameserver:
    """A DNS server: its IPv4 or IPv6 address, without brackets, and its port."""

    address: str
    port: int = _DNS_PORT

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return address if self.port == _DNS_PORT else f"{address}:{self.port}"


def parse_nameserver(raw: object) -> Nameserver:
    """Read `10.0.0.53`, `10.0.0.53:5353`, `::1` or `[::1]:53`; a Nameserver passes. Raises ValueError for all else."""
    if isinstance(raw, Nameserver):
        return raw
    text = raw if isinstance(raw, str) else ""
    if _is_address(text):
        return Nameserver(text)
    form = re.fullmatch(r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[^:]+))(?::(?P<port>[0-9]{1,5}))?", text)
    address = form and (form["v6"] or form["v4"])
    port = int(form["port"] or _DNS_PORT) if form else 0
    if not address or not _is_address(address) or not 0 < port < 2**16:
        raise ValueError('expected the address of a DNS server, such as "10.0.0.53", "10.0.0.53:5353" or "[::1]:53"')
    return Nameserver(address, port)


def parse_fingerprint(raw: str) -> str:
    """Return 64 lower-case hex digits. Raises ValueError unless there are 32 bytes in hex, with or without colons."""
    if not re.fullmatch(_FINGERPRINT_PATTERN, raw):
        raise ValueError("expected a SHA-256 fingerprint: 32 bytes in hex, with or without colons")
    return raw.replace(":", "").lower()


def matching(pattern: str, words: str) -> Callable[[str], str]:
    """Return a validator that lets text pass which matches the whole pattern; `words` say what is expected."""

    def judge(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"expected {words}")
        return text

    return judge


def from_folder(path: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path against the folder of the configuration, where there is one."""
    folder = (info.context or {}).get("folder")
    return folder / path if folder else path


def check_readable(path: Path, info: ValidationInfo) -> Path:
    """Refuse a file that cannot be read now. Settings that are made in code, without a file, are not checked."""
    if not (info.context or {}).get("prove_files"):
        return path
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if not os.access(path, os.R_OK):
        raise ValueError(f"{path} may not be read by the user that runs vhealthd")
    return path


def parse_colour(raw: str) -> str:
    """Return `#rrggbb`. Raises ValueError for all else, and for a colour too light to be read on white or under it."""
    if not re.fullmatch(_COLOUR_PATTERN, raw):
        raise ValueError('expected a colour such as "#0e2a44"')
    if _contrast_to_white(raw) < _READABLE:
        raise ValueError("this colour is too light: text in it or on it could not be read (contrast below 4.5:1)")
    return raw.lower()


def _contrast_to_white(colour: str) -> float:
    """Return the contrast as WCAG 2 defines it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)  # noqa: PLR2004 - WCAG's numbers
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def check_logo(path: Path, info: ValidationInfo) -> Path:
    """Refuse a file that is neither SVG nor PNG by its name."""
    if path.suffix.lower() not in {".svg", ".png"}:
        raise ValueError("expected a file that ends in .svg or .png")
    return check_readable(path, info)


# strict: otherwise pydantic takes "8" and true for numbers, and "no" and 0 for false
Whole = Annotated[int, Field(strict=True)]
YesNo = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(min_length=1)]
Duration = Annotated[
    timedelta,
    PlainValidator(
        parse_duration,
        json_schema_input_type=Annotated[str, Field(pattern=_DURATION_PATTERN, examples=["500ms", "60s", "15m"])],
    ),
    PlainSerializer(duration_text),
]
DurationOrZero = Annotated[
    timedelta,
    PlainValidator(
        parse_duration_or_zero,
        json_schema_input_type=Annotated[str, Field(pattern=_DURATION_PATTERN, examples=["0s", "5m", "6h"])],
    ),
    PlainSerializer(duration_text),
]
Size = Annotated[
    int,
    PlainValidator(
        parse_size, json_schema_input_type=Annotated[str, Field(pattern=_SIZE_PATTERN, examples=["500KB", "10MB"])]
    ),
    PlainSerializer(size_text, return_type=str),
]
CronExpression = Annotated[str, AfterValidator(parse_cron)]
TimeZone = Annotated[str, AfterValidator(parse_timezone)]
EmailAddress = Annotated[str, AfterValidator(parse_email), Field(json_schema_extra={"pattern": _EMAIL_PATTERN})]
Listen = Annotated[
    ListenAddress, PlainValidator(parse_listen, json_schema_input_type=str), PlainSerializer(str, return_type=str)
]
Day = Annotated[
    date,
    PlainValidator(
        parse_date, json_schema_input_type=Annotated[str, Field(pattern=_DATE_PATTERN, examples=["2026-12-31"])]
    ),
]
Url = Annotated[str, AfterValidator(parse_url), Field(json_schema_extra={"pattern": r"^https?://[^/@?#\s]+/?$"})]
AnyUrl = Annotated[str, AfterValidator(parse_any_url), Field(json_schema_extra={"pattern": r"^https?://[^/@?#\s]+/?$"})]
Fingerprint = Annotated[
    str, AfterValidator(parse_fingerprint), Field(json_schema_extra={"pattern": _FINGERPRINT_PATTERN})
]
Colour = Annotated[str, AfterValidator(parse_colour), Field(json_schema_extra={"pattern": _COLOUR_PATTERN})]
ConfigPath = Annotated[Path, AfterValidator(from_folder)]
ReadableFile = Annotated[Path, AfterValidator(from_folder), AfterValidator(check_readable)]
LogoFile = Annotated[Path, AfterValidator(from_folder), AfterValidator(check_logo)]
DnsServer = Annotated[
    Nameserver, PlainValidator(parse_nameserver, json_schema_input_type=str), PlainSerializer(str, return_type=str)
]
