# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What targets mean in an organization."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import (
    Target,
    parse_targets,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.targets import resolve
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from .organizations import BOX, DEV, MANAGEMENT, PROD, ROOT, SANDBOX, WORK, WORK_DEV, tree


def ids(*targets: t.Any, exclude: t.Any = (), **how: t.Any) -> tuple[str, ...]:
    given = parse_targets(targets, "targets"), parse_targets(exclude, "exclude")
    return resolve(tree(), *given, place="policies[0]", **how).ids


@pytest.mark.parametrize(
    ("targets", "found"),
    [
        ([{"ou": "/Work"}], (WORK,)),
        ([{"ou": "/Work/Dev/"}], (WORK_DEV,)),
        ([{"ou": "/"}], (ROOT,)),
        ([{"root": True}], (ROOT,)),
        ([{"account": "dev"}], (DEV,)),
        ([{"account": SANDBOX}, {"id": BOX}, {"id": SANDBOX}], (BOX, SANDBOX)),
        # Suspended accounts and the management account are chosen by nothing but their names.
        ([{"tag": {"env": "prod"}}], (PROD,)),
        ([{"tag": {"env": "*"}}], (DEV, PROD)),
        ([{"tag": {"team": "*"}}], ()),
        ([{"account": "management"}], (MANAGEMENT,)),
    ],
)
def test_targets_are_found(targets: t.Any, found: tuple[str, ...]) -> None:
    assert ids(*targets) == found


def test_policies_that_bind_the_management_account_may_be_attached_to_it_by_tag() -> None:
    assert ids({"tag": {"env": "prod"}}, binds_management=True) == (MANAGEMENT, PROD)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"ou": "/Nope"}, r"policies\[0\]\.targets\[0\]\.ou: the organization has no unit /Nope; it has /, /Box"),
        ({"account": "nobody"}, r"targets\[0\]\.account: the organization has no account named 'nobody'"),
        ({"account": "999999999999"}, "no root, unit or account 999999999999"),
        ({"id": "ou-acme-99999999"}, "no root, unit or account ou-acme-99999999"),
        ({"account": "twin"}, f"2 accounts are named 'twin': {PROD}, {SANDBOX}; give one by its id"),
    ],
)
def test_what_is_not_there_or_ambiguous_is_an_error(target: t.Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ids(target)


def test_a_unit_is_left_out_with_all_that_is_in_it() -> None:
    assert ids({"tag": {"env": "*"}}, exclude=[{"ou": "/Work"}]) == (PROD,)
    assert ids({"ou": "/Work/Dev"}, {"ou": "/Box"}, exclude=[{"ou": "/Work"}]) == (BOX,)


def test_nothing_below_a_target_can_be_left_out() -> None:
    with pytest.raises(InputError, match=r"policies\[0\]\.exclude: dev \(222233334444\) is below /Work"):
        ids({"ou": "/Work"}, exclude=[{"account": "dev"}])


def test_what_does_nothing_is_told() -> None:
    found = resolve(tree(), (Target(tag={"team": "x"}), Target(account="management")), place="policies[0]")
    assert "no account has tag team=x" in found.warnings[0]
    assert "do not apply to the management account" in found.warnings[1]
