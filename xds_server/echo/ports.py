"""Where the backend listens."""

from translator.value import Value


class Ports(Value):
    """A port for each way to speak to it: 0 for any that is free, None for none at all."""

    http: int = 8080
    https: int | None = None
    tcp: int | None = None
    udp: int | None = None

    def way(self, transport: str, number: int | None) -> str | None:
        """Return by which way a port is spoken to, or None where nobody listens."""
        ways = ("udp",) if transport == "UDP" else ("http", "https", "tcp")
        return next((it for it in ways if number is not None and getattr(self, it) == number), None)
