"""What the files of a run are called where they are sent to: in mails and in the archive."""

from datetime import date, tzinfo

from vhealthd.model import ScanReport


def day(report: ScanReport, zone: tzinfo) -> date:
    """Return the day on which a run began, in the zone of the schedule."""
    return report.started.astimezone(zone).date()


def sole_vcenter(report: ScanReport) -> str | None:
    """Return the name of the vCenter if the run was about one; as it may stand in file names."""
    if len(report.vcenters) != 1:
        return None
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in report.vcenters[0].name)


def file_names(report: ScanReport, zone: tzinfo) -> dict[str, str]:
    """Return the name of each file, by format."""
    about = sole_vcenter(report)
    stem = f"vsphere-health-report-{day(report, zone):%Y%m%d}"
    return {
        "pdf": f"{stem}-{about}.pdf" if about else f"{stem}.pdf",
        "html": "report.html",
        "json": "report.json",
        "csv": "findings.csv",
    }
