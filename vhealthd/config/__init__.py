"""The configuration: one YAML file to frozen settings, with every problem at once and secrets by reference only."""

from vhealthd.config.explain import expected, problems_of, range_text, unknown_key
from vhealthd.config.load import Loaded, load
from vhealthd.config.problems import ConfigProblem, InvalidConfigError, Place, did_you_mean
from vhealthd.config.secretref import SecretRef
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
    Section,
    Settings,
    SystemTrust,
    Trust,
    Unverified,
    VCenterSettings,
)
from vhealthd.config.values import Nameserver, duration_text
from vhealthd.config.yamlfile import Document, read

__all__ = [
    "ALL_CHECKS",
    "CaFile",
    "ConfigProblem",
    "DnsSettings",
    "Document",
    "InvalidConfigError",
    "Loaded",
    "LogSettings",
    "MuteMatch",
    "MuteSettings",
    "Nameserver",
    "Pinned",
    "Place",
    "ReportSettings",
    "ScanSettings",
    "Scope",
    "SecretRef",
    "Section",
    "Settings",
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
