# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A declaration of every module that writes, the account it is made for, and the means to kill its run at each write.

A module that joins adds its state to ACCOUNT_SEED, and its task to TASKS.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import typing as t
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import boto3
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome as Ending
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import find_interrupted, read_recorded
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules import access_key_lifecycle, password_policy, rollback
from dates import noon_in
from emulator.client import Emulator

from .conftest import MANAGEMENT, Record, operation_of

SEED: t.Final[Record] = {
    "management_account": MANAGEMENT,
    "accounts": {
        MANAGEMENT: {
            "name": "interrupted",
            "password_policy": {"minimum_length": 8, "require_numbers": True},
            "users": {
                f"robot-{number:02}": {"access_keys": [{"age_days": 400, "last_used_days": 200}]}
                for number in range(1, 11)
            },
        }
    },
}
# The notices were sent on the first day; their grace is over on the second.
NOTICED, NOW = noon_in(1400), noon_in(1431)
# Notices come before the run that is interrupted.
RUN, NOTICES = "run", "notices"
LONG: t.Final = 300.0


@dataclasses.dataclass(frozen=True)
class Job:
    """A task of the play: a module and its options."""

    entry: Entry
    options: Record


_UNCAPPED: t.Final = {"max_changes": 1000, "max_percent": 100}
KEYS: t.Final = Job(access_key_lifecycle.ENTRY, {"notify": "none", **_UNCAPPED})
POLICY: t.Final = Job(
    password_policy.ENTRY,
    {
        "minimum_password_length": 14,
        "require_symbols": True,
        "require_numbers": True,
        "require_uppercase_characters": True,
        "require_lowercase_characters": True,
    },
)
TASKS: t.Final = (POLICY, KEYS)
# Ten keys, each with its tag and its status, and the password policy.
WRITES: t.Final = 21


class Bench:
    """The account on the emulator, and the runs in it. ``journal`` is the present run's own."""

    def __init__(self, control: Emulator, directory: Path) -> None:
        self.control = control
        self.iam = boto3.client("iam")
        self.base = directory / "base"
        self.journal = directory / "journal"
        self.base_state = ""
        self._snapshot: int | None = None

    def make_base(self) -> None:
        """Make the account and the journal where the run begins: the notices are given."""
        self.control.reset(SEED)
        self.journal = self.base
        self.run(KEYS, now=NOTICED, run_id=NOTICES)
        self.base_state = self.state()
        self._snapshot = self.control.snapshot()

    def to_base(self) -> None:
        """Bring account and journal to where the run begins."""
        assert self._snapshot is not None
        self.control.restore(self._snapshot)
        self.journal = self.base.with_name("journal")
        shutil.rmtree(self.journal, ignore_errors=True)
        shutil.copytree(self.base, self.journal)
        self.control.clear_log()

    def assert_at_base(self) -> None:
        """The account is where the run began, byte for byte."""
        assert self.state() == self.base_state

    # Runs

    def run(self, *jobs: Job, now: str = NOW, run_id: str = RUN) -> None:
        """Run tasks one after the other, as a play does. Raises RuntimeError with the message of one that fails."""
        for job in jobs:
            options = {**job.options, "run_id": run_id}
            if "now" in job.entry.argument_spec():
                options["now"] = now
            self.result(job.entry, **options)

    def declare(self, run_id: str = RUN) -> None:
        """The whole declaration."""
        self.run(*TASKS, run_id=run_id)

    def undo(self, undone: str = RUN, run_id: str = "back", **options: t.Any) -> Record:
        """Take a run back, and return the result of that."""
        return self.result(rollback.ENTRY, undo_run_id=undone, run_id=run_id, **options)

    def result(self, entry: Entry, **options: t.Any) -> Record:
        spec = {**aws_argument_spec(), **entry.argument_spec()}
        validation = ArgumentSpecValidator(spec).validate(
            {"account_id": MANAGEMENT, "journal": str(self.journal), **self._break_lease(options), **options}
        )
        if validation.error_messages:
            raise RuntimeError("; ".join(validation.error_messages))
        result = execute(entry, options=validation.validated_parameters, check_mode=False)
        if result.get("failed"):
            raise RuntimeError(result["msg"])
        return result

    def _break_lease(self, options: Record) -> Record:
        """The option that breaks the lease of a run that was killed, which is known to have ended here."""
        place = self.journal / "control" / "leases" / "aws" / f"{options.get('account_id', MANAGEMENT)}.json"
        return {"break_lease": json.loads(place.read_text(encoding="utf-8"))["run_id"]} if place.exists() else {}

    def killed(self, run: Callable[[], t.Any], *, write: int, after: bool) -> None:
        """Run in a process of its own, and kill that where its n-th write arrives, or has just taken effect."""
        kill_at_write(self.control, run, write=write, after=after)

    # What there is

    def state(self) -> str:
        """All of the account's IAM that a run could change, as canonical JSON."""
        return canonical(iam_state(self.iam))

    @property
    def writes(self) -> list[str]:
        """The writes that took effect since the log was cleared, each with what it was about."""
        return [
            f"{operation_of(record)} {comparable(canonical(record['parameters']))}"
            for record in self.control.log()
            if not record["read_only"] and record["status"] == 200
        ]

    def open_changes(self) -> list[tuple[str, str]]:
        """The recorded changes of which the journal does not say how they ended, by run and target."""
        found = find_interrupted(DirectoryStore(str(self.journal)), MANAGEMENT)
        return [(intent.run_id, intent.change.target) for intent in found]

    def endings(self, run_id: str = RUN) -> list[Ending]:
        """How the recorded changes of a run ended."""
        return [ending for _intent, ending in read_recorded(DirectoryStore(str(self.journal)), MANAGEMENT, run_id)]


def kill_at_write(control: Emulator, run: Callable[[], t.Any], *, write: int, after: bool) -> None:
    """Run in a process of its own, and kill that where its n-th write arrives, or has just taken effect.

    The process is forked, as Ansible forks its workers.
    """
    control.faults([{"kind": "hold", "read_only": False, "skip": write - 1, "times": 1, "after": after}])
    child = os.fork()
    if child == 0:
        try:
            run()
        finally:
            # Neither pytest nor anything else of the parent goes on here.
            os._exit(0)
    held = control.wait_until_held(LONG)
    os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    control.clear_faults()
    assert held
    assert os.WIFSIGNALED(status)


def canonical(value: t.Any) -> str:
    """``value`` as JSON in which order and spelling mean nothing."""
    return json.dumps(value, sort_keys=True, default=str)


def comparable(text: str) -> str:
    """``text`` without what differs between two starts of the emulator and two runs: dates, unique ids and run ids."""
    return re.sub(r'"(CreateDate|UserId)": "[^"]*"|run=[\w.:-]+', "", text)


def iam_state(iam: t.Any) -> Record:
    """The account's IAM through the public API. When a role or a password was last used is no part of it."""
    pages = list(iam.get_paginator("get_account_authorization_details").paginate())
    state: Record = {
        kind: [_steady(item) for page in pages for item in page[kind]]
        for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    }
    state["password_policy"] = _or_none(iam.get_account_password_policy, iam, "PasswordPolicy")
    state["users"] = {user["UserName"]: _user_state(iam, user["UserName"]) for user in state["UserDetailList"]}
    return state


def _steady(item: Mapping[str, t.Any]) -> Record:
    kept = {name: value for name, value in item.items() if name not in ("RoleLastUsed", "PasswordLastUsed")}
    # A policy that is attached again comes last, which means nothing.
    return {name: _sorted(value) if name == "AttachedManagedPolicies" else value for name, value in kept.items()}


def _user_state(iam: t.Any, user: str) -> Record:
    return {
        "keys": _sorted(iam.list_access_keys(UserName=user)["AccessKeyMetadata"]),
        "password": _or_none(lambda: iam.get_login_profile(UserName=user), iam, "LoginProfile"),
    }


def _sorted(items: Sequence[Mapping[str, t.Any]]) -> list[Mapping[str, t.Any]]:
    return sorted(items, key=canonical)


def _or_none(call: Callable[[], Mapping[str, t.Any]], iam: t.Any, member: str) -> t.Any:
    try:
        return call()[member]
    except iam.exceptions.NoSuchEntityException:
        return None
