"""What the routes of a Gateway say of spans: encoded once for all of them, and added to each."""

from collections.abc import Iterator

from translator import ir
from translator.attach.attributes import OF_ROUTES
from translator.value import Key, Ref, Value
from translator.xds import attributes
from translator.xds.names import cluster_name


class EncodedSpans(Value):
    """Fields of Route, framed."""

    common: bytes
    of_routes: tuple[tuple[str, str], ...] = ()
    """(tag, attribute) pairs whose values differ from route to route."""

    def of_route(self, route: ir.Route, served: ir.Served) -> bytes:
        """Return what is added to an encoded route."""
        if not self.of_routes:
            return self.common
        from translator.xds import tracing

        values = {"http.route": route.match.path.value, "server.port": str(served.port)}
        return self.common + tracing.tag_fields([(tag, values[key]) for tag, key in self.of_routes if values[key]])


def encode(key: object, spans: ir.Spans) -> EncodedSpans:
    """Encode what a Gateway's routes say of spans."""
    from translator.xds import tracing  # not before it is asked for: its messages take MiBs

    common = [it for it in spans.tags if not _differs(it)]
    own = tuple((it.name, it.value) for it in spans.tags if _differs(it))
    return EncodedSpans(tracing.common_fields(spans, [(it, attributes.of_tag(it)) for it in common]), own)


def clusters_used(gateway: Key, tracer: ir.Tracer) -> Iterator[tuple[tuple[Key, str], ir.HostKey, bool]]:
    """Name the cluster that a Gateway's connection managers need."""
    nobody = ir.ListenerKey(Ref("Gateway", *gateway), "")
    yield (gateway, cluster_name(tracer.cluster)), ir.HostKey(gateway, "", "", nobody), True


def _differs(tag: ir.Tag) -> bool:
    return tag.source == "attribute" and tag.value in OF_ROUTES
