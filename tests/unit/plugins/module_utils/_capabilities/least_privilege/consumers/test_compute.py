# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances, functions and tasks that have a role, with the calls that move them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers import compute
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.compute import (
    COMPUTE,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.reader import Want
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.targets import (
    Targets,
)

from .planted import ACCOUNT, NEW, OLD, REGION, Code, FakeReader, read_consumers, read_namers, target, trusting

INSTANCES, FUNCTIONS, TASKS = COMPUTE
Record = dict[str, t.Any]

PROFILE: t.Final = f"arn:aws:iam::{ACCOUNT}:instance-profile/dev-web"
NEW_PROFILE: t.Final = f"arn:aws:iam::{ACCOUNT}:instance-profile/web-of-lp"
FUNCTION: t.Final = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:web"
CLUSTER: t.Final = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/apps"


def test_only_services_that_a_role_trusts_can_use_it() -> None:
    web, everybody, unknown = target(trusting("ec2")), target(trusting("glue")), target(is_trust_known=False)
    assert INSTANCES.is_needed(Targets([web])) and not INSTANCES.is_needed(Targets([everybody]))
    assert TASKS.is_needed(Targets([unknown])), "a trust that does not parse may trust every service"
    assert FUNCTIONS.is_needed(Targets([everybody])), "their policies may name a role"
    assert not TASKS.is_needed(Targets([target(trusting("ecs-tasks-of-somebody"))]))


# Instances


def association(profile: str = PROFILE, state: str = "associated") -> Record:
    return {
        "AssociationId": "iip-assoc-1",
        "InstanceId": "i-1",
        "IamInstanceProfile": {"Arn": profile, "Id": "AIPA1"},
        "State": state,
    }


def test_an_instance_moves_with_a_new_instance_profile() -> None:
    reader = FakeReader(DescribeIamInstanceProfileAssociations=[association(), association(f"{PROFILE}-other")])
    (found,) = read_consumers(INSTANCES, reader, target(instance_profiles=(PROFILE,)))
    assert found.resource == f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-1"
    assert (found.kind, found.region, found.has_moved) == ("instance", REGION, False)
    assert found.move == (
        "aws iam create-instance-profile --instance-profile-name dev-web-lp && "
        "aws iam add-role-to-instance-profile --instance-profile-name dev-web-lp --role-name dev-web-lp && "
        "aws ec2 replace-iam-instance-profile-association --association-id iip-assoc-1 "
        f"--iam-instance-profile Name=dev-web-lp --region {REGION}"
    )


def test_a_profile_that_the_new_role_has_is_not_made_again() -> None:
    reader = FakeReader(DescribeIamInstanceProfileAssociations=[association(), association(NEW_PROFILE)])
    old, new = read_consumers(
        INSTANCES, reader, target(instance_profiles=(PROFILE,), new_instance_profiles=(NEW_PROFILE,))
    )
    assert "create-instance-profile" not in old.move and "Name=web-of-lp" in old.move
    assert (old.has_moved, new.has_moved) == (False, True)


def test_instances_are_not_read_for_roles_without_a_profile() -> None:
    reader = FakeReader(DescribeIamInstanceProfileAssociations=[association()])
    assert read_consumers(INSTANCES, reader, target()) == [] and reader.asked == []


def test_an_association_that_ends_is_none() -> None:
    reader = FakeReader(DescribeIamInstanceProfileAssociations=[association(state="disassociating")])
    assert read_consumers(INSTANCES, reader, target(instance_profiles=(PROFILE,))) == []


# Functions


def function(role: str, name: str = "web") -> Record:
    return {"FunctionName": name, "FunctionArn": FUNCTION.replace("web", name), "Role": role}


def test_published_versions_keep_the_old_role_after_the_function_moved() -> None:
    versions = [
        {"Version": "$LATEST", "Role": NEW},
        {"Version": "1", "Role": OLD},
        {"Version": "2", "Role": OLD},
        {"Version": "3", "Role": NEW},
        {"Version": "4", "Role": f"{OLD}-other"},
    ]
    reader = FakeReader(
        ListFunctions=[function(NEW)], ListVersionsByFunction=versions, GetPolicy=Code("ResourceNotFoundException")
    )
    latest, old, new = read_consumers(FUNCTIONS, reader, target())
    assert (latest.kind, latest.has_moved) == ("function", True)
    assert (old.kind, old.has_moved, old.detail) == (
        "function_version",
        False,
        "web, versions 1, 2: a published version keeps its role",
    )
    assert f"aws lambda publish-version --function-name web --region {REGION}" in old.move
    assert f"delete-function --function-name web --qualifier 2 --region {REGION}" in old.move
    assert new.has_moved is True
    assert reader.notes == []


def test_a_function_moves_by_its_configuration() -> None:
    reader = FakeReader(ListFunctions=[function(OLD), function(f"{OLD}-other", "other")])
    (found,) = read_consumers(FUNCTIONS, reader, target())
    assert found.move == (
        f"aws lambda update-function-configuration --function-name web --role {NEW} --region {REGION}"
    )
    assert reader.asked.count("ListVersionsByFunction") == 1, "versions are asked only of functions that have the role"


def test_without_a_new_role_the_command_has_a_place_for_it() -> None:
    (found,) = read_consumers(FUNCTIONS, FakeReader(ListFunctions=[function(OLD)]), target(new_arn="", new_id=""))
    assert "--role '<ARN of the new role>'" in found.move and found.has_moved is None


def test_the_policy_of_a_function_names_a_role() -> None:
    text = f'{{"Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{OLD}"}}, "Action": "lambda:Invoke"}}]}}'
    reader = FakeReader(ListFunctions=[function(f"{OLD}-other")], GetPolicy={"Policy": text})
    (found,) = read_namers(FUNCTIONS, reader, target())
    assert (found.kind, found.resource, found.where, found.names_new) == (
        "function_policy",
        FUNCTION,
        "principal",
        False,
    )
    assert f"--principal '{NEW}'" in found.adapt


def test_versions_and_policies_that_can_not_be_read_are_noted() -> None:
    denied = Code("AccessDeniedException")
    reader = FakeReader(ListFunctions=[function(OLD)], ListVersionsByFunction=denied, GetPolicy=denied)
    assert len(read_consumers(FUNCTIONS, reader, target())) == 1
    assert [want for want, _about, _text in reader.notes] == [Want.CONSUMERS, Want.NAMERS]


# Tasks


def definition(task: str = OLD, execution: str = "", revision: int = 3, family: str = "web") -> Record:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:{revision}"
    return {"taskDefinitionArn": arn, "family": family, "taskRoleArn": task, "executionRoleArn": execution}


def reader_of_tasks(**more: t.Any) -> FakeReader:
    newest, older = definition(NEW), definition(OLD, OLD, 2)
    known = {newest["taskDefinitionArn"]: newest, older["taskDefinitionArn"]: older, "web": newest}
    answers = {
        "ListTaskDefinitionFamilies": ["web"],
        "DescribeTaskDefinition": lambda asked: {"taskDefinition": known[asked["taskDefinition"]]},
        "ListClusters": [CLUSTER],
        "ListServices": ["s/apps/web"],
        "DescribeServices": {"services": [{"serviceArn": "s/apps/web", "taskDefinition": older["taskDefinitionArn"]}]},
    }
    return FakeReader(**{**answers, **more})


def test_a_service_runs_an_older_revision_with_the_old_role() -> None:
    reader = reader_of_tasks()
    newest, task, execution = read_consumers(TASKS, reader, target())
    assert (newest.kind, newest.has_moved, newest.detail) == ("task_definition", True, "taskRoleArn of web:3")
    assert (task.kind, task.resource, task.has_moved) == ("task", "s/apps/web", False)
    assert execution.detail == "executionRoleArn of web:2"
    assert f"aws ecs update-service --cluster apps --service web --task-definition web --region {REGION}" in task.move
    assert reader.asked.count("DescribeTaskDefinition") == 2, "each definition is read once"


def test_tasks_without_a_service_and_overrides_of_tasks_have_roles() -> None:
    tasks = [
        {"taskArn": "t/1", "taskDefinitionArn": definition(revision=2)["taskDefinitionArn"], "group": "family:web"},
        {
            "taskArn": "t/2",
            "taskDefinitionArn": definition()["taskDefinitionArn"],
            "group": "service:web",
            "overrides": {"taskRoleArn": OLD},
        },
    ]
    reader = reader_of_tasks(ListServices=[], ListTasks=["t/1", "t/2"], DescribeTasks={"tasks": tasks})
    found = {(one.resource, one.detail) for one in read_consumers(TASKS, reader, target()) if one.kind == "task"}
    assert found == {
        ("t/1", "taskRoleArn of web:2"),
        ("t/1", "executionRoleArn of web:2"),
        ("t/2", "taskRoleArn of its overrides"),
    }


def test_a_cluster_that_can_not_be_read_is_noted_and_the_others_are_read() -> None:
    reader = reader_of_tasks(ListServices=Code("AccessDeniedException"), ListTasks=Code("AccessDeniedException"))
    assert len(read_consumers(TASKS, reader, target())) == 1
    assert reader.notes == [(Want.CONSUMERS, CLUSTER, "AccessDeniedException")] * 2


def test_families_without_end_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "_MOST_FAMILIES", 1)
    reader = reader_of_tasks(ListTaskDefinitionFamilies=["web", "gone"], ListClusters=[])
    assert len(read_consumers(TASKS, reader, target())) == 1
    assert reader.notes == [(Want.CONSUMERS, "", "only 1 of 2 families of task definitions were read")]
