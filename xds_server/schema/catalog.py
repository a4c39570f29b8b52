"""The definitions of a channel: which kinds and versions there are, and what each admits."""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, TypeAlias

from translator.value import Value
from xds_server.schema import core, findings, metadata
from xds_server.schema.findings import FieldPath, Violation, field_path
from xds_server.schema.structural import visitor
from xds_server.schema.visit import Compiler, Findings, Visit

Document: TypeAlias = dict[str, Any]

DATA = resources.files(__package__) / "data"
CORE = "core"
OWN = "own"
SERVER_OWNED = frozenset({"apiVersion", "kind", "metadata", "status"})


class Channel(StrEnum):
    """A release channel of the Gateway API."""

    STANDARD = "standard"
    EXPERIMENTAL = "experimental"


class Admitted(Value):
    """What a kube-apiserver makes of a document.

    `document` is defaulted and pruned; it is what would be stored where there are no violations, and must not be used
    where there are. `unknown` are the fields that were pruned: kubectl refuses them, the server drops them silently.
    """

    document: Document
    violations: tuple[Violation, ...] = ()
    unknown: tuple[FieldPath, ...] = ()


class Served:
    """A version of a kind that the channel serves."""

    def __init__(self, source: Mapping[str, Any], visit_spec: Visit, visit_metadata: Visit) -> None:
        self.kind: str = source["kind"]
        self.namespaced: bool = source["namespaced"]
        self._name: str = source.get("name", "dns1123-subdomain")
        self._complete: Callable[[Document], Document] | None = (
            core.COMPLETIONS.get(self.kind) if "name" in source else None
        )
        self._visit, self._visit_metadata = visit_spec, visit_metadata

    def admit(self, document: Mapping[str, Any]) -> Admitted:
        """Default, prune and validate a document as on create; `status` is dropped, as the server drops it."""
        found = Findings()
        body = {key: value for key, value in document.items() if key not in SERVER_OWNED}
        seen = {
            "apiVersion": document["apiVersion"],
            "kind": document["kind"],
            "metadata": metadata.metadata(
                document.get("metadata"), self._visit_metadata, self._name, self.namespaced, found
            ),
            **self._visit(body, (), found),
        }
        found.judge()
        if self._complete is not None and not found.violations:
            seen = self._complete(seen)
        return Admitted(seen, tuple(found.violations), tuple(map(field_path, found.unknown)))


class Unserved:
    """A version of a known kind that the channel does not serve, or does not know."""

    def __init__(self, source: Mapping[str, Any], api_version: str) -> None:
        self.kind: str = source["kind"]
        self.namespaced: bool = source["namespaced"]
        served = ", ".join(version["name"] for version in source["versions"] if version["served"])
        detail = f"{self.kind} is not served in this version; served are: {served}"
        self._violation = findings.invalid(((), "apiVersion"), detail, api_version)

    def admit(self, document: Mapping[str, Any]) -> Admitted:
        """Refuse any document, naming the versions that are served."""
        return Admitted(dict(document), (self._violation,))


Definition: TypeAlias = Served | Unserved


class Catalog:
    """The kinds of a channel, the core kinds and our own; each is read and compiled when it is first asked for."""

    def __init__(self, channel: Channel) -> None:
        self._files: Mapping[str, Traversable] = {
            file.name.removesuffix(".json"): file
            for folder in (CORE, OWN, channel)
            for file in (DATA / folder).iterdir()
        }
        self._compiler = Compiler()
        self._metadata = visitor(_read(DATA / "metadata.json"), self._compiler)
        self._definitions: dict[tuple[str, str], Definition | None] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of all kinds, sorted."""
        return tuple(sorted(self._files))

    def definition(self, api_version: str, kind: str) -> Definition | None:
        """Return what admits documents of a kind in a version, or None where the kind is not one of ours."""
        if kind not in self._files:
            return None
        if (api_version, kind) not in self._definitions:
            self._definitions[api_version, kind] = self._load(api_version, kind)
        return self._definitions[api_version, kind]

    def _load(self, api_version: str, kind: str) -> Definition | None:
        group, _, version = api_version.rpartition("/")
        source = _read(self._files[kind])
        if source["group"] != group:
            return None
        schemas = {row["name"]: row["schema"] for row in source["versions"] if row["served"]}
        if version not in schemas:
            return Unserved(source, api_version)
        schema = schemas[version]
        shared = schemas[schema] if isinstance(schema, str) else schema
        return Served(source, visitor(shared, self._compiler), self._metadata)


def catalog(channel: Channel) -> Catalog:
    """Open a channel's definitions."""
    return Catalog(channel)


def _read(file: Traversable) -> dict[str, Any]:
    source: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return source
