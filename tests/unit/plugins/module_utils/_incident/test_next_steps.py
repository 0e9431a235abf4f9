# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people do next, the strongest step first, with commands that can be pasted."""

from __future__ import annotations

import shlex
import typing as t
from datetime import timedelta

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._incident.next_steps import (
    Commands,
    NextStep,
    find_accounts_to_contain,
    list_next_steps,
    write_declaration,
)
from ansible_collections.hardening.iam.plugins.module_utils._incident.verdict import judge

from .test_verdict import (
    HOME,
    MANAGEMENT,
    NOW,
    PROD,
    UNDENIED,
    USER,
    Row,
    contain,
    credentials,
    organization,
    seed,
    sessions,
)

COMMANDS: t.Final = Commands("contain", "again.yml")
LATE: t.Final = [{"target": USER, "applied": True}]


def list_steps(*results: Row, commands: Commands = COMMANDS, **more: t.Any) -> list[NextStep]:
    found = contain(*results, **more)
    return list(list_next_steps(judge(found), found, commands))


def texts(steps: t.Iterable[NextStep]) -> list[str]:
    return [step.text.partition(":")[0].partition(" for ")[0] for step in steps]


# Commands


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (Commands("contain", "again.yml"), "contain -e @again.yml"),
        # Without a place people know where their declaration is.
        (Commands("contain"), "contain -e @incident.yml"),
        (
            Commands("contain", "s3://bucket/x/again.yml"),
            "aws s3 cp s3://bucket/x/again.yml again.yml && contain -e @again.yml",
        ),
        (Commands("contain", "reports/a b.yml"), "contain -e '@reports/a b.yml'"),
        # Where people start a job template there is no command.
        (Commands("", "again.yml"), ""),
    ],
)
def test_a_command_names_the_declaration(commands: Commands, expected: str) -> None:
    assert commands.build(checks=False) == expected
    checked = commands.build(checks=True)
    assert checked == (f"{expected} --check" if expected else "")


def test_a_command_confirms_an_incident_and_takes_more_arguments() -> None:
    assert COMMANDS.build(checks=False, confirm="INC-7") == (
        "contain -e @again.yml -e compromise_response_confirm=INC-7"
    )
    assert COMMANDS.build(checks=True, confirm="INC 7", more="-e x=y") == (
        "contain -e @again.yml --check -e 'compromise_response_confirm=INC 7' -e x=y"
    )
    hostile = Commands("contain", "s3://bucket/$(touch hacked).yml").build(checks=True)
    assert shlex.split(hostile)[:5] == ["aws", "s3", "cp", "s3://bucket/$(touch hacked).yml", "$(touch hacked).yml"]


# The next declaration


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        (None, []),
        ([], []),
        ([PROD], [PROD]),
        ([{"account_id": PROD}], [{"account_id": PROD}]),
        (f" {PROD}  {MANAGEMENT}", [PROD, MANAGEMENT]),
        (int(PROD), [PROD]),
    ],
)
def test_the_accounts_of_the_next_run_come_after_those_of_this_one(accounts: t.Any, expected: list[t.Any]) -> None:
    incident = {"accounts": accounts, "since": NOW, "confirm": "INC-7", "confirmed_by": "Ben"}
    text = write_declaration(contain(incident=incident), [HOME]).decode()
    assert text.startswith("# The declaration for the next run of contain.yml.\n---\nhardening_incident:\n")
    written = yaml.safe_load(text)["hardening_incident"]
    assert written["accounts"] == [*expected, {"account_id": HOME, "action": "policy"}]
    # People confirm it once they have looked at the plan.
    assert set(written) == {"id", "declared_by", "reason", "since", "accounts"}
    assert written["since"] == "2026-11-28T12:00:00+00:00"


def test_without_an_account_to_add_the_declaration_stays_as_it_is() -> None:
    written = yaml.safe_load(write_declaration(contain(incident={"users": [USER]}), []))["hardening_incident"]
    assert written == {"id": "INC-7", "declared_by": "Ana", "reason": "a key leaked", "users": [USER]}


def test_only_accounts_that_a_policy_from_above_can_contain_are_added() -> None:
    late = credentials(HOME, seed("home"), changes=LATE)
    unknown = sessions(PROD, unread=["a region"])
    above = organization()
    for results, expected in (
        ([late, unknown, above], (HOME,)),
        ([credentials(MANAGEMENT, changes=LATE), above], ()),
        ([late, organization(HOME), credentials(PROD, changes=[{"target": PROD, "applied": True}])], (PROD,)),
        ([sessions(PROD, not_denied=[UNDENIED]), late], (HOME, PROD)),
    ):
        found = contain(*results)
        assert find_accounts_to_contain(judge(found), found) == expected


# Steps


def test_after_a_containment_a_second_person_confirms_and_events_are_looked_at_again() -> None:
    confirm, hunt = list_steps(credentials(HOME, seed("home")), sessions(HOME))
    assert confirm.text.startswith("a second person confirms it until 2026-")
    assert confirm.command == (
        "contain -e @again.yml -e compromise_response_confirm=INC-7 -e compromise_response_confirmed_by=NAME"
    )
    moments = hunt.text.removeprefix("events are late: run hunt.yml now, and again at ").split("; then contain.yml")[0]
    assert len(moments.split(" and ")) > 1
    for moment in moments.split(" and "):
        assert f"{NOW:%Y-%m-%dT}" < moment < f"{NOW + timedelta(days=3):%Y-%m-%dT}" and moment.endswith("Z")
    assert hunt.command == ""
    # It has been confirmed.
    for results in (
        [credentials(HOME, seed("home"), confirmed_by="Ben"), sessions(HOME)],
        [credentials(HOME, seed("home")), sessions(HOME, confirmed_by="Ben")],
    ):
        assert len(list_steps(*results)) == 1


def test_what_is_not_known_is_read_by_the_same_run_again() -> None:
    again, *others = list_steps(credentials(HOME, seed("home")), sessions(HOME, unread=["a region"]))
    assert again == NextStep(
        "run contain.yml again: it goes on where this run ended",
        "contain -e @again.yml -e compromise_response_confirm=INC-7",
    )
    assert len(others) == 2


def test_a_plan_is_run_without_check_once_it_is_right() -> None:
    (run,) = list_steps(credentials(HOME, seed("home")), is_real=False)
    assert "run it without --check" in run.text and "as compromise_response_confirm" in run.text
    assert run.command == "contain -e @again.yml -e compromise_response_confirm=INC-7"
    correct, _run = list_steps(credentials(HOME, seed("unresolved")), is_real=False)
    assert correct.text.startswith("correct what was not found in again.yml") and correct.command.endswith("--check")
    # Without a place of the declaration people know it.
    steps = list_steps(credentials(HOME, seed("unresolved")), is_real=False, commands=Commands("contain"))
    assert steps[0].text.startswith("correct what was not found in the incident")


def test_in_a_mode_that_writes_nothing_the_mode_is_the_next_step() -> None:
    mode, _run = list_steps(credentials(HOME, seed("home"), mode="report"), is_real=False)
    assert "set compromise_response_mode to enforce" in mode.text
    assert len(list_steps(credentials(HOME, seed("home"), mode="report"), sessions(HOME), is_real=False)) == 1
    assert len(list_steps(is_real=False)) == 1


def test_the_account_from_above_comes_first_and_needs_a_command_to_be_pasted() -> None:
    late, above = credentials(HOME, seed("home"), changes=LATE), organization()
    steps = list_steps(late, above)
    assert steps[0].text.endswith(f'accounts: [{{account_id: "{HOME}", action: policy}}]')
    assert texts(steps)[1:3] == ["look first", "then contain"]
    for commands in (Commands("contain"), Commands("", "again.yml")):
        assert "look first" not in texts(list_steps(late, above, commands=commands))


@pytest.mark.parametrize(
    ("results", "where"),
    [
        ([credentials(HOME, changes=LATE)], "without an organization"),
        ([credentials(MANAGEMENT, changes=LATE), organization()], f"in the management account {MANAGEMENT}"),
        ([credentials(HOME, changes=LATE), organization()], ""),
    ],
)
def test_where_nothing_is_above_the_account_people_contain_it_by_hand(results: list[Row], where: str) -> None:
    by_hand = [text for text in texts(list_steps(*results)) if text.startswith(("in the management", "without an"))]
    assert len(by_hand) == bool(where) and all(text.startswith(where) for text in by_hand)
    needs_host = [step.text for step in list_steps(*results) if "add it to the inventory" in step.text]
    assert len(needs_host) == (where == "without an organization")


def test_what_is_not_known_in_the_management_account_is_no_work_by_hand() -> None:
    late = credentials(HOME, changes=LATE)
    steps = list_steps(late, sessions(MANAGEMENT, unread=["a region"]), organization())
    assert not any(step.text.startswith("in the management account") for step in steps)


def test_a_lock_is_offered_for_the_accounts_in_which_somebody_undoes_it() -> None:
    late = [{"target": f"arn:aws:iam::{PROD}:role/x", "applied": True}]
    results = [credentials(HOME, seed("home"), changes=LATE), sessions(PROD, changes=late), organization()]

    def offered(**incident: t.Any) -> str:
        found = [step.text for step in list_steps(*results, incident=incident) if "identity_lock" in step.text]
        return found[0].partition("identity_lock: ")[2] if found else ""

    assert offered() == f'{{accounts: ["{HOME}", "{PROD}"], minutes: 60}}'
    assert offered(identity_lock=None) == offered()
    assert offered(identity_lock={"accounts": [int(HOME)]}) == f'{{accounts: ["{PROD}"], minutes: 60}}'
    assert offered(identity_lock={"accounts": [HOME, PROD]}) == ""
    # No control policy binds the management account.
    results = [credentials(MANAGEMENT, changes=LATE), organization()]
    assert offered() == ""
