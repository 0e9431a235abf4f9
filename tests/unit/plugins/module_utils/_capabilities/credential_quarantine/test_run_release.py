# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release in an account of recorded answers, and what the options of the module lead to."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.changes import (
    Denial,
    QuarantineWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.run import (
    OPERATIONS,
    CredentialQuarantine,
    Release,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import GuardError
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.releasing import Releasing, Terms
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.steps import Subject
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError

from ..._converge.fakes import FakeStore
from ..incidents import CHECKLIST, NOTHING, converge_with, keep_changes, keep_record, make_task, open_emergency
from ..recorded import RecordedAccess, connect, of
from .test_observe import ALLOW_ALL, CREATED, DENIED, GONE, ROLE, answers, make_policy, of_name
from .test_release import record
from .users import ACCOUNT, ARN, DENY, LEAKED, NOW, SECOND, declared, key, user

EARLY: t.Final = Terms(CHECKLIST, early_release_reason="it was a drill")
LATER: t.Final = NOW + timedelta(days=3)
LIVE: t.Final = [
    {"AccessKeyId": LEAKED, "Status": "Inactive", "CreateDate": CREATED},
    {"AccessKeyId": SECOND, "Status": "Inactive", "CreateDate": CREATED},
]


class Case:
    """A release of a user whose two keys were deactivated and who was denied."""

    def __init__(self, terms: Terms = EARLY, *, writes: bool = True, masks: bool = False, **incident: t.Any) -> None:
        self.store = FakeStore()
        self.store.now = NOW
        self.writes, self.reveal, self.now = writes, not masks, LATER
        self.declared = dataclasses.replace(declared(), terms=terms)
        changed = dataclasses.replace(self.declared.incident, since=NOW - timedelta(hours=1), **incident)
        self.declared = dataclasses.replace(self.declared, incident=changed)
        self.answers = {
            **answers(
                ListAccessKeys=of_name({"AccessKeyMetadata": LIVE}),
                GetAccessKeyLastUsed={},
                GetLoginProfile=GONE,
                ListMFADevices=of_name({"MFADevices": []}),
                ListServiceSpecificCredentials=of_name({"ServiceSpecificCredentials": []}),
                ListSSHPublicKeys=of_name({"SSHPublicKeys": []}),
                ListSigningCertificates=of_name({"Certificates": []}),
            ),
        }

    def keep(self, *made: Change, **fields: t.Any) -> None:
        keep_changes(self.store, ACCOUNT, NOW, *made, module="credential_quarantine")
        given = {"runs": frozenset({"one"}), "seeds": frozenset({LEAKED}), **fields}
        keep_record(self.store, record(**given))

    def make(self) -> Release:
        self.access: t.Any = RecordedAccess(self.answers, account_id=ACCOUNT, declared=OPERATIONS.reads)
        self.connection = connect(self.access, self.now)
        emergency = open_emergency(self.declared.incident, ACCOUNT, self.store, releases=True)
        return Release(self.declared, emergency, self.connection, writes=self.writes, reveal_key_ids=self.reveal)

    def plan(self) -> tuple[Release, Releasing, Plan]:
        capability = self.make()
        observed = capability.observe()
        return capability, observed, capability.plan(observed, ())


CONTAINED: t.Final = QuarantineWriter(ACCOUNT, "INC-7").contain_user(
    user(credentials=(key(), key(SECOND))),
    Denial(attaches=DENY),
    leaked=frozenset({LEAKED}),
    removes_password=False,
)
KEYS: t.Final = [change for change in CONTAINED if change.operation == "UpdateAccessKey"]
ATTACH: t.Final = next(change for change in CONTAINED if change.operation == "AttachUserPolicy")


def test_what_a_containment_did_is_taken_back_but_for_the_leaked_key() -> None:
    case = Case()
    case.keep(*KEYS, ATTACH)
    capability, observed, plan = case.plan()
    assert [(change.operation, change.parameters.get("AccessKeyId")) for change in plan.changes] == [
        ("DetachUserPolicy", None),
        ("UpdateAccessKey", SECOND),
    ]
    assert plan.changes == observed.changes and not plan.refused
    assert [(item["operation"], item["target"]) for item in observed.left] == [("UpdateAccessKey", ARN)]
    assert {f"iam:{change.operation}" for change in plan.changes} <= OPERATIONS.writes
    assert capability.findings(observed) == () and capability.insists is True
    assert set(capability.rereads()) == {"credential_quarantine", "session_revocation"}
    reread = capability.rereads()["session_revocation"]
    assert reread(ATTACH) == {"policy": DENY, "attached": True}
    role = Subject(ROLE, By.CUT, "AROAEXAMPLE")
    assert set(capability.list_subjects(plan.changes)) == {Subject(ARN, By.SOURCE, "AIDAEXAMPLE"), role}


@pytest.mark.parametrize("state", [None, State.RELEASED])
def test_nothing_is_released_without_a_record_that_is_open(state: t.Optional[State]) -> None:
    case = Case()
    if state:
        case.keep(*KEYS, ATTACH)
        keep_record(case.store, dataclasses.replace(record(), state=state))
    capability, observed, plan = case.plan()
    assert observed == Releasing() and plan == Plan(())
    assert capability.list_subjects(()) == ()
    assert capability.result({**NOTHING, "account_id": ACCOUNT})["contained"] == []


def test_a_leaked_key_that_the_record_forgot_stays_inactive() -> None:
    case = Case()
    case.keep(*KEYS, ATTACH, seeds=frozenset())
    assert all(change.parameters.get("AccessKeyId") != LEAKED for change in case.plan()[2].changes)


LACKS: t.Final = "checklist.owner: statement and by are required"


@pytest.mark.parametrize(
    ("terms", "days", "words"),
    [
        (Terms(CHECKLIST), 1, "last until"),
        (Terms(CHECKLIST, problems=(LACKS,)), 3, LACKS),
        (Terms(CHECKLIST), 3, ""),
    ],
)
def test_a_release_that_is_too_early_is_refused_and_in_check_mode_a_warning(
    terms: Terms, days: float, words: str
) -> None:
    for writes in (True, False):
        case = Case(terms, writes=writes)
        case.now = NOW + timedelta(days=days)
        case.keep(*KEYS, ATTACH)
        if writes and words:
            with pytest.raises(GuardError, match=words) as caught:
                case.plan()
            (refusal,) = caught.value.refusals
            assert (refusal.rule, refusal.target, refusal.fatal) == ("release", ACCOUNT, True)
            continue
        assert len(case.plan()[2].changes) == 2
        assert [words in text and "without check mode this fails" in text for text in case.connection.warned] == (
            [True] if words else []
        )


def test_nothing_of_a_user_is_released_whose_credentials_cannot_be_read() -> None:
    for operation in ("GetUser", "ListSSHPublicKeys"):
        case = Case()
        case.answers[f"iam:{operation}"] = DENIED
        case.keep(*KEYS, ATTACH)
        capability, observed, plan = case.plan()
        assert not plan.changes
        assert [(refusal.rule, refusal.target) for refusal in observed.refused] == [("unread", ARN)]
        assert "can't be read: " in observed.refused[0].reason
        assert plan.refused == observed.refused
        assert capability.failure({"refused": [refusal.as_dict() for refusal in plan.refused]})


def test_a_user_that_is_gone_is_no_doubt() -> None:
    case = Case()
    case.answers |= {f"iam:{name}": GONE for name in ("GetUser", "ListAccessKeys", "ListAttachedUserPolicies")}
    case.keep(*KEYS, ATTACH)
    _capability, observed, _plan = case.plan()
    assert all(refusal.rule != "unread" for refusal in observed.refused)


def test_a_credential_of_the_time_of_the_incident_holds_the_release_back_until_somebody_looked_at_it() -> None:
    new = {"AccessKeyId": "AKIAEXAMPLEEXAMPLE44", "Status": "Active", "CreateDate": NOW}
    looked_at = {"statement": "the owner made it", "by": "Bo", "names": [new["AccessKeyId"]]}
    for terms, count in ((EARLY, 0), (dataclasses.replace(EARLY, looked_at=looked_at), 2)):
        case = Case(terms)
        case.answers["iam:ListAccessKeys"] = of_name({"AccessKeyMetadata": [*LIVE, new]})
        case.keep(*KEYS, ATTACH)
        capability, observed, plan = case.plan()
        assert len(plan.changes) == count
        assert [refusal.rule for refusal in observed.refused] == ([] if count else ["not_looked_at"])
        said = capability.result({**NOTHING, "account_id": ACCOUNT})["checklist"]
        assert ("looked_at" in said) is bool(count) and set(CHECKLIST) < {*said, "looked_at"}


def test_a_user_whose_changes_are_not_in_the_journal_is_no_doubt() -> None:
    case = Case()
    case.answers["iam:ListSSHPublicKeys"] = DENIED
    case.keep()
    _capability, observed, _plan = case.plan()
    assert observed == Releasing()


def test_an_object_that_cannot_be_read_is_refused() -> None:
    writer = IdentityWriter(ACCOUNT, "session_revocation")
    case = Case()
    case.answers["iam:GetRolePolicy"] = DENIED
    case.keep(writer.put_inline(ROLE, "IamHardeningIncident-INC-7", None, {"Statement": []}))
    _capability, observed, plan = case.plan()
    assert [refusal.rule for refusal in observed.refused] == ["unread"] and not plan.changes


def test_a_trust_policy_that_the_declaration_does_not_name_stays() -> None:
    writer = IdentityWriter(ACCOUNT, "session_revocation")
    case = Case()
    case.keep(writer.set_trust(ROLE, ALLOW_ALL, {"Statement": []}))
    _capability, observed, plan = case.plan()
    assert not plan.changes
    assert "the declaration does not name it" in observed.left[0]["reason"]


def test_a_policy_that_a_cut_made_is_deleted_with_its_versions() -> None:
    managed = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/incident-INC-7-AROAEXAMPLE"
    document = {"Version": "2012-10-17", "Statement": []}
    case = Case()
    versions = [{"VersionId": name, "IsDefaultVersion": name == "v3", "CreateDate": CREATED} for name in ("v3", "v2")]
    case.answers |= {
        **make_policy(document, managed),
        "iam:GetPolicyVersion": lambda PolicyArn, VersionId, region: {"PolicyVersion": {"Document": document}},
        "iam:ListPolicyVersions": of({"Versions": versions}, PolicyArn=managed),
        "iam:GetPolicy": lambda PolicyArn, region: (
            {"Policy": {"DefaultVersionId": "v3", "AttachmentCount": 0}} if PolicyArn == managed else GONE
        ),
    }
    made = IdentityWriter(ACCOUNT, "session_revocation").create_policy(managed, document, description="", tags={})
    case.keep(made)
    _capability, _observed, plan = case.plan()
    assert [change.operation for change in plan.changes] == ["DeletePolicyVersion", "DeletePolicy"]


def test_whom_a_release_affects_is_read_live() -> None:
    case = Case()
    case.keep(ATTACH)
    capability, observed, plan = case.plan()
    (change,) = capability.add_affected(observed, plan.changes)
    assert change.affects != plan.changes[0].affects
    assert ARN in str(change.affects)


def test_the_result_says_what_was_released_and_who_answers_for_it() -> None:
    case = Case()
    case.keep(*KEYS, ATTACH)
    capability, _observed, _plan = case.plan()
    refused = [{"rule": "x", "reason": f"{SECOND} is not", "target": ARN}]
    result = capability.result({**NOTHING, "account_id": ACCOUNT, "refused": refused})
    assert result["contained"][-1] == {"principal": ARN, "unique_id": "AIDAEXAMPLE", "since": "2026-11-27T10:00:00Z"}
    assert [item["target"] for item in result["left"]] == [ARN]
    assert result["refused"] == refused
    assert result["checklist"] == CHECKLIST and result["early_release_reason"] == "it was a drill"
    assert result["terminal"].startswith(f"Release of incident INC-7 in account {ACCOUNT}: 0 taken back, 1 refused")
    case = Case(Terms(CHECKLIST), writes=False, masks=True)
    case.keep(*KEYS, ATTACH)
    capability, _observed, _plan = case.plan()
    masked = capability.result({**NOTHING, "account_id": ACCOUNT, "refused": refused})
    assert masked["early_release_reason"] is None and "to take back" in masked["terminal"]
    assert SECOND not in str(masked) and SECOND[-4:] in str(masked)


def test_a_release_fails_for_doubts_alone() -> None:
    rows = [
        {"rule": "not_looked_at", "reason": f"look at {SECOND}"},
        {"rule": "leaked", "reason": "it works"},
        {"rule": "unread", "reason": "denied"},
        {"rule": "not_of_incident", "reason": "no"},
    ]
    assert Case().make().failure({"refused": rows}) == f"look at {SECOND}; it works; denied"
    assert SECOND not in Case(masks=True).make().failure({"refused": rows})
    assert Case(writes=False).make().failure({"refused": rows}) == ""


# The options

OPTIONS: t.Final = {
    "incident": {"keys": [{"id": LEAKED}]},
    "accept_irreversible": ["user_password"],
    "acts_for_organization": False,
    "inventory_accounts": [ACCOUNT],
}


def connected() -> t.Any:
    return connect(RecordedAccess({}, account_id=ACCOUNT), NOW)


def test_the_options_lead_to_a_containment(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = converge_with(monkeypatch, module, connected())
    for name in ("first", "last"):
        assert module.run(make_task(NOW, **{**OPTIONS, "pass": name})) == {"converged": True}
    (first, of_first), (last, of_last) = handed
    assert isinstance(first, CredentialQuarantine) and (first.holds, last.holds) == (0.0, 5.0)
    assert (of_first["module"], of_first["part"]) == ("credential_quarantine", "credential_quarantine_first")
    assert of_last["part"] == "credential_quarantine_last" and not of_last["emergency"].releases
    assert last._planner.break_glass == ("arn:aws:iam::222233334444:role/rescue",)
    assert last.failure({"not_denied": [{"principal": "A", "reason": "b"}]})


def test_the_options_lead_to_a_release(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = converge_with(monkeypatch, module, connected())
    module.run(make_task(NOW, reveal=False, **{**OPTIONS, "state": "released"}))
    ((release, named),) = handed
    assert isinstance(release, Release)
    assert (named["module"], named["part"]) == ("credential_quarantine", "credential_quarantine")
    assert named["emergency"].releases
    assert LEAKED not in release.failure({"refused": [{"rule": "leaked", "reason": LEAKED}]})


def test_options_that_are_not_allowed_end_the_run_before_aws_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = converge_with(monkeypatch, module, connected())
    with pytest.raises(TaskError, match="inventory_accounts"):
        module.run(make_task(NOW, **{**OPTIONS, "inventory_accounts": ["12"]}))
    released = {**OPTIONS, "state": "released", "checklist": {}}
    with pytest.raises(TaskError, match="checklist.owner.*") as caught:
        module.run(make_task(NOW, **released))
    assert str(caught.value).count("; checklist.") == 2
    assert not handed
    # In check mode the lacks are said once the record is read.
    module.run(make_task(NOW, writes=False, **released))
    assert len(handed) == 1
