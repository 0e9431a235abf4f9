# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the targets of a boundary mean, and what of a declaration is refused."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.declared import (
    Principal,
    Target,
    is_called,
    kind_of,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from ..user_permissions.people import ACCOUNT, ADMIN, arn, document, role
from .bounded import ARN, DEVELOPERS, SOUND, boundary, declare, dev, one, person, with_fields

SHOP = with_fields(role("Shop-Api", path="/developers/web/"), tags={"Team": "web-1", "Stage": "prod"})
ANN = person("ann")
POWER = arn("policy", "team/PowerUsers")


def test_users_and_roles_are_told_apart() -> None:
    assert (kind_of(ANN), kind_of(SHOP)) == ("user", "role")


@pytest.mark.parametrize(
    ("target", "fits"),
    [
        ({"path": "/developers/"}, True),
        ({"path": "/developers/web/"}, True),
        ({"path": "/"}, True),
        ({"path": "/Developers/"}, False),
        ({"path": "/developers/we/"}, False),
        ({"name": "shop-*"}, True),
        ({"name": "SHOP-???"}, True),
        ({"name": "shop"}, False),
        ({"name": "*", "kind": "role"}, True),
        ({"name": "*", "kind": "user"}, False),
        ({"tags": {"Team": "web-*"}}, True),
        ({"tags": {"Team": "web-*", "Stage": "prod"}}, True),
        ({"tags": {"Team": "web-*", "Stage": "test"}}, False),
        ({"tags": {"Owner": "*"}}, False),
        ({"tags": {"Team": "WEB-*"}}, False),
        ({"policy": "PowerUsers"}, True),
        ({"policy": POWER}, True),
        ({"policy": "Power*"}, False),
        ({"policy": "AdministratorAccess"}, True),
        ({"policy": ADMIN}, True),
        ({"policy": "team/PowerUsers"}, False),
        ({"principal": "Shop-Api"}, True),
        ({"principal": "role/Shop-Api"}, True),
        ({"principal": "role/developers/web/Shop-Api"}, True),
        ({"principal": SHOP.arn}, True),
        ({"principal": "user/Shop-Api"}, False),
        ({"principal": "Shop-*"}, False),
        ({"path": "/developers/", "name": "other"}, False),
        ({"path": "/developers/", "policy": "PowerUsers", "tags": {"Stage": "p*"}, "name": "shop*"}, True),
    ],
)
def test_a_target_means_whoever_fits_all_its_criteria(target: dict[str, t.Any], fits: bool) -> None:
    assert Target.of(target, "targets[0]").fits(SHOP, {POWER, ADMIN}) is fits


def test_the_keys_of_tags_have_no_case() -> None:
    """IAM takes Team and team for one key of a user or role: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"""
    assert Target.of({"tags": {"team": "web-*", "STAGE": "prod"}}, "targets[0]").fits(SHOP, ())


def test_values_of_other_types_are_compared_as_text() -> None:
    numbered = with_fields(SHOP, tags={"cost-center": "4711"})
    assert Target.of({"tags": {"cost-center": 4711}}, "targets[0]").fits(numbered, ())


@pytest.mark.parametrize("value", [{}, {"kind": "role"}, {"path": "", "name": None, "tags": {}}])
def test_a_target_without_criteria_would_mean_everybody(value: dict[str, t.Any]) -> None:
    with pytest.raises(InputError, match=r"^boundaries\[0\].targets\[1\]: no criterion; at least one of path"):
        Target.of(value, "boundaries[0].targets[1]")


@pytest.mark.parametrize("path", ["developers/", "/developers", "developers"])
def test_a_path_begins_and_ends_with_a_slash(path: str) -> None:
    with pytest.raises(InputError, match=r"targets\[0\].path: '.*' is not a path"):
        Target.of({"path": path}, "targets[0]")


@pytest.mark.parametrize(
    ("pattern", "principal", "left_out"),
    [
        ("Shop-*", SHOP, True),
        ("shop-*", SHOP, True),
        ("SHOP-API", SHOP, True),
        ("role/Shop-Api", SHOP, True),
        ("role/developers/web/*", SHOP, True),
        ("role/*", SHOP, True),
        ("user/*", SHOP, False),
        (f"arn:aws:iam::{ACCOUNT}:role/developers/*", SHOP, True),
        ("arn:*:role/developers/*", SHOP, True),
        ("arn:aws:iam::999988887777:role/*", SHOP, False),
        ("ann", ANN, True),
        ("an", ANN, False),
        ("*", ANN, True),
    ],
)
def test_an_exclusion_is_a_glob_for_names_and_arns(pattern: str, principal: Principal, left_out: bool) -> None:
    """A name is unique without regard to case, so whoever is left out by one spelling is left out by all."""
    assert one(DEVELOPERS, exclude=["nobody", pattern]).excludes(principal) is left_out


@pytest.mark.parametrize("name", ["Shop-Api", "role/Shop-Api", "role/developers/web/Shop-Api", SHOP.arn])
def test_the_names_of_a_principal(name: str) -> None:
    assert is_called(SHOP, name)
    assert not is_called(SHOP, f"{name}x")


def test_its_arn_in_any_partition() -> None:
    found = one(DEVELOPERS)
    assert found.arn("aws", ACCOUNT) == ARN
    assert found.arn("aws-cn", ACCOUNT) == f"arn:aws-cn:iam::{ACCOUNT}:policy/iam-hardening/boundary/developer"


@pytest.mark.parametrize(
    ("resource", "needed"), [("*", False), ("<boundary_arn>", False), ("arn:aws:s3:::<trail_buckets>/*", True)]
)
def test_whether_it_speaks_of_trails(resource: str, needed: bool) -> None:
    statement = {"Effect": "Deny", "Action": "*", "Resource": resource}
    assert one(DEVELOPERS, content=document(statement)).needs_trails is needed


def test_a_boundary_without_targets_is_for_nobody_unless_it_is_to_go() -> None:
    assert declare(boundary()).boundaries == ()
    (gone,) = declare(boundary(), state="absent").boundaries
    assert gone.targets == ()


def test_what_a_declaration_says() -> None:
    acceptance = {"principal": "dev-1", "reason": "agreed", "expires": "2026-12-31"}
    found = declare(
        boundary(DEVELOPERS), replace=True, allow_loosen=True, delete_versions=True, accept_breakage=[acceptance]
    )
    assert (found.present, found.replace, found.loosen, found.delete_versions) == (True, True, True, True)
    assert [item.principal for item in found.accepted] == ["dev-1"]
    plain = declare(boundary(DEVELOPERS))
    assert (plain.replace, plain.loosen, plain.delete_versions, plain.accepted) == (False, False, False, ())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "a b"}, r"boundaries\[1\].name: 'a b' is not the name of a policy"),
        ({"name": "x" * 129}, r"boundaries\[1\].name: "),
        ({"name": "größe"}, r"boundaries\[1\].name: "),
        ({"name": "b", "path": "boundary/"}, r"boundaries\[1\].path: 'boundary/' is not a path"),
        ({"name": "b", "path": "/a b/"}, r"boundaries\[1\].path: "),
        ({"name": "b", "targets": [{"kind": "user"}]}, r"boundaries\[1\].targets\[0\]: no criterion"),
        ({}, "boundaries: /iam-hardening/boundary/developer is declared twice"),
        ({"name": "Developer"}, "boundaries: .* is declared twice"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html: names are unique in the account.
        ({"path": "/"}, "boundaries: .* is declared twice"),
    ],
)
def test_what_can_not_be_used_is_refused_with_its_place(fields: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        declare(boundary(DEVELOPERS), boundary(DEVELOPERS, **fields))


def test_the_document_is_kept_with_its_places() -> None:
    assert one(DEVELOPERS).document == SOUND
    assert one(DEVELOPERS).option == "boundaries[0].document"
    assert dev("x").path == "/developers/"
