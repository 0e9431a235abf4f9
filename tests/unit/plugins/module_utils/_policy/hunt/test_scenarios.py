# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many events the hunt tells apart rightly, over varied intrusions. The numbers are printed."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.clusters import Suspected
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event, parse_event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.hunt import Hunt, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.question import Question

from .scenarios import NOW, Scenario, make_scenarios

_SEEDS: t.Final = range(8)
_USUAL_AS_NO: t.Final = 0.90
_PLANTED_AS_YES: t.Final = 0.95


def hunt(scenario: Scenario) -> Outcome:
    events = [event for record in scenario.records if (event := parse_event(record)) is not None]

    def read() -> list[Event]:
        return events

    question = Question.of(
        keys=scenario.keys,
        principals=scenario.principals,
        addresses=scenario.addresses,
        since=scenario.since,
        until=NOW,
    )
    return Hunt(question, read).run()


def rate(outcome: Outcome, ids: set[str], wanted: Suspected) -> float:
    """The share of events with the wanted verdict. One that is not in the time line is not suspected."""
    missing = Suspected.NO
    found = [outcome.verdicts[one].suspected if one in outcome.verdicts else missing for one in sorted(ids)]
    return found.count(wanted) / len(found)


def test_most_events_are_told_apart() -> None:
    rates = collections.defaultdict(list)
    for scenario in make_scenarios(_SEEDS):
        outcome = hunt(scenario)
        usual, planted = rate(outcome, scenario.usual, Suspected.NO), rate(outcome, scenario.planted, Suspected.YES)
        rates[scenario.name].append((usual, planted))
    for name, found in rates.items():
        worst_usual, worst_planted = (min(values) for values in zip(*found, strict=True))
        print(
            f"{name:14} usual as no: {worst_usual:7.1%}   planted as yes: {worst_planted:7.1%}, worst of {len(found)}"
        )
    low = {
        name: found
        for name, found in rates.items()
        if any(usual < _USUAL_AS_NO or planted < _PLANTED_AS_YES for usual, planted in found)
    }
    assert low == {}
