# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters of EKS: pods that have a role, and access entries that name one or can't be read."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.clusters import (
    CLUSTERS,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.reader import Want

from .planted import NEW, OLD, REGION, Code, FakeReader, read, read_consumers, read_namers, target, trusting

Record = dict[str, t.Any]


def cluster(mode: str = "API", role: str = "") -> Record:
    return {"cluster": {"name": "apps", "arn": "c/apps", "roleArn": role, "accessConfig": {"authenticationMode": mode}}}


def reader_of(**more: t.Any) -> FakeReader:
    return FakeReader(**{"ListClusters": ["apps"], "DescribeCluster": cluster(), **more})


def test_pod_identity_associations_are_described_one_by_one() -> None:
    listed = [{"associationId": "a-1", "associationArn": "a/1", "namespace": "shop", "serviceAccount": "web"}]
    described = {"association": {"roleArn": OLD, "targetRoleArn": NEW}}
    reader = reader_of(ListPodIdentityAssociations=listed, DescribePodIdentityAssociation=described)
    role, target_role = read_consumers(CLUSTERS, reader, target(trusting("pods.eks")))
    assert (role.kind, role.resource, role.has_moved) == ("pod", "a/1", False)
    assert role.detail == "service account shop/web of apps"
    assert role.move == (
        "aws eks update-pod-identity-association --cluster-name apps --association-id a-1 "
        f"--role-arn {NEW} --region {REGION}, then restart the pods"
    )
    assert target_role.has_moved is True and "--target-role-arn" in target_role.move


def test_associations_are_not_read_for_roles_that_pods_can_not_assume() -> None:
    reader = reader_of()
    assert read_consumers(CLUSTERS, reader, target(trusting("ec2"))) == []
    assert "ListPodIdentityAssociations" not in reader.asked


def test_the_role_of_a_cluster_can_not_be_changed() -> None:
    (found,) = read_consumers(CLUSTERS, reader_of(DescribeCluster=cluster(role=OLD)), target(trusting("eks")))
    assert (found.kind, found.resource) == ("cluster", "c/apps")


def test_an_access_entry_is_made_anew_with_its_groups_and_policies() -> None:
    entry = {"accessEntryArn": "e/1", "type": "STANDARD", "kubernetesGroups": ["viewers", "deployers"]}
    policies = [
        {"policyArn": "p/view", "accessScope": {"type": "namespace", "namespaces": ["shop", "web"]}},
        {"policyArn": "p/admin", "accessScope": {"type": "cluster"}},
    ]
    reader = reader_of(
        ListAccessEntries=[OLD, f"{OLD}-other"],
        DescribeAccessEntry={"accessEntry": entry},
        ListAssociatedAccessPolicies=policies,
    )
    (found,) = read_namers(CLUSTERS, reader, target())
    assert (found.kind, found.resource, found.where, found.names_new) == ("access_entry", "e/1", "grant", False)
    assert found.adapt == (
        f"aws eks create-access-entry --cluster-name apps --principal-arn {NEW} "
        f"--kubernetes-groups viewers deployers --region {REGION} && "
        f"aws eks associate-access-policy --cluster-name apps --principal-arn {NEW} --policy-arn p/view "
        f"--access-scope type=namespace,namespaces=shop,web --region {REGION} && "
        f"aws eks associate-access-policy --cluster-name apps --principal-arn {NEW} --policy-arn p/admin "
        f"--access-scope type=cluster --region {REGION}"
    )


def test_an_entry_of_nodes_keeps_its_type_and_another_entry_names_the_new_role() -> None:
    entry = {"accessEntry": {"accessEntryArn": "e/1", "type": "EC2_LINUX", "kubernetesGroups": ["system:nodes"]}}
    (found,) = read_namers(CLUSTERS, reader_of(ListAccessEntries=[OLD, NEW], DescribeAccessEntry=entry), target())
    assert found.names_new and "--type EC2_LINUX" in found.adapt and "--kubernetes-groups" not in found.adapt


def test_entries_that_can_not_be_read_are_noted_and_not_taken_for_none() -> None:
    reader = reader_of(ListAccessEntries=Code("AccessDeniedException"))
    assert read(CLUSTERS, reader, target()) == []
    assert reader.notes == [(Want.NAMERS, "apps", "AccessDeniedException")]


def test_the_config_map_of_a_cluster_can_not_be_asked_for() -> None:
    for mode, asked in (("CONFIG_MAP", False), ("API_AND_CONFIG_MAP", True), ("", True)):
        reader = reader_of(DescribeCluster=cluster(mode))
        read(CLUSTERS, reader, target())
        ((want, about, text),) = reader.notes
        assert (want, about) == (Want.NAMERS, "apps") and "aws-auth" in text
        assert ("ListAccessEntries" in reader.asked) is asked
