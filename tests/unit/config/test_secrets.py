"""Where a secret may be, what is said when it is not there, and that nothing ever repeats one."""

import json
import os
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.config.conftest import Write
from vhealthd.config import InvalidConfigError, SecretRef, load
from vhealthd.errors import ConfigError

SECRET = "planted-9f8e7d"
PLAIN = {
    "vcenters": [{"name": "prod", "url": "https://vc01", "username": "svc", "password": {"env": "X"}, "tls": {}}],
    "scan": {"concurrency": 8, "deadline": "15m", "select": []},
    "dns": {"nameservers": ["10.0.0.53"], "timeout": "2s"},
    "checks": {"snapshot-age": {"warning_days": 7}},
    "channels": {"ops": {"type": "slack", "url": {"env": "X"}}, "log": {"type": "audit", "path": "log"}},
    "routes": [
        {"match": {"severity": ["critical"], "check": "snapshot-age", "vcenter": ["prod"]}, "to": ["ops", "log"]}
    ],
    "report": {"formats": ["pdf"], "language": "en"},
    "log": {"level": "info"},
}


@pytest.mark.parametrize("content", ["secret\n", "secret", "secret\r\n"])
def test_one_newline_at_the_end_of_a_file_does_not_belong_to_the_secret(content: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content.encode())
    assert SecretRef(file=file).read() == "secret"


def test_a_secret_may_have_blanks_and_further_newlines(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(" a b \n\n")
    assert SecretRef(file=file).read() == " a b \n"


def test_a_secret_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VCENTER_PASSWORD", "secret")
    assert SecretRef(env="VCENTER_PASSWORD").read() == "secret"


def test_a_secret_from_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "prod").write_text("secret\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert SecretRef(credential="prod").read() == "secret"


def test_what_is_said_of_a_secret_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("EMPTY", "")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"planted\xff")
    for ref, sentence in (
        (SecretRef(file=tmp_path / "no"), f"there is no file {tmp_path}/no; create it with the secret in it"),
        (SecretRef(file=tmp_path / "empty"), f"{tmp_path}/empty is empty; put the secret into it"),
        (SecretRef(file=tmp_path / "binary"), f"{tmp_path}/binary is not UTF-8 text; write the secret anew"),
        (SecretRef(file=tmp_path), f"{tmp_path} cannot be read (Is a directory); let the service's user read it"),
        (SecretRef(env="NOT_SET"), "the environment variable NOT_SET is not set; set it for the service"),
        (SecretRef(env="EMPTY"), "the environment variable EMPTY is empty; put the secret into it"),
        (
            SecretRef(credential="prod"),
            (
                "the systemd credential prod is not there because $CREDENTIALS_DIRECTORY is not set; run as a systemd "
                "service with LoadCredential=prod:PATH, or use a file"
            ),
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            ref.read()
        assert str(caught.value) == sentence


VCENTER: dict[str, Any] = {"name": "prod", "url": "https://vc01", "username": "svc", "password": {"file": "password"}}
SECRETS = [
    ({}, "vcenters[0].password"),
    (
        {"mail": {"host": "a", "from": "a@b", "to": ["a@b"], "username": "a", "password": {"env": "X"}}},
        "mail.password",
    ),
    ({"s3": {"bucket": "a", "access_key_id": {"env": "X"}, "secret_access_key": {"env": "Y"}}}, "s3.access_key_id"),
    ({"http": {"token": {"env": "X"}}}, "http.token"),
    ({"channels": {"a": {"type": "feishu", "url": {"env": "Y"}, "secret": {"env": "X"}}}}, "channels.a.secret"),
]


@pytest.mark.parametrize(("sections", "path"), SECRETS)
def test_a_file_that_everybody_can_read_is_a_warning(
    sections: dict[str, Any], path: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("Y", "set")
    vcenter = VCENTER | ({"password": {"env": "Y"}} if sections else {})
    file = write(json.dumps({"vcenters": [vcenter], **sections}).replace('{"env": "X"}', '{"file": "password"}'))
    assert load(file).warnings == ()
    (file.parent / "password").chmod(0o644)
    (warning,) = load(file).warnings
    sentence = f"{file.parent}/password can be read by every user of this machine; chmod 600 it"
    assert str(warning) == f"{file}:1: {path}: {sentence}"


@pytest.mark.parametrize(("sections", "path"), SECRETS)
def test_a_variable_that_only_the_service_has_is_a_warning(
    sections: dict[str, Any], path: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("X", raising=False)
    monkeypatch.setenv("Y", "set")
    vcenter = VCENTER | {"password": {"env": "Y" if sections else "X"}}
    (warning,) = load(write(json.dumps({"vcenters": [vcenter], **sections}))).warnings
    assert (warning.path, warning.message) == (
        path,
        "the environment variable X is not set; set it for the service",
    )


def test_a_reference_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VCENTER_PASSWORD", SECRET)
    ref = SecretRef(env="VCENTER_PASSWORD")
    assert ref.read() == SECRET
    assert SECRET not in repr(ref) + str(ref) + ref.model_dump_json()


def test_a_literal_in_code_is_not_repeated_either() -> None:
    with pytest.raises(ValidationError) as caught:
        SecretRef.model_validate(SECRET)
    assert SECRET not in str(caught.value) + repr(caught.value)


# --- nothing ever repeats one ---------------------------------------------------------------------------------------


def _places(data: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inside = list(data.items()) if isinstance(data, dict) else list(enumerate(data)) if isinstance(data, list) else []
    return [place, *(found for key, value in inside for found in _places(value, (*place, key)))]


def _planted(data: object, place: tuple[str | int, ...], value: object) -> object:
    """Return the data with the value in that place."""
    if not place:
        return value
    if isinstance(data, list):
        return [_planted(one, place[1:], value) if index == place[0] else one for index, one in enumerate(data)]
    assert isinstance(data, dict)
    return {key: _planted(one, place[1:], value) if key == place[0] else one for key, one in data.items()}


SHAPES = st.sampled_from(
    [
        SECRET,
        [SECRET],
        [[SECRET]],
        {"value": SECRET},
        {"file": [SECRET]},
        {"password": SECRET},
        {SECRET: None},
        f"https://svc:{SECRET}@vc01",
        f"https://vc01:{SECRET}",
        f"{SECRET} {SECRET}",
        "\ud800" + SECRET,
    ]
)
# what a slip of the hand does to a line that holds a secret
SLIPS = st.sampled_from(
    [
        "*{}",
        "&{}",
        "!{}",
        "!a!{}",
        "%{}",
        "@{}",
        "`{}",
        "'{}",
        '"{}',
        "[{}",
        "{{{}",
        "{}: x",
        "- {}",
        "|{}",
        "\t{}",
        "{} #",
    ]
)


def _everything_said(file: Path) -> str:
    """Every text that an error of load offers: its own, those of its causes, and the trace."""
    try:
        load(file)
    except InvalidConfigError as error:
        said = [*traceback.format_exception(error), *(repr(one) for one in (error, error.problems))]
        return "".join([*said, repr(error.__context__), repr(error.__cause__)])
    return ""


def _write(folder: Path, text: str) -> Path:
    file = folder / f"{os.getpid()}.yaml"
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


@settings(deadline=None)
@given(place=st.sampled_from(_places(PLAIN)), shape=SHAPES)
@example(place=("vcenters", 0, "name"), shape=SECRET)
@example(place=("channels",), shape={SECRET: None})
@example(place=("routes", 0, "to"), shape=SECRET)
def test_a_secret_in_any_place_is_never_repeated(place: tuple[str | int, ...], shape: object, folder: Path) -> None:
    said = _everything_said(_write(folder, json.dumps(_planted(PLAIN, place, shape))))
    assert SECRET not in said


@settings(deadline=None)
@given(line=st.integers(0, 8), slip=SLIPS, indent=st.integers(0, 8))
@example(line=5, slip="{}: x", indent=4)
def test_a_secret_in_a_malformed_line_is_never_repeated(line: int, slip: str, indent: int, folder: Path) -> None:
    lines = [
        "vcenters:",
        "  - name: prod",
        "    url: https://vc01",
        "    username: svc",
        "    password:",
        "      file: x",
        "    tls: {verify: false}",
        "log:",
        "  level: info",
    ]
    lines.insert(line, " " * indent + "password: " + slip.format(SECRET))
    assert SECRET not in _everything_said(_write(folder, "\n".join(lines)))


def test_a_url_in_place_of_a_path_is_taken_for_the_secret_and_not_repeated(write: Write) -> None:
    secret = "https://hooks.slack.example/services/planted"
    file = write(
        "vcenters: [{name: a, url: 'https://a', username: u, password: {file: password}}]\n"
        f"channels: {{ops: {{type: slack, url: {{file: '{secret}'}}}}}}\n"
    )

    with pytest.raises(InvalidConfigError, match="perhaps the secret itself") as error:
        load(file)
    assert "planted" not in str(error.value)
