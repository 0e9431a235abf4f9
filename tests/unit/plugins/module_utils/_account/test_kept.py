# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads that are kept for the run: the same snapshot without a call, and only what would be the same again."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.codec import SnapshotError
from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS, collect
from ansible_collections.hardening.iam.plugins.module_utils._account.kept import (
    Kept,
    Key,
    Result,
    decode,
    encode,
    is_shared,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import DEEP, Dataset, Snapshot, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from emulator.client import Emulator, EmulatorProcess

from .test_collect_emulated import PRODUCTION, REGIONS, SHALLOW, access_to

NOW: t.Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER: t.Final = NOW + timedelta(minutes=5)


class Memory:
    """Reads by their keys, through JSON."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.kept: dict[Key, str] = {}
        self.begun: list[float] = []

    def begin(self) -> float:
        return 7.0

    def find(self, key: Key) -> t.Optional[Kept]:
        text = self.kept.get(key)
        return Kept(decode(json.loads(text)), self.now) if text else None

    def keep(self, key: Key, result: Result, *, begun: float) -> None:
        self.kept[key] = json.dumps(encode(result), allow_nan=False)
        self.begun.append(begun)


@pytest.fixture(scope="module")
def process() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(seed="acme") as process:
        yield process


@pytest.fixture
def emulator(process: EmulatorProcess) -> Iterator[Emulator]:
    process.control.clear_log()
    yield process.control
    process.control.clear_faults()


def read(emulator: Emulator, memory: t.Optional[Memory], *, now: datetime = NOW, **more: t.Any) -> Snapshot:
    given = {"datasets": SHALLOW, "regions": REGIONS, **more}
    return collect(access_to(emulator, PRODUCTION), now=now, kept=memory, sleep=lambda _seconds: None, **given)


def called(emulator: Emulator) -> list[str]:
    found = [record["operation"] for record in emulator.log() if record["service"] != "sts"]
    emulator.clear_log()
    return found


def test_the_snapshot_is_the_same_and_nothing_is_asked_again(emulator: Emulator) -> None:
    memory = Memory()
    first = read(emulator, memory)
    assert called(emulator)
    assert read(emulator, memory) == first
    # Which log groups and alarms are read depends on the trails of all regions.
    assert set(called(emulator)) <= {operation.partition(":")[2] for operation in OPERATIONS[Dataset.LOG_ALARMS].reads}
    assert set(memory.begun) == {7.0}


def without_deliveries(snapshot: Snapshot) -> Snapshot:
    """The snapshot without the times of the last deliveries: between two reads a trail may have delivered."""
    trails = tuple(dataclasses.replace(trail, last_delivery=None, log_group_delivery=None) for trail in snapshot.trails)
    return dataclasses.replace(snapshot, trails=trails)


def test_fewer_datasets_and_regions_are_the_same_as_read_for_themselves(emulator: Emulator) -> None:
    memory = Memory()
    read(emulator, memory)
    for datasets in ({Dataset.TRAILS}, {Dataset.ANALYZERS, Dataset.ORGANIZATION_POLICIES}, {Dataset.PASSWORD_POLICY}):
        wanted: dict[str, t.Any] = {"datasets": datasets, "regions": REGIONS[:1]}
        alone = read(emulator, None, **wanted)
        called(emulator)
        assert without_deliveries(read(emulator, memory, **wanted)) == without_deliveries(alone)
        assert called(emulator) == []


def test_a_region_that_nobody_read_is_read_now(emulator: Emulator) -> None:
    memory = Memory()
    read(emulator, memory, datasets={Dataset.ANALYZERS}, regions=REGIONS[:1])
    called(emulator)
    both = read(emulator, memory, datasets={Dataset.ANALYZERS})
    assert called(emulator).count("ListAnalyzers") == 1
    assert both == read(emulator, None, datasets={Dataset.ANALYZERS})


def test_a_snapshot_is_as_old_as_its_oldest_part(emulator: Emulator) -> None:
    memory = Memory()
    read(emulator, memory, datasets={Dataset.ANALYZERS})
    assert read(emulator, memory, now=LATER).observed_at == NOW
    assert read(emulator, Memory(), now=LATER).observed_at == LATER


def test_a_refusal_is_kept_with_its_reason(emulator: Emulator) -> None:
    denied = {"kind": "error", "operation": "ListAnalyzers", "code": "AccessDeniedException", "status": 403}
    emulator.faults([denied])
    memory = Memory()
    first = read(emulator, memory, datasets={Dataset.ANALYZERS, Dataset.SECURITY_HUB})
    emulator.clear_faults()
    called(emulator)
    again = read(emulator, memory, datasets={Dataset.ANALYZERS, Dataset.SECURITY_HUB})
    assert called(emulator) == []
    assert again == first
    unread = again.missing(Dataset.ANALYZERS, REGIONS[0])
    assert unread is not None
    assert unread.kind is UnreadKind.DENIED


@pytest.mark.parametrize(
    "fault",
    [{"kind": "error", "code": "Throttling", "status": 400}, {"kind": "garbage"}],
    ids=["throttled", "garbage"],
)
def test_trouble_that_passes_is_not_kept(
    emulator: Emulator, fault: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = functools.partialmethod(Patience.__init__, throttled_for=0.0, failing_rounds=1)
    monkeypatch.setattr(Patience, "__init__", hasty)
    emulator.faults([{**fault, "operation": "GetAccountSummary"}])
    memory = Memory()
    wanted = {"datasets": {Dataset.ACCOUNT_SUMMARY}, "regions": ()}
    assert read(emulator, memory, **wanted).missing(Dataset.ACCOUNT_SUMMARY)
    assert memory.kept == {}
    emulator.clear_faults()
    assert read(emulator, memory, **wanted).missing(Dataset.ACCOUNT_SUMMARY) is None


def test_evidence_of_single_principals_is_always_read(emulator: Emulator) -> None:
    assert not any(is_shared((dataset, "arn")) for dataset in DEEP | {Dataset.LOG_ALARMS})
    assert not is_shared(Dataset.PASSWORD_POLICY)
    assert is_shared((Dataset.PASSWORD_POLICY, None))
    assert not is_shared(("password_policy", None))


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"unreadable": None},
        {"unreadable": {"kind": "denied"}},
        {"unreadable": {"kind": "gone", "reason": "", "operation": "", "of_region": False}},
        {"fields": {"no_such_field": 1}},
        {"fields": {"summary": 1}},
        {"trail": {}},
    ],
)
def test_another_form_is_an_error(plain: dict[str, t.Any]) -> None:
    with pytest.raises(SnapshotError):
        decode(plain)
