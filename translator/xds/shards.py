"""Shards: a route table divided by a hash of the host, so that a change costs Envoy a part of the table.

A host has a key of 0 to 63, which Envoy computes as well: each bit says whether it has an odd number of characters of a
set. A shard has the virtual hosts of its own exact domains and a copy of every wildcard domain, so a request finds in
it what it would find in the whole table. How many shards there are follows from what the table holds and nothing else.
"""

from collections.abc import Iterable, Iterator

from translator import ir
from translator.value import Key, Lookup, Value
from translator.xds.names import shard_name
from translator.xds.resource import VirtualHost

SETS = (
    "03689acdeglmostuvwz.",
    "0157adhkmpqstxy-.",
    "0123458cefhijlmnqrtuvwy.",
    "056789abdefhlmopqru.",
    "012349ahinqsuwyz-.",
    "034578cdhjklmnoqtwy-.",
)
"""One set of characters per bit, lowest first; chosen so that numbers, words and random names spread evenly."""

KEYS = 1 << len(SETS)
COUNTS = (64, 16, 4)
"""Into how many shards a table may be divided: few steps, for at each the whole table is sent anew.

It is the most at once, unless wildcard hosts would be copied too often.
"""

_KEY_OF = {character: sum((character in of) << bit for bit, of in enumerate(SETS)) for character in "".join(SETS)}


class Sharding(Value):
    """When a table is divided."""

    table_bytes: int = 8 * 1024
    """What the exact hosts of a table come to, at least: some thirty hosts."""
    copies: int = 8
    """How many times all copies of wildcard hosts together the exact hosts come to, at least."""


def key_of(host: str) -> int:
    """Return the key of a host: what stands before a port counts, in whatever case."""
    key = 0
    for character in host.partition(":")[0].lower():
        key ^= _KEY_OF.get(character, 0)
    return key


def expression() -> str:
    """Return the CEL expression by which Envoy computes the key of a request; there is none that it fails for.

    Of each set a regular expression finds the hosts that have an even number of characters. What it makes of bytes that
    no exact domain has is of no importance: any shard has what such a host may find.
    """
    return "+".join(f"(request.host.matches('{_even(of)}')?0:{1 << bit})" for bit, of in enumerate(SETS))


def _even(characters: str) -> str:
    """Match hosts with an even number of some characters before the port; in a class a hyphen comes last."""
    both = "".join(sorted({*characters, *characters.upper()} - {"-"})) + ("-" if "-" in characters else "")
    return f"^[^:{both}]*([{both}][^:{both}]*[{both}][^:{both}]*)*(:|$)"


def weigh(key: ir.HostKey, host: VirtualHost) -> Iterator[tuple[tuple[Key, str, bool], int]]:
    """Add a virtual host to what its table comes to, in bytes: to what would be copied, or to what is divided."""
    yield (key.gateway, key.table, is_copied(key.domain)), len(host.frame)


def count(key: tuple[Key, str], _: object, weights: Lookup[tuple[Key, str, bool], int], sharding: Sharding) -> int:
    """Return how many shards a table has."""
    gateway, table = key
    divided, copied = (weights.get((gateway, table, copied)) or 0 for copied in (False, True))
    return next((n for n in COUNTS if divided >= max(sharding.table_bytes, n * sharding.copies * copied)), 1)


def is_copied(domain: str) -> bool:
    """Whether a domain may have hosts of any key."""
    return domain.startswith("*")


def places(table: str, shards: int, domain: str) -> Iterable[str]:
    """Name the shards of a table that have a domain."""
    if shards == 1:
        return (table,)
    if is_copied(domain):
        return [shard_name(table, shards, nth) for nth in range(shards)]
    return (shard_name(table, shards, key_of(domain) % shards),)
