# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The state of a campaign as data, for results and reports, and as text for a terminal. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.moments import format_utc
from ..._report.plain import printable, wrap_text
from .declared import Declared
from .gates import accept_denial, accept_namer, accept_unread, describe_days, find_last_use
from .model import Consumer, NewDenial, Stage
from .situation import Situation
from .step import State, Step

WIDTH: t.Final = 80
# So many roles are named in a line.
_NAMED: t.Final = 10
_Numbers = Mapping[str, t.Optional[int]]
_NO_NUMBERS: t.Final[_Numbers] = {"before": None, "after": None}


@dataclasses.dataclass(frozen=True)
class Details:
    """What the documents of a role change, for people. Numbers have the keys ``before`` and ``after``."""

    granted: _Numbers = dataclasses.field(default_factory=lambda: _NO_NUMBERS)
    privileged: _Numbers = dataclasses.field(default_factory=lambda: _NO_NUMBERS)
    paths: _Numbers = dataclasses.field(default_factory=lambda: _NO_NUMBERS)
    losses: tuple[str, ...] = ()
    patch: t.Optional[Mapping[str, str]] = None


def build_summary(
    declared: Declared,
    situations: Sequence[Situation],
    steps: Sequence[Step],
    details: t.Optional[Mapping[str, Details]] = None,
) -> dict[str, t.Any]:
    """Build the return value ``campaign``. ``steps`` are those of the ``situations``, ``details`` are by role ARN."""
    roles = [
        _build_role(declared, situation, step, (details or {}).get(situation.role_arn, Details()))
        for situation, step in zip(situations, steps, strict=True)
    ]
    return {
        "campaign": declared.campaign,
        "stage": declared.stage.value if declared.stage else None,
        "roles": sorted(roles, key=lambda role: str(role["role"])),
    }


def _build_role(declared: Declared, situation: Situation, step: Step, details: Details) -> dict[str, t.Any]:
    past, live = situation.past, situation.live
    return {
        "role": situation.role_arn,
        "role_id": live.id if live else "",
        "way": step.way.value if step.way else "",
        "canary": step.is_canary,
        "stage": past.stage.value if past.stage else "",
        "since": _format(step.since),
        "state": step.state.value,
        "reason": step.reason,
        "rule": step.rule,
        "next": step.next,
        "days_left": step.days_left,
        "deadline": _format(step.deadline),
        "warnings": list(step.warnings),
        "parallel": {"arn": past.parallel_arn, "id": past.parallel_id} if past.parallel_arn else None,
        "documents": [{"name": one.name, "sha256": one.sha256, "size": one.size} for one in _list_documents(situation)],
        "outcome": (situation.proposal.outcome if situation.proposal else past.outcome) or None,
        "granted": dict(details.granted),
        "privileged": dict(details.privileged),
        "paths": dict(details.paths),
        "losses": list(details.losses),
        **_build_surroundings(declared, situation),
        "denials": _build_denials(declared, situation),
        "old_role_used": _build_use(situation),
        "revert": make_revert_command(declared, situation),
        "patch": dict(details.patch) if details.patch is not None else None,
    }


def _list_documents(situation: Situation) -> Sequence[t.Any]:
    is_new = situation.proposal is not None and bool(situation.proposal.documents)
    return situation.proposal.documents if is_new and situation.proposal else situation.past.documents


def _build_surroundings(declared: Declared, situation: Situation) -> dict[str, t.Any]:
    found = situation.surroundings
    consumers: tuple[Consumer, ...] = found.consumers if found else ()
    return {
        "consumers": [one.as_dict() for one in consumers],
        "consumers_unread": list(found.unread) if found else [],
        "namers": [
            {**one.as_dict(), "accepted": accept_namer(declared, situation, one)}
            for one in (found.namers if found else ())
        ],
        "namers_unread": [
            {
                "account_id": one.account_id,
                "reason": one.reason,
                "blocks": one.blocks,
                "accepted": accept_unread(declared, situation, one),
            }
            for one in (found.unread_namers if found else ())
        ],
    }


def _build_denials(declared: Declared, situation: Situation) -> t.Optional[dict[str, t.Any]]:
    watched = situation.watched
    if watched is None:
        return None
    return {
        "since": format_utc(watched.since),
        "baseline": watched.baseline,
        "calls": watched.calls,
        "new": [_build_denial(declared, situation, denial) for denial in watched.new],
        "not_watched": list(watched.not_watched),
        "failure": watched.failure or None,
    }


def _build_denial(declared: Declared, situation: Situation, denial: NewDenial) -> dict[str, t.Any]:
    return {
        "action": denial.action,
        "resource": denial.resource,
        "count": denial.count,
        "first": format_utc(denial.first),
        "last": format_utc(denial.last),
        "by": denial.by.value,
        "used_before": denial.used_before,
        "message": denial.message,
        "accepted": accept_denial(declared, situation, denial),
        "proposal": dict(denial.proposal) if denial.proposal is not None else None,
        "diff": denial.diff,
    }


def _build_use(situation: Situation) -> t.Optional[dict[str, t.Any]]:
    """Build what is known of the use of the old role; None if nothing was read."""
    watched = situation.watched
    if watched is None or watched.failure or not situation.past.parallel_arn:
        return None
    last = find_last_use(situation)
    return {"last": _format(last), "by": list(watched.old_role_users)}


def _format(moment: t.Optional[datetime]) -> t.Optional[str]:
    return format_utc(moment) if moment is not None else None


def make_revert_command(declared: Declared, situation: Situation) -> str:
    """Make the command that reverts one role. Names of roles have no character that a shell or YAML would obey."""
    name = situation.role_arn.rpartition("/")[2]
    options = (
        f'{{"least_privilege_campaign": "{declared.campaign}", "least_privilege_stage": "{Stage.REVERT}", '
        f'"least_privilege_revert": ["{name}"]}}'
    )
    return f"ansible-playbook hardening.iam.right_size -e '{options}'"


# The text


def render_summary(summary: Mapping[str, t.Any], recorded: t.Optional[Collection[str]] = None) -> str:
    """Render the state of a campaign for a terminal, from the return value; roles in the same state once.

    ``recorded`` are the ARNs of the roles whose steps a run did; None for a run that writes nothing. Their reasons say
    what was done, and their states are those after it.
    """
    stage = f", stage {summary['stage']}" if summary["stage"] else ""
    lines = [f"Right-sizing of {printable(summary['campaign'])}{stage}"]
    groups: dict[tuple[str, str, str], list[str]] = {}
    for role in summary["roles"]:
        groups.setdefault(_describe(role, recorded), []).append(str(role["role"]).rpartition("/")[2])
    if not groups:
        lines.append("  no roles")
    for (label, reason, following), names in groups.items():
        lines += _render_group(label, reason, following, names)
    return "\n".join(lines)


def _describe(role: Mapping[str, t.Any], recorded: t.Optional[Collection[str]]) -> tuple[str, str, str]:
    """Describe the state of a role without its name: what is equal is one group."""
    state = State(role["state"])
    label, left = _describe_state(role)
    following = f"next: {role['next']}" if role["next"] else ""
    if recorded is not None and role["role"] in recorded:
        return "done in this run|", role["reason"], following if state is State.DONE else f"now {state}{left}"
    if state in (State.SOAKING, State.CLOSED, State.RETIRED, State.REVERTED):
        return f"{label}|{left}", "", ""
    if state is State.DONE:
        return f"{label}|", "", following
    if state is State.DUE and recorded is not None:
        reason = "not all of its changes were made, and the next run goes on"
        return "not done|", reason, "next: see what was refused or failed"
    # The same stage is missing of many roles at once.
    reason = role["reason"].replace(f" of role/{str(role['role']).rpartition('/')[2]}", "")
    # A patch is handed out in a run that only checks, too.
    return f"{label}|", reason, following if state is State.WAITING or role["patch"] else ""


def _describe_state(role: Mapping[str, t.Any]) -> tuple[str, str]:
    """Describe the state of a role in a word or two, and the days that are left."""
    state, stage = State(role["state"]), role["stage"]
    left = f", {describe_days(role['days_left'])} left" if role["days_left"] else ""
    if state is State.SOAKING:
        return stage, left
    return (f"{stage or 'nothing'} done" if state is State.DONE else state.value), left


def _render_group(label: str, reason: str, following: str, names: Sequence[str]) -> Iterator[str]:
    head, _bar, left = label.partition("|")
    count = f"{len(names)} role{'' if len(names) == 1 else 's'}"
    shown = ", ".join(printable(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    yield from wrap_text(f"{head}: {count}{left}: {shown}{more}", first="  ", rest="    ", width=WIDTH)
    if reason:
        yield from wrap_text(printable(reason), first="    ", rest="    ", width=WIDTH)
    if following:
        yield from wrap_text(printable(following), first="    ", rest="    ", width=WIDTH)
