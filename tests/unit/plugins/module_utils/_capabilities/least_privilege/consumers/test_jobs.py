# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Projects, stacks, jobs and state machines that have a role, with the calls that move them."""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.jobs import JOBS
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.reader import Want

from .planted import ACCOUNT, NEW, OLD, REGION, Code, FakeReader, read_consumers, target

PROJECTS, STACKS, GLUE, MACHINES = JOBS


def test_projects_are_read_a_hundred_at_a_time() -> None:
    names = [f"p{number}" for number in range(150)]

    def describe(asked: t.Any) -> t.Any:
        return {"projects": [{"name": name, "arn": name, "serviceRole": OLD} for name in asked["names"]]}

    reader = FakeReader(ListProjects=names, BatchGetProjects=describe)
    found = read_consumers(PROJECTS, reader, target())
    assert len(found) == 150 and reader.asked.count("BatchGetProjects") == 2
    assert found[7].move == f"aws codebuild update-project --name p7 --service-role {NEW} --region {REGION}"


def test_a_stack_is_updated_with_its_parameters_and_capabilities() -> None:
    stack = {
        "StackId": "s/1",
        "StackName": "web",
        "RoleARN": OLD,
        "Parameters": [{"ParameterKey": "Size", "ParameterValue": "3"}],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    nested = {**stack, "StackId": "s/2", "ParentId": "s/1"}
    without = {"StackId": "s/3", "StackName": "other"}
    (found,) = read_consumers(STACKS, FakeReader(DescribeStacks=[stack, nested, without]), target())
    assert found.move == (
        f"aws cloudformation update-stack --stack-name web --use-previous-template --role-arn {NEW} "
        "--parameters ParameterKey=Size,UsePreviousValue=true --capabilities CAPABILITY_NAMED_IAM "
        f"--region {REGION}"
    )


def test_jobs_of_glue_name_their_role_in_three_ways() -> None:
    path = f"arn:aws:iam::{ACCOUNT}:role/service-role/dev-web"
    jobs = [
        {"Name": "arn", "Role": OLD},
        {"Name": "name", "Role": "dev-web"},
        {"Name": "path", "Role": "service-role/dev-web"},
        {"Name": "moved", "Role": "dev-web-lp"},
        {"Name": "other", "Role": "dev-web-2"},
        {"Name": "another path", "Role": path},
        {"Name": "none"},
    ]
    found = read_consumers(GLUE, FakeReader(GetJobs=jobs), target())
    assert {one.detail: one.has_moved for one in found} == {"arn": False, "name": False, "path": False, "moved": True}
    assert f"set Role to {NEW}" in found[0].move


def test_the_roles_of_state_machines_are_read_one_by_one() -> None:
    machines = [{"stateMachineArn": "m/1", "name": "one"}, {"stateMachineArn": "m/2", "name": "two"}]
    answers = {"m/1": {"roleArn": OLD}, "m/2": Code("AccessDeniedException")}
    reader = FakeReader(
        ListStateMachines=machines, DescribeStateMachine=lambda asked: answers[asked["stateMachineArn"]]
    )
    (found,) = read_consumers(MACHINES, reader, target())
    assert found.move == (
        f"aws stepfunctions update-state-machine --state-machine-arn m/1 --role-arn {NEW} --region {REGION}"
    )
    assert reader.notes == [(Want.CONSUMERS, "m/2", "AccessDeniedException")]


def test_names_in_commands_are_quoted() -> None:
    reader = FakeReader(GetJobs=[{"Name": "$(reboot); x", "Role": OLD}])
    (found,) = read_consumers(GLUE, reader, target())
    assert "'$(reboot); x'" in found.move
    assert "$(reboot); x" in shlex.split(found.move.partition("take the definition of ")[2])


def test_published_versions_of_state_machines_keep_the_old_role() -> None:
    roles = {"m/1": NEW, "m/1:1": OLD, "m/1:2": NEW, "m/1:3": f"{OLD}-other"}
    reader = FakeReader(
        ListStateMachines=[{"stateMachineArn": "m/1", "name": "one"}, {"stateMachineArn": "m/2", "name": "two"}],
        DescribeStateMachine=lambda asked: {"roleArn": roles.get(asked["stateMachineArn"])},
        ListStateMachineVersions=[{"stateMachineVersionArn": f"m/1:{number}"} for number in (1, 2, 3)],
    )
    machine, old, new = read_consumers(MACHINES, reader, target())
    assert (machine.kind, machine.has_moved) == ("state_machine", True)
    assert (old.kind, old.resource, old.has_moved) == ("state_machine_version", "m/1:1", False)
    assert "delete-state-machine-version --state-machine-version-arn m/1:1" in old.move
    assert new.has_moved is True
    assert reader.asked.count("ListStateMachineVersions") == 1, "versions are asked only of machines that have the role"
