# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Platforms by user agents, as SDKs and tools write them."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.platforms import (
    Platform,
    find_platform,
    shorten_agent,
)


@pytest.mark.parametrize(
    ("agent", "address", "expected"),
    [
        ("Boto3/1.34 md/Botocore#1.34 exec-env/AWS_ECS_FARGATE", "203.0.113.10", Platform.ECS_FARGATE),
        ("aws-sdk-go-v2/1.30 exec-env/AWS_ECS_EC2", "10.0.0.1", Platform.ECS_EC2),
        ("Boto3/1.34 exec-env/AWS_Lambda_python3.13", "203.0.113.10", Platform.LAMBDA),
        ("aws-cli/2.31 exec-env/CloudShell", "203.0.113.10", Platform.CLOUDSHELL),
        ("aws-cli/2.31 exec-env/EC2", "203.0.113.10", Platform.EC2),
        ("configure-aws-credentials-for-github-actions", "203.0.113.10", Platform.GITHUB_ACTIONS),
        ("APN/1.0 HashiCorp/1.0 Terraform/1.9.0 (+https://www.terraform.io)", "203.0.113.10", Platform.TERRAFORM),
        ("APN/1.0 Ansible/2.18 Boto3/1.34", "203.0.113.10", Platform.ANSIBLE),
        ("Jenkins/2.400 aws-sdk-java/1.12", "203.0.113.10", Platform.JENKINS),
        ("Mozilla/5.0 (X11; Linux x86_64)", "203.0.113.10", Platform.CONSOLE),
        ("console.amazonaws.com", "203.0.113.10", Platform.CONSOLE),
        ("cloudformation.amazonaws.com", "cloudformation.amazonaws.com", Platform.AWS_SERVICE),
        ("aws-cli/2.31.0", "10.1.2.3", Platform.PRIVATE_NETWORK),
        ("aws-cli/2.31.0", "198.18.0.1.example", Platform.UNKNOWN),
        ("aws-cli/2.31.0", "8.8.8.8", Platform.UNKNOWN),
        ("", "", Platform.UNKNOWN),
    ],
)
def test_platforms_are_recognised(agent: str, address: str, expected: Platform) -> None:
    assert find_platform(agent, address) is expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Boto3/1.34 md/Botocore", "Boto3"),
        ("aws-cli/2.31.0", "aws-cli"),
        ("python-requests", "python-requests"),
        ("", "no user agent"),
        ("  ", "no user agent"),
        ("x" * 5000, "x" * 64),
    ],
)
def test_agents_lose_their_versions(agent: str, expected: str) -> None:
    """So that an upgrade makes no new consumer."""
    assert shorten_agent(agent) == expected
