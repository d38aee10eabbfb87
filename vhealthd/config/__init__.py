"""The configuration: one YAML file to frozen settings, with every problem at once and secrets by reference only."""

from vhealthd.config.explain import expected, problems_of, range_text, unknown_key
from vhealthd.config.load import Loaded, load
from vhealthd.config.problems import ConfigProblem, InvalidConfigError, Place, did_you_mean
from vhealthd.config.secretref import SecretRef
from vhealthd.config.section import Section
from vhealthd.config.service import (
    HttpSettings,
    OutboxSettings,
    RetentionSettings,
    ScheduleSettings,
    StateSettings,
)
from vhealthd.config.settings import (
    ALL_CHECKS,
    CaFile,
    DnsSettings,
    LogSettings,
    MuteMatch,
    MuteSettings,
    Pinned,
    ReportSettings,
    ScanSettings,
    Scope,
    Settings,
    SystemTrust,
    Trust,
    Unverified,
    VCenterSettings,
)
from vhealthd.config.sinks import Language, MailSettings, ObjectLock, S3Settings
from vhealthd.config.values import ListenAddress, Nameserver, duration_text
from vhealthd.config.yamlfile import Document, read

__all__ = [
    "ALL_CHECKS",
    "CaFile",
    "ConfigProblem",
    "DnsSettings",
    "Document",
    "HttpSettings",
    "InvalidConfigError",
    "Language",
    "ListenAddress",
    "Loaded",
    "LogSettings",
    "MailSettings",
    "MuteMatch",
    "MuteSettings",
    "Nameserver",
    "ObjectLock",
    "OutboxSettings",
    "Pinned",
    "Place",
    "ReportSettings",
    "RetentionSettings",
    "S3Settings",
    "ScanSettings",
    "ScheduleSettings",
    "Scope",
    "SecretRef",
    "Section",
    "Settings",
    "StateSettings",
    "SystemTrust",
    "Trust",
    "Unverified",
    "VCenterSettings",
    "did_you_mean",
    "duration_text",
    "expected",
    "load",
    "problems_of",
    "range_text",
    "read",
    "unknown_key",
]
