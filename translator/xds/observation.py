"""What is observed of a Gateway's requests and connections, as fields of what serves them."""

from typing import Any, TypeAlias

from translator import ir
from translator.value import Ref
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

        fields["access_log"] = access_log.of_requests(observed.gateway, listener)
    return fields


def proxy_fields(observed: ir.Observation | None, listener: ir.Listener, route: Ref) -> dict[str, Any]:
    """Return what the proxy needs that serves a route of a listener that does not look into connections."""
    if observed is None or not observed.logged:
        return {}
    from translator.xds import access_log

    return {"access_log": access_log.of_stream(observed.gateway, listener, route)}


def clusters(observed: ir.Observation | None) -> tuple[str, ...]:
    """Name the clusters that this takes."""
    return () if observed is None or observed.tracer is None else (cluster_name(observed.tracer.cluster),)
