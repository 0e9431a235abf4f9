# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Fleet caps: how many accounts one run may change, over all of its jobs and slices.

The counters of a run are one object beside the journal. An account is counted before the first write in it, and nothing
is ever counted down. A run that is killed in between has therefore counted too much, never too little.
"""

from __future__ import annotations

import dataclasses
import json
import random
import re
import secrets
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..change import Change, Refusal
from ..errors import InputError
from ..parsing import parse
from ..store import ConflictError, Store, StoreError

SCHEMA: t.Final = "hardening.iam/fleet_caps/1"
RULE: t.Final = "fleet_cap"
# In an inventory of more accounts than these, the defaults apply.
MANY: t.Final = 10
DEFAULT_ACCOUNTS: t.Final = 5
FIRST_RUN_ACCOUNTS: t.Final = 1
NUMBERS: t.Final = ("max_accounts_changed", "max_fleet_changes", "max_accounts_failed")

_ACCOUNT: t.Final = re.compile(r"[0-9]{12}")
# Of a hundred workers that count at once, one succeeds in each round.
_ATTEMPTS: t.Final = 200
_LONGEST_WAIT: t.Final = 0.5


@dataclasses.dataclass(frozen=True)
class Caps:
    """The caps as declared. None is no cap of its own: for changed accounts the defaults may apply then.

    ``is_large_inventory`` says that the inventory has more than ten accounts, or that the number is not known.
    ``wave_passed`` says that a wave of this run that enforces has passed its gate.
    """

    max_accounts_changed: t.Optional[int] = None
    max_fleet_changes: t.Optional[int] = None
    max_accounts_failed: t.Optional[int] = None
    is_large_inventory: bool = False
    wave_passed: bool = False

    def __post_init__(self) -> None:
        for name in NUMBERS:
            number = getattr(self, name)
            if number is not None and number < 0:
                raise InputError(f"fleet_caps.{name} (hardening_{name}): {number} is not allowed; allowed is 0 or more")

    @classmethod
    def from_option(cls, given: t.Optional[Mapping[str, t.Any]]) -> t.Self:
        """The caps in the option ``fleet_caps``; none where it is not given. Raises InputError: one is negative."""
        given = given or {}
        return cls(
            **{name: given.get(name) for name in NUMBERS},
            is_large_inventory=bool(given.get("is_large_inventory")),
            wave_passed=bool(given.get("wave_passed")),
        )

    @property
    def has_any(self) -> bool:
        """Whether anything has to be counted."""
        return self.is_large_inventory or any(getattr(self, name) is not None for name in NUMBERS)


@dataclasses.dataclass(frozen=True)
class Counters:
    """The counts of a run: the changes that were begun by account, and the accounts in which something failed."""

    changes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    failed: frozenset[str] = frozenset()

    def add_changes(self, account_id: str, count: int) -> Counters:
        """The counters with further changes of an account."""
        changes = {**self.changes, account_id: self.changes.get(account_id, 0) + count}
        return dataclasses.replace(self, changes=changes)

    def add_failure(self, account_id: str) -> Counters:
        """The counters with a failed account."""
        return dataclasses.replace(self, failed=self.failed | {account_id})


def counters_key(run_id: str) -> str:
    """The key of the counters of a run, beside the journal."""
    return f"control/fleet/{run_id}.json"


class FleetCaps:
    """The caps of one run. All of its modules, jobs and slices share the counters in ``store``."""

    def __init__(self, store: Store, run_id: str, caps: Caps, *, sleep: Callable[[float], None]) -> None:
        self._store = store
        self._run_id = run_id
        self._caps = caps
        self._sleep = sleep

    def foresee(self, account_id: str, changes: Sequence[Change]) -> tuple[Refusal, ...]:
        """The refusals that :meth:`admit` would give now. Nothing is counted.

        :raises StoreError: the counters can't be read, so nothing may be written.
        """
        if not self._caps.has_any or not changes:
            return ()
        return _refuse_all(changes, self._find_excess(self._read()[0], account_id, len(changes)))

    def admit(self, account_id: str, changes: Sequence[Change]) -> tuple[Refusal, ...]:
        """Count changes that are about to be made in an account, or refuse all of them.

        It is asked under the lease of the account. A job that is refused the lease would else use up a place.

        :raises StoreError: the counters can't be read or written, so nothing may be written.
        """
        if not self._caps.has_any or not changes:
            return ()
        excess = self._count(
            lambda counters: self._find_excess(counters, account_id, len(changes)),
            lambda counters: counters.add_changes(account_id, len(changes)),
        )
        return _refuse_all(changes, excess)

    def count_failure(self, account_id: str) -> None:
        """Count an account in which a module that writes failed. Raises StoreError."""
        if not self._caps.has_any:
            return
        self._count(
            lambda counters: "it is counted" if account_id in counters.failed else "",
            lambda counters: counters.add_failure(account_id),
        )

    def _count(self, object_to: Callable[[Counters], str], add: Callable[[Counters], Counters]) -> str:
        """Write the counters that ``add`` makes, unless there is an objection to those of now: then return it."""
        for _attempt in range(_ATTEMPTS):
            counters, version = self._read()
            objection = object_to(counters)
            if objection:
                return objection
            try:
                self._store.swap(self._key, self._encode(add(counters)), version)
                return ""
            except ConflictError:
                # Others count at the same time. Those that wait for different times meet less often.
                self._sleep(random.uniform(0, _LONGEST_WAIT))
        raise StoreError(f"{self._place}: others wrote the counters of the fleet caps all the time; run again")

    def _find_excess(self, counters: Counters, account_id: str, count: int) -> str:
        """Explain which cap these changes would exceed; empty if none."""
        caps = self._caps
        failed, most_failed = len(counters.failed), caps.max_accounts_failed
        if most_failed is not None and failed > most_failed:
            return (
                f"{failed} accounts failed in this run, and hardening_max_accounts_failed allows {most_failed}: "
                "nothing else begins. Correct the cause, then run again under another run id"
            )
        begun, most_changes = sum(counters.changes.values()), caps.max_fleet_changes
        if most_changes is not None and begun + count > most_changes:
            return (
                f"with these {count} changes the run would make more than hardening_max_fleet_changes allows: "
                f"{most_changes}, of which {begun} are counted. Raise it, or make the rest in another run"
            )
        return "" if account_id in counters.changes else self._find_excess_account(len(counters.changes))

    def _find_excess_account(self, changed: int) -> str:
        """Explain why no further account may be changed; empty if one may."""
        most, reason = self._limit_accounts()
        if most is None or changed < most:
            return ""
        accounts = "1 account" if most == 1 else f"{most} accounts"
        return f"this run may change {accounts}, and has begun with {changed}: {reason}"

    def _limit_accounts(self) -> tuple[t.Optional[int], str]:
        """How many accounts may be changed, and why. None: as many as there are."""
        declared = self._caps.max_accounts_changed
        if declared is not None:
            return declared, "hardening_max_accounts_changed says so. Raise it, or change the others in another run"
        if not self._caps.is_large_inventory:
            return None, ""
        large = f"the inventory has more than {MANY} accounts, or their number is not known"
        if self._is_first_run():
            return FIRST_RUN_ACCOUNTS, (
                f"{large}, and no earlier run is in this journal. Look at the result, then run again. "
                "hardening_max_accounts_changed sets another number"
            )
        if self._caps.wave_passed:
            return None, ""
        return DEFAULT_ACCOUNTS, (
            f"{large}, and no wave that enforces has passed. Declare hardening_waves, or set "
            "hardening_max_accounts_changed"
        )

    def _is_first_run(self) -> bool:
        """Whether the journal has no other run. The counters are not asked: they are easier to forge than a journal."""
        accounts = (name for name in self._store.folders() if _ACCOUNT.fullmatch(name))
        return not any(set(self._store.folders(f"{account}/")) - {self._run_id} for account in accounts)

    @property
    def _key(self) -> str:
        return counters_key(self._run_id)

    @property
    def _place(self) -> str:
        return f"{self._store.location}/{self._key}"

    def _read(self) -> tuple[Counters, t.Optional[str]]:
        found = self._store.get_versioned(self._key)
        if found is None:
            return Counters(), None
        content, version = found.content, found.version
        try:
            return _parse(parse(content), self._run_id), version
        except ValueError as error:
            raise StoreError(
                f"{self._place}: the counters of the fleet caps are malformed: {error}.\n"
                "Nothing is written. Find out who wrote there, then run again under another hardening_run_id."
            ) from error

    def _encode(self, counters: Counters) -> bytes:
        document = {
            "schema": SCHEMA,
            "run_id": self._run_id,
            "changes": dict(sorted(counters.changes.items())),
            "failed": sorted(counters.failed),
            # No two contents are equal, so that no writer takes what another wrote for its own.
            "nonce": secrets.token_hex(16),
        }
        return json.dumps(document, indent=1).encode()


def _refuse_all(changes: Sequence[Change], excess: str) -> tuple[Refusal, ...]:
    return tuple(Refusal(RULE, excess, change.target, change.operation) for change in changes) if excess else ()


def _parse(document: t.Any, run_id: str) -> Counters:
    """The counters in a document. Raises ValueError: it is malformed, or of another run."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or document.get("run_id") != run_id:
        raise ValueError(f"it is no document of the schema {SCHEMA} of run {run_id}")
    changes, failed = document.get("changes"), document.get("failed")
    if not isinstance(changes, dict) or not all(_is_count(count) for count in changes.values()):
        raise ValueError("changes are no numbers by account")
    if not isinstance(failed, list) or not all(isinstance(item, str) for item in failed):
        raise ValueError("failed is no list of accounts")
    return Counters(changes, frozenset(failed))


def _is_count(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
