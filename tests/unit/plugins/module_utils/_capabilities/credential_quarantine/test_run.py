# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A containment of a user in an account of recorded answers: what is planned, refused, kept and said."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import REMOVAL_TASK
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.declared import Loss
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.locate import Status
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.plan import (
    Observed,
    Planner,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.run import (
    OPERATIONS,
    CredentialQuarantine,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import UserState
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principal_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import KeySeed
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import Pass
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.steps import Subject
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._converge.fakes import FakeStore
from ..incidents import NOTHING, keep_changes, keep_record, open_emergency, read_evidence
from ..recorded import connect, each, of
from .test_observe import DENIED, GONE, ID, MADE, NAME, answers, aws, of_name, with_root
from .test_observe_states import STATE, root
from .test_release import record
from .users import ACCOUNT, ARN, DENY, LEAKED, NOW, OTHER, declared

BARE: t.Final = of_name({"AttachedPolicies": []})


class Case:
    """One pass in the account."""

    def __init__(self, *keys: KeySeed, writes: bool = True, masks: bool = False, **fields: t.Any) -> None:
        self.store = FakeStore()
        self.store.now = NOW
        self.writes, self.reveal = writes, not masks
        self.declared = declared(*keys, **fields)
        self.principals: frozenset[t.Any] = frozenset()
        self.break_glass: tuple[str, ...] = ()
        self.answers = {
            **answers(ListAttachedUserPolicies=BARE),
            "sts:GetAccessKeyInfo": of({"Account": ACCOUNT}, AccessKeyId=LEAKED),
        }

    def make(self) -> CredentialQuarantine:
        self.access = aws(self.answers)
        self.opened = with_root(self.access, root())
        self.connection = connect(self.access, NOW, principals=self.principals)
        emergency = open_emergency(self.declared.incident, ACCOUNT, self.store)
        planner = functools.partial(Planner, self.declared, break_glass=self.break_glass)
        return CredentialQuarantine(
            planner, self.declared, emergency, self.connection, writes=self.writes, reveal_key_ids=self.reveal
        )

    def plan(self) -> tuple[CredentialQuarantine, Observed, Plan]:
        capability = self.make()
        observed = capability.observe()
        return capability, observed, capability.plan(observed, ())

    def result(self, **more: t.Any) -> dict[str, t.Any]:
        capability, _observed, _plan = self.plan()
        return capability.result({**NOTHING, "account_id": ACCOUNT, **more})


def test_a_user_whose_key_leaked_is_contained() -> None:
    capability, observed, plan = Case().plan()
    assert [change.operation for change in plan.changes] == [
        "TagUser",
        "UpdateAccessKey",
        "AttachUserPolicy",
        "PutUserPolicy",
        "UpdateSSHPublicKey",
        "UpdateSigningCertificate",
        "TagUser",
    ]
    assert {f"iam:{change.operation}" for change in plan.changes} <= OPERATIONS.writes
    assert (observed.account_id, observed.partition, observed.slots, observed.impossible) == (ACCOUNT, "aws", 12, {})
    assert not plan.refused and capability.findings(observed) == ()
    assert capability.insists is True and capability.holds == 5.0
    assert capability.list_subjects(plan.changes) == (Subject(ARN, By.SOURCE, ID, (LEAKED,)),)
    assert capability.list_subjects(()) == ()
    assert capability.reread(plan.changes[2]) == plan.changes[2].before
    assert [capability.acting(change) for change in plan.changes] == [None] * 7


def test_the_first_pass_waits_for_nothing() -> None:
    assert Case(name_of_pass=Pass.FIRST).make().holds == 0.0


def test_a_contained_user_stays_one_of_the_record() -> None:
    case = Case()
    case.answers |= answers(
        ListAccessKeys=of_name({"AccessKeyMetadata": []}),
        ListSSHPublicKeys=of_name({"SSHPublicKeys": []}),
        ListSigningCertificates=of_name({"Certificates": []}),
        ListUserTags=of_name(
            {
                "Tags": [
                    {"Key": "iam-hardening:quarantine", "Value": "true"},
                    {"Key": "iam-hardening:incident", "Value": "INC-7"},
                ]
            }
        ),
        GetUserPolicy=lambda UserName, PolicyName, region: {"PolicyDocument": _DENY_ALL},
        ListUserPolicies=of_name({"PolicyNames": ["IamHardeningQuarantine"]}),
    )
    capability, _observed, plan = case.plan()
    assert not plan.changes
    assert capability.list_subjects(()) == (Subject(ARN, By.SOURCE, ID, (LEAKED,)),)


_DENY_ALL: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


def test_the_run_itself_and_break_glass_are_refused() -> None:
    case = Case()
    case.principals = frozenset({t.cast(t.Any, principal_of(ARN))})
    _capability, _observed, plan = case.plan()
    assert not plan.changes and [refusal.fatal for refusal in plan.refused] == [True]
    case = Case()
    case.break_glass = (ARN,)
    _capability, _observed, plan = case.plan()
    assert not plan.changes and len(plan.refused) == 1


def test_root_of_a_member_is_looked_at_only_if_its_key_leaked() -> None:
    case = Case()
    case.answers["sts:GetAccessKeyInfo"] = of({"Account": OTHER}, AccessKeyId=LEAKED)
    _capability, observed, plan = case.plan()
    assert [seed.status for seed in observed.seeds] == [Status.NOT_HERE]
    assert observed.roots == {} and not plan.changes


def test_a_user_that_cannot_be_read_is_refused() -> None:
    case = Case()
    case.answers["iam:GetUser"] = DENIED
    _capability, observed, plan = case.plan()
    assert "not allowed" in str(observed.users[NAME])
    assert [refusal.rule for refusal in plan.refused] == ["unread"] and not plan.changes


# What earlier passes did


def test_a_user_of_the_record_is_contained_though_its_key_is_gone() -> None:
    case = Case()
    case.answers["iam:GetAccessKeyLastUsed"] = each("AccessKeyId", {LEAKED: {"UserName": ""}})
    assert case.plan()[1].users == {}
    case.answers["iam:GetAccessKeyLastUsed"] = each("AccessKeyId", {LEAKED: {"UserName": "", "AccessKeyLastUsed": {}}})
    keep_record(case.store, record())
    _capability, observed, plan = case.plan()
    (seed,) = [seed for seed in observed.seeds if seed.kind == "user"]
    assert (seed.id, seed.status, seed.user) == (ARN, Status.HOME, NAME)
    assert isinstance(observed.users[NAME], UserState)
    assert "AttachUserPolicy" in [change.operation for change in plan.changes]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (of_name({"User": {**MADE["User"], "UserId": "AIDAOTHER"}}), Status.MISMATCH),
        (GONE, Status.DELETED),
        # It may be the same.
        (DENIED, Status.HOME),
    ],
)
def test_a_user_of_the_record_has_to_be_the_same(answer: t.Any, status: Status) -> None:
    case = Case()
    case.answers |= {"iam:GetAccessKeyLastUsed": {"UserName": ""}, "iam:GetUser": answer}
    keep_record(case.store, record())
    _capability, observed, plan = case.plan()
    assert [seed.status for seed in observed.seeds] == [Status.ROOT, status]
    assert not plan.changes


def test_a_released_record_names_nobody() -> None:
    case = Case()
    case.answers["iam:GetAccessKeyLastUsed"] = {"UserName": ""}
    keep_record(case.store, dataclasses.replace(record(), state=State.RELEASED))
    assert len(case.plan()[1].seeds) == 1


def test_what_the_record_does_not_tell_is_said() -> None:
    case = Case()
    capability = case.make()
    case.store.lost = True
    capability.observe()
    assert any("it is not known whom earlier passes contained" in text for text in case.connection.warned)


def made(case: Case, operation: str) -> t.Any:
    return next(change for change in case.plan()[2].changes if change.operation == operation)


@pytest.mark.parametrize(
    ("outcome", "module", "at", "found"),
    [
        (Outcome.FAILED, "credential_quarantine", NOW, {ARN: frozenset({"AttachUserPolicy"})}),
        (Outcome.APPLIED, "credential_quarantine", NOW, {}),
        (Outcome.FAILED, "credential_quarantine", NOW - timedelta(days=9), {}),
    ],
)
def test_a_denial_that_aws_refused_is_not_tried_again(
    outcome: Outcome, module: str, at: t.Any, found: dict[str, t.Any]
) -> None:
    case = Case()
    keep_changes(case.store, ACCOUNT, at, made(case, "AttachUserPolicy"), module=module, outcome=outcome)
    keep_record(case.store, record(runs=frozenset({"one"})))
    _capability, observed, plan = case.plan()
    assert observed.impossible == found
    assert ("AttachUserPolicy" in [change.operation for change in plan.changes]) is not bool(found)


def test_the_journal_is_not_read_where_the_policy_is_attached_or_another_user_was_contained() -> None:
    for given in ({"ListAttachedUserPolicies": of_name({"AttachedPolicies": [{"PolicyArn": DENY}]})}, {}):
        case = Case()
        attach = made(case, "AttachUserPolicy")
        keep_changes(case.store, ACCOUNT, NOW, attach, module="credential_quarantine", outcome=Outcome.FAILED)
        others = () if not given else record().contained
        keep_record(case.store, record(runs=frozenset({"one"}), contained=others))
        case.answers |= {f"iam:{name}": answer for name, answer in given.items()}
        assert case.plan()[1].impossible == {}


def test_a_journal_that_cannot_be_read_is_said() -> None:
    case = Case()
    keep_record(case.store, record(runs=frozenset({"one"})))
    capability = case.make()
    listed = case.store.list

    def fail(prefix: str) -> t.Any:
        if prefix.startswith(ACCOUNT):
            case.store.lost = True
        return listed(prefix)

    case.store.list = fail  # type: ignore[method-assign]
    assert capability.observe().impossible == {}
    assert any("what earlier passes could not do" in text for text in case.connection.warned)


# Root of a member


def of_root(**fields: t.Any) -> Case:
    case = Case(acts_for_organization=True, **fields)
    case.answers["sts:GetAccessKeyInfo"] = {"Account": OTHER}
    return case


def test_root_of_a_member_loses_what_is_accepted() -> None:
    accepted = frozenset({Loss.ROOT_ACCESS_KEY})
    case = of_root(accepted=accepted)
    capability, observed, plan = case.plan()
    assert observed.roots == {OTHER: STATE}
    assert [change.operation for change in plan.changes] == ["DeleteAccessKey", "DeleteSigningCertificate"]
    assert capability.list_subjects(plan.changes) == (Subject(STATE.arn, By.ROOT, seeds=(LEAKED,)),)
    policy = {"arn": f"arn:aws:iam::aws:policy/root-task/{REMOVAL_TASK}"}
    with_root(case.access, root(), REMOVAL_TASK)
    assert capability.acting(plan.changes[0]) is case.access.others["ASIAROOT"][0]
    assert case.access.calls[-1].parameters["TaskPolicyArn"] == policy
    _capability, _observed, plan = of_root().plan()
    assert [refusal.rule for refusal in plan.refused] == ["irreversible"] and not plan.changes


def test_root_that_cannot_be_read_is_refused() -> None:
    case = of_root(accepted=frozenset({Loss.ROOT_ACCESS_KEY}))
    capability = case.make()
    with_root(case.access, root(ListMFADevices=DENIED))
    observed = capability.observe()
    assert "not allowed" in str(observed.roots[OTHER])
    plan = capability.plan(observed, ())
    assert [refusal.rule for refusal in plan.refused] == ["unread"] and not plan.changes


def test_root_of_this_account_is_not_asked_in_a_session() -> None:
    case = Case()
    case.answers["iam:GetAccessKeyLastUsed"] = {"UserName": ""}
    _capability, observed, _plan = case.plan()
    assert observed.roots == {} and "sts:AssumeRoot" not in case.access.names


# What is kept and said


def test_evidence_is_kept_before_the_first_change() -> None:
    case = Case()
    capability, _observed, plan = case.plan()
    capability.begin(plan.changes)
    kept = read_evidence(case.store)
    assert kept["place"] == f"incident/INC-7/{ACCOUNT}/run-9-last-credential_quarantine.json"
    assert (kept["pass"], kept["at"], kept["roots"]) == ("last", "2026-11-27T10:00:00Z", [])
    assert [seed["id"] for seed in kept["seeds"]] == [LEAKED]
    assert [user["arn"] for user in kept["users"]] == [ARN]
    place = f"s3://journal/iam/{kept['place']}"
    assert capability.result({**NOTHING, "account_id": ACCOUNT})["evidence"] == place
    case = of_root()
    case.answers["iam:GetUser"] = DENIED
    capability, _observed, _plan = case.plan()
    capability.begin(())
    assert [one["account_id"] for one in read_evidence(case.store)["roots"]] == [OTHER]


def test_evidence_leaves_out_who_was_not_read() -> None:
    case = Case()
    case.answers["iam:GetUser"] = DENIED
    capability, _observed, _plan = case.plan()
    capability.begin(())
    assert read_evidence(case.store)["users"] == []


def test_the_result_says_who_is_contained_and_what_lives_on() -> None:
    result = Case().result()
    assert result["pass"] == "last"
    assert [(seed["id"], seed["status"]) for seed in result["seeds"]] == [(LEAKED, "home")]
    assert result["contained"] == [{"principal": ARN, "unique_id": ID, "seeds": [LEAKED]}]
    assert result["not_denied"] == [] and result["evidence"] is None
    assert [row["access_key"] for row in result["stops_working"]] == [LEAKED]
    tokens = result["lives_on"][0]
    assert (tokens["until"], tokens["denied"]) == ("2026-11-28T22:00:00Z", True)
    assert result["terminal"].startswith(f"Incident INC-7 in account {ACCOUNT}, last pass: 1 contained, 0 changed")
    assert "to change" in Case(writes=False).result()["terminal"]


def test_keys_are_masked_unless_people_want_them() -> None:
    masked = Case(masks=True).result()
    assert LEAKED not in str(masked) and LEAKED[-4:] in str(masked)
    assert LEAKED in str(Case().result()["terminal"])


@pytest.mark.parametrize("ending", ["not_made", "unverified", "refused"])
def test_a_denial_that_does_not_show_leaves_tokens_alive(ending: str) -> None:
    item = {"target": ARN, "operation": "AttachUserPolicy", "reason": "no", "rule": "x"}
    result = Case().result(**{ending: [item]})
    assert result["lives_on"][0]["denied"] is False
    assert [row["principal"] for row in result["not_denied"]] == [ARN]


def test_a_user_without_any_denial_is_not_denied() -> None:
    case = Case()
    case.answers |= {"iam:GetPolicy": DENIED}
    many = {f"p{number}": {"Statement": [{"Effect": "Allow", "Action": "x" * 500}]} for number in range(4)}
    case.answers |= answers(
        GetPolicy=DENIED,
        ListAttachedUserPolicies=BARE,
        ListUserPolicies=of_name({"PolicyNames": list(many)}),
        GetUserPolicy=lambda UserName, PolicyName, region: {"PolicyDocument": many[PolicyName]},
    )
    result = case.result()
    assert len(result["not_denied"]) == 1 and result["lives_on"][0]["denied"] is False


def test_tokens_live_from_the_last_denial_on() -> None:
    later = record(last_source_write=NOW + timedelta(hours=1))
    for writes, until in ((True, "2026-11-28T23:00:00Z"), (False, "2026-11-28T22:00:00Z")):
        case = Case(writes=writes)
        keep_record(case.store, later)
        assert case.result()["lives_on"][0]["until"] == until
    case = Case()
    keep_record(case.store, record(last_source_write=None))
    assert case.result()["lives_on"][0]["until"] == "2026-11-28T22:00:00Z"


def test_root_lives_on_too() -> None:
    rows = of_root().result()["lives_on"]
    assert [(row["principal"], row["until"]) for row in rows] == [(STATE.arn, "2026-11-27T11:00:00Z")]
    case = of_root()
    capability = case.make()
    with_root(case.access, root(ListMFADevices=DENIED))
    capability.plan(capability.observe(), ())
    assert capability.result({**NOTHING, "account_id": ACCOUNT})["lives_on"] == []


def test_a_run_that_writes_fails_for_what_is_not_denied() -> None:
    rows = [{"principal": ARN, "reason": "why"}, {"principal": "B", "reason": "that"}]
    said = f"not denied: {ARN}: why; not denied: B: that"
    assert Case().make().failure({"not_denied": rows}) == said
    assert Case().make().failure({"not_denied": []}) == ""
    assert Case(writes=False).make().failure({"not_denied": rows}) == ""
