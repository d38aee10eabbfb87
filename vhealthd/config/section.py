"""What every part of the configuration is made of."""

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A part of the file: a mapping with known keys. A key without a value counts as not written."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, raw: object) -> object:
        # unknown keys stay, so that a misspelt one is seen even while it is empty
        if not isinstance(raw, dict):
            return raw
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in raw.items() if value is not None or key not in known}
