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
from .targets import Targets

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
    """Read the state machines: the list has no roles."""
    for one in reader.items("stepfunctions", "ListStateMachines", "stateMachines"):
        arn = one["stateMachineArn"]
        asked = {"stateMachineArn": arn, "includedData": "METADATA_ONLY"}
        answer = reader.ask("stepfunctions", "DescribeStateMachine", asked, about=arn, of=Want.CONSUMERS)
        match = targets.find((answer or {}).get("roleArn"))
        if match is not None:
            update = ("stepfunctions", "update-state-machine", "--state-machine-arn", arn, "--role-arn")
            move = make_command(*update, match.target.replacement, region=reader.region)
            yield make_use(match, "state_machine", arn, reader.region, move, one["name"])


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
        frozenset({"stepfunctions:DescribeStateMachine", "stepfunctions:ListStateMachines"}),
        _read_state_machines,
        trusted=("states",),
    ),
)
