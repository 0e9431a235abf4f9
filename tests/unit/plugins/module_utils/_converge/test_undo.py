# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.guard import GuardContext, Limits, guard
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Intent, Outcome, read_recorded
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo import (
    Selection,
    Undoing,
    Unread,
    objection,
    plan_undos,
)

from .fakes import ACCOUNT, RUN, FakeAws, FakeStore, change, journal_of, user_arn

EVERYTHING = Selection()
WRITES = frozenset({"iam:Replace", "iam:DetachGroupPolicy", "iam:DeleteUserPermissionsBoundary"})


class Run:
    """A recorded run: changes with their modules, in the order in which they were made."""

    def __init__(self, *changes: Change, module: str = "replace", outcome: Outcome = Outcome.APPLIED) -> None:
        self.entries = [(self._intent(number, done, module), outcome) for number, done in enumerate(changes, 1)]

    def _intent(self, number: int, done: Change, module: str) -> Intent:
        return Intent(key=f"{ACCOUNT}/{RUN}/{number:06d}", run_id=RUN, module=module, change=done)

    def undone(self, selection: Selection = EVERYTHING, **present: t.Any) -> Undoing:
        """What undoing comes to where users are as ``present`` says."""
        selected = [entry for entry in self.entries if selection.has(entry[0])]
        objections = {
            intent.key: refusal
            for intent, outcome in selected
            if (refusal := objection(intent, outcome, account_id=ACCOUNT, writes=WRITES))
        }
        states = {user_arn(name): state for name, state in present.items()}
        now = {intent.key: states.get(intent.change.target) for intent, _outcome in self.entries}
        return plan_undos(self.entries, selected=selected, objections=objections, present=now)


def names(changes: t.Iterable[Change]) -> list[str]:
    return [done.target.rpartition("/")[2] for done in changes]


def rules(found: Undoing) -> list[tuple[str, str]]:
    return [(refusal.rule, refusal.target.rpartition("/")[2]) for refusal in found.refused]


def test_changes_are_taken_back_newest_first() -> None:
    found = Run(change("a"), change("b"), change("c")).undone(a="new", b="new", c="new")
    assert names(found.changes) == ["c", "b", "a"]
    assert not found.refused and not found.as_before
    undo = found.changes[0]
    assert (undo.operation, undo.parameters, undo.before, undo.after) == (
        "Replace",
        {"Name": "c", "State": "old"},
        "new",
        "old",
    )
    assert (undo.kind, undo.undoes, undo.undo) == ("undo_Replace", f"{ACCOUNT}/{RUN}/000003", None)
    assert undo.as_dict()["undoes"] == undo.undoes


def test_a_change_is_taken_back_from_the_journal() -> None:
    store, aws = FakeStore(), FakeAws(alice="new")
    journal = journal_of(store)
    journal.conclude(journal.intend(change("alice")), Outcome.APPLIED)
    entries = tuple(read_recorded(store, ACCOUNT, RUN))
    present = {intent.key: aws.reread(intent.change) for intent, _outcome in entries}
    (undo,) = plan_undos(entries, selected=entries, objections={}, present=present).changes
    aws.call(undo.service, undo.operation, undo.parameters)
    assert aws.states[user_arn("alice")] == "old"


@pytest.mark.parametrize("present", ["newer", None])
def test_what_somebody_changed_since_stands(present: t.Any) -> None:
    found = Run(change("a"), change("b")).undone(a="new", b=present)
    assert names(found.changes) == ["a"]
    (refusal,) = found.refused
    assert (refusal.rule, refusal.operation) == ("changed_since", "Replace")
    assert refusal.reason == f"{user_arn('b')} is no longer as Replace of run {RUN} left it"


def test_what_is_as_before_is_neither_changed_nor_refused() -> None:
    found = Run(change("a"), change("b")).undone(a="old", b="new")
    assert (names(found.changes), names(found.as_before), found.refused) == (["b"], ["a"], ())


@pytest.mark.parametrize(("state", "undone"), [("new", ["a"]), ("old", [])])
def test_a_change_that_was_cut_off_is_judged_by_what_is_there(state: str, undone: list[str]) -> None:
    found = Run(change("a"), outcome=Outcome.UNKNOWN).undone(a=state)
    assert (names(found.changes), found.refused) == (undone, ())


def test_a_change_that_left_what_it_found_is_as_before() -> None:
    found = Run(change("a", before="new", after="new")).undone(a="new")
    assert (found.changes, found.refused, len(found.as_before)) == ((), (), 1)


TWICE = (
    change("a", before="1", after="2", undo=Undo("Replace", {"Name": "a", "State": "1"})),
    change("a", before="2", after="3", undo=Undo("Replace", {"Name": "a", "State": "2"})),
)


@pytest.mark.parametrize(
    ("state", "undone", "refused", "as_before"),
    [
        pytest.param("3", [("3", "2"), ("2", "1")], [], 0, id="both"),
        pytest.param("2", [("2", "1")], [], 1, id="half-undone"),
        pytest.param("1", [], [], 2, id="undone"),
        pytest.param("4", [], ["changed_since", "changed_since"], 0, id="changed-since"),
    ],
)
def test_changes_of_one_target_follow_each_other(
    state: str, undone: list[tuple[str, str]], refused: list[str], as_before: int
) -> None:
    found = Run(*TWICE).undone(a=state)
    assert [(undo.before, undo.after) for undo in found.changes] == undone
    assert [refusal.rule for refusal in found.refused] == refused
    assert len(found.as_before) == as_before


def test_an_older_change_can_not_be_taken_back_alone_from_under_a_newer_one() -> None:
    run = Run(TWICE[0], change("a", before="2", after="3", operation="Other"))
    assert rules(run.undone(Selection(operations=("Replace",)), a="3")) == [("changed_since", "a")]


def test_the_undo_of_another_target_brings_nothing_nearer() -> None:
    """It leads from what is there now to what this change left, but at another user."""
    run = Run(change("a", after="between"), change("b", before="between"))
    found = run.undone(a="new", b="new")
    assert (names(found.changes), rules(found)) == (["b"], [("changed_since", "a")])


def test_states_of_one_target_that_say_different_things_are_told_apart() -> None:
    keys = [
        change("a", before={"id": name, "active": True}, after={"id": name, "active": False}) for name in ("k1", "k2")
    ]
    run = Run(*keys)
    now = {intent.key: intent.change.after for intent, _outcome in run.entries}
    found = plan_undos(run.entries, selected=run.entries, objections={}, present=now)
    assert [undo.before["id"] for undo in found.changes] == ["k2", "k1"]


# Refused whatever is there


def test_what_somebody_else_made_is_left_alone() -> None:
    found = Run(change("a"), outcome=Outcome.FOREIGN).undone(a="new")
    assert (found.changes, rules(found)) == ((), [("foreign", "a")])
    assert found.refused[0].reason.endswith("was made by somebody else, so the rollback ignores it")


@pytest.mark.parametrize(
    ("done", "outcome", "rule", "reason"),
    [
        (change(), Outcome.FAILED, "not_made", "was not made, so there is nothing to undo"),
        (change(undo=None), Outcome.APPLIED, "irreversible", f"Replace on {user_arn('alice')} can't be undone"),
        (change(undo=None, undoes="x"), Outcome.APPLIED, "irreversible", "run the declaration again"),
        (change(undo=Undo("DeleteUser", {})), Outcome.APPLIED, "undeclared", "DeleteUser, which is not a write"),
        (change(service="ec2"), Outcome.APPLIED, "undeclared", "Replace, which is not a write of replace"),
        (change(account_id="999988887777"), Outcome.APPLIED, "wrong_account", "of account 999988887777"),
    ],
)
def test_objections(done: Change, outcome: Outcome, rule: str, reason: str) -> None:
    found = Run(done, outcome=outcome).undone(alice="new")
    assert not found.changes
    assert (found.refused[0].rule, found.refused[0].operation) == (rule, "Replace")
    assert reason in found.refused[0].reason


def test_what_can_not_be_read_is_refused_and_the_rest_goes_on() -> None:
    found = Run(change("a"), change("b")).undone(a="new", b=Unread("AccessDenied"))
    assert names(found.changes) == ["a"]
    assert rules(found) == [("unread", "b")]
    assert "AccessDenied" in found.refused[0].reason


# Nothing is taken away from under what stands

ATTACHED = change("group", operation="AttachGroupPolicy", undo=Undo("DetachGroupPolicy", {}))


@pytest.mark.parametrize(
    ("user", "undone", "refused"),
    [
        pytest.param("new", ["user", "group"], [], id="both"),
        pytest.param("newer", [], [("changed_since", "user"), ("later_change_stands", "group")], id="user-changed"),
        pytest.param("old", ["group"], [], id="user-has-it-again"),
    ],
)
def test_a_group_keeps_what_its_user_can_not_have_again(
    user: str, undone: list[str], refused: list[tuple[str, str]]
) -> None:
    found = Run(ATTACHED, change("user")).undone(group="new", user=user)
    assert names(found.changes) == undone
    assert rules(found) == refused


@pytest.mark.parametrize(
    ("user", "undone"),
    [
        pytest.param("new", [], id="user-lacks-it"),
        pytest.param("newer", [], id="user-changed"),
        pytest.param("old", ["group"], id="user-has-it-again"),
    ],
)
def test_a_group_keeps_what_its_user_is_not_to_have_again(user: str, undone: list[str]) -> None:
    """The part of the run that is selected is the group alone."""
    found = Run(ATTACHED, change("user")).undone(Selection(targets=("*/group",)), group="new", user=user)
    assert names(found.changes) == undone
    assert rules(found) == ([] if undone else [("later_change_stands", "group")])


def test_what_is_not_selected_and_was_not_made_does_not_stand() -> None:
    run = Run(ATTACHED)
    run.entries += Run(change("other"), change("x"), outcome=Outcome.FAILED).entries[1:]
    assert names(run.undone(Selection(targets=("*/group",)), group="new").changes) == ["group"]


@pytest.mark.parametrize(("standing", "undone"), [("user", []), ("elsewhere", ["group"])])
def test_a_module_knows_what_of_its_changes_relies_on_which(standing: str, undone: list[str]) -> None:
    run = Run(ATTACHED, change("user"), change("elsewhere"))
    states = {
        user_arn(name): "new" if name in ("group", standing) else "old" for name in ("group", "user", "elsewhere")
    }
    found = plan_undos(
        run.entries,
        selected=run.entries[:1],
        objections={},
        present={intent.key: states[intent.change.target] for intent, _outcome in run.entries},
        relies=lambda later, _earlier: later.change.target == user_arn("user"),
    )
    assert names(found.changes) == undone


def test_other_modules_and_undos_that_widen_do_not_wait() -> None:
    boundary = change("b", undo=Undo("DeleteUserPermissionsBoundary", {}))
    run = Run(boundary, change("a"), change("c", undo=None))
    assert names(run.undone(a="new", b="new", c="new").changes) == ["a", "b"]
    run = Run(ATTACHED)
    run.entries += Run(change("other"), change("x", undo=None), module="elsewhere").entries[1:]
    assert names(run.undone(group="new", x="new").changes) == ["group"]


def test_what_was_not_made_does_not_stand() -> None:
    run = Run(ATTACHED)
    run.entries += Run(change("other"), change("x"), outcome=Outcome.FAILED).entries[1:]
    assert names(run.undone(group="new").changes) == ["group"]


# A part of a run


@pytest.mark.parametrize(
    ("selection", "undone"),
    [
        (EVERYTHING, ["c", "b", "a"]),
        (Selection(modules=frozenset({"replace"})), ["c", "b", "a"]),
        (Selection(modules=frozenset({"other"})), []),
        (Selection(targets=("*:user/[ab]",)), ["b", "a"]),
        (Selection(targets=("*:user/a", "*:user/c")), ["c", "a"]),
        (Selection(exclude_targets=("*/b",)), ["c", "a"]),
        (Selection(targets=("*:user/*",), exclude_targets=("*/a", "*/b")), ["c"]),
        (Selection(operations=("Rep*",)), ["c", "b", "a"]),
        (Selection(operations=("replace", "Update*")), []),
        (Selection(operations=("Replace",), targets=("*/b",)), ["b"]),
    ],
)
def test_selection(selection: Selection, undone: list[str]) -> None:
    found = Run(change("a"), change("b"), change("c")).undone(selection, a="new", b="new", c="new")
    assert names(found.changes) == undone


def test_no_cap_holds_a_rollback_back() -> None:
    users = [f"u{number}" for number in range(30)]
    run = Run(*(change(name) for name in users))
    changes = run.undone(**dict.fromkeys(users, "new")).changes
    assert {undo.impact for undo in changes} == {Impact.ADDITIVE}
    context = GuardContext(principals=frozenset(), limits=Limits(max_changes=1))
    assert guard(changes, context).allowed == changes
