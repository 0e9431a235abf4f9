# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access keys that an intruder made for other users: named with the entry that contains them, or switched off."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from intruder import HOME, OTHER_USER, USER, Intruder

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import read_record
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import find_interrupted
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from emulator.client import EmulatorProcess

from .conftest import Record
from .interrupting import kill_at_write
from .revoking import DECLARED, INCIDENT, RevokingBench, open_bench
from .test_session_revocation import OTHER_ARN, WARM, can_work

SWITCHED_OFF: t.Final[Record] = {**DECLARED, "minted_keys": "deactivate"}


@pytest.fixture
def bench(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RevokingBench]:
    with open_bench(emulator, tmp_path_factory.mktemp("minted")) as bench:
        yield bench


def intrude(bench: RevokingBench) -> tuple[Intruder, str]:
    """An intruder who made a key for another user, and that key."""
    intruder = Intruder(bench.control.url)
    intruder.work()
    (made,) = [one.key_id for one in intruder.credentials if one.kind == "other"]
    assert can_work(made)
    return intruder, made


def contain(bench: RevokingBench, incident: Record = DECLARED) -> dict[str, Record]:
    bench.run_quarantine(HOME, incident=incident)
    bench.run_pass(incident=incident, propagation_seconds=20, **WARM)
    return bench.run_pass(incident=incident, propagation_seconds=20, **{"pass": "second"})


def status(bench: RevokingBench, key_id: str) -> str:
    keys = bench.client(HOME).list_access_keys(UserName=OTHER_USER)["AccessKeyMetadata"]
    return next(str(key["Status"]) for key in keys if key["AccessKeyId"] == key_id)


def test_a_key_that_no_event_tells_of_yet_is_not_denied_with_the_entry_that_contains_it(bench: RevokingBench) -> None:
    intruder, made = intrude(bench)
    results = contain(bench)
    (row,) = [row for result in results.values() for row in result["not_denied"]]
    assert row["principal"] == OTHER_ARN
    assert f"its access key {made} was made at" in row["reason"] and "no event says yet who made it" in row["reason"]
    assert f"NOT DENIED: {OTHER_ARN}" in results[HOME]["terminal"]
    with pytest.raises(RuntimeError, match=made):
        bench.run(HOME)
    # Nobody is contained by that: people decide.
    assert status(bench, made) == "Active"
    assert [one.key_id for one, _action in intruder.find_able()] == [made]
    entry = yaml.safe_load(row["next_step"][row["next_step"].index("{") : row["next_step"].index("}") + 1])
    assert entry == {"id": made, "user": OTHER_USER, "account_id": HOME}
    named = {**DECLARED, "keys": [*DECLARED["keys"], entry]}
    results = contain(bench, named)
    assert not any(result["not_denied"] for result in results.values())
    assert intruder.find_able() == []


def test_keys_of_before_and_keys_that_people_know_are_not_named(bench: RevokingBench) -> None:
    _intruder, made = intrude(bench)
    results = contain(bench, {**DECLARED, "known_keys": [made, *bench.known_keys]})
    assert not any(result["not_denied"] for result in results.values())
    assert not bench.run(HOME, incident={**DECLARED, "known_keys": [made, *bench.known_keys]})["not_denied"]


def test_a_key_that_an_event_proves_is_switched_off_and_stays_so(bench: RevokingBench) -> None:
    bench.control.set_lateness(0)
    intruder, made = intrude(bench)
    # Made by somebody else at the same time, which the event history says as well.
    ours = bench.client(HOME).create_access_key(UserName="ci-deploy-legacy")["AccessKey"]["AccessKeyId"]
    (row,) = [row for result in contain(bench).values() for row in result["not_denied"]]
    assert row["principal"] == OTHER_ARN
    assert f"by arn:aws:iam::{HOME}:user/ci/{USER}, which the incident reaches" in row["reason"]
    bench.begin_run()
    planned = bench.run(HOME, check=True, incident=SWITCHED_OFF)
    (change,) = planned["changes"]
    assert (change["operation"], change["before"]["id"]) == ("UpdateAccessKey", made)
    assert status(bench, made) == "Active"
    result = bench.run(HOME, incident=SWITCHED_OFF)
    assert result["not_denied"] == [] and status(bench, made) == "Inactive"
    assert intruder.find_able() == []
    assert can_work(ours)
    assert not bench.run(HOME, incident=SWITCHED_OFF)["changed"]
    released = bench.release(HOME, incident=SWITCHED_OFF)
    assert status(bench, made) == "Inactive"
    assert [item for item in released["left"] if item["target"] == OTHER_ARN]
    record = read_record(DirectoryStore(str(bench.journal)), HOME, INCIDENT)
    assert record is not None and record.state is State.RELEASED
    assert can_work(ours)


def test_all_young_keys_are_switched_off_without_waiting_for_events(bench: RevokingBench) -> None:
    intruder, made = intrude(bench)
    ours = bench.client(HOME).create_access_key(UserName="ci-deploy-legacy")["AccessKey"]["AccessKeyId"]
    since = (datetime.now(UTC) - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    incident = {**DECLARED, "minted_keys": "deactivate_all", "since": since, "known_keys": [ours, *bench.known_keys]}
    results = contain(bench, incident)
    assert not any(result["not_denied"] for result in results.values())
    assert (status(bench, made), intruder.find_able()) == ("Inactive", [])
    assert can_work(ours)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_is_killed_at_that_write_is_completed_by_the_next(bench: RevokingBench, after: bool) -> None:
    bench.control.set_lateness(0)
    _intruder, made = intrude(bench)
    contain(bench)
    bench.begin_run()
    run = functools.partial(bench.run, HOME, incident=SWITCHED_OFF)
    kill_at_write(bench.control, run, write=1, after=after)
    bench.begin_run()
    assert bench.run(HOME, incident=SWITCHED_OFF)["not_denied"] == []
    assert status(bench, made) == "Inactive"
    assert not find_interrupted(DirectoryStore(str(bench.journal)), HOME)


def test_ways_that_nobody_follows_are_counted_with_examples(bench: RevokingBench) -> None:
    result = bench.run(HOME, check=True)
    ways = {edge["from"].rpartition("/")[2]: edge["reason"] for edge in result["unfollowed"] if edge["to"] == HOME}
    # Of build-worker, which may only read and write in buckets, nothing is said.
    assert set(ways) == {USER, "pipeline"}
    assert (
        "without AssumeRole it may come to others" in ways["pipeline"]
        and "iam:UpdateAssumeRolePolicy" in ways["pipeline"]
    )


def test_a_key_that_the_intruder_made_as_a_role_is_found_too(bench: RevokingBench) -> None:
    (planted,) = bench.known_keys
    bench.known_keys = []
    (row,) = bench.run(HOME, check=True, **WARM)["not_denied"]
    assert f"{planted} was made at" in row["reason"] and "by arn:aws:iam::222233334444:role/pipeline" in row["reason"]
