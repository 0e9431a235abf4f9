# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Clusters of EKS: the pods that have a role, and the access entries that name one.

https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..model import Namer
from .naming import GRANT
from .reader import Found, Reader, Record, Service, Want, make_command, make_use
from .targets import Target, Targets

_GONE: t.Final = ("ResourceNotFoundException",)
# AWS makes the entries of nodes itself, and takes no groups for them.
_STANDARD: t.Final = "STANDARD"


def _read_clusters(reader: Reader, targets: Targets) -> Iterator[Found]:
    for name in reader.items("eks", "ListClusters", "clusters"):
        answer = reader.ask("eks", "DescribeCluster", {"name": name}, about=name, of=Want.NAMERS, absent=_GONE)
        cluster = (answer or {}).get("cluster") or {}
        match = targets.find(cluster.get("roleArn"))
        if match is not None:
            move = "the role of a cluster can't be changed: make a new cluster"
            yield make_use(match, "cluster", cluster["arn"], reader.region, move, name)
        yield from _read_entries(reader, targets, name, cluster)
        if targets.admit("pods.eks"):
            yield from _read_associations(reader, targets, name)


# Pods


def _read_associations(reader: Reader, targets: Targets, cluster: str) -> Iterator[Found]:
    """Read the Pod Identity associations of a cluster: the list has no roles."""
    asked = {"clusterName": cluster}
    listed = reader.list("eks", "ListPodIdentityAssociations", "associations", asked, about=cluster, of=Want.CONSUMERS)
    for one in listed or ():
        which = {**asked, "associationId": one["associationId"]}
        answer = reader.ask(
            "eks", "DescribePodIdentityAssociation", which, about=cluster, of=Want.CONSUMERS, absent=_GONE
        )
        association = (answer or {}).get("association") or {}
        for member, option in (("roleArn", "--role-arn"), ("targetRoleArn", "--target-role-arn")):
            match = targets.find(association.get(member))
            if match is not None:
                update = ("eks", "update-pod-identity-association", "--cluster-name", cluster, "--association-id")
                command = make_command(
                    *update, one["associationId"], option, match.target.replacement, region=reader.region
                )
                detail = f"service account {one['namespace']}/{one['serviceAccount']} of {cluster}"
                move = f"{command}, then restart the pods"
                yield make_use(match, "pod", one["associationArn"], reader.region, move, detail)


# Access entries


def _read_entries(reader: Reader, targets: Targets, cluster: str, described: Record) -> Iterator[Found]:
    mode = (described.get("accessConfig") or {}).get("authenticationMode") or ""
    if mode != "API":
        text = "the ConfigMap aws-auth may name the role: AWS can't be asked for it"
        reader.note(text, of=Want.NAMERS, about=cluster)
    if mode == "CONFIG_MAP":
        return
    asked = {"clusterName": cluster}
    listed = reader.list("eks", "ListAccessEntries", "accessEntries", asked, about=cluster, of=Want.NAMERS)
    entries = frozenset(listed or ())
    for target in targets.all:
        if target.arn in entries:
            yield _describe_entry(reader, target, cluster, has_new=target.new_arn in entries)


def _describe_entry(reader: Reader, target: Target, cluster: str, *, has_new: bool) -> Found:
    asked = {"clusterName": cluster, "principalArn": target.arn}
    answer = reader.ask("eks", "DescribeAccessEntry", asked, about=cluster, of=Want.NAMERS, absent=_GONE)
    entry = (answer or {}).get("accessEntry") or {}
    policies = reader.list(
        "eks", "ListAssociatedAccessPolicies", "associatedAccessPolicies", asked, about=cluster, of=Want.NAMERS
    )
    arn = entry.get("accessEntryArn") or f"{cluster} {target.arn}"
    adapt = _create_entry(target, cluster, entry, policies or (), reader.region)
    return Found(target, Namer("access_entry", arn, reader.account_id, GRANT, has_new, adapt))


def _create_entry(target: Target, cluster: str, entry: Record, policies: tuple[Record, ...], region: str) -> str:
    named = ("--cluster-name", cluster, "--principal-arn", target.replacement)
    words = ["eks", "create-access-entry", *named]
    kind = entry.get("type") or _STANDARD
    if kind == _STANDARD:
        groups = entry.get("kubernetesGroups") or ()
        words += ["--kubernetes-groups", *groups] if groups else []
    else:
        words += ["--type", kind]
    steps = [make_command(*words, region=region)]
    for one in policies:
        scope = one.get("accessScope") or {}
        spaces = ",".join(scope.get("namespaces") or ())
        shown = f"type={scope.get('type') or 'cluster'}" + (f",namespaces={spaces}" if spaces else "")
        more = ("--policy-arn", one["policyArn"], "--access-scope", shown)
        steps.append(make_command("eks", "associate-access-policy", *named, *more, region=region))
    return " && ".join(steps)


CLUSTERS: t.Final = Service(
    "the clusters of EKS",
    "eks",
    frozenset(
        {"eks:DescribeAccessEntry", "eks:DescribeCluster", "eks:DescribePodIdentityAssociation"}
        | {"eks:ListAccessEntries", "eks:ListAssociatedAccessPolicies"}
        | {"eks:ListClusters", "eks:ListPodIdentityAssociations"}
    ),
    _read_clusters,
    trusted=("pods.eks", "eks"),
    has_policies=True,
)
