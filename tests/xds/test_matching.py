from envoy_data_plane.envoy.type import v3 as type_v3

from translator import ir
from translator.xds.matching import route_match


def test_a_share_is_a_fraction_of_a_million() -> None:
    """Growing shares split the requests of one match: Envoy compares all of them with one number per request."""
    fraction = route_match(ir.Match(ir.Path("prefix", "/"), share=125_000)).runtime_fraction
    assert fraction is not None
    assert fraction.default_value == type_v3.FractionalPercent(
        numerator=125_000, denominator=type_v3.FractionalPercentDenominatorType.MILLION
    )
    assert route_match(ir.Match(ir.Path("prefix", "/"))).runtime_fraction is None
