# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a containment contains, whom the record names, and what people do themselves."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.declared import (
    Declared,
    Loss,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.locate import (
    Seed,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.plan import (
    Observed,
    Planner,
    list_home_users,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import (
    ACTIVE,
    Credential,
    DenyPolicy,
    Device,
    Kind,
    RootState,
    UserState,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from .users import ACCOUNT, ARN, DENY, LEAKED, NOW, OTHER, SECOND, declared, incident, user

ROOT: t.Final = RootState(OTHER, f"arn:aws:iam::{OTHER}:root", (Credential(Kind.ACCESS_KEY, LEAKED, ACTIVE),))


def seed(status: Status = Status.HOME, identifier: str = LEAKED, **fields: t.Any) -> Seed:
    given = {"account_id": ACCOUNT, "user": "ci-deploy" if status is Status.HOME else "", "detail": "why", **fields}
    return Seed(identifier, given.pop("kind", "access_key"), status, **given)


def observed(*seeds: Seed, **fields: t.Any) -> Observed:
    given: dict[str, t.Any] = {"users": {"ci-deploy": user()}, "deny": DenyPolicy(DENY), "slots": 10, **fields}
    return Observed(ACCOUNT, "aws", seeds or (seed(),), **given)


def plan(given: Observed, by: Declared | None = None, **fields: t.Any) -> Plan:
    return Planner(by or declared(), NOW, **fields).contain(given)[1]


def rules(found: Plan) -> list[str]:
    return [refusal.rule for refusal in found.refused]


def test_two_credentials_of_one_user_contain_it_once() -> None:
    seeds = (seed(), seed(identifier=SECOND, user="CI-Deploy"), seed(identifier=ARN, kind="console_password"))
    assert list_home_users(seeds) == ("ci-deploy",)
    # It is called as the first seed calls it.
    assert list_home_users(seeds[::-1][1:]) == ("CI-Deploy",)
    contained, found = Planner(declared(accepted=frozenset({Loss.USER_PASSWORD})), NOW).contain(
        observed(*seeds, users={"ci-deploy": user(password_created=NOW)})
    )
    assert [one.seeds for one in contained] == [(LEAKED, SECOND, ARN)]
    assert [change.operation for change in found.changes].count("DeleteLoginProfile") == 1


def test_the_password_of_a_user_whose_key_leaked_stays() -> None:
    found = plan(
        observed(users={"ci-deploy": user(password_created=NOW)}), declared(accepted=frozenset({Loss.USER_PASSWORD}))
    )
    assert "DeleteLoginProfile" not in [change.operation for change in found.changes]


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        (Status.MISMATCH, "seed_mismatch"),
        (Status.UNRESOLVED, "unresolved"),
        (Status.NOT_HERE, None),
        (Status.FOREIGN, None),
        (Status.DELETED, None),
        (Status.SESSION, None),
        (Status.ROOT, "root"),
    ],
)
def test_what_is_done_about_a_seed_that_is_not_at_home(status: Status, rule: str | None) -> None:
    found = plan(observed(seed(status), users={}))
    assert (found.changes, rules(found)) == ((), [rule] if rule else [])
    assert all(LEAKED in refusal.reason and "why" in refusal.reason for refusal in found.refused)


def test_a_key_of_another_account_that_is_not_known_is_left_to_its_own_host() -> None:
    assert rules(plan(observed(seed(Status.UNRESOLVED, account_id=OTHER), users={}))) == []
    assert rules(plan(observed(seed(Status.UNRESOLVED, account_id=""), users={}))) == ["unresolved"]


def test_a_user_that_can_not_be_read_is_left_alone() -> None:
    for users, why in (({"ci-deploy": "denied"}, "denied"), ({}, "it is gone")):
        found = plan(observed(users=users))
        assert (found.changes, rules(found)) == ((), ["unread"])
        assert found.refused[0].reason == f"the user ci-deploy can't be read: {why}"


def test_the_run_itself_and_break_glass_are_fatal() -> None:
    for fields in ({"callers": principals_of([ARN])}, {"break_glass": (ARN.lower(),)}):
        found = plan(observed(), **fields)
        assert found.changes == () and [refusal.fatal for refusal in found.refused] == [True]


def test_a_record_alone_stops_no_containment_for_the_run_itself_or_break_glass() -> None:
    of_record = seed(identifier=ARN, kind="user")
    for fields in ({"callers": principals_of([ARN])}, {"break_glass": (ARN.lower(),)}):
        found = plan(observed(of_record), **fields)
        assert found.changes == () and [refusal.fatal for refusal in found.refused] == [False]
        both = plan(observed(of_record, seed()), **fields)
        assert [refusal.fatal for refusal in both.refused] == [True]


def test_what_aws_owns_is_refused_and_not_fatal() -> None:
    reserved = dataclasses.replace(user(), arn=f"arn:aws:iam::{ACCOUNT}:user/aws-reserved/x/ci-deploy")
    found = plan(observed(users={"ci-deploy": reserved}))
    assert [(refusal.rule, refusal.fatal) for refusal in found.refused] == [("protected", False)]


# Root


@pytest.mark.parametrize(
    ("accepted", "state", "rule", "operations"),
    [
        (set(), ROOT, ["irreversible"], []),
        ({Loss.ROOT_ACCESS_KEY}, ROOT, [], ["DeleteAccessKey"]),
        ({Loss.ROOT_ACCESS_KEY}, "denied", ["unread"], []),
    ],
)
def test_a_root_key_of_a_member(
    accepted: set[Loss], state: RootState | str, rule: list[str], operations: list[str]
) -> None:
    given = observed(seed(Status.ROOT, account_id=OTHER), users={}, roots={OTHER: state})
    found = plan(given, declared(acts_for_organization=True, accepted=frozenset(accepted)))
    assert (rules(found), [change.operation for change in found.changes]) == (rule, operations)
    reasons = {
        "irreversible": "list root_access_key in accept_irreversible",
        "unread": f"{OTHER} can't be read: denied",
    }
    assert all(reasons[one.rule] in one.reason and one.target == LEAKED for one in found.refused)


def test_root_of_the_management_account_is_the_work_of_people() -> None:
    found = plan(observed(seed(Status.ROOT), users={}), declared(acts_for_organization=True))
    assert rules(found) == ["root"] and "Sign in as root" in found.refused[0].reason


def test_a_root_key_of_a_member_that_nobody_handles_is_not_done() -> None:
    (refusal,) = plan(observed(seed(Status.ROOT), users={})).refused
    assert (refusal.rule, refusal.target, refusal.fatal) == ("root", LEAKED, False)
    assert "organization_management" in refusal.reason and "Sign in as root" not in refusal.reason


# The record


def test_the_record_names_who_is_changed_or_as_wanted() -> None:
    planner, given = Planner(declared(), NOW), observed()
    contained, found = planner.contain(given)
    (subject,) = planner.list_subjects(given, contained, found.changes, found.changes)
    assert (subject.arn, subject.unique_id, subject.by, subject.seeds) == (ARN, "AIDAEXAMPLE", By.SOURCE, (LEAKED,))
    # Of whom a guard refuses everything it says nothing.
    assert planner.list_subjects(given, contained, found.changes, ()) == ()
    assert planner.list_subjects(given, contained, (), ()) == (subject,)


def test_the_record_names_root_only_if_it_loses_something() -> None:
    planner = Planner(declared(acts_for_organization=True, accepted=frozenset({Loss.ROOT_ACCESS_KEY})), NOW)
    given = observed(seed(Status.ROOT, account_id=OTHER), users={}, roots={OTHER: ROOT})
    contained, found = planner.contain(given)
    (subject,) = planner.list_subjects(given, contained, found.changes, found.changes)
    assert (subject.arn, subject.by, subject.account_id, subject.seeds) == (ROOT.arn, By.ROOT, OTHER, (LEAKED,))
    assert planner.list_subjects(given, contained, found.changes, ()) == ()
    # A key of root of another member, which can't be read, is neither a subject nor a seed of this one.
    third = seed(Status.ROOT, SECOND, account_id="444455556666")
    more = dataclasses.replace(given, seeds=(*given.seeds, third), roots={"444455556666": "denied", OTHER: ROOT})
    assert planner.list_subjects(more, contained, found.changes, found.changes) == (subject,)


# Warnings


def test_what_is_not_known_or_suspicious_is_a_warning() -> None:
    device = Device(f"arn:aws:iam::{ACCOUNT}:mfa/evil", NOW - timedelta(hours=1))
    state: UserState = user(devices=(device,), unread={"groups": "denied"})
    by = Declared(incident(since=NOW - timedelta(hours=2)))
    given = observed(users={"ci-deploy": state}, deny=DenyPolicy("arn:aws:iam::aws:policy/AWSDenyAll", "find out why"))
    warnings = "\n".join(plan(given, by).warnings)
    for text in ("find out why", "groups can't be read: denied", "got a second factor", device.serial):
        assert text in warnings
    later = Declared(incident(since=NOW))
    assert "second factor" not in "\n".join(plan(given, later).warnings)


def test_where_all_is_known_there_is_no_warning() -> None:
    assert plan(observed()).warnings == ()
    # Without anybody to contain nobody needs the policy that denies.
    assert plan(observed(seed(Status.NOT_HERE), users={}, deny=DenyPolicy(problem="denied"))).warnings == ()


def test_a_user_that_nothing_denies_is_a_warning() -> None:
    full = user(inline={"big": {"x": "y" * 2000}})
    found = plan(observed(users={"ci-deploy": full}, deny=DenyPolicy(problem="denied"), slots=1))
    assert any("is not denied everything" in text for text in found.warnings)
    assert "UpdateAccessKey" in [change.operation for change in found.changes]
