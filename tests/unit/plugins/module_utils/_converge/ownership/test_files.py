# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of files that name owned objects."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.files import (
    LISTS,
    STATES,
    OwnerFile,
    parse_files,
)

ACCOUNT: t.Final = "111122223333"


def test_an_entry_is_a_path_or_a_mapping() -> None:
    given = [" app.tfstate ", {"path": "s3://states/x.tfstate", "accounts": [ACCOUNT, 444455556666, "77*"]}]
    assert parse_files(STATES, given) == (
        OwnerFile("app.tfstate", "hardening_terraform_state_paths[0]"),
        OwnerFile("s3://states/x.tfstate", "hardening_terraform_state_paths[1]", (ACCOUNT, "444455556666", "77*")),
    )
    assert parse_files(LISTS, "a.json, b.json") == (
        OwnerFile("a.json", "hardening_owned_arns[0]"),
        OwnerFile("b.json", "hardening_owned_arns[1]"),
    )
    assert parse_files(LISTS, [{"path": "a.json", "max_age_days": 2}])[0].max_age == timedelta(days=2)
    assert parse_files(LISTS, ["a.json"])[0].max_age == timedelta(days=7)


@pytest.mark.parametrize("given", [None, "", [], ()])
def test_nothing_is_no_file(given: t.Any) -> None:
    assert parse_files(STATES, given) == ()


def test_a_file_concerns_the_accounts_of_its_entry_else_all() -> None:
    (some,) = parse_files(STATES, [{"path": "x", "accounts": [ACCOUNT, "77*"]}])
    (every,) = parse_files(STATES, ["x"])
    for account_id, concerns in ((ACCOUNT, True), ("777788889999", True), ("444455556666", False)):
        assert some.concerns(account_id) is concerns
        assert every.concerns(account_id)


@pytest.mark.parametrize(
    ("option", "given", "problem"),
    [
        (STATES, 5, "terraform_state_paths: 5 is not allowed"),
        (STATES, {"path": "x"}, "allowed is a list of paths"),
        (STATES, [5], "terraform_state_paths[0]: 5 is not allowed"),
        (STATES, ["x", {}], "terraform_state_paths[1].path: None is not allowed"),
        (STATES, [" "], "terraform_state_paths[0].path"),
        (STATES, [{"path": ["x"]}], "terraform_state_paths[0].path"),
        (STATES, [{"path": "x", "max_age_days": 3}], "max_age_days is not allowed; allowed are path, accounts"),
        (STATES, [{"path": "x", "account": ACCOUNT}], "account is not allowed"),
        (STATES, [{"path": "x", "accounts": ACCOUNT}], "terraform_state_paths[0].accounts"),
        (STATES, [{"path": "x", "accounts": []}], "terraform_state_paths[0].accounts"),
        (STATES, [{"path": "x", "accounts": ["12"]}], "terraform_state_paths[0].accounts[0]: '12' is not allowed"),
        (STATES, [{"path": "x", "accounts": [True]}], "terraform_state_paths[0].accounts[0]"),
        (LISTS, [{"path": "x", "max_age_days": 0}], "owned_arns[0].max_age_days: 0 is not allowed"),
        (LISTS, [{"path": "x", "max_age_days": 91}], "a whole number from 1 to 90"),
        (LISTS, [{"path": "x", "max_age_days": "7"}], "owned_arns[0].max_age_days"),
        (LISTS, [{"path": "x", "max_age_days": True}], "owned_arns[0].max_age_days"),
    ],
)
def test_a_bad_entry_is_named(option: str, given: t.Any, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_files(option, given)
    assert problem in str(caught.value)
