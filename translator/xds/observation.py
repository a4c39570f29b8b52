"""What is observed of a Gateway's requests, as fields of its connection managers."""

from typing import Any, TypeAlias

from translator import ir
from translator.xds.names import cluster_name

ManagerFields: TypeAlias = dict[str, Any]
"""Fields of an HttpConnectionManager."""


def manager_fields(observed: ir.Observation | None, listener: str) -> ManagerFields:
    """Return what a listener's connection manager needs; messages are not imported before they are asked for."""
    fields: ManagerFields = {}
    if observed is not None and observed.tracer is not None:
        from translator.xds import tracing

        fields |= tracing.manager_fields(observed.tracer)
    if observed is not None and observed.logged:
        from translator.xds import access_log

        fields |= access_log.manager_fields(observed.gateway, listener)
    return fields


def clusters(observed: ir.Observation | None) -> tuple[str, ...]:
    """Name the clusters that this takes."""
    return () if observed is None or observed.tracer is None else (cluster_name(observed.tracer.cluster),)
