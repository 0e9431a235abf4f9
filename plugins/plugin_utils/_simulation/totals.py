# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""All accounts of a simulation together: the sums, and of each account one row."""

from __future__ import annotations

import dataclasses
import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping

from ...module_utils._report.states import IF_APPROVED, PLANNED, REFUSED, REPORTED
from .prices import Prices

SCHEMA: t.Final = "hardening.iam/simulation/1"
#: The outcomes for principals, the worst first, as the predictions name them.
OUTCOMES: t.Final = ("will_break", "may_break", "no_evidence")
# So many principals are in the document of the run; each account's own has all.
_MOST_NAMED: t.Final = 500
#: The states of changes, each with the name of its number: templates of Ansible reach no name with a blank.
COUNTS: t.Final = {PLANNED: PLANNED, IF_APPROVED: "if_approved", REPORTED: REPORTED, REFUSED: REFUSED}

Document = Mapping[str, t.Any]


@dataclasses.dataclass
class Totals:
    """Adds up accounts. It keeps a row of each and no more, so that a thousand need little memory.

    ``forks`` is the number of accounts that a run works on at the same time.
    """

    prices: Prices
    forks: int
    has_now: bool
    rows: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    kinds: dict[str, Counter[str]] = dataclasses.field(default_factory=dict)
    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    counts_now: Counter[str] = dataclasses.field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    principals: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    breaks: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    units: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    uncounted: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    calls: int = 0
    seconds: float = 0.0
    longest: float = 0.0

    def add(self, account: Document) -> None:
        """Add the document of one account."""
        self.rows.append(_make_row(account))
        if account["state"] != "simulated":
            return
        self.counts.update(account["counts"])
        self.counts_now.update(account["counts_now"] or {})
        self.calls += account["calls"]
        self.seconds += account["seconds"]
        self.longest = max(self.longest, account["seconds"])
        for role in account["roles"]:
            self._add_role(role)
        for item in account["breaks"]:
            self.principals[item["outcome"], item["kind"]] += 1
            if len(self.breaks) < _MOST_NAMED:
                self.breaks.append({"account_id": account["account_id"], "host": account["host"], **item})
        for direction in ("added", "removed"):
            for change in account[direction]:
                self._count_kind(change, direction)

    def _add_role(self, role: Document) -> None:
        for change in role["changes"]:
            self._count_kind({"role": role["role"], **change}, change["state"])
        for refusal in role["refused"]:
            self.reasons[role["role"], refusal["rule"]] += 1
        for cost in role["costs"]:
            key = (role["role"], cost["unit"])
            if cost["state"] != PLANNED:
                continue
            if cost["count"] is None:
                self.uncounted.add(key)
            else:
                self.units[key] += cost["count"]

    def _count_kind(self, change: Document, column: str) -> None:
        if "service" in change:
            name = f"{change['service']}:{change['operation']}"
            self.kinds.setdefault(name, Counter())[column] += 1

    def as_document(self) -> dict[str, t.Any]:
        """The document of the simulation."""
        simulated = [row for row in self.rows if row["state"] == "simulated"]
        is_known = len(simulated) == len(self.rows) and not any(row["unknown"] or row["failed"] for row in simulated)
        costs = self.prices.estimate(self.units, self.uncounted)
        return {
            "schema": SCHEMA,
            "compared": self.has_now,
            "accounts": {
                "declared": len(self.rows),
                "simulated": len(simulated),
                "refused": len(self.rows) - len(simulated),
                "changed": sum(row["changed"] for row in simulated),
                "unknown": sum(bool(row["unknown"]) for row in simulated),
                "failed": sum(bool(row["failed"]) for row in simulated),
            },
            "counts": {name: self.counts[name] for name in COUNTS.values()},
            "counts_now": {name: self.counts_now[name] for name in COUNTS.values()} if self.has_now else None,
            "kinds": {name: dict(sorted(counts.items())) for name, counts in sorted(self.kinds.items())},
            "refusals": [
                {"role": role, "rule": rule, "count": count} for (role, rule), count in sorted(self.reasons.items())
            ],
            "principals": [
                {"outcome": outcome, "kind": kind, "count": count}
                for (outcome, kind), count in sorted(self.principals.items(), key=_rank)
            ],
            "breaks": self.breaks,
            "costs": {**costs, "is_complete": costs["is_complete"] and is_known},
            "calls": self.calls,
            "duration": {"forks": self.forks, "seconds": round(self._estimate_seconds())},
            "rows": self.rows,
        }

    def _estimate_seconds(self) -> float:
        """Estimate the time of a run: the accounts share its forks, and the longest takes its time in any case."""
        return max(self.seconds / self.forks, self.longest)


def describe(document: Document) -> str:
    """Describe a simulation in one sentence."""
    accounts = document["accounts"]
    verb = "changes" if document["compared"] else "has changes for"
    parts = [f"{verb} {accounts['changed']} of {count(accounts['declared'], 'account')}"]
    removed = len(document.get("no_longer_declared", ()))
    parts += [f"{count(removed, 'account')} no longer declared"] if removed else []
    parts += [_describe_breakage(document["principals"]) or f"no {'further ' * document['compared']}breakage predicted"]
    for name, words in (("refused", "not simulated"), ("unknown", "not known offline"), ("failed", "with a failure")):
        parts += [f"{count(accounts[name], 'account')} {words}"] if accounts[name] else []
    return "; ".join(parts)


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _describe_breakage(principals: Iterable[Document]) -> str:
    """The principals that would break, and those that may."""
    named = []
    for outcome, words in (("will_break", "would break"), ("may_break", "may break")):
        found = [count(item["count"], item["kind"]) for item in principals if item["outcome"] == outcome]
        named += [f"{' and '.join(found)} {words}"] if found else []
    return ", ".join(named)


def _rank(item: tuple[tuple[str, str], int]) -> tuple[int, str]:
    (outcome, kind), _count = item
    return OUTCOMES.index(outcome) if outcome in OUTCOMES else len(OUTCOMES), kind


def _make_row(account: Document) -> dict[str, t.Any]:
    row = {name: account[name] for name in ("account_id", "host", "state", "reason")}
    if account["state"] != "simulated":
        return row
    roles = account["roles"]
    differs = account["differs"]
    return {
        **row,
        "recorded": account["recorded"],
        "counts": account["counts"],
        "counts_now": account["counts_now"],
        "changed": bool(account["counts"][PLANNED]) if differs is None else differs,
        "unknown": {role["role"]: role["missed"] for role in roles if role["state"] == "unknown"},
        "failed": {role["role"]: role["message"] for role in roles if role["state"] == "failed"},
        "breaks": dict(sorted(Counter(item["outcome"] for item in account["breaks"]).items())),
        "calls": account["calls"],
        "seconds": account["seconds"],
    }
