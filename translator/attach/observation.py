"""What is observed of a Gateway's requests: traced as a policy says, logged as its EnvoyParameters say."""

from translator import ir
from translator.value import Key, Lookup


def of_gateway(
    key: Key,
    gateway: object,
    tracers: Lookup[Key, ir.Tracer],
    infrastructures: Lookup[Key, ir.Infrastructure | ir.Held],
) -> ir.Observation | None:
    """Say what is observed, if anything; nothing is logged unless somebody asks for it."""
    tracer = tracers.get(key)
    found = infrastructures.get(key)
    log = found.parameters.access_log if isinstance(found, ir.Infrastructure) else None
    logged = log is not None and log.mode == "Enabled"
    return ir.Observation(key, tracer, logged) if logged or tracer is not None else None


def counted(key: Key, infrastructure: ir.Infrastructure | ir.Held) -> bool | None:
    """Say that the requests of a Gateway are counted by route, if that is asked for."""
    stats = infrastructure.parameters.stats if isinstance(infrastructure, ir.Infrastructure) else None
    return True if stats is not None and stats.routes else None
