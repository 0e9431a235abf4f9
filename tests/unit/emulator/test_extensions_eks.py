# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access entries and Pod Identity associations of seeded clusters, as boto3 reads them."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import account, serving

TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "eks.amazonaws.com"}}],
}
OPS: t.Final = "arn:aws:iam::123456789012:role/ci/ops"
VIEW: t.Final = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def cluster(**settings: t.Any) -> dict[str, t.Any]:
    return {"role": "eks", **settings}


@pytest.fixture(scope="module")
def eks() -> t.Iterator[t.Any]:
    clusters = {
        "apps": cluster(
            entries={OPS: {"groups": ["deployers"], "policies": [VIEW]}, f"{OPS}2": {"type": "EC2_LINUX"}},
            pods={"shop/web": {"role": OPS}},
            addons=["eks-pod-identity-agent"],
        ),
        "old": cluster(mode="CONFIG_MAP"),
        "closed": cluster(denied=["ListAccessEntries"]),
    }
    seed = account(roles={"eks": {"trust": TRUST}}, regions={"us-east-1": {"clusters": clusters}})
    with serving(seed) as seeded:
        yield seeded.client("eks")


def test_entries_are_listed_by_their_principals_in_pages(eks: t.Any) -> None:
    first = eks.list_access_entries(clusterName="apps", maxResults=1)
    assert first["accessEntries"] == [OPS]
    rest = eks.list_access_entries(clusterName="apps", nextToken=first["nextToken"])
    assert rest["accessEntries"] == [f"{OPS}2"] and "nextToken" not in rest


def test_an_entry_has_groups_type_and_policies(eks: t.Any) -> None:
    entry = eks.describe_access_entry(clusterName="apps", principalArn=OPS)["accessEntry"]
    assert (entry["kubernetesGroups"], entry["type"]) == (["deployers"], "STANDARD")
    assert entry["accessEntryArn"].startswith("arn:aws:eks:us-east-1:123456789012:access-entry/apps/role/")
    (policy,) = eks.list_associated_access_policies(clusterName="apps", principalArn=OPS)["associatedAccessPolicies"]
    assert (policy["policyArn"], policy["accessScope"]["type"]) == (VIEW, "cluster")


def test_the_list_of_associations_has_no_roles(eks: t.Any) -> None:
    (listed,) = eks.list_pod_identity_associations(clusterName="apps")["associations"]
    assert (listed["namespace"], listed["serviceAccount"]) == ("shop", "web") and "roleArn" not in listed
    described = eks.describe_pod_identity_association(clusterName="apps", associationId=listed["associationId"])
    assert described["association"]["roleArn"] == OPS


def test_the_mode_of_a_cluster_is_described(eks: t.Any) -> None:
    described = eks.describe_cluster(name="apps")["cluster"]
    assert described["accessConfig"]["authenticationMode"] == "API"
    assert described["roleArn"] == "arn:aws:iam::123456789012:role/eks"


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("list_access_entries", {"clusterName": "old"}, "InvalidRequestException"),
        ("list_access_entries", {"clusterName": "closed"}, "AccessDeniedException"),
        ("list_access_entries", {"clusterName": "none"}, "ResourceNotFoundException"),
        ("describe_access_entry", {"clusterName": "apps", "principalArn": f"{OPS}3"}, "ResourceNotFoundException"),
    ],
)
def test_answers_that_are_errors(eks: t.Any, operation: str, parameters: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(eks, operation)(**parameters)
    assert caught.value.response["Error"]["Code"] == code


def test_an_add_on_is_active_if_the_seed_has_it(eks: t.Any) -> None:
    addon = eks.describe_addon(clusterName="apps", addonName="eks-pod-identity-agent")["addon"]
    assert (addon["addonName"], addon["clusterName"], addon["status"]) == ("eks-pod-identity-agent", "apps", "ACTIVE")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        eks.describe_addon(clusterName="old", addonName="eks-pod-identity-agent")
