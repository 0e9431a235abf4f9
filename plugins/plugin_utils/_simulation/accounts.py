# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The simulation of one account: both declarations on one snapshot, and what is different between them."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from ...module_utils._account.moments import format_utc
from ...module_utils._converge.change import content_hash
from ...module_utils._converge.store import Store, StoreError
from ...module_utils._module.recording import Recording, RecordingError, recording_key
from ...module_utils._report.states import PLANNED
from .declared import Declaration, Rendered
from .playing import NOT_SIMULATED, Outcome, Unplayable, count_changes, fail, make_arguments, play_role, skip

# A planned change is read before it is made, made, and read again: https://docs.aws.amazon.com/IAM/latest/UserGuide/
# troubleshoot.html#troubleshoot_general_eventual-consistency
CALLS_OF_A_CHANGE: t.Final = 3
SECONDS_OF_A_CHANGE: t.Final = 1.5


@dataclasses.dataclass(frozen=True)
class Side:
    """A declaration, and the directory in which ansible-playbook would be called for it: relative paths start there."""

    declaration: Declaration
    directory: str


@dataclasses.dataclass(frozen=True)
class Simulator:
    """Simulates accounts one by one. ``now`` is what is declared today, if that is known."""

    wanted: Side
    now: t.Optional[Side]
    open_snapshots: Callable[[], Store]
    moment: datetime
    max_age: timedelta

    def simulate(self, index: int) -> dict[str, t.Any]:
        """The document of the account of the host ``index``. It never raises: an account must not stop the others."""
        host = self.wanted.declaration.hosts[index]
        document: dict[str, t.Any] = {"host": host.name, "account_id": "", "state": "refused", "reason": ""}
        try:
            account_id = self.wanted.declaration.account_of(host)
            if account_id is None:
                return {**document, "reason": "the host declares no aws_account_id"}
            document["account_id"] = account_id
            return {**document, **self._simulate(host, account_id)}
        except (RecordingError, StoreError, ValueError) as error:
            return {**document, "reason": str(error)}
        except Exception as error:  # noqa: BLE001
            # What is in a snapshot or in a declaration may meet a defect of a module.
            return {**document, "reason": f"the simulation failed: {error!r}"[:500]}

    def _simulate(self, host: t.Any, account_id: str) -> dict[str, t.Any]:
        snapshot = self._load(account_id)
        wanted = self._play(self.wanted, host, snapshot, {})
        before = self._find_now(host.name, account_id)
        known = {task.role: (digest, outcome) for task, digest, outcome in wanted}
        now = None if self.now is None else self._play(self.now, before, snapshot, known) if before else []
        outcomes = [outcome for _task, _digest, outcome in wanted]
        planned = count_changes(outcomes)[PLANNED]
        calls = sum(outcome["calls"] for outcome in outcomes)
        return {
            "state": "simulated",
            "recorded": format_utc(snapshot.recorded),
            "roles": outcomes,
            "counts": count_changes(outcomes),
            "calls": calls + planned * CALLS_OF_A_CHANGE,
            "seconds": round(snapshot.seconds + planned * SECONDS_OF_A_CHANGE, 1),
            **_compare(None if now is None else [outcome for _task, _digest, outcome in now], outcomes),
        }

    def _load(self, account_id: str) -> Recording:
        content = self.open_snapshots().get(recording_key(account_id))
        if content is None:
            raise RecordingError("there is no snapshot of the account")
        try:
            snapshot = Recording.from_bytes(content, account_id=account_id)
            snapshot.check_age(self.moment, self.max_age)
        except RecordingError as error:
            raise RecordingError(f"the snapshot is not used: {error}") from error
        return snapshot

    def _find_now(self, name: str, account_id: str) -> t.Any:
        """Find the host of today's declaration for an account; None where it is new."""
        declaration = self.now.declaration if self.now else None
        host = next((host for host in declaration.hosts if host.name == name), None) if declaration else None
        if host is None or declaration is None:
            return None
        try:
            return host if declaration.account_of(host) == account_id else None
        except ValueError:
            return None

    def _play(
        self, side: Side, host: t.Any, snapshot: Recording, known: Mapping[str, tuple[str, Outcome]]
    ) -> list[tuple[Rendered, str, Outcome]]:
        """The outcomes of all roles. ``known`` are those of the other declaration: equal arguments, equal outcome."""
        os.chdir(side.directory)
        return list(_play_roles(side.declaration, host, snapshot, known))


def _play_roles(
    declaration: Declaration, host: t.Any, snapshot: Recording, known: Mapping[str, tuple[str, Outcome]]
) -> Iterator[tuple[Rendered, str, Outcome]]:
    for task in declaration.render(host):
        if task.is_off or task.role in NOT_SIMULATED:
            yield task, "", skip(task, "" if task.is_off else NOT_SIMULATED[task.role])
            continue
        try:
            arguments = make_arguments(task, declaration)
        except Unplayable as error:
            yield task, "", fail(task, str(error))
            continue
        digest = content_hash([os.getcwd(), arguments])
        other = known.get(task.role)
        yield task, digest, other[1] if other and other[0] == digest else play_role(task, arguments, snapshot)


def _compare(now: t.Optional[list[Outcome]], wanted: list[Outcome]) -> dict[str, t.Any]:
    """What the wanted declaration does that today's does not, and the other way round."""
    if now is None:
        return {"differs": None, "added": [], "removed": [], "breaks": _list_breakage(wanted), "counts_now": None}
    before, after = Counter(_list_items(now)), Counter(_list_items(wanted))
    known = {tuple(sorted(_sign_breakage(item))) for item in _list_breakage(now)}
    return {
        "differs": before != after,
        "added": [dict(item) for item in (after - before).elements()],
        "removed": [dict(item) for item in (before - after).elements()],
        "breaks": [item for item in _list_breakage(wanted) if tuple(sorted(_sign_breakage(item))) not in known],
        "counts_now": count_changes(now),
    }


def _list_items(outcomes: list[Outcome]) -> Iterator[tuple[tuple[str, t.Any], ...]]:
    """All that can be different between two declarations, as pairs that can be counted."""
    for outcome in outcomes:
        role = ("role", outcome["role"])
        if outcome["state"] in ("unknown", "failed"):
            yield role, ("state", outcome["state"]), ("message", outcome["message"] or ", ".join(outcome["missed"]))
        for change in outcome["changes"]:
            yield role, *change.items()
        for refusal in outcome["refused"]:
            yield role, ("state", "refused"), *refusal.items()


def _list_breakage(outcomes: list[Outcome]) -> list[dict[str, t.Any]]:
    return [{"role": outcome["role"], **item} for outcome in outcomes for item in outcome["breakage"]]


def _sign_breakage(item: Mapping[str, t.Any]) -> Iterator[str]:
    yield from (f"{name} {item[name]}" for name in ("role", "principal", "outcome", "accepted"))
