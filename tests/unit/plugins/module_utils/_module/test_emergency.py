# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of a run that contains: its confirmation, its record and journal, and the rules that bend."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import typing as t
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By, Record, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import read_record
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.released import read_released
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.steps import Subject
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, find_interrupted
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.holders import Holder
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import Lease, LeaseError
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module import converging
from ansible_collections.hardening.iam.plugins.module_utils._module import emergency as emergency_module
from ansible_collections.hardening.iam.plugins.module_utils._module.arguments import EMERGENCY_ARGUMENTS
from ansible_collections.hardening.iam.plugins.module_utils._module.emergency import FALLBACK, Emergency
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError

from .._converge.fakes import ACCOUNT, CALLER, JOB, NOW, RUN, FakeAws, FakeCapability, change, user_arn
from .._converge.incident.recorded import INCIDENT, record, write

MODULE: t.Final = "credential_quarantine"
DECLARED: t.Final[dict[str, t.Any]] = {
    "id": INCIDENT,
    "declared_by": "Ana",
    "reason": "key found in a public repository",
    "keys": ["AKIAIOSFODNN7EXAMPLE"],
    "confirm": INCIDENT,
}
NOT_CONFIRMED: t.Final = {name: value for name, value in DECLARED.items() if name != "confirm"}


class Containing(FakeCapability):
    """Contains the users that its changes are about. ``begun`` has what the place held before the first change."""

    insists = True

    def __init__(self, aws: FakeAws, store: Path, *changes: Change, **methods: t.Any) -> None:
        super().__init__(aws, *changes, **methods)
        self._store = DirectoryStore(str(store))
        self.begun: list[Record | None] = []

    def list_subjects(self, _changes: Sequence[Change]) -> list[Subject]:
        arns = dict.fromkeys(change.target.partition(" ")[0] for change in self._changes)
        return [Subject(arn, By.SOURCE, "AIDAEXAMPLE", ("AKIAIOSFODNN7EXAMPLE",)) for arn in arns]

    def begin(self, _changes: Sequence[Change]) -> None:
        self.begun.append(read_record(self._store, ACCOUNT, INCIDENT))


class Scene:
    """An account, and the places of one containment after the other."""

    def __init__(self, directory: Path) -> None:
        self.aws = FakeAws(a="old", b="old")
        self.journal = directory / "journal"
        self.reports = directory / "reports"
        self.methods: dict[str, t.Any] = {}
        self.waited: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.task: Task
        self.capability: Containing

    def run(
        self, *changes: Change, check_mode: bool = False, releases: bool = False, **options: t.Any
    ) -> dict[str, t.Any]:
        defaults = {name: spec.get("default") for name, spec in EMERGENCY_ARGUMENTS.items()}
        given = {"account_id": ACCOUNT, "run_id": RUN, "job_id": JOB, "job_process": "awx/1", "incident": DECLARED}
        places = {"journal": str(self.journal), "report_dir": str(self.reports)}
        values = {**defaults, **given, **places, **options}
        self.task = Task(options=values, operations=Operations(), check_mode=check_mode, clock=lambda: NOW)
        self.task.__dict__["access"] = self.aws
        self.capability = Containing(self.aws, self.journal, *changes, **self.methods)
        return converging.converge(
            self.task,
            lambda _connection: self.capability,
            module=MODULE,
            emergency=Emergency.from_task(self.task, releases=releases),
            sleep=self.wait,
        )

    def wait(self, seconds: float) -> None:
        """Nobody waits in a test; meanwhile another job may be at work."""
        self.waited.append(seconds)
        self.meanwhile()

    @property
    def store(self) -> DirectoryStore:
        return DirectoryStore(str(self.journal))

    @property
    def record(self) -> Record | None:
        return read_record(self.store, ACCOUNT, INCIDENT)

    @property
    def writes(self) -> list[str]:
        return [str(parameters["Name"]) for _operation, parameters in self.aws.calls]

    def take_lease(self, module: str) -> Lease:
        """The lease of another job, which renews it before each of its writes."""
        holder = Holder("other", "2", module, CALLER)
        always = timedelta()
        lease = Lease(self.store, holder, partition="aws", account_id=ACCOUNT, renewed_after=always, clock=lambda: NOW)
        lease.acquire()
        return lease


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    # Where a journal falls back, it is below the working directory.
    monkeypatch.chdir(tmp_path)
    return Scene(tmp_path)


# Confirmation


@pytest.mark.parametrize("confirm", ["", "INC-8", "inc-7"])
def test_without_a_confirmation_nothing_is_read_or_written(scene: Scene, confirm: str) -> None:
    with pytest.raises(TaskError, match=r"hardening_incident.confirm: .* set hardening_incident.confirm to INC-7"):
        scene.run(change("a"), incident={**DECLARED, "confirm": confirm})
    assert "access" in scene.task.__dict__ and not scene.aws.calls
    assert not scene.journal.exists() and not scene.reports.exists()


def test_a_release_takes_the_declaration_of_an_incident_that_began_long_ago(scene: Scene) -> None:
    """Without its first moment the release would leave good keys inactive, and with a later one activate others."""
    long_open = {**DECLARED, "since": (NOW - timedelta(days=120)).isoformat()}
    with pytest.raises(TaskError, match="hardening_incident.since: .* is not allowed"):
        scene.run(change("a"), incident=long_open)
    scene.run(change("a"))
    scene.run(change("b"), incident=long_open, releases=True)
    assert scene.writes == ["a", "b"]


@pytest.mark.parametrize("releases", [False, True], ids=["containment", "release"])
def test_an_incident_that_names_too_many_is_refused_before_anything_is_read(scene: Scene, releases: bool) -> None:
    roles = [f"arn:aws:iam::{ACCOUNT}:role/r-{number}" for number in range(60)]
    with pytest.raises(TaskError, match=r"max_principals: the incident names 6\d keys, users, sessions, roles"):
        scene.run(change("a"), incident={**DECLARED, "roles": roles}, releases=releases)
    assert not scene.aws.calls and not scene.journal.exists()


@pytest.mark.parametrize(
    ("options", "warns"), [({"check_mode": True}, True), ({"mode": "report"}, False)], ids=["check", "report"]
)
def test_without_a_confirmation_the_plan_is_shown(scene: Scene, options: dict[str, t.Any], warns: bool) -> None:
    result = scene.run(change("a"), incident=NOT_CONFIRMED, **options)
    assert [item["target"] for item in result["changes"]] == [user_arn("a")]
    assert any("confirm" in text for text in scene.task.warnings) is warns
    assert not scene.aws.calls and not scene.journal.exists()


def test_an_incident_that_can_not_be_used_is_explained(scene: Scene) -> None:
    with pytest.raises(TaskError, match=r"hardening_incident.keys\[0\]"):
        scene.run(change("a"), incident={**DECLARED, "keys": ["AKIA*"]})


DRILL: t.Final = "drill-20261128T154210Z-0b7c"
DRILL_ARN: t.Final = f"arn:aws:iam::{ACCOUNT}:user/iam-hardening/drill/{DRILL}"
OF_DRILL: t.Final[dict[str, t.Any]] = {**DECLARED, "id": DRILL, "confirm": DRILL}
DEPLOY: t.Final = f"arn:aws:iam::{ACCOUNT}:role/deploy"


@pytest.mark.parametrize(
    "named",
    [
        {"accounts": ["222233334444"]},
        {"identity_center_users": [{"user_id": "94482488-3041-7026-d8a7-000000000000"}]},
        {"roles": [DEPLOY]},
        {"sessions": [{"role": DEPLOY, "name": "i-0123"}]},
        {"users": [user_arn("ci-deploy")]},
        {"keys": [{"id": "AKIAIOSFODNN7EXAMPLE", "user": "ci-deploy"}]},
        {"keys": [{"id": "AKIAIOSFODNN7EXAMPLE", "user": user_arn("ci-deploy")}]},
    ],
    ids=["account", "person", "role", "session", "user", "key of a name", "key of an ARN"],
)
def test_the_incident_of_a_drill_names_nobody_else(scene: Scene, named: dict[str, t.Any]) -> None:
    """It can be released early, so what people must not release early is no part of it, also where nothing is read."""
    with pytest.raises(TaskError, match="is the id of a drill, which contains nobody but its own user and role"):
        scene.run(incident={**OF_DRILL, **named}, check_mode=True)
    assert not scene.aws.calls and not scene.journal.exists()
    # What a run before this rule has contained can be released.
    Emergency.from_task(scene.task, releases=True)


@pytest.mark.parametrize(
    "named",
    [
        {"keys": [{"id": "AKIAIOSFODNN7EXAMPLE", "user": DRILL}], "users": []},
        {"keys": ["AKIAIOSFODNN7EXAMPLE"]},
        {"keys": [], "users": [DRILL_ARN]},
    ],
    ids=["key of its user", "key", "user"],
)
def test_the_incident_of_a_drill_names_its_own_user(scene: Scene, named: dict[str, t.Any]) -> None:
    assert scene.run(incident={**OF_DRILL, **named}, check_mode=True)["incident_id"] == DRILL


# The second person


def confirm(scene: Scene, by: str, user: str, **options: t.Any) -> tuple[t.Any, str]:
    """The result of a run that a person confirms whose job is a user's, and the warnings."""
    result = scene.run(incident={**DECLARED, "confirmed_by": by}, run_details={"author": user}, **options)
    return result["confirmed_by"], "\n".join(scene.task.warnings)


def test_the_second_person_is_somebody_else(scene: Scene) -> None:
    """Neither who declared it nor the author of the first run, as the record has them."""
    assert scene.run(change("a"), run_details={"author": "bob"})["confirmed_by"] == ""
    scene.methods = {"list_subjects": lambda _changes: (Subject(user_arn("a"), By.SOURCE),)}
    assert confirm(scene, " BOB", "bob") == (
        "",
        "compromise_response_confirmed_by: 'BOB' is not counted as the second person, because this person declared "
        "INC-7 or made its first run. Somebody else has to confirm it",
    )
    assert confirm(scene, "Carol", "carol") == ("Carol", "")
    assert scene.run(run_details={"author": "bob"})["confirmed_by"] == "Carol"


@pytest.mark.parametrize("user", ["ana", ""], ids=["of another job", "of a schedule"])
def test_in_awx_the_second_person_is_the_user_of_the_job(scene: Scene, user: str) -> None:
    by, warnings = confirm(scene, "Ben", user, awx_job_id="7", check_mode=True)
    assert by == "" and f"'Ben' is not the user of this job ({user or 'none'}), so it is not counted" in warnings
    given = {"incident": {**DECLARED, "confirmed_by": "Ben"}, "awx_job_id": "7"}
    assert Emergency.from_task(scene.task).incident.confirmed_by == ""
    scene.run(check_mode=True, run_details={"author": "ben"}, **given)
    assert Emergency.from_task(scene.task).incident.confirmed_by == "Ben"
    assert not [text for text in scene.task.warnings if "confirmed_by" in text]


# The record


def test_the_record_names_all_before_the_first_change(scene: Scene) -> None:
    policy = f"arn:aws:iam::{ACCOUNT}:policy/x"
    scene.aws.states[policy] = "old"
    result = scene.run(change("a"), change("b"), run_details={"author": "ana"})
    (begun,) = scene.capability.begun
    assert begun is not None and begun.state is State.CONTAINING
    assert [item.arn for item in begun.contained] == [user_arn("a"), user_arn("b")]
    assert scene.record is not None and scene.record.state is State.CONTAINED
    assert scene.record.first_deny == scene.record.last_source_write == NOW
    assert {event.author for event in scene.record.events} == {"ana"}
    assert (result["incident_id"], result["journal_fell_back"], result["undo"]) == (INCIDENT, False, [])
    assert scene.writes == ["a", "b"]


def test_other_objects_that_it_changes_are_targets(scene: Scene) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/incident-{INCIDENT}"
    scene.methods = {"list_subjects": lambda _changes: ()}
    scene.run(change("a", target=arn))
    assert scene.capability.begun[0] is not None and scene.capability.begun[0].targets == {arn}


def test_a_record_that_can_not_be_written_stops_the_first_change(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    swap = DirectoryStore.swap

    def lose(self: DirectoryStore, key: str, content: bytes, version: str | None) -> str:
        if key == record_key(ACCOUNT, INCIDENT):
            raise StoreError("no space left")
        return swap(self, key, content, version)

    monkeypatch.setattr(DirectoryStore, "swap", lose)
    with pytest.raises(StoreError, match="no space left"):
        scene.run(change("a"))
    assert not scene.aws.calls


def test_a_second_run_changes_nothing_and_confirms(scene: Scene) -> None:
    scene.run(change("a"))
    scene.methods = {"plan": lambda _observed, _found: Plan()}
    before = scene.record
    assert scene.run(change("a"), run_id="second")["changed"] is False
    assert scene.record == before
    scene.run(change("a"), run_id="third", incident={**DECLARED, "confirmed_by": "Ben"})
    assert scene.record is not None and scene.record.is_confirmed
    assert scene.writes == ["a"]


def test_nobody_to_contain_leaves_no_record(scene: Scene) -> None:
    assert scene.run()["changed"] is False
    assert scene.record is None and not scene.store.list("control/")


def test_what_failed_stops_nothing_else_and_the_record_says_so(scene: Scene) -> None:
    scene.aws.lag = 50
    with pytest.raises(TaskError) as raised:
        scene.run(change("a", before="older"), change("b", before="old"), on_refusal="fail")
    assert [item["target"] for item in raised.value.details["unverified"]] == [user_arn("b")]
    assert scene.writes == ["b"]
    assert scene.record is not None and scene.record.state is State.CONTAINING


# The rules that bend, and those that do not


def test_the_incident_does_not_hold_its_own_changes_back_and_others_do(scene: Scene) -> None:
    write(scene.store, record("a"))
    assert scene.run(change("a"))["refused"] == []
    other = Record(ACCOUNT, "INC-8", State.CONTAINED, "Eve", "another leak", contained=record("b").contained)
    write(scene.store, other)
    (refusal,) = scene.run(change("b"))["refused"]
    assert (refusal["rule"], "by incident INC-8" in refusal["reason"]) == ("contained", True)
    assert scene.writes == ["a"]


def test_a_record_of_garbage_does_not_prevent_a_containment(scene: Scene) -> None:
    scene.store.put(record_key(ACCOUNT, "INC-8"), b"{")
    scene.run(change("a"))
    assert scene.writes == ["a"]
    assert sum("INC-8.json" in text for text in scene.task.warnings) == 1


def test_a_record_of_garbage_prevents_a_release(scene: Scene) -> None:
    write(scene.store, record("a"))
    scene.store.put(record_key(ACCOUNT, "INC-8"), b"{")
    (refusal,) = scene.run(change("a"), releases=True)["refused"]
    assert refusal["rule"] == "incident_unreadable" and not scene.aws.calls


def test_no_cap_holds_a_containment_back(scene: Scene) -> None:
    names = [f"u{number}" for number in range(30)]
    scene.aws.states.update({user_arn(name): "old" for name in names})
    scene.run(*(change(name, population=30) for name in names))
    assert scene.writes == names


def test_the_stop_switch_does_not_hold_a_containment_back(scene: Scene) -> None:
    scene.store.put("control/stop", b"stopped by Ben")
    scene.run(change("a"))
    assert scene.writes == ["a"]


def test_a_ticket_is_not_needed(scene: Scene) -> None:
    scene.run(change("a"), run_details={"require_change_ticket": True})
    assert scene.writes == ["a"]


def test_the_caller_is_not_contained(scene: Scene) -> None:
    with pytest.raises(TaskError, match="caller itself"):
        scene.run(change("a"), change("automation", target=f"arn:aws:iam::{ACCOUNT}:role/automation"))
    assert not scene.aws.calls


def test_another_account_is_not_contained(scene: Scene) -> None:
    with pytest.raises(TaskError, match="not to 444455556666"):
        scene.run(change("a"), account_id="444455556666")


def test_the_lease_of_another_job_is_taken_over(scene: Scene) -> None:
    scene.take_lease("password_policy")
    scene.run(change("a"))
    assert (scene.writes, scene.waited) == (["a"], [])
    assert any("run other" in text and "taken over in an emergency" in text for text in scene.task.warnings)


def test_another_containment_is_waited_for_and_named(scene: Scene) -> None:
    scene.meanwhile = scene.take_lease("session_revocation").renew
    with pytest.raises(TaskError, match="run other .* writes in account"):
        scene.run(change("a"))
    assert not scene.aws.calls and sum(scene.waited) == 60


@pytest.mark.parametrize("releases", [False, True], ids=["containment", "release"])
def test_a_containment_that_was_killed_is_not_waited_for_long(scene: Scene, releases: bool) -> None:
    """It renewed its lease before each write, so silence says that it writes no more."""
    if releases:
        scene.run(change("a"))
    killed = scene.take_lease("credential_quarantine")
    scene.run(change("b"), releases=releases)
    assert scene.writes[-1:] == ["b"] and sum(scene.waited) == 18
    assert any("run other" in text and "it was cut off" in text for text in scene.task.warnings)
    with pytest.raises(LeaseError, match=f"run {RUN} .* took over the lease"):
        killed.renew()


def test_what_a_killed_containment_did_last_is_concluded_where_nothing_is_left(scene: Scene) -> None:
    scene.run(change("a"))
    kept = scene.store
    (outcome,) = [key for key in kept.list(f"{ACCOUNT}/") if key.endswith("outcome.json")]
    (scene.journal / outcome).unlink()
    killed = Holder(RUN, JOB, "credential_quarantine", CALLER, process="another")
    Lease(kept, killed, partition="aws", account_id=ACCOUNT, clock=lambda: NOW).acquire()
    assert find_interrupted(kept, ACCOUNT)
    scene.run(run_id="rerun", job_id="7")
    assert not find_interrupted(kept, ACCOUNT) and sum(scene.waited) == 18
    assert any("its target shows: applied" in text for text in scene.task.warnings)


def test_a_containment_that_goes_on_after_a_pause_is_waited_for(scene: Scene) -> None:
    other = scene.take_lease("credential_quarantine")
    renewals = iter([False, False, False, True] * 3)
    scene.meanwhile = lambda: other.renew() if next(renewals, False) else None
    scene.run(change("a"))
    # Twelve looks of three seconds, then those of a silent one.
    assert scene.writes == ["a"] and sum(scene.waited) == 54


def test_another_containment_that_ends_meanwhile_is_followed(scene: Scene) -> None:
    scene.take_lease("session_revocation")

    def end(_seconds: float) -> None:
        (key,) = scene.store.list("control/leases/aws/")
        kept = json.loads(scene.store.get(key) or b"")
        scene.store.put(key, json.dumps({**kept, "released": True}).encode())

    scene.waited = _Calls(end)
    scene.run(change("a"))
    assert scene.writes == ["a"]


class _Calls(list[float]):
    """A list that calls a function with each item that is appended."""

    def __init__(self, function: t.Callable[[float], None]) -> None:
        super().__init__()
        self._function = function

    def append(self, item: float) -> None:
        super().append(item)
        self._function(item)


def test_a_report_that_can_not_be_written_stops_nothing(scene: Scene) -> None:
    scene.reports.write_text("a file", encoding="utf-8")
    with pytest.raises(TaskError, match="report_dir") as raised:
        scene.run(change("a"))
    assert scene.writes == ["a"] and raised.value.details["changed"] is True
    assert any("there will be no report" in text for text in scene.task.warnings)


# The journal


@pytest.fixture
def broken(scene: Scene) -> Scene:
    """The place of the journal is a file."""
    scene.journal.write_text("a file", encoding="utf-8")
    return scene


def test_without_the_place_of_the_journal_nothing_is_changed(broken: Scene) -> None:
    with pytest.raises(TaskError, match=r"journal: can't (.|\n)*set journal_fallback .*to local"):
        broken.run(change("a"))
    assert not broken.aws.calls


def test_the_journal_falls_back_to_the_controller(broken: Scene) -> None:
    broken.methods = {"begin": lambda _changes: None}
    result = broken.run(change("a"), journal_fallback="local", awx_job_id=None)
    assert broken.writes == ["a"] and result["journal_fell_back"] is True
    (undo,) = result["undo"]
    assert (undo["target"], undo["undo"]) == (user_arn("a"), change("a").undo.as_dict())  # type: ignore[union-attr]
    assert any("NO OTHER RUN SEES WHOM THIS ONE CONTAINS" in text for text in broken.task.warnings)
    assert result["journal"] == f"{Path(FALLBACK)}/{ACCOUNT}/{RUN}/{JOB}"
    kept = read_record(DirectoryStore(FALLBACK), ACCOUNT, INCIDENT)
    assert kept is not None and kept.state is State.CONTAINED


def test_in_awx_the_journal_falls_back_only_from_s3(broken: Scene) -> None:
    with pytest.raises(TaskError, match="is a directory of a container"):
        broken.run(change("a"), journal_fallback="local", awx_job_id="7")


def test_a_release_never_falls_back(broken: Scene) -> None:
    with pytest.raises(TaskError, match="A release needs the journal of the containment"):
        broken.run(change("a"), journal_fallback="local", releases=True)
    assert not broken.aws.calls


def test_check_mode_writes_no_fallback(scene: Scene) -> None:
    scene.run(change("a"), journal_fallback="local", check_mode=True)
    assert not Path(FALLBACK).exists() and not scene.journal.exists()


def test_its_own_malformed_record_is_named(scene: Scene) -> None:
    scene.store.put(record_key(ACCOUNT, INCIDENT), b"{")
    with pytest.raises(TaskError, match=r"INC-7.json is malformed"):
        scene.run(change("a"))
    scene.methods = {"begin": lambda _changes: None}
    scene.run(change("a"), journal_fallback="local")
    assert scene.writes == ["a"]


# What was cut off


def test_a_killed_run_of_the_incident_is_settled_and_no_other_part_of_the_journal_is_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.methods = {"begin": _fail}
    with pytest.raises(KeyboardInterrupt):
        scene.run(change("a"), run_id="killed")
    journal = Journal(
        scene.store,
        account_id=ACCOUNT,
        run_id="killed",
        job_id="1",
        module=MODULE,
        caller_arn=CALLER,
        clock=lambda: NOW,
    )
    journal.intend(change("b"))
    scene.methods = {}
    listed: list[str] = []
    list_keys = DirectoryStore.list

    def note(self: DirectoryStore, prefix: str = "") -> list[str]:
        listed.append(prefix)
        return list_keys(self, prefix)

    monkeypatch.setattr(DirectoryStore, "list", note)
    scene.run(change("a"), run_id="rerun")
    assert any("run killed was cut off" in text and "failed" in text for text in scene.task.warnings)
    assert f"{ACCOUNT}/" not in listed


def _fail(_changes: Sequence[Change]) -> None:
    raise KeyboardInterrupt


# A release


def test_a_release_is_recorded_from_its_beginning_to_its_end(scene: Scene) -> None:
    write(scene.store, record("a"))
    scene.run(change("a"), releases=True)
    assert scene.capability.begun[0] is not None and scene.capability.begun[0].state is State.RELEASING
    assert scene.record is not None and scene.record.is_release_recorded


def test_a_release_with_a_refusal_is_not_over(scene: Scene) -> None:
    write(scene.store, record("a", "b"))
    glass = user_arn("iam-hardening/break-glass/eve")
    scene.run(change("a"), change("eve", target=glass), releases=True)
    assert scene.writes == ["a"]
    assert scene.record is not None and scene.record.state is State.RELEASING


def test_without_a_record_nothing_is_released(scene: Scene) -> None:
    with pytest.raises(StoreError, match="the record of the incident is gone"):
        scene.run(change("a"), releases=True)
    assert not scene.aws.calls


def test_a_release_is_in_the_index_of_those_that_no_plan_reads(scene: Scene) -> None:
    write(scene.store, record("a"))
    scene.run(change("a"), releases=True)
    assert list(read_released(scene.store, ACCOUNT)) == [INCIDENT]


def test_a_containment_adds_the_releases_that_it_had_to_read(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    write(scene.store, dataclasses.replace(record("b", state=State.RELEASED), incident_id="OLD-1"))
    scene.run(change("a"), check_mode=True)
    assert read_released(scene.store, ACCOUNT) == {}

    def lose(*_arguments: t.Any) -> None:
        raise StoreError("can't write control: denied")

    with monkeypatch.context() as patch:
        patch.setattr(emergency_module, "index_released", lose)
        assert scene.run(change("a"))["changed"] is True
    assert any("are not in their index: can't write control: denied" in text for text in scene.task.warnings)
    scene.aws.states[user_arn("a")] = "old"
    scene.run(change("a"))
    assert list(read_released(scene.store, ACCOUNT)) == ["OLD-1"]


# Evidence


def test_evidence_is_never_replaced(scene: Scene) -> None:
    scene.run(change("a"))
    emergency = Emergency.from_task(scene.task)
    emergency.open_journal(scene.task, ACCOUNT)
    places = [emergency.keep_evidence(ACCOUNT, "first", {"users": [number]}) for number in (1, 2)]
    folder = scene.journal / "incident" / INCIDENT / ACCOUNT
    assert [os.path.basename(place) for place in places] == [f"{RUN}-first.json", f"{RUN}-first-2.json"]
    for name in (f"{RUN}-first.json", f"{RUN}-first-2.json"):
        line = f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        assert (folder / f"{name}.sha256").read_text(encoding="utf-8") == line
    kept = json.loads((folder / f"{RUN}-first.json").read_text(encoding="utf-8"))
    assert (kept["users"], kept["incident_id"], kept["caller_arn"]) == ([1], INCIDENT, CALLER)
