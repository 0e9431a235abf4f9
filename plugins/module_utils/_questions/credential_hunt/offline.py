# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A hunt without AWS: in log files of any number of accounts, or in what the accounts of a run have read."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..._account.log_files import Logs
from ..._account.moments import format_utc
from ..._account.progress import Progress, silent
from ..._converge.store import StoreError
from ..._module.task import TaskError
from ..._policy.hunt.clusters import Suspected
from ..._policy.hunt.dependants.find import find_dependants
from ..._policy.hunt.document import build_document
from ..._policy.hunt.hunt import Hunt, Outcome
from ..._policy.hunt.links import find_minted
from ..._policy.hunt.persistence.state import State
from ..._policy.hunt.question import BASELINE
from ..._prediction.hunting.files import HuntFiles, read_twice
from ..._prediction.hunting.kept import HuntState, Lookup
from ..._prediction.hunting.kept_state import Present
from .found import Found, sweep
from .options import Options
from .present import find_keys
from .workspace import Gathered, Workspace, join_reads

#: Up to so many events are kept in memory, so that the files are read once.
MOST_KEPT: t.Final = 100_000
NO_DIGESTS: t.Final = "no digest files confirm the log files, so nobody knows whether some are missing"


def hunt_in_files(options: Options, places: Sequence[Logs], *, now: datetime, progress: Progress = silent) -> Found:
    """Hunt in log files. Raises TaskError: none of the places can be read, or there are no events."""
    since = options.question.since
    start = since - BASELINE if since is not None else None
    files = HuntFiles(places, since=start, now=now, errors=(StoreError,), progress=progress)
    outcome = Hunt(options.question, read_twice(files.events, most=MOST_KEPT)).run()
    reads = files.describe()
    if not reads:
        failed = "; ".join(f"{place}: {reason}" for place, reason in files.failures.items())
        names = ", ".join(place.location for place in places)
        raise TaskError(f"trail_logs: {failed or f'{names} has no events of CloudTrail in the time of the hunt'}")
    notes = [] if files.has_digests else [NO_DIGESTS]
    document = build_document(outcome, reads, now=now, is_of_files=True, notes=notes)
    queries = [_log_place(place, document, now) for place in places]
    # Nobody is asked whether it is still there.
    hits = sweep(outcome, State())
    usual = [event for event in outcome.events if outcome.find_verdict(event) is Suspected.NO]
    rows = find_dependants(usual, (), find_keys(outcome))
    wanted = {(event.event_id, event.sha256) for event in outcome.events}
    present = Present(dependants=tuple(row.to_dict() for row in rows))
    return Found(document, outcome, tuple(files.find_records(wanted)), tuple(queries), hits, present)


def _log_place(place: Logs, document: Mapping[str, t.Any], now: datetime) -> dict[str, t.Any]:
    return {
        "operation": "read log files",
        "place": place.location,
        "asked_at": format_utc(now),
        "regions": sum(map(len, document["coverage"].values())),
    }


def join_accounts(options: Options, workspace: Workspace, now: datetime) -> Found:
    """Join what the accounts of a run have read. Raises TaskError: no account has left anything."""
    gathered = Gathered()
    states = []
    for account_id in workspace.list_accounts():
        gathered.add(workspace.read_records(account_id))
        states.append(workspace.read_state(account_id))
    if not states:
        raise TaskError(
            f"report_dir: {workspace.location} has nothing that an account has read.\n"
            "Hunt in the accounts first, or set trail_logs."
        )
    outcome = Hunt(options.question, gathered.read()).run()
    unasked = _find_unasked(outcome, {state.account_id: state for state in states})
    document = build_document(outcome, join_reads(states), now=now, unasked=unasked)
    wanted = {(event.event_id, event.sha256) for event in outcome.events}
    records = tuple(record for key, record in gathered.records.items() if key in wanted)
    present = Present().join(*(workspace.read_present(state.account_id) for state in states))
    hits = sweep(outcome, present.state, gathered.events.values())
    queries = tuple(query for state in states for query in state.queries)
    return Found(document, outcome, records, queries, hits, present)


def _find_unasked(outcome: Outcome, states: Mapping[str, HuntState]) -> dict[str, str]:
    """Find the keys that the event history of their account was not asked for, such as those of the last pass."""
    found = {}
    for event in outcome.suspects:
        for minted in find_minted(event):
            state = states.get(minted.account_id)
            lookup = Lookup("AccessKeyId", minted.key_id)
            # An account that read log files alone was asked nothing.
            if state is not None and state.asked and not any(lookup == asked for asked, _region in state.asked):
                found[minted.key_id] = f"account {minted.account_id} was not asked for it yet; run again"
    return found
