"""The tables of docs/metrics.md say what there is, and dashboards and rules ask for nothing else."""

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from tests.monitoring.expressions import grouped, metrics, of_dashboards, of_rules, selected
from tests.monitoring.listed import OF_ENVOY, OURS, Family
from xds_server import metrics as exported
from xds_server.standing import Standing

ASKED = (*of_dashboards(), *of_rules())
OF_PROMETHEUS = {"job", "instance", "le"}


def test_every_metric_that_we_count_is_listed_with_its_labels() -> None:
    wrappers = [it for it in vars(exported).values() if isinstance(it, MetricWrapperBase)]
    found = {
        Family(family.name + ("_total" if family.type == "counter" else ""), family.type, frozenset(it._labelnames))
        for it in wrappers
        for family in it.describe()
        if family.type != "info"
    }
    assert {OURS[it.name] for it in found} == found


def test_every_metric_of_gateways_is_listed() -> None:
    found = {Family(it.name, it.type, frozenset(it._labelnames)) for it in Standing().collect()}
    assert {OURS[it.name] for it in found} == found


def test_all_that_is_listed_is_in_the_registry() -> None:
    found = {
        it.name + ("_total" if it.type == "counter" else "_info" if it.type == "info" else "")
        for it in REGISTRY.collect()
    }
    assert OURS.keys() <= found
    assert {it for it in found if it.startswith(("gatehouse_", "process_"))} == OURS.keys()


def test_dashboards_and_rules_ask_for_what_is_listed() -> None:
    for place, text in ASKED:
        missing = metrics(text) - OURS.keys() - OF_ENVOY.keys()
        assert not missing, f"{place} asks for {missing}"


def test_what_is_listed_of_envoys_is_what_dashboards_and_rules_ask_for() -> None:
    asked = {name for _, text in ASKED for name in metrics(text) if name.startswith("envoy_")}
    assert asked == OF_ENVOY.keys()


def test_dashboards_and_rules_select_and_group_by_labels_that_are_listed() -> None:
    known = OURS | OF_ENVOY
    for place, text in ASKED:
        for name, labels in selected(text):
            if name in known:
                assert labels <= known[name].labels | OF_PROMETHEUS, f"{place}: {name} has no {labels}"
        available = {label for name in metrics(text) if name in known for label in known[name].labels}
        recorded = {"gateway"} if "gateway:" in text else set()
        assert grouped(text) <= available | recorded | OF_PROMETHEUS, place
