# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a run says: each account and user, what is not denied, what lives on, and the result as text."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.answer import Answer, Unknown, Yes
from ..._account.moments import format_utc
from ..._incident.from_above import NAME as OF_LOCK
from ..._incident.near_names import find_near
from ..._report.plain import printable
from ..._report.sentences import describe_change
from .documents import OF_PEOPLE
from .lock import LockPlan
from .plan import UNKNOWN_ACCOUNT, Verdict
from .runbook import STEPS_OF_PEOPLE, describe_next_step
from .work.observe import Work

Row = dict[str, t.Any]
_AGAIN: t.Final = "run the containment again"
_ENDINGS: t.Final[Mapping[str, str]] = {
    "not_made": "failed",
    "unverified": "was made, but does not show: somebody undid it, or AWS needs longer",
}


def list_accounts(verdicts: Iterable[Verdict], undenied: Sequence[Row], *, written: bool) -> list[Row]:
    """List the accounts, with the roles that go on."""
    open_ends = {row["principal"] for row in undenied}
    return [
        _describe_account(verdict, _describe_state(verdict, open_ends, written=written))
        for verdict in verdicts
        if verdict.subject != OF_PEOPLE
    ]


def _describe_account(verdict: Verdict, state: str) -> Row:
    member, kept = verdict.member, state != "not_contained"
    return {
        "account_id": verdict.subject,
        "action": verdict.action,
        "state": state,
        "policy": verdict.policy or None,
        "roles": [
            {**keeper.as_dict(), "denied": kept and bool(keeper.problem) and keeper.is_denied}
            for keeper in (member.keepers if member else ())
        ],
        "unread": member.problem if member else "",
        "move": verdict.move.as_dict() if verdict.move else None,
    }


def _describe_state(verdict: Verdict, open_ends: t.Collection[str], *, written: bool) -> str:
    if verdict.refusal or verdict.subject in open_ends:
        return "not_contained"
    return "contained" if written or not verdict.changes else "to_contain"


def list_people(
    verdicts: Iterable[Verdict], user_ids: Sequence[str], undenied: Sequence[Row], *, written: bool
) -> list[Row]:
    """List the users of Identity Center."""
    open_ends = {row["principal"] for row in undenied}
    return [
        {
            "user_id": user_id,
            "state": _describe_state(verdict, open_ends, written=written),
            "policy": verdict.policy,
            "next_steps": list(STEPS_OF_PEOPLE),
        }
        for verdict in verdicts
        if verdict.subject == OF_PEOPLE
        for user_id in user_ids
    ]


def list_not_denied(verdicts: Sequence[Verdict], result: Mapping[str, t.Any]) -> list[Row]:
    """List what is not denied, or is not seen to be."""
    ours = {verdict.refusal for verdict in verdicts if verdict.refusal}
    rows = [
        _row(verdict.subject, verdict.refusal.reason, describe_next_step(verdict.refusal.rule))
        for verdict in verdicts
        if verdict.refusal
    ]
    said = {(refusal.rule, refusal.reason) for refusal in ours}
    others = [item for item in result["refused"] if (item["rule"], item["reason"]) not in said]
    rows += [_row(_find_subject(verdicts, item), item["reason"], _AGAIN) for item in others]
    for name, what in _ENDINGS.items():
        rows += [_row(_find_subject(verdicts, item), f"{item['operation']} {what}", _AGAIN) for item in result[name]]
    return rows


def list_unresolved(verdicts: Iterable[Verdict], accounts: Sequence[str]) -> list[Row]:
    """List the accounts that the incident names and the organization does not have, with those people may have meant.

    ``accounts`` are those of the organization.
    """
    return [
        {
            "id": verdict.subject,
            "account_id": verdict.subject,
            "detail": verdict.refusal.reason,
            "near": list(find_near(verdict.subject, accounts)),
        }
        for verdict in verdicts
        if verdict.refusal and verdict.refusal.rule == UNKNOWN_ACCOUNT
    ]


def describe_lock(
    plan: LockPlan, measured: Mapping[str, Answer[float]], work: Mapping[str, Work], result: Mapping[str, t.Any]
) -> Row:
    """Describe what the dormant policy says: until when which accounts are locked, and who is denied everything."""
    lock, named = plan.orders.lock, plan.orders.named
    targets = {change.target for change in plan.changes}
    is_pending = any(change["target"] in targets and not change["applied"] for change in result["changes"]) or any(
        item["target"] in targets for name in (*_ENDINGS, "refused") for item in result[name]
    )
    rows = [
        _describe_locked(account_id, measured.get(account_id), work.get(account_id, Work()))
        for account_id in (sorted(lock.accounts) if lock else ())
    ]
    rows += [_describe_unlocked(account_id, reason) for account_id, reason in plan.unlocked.items()]
    return {
        "policy": OF_LOCK if plan.content else None,
        "written": plan.content is not None and not is_pending,
        "until": format_utc(lock.until) if lock else None,
        "accounts": rows,
        "denied": sorted(named.arns - set(plan.left_out)),
        "older_sessions_denied": sorted(named.shared_roles - set(plan.left_out)),
        "not_denied": list(plan.left_out),
    }


def _describe_locked(account_id: str, measured: t.Optional[Answer[float]], work: Work) -> Row:
    seconds = round(measured.value, 1) if isinstance(measured, Yes) else None
    reason = measured.reason if isinstance(measured, Unknown) else ""
    stops = [{"principal": principal, "writes": count} for principal, count in work.writes.items()]
    row = {"account_id": account_id, "locked": True, "holds_after_seconds": seconds, "reason": reason}
    return {**row, "stops": stops, "stops_unread": work.unread}


def _describe_unlocked(account_id: str, reason: str) -> Row:
    row = {"account_id": account_id, "locked": False, "holds_after_seconds": None, "reason": reason}
    return {**row, "stops": [], "stops_unread": ""}


def _write_lock_lines(lock: Row, *, written: bool) -> list[str]:
    """Write what the dormant policy says as lines; none where the incident has nothing to say there."""
    lines = []
    for row in lock["accounts"]:
        account = f"account {row['account_id']}"
        if not row["locked"]:
            lines.append(f"{account}: identities are NOT LOCKED: {row['reason']}")
        elif not (written and lock["written"]):
            lines.append(f"{account}: identities would be locked until {lock['until']}")
        elif row["holds_after_seconds"] is None:
            why = row["reason"] or "nobody measured it"
            lines.append(
                f"{account}: identities are locked until {lock['until']}; it is not known whether it holds: {why}"
            )
        else:
            lines.append(
                f"{account}: identities are locked until {lock['until']}; that it holds was measured "
                f"after {row['holds_after_seconds']} seconds"
            )
        lines += [
            f"{account}: the lock stops {one['principal']}, which wrote identities {one['writes']} times in 30 days"
            for one in row["stops"]
        ]
        if row["stops_unread"]:
            lines.append(f"{account}: it is not known who else wrote identities in 30 days: {row['stops_unread']}")
    verb = "denied from above" if written and lock["written"] else "to be denied from above"
    lines += [f"{verb}: {arn}" for arn in lock["denied"]]
    lines += [f"{verb}: older sessions of {arn}" for arn in lock["older_sessions_denied"]]
    return [*lines, *(f"NOT DENIED from above, because the policy has no room: {arn}" for arn in lock["not_denied"])]


def _find_subject(verdicts: Iterable[Verdict], item: Mapping[str, t.Any]) -> str:
    """Find the account that a change is about, or the users; its target if that is unknown."""
    named = (item["operation"], item["target"])
    for verdict in verdicts:
        if any((change.operation, change.target) == named for change in verdict.changes):
            return verdict.subject
    return str(item["target"])


def _row(principal: str, reason: str, next_step: str) -> Row:
    return {"principal": principal, "reason": reason, "next_step": next_step}


def list_lives_on(accounts: Iterable[Row], people: Iterable[Row]) -> list[Row]:
    """List what no control policy ends."""
    rows: list[Row] = []
    for account in accounts:
        name = f"account {account['account_id']}"
        rows += [
            _lives(name, what, step)
            for what, step in (
                ("roles that are linked to services of AWS", "look at what the services do there"),
                (
                    "principals of other accounts in its buckets, keys, queues and images",
                    "look at the policies of its resources, or attach a resource control policy",
                ),
                ("machines and functions that need no call of AWS", "stop them with an exempt role"),
            )
        ]
    for person in people:
        name = f"Identity Center user {person['user_id']}"
        rows += [
            _lives(name, "sessions in the management account, which no control policy binds", STEPS_OF_PEOPLE[2]),
            _lives(name, "the session of the access portal, and of applications", STEPS_OF_PEOPLE[1]),
        ]
    return rows


def _lives(principal: str, what: str, next_step: str) -> Row:
    return {"principal": principal, "what": what, "until": None, "denied": False, "next_step": next_step}


def write_text(result: Mapping[str, t.Any], *, written: bool) -> str:
    """Write a containment as text. One that names nothing of the organization has nothing to say."""
    lock = _write_lock_lines(result["identity_lock"], written=written)
    if not (result["accounts"] or result["people"] or result["not_denied"] or result["trust"] or lock):
        return ""
    done = [change for change in result["changes"] if change["applied"] or not written]
    verb = "changed" if written else "to change"
    head = (
        f"Incident {result['incident_id']} at the organization, {result['pass']} pass: {len(result['accounts'])} "
        f"accounts, {len(result['people'])} users of Identity Center, {len(done)} {verb}, "
        f"{len(result['not_denied'])} not denied."
    )
    lines = [f"account {row['account_id']}: {row['state']} ({row['action']})" for row in result["accounts"]]
    lines += [f"Identity Center user {row['user_id']}: {row['state']}" for row in result["people"]]
    lines += lock
    lines += [f"{verb}: {describe_change(change)}" for change in done]
    for row in result["accounts"]:
        lines += [f"account {row['account_id']}: it can't be read: {row['unread']}"] if row["unread"] else []
        lines += [describe_role(role, row["state"]) for role in row["roles"]]
        lines += _describe_move(row)
    lines += [f"NOT DENIED: {row['principal']}: {row['reason']}; {row['next_step']}" for row in result["not_denied"]]
    lines += [_describe_trust(row) for row in result["trust"]]
    lines += [f"lives on: {row['what']} of {row['principal']}; {row['next_step']}" for row in result["lives_on"]]
    return "\n".join([head, *(f"  {printable(line)}" for line in lines)])


def _describe_trust(row: Mapping[str, t.Any]) -> str:
    name, since = f"account {row['account_id']}", row["since"]
    unread = f"; not known: {'; '.join(row['unread'])}" if row["unread"] else ""
    if row["state"] == "unknown":
        return f"{name}: it is not known whether it may be trusted: {'; '.join(row['unread'])}"
    if row["state"] == "nothing_seen":
        return f"{name}: no change of roles of the run or of control policies is seen since {since}"
    advice = "if that was an intruder, add it to accounts of the incident"
    return f"DO NOT TRUST {name}: {describe_distrust(row)}{unread}; {advice}"


def describe_distrust(row: Mapping[str, t.Any]) -> str:
    """Describe what changed in an account that may not be trusted any more."""
    calls = [f"{one['operation']} of {one['what']} by {one['caller']} at {one['when']}" for one in row["changes"]]
    return "; ".join([*(one["summary"] for one in row["differences"]), *calls])


def describe_role(role: Mapping[str, t.Any], state: str) -> str:
    """Describe one role of an account: whether it goes on, or is denied like all others."""
    if role["continues"]:
        return f"goes on: {role['role']}"
    denied = "to be denied as well" if state == "to_contain" else "denied as well"
    return f"{denied if role['denied'] else 'not denied'}: {role['role']}: {role['reason']}"


def _describe_move(row: Row) -> list[str]:
    move = row["move"]
    if not move:
        return []
    levels = {
        name: "; ".join(f"{level['target']}: {', '.join(level['policies']) or 'none'}" for level in move[name])
        for name in ("policies_before", "policies_after")
    }
    return [
        f"account {row['account_id']} is under {levels['policies_before']}",
        f"account {row['account_id']} would be under {levels['policies_after']}",
        *(f"account {row['account_id']} loses the restrictions of {name}" for name in move["lost"]),
        *(
            f"account {row['account_id']}: not compared, and ends with its unit: {name}"
            for name in move["not_compared"]
        ),
    ]


def write_release_text(result: Mapping[str, t.Any], *, written: bool) -> str:
    """Write a release as text; empty if there is nothing to say."""
    done = [change for change in result["changes"] if change["applied"] or not written]
    if not (done or result["refused"] or result["left"]):
        return ""
    verb = "taken back" if written else "to take back"
    head = f"Release of incident {result['incident_id']} at the organization: {len(done)} {verb}."
    lines = [f"{verb}: {describe_change(change)}" for change in done]
    lines += [f"refused ({item['rule']}): {item['reason']}" for item in result["refused"]]
    lines += [f"left: {item['operation']} on {item['target']}: {item['reason']}" for item in result["left"]]
    return "\n".join([head, *(f"  {printable(line)}" for line in lines)])
