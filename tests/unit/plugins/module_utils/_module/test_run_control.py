# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The place of the journal is proven before a lease is taken there, and its clock compared."""

from __future__ import annotations

import os
import subprocess
import sys
import types
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import GuardError
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.fleet_caps import Caps, FleetCaps
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.holders import name_process
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import Permit
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.stop_switch import KEY as STOP
from ansible_collections.hardening.iam.plugins.module_utils._module.incidents import Incidents
from ansible_collections.hardening.iam.plugins.module_utils._module.options import Run
from ansible_collections.hardening.iam.plugins.module_utils._module.run_control import RunControl
from ansible_collections.hardening.iam.plugins.module_utils._module.run_files import RunFiles

from .._converge.fakes import ACCOUNT, CALLER, JOB, NOW, RUN, FakeStore


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    return RunFiles(tmp_path / "files", b"secret")


ACCESS: t.Final[t.Any] = types.SimpleNamespace(
    caller=types.SimpleNamespace(arn=CALLER), partition="aws", longest_write=35.0
)


class Control:
    """The control of one module, and the warnings of its task."""

    def __init__(self, store: FakeStore, files: t.Optional[RunFiles] = None, **fields: t.Any) -> None:
        self.warnings: list[str] = []
        emergency = fields.pop("emergency", False)
        given = {"process": name_process(), **fields}
        self.control = RunControl(
            store=store,
            account_id=ACCOUNT,
            module="password_policy",
            run=Run(id=RUN, job_id=JOB, mode="enforce", check_mode=False, started=NOW, **given),
            permit=Permit(),
            clock=lambda: NOW,
            warn=self.warnings.append,
            caps=FleetCaps(store, RUN, Caps(), sleep=lambda _seconds: None),
            incidents=Incidents(store, self.warnings.append),
            sleep=lambda _seconds: None,
            emergency=emergency,
            files=files,
        )

    def hold(self) -> None:
        with self.control.hold_lease(ACCESS):
            pass


def count_probes(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    probes: list[str] = []
    find = store.find_ignored_condition

    def count(key: str) -> str:
        probes.append(key)
        return find(key)

    monkeypatch.setattr(store, "find_ignored_condition", count)
    return probes


def test_the_place_is_tried_once_a_run(store: FakeStore, files: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    probes = count_probes(store, monkeypatch)
    for _module in range(3):
        Control(store, files).hold()
    assert probes == ["control/leases/probe"]
    # Another place is another matter.
    other = FakeStore()
    other.location = "s3://journal/other"
    others = count_probes(other, monkeypatch)
    Control(other, files).hold()
    assert others == ["control/leases/probe"]
    # So is a module outside of the process of Ansible.
    Control(store).hold()
    assert len(probes) == 2


def test_a_place_that_ignores_conditions_gives_no_lease(store: FakeStore, files: RunFiles) -> None:
    store.ignores = True
    for _module in range(2):
        with pytest.raises(GuardError) as caught:
            Control(store, files).hold()
        first, step = str(caught.value).splitlines()
        assert "journal (hardening_journal): s3://journal/iam can't keep two jobs apart: it ignores If-None-" in first
        assert step.startswith("Set hardening_journal to S3 of AWS")
    assert not any(key.endswith(".json") for key in store.objects)


def test_a_containment_is_warned_and_goes_on(store: FakeStore, files: RunFiles) -> None:
    store.ignores = True
    contains = Control(store, files, emergency=True)
    contains.hold()
    assert any("can't keep two jobs apart" in warning for warning in contains.warnings)


@pytest.mark.parametrize(
    ("ahead", "words"), [(17, "is 17 minutes ahead of that"), (-17, "is 17 minutes behind that"), (1, ""), (-1, "")]
)
def test_a_clock_that_is_off_is_named(store: FakeStore, ahead: int, words: str) -> None:
    store.now = NOW - timedelta(minutes=ahead)
    control = Control(store)
    control.hold()
    assert [words in warning for warning in control.warnings] == ([True] if words else [])


def test_the_lease_of_a_killed_process_is_taken_over_with_a_line(
    store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as child:
        first = Control(store, process=name_process("ci-1", child.pid))
        with monkeypatch.context() as patched:
            patched.setattr(os, "getpid", lambda: child.pid)
            first.control.acquire(first.control.make_lease(ACCESS, ACCOUNT, keeps=False), ACCOUNT)
        with pytest.raises(GuardError, match="writes in account"):
            Control(store).hold()
        child.kill()
    second = Control(store)
    second.hold()
    (warning,) = second.warnings
    assert warning.startswith(f"this run took over the lease of account {ACCOUNT} from run {RUN} (job {JOB} on ci-1)")
    assert f"its process {child.pid} on this machine has ended" in warning


def test_a_stop_switch_that_can_not_be_read_stops_and_fails(store: FakeStore) -> None:
    store.objects[STOP] = b""
    store.lost = True
    with pytest.raises(GuardError, match="can't be read, which counts as set"):
        Control(store).control.find_stop()
