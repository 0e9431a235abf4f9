# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A containment and a release at the organization, from recorded answers."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.plan import Observed
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.run import (
    OPERATIONS,
    OrganizationContainment,
    Release,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principal_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import GuardError, InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    AccountSeed,
    CenterUserSeed,
    Incident,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.identity_lock import LockSeed
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Event, Record, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.releasing import Releasing, Terms
from ansible_collections.hardening.iam.plugins.module_utils._converge.organization_changes import name_policy
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._incident import from_above
from ansible_collections.hardening.iam.plugins.module_utils._module.shared_parts import SharedParts
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError

from ..._converge.fakes import FakeStore
from ..incidents import (
    CHECKLIST,
    NOTHING,
    converge_with,
    keep_changes,
    keep_record,
    make_task,
    open_emergency,
    read_evidence,
)
from ..organization_policy.organizations import DEV, MANAGEMENT, PROD, ROOT, policy, tree
from .members import KEPT, NOW, READER, Members, details, event, role
from .test_release import ATTACH, CREATE, NAME

PERSON: t.Final = "94482488-3041-7026-d8a7-000000000000"
WATCHED: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/automation"
NO_ROLE: t.Final = NotFound("no such role", code="NoSuchEntity")
DENIED: t.Final = AccessDenied("not allowed.", code="AccessDenied")


class Case:
    """One pass over an account of the organization."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **incident: t.Any) -> None:
        given = {"accounts": (AccountSeed(DEV),), "since": NOW - timedelta(days=1), **incident}
        self.incident = Incident("INC-7", "Ana", "an intruder is here", **given)
        self.store = FakeStore()
        self.store.now = NOW
        self.tree: t.Any = tree()
        self.fields: dict[str, t.Any] = {
            "member_role_arn": READER,
            "inventory_accounts": frozenset({DEV, PROD, MANAGEMENT}),
            "name_of_pass": "last",
            "terms": Terms(CHECKLIST, early_release_reason="it was a drill"),
        }
        self.more: dict[str, t.Any] = {}
        self.members: t.Any = {DEV: details(role("break-glass"))}
        self.answers: dict[str, t.Any] = {"cloudtrail:LookupEvents": {"Events": []}}
        self.shared = SharedParts(None, "run", "INC-7")
        monkeypatch.setattr(module, "read_organization", self._read)
        monkeypatch.setattr("time.sleep", lambda _seconds: None)

    def _read(self, _access: t.Any) -> t.Any:
        if isinstance(self.tree, Exception):
            raise self.tree
        return self.tree

    def make(self, kind: t.Any = OrganizationContainment) -> t.Any:
        self.reached = Members(self.answers, self.members, **self.more)
        self.connection = self.reached.connection
        declared = Declared(self.incident, **self.fields)
        emergency = open_emergency(
            self.incident, MANAGEMENT, self.store, releases=kind is Release, ending=".organization"
        )
        return kind(declared, emergency, (KEPT,), self.shared, self.connection)

    def plan(self, kind: t.Any = OrganizationContainment) -> tuple[t.Any, t.Any, Plan]:
        capability = self.make(kind)
        observed = capability.observe()
        return capability, observed, capability.plan(observed, ())


def test_an_account_is_contained_by_a_policy_that_keeps_break_glass(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    capability, observed, plan = case.plan()
    assert [change.operation for change in plan.changes] == ["CreatePolicy", "AttachPolicy"]
    assert {f"{change.service}:{change.operation}" for change in plan.changes} <= OPERATIONS.writes
    assert KEPT in plan.changes[0].parameters["Content"] and not plan.refused
    assert (observed.account_id, observed.partition, observed.tree) == (MANAGEMENT, "aws", case.tree)
    assert list(observed.members) == [DEV] and observed.judged == ()
    assert capability.insists is True and capability.findings(observed) == ()
    assert capability.list_frozen(()) == {DEV, name_policy(NAME, SCP)}
    (create, attach) = capability.add_affected(observed, plan.changes)
    assert DEV in str(attach.affects)
    assert capability.stays_with(plan.changes[1], plan.changes[0])
    assert not capability.stays_with(plan.changes[0], plan.changes[1])


def test_the_account_of_the_run_is_not_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.more["principals"] = frozenset({principal_of(f"arn:aws:iam::{DEV}:role/run")})
    _capability, observed, plan = case.plan()
    assert observed.run_accounts == {DEV}
    assert not plan.changes and len(plan.refused) == 1


def test_the_organization_is_read_only_where_the_incident_names_something_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case(monkeypatch, accounts=(), users=(f"arn:aws:iam::{DEV}:user/x",))
    case.tree = DENIED
    capability, observed, plan = case.plan()
    assert observed == Observed(MANAGEMENT, "aws") and plan == Plan(())
    assert capability.result({**NOTHING})["terminal"] == ""
    case = Case(monkeypatch, accounts=(), identity_center_users=(CenterUserSeed(PERSON),))
    _capability, observed, plan = case.plan()
    assert observed.tree is case.tree and plan.changes


def test_an_organization_that_cannot_be_read_says_where_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.tree = DENIED
    with pytest.raises(AccessDenied, match="not allowed; run on the host of the management account"):
        case.plan()
    case.tree = dataclasses.replace(tree(), management_account_id=PROD)
    with pytest.raises(InputError, match=f"account_id: {MANAGEMENT} is not the management account.*{PROD}; run on"):
        case.plan()


def test_accounts_that_may_not_be_trusted_are_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    for accounts, words in (((), "add 222233334444 to accounts"), ((AccountSeed(DEV),), "The incident contains")):
        case = Case(monkeypatch, accounts=accounts, users=(f"arn:aws:iam::{DEV}:user/x",))
        case.fields["watched"] = (WATCHED,)
        changed = event("PutRolePolicy", NOW - timedelta(hours=1), {"roleName": "automation"})
        case.members[DEV] |= {"cloudtrail:LookupEvents": {"Events": [changed]}}
        capability, observed, _plan = case.plan()
        (finding,) = capability.findings(observed)
        assert finding.control in capability.reports and finding.account_id == DEV
        assert finding.resource == f"arn:aws:iam::{DEV}:root" and words in str(finding.remediation)
        (judged,) = capability.result({**NOTHING})["trust"]
        assert judged["state"] == "changed"


def test_evidence_is_kept_before_the_first_change(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, identity_center_users=(CenterUserSeed(PERSON),))
    capability, _observed, plan = case.plan()
    capability.begin(plan.changes)
    kept = read_evidence(case.store)
    assert kept["place"] == f"incident/INC-7/{MANAGEMENT}/run-9-last-organization_containment.json"
    assert (kept["pass"], kept["people"]) == ("last", [PERSON])
    assert kept["accounts"][0] == {"account_id": DEV, "action": "policy", "move": None}
    assert [one["account_id"] for one in kept["members"]] == [DEV]
    (full,) = kept["policies"]
    assert full["name"] == "FullAWSAccess" and DEV in full["targets"] and full["content"] and full["arn"]
    assert capability.result({**NOTHING})["evidence"] == f"s3://journal/iam/{kept['place']}"
    case = Case(monkeypatch, accounts=())
    capability, _observed, _plan = case.plan()
    capability.begin(())
    assert read_evidence(case.store)["policies"] == []


def test_the_result_says_who_is_contained_and_what_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, identity_center_users=(CenterUserSeed(PERSON),))
    capability, _observed, _plan = case.plan()
    result = capability.result({**NOTHING})
    assert (result["pass"], result["evidence"], result["trust"]) == ("last", None, [])
    assert [(row["account_id"], row["state"]) for row in result["accounts"]] == [(DEV, "contained")]
    assert [(row["user_id"], row["state"]) for row in result["people"]] == [(PERSON, "contained")]
    assert result["not_denied"] == [] and {row["principal"] for row in result["lives_on"]} == {
        f"account {DEV}",
        f"Identity Center user {PERSON}",
    }
    assert result["terminal"].startswith("Incident INC-7 at the organization, last pass: 1 accounts, 1 users")
    case.more["writes"] = False
    capability, _observed, _plan = case.plan()
    result = capability.result({**NOTHING})
    assert [row["state"] for row in (*result["accounts"], *result["people"])] == ["to_contain"] * 2
    assert "to change" in result["terminal"]


def test_what_is_not_denied_fails_a_run_that_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    capability, _observed, plan = case.plan()
    failed = {"target": plan.changes[1].target, "operation": "AttachPolicy", "reason": "x", "rule": "y"}
    result = capability.result({**NOTHING, "not_made": [failed]})
    assert [row["principal"] for row in result["not_denied"]] == [DEV]
    assert result["accounts"][0]["state"] == "not_contained"
    rows = [{"principal": name, "reason": "why"} for name in "AB"]
    assert capability.failure({"not_denied": rows}) == "not denied: A: why; not denied: B: why"
    case.more["writes"] = False
    assert case.make().failure({"not_denied": rows}) == ""


# The release


def keep(case: Case, *made: Change, **fields: t.Any) -> None:
    keep_changes(case.store, MANAGEMENT, NOW, *made, module="organization_containment")
    given = {
        "targets": frozenset({DEV, name_policy(NAME, SCP)}),
        "events": frozenset({Event(NOW, State.DECLARED, "one")}),
        "runs": frozenset({"one"}),
        "last_source_write": NOW,
        **fields,
    }
    state = given.pop("state", State.CONTAINED)
    keep_record(case.store, Record(MANAGEMENT, "INC-7.organization", state, "Ana", "an intruder", **given))


def with_states(monkeypatch: pytest.MonkeyPatch, *made: Change) -> None:
    """What is there is as it was left."""
    states = {(change.operation, change.target): change.after for change in made}

    def read_state(_access: t.Any, _connection: t.Any, change: Change) -> t.Any:
        found = states[change.operation, change.target]
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(module, "read_state", read_state)


def test_a_release_takes_back_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    keep(case, CREATE, ATTACH)
    with_states(monkeypatch, CREATE, ATTACH)
    capability, observed, plan = case.plan(Release)
    assert [change.operation for change in plan.changes] == ["DetachPolicy", "DeletePolicy"]
    assert {f"{change.service}:{change.operation}" for change in plan.changes} <= OPERATIONS.writes
    assert plan.changes == observed.changes and not plan.refused and capability.findings(observed) == ()
    assert capability.stays_with(plan.changes[1], plan.changes[0])
    result = capability.result({**NOTHING, "changes": []})
    assert (result["accounts"], result["left"], result["checklist"]) == ([DEV], [], CHECKLIST)
    assert result["early_release_reason"] == "it was a drill"


@pytest.mark.parametrize("state", [None, State.RELEASED])
def test_nothing_is_released_without_an_open_record(monkeypatch: pytest.MonkeyPatch, state: t.Optional[State]) -> None:
    case = Case(monkeypatch)
    case.tree = DENIED
    if state:
        keep(case, CREATE, ATTACH, state=state)
    capability, observed, plan = case.plan(Release)
    assert observed == Releasing() and plan == Plan(())
    result = capability.result({**NOTHING})
    assert (result["accounts"], result["terminal"]) == ([], "")


def test_an_object_that_cannot_be_read_is_refused_and_what_was_changed_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case(monkeypatch)
    keep(case, CREATE, ATTACH)
    with_states(monkeypatch, CREATE, dataclasses.replace(ATTACH, after=t.cast(t.Any, DENIED)))
    _capability, observed, plan = case.plan(Release)
    assert [(refusal.rule, refusal.operation) for refusal in plan.refused] == [("unread", "AttachPolicy")]
    with_states(monkeypatch, dataclasses.replace(CREATE, after={"x": 1}), ATTACH)
    capability, observed, _plan = case.plan(Release)
    assert [item["operation"] for item in observed.left] == ["CreatePolicy"]
    result = capability.result({**NOTHING})
    assert result["left"] == [dict(item) for item in observed.left] and "left: CreatePolicy" in result["terminal"]


def test_a_release_that_is_too_early_is_refused_and_in_check_mode_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.fields["terms"] = Terms(CHECKLIST)
    keep(case, CREATE, ATTACH)
    with_states(monkeypatch, CREATE, ATTACH)
    with pytest.raises(GuardError) as caught:
        case.plan(Release)
    (refusal,) = caught.value.refusals
    assert (refusal.rule, refusal.target, refusal.fatal) == ("release", MANAGEMENT, True)
    case.more["writes"] = False
    _capability, _observed, plan = case.plan(Release)
    assert len(plan.changes) == 2
    assert [text.startswith("without check mode this fails: tokens") for text in case.connection.warned] == [True]


def test_the_state_of_a_change_is_read_live(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    with_states(monkeypatch, ATTACH)
    assert case.make().reread(ATTACH) == ATTACH.after
    assert case.make().acting(ATTACH).caller.account_id == MANAGEMENT


# The options

OPTIONS: t.Final = {
    "incident": {"accounts": [DEV], "identity_center_users": [{"user_id": PERSON}]},
    "inventory_accounts": [DEV],
    "member_role_arn": READER,
    "exempt_roles": [],
    "watched_roles": [],
    "journal_role_arn": "",
    "report_role_arn": "",
}


def test_the_options_lead_to_a_containment_and_warn_of_people_nobody_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handed = converge_with(monkeypatch, module, Members({}, {}).connection)
    task = make_task(NOW, **{**OPTIONS, "pass": "first"})
    assert module.run(task) == {"converged": True}
    ((capability, named),) = handed
    assert isinstance(capability, OrganizationContainment) and capability._break_glass == task.guards.break_glass
    assert (named["module"], named["part"]) == ("organization_containment", "organization_containment_first")
    assert named["emergency"].record_id == "INC-7.organization" and not named["emergency"].releases
    assert len(task.warned) == 1 and PERSON in task.warned[0]


def test_the_options_lead_to_a_release(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = converge_with(monkeypatch, module, Members({}, {}).connection)
    task = make_task(NOW, **{**OPTIONS, "state": "released"})
    module.run(task)
    ((capability, named),) = handed
    assert isinstance(capability, Release) and named["emergency"].releases and not task.warned
    assert (named["module"], named["part"]) == ("organization_containment", "organization_containment")


def test_options_that_are_not_allowed_end_the_run_before_aws_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = converge_with(monkeypatch, module, Members({}, {}).connection)
    with pytest.raises(TaskError, match="member_role_arn"):
        module.run(make_task(NOW, **{**OPTIONS, "member_role_arn": "x"}))
    released = {**OPTIONS, "state": "released", "checklist": {}}
    with pytest.raises(TaskError, match=r"checklist.*; checklist"):
        module.run(make_task(NOW, **released))
    assert not handed
    module.run(make_task(NOW, writes=False, **released))
    module.run(make_task(NOW, **{**OPTIONS, "checklist": {}}))
    assert len(handed) == 2


# The dormant policy


class Files:
    """What the hosts of a run leave for each other."""

    def __init__(self, part: t.Any) -> None:
        self.part = part

    def read(self, _name: str) -> t.Any:
        return self.part


CONTAINMENT: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/automation-containment"
ALICE: t.Final = f"arn:aws:iam::{DEV}:user/alice"


def make_locked(monkeypatch: pytest.MonkeyPatch) -> Case:
    case = Case(monkeypatch, accounts=(), identity_lock=LockSeed((DEV,), 60))
    live = policy(from_above.NAME, ROOT, content=from_above.DORMANT.document, tags=dict([from_above.TAG]))
    case.tree = tree(live)
    history = {"cloudtrail:LookupEvents": {"Events": [event("CreateUser", NOW, {})]}}
    case.members[DEV] = {**details(role("break-glass"), role("automation-containment")), **history}
    case.fields["exempt_roles"] = (CONTAINMENT,)
    files: t.Any = Files({"edges": {"sources": [ALICE, f"arn:aws:iam::{PROD}:user/bob"]}, "cut_at": {}})
    case.shared = SharedParts(files, "run", "INC-7")
    return case


def test_a_lock_is_planned_with_what_the_host_of_the_account_has_found(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_locked(monkeypatch)
    case.more = {"writes": False}
    capability, observed, plan = case.plan()
    assert [change.operation for change in plan.changes] == ["UpdatePolicy"]
    assert observed.lock.orders.named.arns == {ALICE}
    assert set(capability.list_frozen(plan.changes)) == {name_policy(from_above.NAME, SCP)}
    made = {**NOTHING, "changes": [{**shown(change), "applied": False} for change in plan.changes]}
    result = capability.result(made)
    assert f"the lock stops arn:aws:iam::{DEV}:user/mallory, which wrote identities 1 times" in result["terminal"]
    said = result["identity_lock"]
    assert (said["written"], said["denied"], said["accounts"][0]["locked"]) == (False, [ALICE], True)


def shown(change: Change) -> dict[str, t.Any]:
    about = {"service": change.service, "operation": change.operation, "target": change.target}
    return {**about, "before": change.before, "after": change.after, "affects": []}


@pytest.mark.parametrize(
    ("answer", "seconds", "reason"),
    [
        (AccessDenied("with an explicit deny in a service control policy", code="AccessDenied"), 0.0, ""),
        (DENIED, None, "not allowed."),
    ],
)
def test_it_is_measured_when_the_lock_holds(
    monkeypatch: pytest.MonkeyPatch, answer: Exception, seconds: t.Optional[float], reason: str
) -> None:
    case = make_locked(monkeypatch)
    case.more = {"writes": True}
    capability, _observed, plan = case.plan()

    def look(RoleName: str, region: t.Optional[str] = None) -> t.NoReturn:
        raise NO_ROLE if RoleName.endswith("-none") and not reason else answer

    case.members[DEV] = {"iam:GetRole": look}
    made = {**NOTHING, "incident_id": "INC-7", "changes": [{**shown(one), "applied": True} for one in plan.changes]}
    capability.conclude(made, completed=True)
    said = capability.result(made)["identity_lock"]
    (row,) = said["accounts"]
    assert ("it is not known whether it holds" in capability.result(made)["terminal"]) is bool(reason)
    assert said["written"] and row["holds_after_seconds"] == seconds and reason in row["reason"]
    capability.conclude(made, completed=False)


def test_what_a_host_has_not_found_locks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_locked(monkeypatch)
    for part, reason in ((None, "run contain.yml with all accounts"), ({"edges": 3}, "can't be read")):
        files: t.Any = Files(part)
        case.shared = SharedParts(files, "run", "INC-7")
        _capability, observed, plan = case.plan()
        assert reason in observed.lock.unlocked[DEV] and plan.changes == ()
