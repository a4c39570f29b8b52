"""Header changes in Envoy's words."""

from typing import TypedDict

from envoy_data_plane.envoy.config.core import v3 as core_v3

from translator import ir
from translator.xds import wire

REPLACE = core_v3.HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
APPEND = core_v3.HeaderValueOptionHeaderAppendAction.APPEND_IF_EXISTS_OR_ADD


class HeaderFields(TypedDict, total=False):
    """The four header fields that Route and WeightedCluster.ClusterWeight share."""

    request_headers_to_add: list[core_v3.HeaderValueOption]
    request_headers_to_remove: list[str]
    response_headers_to_add: list[core_v3.HeaderValueOption]
    response_headers_to_remove: list[str]


def header_fields(request: ir.HeaderChanges, response: ir.HeaderChanges) -> HeaderFields:
    """Return the fields that make these changes; where nothing changes, none."""
    fields = HeaderFields()
    if request != ir.NO_CHANGES:
        fields["request_headers_to_add"] = _added(request)
        fields["request_headers_to_remove"] = list(request.remove)
    if response != ir.NO_CHANGES:
        fields["response_headers_to_add"] = _added(response)
        fields["response_headers_to_remove"] = list(response.remove)
    return fields


def literal(text: str) -> str:
    """Escape text where Envoy would look for substitution commands such as `%REQ(x)%`."""
    return text.replace("%", "%%")


def _added(changes: ir.HeaderChanges) -> list[core_v3.HeaderValueOption]:
    return [_option(name, value, REPLACE) for name, value in changes.set] + [
        _option(name, value, APPEND) for name, value in changes.add
    ]


def _option(name: str, value: str, action: core_v3.HeaderValueOptionHeaderAppendAction) -> core_v3.HeaderValueOption:
    return wire.new(
        core_v3.HeaderValueOption,
        header=wire.new(core_v3.HeaderValue, key=name, value=literal(value)),
        append_action=action,
    )
