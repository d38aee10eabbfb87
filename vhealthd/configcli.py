"""What `vhealthd config check`, `config schema` and `config init` print."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from vhealthd.catalogue import Catalogue
from vhealthd.checkapi import Check
from vhealthd.config import ListenAddress, Settings, duration_text, load, range_text

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


# --- config check ---------------------------------------------------------------------------------------------------


def check_lines(file: Path, catalogue: Catalogue) -> list[str]:
    """Read a configuration and return the warnings and a last line that says what is in it.

    Raises InvalidConfigError with everything that is wrong.
    """
    loaded = load(file, also=catalogue.problems)
    checks = catalogue.bind(loaded.settings)
    warnings = [f"warning: {warning}" for warning in loaded.warnings]
    verdict = f"fine, with {_count(len(warnings), 'warning')}" if warnings else "fine"
    vcenters = _count(len(loaded.settings.vcenters), "vCenter")
    return [*warnings, f"{file}: {vcenters}, {_count(len(checks), 'check')}: {verdict}"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --- config schema --------------------------------------------------------------------------------------------------


class _SchemaWriter(GenerateJsonSchema):
    """Writes defaults as the file does, and no titles made of field names."""

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401 - as pydantic declares it
        if isinstance(dft, ListenAddress):
            return str(dft)
        return duration_text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - as pydantic calls it
        return False


def schema(catalogue: Catalogue) -> dict[str, Any]:
    """Return the JSON schema (2020-12) of the whole file, with the limits of every check."""
    whole = Settings.model_json_schema(schema_generator=_SchemaWriter)
    whole["properties"]["checks"] |= {
        "type": ["object", "null"],
        "properties": {check.slug: _limits_schema(check) for check in catalogue.checks},
        "additionalProperties": False,
    }
    return {"$schema": _DIALECT, **whole, "title": "Configuration of vhealthd"}


def _limits_schema(check: Check) -> dict[str, Any]:
    template = f"#/properties/checks/properties/{check.slug}/$defs/{{model}}"
    limits = check.limits.model_json_schema(schema_generator=_SchemaWriter, ref_template=template)
    return limits | {"type": ["object", "null"], "title": check.title, "description": check.what}


# --- config init ----------------------------------------------------------------------------------------------------

_VCENTERS = """\
# Configuration of vhealthd. All options are here, with their defaults. Relative paths count from this file's folder.
# Test it with: vhealthd config check

vcenters:
  # Name in reports and file names.
  - name: prod
    # https://host or https://host:port.
    url: https://vcenter.example.com
    # Account to log in with; it needs to read only.
    username: vhealthd@vsphere.local
    # Where the password is. Instead of a file: {env: NAME} for an environment variable,
    # {credential: NAME} for a credential that systemd loads (LoadCredential=).
    password: {file: /etc/vhealthd/prod.password}
    # Without tls its certificate is verified with the system's authorities. One of these instead:
    # tls: {ca_file: /etc/vhealthd/vmca.pem}
    # tls: {sha256_fingerprint: "AA:BB:..."}
    # tls: {verify: false}
    # Only these datacenters and clusters: exact names or inventory paths. Empty means all.
    scope: {datacenters: [], clusters: []}
"""
# Sections that are not there by default, each with an example.
_EXAMPLES = {
    "mutes": """\
# They stay in the report. Each needs an owner, a reason and its last day:
# mutes:
#   - check: snapshot-age  # or a list of checks, or "*"
#     # Name is a regular expression. All that is given must fit: vcenter, name, folder, cluster, datacenter.
#     match: {vcenter: prod, name: "^backup-", cluster: production, folder: /DC0/vm/backup, datacenter: DC0}
#     until: 2026-12-31
#     owner: jd
#     reason: The backup program keeps its snapshots for two weeks.
mutes: []""",
    "mail": """\
# mail:
#   host: smtp.example.com
#   port: 587  # without it 587 for starttls, 465 for implicit, 25 for plain
#   tls: starttls  # or implicit; plain shows all to the network
#   ca_file: /etc/vhealthd/mail-ca.pem  # without it, the system's authorities
#   username: vhealthd
#   password: {file: /etc/vhealthd/mail.password}
#   from: vhealthd@example.com
#   to: [ops@example.com]
#   also_to: {critical: [oncall@example.com], warning: []}  # by how bad a run is
#   languages: {ops-cn@example.com: zh}
#   max_bytes: 10MB  # without the PDF where it would be larger
#   when: always  # problems: no mail while all is well""",
    "s3": """\
# Without keys, credentials are found as AWS tools find them: environment, profile, role of the machine.
# s3:
#   bucket: reports
#   prefix: "{vcenter}/{yyyy}/{mm}/{dd}/{run_id}/"
#   region: eu-central-1
#   endpoint_url: https://s3.example.com  # for a store other than Amazon's
#   ca_file: /etc/vhealthd/s3-ca.pem
#   access_key_id: {file: /etc/vhealthd/s3.id}
#   secret_access_key: {file: /etc/vhealthd/s3.secret}
#   sse: aws:kms  # or AES256
#   kms_key_id: 1234abcd-12ab-34cd-56ef-1234567890ab
#   storage_class: STANDARD_IA
#   object_lock: {mode: governance, days: 365}
#   tags: {team: virtualisation}""",
    "channels": """\
# Each has a name of its own and a type; one of each type is here. To try one: vhealthd test-notify --sink oncall
# channels:
#   oncall:
#     type: pagerduty
#     routing_key: {file: /etc/vhealthd/pagerduty.key}
#     region: us  # or eu
#     language: en  # or zh; without it, report.language. Every channel that people read has it.
#     # What is sent over HTTP (all but mail, audit and apprise) also has these:
#     per_minute: 60  # requests at most; 20 for dingtalk and wecom
#     allow_http: false  # true sends to other machines without encryption too
#     refuse_private: false  # true sends to no private and no loopback address
#     # ca_file: /etc/vhealthd/proxy-ca.pem  # instead of the system's authorities
#     # proxy: http://proxy.example.com:3128
#     # url: https://relay.example.com  # for pagerduty and twilio: a relay to send to instead
#   ops-sms:
#     type: twilio
#     account_sid: AC00000000000000000000000000000000
#     auth_token: {file: /etc/vhealthd/twilio.token}
#     from: "+15005550006"  # or messaging_service_sid: MG...
#     to: ["+4915112345678"]
#   ops-slack:
#     type: slack
#     url: {file: /etc/vhealthd/slack.url}
#   ops-dingtalk:
#     type: dingtalk
#     url: {file: /etc/vhealthd/dingtalk.url}
#     secret: {file: /etc/vhealthd/dingtalk.secret}  # where the robot's security setting is a signature
#     at_mobiles: ["13800000000"]  # mentioned when something is critical
#   ops-feishu:
#     type: feishu
#     url: {file: /etc/vhealthd/feishu.url}
#     secret: {file: /etc/vhealthd/feishu.secret}  # where the bot verifies a signature
#   ops-wecom:
#     type: wecom
#     url: {file: /etc/vhealthd/wecom.url}
#   tickets:
#     type: webhook
#     url: {file: /etc/vhealthd/tickets.url}
#     secret: {file: /etc/vhealthd/tickets.secret}  # signs what is sent; whsec_ and base64
#   prometheus:
#     type: alertmanager
#     urls: ["http://127.0.0.1:9093"]  # each member of a cluster
#     username: vhealthd
#     password: {file: /etc/vhealthd/alertmanager.password}
#   ops-mail:
#     type: mail  # goes through the server of mail
#     to: [oncall@example.com]  # without any, mail.to
#   audit-log:
#     type: audit  # this one is always there
#     path: /var/lib/vhealthd/audit.jsonl
#     max_bytes: 10MB  # a file that would grow beyond this is put aside first
#     keep: 10  # files put aside that are kept
#   ops-teams:
#     type: apprise  # needs vhealthd[apprise]
#     url: {file: /etc/vhealthd/teams.url}""",
    "routes": """\
# A finding goes every way that fits it, and to each channel once. What fits no route is told to nobody.
# routes:
#   - match: {severity: critical}  # or a list, as everywhere in match
#     to: [oncall, ops-sms]
#   - match: {severity: warning}
#     to: mail-digest  # always there where there is mail
#     collect: 5m  # what comes within this time, at most 24h, is told together; 0s tells at once
#   # All that is given must fit: severity, category, check, vcenter, name, folder, cluster, datacenter.
#   - match: {category: storage, check: [storage-paths, datastore-capacity], vcenter: prod, datacenter: DC0}
#     to: [ops-slack, ops-teams]
#   - match: {name: "^db-", folder: /DC0/vm/databases, cluster: production}
#     to: [ops-mail, ops-dingtalk, ops-feishu, ops-wecom]
#   - to: [audit-log, prometheus, tickets]""",
}
_CHECKS = """\
# The limits of single checks. To change one, take the # and the blank from the start of its line, of the check's name
# above it and of "checks:".
"""


def starter(catalogue: Catalogue) -> str:
    """Return a commented configuration to start from, with every option and its default."""
    sections = [
        f"# {field.description}\n{_EXAMPLES.get(name) or _section(name, field)}"
        for name, field in Settings.model_fields.items()
        if name not in {"vcenters", "checks"}
    ]
    checks = ["checks:", *(line for check in catalogue.checks for line in _limits_lines(check))]
    return "\n\n".join([_VCENTERS.rstrip(), *sections, _CHECKS + "\n".join(f"# {line}" for line in checks)]) + "\n"


def _section(name: str, field: FieldInfo) -> str:
    return "\n".join([f"{name}:", *_options(field.get_default(call_default_factory=True), "  ")])


def _limits_lines(check: Check) -> Iterator[str]:
    if check.limits.model_fields:
        yield f"  # {check.title}{' (opt-in: it runs if scan.also names it)' if check.opt_in else ''}"
        yield f"  {check.slug}:"
        yield from _options(check.limits(), "    ")


def _options(section: BaseModel, indent: str) -> Iterator[str]:
    """Yield two lines an option: what it is, and its default."""
    written = section.model_dump(mode="json")
    whole = type(section).model_json_schema(schema_generator=_SchemaWriter)
    for name, field in type(section).model_fields.items():
        node = whole["properties"][name]
        default = node.get("default", written[name])  # as it stands in the model: 7 days, not 7.0
        yield f"{indent}# {_describe(field, node)}"
        yield f"{indent}{name}: {json.dumps(default, ensure_ascii=False)}"


def _describe(field: FieldInfo, node: dict[str, Any]) -> str:
    allowed = f"one of {', '.join(node['enum'])}" if "enum" in node else range_text(node).removeprefix(" of ").strip()
    return (field.description or "") + (f" ({allowed})" if allowed else "")
