# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an approver sees of the key that a step is about."""

from __future__ import annotations

import dataclasses
import typing as t

from .rotations import DECLARED, NEW, OLD, TARGET, USER
from .test_run import MOVED, PENDING, Case, keys_of


def declare(**fields: t.Any) -> t.Any:
    return dataclasses.replace(DECLARED, targets=(TARGET,), **fields)


def test_a_deactivation_shows_when_the_key_may_be_deleted() -> None:
    capability, plan = Case(*keys_of(3), stages=3, versions=MOVED).plan()
    facts = capability.facts(plan.changes[0])
    # The seventh day after the run, which is on the fiftieth.
    assert facts.deadline == "2026-04-27T00:00:00Z"
    assert facts.credential is not None and facts.credential["id"] == OLD
    assert facts.credential["created"] == "2025-11-21T00:00:00Z"
    kept, plan = Case(*keys_of(3), stages=3, versions=MOVED).plan(declared=declare(delete_after=None))
    assert kept.facts(plan.changes[0]).deadline is None


def test_other_steps_have_no_deadline() -> None:
    for stages, days, versions in ((0, 50, None), (1, 1, PENDING), (4, 50, MOVED)):
        capability, plan = Case(*keys_of(stages), stages=stages, days=days, versions=versions).plan()
        for change in plan.changes:
            facts = capability.facts(change)
            assert facts.deadline is None
            assert bool(facts.credential) is (change.operation in ("CreateAccessKey", "DeleteAccessKey"))


def test_the_age_of_a_key_is_that_of_the_very_key_of_the_user() -> None:
    capability, plan = Case(*keys_of(3), stages=3, versions=MOVED).plan()
    (change,) = plan.changes
    other = dataclasses.replace(change, target=USER.replace("svc", "other"))
    facts = capability.facts(other)
    assert facts.credential is not None and facts.credential.get("created") is None
    new = {**change.before, "id": NEW}
    of_new = dataclasses.replace(change, before=new, after={**change.after, "id": NEW})
    facts = capability.facts(of_new)
    assert facts.credential is not None and facts.credential["created"] == "2026-03-01T00:00:00Z"
