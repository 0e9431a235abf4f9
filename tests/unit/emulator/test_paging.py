# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM's lists page by page, and what the authorization details contain."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from emulator.client import Emulator

from .small import Aws

ADMINISTRATOR_ACCESS: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
POWER_USER_ACCESS: t.Final = "arn:aws:iam::aws:policy/PowerUserAccess"
ALLOW_S3: t.Final = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}

SEED: t.Final[dict[str, t.Any]] = {
    "accounts": {
        "111122223333": {
            "name": "one",
            "users": {
                f"user-{number:03}": {
                    "groups": ["everyone"],
                    "boundary": "aws:PowerUserAccess" if number == 7 else None,
                }
                for number in range(120)
            },
            "groups": {"everyone": {"policies": ["aws:AdministratorAccess"]}, "nobody": {}, "others": {}},
            "roles": {
                f"role-{number}": {"trust": {"Version": "2012-10-17", "Statement": []}, "inline": {"own": ALLOW_S3}}
                for number in range(3)
            },
            "policies": {"attached": {"document": ALLOW_S3}, "loose": {"document": ALLOW_S3}},
        }
    }
}


@pytest.fixture
def iam(emulator: Emulator, aws: Aws) -> t.Any:
    emulator.reset(SEED)
    return aws.client("iam")


def test_list_users_gives_a_hundred_unless_asked_for_more(iam: t.Any) -> None:
    first = iam.list_users()
    assert (len(first["Users"]), first["IsTruncated"]) == (100, True)
    second = iam.list_users(Marker=first["Marker"])
    assert (len(second["Users"]), second["IsTruncated"], second.get("Marker")) == (20, False, None)
    names = [user["UserName"] for user in first["Users"] + second["Users"]]
    assert sorted(names) == list(SEED["accounts"]["111122223333"]["users"])
    assert len(iam.list_users(MaxItems=1000)["Users"]) == 120


@pytest.mark.parametrize(
    ("operation", "key", "parameters", "items", "pages"),
    [
        ("list_users", "Users", {}, 120, 3),
        ("list_groups", "Groups", {}, 3, 1),
        ("list_roles", "Roles", {}, 3, 1),
        ("get_group", "Users", {"GroupName": "everyone"}, 120, 3),
        ("list_groups_for_user", "Groups", {"UserName": "user-000"}, 1, 1),
        ("list_role_policies", "PolicyNames", {"RoleName": "role-0"}, 1, 1),
    ],
)
def test_paginators_find_every_item(
    iam: t.Any, operation: str, key: str, parameters: dict[str, str], items: int, pages: int
) -> None:
    found = list(iam.get_paginator(operation).paginate(**parameters, PaginationConfig={"PageSize": 50}))
    assert len(found) == pages
    assert sum(len(page[key]) for page in found) == items


def test_list_entities_pages_over_its_three_lists(iam: t.Any) -> None:
    iam.attach_user_policy(UserName="user-001", PolicyArn=ADMINISTRATOR_ACCESS)
    iam.attach_role_policy(RoleName="role-1", PolicyArn=ADMINISTRATOR_ACCESS)
    paginator = iam.get_paginator("list_entities_for_policy")
    pages = list(paginator.paginate(PolicyArn=ADMINISTRATOR_ACCESS, PaginationConfig={"PageSize": 1}))
    assert [[len(page[key]) for key in ("PolicyGroups", "PolicyUsers", "PolicyRoles")] for page in pages] == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]


@pytest.mark.parametrize(
    ("restriction", "groups", "users"),
    [
        ({}, [], ["user-001", "user-007"]),
        ({"PolicyUsageFilter": "PermissionsBoundary"}, [], ["user-007"]),
        ({"PolicyUsageFilter": "PermissionsPolicy"}, [], ["user-001"]),
        ({"EntityFilter": "Group"}, [], []),
        ({"PathPrefix": "/elsewhere/"}, [], []),
    ],
)
def test_list_entities_tells_boundaries_from_attachments(
    iam: t.Any, restriction: dict[str, str], groups: list[str], users: list[str]
) -> None:
    iam.attach_user_policy(UserName="user-001", PolicyArn=POWER_USER_ACCESS)
    answer = iam.list_entities_for_policy(PolicyArn=POWER_USER_ACCESS, **restriction)
    assert [group["GroupName"] for group in answer["PolicyGroups"]] == groups
    assert [user["UserName"] for user in answer["PolicyUsers"]] == users


@pytest.mark.parametrize("operation", ["list_users", "get_account_authorization_details"])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"MaxItems": 1001}, "less than or equal to 1000"),
        ({"Marker": "bogus"}, "Invalid Marker"),
        ({"Marker": "aXRlbTp4"}, "Invalid"),
    ],
)
def test_bad_pages_are_validation_errors(
    iam: t.Any, operation: str, parameters: dict[str, t.Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as raised:
        getattr(iam, operation)(**parameters)
    assert raised.value.response["Error"]["Code"] == "ValidationError"


def test_authorization_details_page_over_all_their_lists(iam: t.Any) -> None:
    first = iam.get_account_authorization_details()
    assert (len(first["UserDetailList"]), first["IsTruncated"]) == (100, True)
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 50}))
    assert [len(page["UserDetailList"]) for page in pages] == [50, 50, 20]
    last = pages[-1]
    assert (len(last["GroupDetailList"]), len(last["RoleDetailList"]), len(last["Policies"])) == (3, 3, 4)
    assert not last["IsTruncated"]


def test_authorization_details_list_aws_policies_only_in_use(iam: t.Any) -> None:
    policies = iam.get_account_authorization_details(MaxItems=1000)["Policies"]
    counts = {
        policy["PolicyName"]: (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"])
        for policy in policies
    }
    assert counts == {"AdministratorAccess": (1, 0), "PowerUserAccess": (0, 1), "attached": (0, 0), "loose": (0, 0)}
    assert policies[0]["PolicyVersionList"][0]["Document"]["Statement"]


def test_authorization_details_tell_a_users_boundary(iam: t.Any) -> None:
    users = iam.get_account_authorization_details(Filter=["User"], MaxItems=1000)["UserDetailList"]
    bounded = {user["UserName"]: user["PermissionsBoundary"] for user in users if "PermissionsBoundary" in user}
    assert {name: boundary["PermissionsBoundaryArn"] for name, boundary in bounded.items()} == {
        "user-007": POWER_USER_ACCESS
    }


@pytest.mark.parametrize(
    ("wanted", "users", "groups", "roles", "policies"),
    [
        (["User"], 120, 0, 0, set()),
        (["Group", "Role"], 0, 3, 3, set()),
        (["LocalManagedPolicy"], 0, 0, 0, {"attached", "loose"}),
        (["AWSManagedPolicy"], 0, 0, 0, {"AdministratorAccess", "PowerUserAccess"}),
    ],
)
def test_authorization_details_are_filtered(
    iam: t.Any, wanted: list[str], users: int, groups: int, roles: int, policies: set[str]
) -> None:
    answer = iam.get_account_authorization_details(Filter=wanted, MaxItems=1000)
    counts = [len(answer[key]) for key in ("UserDetailList", "GroupDetailList", "RoleDetailList")]
    assert counts == [users, groups, roles]
    assert {policy["PolicyName"] for policy in answer["Policies"]} == policies
