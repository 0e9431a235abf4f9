# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the input of one task, whatever playbook it is in."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils import _task_input
from ansible_collections.hardening.iam.plugins.plugin_utils._run_input import Host
from ansible_collections.hardening.iam.plugins.plugin_utils._run_notes import RunNotes
from ansible_collections.hardening.iam.plugins.plugin_utils._task_input import (
    WAVE_PASSED,
    TaskInput,
    account_option_of,
    find_problem,
    fleet_caps_of,
    limit_accounts,
    run_id_of,
    run_of,
)

DEV = "333344445555"
OPTIONS: t.Final = {"account_id": None, "assume_role_arn": None, "assessor_role_arn": None, "journal": "./journal"}
GIVEN: t.Final = {"account_id": DEV, "assessor_role_arn": "arn", "assume_role_arn": "arn"}


def no_host() -> None:
    """There is no host with an assessor role."""


def one() -> int:
    """There is one account."""
    return 1


class Task:
    """Makes tasks of a role of ours that share a directory of notes."""

    def __init__(self, directory: Path) -> None:
        self._notes = RunNotes(directory)
        self.searches = 0
        self.declared: t.Optional[str] = None

    def problem(
        self,
        name: str = "a",
        arguments: t.Optional[t.Mapping[str, t.Any]] = None,
        *,
        options: t.Optional[t.Mapping[str, t.Any]] = None,
        writes: bool = False,
        ours: bool = True,
        hosts: t.Sequence[str] = ("a",),
        play: str = "aws_accounts",
        **variables: t.Any,
    ) -> str:
        arguments = GIVEN if arguments is None else arguments
        declared = {"aws_account_id": arguments.get("account_id"), **variables}

        def search() -> t.Optional[str]:
            self.searches += 1
            return self.declared

        task = TaskInput(
            host=Host(name=name, variables=declared, value=declared.get),
            arguments=arguments,
            options=OPTIONS if options is None else options,
            writes=writes,
            is_of_our_role=ours,
            play=play,
            hosts=hosts,
            find_assessor=search,
            count_accounts=lambda: 1,
            hash_declaration=str,
            notes=self._notes,
        )
        return find_problem(task) or ""


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path)


def without(name: str) -> dict[str, t.Any]:
    return {key: value for key, value in GIVEN.items() if key != name}


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize("ours", [True, False])
def test_nothing_is_wrong(task: Task, writes: bool, ours: bool) -> None:
    assert task.problem(writes=writes, ours=ours) == ""


@pytest.mark.parametrize("ours", [True, False])
def test_a_misspelt_name(task: Task, ours: bool) -> None:
    assert "hardening_wavers (the nearest is hardening_waivers)" in task.problem(ours=ours, hardening_wavers=[])
    assert task.problem(ours=ours, hardening_wavers=[], hardening_ignore_variables="hardening_wavers") == ""


@pytest.mark.parametrize("ours", [True, False])
def test_a_removed_name(task: Task, ours: bool) -> None:
    message = "password_policy_journal (set hardening_journal)"
    assert message in task.problem(ours=ours, password_policy_journal="s3://a/b")
    assert message in task.problem(
        ours=ours, password_policy_journal="s3://a/b", hardening_ignore_variables="password_policy_*"
    )


# What the action plugin adds to the tasks of our roles.

RUN_OPTIONS: t.Final = {**OPTIONS, "awx_job_id": None, "run_details": {}}
NO_DETAILS: t.Final = {
    "author": "",
    "approver": "",
    "change_ticket": "",
    "require_change_ticket": False,
    "job": "",
    "commit": "",
}


def find_given(
    arguments: t.Optional[t.Mapping[str, t.Any]] = None,
    *,
    ours: bool = True,
    options: t.Optional[t.Mapping[str, t.Any]] = None,
    **variables: t.Any,
) -> dict[str, t.Any]:
    host = Host(name="a", variables=variables, value=variables.get)
    notes = RunNotes("/nonexistent")
    given = RUN_OPTIONS if options is None else options
    return run_of(TaskInput(host, arguments or {}, given, True, ours, "play", ("a",), no_host, one, str, notes))


def test_a_role_gets_the_details_of_the_run() -> None:
    assert find_given() == {"run_details": NO_DETAILS}
    declared = {
        "hardening_author": "alice",
        "hardening_approver": "bob",
        "hardening_change_ticket": "CHG-1",
        "hardening_require_change_ticket": "true",
        "hardening_declaration_commit": "3f2c9d1",
    }
    assert find_given(**declared) == {
        "run_details": {
            "author": "alice",
            "approver": "bob",
            "change_ticket": "CHG-1",
            "require_change_ticket": "true",
            "job": "",
            "commit": "3f2c9d1",
        }
    }


def test_a_role_gets_the_options_of_its_lease() -> None:
    options = {**OPTIONS, "break_lease": None, "keep_lease": False}
    declared = {"hardening_break_lease": "20261125T020000Z", "__hardening_keeps_lease": True}
    assert find_given(options=options) == {}
    assert find_given(options=options, **declared) == {"break_lease": "20261125T020000Z", "keep_lease": True}
    assert find_given({"keep_lease": False}, options=options, **declared) == {"break_lease": "20261125T020000Z"}
    assert find_given(ours=False, options=options, **declared) == {}


def test_the_report_of_an_account_gets_told_to_release_its_lease() -> None:
    options = {"journal": "./journal", "release_lease": False}
    assert find_given(options=options) == {}
    assert find_given(options=options, __hardening_releases_lease=True) == {"release_lease": True}


@pytest.mark.parametrize(
    ("chosen", "ahead"),
    [
        ({}, True),
        ({"ansible_run_tags": ["all"], "ansible_skip_tags": []}, True),
        ({"ansible_run_tags": frozenset({"all"})}, True),
        ({"ansible_run_tags": ["password_policy"]}, False),
        ({"ansible_run_tags": ["all", "never"]}, False),
        ({"ansible_run_tags": ["all"], "ansible_skip_tags": ["detective"]}, False),
    ],
)
def test_the_preflight_reads_ahead_where_all_roles_follow(chosen: dict[str, t.Any], ahead: bool) -> None:
    options = {"modes": {}, "read_ahead": False}
    assert find_given(options=options, **chosen) == {}
    given = find_given(options=options, __hardening_reads_ahead=True, **chosen)
    assert given == ({"read_ahead": True} if ahead else {})


@pytest.mark.parametrize("prefix", ["awx", "tower"])
def test_awx_says_the_user_and_the_job(prefix: str) -> None:
    found = find_given(**{f"{prefix}_job_id": 7, f"{prefix}_user_name": "carol"})
    assert found == {"awx_job_id": "7", "run_details": {**NO_DETAILS, "author": "carol", "job": 7}}
    assert find_given(**{f"{prefix}_user_name": "carol"}, hardening_author="alice")["run_details"]["author"] == "alice"


def test_options_of_the_task_and_of_module_defaults_win() -> None:
    own = {"run_details": {"author": "dave"}, "awx_job_id": "1"}
    assert find_given(own, hardening_author="alice", awx_job_id=7) == {}


def test_others_and_modules_without_the_options_get_nothing() -> None:
    assert find_given(ours=False, hardening_author="alice", awx_job_id=7) == {}
    assert find_given(options=OPTIONS, hardening_author="alice", awx_job_id=7) == {}


@pytest.mark.parametrize("name", ["hardening_require_change_ticket", "hardening_author", "awx_job_id"])
def test_a_detail_that_uses_an_undefined_variable(name: str) -> None:
    """A ticket that is required would silently not be asked for."""
    host = Host(name="a", variables={name: "{{ nothing }}"}, value=lambda _variable: None)
    notes = RunNotes("/nonexistent")
    found = TaskInput(host, GIVEN, RUN_OPTIONS, False, True, "play", ("a",), no_host, one, str, notes)
    assert f"{name} of a uses a variable that is not set." in (find_problem(found) or "")


@pytest.mark.parametrize("name", ["approved_plan", "break_glass", "max_changes", "max_percent", "on_refusal"])
def test_a_guard_that_uses_an_undefined_variable(name: str) -> None:
    """The role omits the option then, and the task would change what nobody approved, or whom it must not."""
    host = Host(name="a", variables={f"hardening_{name}": "{{ nothing }}"}, value=lambda _variable: None)
    notes = RunNotes("/nonexistent")

    def problem(*, ours: bool = True, **options: t.Any) -> str:
        task = TaskInput(host, GIVEN, {**OPTIONS, **options}, False, ours, "play", ("a",), no_host, one, str, notes)
        return find_problem(task) or ""

    assert f"hardening_{name} of a uses a variable that is not set." in problem(**{name: None})
    # A module without the option, and a task of another playbook, do not use the variable.
    assert problem() == problem(ours=False, **{name: None}) == ""


def test_a_malformed_account_id(task: Task) -> None:
    message = "aws_account_id of a: '33344445555' is not an account id of 12 digits"
    assert message in task.problem(aws_account_id=33344445555)
    assert message in task.problem(arguments={**GIVEN, "account_id": "33344445555"})
    # What another playbook gives to a module is checked by the module.
    assert task.problem(aws_account_id=33344445555, ours=False) == ""


def test_a_missing_account_id(task: Task) -> None:
    nothing = without("account_id")
    assert task.problem(arguments=nothing) == ""
    assert task.problem(arguments=nothing, options={"scope": "account"}, hosts=("a", "b")) == ""
    assert "A run that enforces needs it." in task.problem(arguments=nothing, writes=True)
    assert "A run of several hosts needs it" in task.problem(arguments=nothing, hosts=("a", "b"))
    assert task.problem(arguments=nothing, hosts=("a", "b"), writes=True, ours=False) == ""


@pytest.mark.parametrize("given", [None, "", "  "])
def test_a_host_that_an_account_names_is_that_account_also_with_an_empty_variable(given: t.Any) -> None:
    """Otherwise it would be the account of the credentials."""
    host = Host(name=DEV, variables={"aws_account_id": given}, value=lambda _variable: given)
    notes = RunNotes("/nonexistent")
    found = TaskInput(host, {"account_id": given}, OPTIONS, False, True, "play", (DEV,), no_host, one, str, notes)
    assert account_option_of(found) == {"account_id": DEV}


def test_the_report_of_a_run_is_of_no_account(task: Task) -> None:
    fleet = {"scope": "fleet"}
    options = {**OPTIONS, "scope": "account"}
    assert task.problem(arguments=fleet, options=options, hosts=("a", "b")) == ""
    assert task.problem(arguments=fleet, options=options, aws_account_id=1) == ""


def test_an_account_belongs_to_the_host_that_was_first(task: Task) -> None:
    assert [task.problem(name) for name in ("a", "a")] == ["", ""]
    assert f"b: another host has the same aws_account_id, {DEV}: a." in task.problem("b")
    assert task.problem("b", arguments={**GIVEN, "account_id": "222233334444"}) == ""
    assert task.problem("a") == ""


def test_another_play_may_have_another_host_for_an_account(task: Task) -> None:
    assert [task.problem("a"), task.problem("b", play="organization_management")] == ["", ""]


def test_a_role_that_uses_an_undefined_variable(task: Task) -> None:
    variables: dict[str, t.Any] = {"aws_assume_role_arn": "{{ nothing }}"}
    host = Host(name="a", variables=variables, value=lambda _variable: None)
    given = without("assume_role_arn")
    notes = RunNotes("/nonexistent")
    found = TaskInput(host, given, {"assume_role_arn": None}, False, True, "play", ("a",), no_host, one, str, notes)
    assert "aws_assume_role_arn of a uses a variable that is not set." in (find_problem(found) or "")


def test_a_missing_assessor_role(task: Task) -> None:
    task.declared = "other"
    nothing = without("assessor_role_arn")
    for _host in range(2):
        assert "aws_assessor_role_arn is declared for other and missing for a." in task.problem(arguments=nothing)
    assert task.searches == 1
    assert task.problem(arguments=nothing, writes=True) == ""
    assert task.problem(arguments=nothing, ours=False) == ""
    assert task.problem() == ""


def test_no_host_has_an_assessor_role(task: Task) -> None:
    nothing = without("assessor_role_arn")
    assert [task.problem(arguments=nothing), task.problem(arguments=nothing)] == ["", ""]
    assert task.searches == 1


@pytest.mark.parametrize("job", [{"awx_job_id": 7}, {"tower_job_id": "7"}])
@pytest.mark.parametrize("ours", [True, False])
def test_a_local_journal_in_awx(task: Task, ours: bool, job: dict[str, t.Any]) -> None:
    message = "hardening_journal is './journal', a directory of a container that vanishes with AWX job 7.\n"
    assert message in task.problem(writes=True, ours=ours, **job)
    assert task.problem(writes=False, ours=ours, **job) == ""
    assert task.problem(writes=True, ours=ours) == ""
    in_s3 = {**GIVEN, "journal": "s3://bucket/prefix"}
    assert task.problem(arguments=in_s3, writes=True, ours=ours, **job) == ""
    assert task.problem(options={"account_id": None}, writes=True, ours=ours, **job) == ""


# The caps on the whole run.


def find_caps(
    directory: Path,
    arguments: t.Optional[t.Mapping[str, t.Any]] = None,
    *,
    ours: bool = True,
    options: t.Optional[t.Mapping[str, t.Any]] = None,
    accounts: int = 3,
    own: t.Optional[str] = DEV,
    **variables: t.Any,
) -> dict[str, t.Any]:
    host = Host(name="a", variables=variables, value=variables.get)
    given = {**OPTIONS, "fleet_caps": {}} if options is None else options
    notes = RunNotes(directory)
    arguments = {"account_id": DEV} if arguments is None else arguments
    return fleet_caps_of(
        TaskInput(
            *(host, arguments, given, True, ours, "play", ("a",), no_host, lambda: accounts, str, notes),
            find_own_account=lambda: own,
        )
    )


@pytest.mark.parametrize(("accounts", "is_large"), [(1, False), (10, False), (11, True)])
def test_a_role_gets_the_size_of_the_inventory(tmp_path: Path, accounts: int, is_large: bool) -> None:
    found = find_caps(tmp_path, accounts=accounts)
    assert found == {"fleet_caps": {"is_large_inventory": is_large, "wave_passed": False}}
    # It is counted once in a process.
    assert find_caps(tmp_path, accounts=12 - accounts) == found


def test_a_role_gets_the_declared_caps(tmp_path: Path) -> None:
    declared = {
        "hardening_max_accounts_changed": "7",
        "hardening_max_fleet_changes": 0,
        "hardening_max_accounts_failed": " ",
    }
    assert find_caps(tmp_path, **declared)["fleet_caps"] == {
        "max_accounts_changed": "7",
        "max_fleet_changes": 0,
        "is_large_inventory": False,
        "wave_passed": False,
    }


def test_a_role_gets_a_passed_wave(tmp_path: Path) -> None:
    RunNotes(tmp_path).claim(WAVE_PASSED, "canary")
    assert find_caps(tmp_path)["fleet_caps"]["wave_passed"] is True


def test_a_part_of_an_inventory_is_taken_for_a_large_one(tmp_path: Path) -> None:
    assert find_caps(tmp_path, hardening_fleet_report="false")["fleet_caps"]["is_large_inventory"] is True
    assert find_caps(tmp_path, awx_job_launch_type="relaunch")["fleet_caps"]["is_large_inventory"] is True


@pytest.mark.parametrize(
    ("accounts", "own", "is_large"),
    [(1, DEV, False), (1, None, True), (1, "999988887777", True), (3, None, False)],
)
def test_a_host_that_does_not_have_the_account_says_nothing_of_their_number(
    tmp_path: Path, accounts: int, own: t.Optional[str], is_large: bool
) -> None:
    """A role in a loop over accounts, on localhost: the inventory has one host."""
    found = find_caps(tmp_path, accounts=accounts, own=own)
    assert found["fleet_caps"]["is_large_inventory"] is is_large


def test_a_host_that_works_on_a_second_account_is_in_a_loop(tmp_path: Path) -> None:
    for account, is_large in ((DEV, False), (DEV, False), ("999988887777", True), (DEV, True)):
        found = find_caps(tmp_path, {"account_id": account}, own=None)
        assert found["fleet_caps"]["is_large_inventory"] is is_large


def test_a_loop_that_sets_the_account_as_a_fact_is_seen_from_the_second_account_on(tmp_path: Path) -> None:
    for account, is_large in ((DEV, False), ("999988887777", True), ("888877776666", True)):
        found = find_caps(tmp_path, {"account_id": account}, accounts=1, own=account)
        assert found["fleet_caps"]["is_large_inventory"] is is_large


def test_others_and_modules_without_caps_get_none(tmp_path: Path) -> None:
    assert find_caps(tmp_path, ours=False) == {}
    assert find_caps(tmp_path, options=OPTIONS) == {}
    assert find_caps(tmp_path, {"fleet_caps": {"max_fleet_changes": 1}}, hardening_max_fleet_changes=2) == {}


@pytest.mark.parametrize(
    ("accounts", "declared", "expected"), [(10, None, None), (11, None, 5), (11, "7", "7"), (3, 2, 2), (3, " ", None)]
)
def test_the_report_of_a_check_knows_the_limit(tmp_path: Path, accounts: int, declared: t.Any, expected: t.Any) -> None:
    variables = {"hardening_max_accounts_changed": declared}
    host = Host(name="a", variables=variables, value=variables.get)
    task = TaskInput(host, {}, OPTIONS, False, True, "play", ("a",), no_host, lambda: accounts, str, RunNotes(tmp_path))
    assert limit_accounts(task) == expected


def find_run_id(
    directory: Path,
    *,
    ours: bool = True,
    names_run: bool = True,
    arguments: t.Optional[dict[str, t.Any]] = None,
    **variables: t.Any,
) -> dict[str, str]:
    host = Host(name="a", variables=variables, value=variables.get)
    given = {"run_id": None}
    notes = RunNotes(directory)
    task = TaskInput(host, arguments or {}, given, True, ours, "play", ("a",), no_host, one, str, notes)
    return run_id_of(dataclasses.replace(task, names_run=names_run))


def test_roles_of_a_playbook_that_names_no_run_share_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each account would be the first of its own run, and no fleet cap would ever be reached."""
    found = find_run_id(tmp_path)
    monkeypatch.setattr(_task_input, "datetime", None)
    assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", found["run_id"])
    assert find_run_id(tmp_path) == found


def test_awx_names_the_run(tmp_path: Path) -> None:
    assert find_run_id(tmp_path, awx_job_id=71) == {"run_id": "71"}
    assert find_run_id(tmp_path, awx_job_id=71, awx_workflow_job_id=70) == {"run_id": "70"}


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("job", [{}, {"awx_job_id": 71}])
def test_a_report_and_a_lease_are_of_the_run_that_was_named_before(
    tmp_path: Path, ours: bool, job: dict[str, t.Any]
) -> None:
    """Else a report after --start-at-task would count the changes of an earlier run."""
    assert find_run_id(tmp_path, ours=ours, names_run=False, **job) == {}
    named = find_run_id(tmp_path, **job)
    assert find_run_id(tmp_path, ours=ours, names_run=False, **job) == named != {}


def test_a_run_that_has_a_name_keeps_it(tmp_path: Path) -> None:
    assert find_run_id(tmp_path, arguments={"run_id": "mine"}, awx_job_id=71) == {}
    assert find_run_id(tmp_path, ours=False) == {}


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize("ours", [True, False])
def test_nothing_is_written_in_a_wave_whose_gate_was_passed_by(tmp_path: Path, writes: bool, ours: bool) -> None:
    variables: dict[str, t.Any] = {"aws_account_id": DEV}
    given = TaskInput(
        Host(name="a", variables=variables, value=variables.get),
        *(GIVEN, OPTIONS, writes, ours, "play", ("a",), no_host, one, str, RunNotes(tmp_path)),
        find_closed_gate=lambda: "the gate after wave canary has not passed",
    )
    problem = find_problem(given) or ""
    assert ("the wave of a may not begin: the gate after wave canary" in problem) is (writes and ours)
