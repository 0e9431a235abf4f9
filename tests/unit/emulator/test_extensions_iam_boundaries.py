# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import Seeded, account, serving

OWN = "arn:aws:iam::123456789012:policy/Limit"
AWS_OWN = "arn:aws:iam::aws:policy/PowerUserAccess"
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture
def one() -> t.Iterator[Seeded]:
    trust = {"Version": "2012-10-17", "Statement": []}
    settings = account(
        policies={"Limit": {"document": DOCUMENT}},
        users={"bob": {"tags": {"a": "1"}}, "seeded": {"boundary": "Limit"}},
        roles={"app": {"trust": trust}, "bounded": {"trust": trust, "boundary": "Limit"}},
    )
    with serving(settings) as seeded:
        yield seeded


def usage(iam: t.Any, arn: str = OWN) -> int:
    policies = iam.get_account_authorization_details(Filter=["LocalManagedPolicy", "AWSManagedPolicy"])["Policies"]
    return next((int(policy["PermissionsBoundaryUsageCount"]) for policy in policies if policy["Arn"] == arn), 0)


def test_a_user_s_boundary_is_put_shown_and_deleted(one: Seeded) -> None:
    iam = one.client("iam")
    iam.put_user_permissions_boundary(UserName="bob", PermissionsBoundary=OWN)
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": OWN}
    assert iam.get_user(UserName="bob")["User"]["PermissionsBoundary"] == boundary
    details = iam.get_account_authorization_details(Filter=["User"])["UserDetailList"]
    assert {user["UserName"]: user.get("PermissionsBoundary") for user in details} == {
        "bob": boundary,
        "seeded": boundary,
    }
    assert all("PermissionsBoundary" not in user for user in iam.list_users()["Users"])
    iam.delete_user_permissions_boundary(UserName="bob")
    assert "PermissionsBoundary" not in iam.get_user(UserName="bob")["User"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_user_permissions_boundary(UserName="bob")


def test_a_boundary_must_exist(one: Seeded) -> None:
    iam = one.client("iam")
    missing = "arn:aws:iam::123456789012:policy/Missing"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.put_user_permissions_boundary(UserName="bob", PermissionsBoundary=missing)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=missing)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.create_user(UserName="eve", PermissionsBoundary=missing)
    assert {user["UserName"] for user in iam.list_users()["Users"]} == {"bob", "seeded"}


def test_a_policy_knows_how_many_principals_it_bounds(one: Seeded) -> None:
    iam = one.client("iam")
    assert usage(iam) == 2
    iam.create_user(UserName="eve", PermissionsBoundary=OWN)
    iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=OWN)
    iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=OWN)
    assert usage(iam) == 4
    iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=AWS_OWN)
    iam.delete_user(UserName="eve")
    assert (usage(iam), usage(iam, AWS_OWN)) == (2, 1)
    iam.delete_role(RoleName="app")
    iam.delete_role_permissions_boundary(RoleName="bounded")
    iam.delete_user_permissions_boundary(UserName="seeded")
    assert (usage(iam), usage(iam, AWS_OWN)) == (0, 0)


def test_a_boundary_is_not_deleted_while_it_bounds(one: Seeded) -> None:
    iam = one.client("iam")
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy(PolicyArn=OWN)
    assert iam.get_policy_version(PolicyArn=OWN, VersionId="v1")["PolicyVersion"]["Document"] == DOCUMENT


def test_a_created_user_answers_with_its_boundary(one: Seeded) -> None:
    iam = one.client("iam")
    created = iam.create_user(UserName="eve", PermissionsBoundary=AWS_OWN)["User"]
    assert created["PermissionsBoundary"]["PermissionsBoundaryArn"] == AWS_OWN
    assert "PermissionsBoundary" not in iam.create_user(UserName="mallory")["User"]
    with pytest.raises(ClientError, match="EntityAlreadyExists"):
        iam.create_user(UserName="eve")
