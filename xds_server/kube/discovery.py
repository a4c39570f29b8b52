"""Which kinds the kube-apiserver serves, and in which version: v1 first, older ones where there is no other.

Asked again and again, which any ServiceAccount may, instead of watching CustomResourceDefinitions, which few may.
"""

import asyncio
from collections.abc import Iterable, Mapping
from http import HTTPStatus

import msgspec

from translator.api.kinds import Kind
from xds_server.kube.client import Client
from xds_server.kube.errors import ApiError

BUILT_IN = ("", "discovery.k8s.io")
"""Groups that every kube-apiserver serves."""


class Version(msgspec.Struct, frozen=True):
    """A version of a group."""

    version: str


class Group(msgspec.Struct, frozen=True):
    """metav1.APIGroup."""

    versions: tuple[Version, ...] = ()


class Resource(msgspec.Struct, frozen=True):
    """metav1.APIResource; a subresource has a slash in its name."""

    name: str
    verbs: tuple[str, ...] = ()


class Resources(msgspec.Struct, frozen=True):
    """metav1.APIResourceList."""

    resources: tuple[Resource, ...] | None = ()


_group = msgspec.json.Decoder(Group).decode
_resources = msgspec.json.Decoder(Resources).decode


async def served(client: Client, kinds: Iterable[Kind]) -> Mapping[str, str]:
    """Map each kind that can be listed and watched to the apiVersion to do it in.

    Raises KubeError or msgspec.DecodeError where the question was not answered: then nothing is known to be missing.
    """
    kinds = tuple(kinds)
    found = {kind.name: kind.api_version for kind in kinds if kind.group in BUILT_IN}
    groups = sorted({kind.group for kind in kinds} - set(BUILT_IN))
    offered = dict(zip(groups, await asyncio.gather(*(_offered(client, group) for group in groups)), strict=True))
    for kind in kinds:
        of_group = offered.get(kind.group, {})
        version = next((version for version in kind.versions if kind.plural in of_group.get(version, ())), None)
        if version is not None:
            found[kind.name] = f"{kind.group}/{version}"
    return found


async def _offered(client: Client, group: str) -> dict[str, frozenset[str]]:
    """Map the versions of a group to what each serves."""
    return {version: await _plurals(client, f"/apis/{group}/{version}") for version in await _versions(client, group)}


async def _versions(client: Client, group: str) -> tuple[str, ...]:
    """Name the versions of a group; none where no definition of it is installed."""
    try:
        return tuple(each.version for each in _group(await client.get(f"/apis/{group}")).versions)
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return ()
        raise


async def _plurals(client: Client, path: str) -> frozenset[str]:
    """Name what a version serves; nothing where it has just gone."""
    try:
        resources = _resources(await client.get(path)).resources or ()
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return frozenset()
        raise
    return frozenset(each.name for each in resources if "list" in each.verbs and "watch" in each.verbs)
