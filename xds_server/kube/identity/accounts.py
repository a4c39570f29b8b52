"""Which ServiceAccount the Envoys of each Gateway run as."""

from collections.abc import Iterable

from translator.pipeline import InfrastructureChange
from translator.value import Key
from xds_server.kube.fleet.names import object_name


class Accounts:
    """Follows what Gateways run on; on every replica, for all of them serve Envoys."""

    def __init__(self) -> None:
        self._accounts: dict[Key, Key] = {}

    def want(self, changes: Iterable[InfrastructureChange]) -> None:
        """Take note of what Gateways run on from now on."""
        for gateway, infrastructure in changes:
            if infrastructure is None:
                self._accounts.pop(gateway, None)
            else:
                name = object_name(gateway.name, infrastructure.class_name)
                self._accounts[gateway] = Key(gateway.namespace, name)

    def get(self, gateway: Key) -> Key | None:
        """Return the ServiceAccount that was made for a Gateway's Envoys; None where the Gateway is none of ours."""
        return self._accounts.get(gateway)
