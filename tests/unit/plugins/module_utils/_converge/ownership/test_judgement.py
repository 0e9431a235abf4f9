# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which changes are held against an owner, and which are refused."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Yes
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.table import WRITES
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.guard import GuardContext, Limits, guard
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.judgement import (
    HELD,
    find_held,
    find_objection,
    identify,
    list_held,
    list_held_back,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owner import (
    Confidence,
    DriftWar,
    Owner,
    Ownership,
    Unread,
    Write,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import approve, plan_document

from ..fakes import NOW
from .owned import ACCOUNT, GROUP, POLICY, REQUESTS, ROLE, USER, change, item, owner

# Writes that no owner decides on. New objects have no owner yet; credentials and marks are no part of a definition.
FREE: t.Final = {
    "CreateAccessKey": "a credential",
    "CreateGroup": "a new object",
    "CreatePolicy": "a new object",
    "CreateRole": "a new object",
    "DeactivateMFADevice": "a credential",
    "DeleteAccountPasswordPolicy": "a setting of the account",
    "DeleteLoginProfile": "a credential",
    "DisableOrganizationsRootCredentialsManagement": "a setting of the organization",
    "DisableOrganizationsRootSessions": "a setting of the organization",
    "EnableOrganizationsRootCredentialsManagement": "a setting of the organization",
    "EnableOrganizationsRootSessions": "a setting of the organization",
    "TagUser": "a mark of this collection",
    "UntagUser": "a mark of this collection",
    "UpdateAccountPasswordPolicy": "a setting of the account",
    **{
        f"{verb}{kind}": "a credential"
        for kind in ("AccessKey", "ServiceSpecificCredential", "SSHPublicKey", "SigningCertificate")
        for verb in ("Update", "Delete")
    },
}


def refuse(asked: Change, known: Owner, arn: str = ROLE, **fields: t.Any) -> t.Optional[str]:
    """The rule that refuses a change of an object with this owner; None if it may be made."""
    objection = find_objection(asked, Ownership(owners={item(arn).key: known}, **fields))
    return objection.rule if objection else None


def test_every_write_to_iam_is_held_or_free_for_a_reason() -> None:
    writes = {name.partition(":")[2] for name in WRITES if name.startswith("iam:")}
    assert writes == HELD | set(FREE)
    assert not HELD & set(FREE)


@pytest.mark.parametrize("operation", sorted(HELD))
def test_a_certain_owner_refuses_every_held_change(operation: str) -> None:
    target = REQUESTS[operation][0]
    for impact in Impact:
        assert refuse(change(operation, impact=impact), owner(), target) == "foreign_owner"
        assert refuse(change(operation, impact=impact), owner(), target, default=Write.ALLOW) == "foreign_owner"
        assert refuse(change(operation, impact=impact), owner(write=Write.ALLOW), target) is None
        assert refuse(change(operation, impact=impact), owner(write=Write.REFUSE), target) == "foreign_owner"


@pytest.mark.parametrize("operation", sorted(FREE))
def test_a_free_change_is_held_against_nobody(operation: str) -> None:
    assert find_held(change(operation)) is None
    assert refuse(change(operation), owner(), USER) is None


@pytest.mark.parametrize(
    ("confidence", "arn", "is_refused"),
    [
        (Confidence.LIKELY, ROLE, True),
        (Confidence.HINT, ROLE, True),
        (Confidence.UNKNOWN, ROLE, True),
        (Confidence.UNKNOWN, POLICY, True),
        (Confidence.LIKELY, USER, True),
        (Confidence.HINT, USER, True),
        (Confidence.UNKNOWN, USER, False),
        (Confidence.LIKELY, GROUP, True),
        (Confidence.UNKNOWN, GROUP, False),
    ],
)
def test_an_owner_in_doubt_refuses_what_narrows(confidence: Confidence, arn: str, is_refused: bool) -> None:
    operation = next(name for name, (target, _asked) in REQUESTS.items() if target == arn)
    rule = "foreign_owner" if is_refused else None
    for impact in (Impact.NARROWING, Impact.DESTRUCTIVE):
        asked = change(operation, impact=impact)
        assert refuse(asked, owner(confidence), arn) == rule
        assert refuse(asked, owner(confidence), arn, default=Write.ALLOW) is None
    assert refuse(change(operation, impact=Impact.ADDITIVE), owner(confidence), arn) is None


FAILED: t.Final = Unread("the stacks of eu-west-1 can't be read: denied", "CloudFormation", "allow it")
EVENTS: t.Final = Unread("its event history can't be read", "the event history", "allow it", is_certain=False)


@pytest.mark.parametrize("default", list(Write))
@pytest.mark.parametrize("impact", list(Impact))
@pytest.mark.parametrize("operation", sorted(HELD))
def test_a_source_of_certain_owners_that_failed_holds_back_every_change(
    operation: str, impact: Impact, default: Write
) -> None:
    """A certain owner would refuse each of them, whatever the default is."""
    arn = REQUESTS[operation][0]
    failed = Owner(unread=(FAILED,))
    asked = change(operation, impact=impact)
    assert refuse(asked, failed, arn, default=default) == "foreign_owner"
    # It may also know the owner of what the declaration of this run defines.
    assert refuse(asked, failed, arn, default=default, own=frozenset({item(arn).key})) == "foreign_owner"
    assert refuse(asked, owner(write=Write.ALLOW), arn, default=default) is None
    objection = find_objection(asked, Ownership(owners={item(arn).key: failed}, default=default))
    assert objection is not None
    assert f"{FAILED.reason}; allow it, or declare the owner in hardening_owners" in objection.reason
    assert "hardening_owner_default" not in objection.reason
    assert objection.held_by == (FAILED,)


@pytest.mark.parametrize(
    ("arn", "own", "is_held"),
    [(USER, False, True), (GROUP, False, True), (POLICY, True, True), (ROLE, False, False), (POLICY, False, False)],
)
def test_an_event_history_that_failed_holds_back_what_only_it_could_refuse(arn: str, own: bool, is_held: bool) -> None:
    """The owner of another role or policy has to be known anyway. It names no owner that refuses all changes."""
    operation = next(name for name, (target, _asked) in REQUESTS.items() if target == arn)
    failed = Owner(unread=(EVENTS,))
    known = Ownership(owners={item(arn).key: failed}, own=frozenset({item(arn).key} if own else ()))
    objection = find_objection(change(operation), known)
    assert objection is not None
    assert objection.held_by == ((EVENTS,) if is_held else ())
    assert find_objection(change(operation, impact=Impact.ADDITIVE), known) is None
    assert find_objection(change(operation), dataclasses.replace(known, default=Write.ALLOW)) is None


def test_a_source_that_holds_back_many_objects_has_one_line() -> None:
    asked = [change(), change("AttachRolePolicy"), change("DetachUserPolicy"), change("CreatePolicyVersion")]
    state = Unread("app.tfstate can't be used: it is empty", "hardening_terraform_state_paths[0]", "correct the file")
    stacks = Unread("no eu-1", "CloudFormation", "allow it", ("no eu-2", "no eu-3", "no eu-4"))
    owners = {
        item().key: Owner(unread=(state, stacks)),
        item(USER).key: Owner(unread=(state,)),
        item(POLICY).key: owner(),
    }
    assert list_held_back(asked, Ownership(owners=owners, default=Write.ALLOW)) == (
        "2 objects are held back by hardening_terraform_state_paths[0]: app.tfstate can't be used: it is empty; "
        "correct the file",
        "1 object is held back by CloudFormation: no eu-1; no eu-2; and 2 more; allow it",
    )
    assert list_held_back(asked, Ownership(owners=dict.fromkeys(owners, owner()))) == ()


@pytest.mark.parametrize("operation", ["PutRolePermissionsBoundary", "DetachUserPolicy"])
def test_an_object_that_nobody_looked_for_is_not_known(operation: str) -> None:
    objection = find_objection(change(operation), Ownership())
    assert objection is not None
    assert "nobody looked for its owner" in objection.reason


@pytest.mark.parametrize(
    ("confidence", "rule"),
    [
        (Confidence.UNKNOWN, None),
        (Confidence.HINT, None),
        (Confidence.LIKELY, "foreign_owner"),
        (Confidence.CERTAIN, "foreign_owner"),
    ],
)
def test_a_policy_that_the_declaration_defines_is_its_own_unless_somebody_else_writes_it(
    confidence: Confidence, rule: t.Optional[str]
) -> None:
    own = frozenset({item(POLICY).key})
    assert refuse(change("CreatePolicyVersion"), owner(confidence), POLICY, own=own) == rule


def test_an_undo_is_held_against_nobody() -> None:
    assert refuse(change(undoes="run/000001"), owner()) is None


def test_a_policy_of_a_stack_may_be_attached_to_a_role_that_nobody_owns() -> None:
    asked = change("AttachRolePolicy", impact=Impact.ADDITIVE)
    owners = {item(POLICY).key: owner(), item(ROLE).key: Owner()}
    assert asked.parameters["PolicyArn"] == POLICY
    assert find_objection(asked, Ownership(owners=owners)) is None
    assert find_objection(change("CreatePolicyVersion"), Ownership(owners=owners)) is not None
    assert [held.arn for held in list_held([asked, asked])] == [ROLE]


def test_an_inline_policy_of_a_stack_is_refused_on_a_role_that_nobody_owns() -> None:
    key = item(ROLE).key
    known = Ownership(owners={key: Owner()}, inline={(key, "inline"): owner()}, default=Write.ALLOW)
    assert find_objection(change("DeleteRolePolicy"), known) is not None
    other = change("DeleteRolePolicy", parameters={"RoleName": "App", "PolicyName": "other"})
    assert find_objection(other, known) is None
    declared = dataclasses.replace(known, owners={key: owner(write=Write.ALLOW)})
    assert find_objection(change("DeleteRolePolicy"), declared) is None


def test_a_refusal_says_where_to_change_it_and_how() -> None:
    objection = find_objection(change(), Ownership(owners={item().key: owner()}))
    assert objection is not None
    assert objection.reason == (
        "role App belongs to stack app (CloudFormation): change it in stack app (eu-west-1, logical id AppRole)"
    )
    assert objection.data["owner"]["confidence"] == "certain"
    assert "PermissionsBoundary" in objection.data["patch"]


def test_the_reason_of_an_unknown_owner_names_two_unread_sources() -> None:
    unread = tuple(f"the stacks of region-{number} can't be read" for number in range(5))
    failed = Unread(unread[0], "CloudFormation", "allow it", unread[1:])
    objection = find_objection(change(), Ownership(owners={item().key: Owner(unread=(failed,))}))
    assert objection is not None
    assert "the stacks of region-1 can't be read; and 3 more; allow it" in objection.reason
    assert objection.data["owner"]["unread"] == list(unread)


# Drift wars

WAR: t.Final = DriftWar(
    "arn:aws:iam::111122223333:role/pipeline", 2, "2026-11-20T03:00:00Z", ROLE, "PutRolePermissionsBoundary"
)


@pytest.mark.parametrize("default", list(Write))
@pytest.mark.parametrize("impact", list(Impact))
def test_a_drift_war_stops_its_change_alone(default: Write, impact: Impact) -> None:
    wars: dict[t.Any, t.Any] = {identify(change()): Yes(WAR)}
    known = Ownership(owners={item().key: Owner()}, default=default, wars=wars)
    objection = find_objection(change(impact=impact), known)
    assert objection is not None
    assert objection.rule == "drift_war"
    assert "role/pipeline reverted this change of role App 2 times" in objection.reason
    other = change("AttachRolePolicy", impact=Impact.ADDITIVE)
    assert find_objection(other, known) is None
    same_operation = change(after={"boundary": "another"}, impact=Impact.ADDITIVE)
    assert find_objection(same_operation, known) is None
    assert refuse(change(), owner(write=Write.ALLOW), wars=wars) is None


@pytest.mark.parametrize("default", list(Write))
@pytest.mark.parametrize("impact", list(Impact))
def test_a_change_that_somebody_may_keep_reverting_is_not_made(default: Write, impact: Impact) -> None:
    unread = Unread("the journal can't be read: denied", "the journal", "correct hardening_journal")
    known = Ownership(owners={item().key: Owner()}, default=default, wars={identify(change()): unread})
    objection = find_objection(change(impact=impact), known)
    assert objection is not None
    assert (objection.rule, objection.held_by) == ("drift_war", (unread,))
    assert "the journal can't be read: denied; correct hardening_journal, or list the ARN in" in objection.reason
    assert refuse(change(), owner(write=Write.ALLOW), wars=known.wars) is None


# Among the guards


def context(**fields: t.Any) -> GuardContext:
    return GuardContext(principals=principals_of([f"arn:aws:iam::{ACCOUNT}:role/automation"]), **fields)


def test_the_guard_refuses_with_the_data() -> None:
    parameters = {"RoleName": "App", "PermissionsBoundary": "arn:aws:iam::111122223333:policy/boundary"}
    asked = change(parameters=parameters, affects=(ROLE,))
    known = Ownership(owners={item().key: owner()}, default=Write.ALLOW)
    guarded = guard([asked], context(ownership=known))
    assert [refusal.rule for refusal in guarded.refused] == ["foreign_owner"]
    assert set(guarded.refused[0].as_dict()) == {"rule", "reason", "target", "operation", "owner", "patch"}
    assert guard([asked], context()).allowed == (asked,)


def test_an_approved_plan_and_caps_do_not_lift_it() -> None:
    parameters = {"RoleName": "App", "PermissionsBoundary": "arn:aws:iam::111122223333:policy/boundary"}
    asked = change(parameters=parameters, affects=(ROLE,))
    document = plan_document([asked], account_id=ACCOUNT, run_id="1", created=NOW)
    approved = approve(document, account_id=ACCOUNT, now=NOW)
    for known, limits in itertools.product((owner(), owner(Confidence.UNKNOWN)), (Limits(), Limits(max_changes=99))):
        refused = guard(
            [asked], context(approved=approved, limits=limits, ownership=Ownership(owners={item().key: known}))
        ).refused
        assert [refusal.rule for refusal in refused] == ["foreign_owner"]


def test_data_never_replaces_the_words_of_a_refusal() -> None:
    refusal = guard([change(parameters={}, affects=(ROLE,))], context()).refused[0]
    forged = dataclasses.replace(refusal, data={"rule": "none", "reason": "fine"})
    assert forged.as_dict() == refusal.as_dict()


def test_no_owner_and_no_war_keep_a_trial_from_its_end() -> None:
    trial = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/lp/lp-dev-trial"
    for boundary, is_held in ((trial, False), (f"arn:aws:iam::{ACCOUNT}:policy/standing", True), (None, True)):
        asked = change("DeleteRolePermissionsBoundary", before={"boundary": boundary}, after={"boundary": None})
        assert (find_held(asked) is not None) is is_held
    begun = change(before={"boundary": trial}, after={"boundary": trial})
    assert find_held(begun) is not None
