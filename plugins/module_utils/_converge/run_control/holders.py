# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The jobs that hold leases: the one that wants a lease, and what a lease says of the one that has it."""

from __future__ import annotations

import dataclasses
import os
import platform
import re
import secrets
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime

from ..._account.moments import parse_moment
from ..errors import InputError
from ..incident.names import MODULES as CONTAINING
from ..journal import check_run_id
from ..parsing import parse
from ..store import Versioned
from .processes import name_pid

SCHEMA: t.Final = "hardening.iam/lease/1"
_TEXTS: t.Final = ("process", "module", "caller_arn", "host", "worker")
_SESSION: t.Final = re.compile(r"(arn:[^:]+:sts::[0-9]*:assumed-role/[^/]+)/.*", re.ASCII)
# What an id of a run is made of where nobody gave one: a number of AWX, or the time of the start.
_MADE_ID: t.Final = re.compile(r"[0-9]+|[0-9]{8}T[0-9]{6}Z.*", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Holder:
    """The job that wants the lease. ``details`` are those of a run that help to find it: job, author, job URL.

    ``keeps`` says that the lease outlives the task, so that the next task of the job goes on under it. ``process`` is
    the name of the process of Ansible. Two AWX controllers with one journal may have jobs with the same number.
    ``host`` is where the ids of processes mean something, and ``worker`` the process that writes; both may be empty.
    """

    run_id: str
    job_id: str
    module: str
    caller_arn: str
    details: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    keeps: bool = False
    process: str = ""
    host: str = ""
    worker: str = ""

    @property
    def has_given_id(self) -> bool:
        """Whether somebody gave the run its id. Two controllers of AWX, and two runs at once, may make the same one."""
        return not _MADE_ID.fullmatch(self.run_id)

    def is_same_job(self, held: Held) -> bool:
        """Whether an earlier module of this very job holds the lease."""
        return (self.run_id, self.job_id, self.process) == (held.run_id, held.job_id, held.process)


@dataclasses.dataclass(frozen=True)
class Held:
    """A lease as it is kept. ``expires`` is by the clock of the store, that of an own lease by the own clock.

    ``taken_from`` are the processes that lost it, and ``taken_because`` says why it was taken before its end.
    """

    fence: int
    run_id: str
    job_id: str
    expires: datetime
    is_released: bool
    author: str = ""
    is_kept: bool = False
    process: str = ""
    module: str = ""
    caller_arn: str = ""
    host: str = ""
    worker: str = ""
    taken_from: tuple[str, ...] = ()
    taken_because: str = ""

    @property
    def processes(self) -> tuple[str, str]:
        """The process of Ansible, and the one that wrote: one may be killed without the other."""
        return self.process.rpartition("-")[2], self.worker

    @property
    def is_of_containment(self) -> bool:
        """Whether a module holds it that contains principals or releases them."""
        return self.module in CONTAINING

    def holds_at(self, moment: datetime) -> bool:
        """Whether nobody else may write at this moment."""
        return not self.is_released and moment < self.expires

    def describe(self) -> str:
        """Name the job and the person behind it."""
        by = f" of {self.author}" if self.author else ""
        place = _as_name(self.process.rpartition("/")[0])
        return f"run {self.run_id} (job {self.job_id}{by}{f' on {place}' if place else ''})"


def parse_lease(found: Versioned, account: Mapping[str, str]) -> Held:
    """Parse the lease of an account, which ends by the clock of the store.

    :raises ValueError: it is none, or of another account.
    """
    try:
        record = parse(found.content)
        if record["schema"] != SCHEMA or any(record[name] != value for name, value in account.items()):
            raise ValueError("it is of another account or kind")
        fence, is_released = record["fence"], record["released"]
        if type(fence) is not int or fence < 1 or type(is_released) is not bool:
            raise ValueError("fence or released is malformed")
        run_id, job_id = (check_run_id(record[name]) for name in ("run_id", "job_id"))
        lasts = parse_moment(record["expires"]) - parse_moment(record["written"])
        texts = {name: str(record.get(name) or "") for name in _TEXTS}
        return Held(
            fence=fence,
            run_id=run_id,
            job_id=job_id,
            expires=found.written.astimezone(UTC) + lasts,
            is_released=is_released,
            author=_as_name(record.get("author")),
            is_kept=record.get("kept") is True,
            taken_from=tuple(map(str, record.get("taken_from") or ())),
            **texts,
        )
    except (InputError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(str(error) or repr(error)) from error


def name_process(place: str = "", pid: t.Optional[int] = None) -> str:
    """A name for a process of Ansible, which no other has. It begins with the ``place``: the machine, or AWX.

    It ends with the id and the start of the process, as far as they are known; by default those of this one.
    """
    process = name_pid(os.getpid() if pid is None else pid)
    return f"{place or platform.node() or 'unknown'}/{secrets.token_hex(8)}-{process}"


def name_principal(arn: str) -> str:
    """Name the user, or the role without its session, which each job names in another way."""
    match = _SESSION.fullmatch(arn)
    return match[1] if match else arn


def _as_name(value: t.Any) -> str:
    """A name for a message, without what could forge lines of a terminal."""
    return "".join(filter(str.isprintable, value))[:80] if isinstance(value, str) else ""
