# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The executive summary, which is what is printed: the numbers, the gravest findings and the changes on two pages."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Mapping, Sequence

from ...module_utils._report.grouping import Group, failing_groups, gaps, refusal_groups
from ...module_utils._report.paths import caveat, paths
from ...module_utils._report.sentences import describe_changes
from ...module_utils._report.states import REFUSED, STATES, count_changes, state_of
from .findings import View
from .remedies import Remedies

# So many of each kind have room on two pages.
_GROUPS: t.Final = 15
_NAMES: t.Final = 5
_REASONS: t.Final = 5
_SENTENCES: t.Final = 8


def view_summary(report: Mapping[str, t.Any], remedies: Remedies, frameworks: Sequence[View]) -> View:
    """View what somebody needs to know who reads two pages of the report. ``frameworks`` are listed as in the page."""
    groups = failing_groups(report)
    refusals = refusal_groups(report["refused"])
    unread = gaps(report)
    counts = count_changes(report)
    return {
        "groups": [_view_group(group, remedies) for group in groups[:_GROUPS]],
        "more": len(groups[_GROUPS:]),
        "frameworks": frameworks,
        "changes": [_view_state(report, state, counts[state]) for state in STATES if counts[state]],
        "refusals": refusals[:_REASONS],
        "more_refusals": len(refusals[_REASONS:]),
        "gaps": unread[:_REASONS],
        "more_gaps": len(unread[_REASONS:]),
        "paths": len(paths(report)),
        "caveat": caveat(report),
    }


def _view_group(group: Group, remedies: Remedies) -> View:
    found = [remedies.find(finding) for finding in group.findings]
    # One change may remedy several findings. A refusal without its change counts for each of them.
    changes = {entry.id: entry.state for remedy in found for entry in remedy.entries}
    refused = [remedy.reason.state for remedy in found if remedy.reason and remedy.reason.state]
    states = Counter((*changes.values(), *refused))
    return {
        "group": group,
        "names": group.names[:_NAMES],
        "more": len(group.names[_NAMES:]),
        "states": [(state, states[state]) for state in STATES if states[state]],
    }


def _view_state(report: Mapping[str, t.Any], state: str, count: int) -> View:
    """View the changes in a state: how many each module has, and what the first ones do."""
    changes = [change for change in report["changes"] if state_of(change) == state]
    modules = Counter(str(item.get("module") or "") for item in (report["refused"] if state == REFUSED else changes))
    sentences = describe_changes(changes, report["findings"])
    return {
        "state": state,
        "count": count,
        "modules": sorted(modules.items()),
        "sentences": sentences[:_SENTENCES],
        "more": len(sentences[_SENTENCES:]),
    }
