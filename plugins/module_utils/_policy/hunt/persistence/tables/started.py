# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""More ways to start code, to keep a session, and to change whom a policy limits."""

from __future__ import annotations

import typing as t

from ..model import Call, Family, Rule

_BEFORE: t.Final = "the event does not show what was there before: deploy it again from its source"
_DECLARED: t.Final = "the event does not show what was there before: write what the declaration says"
_SESSION: t.Final = "it lives for up to 36 hours, also without the key: deny everything to its user until then"
_PUSHED: t.Final = "the key works for 60 seconds, and a connection as long as it lasts: look at the instance"


def _start(
    source: str,
    names: str,
    target: str,
    undo: t.Optional[Call] = None,
    note: str = "",
    *,
    family: Family = Family.CODE,
    is_read: bool = False,
    model: t.Optional[str] = None,
) -> Rule:
    return Rule(
        source=source,
        names=tuple(names.split()),
        target=target,
        family=family,
        undo=undo,
        note=note,
        is_read=is_read,
        models=(model or source,) if model != "" else (),
    )


_MACHINES: t.Final = (
    _start(
        "ec2-instance-connect",
        "SendSSHPublicKey SendSerialConsoleSSHPublicKey",
        "{instanceId}",
        None,
        _PUSHED,
        is_read=True,
    ),
    _start("ec2", "EnableSerialConsoleAccess", "{@account}", Call("ec2", "DisableSerialConsoleAccess")),
    _start(
        "ec2",
        "CreateLaunchTemplate",
        "{>launchTemplateId}",
        Call("ec2", "DeleteLaunchTemplate", {"LaunchTemplateId": "{>launchTemplateId}"}),
    ),
    _start(
        "ec2",
        "CreateLaunchTemplateVersion",
        "{>launchTemplateId|launchTemplateId}",
        Call(
            "ec2",
            "DeleteLaunchTemplateVersions",
            {"LaunchTemplateId": "{>launchTemplateId|launchTemplateId}", "Versions": ["{>versionNumber}"]},
        ),
        "look at which version is the default",
    ),
    _start(
        "ec2",
        "RequestSpotInstances",
        "{>spotInstanceRequestId*}",
        Call("ec2", "CancelSpotInstanceRequests", {"SpotInstanceRequestIds": "{>spotInstanceRequestId*}"}),
        "its instances go on: terminate them",
    ),
    _start(
        "ec2",
        "RequestSpotFleet",
        "{>spotFleetRequestId}",
        Call(
            "ec2",
            "CancelSpotFleetRequests",
            {"SpotFleetRequestIds": ["{>spotFleetRequestId}"], "TerminateInstances": True},
        ),
    ),
    _start(
        "ec2",
        "CreateFleet",
        "{>fleetId}",
        Call("ec2", "DeleteFleets", {"FleetIds": ["{>fleetId}"], "TerminateInstances": True}),
    ),
    _start(
        "autoscaling",
        "CreateAutoScalingGroup",
        "{autoScalingGroupName}",
        Call(
            "autoscaling",
            "DeleteAutoScalingGroup",
            {"AutoScalingGroupName": "{autoScalingGroupName}", "ForceDelete": True},
        ),
    ),
    _start(
        "autoscaling",
        "CreateLaunchConfiguration",
        "{launchConfigurationName}",
        Call(
            "autoscaling",
            "DeleteLaunchConfiguration",
            {"LaunchConfigurationName": "{launchConfigurationName}"},
        ),
    ),
)

_JOBS: t.Final = (
    _start("lambda", "UpdateEventSourceMapping", "{>functionArn|functionName|uUID}", None, _BEFORE),
    _start("lambda", "UpdateFunctionUrlConfig", "{>functionArn|functionName}", None, _BEFORE),
    _start("glue", "UpdateJob", "{jobName}", None, _BEFORE),
    _start("glue", "UpdateDevEndpoint", "{endpointName}", None, _BEFORE),
    _start("scheduler", "UpdateSchedule", "{name}", None, _BEFORE),
    _start("ecs", "UpdateService", "{service}", None, _BEFORE),
    _start("cloudformation", "UpdateStack", "{>stackId|stackName}", None, _BEFORE),
    _start("cloudformation", "CreateStackInstances UpdateStackSet", "{stackSetName}", None, _BEFORE),
    _start("ssm", "UpdateDocument", "{name}", None, _BEFORE),
    _start(
        "ssm",
        "StartAutomationExecution",
        "{>automationExecutionId}",
        Call("ssm", "StopAutomationExecution", {"AutomationExecutionId": "{>automationExecutionId}"}),
        "look at what it has done",
    ),
    _start(
        "ssm",
        "ResumeSession",
        "{sessionId}",
        Call("ssm", "TerminateSession", {"SessionId": "{sessionId}"}),
    ),
    _start(
        "codebuild",
        "StartBuild",
        "{>build.arn|projectName}",
        Call("codebuild", "StopBuild", {"id": "{>build.id}"}),
        "look at what it has done",
    ),
    _start(
        "ecr",
        "PutImage",
        "{repositoryName}",
        Call(
            "ecr",
            "BatchDeleteImage",
            {"repositoryName": "{repositoryName}", "imageIds": [{"imageDigest": "{>imageDigest}"}]},
        ),
        "what was started from the image goes on",
    ),
    _start(
        "sagemaker",
        "CreateProcessingJob",
        "{processingJobName}",
        Call("sagemaker", "StopProcessingJob", {"ProcessingJobName": "{processingJobName}"}),
    ),
    _start(
        "sagemaker",
        "CreateTrainingJob",
        "{trainingJobName}",
        Call("sagemaker", "StopTrainingJob", {"TrainingJobName": "{trainingJobName}"}),
    ),
    _start(
        "elasticmapreduce",
        "RunJobFlow",
        "{>jobFlowId}",
        Call("emr", "TerminateJobFlows", {"JobFlowIds": ["{>jobFlowId}"]}),
        model="emr",
    ),
    _start(
        "batch",
        "SubmitJob",
        "{>jobId}",
        Call("batch", "TerminateJob", {"jobId": "{>jobId}", "reason": "incident"}),
    ),
    _start(
        "apprunner",
        "CreateService",
        "{>serviceArn}",
        Call("apprunner", "DeleteService", {"ServiceArn": "{>serviceArn}"}),
    ),
)

_USER: t.Final = "arn:{@partition}:iam::{@account}:user/"
_PRINCIPALS: t.Final = (
    _start("sts", "GetFederationToken", "{>arn|>accessKeyId}", None, _SESSION, family=Family.IAM),
    _start("sts", "GetSessionToken", "{>accessKeyId}", None, _SESSION, family=Family.IAM),
    _start("iam", "PutUserPermissionsBoundary", _USER + "{userName}", None, _DECLARED, family=Family.IAM),
    _start(
        "iam",
        "PutRolePermissionsBoundary",
        "arn:{@partition}:iam::{@account}:role/{roleName}",
        None,
        _DECLARED,
        family=Family.IAM,
    ),
    _start(
        "iam",
        "ChangePassword",
        _USER + "{@user}",
        None,
        "the password was changed: let its owner set another one",
        family=Family.IAM,
    ),
    _start(
        "cognito-identity",
        "SetIdentityPoolRoles",
        "{identityPoolId}",
        None,
        _DECLARED,
        family=Family.SIGN_IN,
    ),
    _start(
        "cognito-identity",
        "CreateIdentityPool",
        "{>identityPoolId}",
        Call("cognito-identity", "DeleteIdentityPool", {"IdentityPoolId": "{>identityPoolId}"}),
        family=Family.SIGN_IN,
    ),
    _start(
        "signin",
        "GetSigninToken",
        "{@account}",
        None,
        "a session in the console lives for up to 12 hours: revoke the sessions of the principal",
        family=Family.SIGN_IN,
        model="",
    ),
)

STARTED_RULES: t.Final[tuple[Rule, ...]] = (*_MACHINES, *_JOBS, *_PRINCIPALS)
