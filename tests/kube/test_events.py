"""Events: told at the object, once and with a count, and never a flood."""

import asyncio
from pathlib import Path

from tests.kube.apiserver import serving
from translator.value import Key, Ref
from translator.xds.resource import ResourceType
from xds_server.kube.events import Recorder
from xds_server.kube.ledger import AGAIN, BURST, FORGET, Ledger, Said
from xds_server.refusals import Refusal

CART, EDGE = Ref("HTTPRoute", "shop", "cart"), Ref("Gateway", "shop", "edge")
ROOT = "/apis/gateway.networking.k8s.io/v1/namespaces/shop"
BAD = Said(CART, "RefusedByEnvoy", "bad regex")


def write(ledger: Ledger, now: float) -> list[int]:
    """Write what is due; return the counts."""
    counts = []
    for _, series in ledger.due(now):
        counts.append(series.count)
        ledger.wrote(series, series.count, now)
    return counts


def test_what_is_said_is_written_at_once() -> None:
    ledger = Ledger()
    assert ledger.say(BAD, 0.0)
    assert write(ledger, 0.0) == [1]
    assert ledger.next_at() == float("inf")


def test_what_is_said_again_is_counted_and_written_seldom() -> None:
    ledger = Ledger()
    ledger.say(BAD, 0.0)
    write(ledger, 0.0)
    for second in range(1, 40):
        ledger.say(BAD, float(second))
    assert write(ledger, 40.0) == []
    assert ledger.next_at() == AGAIN
    assert write(ledger, AGAIN) == [40]


def test_what_is_said_again_much_later_is_news() -> None:
    ledger = Ledger()
    ledger.say(BAD, 0.0)
    write(ledger, 0.0)
    ledger.say(Said(EDGE, "Other", "words"), FORGET + 1)
    ledger.say(BAD, FORGET + 1)
    assert write(ledger, FORGET + 1) == [1, 1]


def test_an_object_of_which_too_much_is_said_is_passed_over() -> None:
    ledger = Ledger()
    said = [ledger.say(Said(CART, "RefusedByEnvoy", f"words {nth}"), 0.0) for nth in range(BURST + 5)]
    assert said.count(True) == BURST
    assert ledger.say(Said(EDGE, "RefusedByEnvoy", "words"), 0.0)
    assert ledger.say(Said(CART, "RefusedByEnvoy", "words anew"), FORGET + 1)


def test_a_refusal_is_told_at_the_gateway_and_at_the_route_that_caused_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as (server, client):
            for ref, plural in ((CART, "httproutes"), (EDGE, "gateways")):
                server.put(f"{ROOT}/{plural}/{ref.name}", {"metadata": {"name": ref.name, "namespace": "shop"}})
            recorder = Recorder(client, "gatehouse.dev/gateway-controller", "gatehouse-7f-x")
            refusal = Refusal(Key("shop", "edge"), ResourceType.ROUTE, "http/80/0", "a.example.com", "1", "bad regex")
            recorder.refused(refusal, (CART,))
            task = asyncio.create_task(recorder.run())
            await server.until(lambda: len(server.writes) == 2)
            task.cancel()
            bodies = {it.body["regarding"]["kind"]: it.body for it in server.writes}
            assert bodies.keys() == {"Gateway", "HTTPRoute"}
            assert bodies["HTTPRoute"]["regarding"] == {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "namespace": "shop",
                "name": "cart",
                "uid": f"uid-{ROOT}/httproutes/cart",
                "resourceVersion": "1",
            }
            assert bodies["HTTPRoute"]["note"] == (
                "Envoy of Gateway shop/edge refuses route http/80/0, host a.example.com: bad regex"
            )

    asyncio.run(main())


def test_an_object_that_is_gone_is_told_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as (server, client):
            recorder = Recorder(client, "gatehouse.dev/gateway-controller", "gatehouse-7f-x")
            recorder.warn(CART, "RefusedByEnvoy", "bad regex")
            task = asyncio.create_task(recorder.run())
            await server.until(lambda: server.reads == 1)
            await server.until(lambda: recorder._ledger.next_at() == float("inf"))
            task.cancel()
            assert server.writes == []

    asyncio.run(main())
