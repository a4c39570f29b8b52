"""What can become of a request to the kube-apiserver other than the answer that was hoped for."""

import msgspec


class KubeError(Exception):
    """A request came to nothing."""


class Unreachable(KubeError):
    """There was no answer, or not all of it, in time: nobody knows whether the request took effect."""


class ApiError(KubeError):
    """The kube-apiserver answered, and refused: `reason` is that of its Status, e.g. Conflict, NotFound, Expired."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        """Seconds to wait before the next try, where the answer says so."""


class Status(msgspec.Struct, frozen=True):
    """The parts of a metav1.Status that are read."""

    code: int = 0
    reason: str = ""
    message: str = ""


def refusal(status: int, body: bytes, retry_after: str | None) -> ApiError:
    """Read a refusal; what comes from a proxy need not be a Status."""
    try:
        told = msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        told = Status(message=body[:200].decode(errors="replace"))
    seconds = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
    return ApiError(status, told.reason or "Unknown", told.message, seconds)
