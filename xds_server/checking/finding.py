"""What `check` says: troubles of objects, and findings, which have a place in a file."""

from enum import StrEnum

from translator.value import Ref, Value
from xds_server.files import Severity


class Reason(StrEnum):
    """Reasons beside those of the specification's conditions and those of the files' reading."""

    NOT_FOUND = "NotFound"
    """An object is referred to and is not among the files."""
    CERTIFICATE_EXPIRED = "CertificateExpired"
    CERTIFICATE_EXPIRES_SOON = "CertificateExpiresSoon"


class Trouble(Value):
    """One thing that is wrong with one field of an object; no field means the object as a whole."""

    ref: Ref
    field: str
    """As users write it: `spec.rules[0].backendRefs[1]`."""
    reason: str
    message: str
    severity: Severity = Severity.ERROR


class Finding(Value):
    """One thing that is wrong, and the line that it stands on: from 1, and 0 where it is the file as a whole."""

    file: str
    line: int
    ref: Ref | None
    severity: Severity
    reason: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        ref = f"{self.ref}: " if self.ref else ""
        return f"{place}: {self.severity}: {ref}{self.reason}: {' '.join(self.message.split())}"
