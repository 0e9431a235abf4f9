# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run goes on where AWS's reads lag behind, where its errors pass, and where somebody else was quicker."""

from __future__ import annotations

import json
import threading
import typing as t
from pathlib import Path

import pytest

from .conftest import MakeAnsible, Outcome, Record
from .test_user_permissions import ACCOUNT, GROUPS, MOVED, TAKEN, Bench

WRITES: t.Final = sorted(f"iam:{name}" for name in ("CreateGroup", *MOVED, *TAKEN))


@pytest.fixture
def bench(make_ansible: MakeAnsible) -> Bench:
    return Bench(make_ansible)


def records(outcome: Outcome, run_id: str) -> list[Record]:
    """The records of a run in its journal, in their order."""
    directory: Path = outcome.directory / "journal" / ACCOUNT / run_id
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(directory.rglob("*.json"))]


def outcomes(outcome: Outcome, run_id: str) -> dict[tuple[str, str], str]:
    """How each change of a run ended, by operation and target."""
    found, intents = {}, [record for record in records(outcome, run_id) if record["record"] != "run"]
    for intent, ending in zip(intents[::2], intents[1::2], strict=True):
        assert (intent["record"], ending["record"]) == ("intent", "outcome")
        found[intent["change"]["operation"], intent["change"]["target"]] = ending["outcome"]
    return found


def test_a_second_run_is_clean_where_the_account_details_lag_behind(bench: Bench) -> None:
    bench.ansible.control.faults([{"kind": "stale", "operation": "GetAccountAuthorizationDetails"}])
    first = bench.run(user_permissions_groups=GROUPS).succeeded()
    assert sorted(first.writes) == WRITES
    second = bench.run(user_permissions_groups=GROUPS).succeeded()
    part = bench.part(second)
    assert (second.writes, second.recap("bare")["changed"]) == ([], 0)
    assert (part["refused"], part["changes"], part["changed"]) == ([], [], False)
    assert sorted(f"{item['service']}:{item['operation']}" for item in part["already_done"]) == WRITES
    assert set(part["already_done"][0]) == {"account_id", "region", "service", "operation", "target"}
    assert not (second.directory / "journal" / ACCOUNT / "run-2").exists()


def test_a_run_waits_for_errors_that_pass(bench: Bench) -> None:
    """Each of them ended the run at its first try; the group is not known at once to the next calls."""
    passing = (
        ("CreateGroup", "ConcurrentModification", 409),
        ("AttachGroupPolicy", "NoSuchEntity", 404),
        ("PutGroupPolicy", "ServiceFailure", 500),
        ("AddUserToGroup", "EntityTemporarilyUnmodifiable", 409),
        ("DetachUserPolicy", "Throttling", 400),
    )
    bench.ansible.control.faults(
        [
            {"kind": "error", "operation": operation, "code": code, "status": status, "times": 1}
            for operation, code, status in passing
        ]
    )
    done = bench.run(user_permissions_groups=GROUPS).succeeded()
    assert sorted(set(done.writes)) == sorted(set(WRITES))
    assert len(done.writes) == len(WRITES) + len(passing)
    assert set(outcomes(done, "run-1").values()) == {"applied"}
    assert bench.run(user_permissions_groups=GROUPS).succeeded().writes == []


def test_what_somebody_else_makes_at_the_same_time_is_not_journalled_as_ours(bench: Bench) -> None:
    """The group is made by another one after the run announced it, and before AWS has the run's request."""
    control = bench.ansible.control
    control.faults([{"kind": "hold", "operation": "CreateGroup", "times": 1, "drops": False}])

    def be_quicker() -> None:
        if any(control.wait_until_held(30) for _attempt in range(6)):
            bench.iam.create_group(GroupName="developers", Path="/team/")
        control.clear_faults()

    other = threading.Thread(target=be_quicker)
    other.start()
    done = bench.run(user_permissions_groups=GROUPS).succeeded()
    other.join()
    part = bench.part(done)
    group = f"arn:aws:iam::{ACCOUNT}:group/team/developers"
    assert [item["target"] for item in part["already_done"]] == [group]
    ended = outcomes(done, "run-1")
    assert ended["CreateGroup", group] == "foreign"
    assert {outcome for (operation, _target), outcome in ended.items() if operation != "CreateGroup"} == {"applied"}
    back = bench.ansible.playbook(
        "rollback", inventory=bench.inventory, hardening_undo_run_id="run-1", hardening_run_id="back"
    ).succeeded()
    assert "iam:DeleteGroup" not in back.writes
    assert bench.held("developers") == {"groups": [], "attached": [], "inline": {}}
