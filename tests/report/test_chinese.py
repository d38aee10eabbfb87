"""The same report in Chinese: page, mail and PDF. `tests/meta/test_languages.py` holds that nothing is left out."""

import io
import re
import unicodedata
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pikepdf
import pytest

from tests.report.backgrounds import changes
from tests.report.gallery import GALLERY
from tests.report.pdfs import json_of, made
from tests.report.scans import CHINESE, ENGLISH, HOSTILE, finding, ordinary, result, say, scan, unreachable, vcenter, vm
from tests.report.seeded import seeded
from tests.report.test_mail import letter, part, sent
from tests.report.views import strings
from vhealthd import artefacts
from vhealthd.config import ReportSettings
from vhealthd.model import Category, Outcome, Severity
from vhealthd.report import view
from vhealthd.report.background import NO_BACKGROUND
from vhealthd.report.glyphs import cell, safe
from vhealthd.report.jsonreport import encode
from vhealthd.wording import english

SHANGHAI = ZoneInfo("Asia/Shanghai")


# --- the page


def test_the_first_page_can_be_read_aloud() -> None:
    lead = view.build(scan(ordinary(), unreachable()), language=CHINESE)["lead"]

    assert [one["text"] for one in lead] == [
        "1 个 vCenter 无法访问：prod-2（connection refused on port 443）。",
        "检查结果为 3 项严重、3 项警告，影响 2 个 vCenter 中的 14 个对象。",
        "11 项检查无法判断。",
        "14 个对象未检查，或未完整检查。",
        "26 项检查中有 6 项通过。",
        CHINESE.words("The health score is {score} of 100.", score="67"),
    ]


def test_it_is_the_same_page_in_other_words() -> None:
    """What is no word is alike in both languages: counts, order, statuses, places."""
    english, chinese = (
        view.build(GALLERY["five vCenters"].report, language=one, background=GALLERY["five vCenters"].background)
        for one in (ENGLISH, CHINESE)
    )

    assert shape(english) == shape(chinese)
    assert english["lang"] == "en"
    assert (chinese["lang"], chinese["region"]) == ("zh", "CN")


def shape(value: Any, key: str = "") -> Any:  # noqa: ANN401 - walks any view
    if isinstance(value, dict):
        return {name: shape(one, name) for name, one in value.items() if name not in {"lang", "region", "labels"}}
    if isinstance(value, list):
        # A text in pieces has another number of them.
        return len(value) and "text" if all(isinstance(one, str) for one in value) else [shape(one) for one in value]
    return value if key in {"status", "slug", "place", "count", "total"} or not isinstance(value, str) else bool(value)


@pytest.mark.parametrize("name", HOSTILE)
def test_every_string_can_be_shown(name: str) -> None:
    report = scan(vcenter(name, [result("a-check", [finding(vm(name), text=say("{x}", x=name))], title=name)]))

    assert [text for text in strings(view.build(report, language=CHINESE)) if safe(text) != text] == []


def test_ideographs_need_no_help_to_break() -> None:
    assert cell("关闭或缩减虚拟机，降低超出实际负载的预留量，或者添加主机。") == [
        "关闭或缩减虚拟机，降低超出实际负载的预留量，或者添加主机。"
    ]
    assert len(cell("虚拟机 " + "a" * 60 + "已打开电源")) == 3


# --- the PDF


@pytest.mark.parametrize("name", ["ordinary", "unreachable", "five vCenters", "hostile names"])
def test_it_is_an_archival_pdf_that_says_its_language(name: str) -> None:
    with pikepdf.open(io.BytesIO(made(name, "zh"))) as pdf:
        assert str(pdf.Root.Lang) == "zh-CN"
        attached = [one.get_file().read_bytes() for one in pdf.attachments.values()]
        assert attached == [json_of(GALLERY[name])], "English"
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"].startswith(GALLERY[name].look.title or "vSphere 运行状况报告")


async def test_the_files_of_a_run_have_a_pdf_in_its_language(tmp_path: Path) -> None:
    report, settings = scan(ordinary()), ReportSettings(language="zh")
    files = (await artefacts.write(report, NO_BACKGROUND, tmp_path, ("json", "csv", "pdf"), settings)).files

    with pikepdf.open(files["pdf"]) as pdf:
        assert str(pdf.Root.Lang) == "zh-CN"
    assert files["json"].read_bytes() == encode(report)


def test_the_findings_of_the_seeded_world_are_said_in_chinese() -> None:
    for of in seeded().report.vcenters[0].results:
        title = CHINESE.words(of.title)
        assert title != of.title or not title.isascii()
        for one in of.findings:
            message = CHINESE.say(one.text)
            assert re.search("[\u4e00-\u9fff]", message)
            assert all(number in message for number in re.findall(r"\d+\.\d", english(one.text)))


# --- the mail


def test_the_mail_is_in_chinese() -> None:
    report = scan(ordinary("vc01"), unreachable("vc02"))
    one = letter(report, zone=SHANGHAI, background=changes(new=1, resolved=3), language="zh")

    assert one.subject == (
        "[vhealthd] 3 项严重 11 项警告 11 项未知 （新增 1 项） \N{EN DASH} vc01、vc02 \N{EN DASH} 2026年11月21日"
    )
    assert one.text.startswith("vSphere 运行状况报告，2026年11月21日\n====================================\n")
    assert "* 严重：发现 3 项严重、11 项警告，涉及 2 个 vCenter 中的 14 个对象。\n" in one.text
    assert "自上次运行以来\n--------------\n* 新增 1 项，恶化 0 项，已解决 3 项。\n" in one.text
    assert '<html lang="zh-CN">' in one.html
    assert ">严重</span> 1 个 vCenter 无法访问：vc02（connection refused on port 443）。</li>" in one.html
    assert (one.language, part(sent(one), "plain")) == ("zh", one.text)


def test_columns_stand_below_each_other_though_ideographs_are_wide() -> None:
    text = letter(scan(ordinary("vc01"), unreachable("vc02")), language="zh").text
    head, first, second = text.split("\n\n")[1].splitlines()

    assert {width(row[: row.index(cut)]) for row, cut in ((head, "严重"), (first, "2  "), (second, "1  "))} == {
        width("vCenter  状态           ")
    }


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def test_a_checks_own_words_are_kept_where_nobody_translated_them() -> None:
    of_the_site = result(
        "acme-check",
        [finding(severity=Severity.CRITICAL, text=say("It is {colour}", colour="{red}"))],
        title="Acme {check}",
        category=Category.VM,
        outcome=Outcome.CRITICAL,
    )
    assert "Acme {check}：It is {red}" in letter(scan(vcenter("prod", [of_the_site])), language="zh").text
