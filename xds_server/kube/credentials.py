"""Who we are to the kube-apiserver: a pod's ServiceAccount, or what `kubernetes` makes of a kubeconfig or a plugin."""

import asyncio
import os
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from xds_server.kube.service_account import ServiceAccount

LOAD_TIMEOUT = 60.0
"""Seconds for an exec plugin to answer, a person's login included."""
RELOAD_PAUSE = 10.0
"""Seconds between two readings of credentials that are refused."""
EXPIRY_MARGIN = 60.0
"""Seconds before its end at which a token of an exec plugin is fetched anew."""


class CredentialsError(Exception):
    """There are no credentials to be had; says where they were looked for."""


class Credentials:
    """Server, TLS and token; read again when they expire or are refused."""

    host: str
    tls: ssl.SSLContext | bool
    proxy: str | None
    server_name: str | None

    def __init__(self, kubeconfig: str | None = None, *, reload_pause: float = RELOAD_PAUSE) -> None:
        self._kubeconfig = kubeconfig
        self._lock = asyncio.Lock()
        self._reload_pause = reload_pause
        self._read_at = 0.0
        self._configuration: Any = None
        self._account: ServiceAccount | None = None
        self._expiry: datetime | None = None

    async def load(self) -> None:
        """Read everything anew; raises CredentialsError."""
        source = _source(self._kubeconfig, os.environ)
        if source is None:
            self._load_account()
        else:
            await self._load_kubeconfig(source)
        self._read_at = time.monotonic()

    def _load_account(self) -> None:
        try:
            self._account = ServiceAccount(os.environ)
            self.tls = ssl.create_default_context(cafile=self._account.authority)
        except (OSError, ValueError) as error:
            raise CredentialsError(f"the ServiceAccount of this pod: {error}") from error
        self.host = self._account.host
        self.proxy = _proxy(self.host)
        self.server_name = None

    async def _load_kubeconfig(self, source: str) -> None:
        from kubernetes.aio import config
        from kubernetes.aio.client import Configuration

        configuration = Configuration()
        kubernetes: Any = config
        try:
            async with asyncio.timeout(LOAD_TIMEOUT):
                loader = await kubernetes.load_kube_config(
                    config_file=source, client_configuration=configuration, persist_config=False
                )
            tls = _tls(configuration)
        except (config.ConfigException, OSError, TypeError, ValueError) as error:
            raise CredentialsError(f"{source}: {error}") from error
        except TimeoutError as error:
            raise CredentialsError(f"{source}: no credentials within {LOAD_TIMEOUT:.0f} seconds") from error
        self._configuration = configuration
        self._expiry = getattr(loader, "exec_plugin_expiry", None)
        self.host = str(configuration.host).rstrip("/")
        self.tls = tls
        self.proxy = configuration.proxy or _proxy(self.host)
        self.server_name = configuration.tls_server_name

    async def headers(self) -> dict[str, str]:
        """Return what to send with every request; a pod's token is read again every minute."""
        if self._account is not None:
            return {"Authorization": f"Bearer {self._account.token()}"}
        if self._expiry is not None and (self._expiry - datetime.now(UTC)).total_seconds() < EXPIRY_MARGIN:
            await self.refused()
        token = await self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        return {"Authorization": token.strip()} if token else {}

    async def refused(self) -> bool:
        """Read the credentials again, for these are no longer good; return whether there is hope in another try."""
        seen = self._read_at
        async with self._lock:
            if self._read_at != seen:
                return True
            if time.monotonic() - seen < self._reload_pause:
                return False
            await self.load()
            return True


def _source(kubeconfig: str | None, environment: Mapping[str, str]) -> str | None:
    """Choose the kubeconfig: named, KUBECONFIG, none within a pod (its ServiceAccount), the user's own."""
    if kubeconfig:
        return kubeconfig
    if environment.get("KUBECONFIG"):
        return environment["KUBECONFIG"]
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return None
    return str(Path.home() / ".kube" / "config")


def _proxy(host: str) -> str | None:
    """The proxy that the environment names for a host, asked once: aiohttp would ask for each request, in a thread."""
    url = urlsplit(host)
    if url.hostname is None or proxy_bypass(url.hostname):
        return None
    return getproxies().get(url.scheme)


def _tls(configuration: Any) -> ssl.SSLContext | bool:
    """Build the context that a Configuration asks for; `False` never occurs, plain HTTP has no use for it."""
    if not str(configuration.host).startswith("https"):
        return True
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert, cadata=configuration.ca_cert_data)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, keyfile=configuration.key_file)
    if configuration.disable_strict_ssl_verification:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
