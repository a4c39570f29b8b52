"""The report: troubles and what the files' reading found, as findings with a place, and as documents."""

from typing import Any

from xds_server import files
from xds_server.checking.finding import Finding, Trouble
from xds_server.files import Place, Severity


def of_file(found: files.Finding) -> Finding:
    """Take over what the reading found; an unknown field is an error here, for `kubectl apply` refuses it."""
    unknown = found.reason is files.Reason.UNKNOWN_FIELD
    message = f"{found.message}; remove it, or correct its name" if unknown else found.message
    return Finding(
        found.file, found.line, found.ref, Severity.ERROR if unknown else found.severity, str(found.reason), message
    )


def placed(trouble: Trouble, place: Place | None) -> Finding:
    """Say where a trouble stands."""
    file, line = place or ("", 0)
    return Finding(file, line, trouble.ref, trouble.severity, str(trouble.reason), trouble.message)


def as_document(finding: Finding) -> dict[str, Any]:
    """Write a finding for machines: file, line, object (null if it is none), severity, reason and message."""
    return {
        "file": finding.file,
        "line": finding.line,
        "object": None if finding.ref is None else finding.ref._asdict(),
        "severity": str(finding.severity),
        "reason": finding.reason,
        "message": finding.message,
    }
