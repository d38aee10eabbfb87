"""The examples on the pages of channels and alerts can be used as they are."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from vhealthd.catalogue import GROUP, Catalogue
from vhealthd.config import load

DOCS = Path(__file__).parents[3] / "docs"
CATALOGUE = Catalogue.discover([EntryPoint("builtin", "vhealthd_checks", GROUP)])
EXAMPLES = [
    pytest.param(example[1], id=f"{page}-{number}")
    for page in ("channels", "alerts")
    for number, example in enumerate(re.finditer(r"```yaml\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL))
]
AROUND = {
    "vcenters": '[{name: prod, url: "https://vc01", username: svc, password: {file: password}}]',
    "mail": "{host: mail.example.com, from: a@example.com, to: [b@example.com]}",
    "channels": "{storage-chat: {type: slack, url: {file: password}}, backup-mail: {type: mail}}",
}


def test_there_is_an_example_of_every_type() -> None:
    written = {kind for example in EXAMPLES for kind in re.findall(r"type: (\w+)", str(example.values[0]))}
    of_all = {"pagerduty", "twilio", "slack", "dingtalk", "feishu", "wecom", "webhook", "alertmanager", "mail", "audit"}
    assert written == {*of_all, "apprise"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_used(example: str, tmp_path: Path) -> None:
    rest = "".join(f"{key}: {value}\n" for key, value in AROUND.items() if f"{key}:\n" not in example)
    for name in ("password", *re.findall(r"/etc/vhealthd/([\w.-]+)", example)):
        (tmp_path / name).write_text("secret\n")
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "config.yaml"
    file.write_text(rest + example.replace("/etc/vhealthd", str(tmp_path)))

    assert load(file, also=CATALOGUE.problems).warnings == ()
