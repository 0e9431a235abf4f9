# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Entry, Plan, plan_document
from ansible_collections.hardening.iam.plugins.module_utils._converge.plans import keep_run, run_lines
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.fleet_caps import FleetCaps
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError, Versioned
from ansible_collections.hardening.iam.plugins.module_utils._module import converging
from ansible_collections.hardening.iam.plugins.module_utils._module.arguments import CONVERGE_ARGUMENTS
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError

from .._converge.fakes import (
    ACCOUNT,
    JOB,
    NOW,
    RUN,
    FakeAws,
    FakeCaller,
    FakeCapability,
    change,
    journal_of,
    set_dates,
    user_arn,
)
from .._converge.test_finding import finding


class Bench:
    """A task with a fake account, its report directory and its journal."""

    def __init__(self, directory: Path) -> None:
        self.aws = FakeAws(a="old", b="old")
        self.reports = directory / "reports"
        self.journal = directory / "journal"
        self.methods: dict[str, t.Any] = {}
        self.name = "replace"
        self.task: Task

    def run(self, *changes: Change, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        defaults = {name: spec.get("default") for name, spec in CONVERGE_ARGUMENTS.items()}
        given = {
            "account_id": ACCOUNT,
            "run_id": RUN,
            "job_id": JOB,
            "job_process": "awx.acme.example/1",
            "journal": str(self.journal),
            "report_dir": str(self.reports),
            **options,
        }
        self.task = Task(
            options={**defaults, **given}, operations=Operations(), check_mode=check_mode, clock=lambda: NOW
        )
        self.task.__dict__["access"] = self.aws
        set_dates(self.reports)
        return converging.converge(
            self.task,
            lambda _access: FakeCapability(self.aws, *changes, **self.methods),
            module="replace",
            part=self.name,
            sleep=lambda _seconds: None,
        )

    @property
    def part(self) -> dict[str, t.Any]:
        content = (self.reports / ACCOUNT / "parts" / RUN / JOB / f"{self.name}.json").read_text(encoding="utf-8")
        return t.cast(dict[str, t.Any], json.loads(content))

    @property
    def writes(self) -> list[str]:
        return [str(parameters["Name"]) for _operation, parameters in self.aws.calls]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    # The clock of the task stands at NOW, and that of its journal with it.
    read = DirectoryStore.get_versioned

    def date(store: DirectoryStore, key: str) -> t.Optional[Versioned]:
        found = read(store, key)
        return found and found._replace(written=NOW)

    monkeypatch.setattr(DirectoryStore, "get_versioned", date)
    monkeypatch.setattr(DirectoryStore, "read_clock", lambda _store: NOW)
    return Bench(tmp_path)


# Modes


def test_enforcing_makes_the_changes_and_says_where_they_are_recorded(bench: Bench) -> None:
    result = bench.run(change("a"), change("b"))
    assert bench.writes == ["a", "b"]
    assert result["changed"] is True
    assert [done["applied"] for done in result["changes"]] == [True, True]
    assert result["journal"] == f"{bench.journal}/{ACCOUNT}/{RUN}/{JOB}"
    assert sorted(path.name for path in (bench.journal / ACCOUNT / RUN / JOB).iterdir()) == [
        "000001-intent.json",
        "000001-outcome.json",
        "000001-run.json",
        "000002-intent.json",
        "000002-outcome.json",
    ]
    assert bench.task.warnings == []


def test_two_jobs_of_one_run_share_no_journal_and_no_part(bench: Bench) -> None:
    """A job that AWX launches again has the run id of its workflow."""
    places = []
    for options in ({"job_id": "17"}, {"awx_job_id": "18", "mode": "report"}, {"job_id": ""}):
        bench.aws.states[user_arn("a")] = "old"
        places.append(bench.run(change("a"), **{"job_id": None, **options}).get("journal"))
    parts = {path.parent.name for path in (bench.reports / ACCOUNT / "parts" / RUN).glob("*/replace.json")}
    assert parts > {"17", "18"}
    # Without any id a module is a job of its own.
    (alone,) = parts - {"17", "18"}
    folder = f"{bench.journal}/{ACCOUNT}/{RUN}"
    assert places == [f"{folder}/17", None, f"{folder}/{alone}"]
    assert len(list(Path(folder).glob("*/000001-intent.json"))) == 2


def test_an_id_of_a_job_that_could_leave_its_place_is_refused(bench: Bench) -> None:
    with pytest.raises(TaskError, match=r"job_id \(awx_job_id\): '../17' is not allowed"):
        bench.run(change("a"), job_id="../17")
    assert not bench.writes


@pytest.mark.parametrize(("mode", "check_mode"), [("enforce", True), ("report", True), ("report", False)])
def test_what_stops_after_guard_plans_the_same_and_writes_nothing(bench: Bench, mode: str, check_mode: bool) -> None:
    result = bench.run(change("a"), mode=mode, check_mode=check_mode)
    assert not bench.writes and not bench.journal.exists()
    assert result["changed"] is (mode == "enforce")
    assert "journal" not in result
    real = bench.run(change("a"))
    # No run applies what a role in the mode report shows, so there is nothing to approve.
    assert (result["plan_sha256"] is None) is (mode == "report")
    different = {"mode", "changed", "journal", "changes", "plan_sha256"}
    assert {name: value for name, value in result.items() if name not in different} == {
        name: value for name, value in real.items() if name not in different
    }
    assert result["changes"] == [{**done, "applied": False} for done in real["changes"]]


def test_nothing_to_do(bench: Bench) -> None:
    result = bench.run()
    assert (result["changed"], result["changes"], result["diff"]) == (False, [], [])
    assert result["plan_sha256"] is None
    assert not bench.journal.exists()


# What fails a task


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account_id": None}, "account_id: not set"),
        ({"awx_job_id": "17"}, "journal: .*AWX job 17"),
        ({"account_id": "999988887777"}, "account_id: .*999988887777"),
        ({"account_id": "acme"}, "account_id: 'acme'"),
        ({"run_id": "../x"}, r"run_id \(hardening_run_id\): '../x'"),
        ({"max_changes": -1}, "max_changes: -1"),
        ({"approved_plan": "nowhere/plan.json"}, "hardening_approved_plan.*nowhere/plan.json' is not allowed"),
        ({"approved_plan": {"changes": 1}}, "hardening_approved_plan.*a document is not allowed"),
        ({"approved_plan": "0" * 64}, f"approved_plan: no plan of account {ACCOUNT} and no run has the hash 0{{64}}"),
        ({"run_details": {"require_change_ticket": True}}, "hardening_change_ticket.*is not set"),
        ({"run_details": {"require_change_ticket": True, "change_ticket": " "}}, "hardening_change_ticket"),
        ({"approved_plan": "0" * 64, "report_dir": None}, "approved_plan: a hash needs report_dir"),
    ],
)
def test_bad_input_fails_before_the_first_write(bench: Bench, options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        bench.run(change("a"), **options)
    assert not bench.writes and not bench.reports.exists()


class UnaskedAws:
    """An AWS that fails if it is asked who calls, or through whom; whose account it is may be known."""

    def __init__(self, caller: t.Optional[FakeCaller] = None) -> None:
        self._caller = caller

    @property
    def caller(self) -> FakeCaller:
        assert self._caller is not None, "AWS was asked who calls"
        return self._caller

    @property
    def chain(self) -> tuple[str, ...]:
        pytest.fail("AWS was asked whose credentials the roles are assumed from")


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    "options",
    [{"max_changes": -1}, {"max_percent": 101}, {"run_id": "../x"}, {"job_id": "../x"}, {"account_id": "acme"}],
)
def test_bad_input_is_refused_before_any_call(bench: Bench, options: dict[str, t.Any], check_mode: bool) -> None:
    bench.aws = t.cast(t.Any, UnaskedAws())
    with pytest.raises(TaskError, match="is not allowed|is not an account id"):
        bench.run(change("a"), check_mode=check_mode, **options)


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_approval_of_no_plan_costs_no_further_call(bench: Bench, check_mode: bool) -> None:
    bench.aws = t.cast(t.Any, UnaskedAws(FakeCaller()))
    with pytest.raises(TaskError, match="no run has the hash"):
        bench.run(change("a"), check_mode=check_mode, approved_plan="0" * 64)


@pytest.mark.parametrize("options", [{"account_id": None}, {"awx_job_id": "17"}])
def test_an_audit_needs_less_but_says_what_the_real_run_needs(bench: Bench, options: dict[str, t.Any]) -> None:
    assert bench.run(change("a"), check_mode=True, **options)["changed"] is True
    assert [warning.partition(":")[0] for warning in bench.task.warnings] == ["without check mode this fails"]
    assert bench.run(change("a"), mode="report", **options)["changed"] is False
    assert bench.task.warnings == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("option", ["assume_role_arn", "assessor_role_arn"])
def test_acting_on_either_role_of_the_task_fails_in_every_mode(bench: Bench, option: str, check_mode: bool) -> None:
    own = f"arn:aws:iam::{ACCOUNT}:role/hardening/writer"
    with pytest.raises(TaskError, match="would act on the caller itself"):
        bench.run(change("a"), change(target=own), check_mode=check_mode, **{option: own})
    assert not bench.writes


def test_a_journal_that_can_not_be_written_changes_nothing(bench: Bench) -> None:
    bench.journal.write_text("a file where a directory should be")
    with pytest.raises(TaskError, match=f"the stop switch can't be read, .*can't read {bench.journal}") as caught:
        bench.run(change("a"))
    assert not bench.writes
    assert not caught.value.details


def test_a_journal_that_can_be_read_and_not_written_changes_nothing(bench: Bench) -> None:
    bench.journal.mkdir()
    # A lease can't be written either.
    (bench.journal / "control").write_text("a file where a directory should be")
    with pytest.raises(TaskError, match=f"can't read {bench.journal}/control"):
        bench.run(change("a"))
    (bench.journal / "control").unlink()
    (bench.journal / ACCOUNT).write_text("a file where a directory should be")
    with pytest.raises(TaskError, match=f"can't write {bench.journal}") as caught:
        bench.run(change("a"))
    assert not bench.writes
    assert caught.value.details["changed"] is False


def test_a_write_that_failed_carries_what_was_done_before(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    call = bench.aws.call

    def refuse_b(service: str, operation: str, parameters: t.Any = None, *, region: t.Any = None) -> t.Any:
        if parameters["Name"] == "b":
            raise AwsError("not allowed", code="AccessDenied", service=service, operation=operation)
        return call(service, operation, parameters, region=region)

    monkeypatch.setattr(bench.aws, "call", refuse_b)
    with pytest.raises(TaskError, match=f"Replace on {user_arn('b')}: .*AccessDenied: not allowed") as caught:
        bench.run(change("a"), change("b"))
    details = caught.value.details
    assert details["changed"] is True
    assert [done["applied"] for done in details["changes"]] == [True, False]
    assert len(details["diff"]) == 1
    assert bench.part["error"] == str(caught.value)


def test_without_a_place_for_the_report_nothing_is_changed(bench: Bench) -> None:
    bench.reports.write_text("a file where a directory should be")
    with pytest.raises(StoreError, match="can't write"):
        bench.run(change("a"))
    assert not bench.writes and not bench.journal.exists()


def test_a_part_that_can_not_be_written_does_not_hide_what_was_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = DirectoryStore.put

    def full(self: DirectoryStore, key: str, content: bytes) -> str:
        if bench.writes:
            raise StoreError(f"can't write {key}: no space left")
        return put(self, key, content)

    monkeypatch.setattr(DirectoryStore, "put", full)
    with pytest.raises(TaskError, match="can't write .*no space left") as caught:
        bench.run(change("a"))
    assert caught.value.details["changed"] is True
    assert bench.writes == ["a"]
    # The report will say that the module began and did not end.
    assert (bench.part["state"], bench.part["error"]) == ("started", None)


def test_a_module_leaves_word_before_it_does_anything_and_why_it_failed(bench: Bench) -> None:
    seen: list[t.Any] = []

    def observe() -> t.NoReturn:
        seen.append(bench.part)
        raise AwsError("not allowed", code="AccessDenied", service="iam", operation="GetUser")

    bench.methods["observe"] = observe
    with pytest.raises(AwsError):
        bench.run(change("a"), check_mode=True)
    assert [(part["state"], part["error"]) for part in seen] == [("started", None)]
    assert "AccessDenied" in bench.part["error"]
    assert (bench.part["module"], bench.part["run_id"], bench.part["check_mode"]) == ("replace", RUN, True)


@pytest.mark.parametrize("check_mode", [True, False])
def test_refusals_are_results_unless_they_shall_fail(bench: Bench, check_mode: bool) -> None:
    refusal = Refusal("expiry", "somebody would be locked out", "x", "Replace")
    bench.methods["plan"] = lambda _state, _findings: Plan(changes=(change("a"),), refused=(refusal,))
    result = bench.run(check_mode=True)
    assert result["refused"] == [refusal.as_dict()]
    with pytest.raises(TaskError, match="refused: somebody would be locked out") as caught:
        bench.run(on_refusal="fail", check_mode=check_mode)
    assert caught.value.details["changed"] is True
    assert caught.value.details["refused"] == [refusal.as_dict()]


# Findings and the part for the report


@pytest.mark.parametrize(("wanted", "statuses"), [("none", None), ("failed", ["FAIL"]), ("all", ["PASS", "FAIL"])])
def test_findings_as_asked_for(bench: Bench, wanted: str, statuses: t.Optional[list[str]]) -> None:
    found = (finding(status=Status.PASS), finding())
    bench.methods["findings"] = lambda _state: found
    result = bench.run(return_findings=wanted)
    shown = result.get("findings")
    assert (None if shown is None else [item["status"] for item in shown]) == statuses
    assert "AKIAIOSFODNN7EXAMPLE" not in json.dumps(result)
    revealed = bench.run(return_findings="failed", reveal_key_ids=True)
    assert revealed["findings"][0]["resource_detail"] == "AKIAIOSFODNN7EXAMPLE"


def test_the_part_has_what_was_predicted_and_the_result_has_not(bench: Bench) -> None:
    impacts = [{"change": ["a is replaced"]}]
    bench.methods["impacts"] = lambda: impacts
    assert "impacts" not in bench.run(change("a"))
    assert bench.part["impacts"] == impacts


def test_the_report_has_what_is_known_once_the_run_is_concluded(bench: Bench) -> None:
    state = [{"name": "planned"}]

    def conclude(result: t.Mapping[str, t.Any], *, completed: bool) -> None:
        state[0]["name"] = f"{len(result['changes'])} made, completed: {completed}"

    bench.methods |= {"sections": lambda: {"campaigns": state}, "conclude": conclude}
    bench.run(change("a"))
    assert bench.part["campaigns"] == [{"name": "1 made, completed: True"}]


def test_the_report_is_kept_if_the_run_can_not_be_concluded(bench: Bench) -> None:
    def conclude(_result: t.Mapping[str, t.Any], *, completed: bool) -> None:
        raise StoreError(f"can't write a record, {completed}")

    bench.methods["conclude"] = conclude
    with pytest.raises(StoreError, match="can't write a record"):
        bench.run(change("a"))
    assert [done["applied"] for done in bench.part["changes"]] == [True]


def test_costs_are_told_in_the_result_and_kept_for_the_report(bench: Bench) -> None:
    assert "costs" not in bench.run(change("a"), check_mode=True)
    costs = [{"option": "x", "unit": "y", "count": 2, "note": "z"}]
    bench.methods["costs"] = lambda: costs
    assert bench.run(change("a"), check_mode=True)["costs"] == costs
    assert bench.part["costs"] == costs


def test_a_module_that_runs_twice_keeps_both_parts_and_finds_its_own_plan(bench: Bench) -> None:
    bench.name = "replace-one"
    planned = bench.run(change("a"), change("b"), check_mode=True, max_changes=1)
    bench.name = "replace-two"
    bench.run(check_mode=True)
    assert (bench.part["module"], bench.part["changes"]) == ("replace", [])
    bench.name = "replace-one"
    bench.run(change("a"), change("b"), max_changes=1, approved_plan=planned["plan_sha256"])
    assert bench.writes == ["a", "b"]


def test_findings_are_kept_for_the_report_where_no_assessment_makes_them(bench: Bench) -> None:
    bench.methods["findings"] = lambda _state: (finding(status=Status.PASS), finding())
    bench.run(return_findings="none")
    assert bench.part["findings"] == []
    bench.methods["reports"] = True
    bench.run(return_findings="none")
    assert [item["status"] for item in bench.part["findings"]] == ["PASS", "FAIL"]
    assert bench.part["findings"][1]["resource_detail"] == "AKIAIOSFODNN7EXAMPLE"


def test_the_part_has_what_a_cap_holds_back_so_that_it_can_be_approved(bench: Bench) -> None:
    bench.methods["plan"] = lambda _state, _findings: Plan(changes=(change("a"), change("b")), warnings=("look",))
    result = bench.run(check_mode=True, max_changes=1)
    assert not result["changes"] and len(result["refused"]) == 2
    part = bench.part
    assert part["schema"] == "hardening.iam/part/1"
    assert (part["module"], part["run_id"], part["mode"], part["check_mode"]) == ("replace", RUN, "enforce", True)
    assert part["refused"] == []
    reason = str(result["refused"][0]["reason"])
    held = [Entry(change(name), {"rule": "cap", "reason": reason}, is_waiting=True) for name in "ab"]
    assert part["plan"] == plan_document(held, account_id=ACCOUNT, run_id=RUN, created=NOW)
    assert [entry["state"] for entry in part["plan"]["changes"]] == ["applied if approved"] * 2
    assert part["plan_sha256"] == part["plan"]["plan_sha256"] == result["plan_sha256"]
    assert part["warnings"] == bench.task.warnings == ["look"]
    assert part["error"] is None


# Approved plans


def test_a_plan_of_a_check_run_is_approved_and_lifts_the_cap(bench: Bench) -> None:
    held_back = bench.run(change("a"), change("b"), check_mode=True, max_changes=1)
    assert not held_back["changes"]
    result = bench.run(change("a"), change("b"), change("c"), max_changes=1, approved_plan=held_back["plan_sha256"])
    assert bench.writes == ["a", "b"]
    assert [refusal["rule"] for refusal in result["refused"]] == ["approved_plan"]


def test_another_run_that_plans_more_does_not_widen_an_approval(bench: Bench) -> None:
    approved = bench.run(change("a"), check_mode=True)["plan_sha256"]
    bench.run(change("a"), change("b"), check_mode=True, run_id="overtaking")
    result = bench.run(change("a"), change("b"), approved_plan=approved)
    assert bench.writes == ["a"]
    assert [refusal["rule"] for refusal in result["refused"]] == ["approved_plan"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        pytest.param({"parameters": {"Name": "b", "State": "new"}}, "differs now", id="request"),
        pytest.param({"affects": (user_arn("b"),)}, "it would now also affect user b,", id="affects"),
        pytest.param({"before": "older"}, "differs now", id="before"),
    ],
)
def test_what_differs_from_what_was_approved_is_refused(bench: Bench, other: dict[str, t.Any], said: str) -> None:
    approved = bench.run(change("a"), check_mode=True)["plan_sha256"]
    result = bench.run(change("a", **other), approved_plan=approved)
    assert not bench.writes
    assert [refusal["rule"] for refusal in result["refused"]] == ["approved_plan"]
    assert said in result["refused"][0]["reason"]


def test_the_hash_of_a_run_approves_the_plan_of_the_account(bench: Bench) -> None:
    planned = bench.run(change("a"), check_mode=True)["plan_sha256"]
    lines = run_lines({ACCOUNT: planned, "999988887777": "0" * 64})
    run_hash = keep_run(DirectoryStore(str(bench.reports)), lines, run_id=RUN, created=NOW)
    bench.run(change("a"), max_changes=0, approved_plan=run_hash)
    assert bench.writes == ["a"]


def test_a_run_that_applied_its_plan_does_not_renew_it(bench: Bench) -> None:
    planned = bench.run(change("a"), check_mode=True)["plan_sha256"]
    bench.run(change("a"), run_id="apply", approved_plan=planned)
    assert bench.writes == ["a"]
    assert [path.name for path in (bench.reports / ACCOUNT / "plans").rglob("*.json")] == [f"{planned}.json"]


def test_who_made_the_plan_does_not_approve_it(bench: Bench) -> None:
    planned = bench.run(change("a"), check_mode=True, run_details={"author": "alice"})["plan_sha256"]
    with pytest.raises(TaskError, match="alice made this plan"):
        bench.run(change("a"), approved_plan=planned, run_details={"approver": "alice"})
    assert not bench.writes
    bench.run(change("a"), approved_plan=planned, run_details={"author": "alice", "approver": "bob"})
    assert bench.writes == ["a"]


def test_the_journal_says_who_ran_what(bench: Bench) -> None:
    planned = bench.run(change("a"), check_mode=True)["plan_sha256"]
    details = {"author": "alice", "approver": "bob", "change_ticket": "CHG-7", "job": "17", "commit": "c0ffee"}
    bench.run(change("a"), approved_plan=planned, run_details={**details, "require_change_ticket": True})
    record = json.loads((bench.journal / ACCOUNT / RUN / JOB / "000001-run.json").read_text(encoding="utf-8"))
    assert details.items() <= record.items()
    assert (record["plan_sha256"], record["approved_plan"]) == (planned, planned)


def test_an_audit_without_a_change_ticket_says_that_the_real_run_needs_one(bench: Bench) -> None:
    bench.run(change("a"), check_mode=True, run_details={"require_change_ticket": True})
    assert len(bench.task.warnings) == 1
    assert "hardening_change_ticket" in bench.task.warnings[0]


# Who may write into the journal


def test_a_journal_that_everybody_may_write_is_refused_and_an_audit_says_so(bench: Bench) -> None:
    bench.journal.mkdir()
    bench.journal.chmod(0o777)
    bench.run(change("a"), check_mode=True)
    assert ["everybody" in warning for warning in bench.task.warnings] == [True]
    with pytest.raises(TaskError, match=r"hardening_journal.*everybody on this machine can write.*mode 0777"):
        bench.run(change("a"))
    assert not bench.writes
    bench.journal.chmod(0o755)
    bench.run(change("a"))
    assert bench.writes == ["a"]


def test_a_journal_that_a_group_may_write_is_used_with_a_warning(bench: Bench) -> None:
    bench.journal.mkdir()
    bench.journal.chmod(0o770)
    bench.run(change("a"))
    assert bench.writes == ["a"]
    (warning,) = bench.task.warnings
    assert f"the group with the id {bench.journal.stat().st_gid} can write to" in warning
    assert "mode 0770" in warning


def test_a_journal_behind_a_link_is_used_with_a_warning(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    bench.journal.symlink_to(tmp_path / "elsewhere")
    bench.run(change("a"))
    assert bench.writes == ["a"]
    (warning,) = bench.task.warnings
    assert "is a symbolic link to" in warning and str(tmp_path / "elsewhere") in warning


# Runs that were cut off


def test_a_run_that_was_cut_off_is_reported_and_a_real_run_settles_it(bench: Bench) -> None:
    store = DirectoryStore(str(bench.journal))
    journal_of(store, run_id="20261101T000000Z").intend(change("a"))
    journal_of(store, run_id="20261101T000000Z", module="other").intend(change("b"))
    bench.run(check_mode=True)
    assert bench.task.warnings == [
        f"run 20261101T000000Z was cut off at Replace on {user_arn('a')}; check its target",
        f"run 20261101T000000Z was cut off at Replace on {user_arn('b')}; check its target",
    ]
    bench.run()
    assert bench.task.warnings[0].endswith(f"{user_arn('a')}; its target shows: failed")
    bench.run()
    # The other module's change stays open until that module runs.
    assert bench.task.warnings == [f"run 20261101T000000Z was cut off at Replace on {user_arn('b')}; check its target"]


def test_a_broken_record_is_a_warning_and_hides_no_other_run(bench: Bench) -> None:
    store = DirectoryStore(str(bench.journal))
    store.put(f"{ACCOUNT}/1/000001-intent.json", b"{")
    store.put(f"{ACCOUNT}/{RUN}/foo-intent.json", b"{}")
    journal_of(store, run_id="20261101T000000Z").intend(change("a"))
    assert bench.run(change("b"))["changed"] is True
    assert bench.writes == ["b"]
    foreign, broken, cut_off = bench.task.warnings
    assert "foo-intent.json" in foreign
    assert "000001-intent.json is not a journal record" in broken
    assert "run 20261101T000000Z was cut off" in cut_off


def test_a_record_whose_shape_its_module_can_not_read_is_a_warning(bench: Bench) -> None:
    journal_of(DirectoryStore(str(bench.journal)), run_id="1").intend(change("a", after=["a", "list"]))

    def strict(wanted: Change) -> t.Any:
        return None if wanted.after is None else {"old": wanted.after.get("x")}

    bench.methods["reread"] = lambda wanted: strict(wanted) if wanted.kind == "" else bench.aws.reread(wanted)
    assert bench.run(change("b"))["changed"] is True
    assert bench.writes == ["b"]
    (warning,) = bench.task.warnings
    assert warning.endswith("its target shows: unknown")


def test_a_journal_that_can_not_be_read_is_a_warning_in_an_audit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(_self: DirectoryStore, prefix: str = "") -> list[str]:
        raise StoreError(f"can't read {prefix}: denied")

    monkeypatch.setattr(DirectoryStore, "list", lose)
    assert bench.run(change("a"), check_mode=True)["changed"] is True
    incidents, interrupted = bench.task.warnings
    assert f"it is not known whom incidents of account {ACCOUNT} contain" in incidents
    assert "it is not known whether an earlier run was cut off" in interrupted


def test_the_caller_of_another_account_is_refused_before_anything_is_read(bench: Bench) -> None:
    bench.aws.caller = FakeCaller(account_id="999988887777")
    bench.methods["observe"] = lambda: pytest.fail("the account was read")
    with pytest.raises(TaskError, match="999988887777"):
        bench.run(change("a"), mode="report")


# One writer an account, and the stop switch


def read_lease(bench: Bench) -> dict[str, t.Any]:
    place = bench.journal / "control" / "leases" / "aws" / f"{ACCOUNT}.json"
    return t.cast(dict[str, t.Any], json.loads(place.read_text(encoding="utf-8")))


def test_a_writing_module_takes_the_lease_and_releases_it(bench: Bench) -> None:
    bench.run(change("a"), run_details={"author": "alice", "job": "77"})
    lease = read_lease(bench)
    assert (lease["run_id"], lease["job_id"], lease["author"], lease["job"]) == (RUN, JOB, "alice", "77")
    assert (lease["fence"], lease["released"], lease["module"]) == (1, True, "replace")
    (path,) = (bench.journal / ACCOUNT / RUN / JOB).glob("*-intent.json")
    assert json.loads(path.read_text(encoding="utf-8"))["lease"]["fence"] == 1


def test_a_job_of_several_modules_keeps_it(bench: Bench) -> None:
    bench.run(change("a"), keep_lease=True)
    assert not read_lease(bench)["released"]
    bench.run(change("b"), keep_lease=True)
    assert bench.writes == ["a", "b"]
    with pytest.raises(TaskError, match=rf"run {RUN} \(job {JOB} on awx.acme.example\) writes in account {ACCOUNT}"):
        bench.run(change("a", before="new", after="old"), job_id="18")
    with pytest.raises(TaskError, match=rf"run {RUN} \(job {JOB} on awx.acme.example\) writes in account {ACCOUNT}"):
        bench.run(change("a", before="new", after="old"), job_process="awx.other.example/1")
    assert bench.writes == ["a", "b"]


def test_another_job_breaks_the_lease_by_name_and_says_so(bench: Bench) -> None:
    bench.run(change("a"), keep_lease=True)
    bench.run(change("b"), job_id="18", run_id="later", break_lease=RUN)
    assert bench.writes == ["a", "b"]
    assert [warning for warning in bench.task.warnings if "did not release the lease" in warning]


@pytest.mark.parametrize(("mode", "check_mode"), [("enforce", True), ("report", False)])
def test_a_run_that_does_not_write_needs_no_lease(bench: Bench, mode: str, check_mode: bool) -> None:
    bench.run(change("a"), keep_lease=True)
    bench.run(change("b"), job_id="18", mode=mode, check_mode=check_mode)
    assert bench.task.warnings == []


def test_a_failed_write_releases_the_lease(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: t.Any, **_options: t.Any) -> t.Any:
        raise AwsError("no", code="AccessDenied", service="iam", operation="Replace")

    monkeypatch.setattr(bench.aws, "call", refuse)
    with pytest.raises(TaskError, match="no"):
        bench.run(change("a"))
    assert read_lease(bench)["released"]


def test_the_stop_switch_refuses_all_that_has_not_begun(bench: Bench) -> None:
    switch = bench.journal / "control" / "stop"
    switch.parent.mkdir(parents=True)
    switch.write_text("INC-7")
    result = bench.run(change("a"), change("b"))
    assert not bench.writes and not result["changed"] and result["changes"] == []
    assert [(one["rule"], one["target"]) for one in result["refused"]] == [
        ("stopped", user_arn("a")),
        ("stopped", user_arn("b")),
    ]
    assert "is set: INC-7. Remove that object to go on" in result["refused"][0]["reason"]
    # Nothing is held either.
    assert not (bench.journal / "control" / "leases").exists()
    switch.unlink()
    assert bench.run(change("a"))["changed"]


def test_an_audit_ignores_the_stop_switch(bench: Bench) -> None:
    switch = bench.journal / "control" / "stop"
    switch.parent.mkdir(parents=True)
    switch.write_text("")
    assert bench.run(change("a"), check_mode=True)["refused"] == []


# The caps on the whole run.


def read_counters(bench: Bench) -> t.Any:
    return json.loads((bench.journal / "control" / "fleet" / f"{RUN}.json").read_text(encoding="utf-8"))


def test_changes_are_counted_for_the_run_before_they_are_made(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[t.Any] = []
    call = bench.aws.call

    def count_at_the_write(*args: t.Any, **named: t.Any) -> t.Any:
        counted.append(read_counters(bench)["changes"])
        return call(*args, **named)

    monkeypatch.setattr(bench.aws, "call", count_at_the_write)
    result = bench.run(change("a"), change("b"), fleet_caps={"max_fleet_changes": 2})
    assert [item["applied"] for item in result["changes"]] == [True, True]
    assert counted == [{ACCOUNT: 2}, {ACCOUNT: 2}]


def test_a_fleet_cap_refuses_all_changes_of_the_module(bench: Bench) -> None:
    result = bench.run(change("a"), change("b"), fleet_caps={"max_fleet_changes": 1})
    assert [refusal["rule"] for refusal in result["refused"]] == ["fleet_cap", "fleet_cap"]
    assert result["changed"] is False
    assert bench.aws.calls == []
    part = DirectoryStore(str(bench.reports)).list(f"{ACCOUNT}/parts/")
    assert part


def test_a_refused_lease_uses_up_no_cap(bench: Bench) -> None:
    """Another job writes in the account, so the place is free for the next one."""
    bench.run(change("a"), run_id="other", keep_lease=True)
    with pytest.raises(TaskError, match="run other "):
        bench.run(change("b"), job_id="18", fleet_caps={"max_accounts_changed": 1, "max_accounts_failed": 9})
    assert read_counters(bench)["changes"] == {}
    assert read_counters(bench)["failed"] == [ACCOUNT]


def test_a_cap_that_is_reached_takes_no_lease(bench: Bench) -> None:
    result = bench.run(change("a"), fleet_caps={"max_fleet_changes": 0})
    assert [refusal["rule"] for refusal in result["refused"]] == ["fleet_cap"]
    assert not (bench.journal / "control" / "leases").exists()


def test_a_cap_that_another_job_reaches_meanwhile_refuses_under_the_lease(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the counters and the count, the lease was taken."""
    monkeypatch.setattr(FleetCaps, "foresee", lambda *_args: ())
    result = bench.run(change("a"), change("b"), fleet_caps={"max_fleet_changes": 1})
    assert [refusal["rule"] for refusal in result["refused"]] == ["fleet_cap", "fleet_cap"]
    assert bench.aws.calls == []
    assert read_lease(bench)["released"]


def test_an_approved_plan_lifts_no_fleet_cap(bench: Bench) -> None:
    planned = bench.run(change("a"), check_mode=True)["plan_sha256"]
    result = bench.run(change("a"), approved_plan=planned, fleet_caps={"max_accounts_changed": 0})
    assert [refusal["rule"] for refusal in result["refused"]] == ["fleet_cap"]


@pytest.mark.parametrize("options", [{"check_mode": True}, {"mode": "report"}])
def test_what_writes_nothing_is_not_counted(bench: Bench, options: dict[str, t.Any]) -> None:
    result = bench.run(change("a"), fleet_caps={"max_accounts_changed": 0}, **options)
    assert result["refused"] == []
    assert not bench.journal.exists()


def test_counters_that_can_not_be_read_change_nothing(bench: Bench) -> None:
    DirectoryStore(str(bench.journal)).put(f"control/fleet/{RUN}.json", b"{")
    with pytest.raises(StoreError, match="fleet caps are malformed"):
        bench.run(change("a"), fleet_caps={"max_accounts_changed": 5})
    assert bench.aws.calls == []


def test_a_failed_account_is_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_args: t.Any, **_named: t.Any) -> t.NoReturn:
        raise AwsError("denied")

    monkeypatch.setattr(bench.aws, "call", deny)
    with pytest.raises(TaskError):
        bench.run(change("a"), fleet_caps={"max_accounts_failed": 0})
    assert read_counters(bench)["failed"] == [ACCOUNT]
    monkeypatch.undo()
    result = bench.run(change("b"), fleet_caps={"max_accounts_failed": 0})
    assert [refusal["rule"] for refusal in result["refused"]] == ["fleet_cap"]


def test_a_failure_that_can_not_be_counted_hides_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_args: t.Any, **_named: t.Any) -> t.NoReturn:
        DirectoryStore(str(bench.journal)).put(f"control/fleet/{RUN}.json", b"{")
        raise AwsError("denied")

    monkeypatch.setattr(bench.aws, "call", deny)
    with pytest.raises(TaskError, match="denied"):
        bench.run(change("a"), fleet_caps={"max_accounts_failed": 0})
    assert any("not counted for hardening_max_accounts_failed" in text for text in bench.task.warnings)
