"""A directory of YAML as an event source: `FileSource` reads, watches and says what is wrong with the files."""

from xds_server.change import Change, Delete, Put
from xds_server.files.finding import Finding, Place, Reason, Severity
from xds_server.files.source import Batch, FileSource, OtherDocument

__all__ = [
    "Batch",
    "Change",
    "Delete",
    "FileSource",
    "Finding",
    "OtherDocument",
    "Place",
    "Put",
    "Reason",
    "Severity",
]
