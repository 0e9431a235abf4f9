# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is the reason of a finding, and what changes without being one."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.reason import reason_fingerprint

TRUSTS: t.Final = {"trusts": ["arn:aws:iam::999988887777:root", "anybody"], "needs_mfa": True, "days": 12}


@pytest.mark.parametrize(
    "same",
    [
        {"trusts": ["anybody", "arn:aws:iam::999988887777:root"], "needs_mfa": True, "days": 13},
        {**TRUSTS, "last_used": "2026-01-01T00:00:00Z", "last_used_service": "s3"},
        {**TRUSTS, "created": "2026-01-01T00:00:00Z", "tested": "2026-01-01T00:00:00+00:00"},
        {**TRUSTS, "limited": [], "boundary": None},
        {**TRUSTS, "trusts": tuple(TRUSTS["trusts"])},
    ],
)
def test_what_changes_by_itself_is_no_reason(same: t.Any) -> None:
    assert reason_fingerprint(same) == reason_fingerprint(TRUSTS)
    assert reason_fingerprint(TRUSTS) is not None


@pytest.mark.parametrize(
    "other",
    [
        {**TRUSTS, "trusts": [*TRUSTS["trusts"], "arn:aws:iam::444455556666:root"]},
        {**TRUSTS, "trusts": ["anybody"]},
        {**TRUSTS, "needs_mfa": False},
        {**TRUSTS, "way": "group"},
        # Somebody who may name a policy must not slip it past a waiver.
        {**TRUSTS, "trusts": [*TRUSTS["trusts"], "2026-01-01"]},
        {**TRUSTS, "policy": "2026-01-01"},
        {**TRUSTS, "subject": "2026-01-01T00:00:00Z:repo:evil"},
        {**TRUSTS, "subject": "2026-01-01T00:00:00*"},
        {**TRUSTS, "subject": "\u0662026-01-01T00:00:00Z"},
        {**TRUSTS, "last_policy": "P"},
        {"policies": TRUSTS["trusts"], "needs_mfa": True},
        [TRUSTS],
    ],
)
def test_who_may_come_in_and_how_is_the_reason(other: t.Any) -> None:
    assert reason_fingerprint(other) != reason_fingerprint(TRUSTS)


@pytest.mark.parametrize(
    "measures",
    [None, {}, 7, True, {"active": 2}, {"mfa": False}, {"last_used": None}, {"created": "2026-01-01T00:00:00Z"}, [[]]],
)
def test_measures_alone_are_no_reason(measures: t.Any) -> None:
    assert reason_fingerprint(measures) is None
