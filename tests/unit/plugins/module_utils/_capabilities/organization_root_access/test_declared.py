# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.declared import (
    choose_accounts,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from .roots import CREDENTIALS, MANAGEMENT, PROD, TEST, TWIN, arn, declare, tree

ACCEPTED = {"principal": arn(PROD), "reason": "known", "expires": "2026-12-31"}


def test_features_bring_trusted_access() -> None:
    assert declare(root_credentials_management=True).trusted_access is True
    assert declare(root_credentials_management=False).trusted_access is None
    assert declare(root_credentials_management=True).features == {CREDENTIALS: True}
    assert declare(trusted_access=False, root_sessions=False).trusted_access is False


def test_what_is_not_declared_changes_nothing() -> None:
    assert not declare(targets=["all"]).changes_organization
    for options in ({"trusted_access": False}, {"root_sessions": False}, {"purge_delegated_administrators": True}):
        assert declare(**options).changes_organization


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"trusted_access": False, "root_sessions": True}, "RootSessions needs it"),
        ({"trusted_access": False, "delegated_administrator": PROD}, "declared false"),
        ({"delegated_administrator": "security"}, "12 digits"),
        ({"remove_root_credentials": True}, "targets is empty"),
        ({"min_idle_days": 6}, "7 or more"),
        ({"accept_use": [{**ACCEPTED, "principal": "root"}]}, "not the ARN of the root user"),
        ({"accept_use": [{**ACCEPTED, "principal": "arn:aws:iam::*:root"}]}, "a pattern"),
        ({"accept_use": [{**ACCEPTED, "reason": ""}]}, "reason missing"),
    ],
)
def test_bad_input(options: dict[str, t.Any], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        declare(**options)


def test_an_account_gets_no_zeros() -> None:
    given = declare(delegated_administrator=123456789012, targets=[22334455], exclude=[" "])
    assert given.delegated_administrator == "123456789012"
    assert given.targets == ("22334455",)
    assert given.exclude == ()
    with pytest.raises(InputError, match="delegated_administrator: '1234567' is not an account id of 12 digits"):
        declare(delegated_administrator=1234567)


@pytest.mark.parametrize(
    ("targets", "exclude", "found"),
    [
        ((), (), ()),
        (("all",), (), (PROD, TEST, TWIN)),
        (("/",), ("ou-1-prod",), (TEST, TWIN)),
        (("/Workloads/",), (), (PROD, TEST)),
        (("prod", TWIN), (), (PROD, TWIN)),
        (("all",), ("/Workloads", TWIN), ()),
        (("r-1",), (MANAGEMENT,), (PROD, TEST, TWIN)),
    ],
)
def test_targets(targets: tuple[str, ...], exclude: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert choose_accounts(tree(), targets, exclude) == found


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (MANAGEMENT, "management account"),
        ("management", "management account"),
        ("/Nowhere", "it has /, /Workloads"),
        ("nobody", "allowed are all"),
        ("twin", f"2 accounts are named 'twin': {TEST}, {TWIN}"),
        ("999999999999", "the organization has no"),
    ],
)
def test_no_such_target(target: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        choose_accounts(tree(), (target,), ())
