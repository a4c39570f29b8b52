"""Path changes in Envoy's words (HTTPPathModifier, gateway-api apis/v1/httproute_types.go)."""

import re

from envoy_data_plane.envoy.type.matcher import v3 as matcher_v3

from translator import ir
from translator.xds import wire
from translator.xds.matching import path_prefix


def prefix_change(
    change: ir.PathChange, match: ir.Path
) -> tuple[str | None, matcher_v3.RegexMatchAndSubstitute | None]:
    """Return the prefix_rewrite or else the regex_rewrite that puts a new prefix in the place of the matched one.

    Replacement is by path elements and a slash at the end of either prefix means nothing: /foo/bar with /foo replaced
    by /xyz/ is /xyz/bar. A replacement with nothing has to take the slash that follows, so that a slash remains.
    """
    matched, new = path_prefix(match.value), path_prefix(change.value)
    if not matched:
        return f"{new}/", None
    if new:
        return new, None
    pattern = wire.new(matcher_v3.RegexMatcher, regex=f"^{re.escape(matched)}/*")
    return None, wire.new(matcher_v3.RegexMatchAndSubstitute, pattern=pattern, substitution="/")
