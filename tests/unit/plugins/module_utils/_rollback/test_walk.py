# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The walk of a rollback from a recorded journal: what is read, planned and refused, and in which role."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.live import (
    ADMINISTRATORS_READS,
    HOLDERS_READS,
    NODES_READS,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.capability import Aws
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Refusal, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo import Selection, Undoing
from ansible_collections.hardening.iam.plugins.module_utils._module.registration import Reversal
from ansible_collections.hardening.iam.plugins.module_utils._module.snapshots import BREAK_GLASS_OPERATIONS
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Roles, Writer
from ansible_collections.hardening.iam.plugins.module_utils._rollback import run as module
from ansible_collections.hardening.iam.plugins.module_utils._rollback.run import Rollback, UndoRoles

from .._account.fakes import gather
from .._capabilities.incidents import converge_with
from .._converge.fakes import ACCOUNT, NOW, FakeStore
from ..organizing import role_arn

USERS, POLICIES = "user_permissions", "password_policy"
ALICE, BOB, STAFF = (f"arn:aws:iam::{ACCOUNT}:{name}" for name in ("user/alice", "user/bob", "group/staff"))
ATTACHED: t.Final = {"attached": True}
DETACHED: t.Final = {"attached": False}


def done(target: str, operation: str = "AttachUserPolicy", **fields: t.Any) -> Change:
    undo = Undo("Detach" + operation.removeprefix("Attach"), {"Of": target})
    if operation.startswith("Detach"):
        undo = Undo("Attach" + operation.removeprefix("Detach"), {"Of": target})
    states = (DETACHED, ATTACHED) if operation.startswith("Attach") else (ATTACHED, DETACHED)
    found = Change(ACCOUNT, "global", "iam", operation, target, {"Of": target}, *states, "", Impact.ADDITIVE, undo=undo)
    return dataclasses.replace(found, **fields)


@dataclasses.dataclass(frozen=True)
class Connection:
    """What a rollback reaches the account by."""

    access: t.Any
    store: FakeStore
    now: datetime = NOW + timedelta(days=9)
    warned: list[str] = dataclasses.field(default_factory=list)

    def open_store(self, place: t.Any) -> FakeStore:
        assert place == "journal"
        return self.store

    def warn(self, text: str) -> None:
        self.warned.append(text)


class Bench:
    """An account of two modules, whose present states, refusals and preparations a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = FakeStore()
        self.jobs = 0
        self.selection = Selection()
        self.roles: dict[str, str] = {}
        self.present: dict[str, t.Any] = {}
        self.read: list[tuple[str, str, t.Any]] = []
        self.refused: dict[str, Refusal] = {}
        self.asked: list[t.Any] = []
        self.first: dict[str, t.Union[Change, Refusal]] = {}
        self.actings: dict[str, Aws] = {}
        self.approved: tuple[str, ...] = ()
        registered = {
            USERS: self._register(USERS, Writer.POLICIES),
            POLICIES: self._register(POLICIES, Writer.CREDENTIALS),
        }
        monkeypatch.setattr(module, "CAPABILITIES", registered)

    def _register(self, name: str, writer: Writer) -> t.Any:
        kinds = ("User", "Group")
        names = [f"{way}{kind}Policy" for way in ("Attach", "Detach") for kind in kinds]

        def reread(access: t.Any, now: datetime) -> t.Any:
            assert now == NOW

            def read(change: Change) -> t.Any:
                self.read.append((name, change.target, access.role_arn))
                found = self.present[change.target]
                if isinstance(found, Exception):
                    raise found
                return found

            return read

        def refuse(access: t.Any, undos: Sequence[Change], now: datetime) -> Mapping[str, Refusal]:
            self.asked.append((name, access.role_arn, [undo.target for undo in undos], now))
            return {undo.undoes: self.refused[undo.target] for undo in undos if undo.target in self.refused}

        def prepare(_access: t.Any, undos: Sequence[Change], as_before: Sequence[Change]) -> t.Any:
            self.asked.append((name, [undo.target for undo in undos], [change.target for change in as_before]))
            return {undo.undoes: self.first[undo.target] for undo in undos if undo.target in self.first}

        reversal = Reversal(
            Operations(writes=frozenset(f"iam:{one}" for one in names)),
            {("iam", one): functools.partial(_derive, one) for one in names},
            reread,
            relies_on=lambda later, earlier: later.target == ALICE and earlier.target == STAFF,
            refuse=refuse,
            acting=lambda _access: lambda undo: self.actings.get(undo.target),
            prepare=prepare,
            needs_approval=lambda undo: undo.target in self.approved,
        )
        return types.SimpleNamespace(reversal=reversal, writer=writer)

    def record(self, name: str, *made: Change, outcome: Outcome = Outcome.APPLIED) -> list[str]:
        self.jobs += 1
        at = NOW + timedelta(minutes=self.jobs)
        names = {"run_id": "one", "job_id": str(self.jobs), "module": name, "caller_arn": BOB}
        journal = Journal(t.cast(t.Any, self.store), clock=lambda: at, account_id=ACCOUNT, **names)
        self.store.now = at
        keys = []
        for change in made:
            key = journal.intend(change)
            journal.conclude(key, outcome)
            keys.append(key)
            self.present.setdefault(change.target, change.after)
        return keys

    def make(self) -> Rollback:
        caller = types.SimpleNamespace(account_id=ACCOUNT, arn=f"{BOB}/own")
        access = _Access(None, caller)
        self.connection = Connection(access, self.store)
        roles = UndoRoles.of(Roles.from_options({"assume_role_arns": self.roles}))
        options = module._Options("one", self.selection, roles, (), t.cast(t.Any, "journal"), NOW, True)
        opened = lambda role: _Access(role, types.SimpleNamespace(account_id=ACCOUNT, arn=f"{role}/session"))  # noqa: E731
        return Rollback(options, t.cast(t.Any, self.connection), access_in=t.cast(t.Any, opened))

    def undo(self) -> tuple[Rollback, Undoing]:
        rollback = self.make()
        return rollback, rollback.observe()


def _derive(operation: str, record: t.Any) -> t.Optional[Undo]:
    return done(str(record.target), operation).undo


class _Access:
    def __init__(self, role: t.Optional[str], caller: t.Any) -> None:
        self.role_arn, self.caller, self.partition = role, caller, "aws"

    def gather(self, calls: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return gather(calls)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def targets(undoing: Undoing) -> list[tuple[str, str]]:
    return [(change.operation, change.target) for change in undoing.changes]


def test_each_change_is_taken_back_the_newest_first_by_its_own_module(bench: Bench) -> None:
    (alice,) = bench.record(USERS, done(ALICE))
    (bob,) = bench.record(POLICIES, done(BOB))
    rollback, undoing = bench.undo()
    assert targets(undoing) == [("DetachUserPolicy", BOB), ("DetachUserPolicy", ALICE)]
    assert [change.undoes for change in undoing.changes] == [bob, alice]
    assert {(name, target) for name, target, _role in bench.read} == {(USERS, ALICE), (POLICIES, BOB)}
    assert rollback.plan(undoing, ()).changes == undoing.changes and rollback.findings(undoing) == ()
    # Each module is asked about its own, at the time at which it is asked.
    refuse = [item for item in bench.asked if len(item) == 4]
    assert [item[0::2] for item in refuse] == [(USERS, [ALICE]), (POLICIES, [BOB])]
    assert {item[3] for item in refuse} == {NOW}


def test_what_is_not_selected_is_not_read_where_its_module_has_nothing_that_is(bench: Bench) -> None:
    bench.record(USERS, done(ALICE), done(STAFF, "AttachGroupPolicy"))
    bench.record(POLICIES, done(BOB))
    bench.selection = Selection(targets=(ALICE,))
    rollback, undoing = bench.undo()
    assert targets(undoing) == [("DetachUserPolicy", ALICE)]
    assert {target for _name, target, _role in bench.read} == {ALICE, STAFF}
    result = rollback.result({"changes": [], "refused": [], "account_id": ACCOUNT})
    assert (result["undo_run_id"], result["recorded"], result["selected"], result["as_before"]) == ("one", 3, 1, [])
    assert "2 not selected" in result["terminal"]


def test_a_change_that_a_later_one_relies_on_stays_with_it(bench: Bench) -> None:
    bench.record(USERS, done(STAFF, "AttachGroupPolicy"), done(ALICE, "DetachUserPolicy"), done(BOB))
    bench.refused[ALICE] = Refusal("in_use", "it is used", ALICE, "AttachUserPolicy")
    rollback, undoing = bench.undo()
    assert targets(undoing) == [("DetachUserPolicy", BOB)]
    assert [(item.rule, item.target) for item in undoing.refused] == [("in_use", ALICE), ("later_change_stands", STAFF)]
    bench.refused = {}
    rollback, undoing = bench.undo()
    bob, alice, staff = undoing.changes
    assert rollback.stays_with(staff, alice)
    assert not rollback.stays_with(alice, staff) and not rollback.stays_with(bob, alice)


def test_what_cannot_be_read_or_prepared_is_refused_and_stops_no_other(bench: Bench) -> None:
    bench.record(USERS, done(ALICE), done(BOB), done(STAFF, "AttachGroupPolicy"))
    bench.present[ALICE] = AwsError("denied")
    bench.first[BOB] = Refusal("no_room", "there is no room", BOB)
    _rollback, undoing = bench.undo()
    assert targets(undoing) == [("DetachGroupPolicy", STAFF)]
    assert {(item.rule, item.target) for item in undoing.refused} == {("unread", ALICE), ("no_room", BOB)}


def test_what_must_be_done_first_stands_before_its_undo_alone(bench: Bench) -> None:
    alice, bob = bench.record(USERS, done(ALICE), done(BOB))
    first = dataclasses.replace(done(BOB, "DetachUserPolicy"), operation="MakeRoom", undoes=bob)
    bench.first[BOB] = first
    rollback, undoing = bench.undo()
    assert [change.operation for change in undoing.changes] == ["MakeRoom", "DetachUserPolicy", "DetachUserPolicy"]
    assert [change.undoes for change in undoing.changes] == [bob, bob, alice]
    assert set(map(rollback.caller, undoing.changes)) == {f"{BOB}/own"}
    bench.present[BOB] = "room"
    assert rollback.reread(first) == "room"


def test_a_target_that_is_as_before_is_said_and_known_to_the_preparation(bench: Bench) -> None:
    bench.record(USERS, done(ALICE), done(BOB))
    bench.record(POLICIES, done(STAFF, "AttachGroupPolicy"))
    bench.present[ALICE] = DETACHED
    rollback, undoing = bench.undo()
    assert [change.target for change in undoing.as_before] == [ALICE]
    assert (USERS, [BOB], [ALICE]) in bench.asked and (POLICIES, [STAFF], []) in bench.asked
    result = rollback.result({"changes": [], "refused": [], "account_id": ACCOUNT})
    assert result["as_before"] == [{"target": ALICE, "operation": "AttachUserPolicy"}]


def test_only_what_its_module_makes_under_an_approval_waits_for_one(bench: Bench) -> None:
    bench.record(USERS, done(ALICE), done(BOB))
    bench.approved = (BOB,)
    _rollback, undoing = bench.undo()
    kinds = {change.target: change.kind for change in undoing.changes}
    assert kinds == {BOB: "undo_under_approval", ALICE: "undo_AttachUserPolicy"}
    assert Rollback.approval_kinds == {"undo_under_approval"}


@pytest.mark.parametrize(
    ("outcome", "fields", "rule"),
    [
        (Outcome.FOREIGN, {}, "foreign"),
        (Outcome.FAILED, {}, "not_made"),
        (Outcome.APPLIED, {"undo": None}, "irreversible"),
        (Outcome.APPLIED, {"undo": Undo("DetachUserPolicy", {"Of": BOB})}, "undo_mismatch"),
        (Outcome.APPLIED, {"undo": Undo("DeleteUser", {"Of": ALICE})}, "undeclared"),
    ],
)
def test_a_record_that_can_not_be_taken_back_is_refused_and_its_target_not_read(
    bench: Bench, outcome: Outcome, fields: dict[str, t.Any], rule: str
) -> None:
    bench.record(USERS, done(ALICE, **fields), outcome=outcome)
    bench.record(USERS, done(BOB))
    _rollback, undoing = bench.undo()
    assert [item.rule for item in undoing.refused] == [rule] and targets(undoing) == [("DetachUserPolicy", BOB)]
    assert {target for _name, target, _role in bench.read} == {BOB}


@pytest.mark.parametrize("broken", [{"before": ["x"]}, {"after": "x"}])
def test_a_record_of_another_shape_is_a_warning(bench: Bench, broken: dict[str, t.Any]) -> None:
    bench.record(USERS, done(ALICE, **broken), done(BOB))
    _rollback, undoing = bench.undo()
    assert targets(undoing) == [("DetachUserPolicy", BOB)] and not undoing.refused
    (said,) = bench.connection.warned
    assert said.startswith("a record of the journal is ignored: before or after of ") and said.endswith(" is malformed")


def test_a_record_without_a_state_before_it_is_sound(bench: Bench) -> None:
    bench.record(USERS, done(ALICE, before=None))
    _rollback, undoing = bench.undo()
    assert targets(undoing) == [("DetachUserPolicy", ALICE)] and not bench.connection.warned


# The roles


def test_each_module_reads_and_undoes_in_the_role_of_its_class(bench: Bench) -> None:
    bench.roles = {"policies": role_arn(ACCOUNT), "credentials": f"{role_arn(ACCOUNT)}2"}
    bench.record(USERS, done(ALICE))
    bench.record(POLICIES, done(BOB))
    rollback, undoing = bench.undo()
    assert set(bench.read) == {
        (USERS, ALICE, bench.roles["policies"]),
        (POLICIES, BOB, bench.roles["credentials"]),
    }
    bob, alice = undoing.changes
    assert rollback.caller(alice) == f"{bench.roles['policies']}/session"
    assert rollback.caller(bob) == f"{bench.roles['credentials']}/session"
    assert t.cast(t.Any, rollback.acting(alice)).role_arn == bench.roles["policies"]
    bench.actings[BOB] = t.cast(t.Any, "another AWS")
    assert t.cast(t.Any, rollback.acting(bob)) == "another AWS"
    unknown = dataclasses.replace(alice, undoes="of another run")
    assert rollback.caller(unknown) is None and rollback.acting(unknown) is None


def test_a_change_whose_class_has_no_role_is_refused_and_not_read(bench: Bench) -> None:
    bench.roles = {"policies": role_arn(ACCOUNT)}
    bench.record(USERS, done(ALICE))
    bench.record(POLICIES, done(BOB))
    _rollback, undoing = bench.undo()
    assert targets(undoing) == [("DetachUserPolicy", ALICE)]
    assert [(item.rule, item.target) for item in undoing.refused] == [("no_role", BOB)]
    assert [name for name, _target, _role in bench.read] == [USERS]


def test_a_role_of_another_account_ends_the_rollback(bench: Bench) -> None:
    bench.roles = {"policies": role_arn("999988887777")}
    with pytest.raises(TaskError, match="is no role of account"):
        bench.make()


def test_an_interrupted_undo_of_an_earlier_rollback_is_read_by_its_own_record(bench: Bench) -> None:
    (key,) = bench.record(USERS, done(ALICE))
    rollback = bench.make()
    undo = dataclasses.replace(done(ALICE, "DetachUserPolicy"), undoes=key)
    assert rollback.reread(undo) == ATTACHED and bench.read == [(USERS, ALICE, None)]
    (other,) = bench.record("a module that is gone", done(BOB))
    with pytest.raises(AwsError, match="changes of a module that is gone can't be read"):
        rollback.reread(dataclasses.replace(undo, undoes=other))


# The options of the module


def begin(bench: Bench, monkeypatch: pytest.MonkeyPatch, **more: t.Any) -> tuple[list[t.Any], list[t.Any]]:
    """Run the module up to its walk: the roles that it works as, and the rollback with what it says of itself."""
    bench.make()
    handed = converge_with(monkeypatch, module, bench.connection)
    worked: list[t.Any] = []
    options = {"undo_run_id": "one", "modules": [], "targets": [], "exclude_targets": [], "operations": []}
    task = types.SimpleNamespace(
        options={**options, **more.pop("options", {})},
        run_id="two",
        roles=Roles.from_options({"assume_role_arns": bench.roles}),
        work_as=worked.append,
        guards=types.SimpleNamespace(break_glass=(BOB,)),
        journal="journal",
        started=NOW,
        run=types.SimpleNamespace(writes=True),
        access=_Access("assessor", types.SimpleNamespace(account_id=ACCOUNT, arn="assessor")),
        access_in=lambda role: _Access(role, types.SimpleNamespace(account_id=ACCOUNT, arn=f"{role}/session")),
        **{"works_as_assessor": False, **more},
    )
    assert module.run(t.cast(t.Any, task)) == {"converged": True}
    return worked, handed


@pytest.mark.parametrize("reads_alone", [True, False])
def test_a_rollback_works_as_its_roles_or_reads_as_the_assessor(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, reads_alone: bool
) -> None:
    bench.roles = {"policies": role_arn(ACCOUNT), "credentials": f"{role_arn(ACCOUNT)}2"}
    bench.record(USERS, done(ALICE))
    bench.record(POLICIES, done(BOB))
    options = {"modules": [POLICIES], "exclude_targets": [ALICE]}
    worked, ((rollback, named),) = begin(bench, monkeypatch, options=options, works_as_assessor=reads_alone)
    assert worked == [bench.roles["credentials"]] and named == {"module": "rollback"}
    assert rollback._options.selection == Selection(frozenset({POLICIES}), exclude_targets=(ALICE,))
    assert rollback._options.break_glass == (BOB,)
    assert targets(rollback.observe()) == [("DetachUserPolicy", BOB)]
    assert bench.read == [(POLICIES, BOB, "assessor" if reads_alone else bench.roles["credentials"])]


def test_a_run_is_not_taken_back_by_itself_nor_under_a_name_that_is_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, said in (("two", "is this run itself"), ("../one", "undo_run_id")):
        with pytest.raises(TaskError, match=said):
            begin(bench, monkeypatch, options={"undo_run_id": name})


def test_whom_an_undo_affects_and_who_may_use_break_glass_can_be_read() -> None:
    for reads in (HOLDERS_READS, NODES_READS, ADMINISTRATORS_READS, BREAK_GLASS_OPERATIONS.reads):
        assert reads and reads <= module.OPERATIONS.reads
    assert "iam:GetAccountAuthorizationDetails" in module.OPERATIONS.reads
