"""Objects as YAML: the fields that are read, without those that only say what holds anyway; no secret's content."""

from typing import Any

import msgspec
import yaml

from translator.api import core
from translator.api.kinds import KINDS, Object
from xds_server.rendering import REDACTED


def as_yaml(kind: str, found: Object) -> str:
    """Write an object as people write it."""
    document = {"apiVersion": KINDS[kind].api_version, "kind": kind, **_document(found)}
    if isinstance(found, core.Secret):
        document["data"] = dict.fromkeys(sorted(found.data or ()), REDACTED)
    written: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return written


def _document(found: msgspec.Struct) -> dict[str, Any]:
    document = {}
    for field in msgspec.structs.fields(found):
        value = getattr(found, field.name)
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        if field.required or (value is not None and value != default):
            document[field.encode_name] = _plain(value)
    return document


def _plain(value: Any) -> Any:
    match value:
        case msgspec.Struct():
            return _document(value)
        case tuple() | list():
            return [_plain(it) for it in value]
        case dict():
            return {name: _plain(it) for name, it in value.items()}
        case bytes():
            return REDACTED
        case _:
            return value
