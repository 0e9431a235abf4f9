# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The impact of a change as a document for text and HTML. Principals with the same impact are one group."""

from __future__ import annotations

import collections
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from .._account.model import Dataset, Snapshot
from .._account.moments import format_utc
from .._controls.control import unread_reason
from .._policy.impact.judge import BLIND_SPOTS, Breakage, Impact, Verdict
from .._policy.trail.usage import SourceRead
from .acceptance import Acceptances, acceptance_of

SCHEMA: t.Final = "hardening.iam/impact/1"
_NUMBER: t.Final = re.compile(r"\d+")


def build(
    impacts: Sequence[Impact],
    *,
    account: Mapping[str, t.Any],
    change: Sequence[str],
    accepted: Mapping[str, Mapping[str, str]],
    skipped: Sequence[Mapping[str, str]],
    created: datetime,
    unread: Sequence[str],
    assumed: Sequence[str],
) -> dict[str, t.Any]:
    """The document. ``accepted`` are the acceptances by principal, ``assumed`` the resources taken to be unused."""
    outcomes = collections.Counter(impact.outcome for impact in impacts)
    groups: dict[t.Hashable, list[Impact]] = {}
    for impact in impacts:
        groups.setdefault((_sign_impact(impact), impact.principal_arn in accepted), []).append(impact)
    return {
        "schema": SCHEMA,
        **account,
        "created": format_utc(created),
        "change": list(change),
        "outcome": next((outcome.value for outcome in Breakage if outcomes[outcome]), Breakage.SAFE.value),
        "counts": {outcome.value: outcomes[outcome] for outcome in Breakage},
        "groups": [_group_as_dict(members, accepted) for members in sorted(groups.values(), key=_rank_group)],
        "evidence": _count_sources(impacts),
        "blind_spots": [
            *dict.fromkeys((*_list_blind_spots(impacts), *BLIND_SPOTS)),
            *(f"not read: {item}" for item in unread),
        ],
        "assumed_unused": list(assumed),
        "skipped": [dict(item) for item in skipped],
    }


def find_accepted(impacts: Iterable[Impact], acceptances: Acceptances, today: date) -> dict[str, dict[str, str]]:
    """Find the acceptances in force, by the principal whose breakage they accept."""
    pairs = (
        (impact.principal_arn, acceptance_of(impact.principal_arn, acceptances, today))
        for impact in impacts
        if not impact.is_safe
    )
    return {arn: acceptance.as_dict() for arn, acceptance in pairs if acceptance is not None}


def layers_not_read(snapshot: Snapshot) -> Sequence[str]:
    """The gaps in the layers of principals: what could not be read of them."""
    unread = snapshot.missing(Dataset.ORGANIZATION_POLICIES)
    return [f"SCPs and RCPs: {unread_reason(unread)}"] if unread is not None else []


def verdict_record(verdict: Verdict) -> dict[str, t.Any]:
    """The record of a verdict in results."""
    use = verdict.use
    return {
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "service": use.service if use else None,
        "action": use.action if use else None,
        "resource": use.resource if use else None,
        "source": use.source.value if use else None,
        "count": use.count if use else 0,
        "first": format_utc(use.first) if use and use.first else None,
        "last": format_utc(use.last) if use and use.last else None,
        "missing_context": list(verdict.missing_context),
        "resources": list(verdict.resources),
        "lost": list(verdict.lost),
        "layer": verdict.layer,
        "policy": verdict.policy,
        "statement": verdict.statement,
    }


def _sign_impact(impact: Impact) -> t.Hashable:
    """Sign an impact by all that a group shows, save how often and when. Principals with equal signs are one group."""
    seen = {
        (verdict.outcome, verdict.use.action, verdict.use.resource, verdict.reason)
        if verdict.use
        else (verdict.outcome, verdict.reason)
        for verdict in impact.verdicts
    }
    return frozenset(seen)


def _rank_group(members: Sequence[Impact]) -> tuple[int, int, str]:
    order = list(Breakage)
    return order.index(members[0].outcome), -len(members), members[0].principal_arn


def _group_as_dict(members: Sequence[Impact], accepted: Mapping[str, Mapping[str, str]]) -> dict[str, t.Any]:
    arns = [impact.principal_arn for impact in members]
    verdicts = [verdict for impact in members for verdict in impact.verdicts]
    unsafe = {verdict.use.service for verdict in verdicts if verdict.use and verdict.outcome is not Breakage.SAFE}
    used = {verdict.use.service for verdict in verdicts if verdict.use}
    may = [verdict for verdict in verdicts if verdict.outcome is Breakage.MAY_BREAK]
    return {
        "principals": arns,
        "name": fold_names([arn.partition(":")[2].rpartition(":")[2].partition("/")[2] for arn in arns]),
        "kind": _find_kind(arns),
        "count": len(arns),
        "outcome": members[0].outcome.value,
        "accepted": accepted.get(arns[0]),
        "will_break": _join_verdicts(verdict for verdict in verdicts if verdict.outcome is Breakage.WILL_BREAK),
        "may_break": _join_verdicts(verdict for verdict in may if not verdict.missing_context),
        "unknown_context": _join_verdicts(verdict for verdict in may if verdict.missing_context),
        "no_evidence": list(
            dict.fromkeys(verdict.reason for verdict in verdicts if verdict.outcome is Breakage.NO_EVIDENCE)
        ),
        "safe": sorted(used - unsafe),
        "safe_actions": sorted(
            {
                verdict.use.action
                for verdict in verdicts
                if verdict.use and verdict.outcome is Breakage.SAFE and verdict.use.service in unsafe
            }
        ),
    }


def _find_kind(arns: Sequence[str]) -> str:
    kinds = {arn.rpartition(":")[2].partition("/")[0] for arn in arns}
    return kinds.pop() if len(kinds) == 1 else "principal"


def _join_verdicts(verdicts: Iterable[Verdict]) -> list[dict[str, t.Any]]:
    """Join verdicts of one outcome by service and reason: uses that differ in nothing else are one item."""
    found: dict[tuple[str, str], dict[str, t.Any]] = {}
    for verdict in verdicts:
        use = verdict.use
        if use is None:
            continue
        item = found.setdefault(
            (use.service, _generalize(verdict)),
            {
                "service": use.service,
                "actions": {},
                "resources": {},
                "reason": verdict.reason,
                "calls": 0,
                "last": None,
                "missing_context": list(verdict.missing_context),
                "lost": list(verdict.lost),
                "of": verdict.of,
            },
        )
        item["actions"][use.action.partition(":")[2]] = None
        item["resources"].update({use.resource: None} if use.resource else {})
        item["calls"] += use.count
        last = format_utc(use.last) if use.last else None
        item["last"] = max(filter(None, (item["last"], last)), default=None)
    return [
        {**item, "actions": list(item["actions"]), "resources": list(item["resources"])}
        for _key, item in sorted(found.items(), key=lambda pair: pair[0])
    ]


def _generalize(verdict: Verdict) -> str:
    """Generalize the reason of a verdict over actions and resources: to the statement and the policy that decide."""
    if verdict.lost or verdict.policy is None:
        return verdict.reason
    return "|".join((verdict.layer or "", verdict.policy, verdict.statement or "", *verdict.missing_context))


def fold_names(names: Sequence[str]) -> str:
    """Fold names that differ in one number alone to ``dev-team-{01..15}-role``."""
    families: dict[str, list[str]] = {}
    for name in names:
        numbers = _NUMBER.findall(name)
        families.setdefault(_NUMBER.sub("#", name) if len(numbers) == 1 else name, []).append(name)
    parts = []
    for family, members in families.items():
        if len(members) < 3 or "#" not in family:
            parts += members
            continue
        numbers = sorted((_NUMBER.findall(name)[0] for name in members), key=int)
        parts.append(family.replace("#", f"{{{_join_runs(numbers)}}}"))
    return ", ".join(parts)


def _join_runs(numbers: Sequence[str]) -> str:
    """Join ascending numbers; consecutive ones become ``01..06``."""
    runs: list[list[str]] = []
    for number in numbers:
        if runs and int(number) == int(runs[-1][-1]) + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}..{run[-1]}" if len(run) > 2 else ",".join(run) for run in runs)


def _count_sources(impacts: Sequence[Impact]) -> list[dict[str, t.Any]]:
    """Count the principals that each source was read for."""
    reads: dict[tuple[t.Any, ...], list[SourceRead]] = {}
    for impact in impacts:
        for read in impact.evidence.reads:
            reads.setdefault((read.source, read.window_days, read.place, read.failure), []).append(read)
    return [
        {
            "source": source.value,
            "window_days": days,
            "lag": found[0].lag,
            "place": place,
            "failure": failure,
            "principals": len(found),
            "of": len(impacts),
            # A source that all share has counted its events once.
            "records": found[0].records if place else sum(read.records for read in found),
        }
        for (source, days, place, failure), found in reads.items()
    ]


def _list_blind_spots(impacts: Sequence[Impact]) -> list[str]:
    return [
        spot for impact in impacts for read in impact.evidence.reads if not read.failure for spot in read.blind_spots
    ]
