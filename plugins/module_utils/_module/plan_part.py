# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan that a module leaves for the report of its account: what an approval would cover."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Sequence

from .._converge.capability import Capability
from .._converge.change import Change, is_among, list_entries
from .._converge.plan import Entry, plan_document
from .._converge.predict import Prediction
from .._converge.run_control.fleet_caps import RULE as FLEET_CAP
from .._converge.runner import ApplyResult
from .options import Run


def build_plan(
    prediction: Prediction,
    applied: ApplyResult,
    capability: Capability[t.Any],
    *,
    module: str,
    account_id: str,
    run: Run,
) -> dict[str, t.Any]:
    """The plan of a module. A role in the mode ``report`` has an empty one, since no run applies what it shows."""
    gone = {(refusal.operation, refusal.target) for refusal in applied.refused}
    left = [
        change
        for change in (prediction.to_approve if run.enforces else ())
        # What was refused while it was written must not be approved.
        if (change.operation, change.target) not in gone and not is_among(change, applied.already)
    ]
    entries = [_make_entry(prediction, shown, writes, capability) for shown, writes in list_entries(left)]
    return plan_document(
        entries,
        account_id=account_id,
        run_id=run.id,
        created=run.started,
        author=run.details.get("author") or None,
        incomplete=[f"{module} failed: {applied.error}"] if applied.error else (),
    )


def _make_entry(
    prediction: Prediction, change: Change, writes: Sequence[Change], capability: Capability[t.Any]
) -> Entry:
    refusal = next((refusal for held, refusal in prediction.held if is_among(held, writes)), None)
    held_by = None if refusal is None else {"rule": refusal.rule, "reason": refusal.reason}
    is_waiting = refusal is not None and refusal.rule != FLEET_CAP
    facts = capability.facts(change)
    facts = dataclasses.replace(facts, unverified=(*facts.unverified, *prediction.find_doubts(change)))
    return Entry(change, held_by, is_waiting, facts.as_dict())
