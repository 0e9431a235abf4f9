# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control import processes

SLEEP: t.Final = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def child() -> Iterator[int]:
    """The id of a process that runs until it is killed."""
    pid = os.posix_spawn(SLEEP[0], SLEEP, os.environ)
    yield pid
    if processes.name_pid(pid):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_process_that_runs_is_found_by_id_and_start(child: int) -> None:
    name = processes.name_pid(child)
    assert name.partition(".")[0] == str(child)
    assert processes.find_process(name) == Yes(name)
    # Another process had the id before, when this one had not started.
    assert processes.find_process(f"{child}.1") == NO


def test_a_process_that_was_killed_has_ended(child: int) -> None:
    name = processes.name_pid(child)
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    # Its parent has not asked how it ended: it is still listed.
    assert processes.find_process(name) == NO
    os.waitpid(child, 0)
    assert processes.find_process(name) == NO
    assert processes.name_pid(child) == ""


@pytest.mark.parametrize("name", ["", "7", "0.1", "-1.5", "7.x", "7.1.2", "99999999999.1", "7.1\n"])
def test_what_names_no_process_is_unknown(name: str) -> None:
    assert isinstance(processes.find_process(name), Unknown)


def test_a_process_of_another_user_is_there(child: int, monkeypatch: pytest.MonkeyPatch) -> None:
    name = processes.name_pid(child)

    def refuse(_pid: int, _signal: int) -> t.NoReturn:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert processes.find_process(name) == Yes(name)


def test_a_process_that_can_not_be_looked_at_is_unknown(child: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems may hide the processes of other users, and some have no /proc."""
    name = processes.name_pid(child)

    def refuse(_path: Path, **_keywords: t.Any) -> t.NoReturn:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", refuse)
    assert isinstance(processes.find_process(name), Unknown)
    assert processes.name_pid(child) == processes.find_host() == ""


@pytest.mark.parametrize(
    ("state", "threads", "has_ended"),
    [("S", 1, False), ("Z", 1, True), ("Z", 0, True), ("X", 1, True), ("Z", 2, False)],
)
def test_the_name_of_a_process_forges_nothing(
    monkeypatch: pytest.MonkeyPatch, state: str, threads: int, has_ended: bool
) -> None:
    """A process chooses its name. One whose first thread has ended runs on."""
    fields = " ".join([state, *["0"] * 16, str(threads), "0", "900", "0"])
    text = f"70 (a) Z 0 0 (b) {fields}\n"
    monkeypatch.setattr(Path, "read_text", lambda _path, **_keywords: text)
    monkeypatch.setattr(os, "kill", lambda _pid, _signal: None)
    assert processes.find_process("70.900") == (NO if has_ended else Yes("70.900"))


def test_the_host_is_named_by_its_start_and_its_container() -> None:
    start = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    assert processes.find_host().endswith(f"/{start}/{os.readlink('/proc/self/ns/pid')}")
