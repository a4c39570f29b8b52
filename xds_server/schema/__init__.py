"""Documents as a kube-apiserver would judge them: validated, pruned, defaulted. Pure but for reading its own data."""

from xds_server.schema.catalog import Admitted, Catalog, Channel, Definition, catalog
from xds_server.schema.findings import Cause, FieldPath, Violation

__all__ = ["Admitted", "Catalog", "Cause", "Channel", "Definition", "FieldPath", "Violation", "catalog"]
