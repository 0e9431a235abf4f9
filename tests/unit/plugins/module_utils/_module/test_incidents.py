# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents in a module at work: what is refused in plan, check mode and real run, and at the last moment."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Record, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module.incidents import Incidents

from .._converge.fakes import ACCOUNT, NOW, change, user_arn
from .._converge.incident.recorded import INCIDENT, contained, event, record, write
from .test_converging import Bench

OTHER: t.Final = "999988887777"
MODES: t.Final = pytest.mark.parametrize(
    "options", [{}, {"check_mode": True}, {"mode": "report"}], ids=["enforce", "check", "report"]
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def store_of(bench: Bench) -> DirectoryStore:
    return DirectoryStore(str(bench.journal))


def rules(result: dict[str, t.Any]) -> list[tuple[str, str]]:
    return [(item["rule"], item["target"]) for item in result["refused"]]


@MODES
@pytest.mark.parametrize(
    "fields",
    [{}, {"impact": Impact.ADDITIVE}, {"impact": Impact.ADDITIVE, "undoes": f"{ACCOUNT}/earlier/1/000001"}],
    ids=["narrowing", "additive", "undo"],
)
def test_a_contained_principal_is_left_as_it_is(
    bench: Bench, options: dict[str, t.Any], fields: dict[str, t.Any]
) -> None:
    write(store_of(bench), record("a"))
    result = bench.run(change("a", **fields), change("b"), **options)
    assert rules(result) == [("contained", user_arn("a"))]
    assert [item["target"] for item in result["changes"]] == [user_arn("b")]
    assert bench.writes == ([] if options else ["b"])
    assert result["refused"][0]["reason"].startswith("user a is contained by incident INC-7")


@MODES
def test_a_malformed_record_refuses_everything_in_the_account(bench: Bench, options: dict[str, t.Any]) -> None:
    store_of(bench).put(record_key(ACCOUNT, INCIDENT), b"{")
    result = bench.run(change("a"), change("b"), **options)
    assert [rule for rule, _target in rules(result)] == ["incident_unreadable"] * 2
    assert not bench.writes and not result["changed"]
    assert [item["control"] for item in result["findings"]] == ["incident_record_doubtful"]


def test_a_place_that_can_not_be_read_refuses_everything(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(_self: DirectoryStore, prefix: str = "") -> list[str]:
        raise StoreError(f"can't read {prefix}: denied")

    monkeypatch.setattr(DirectoryStore, "list", lose)
    result = bench.run(change("a"))
    assert rules(result) == [("incident_unreadable", user_arn("a"))]
    assert not bench.writes


def test_a_released_principal_is_changed_again(bench: Bench) -> None:
    write(store_of(bench), record("a", state=State.RELEASED))
    assert bench.run(change("a"))["refused"] == []
    assert bench.writes == ["a"]


def test_findings_on_incidents_are_in_the_result_and_in_the_part(bench: Bench) -> None:
    old = dataclasses.replace(
        record("a"),
        contained=(contained("a", since=NOW - timedelta(days=2)),),
        events=frozenset({event(State.CONTAINED, minutes=-3000)}),
    )
    write(store_of(bench), old)
    result = bench.run(change("b"))
    assert [item["control"] for item in result["findings"]] == ["incident_unconfirmed"]
    assert [item["severity"] for item in bench.part["findings"]] == ["critical"]


def test_without_incidents_one_folder_is_listed_and_nothing_is_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[str] = []
    list_keys = DirectoryStore.list

    def note(self: DirectoryStore, prefix: str = "") -> list[str]:
        listed.append(prefix)
        return list_keys(self, prefix)

    monkeypatch.setattr(DirectoryStore, "list", note)
    bench.run(change("a"), change("b"), check_mode=True)
    assert [prefix for prefix in listed if "incidents" in prefix] == [f"control/incidents/{ACCOUNT}/"]
    listed.clear()
    bench.run(change("a"), change("b"))
    # Once for the plan, and once before each write.
    assert [prefix for prefix in listed if "incidents" in prefix] == [f"control/incidents/{ACCOUNT}/"] * 3
    assert not (bench.journal / "control" / "incidents").exists()


# An incident that is declared while the run is at work


def test_an_incident_declared_after_the_plan_stops_the_write(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.aws.states[user_arn("c")] = "old"
    call = bench.aws.call

    def declare(*args: t.Any, **named: t.Any) -> t.Any:
        # The run writes the first of three changes.
        if not bench.writes:
            write(store_of(bench), record("b"))
        return call(*args, **named)

    monkeypatch.setattr(bench.aws, "call", declare)
    result = bench.run(change("a"), change("b"), change("c"))
    assert bench.writes == ["a", "c"]
    assert rules(result) == [("contained", user_arn("b"))]
    # Nothing was announced either.
    intents = (bench.journal / ACCOUNT).rglob("*-intent.json")
    assert not [path for path in intents if user_arn("b") in path.read_text(encoding="utf-8")]


def test_a_record_that_breaks_after_the_plan_stops_all_writes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    call = bench.aws.call

    def spoil(*args: t.Any, **named: t.Any) -> t.Any:
        store_of(bench).put(record_key(ACCOUNT, INCIDENT), b"{")
        return call(*args, **named)

    monkeypatch.setattr(bench.aws, "call", spoil)
    result = bench.run(change("a"), change("b"))
    assert bench.writes == ["a"]
    assert rules(result) == [("incident_unreadable", user_arn("b"))]


# Changes in other accounts


def in_other(name: str) -> Record:
    arn = f"arn:aws:iam::{OTHER}:user/{name}"
    return dataclasses.replace(record(), account_id=OTHER, contained=(dataclasses.replace(contained(), arn=arn),))


@MODES
def test_an_incident_of_another_account_counts_for_changes_there(bench: Bench, options: dict[str, t.Any]) -> None:
    write(store_of(bench), in_other("b"))
    there = {"account_id": OTHER, "target": f"arn:aws:iam::{OTHER}:user/b"}
    result = bench.run(change("a"), change("b", **there), **options)
    assert rules(result) == [("contained", there["target"])]
    assert bench.writes == ([] if options else ["a"])


def test_records_of_other_accounts_are_read_for_their_changes_alone(bench: Bench) -> None:
    store_of(bench).put(record_key(OTHER, INCIDENT), b"{")
    assert bench.run(change("a"))["refused"] == []
    warned: list[str] = []
    incidents = Incidents(store_of(bench), writes=True, warn=warned.append)
    assert incidents.refuse_elsewhere([change("a")], ACCOUNT) == ()
    refused = incidents.refuse_elsewhere([change("a"), change("b", account_id=OTHER)], ACCOUNT)
    assert [(wanted.account_id, refusal.rule) for wanted, refusal in refused] == [(OTHER, "incident_unreadable")]
    assert not warned
