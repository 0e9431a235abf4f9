# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.changes import (
    Holding,
    PermissionsWriter,
    relies_on,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change

from .people import ACCOUNT, group, user

WRITER = PermissionsWriter(ACCOUNT, "aws")
ALICE, BOB = user("alice"), user("bob")
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/reads"


def make_holding(owner: object) -> Holding:
    return Holding(owner, "reads", POLICY, None, None)  # type: ignore[arg-type]


def give(name: str) -> Change:
    return WRITER.give(name, WRITER.group_arn(name, "/teams/"), make_holding(ALICE), "reads")


TAKEN = WRITER.hand_over(make_holding(ALICE), {"group": "staff", "policy": POLICY}, population=1)


@pytest.mark.parametrize(
    ("later", "earlier", "relies"),
    [
        pytest.param(TAKEN, give("staff"), True, id="on the policy of its group"),
        pytest.param(TAKEN, WRITER.add_member(ALICE, "staff"), True, id="on its membership"),
        pytest.param(TAKEN, WRITER.create_group("staff", "/teams/"), True, id="on the group"),
        pytest.param(TAKEN, give("others"), False, id="not on the policy of another group"),
        pytest.param(TAKEN, WRITER.add_member(BOB, "staff"), False, id="not on the membership of another user"),
        pytest.param(WRITER.add_member(BOB, "staff"), WRITER.create_group("staff", "/teams/"), True, id="a member"),
        pytest.param(WRITER.add_member(BOB, "staff"), give("staff"), False, id="a member takes nothing from anybody"),
        pytest.param(give("staff"), WRITER.create_group("staff", "/teams/"), True, id="a policy on its group"),
        pytest.param(give("others"), WRITER.create_group("staff", "/teams/"), False, id="a policy of another group"),
        pytest.param(
            WRITER.remove(make_holding(group("staff")), is_admin=False, population=1),
            WRITER.add_member(ALICE, "staff"),
            False,
            id="what a group no longer has",
        ),
    ],
)
def test_what_relies_on_what(later: Change, earlier: Change, relies: bool) -> None:
    assert relies_on(later, earlier) is relies
