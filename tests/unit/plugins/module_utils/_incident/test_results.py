# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._incident.results import BY_KNOWLEDGE, Containment

HOME, PROD, MANAGEMENT = "111122223333", "222233334444", "999988887777"
NOW: t.Final = datetime(2026, 3, 1, tzinfo=UTC)
USER: t.Final = f"arn:aws:iam::{HOME}:user/svc"
ROLE: t.Final = f"arn:aws:iam::{PROD}:role/deploy"
Row = dict[str, t.Any]


def credentials(account: str = HOME, **fields: t.Any) -> Row:
    return {"account_id": account, "mode": "enforce", "seeds": [], "contained": [], **fields}


def sessions(account: str = HOME, **fields: t.Any) -> Row:
    return {"account_id": account, "mode": "enforce", "roles": [], **fields}


def organization(**fields: t.Any) -> Row:
    return {"account_id": MANAGEMENT, "mode": "enforce", "accounts": [], "people": [], **fields}


def contain(*results: Row, incident: t.Optional[Row] = None, is_real: bool = True) -> Containment:
    return Containment.of(incident or {}, results, failures=(), now=NOW, is_real=is_real)


def test_each_result_is_of_the_module_that_its_members_name() -> None:
    found = contain(sessions(PROD), organization(), credentials(PROD), credentials(HOME))
    assert [one["account_id"] for one in found.credentials] == [HOME, PROD]
    assert [one["account_id"] for one in found.sessions] == [PROD] and len(found.organization) == 1
    assert found.accounts == (HOME, PROD, MANAGEMENT) and found.management_account == MANAGEMENT
    assert contain().accounts == () and contain().management_account == ""
    assert contain({"seeds": []}).accounts == ()


@pytest.mark.parametrize(
    ("modes", "is_real"),
    [(["enforce"], True), (["report"], False), (["report", "enforce"], True), ([None], True), ([], True)],
)
def test_a_run_writes_only_where_a_module_enforces(modes: list[t.Any], is_real: bool) -> None:
    results = [credentials(mode=mode) for mode in modes]
    assert contain(*results).is_real is is_real
    assert not contain(*results, is_real=False).is_real


def test_accounts_and_people_that_no_host_looked_at_are_named() -> None:
    incident = {"accounts": [PROD, {"account_id": HOME}], "identity_center_users": "ABC-1, def-2"}
    assert list(contain(incident=incident).list_unhandled()) == [PROD, HOME, "abc-1", "def-2"]
    looked = organization(accounts=[{"account_id": PROD}], people=[{"user_id": "abc-1"}])
    assert list(contain(looked, incident=incident).list_unhandled()) == [HOME, "def-2"]
    # A number lost the zeros that it begins with.
    zeros = organization(accounts=[{"account_id": "011122223333"}])
    assert list(contain(zeros, incident={"accounts": [11122223333]}).list_unhandled()) == []


def seed(status: str, near: t.Sequence[str] = (), name: str = "AKIA1") -> Row:
    return {"id": name, "status": status, "near": list(near)}


@pytest.mark.parametrize("number", range(len(BY_KNOWLEDGE) - 1))
def test_a_credential_is_shown_as_the_account_sees_it_that_knows_most(number: int) -> None:
    better, worse = BY_KNOWLEDGE[number], BY_KNOWLEDGE[number + 1]
    for order in ((better, worse), (worse, better)):
        results = [credentials(account, seeds=[seed(one)]) for account, one in zip((HOME, PROD), order, strict=True)]
        assert [one["status"] for one in contain(*results).list_seeds()] == [better]
    assert contain(credentials(seeds=[seed("strange"), seed("not_here")])).list_seeds()[0]["status"] == "not_here"


def test_near_names_of_all_accounts_are_kept_once() -> None:
    first = credentials(HOME, seeds=[seed("not_here", ["a", "b"]), seed("home", name="AKIA2")])
    found = contain(first, credentials(PROD, seeds=[seed("unresolved", ["b", "c"])])).list_seeds()
    assert [(one["id"], one["status"], one["near"]) for one in found] == [
        ("AKIA1", "unresolved", ["a", "b", "c"]),
        ("AKIA2", "home", []),
    ]


def test_what_is_not_denied_is_named_with_its_account() -> None:
    row, door = {"principal": USER, "reason": "x"}, {"principal": ROLE, "reason": "door"}
    of_account = {"principal": PROD, "reason": "no"}
    of_person = {"principal": "abc-1", "reason": "no"}
    found = contain(
        credentials(not_denied=[row]), sessions(PROD, doors=[door]), organization(not_denied=[of_account, of_person])
    ).list_not_denied()
    assert [(one["account_id"], one["principal"]) for one in found] == [
        (HOME, USER),
        (PROD, ROLE),
        (PROD, PROD),
        ("", "abc-1"),
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"state": "contained", "roles": []}, True),
        ({"state": "contained", "roles": [{"role": ROLE, "continues": False}]}, True),
        ({"state": "contained", "roles": [{"role": ROLE, "continues": True}]}, False),
        ({"state": "contained", "roles": [{"role": f"{ROLE}2", "continues": True}]}, True),
        ({"state": "refused", "roles": []}, False),
        ({"state": "contained", "roles": [], "account_id": HOME}, False),
    ],
)
def test_an_account_is_denied_from_above_but_for_the_roles_that_go_on(row: Row, expected: bool) -> None:
    found = contain(organization(accounts=[{"account_id": PROD, **row}]))
    assert found.is_denied_from_above(PROD, ROLE) is expected
    assert not contain().is_denied_from_above(PROD, ROLE)


def test_who_is_contained_and_what_is_left_alone() -> None:
    states = ("cut", "denied_already", "not_denied", "gone")
    roles = [{"role": f"{ROLE}-{state}", "state": state} for state in states]
    refusal = {"target": ROLE, "reason": "break-glass"}
    found = contain(
        credentials(contained=[{"principal": USER}]), sessions(PROD, roles=roles, not_cut_because=[refusal])
    )
    assert list(found.list_contained()) == [USER, f"{ROLE}-cut", f"{ROLE}-denied_already"]
    assert list(found.list_left_alone()) == [(PROD, refusal)]
    missing = credentials(unresolved=[{"id": "x"}]), organization(unresolved=[{"id": "y"}])
    assert contain(*missing).list_unresolved() == [{"id": "x"}, {"id": "y"}]


def test_what_the_last_pass_still_changed_is_late() -> None:
    changes = [{"target": USER, "applied": True}, {"target": ROLE, "applied": False}]
    found = contain(
        credentials(**{"pass": "recheck", "changes": [*changes, changes[0]]}),
        sessions(PROD, **{"pass": "last", "changes": changes}),
        organization(**{"pass": "recheck", "changes": [{"target": PROD, "applied": True}]}),
    )
    assert list(found.list_late()) == [(HOME, USER), (PROD, PROD)]


def life(until: t.Optional[str], what: str = "sessions", **fields: t.Any) -> Row:
    return {"until": until, "what": what, "principal": USER, **fields}


def test_what_lives_on_is_ordered_by_its_end() -> None:
    rows = [life(None), life("2026-03-02"), life("2026-03-01", "b"), life("2026-03-01", "a")]
    assert contain(credentials(lives_on=rows)).list_lives() == [rows[3], rows[2], rows[1], rows[0]]


@pytest.mark.parametrize(("unread", "is_known"), [([], True), (["a region"], False)])
def test_of_sessions_the_module_that_cuts_them_knows_more(unread: list[str], is_known: bool) -> None:
    step = life("2026-03-02", next_step="session_revocation cuts them")
    other = life("2026-03-02", "z", next_step="call AWS Support")
    of_account = credentials(lives_on=[step, other])
    found = contain(of_account, sessions(HOME, unread=unread)).list_lives()
    assert found == ([other] if is_known else [step, other])
    # What another account knows of its sessions says nothing of these.
    assert contain(of_account, sessions(PROD)).list_lives() == [step, other]
