# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The outcome of a wave by the reports of its accounts: failed, unread or unfinished ones, and what was written."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .._account.model import Dataset
from .._converge.run_control import fleet_caps, stop_switch
from .._converge.run_control.wave_state import SENDERS
from .._converge.store import Store, StoreError
from .._report.document import SCHEMA, DocumentError, check_report, decode, run_report_key
from .._report.states import APPLIED, IF_APPROVED, state_of

# The rules by which a run did not begin in an account. A soak of the rest would say nothing of it.
_UNFINISHED: t.Final = frozenset({fleet_caps.RULE, stop_switch.RULE})
# The rule by which a role refuses to judge what it can't read.
_UNREAD: t.Final = "unread"
_ENFORCE: t.Final = "enforce"
# The errors of code that reads a document which others can write.
_MALFORMED: t.Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

Report = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Work:
    """The outcome of a wave.

    ``failed`` and ``unread`` have the reason by account, ``unfinished`` the accounts that a cap or the stop switch kept
    from being finished. ``unreadable`` are the reports that can't be read. ``enforces`` says whether a role enforced
    anything in one of the accounts, ``applied`` counts the changes made, ``open`` those that were not.
    """

    failed: Mapping[str, str]
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unfinished: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    refusals: int = 0
    enforces: bool = False
    applied: int = 0
    open: int = 0

    def proves_anything(self, *, has_changes: bool) -> bool:
        """Whether later waves may rely on this one: it was changed, now or earlier, or there is nothing to change."""
        return self.enforces and (bool(self.applied) or has_changes or not self.open)


@dataclasses.dataclass(frozen=True)
class _Seen:
    """The outcome of one account by its report."""

    refusals: int
    applied: int
    open: int
    unread: str
    unfinished: tuple[str, ...]
    is_incomplete: bool
    enforces: bool


def read_work(store: Store, run_id: str, failures: Mapping[str, str]) -> Work:
    """Read the reports of a run in the accounts of a wave. ``failures`` has each account, with why the run failed."""
    failed = {account_id: reason for account_id, reason in failures.items() if reason}
    unreadable: list[str] = []
    seen: dict[str, _Seen] = {}
    for account_id in failures:
        try:
            seen[account_id] = _look_at(_read_report(store, account_id, run_id))
        except (DocumentError, StoreError, *_MALFORMED) as error:
            # An account that failed may have none, and is counted as a failure.
            unreadable += [] if account_id in failed else [str(error)]
    failed = {**{name: "its report is incomplete" for name, one in seen.items() if one.is_incomplete}, **failed}
    return Work(
        failed=failed,
        unread={name: one.unread for name, one in seen.items() if one.unread and name not in failed},
        unfinished=tuple(f"{name} ({', '.join(one.unfinished)})" for name, one in seen.items() if one.unfinished),
        unreadable=tuple(unreadable),
        refusals=sum(one.refusals for one in seen.values()),
        enforces=any(one.enforces for one in seen.values()),
        applied=sum(one.applied for one in seen.values()),
        open=sum(one.open for one in seen.values()),
    )


def _read_report(store: Store, account_id: str, run_id: str) -> Report:
    key = run_report_key(account_id, run_id)
    content = store.get(key)
    if content is None:
        raise DocumentError(f"{account_id} has no report of this run")
    where = f"{store.location}/{key}"
    report = decode(content, where=where, schema=SCHEMA)
    check_report(report, account_id, where=where)
    if report["run"]["mode"] != _ENFORCE:
        raise DocumentError(f"{where} is of a check, not of this run")
    return report


def _look_at(report: Report) -> _Seen:
    enforcing = {row["module"] for row in report["modules"] if row["mode"] == _ENFORCE}
    states = [state_of(change) for change in report["changes"] if change.get("module") not in SENDERS]
    refused = [refusal for refusal in report["refused"] if refusal.get("module") not in SENDERS]
    applied = states.count(APPLIED)
    return _Seen(
        # What only a cap holds back was not made either.
        refusals=len(report["refused"]) + sum(state_of(change) == IF_APPROVED for change in report["changes"]),
        applied=applied,
        open=len(states) - applied + len(refused),
        unread=_find_unread(report, enforcing),
        unfinished=tuple(sorted({refusal["rule"] for refusal in report["refused"]} & _UNFINISHED)),
        is_incomplete=bool(report.get("incomplete")),
        enforces=bool(enforcing - SENDERS),
    )


def _find_unread(report: Report, enforcing: set[str]) -> str:
    """Explain why the account counts as unread; empty if it does not.

    Roles that only report change nothing in later waves either, so what they could not read does not matter.
    """
    for gap in report["errors"]:
        if gap["dataset"] == Dataset.AUTHORIZATION_DETAILS.value:
            return f"its users and roles: {gap['reason']}"
    for refusal in report["refused"]:
        if refusal["rule"] == _UNREAD and refusal.get("module") in enforcing:
            return f"{refusal['module']}: {refusal['reason']}"
    return ""
