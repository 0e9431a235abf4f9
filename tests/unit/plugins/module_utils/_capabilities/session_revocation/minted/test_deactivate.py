# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys of others are deactivated, and how many."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import Cut
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.minted.judge import (
    Minted,
    MintedKey,
    describe_key,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.plan import (
    Observed,
    Planner,
    Verdict,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.reach import Source
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.targets import Target
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident, MintedKeys

from ..accounts import HOME, NOW, PIPELINE, USER, arn, make_home


def make_key(number: int, **fields: t.Any) -> MintedKey:
    return MintedKey(arn(HOME, f"user-{number}", "user"), f"AKIAEXAMPLEEXAMPLE{number:02}", NOW, **fields)


def make_planner(wanted: MintedKeys, most: int = 10) -> Planner:
    incident = Incident("INC-7", "Ana", "key found in a public repository", users=(USER,), minted_keys=wanted)
    return Planner(incident, lambda: NOW, max_principals=most)


def observe(*keys: MintedKey) -> Observed:
    return Observed(make_home(), minted=Minted(NOW, keys))


@pytest.mark.parametrize("wanted", [MintedKeys.DEACTIVATE, MintedKeys.DEACTIVATE_ALL])
def test_of_more_keys_than_an_incident_may_name_none_is_deactivated(wanted: MintedKeys) -> None:
    observed = observe(*(make_key(number, maker=USER, is_proven=True) for number in range(3)))
    plan = make_planner(wanted, most=3).plan(observed, ())
    assert len(plan.changes) == 3 and plan.refused == ()
    planner = make_planner(wanted, most=2)
    plan = planner.plan(observed, ())
    (refusal,) = plan.refused
    assert plan.changes == () and planner.list_deactivated(observed) == ()
    assert (refusal.rule, refusal.operation) == ("max_principals", "UpdateAccessKey")
    assert "3 access keys of other users" in refusal.reason and "is 2, so none is" in refusal.reason


def test_keys_that_are_only_listed_are_not_counted() -> None:
    observed = observe(*(make_key(number) for number in range(3)))
    assert make_planner(MintedKeys.DEACTIVATE, most=2).plan(observed, ()).refused == ()
    untouched = dataclasses.replace(observed, untouched=frozenset({make_key(0).user}))
    assert len(make_planner(MintedKeys.DEACTIVATE_ALL, most=2).plan(untouched, ()).changes) == 2


def test_a_key_that_is_not_judged_is_not_deactivated() -> None:
    observed = observe(make_key(1, is_unjudged=True), make_key(2), make_key(3, maker=USER, is_proven=True))
    found = make_planner(MintedKeys.DEACTIVATE_ALL).list_deactivated(observed)
    assert [key.user for key in found] == [make_key(2).user, make_key(3).user]
    assert "the events of that time were not read" in describe_key(make_key(1, is_unjudged=True), NOW)["reason"]


@pytest.mark.parametrize(
    ("refusal", "is_proven"),
    [(None, True), *((Refusal(rule, "", PIPELINE), False) for rule in ("max_roles", "no_room", "role_unread"))],
    ids=["cut", "max_roles", "no_room", "role_unread"],
)
def test_a_key_is_proven_by_a_role_only_if_that_is_cut(refusal: t.Optional[Refusal], is_proven: bool) -> None:
    observed = dataclasses.replace(
        observe(make_key(1, maker=PIPELINE), make_key(2, maker=USER), make_key(3)), sources=(Source(USER, "leaked"),)
    )
    planner = make_planner(MintedKeys.DEACTIVATE)
    proven = planner.prove_keys(observed, (Verdict(Target(PIPELINE, Cut("")), refusal=refusal),))
    assert proven.minted is not None
    assert [key.is_proven for key in proven.minted.keys] == [is_proven, True, False]
    assert len(planner.list_deactivated(proven)) == 1 + is_proven


def test_only_a_key_that_is_proven_counts_as_leaked_in_the_record() -> None:
    proven, other = make_key(1, maker=USER, is_proven=True), make_key(2)
    observed, planner = observe(proven, other), make_planner(MintedKeys.DEACTIVATE_ALL)
    subjects = planner.list_owners_of_keys(observed, planner.plan(observed, ()).changes)
    assert {one.arn: one.seeds for one in subjects} == {proven.user: (proven.id,), other.user: ()}
