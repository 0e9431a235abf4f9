# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A simulation as a short text for the terminal."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...module_utils._report.plain import join_names, printable, wrap_text
from .totals import COUNTS, count, describe

_ROWS: t.Final = 10


def render(document: Mapping[str, t.Any], places: Mapping[str, str]) -> str:
    """The summary: one sentence, the numbers, the accounts that are not known, and where the files are."""
    counts, costs, duration = document["counts"], document["costs"], document["duration"]
    lines = ["SIMULATION", *wrap_text(f"The declaration {describe(document)}.", first="  ", rest="  ")]
    lines += [f"  Changes: {_join(counts)}"]
    if document["counts_now"] is not None:
        lines += [f"  Today:   {_join(document['counts_now'])}"]
    more = "" if costs["is_complete"] else ", and what can't be counted beforehand"
    lines += [f"  Cost:    {costs['a_month']:.2f} {costs['currency']} a month (prices of {costs['as_of']}){more}"]
    minutes = max(1, round(duration["seconds"] / 60))
    lines += [
        f"  A run:   {document['calls']:,} API calls, about {count(minutes, 'minute')} with "
        f"{count(duration['forks'], 'fork')}"
    ]
    removed = printable(join_names(document.get("no_longer_declared", ()), _ROWS))
    lines += wrap_text(f"NO LONGER DECLARED: {removed}", rest="  ") if removed else []
    problems = [f"{row['host']} ({row['account_id']}): {reason}" for row in document["rows"] for reason in _find(row)]
    lines += ["NOT KNOWN:"] if problems else []
    for problem in problems[:_ROWS]:
        lines += wrap_text(printable(problem), first="  - ", rest="    ")
    lines += [f"  … and {len(problems) - _ROWS} more"] if len(problems) > _ROWS else []
    return "\n".join([*lines, "FILES:", *(f"  {place}" for place in places.values())])


def _join(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[name]} {state}" for state, name in COUNTS.items())


def _find(row: Mapping[str, t.Any]) -> list[str]:
    found = [row["reason"]] if row["state"] != "simulated" else []
    found += [f"{role}: not read: {', '.join(missed)}" for role, missed in row.get("unknown", {}).items()]
    return found + [f"{role}: {message}" for role, message in row.get("failed", {}).items()]
