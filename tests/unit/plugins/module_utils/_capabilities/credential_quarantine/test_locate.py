# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose a leaked credential is, from a few answers of AWS."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.locate import (
    Answers,
    Place,
    Seed,
    Status,
    add_contained,
    check_contained,
    locate_center_users,
    locate_key,
    locate_sessions,
    locate_user,
    names_session,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    CenterUserSeed,
    KeySeed,
    Seen,
    SessionSeed,
)
from ansible_collections.hardening.iam.plugins.module_utils._incident.deletions import Deletion
from ansible_collections.hardening.iam.plugins.module_utils._incident.results import BY_KNOWLEDGE

from .users import ACCOUNT, ARN, LEAKED, OTHER, incident

DELETED: t.Final = Yes(Deletion("an intruder deleted it", "ci-deploy"))
HERE: t.Final = Place(ACCOUNT, frozenset({ACCOUNT, OTHER}))
FOREIGN: t.Final = "999988887777"


def explain(found: Seed) -> None:
    """Every place has its reason, and one that this run does not contain has the next step for people."""
    assert found.detail
    assert found.next_step or found.status in (Status.HOME, Status.NOT_HERE, Status.SESSION, Status.ROOT), found


def test_the_results_of_all_accounts_can_rank_each_place() -> None:
    assert {status.value for status in Status} == set(BY_KNOWLEDGE)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        (Answers(ACCOUNT, "ci-deploy"), Status.HOME),
        # AWS may refuse to tell the account: IAM knows its own keys.
        (Answers(None, "ci-deploy"), Status.HOME),
        (Answers(OTHER), Status.NOT_HERE),
        (Answers(FOREIGN), Status.FOREIGN),
        (Answers(OTHER, of_root=True), Status.ROOT),
        (Answers(OTHER, of_root=False), Status.NOT_HERE),
        # A foreign key is nobody's here, even if somebody says that it is root's.
        (Answers(FOREIGN, of_root=True), Status.FOREIGN),
        (Answers(ACCOUNT, is_unknown=True, root_keys=0, deletion=DELETED), Status.DELETED),
        # AWS denies to say whose the keys of a deleted user are.
        (Answers(ACCOUNT, problem="denied", deletion=DELETED), Status.DELETED),
        (Answers(ACCOUNT, is_unknown=True, root_keys=1, deletion=DELETED), Status.DELETED),
        # A slip of the finger: that it is not there proves nothing.
        (Answers(ACCOUNT, is_unknown=True, root_keys=0), Status.UNRESOLVED),
        (Answers(ACCOUNT, is_unknown=True, root_keys=0, deletion=Unknown("late")), Status.UNRESOLVED),
        (Answers(ACCOUNT, "ci-deploy", deletion=DELETED), Status.HOME),
        (Answers(ACCOUNT, is_unknown=True, root_keys=1), Status.ROOT),
        (Answers(ACCOUNT, user=""), Status.ROOT),
        (Answers(ACCOUNT, is_unknown=True, problem="denied"), Status.UNRESOLVED),
        (Answers(ACCOUNT, problem="denied"), Status.UNRESOLVED),
        (Answers(problem="no answer"), Status.UNRESOLVED),
    ],
)
def test_where_a_key_is(answers: Answers, status: Status) -> None:
    found = locate_key(KeySeed(LEAKED), answers, HERE)
    assert (found.id, found.status) == (LEAKED, status)
    assert found.user == ("ci-deploy" if status is Status.HOME else "")
    explain(found)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        (Answers(OTHER, of_root=True), Status.ROOT),
        (Answers(OTHER, of_root=False), Status.NOT_HERE),
        (Answers(OTHER, problem="AssumeRoot is denied"), Status.UNRESOLVED),
        (Answers(FOREIGN, problem="AssumeRoot is denied"), Status.FOREIGN),
    ],
)
def test_who_could_not_ask_root_of_a_member_does_not_know_it(answers: Answers, status: Status) -> None:
    place = Place(ACCOUNT, frozenset({ACCOUNT, OTHER}), acts_for_organization=True)
    found = locate_key(KeySeed(LEAKED), answers, place)
    assert found.status is status
    assert ("AssumeRoot" in found.detail) == (status is Status.UNRESOLVED)
    assert OTHER in found.detail or FOREIGN in found.detail
    explain(found)
    # Nobody asks root about the key of a session.
    assert locate_key(KeySeed(SESSION_KEY), Answers(OTHER), place).status is Status.NOT_HERE


@pytest.mark.parametrize("seed", [KeySeed(LEAKED), KeySeed("ASIAEXAMPLEEXAMPLE11")], ids=["key", "token"])
@pytest.mark.parametrize(
    ("is_management", "expected"), [(False, "group organization_management"), (True, "a person signs in as root")]
)
def test_only_root_of_a_member_is_left_to_the_host_of_the_organization(
    seed: KeySeed, is_management: bool, expected: str
) -> None:
    place = Place(ACCOUNT, frozenset({ACCOUNT}), acts_for_organization=is_management)
    found = locate_key(seed, Answers(ACCOUNT, user="", bearer="a token of the root user"), place)
    assert found.status is Status.ROOT and expected in found.next_step
    assert ("organization_management" in found.next_step) is not is_management


@pytest.mark.parametrize(
    ("answers", "status", "user"),
    [
        (Answers(ACCOUNT, is_unknown=True, deletion=DELETED, named_user="ci-deploy"), Status.HOME, "ci-deploy"),
        # It is nobody's any more: the user is gone as well.
        (Answers(ACCOUNT, is_unknown=True, deletion=DELETED), Status.DELETED, ""),
        # It may be root's, whatever people say.
        (Answers(ACCOUNT, is_unknown=True, root_keys=1), Status.ROOT, ""),
        # Nothing proves that it ever was one of the user that people name.
        (Answers(ACCOUNT, is_unknown=True, root_keys=0), Status.UNRESOLVED, ""),
    ],
)
def test_the_user_of_a_deleted_key_is_contained_if_people_name_it(answers: Answers, status: Status, user: str) -> None:
    found = locate_key(KeySeed(LEAKED, "CI-Deploy"), answers, HERE)
    assert (found.status, found.user) == (status, user)
    assert ("sessions that it opened may live" in found.next_step) == (status is Status.DELETED)


def test_a_deleted_key_of_another_user_than_people_name_is_a_mismatch() -> None:
    answers = Answers(ACCOUNT, is_unknown=True, root_keys=0, deletion=DELETED, named_user="ci-deploy")
    found = locate_key(KeySeed(LEAKED, "ci-deploy-legacy"), answers, HERE)
    assert (found.status, found.user) == (Status.MISMATCH, "ci-deploy")
    assert "one of the user ci-deploy, and the incident names ci-deploy-legacy" in found.detail
    assert "slip of the finger" in found.next_step


@pytest.mark.parametrize("named", ["ci-deploy", "CI-Deploy", ARN])
def test_the_user_that_people_name_is_the_one(named: str) -> None:
    assert locate_key(KeySeed(LEAKED, named), Answers(ACCOUNT, "ci-deploy"), HERE).status is Status.HOME


@pytest.mark.parametrize(
    ("seed", "answers"),
    [
        (KeySeed(LEAKED, "ci-deploy"), Answers(ACCOUNT, "ci-deploy-legacy")),
        (KeySeed(LEAKED, ARN), Answers(OTHER, "ci-deploy")),
        (KeySeed(LEAKED, account_id=OTHER), Answers(ACCOUNT, "ci-deploy")),
        (KeySeed(LEAKED, account_id=ACCOUNT), Answers(FOREIGN)),
        # The key of a session is somebody else's as well.
        (KeySeed("ASIAEXAMPLEEXAMPLE11", account_id=OTHER), Answers(ACCOUNT)),
    ],
)
def test_a_slip_of_the_finger_is_a_mismatch(seed: KeySeed, answers: Answers) -> None:
    found = locate_key(seed, answers, HERE)
    assert found.status is Status.MISMATCH and "slip of the finger" in found.next_step
    assert "the key belongs to " in found.detail and "the incident names " in found.detail


SESSION_KEY: t.Final = "ASIAEXAMPLEEXAMPLE11"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/worker"
ELSEWHERE: t.Final = f"arn:aws:iam::{OTHER}:role/worker"


@pytest.mark.parametrize(
    ("fields", "account", "status"),
    [
        ({}, ACCOUNT, Status.UNRESOLVED),
        ({}, None, Status.UNRESOLVED),
        ({"sessions": (SessionSeed(ROLE, "evil", access_key_id=SESSION_KEY),)}, ACCOUNT, Status.SESSION),
        ({"sessions": (SessionSeed(ROLE, "evil", access_key_id=SESSION_KEY),)}, None, Status.SESSION),
        # Another session of the same account says nothing of this key.
        ({"sessions": (SessionSeed(ROLE, "evil"),)}, ACCOUNT, Status.UNRESOLVED),
        ({"sessions": (SessionSeed(ROLE, "evil"),)}, None, Status.UNRESOLVED),
        ({"sessions": (SessionSeed(ELSEWHERE, "evil"),)}, ACCOUNT, Status.UNRESOLVED),
        ({"seen": (Seen(ROLE, "evil", SESSION_KEY),)}, ACCOUNT, Status.SESSION),
        ({"seen": (Seen(ROLE, "evil", "ASIAEXAMPLEEXAMPLE22"),)}, ACCOUNT, Status.UNRESOLVED),
        ({"seen": (Seen(ROLE, "evil"),)}, ACCOUNT, Status.UNRESOLVED),
        # A key of another account is not ours, whatever people name.
        ({"sessions": (SessionSeed(ROLE, "evil", access_key_id=SESSION_KEY),)}, FOREIGN, Status.FOREIGN),
        ({}, OTHER, Status.NOT_HERE),
    ],
)
def test_the_key_of_a_session_is_cut_only_if_people_say_which_session_it_is_of(
    fields: dict[str, t.Any], account: str | None, status: Status
) -> None:
    given = incident(KeySeed(SESSION_KEY), **fields)
    found = locate_key(given.keys[0], Answers(account), HERE, has_session=names_session(given, SESSION_KEY))
    assert found.status is status
    assert ("this key as access_key_id" in found.next_step) == (status is Status.UNRESOLVED)
    assert ("name the user in incident.users" in found.next_step) == (status is Status.UNRESOLVED)


@pytest.mark.parametrize(
    ("answers", "status", "user"),
    [
        (Answers(ACCOUNT, bearer="the key of the session evil of the role worker"), Status.SESSION, ""),
        (Answers(ACCOUNT, "ci-deploy", bearer="a token of the user ci-deploy"), Status.HOME, "ci-deploy"),
        (Answers(ACCOUNT, "", bearer="a token of the root user"), Status.ROOT, ""),
        (Answers(ACCOUNT, problem="no event of a call with it is known yet"), Status.UNRESOLVED, ""),
    ],
)
def test_the_calls_with_a_key_of_a_session_tell_whose_it_is(answers: Answers, status: Status, user: str) -> None:
    found = locate_key(KeySeed(SESSION_KEY), answers, HERE)
    assert (found.status, found.user) == (status, user)
    assert (answers.bearer or answers.problem) in found.detail


def test_a_token_of_another_user_than_people_expect_is_a_mismatch() -> None:
    answers = Answers(ACCOUNT, "ci-deploy-legacy", bearer="a token of the user ci-deploy-legacy")
    found = locate_key(KeySeed(SESSION_KEY, "ci-deploy"), answers, HERE)
    assert (found.status, found.user) == (Status.MISMATCH, "ci-deploy-legacy")


@pytest.mark.parametrize(
    ("arn", "present", "problem", "status", "expected"),
    [
        (ARN, ARN, "", Status.HOME, "the user ci-deploy"),
        (ARN, ARN.replace("/ci/", "/other/"), "", Status.MISMATCH, ":user/other/ci-deploy; case and path count"),
        # IAM finds a user by its name in any case, and policies compare the letters of an ARN.
        (ARN.replace("ci-deploy", "CI-Deploy"), ARN, "", Status.MISMATCH, f"is {ARN}; case and path count"),
        (ARN, None, "", Status.UNRESOLVED, "there is no such user"),
        (ARN, None, "denied", Status.UNRESOLVED, "can't be read: denied"),
        (ARN.replace(ACCOUNT, OTHER), None, "", Status.NOT_HERE, f"a user of account {OTHER}"),
        (ARN.replace(ACCOUNT, FOREIGN), None, "", Status.FOREIGN, f"account {FOREIGN}, which is not in the inventory"),
    ],
)
def test_where_a_user_is(arn: str, present: str | None, problem: str, status: Status, expected: str) -> None:
    found = locate_user(arn, present, problem, HERE)
    assert (found.status, found.user.lower()) == (status, "ci-deploy")
    assert found.near == ((present,) if status is Status.MISMATCH else ())
    assert expected in found.detail


def test_a_user_that_is_not_there_is_deleted_only_with_a_proof() -> None:
    gone = locate_user(ARN, None, "", HERE, DELETED)
    assert (gone.status, gone.detail) == (Status.DELETED, "the user is deleted (an intruder deleted it)")
    assert "no event shows it" in locate_user(ARN, None, "", HERE, NO).detail
    lost = locate_user(ARN, None, "", HERE, Unknown("events are late"))
    assert lost.status is Status.UNRESOLVED and "events are late" in lost.detail and "deleted: true" in lost.next_step


def test_an_account_of_the_run_is_offered_for_one_that_is_not() -> None:
    slip = f"{OTHER[:-1]}9"
    found = locate_user(ARN.replace(ACCOUNT, slip), None, "", HERE)
    assert (found.status, found.near) == (Status.FOREIGN, (ARN.replace(ACCOUNT, OTHER),))


def test_sessions_and_roles_are_listed_and_left_alone() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/worker"
    seeds = locate_sessions([SessionSeed(role, "evil")], [role.replace(ACCOUNT, OTHER)], HERE)
    assert [(seed.kind, seed.status) for seed in seeds] == [("session", Status.SESSION), ("role", Status.NOT_HERE)]


def test_each_account_leaves_a_user_of_identity_center_to_the_organization() -> None:
    user_id = "94482488-3041-7026-d8a7-000000000000"
    (seed,) = locate_center_users([CenterUserSeed(user_id)])
    assert (seed.id, seed.kind, seed.status) == (user_id, "identity_center_user", Status.ORGANIZATION)
    assert "organization_containment" in seed.detail


def test_a_seed_in_a_result_is_plain_data() -> None:
    assert locate_key(KeySeed(LEAKED), Answers(FOREIGN), HERE).as_dict() == {
        "id": LEAKED,
        "kind": "access_key",
        "status": "foreign",
        "account_id": FOREIGN,
        "user": "",
        "detail": f"the key belongs to account {FOREIGN}, which is not in the inventory",
        "next_step": f"tell the owner of account {FOREIGN}, or AWS; here nothing can be done",
        "near": [],
    }


def test_a_user_stays_a_seed_although_its_key_is_deleted() -> None:
    gone = locate_key(KeySeed(LEAKED), Answers(ACCOUNT, is_unknown=True, root_keys=0, deletion=DELETED), HERE)
    role = f"arn:aws:iam::{ACCOUNT}:role/ci-deploy"
    found = add_contained([gone], [ARN, role], ACCOUNT)
    assert [(seed.id, seed.kind, seed.status, seed.user) for seed in found[1:]] == [
        (ARN, "user", Status.HOME, "ci-deploy")
    ]
    home = locate_key(KeySeed(LEAKED), Answers(ACCOUNT, "CI-Deploy"), HERE)
    assert add_contained([home], [ARN], ACCOUNT) == (home,)


def test_the_record_of_one_account_contains_nobody_of_another() -> None:
    assert add_contained([], [ARN.replace(ACCOUNT, OTHER)], ACCOUNT) == ()


@pytest.mark.parametrize(
    ("live", "status"),
    [
        ({"ci-deploy": "AIDAEXAMPLE"}, Status.HOME),
        # A user that somebody made since, or that a forged record names.
        ({"ci-deploy": "AIDAOTHER"}, Status.MISMATCH),
        ({"ci-deploy": ""}, Status.MISMATCH),
        ({"ci-deploy": None}, Status.DELETED),
        # It can't be read, which the plan refuses.
        ({}, Status.HOME),
    ],
)
def test_what_the_record_says_counts_only_for_the_very_same_user(live: dict[str, t.Any], status: Status) -> None:
    (named,) = add_contained([], [ARN], ACCOUNT)
    (found,) = check_contained([named], {ARN: {"AIDAEXAMPLE"}}, live)
    assert (found.status, found.kind) == (status, "user")
    assert ("another unique id" in found.detail) == (status is Status.MISMATCH)
    assert ("name it in incident.users" in found.next_step) == (status is Status.MISMATCH)
    assert ("is deleted" in found.detail) == (status is Status.DELETED)
    # What people name counts as it is.
    home = locate_key(KeySeed(LEAKED), Answers(ACCOUNT, "ci-deploy"), HERE)
    assert check_contained([home], {}, live) == (home,)
