# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back from each stage: the old role is as it was, and what was made is deleted or closed."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Sequence

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import (
    APPROVAL_KINDS,
    ChangeKind,
    Subject,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.revert import (
    Recorded,
    Reverter,
    Way,
    list_aspects,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Intent, Outcome

from .samples import (
    ACCOUNT,
    ADMIN,
    BEFORE,
    CLOSED,
    DEVELOPER,
    OLD,
    PARALLEL,
    ROLE,
    TRUST,
    allow,
    apply_changes,
    make_subject,
)
from .test_changes import close, open_parallel, plan, prepare, prepare_in_place, replace, retire, try_out


def record(changes: Sequence[Change]) -> list[Recorded]:
    """The changes as a journal has them: without requests and kinds."""
    return [
        (
            Intent(f"{number}", "run", "least_privilege", dataclasses.replace(change, parameters={}, kind="")),
            Outcome.APPLIED,
        )
        for number, change in enumerate(changes)
    ]


def run_stages(*stages: t.Any) -> tuple[Snapshot, list[Recorded]]:
    snapshot, made = BEFORE, []
    for stage in stages:
        changes = plan(stage, snapshot)
        made += changes
        snapshot = apply_changes(snapshot, changes)
    return snapshot, record(made)


def read_present(snapshot: Snapshot, entries: Sequence[Recorded]) -> dict[str, t.Any]:
    """The state of each aspect of the old role."""
    role = next(role for role in snapshot.roles if role.arn == ROLE)
    inline = {item.name: item.document for item in role.inline_policies}
    found: dict[str, t.Any] = {}
    for aspect in list_aspects(ROLE, entries):
        state = aspect.last
        if "attached" in state:
            found[aspect.name] = {**state, "attached": state["policy"] in role.attached_policies}
        elif "inline_policy" in state:
            found[aspect.name] = {**state, "document": inline.get(state["inline_policy"])}
        elif "boundary" in state:
            found[aspect.name] = {"boundary": role.boundary}
        else:
            found[aspect.name] = {"trust": role.trust.document}
    return found


def go_back(snapshot: Snapshot, entries: Sequence[Recorded], *, is_used: bool = False) -> Way:
    return Reverter(ACCOUNT, CLOSED).plan(
        make_subject(snapshot), entries, read_present(snapshot, entries), is_used=is_used, returns_admin=True
    )


CASES: t.Final = {
    "prepare": (prepare,),
    "open": (prepare, open_parallel),
    "close": (prepare, open_parallel, close),
    "retire": (prepare, open_parallel, close, retire),
    "prepare in place": (prepare_in_place,),
    "trial": (prepare_in_place, try_out),
    "replace": (prepare_in_place, try_out, replace),
}


def sort_old(snapshot: Snapshot) -> tuple[t.Any, ...]:
    role = next(role for role in snapshot.roles if role.arn == ROLE)
    inline = sorted((item.name, str(item.document)) for item in role.inline_policies)
    return sorted(role.attached_policies), inline, role.trust.document, role.boundary


@pytest.mark.parametrize("name", CASES)
def test_the_old_role_is_as_before_and_the_new_objects_are_gone(name: str) -> None:
    snapshot, entries = run_stages(*CASES[name])
    way = go_back(snapshot, entries)
    assert way.refused == ()
    after = apply_changes(snapshot, way.changes)
    assert sort_old(after) == sort_old(BEFORE)
    assert [role.arn for role in after.roles] == [ROLE]
    deleted = {change.target for change in way.changes if change.operation == "DeletePolicy"}
    assert deleted == {policy.arn for policy in snapshot.policies}
    # What is given comes before what is taken.
    old = [change.operation for change in way.changes if change.target == ROLE]
    gives = [operation.startswith(("Attach", "Put", "Update")) or "Boundary" in operation for operation in old]
    assert gives == sorted(gives, reverse=True)
    again = go_back(after, [*entries, *record(way.changes)])
    assert [change for change in again.changes if change.target == ROLE] == []


@pytest.mark.parametrize("name", ["open", "close", "retire"])
def test_a_new_role_that_was_used_is_closed_and_keeps_its_policies(name: str) -> None:
    snapshot, entries = run_stages(*CASES[name])
    way = go_back(snapshot, entries, is_used=True)
    after = apply_changes(snapshot, way.changes)
    parallel = next(role for role in after.roles if role.arn == PARALLEL)
    assert parallel.trust.document == CLOSED and len(parallel.attached_policies) == 2
    assert "DeleteRole" not in [change.operation for change in way.changes]
    attached = {change.target for change in way.changes if change.operation == "DeletePolicy"}
    assert not attached & set(parallel.attached_policies)


def test_a_return_of_administrator_rights_needs_approval_and_the_end_of_a_trial_does_not() -> None:
    snapshot, entries = run_stages(*CASES["replace"])
    returned = [change for change in go_back(snapshot, entries).changes if change.operation == "AttachRolePolicy"]
    assert returned and all(change.kind in APPROVAL_KINDS for change in returned)
    snapshot, entries = run_stages(*CASES["trial"])
    (lifted,) = [change for change in go_back(snapshot, entries).changes if change.target == ROLE]
    assert lifted.kind == ChangeKind.LIFT and lifted.kind not in APPROVAL_KINDS


def test_an_aspect_that_somebody_changed_since_stays() -> None:
    snapshot, entries = run_stages(*CASES["close"])
    other = dataclasses.replace(DEVELOPER.trust, document={"Version": "2012-10-17", "Statement": []})
    roles = tuple(dataclasses.replace(role, trust=other) if role.arn == ROLE else role for role in snapshot.roles)
    way = go_back(dataclasses.replace(snapshot, roles=roles), entries)
    assert [refusal.rule for refusal in way.refused] == ["changed_since"]
    # People may still need the new role.
    assert way.changes == ()


def test_objects_that_the_journal_does_not_show_as_ours_stay() -> None:
    snapshot, _entries = run_stages(*CASES["open"])
    way = go_back(snapshot, [])
    assert [refusal.rule for refusal in way.refused] == ["not_ours"] and way.changes == ()


def test_changes_that_failed_or_were_made_by_others_are_not_taken_back() -> None:
    snapshot, entries = run_stages(*CASES["close"])
    failed = [(intent, Outcome.FAILED if intent.change.target == ROLE else outcome) for intent, outcome in entries]
    way = go_back(snapshot, failed)
    assert not [change for change in way.changes if change.target == ROLE]


def test_without_break_glass_a_used_role_stays_open() -> None:
    snapshot, entries = run_stages(*CASES["open"])
    present = read_present(snapshot, entries)
    way = Reverter(ACCOUNT, None).plan(make_subject(snapshot), entries, present, is_used=True, returns_admin=False)
    assert [refusal.rule for refusal in way.refused] == ["no_break_glass"]


def change_old(snapshot: Snapshot, **fields: t.Any) -> Snapshot:
    """The account after somebody changed the old role by hand."""
    roles = (dataclasses.replace(role, **fields) if role.arn == ROLE else role for role in snapshot.roles)
    return dataclasses.replace(snapshot, roles=tuple(roles))


def test_a_trust_that_was_narrowed_between_two_campaigns_does_not_come_back_wider() -> None:
    snapshot, entries = run_stages(*CASES["close"])
    back = go_back(snapshot, entries).changes
    snapshot, entries = apply_changes(snapshot, back), [*entries, *record(back)]
    narrow = {"Version": "2012-10-17", "Statement": TRUST["Statement"][1:]}
    snapshot = change_old(snapshot, trust=PolicyDocument("trust", narrow))
    closing = plan(close, snapshot)
    entries += record(closing)
    snapshot = apply_changes(snapshot, closing)
    after = apply_changes(snapshot, go_back(snapshot, entries).changes)
    assert next(role for role in after.roles if role.arn == ROLE).trust.document == narrow


def test_a_boundary_of_somebody_else_after_a_trial_that_is_over_holds_back_no_revert() -> None:
    snapshot, entries = run_stages(*CASES["replace"])
    snapshot = change_old(snapshot, boundary=OLD)
    way = go_back(snapshot, entries)
    assert way.refused == ()
    after = next(role for role in apply_changes(snapshot, way.changes).roles if role.arn == ROLE)
    assert (sorted(after.attached_policies), after.boundary) == (sorted([ADMIN, OLD]), OLD)


def test_a_role_keeps_its_new_policies_as_long_as_it_can_not_get_all_old_ones_back() -> None:
    snapshot, entries = run_stages(*CASES["replace"])
    role = next(role for role in snapshot.roles if role.arn == ROLE)
    other = PolicyDocument("extra", allow("sqs:SendMessage"))
    snapshot = change_old(snapshot, inline_policies=(*role.inline_policies, other))
    way = go_back(snapshot, entries)
    assert [refusal.rule for refusal in way.refused] == ["changed_since"]
    assert {change.operation for change in way.changes} == {"AttachRolePolicy"}


def test_a_document_that_aws_writes_in_another_way_is_the_same() -> None:
    snapshot, entries = run_stages(*CASES["close"])
    (statement,) = CLOSED["Statement"]
    written = {**CLOSED, "Statement": {**statement, "Action": ["sts:AssumeRole"]}}
    way = go_back(change_old(snapshot, trust=PolicyDocument("trust", written)), entries)
    (opened,) = [change for change in way.changes if change.target == ROLE]
    assert way.refused == () and (opened.before, opened.after) == ({"trust": written}, {"trust": TRUST})


def test_another_role_that_somebody_made_under_the_name_of_the_new_one_is_not_deleted() -> None:
    snapshot, entries = run_stages(*CASES["prepare"])
    present = read_present(snapshot, entries)

    def go(subject: Subject, new_id: str) -> Way:
        return Reverter(ACCOUNT, CLOSED).plan(
            subject, entries, present, is_used=False, returns_admin=False, new_id=new_id
        )

    subject = make_subject(snapshot)
    assert subject.parallel is not None
    subject = dataclasses.replace(subject, parallel=dataclasses.replace(subject.parallel, unique_id="AROANEW"))
    assert go(subject, "AROANEW").refused == () and go(subject, "").refused == ()
    assert [refusal.rule for refusal in go(subject, "AROAFIRST").refused] == ["not_ours"]
    plain = dataclasses.replace(subject, parallel=dataclasses.replace(subject.parallel, tags={}))
    way = go(plain, "AROANEW")
    assert [refusal.rule for refusal in way.refused] == ["not_ours"]
    assert PARALLEL not in [change.target for change in way.changes]


def test_a_trust_policy_that_the_new_role_does_not_have_comes_back_under_an_approved_plan_only() -> None:
    snapshot, entries = run_stages(*CASES["close"])
    present = read_present(snapshot, entries)

    def find_kind(found: Sequence[Recorded]) -> str:
        way = Reverter(ACCOUNT, CLOSED).plan(make_subject(snapshot), found, present, is_used=True, returns_admin=False)
        (opened,) = [change for change in way.changes if change.target == ROLE]
        return opened.kind

    assert find_kind(entries) == ChangeKind.RETURN
    forged: list[Recorded] = []
    for intent, outcome in entries:
        change = intent.change
        if change.target == ROLE:
            wide = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": "999999999999"}}]}
            change = dataclasses.replace(change, before={"trust": wide})
        forged.append((dataclasses.replace(intent, change=change), outcome))
    assert find_kind(forged) == ChangeKind.RETURN_ADMIN
