# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes of a step: whose trust policy is copied, and what is refused before anything is done."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Sequence

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.plan import (
    Case,
    CasePlanner,
    Planned,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.revert import Recorded
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State, Step
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse

from .samples import ALLOW_DEAD, CLOSED, PARALLEL, ROLE, TRUST, apply_changes, make_subject, make_writer
from .test_changes import change_policy, close, open_parallel, prepare, reach
from .test_revert import run_stages

ANYBODY: t.Final = {
    "Version": "2012-10-17",
    "Statement": [*TRUST["Statement"], {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
}


def plan(snapshot: Snapshot, event: Kind, entries: Sequence[Recorded] = ()) -> Planned:
    subject = make_subject(snapshot)
    step = Step(ROLE, State.DUE, "", way=Way.PARALLEL, event=event)
    trust = parse(t.cast(t.Any, subject.role.trust.document))
    case = Case(subject, step, trust=trust, entries=tuple(entries))
    (planned,) = CasePlanner(make_writer(snapshot), CLOSED).plan([case])
    return planned


def test_a_step_that_is_only_recorded_changes_nothing() -> None:
    snapshot, entries = run_stages(prepare, open_parallel)
    step = Step(ROLE, State.DUE, "", way=Way.PARALLEL, event=Kind.REVERTED, is_only_recorded=True)
    case = Case(make_subject(snapshot), step, entries=tuple(entries))
    (planned,) = CasePlanner(make_writer(snapshot), CLOSED).plan([case])
    assert (planned.changes, planned.refused) == ((), ())


def set_trust(snapshot: Snapshot, document: t.Any, arn: str = ROLE) -> Snapshot:
    roles = (
        dataclasses.replace(role, trust=PolicyDocument("trust", document)) if role.arn == arn else role
        for role in snapshot.roles
    )
    return dataclasses.replace(snapshot, roles=tuple(roles))


@pytest.mark.parametrize("event", [Kind.OPENED, Kind.CUT_OVER])
def test_new_documents_after_the_old_role_was_closed_do_not_close_the_new_one(event: Kind) -> None:
    closed, entries = run_stages(prepare, open_parallel, close)
    snapshot = change_policy(closed, "lp-dev-shop-1")
    planned = plan(snapshot, event, entries)
    assert [change.operation for change in planned.changes] == ["CreatePolicyVersion"]
    new = next(role for role in apply_changes(snapshot, planned.changes).roles if role.arn == PARALLEL)
    assert new.trust.document == TRUST


@pytest.mark.parametrize("event", [Kind.OPENED, Kind.CUT_OVER])
def test_whom_somebody_let_in_is_shut_out_when_the_stage_is_repeated(event: Kind) -> None:
    """The trust policy is that of the old role, from the journal if that one was closed."""
    for stages in ((prepare, open_parallel), (prepare, open_parallel, close)):
        snapshot, entries = run_stages(*stages)
        planned = plan(set_trust(snapshot, ANYBODY, PARALLEL), event, entries)
        assert [change.operation for change in planned.changes] == ["UpdateAssumeRolePolicy"]
        new = next(role for role in apply_changes(snapshot, planned.changes).roles if role.arn == PARALLEL)
        assert new.trust.document == TRUST


def test_the_trust_policy_of_a_closed_role_is_not_copied() -> None:
    refused = plan(set_trust(reach(prepare), CLOSED), Kind.OPENED).refused
    assert [refusal.rule for refusal in refused] == ["old_role_closed"]
    opened = reach(prepare, open_parallel, close)
    assert [refusal.rule for refusal in plan(opened, Kind.OPENED).refused] == ["old_role_closed"]


@pytest.mark.parametrize("event", [Kind.OPENED, Kind.CLOSED])
def test_a_trust_policy_that_could_not_be_set_again_is_refused(event: Kind) -> None:
    refused = plan(set_trust(reach(prepare, open_parallel), ALLOW_DEAD), event).refused
    assert [refusal.rule for refusal in refused] == ["dead_principal"]
