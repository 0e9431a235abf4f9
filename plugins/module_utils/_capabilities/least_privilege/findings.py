# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The verdicts on a campaign: roles that nobody moved to, new denials, and old roles that stay. Pure."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from ..._account.model import Snapshot
from ..._account.moments import format_utc, whole_days
from ..._controls.assess import assess
from ..._controls.catalogue.least_privilege import OTHER_PROBLEMS
from ..._controls.control import Control, Failure, Scope, Verdict, maps
from ..._controls.requirements import LEAST_PRIVILEGE_NIST, LEAST_PRIVILEGE_PCI
from ..._controls.settings import Settings
from ..._converge.finding import Finding, Remediation, Severity
from .declared import Declared
from .gates import describe_doubts, find_last_use, find_old_only, find_unexplained, join_some
from .lifting import find_parallel_deadline
from .model import NewDenial, Way
from .records import Kind
from .situation import Situation

MODULE: t.Final = "hardening.iam.least_privilege"
UNUSED: t.Final = "parallel_role_unused"
DENIAL: t.Final = "new_unexplained_denial"
OVERDUE: t.Final = "retirement_overdue"
OLD_USED: t.Final = "replaced_role_used"
OLD_NAMED: t.Final = "only_old_role_named"
OTHERS: t.Final = "new_role_trust_widened"
#: All of them are in the report, also without a control of the assessment.
CONTROLS: t.Final = frozenset({UNUSED, DENIAL, OVERDUE, OLD_USED, OLD_NAMED, OTHERS})
# Nobody moved in that time, so nobody was asked to.
UNUSED_DAYS: t.Final = 14
_THEME: t.Final = "privileges"
# Reached by roles that people may use beside their old ones.
_OPEN: t.Final = frozenset({Kind.OPENED, Kind.CUT_OVER, Kind.WATCHED})
_UNREAD: t.Final = "its denials and its use were not read in this run"


class Judgement(t.NamedTuple):
    """The verdict on one role: it fails, or could not be judged, or neither."""

    failure: t.Optional[Failure] = None
    unjudged: t.Optional[Failure] = None


_Judge = Callable[[Declared, Situation, datetime], Judgement]


def findings(
    snapshot: Snapshot, declared: Declared, situations: Sequence[Situation], *, now: datetime
) -> tuple[Finding, ...]:
    """Judge all roles of a campaign. A role of which nothing was read is not assessed."""
    # No threshold of the assessment is about them.
    return assess(snapshot, settings=Settings(), controls=_make_controls(declared, tuple(situations), now), now=now)


def _make_controls(declared: Declared, situations: tuple[Situation, ...], now: datetime) -> tuple[Control, ...]:
    """Make the controls that depend on what a play declares, and so are none of the catalogue."""
    return tuple(
        Control(
            id=control,
            problem=OTHER_PROBLEMS[control],
            title=title,
            severity=severity,
            theme=_THEME,
            needs=(),
            check=functools.partial(_check, declared, situations, judge, now),
            expected=expected,
            rationale=rationale,
            remediation=Remediation(remediation, MODULE),
            compliance=maps(nist=LEAST_PRIVILEGE_NIST, pci=LEAST_PRIVILEGE_PCI, soc2=("CC6.3",)),
        )
        for control, title, severity, expected, rationale, remediation, judge in _TABLE
    )


def _check(declared: Declared, situations: Sequence[Situation], judge: _Judge, now: datetime, _scope: Scope) -> Verdict:
    begun = [
        one for one in situations if one.live is not None and (one.past.reached is not None or _explain_doubt(one))
    ]
    if not begun:
        return Verdict(0, "roles", not_applicable="no role of the campaign was begun")
    judged = [_judge(judge, declared, situation, now) for situation in begun]
    return Verdict(
        len(begun),
        "roles",
        tuple(one.failure for one in judged if one.failure),
        unjudged=tuple(one.unjudged for one in judged if one.unjudged),
    )


def _judge(judge: _Judge, declared: Declared, situation: Situation, now: datetime) -> Judgement:
    """Judge one role. What its records hide may be worse than what they show, so that only a failure is believed."""
    found = judge(declared, situation, now) if situation.past.reached is not None else Judgement()
    doubt = _explain_doubt(situation)
    return Judgement(unjudged=Failure(situation.role_arn, doubt)) if doubt and not found.failure else found


def _explain_doubt(situation: Situation) -> str:
    """Explain why the records of a role can't be believed; empty if they can."""
    if situation.past.is_recreated:
        return "the role was created again, and its records are of another"
    doubts = situation.past.doubts
    return f"its records contradict each other: {describe_doubts(doubts)}" if doubts else ""


def _find_unread(situation: Situation) -> str:
    """Explain why the use of a role is not known; empty if it is."""
    return situation.watched.failure if situation.watched else _UNREAD


def _judge_unused(_declared: Declared, situation: Situation, now: datetime) -> Judgement:
    past, live = situation.past, situation.live
    since = past.since.get(Kind.OPENED) or past.since.get(Kind.CUT_OVER)
    is_open = situation.way is Way.PARALLEL and past.reached in _OPEN and live is not None
    if not is_open or since is None or whole_days(since, now) < UNUSED_DAYS:
        return Judgement()
    if live is not None and live.new_role is not None and live.new_role.last_used is not None:
        return Judgement()
    unread = _find_unread(situation)
    if unread:
        return Judgement(unjudged=Failure(past.parallel_arn, f"nobody knows whether it is used: {unread}"))
    watched = situation.watched
    if watched is None or watched.calls or watched.since > now - timedelta(days=UNUSED_DAYS):
        return Judgement()
    detail = f"nobody has used it for {whole_days(since, now)} days, since {format_utc(since)}"
    return Judgement(Failure(past.parallel_arn, detail, {"role": situation.role_arn, "since": format_utc(since)}))


def _judge_denials(declared: Declared, situation: Situation, _now: datetime) -> Judgement:
    past = situation.past
    if past.reached not in (_OPEN | {Kind.CLOSED}):
        return Judgement()
    resource = past.parallel_arn or situation.role_arn
    unread = _find_unread(situation)
    if unread:
        return Judgement(unjudged=Failure(resource, f"nobody knows its new denials: {unread}"))
    found = find_unexplained(declared, situation)
    if not found:
        return Judgement()
    names = join_some(sorted({denial.action for denial in found}))
    count = sum(denial.count for denial in found)
    observed = {"role": situation.role_arn, "denials": [_describe_denial(denial) for denial in found]}
    return Judgement(Failure(resource, f"{count} calls are denied that were not before: {names}", observed))


def _describe_denial(denial: NewDenial) -> dict[str, t.Any]:
    return {
        "action": denial.action,
        "resource": denial.resource,
        "by": denial.by.value,
        "count": denial.count,
        "last": format_utc(denial.last),
    }


def _judge_overdue(declared: Declared, situation: Situation, now: datetime) -> Judgement:
    deadline = find_parallel_deadline(declared, situation)
    if deadline is None or now < deadline:
        return Judgement()
    days = declared.parallel_days + whole_days(deadline, now)
    detail = f"there have been two roles for {days} days; the limit was {format_utc(deadline)}"
    if situation.past.is_closed:
        detail = f"the closed role still has its policies; the limit was {format_utc(deadline)}"
    observed = {"new_role": situation.past.parallel_arn, "deadline": format_utc(deadline)}
    return Judgement(Failure(situation.role_arn, detail, observed))


def _judge_old_used(_declared: Declared, situation: Situation, _now: datetime) -> Judgement:
    cut_over = situation.past.since.get(Kind.CUT_OVER)
    if situation.way is not Way.PARALLEL or cut_over is None:
        return Judgement()
    last, watched = find_last_use(situation), situation.watched
    if last is None or last <= cut_over:
        unread = _find_unread(situation)
        detail = f"nobody knows whether the old role is used: {unread}"
        return Judgement(unjudged=Failure(situation.role_arn, detail)) if unread else Judgement()
    users = watched.old_role_users if watched else ()
    detail = f"it was used on {format_utc(last)}, after the cut-over, by {join_some(users) or 'somebody unknown'}"
    observed = {"last": format_utc(last), "by": list(users), "cut_over": format_utc(cut_over)}
    return Judgement(Failure(situation.role_arn, detail, observed))


def _judge_old_named(declared: Declared, situation: Situation, _now: datetime) -> Judgement:
    past = situation.past
    if situation.way is not Way.PARALLEL or not past.parallel_arn or past.reached is Kind.RETIRED:
        return Judgement()
    if situation.surroundings is None:
        detail = "nobody knows who names the role: that was not read in this run"
        return Judgement(unjudged=Failure(situation.role_arn, detail))
    found = find_old_only(declared, situation)
    if not found:
        return Judgement()
    named = join_some(f"{one.kind} of {one.resource}" for one in found)
    detail = f"only the old role is named in {named}, so the new one lacks what they give"
    observed = {"namers": [{"kind": one.kind, "resource": one.resource, "adapt": one.adapt} for one in found]}
    return Judgement(Failure(situation.role_arn, detail, observed))


def _judge_others(_declared: Declared, situation: Situation, _now: datetime) -> Judgement:
    new = situation.live.new_role if situation.live else None
    is_over = situation.past.reached is Kind.RETIRED
    if situation.way is not Way.PARALLEL or new is None or not new.is_ours or new.is_closed or is_over:
        return Judgement()
    if new.others is None:
        detail = "nobody knows whom it may let in: the journal does not have the trust policy of the old role"
        return Judgement(unjudged=Failure(new.arn, detail))
    if not new.others:
        return Judgement()
    observed = {"role": situation.role_arn, "others": list(new.others)}
    return Judgement(Failure(new.arn, f"it lets in {join_some(new.others)}, and the old role does not", observed))


_TABLE: t.Final[tuple[tuple[str, str, Severity, str, str, str, _Judge], ...]] = (
    (
        UNUSED,
        "Every opened role beside another is used",
        Severity.LOW,
        f"a call within {UNUSED_DAYS} days after it was opened",
        "If nobody moves to the new role, the old one keeps its rights, and the watch sees no denials.",
        "Move people and machines to the new role by the calls in the list of consumers.",
        _judge_unused,
    ),
    (
        DENIAL,
        "No right-sized role lost what it used",
        Severity.MEDIUM,
        "no new denial of an action that the evidence has",
        "A call that worked before and is denied now is work that stopped.",
        "Extend the policies by the proposal and generate again, or accept the denial by role and action.",
        _judge_denials,
    ),
    (
        OVERDUE,
        "No old role stays beside its new one for too long",
        Severity.MEDIUM,
        "the old role is retired within the declared days",
        "Two roles that the same people may assume double the attack surface.",
        "Move what still uses the old role, then run the stage retire. Or revert.",
        _judge_overdue,
    ),
    (
        OLD_USED,
        "No replaced role is used",
        Severity.MEDIUM,
        "no use after the cut-over",
        "A role that is still used can't be retired.",
        "Move the named consumers to the new role.",
        _judge_old_used,
    ),
    (
        OLD_NAMED,
        "No policy, grant or entry names the old role only",
        Severity.HIGH,
        "the new role beside the old one in all that names it",
        "A policy that names the old role gives the new one nothing, and a retired role loses what it gives.",
        "Add the new role by the listed calls, before the cut-over.",
        _judge_old_named,
    ),
    (
        OTHERS,
        "No opened role beside another lets in anybody else",
        Severity.HIGH,
        "the trust policy of the old role",
        "Somebody who is let in by the new role alone has its rights, and nobody has approved that.",
        "Set the trust policy of the new role again, by repeating the stage that opened it.",
        _judge_others,
    ),
)
