"""What every listener says that finds its route table by scopes: cases write `scoped_routes: http/80` and no more.

The scopes themselves are asked for here, in every case: one for each of 64 keys, and one that keeps the table.
"""

from collections.abc import Iterator
from typing import Any

HEADER = "x-gatehouse-scope"
ADS = {"ads": {}, "resource_api_version": "V3"}
MUTATION = "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
FOUND_BY = {
    "name": "scopes",
    "scope_key_builder": {
        "fragments": [{"header_value_extractor": {"name": HEADER, "element_separator": ",", "index": 0}}]
    },
    "rds_config_source": ADS,
    "scoped_rds": {"scoped_rds_config_source": ADS},
}


def shortened(sections: dict[str, Any]) -> dict[str, Any]:
    """Check and shorten what is said of scopes in all that one Gateway gets."""
    places = {_shorten(it) for it in _managers(sections) if "scoped_routes" in it}
    printed = {it["name"]: it for it in sections.pop("scopes", ())}
    assert printed == {name: scope for place in places for name, scope in _scopes(place).items()}
    for table in sections.get("routes") or ():
        removed = table.pop("request_headers_to_remove", None)
        assert removed == ([HEADER] if table["name"].rpartition("/")[0] in places else None)
    return sections


def _managers(sections: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for listener in sections.get("listeners") or ():
        for chain in listener.get("filter_chains", ()):
            yield from (it["typed_config"] for it in chain.get("filters", ()))


def _shorten(manager: dict[str, Any]) -> str:
    """Say where a table is found in one word; what the expression comes to is for a real Envoy to find out."""
    *others, extension = manager.pop("early_header_mutation_extensions")
    if others:
        manager["early_header_mutation_extensions"] = others
    [mutation] = extension["typed_config"].pop("mutations")
    assert extension == {"name": "scope", "typed_config": {"@type": MUTATION}}
    header = mutation["append"]["header"]
    place, _, expression = header.pop("value").partition("/%CEL(")
    assert mutation == {"append": {"header": {"key": HEADER}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
    assert expression.count("request.host.matches(") == 6
    assert manager["scoped_routes"] == FOUND_BY
    manager["scoped_routes"] = place
    return place


def _scopes(place: str) -> dict[str, Any]:
    """Return the scopes of a table that is not divided."""
    names = [*(f"{place}/{key}" for key in range(64)), f"hold/{place}/0"]
    return {
        name: {
            "name": name,
            "route_configuration_name": f"{place}/0",
            "key": {"fragments": [{"string_key": name}]},
        }
        for name in names
    }
