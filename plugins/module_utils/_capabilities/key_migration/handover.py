# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The exact step for people: how a workload gets the credentials of its role, and loses the key. Pure.

This collection writes IAM alone. In every SDK, credentials in the environment win over those of a role, so each step
removes them: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .declared import Workload
from .model import Target

_VARIABLES: t.Final = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
# The new role only has what was called with the key.
_FORMER: t.Final = "Give the new role what the workload used its former role for."


def describe_step(workload: Workload, platform: Target, role_arn: str, region: str) -> tuple[str, ...]:
    """Describe the step of one workload, a line each. Lines that begin with ``$`` are commands."""
    return tuple(_STEPS[platform](workload, role_arn, region))


def _step_ec2(workload: Workload, role_arn: str, region: str) -> Sequence[str]:
    name = role_arn.rpartition("/")[2]
    instances = workload.instances or ("<instance id>",)
    return (
        f"$ aws iam create-instance-profile --instance-profile-name {name}",
        f"$ aws iam add-role-to-instance-profile --instance-profile-name {name} --role-name {name}",
        *(
            f"$ aws ec2 associate-iam-instance-profile --region {region} --instance-id {one} "
            f"--iam-instance-profile Name={name}"
            for one in instances
        ),
        *(
            f"$ aws ec2 modify-instance-metadata-options --region {region} --instance-id {one} --http-tokens required"
            for one in instances
        ),
        f"For an instance with a profile: aws ec2 replace-iam-instance-profile-association. {_FORMER}",
        f"Remove {_VARIABLES} and ~/.aws/credentials from the instance, and restart the program.",
    )


def _step_ecs(workload: Workload, role_arn: str, region: str) -> Sequence[str]:
    family = workload.task_definition or "<family>"
    return (
        f"$ aws ecs describe-task-definition --region {region} --task-definition {family}",
        f'Register a new revision with "taskRoleArn": "{role_arn}", and without {_VARIABLES} in the environment '
        "and the secrets of its containers.",
        f"For a task that has a role: {_FORMER}",
        f"$ aws ecs update-service --region {region} --cluster <cluster> --service <service> "
        f"--task-definition {family}",
    )


def _step_lambda(workload: Workload, role_arn: str, region: str) -> Sequence[str]:
    function = workload.function or "<function>"
    return (
        f"Remove the variables that hold the key from the environment of {function}. Lambda reserves {_VARIABLES}, so "
        "the key has other names there.",
        f"$ aws lambda update-function-configuration --region {region} --function-name {function} --role {role_arn}",
        "Publish a new version where versions are called: each keeps the role that it was published with.",
        f"{_FORMER} A function also needs AWSLambdaBasicExecutionRole, or the like, to write its logs.",
    )


def _step_pods(workload: Workload, role_arn: str, region: str) -> Sequence[str]:
    return (
        f"$ aws eks create-pod-identity-association --region {region} --cluster-name {workload.cluster} "
        f"--namespace {workload.namespace} --service-account {workload.service_account} --role-arn {role_arn}",
        "The cluster needs the add-on eks-pod-identity-agent. Session tags of the association have to stay enabled.",
        _restart(workload),
    )


def _step_irsa(workload: Workload, role_arn: str, _region: str) -> Sequence[str]:
    return (
        f"$ kubectl annotate serviceaccount --namespace {workload.namespace} {workload.service_account} "
        f"eks.amazonaws.com/role-arn={role_arn}",
        _restart(workload),
    )


def _restart(workload: Workload) -> str:
    return f"Remove {_VARIABLES} from the pods of {workload.service_account}, and restart them."


def _step_github(workload: Workload, role_arn: str, region: str) -> Sequence[str]:
    environment = (f"    environment: {workload.environment}",) if workload.environment else ()
    return (
        f"In the workflow of {workload.repository}:",
        *environment,
        "    permissions:",
        "      id-token: write",
        "      contents: read",
        "    steps:",
        "      - uses: aws-actions/configure-aws-credentials@v5",
        "        with:",
        f"          role-to-assume: {role_arn}",
        f"          aws-region: {region}",
        f"Remove the secrets {_VARIABLES} from the repository, and from where the workflow reads them.",
    )


_STEPS: t.Final = {
    Target.EC2: _step_ec2,
    Target.ECS: _step_ecs,
    Target.LAMBDA: _step_lambda,
    Target.EKS_POD_IDENTITY: _step_pods,
    Target.EKS_IRSA: _step_irsa,
    Target.GITHUB: _step_github,
}
