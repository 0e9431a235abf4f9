# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pass prints: what people have to act on comes first, and no name of AWS forges a line."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.text import write_text

from .accounts import HOME, PIPELINE, PROD, USER, WORKER

EMPTY: t.Final[dict[str, t.Any]] = {
    "roles": [],
    "not_denied": [],
    "doors": [],
    "unread": [],
    "unfollowed": [],
    "signin_unread": {},
    "awaits": [],
    "not_cut_because": [],
    "signin_sessions": [],
}
OPEN: t.Final = {"principal": PIPELINE, "reason": "a change failed", "next_step": "run the containment again"}


def row(state: str = "cut", role: str = PIPELINE, **fields: t.Any) -> dict[str, t.Any]:
    return {
        "role": role,
        "state": state,
        "certain": True,
        "why": ["named"],
        "used_by": [],
        "issued_before": None,
        "because": "it was reached",
        "trust": [],
        **fields,
    }


def taken_out(**fields: t.Any) -> dict[str, t.Any]:
    given = {"principal": USER, "subject": None, "state": "cut", "still_lets_in": [], "trusted_by": []}
    return {**given, **fields}


def write(*, writes: bool = True, **parts: t.Any) -> list[str]:
    return write_text(HOME, {**EMPTY, **parts}, writes=writes).splitlines()


def describe(given: dict[str, t.Any], *, writes: bool = True, **parts: t.Any) -> str:
    """The only line about a role."""
    head, line = write(roles=[given], writes=writes, **parts)
    assert head == f"Sessions in account {HOME}: 1 role can have been reached."
    return line.removeprefix(f"  {given['role']}: ")


def test_an_account_in_which_nothing_was_reached_has_nothing_to_say() -> None:
    assert write_text(HOME, EMPTY, writes=True) == ""


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("cut", "its sessions are cut (it was reached)"),
        ("denied_already", "its sessions are denied already (it was reached)"),
        ("not_denied", "ITS SESSIONS ARE NOT DENIED"),
        ("gone", "the role is gone, and its sessions with it"),
    ],
)
def test_each_state_of_a_role_has_its_words(state: str, text: str) -> None:
    assert describe(row(state)) == text


def test_a_plan_has_cut_nothing_yet() -> None:
    assert describe(row("cut"), writes=False) == "its sessions would be cut (it was reached)"
    assert describe(row("denied_already"), writes=False) == "its sessions are denied already (it was reached)"
    assert describe(row("not_denied"), writes=False) == "ITS SESSIONS ARE NOT DENIED"


def test_a_role_that_is_not_there_is_a_slip_if_it_is_not_denied() -> None:
    lines = write(roles=[row("gone")], not_denied=[OPEN])
    assert lines[1:] == [f"  {PIPELINE}: THERE IS NO SUCH ROLE; check the ARN"]
    # One that goes on for another reason is in its own line as well.
    lines = write(roles=[row("cut")], not_denied=[OPEN])
    assert lines[1:] == [
        f"  NOT DENIED: {PIPELINE}: a change failed; run the containment again",
        f"  {PIPELINE}: its sessions are cut (it was reached)",
    ]
    assert write(roles=[row("not_denied")], not_denied=[OPEN])[1:] == [f"  {PIPELINE}: ITS SESSIONS ARE NOT DENIED"]


def test_a_line_says_which_sessions_end_why_and_who_begins_again() -> None:
    users = [{"principal": USER, "goes_on": False}, {"principal": "ec2.amazonaws.com", "goes_on": True}]
    full = row(issued_before="2026-11-27T10:05:30Z", because="the incident says so", used_by=users)
    assert describe(full) == (
        "its sessions are cut, those that began before 2026-11-27T10:05:30Z (the incident says so)"
        f"; must begin their sessions again: {USER}"
    )
    assert describe({**full, "state": "not_denied"}).startswith(
        "ITS SESSIONS ARE NOT DENIED, those that began before 2026-11-27T10:05:30Z;"
    )
    unsure = row("denied_already", certain=False, why=["first", "a condition"])
    assert describe(unsure) == (
        "its sessions are denied already (it was reached) (it may have been reached: a condition)"
    )


@pytest.mark.parametrize(
    ("state", "writes", "verb"),
    [
        ("cut", True, "no longer lets in"),
        ("cut", False, "would no longer let in"),
        ("cut_already", True, "does not let in any more"),
        ("absent", True, "never let in"),
        ("not_cut", True, "STILL LETS IN"),
        ("not_cut", False, "STILL LETS IN"),
    ],
)
def test_each_state_of_a_trust_policy_has_its_words(state: str, writes: bool, verb: str) -> None:
    line = write(roles=[row(trust=[taken_out(state=state)])], writes=writes)[2]
    assert line == f"  {PIPELINE}: its trust policy {verb} {USER}; it lets nobody in"


def test_the_line_of_a_trust_policy_names_the_subject_and_who_else_uses_it() -> None:
    more = taken_out(principal="idp", subject="repo:acme/*", still_lets_in=[USER, WORKER], trusted_by=[PIPELINE])
    assert write(roles=[row(trust=[more])])[2] == (
        f"  {PIPELINE}: its trust policy no longer lets in repo:acme/* of idp; it still lets in {USER}, {WORKER}"
        f"; these roles trust the principal too: {PIPELINE}"
    )


def test_what_is_open_or_not_known_comes_before_what_is_done() -> None:
    door = {"principal": USER, "reason": "a new user", "next_step": "name it"}
    edge = {"from": PIPELINE, "to": PROD, "reason": "it is not in the inventory"}
    parts: dict[str, t.Any] = {
        "roles": [row(role=WORKER), row("not_denied")],
        "not_denied": [OPEN],
        "doors": [door],
        "unread": ["a region"],
        "unfollowed": [edge],
        "signin_unread": {"eu-west-1": "denied"},
        "awaits": [PROD, HOME],
        "not_cut_because": [{"target": USER, "reason": "it is the caller"}],
        "signin_sessions": [{"principal": USER}],
    }
    assert write(**parts) == [
        f"Sessions in account {HOME}: 2 roles can have been reached.",
        f"  left open: {USER}: a new user; name it",
        "  not known: a region",
        f"  not followed: {PIPELINE} to account {PROD}: it is not in the inventory",
        "  sign-in sessions in eu-west-1 are not known: denied",
        f"  read by the next pass: {PROD}, {HOME}",
        f"  {PIPELINE}: ITS SESSIONS ARE NOT DENIED",
        f"  {WORKER}: its sessions are cut (it was reached)",
        f"  left alone: {USER}: it is the caller",
        f"  revoked: sign-in session of {USER}",
    ]
    assert write(signin_sessions=parts["signin_sessions"], writes=False)[1:] == [
        f"  to revoke: sign-in session of {USER}"
    ]


@pytest.mark.parametrize(("count", "last"), [(40, "not known: 40"), (41, "and 1 more"), (60, "and 20 more")])
def test_a_long_list_is_cut_short_and_says_so(count: int, last: str) -> None:
    lines = write(unread=[str(number) for number in range(1, count + 1)])
    assert lines[-1] == f"  {last}" and lines[40] == "  not known: 40"


def test_no_name_forges_a_line() -> None:
    lines = write(unread=["x\nSessions in account 1: 0 roles\x1b[2J"])
    assert len(lines) == 2 and "\x1b" not in lines[1]
