# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EKS: access entries, Pod Identity associations and add-ons, which moto lacks. All of them come from the seed.

https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations_Amazon_Elastic_Kubernetes_Service.html
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from moto.core.responses import ActionResult
from moto.eks import urls
from moto.eks.exceptions import EKSError, InvalidRequestException, ResourceNotFoundException
from moto.eks.models import Cluster, EKSBackend
from moto.eks.responses import EKSResponse

Record = dict[str, t.Any]

#: The authentication mode of a cluster without entries: only the ConfigMap aws-auth lets anybody in.
CONFIG_MAP: t.Final = "CONFIG_MAP"
_CLUSTER: t.Final = "{0}/clusters/(?P<name>[^/]+)"


class AccessDeniedError(EKSError):
    """The answer to a call that a policy denies."""

    TYPE = "AccessDeniedException"
    STATUS = 403


@dataclasses.dataclass
class Access:
    """Who may enter a cluster: entries by principal, associations by id. ``denied`` are operations that are refused.

    ``addons`` are the names of its add-ons.
    """

    entries: dict[str, Record] = dataclasses.field(default_factory=dict)
    policies: dict[str, list[Record]] = dataclasses.field(default_factory=dict)
    associations: dict[str, Record] = dataclasses.field(default_factory=dict)
    denied: tuple[str, ...] = ()
    addons: tuple[str, ...] = ()


def access_of(cluster: Cluster) -> Access:
    """The access of a cluster, which is kept on it."""
    found: Access = cluster.__dict__.setdefault("emulated_access", Access())
    return found


def set_mode(cluster: Cluster, mode: str) -> None:
    """Set the authentication mode of a cluster."""
    cluster.__dict__["access_config"] = {"authenticationMode": mode}


def list_access_entries(response: EKSResponse) -> ActionResult:
    """ListAccessEntries: the ARNs of the principals only."""
    access = _open(response, "ListAccessEntries")
    return ActionResult(_page(response, "accessEntries", sorted(access.entries)))


def describe_access_entry(response: EKSResponse) -> ActionResult:
    """DescribeAccessEntry."""
    access, principal = _open(response, "DescribeAccessEntry"), response._get_param("principalArn")
    return ActionResult({"accessEntry": _find(access.entries, principal)})


def list_associated_access_policies(response: EKSResponse) -> ActionResult:
    """ListAssociatedAccessPolicies of one access entry."""
    access, principal = _open(response, "ListAssociatedAccessPolicies"), response._get_param("principalArn")
    _find(access.entries, principal)
    listed = _page(response, "associatedAccessPolicies", access.policies.get(principal, []))
    return ActionResult({**listed, "clusterName": response._get_param("name"), "principalArn": principal})


def list_pod_identity_associations(response: EKSResponse) -> ActionResult:
    """ListPodIdentityAssociations: summaries, without the roles."""
    access = _open(response, "ListPodIdentityAssociations")
    kept = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")
    found = [{key: one[key] for key in kept} for one in access.associations.values()]
    return ActionResult(_page(response, "associations", found))


def describe_pod_identity_association(response: EKSResponse) -> ActionResult:
    """DescribePodIdentityAssociation."""
    access = _open(response, "DescribePodIdentityAssociation")
    return ActionResult({"association": _find(access.associations, response._get_param("associationId"))})


def describe_addon(response: EKSResponse) -> ActionResult:
    """DescribeAddon."""
    access, name = _open(response, "DescribeAddon"), response._get_param("addonName")
    found = {one: {"addonName": one, "clusterName": response._get_param("name")} for one in access.addons}
    return ActionResult({"addon": {**_find(found, name), "status": "ACTIVE"}})


def _open(response: EKSResponse, operation: str) -> Access:
    """The access of the cluster that a request names. Raises EKSError: there is none, or the operation is refused."""
    backend: EKSBackend = response.eks_backend
    name = response._get_param("name")
    cluster = backend.clusters.get(name)
    if cluster is None:
        raise ResourceNotFoundException(message=f"No cluster found for name: {name}.")
    access = access_of(cluster)
    if operation in access.denied:
        raise AccessDeniedError(
            message=(
                f"User is not authorized to perform: eks:{operation} on resource: {cluster.arn} with an explicit deny "
                "in a service control policy"
            )
        )
    mode = cluster.__dict__.get("access_config", {}).get("authenticationMode", CONFIG_MAP)
    if mode == CONFIG_MAP and "Access" in operation:
        raise InvalidRequestException(message="The cluster's authentication mode must be set to one of [API, ...]")
    return access


def _find(known: t.Mapping[str, Record], name: str) -> Record:
    if name not in known:
        raise ResourceNotFoundException(message=f"The specified resource could not be found: {name}")
    return known[name]


def _page(response: EKSResponse, key: str, found: t.Sequence[t.Any]) -> Record:
    start, most = int(response._get_param("nextToken") or 0), int(response._get_param("maxResults") or 100)
    following = {"nextToken": str(start + most)} if start + most < len(found) else {}
    return {key: list(found[start : start + most]), **following}


@functools.cache
def install() -> None:
    """Give moto's EKS these operations, once, before its first application is made."""
    for operation in (
        list_access_entries,
        describe_access_entry,
        list_associated_access_policies,
        list_pod_identity_associations,
        describe_pod_identity_association,
        describe_addon,
    ):
        setattr(EKSResponse, operation.__name__, operation)
    for path in (
        "/access-entries$",
        "/access-entries/(?P<principalArn>.+)/access-policies$",
        "/access-entries/(?P<principalArn>.+)$",
        "/pod-identity-associations$",
        "/pod-identity-associations/(?P<associationId>[^/]+)$",
        "/addons/(?P<addonName>[^/]+)$",
    ):
        urls.url_paths[f"{_CLUSTER}{path}"] = urls.response.dispatch
