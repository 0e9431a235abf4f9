# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why AWS refused to let a role be assumed, as far as its message says."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.assume_role import explain_denial
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions

ROLE = "arn:aws:iam::111122223333:role/iam-hardening/assessor"
USER = "arn:aws:iam::999988887777:user/ci"
DENIED = f"User: {USER} is not authorized to perform: sts:AssumeRole"
PLAIN = f"{DENIED} on resource: {ROLE}"


def explain(message: str, **options: t.Any) -> list[str]:
    lines = explain_denial(message, AccessOptions(**options), ROLE).splitlines()
    assert len(lines) <= 3
    assert max(map(len, lines)) <= 270
    return lines


def test_the_role_stands_once_in_the_first_line() -> None:
    assert explain(PLAIN)[0] == f"can't assume {ROLE}: {DENIED.removeprefix('User: ')}."


def test_without_a_reason_everything_is_listed_in_order() -> None:
    _head, steps, ruled_out = explain(PLAIN)
    order = [
        "1. the role exists, the account is open",
        "2. its trust policy names the caller",
        "assume_role_external_id (not set)",
    ]
    order += ["assume_role_source_identity (not set)", "MFA"]
    assert [steps.index(step) for step in order] == sorted(steps.index(step) for step in order)
    assert ruled_out == "Ruled out: a denied sts:SetSourceIdentity and a wrong MFA code, which AWS would name."


def test_the_settings_are_said_without_their_values() -> None:
    steps = explain(PLAIN, assume_role_external_id="s3cret", assume_role_source_identity="alice")[1]
    assert "assume_role_external_id (set)" in steps
    assert "assume_role_source_identity (set)" in steps
    assert "s3cret" not in steps


@pytest.mark.parametrize(
    "reason",
    [
        "because no role trust policy allows the sts:AssumeRole action",
        "with an explicit deny in the role trust policy",
        "because no resource-based policy allows the sts:AssumeRole action",
    ],
)
def test_a_trust_policy_rules_out_a_missing_role(reason: str) -> None:
    head, steps, ruled_out = explain(f"{DENIED} {reason}")
    assert reason.replace("the sts:AssumeRole action", "it") in head
    assert "the role exists" not in steps
    assert "1. its trust policy names the caller" in steps
    assert "a missing role, since AWS read its trust policy" in ruled_out


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("because no identity-based policy allows the sts:AssumeRole action", "Allow the caller sts:AssumeRole"),
        ("with an explicit deny in an identity-based policy", "Allow the caller sts:AssumeRole"),
        ("with an explicit deny in a service control policy", "An SCP of the organization denies it"),
        ("with an explicit deny in a resource control policy", "An RCP of the role's organization"),
        ("because no permissions boundary allows the sts:AssumeRole action", "permissions boundary of the caller"),
        ("because no session policy allows the sts:AssumeRole action", "The session of the caller was narrowed"),
        ("because no VPC endpoint policy allows the sts:AssumeRole action", "VPC endpoint"),
    ],
)
def test_a_reason_outside_the_role_comes_first(reason: str, step: str) -> None:
    _head, first, last = explain(f"{PLAIN} {reason}")
    assert first.startswith(step) or step in first
    assert "AWS names one reason only" in first
    assert last.startswith("Ruled out: a denied sts:SetSourceIdentity")


@pytest.mark.parametrize("action", ["sts:SetSourceIdentity", "sts:TagSession"])
def test_the_action_that_is_missing_is_the_step(action: str) -> None:
    _head, step, ruled_out = explain(f"User: {USER} is not authorized to perform: {action} on resource: {ROLE}")
    assert step.startswith(f"Allow {action} to the caller in the trust policy of the role")
    assert ("remove assume_role_source_identity" in step) is (action == "sts:SetSourceIdentity")
    assert ruled_out.startswith("Ruled out: a missing role, and sts:AssumeRole itself")


def test_the_role_of_a_profile_is_another_one() -> None:
    other = "arn:aws:iam::999988887777:role/base"
    head, step = explain(f"{DENIED} on resource: {other}")
    assert head.endswith(f"on {other}.")
    assert "role_arn of the AWS profile" in step


def test_other_words_are_kept() -> None:
    assert explain("Access denied")[0] == f"can't assume {ROLE}: Access denied."
