# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Projects, stacks, jobs and state machines that have a role, with the calls that move them to another one."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from .reader import Found, Reader, Record, Service, Want, make_command, make_use, split
from .targets import Match, Targets

# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetProjects.html
_PROJECTS: t.Final = 100


def _read_projects(reader: Reader, targets: Targets) -> Iterator[Found]:
    for group in split(reader.items("codebuild", "ListProjects", "projects"), _PROJECTS):
        answer = reader.ask("codebuild", "BatchGetProjects", {"names": group}, about=group[0], of=Want.CONSUMERS)
        for one in (answer or {}).get("projects") or ():
            match = targets.find(one.get("serviceRole"))
            if match is not None:
                update = ("codebuild", "update-project", "--name", one["name"], "--service-role")
                move = make_command(*update, match.target.replacement, region=reader.region)
                yield make_use(match, "project", one["arn"], reader.region, move, one["name"])


def _read_stacks(reader: Reader, targets: Targets) -> Iterator[Found]:
    """Read the stacks with a role of their own. Nested stacks are updated with the stack that has them."""
    for one in reader.items("cloudformation", "DescribeStacks", "Stacks"):
        match = targets.find(one.get("RoleARN"))
        if match is not None and not one.get("ParentId"):
            move = _move_stack(one, match.target.replacement, reader.region)
            yield make_use(match, "stack", one["StackId"], reader.region, move, one["StackName"])


def _move_stack(stack: Record, role: str, region: str) -> str:
    words = ["cloudformation", "update-stack", "--stack-name", stack["StackName"], "--use-previous-template"]
    words += ["--role-arn", role]
    parameters = [f"ParameterKey={one['ParameterKey']},UsePreviousValue=true" for one in stack.get("Parameters") or ()]
    words += ["--parameters", *parameters] if parameters else []
    capabilities = stack.get("Capabilities") or ()
    words += ["--capabilities", *capabilities] if capabilities else []
    return make_command(*words, region=region)


def _read_jobs(reader: Reader, targets: Targets) -> Iterator[Found]:
    """Read the jobs of Glue. They name their roles by ARN, name or path and name."""
    for one in reader.items("glue", "GetJobs", "Jobs"):
        match = targets.find(one.get("Role"))
        if match is None:
            continue
        name = one["Name"]
        get = make_command("glue", "get-job", "--job-name", name, region=reader.region)
        update = ("glue", "update-job", "--job-name", name, "--job-update", "file://job.json")
        move = (
            f"take the definition of {get}, set Role to {match.target.replacement}, and give all of it to "
            f"{make_command(*update, region=reader.region)}: what is left out is reset"
        )
        arn = f"arn:{reader.partition}:glue:{reader.region}:{reader.account_id}:job/{name}"
        yield make_use(match, "job", arn, reader.region, move, name)


def _read_state_machines(reader: Reader, targets: Targets) -> Iterator[Found]:
    """Read the state machines, and the published versions of those that have a role: no list has roles."""
    for one in reader.items("stepfunctions", "ListStateMachines", "stateMachines"):
        arn, name = one["stateMachineArn"], one["name"]
        match = _describe_machine(reader, targets, arn)
        if match is not None:
            update = ("stepfunctions", "update-state-machine", "--state-machine-arn", arn, "--role-arn")
            move = make_command(*update, match.target.replacement, region=reader.region)
            yield make_use(match, "state_machine", arn, reader.region, move, name)
            yield from _read_machine_versions(reader, targets, arn, name)


def _describe_machine(reader: Reader, targets: Targets, arn: str) -> t.Optional[Match]:
    # With METADATA_ONLY an encrypted definition needs no key.
    asked = {"stateMachineArn": arn, "includedData": "METADATA_ONLY"}
    gone = ("StateMachineDoesNotExist",)
    answer = reader.ask("stepfunctions", "DescribeStateMachine", asked, about=arn, of=Want.CONSUMERS, absent=gone)
    return targets.find((answer or {}).get("roleArn"))


def _read_machine_versions(reader: Reader, targets: Targets, arn: str, name: str) -> Iterator[Found]:
    """Read the versions of a state machine. Each keeps the role that it was published with.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html
    """
    asked = {"stateMachineArn": arn}
    listed = reader.list(
        "stepfunctions", "ListStateMachineVersions", "stateMachineVersions", asked, about=arn, of=Want.CONSUMERS
    )
    for one in listed or ():
        version = one["stateMachineVersionArn"]
        match = _describe_machine(reader, targets, version)
        if match is not None:
            publish = ("stepfunctions", "publish-state-machine-version", "--state-machine-arn", arn)
            delete = ("stepfunctions", "delete-state-machine-version", "--state-machine-version-arn", version)
            move = (
                f"after the state machine itself: {make_command(*publish, region=reader.region)}, move its aliases, "
                f"then {make_command(*delete, region=reader.region)}"
            )
            detail = f"{name}, version {version.rpartition(':')[2]}: a published version keeps its role"
            yield make_use(match, "state_machine_version", version, reader.region, move, detail)


JOBS: t.Final = (
    Service(
        "the projects of CodeBuild",
        "codebuild",
        frozenset({"codebuild:BatchGetProjects", "codebuild:ListProjects"}),
        _read_projects,
        trusted=("codebuild",),
    ),
    Service(
        "the stacks of CloudFormation",
        "cloudformation",
        frozenset({"cloudformation:DescribeStacks"}),
        _read_stacks,
        trusted=("cloudformation",),
    ),
    Service("the jobs of Glue", "glue", frozenset({"glue:GetJobs"}), _read_jobs, trusted=("glue",)),
    Service(
        "the state machines of Step Functions",
        "states",
        frozenset(
            {"stepfunctions:DescribeStateMachine", "stepfunctions:ListStateMachines"}
            | {"stepfunctions:ListStateMachineVersions"}
        ),
        _read_state_machines,
        trusted=("states",),
    ),
)
