"""What is sent of a run, and to whom: a report becomes parcels for mail and for the archive."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from vhealthd.config import Language, MailSettings, S3Settings, Settings
from vhealthd.delivery.payloads import AttachedFile, MailPayload, ObjectPayload, PdfInMail, written
from vhealthd.errors import OutputError
from vhealthd.language import language_of
from vhealthd.model import Outcome, Parcel, ScanReport
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.mail import Enclosed, Letter, compose, size_in_mail
from vhealthd.report.mailbody import Elsewhere
from vhealthd.report.names import day, file_names, sole_vcenter

MAIL, S3 = "mail", "s3"

KINDS = {"pdf": "application/pdf", "json": "application/json", "csv": "text/csv"}
# What goes with a mail, from all to nothing: the first that is not too large. The PDF is the first to stay behind.
_CHOICES = (("pdf", "csv"), ("csv",), ("pdf",), ())


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of the run on this machine; `size` in bytes."""

    path: Path
    size: int


def measure(files: Mapping[str, Path]) -> dict[str, ReportFile]:
    """Look how large the files of a run are. Raises OutputError if one is not there."""
    try:
        return {form: ReportFile(path, path.stat().st_size) for form, path in files.items()}
    except OSError as error:
        raise OutputError(f"a file of the run cannot be read: {error}") from error


def parcels(
    report: ScanReport,
    settings: Settings,
    files: Mapping[str, ReportFile],
    *,
    pdf_error: str | None = None,
    background: Background = NO_BACKGROUND,
) -> tuple[Parcel, ...]:
    """Return all that is sent of a run. `files` are by format: pdf, html, json, csv."""
    zone, language = ZoneInfo(settings.schedule.timezone), settings.report.language
    made = _Run(report, zone, language, files, pdf_error, background)
    archived = tuple(_objects(made, settings.s3)) if settings.s3 else ()
    mailed = tuple(_mails(made, settings.mail, settings.s3)) if settings.mail else ()
    return mailed + archived


@dataclass(frozen=True, slots=True)
class _Run:
    report: ScanReport
    zone: ZoneInfo
    language: Language  # of who asked for none
    files: Mapping[str, ReportFile]
    pdf_error: str | None
    background: Background

    @property
    def names(self) -> dict[str, str]:
        return file_names(self.report, self.zone)


# --- the archive


def _objects(run: _Run, s3: S3Settings) -> Iterator[Parcel]:
    """Put each file into a parcel of its own. The page in HTML says what the PDF says, and is not archived."""
    for form, file in run.files.items():
        if form not in KINDS:
            continue
        key = object_key(run.report, s3, run.zone, form)
        yield Parcel(
            id=_named(run.report.run_id, S3, form, [s3.bucket, key]),
            run_id=run.report.run_id,
            sink=S3,
            what=run.names[form],
            file=file.path,
            payload=written(ObjectPayload(key=key, content_type=KINDS[form], finished=run.report.finished)),
        )


def object_key(report: ScanReport, s3: S3Settings, zone: ZoneInfo, form: str) -> str:
    """Return the key of a file in the archive."""
    date = day(report, zone)
    prefix = s3.prefix.format(
        vcenter=sole_vcenter(report) or "all",
        yyyy=f"{date:%Y}",
        mm=f"{date:%m}",
        dd=f"{date:%d}",
        run_id=report.run_id,
    )
    return prefix + file_names(report, zone)[form]


# --- mail


def worst(report: ScanReport) -> Outcome:
    """Return the worst outcome of a run. A name in the scope that matches nothing is unknown."""
    outcomes = [result.outcome for vcenter in report.vcenters for result in vcenter.results]
    outcomes += [Outcome.UNKNOWN for vcenter in report.vcenters if vcenter.unmatched_scope]
    return min(outcomes, key=lambda one: one.rank, default=Outcome.PASS)


def _mails(run: _Run, mail: MailSettings, s3: S3Settings | None) -> Iterator[Parcel]:
    """Put a mail for each language into a parcel; none where mail is wanted only of problems and there is none."""
    if mail.when == "problems" and worst(run.report).rank > Outcome.WARNING.rank:
        return
    for language, to in sorted(_readers(run, mail).items()):
        letter, enclosed = _letter(run, mail, s3, to, language)
        yield Parcel(
            id=_named(run.report.run_id, MAIL, language, sorted(to)),
            run_id=run.report.run_id,
            sink=MAIL,
            what=f"mail to {len(to)} ({language})",
            payload=written(
                MailPayload(
                    language=language,
                    letter=letter,
                    attachments=tuple(_attached(run, form) for form in enclosed),
                    pdf=_what_of_pdf(run, enclosed),
                )
            ),
        )


def _attached(run: _Run, form: str) -> AttachedFile:
    return AttachedFile(path=run.files[form].path, name=run.names[form], kind=KINDS[form])


def _readers(run: _Run, mail: MailSettings) -> dict[Language, list[str]]:
    """Return who gets a mail about a run, by language. Nobody gets two."""
    to, outcome = list(mail.to), worst(run.report)
    if outcome is Outcome.CRITICAL:
        to += mail.also_to.critical
    if outcome.rank <= Outcome.WARNING.rank:
        to += mail.also_to.warning
    groups: dict[Language, list[str]] = {}
    for one in dict.fromkeys(to):
        groups.setdefault(mail.languages.get(one, run.language), []).append(one)
    return groups


def _letter(
    run: _Run, mail: MailSettings, s3: S3Settings | None, to: Sequence[str], language: Language
) -> tuple[Letter, tuple[str, ...]]:
    """Return a letter that is not too large, and what goes with it: formats of files."""
    for choice in _CHOICES:
        enclosed = tuple(form for form in choice if form in run.files)
        letter = compose(
            run.report,
            language=language_of(language),
            sender=mail.sender,
            to=to,
            zone=run.zone,
            enclosed=_enclosed(run, s3, enclosed),
            background=run.background,
        )
        sizes = {run.names[form]: run.files[form].size for form in enclosed}
        if not enclosed or size_in_mail(letter, sizes) <= mail.max_bytes:
            return letter, enclosed
    raise AssertionError("the last choice is nothing, and nothing fits always")


def _enclosed(run: _Run, s3: S3Settings | None, forms: Sequence[str]) -> Enclosed:
    left = [form for form in ("pdf", "csv") if form in run.files and form not in forms]
    folder = next((file.path.parent for file in run.files.values()), None)
    return Enclosed(
        attached=tuple(run.names[form] for form in forms),
        elsewhere=tuple(
            Elsewhere(name=run.names[form], size=run.files[form].size, where=_where(run, s3, form)) for form in left
        ),
        folder=str(folder) if folder else None,
        pdf_error=run.pdf_error,
    )


def _where(run: _Run, s3: S3Settings | None, form: str) -> str:
    if s3:
        return f"s3://{s3.bucket}/{object_key(run.report, s3, run.zone, form)}"
    return str(run.files[form].path)


def _what_of_pdf(run: _Run, enclosed: Sequence[str]) -> PdfInMail:
    if "pdf" in enclosed:
        return "attached"
    if "pdf" in run.files:
        return "too_large"
    return "missing" if run.pdf_error else "not_wanted"


def _named(run_id: str, sink: str, part: str, to: Sequence[str]) -> str:
    """Return the name of a parcel: short enough to type, and another one for other receivers."""
    digest = hashlib.sha256(json.dumps(to).encode()).hexdigest()[:8]
    return f"{run_id}-{sink}-{part}-{digest}"
