# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Code that runs with a role: functions, rules, instances, tasks, stacks, jobs and clusters."""

from __future__ import annotations

import typing as t

from ..conditions import mentions
from ..model import Call, Check, Condition, Family, Rule, always

_FUNCTION: t.Final = "{>functionArn|functionName}"
_BEFORE: t.Final = "the event does not show what was there before: deploy it again from its source"
_RAN: t.Final = "the command has run: look at the instances, and at what its role did"


def _code(
    source: str,
    names: str,
    target: str,
    undo: t.Optional[Call] = None,
    check: t.Optional[tuple[str, ...]] = None,
    note: str = "",
    *,
    model: str = "",
    is_read: bool = False,
    applies: Condition = always,
) -> Rule:
    return Rule(
        source=source,
        names=tuple(names.split()),
        target=target,
        family=Family.CODE,
        undo=undo,
        check=Check(check[0], check[1:]) if check else None,
        note=note,
        is_read=is_read,
        models=(model or source,),
        applies=applies,
    )


_LAMBDA: t.Final = (
    _code(
        "lambda",
        "CreateFunction",
        _FUNCTION,
        Call("lambda", "DeleteFunction", {"FunctionName": "{functionName}"}),
        ("lambda.function", "{functionName}"),
    ),
    _code(
        "lambda",
        "UpdateFunctionCode",
        _FUNCTION,
        None,
        ("lambda.code", "{functionName}", "{>codeSha256}"),
        _BEFORE,
    ),
    _code("lambda", "UpdateFunctionConfiguration", _FUNCTION, None, ("lambda.function", "{functionName}"), _BEFORE),
    _code(
        "lambda",
        "AddPermission",
        "{functionName}",
        Call(
            "lambda",
            "RemovePermission",
            {"FunctionName": "{functionName}", "StatementId": "{statementId}", "?Qualifier": "{qualifier}"},
        ),
        ("lambda.permission", "{functionName}", "{statementId}", "{qualifier|}"),
    ),
    _code(
        "lambda",
        "CreateFunctionUrlConfig",
        _FUNCTION,
        Call("lambda", "DeleteFunctionUrlConfig", {"FunctionName": "{functionName}", "?Qualifier": "{qualifier}"}),
        ("lambda.url", "{functionName}", "{qualifier|}"),
    ),
    _code(
        "lambda",
        "PublishLayerVersion",
        "{>layerVersionArn}",
        Call("lambda", "DeleteLayerVersion", {"LayerName": "{layerName}", "VersionNumber": "{>version#}"}),
        ("lambda.layer", "{layerName}", "{>version#}"),
        "functions that have the layer keep it",
    ),
    _code(
        "lambda",
        "CreateEventSourceMapping",
        "{>eventSourceMappingArn|>uUID}",
        Call("lambda", "DeleteEventSourceMapping", {"UUID": "{>uUID}"}),
        ("lambda.event_source", "{>uUID}"),
    ),
)

_BUS: t.Final = {"?EventBusName": "{eventBusName}"}
_EVENTS: t.Final = (
    _code(
        "events",
        "PutRule",
        "{>ruleArn|name}",
        Call("events", "DeleteRule", {"Name": "{name}", **_BUS}),
        ("events.rule", "{name}", "{eventBusName|}"),
        "remove its targets first",
    ),
    _code(
        "events",
        "PutTargets",
        "arn:{@partition}:events:{@region}:{@account}:rule/{rule}",
        Call("events", "RemoveTargets", {"Rule": "{rule}", "Ids": "{targets.id*}", **_BUS}),
        ("events.targets", "{rule}", "{eventBusName|}", "{targets.id*}"),
    ),
    _code(
        "scheduler",
        "CreateSchedule",
        "{>scheduleArn|name}",
        Call("scheduler", "DeleteSchedule", {"Name": "{name}", "?GroupName": "{groupName}"}),
        ("scheduler.schedule", "{name}", "{groupName|}"),
    ),
    _code(
        "states",
        "CreateStateMachine",
        "{>stateMachineArn}",
        Call("stepfunctions", "DeleteStateMachine", {"stateMachineArn": "{>stateMachineArn}"}),
        ("states.machine", "{>stateMachineArn}"),
        model="stepfunctions",
    ),
    _code(
        "states",
        "UpdateStateMachine",
        "{stateMachineArn}",
        None,
        ("states.machine", "{stateMachineArn}"),
        _BEFORE,
        model="stepfunctions",
    ),
)

_EC2: t.Final = (
    _code(
        "ec2",
        "RunInstances",
        "{>instanceId*}",
        Call("ec2", "TerminateInstances", {"InstanceIds": "{>instanceId*}"}),
        ("ec2.instances", "{>instanceId*}"),
        "keep a snapshot of the disks as evidence first",
    ),
    _code(
        "ec2",
        "ModifyInstanceAttribute",
        "{instanceId}",
        None,
        ("ec2.instances", "{instanceId}"),
        "the user data was changed, which runs at the next start. " + _BEFORE,
        applies=mentions("userData"),
    ),
    _code(
        "ec2",
        "AssociateIamInstanceProfile ReplaceIamInstanceProfileAssociation",
        "{>instanceId|instanceId}",
        Call("ec2", "DisassociateIamInstanceProfile", {"AssociationId": "{>associationId}"}),
        ("ec2.profile_association", "{>associationId}"),
    ),
    _code(
        "ec2",
        "ImportKeyPair CreateKeyPair",
        "{>keyPairId|keyName}",
        Call("ec2", "DeleteKeyPair", {"KeyName": "{keyName}"}),
        ("ec2.key_pair", "{keyName}"),
        "instances that were started with it keep its public key",
    ),
    _code(
        "ec2",
        "CreateImage",
        "{>imageId}",
        Call("ec2", "DeregisterImage", {"ImageId": "{>imageId}"}),
        ("ec2.image", "{>imageId}"),
    ),
)

_SSM: t.Final = (
    _code("ssm", "SendCommand", "{>commandId}", None, None, _RAN, is_read=True),
    _code("ssm", "StartSession", "{target}", Call("ssm", "TerminateSession", {"SessionId": "{>sessionId}"})),
    _code(
        "ssm",
        "CreateAssociation",
        "{>associationId}",
        Call("ssm", "DeleteAssociation", {"AssociationId": "{>associationId}"}),
        ("ssm.association", "{>associationId}"),
    ),
    _code(
        "ssm",
        "CreateDocument",
        "{name}",
        Call("ssm", "DeleteDocument", {"Name": "{name}"}),
        ("ssm.document", "{name}"),
    ),
    _code(
        "ssm",
        "CreateActivation",
        "{>activationId}",
        Call("ssm", "DeleteActivation", {"ActivationId": "{>activationId}"}),
        None,
        "machines that were registered with it stay managed nodes: deregister them",
    ),
)

_DEPLOYED: t.Final = (
    _code(
        "cloudformation",
        "CreateStack",
        "{>stackId|stackName}",
        Call("cloudformation", "DeleteStack", {"StackName": "{stackName}"}),
        ("cloudformation.stack", "{>stackId|stackName}"),
    ),
    _code(
        "cloudformation",
        "CreateStackSet",
        "{>stackSetId|stackSetName}",
        Call("cloudformation", "DeleteStackSet", {"StackSetName": "{stackSetName}"}),
        ("cloudformation.stack_set", "{stackSetName}"),
        "delete its instances in all accounts first",
    ),
    _code(
        "glue",
        "CreateJob",
        "{name}",
        Call("glue", "DeleteJob", {"JobName": "{name}"}),
        ("glue.job", "{name}"),
    ),
    _code(
        "glue",
        "CreateDevEndpoint",
        "{endpointName}",
        Call("glue", "DeleteDevEndpoint", {"EndpointName": "{endpointName}"}),
        ("glue.endpoint", "{endpointName}"),
    ),
    _code(
        "sagemaker",
        "CreateNotebookInstance",
        "{>notebookInstanceArn|notebookInstanceName}",
        Call("sagemaker", "DeleteNotebookInstance", {"NotebookInstanceName": "{notebookInstanceName}"}),
        ("sagemaker.notebook", "{notebookInstanceName}"),
        "stop it first",
    ),
    _code(
        "sagemaker",
        "CreatePresignedNotebookInstanceUrl CreatePresignedDomainUrl",
        "{notebookInstanceName|domainId}",
        None,
        None,
        "the address opens a session for up to 12 hours: stop the notebook, or delete the app",
        is_read=True,
    ),
    _code(
        "codebuild",
        "CreateProject",
        "{>arn|name}",
        Call("codebuild", "DeleteProject", {"name": "{name}"}),
        ("codebuild.project", "{name}"),
    ),
    _code("codebuild", "UpdateProject", "{>arn|name}", None, ("codebuild.project", "{name}"), _BEFORE),
)

_CONTAINERS: t.Final = (
    _code(
        "ecs",
        "RegisterTaskDefinition",
        "{>taskDefinitionArn}",
        Call("ecs", "DeregisterTaskDefinition", {"taskDefinition": "{>taskDefinitionArn}"}),
        ("ecs.definition", "{>taskDefinitionArn}"),
    ),
    _code(
        "ecs",
        "RunTask",
        "{>taskArn}",
        Call("ecs", "StopTask", {"task": "{>taskArn}", "?cluster": "{cluster}"}),
        ("ecs.task", "{cluster|}", "{>taskArn}"),
    ),
    _code(
        "eks",
        "CreateAccessEntry",
        "{principalArn}",
        Call("eks", "DeleteAccessEntry", {"clusterName": "{clusterName|name}", "principalArn": "{principalArn}"}),
        ("eks.entry", "{clusterName|name}", "{principalArn}"),
    ),
    _code(
        "eks",
        "AssociateAccessPolicy",
        "{principalArn}",
        Call(
            "eks",
            "DisassociateAccessPolicy",
            {"clusterName": "{clusterName|name}", "principalArn": "{principalArn}", "policyArn": "{policyArn}"},
        ),
        ("eks.entry_policy", "{clusterName|name}", "{principalArn}", "{policyArn}"),
    ),
    _code(
        "eks",
        "CreatePodIdentityAssociation",
        "{roleArn}",
        Call(
            "eks",
            "DeletePodIdentityAssociation",
            {"clusterName": "{clusterName|name}", "associationId": "{>associationId}"},
        ),
        ("eks.pod_identity", "{clusterName|name}", "{>associationId}"),
    ),
)

CODE_RULES: t.Final[tuple[Rule, ...]] = (*_LAMBDA, *_EVENTS, *_EC2, *_SSM, *_DEPLOYED, *_CONTAINERS)
