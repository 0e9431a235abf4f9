# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from .people import group, role, user


def declare(*, groups: t.Any = None, remove_policies: t.Any = None) -> Declared:
    return Declared.from_options({"groups": groups, "remove_policies": remove_policies})


def test_nothing_declared() -> None:
    assert declare() == Declared()


def test_what_is_left_out_has_a_default() -> None:
    (rule,) = declare(groups=[{"name": " developers ", "users": None, "path": None}]).groups
    assert (rule.name, rule.path, rule.users, rule.policies) == ("developers", "/", (), ("*",))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"groups": [{"name": "a b"}]}, r"groups\[0\]\.name: 'a b' is not allowed; allowed are 1 to 128"),
        ({"groups": [{"name": ""}]}, r"groups\[0\]\.name: ''"),
        ({"groups": [{"name": "x" * 129}]}, r"groups\[0\]\.name"),
        ({"groups": [{"name": "a"}, {"name": "A"}]}, r"groups\[1\]\.name: 'A' is declared twice"),
        ({"groups": [{"name": "a", "path": "team"}]}, r"groups\[0\]\.path: 'team' .* begins and ends with /"),
        ({"groups": [{"name": "a", "path": "//"}]}, r"groups\[0\]\.path: '//'"),
        ({"remove_policies": [{"policy": "Admin*", "users": ["a"]}]}, r"remove_policies\[0\]\.policy: 'Admin\*'"),
        ({"remove_policies": [{"policy": " ", "users": ["a"]}]}, r"remove_policies\[0\]\.policy: ''"),
        (
            {"remove_policies": [{"policy": "A"}]},
            r"remove_policies\[0\]: it selects no principal; at least one of users",
        ),
        ({"remove_policies": [{"policy": "A", "users": [" "]}]}, r"remove_policies\[0\]: it selects no principal"),
    ],
)
def test_what_can_not_be_meant_is_refused(declared: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        declare(**declared)


def test_a_removal_in_words() -> None:
    (removal,) = declare(remove_policies=[{"policy": "A", "users": ["dev-*", "bob"], "roles": ["app"]}]).removals
    assert removal.text == "the policy A is removed from users dev-*, bob and roles app"


def test_patterns_that_are_about_nobody_are_told() -> None:
    declared = declare(
        groups=[{"name": "developers", "users": ["dev-*", "bob"]}],
        remove_policies=[{"policy": "A", "users": ["*"], "groups": ["alice"], "roles": ["app", "no-*"]}],
    )
    warnings = declared.list_unmatched((user("dev-alice"), user("alice"), group("admins"), role("app")))
    assert warnings == (
        "groups[0].users: the account has no user bob",
        "remove_policies[0].groups: the account has no group alice",
        "remove_policies[0].roles: the account has no role no-*",
    )
