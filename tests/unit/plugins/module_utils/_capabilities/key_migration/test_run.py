# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One stage of a move in an account of recorded answers: what is planned, refused and recorded."""

from __future__ import annotations

import dataclasses
import types
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    Dataset,
    PolicyDocument,
    Role,
    Snapshot,
    Unread,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.declared import (
    Declared,
    Workload,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.documents import hash_policy
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import (
    Stage,
    State,
    Target,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.observe import Evidence
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.records import (
    Archive,
    Event,
    Log,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.run import (
    OPERATIONS,
    KeyMigration,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.situation import Proposal
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._converge.user_keys import Key, KeyRetirer, User
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumers
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.evidence_options import (
    EvidenceOptions,
)

from ..._converge.fakes import FakeStore
from ..incidents import keep_changes
from ..recorded import RecordedAccess, connect, of
from .test_steps import ACCOUNT, KEY, ROLE, TRUST, USER, at, caller

DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
GONE: t.Final = NotFound("none", code="NoSuchEntity")
DOCUMENTS: t.Final = {"job": {"Version": "2012-10-17", "Statement": []}}
DAY: t.Final = 30.0


def document(content: t.Any) -> PolicyDocument:
    return PolicyDocument("job", content)


def role(**fields: t.Any) -> Role:
    given = {"inline": (document(DOCUMENTS["job"]),), "unique_id": "AROA", "name": "job", "arn": ROLE, **fields}
    inline, name, arn = given.pop("inline"), given.pop("name"), given.pop("arn")
    return Role(name, arn, "/workload/", at(0), document(TRUST), (), inline, None, None, None, **given)


def event(state: State, day: float) -> Event:
    hashes = hash_policy(TRUST), hash_policy({name: hash_policy(one) for name, one in DOCUMENTS.items()})
    return Event(state, ACCOUNT, "job", USER, "AIDA", KEY, Target.LAMBDA, ROLE, "AROA", *hashes, at(day), by="me")


class Case:
    """A stage in the account of the workload ``job``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stage: Stage = Stage.PREPARE, *events: Event) -> None:
        self.stage, self.writes, self.now = stage, True, at(DAY)
        self.store = FakeStore()
        self.store.now = at(0)
        for number, one in enumerate(events):
            self.store.now = one.at
            Archive(t.cast(t.Any, self.store), ACCOUNT).write(one, Log(number=number))
        self.fields: dict[str, t.Any] = {"verify": 7, "delete_after": 7}
        self.workload = Workload("job", "svc", Target.LAMBDA)
        self.roles: tuple[Role, ...] = (role(),) if events else ()
        self.snapshot: dict[str, t.Any] = {}
        self.found = Consumers((caller(),))
        self.place: dict[str, t.Any] = {"trust": TRUST}
        self.proposal: t.Any = Proposal(DOCUMENTS, 10)
        self.frozen: dict[str, Refusal] = {}
        self.principals: t.Any = frozenset()
        self.break_glass: tuple[str, ...] = ()
        self.reveal = True
        listed = {"AccessKeyId": KEY, "Status": "Active", "CreateDate": at(-100)}
        used = {"AccessKeyLastUsed": {"LastUsedDate": at(-1), "ServiceName": "s3", "Region": "eu-west-1"}}
        live = {
            "Arn": ROLE,
            "RoleName": "job",
            "RoleId": "AROA",
            "Path": "/workload/",
            "CreateDate": at(0),
            "AssumeRolePolicyDocument": TRUST,
            "RoleLastUsed": {"LastUsedDate": at(9)},
        }
        self.answers: dict[str, t.Any] = {
            "iam:GetUser": of({"User": {"UserName": "svc", "Arn": USER, "UserId": "AIDA"}}, UserName="svc"),
            "iam:ListAccessKeys": of({"AccessKeyMetadata": [listed]}, UserName="svc"),
            "iam:GetAccessKeyLastUsed": of(used, AccessKeyId=KEY),
            "iam:GetRole": of({"Role": live}, RoleName="job"),
        }
        self.listed = listed
        self.searched: t.Any = None
        self.windows: t.Any = None
        self.wanted: t.Any = None
        self._patch(monkeypatch)

    def _patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        case = self

        class Reader:
            def __init__(self, connection: t.Any, options: EvidenceOptions) -> None:
                assert (connection, options) == (case.connection, case.evidence)

            def read(self, windows: t.Any) -> Consumers:
                case.windows = windows
                return case.found

        def read_evidence(_access: t.Any, regions: t.Any, found: t.Any, keys: t.Any) -> Evidence:
            assert (regions, found) == (None, case.found.found)
            case.searched = keys
            return Evidence()

        def read_proposals(
            _connection: t.Any, evidence: t.Any, settings: t.Any, _snapshot: t.Any, wanted: t.Any
        ) -> t.Any:
            assert (evidence, settings) == (case.evidence, "settings")
            case.wanted = wanted
            return dict.fromkeys(wanted, case.proposal)

        monkeypatch.setattr(module, "ConsumerReader", Reader)
        monkeypatch.setattr(module, "read_evidence", read_evidence)
        monkeypatch.setattr(module, "add_trust", lambda _access, _snapshot, _situation: case.place)
        monkeypatch.setattr(module, "read_proposals", read_proposals)
        monkeypatch.setattr(module, "add_organization_policies", lambda _connection, snapshot: snapshot)

    def make(self) -> KeyMigration:
        self.access: t.Any = RecordedAccess(self.answers, account_id=ACCOUNT, declared=OPERATIONS.reads)
        self.evidence = t.cast(t.Any, types.SimpleNamespace(trail_days=90, regions=None))
        who = Caller(ACCOUNT, self.access.caller.arn, "AIDAME")
        snapshot = Snapshot(who, "aws", "us-east-1", self.now, (), roles=self.roles, **self.snapshot)
        self.connection = connect(
            self.access,
            self.now,
            principals=self.principals,
            open_store=lambda _place: self.store,
            collect=lambda datasets: snapshot if datasets == module.DATASETS else None,
            freeze=types.SimpleNamespace(refuse_principal=self.frozen.get),
        )
        declared = Declared(self.stage, (self.workload,), self.now.date(), **self.fields)
        options = module._Options(
            declared,
            t.cast(t.Any, "settings"),
            self.evidence,
            self.break_glass,
            t.cast(t.Any, "journal"),
            t.cast(t.Any, types.SimpleNamespace(writes=self.writes, id="run-9")),
            self.reveal,
        )
        return KeyMigration(options, self.connection)

    def plan(self) -> tuple[KeyMigration, t.Any, Plan]:
        capability = self.make()
        observed = capability.observe()
        return capability, observed, capability.plan(observed, ())

    def walk(self, *, completed: bool = True, skipped: int = 0) -> list[State]:
        """Make the changes of a plan but for some; what the records say then."""
        capability, _observed, plan = self.plan()
        for change in plan.changes[skipped:]:
            capability.learn(change, {"Role": {"RoleId": "AROA"}})
        capability.conclude({}, completed=completed)
        return [one.state for one in self.records()]

    def records(self) -> list[Event]:
        return list(Archive(t.cast(t.Any, self.store), ACCOUNT).read("job", "AIDA").events)


def operations(plan: Plan) -> list[str]:
    return [change.operation for change in plan.changes]


def rules(plan: Plan) -> list[str]:
    return [refusal.rule for refusal in plan.refused]


PREPARED: t.Final = (event(State.PREPARED, 0),)
VERIFIED: t.Final = (*PREPARED, event(State.VERIFIED, 8))
INACTIVE: t.Final = (*VERIFIED, event(State.KEY_INACTIVE, 16))


def test_a_role_is_prepared_with_the_policies_that_were_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    capability, observed, plan = case.plan()
    assert operations(plan) == ["CreateRole", "PutRolePolicy"] and not plan.refused
    assert {f"iam:{name}" for name in operations(plan)} <= OPERATIONS.writes
    (found,) = observed.situations
    assert (found.role_arn, found.role, found.taken, found.region) == (ROLE, None, "", "us-east-1")
    assert case.windows == {KEY: at(DAY - 90)} and case.searched == {KEY} and case.wanted == [("svc", "")]
    assert capability.findings(observed) == () and capability.sections() == {}
    assert all(capability.defines(change) for change in plan.changes)
    assert not capability.defines(dataclasses.replace(plan.changes[0], target=USER))
    assert capability.stays_with(plan.changes[1], plan.changes[0])
    assert not capability.stays_with(dataclasses.replace(plan.changes[1], target=USER), plan.changes[0])
    assert capability.tags(observed) == {}
    affected = capability.add_affected(observed, plan.changes)
    assert all(ROLE in str(one.affects) for one in affected[1:])
    assert capability.learn(plan.changes[0], {"Role": {"RoleId": "AROANEW"}}) == {"RoleId": "AROANEW"}
    assert capability.learn(plan.changes[1], {}) == {}
    tags = {tag["Key"]: tag["Value"] for tag in plan.changes[0].parameters["Tags"]}
    assert tags["iam-hardening:managed"] == "true" and tags["iam-hardening:collection-version"]


def test_a_prepared_role_is_recorded_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    assert case.walk() == [State.PREPARED]
    (found,) = case.records()
    assert found == dataclasses.replace(event(State.PREPARED, DAY), by=case.access.caller.arn, run_id="run-9")
    for answer in (GONE, {"Role": {**case.answers["iam:GetRole"](RoleName="job")["Role"], "Arn": f"{ROLE}x"}}):
        case = Case(monkeypatch)
        case.answers["iam:GetRole"] = answer
        assert case.walk() == []


def test_nothing_is_recorded_that_was_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Case(monkeypatch).walk(skipped=1) == []
    case = Case(monkeypatch)
    case.writes = False
    assert case.walk() == []
    # What was made counts, whatever else failed; a step without changes does not.
    assert Case(monkeypatch).walk(completed=False) == [State.PREPARED]
    assert Case(monkeypatch, Stage.VERIFY, *PREPARED).walk(completed=False) == [State.PREPARED]


CYCLE: t.Final = (
    (Stage.VERIFY, PREPARED, "Active", [], State.VERIFIED),
    (Stage.RETIRE, VERIFIED, "Active", ["UpdateAccessKey"], State.KEY_INACTIVE),
    (Stage.RETIRE, INACTIVE, "Inactive", ["DeleteAccessKey"], State.KEY_DELETED),
)


@pytest.mark.parametrize(("stage", "events", "status", "writes", "reached"), CYCLE)
def test_each_stage_makes_its_writes_and_records_what_was_done(
    monkeypatch: pytest.MonkeyPatch,
    stage: Stage,
    events: tuple[Event, ...],
    status: str,
    writes: list[str],
    reached: State,
) -> None:
    case = Case(monkeypatch, stage, *events)
    case.listed["Status"] = status
    _capability, observed, plan = case.plan()
    assert operations(plan) == writes, plan.refused
    assert {f"iam:{name}" for name in writes} <= OPERATIONS.writes
    assert observed.situations[0].last_used == at(9) and case.wanted == []
    assert case.searched == ({KEY} if stage is Stage.RETIRE and status == "Active" else set())
    assert case.walk()[-1] is reached
    last = case.records()[-1]
    assert (last.at, last.run_id, last.by, last.role_id) == (at(DAY), "run-9", case.access.caller.arn, "AROA")


def test_a_move_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, Stage.REVERT, *INACTIVE)
    case.fields["revert"] = frozenset({"job"})
    key = Key(KEY, "Active", at(-100))
    done = KeyRetirer(ACCOUNT, "key_migration").deactivate(User("svc", USER, "AIDA", (key,)), key)
    keep_changes(case.store, ACCOUNT, at(16), done, module="key_migration")
    case.listed["Status"] = "Inactive"
    _capability, _observed, plan = case.plan()
    assert operations(plan)[:1] == ["UpdateAccessKey"] and plan.changes[0].parameters["Status"] == "Active"


@pytest.mark.parametrize("operation", ["iam:GetUser", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"])
def test_keys_that_cannot_be_read_stop_the_move(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    case = Case(monkeypatch)
    case.answers[operation] = DENIED
    _capability, observed, plan = case.plan()
    assert observed.situations[0].problem.startswith("the keys of svc can't be read: ")
    assert not plan.changes and len(plan.refused) == 1 and plan.refused[0].target == "svc"
    assert (case.windows, case.searched, case.wanted) == ({}, set(), [])


def test_records_that_cannot_be_read_stop_the_move(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, Stage.RETIRE, *VERIFIED)
    case.store.lost = True
    _capability, observed, plan = case.plan()
    assert observed.situations[0].problem and not plan.changes and len(plan.refused) == 1
    case = Case(monkeypatch, Stage.RETIRE, *VERIFIED)
    capability = case.make()
    capability._archive = t.cast(t.Any, types.SimpleNamespace(read=_fail))
    observed = capability.observe()
    assert observed.situations[0].problem == "its records can't be read: broken"
    assert not capability.plan(observed, ()).changes


def _fail(_name: str, _user_id: str) -> Log:
    raise ValueError("broken")


def test_a_user_that_is_gone_has_no_move(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.answers["iam:GetUser"] = GONE
    _capability, observed, plan = case.plan()
    assert observed.situations[0].user is None and not observed.situations[0].problem and not plan.changes


def test_an_account_whose_roles_are_not_known_stops_the_move(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.snapshot = {"unread": (Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "denied", "iam:X"),)}
    _capability, observed, plan = case.plan()
    assert observed.situations[0].problem.startswith("roles and policies are not known: ") and not plan.changes


def test_a_role_that_cannot_be_read_stops_the_move(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, Stage.RETIRE, *VERIFIED)
    case.answers["iam:GetRole"] = DENIED
    _capability, observed, plan = case.plan()
    assert observed.situations[0].problem.startswith("its role can't be read: ") and not plan.changes


def test_a_role_of_the_same_name_is_taken_whatever_its_case_and_path(monkeypatch: pytest.MonkeyPatch) -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/Job"
    case = Case(monkeypatch)
    case.roles = (role(name="other", arn=f"{ROLE}x"), role(name="Job", arn=other))
    _capability, observed, plan = case.plan()
    assert (observed.situations[0].role, observed.situations[0].taken) == (None, other)
    assert not plan.changes and len(plan.refused) == 1


def test_a_role_that_nobody_of_us_made_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.roles = (role(),)
    _capability, observed, plan = case.plan()
    assert observed.situations[0].role == role() and not plan.changes and plan.refused


def test_who_is_protected_or_contained_is_not_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    for arn in (USER, ROLE):
        case = Case(monkeypatch)
        case.break_glass = (arn,)
        _capability, _observed, plan = case.plan()
        assert not plan.changes and len(plan.refused) == 1
        case = Case(monkeypatch)
        case.frozen = {arn: Refusal("contained", "an incident contains it", arn)}
        _capability, _observed, plan = case.plan()
        assert not plan.changes and rules(plan) == ["contained"] and plan.refused[0].target == USER


def test_what_was_not_read_of_the_callers_is_a_warning_where_it_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    for stage, events, count in ((Stage.PREPARE, (), 0), (Stage.VERIFY, PREPARED, 1), (Stage.RETIRE, VERIFIED, 1)):
        case = Case(monkeypatch, stage, *events)
        case.found = Consumers((caller(),), failure="one region is missing")
        _capability, _observed, plan = case.plan()
        said = [text for text in plan.warnings if text.startswith("it is not known who uses the key of job: one")]
        assert len(said) == count
        case.found = Consumers((caller(),))
        assert not case.plan()[2].warnings


def test_the_result_has_each_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    for reveal in (True, False):
        case = Case(monkeypatch)
        case.reveal = reveal
        capability, _observed, _plan = case.plan()
        result = capability.result({"refused": ()})
        (row,) = result["workloads"]
        assert row["name"] == "job" and ACCOUNT in result["terminal"]
        assert (KEY in str(result)) is reveal
    written = result["terminal"]
    case.writes = False
    capability, _observed, _plan = case.plan()
    assert written and capability.result({"refused": ()})["terminal"]


def test_a_step_that_was_not_made_is_not_said_to_be_one_of_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    capability, _observed, plan = Case(monkeypatch, Stage.RETIRE, *VERIFIED).plan()
    (change,) = plan.changes

    def tell(*refused: Refusal) -> tuple[str, bool]:
        result = capability.result({"refused": [item.as_dict() for item in refused]})
        return result["workloads"][0]["held"], "step of this run" in result["terminal"]

    assert tell() == ("this run did not make it", False)
    assert tell(Refusal("cap", "too many", change.target, change.operation)) == ("too many", False)
    capability.learn(change, {})
    assert tell() == tell(Refusal("cap", "too many", "another", change.operation)) == ("", True)


def test_the_state_of_a_change_is_read_live(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, Stage.RETIRE, *VERIFIED)
    capability, _observed, plan = case.plan()
    assert capability.reread(plan.changes[0]) == plan.changes[0].before
