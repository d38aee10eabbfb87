"""The mail about a run: its subject, what it says, and what goes out as bytes."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.backgrounds import changes
from tests.report.scans import HOSTILE, finding, ordinary, result, say, scan, unreachable, unseen, vcenter, vm
from vhealthd.language import language_of
from vhealthd.model import Delivery, DeliveryState, Outcome, Parcel, ScanReport, Severity
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.mail import Attachment, Enclosed, Letter, compose, message_id, size_in_mail, write
from vhealthd.report.mailbody import Elsewhere
from vhealthd.report.names import file_names

BERLIN, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")
NEW = changes(new=1, resolved=3)
FINE = scan(vcenter("prod", [result("a-check"), result("b-check")]))


def letter(
    report: ScanReport,
    *,
    to: tuple[str, ...] = ("ops@example.com",),
    zone: ZoneInfo = BERLIN,
    enclosed: Enclosed | None = None,
    background: Background = NO_BACKGROUND,
    language: str = "en",
) -> Letter:
    return compose(
        report,
        language=language_of(language),
        sender="vhealthd@example.com",
        to=to,
        zone=zone,
        enclosed=enclosed or Enclosed(),
        background=background,
    )


def named(*names: str) -> ScanReport:
    return scan(*(vcenter(name) for name in names))


def sent(what: Letter, *attachments: Attachment) -> EmailMessage:
    """What a receiver makes of the bytes."""
    return email.message_from_bytes(write(what, attachments).as_bytes(), EmailMessage, policy=email.policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


# --- the subject


def test_the_subject_counts_what_is_bad_and_says_what_is_new_where_and_when() -> None:
    report = scan(ordinary("vc01"), unreachable("vc02"))

    assert letter(report, background=NEW).subject == (
        "[vhealthd] 3 CRITICAL 11 WARNING 11 UNKNOWN (+1 new) \N{EN DASH} vc01, vc02 \N{EN DASH} 2026-11-21"
    )


@pytest.mark.parametrize(
    ("report", "begin"),
    [
        (FINE, "[vhealthd] OK "),
        (scan(vcenter("prod", [result(findings=[finding(severity=Severity.INFO)])])), "[vhealthd] OK "),
        (scan(vcenter("prod", [result(findings=[finding()])])), "[vhealthd] 1 WARNING "),
        (scan(vcenter("prod", [result(outcome=Outcome.UNKNOWN)])), "[vhealthd] 1 UNKNOWN "),
        (scan(replace(vcenter("prod"), unmatched_scope=("DC9",))), "[vhealthd] 1 UNKNOWN "),
        (scan(vcenter("prod", [result(findings=[replace(finding(), silenced_by="x: y")])])), "[vhealthd] OK "),
        (scan(), "[vhealthd] OK "),
    ],
    ids=["nothing", "info", "warning", "unknown", "a scope that matches nothing", "silenced", "no vCenter"],
)
def test_the_subject_names_only_what_is_there(report: ScanReport, begin: str) -> None:
    assert letter(report).subject.startswith(begin)


def test_nothing_new_is_not_worth_a_word() -> None:
    assert "new" not in letter(FINE, background=changes(worsened=2, resolved=2)).subject


def test_many_vcenters_are_shortened() -> None:
    assert " vc1, vc2, vc3 and 5 more " in letter(named(*(f"vc{n}" for n in range(1, 9)))).subject


def test_long_names_are_cut() -> None:
    assert len(letter(named("a" * 64, "b" * 64, "c" * 64)).subject) < 200


def test_the_date_is_that_of_the_schedules_zone() -> None:
    late = replace(FINE, started=datetime(2026, 11, 21, 23, 30, tzinfo=UTC))

    assert letter(late, zone=BERLIN).subject.endswith("2026-11-22")
    assert letter(late, zone=ZoneInfo("UTC")).subject.endswith("2026-11-21")
    assert file_names(late, AUCKLAND)["pdf"] == "vsphere-health-report-20261122-prod.pdf"


# --- what it says


def test_it_says_the_dashboard_the_changes_the_risks_and_what_was_not_seen() -> None:
    text = letter(scan(ordinary("vc01"), unreachable("vc02")), background=NEW).text

    assert text.startswith("vSphere health report, 2026-11-21\n=================================\n")
    assert "* CRITICAL: 1 vCenter could not be reached: vc02 (connection refused on port 443).\n" in text
    assert "* CRITICAL: 3 critical and 11 warning findings: 14 objects in 2 vCenters.\n" in text
    assert re.search(r"^vc01 +Scanned, 8\.0\.3 +2 +11 +1 +6 of 15 pass, 1 unknown, 2 skipped$", text, re.MULTILINE)
    assert re.search(r"^vc02 +Unreachable +1 +0 +0 +0 of 11 pass, 10 unknown$", text, re.MULTILINE)
    assert "1 new, 0 worsened, 3 resolved." in text
    assert (
        "* CRITICAL: vmfs-gold-01 (vc01), Datastore utilization: 96.3 % of 4.0 TB is used; the limit is 95 %\n"
        "  What to do: Delete snapshots that nobody needs; they grow until the datastore is full.\n"
    ) in text
    assert "* UNKNOWN: vc01, backup-status: GET /api/appliance/recovery/backup/job/details: HTTP 500" in text
    assert "On schedule, 2026-11-21 07:00 CET (2026-11-21 06:00 UTC), in 12.4 s. Made by vhealthd 0.1.0." in text


def test_the_worst_risks_stand_first_and_no_more_than_ten() -> None:
    text = letter(scan(ordinary())).text
    risks = [line for line in text.splitlines() if line.startswith(("* CRITICAL: ", "* WARNING: ")) and ", " in line]

    assert [line.split(":")[0] for line in risks[-10:]] == ["* CRITICAL"] * 2 + ["* WARNING"] * 8
    assert "The worst 10 of 13; all of them are in the report." in text


def test_where_all_is_fine_it_is_short() -> None:
    said = letter(FINE)

    assert "Nothing is critical, and nothing warns." in said.text
    assert "All 2 checks pass." in said.text
    assert "Top risks" not in said.text
    assert "could not be seen" not in said.text


def test_many_reasons_for_what_was_not_seen_are_cut() -> None:
    results = [result(f"check-{n}", outcome=Outcome.UNKNOWN, reason=f"reason {n}") for n in range(14)]
    text = letter(scan(vcenter("prod", results))).text

    assert text.count("reason ") == 10
    assert "... and 4 more reasons in the report." in text


def test_deliveries_that_failed_are_told() -> None:
    then = datetime(2026, 11, 20, 6, tzinfo=UTC)
    lost = Delivery(
        parcel=Parcel(id="x", run_id="20261120T060000Z-1a2b", sink="s3", what="report.json"),
        state=DeliveryState.FAILED,
        attempts=3,
        created=then,
        due=then,
        expires=then + timedelta(days=3),
        error="there is no bucket reports",
    )

    said = letter(FINE, background=Background(failed=(lost,))).text
    assert "* report.json of run 20261120T060000Z-1a2b to s3: there is no bucket reports\n" in said


def test_it_says_where_the_full_report_is() -> None:
    enclosed = Enclosed(attached=("x.pdf", "findings.csv"), folder="/var/lib/vhealthd/reports/r")
    assert (
        "* Attached: x.pdf and findings.csv.\n* On the server: /var/lib/vhealthd/reports/r\n"
        in letter(FINE, enclosed=enclosed).text
    )

    large = Enclosed(elsewhere=(Elsewhere(name="x.pdf", size=12 << 20, where="s3://reports/prod/x.pdf"),))
    assert (
        "x.pdf (12.0 MB) is too large for this mail. It is here: s3://reports/prod/x.pdf"
        in letter(FINE, enclosed=large).text
    )

    failed = Enclosed(pdf_error="it needs more memory than it may use")
    assert "There is no PDF: it needs more memory than it may use" in letter(FINE, enclosed=failed).text


def test_text_and_html_say_the_same() -> None:
    said = letter(scan(ordinary("vc01"), unreachable("vc02")), background=NEW)
    seen = Page.of(said.html).text

    for line in said.text.splitlines():
        words = re.sub(r"^(\* (CRITICAL|WARNING|UNKNOWN|INFO|PASS): |\* |[=-]+$)", "", line).strip()
        for cell in re.split(r" {2,}", words):
            assert cell in seen


# --- what comes from vCenter


class Page(HTMLParser):
    """What a reader sees of a page, and what it is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    @classmethod
    def of(cls, html: str) -> "Page":
        page = cls()
        page.feed(html)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile() -> ScanReport:
    found = [finding(vm(name, n), text=say("{name}", name=name)) for n, name in enumerate(HOSTILE)]
    return scan(vcenter(HOSTILE[0], [result(findings=found), result(outcome=Outcome.UNKNOWN, reason="<script>")]))


def test_html_fetches_nothing_and_is_made_of_harmless_parts() -> None:
    page = Page.of(letter(hostile()).html)

    allowed = {"html", "head", "meta", "title", "body", "h1", "h2", "ul", "li", "p", "table", "tr", "th", "td"}
    assert {tag for tag, _ in page.tags} <= allowed | {"br", "span"}
    assert {name for _, attributes in page.tags for name in attributes} <= {
        "lang", "charset", "style", "scope", "cellspacing", "cellpadding"
    }  # fmt: skip
    assert not any("url(" in (attributes.get("style") or "") for _, attributes in page.tags)


def test_a_status_is_a_word_and_not_a_colour_alone() -> None:
    assert "Critical" in Page.of(letter(scan(ordinary())).html).text


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_seen_is_written_out(name: str) -> None:
    text = letter(scan(vcenter("prod", [result(findings=[finding(vm(name), text=say("{name}", name=name))])]))).text

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\ufeff]", text)
    if "\u202e" in name:
        assert "abc [U+202E]right to left[U+202C]" in text
    if name.isalnum() and len(name) < 100:
        assert f"* WARNING: {name}, Snapshot age: {name}\n" in text


@pytest.mark.parametrize(
    "name", ["x\r\nBcc: evil@example.com", "x\nX-Evil: 1", "x\u2028Bcc: a", "x\x0bBcc: a", "x\x00"]
)
def test_no_name_writes_a_header(name: str) -> None:
    message = sent(letter(named(name)))

    assert {header.lower() for header in message} == {
        "subject", "from", "to", "date", "message-id", "auto-submitted", "mime-version", "content-type"
    }  # fmt: skip
    assert message["To"] == "ops@example.com"
    assert message["Bcc"] is None


@given(st.text(max_size=60))
def test_any_name_comes_through(name: str) -> None:
    what = letter(named(name, "other"))

    assert sent(what)["Subject"] == what.subject


# --- bytes


def test_its_headers() -> None:
    message = sent(letter(FINE, to=("a@example.com", "b@example.com")))

    assert message["From"] == "vhealthd@example.com"
    assert message["To"] == "a@example.com, b@example.com"
    assert message["Date"] == "Sat, 21 Nov 2026 07:00:12 +0100"
    assert message["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f]{64}@example\.com>", message["Message-ID"])


def test_the_message_id_is_of_the_run_and_of_who_gets_it() -> None:
    base = message_id("run-1", ["a@x", "b@x"], "v@example.com")

    assert message_id("run-1", ["b@x", "a@x"], "v@example.com") == base
    assert message_id("run-2", ["a@x", "b@x"], "v@example.com") != base
    assert message_id("run-1", ["a@x"], "v@example.com") != base


def test_the_same_letter_gives_the_same_bytes() -> None:
    attached = Attachment(name="a.pdf", kind="application/pdf", data=b"%PDF")

    first, second = (write(letter(scan(ordinary()), background=NEW), [attached]).as_bytes() for _ in range(2))
    assert first == second


def test_it_is_alternatives_then_attachments() -> None:
    pdf = Attachment(name="vsphere-health-report-20261121-生产.pdf", kind="application/pdf", data=b"%PDF" * 500)
    csv = Attachment(name="findings.csv", kind="text/csv", data=b"\xef\xbb\xbfa,b\r\n")
    what = letter(scan(ordinary("生产")), background=NEW)
    message = sent(what, pdf, csv)

    kinds = [one.get_content_type() for one in message.walk()]
    assert kinds == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf", "text/csv"
    ]  # fmt: skip
    assert (part(message, "plain"), part(message, "html")) == (what.text, what.html)
    assert [one.get_filename() for one in message.iter_attachments()] == [pdf.name, csv.name]
    assert [one.get_payload(decode=True) for one in message.iter_attachments()] == [pdf.data, csv.data]


def test_it_goes_through_seven_bits_and_no_line_is_too_long() -> None:
    data = write(letter(hostile()), [Attachment(name="x" * 90 + "数.pdf", kind="application/pdf", data=bytes(9999))])

    lines = data.as_bytes().split(b"\r\n")
    assert all(line.isascii() and len(line) <= 998 and b"\n" not in line for line in lines)


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 5000, 300_000])
@pytest.mark.parametrize("name", ["a.pdf", "vsphere-health-report-20261121-生产数据库.pdf"])
def test_its_size_is_foreseen(size: int, name: str) -> None:
    what = letter(scan(ordinary()))
    real = len(write(what, [Attachment(name=name, kind="application/pdf", data=bytes(size))]).as_bytes())

    assert real <= size_in_mail(what, {name: size}) <= real + 1500


def test_what_was_not_examined_is_counted() -> None:
    report = scan(vcenter("prod", [result(not_examined=[unseen("k8s", 1)])]))

    assert "* UNKNOWN: 1 object was not examined, or not in full.\n" in letter(report).text
