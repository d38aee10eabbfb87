"""Languages: what they say, and that nothing that they are given makes them say nothing."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from gettext import NullTranslations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vhealthd import wording
from vhealthd.language import LOCALES, Language, language_of
from vhealthd.model import Message, Text

ENGLISH, CHINESE = language_of("en"), language_of("zh")
MOMENT = datetime(2026, 3, 1, 23, 30, 59, tzinfo=timezone(timedelta(hours=2)))
FULL = Message("test.full", "{used:percent} of {size:bytes} is used since {since:time}, for {days:days}: {why}")
FULL_IN_CHINESE = "{since:time}起已使用 {size:bytes} 中的 {used:percent}，持续 {days:days}：{why}"


class Given(NullTranslations):
    """A catalogue of a few sentences."""

    def __init__(self, translations: dict[str, str]) -> None:
        super().__init__()
        self._translations = translations

    def gettext(self, message: str) -> str:
        return self._translations.get(message, message)

    def pgettext(self, context: str, message: str) -> str:  # noqa: ARG002 - as the base class has it
        return self.gettext(message)


def translating(monkeypatch: pytest.MonkeyPatch, translations: dict[str, str]) -> Language:
    monkeypatch.setattr("vhealthd.language._catalogue", lambda _: Given(translations))
    return Language("zh")


# --- numbers and times


@pytest.mark.parametrize(
    ("unit", "value", "english", "chinese"),
    [
        ("percent", 89.96, "90.0 %", "90.0%"),
        ("limit", 97.5, "97.5 %", "97.5%"),
        ("bytes", 1536 * 2**20, "1.5 GB", "1.5 GB"),
        ("days", 1, "1 day", "1 天"),
        ("days", 11.26, "11.3 days", "11.3 天"),
        ("hours", 26.0, "26 h", "26 小时"),
        ("seconds", 0.25, "0.2 s", "0.2 秒"),
        ("mhz", 2500, "2.5 GHz", "2.5 GHz"),
        ("ratio", 2.04, "2.0", "2.0"),
        ("time", MOMENT, "2026-03-01 21:30 UTC", "2026年3月1日 21:30 UTC"),
        ("time", None, "unknown", "未知"),
        ("", None, "unknown", "未知"),
        ("g", 4.0, "4", "4"),
        ("", "notResponding", "notResponding", "notResponding"),
    ],
)
def test_units(unit: str, value: Any, english: str, chinese: str) -> None:  # noqa: ANN401 - any parameter
    assert [one._show(value, unit) for one in (ENGLISH, CHINESE)] == [english, chinese]


def test_every_language_knows_every_unit() -> None:
    assert all(language_of(code).units.keys() == wording._UNITS.keys() for code in LOCALES)


@pytest.mark.parametrize(
    ("span", "english", "chinese"),
    [
        (timedelta(seconds=8.44), "8.4 s", "8.4 秒"),
        (timedelta(seconds=222), "3 min 42 s", "3 分 42 秒"),
        (timedelta(seconds=3900), "1 h 5 min", "1 小时 5 分"),
    ],
)
def test_durations(span: timedelta, english: str, chinese: str) -> None:
    assert [one.duration(span) for one in (ENGLISH, CHINESE)] == [english, chinese]


def test_dates_are_in_the_readers_form_and_times_in_a_zone() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")

    assert [one.day(date(2026, 3, 1)) for one in (ENGLISH, CHINESE)] == ["2026-03-01", "2026年3月1日"]
    assert CHINESE.moment(MOMENT, shanghai) == "2026年3月2日 05:30 CST"


@pytest.mark.parametrize(
    ("count", "english", "chinese"), [(1, "1 object", "1 个对象"), (4812, "4,812 objects", "4,812 个对象")]
)
def test_plurals(count: int, english: str, chinese: str) -> None:
    said = [one.counted("{count} object", "{count} objects", count) for one in (ENGLISH, CHINESE)]

    assert said == [english, chinese]


def test_what_a_document_says_of_its_language() -> None:
    assert [(one.code, one.region, one.tag) for one in (ENGLISH, CHINESE)] == [
        ("en", None, "en"),
        ("zh", "CN", "zh-CN"),
    ]


# --- sentences


def test_texts_inside_of_texts_are_in_the_same_language(monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = translating(monkeypatch, {"red": "红色", "{lamp} is {colour}": "{lamp} 为{colour}", ", ": "、"})
    red = Message("test.red", "red")
    lamp = Message("test.lamp", "{lamp} is {colour}")

    assert chinese.say(lamp(lamp="red", colour=red())) == "red 为红色", "a name is not translated"
    assert chinese.say(lamp(lamp="2", colour=(red(), red()))) == "2 为红色、红色"
    assert wording.english(lamp(lamp="2", colour=(red(), red()))) == "2 is red, red"
    assert wording.evidence(lamp(lamp="2", colour=(red(), red()))) == {"lamp": "2", "colour": "red, red"}


def test_what_has_no_translation_is_said_in_english() -> None:
    assert CHINESE.say(Message("acme.full", "{used:percent} is used")(used=50)) == "50.0 % is used"
    assert CHINESE.words("a title of a site's own check {with a brace") == "a title of a site's own check {with a brace"
    assert CHINESE.words("") == ""
    assert CHINESE.counted("{count} cow", "{count} cows", 2) == "2 cows"


@pytest.mark.parametrize("translation", ["{other}", "{used", "{used:days}", "{0}", "{used.real.x}", "{used[9]}", "{}"])
def test_a_translation_that_does_not_fit_costs_no_sentence(monkeypatch: pytest.MonkeyPatch, translation: str) -> None:
    chinese = translating(monkeypatch, {"{used} is used": translation})

    assert chinese.say(Message("test.used", "{used} is used")(used="a")) == "a is used"
    assert chinese.words("{used} is used", used="a") == "a is used"


def test_a_sentence_for_the_template_keeps_its_holes() -> None:
    assert CHINESE.words("Page {page} of {pages}") == "第 {page} 页，共 {pages} 页"


with pytest.MonkeyPatch.context() as patched:
    TRANSLATED = translating(patched, {FULL.english: FULL_IN_CHINESE, "unknown": "未知"})

HOSTILE = (
    st.sampled_from(["{", "}", "{0}", "{x:bytes}", "%s", "%(x)s", "\x00", "{}", "{{x}}", "\x04", "红色", ""])
    | st.text()
)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.integers()


@given(used=NUMBERS, size=st.floats(-1e18, 1e18), days=st.floats(-1e9, 1e9), why=HOSTILE | st.none())
def test_no_parameter_breaks_a_sentence_and_english_is_english(
    used: float, size: float, days: float, why: str | None
) -> None:
    text = FULL(used=used, size=size, days=days, why=why, since=datetime(2026, 1, 1, tzinfo=UTC))

    assert ENGLISH.say(text) == wording.english(text)
    assert CHINESE.say(text) == wording.english(text), "without a translation it is English, to the last unit"
    assert TRANSLATED.say(text).endswith(f"：{'未知' if why is None else why}")


@given(HOSTILE, HOSTILE)
def test_any_words_are_said(english: str, name: str) -> None:
    for one in languages():
        assert one.words(english) == english or one is CHINESE
        assert name in one.words("{names} and {more} more", names=name, more="1")
        assert one.say(Text(Message(name, "{name}"), {"name": english})) == english


def languages() -> Iterator[Language]:
    yield from (ENGLISH, CHINESE)
