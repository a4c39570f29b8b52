"""Which route is older."""

from translator import ir
from translator.api.routes import Route
from translator.value import Ref


def age(ref: Ref, route: Route) -> ir.Age:
    """Return what routes that tie are ordered by: creation, then `namespace/name`, then kind."""
    return ir.Age(route.metadata.creation_timestamp, f"{ref.namespace}/{ref.name}", ref.kind)
