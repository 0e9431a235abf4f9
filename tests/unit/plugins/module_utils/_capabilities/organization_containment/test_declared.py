# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from .test_plan import INCIDENT

DEV, PROD = "222233334444", "333344445555"
ROLE: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/automation"
OTHER: t.Final = "arn:aws-cn:iam::<account_id>:role/audit"
GIVEN: t.Final[dict[str, t.Any]] = {
    "state": "contained",
    "pass": "first",
    "inventory_accounts": [],
    "member_role_arn": None,
    "exempt_roles": [],
    "watched_roles": [],
    "journal_role_arn": None,
    "report_role_arn": None,
    "checklist": None,
    "early_release_reason": None,
}


def parse(**options: t.Any) -> Declared:
    return Declared.from_options({**GIVEN, **options}, INCIDENT)


def test_what_is_not_declared_is_empty() -> None:
    found = parse()
    assert found.incident is INCIDENT and not found.releases and found.name_of_pass == "first"
    assert (found.inventory_accounts, found.own_accounts, found.member_role_arn) == (frozenset(), frozenset(), "")
    assert found.list_exempt_roles(DEV) == found.list_watched_roles(DEV) == ()


def test_every_option_arrives() -> None:
    found = parse(
        state="released",
        inventory_accounts=[DEV, PROD],
        member_role_arn=ROLE,
        journal_role_arn=f"arn:aws:iam::{DEV}:role/journal",
        report_role_arn=f"arn:aws:iam::{PROD}:role/reports",
        early_release_reason="the owner needs the account back now",
    )
    assert found.releases and found.inventory_accounts == {DEV, PROD} and found.own_accounts == {DEV, PROD}
    assert found.member_role_arn == ROLE and found.terms.early_release_reason.startswith("the owner")


def test_the_roles_of_an_account_go_on_or_are_watched() -> None:
    found = parse(exempt_roles=[OTHER, ROLE], watched_roles=[ROLE, f"{ROLE}2"], member_role_arn=ROLE)
    own, other = ROLE.replace("<account_id>", DEV), OTHER.replace("<account_id>", DEV)
    # A role is named once, also if it is exempt twice.
    assert found.list_exempt_roles(DEV) == (other, own)
    assert found.list_watched_roles(DEV) == (other, own, f"{own}2")
    # A role that is only watched does not go on.
    only = parse(watched_roles=[ROLE])
    assert only.list_exempt_roles(DEV) == () and only.list_watched_roles(PROD) == (ROLE.replace("<account_id>", PROD),)
    assert parse(member_role_arn=ROLE).list_watched_roles(DEV) == ()


@pytest.mark.parametrize(("name", "is_last"), [("first", False), ("second", False), ("recheck", True), ("last", True)])
def test_which_pass_is_the_last(name: str, is_last: bool) -> None:
    assert parse(**{"pass": name}).is_last_pass is is_last


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{DEV}:role/x",
        "arn:aws:iam::<account_id>:role/*",
        "arn:aws:iam::<account_id>:user/x",
        "arn:aws:iam::<account_id>:role/",
        "x",
    ],
)
@pytest.mark.parametrize("option", ["exempt_roles", "watched_roles", "member_role_arn"])
def test_a_role_of_one_account_or_of_a_pattern_is_refused(option: str, arn: str) -> None:
    with pytest.raises(InputError) as raised:
        parse(**{option: arn if option == "member_role_arn" else [ROLE, arn]})
    assert f"{option}: {arn!r} is not allowed" in str(raised.value)


@pytest.mark.parametrize("account", ["12", 222233334444.5, True])
def test_an_account_that_is_none_is_refused(account: t.Any) -> None:
    with pytest.raises(InputError, match="inventory_accounts: "):
        parse(inventory_accounts=[DEV, account])


def test_an_arn_that_names_no_account_adds_none() -> None:
    assert parse(journal_role_arn="role/x", report_role_arn="").own_accounts == frozenset()
