"""Who is who: the server by a certificate, Envoys by their ServiceAccounts' tokens, people by theirs."""

from xds_server.kube.identity.accounts import Accounts
from xds_server.kube.identity.admission import FleetAdmission
from xds_server.kube.identity.keeper import AuthorityKeeper
from xds_server.kube.identity.mounted import MountedCertificate, in_folder
from xds_server.kube.identity.serving import ServingCertificate
from xds_server.kube.identity.tokens import AUDIENCE, TokenReviews
from xds_server.kube.identity.viewers import Viewers

__all__ = [
    "AUDIENCE",
    "Accounts",
    "AuthorityKeeper",
    "FleetAdmission",
    "MountedCertificate",
    "ServingCertificate",
    "TokenReviews",
    "Viewers",
    "in_folder",
]
