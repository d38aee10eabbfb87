"""What is sent of a run: who gets a mail, what goes with it, and where the archive has it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.delivery.deliveries import files, mail, report, s3, settings
from tests.report.backgrounds import changes
from tests.report.scans import finding, result, scan, unreachable, vcenter
from vhealthd.delivery.parcels import ReportFile, measure, parcels, worst
from vhealthd.delivery.payloads import MailPayload, ObjectPayload, read
from vhealthd.errors import OutputError
from vhealthd.model import Outcome, Parcel, ScanReport, Severity
from vhealthd.report.mail import Attachment, write

FINE = scan(vcenter("prod", [result()]))
INFO = scan(vcenter("prod", [result(findings=[finding(severity=Severity.INFO)])]))
WARNING = scan(vcenter("prod", [result(findings=[finding()])]))
UNKNOWN = scan(vcenter("prod", [result(outcome=Outcome.UNKNOWN)]))
CRITICAL = scan(unreachable("prod"))
UNMATCHED = scan(replace(vcenter("prod", [result()]), unmatched_scope=("DC9",)))

FILES = {
    "pdf": ReportFile(Path("/reports/run/report.pdf"), 200_000),
    "json": ReportFile(Path("/reports/run/report.json"), 900_000),
    "csv": ReportFile(Path("/reports/run/findings.csv"), 40_000),
}


def of(about: ScanReport, sizes: Mapping[str, int] | None = None, **sections: object) -> tuple[Parcel, ...]:
    """Return the parcels of a run whose files have these sizes, by format."""
    sized = {form: replace(file, size=(sizes or {}).get(form, file.size)) for form, file in FILES.items()}
    return parcels(about, settings(**sections), sized)


def mails(
    about: ScanReport = WARNING, sizes: Mapping[str, int] | None = None, *, archive: object = None, **told: object
) -> list[MailPayload]:
    made = of(about, sizes, mail=mail(**told), s3=archive)
    return [read(one, MailPayload) for one in made if one.sink == "mail"]


def objects(about: ScanReport = WARNING, zone: str = "Europe/Berlin", **told: object) -> dict[str, str]:
    """Name what is archived, by what it is."""
    made = of(about, s3=s3(**told), schedule={"timezone": zone})
    return {one.what: read(one, ObjectPayload).key for one in made}


# --- both


def test_nothing_configured_is_nothing_sent() -> None:
    assert of(CRITICAL) == ()


def test_a_mail_and_each_file_to_the_archive_are_parcels_of_their_own() -> None:
    made = of(report(), mail=mail(), s3=s3())

    assert [(one.sink, one.what) for one in made] == [
        ("mail", "mail to 1 (en)"),
        ("s3", "vsphere-health-report-20261121-prod.pdf"),
        ("s3", "report.json"),
        ("s3", "findings.csv"),
    ]
    assert {one.run_id for one in made} == {"20261121T060000Z-7f3a"}


def test_parcels_are_named_by_what_they_are_and_to_whom_they_go() -> None:
    first, again = (of(report(), mail=mail(), s3=s3()) for _ in range(2))
    other = of(report(), mail=mail(to=["b@example.com"]), s3=s3(bucket="other"))

    assert first == again
    assert len({one.id for one in (*first, *other)}) == 8
    assert all(one.id.startswith(f"20261121T060000Z-7f3a-{one.sink}-") for one in first)


# --- who gets a mail


@pytest.mark.parametrize(
    ("about", "outcome", "to"),
    [
        (CRITICAL, Outcome.CRITICAL, ("ops@example.com", "oncall@example.com", "team@example.com")),
        (UNKNOWN, Outcome.UNKNOWN, ("ops@example.com", "team@example.com")),
        (UNMATCHED, Outcome.UNKNOWN, ("ops@example.com", "team@example.com")),
        (WARNING, Outcome.WARNING, ("ops@example.com", "team@example.com")),
        (INFO, Outcome.INFO, ("ops@example.com",)),
        (FINE, Outcome.PASS, ("ops@example.com",)),
    ],
    ids=["critical", "unknown", "unmatched", "warning", "info", "fine"],
)
def test_some_are_told_only_of_bad_runs(about: ScanReport, outcome: Outcome, to: tuple[str, ...]) -> None:
    also = {"critical": ["oncall@example.com"], "warning": ["team@example.com"]}
    (one,) = mails(about, also_to=also)

    assert worst(about) is outcome
    assert one.letter.to == to


def test_nobody_gets_two() -> None:
    also = {"critical": ["ops@example.com", "b@example.com"], "warning": ["b@example.com"]}
    (one,) = mails(CRITICAL, also_to=also)

    assert one.letter.to == ("ops@example.com", "b@example.com")


@pytest.mark.parametrize(
    ("about", "count"), [(CRITICAL, 1), (UNKNOWN, 1), (UNMATCHED, 1), (WARNING, 1), (INFO, 0), (FINE, 0)]
)
def test_mail_may_be_wanted_of_problems_only(about: ScanReport, count: int) -> None:
    assert len(mails(about, when="problems")) == count
    assert len(mails(about, when="always")) == 1


def test_each_language_is_a_mail_of_its_own() -> None:
    made = mails(to=["a@example.com", "b@example.com", "c@example.com"], languages={"b@example.com": "zh"})

    assert [(one.language, one.letter.to) for one in made] == [
        ("en", ("a@example.com", "c@example.com")),
        ("zh", ("b@example.com",)),
    ]
    assert len({one.letter.message_id for one in made}) == 2
    assert [("运行状况报告" in one.letter.text, "health report" in one.letter.text) for one in made] == [
        (False, True),
        (True, False),
    ]


def test_who_asked_for_no_language_gets_that_of_the_report() -> None:
    told = mail(to=["a@example.com", "b@example.com"], languages={"b@example.com": "en"})
    made = of(WARNING, mail=told, report={"language": "zh"})

    assert [(read(one, MailPayload).language, one.what) for one in made] == [
        ("en", "mail to 1 (en)"),
        ("zh", "mail to 1 (zh)"),
    ]


# --- what goes with a mail


def test_the_pdf_and_the_table_are_attached() -> None:
    (one,) = mails()

    assert [(file.name, file.kind) for file in one.attachments] == [
        ("vsphere-health-report-20261121-prod.pdf", "application/pdf"),
        ("findings.csv", "text/csv"),
    ]
    assert one.pdf == "attached"
    assert "On the server: /reports/run" in one.letter.text


def test_over_the_limit_the_pdf_is_left_out_and_the_archive_named() -> None:
    (one,) = mails(sizes={"pdf": 9 << 20}, archive=s3())

    assert [file.name for file in one.attachments] == ["findings.csv"]
    assert one.pdf == "too_large"
    key = "prod/2026/11/21/20261121T060000Z-7f3a/vsphere-health-report-20261121-prod.pdf"
    assert (
        f"vsphere-health-report-20261121-prod.pdf (9.0 MB) is too large for this mail. It is here: s3://reports/{key}\n"
        in one.letter.text
    )


def test_without_an_archive_the_path_on_the_server_is_named() -> None:
    (one,) = mails(sizes={"pdf": 9 << 20})

    assert "It is here: /reports/run/report.pdf\n" in one.letter.text


@pytest.mark.parametrize(
    ("sizes", "names"),
    [
        ({"pdf": 100_000, "csv": 900_000}, ["vsphere-health-report-20261121-prod.pdf"]),
        ({"pdf": 900_000, "csv": 900_000}, []),
        ({"pdf": 600_000, "csv": 600_000}, ["findings.csv"]),
        ({"pdf": 300_000, "csv": 300_000}, ["vsphere-health-report-20261121-prod.pdf", "findings.csv"]),
    ],
)
def test_what_fits_goes(sizes: dict[str, int], names: list[str]) -> None:
    (one,) = mails(sizes=sizes, max_bytes="1MB")

    assert [file.name for file in one.attachments] == names


def test_no_mail_is_larger_than_the_limit() -> None:
    for size in range(700_000, 780_000, 10_007):
        (one,) = mails(sizes={"pdf": size, "csv": 100}, max_bytes="1MB")
        sizes = {"application/pdf": size, "text/csv": 100}
        attached = [Attachment(name=f.name, kind=f.kind, data=bytes(sizes[f.kind])) for f in one.attachments]
        assert len(write(one.letter, attached).as_bytes()) <= 1 << 20


def test_a_mail_without_a_pdf_says_why() -> None:
    without = {form: file for form, file in FILES.items() if form != "pdf"}
    (parcel,) = parcels(WARNING, settings(mail=mail()), without, pdf_error="it needs more memory than it may use")
    one = read(parcel, MailPayload)

    assert one.pdf == "missing"
    assert "There is no PDF: it needs more memory than it may use" in one.letter.text
    assert [file.name for file in one.attachments] == ["findings.csv"]


def test_a_pdf_that_nobody_wants_is_not_missed() -> None:
    without = {form: file for form, file in FILES.items() if form != "pdf"}
    (parcel,) = parcels(WARNING, settings(mail=mail()), without)
    one = read(parcel, MailPayload)

    assert one.pdf == "not_wanted"
    assert "PDF" not in one.letter.text


def test_changes_are_told() -> None:
    (parcel,) = parcels(WARNING, settings(mail=mail()), FILES, background=changes(new=2, resolved=3))
    one = read(parcel, MailPayload)

    assert "(+2 new)" in one.letter.subject
    assert "2 new, 0 worsened, 3 resolved." in one.letter.text


# --- where the archive has it


def test_keys_are_made_of_the_run() -> None:
    folder = "prod/2026/11/21/20261121T060000Z-7f3a"
    assert objects() == {
        "vsphere-health-report-20261121-prod.pdf": f"{folder}/vsphere-health-report-20261121-prod.pdf",
        "report.json": f"{folder}/report.json",
        "findings.csv": f"{folder}/findings.csv",
    }


def test_several_vcenters_are_all() -> None:
    assert objects(report("a", "b"))["report.json"] == "all/2026/11/21/20261121T060000Z-7f3a/report.json"
    assert "vsphere-health-report-20261121.pdf" in objects(report("a", "b"))


def test_the_date_is_that_of_the_schedules_zone() -> None:
    late = replace(WARNING, started=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))

    assert objects(late, "Europe/Berlin")["report.json"].startswith("prod/2027/01/01/")
    assert objects(late, "UTC")["report.json"].startswith("prod/2026/12/31/")
    assert "vsphere-health-report-20270101-prod.pdf" in objects(late, "Asia/Shanghai")


@pytest.mark.parametrize(
    ("prefix", "key"),
    [
        ("", "report.json"),
        ("reports/", "reports/report.json"),
        ("{run_id}-", "20261121T060000Z-7f3a-report.json"),
        ("{{x}}/{yyyy}{mm}{dd}/", "{x}/20261121/report.json"),
    ],
)
def test_the_prefix_is_free(prefix: str, key: str) -> None:
    assert objects(prefix=prefix)["report.json"] == key


# --- files


def test_files_are_measured(tmp_path: Path) -> None:
    measured = measure(files(tmp_path, pdf=b"12345"))

    assert measured == {"pdf": ReportFile(tmp_path / "report.pdf", 5)}


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"report\.pdf"):
        measure({"pdf": tmp_path / "report.pdf"})
