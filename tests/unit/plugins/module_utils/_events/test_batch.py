# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The batches that the event filter makes, and the agenda in its file."""

from __future__ import annotations

import json
import random
import runpy
import subprocess
import sys
import threading
import typing as t
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._events import batch as batches
from ansible_collections.hardening.iam.plugins.module_utils._events.agenda import Agenda, Dropped, Rules
from ansible_collections.hardening.iam.plugins.module_utils._events.agenda_file import (
    KEY,
    change_agenda,
    describe,
    read_agenda,
)
from ansible_collections.hardening.iam.plugins.module_utils._events.batch import Collector, read_batch
from ansible_collections.hardening.iam.plugins.module_utils._events.recognise import Ignored, read_event
from ansible_collections.hardening.iam.plugins.module_utils._events.signals import SUBJECTS, Kind, Signal, hash_resource

from .events import keys_of, recorded

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FILTER = Path(__file__).resolve().parents[5] / "extensions/eda/plugins/event_filter/iam_events.py"
A, B = "111122223333", "222233334444"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def quarantined(user: str, account: str = A) -> dict[str, t.Any]:
    event = recorded("quarantine", account=account)
    event["detail"]["requestParameters"]["userName"] = user
    return event


def users(batch: t.Optional[dict[str, t.Any]]) -> list[str]:
    assert batch is not None
    return [signal["credential"] for signal in batch["signals"]]


def test_the_first_event_starts_a_job_and_others_wait_for_the_next_one() -> None:
    clock = Clock()
    collector = Collector(60, clock)
    assert users(collector.add(quarantined("a"))) == ["user/a"]
    assert collector.add(quarantined("b")) is None
    assert collector.add(quarantined("b")) is None
    clock.now += 60
    assert users(collector.add(quarantined("c"))) == ["user/b", "user/c"]


def test_the_event_of_the_schedule_brings_what_waits() -> None:
    clock = Clock()
    collector = Collector(60, clock)
    collector.add(quarantined("a"))
    collector.add(quarantined("b"))
    assert collector.add(recorded("heartbeat")) is None
    clock.now += 60
    assert users(collector.add(recorded("heartbeat"))) == ["user/b"]
    clock.now += 60
    # It also starts a job where nothing waits here: something may wait in the agenda.
    assert collector.add(recorded("heartbeat")) == {"signals": [], "ignored": {}}


def test_events_of_no_use_start_no_job_and_are_counted() -> None:
    clock = Clock()
    collector = Collector(60, clock)
    assert [collector.add({"detail-type": "x"}) for _number in range(1_000)] == [None] * 1_000
    batch = collector.add(quarantined("a"))
    assert batch is not None
    assert batch["ignored"] == {Ignored.OTHER: 1_000}


def test_events_about_credentials_come_first() -> None:
    clock = Clock()
    collector = Collector(60, clock)
    collector.add(quarantined("first"))
    collector.add(recorded("sign_in"))
    collector.add(recorded("security_hub"))
    collector.add(quarantined("b"))
    clock.now += 60
    batch = collector.add(recorded("heartbeat"))
    assert batch is not None
    kinds = [Signal.from_dict(signal).kind for signal in batch["signals"]]
    assert kinds == [Kind.CREDENTIAL, Kind.SUSPICION, Kind.CONTROL]


def test_a_flood_is_cut_and_a_batch_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_WAITING", 1_000)
    clock = Clock()
    collector = Collector(60, clock)
    rng = random.Random(5)
    for number in range(1_500):
        collector.add(quarantined(f"u{number}", f"{rng.randrange(10**12):012d}"))
    for number in range(40):
        collector.add(quarantined(f"u{number}"))
    clock.now += 60
    batch = collector.add(recorded("heartbeat"))
    assert batch is not None
    assert len(batch["signals"]) == batches.MOST_SIGNALS
    # 131,072 bytes are the most that Linux takes as one argument.
    assert len(json.dumps(batch)) < 100_000
    assert len(batch["lost"]) == batches.MOST_LOST_SENT
    # Nothing is lost without a number.
    sent, left = sum(count for *_place, count in batch["lost"]), sum(collector.lost.values())
    assert len(batch["signals"]) + len(collector.waiting) + sent + left == 1_539
    assert len(collector.waiting) <= 1_000


def test_a_batch_of_the_longest_signals_fits_into_an_argument() -> None:
    clock = Clock()
    collector = Collector(60, clock)
    collector.last = clock()
    subject = max(SUBJECTS, key=len)
    for number in range(batches.MOST_SIGNALS):
        given = Signal(f"{number:012d}", subject, "f" * 32, NOW, f"AKIA{number:0124d}", hash_resource("arn"))
        # A stranger can write each of these fields so.
        assert Signal.from_dict(given.as_dict()) == given
        collector.keep(given)
    found, sizes = list[str](), list[int]()
    while collector.waiting:
        clock.now += 60
        batch = collector.add(recorded("heartbeat"))
        assert batch is not None
        sizes.append(len(json.dumps({"hardening_events": batch}).encode()))
        found += users(batch)
    assert len(sizes) > 1
    # 131,072 bytes are the most that Linux takes as one argument.
    assert max(sizes) < 110_000
    assert found == [f"AKIA{number:0124d}" for number in range(batches.MOST_SIGNALS)]


def test_one_place_has_few_signals_and_the_batch_counts_the_others() -> None:
    clock = Clock()
    collector = Collector(60, clock)
    for number in range(100):
        collector.add(quarantined(f"u{number}"))
    assert len(collector.waiting) == batches.MOST_OF_PLACE
    clock.now += 60
    batch = collector.add(recorded("heartbeat"))
    assert batch is not None
    # The first one went at once.
    assert batch["lost"] == [[A, "aws_quarantine", 99 - batches.MOST_OF_PLACE]]
    assert read_batch(batch).lost == {(A, "aws_quarantine"): 99 - batches.MOST_OF_PLACE}
    assert collector.lost == {}


def test_a_flood_of_another_kind_leaves_room_for_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_WAITING", 5)
    collector = Collector(60, Clock())
    collector.last = 100.0
    for number in range(50):
        collector.add(recorded("sign_in", account=f"{number:012d}"))
    collector.add(quarantined("real"))
    assert [signal.credential for signal in collector.waiting if signal.kind is Kind.CREDENTIAL] == ["user/real"]
    assert collector.ignored[Dropped.TOO_MANY] == 45


def test_keys_of_other_accounts_leave_their_room_to_those_of_the_account() -> None:
    collector = Collector(60, Clock())
    collector.last = 100.0
    own, *others = keys_of(A, [1]) + keys_of(A, range(50), of=B)
    for signal_ in [*others, own]:
        collector.keep(signal_)
    assert own in collector.waiting
    assert collector.ignored[Dropped.OTHER_ACCOUNT] == 51 - batches.MOST_OF_PLACE
    assert not collector.lost


def test_where_too_many_accounts_lose_signals_the_number_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_OF_PLACE", 0)
    monkeypatch.setattr(batches, "MOST_LOST", 3)
    collector = Collector(60, Clock())
    for number in range(10):
        collector.keep(Signal(f"{number:012d}", "aws_quarantine", "f" * 32, NOW, "user/x"))
    assert (len(collector.lost), collector.ignored) == (3, {Dropped.LOST: 7})


def test_an_event_about_very_many_keys_loses_none_without_a_number() -> None:
    event = recorded("health")
    event["detail"]["affectedEntities"] = [{"entityValue": f"AKIA{number:016d}"} for number in range(250)]
    reading = read_event(event)
    assert len(reading.signals) + sum(reading.lost.values()) == 250


def test_accounts_that_are_not_known_are_not_kept() -> None:
    collector = Collector(60, Clock(), accounts=frozenset({B}))
    assert collector.add(quarantined("a")) is None
    assert users(collector.add(quarantined("b", B))) == ["user/b"]


def test_a_batch_is_checked_like_an_event() -> None:
    whole = Collector(60, Clock()).add(quarantined("a"))
    assert whole is not None
    assert [signal.credential for signal in read_batch(whole).signals] == ["user/a"]
    for hostile in (None, [], "x", {"signals": 1}, {"ignored": {}}, {"signals": None, "ignored": [1]}):
        assert read_batch(hostile).ignored[Ignored.MALFORMED] == 1
    reading = read_batch({"signals": [whole["signals"][0], {"account_id": "{{ 1 }}"}, 7], "ignored": {"{{ 1 }}": 5}})
    assert len(reading.signals) == 1
    assert +reading.ignored == {Ignored.MALFORMED: 2}
    counts = read_batch({"signals": [], "ignored": {Ignored.SAMPLE: 4, Ignored.OTHER: -1, Ignored.OWN_CHANGE: True}})
    assert +counts.ignored == {Ignored.SAMPLE: 4}
    many = read_batch({"signals": whole["signals"] * 1_000})
    assert len(many.signals) == batches.MOST_SIGNALS
    assert many.lost == {(A, "aws_quarantine"): 1_000 - batches.MOST_SIGNALS}
    lost = [[A, "aws_quarantine", 3], [A, "IAM.5", 3], ["{{ 1 }}", "aws_quarantine", 3], [A, "aws_quarantine", -1], 7]
    hostile = read_batch({"signals": [], "lost": lost})
    assert hostile.lost == {(A, "aws_quarantine"): 3}
    assert hostile.ignored[Ignored.MALFORMED] == 4
    assert read_batch({"signals": [], "lost": "x"}).ignored[Ignored.MALFORMED] == 1


def test_the_filter_replaces_the_event() -> None:
    main: Callable[..., t.Any] = runpy.run_path(str(FILTER))["main"]
    found = main({"body": quarantined("a"), "meta": {"MessageId": "1"}})
    assert list(found) == ["hardening"]
    assert found["hardening"]["start"] is True
    assert users(found["hardening"]["events"]) == ["user/a"]
    assert main({"text": "{{ 1 }}"}) == {"hardening": {"start": False, "events": {}}}


def test_the_filter_reads_the_accounts_of_a_file(tmp_path: Path) -> None:
    main: Callable[..., t.Any] = runpy.run_path(str(FILTER))["main"]
    path = tmp_path / "accounts"
    path.write_text(f"{B}\n")
    assert main({"body": quarantined("a")}, accounts_file=str(path))["hardening"]["start"] is False
    assert main({"body": quarantined("b", B)}, accounts_file=str(path))["hardening"]["start"] is True


def test_the_filter_needs_neither_ansible_nor_boto3() -> None:
    program = (
        "import runpy, sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('ansible', 'ansible_collections', 'boto3', 'botocore', 'yaml'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        f"print(runpy.run_path({str(FILTER)!r})['main']({{}}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "'start': False" in done.stdout


# The agenda


def signal(resource: str, account: str = A) -> Signal:
    return Signal(account, "IAM.5", hash_resource(resource), NOW)


def test_the_agenda_survives_its_file(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    rules = Rules(frozenset({A, B}))

    def change(agenda: Agenda) -> Agenda:
        agenda.start(NOW)
        agenda.take([signal("a"), signal("b", B), signal("c", "999999999999")], rules, NOW)
        agenda.choose(rules, NOW, "run-1")
        agenda.take([Signal(A, "aws_quarantine", hash_resource("d"), NOW, "user/d")], rules, NOW)
        agenda.counts = +agenda.counts
        return agenda

    written = change_agenda(store, change)
    found, _version = read_agenda(store)
    assert found == written
    assert len(found.plans) == 2


def test_several_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    rules = Rules(frozenset({A}))
    total = 8

    def work(number: int) -> None:
        change_agenda(store, lambda agenda: agenda.take([signal(f"r{number}")], rules, NOW))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(total)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [entry] = read_agenda(store)[0].waiting.values()
    assert entry.count == total


WHOLE: t.Final = {"schema": "hardening.iam/events/1", "plans": [], "made": [], "waiting": [], "counts": {}}


@pytest.mark.parametrize(
    "wrong",
    [
        b"{",
        b"[]",
        b"null",
        json.dumps({**WHOLE, "counted_since": None, "schema": "x"}).encode(),
        json.dumps({**WHOLE}).encode(),
        json.dumps({**WHOLE, "counted_since": None, "plans": [{"account_id": A}]}).encode(),
        json.dumps({**WHOLE, "counted_since": None, "made": [["2026-11-28T00:00:00Z", A, "{{ evil }}"]]}).encode(),
        json.dumps({**WHOLE, "counted_since": None, "counts": []}).encode(),
        json.dumps({**WHOLE, "counted_since": "now"}).encode(),
    ],
    ids=range(9),
)
def test_a_malformed_agenda_begins_no_plan(tmp_path: Path, wrong: bytes) -> None:
    store = DirectoryStore(str(tmp_path))
    store.put(KEY, wrong)
    with pytest.raises(StoreError, match=r"malformed, so no plan is begun.\nFind out who wrote there"):
        change_agenda(store, lambda _agenda: None)
    assert store.get(KEY) == wrong


def test_the_notice_is_one_text() -> None:
    agenda = Agenda(counts=Counter({str(Ignored.OTHER): 9_000}), counted_since=NOW)
    rules = Rules(frozenset(f"{number:012d}" for number in range(60)))
    agenda.take([signal("x", account) for account in sorted(rules.accounts)], rules, NOW)
    begun = agenda.choose(rules, NOW, "run-1")
    lines = describe(agenda, begun).splitlines()
    assert lines[0] == "Events: 2 plans begun."
    assert lines[1] == "  - account 000000000000: IAM.5"
    assert lines[3] == "WAITING for a later hour, 58 in all. The nightly run reads these accounts as well:"
    assert lines[-2] == "  - and 38 more"
    assert lines[-1] == "IGNORED since 2026-11-28T12:00:00Z: 9000 of another kind."
