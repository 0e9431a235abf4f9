# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import (
    Principal,
    is_break_glass,
    principal_of,
    principals_of,
    resource_of,
)

ACCOUNT = "111122223333"
ROLE = Principal(ACCOUNT, "role", "admin")


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/Admin", ROLE),
        (f"arn:aws:iam::{ACCOUNT}:role/team/x/Admin", ROLE),
        (f"arn:aws-us-gov:sts::{ACCOUNT}:assumed-role/Admin/session", ROLE),
        (f"arn:aws:iam::{ACCOUNT}:user/team/alice", Principal(ACCOUNT, "user", "alice")),
        (f"arn:aws:iam::{ACCOUNT}:root", None),
        (f"arn:aws:iam::{ACCOUNT}:policy/Admin", None),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/alice", None),
        ("arn:aws:s3:::role/Admin", None),
        ("Admin", None),
    ],
)
def test_principal_behind_an_arn(arn: str, principal: t.Optional[Principal]) -> None:
    assert principal_of(arn) == principal


def test_users_and_roles_of_one_name_are_two() -> None:
    assert principals_of([f"arn:aws:iam::{ACCOUNT}:user/a", f"arn:aws:iam::{ACCOUNT}:role/a", "x"]) == {
        Principal(ACCOUNT, "user", "a"),
        Principal(ACCOUNT, "role", "a"),
    }


def test_resource_of_an_arn_keeps_later_colons() -> None:
    assert resource_of("arn:aws:logs:eu-west-1:1:log-group:x:*") == "log-group:x:*"
    assert resource_of("plain") == "plain"


@pytest.mark.parametrize(
    ("resource", "patterns", "expected"),
    [
        ("role/iam-hardening/break-glass", (), True),
        ("role/iam-hardening/break-glass/first", (), True),
        ("user/iam-hardening/break-glass/x/second", (), True),
        ("role/iam-hardening/break-glassy", (), False),
        ("role/other/iam-hardening/break-glass/x", (), False),
        ("policy/iam-hardening/break-glass/x", (), False),
        ("role/emergency", (), False),
        ("role/emergency", ("arn:aws:iam::*:role/emerg*",), True),
        ("role/emergency", ("arn:aws:iam::444455556666:role/emergency",), False),
        # IAM has no two names that differ in case only, and who declares one means the one that is there.
        ("user/Emergency-1", ("arn:aws:iam::*:user/emergency-*",), True),
        ("role/emergency", ("arn:aws:iam::*:role/Emergency",), True),
    ],
)
def test_break_glass_is_declared_or_found_under_its_path(
    resource: str, patterns: tuple[str, ...], expected: bool
) -> None:
    assert is_break_glass(f"arn:aws:iam::{ACCOUNT}:{resource}", patterns) is expected
