# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The waves of a run as it goes on: what the gate is asked, and how far the run came."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible import context, template
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.hardening.iam.plugins.plugin_utils import _wave_run
from ansible_collections.hardening.iam.plugins.plugin_utils._run_notes import RunNotes
from ansible_collections.hardening.iam.plugins.plugin_utils._task_input import WAVE_PASSED
from ansible_collections.hardening.iam.plugins.plugin_utils._wave_hosts import hash_declaration
from ansible_collections.hardening.iam.plugins.plugin_utils._wave_run import WaveRun, close_gate
from ansible_collections.hardening.iam.plugins.plugin_utils._waves import plan_waves

ACCOUNTS: t.Final = {"a": "111122223333", "b": "222233334444", "c": "333344445555"}
PASSED: t.Final = {"verdict": "passed", "reasons": [], "lifts_cap": True}
CLOSED: t.Final = {"verdict": "closed", "reasons": ["too many"]}


class HostVars:
    """The variables of hosts as Ansible keeps them."""

    def __init__(self, **more: t.Mapping[str, t.Any]) -> None:
        self.variables: dict[str, dict[str, t.Any]] = {
            name: {"aws_account_id": account, **more.get(name, {})} for name, account in ACCOUNTS.items()
        }

    def raw_get(self, name: str) -> dict[str, t.Any]:
        return self.variables[name]

    def __getitem__(self, name: str) -> dict[str, t.Any]:
        return self.variables[name]


def waves(
    directory: Path, hostvars: t.Optional[HostVars] = None, limited: t.Collection[str] = ("a", "b", "c")
) -> WaveRun:
    declared = [{"name": "canary", "groups": ["a"], "soak_hours": 2}, "b", "c"]
    plan = plan_waves(declared, {}, list(ACCOUNTS), limited)
    return WaveRun(plan, hostvars or HostVars(), None, RunNotes(directory))


def states(run: WaveRun) -> list[str]:
    return [wave["state"] for wave in run.list_states(check_mode=False)]


def test_the_gate_is_asked_about_the_accounts_of_the_wave(tmp_path: Path) -> None:
    hostvars = HostVars(
        a={
            "aws_assessor_role_arn": "arn:assessor",
            "aws_external_id": "x",
            "hardening_failure": {"host": "a", "reason": "Assess: denied"},
        }
    )
    asked = waves(tmp_path, hostvars).ask_gate(0)
    assert asked["accounts"] == [
        {
            "account_id": ACCOUNTS["a"],
            "role_arn": "arn:assessor",
            "external_id": "x",
            "failure": "Assess: denied",
        }
    ]
    assert (asked["wave"], asked["soak_hours"]) == ("canary", 2.0)
    assert asked["declaration"] == hash_declaration("canary", ["a"], hostvars, None)


def test_an_account_that_says_nothing_of_itself_did_not_fail_and_is_looked_at_as_the_run_is(tmp_path: Path) -> None:
    for more in ({}, {"a": {"hardening_failure": None}}):
        (account,) = waves(tmp_path, HostVars(**more)).ask_gate(0)["accounts"]
        assert account == {"account_id": ACCOUNTS["a"], "role_arn": "", "external_id": "", "failure": ""}


def test_a_failure_without_a_reason_is_one_and_the_role_that_writes_looks_where_no_other_is(tmp_path: Path) -> None:
    more = {"a": {"hardening_failure": {"host": "a"}, "aws_assume_role_arn": "arn:writer"}}
    (account,) = waves(tmp_path, HostVars(**more)).ask_gate(0)["accounts"]
    assert (account["failure"], account["role_arn"]) == ("it failed", "arn:writer")


def test_a_run_goes_on_wave_by_wave(tmp_path: Path) -> None:
    run = waves(tmp_path)
    assert run.find_obstacle(0) == ""
    assert run.find_obstacle(1) == "the gate after wave canary has not passed"
    run.keep_verdict(0, PASSED)
    assert run.find_obstacle(1) == ""
    assert run.find_obstacle(2) == "the gate after wave b has not passed"
    assert RunNotes(tmp_path).find(WAVE_PASSED) == "canary"
    run.keep_verdict(1, PASSED)
    assert states(run) == ["passed", "passed", "done"]


@pytest.mark.parametrize("result", [{"lifts_cap": False}, {"lifts_cap": None}, {}])
def test_a_wave_that_wrote_nothing_passes_and_lifts_no_cap(tmp_path: Path, result: dict[str, t.Any]) -> None:
    run = waves(tmp_path)
    run.keep_verdict(0, {"verdict": "passed", "reasons": [], **result})
    assert run.find_obstacle(1) == ""
    assert RunNotes(tmp_path).find(WAVE_PASSED) is None
    run.keep_verdict(1, PASSED)
    assert RunNotes(tmp_path).find(WAVE_PASSED) == "b"


def test_a_closed_gate_stays_in_the_way(tmp_path: Path) -> None:
    run = waves(tmp_path)
    run.keep_verdict(0, CLOSED)
    assert RunNotes(tmp_path).find(WAVE_PASSED) is None
    assert run.find_obstacle(2) == "the gate after wave canary has not passed"
    listed = run.list_states(check_mode=False)
    assert [wave["state"] for wave in listed] == ["closed", "not_begun", "not_begun"]
    assert listed[0]["reasons"] == ["too many"]
    assert listed[1]["accounts"] == [ACCOUNTS["b"]]


def test_a_waiting_gate_says_until_when(tmp_path: Path) -> None:
    run = waves(tmp_path)
    run.keep_verdict(0, {"verdict": "waiting", "reasons": ["wait"], "until": "2026-11-25T00:00:00Z"})
    assert run.list_states(check_mode=False)[0]["until"] == "2026-11-25T00:00:00Z"
    assert states(run) == ["waiting", "not_begun", "not_begun"]


def test_a_gate_that_gave_no_answer_is_closed(tmp_path: Path) -> None:
    listed = waves(tmp_path).list_states(check_mode=False)
    assert [wave["state"] for wave in listed] == ["closed", "not_begun", "not_begun"]
    assert listed[0]["reasons"] == ["the gate gave no answer"]


def test_check_mode_has_no_gates(tmp_path: Path) -> None:
    listed = waves(tmp_path).list_states(check_mode=True)
    assert [wave["state"] for wave in listed] == ["checked"] * 3


def test_the_last_wave_of_a_limited_run_needs_no_gate(tmp_path: Path) -> None:
    run = waves(tmp_path, limited=("a", "c"))
    run.keep_verdict(0, PASSED)
    assert states(run) == ["passed", "done"]


def test_a_second_verdict_replaces_the_first(tmp_path: Path) -> None:
    run = waves(tmp_path)
    run.keep_verdict(0, PASSED)
    run.keep_verdict(0, CLOSED)
    assert run.find_obstacle(1)


def test_the_reason_of_a_gate_that_failed_is_one_line() -> None:
    closed = {"changed": False, "wave": "dev", "verdict": _wave_run.CLOSED, "reasons": ["one two three"], "until": None}
    assert close_gate("dev", "one\ntwo  three") == closed


# The declaration


@pytest.mark.parametrize(
    ("variables", "counts"),
    [
        ({"password_policy_mode": "report"}, True),
        ({"access_keys_min_idle_days": 60}, True),
        ({"hardening_break_glass": ["x"]}, True),
        ({"hardening_max_changes": 30}, True),
        ({"hardening_owner_default": "allow"}, True),
        ({"hardening_waivers": []}, True),
        ({"aws_regions": ["eu-west-1"]}, True),
        ({"aws_account_id": "999988887777"}, True),
        ({"hardening_change_ticket": "CHG-2"}, False),
        ({"hardening_run_id": "2"}, False),
        ({"hardening_approved_plan": "f" * 64}, False),
        ({"hardening_waves": ["other"]}, False),
        ({"hardening_failure": {"reason": "x"}}, False),
        ({"password_policy_result": {"changed": True}}, False),
        ({"ansible_python_interpreter": "x"}, False),
    ],
)
def test_what_decides_on_changes_is_the_declaration(variables: dict[str, t.Any], counts: bool) -> None:
    before, after = HostVars(), HostVars(a=variables)
    names = ["a", "b"]
    hashes = [hash_declaration("dev", names, hostvars, None) for hostvars in (before, after)]
    assert (hashes[0] != hashes[1]) is counts


@pytest.mark.parametrize(
    "given",
    [
        "{{ our_mode }}",
        {"a": ["{{ our_mode }}"]},
        ["{{ our_mode }}"],
        "{{ hostvars['b']['our_mode'] }}",
        "{{ lookup('ansible.builtin.file', our_file) }}",
    ],
)
def test_a_template_counts_by_its_value(tmp_path: Path, given: t.Any) -> None:
    def hash_with(mode: str) -> str:
        (tmp_path / "mode").write_text(mode, encoding="utf-8")
        own = {"our_mode": mode, "our_file": str(tmp_path / "mode"), "password_policy_mode": _trust(given)}
        templar = Templar(loader=DataLoader())
        return hash_declaration("dev", ["a"], HostVars(a=own, b={"our_mode": mode}), templar)

    assert hash_with("report") == hash_with("report") != hash_with("enforce")


def test_a_template_without_a_value_counts_as_it_is_written() -> None:
    def hash_with(name: str) -> str:
        own = {"password_policy_mode": _trust(f"{{{{ {name} }}}}")}
        return hash_declaration("dev", ["a"], HostVars(a=own), Templar(loader=DataLoader()))

    assert hash_with("absent") == hash_with("absent") != hash_with("missing")


def _trust(value: t.Any) -> t.Any:
    """The value as an inventory has it."""
    if isinstance(value, dict):
        return {name: _trust(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_trust(member) for member in value]
    return getattr(template, "trust_as_template", str)(value)


# Shared variables of the roles that say how a run works, and not which changes it makes.
OF_THE_RUN: t.Final = re.compile(
    r"hardening_(journal|report|snapshot)_\w+|hardening_(journal|now|on_refusal|approved_plan|run_id|return_findings)"
    r"|hardening_(reveal_key_ids|waiver_max_days)|aws_(assessor_role_arn|assume_role_arns?|external_id|source_identity)"
    r"|aws_organization_role_arn|hardening_organization_id"
)
CHECKOUT: t.Final = Path(__file__).parents[4]
PLAYBOOK: t.Final = (CHECKOUT / "playbooks" / "harden.yml").read_text(encoding="utf-8")
WRITERS: t.Final = set(re.findall(r"name: hardening\.iam\.(\w+)", PLAYBOOK)) - {"assessment", "preflight", "report"}


@pytest.mark.parametrize("role", sorted(WRITERS))
def test_each_shared_variable_of_a_role_decides_or_is_of_the_run(role: str) -> None:
    tasks = (CHECKOUT / "roles" / role / "tasks" / "main.yml").read_text(encoding="utf-8")
    names = set(re.findall(r"\b(?:hardening|aws)_\w+", tasks)) - {"aws_account_id"}
    deciding = [name for name in names if not OF_THE_RUN.fullmatch(name)]
    assert [name for name in deciding if hash_of(**{name: "changed"}) == hash_of()] == []


def hash_of(**variables: t.Any) -> str:
    return hash_declaration("dev", ["a"], HostVars(a=variables), None)


def test_tags_are_a_part_of_the_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a soak of one role would let all of them begin in the next wave."""

    def hash_with(**arguments: t.Any) -> str:
        monkeypatch.setattr(context, "CLIARGS", ImmutableDict(arguments))
        return hash_declaration("dev", ["a"], HostVars(), None)

    alone = hash_with(tags=("all",), skip_tags=())
    assert alone == hash_with()
    others = [
        hash_with(tags=("password_policy",)),
        hash_with(skip_tags=("password_policy",)),
        hash_with(start_at_task="Converge permissions boundaries"),
    ]
    assert len({alone, *others}) == 4
    # Ansible makes a set of them.
    assert hash_with(tags=("a", "b")) == hash_with(tags=("b", "a"))


def test_accounts_of_other_waves_are_not_the_declaration() -> None:
    changed = HostVars(c={"password_policy_mode": "report"})
    before = hash_declaration("dev", ["a", "b"], HostVars(), None)
    assert before == hash_declaration("dev", ["b", "a"], changed, None)


def test_limit_does_not_change_the_declaration(tmp_path: Path) -> None:
    declared = [["a", "b"], "c"]
    plans = [plan_waves(declared, {}, list(ACCOUNTS), limited) for limited in (("a", "b", "c"), ("a", "c"))]
    whole, limited = (
        WaveRun(plan, HostVars(), None, RunNotes(tmp_path / str(number))) for number, plan in enumerate(plans)
    )
    assert whole.hash_wave_of("a") == limited.hash_wave_of("a") != ""
    assert whole.hash_wave_of("nobody") == ""


def test_no_host_of_a_later_wave_begins_before_the_gates_have_passed(tmp_path: Path) -> None:
    run = waves(tmp_path)
    assert run.find_closed_gate_of("a") == ""
    assert "canary" in run.find_closed_gate_of("b")
    assert run.find_closed_gate_of("z") == "z is in no wave"
    run.keep_verdict(0, PASSED)
    assert run.find_closed_gate_of("b") == ""
    assert "after wave b" in run.find_closed_gate_of("c")
    run.keep_verdict(1, CLOSED)
    assert "after wave b" in run.find_closed_gate_of("c")
