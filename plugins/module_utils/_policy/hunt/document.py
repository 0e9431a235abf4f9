# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A hunt as plain data: nodes, edges, what was not followed, the time line, coverage, and what to know first."""

from __future__ import annotations

import collections
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from .beginning import Basis
from .classes import EventClass, classify
from .clusters import Suspected
from .event import Event
from .gaps import Coverage, Reads, doubt_regions
from .graph import Edge, Graph, Node, Unfollowed, build_graph
from .hunt import MOST_EVENTS, Outcome
from .links import short_name
from .taken import Taken, count_taken

#: Delivery takes "on average within about 5 minutes", and AWS guarantees nothing:
#: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
LAG: t.Final = timedelta(minutes=15)
_AGAIN: t.Final = (timedelta(hours=1), timedelta(hours=24))
#: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
HISTORY_DAYS: t.Final = 90
_NAMED: t.Final = 5

Document = dict[str, t.Any]


def build_document(
    outcome: Outcome,
    reads: Reads,
    *,
    now: datetime,
    unasked: t.Optional[Mapping[str, str]] = None,
    is_of_files: bool = False,
    notes: Sequence[str] = (),
) -> Document:
    """Build the document of an outcome.

    ``reads`` say what was read, ``unasked`` the keys that nobody asked the event history for. ``is_of_files`` says
    that all events come from log files. ``notes`` are further sentences for the headline.
    """
    # The event history goes on whatever happens to a trail.
    read = doubt_regions(reads, _late_changes(outcome)) if is_of_files else dict(reads)
    graph = build_graph(outcome, read, unasked=unasked or {})
    timeline = [_make_row(event, outcome) for event in outcome.events]
    numbers = _count(outcome, graph)
    return {
        "headline": list(_make_headline(outcome, graph, read, numbers, now, is_of_files=is_of_files, notes=notes)),
        "numbers": numbers,
        "record": "files" if is_of_files else "history",
        "since": _format(outcome.beginning.since),
        "until": _format(outcome.question.until),
        "nodes": [_make_node(node) for node in graph.nodes],
        "edges": [_make_edge(edge) for edge in graph.edges],
        "unfollowed": [_make_unfollowed(one) for one in graph.unfollowed],
        "timeline": timeline,
        "taken": [_make_taken(row) for row in count_taken(outcome)],
        "coverage": _make_coverage(read),
        "coverage_reasons": _make_reasons(read),
        "gaps": _make_gaps(outcome),
        "baseline": _make_baseline(outcome),
        "lag": {
            "seconds": int(LAG.total_seconds()),
            "newest_event": _format(max((event.time for event in outcome.events), default=None)),
            "repeat_at": [_format(now + again) for again in _AGAIN],
        },
        "next_steps": list(_make_next_steps(outcome, graph, read, now)),
    }


def _late_changes(outcome: Outcome) -> list[t.Any]:
    since = outcome.beginning.since
    return [one for one in outcome.index.trail_changes if since is None or one.time >= since]


def _make_row(event: Event, outcome: Outcome) -> Document:
    verdict = outcome.verdicts[event.event_id]
    return {
        "event_id": event.event_id,
        "shared_event_id": event.shared_event_id,
        "time": _format(event.time),
        "account_id": event.account_id,
        "region": event.region,
        "event_source": event.source,
        "event_name": event.name,
        "class": classify(event).value,
        "suspected": verdict.suspected.value,
        "reasons": list(verdict.reasons),
        "is_inference": verdict.is_inference,
        "error_code": event.error_code,
        "principal": event.principal_arn or event.principal_id or event.on_behalf_of or event.invoked_by,
        "access_key_id": event.access_key_id,
        "session_name": event.session_name,
        "source_identity": event.source_identity,
        "source_address": event.source_address,
        "user_agent": event.user_agent,
        "chain": list(outcome.tainted.chain_of(event)),
        "source": {"place": event.origin.place, "file": event.origin.file, "line": event.origin.line},
        "sha256": event.sha256,
    }


def _make_node(node: Node) -> Document:
    return {
        "id": node.id,
        "kind": node.kind.value,
        "account_id": node.account_id,
        "principal": node.principal,
        "suspected": node.suspected.value,
        "is_seed": node.is_seed,
        "events": node.events,
    }


def _make_edge(edge: Edge) -> Document:
    return {
        "from": edge.source,
        "to": edge.target,
        "event_id": edge.event.event_id,
        "event_name": edge.event.name,
        "time": _format(edge.event.time),
        "relation": edge.relation.value,
        "shared_event_id": edge.event.shared_event_id,
    }


def _make_unfollowed(one: Unfollowed) -> Document:
    return {
        "from": one.source,
        "to": one.target,
        "reason": one.reason,
        "account_id": one.account_id,
        "event_id": one.event_id,
        "access_key_id": one.access_key_id,
    }


def _make_taken(row: Taken) -> Document:
    return {
        "action": f"{row.service}:{row.name}",
        "content": row.content.value,
        "suspected": row.calls[Suspected.YES],
        "uncertain": row.calls[Suspected.UNCERTAIN],
        "accounts": sorted(row.accounts),
        "first": _format(min(row.moments)),
        "last": _format(max(row.moments)),
    }


def _make_coverage(reads: Reads) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (account_id, region), read in sorted(reads.items()):
        # A record in an export may lack both.
        if account_id and region:
            found.setdefault(account_id, {})[region] = read.coverage.value
    return found


def _make_reasons(reads: Reads) -> list[Document]:
    return [
        {"account_id": account_id, "region": region, "reason": reason}
        for (account_id, region), read in sorted(reads.items())
        for reason in dict.fromkeys(read.reasons)
    ]


def _make_gaps(outcome: Outcome) -> list[Document]:
    return [
        {
            "time": _format(one.time),
            "account_id": one.account_id,
            "region": one.region,
            "event_name": one.event_name,
            "event_id": one.event_id,
        }
        for one in sorted(outcome.index.trail_changes, key=lambda one: (one.time, one.event_id))
    ]


def _make_baseline(outcome: Outcome) -> Document:
    beginning = outcome.beginning
    return {
        "since": _format(beginning.since),
        "basis": beginning.basis.value,
        "days": 30,
        "principals": {
            name: profile.describe()
            for name, profile in sorted(outcome.profiles.items())
            if "|" not in name and not name.startswith("opening ")
        },
    }


def _count(outcome: Outcome, graph: Graph) -> Document:
    suspected = collections.Counter(verdict.suspected for verdict in outcome.verdicts.values())
    classes = collections.Counter(classify(event) for event in outcome.events if outcome.find_verdict(event) == "yes")
    failed = sum(event.is_failed for event in outcome.events if outcome.find_verdict(event) == "yes")
    accounts = {event.account_id for event in outcome.suspects}
    return {
        "events": len(outcome.events),
        "suspected": {one.value: suspected[one] for one in Suspected},
        "classes": {one.value: classes[one] for one in EventClass},
        "failed": failed,
        "accounts": len(accounts),
        "nodes": len(graph.nodes),
        "edges": len(graph.edges),
        "unfollowed": len(graph.unfollowed),
    }


def _make_headline(
    outcome: Outcome,
    graph: Graph,
    reads: Reads,
    numbers: Mapping[str, t.Any],
    now: datetime,
    *,
    is_of_files: bool,
    notes: Sequence[str],
) -> Iterator[str]:
    """What somebody must know before the time line, the gravest first."""
    suspected = numbers["suspected"]
    yield (
        f"{suspected['yes']} events are suspected in {numbers['accounts']} accounts, {suspected['uncertain']} are "
        f"uncertain and {suspected['no']} are not suspected; no verdict is certain"
    )
    yield _describe_beginning(outcome)
    if graph.unfollowed:
        targets = list(dict.fromkeys(one.target for one in graph.unfollowed))
        yield f"{len(graph.unfollowed)} steps were not followed, to {_join(targets)}"
    yield from _describe_reads(reads)
    for gap in outcome.index.trail_changes[:_NAMED]:
        yield f"{gap.event_name} in account {gap.account_id} on {_format(gap.time)}: log files may lack events after it"
    known = {name for name, profile in outcome.profiles.items() if profile.is_enough}
    lacking = sorted(outcome.scope.watched - known)
    if lacking and outcome.beginning.since is not None:
        yield f"there is no baseline of {_join(lacking)}: without other facts their events are uncertain"
    if outcome.is_cut:
        yield f"only {MOST_EVENTS:,} events were kept; name a later time in since"
    if outcome.conflicts:
        yield f"{outcome.conflicts} events have the id of another event with other content: a log file may be forged"
    if not outcome.index.is_complete:
        yield "there are more sessions than can be followed"
    yield from _describe_limits(outcome, now, is_of_files=is_of_files)
    yield from notes


def _describe_beginning(outcome: Outcome) -> str:
    since, basis = outcome.beginning.since, outcome.beginning.basis
    if since is None:
        return "no event differs from the habits of the principals; set since if you know when the credential leaked"
    words = {
        Basis.GIVEN: f"the first suspicious time is {_format(since)}, as you set it in since",
        Basis.EARLIER: f"habits change on {_format(since)} already, before the time that you set in since",
        Basis.ESTIMATED: f"the first suspicious time is estimated: habits change on {_format(since)}; or set since",
        Basis.ADDRESS: f"the first suspicious time is {_format(since)}, the first call from an address that you named",
        Basis.NONE: f"the record is too short for habits, so all of it counts from {_format(since)} on",
    }
    return words[basis]


def _describe_reads(reads: Reads) -> Iterator[str]:
    for coverage, words in ((Coverage.DENIED, "were not read"), (Coverage.PARTIAL, "were read in part")):
        by_account: dict[str, list[str]] = {}
        reasons: dict[str, str] = {}
        for (account_id, region), read in sorted(reads.items()):
            if read.coverage is coverage:
                by_account.setdefault(account_id, []).append(region)
                reasons.setdefault(account_id, next((f" ({reason})" for reason in read.reasons), ""))
        for account_id, regions in by_account.items():
            yield f"{len(regions)} regions of account {account_id} {words}: {_join(regions)}{reasons[account_id]}"


def _describe_limits(outcome: Outcome, now: datetime, *, is_of_files: bool) -> Iterator[str]:
    minutes = int(LAG.total_seconds() // 60)
    yield f"events are 5 to {minutes} minutes late, so the newest are missing; hunt again after 1 and after 24 hours"
    since = outcome.beginning.since
    if is_of_files:
        yield "log files have calls on data, such as s3:GetObject, only if the trail records them"
        return
    yield "the event history has no calls on data, such as s3:GetObject; set trail_logs to read log files"
    if since is not None and now - since > timedelta(days=HISTORY_DAYS):
        yield f"the event history has {HISTORY_DAYS} days, and the first suspicious time is longer ago"


def _make_next_steps(outcome: Outcome, graph: Graph, reads: Reads, now: datetime) -> Iterator[str]:
    unread = sorted({one.account_id for one in graph.unfollowed if one.account_id and "was not read" in one.reason})
    if unread:
        yield f"add {_join(unread)} to the inventory or to trail_logs, and hunt again"
    if any(read.coverage is Coverage.PARTIAL for read in reads.values()):
        yield "run again: what was read is kept, and the next run goes on"
    sessions = [node for node in graph.nodes if node.kind == "session" and node.suspected is Suspected.YES]
    if sessions:
        yield f"contain {len(sessions)} suspected sessions: hand them to contain.yml as compromise_response_seen"
    made = sorted(
        {key for key in outcome.tainted.keys if key.startswith("AKIA") and not outcome.tainted.keys[key].is_doubtful}
    )
    if made:
        yield f"contain the access keys that were made: {_join(made)}"
    principals = sorted({*outcome.tainted.principals, *outcome.tainted.touched})
    if principals:
        yield f"look at the principals that were made or changed: {_join(principals)}"
    yield f"hunt again at {_format(now + _AGAIN[0])} and at {_format(now + _AGAIN[1])}"


def list_sessions(outcome: Outcome) -> list[Document]:
    """The sessions of roles that suspected events opened, in the form of ``compromise_response_seen``."""
    found: dict[tuple[str, str, str], Document] = {}
    for event in outcome.events:
        if (
            outcome.find_verdict(event) is not Suspected.YES
            or ":role/" not in event.principal_arn
            or not event.session_name
        ):
            continue
        key = (short_name(event.principal_arn), event.session_name, event.access_key_id)
        found.setdefault(
            key,
            {
                "role": event.principal_arn,
                "session_name": event.session_name,
                "access_key_id": event.access_key_id,
                "source_identity": event.source_identity,
            },
        )
    return list(found.values())


def _join(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _format(moment: t.Optional[datetime]) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
