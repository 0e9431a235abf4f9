# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The seconds from the id of a leaked key to the last denied credential in three accounts, while an intruder works."""

from __future__ import annotations

import itertools
import time
import typing as t
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from intruder import Intruder

from emulator.client import EmulatorProcess

from .table import show
from .workload import Runner

#: Seconds until the last denial before the re-check, on an idle machine.
MOST_SECONDS: t.Final = 60.0
RECHECK_SECONDS: t.Final = 30
DENIALS: t.Final = frozenset({"UpdateAccessKey", "AttachUserPolicy", "PutUserPolicy", "PutRolePolicy"})


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    """The world of the leaked key: changes are noticed after four seconds, and events are fifteen minutes late."""
    with EmulatorProcess(seed="incident") as process:
        yield process


def test_a_leaked_key_is_contained_within_a_minute(
    runner: Runner, checkout: Path, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    declared = yaml.safe_load((checkout / "examples" / "incident.yml").read_text(encoding="utf-8"))
    variables = {
        **declared,
        "compromise_response_confirm": declared["hardening_incident"]["id"],
        "compromise_response_recheck_seconds": RECHECK_SECONDS,
        "hardening_journal": str(tmp_path / "journal"),
    }
    hosts = yaml.safe_load((checkout / "examples" / "inventory" / "demo_incident.yml").read_text(encoding="utf-8"))
    with Intruder(emulator.url, interval=1.0) as intruder:
        begun = datetime.now(UTC)
        playbook = checkout / "playbooks" / "contain.yml"
        # Every account has a fork, or some would wait for others.
        # It fails for the key that the intruder made for somebody else, and names that.
        run = runner.playbook(
            playbook, inventory=hosts, aws=emulator.env(), forks=len(hosts), variables=variables, expected=(0, 2)
        )
        ended = time.monotonic()
    denials = list_denials(emulator, begun)
    before = list_before_pause(denials)
    named = " ".join(run.output.partition("NOT DENIED:")[2].split())
    able = [one.key_id for one, _action in intruder.find_able() if one.key_id not in named]
    rows = [
        ("first denial", denials[0]),
        ("last denial before the re-check", before[-1]),
        ("denials", len(denials)),
        ("credentials of the intruder", len(intruder.credentials)),
        ("that can still do something, and are not named", len(able)),
    ]
    show("Containment in three accounts", ("", "seconds or number"), rows)
    assert [one for one in intruder.succeeded(since=ended) if one.key_id not in named] == []
    assert able == []
    assert before[-1] < MOST_SECONDS


def list_denials(emulator: EmulatorProcess, begun: datetime) -> list[float]:
    """List when each denial took effect, in seconds from the beginning."""
    log = [record for record in emulator.control.log() if record["operation"] in DENIALS and record["status"] == 200]
    own = [record for record in log if "/automation-containment/" in record["caller_arn"]]
    return sorted((datetime.fromisoformat(record["time"]) - begun).total_seconds() for record in own)


def list_before_pause(seconds: Sequence[float]) -> list[float]:
    """List those before the pause that comes before the last pass."""
    found = list(seconds[:1])
    for one, other in itertools.pairwise(seconds):
        if other - one >= RECHECK_SECONDS:
            break
        found.append(other)
    return found
