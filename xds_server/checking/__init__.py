"""What is amiss with a set of files, where, and how severe it is: pure, but for the files' own reading."""

from xds_server.checking.finding import Finding, Reason, Trouble
from xds_server.checking.judge import judge
from xds_server.checking.report import as_document, of_file, placed

__all__ = ["Finding", "Reason", "Trouble", "as_document", "judge", "of_file", "placed"]
