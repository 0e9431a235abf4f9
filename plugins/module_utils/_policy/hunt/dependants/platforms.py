# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The platform that a call came from, by its user agent and its address.

Callers choose their user agent, and an intruder may imitate one. So a platform is a hint and never proof.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-application-id.html
https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html
"""

from __future__ import annotations

import enum
import ipaddress
import re
import typing as t


class Platform(enum.StrEnum):
    """A kind of place that credentials are used in."""

    ECS = "ecs"
    ECS_FARGATE = "ecs_fargate"
    ECS_EC2 = "ecs_ec2"
    LAMBDA = "lambda"
    EKS = "eks"
    EC2 = "ec2"
    CODEBUILD = "codebuild"
    CLOUDSHELL = "cloudshell"
    CONSOLE = "console"
    AWS_SERVICE = "aws_service"
    GITHUB_ACTIONS = "github_actions"
    GITLAB = "gitlab"
    JENKINS = "jenkins"
    TERRAFORM = "terraform"
    ANSIBLE = "ansible"
    PRIVATE_NETWORK = "private_network"
    UNKNOWN = "unknown"


# SDKs append "exec-env/" and the value of AWS_EXECUTION_ENV, which the services set.
_BY_AGENT: t.Final = tuple(
    (re.compile(pattern, re.IGNORECASE), platform)
    for pattern, platform in (
        (r"exec-env/AWS_ECS_FARGATE", Platform.ECS_FARGATE),
        (r"exec-env/AWS_ECS_EC2", Platform.ECS_EC2),
        (r"exec-env/AWS_Lambda", Platform.LAMBDA),
        (r"exec-env/CloudShell", Platform.CLOUDSHELL),
        (r"exec-env/AWS_CodeBuild|codebuild", Platform.CODEBUILD),
        (r"exec-env/\S*EKS|kubernetes|aws-node|amazon-vpc-cni", Platform.EKS),
        (r"exec-env/EC2|EC2-SSM-Agent|amazon-ssm-agent", Platform.EC2),
        (r"github-actions|configure-aws-credentials", Platform.GITHUB_ACTIONS),
        (r"gitlab", Platform.GITLAB),
        (r"jenkins", Platform.JENKINS),
        (r"terraform|opentofu", Platform.TERRAFORM),
        (r"ansible", Platform.ANSIBLE),
        (r"^(console|signin)\.amazonaws\.com|^Mozilla/|AWSConsole|S3Console", Platform.CONSOLE),
        (r"^[a-z0-9.-]+\.amazonaws\.com$|^AWS Internal$", Platform.AWS_SERVICE),
    )
)


def find_platform(user_agent: str, address: str) -> Platform:
    """Find the platform that a call came from."""
    for pattern, platform in _BY_AGENT:
        if pattern.search(user_agent):
            return platform
    return Platform.PRIVATE_NETWORK if _is_private(address) else Platform.UNKNOWN


def shorten_agent(user_agent: str) -> str:
    """Shorten a user agent to its tool without versions: ``Boto3/1.34 md/…`` to ``Boto3``."""
    return user_agent.strip().partition(" ")[0].partition("/")[0][:64] or "no user agent"


def _is_private(address: str) -> bool:
    """Whether an address is of a private network: a call through an endpoint of a VPC shows it."""
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False
