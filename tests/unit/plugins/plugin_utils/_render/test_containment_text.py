# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The containment of an incident in all accounts, as the terminal shows it."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.locate import Status
from ansible_collections.hardening.iam.plugins.module_utils._incident import results as containment_results
from ansible_collections.hardening.iam.plugins.module_utils._incident.results import Containment
from ansible_collections.hardening.iam.plugins.module_utils._incident.verdict import judge
from ansible_collections.hardening.iam.plugins.plugin_utils._render.containment_text import render

Row = dict[str, t.Any]
HOME, PROD = "222233334444", "333344445555"
USER = f"arn:aws:iam::{HOME}:user/ci/ci-deploy"
ROLE = f"arn:aws:iam::{PROD}:role/deploy"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
INCIDENT: t.Final[Row] = {"id": "INC-7", "declared_by": "Ana", "reason": "a key leaked"}


def seed(status: str, detail: str = "a key of the user ci-deploy", **more: str) -> Row:
    return {"id": "AKIA…7Q2M", "status": status, "detail": detail, "next_step": "", **more}


def credentials(account_id: str, *seeds: Row, **more: t.Any) -> Row:
    lists = {"contained": [], "not_denied": [], "lives_on": []}
    return {"account_id": account_id, "mode": "enforce", "seeds": list(seeds), **lists, **more}


def lives(what: str, until: t.Optional[str], *, denied: bool = True, next_step: str = "", principal: str = USER) -> Row:
    return {"principal": principal, "what": what, "until": until, "denied": denied, "next_step": next_step}


def role(state: str = "cut", **more: t.Any) -> Row:
    found = {"role": ROLE, "state": state, "certain": True, "issued_before": "2026-11-28T12:00:30Z", "used_by": []}
    return {**found, "statements": ["OlderSessionsOfNobodyKnown"], **more}


def sessions(account_id: str, *roles: Row, **more: t.Any) -> Row:
    lists = {"not_denied": [], "lives_on": []}
    return {"account_id": account_id, "mode": "enforce", "roles": list(roles), **lists, **more}


def contain(*results: Row, is_real: bool = True, failures: t.Sequence[Row] = (), **incident: str) -> Containment:
    return Containment.of({**INCIDENT, **incident}, results, failures=failures, now=NOW, is_real=is_real)


def section(text: str, title: str) -> list[str]:
    """The items of a section, each on one line."""
    _before, _title, after = f"{text}\n\n".partition(f"\n{title}\n")
    items = after.partition("\n\n")[0].split("\n  - ")
    return [" ".join(item.split()).removeprefix("- ") for item in items if item]


CONTAINED: t.Final = {"principal": USER, "unique_id": "AIDA", "seeds": ["AKIA…7Q2M"]}


def test_a_credential_is_named_by_the_account_that_knows_it() -> None:
    found = contain(
        credentials(PROD, seed("not_here", "it belongs to account 222233334444")),
        credentials(HOME, seed("home"), contained=[CONTAINED]),
    )
    assert section(render(found), "CREDENTIALS:") == ["AKIA…7Q2M: a key of the user ci-deploy"]
    assert section(render(found), "CONTAINED:") == [f"{USER}: everything"]
    assert judge(found).list_texts() == []


@pytest.mark.parametrize("status", ["not_here", "foreign", "unresolved"])
def test_a_credential_that_nobody_found_is_a_problem(status: str) -> None:
    found = contain(credentials(PROD, seed(status, "nobody knows it")), credentials(HOME, seed(status, "no")))
    assert judge(found).list_texts() == ["AKIA…7Q2M: no"]
    assert section(render(found), "NEXT:")[0].startswith("correct what was not found")
    assert section(render(found), "UNRESOLVED:") == ["AKIA…7Q2M: no"]


@pytest.mark.parametrize(
    ("less", "more"),
    [("not_here", "unresolved"), ("unresolved", "foreign"), ("session", "home"), ("deleted", "mismatch")],
)
def test_the_account_that_knows_most_is_shown(less: str, more: str) -> None:
    for order in ((less, more), (more, less)):
        found = contain(*(credentials(str(n) * 12, seed(status, status)) for n, status in enumerate(order, 1)))
        assert section(render(found), "CREDENTIALS:") == [f"AKIA…7Q2M: {more}"]


def test_every_status_has_its_place() -> None:
    assert set(containment_results.BY_KNOWLEDGE) == {status.value for status in Status}


@pytest.mark.parametrize("status", ["home", "deleted", "root", "session"])
def test_a_credential_that_was_found_is_none(status: str) -> None:
    assert judge(contain(credentials(HOME, seed(status)))).list_texts() == []


def test_what_is_not_denied_fails_a_real_run_only() -> None:
    undenied = {"principal": ROLE, "reason": "it has no room", "next_step": "make room"}
    results = [credentials(HOME, seed("home")), sessions(PROD, role("not_denied"), not_denied=[undenied])]
    assert judge(contain(*results)).list_texts() == [f"{ROLE}: it has no room"]
    assert judge(contain(*results, is_real=False)).list_texts() == []
    for is_real in (True, False):
        shown = render(contain(*results, is_real=is_real))
        assert section(shown, "NOT DENIED:") == [f"{ROLE}: it has no room; make room"]
        assert section(shown, "CONTAINED:") == section(shown, "TO CONTAIN:") == []


def test_the_mode_report_contains_nobody() -> None:
    shown = render(contain(credentials(HOME, seed("home"), contained=[CONTAINED], mode="report")))
    assert shown.startswith("Plan of the containment")
    assert section(shown, "CONTAINED:") == []


def test_a_run_that_asked_no_account_contains_nobody() -> None:
    assert judge(contain()).list_texts() == ["no account was asked: is compromise_response_mode off?"]


def test_an_account_that_wrote_nothing_beside_others_is_a_problem() -> None:
    found = contain(credentials(HOME, seed("home")), sessions(PROD, role(), mode="report"))
    assert judge(found).list_texts() == [f"account {PROD}: nothing was written, because its mode is report"]


def test_what_is_not_known_fails_a_real_run_only() -> None:
    results = [credentials(HOME, seed("home")), sessions(PROD, unread=["the roles of account x are not known"])]
    assert judge(contain(*results)).list_texts() == ["the roles of account x are not known"]
    assert judge(contain(*results, is_real=False)).list_texts() == []


def test_a_change_in_the_last_pass_asks_for_another_run() -> None:
    changes = [{"target": ROLE, "applied": True}, {"target": USER, "applied": False}]
    late = sessions(PROD, role(), changes=changes, **{"pass": "recheck"})
    assert judge(contain(credentials(HOME, seed("home")), late)).list_texts() == [
        f"{ROLE}: it was still changed in the last pass, so somebody undid it; an intruder may still be at work"
    ]
    early = {**late, "pass": "second"}
    assert judge(contain(credentials(HOME, seed("home")), early)).list_texts() == []


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["OlderSessions"], "sessions that began before 2026-11-28T12:00:30Z"),
        (["NamedSources"], "sessions of the names that the incident gives"),
        (["AllSessions"], "all sessions"),
        (
            ["OlderSessionsOfNobodyKnown", "NamedSessions"],
            "sessions that began before 2026-11-28T12:00:30Z and sessions of the names that the incident gives",
        ),
    ],
)
def test_only_sessions_that_are_cut_are_named(statements: list[str], named: str) -> None:
    shown = render(contain(sessions(PROD, role(statements=statements))))
    assert section(shown, "CONTAINED:") == [f"{ROLE}: {named}"]


def test_whom_a_role_lets_in_no_longer_is_shown_with_those_who_go_on() -> None:
    cut = {"principal": "999988887777", "subject": "", "state": "cut", "still_lets_in": [USER], "trusted_by": []}
    statements = ["OlderSessionsOfProviders", "NamedSessions"]
    shown = section(render(contain(sessions(PROD, role(trust=[cut], statements=statements)))), "CONTAINED:")
    assert "of the provider taken out and sessions of the names that the incident gives" in shown[0]
    assert shown[1] == f"{ROLE}: who is let in: no longer 999988887777; still {USER}"
    only = {**cut, "subject": "repo:acme/\x1b[2Jsite", "still_lets_in": [], "trusted_by": [f"{ROLE}-2"]}
    shown = section(render(contain(sessions(PROD, role(trust=[only])))), "CONTAINED:")
    assert "still nobody" in shown[1] and "let it in too" in shown[1] and "\x1b" not in shown[1]
    # One that is let in all the same is in not_denied alone.
    open_ = {**cut, "state": "not_cut"}
    assert len(section(render(contain(sessions(PROD, role(trust=[open_])))), "CONTAINED:")) == 1


def test_who_is_not_denied_is_not_called_contained() -> None:
    undenied = {"principal": USER, "reason": "the denial failed", "next_step": ""}
    shown = render(contain(credentials(HOME, seed("home"), contained=[CONTAINED], not_denied=[undenied])))
    assert section(shown, "CONTAINED:") == []


def test_an_account_that_failed_is_a_problem() -> None:
    found = contain(credentials(HOME, seed("home")), failures=[{"host": "acme-prod", "reason": "it can't be read"}])
    assert judge(found).list_texts() == ["acme-prod: it can't be read"]
    assert section(render(found), "FAILED:") == ["acme-prod: it can't be read"]


def test_what_lives_on_is_listed_by_its_end() -> None:
    user = credentials(
        HOME,
        seed("home"),
        lives_on=[
            lives("SSH keys", None, denied=False),
            lives("tokens", "2026-11-30T00:00:00Z"),
            lives("sessions of roles", "2026-11-29T00:00:00Z", denied=False, next_step="session_revocation cuts them"),
        ],
    )
    cut = sessions(PROD, lives_on=[lives("sessions of the role", "2026-11-28T13:00:00Z", principal=ROLE)])
    assert section(render(contain(user, cut, sessions(HOME))), "LIVES ON (UTC):") == [
        "2026-11-28T13:00:00Z denied sessions of the role: role/deploy",
        "2026-11-30T00:00:00Z denied tokens: user/ci/ci-deploy",
        "until somebody ends it no denial ends it SSH keys: user/ci/ci-deploy",
    ]
    # Nobody cut them where the roles of the account could not be read.
    for others in ([], [cut], [sessions(HOME, unread=["its roles are not known"])]):
        assert "NOT DENIED sessions of roles" in render(contain(user, *others))


def test_who_must_begin_sessions_again_is_named() -> None:
    uses = [
        {"kind": "principal", "principal": "arn:x", "goes_on": False},
        {"kind": "service", "principal": "ec2.amazonaws.com", "goes_on": True},
    ]
    shown = render(contain(sessions(PROD, role(used_by=uses, certain=False)), is_real=False))
    assert section(shown, "TO CONTAIN:") == [
        f"{ROLE}: sessions that began before 2026-11-28T12:00:30Z (it may have been reached); must begin their "
        "sessions again: arn:x; go on: ec2.amazonaws.com"
    ]


def test_what_is_not_known_is_said_once() -> None:
    edge = {"from": USER, "to": "999988887777", "reason": "it is not in the inventory"}
    results = [
        sessions(HOME, unfollowed=[edge], unread=["account 444455556666 was not read"]),
        sessions(
            PROD, unfollowed=[edge], unread=["account 444455556666 was not read"], signin_unread={"eu-west-1": "no"}
        ),
    ]
    assert section(render(contain(*results)), "NOT KNOWN:") == [
        "account 999988887777: it is not in the inventory (user/ci/ci-deploy)",
        "account 444455556666 was not read",
        f"sign-in sessions in eu-west-1: no ({PROD})",
    ]


def test_keys_that_no_event_told_of_yet_are_not_known() -> None:
    (fact,) = section(render(contain(credentials(HOME, seed("home"), contained=[CONTAINED]))), "NOT KNOWN:")
    assert fact.startswith("passwords and roles that it made for others")
    assert section(render(contain(credentials(HOME, seed("deleted")))), "NOT KNOWN:") == []


def test_the_next_steps_have_times() -> None:
    assert section(render(contain(credentials(HOME, seed("home")))), "NEXT:") == [
        "a second person confirms it until 2026-11-29T12:00:00Z: run contain.yml with compromise_response_confirmed_by",
        "events are late: run hunt.yml now, and again at 2026-11-28T13:00:00Z and 2026-11-29T12:00:00Z; then "
        "contain.yml with the sessions that it found",
    ]
    confirmed = {**credentials(HOME, seed("home")), "confirmed_by": "Ben"}
    assert len(section(render(contain(confirmed)), "NEXT:")) == 1
    # A name in the declaration alone counts for nothing.
    assert len(section(render(contain(credentials(HOME, seed("home")), confirmed_by="Ben")), "NEXT:")) == 2
    assert section(render(contain(is_real=False)), "NEXT:")[0].startswith("if this is right, run it without --check")


def test_no_name_forges_a_line() -> None:
    hostile = f"{ROLE}\n\nNOT DENIED:\n\x1b[2Jnothing"
    shown = render(contain(sessions(PROD, role(role=hostile))))
    assert section(shown, "NOT DENIED:") == []
    assert "\x1b" not in shown


PERSON: t.Final = "94482488-3041-7026-d8a7-000000000000"


def organization(**more: t.Any) -> Row:
    account = {"account_id": PROD, "state": "contained", "roles": [{"role": "role/assessor", "continues": True}]}
    lists = {"accounts": [account], "people": [{"user_id": PERSON, "state": "contained"}], "trust": []}
    return {"account_id": "111122223333", "mode": "enforce", "not_denied": [], "lives_on": [], **lists, **more}


def declare(*results: Row) -> Containment:
    incident: t.Any = {**INCIDENT, "accounts": [{"account_id": PROD}], "identity_center_users": [{"user_id": PERSON}]}
    return Containment.of(incident, results, failures=(), now=NOW, is_real=True)


def test_accounts_and_people_are_contained_by_the_organization() -> None:
    found = declare(credentials(HOME, seed("organization", id=PERSON)), organization())
    assert section(render(found), "CONTAINED:") == [
        f"account {PROD}: everything, but for assessor",
        f"Identity Center user {PERSON}: everything in all member accounts",
    ]
    assert judge(found).list_texts() == []


def test_without_the_organization_nothing_of_it_is_contained() -> None:
    problems = judge(declare(credentials(HOME, seed("home")))).list_texts()
    assert [problem.partition(":")[0] for problem in problems] == [PROD, PERSON]
    assert "organization_management" in problems[0]


def test_what_only_tests_have_confirmed_is_not_known() -> None:
    text = render(dataclasses.replace(contain(credentials(HOME, seed("deleted"))), unconfirmed=["denial_stays"]))
    said = "whether AWS itself does what only tests have confirmed yet: denial_stays, see docs/acceptance.md"
    assert section(text, "NOT KNOWN:") == [said]


@pytest.mark.parametrize("accounts", [PROD, f" {PROD},\n", [PROD], [int(PROD)], [{"account_id": PROD}]])
def test_accounts_are_compared_as_they_are_declared(accounts: t.Any) -> None:
    person = {"user_id": f" {PERSON.upper()} "}
    incident: t.Any = {**INCIDENT, "accounts": accounts, "identity_center_users": [person]}
    for results, count in (([credentials(HOME, seed("home")), organization()], 0), ([credentials(HOME)], 2)):
        found = Containment.of(incident, results, failures=(), now=NOW, is_real=True)
        assert len(judge(found).list_texts()) == count


def test_a_user_that_nobody_looked_up_is_not_known() -> None:
    for is_real in (True, False):
        found = Containment.of({**INCIDENT}, [organization()], failures=(), now=NOW, is_real=is_real)
        (shown,) = section(render(found), "NOT KNOWN:")
        assert shown.startswith(f"not verified that the Identity Center user {PERSON} exists")


def test_an_account_that_is_not_trusted_is_shown_with_the_calls() -> None:
    call = {"operation": "PutRolePolicy", "what": "role assessor", "caller": "arn:x", "when": "2026-11-28T11:00:00Z"}
    kept = {"summary": "trust policy of role x changed since run r"}
    rows = [
        {"account_id": HOME, "state": "changed", "changes": [call], "differences": [kept], "unread": []},
        {"account_id": PROD, "state": "unknown", "changes": [], "unread": ["denied"]},
    ]
    text = render(declare(credentials(HOME, seed("home")), organization(trust=rows)))
    (shown,) = section(text, "NOT TRUSTED:")
    assert "trust policy of role x changed since run r; PutRolePolicy of role assessor by arn:x" in shown
    assert "add the account to accounts" in shown
    assert f"whether account {PROD} may be trusted: denied" in section(text, "NOT KNOWN:")


def test_what_is_contained_beside_something_that_works_can_be_undone() -> None:
    """An intruder who kept a role takes the denials of the others away after the run."""
    other = f"arn:aws:iam::{HOME}:role/app-runtime"
    left = {"principal": other, "reason": "the role was made", "next_step": "add it"}
    found = contain(
        credentials(HOME, seed("home"), contained=[CONTAINED]),
        sessions(HOME, doors=[left]),
        sessions(PROD, role()),
    )
    fact = f"whether it stays contained, while something in account {HOME} is not denied: {USER}"
    assert fact in section(render(found), "NOT KNOWN:")
    assert not any(ROLE in item for item in section(render(found), "NOT KNOWN:"))
    quiet = contain(credentials(HOME, seed("home"), contained=[CONTAINED]), sessions(HOME))
    assert not any("stays contained" in item for item in section(render(quiet), "NOT KNOWN:"))


def test_what_is_not_denied_is_neither_contained_nor_said_to_be_denied() -> None:
    """A pass may have written the cut that somebody took away before the next look."""
    undone = {"principal": ROLE, "reason": "it does not show when it is read again", "next_step": "run again"}
    until = "2026-11-28T13:00:00Z"
    found = contain(
        sessions(PROD, role(), not_denied=[undone], lives_on=[lives("sessions of the role", until, principal=ROLE)]),
        credentials(PROD, seed("session")),
    )
    text = render(found)
    assert section(text, "CONTAINED:") == []
    assert section(text, "LIVES ON (UTC):") == [f"{until} NOT DENIED sessions of the role: role/deploy"]
    held = render(
        contain(
            sessions(PROD, role(), lives_on=[lives("sessions of the role", until, principal=ROLE)]),
            credentials(PROD, seed("session")),
        )
    )
    assert section(held, "LIVES ON (UTC):") == [f"{until} denied sessions of the role: role/deploy"]
