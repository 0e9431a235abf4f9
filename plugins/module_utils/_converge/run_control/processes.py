# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Processes of this machine by id and start time, so that a lease whose writer was killed is known as such.

A process is named ``<id>.<start>``, with the start in clock ticks since the machine started: ids are used again. See
``/proc/<id>/stat`` in https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html. Where there is no such file, nothing
is known of a process.
"""

from __future__ import annotations

import os
import platform
import re
import typing as t
from pathlib import Path

from ..._account.answer import NO, Answer, Unknown, Yes

_NAME: t.Final = re.compile(r"([1-9][0-9]{0,9})\.([0-9]{1,20})", re.ASCII)
# The fields of the file behind the name in parentheses: the state, the number of threads, and the start.
_STATE, _THREADS, _START = 0, 17, 19
# A zombie has ended, and waits for its parent to ask how. A process whose first thread has ended looks like one.
_ENDED: t.Final = frozenset({"Z", "X", "x"})


def find_host() -> str:
    """Where ids of processes mean the same: the machine since its start, and the container. Empty if not known.

    Containers may share the name of a host, and a machine that started again has other processes.
    """
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{platform.node()}/{start}/{os.readlink('/proc/self/ns/pid')}"
    except (OSError, ValueError):
        return ""


def name_pid(pid: int) -> str:
    """Name a process of this machine that runs; empty if its start is not known."""
    try:
        return f"{pid}.{_read_fields(pid)[_START]}"
    except (OSError, ValueError, IndexError):
        return ""


def find_process(name: str) -> Answer[str]:
    """Find a process of this host. ``No``: it has ended, or another one has its id now."""
    match = _NAME.fullmatch(name)
    if not match:
        return Unknown(f"{name!r} is no id of a process with its start")
    pid, start = int(match[1]), match[2]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return NO
    except PermissionError:
        # It is there, and belongs to another user.
        pass
    except (OSError, OverflowError) as error:
        return Unknown(f"process {pid}: {error}")
    try:
        fields = _read_fields(pid)
        is_zombie = fields[_STATE] in _ENDED and int(fields[_THREADS]) <= 1
        return NO if is_zombie or fields[_START] != start else Yes(name)
    except (OSError, ValueError, IndexError) as error:
        return Unknown(f"process {pid} can't be looked at: {error}")


def _read_fields(pid: int) -> list[str]:
    """Read the state of a process, and what follows it. Its name may have spaces and parentheses."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
