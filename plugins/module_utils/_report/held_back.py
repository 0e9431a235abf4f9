# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The accounts in which the stop switch or a fleet cap refused changes.

These refusals say nothing about the change itself: the next run makes it. So the report of a run lists the accounts.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterable, Mapping

from .._converge.run_control import fleet_caps, stop_switch

_WORDS: t.Final = {stop_switch.RULE: "stopped", fleet_caps.RULE: "fleet cap reached"}

Refusal = Mapping[str, t.Any]


def is_by_run(refusal: t.Optional[Refusal]) -> bool:
    """Whether the stop switch or a fleet cap refused the change. :func:`slim_refusal` leaves None of other refusals."""
    return refusal is not None and refusal.get("rule") in _WORDS


def slim_refusal(refusal: t.Optional[Refusal]) -> t.Optional[Refusal]:
    """The members of a refusal that :func:`find_held_back` reads; None if it reads none."""
    if refusal is None or not is_by_run(refusal):
        return None
    return {"rule": refusal["rule"], "reason": sys.intern(str(refusal.get("reason", "")))}


def find_held_back(reports: Iterable[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Find the accounts that each rule held back, with the first reason. Fleet caps have one of their own in each."""
    found: dict[str, dict[str, t.Any]] = {}
    for report in reports:
        for refusal in filter(is_by_run, report["refused"]):
            empty = {"rule": refusal["rule"], "reason": str(refusal.get("reason", "")), "accounts": []}
            accounts = found.setdefault(refusal["rule"], empty)["accounts"]
            if report["account_id"] not in accounts[-1:]:
                accounts.append(report["account_id"])
    return [found[rule] for rule in _WORDS if rule in found]


def name_rule(held: Mapping[str, t.Any]) -> str:
    """The rule in words."""
    return _WORDS.get(held["rule"], str(held["rule"]))


def count_accounts(held_back: Iterable[Mapping[str, t.Any]]) -> int:
    """Count the accounts. Both rules may have held back the same one."""
    return len({account for held in held_back for account in held["accounts"]})
