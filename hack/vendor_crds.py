"""Turn the Gateway API's CustomResourceDefinitions, and our own, into the compact JSON that `xds_server.schema` reads.

    python hack/vendor_crds.py "$(go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)"

One file per channel and kind. Kept: names, scope, versions, and of each served version what validates, prunes or
defaults a document. Left out: descriptions, printer columns, the schemas of versions that are not served, and `status`,
which a kube-apiserver drops from what a user writes. Integers-or-strings are taken as they are.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent.parent / "xds_server" / "schema" / "data"
CHANNELS = ("standard", "experimental")
OWN = Path(__file__).parent.parent / "deploy" / "crds"
ANYTHING = "x-kubernetes-preserve-unknown-fields"
IGNORED = {"description", "x-kubernetes-map-type"}
KEPT = {
    *("type", "format", "default", "enum", "pattern", "required", "properties", "additionalProperties", "items"),
    *("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "minProperties", "maxProperties"),
    *(
        ANYTHING,
        "not",
        "anyOf",
        "oneOf",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-validations",
    ),
}
RULE = {"rule", "message"}
SERVER_OWNED = {"apiVersion", "kind", "metadata", "status"}


def compact(schema: dict[str, Any]) -> dict[str, Any]:
    """Keep what validates; raises ValueError on a keyword that `xds_server.schema` does not implement."""
    if schema.get("x-kubernetes-int-or-string"):
        return {ANYTHING: True}
    if unread := (schema.keys() - KEPT - IGNORED) | {
        key for rule in schema.get("x-kubernetes-validations", ()) for key in rule.keys() - RULE
    }:
        raise ValueError(f"keywords that nothing implements: {sorted(unread)}")
    return {key: compact_keyword(key, value) for key, value in schema.items() if key in KEPT}


def compact_keyword(key: str, value: Any) -> Any:
    """Descend into the keywords that hold schemas."""
    match key:
        case "properties":
            return {name: compact(child) for name, child in value.items()}
        case "items" | "additionalProperties" | "not":
            return compact(value)
        case "anyOf" | "oneOf":
            return [compact(child) for child in value]
        case _:
            return value


def user_written(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out the fields that every object has, and those that only the server writes."""
    properties = {name: child for name, child in schema["properties"].items() if name not in SERVER_OWNED}
    return {**schema, "properties": properties}


def versions(crd: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each version, v1 first; a schema equal to an earlier version's is that version's name."""
    seen: dict[str, str] = {}
    for version in sorted(crd["spec"]["versions"], key=lambda version: (len(version["name"]), version["name"])):
        row = {"name": version["name"], "served": version["served"]}
        if version["served"]:
            schema = compact(user_written(version["schema"]["openAPIV3Schema"]))
            row["schema"] = seen.get(json.dumps(schema), schema)
            seen.setdefault(json.dumps(schema), version["name"])
        yield row


def definition(crd: dict[str, Any]) -> dict[str, Any]:
    """One kind as `xds_server.schema.catalog` reads it."""
    spec = crd["spec"]
    return {
        "group": spec["group"],
        "kind": spec["names"]["kind"],
        "namespaced": spec["scope"] == "Namespaced",
        "versions": list(versions(crd)),
    }


def texts(crds: Path) -> Iterator[tuple[str, str]]:
    """The name and content of a file for each definition in a folder."""
    for source in sorted(crds.glob("*.yaml")):
        for document in yaml.load_all(source.read_text(), Loader=yaml.CSafeLoader):
            if document and document.get("kind") == "CustomResourceDefinition":
                row = definition(document)
                yield f"{row['kind']}.json", json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n"


def write(crds: Path, folder: Path) -> None:
    """Write a folder's data anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in texts(crds):
        (folder / name).write_text(text)


def main(module: Path | None) -> None:
    """Write the data of both channels, if their module is given, and of our own kinds anew."""
    if module is not None:
        for channel in CHANNELS:
            write(module / "config" / "crd" / channel, DATA / channel)
    write(OWN, DATA / "own")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
