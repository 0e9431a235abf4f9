# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trust policies, the printed steps, and the names that go into both."""

from __future__ import annotations

import datetime as dt
import shlex
import typing as t

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.declared import (
    Declared,
    Workload,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.handover import describe_step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.trusts import (
    Place,
    build_trust,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.validate import validate

ACCOUNT: t.Final = "111122223333"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/workload/job"
ISSUER: t.Final = "oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF"
GITHUB: t.Final = "token.actions.githubusercontent.com"
PLACE: t.Final = Place(ACCOUNT, "aws", "eu-west-1", ISSUER)
WORKLOAD: t.Final = Workload(
    "job",
    "svc",
    cluster="apps",
    namespace="shop",
    service_account="orders",
    repository="Example/shop",
    environment="production",
    instances=("i-0123456789abcdef0",),
)


def condition(platform: Target, workload: Workload = WORKLOAD, place: Place = PLACE) -> t.Any:
    (statement,) = build_trust(workload, platform, place)["Statement"]
    return statement.get("Condition")


def test_each_trust_policy_admits_its_workload_alone() -> None:
    assert condition(Target.EC2) is condition(Target.LAMBDA) is None
    assert condition(Target.ECS) == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    assert condition(Target.EKS_POD_IDENTITY)["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/apps",
        "aws:RequestTag/kubernetes-namespace": "shop",
        "aws:RequestTag/kubernetes-service-account": "orders",
    }
    assert condition(Target.EKS_IRSA) == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": "system:serviceaccount:shop:orders",
        }
    }
    assert condition(Target.GITHUB) == {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": "repo:Example/shop:environment:production",
        }
    }
    by_branch = Workload("job", "svc", repository="a@1/b@2", branch="release/1.0")
    subject = condition(Target.GITHUB, by_branch)["StringEquals"][f"{GITHUB}:sub"]
    assert subject == "repo:a@1/b@2:ref:refs/heads/release/1.0"


def test_no_trust_policy_is_faulty_in_any_partition() -> None:
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        for platform in Target:
            document = build_trust(WORKLOAD, platform, Place(ACCOUNT, partition, "eu-west-1", ISSUER))
            parse(document)
            issues = validate(document, kind=Kind.TRUST, partition=partition)
            assert [str(issue) for issue in issues if issue.severity.value == "error"] == [], platform
    (statement,) = build_trust(WORKLOAD, Target.EC2, Place(ACCOUNT, "aws-cn", "cn-north-1"))["Statement"]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com.cn"}


def test_the_step_of_each_platform_names_the_role() -> None:
    for platform in Target:
        lines = describe_step(WORKLOAD, platform, ROLE, "eu-west-1")
        assert "job" in " ".join(lines)
        for line in lines:
            if line.startswith("$ "):
                assert shlex.split(line[2:])[0] in ("aws", "kubectl")
    workflow = [line for line in describe_step(WORKLOAD, Target.GITHUB, ROLE, "eu-west-1") if line.startswith("    ")]
    job = yaml.safe_load("\n".join(workflow))
    assert job["permissions"]["id-token"] == "write"
    assert job["environment"] == "production"
    assert job["steps"][0]["with"]["role-to-assume"] == ROLE


def declare(**workload: t.Any) -> Declared:
    options = {"stage": "assess", "role_path": "/workload/", "verify_days": 14}
    given = {"name": "job", "user": "svc", **workload}
    return Declared.from_options({**options, "workloads": [given]}, today=dt.date(2026, 11, 28))


EKS: t.Final = {"platform": "eks_irsa", "cluster": "apps", "namespace": "shop", "service_account": "orders"}
REPOSITORY: t.Final = {"platform": "github", "repository": "example/shop", "branch": "main"}


@pytest.mark.parametrize(
    "workload",
    [
        *({**REPOSITORY, "repository": name} for name in ("example/*", "*/*", "example", "a/b:c", "a/b$(id)", "a//b")),
        *({**REPOSITORY, "branch": name} for name in ("*", "release/*", "-x", "a..b", "a b", "main:x", "a/", "${x}")),
        {**REPOSITORY, "branch": "", "environment": "prod*"},
        {**REPOSITORY, "environment": "production"},
        {**REPOSITORY, "branch": ""},
        *({**EKS, "namespace": name} for name in ("*", "Shop", "shop:default", "-shop", "")),
        *({**EKS, "service_account": name} for name in ("*", "orders:x", "or\nders", "ord?rs", "Orders")),
        *({**EKS, "cluster": name} for name in ("*", "a/b", "a;id")),
        {"platform": "ec2", "instances": ["i-0123; id"]},
        {"platform": "lambda", "function": "f; id"},
        {"platform": "ecs", "task_definition": "a:*"},
        {"platform": "on-premises"},
        {"name": "a/b"},
        {"name": ""},
        {"user": "svc/x"},
        {"key": "ASIA1234567890123456"},
        {"role": "a/b"},
        {"region": "eu-west-1; id"},
        {"boundary": "arn:aws:iam::111122223333:role/x"},
    ],
)
def test_hostile_and_missing_names_are_refused(workload: dict[str, t.Any]) -> None:
    with pytest.raises(InputError, match=r"workloads|boundary"):
        declare(**workload)


def test_names_that_the_services_allow_are_taken() -> None:
    for workload in (REPOSITORY, EKS, {**REPOSITORY, "repository": "octo-org@123/octo.repo@456", "branch": "a/b-1.0"}):
        assert declare(**workload).workloads[0].name == "job"
