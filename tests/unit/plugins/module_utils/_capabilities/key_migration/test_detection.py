# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.detection import (
    contradicts,
    detect,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import Target
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.find import Confidence
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.platforms import Platform
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumer

NOW: t.Final = datetime(2026, 11, 28, tzinfo=UTC)
BOTO: t.Final = "Boto3/1.40.0 md/Botocore#1.40.0"


def call(agent: str, address: str = "198.51.100.7") -> Consumer:
    return Consumer("AKIAEXAMPLE", address, agent, 1, NOW, NOW)


@pytest.mark.parametrize(
    ("agents", "platform", "words"),
    [
        ([f"{BOTO} exec-env/EC2"], Target.EC2, ""),
        ([f"{BOTO} exec-env/AWS_ECS_FARGATE", f"{BOTO} exec-env/AWS_ECS_EC2"], Target.ECS, ""),
        ([f"{BOTO} exec-env/AWS_Lambda_python3.13"], Target.LAMBDA, ""),
        (["aws-sdk-nodejs/3.9 configure-aws-credentials-for-github-actions"], Target.GITHUB, ""),
        ([f"{BOTO} exec-env/EKS"], None, "eks_irsa, eks_pod_identity"),
        ([f"{BOTO} exec-env/AWS_ECS_FARGATE", f"{BOTO} exec-env/AWS_Lambda_python3.13"], None, "several platforms"),
        ([f"{BOTO} exec-env/AWS_ECS_FARGATE", BOTO], None, "is not certain"),
        (["gitlab-runner 17"], None, "gitlab is no platform"),
        ([BOTO], None, "is not certain"),
        ([], None, "no calls"),
    ],
)
def test_a_platform_is_detected_if_all_calls_name_it(agents: list[str], platform: Target | None, words: str) -> None:
    found = detect(map(call, agents), {})
    assert found.platform is platform
    assert words in found.reason


def test_the_address_of_an_instance_is_no_more_than_a_hint() -> None:
    """Pods and tasks call from the address of their node."""
    found = detect([call(BOTO, "10.0.0.5")], {"10.0.0.5": "i-0123456789abcdef0"})
    (caller,) = found.callers
    assert (caller.platform, caller.confidence) == (Platform.EC2, Confidence.INFERRED)
    assert "i-0123456789abcdef0" in caller.why
    assert found.platform is None


def test_another_declared_platform_than_the_calls_name_is_shown() -> None:
    named = detect([call(f"{BOTO} exec-env/AWS_Lambda_python3.13")], {})
    assert contradicts(named, Target.ECS)
    assert not contradicts(named, Target.LAMBDA)
    assert not contradicts(detect([call(BOTO)], {}), Target.ECS)
