# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.trust_guard import (
    TrustGuard,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_cut import TrustCut
from ansible_collections.hardening.iam.plugins.module_utils._converge.untouchable import UntouchablePrincipals

from .accounts import DATA, FOREIGN, HOME, PIPELINE, PROD, arn, policy, trust

RUN: t.Final = arn(HOME, "automation/containment")
RESCUE: t.Final = arn(DATA, "iam-hardening/break-glass/ana", "user")
ORGANIZATION: t.Final = {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}


def guard(*break_glass: str) -> TrustGuard:
    return TrustGuard(UntouchablePrincipals(principals_of([RUN]), break_glass), frozenset({HOME, PROD, DATA}))


@pytest.mark.parametrize(
    ("cut", "entry", "reason"),
    [
        (TrustCut(RUN), trust(PIPELINE), "is the caller"),
        (TrustCut(HOME), trust(PIPELINE), "account of the run"),
        (TrustCut(f"arn:aws:iam::{HOME}:root"), trust(PIPELINE), "account of the run"),
        (TrustCut(DATA), trust(RESCUE, PIPELINE), "is a break-glass principal"),
        (TrustCut("*"), trust("*", Condition=ORGANIZATION), "break-glass may come in"),
        (TrustCut("*"), {**trust(), "Principal": "*", "Condition": ORGANIZATION}, "break-glass may come in"),
        # Whom everybody may be, an intruder has let in.
        (TrustCut("*"), trust("*"), ""),
        (TrustCut(DATA), trust(f"arn:aws:iam::{DATA}:root"), ""),
        (TrustCut(FOREIGN), trust(f"arn:aws:iam::{FOREIGN}:root"), ""),
        (TrustCut(PIPELINE), trust(PIPELINE, RUN, RESCUE), ""),
    ],
)
def test_the_run_and_break_glass_are_not_taken_out_with_others(cut: TrustCut, entry: t.Any, reason: str) -> None:
    found = guard().explain(cut, policy(entry))
    assert reason in found and bool(found) == bool(reason)


def test_only_an_entry_that_lets_in_has_a_condition_that_counts() -> None:
    """A denial with a condition lets nobody in. The containment itself writes such ones."""
    denial = trust("*", Effect="Deny", Condition={"ArnEquals": {"aws:PrincipalArn": PIPELINE}})
    assert guard().explain(TrustCut("*"), policy(trust("*"), denial)) == ""
    # The edit itself refuses a policy that lets in all but some.
    others = {**trust(), "NotPrincipal": {"AWS": PIPELINE}, "Condition": ORGANIZATION}
    del others["Principal"]
    assert guard().explain(TrustCut("*"), policy(others)) == ""


@pytest.mark.parametrize(
    ("pattern", "refused"),
    [
        (f"arn:aws:iam::{FOREIGN}:role/rescue", {FOREIGN}),
        # A glob means the accounts that are ours.
        ("arn:aws:iam::*:role/rescue", {PROD, DATA}),
        ("*rescue", {PROD, DATA}),
        (f"arn:aws:iam::{DATA[:6]}*:role/rescue", {DATA}),
    ],
)
def test_the_account_of_break_glass_is_not_taken_out(pattern: str, refused: set[str]) -> None:
    found = {
        account
        for account in (PROD, DATA, FOREIGN)
        if guard(pattern).explain(TrustCut(account), policy(trust(f"arn:aws:iam::{account}:root")))
    }
    assert found == refused


def test_a_policy_that_can_not_be_read_is_no_matter_of_the_guard() -> None:
    assert guard().explain(TrustCut(FOREIGN), "x") == guard().explain(TrustCut("*"), {"Statement": 7}) == ""
