# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Functions, rules, instances, stacks, jobs, tasks and clusters: how to see whether they are still there."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .probe import (
    Answer,
    Judgement,
    Key,
    Probe,
    equals,
    holds_statement,
    lists,
    lists_any,
    name_parameters,
    negates,
    split_parts,
)

_NO_RESOURCE: t.Final = ("ResourceNotFoundException",)

_LAMBDA: t.Final = (
    Probe(
        "lambda.function", "lambda", "GetFunctionConfiguration", name_parameters("FunctionName"), absent=_NO_RESOURCE
    ),
    Probe(
        "lambda.code",
        "lambda",
        "GetFunctionConfiguration",
        lambda key: {"FunctionName": key[0]},
        lambda answer, key: answer.get("CodeSha256") == key[1],
        _NO_RESOURCE,
    ),
    Probe(
        "lambda.permission",
        "lambda",
        "GetPolicy",
        lambda key: {"FunctionName": key[0], **({"Qualifier": key[2]} if key[2] else {})},
        holds_statement("Policy"),
        _NO_RESOURCE,
    ),
    Probe(
        "lambda.url",
        "lambda",
        "GetFunctionUrlConfig",
        name_parameters("FunctionName", "Qualifier"),
        absent=_NO_RESOURCE,
    ),
    Probe(
        "lambda.layer",
        "lambda",
        "ListLayerVersions",
        lambda key: {"LayerName": key[0]},
        lists("LayerVersions", "Version", 1),
        _NO_RESOURCE,
        items="LayerVersions",
    ),
    Probe("lambda.event_source", "lambda", "GetEventSourceMapping", name_parameters("UUID"), absent=_NO_RESOURCE),
)

_EVENTS: t.Final = (
    Probe("events.rule", "events", "DescribeRule", name_parameters("Name", "EventBusName"), absent=_NO_RESOURCE),
    Probe(
        "events.disabled_rule",
        "events",
        "DescribeRule",
        name_parameters("Name", "EventBusName"),
        equals("State", values=("DISABLED",)),
        _NO_RESOURCE,
        if_absent=True,
    ),
    Probe(
        "events.targets",
        "events",
        "ListTargetsByRule",
        lambda key: name_parameters("Rule", "EventBusName")(key[:2]),
        lists("Targets", "Id", 2),
        _NO_RESOURCE,
        items="Targets",
    ),
    Probe("scheduler.schedule", "scheduler", "GetSchedule", name_parameters("Name", "GroupName"), absent=_NO_RESOURCE),
    Probe(
        "states.machine",
        "stepfunctions",
        "DescribeStateMachine",
        name_parameters("stateMachineArn"),
        negates(equals("status", values=("DELETING",))),
        ("StateMachineDoesNotExist",),
    ),
)


def _runs_instance(answer: Answer, key: Key) -> Judgement:
    ended = ("terminated", "shutting-down")
    instances = [one for group in answer.get("Reservations") or () for one in group.get("Instances") or ()]
    return any((one.get("State") or {}).get("Name") not in ended for one in instances)


def _is_shared(items: str) -> Callable[[Answer, Key], Judgement]:
    def judge(answer: Answer, key: Key) -> Judgement:
        today = {one.get("UserId") or one.get("Group") for one in answer.get(items) or ()}
        return bool(today & set(split_parts(key[1])))

    return judge


_EC2: t.Final = (
    Probe(
        "ec2.instances",
        "ec2",
        "DescribeInstances",
        # An unknown id fails the call. A filter does not, and takes 200 values.
        lambda key: {"Filters": [{"Name": "instance-id", "Values": split_parts(key[0])[:200]}]},
        _runs_instance,
        items="Reservations",
    ),
    Probe(
        "ec2.profile_association",
        "ec2",
        "DescribeIamInstanceProfileAssociations",
        lambda key: {"AssociationIds": [key[0]]},
        lambda answer, key: any(
            one.get("State") not in ("disassociating", "disassociated")
            for one in answer.get("IamInstanceProfileAssociations") or ()
        ),
        ("InvalidAssociationID.NotFound",),
    ),
    Probe(
        "ec2.key_pair",
        "ec2",
        "DescribeKeyPairs",
        lambda key: {"KeyNames": [key[0]]},
        lists_any("KeyPairs"),
        ("InvalidKeyPair.NotFound",),
    ),
    Probe(
        "ec2.image",
        "ec2",
        "DescribeImages",
        lambda key: {"ImageIds": [key[0]]},
        lists_any("Images"),
        ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"),
    ),
    Probe(
        "ec2.snapshot_share",
        "ec2",
        "DescribeSnapshotAttribute",
        lambda key: {"SnapshotId": key[0], "Attribute": "createVolumePermission"},
        _is_shared("CreateVolumePermissions"),
        ("InvalidSnapshot.NotFound",),
    ),
    Probe(
        "ec2.image_share",
        "ec2",
        "DescribeImageAttribute",
        lambda key: {"ImageId": key[0], "Attribute": "launchPermission"},
        _is_shared("LaunchPermissions"),
        ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"),
    ),
)

_DEPLOYED: t.Final = (
    Probe(
        "ssm.association",
        "ssm",
        "DescribeAssociation",
        name_parameters("AssociationId"),
        absent=("AssociationDoesNotExist",),
    ),
    Probe("ssm.document", "ssm", "DescribeDocument", name_parameters("Name"), absent=("InvalidDocument",)),
    Probe(
        "cloudformation.stack",
        "cloudformation",
        "DescribeStacks",
        name_parameters("StackName"),
        lambda answer, key: any(one.get("StackStatus") != "DELETE_COMPLETE" for one in answer.get("Stacks") or ()),
        ("ValidationError",),
    ),
    Probe(
        "cloudformation.stack_set",
        "cloudformation",
        "DescribeStackSet",
        name_parameters("StackSetName"),
        equals("StackSet", "Status", values=("ACTIVE",)),
        ("StackSetNotFoundException",),
    ),
    Probe("glue.job", "glue", "GetJob", name_parameters("JobName"), absent=("EntityNotFoundException",)),
    Probe(
        "glue.endpoint", "glue", "GetDevEndpoint", name_parameters("EndpointName"), absent=("EntityNotFoundException",)
    ),
    Probe("sagemaker.notebook", "sagemaker", "DescribeNotebookInstance", name_parameters("NotebookInstanceName")),
    Probe("codebuild.project", "codebuild", "BatchGetProjects", lambda key: {"names": [key[0]]}, lists_any("projects")),
    Probe(
        "ecs.definition",
        "ecs",
        "DescribeTaskDefinition",
        name_parameters("taskDefinition"),
        equals("taskDefinition", "status", values=("ACTIVE",)),
    ),
    Probe(
        "ecs.task",
        "ecs",
        "DescribeTasks",
        lambda key: {"tasks": [key[1]], **({"cluster": key[0]} if key[0] else {})},
        lambda answer, key: any(one.get("lastStatus") != "STOPPED" for one in answer.get("tasks") or ()),
        ("ClusterNotFoundException",),
    ),
    Probe(
        "ecs.service",
        "ecs",
        "DescribeServices",
        lambda key: {"services": [key[1]], **({"cluster": key[0]} if key[0] else {})},
        lambda answer, key: any(one.get("status") != "INACTIVE" for one in answer.get("services") or ()),
        ("ClusterNotFoundException",),
    ),
    Probe(
        "eks.entry", "eks", "DescribeAccessEntry", name_parameters("clusterName", "principalArn"), absent=_NO_RESOURCE
    ),
    Probe(
        "eks.entry_policy",
        "eks",
        "ListAssociatedAccessPolicies",
        lambda key: {"clusterName": key[0], "principalArn": key[1]},
        lists("associatedAccessPolicies", "policyArn", 2),
        _NO_RESOURCE,
        items="associatedAccessPolicies",
    ),
    Probe(
        "eks.pod_identity",
        "eks",
        "DescribePodIdentityAssociation",
        name_parameters("clusterName", "associationId"),
        absent=("NotFoundException", *_NO_RESOURCE),
    ),
)

CODE_PROBES: t.Final[tuple[Probe, ...]] = (*_LAMBDA, *_EVENTS, *_EC2, *_DEPLOYED)
