"""Where a secret stands. The configuration never holds a secret itself, and no error repeats one."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from vhealthd import redaction
from vhealthd.config.problems import Place
from vhealthd.config.values import ConfigPath, matching
from vhealthd.errors import ConfigError

FORMS = "expected exactly one of: file, env, credential"
_LITERAL = (
    "a secret must not stand in this file; say where it is: {file: /path/to/file}, {env: NAME} of an environment "
    "variable or {credential: NAME} of a systemd credential"
)
_Name = Annotated[str, AfterValidator(matching(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "a name without blanks and slashes"))]


class SecretRef(BaseModel):
    """A reference to a secret: exactly one of a file, an environment variable and a systemd credential."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        # writeOnly also tells the writer of error lines that even a key in here may be a misplaced secret
        json_schema_extra={"writeOnly": True, "minProperties": 1, "maxProperties": 1},
    )

    file: ConfigPath | None = Field(None, description="A file that holds the secret and nothing else.")
    env: _Name | None = Field(None, description="The name of an environment variable.")
    credential: _Name | None = Field(None, description="The name of a systemd credential (LoadCredential=).")

    @model_validator(mode="before")
    @classmethod
    def _is_reference(cls, raw: object) -> object:
        if not isinstance(raw, dict | SecretRef):
            raise ValueError(_LITERAL)  # noqa: TRY004 - pydantic gathers ValueErrors only
        return raw

    @field_validator("file", mode="before")
    @classmethod
    def _is_path(cls, raw: object) -> object:
        if isinstance(raw, str) and "://" in raw:
            raise ValueError(
                "this is a URL, perhaps the secret itself; put it into a file, and write the file's path here"
            )
        return raw

    @model_validator(mode="after")
    def _exactly_one(self, info: ValidationInfo) -> Self:
        if [self.file, self.env, self.credential].count(None) != 2:  # noqa: PLR2004 - one of three is given
            raise ValueError(FORMS)
        if self.file and (info.context or {}).get("prove_files"):
            self._prove_readable()
        return self

    def _prove_readable(self) -> None:
        try:
            self.read()
        except ConfigError as error:
            raise ValueError(str(error)) from None

    def read(self) -> str:
        """Return the secret, without the newline at its end. Raises ConfigError that says what to do."""
        if self.env is not None:
            secret = os.environ.get(self.env)
            if secret is None:
                raise ConfigError(f"the environment variable {self.env} is not set; set it for the service")
            source = f"the environment variable {self.env}"
        else:
            path = self.file or self._credential_path()
            secret, source = _read_text(path), str(path)
        secret = secret.removesuffix("\n").removesuffix("\r")
        if not secret:
            raise ConfigError(f"{source} is empty; put the secret into it")
        redaction.remember(secret)
        return secret

    def _credential_path(self) -> Path:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise ConfigError(
                f"the systemd credential {self.credential} is not there because $CREDENTIALS_DIRECTORY is not set; "
                f"run as a systemd service with LoadCredential={self.credential}:PATH, or use a file"
            )
        return Path(folder) / str(self.credential)

    def warning(self) -> str | None:
        """Say what is doubtful now: a file that everybody can read, or a secret that only the service will have."""
        if self.file is None:
            return self._not_yet_there()
        if self.file.stat().st_mode & stat.S_IROTH:
            return f"{self.file} can be read by every user of this machine; chmod 600 it"
        return None

    def _not_yet_there(self) -> str | None:
        try:
            self.read()
        except ConfigError as error:
            return str(error)
        return None


def secrets_in(part: object, place: Place = ()) -> Iterator[tuple[Place, SecretRef]]:
    """Yield every reference in a part of the settings, with its place in the file."""
    match part:
        case SecretRef():
            yield place, part
        case BaseModel():
            for name in type(part).model_fields:
                yield from secrets_in(getattr(part, name), (*place, name))
        case dict():
            for key, value in part.items():
                yield from secrets_in(value, (*place, key))
        case tuple():
            for index, value in enumerate(part):
                yield from secrets_in(value, (*place, index))


def _read_text(path: Path) -> str:
    """Return the text of a small file. Raises ConfigError."""
    try:
        # surrogateescape: a UnicodeDecodeError would carry the secret
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}; create it with the secret in it") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); let the service's user read it") from None
    if any("\udc80" <= letter <= "\udcff" for letter in text):
        raise ConfigError(f"{path} is not UTF-8 text; write the secret anew")
    return text
