# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Caller, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.detection import Detection
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.inferring import complete
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.observe import (
    add_trust,
    read_evidence,
    read_instances,
)

from .test_detection import BOTO, call
from .test_inferring import ON_NODE, ON_TWO, REGION, situation

ACCOUNT: t.Final = "111122223333"
ISSUER: t.Final = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
PROVIDER: t.Final = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
SERVICE_ACCOUNT: t.Final = {"namespace": "shop", "service_account": "orders"}
ACTIVE: t.Final = {"addon": {"status": "ACTIVE"}}
STARTED: t.Final = datetime(2026, 11, 1, tzinfo=UTC)
TAG: t.Final = {"Key": "kubernetes.io/cluster/apps", "Value": "owned"}


class FakeAws:
    """Answers of EKS and EC2. An answer that is an error is raised."""

    def __init__(self, addon: t.Any = None, **cluster: t.Any) -> None:
        self.addon = addon
        self.cluster = {"name": "apps", "identity": {"oidc": {"issuer": f"https://{ISSUER}"}}, **cluster}
        self.asked: list[t.Any] = []

    def call(self, _service: str, operation: str, parameters: t.Any, *, region: str) -> t.Any:
        self.asked.append((operation, parameters, region))
        answer = {"cluster": self.cluster} if operation == "DescribeCluster" else self.addon
        if isinstance(answer, Exception):
            raise answer
        return answer

    def items(self, _service: str, _operation: str, _key: str, parameters: t.Any, *, region: str) -> list[t.Any]:
        (asked,) = parameters["Filters"]
        self.asked.append((asked["Name"], len(asked["Values"]), region))
        interface = {"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.5"}, {"PrivateIpAddress": "10.0.0.6"}]}
        node = {"InstanceId": "i-1", "LaunchTime": STARTED, "Tags": [TAG], "NetworkInterfaces": [interface]}
        return [{"Instances": [node]}] if {"10.0.0.5", "10.0.0.6"} & set(asked["Values"]) else []

    def gather(self, calls: Mapping[str, Callable[[], t.Any]]) -> dict[str, t.Any]:
        return {name: call() for name, call in calls.items()}


def make_error(kind: type[AwsError]) -> AwsError:
    return kind("no", operation="eks:DescribeAddon", code=kind.__name__)


def find(aws: FakeAws, detection: Detection = ON_NODE, provider: str = "", **declared: str) -> Mapping[str, t.Any]:
    caller = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/x", "AIDAEXAMPLE")
    providers = (provider,) if provider else ()
    snapshot = Snapshot(caller, "aws", REGION, STARTED, (), oidc_provider_arns=providers)
    return add_trust(t.cast(Access, aws), snapshot, complete(situation(detection, **declared)))


@pytest.mark.parametrize(
    ("aws", "provider", "platform"),
    [
        (FakeAws(ACTIVE), PROVIDER, Target.EKS_POD_IDENTITY),
        (FakeAws(make_error(NotFound), computeConfig={"enabled": True}), "", Target.EKS_POD_IDENTITY),
        (FakeAws(make_error(NotFound)), PROVIDER, Target.EKS_IRSA),
        (FakeAws({"addon": {"status": "CREATE_FAILED"}}), PROVIDER, Target.EKS_IRSA),
    ],
)
def test_the_way_of_pods_is_the_one_that_the_cluster_is_ready_for(
    aws: FakeAws, provider: str, platform: Target
) -> None:
    found = find(aws, provider=provider, **SERVICE_ACCOUNT)
    assert found["platform"] is platform
    (statement,) = found["trust"]["Statement"]
    names = {text for values in statement["Condition"].values() for text in values.values()}
    assert "orders" in names or "system:serviceaccount:shop:orders" in names
    # The cluster and its region come from the node.
    assert ("DescribeCluster", {"name": "apps"}, REGION) in aws.asked


@pytest.mark.parametrize("provider", [PROVIDER, ""])
def test_an_agent_that_cannot_be_read_is_not_taken_for_none(provider: str) -> None:
    """With a provider the role would else be made for the other way."""
    found = find(FakeAws(make_error(AccessDenied)), provider=provider, **SERVICE_ACCOUNT)
    rule, reason = found["obstacle"]
    assert (rule, set(found)) == ("unread", {"obstacle"}) and "eks-pod-identity-agent" in reason


def test_only_the_service_account_is_asked_for() -> None:
    found = find(FakeAws(ACTIVE))
    assert found["platform"] is Target.EKS_POD_IDENTITY
    assert found["obstacle"] == (
        "incomplete",
        "name runs on eks_pod_identity; declare namespace and service_account",
    )


def test_a_cluster_that_is_ready_for_no_way_and_unclear_clusters_stop_the_move() -> None:
    rule, reason = find(FakeAws(make_error(NotFound)), **SERVICE_ACCOUNT)["obstacle"]
    assert rule == "platform_unclear" and "no agent of Pod Identity and no identity provider" in reason
    aws = FakeAws(ACTIVE)
    rule, reason = find(aws, ON_TWO, **SERVICE_ACCOUNT)["obstacle"]
    assert (rule, aws.asked) == ("incomplete", []) and "the evidence is in eu-west-1, us-east-1" in reason


def test_instances_are_found_by_all_their_addresses_in_questions_that_aws_takes() -> None:
    aws = FakeAws()
    found, unread = read_instances(t.cast(Access, aws), [REGION], [f"10.0.0.{number}" for number in range(250)])
    assert set(found) == {"10.0.0.5", "10.0.0.6"} and unread == ()
    (node,) = found["10.0.0.6"]
    assert (node.id, node.region, node.clusters) == ("i-1", REGION, ("apps",))
    assert sorted(number for _name, number, _region in aws.asked) == [50, 50, 200, 200]
    assert read_instances(t.cast(Access, FakeAws()), [REGION], []) == ({}, ())


class DeniedAws(FakeAws):
    """EC2 answers in one region alone."""

    def items(self, service: str, operation: str, key: str, parameters: t.Any, *, region: str) -> list[t.Any]:
        if region != REGION:
            raise make_error(AccessDenied)
        return super().items(service, operation, key, parameters, region=region)

    def gather(self, calls: Mapping[str, Callable[[], t.Any]]) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        for name, ask in calls.items():
            try:
                found[name] = ask()
            except AwsError as error:
                found[name] = error
        return found

    def reach(self, _regions: t.Any) -> t.Any:
        return types.SimpleNamespace(regions=[REGION, "eu-north-1"])


def test_instances_that_cannot_be_read_are_named_with_what_was_not_searched() -> None:
    aws = t.cast(Access, DeniedAws())
    found, unread = read_instances(aws, [REGION, "eu-north-1"], ["10.0.0.5"])
    assert set(found) == {"10.0.0.5"}
    assert unread == (f"the instances that have the addresses of callers can't be read: {make_error(AccessDenied)}",)
    caller = call(BOTO, "10.0.0.5")
    evidence = read_evidence(aws, None, [caller], [])
    assert evidence.of([caller], "AKIA").unsearched == unread
