# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""All known ways to more rights, and the resources that their actions are on."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping

from . import methods_existing, methods_iam, methods_limits, methods_pass_role, methods_pass_role_further
from .methods_schema import Method

METHODS: t.Final[tuple[Method, ...]] = (
    *methods_iam.METHODS,
    *methods_limits.METHODS,
    *methods_pass_role.METHODS,
    *methods_pass_role_further.METHODS,
    *methods_existing.METHODS,
)

# Things that are made or used for it: the resource part of the ARN by the action's service, and by the action where
# it is another one. Empty: the action knows no resources, and its policy has to say Resource "*". From the Service
# Authorization Reference: https://docs.aws.amazon.com/service-authorization/latest/reference/
RESOURCES: t.Final[Mapping[str, str]] = {
    "apprunner": "service/escalation/0123456789abcdef",
    "autoscaling:CreateAutoScalingGroup": "autoScalingGroup:escalation:autoScalingGroupName/escalation",
    "autoscaling:CreateLaunchConfiguration": "launchConfiguration:escalation:launchConfigurationName/escalation",
    "autoscaling:UpdateAutoScalingGroup": "autoScalingGroup:escalation:autoScalingGroupName/escalation",
    "batch:RegisterJobDefinition": "job-definition/escalation",
    "batch:SubmitJob": "job/escalation",
    "bedrock-agentcore": "code-interpreter-custom/escalation",
    "bedrock-agentcore:CreateCodeInterpreter": "",
    "cloudformation": "stack/escalation/escalation",
    "cloudformation:CreateStackInstances": "stackset/escalation:escalation",
    "cloudformation:CreateStackSet": "",
    "cloudformation:UpdateStackSet": "stackset/escalation:escalation",
    "codebuild": "project/escalation",
    "codepipeline": "escalation",
    "datapipeline": "pipeline/escalation",
    "datapipeline:CreatePipeline": "",
    "ec2": "instance/escalation",
    "ec2:CreateFleet": "fleet/escalation",
    "ec2:CreateLaunchTemplate": "launch-template/escalation",
    "ec2:CreateLaunchTemplateVersion": "launch-template/escalation",
    "ec2:ModifyLaunchTemplate": "launch-template/escalation",
    "ec2:RequestSpotFleet": "spot-fleet-request/escalation",
    "ec2:RequestSpotInstances": "spot-instances-request/escalation",
    "ec2-instance-connect": "instance/escalation",
    "ecs": "task-definition/escalation:1",
    "ecs:CreateCluster": "cluster/escalation",
    "ecs:CreateService": "service/escalation/escalation",
    "ecs:ExecuteCommand": "task/escalation/escalation",
    "ecs:UpdateService": "service/escalation/escalation",
    "eks": "cluster/escalation",
    "elasticmapreduce": "",
    "elasticmapreduce:AddJobFlowSteps": "cluster/escalation",
    "emr-serverless": "/applications/escalation",
    "emr-serverless:CreateApplication": "",
    "glue": "job/escalation",
    "glue:CreateDevEndpoint": "",
    "glue:CreateSession": "session/escalation",
    "glue:CreateTrigger": "trigger/escalation",
    "glue:RunStatement": "session/escalation",
    "glue:UpdateDevEndpoint": "devEndpoint/escalation",
    "iam": "instance-profile/escalation",
    "iam:CreateGroup": "group/new-administrators",
    "iam:CreatePolicy": "policy/escalation",
    "iam:CreateRole": "role/new-administrator",
    "iam:CreateUser": "user/new-administrator",
    "iot": "policy/escalation",
    "iot:AttachPolicy": "cert/escalation",
    "iot:CreateKeysAndCertificate": "",
    "iot:CreateRoleAlias": "rolealias/escalation",
    "lambda": "function:escalation",
    "lambda:CreateEventSourceMapping": "",
    "rolesanywhere": "",
    "sagemaker": "notebook-instance/escalation",
    "sagemaker:CreateNotebookInstanceLifecycleConfig": "notebook-instance-lifecycle-config/escalation",
    "sagemaker:CreatePresignedDomainUrl": "user-profile/escalation/escalation",
    "sagemaker:CreateProcessingJob": "processing-job/escalation",
    "sagemaker:CreateTrainingJob": "training-job/escalation",
    "scheduler": "schedule/default/escalation",
    "ssm:CreateAssociation": "association/escalation",
    "ssm:SendCommand": "instance/escalation",
    "ssm:StartAutomationExecution": "automation-execution/escalation",
    "ssm:StartSession": "instance/escalation",
    "states": "stateMachine:escalation",
}

# Actions and services whose ARNs are another service's.
_OF_OTHERS: t.Final[Mapping[str, str]] = {
    "ec2-instance-connect": "ec2",
    "ssm:SendCommand": "ec2",
    "ssm:StartSession": "ec2",
}

# IAM is global: its ARNs name no region.
_GLOBAL: t.Final = frozenset({"iam"})


@functools.cache
def make_resource_arn(action: str, *, partition: str, region: str, account: str) -> str:
    """Make the ARN of the resource that an attacker would call ``action`` on, under any name; ``*`` for none."""
    service = action.partition(":")[0]
    resource = RESOURCES[action] if action in RESOURCES else RESOURCES[service]
    if not resource:
        return "*"
    owner = _OF_OTHERS.get(action) or _OF_OTHERS.get(service) or service
    return f"arn:{partition}:{owner}:{'' if owner in _GLOBAL else region}:{account}:{resource}"


@functools.cache
def by_id() -> Mapping[str, Method]:
    """The methods by their ids."""
    return {method.id: method for method in METHODS}
