"""The languages of reports and mails: sentences by catalogues of messages, numbers and dates by CLDR.

English is what stands in the code. Another language has catalogues in `locale/`, which `make messages` brings up to
date with the code. What is in none of them is said in English. How to add one: docs/languages.md.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, get_decimal_symbol

from vhealthd import wording
from vhealthd.model import Text

# Codes, as in the configuration, and their locales in CLDR.
LOCALES: Mapping[str, str] = MappingProxyType({"en": "en", "zh": "zh_Hans_CN"})
DOMAINS = ("checks", "report")

_MINUTE = 60
# What a translation raises that does not fit its parameters. It must not cost the report.
_UNFIT = (KeyError, IndexError, ValueError, TypeError, AttributeError)


class Language:
    """One language: `say` for messages with typed parameters, `words` and `counted` for sentences of the code."""

    def __init__(self, code: str) -> None:
        """Take one of LOCALES; `language_of` gives each but once."""
        self.code = code
        self.locale = Locale.parse(LOCALES[code])
        self.region: str | None = self.locale.territory
        self.tag = f"{code}-{self.region}" if self.region else code
        self._catalogue = _catalogue(self.locale)
        self._point = get_decimal_symbol(self.locale)
        self._filler = wording.Filler(self._show)
        self.units: Mapping[str, Callable[[Any], str]] = {
            "percent": self.percent,
            "limit": lambda value: self.words("{number} %", number=self._local(f"{value:g}")),
            "bytes": self.size,
            "days": self.days,
            "hours": self.hours,
            "seconds": self.seconds,
            "mhz": lambda value: f"{self.decimal(value / 1000)} GHz",
            "time": self.moment,
            "ratio": self.decimal,
        }

    # --- sentences

    def say(self, text: Text) -> str:
        """Return a message with its holes filled: all in English where it has no translation, units too."""
        said = self._catalogue.pgettext(text.message.id, text.message.english)
        if said != text.message.english:
            with suppress(*_UNFIT):
                return self._filler.vformat(said, (), text.params)
        return wording.english(text)

    def measured(self, text: Text) -> tuple[str, str] | None:
        """Return what a message measures and the limit that it names, each with its unit; None where it has none."""
        found = wording.measured(text)
        if found is None:
            return None
        value, limit = (self._show(text.params[name], unit) for name, unit in found)
        return value, limit

    def words(self, english: str, **params: str) -> str:
        """Return a fixed sentence. Its holes are filled where there are parameters, and left as they are else.

        `make messages` finds what stands as it is in such a call; titles and other texts of checks it knows too.
        """
        said = self._catalogue.gettext(english) if english else ""  # for "" gettext has the catalogue's header
        return self._fill(said, english, params) if params else said

    def counted(self, one: str, many: str, count: int, **params: str) -> str:
        """Return a sentence about one thing or about several; its hole `{count}` is filled with their number."""
        english = one if count == 1 else many
        return self._fill(self._catalogue.ngettext(one, many, count), english, {"count": self.number(count), **params})

    def special(self, context: str, english: str) -> str:
        """Return what is no sentence: a pattern, a mark between words. The context tells translators what it is."""
        return self._catalogue.pgettext(context, english)

    def _fill(self, template: str, english: str, params: Mapping[str, str]) -> str:
        with suppress(*_UNFIT):
            return self._filler.vformat(template, (), params)
        return self._filler.vformat(english, (), params)

    def _show(self, value: Any, unit: str) -> str:  # noqa: ANN401 - any parameter
        match value:
            case None:
                return self.words("unknown")
            case Text():
                return self.say(value)
            case tuple():
                return self.special("between the parts of a list", ", ").join(map(self.say, value))
        return self.units[unit](value) if unit in self.units else format(value, unit)

    # --- numbers

    def number(self, value: int) -> str:
        """Return a whole number with its thousands set apart."""
        return format_decimal(value, locale=self.locale)

    def decimal(self, value: float, digits: int = 1) -> str:
        """Return a number with so many decimals."""
        return self._local(f"{value:.{digits}f}")

    def percent(self, value: float, digits: int = 1) -> str:
        """Return `83.2 %`."""
        return self.words("{number} %", number=self.decimal(value, digits))

    def size(self, value: float) -> str:
        """Return bytes in the largest unit that keeps the number at 1 or more: `1.5 GB`."""
        return self._local(wording.size(value))

    def _local(self, number: str) -> str:
        """Take the decimal point for that of the language. Python has rounded, and so alike in all of them."""
        return number.replace(".", self._point)

    # --- times

    def days(self, value: float) -> str:
        """Return `1 day`, `12.4 days`."""
        shown = f"{value:.1f}".removesuffix(".0")
        # A fraction is several in English; the other languages have no singular or one for exactly 1.
        return self.counted("{number} day", "{number} days", 1 if shown == "1" else 2, number=self._local(shown))

    def hours(self, value: float) -> str:
        """Return `26 h`."""
        return self.words("{number} h", number=self._local(f"{value:.1f}".removesuffix(".0")))

    def seconds(self, value: float) -> str:
        """Return `8.4 s`."""
        return self.words("{number} s", number=self.decimal(value))

    def duration(self, span: timedelta) -> str:
        """Return `8.4 s`, `3 min 42 s` or `1 h 5 min`."""
        seconds = span.total_seconds()
        if seconds < _MINUTE:
            return self.seconds(seconds)
        minutes, rest = divmod(round(seconds), _MINUTE)
        hours, left = divmod(minutes, _MINUTE)
        if hours:
            return self.words("{hours} h {minutes} min", hours=str(hours), minutes=str(left))
        return self.words("{minutes} min {seconds} s", minutes=str(minutes), seconds=str(rest))

    def day(self, when: date) -> str:
        """Return a date."""
        return format_date(when, self.special("pattern of a date, as in CLDR", "yyyy-MM-dd"), locale=self.locale)

    def moment(self, when: datetime, zone: tzinfo = UTC) -> str:
        """Return a time to the minute, with its zone."""
        local = when.astimezone(zone)
        pattern = self.special("pattern of a time, as in CLDR", "yyyy-MM-dd HH:mm")
        return f"{format_datetime(local, pattern, locale=self.locale)} {local.tzname()}"


@cache
def language_of(code: str) -> Language:
    """Return a language by its code; there is one object for each."""
    return Language(code)


def folder_of(locale: Locale) -> str:
    """Return the name of the folder in `locale/`: the language, and its script where it has several."""
    return f"{locale.language}_{locale.script}" if locale.script else locale.language


def _catalogue(locale: Locale) -> NullTranslations:
    """Read the catalogues of a locale; English has none, and one that is not there is missed by nobody."""
    all_of_them = NullTranslations()
    folder = files("vhealthd") / "locale" / folder_of(locale) / "LC_MESSAGES"
    for domain in DOMAINS:
        file = folder / f"{domain}.mo"
        if file.is_file():
            with file.open("rb") as compiled:
                catalogue = GNUTranslations(compiled)
            catalogue.add_fallback(all_of_them)
            all_of_them = catalogue
    return all_of_them
