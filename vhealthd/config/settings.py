"""The configuration as frozen records. Field names are the keys of the file; descriptions and defaults are its docs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainValidator,
    ValidationInfo,
)

from vhealthd.config.channels import Channel
from vhealthd.config.routes import AlertSettings, PlaceMatch, RouteSettings, one_or_many
from vhealthd.config.secretref import SecretRef
from vhealthd.config.section import Section
from vhealthd.config.service import HttpSettings, OutboxSettings, ScheduleSettings, StateSettings
from vhealthd.config.sinks import Language, MailSettings, S3Settings
from vhealthd.config.values import (
    Colour,
    ConfigPath,
    Day,
    DnsServer,
    Duration,
    Fingerprint,
    LogoFile,
    ReadableFile,
    Text,
    Url,
    Whole,
    YesNo,
    matching,
    parse_duration,
)

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NAME_WORDS = "a name of up to 64 letters, digits, dots, dashes and underscores that begins with a letter or digit"
_TAKEN = ("mail", "s3")  # the report goes there by these names


# --- TLS ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SystemTrust:
    """Verify with the system's certificate authorities."""


@dataclass(frozen=True, slots=True)
class CaFile:
    """Verify with the authorities in this PEM file."""

    path: Path


@dataclass(frozen=True, slots=True)
class Pinned:
    """Accept one certificate: the one with this SHA-256 fingerprint, 64 lower-case hex digits."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Unverified:
    """Accept any certificate. Whoever is on the way can read the password."""


Trust = SystemTrust | CaFile | Pinned | Unverified


class TlsSection(Section):
    """The three ways to write `tls`; it becomes a Trust."""

    model_config = ConfigDict(json_schema_extra={"maxProperties": 1})

    ca_file: ReadableFile | None = Field(None, description="PEM file with the authorities to trust.")
    sha256_fingerprint: Fingerprint | None = Field(None, description="Fingerprint of the one certificate to accept.")
    verify: YesNo | None = Field(None, description="false accepts any certificate: for a laboratory only.")


def _trust(raw: object, info: ValidationInfo) -> Trust:
    if isinstance(raw, Trust):
        return raw
    section = TlsSection.model_validate(raw, context=info.context)
    if len(section.model_dump(exclude_none=True)) > 1:
        raise ValueError("expected only one of: ca_file, sha256_fingerprint, verify")
    if section.ca_file:
        return CaFile(section.ca_file)
    if section.sha256_fingerprint:
        return Pinned(section.sha256_fingerprint)
    return Unverified() if section.verify is False else SystemTrust()


# --- the sections of the file ---------------------------------------------------------------------------------------


class Scope(Section):
    """Which part of a vCenter is examined: exact names or inventory paths. Empty lists mean all."""

    datacenters: tuple[Text, ...] = Field((), description="Only these datacenters.")
    clusters: tuple[Text, ...] = Field((), description="Only these clusters.")


class VCenterSettings(Section):
    """One vCenter. `url` has scheme, host and port only."""

    name: Annotated[str, AfterValidator(matching(_NAME, _NAME_WORDS))] = Field(
        description="Name in reports and file names.", json_schema_extra={"pattern": f"^{_NAME}$"}
    )
    url: Url = Field(description="https://host or https://host:port.")
    username: Text = Field(description="Account to log in with; it needs to read only.")
    password: SecretRef = Field(description="Where the password is: {file: PATH}, {env: NAME} or {credential: NAME}.")
    tls: Annotated[Trust, PlainValidator(_trust, json_schema_input_type=TlsSection)] = Field(
        default_factory=SystemTrust,
        description="How its certificate is verified; without it, with the system's authorities.",
    )
    scope: Scope = Field(default_factory=Scope, description="Which part of it is examined; empty means all.")


class ScanSettings(Section):
    """How a scan goes."""

    concurrency: Annotated[Whole, Field(ge=1, le=64)] = Field(8, description="Checks that run at once.")
    requests_in_flight: Annotated[Whole, Field(ge=1, le=64)] = Field(8, description="Requests at once to one vCenter.")
    check_timeout: Duration = Field(parse_duration("60s"), description="Longest time that one check may judge.")
    deadline: Duration = Field(parse_duration("15m"), description="Longest time that a whole scan may take.")
    select: tuple[Text, ...] = Field((), description="Only these checks or categories; empty means all but opt-in.")
    also: tuple[Text, ...] = Field((), description="These checks besides, such as opt-in ones; by name.")
    ignore: tuple[Text, ...] = Field((), description="All but these checks or categories.")
    vcenters_at_once: Annotated[Whole, Field(ge=1, le=32)] = Field(4, description="vCenters that are scanned at once.")


class DnsSettings(Section):
    """How names are looked up."""

    nameservers: tuple[DnsServer, ...] = Field((), description="DNS servers to ask; empty means the system's.")
    timeout: Duration = Field(parse_duration("2s"), description="Longest wait for a DNS server; each is asked twice.")


Format = Literal["pdf", "html", "json", "csv"]


class Colours(Section):
    """The colours of the report; those of outcomes are always the same."""

    primary: Colour = Field("#0e2a44", description="Title band and headings; white text stands on it.")
    accent: Colour = Field("#0b6fb8", description="Links and lines.")


class ReportSettings(Section):
    """What is written after a scan, and where."""

    language: Language = Field(
        "en", description="Language of the PDF, and of mail where mail.languages has no other: English or Chinese."
    )
    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = Field(
        ("pdf", "html", "json", "csv"), description="Files that are written."
    )
    title: Text | None = Field(None, description="Title of the report; without it, vSphere health report.")
    classification: Text | None = Field(None, description="Mark on every page, such as Internal or Confidential.")
    logo: LogoFile | None = Field(None, description="SVG or PNG file that is shown beside the title.")
    paper: Literal["a4", "letter"] = Field("a4", description="Size of the pages.")
    colours: Colours = Field(default_factory=Colours, description="Colours of the report.")
    output_dir: ConfigPath | None = Field(
        None, description="Folder of the reports; without it, the folder reports of state.directory."
    )


class LogSettings(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least important level logged.")
    format: Literal["auto", "json", "text"] = Field("auto", description="auto is text on a terminal, else json.")


# --- mutes ----------------------------------------------------------------------------------------------------------

ALL_CHECKS = "*"


class MuteSettings(Section):
    """Findings that are known: they stay in the report and count in no outcome."""

    check: Annotated[
        tuple[Text, ...],
        Field(min_length=1),
        # the list first: what is expected is told by it
        BeforeValidator(one_or_many, json_schema_input_type=Annotated[list[Text], Field(min_length=1)] | Text),
    ] = Field(description='The check, a list of checks, or "*" for all.')
    match: PlaceMatch = Field(default_factory=PlaceMatch, description="Which objects; empty means all.")
    until: Day = Field(description="Last day on which it holds, through its end in UTC.")
    owner: Text = Field(description="Who answers for it.")
    reason: Text = Field(description="Why these findings are known and left as they are.")

    @property
    def mutes_everything(self) -> bool:
        """Whether no finding at all escapes it."""
        return ALL_CHECKS in self.check and not self.match.model_dump(exclude_defaults=True)


def _free_name(name: str) -> str:
    if name in _TAKEN:
        raise ValueError(f"the report itself goes by the names {' and '.join(_TAKEN)}; give this channel another name")
    return name


ChannelName = Annotated[
    str,
    AfterValidator(matching(_NAME, _NAME_WORDS)),
    AfterValidator(_free_name),
    Field(json_schema_extra={"pattern": f"^(?!({'|'.join(_TAKEN)})$){_NAME}$"}),
]


def _empty_sections(raw: object) -> object:
    """Let a check's name without anything below it mean an empty section."""
    return {key: {} if value is None else value for key, value in raw.items()} if isinstance(raw, dict) else raw


class Settings(Section):
    """The whole configuration. `checks` is as written: each check's own Limits judge their section in the catalogue."""

    vcenters: Annotated[tuple[VCenterSettings, ...], Field(min_length=1)] = Field(description="The vCenters to scan.")
    scan: ScanSettings = Field(default_factory=ScanSettings, description="How a scan goes.")
    dns: DnsSettings = Field(default_factory=DnsSettings, description="How names are looked up.")
    checks: Annotated[dict[str, dict[str, JsonValue]], BeforeValidator(_empty_sections)] = Field(
        default_factory=dict, description="The limits of single checks."
    )
    mutes: tuple[MuteSettings, ...] = Field((), description="Findings that are known and do not count.")
    schedule: ScheduleSettings = Field(
        default_factory=ScheduleSettings, description="When the service scans by itself."
    )
    state: StateSettings = Field(default_factory=StateSettings, description="Where the service keeps what it knows.")
    mail: MailSettings | None = Field(None, description="How the report is mailed; without it, it is not.")
    s3: S3Settings | None = Field(None, description="Where reports are archived; without it, they are not.")
    channels: Annotated[dict[ChannelName, Channel], BeforeValidator(_empty_sections)] = Field(
        default_factory=dict,
        description="Where alerts can go, by name.",
        json_schema_extra={"additionalProperties": False},
    )
    routes: tuple[RouteSettings, ...] | None = Field(
        None, description="Which findings go where; without it, by the default routes."
    )
    alerts: AlertSettings = Field(default_factory=AlertSettings, description="When somebody is told, and how often.")
    outbox: OutboxSettings = Field(default_factory=OutboxSettings, description="How long deliveries are tried.")
    http: HttpSettings = Field(default_factory=HttpSettings, description="What the service serves over HTTP.")
    report: ReportSettings = Field(default_factory=ReportSettings, description="What is written after a scan.")
    log: LogSettings = Field(default_factory=LogSettings, description="What is logged, and how.")

    @property
    def reports(self) -> Path:
        """The folder that has a folder for each run."""
        return self.report.output_dir or self.state.directory / "reports"
