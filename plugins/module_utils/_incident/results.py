# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The results of a containment in all accounts, put together."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from .._account.account_id import is_account_id
from .._converge.incident.reader import split_items

#: All statuses, the one first that says most. That a credential is not here is what every other account says of it.
BY_KNOWLEDGE: t.Final = (
    *("home", "mismatch", "root", "session", "deleted", "organization", "foreign", "unresolved", "not_here"),
)

Row = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Containment:
    """The last results of the modules in all accounts.

    ``credentials`` are those of credential_quarantine, ``sessions`` those of session_revocation, and ``organization``
    those of organization_containment. ``failures`` are the hosts in which a module failed, each with ``host`` and
    ``reason``. ``is_real``: the run may write. ``unconfirmed`` names the vital assumptions about AWS that no real
    account has confirmed.
    """

    incident: Row
    credentials: Sequence[Row]
    sessions: Sequence[Row]
    organization: Sequence[Row]
    failures: Sequence[Row]
    now: datetime
    is_real: bool
    unconfirmed: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        incident: Row,
        results: Sequence[Row],
        *,
        failures: Sequence[Row],
        now: datetime,
        is_real: bool,
        unconfirmed: Sequence[str] = (),
    ) -> t.Self:
        """The containment of these results. Their members say which module each is of."""
        ordered = sorted(results, key=lambda result: str(result.get("account_id", "")))
        credentials = [result for result in ordered if "seeds" in result]
        sessions = [result for result in ordered if "roles" in result]
        organization = [result for result in ordered if "people" in result]
        # In the mode report nothing is written either. A module that failed early returns no mode.
        modes = {result["mode"] for result in ordered if result.get("mode")}
        may_write = not modes or "enforce" in modes
        return cls(incident, credentials, sessions, organization, failures, now, is_real and may_write, unconfirmed)

    @property
    def results(self) -> tuple[Row, ...]:
        """The results of all modules."""
        return (*self.credentials, *self.sessions, *self.organization)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that returned a result."""
        return tuple(dict.fromkeys(str(result["account_id"]) for result in self.results if result.get("account_id")))

    @property
    def management_account(self) -> str:
        """The management account of the organization; empty if none of its hosts was asked."""
        return next((str(result["account_id"]) for result in self.organization), "")

    def list_unhandled(self) -> Iterator[str]:
        """List the accounts and users of Identity Center that no host has looked at."""
        known = {
            str(row.get("account_id") or row.get("user_id"))
            for result in self.organization
            for row in (*result["accounts"], *result["people"])
        }
        for name, key in (("accounts", "account_id"), ("identity_center_users", "user_id")):
            for item in split_items(self.incident.get(name)) or ():
                given = item.get(key, "") if isinstance(item, Mapping) else item
                subject = str(given).strip().lower()
                if subject.rjust(12, "0") not in known and subject not in known:
                    yield subject

    def list_seeds(self) -> list[Row]:
        """List each credential once, as the account sees it that knows most of it, with the near names of all."""
        best: dict[str, Row] = {}
        near: dict[str, list[str]] = {}
        for seed in (seed for result in self.credentials for seed in result["seeds"]):
            near.setdefault(seed["id"], []).extend(seed.get("near", ()))
            known = best.get(seed["id"])
            if known is None or _rank(seed) < _rank(known):
                best[seed["id"]] = seed
        return [{**seed, "near": list(dict.fromkeys(near[name]))} for name, seed in best.items()]

    def list_not_denied(self) -> list[Row]:
        """List what is not denied in all accounts, the doors that were left open too, each with its ``account_id``."""
        return [
            {"account_id": self._find_account(result, str(row["principal"])), **row}
            for result in self.results
            for row in (*result.get("not_denied", ()), *result.get("doors", ()))
        ]

    def _find_account(self, result: Row, subject: str) -> str:
        """Find the account that a row is about. The host of the organization speaks of others, and of users of none."""
        if result not in self.organization:
            return str(result["account_id"])
        return subject if is_account_id(subject) else ""

    def is_denied_from_above(self, account_id: str, principal: str) -> bool:
        """Whether the organization denies an account everything, and with it this principal of it; or the principal.

        What denies a principal counts only once it was seen to hold in the account.
        """
        if any(principal in lock["denied"] for lock in self.list_holding_locks(account_id)):
            return True
        rows = (row for result in self.organization for row in result["accounts"] if row["account_id"] == account_id)
        return any(
            row["state"] == "contained"
            and not any(role["continues"] and role["role"] == principal for role in row["roles"])
            for row in rows
        )

    def list_holding_locks(self, account_id: str) -> Iterator[Row]:
        """List what the dormant policy says, where it was seen to hold in an account."""
        for result in self.organization:
            lock = result.get("identity_lock") or {"written": False}
            if lock["written"]:
                rows = (row for row in lock["accounts"] if row["account_id"] == account_id)
                yield from (lock for row in rows if row["holds_after_seconds"] is not None)

    def list_unresolved(self) -> list[Row]:
        """List the roles and accounts of the incident that were not found."""
        return [row for result in self.results for row in result.get("unresolved", ())]

    def list_contained(self) -> Iterator[str]:
        """List the users that are contained, and the roles whose sessions are cut, by their ARNs."""
        for result in self.credentials:
            yield from (str(one["principal"]) for one in result["contained"])
        for result in self.sessions:
            yield from (str(role["role"]) for role in result["roles"] if role["state"] in ("cut", "denied_already"))

    def list_left_alone(self) -> Iterator[tuple[str, Row]]:
        """List the roles that were reached and that no run touches, each refusal with its account."""
        for result in self.sessions:
            yield from ((str(result["account_id"]), refusal) for refusal in result.get("not_cut_because", ()))

    def list_late(self) -> Iterator[tuple[str, str]]:
        """List what the last pass still had to change, each with its account."""
        for result in self.results:
            if result.get("pass") == RECHECK:
                late = {change["target"] for change in result.get("changes", ()) if change.get("applied")}
                yield from ((self._find_account(result, target), target) for target in sorted(late))

    def list_lives(self) -> list[Row]:
        """List what lives on, what ends first before the others, and what nobody ends in the end.

        Of sessions session_revocation knows more than what it is left as a next step.
        """
        known = {result["account_id"] for result in self.sessions if not result.get("unread")}
        rows = [
            row
            for result in self.results
            for row in result.get("lives_on", ())
            if result["account_id"] not in known or not row.get("next_step", "").startswith("session_revocation")
        ]
        return sorted(rows, key=lambda row: (row["until"] is None, row["until"] or "", row["what"], row["principal"]))


RECHECK: t.Final = "recheck"


def _rank(seed: Row) -> int:
    status = seed["status"]
    return BY_KNOWLEDGE.index(status) if status in BY_KNOWLEDGE else len(BY_KNOWLEDGE)
