"""Who is who on the xDS connection: the server by a certificate, the Envoys by their ServiceAccounts' tokens."""

from xds_server.kube.identity.accounts import Accounts
from xds_server.kube.identity.admission import FleetAdmission
from xds_server.kube.identity.keeper import AuthorityKeeper
from xds_server.kube.identity.mounted import MountedCertificate, in_folder
from xds_server.kube.identity.serving import ServingCertificate
from xds_server.kube.identity.tokens import AUDIENCE, TokenReviews

__all__ = [
    "AUDIENCE",
    "Accounts",
    "AuthorityKeeper",
    "FleetAdmission",
    "MountedCertificate",
    "ServingCertificate",
    "TokenReviews",
    "in_folder",
]
