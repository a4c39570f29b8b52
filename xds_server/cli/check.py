"""`gatehouse check`: what is wrong with some files before they are applied."""

import json
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from xds_server import checking
from xds_server.checking import Finding
from xds_server.files import FileSource, Put, Reason, Severity
from xds_server.schema import Channel

CLEAN, FOUND, CANNOT_RUN = 0, 1, 2
"""Exit statuses."""
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


class Report(NamedTuple):
    """What was found in how many objects, and whether all of the files could be read."""

    findings: list[Finding]
    objects: int
    readable: bool

    @property
    def exit_status(self) -> int:
        """2 where something could not be read, else 1 where there is an error: warnings alone fail nothing."""
        if not self.readable:
            return CANNOT_RUN
        return FOUND if any(it.severity is Severity.ERROR for it in self.findings) else CLEAN


def checked(paths: Sequence[Path], *, strict: bool, channel: str, controller_name: str) -> Report:
    """Read the files and judge what they hold; findings in the order of files and lines, each once."""
    source = FileSource(paths, Channel(channel))
    batch = source.read()
    written = {it.ref: it.value for it in batch.changes if isinstance(it, Put) and source.place(it.ref) is not None}
    refused = {it.ref for it in batch.findings if it.ref is not None and it.severity is Severity.ERROR}
    now = datetime.now(tz=UTC)
    troubles = list(checking.judge(written, refused, controller_name=controller_name, strict=strict, now=now))
    places = source.places((it.ref, it.field) for it in troubles)
    findings = [checking.of_file(it) for it in batch.findings]
    findings += map(checking.placed, troubles, places)
    findings.sort(key=lambda it: (it.file, it.line))
    readable = not any(it.reason is Reason.UNREADABLE for it in batch.findings)
    return Report(list(dict.fromkeys(findings)), len(written) + len(refused - written.keys()), readable)


def run(paths: Sequence[Path], *, strict: bool, output: str, channel: str, controller_name: str) -> int:
    """Check and print; returns the exit status. A fault of our own is told on standard error, as 2."""
    try:
        report = checked(paths, strict=strict, channel=channel, controller_name=controller_name)
    except Exception as fault:
        traceback.print_exc()
        print(f"gatehouse check could not run, which is a fault of its own: {fault!r}", file=sys.stderr)
        return CANNOT_RUN
    if output == "json":
        print(json.dumps([checking.as_document(it) for it in report.findings], indent=2))
    else:
        _print(report)
    return report.exit_status


def _print(report: Report) -> None:
    """One line for each finding and one for their number, in colours on a terminal."""
    console = Console(soft_wrap=True, highlight=False)
    for it in report.findings:
        line = Text(str(it))
        line.highlight_words([f" {it.severity}: "], STYLES[it.severity])
        console.print(line)
    console.print(Text(summary(report), style="" if report.findings else "green"))


def summary(report: Report) -> str:
    """Count what was found: `12 objects, nothing found`, `12 objects: 1 error, 2 warnings`."""
    counts = [
        _count(sum(it.severity is severity for it in report.findings), severity)
        for severity in (Severity.ERROR, Severity.WARNING)
    ]
    objects = _count(report.objects, "object")
    return f"{objects}: {', '.join(filter(None, counts))}" if report.findings else f"{objects}, nothing found"


def _count(number: int, noun: str) -> str:
    """`0 objects`, `1 object`, but nothing for no errors."""
    if not number and noun != "object":
        return ""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
