# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The state of the moves of an account, as data for results, and as text for a terminal. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.moments import format_utc
from ..._controls.control import plural
from ..._converge.finding import mask_key_ids
from ..._policy.hunt.dependants.find import Mention
from ..._prediction.key_users.tally import clean
from ..._report.plain import printable
from .detection import Caller, describe_mention, describe_place
from .handover import describe_step
from .inferring import list_contradictions
from .model import State
from .situation import Situation
from .steps import Action, Step

_NAMED: t.Final = 5
_LONGEST: t.Final = 256
_ACTS: t.Final[Mapping[Action, str]] = {
    Action.PREPARE: "make the role",
    Action.DEACTIVATE: "deactivate the key",
    Action.DELETE: "delete the key",
    Action.REVERT: "take back what runs made",
}
_RECORDS: t.Final[Mapping[State, str]] = {
    State.VERIFIED: "record that the role is used, and the key is not",
    State.KEY_INACTIVE: "record that the key is inactive",
    State.KEY_DELETED: "record that the key is gone",
}


def build_summary(
    situations: Sequence[Situation], steps: Sequence[Step], held: Sequence[str], *, reveal_key_ids: bool
) -> list[dict[str, t.Any]]:
    """Build the return value ``workloads``: one entry a workload, in the declared order.

    ``held`` has for each workload why its step was not made, or an empty text.
    """
    found = [_build_entry(*each) for each in zip(situations, steps, held, strict=True)]
    return found if reveal_key_ids else t.cast(list[dict[str, t.Any]], mask_key_ids(found))


def _build_entry(situation: Situation, step: Step, held: str) -> dict[str, t.Any]:
    past, workload, key, proposal = situation.past, situation.workload, situation.key, situation.proposal
    platform, against = situation.platform, list_contradictions(situation)
    return {
        "name": workload.name,
        "user": situation.user.name if situation.user else workload.user,
        "key": key.id if key else None,
        "key_status": key.status if key else None,
        "key_last_used": _format(situation.key_last_used),
        "platform": platform.value if platform else None,
        "platform_source": ("declared" if workload.platform else "detected") if platform else None,
        "platform_confidence": _name_confidence(situation),
        "platform_reason": situation.detection.reason or None,
        "contradicted": bool(against),
        "contradictions": against or None,
        "cluster": workload.cluster or None,
        "region": situation.region or None,
        "callers": [_describe(one) for one in situation.detection.callers],
        "callers_unknown": situation.consumers.gap,
        "named_in": [_describe_mention(one) for one in situation.detection.mentions],
        "role": situation.role_arn or None,
        "role_last_used": _format(situation.last_used),
        "trust": dict(situation.trust) if situation.trust else None,
        "policies": {name: dict(content) for name, content in proposal.documents.items()} if proposal else {},
        "unproven": (proposal.failure or proposal.unproven or proposal.breakage or None) if proposal else None,
        "state": past.reached.value if past.reached else None,
        "since": _format(past.since.get(past.reached)) if past.reached else None,
        "next": step.action.value,
        "next_state": step.state.value if step.state else None,
        "due": _format(step.due),
        "rule": step.rule,
        "reason": step.reason,
        "held": held,
        "handover": list(_list_handover(situation, step)),
    }


def _name_confidence(situation: Situation) -> t.Optional[str]:
    """How sure the evidence is for a platform that nobody declared."""
    if situation.platform is None or situation.workload.platform or situation.detection.confidence is None:
        return None
    return situation.detection.confidence.value


def _describe_mention(mention: Mention) -> dict[str, t.Any]:
    return {
        "kind": mention.kind,
        "resource": clean(mention.resource, _LONGEST),
        "region": mention.region,
        "place": describe_place(mention),
        "owner": clean(mention.owner, _LONGEST) or None,
        "description": describe_mention(mention),
    }


def _list_handover(situation: Situation, step: Step) -> Iterator[str]:
    """List the step for people, from when the role is prepared until its use is verified."""
    platform, reached = situation.platform, situation.past.reached
    is_prepared = reached is State.PREPARED or step.state is State.PREPARED
    if platform is not None and is_prepared and step.state not in (State.VERIFIED, State.REVERTED):
        yield from describe_step(situation.workload, platform, situation.role_arn, situation.region)


def _describe(caller: Caller) -> dict[str, t.Any]:
    consumer = caller.consumer
    return {
        "address": consumer.address,
        "agent": consumer.agent,
        "calls": consumer.calls,
        "first": format_utc(consumer.first),
        "last": format_utc(consumer.last),
        "platform": caller.platform.value,
        "confidence": caller.confidence.value,
        "why": caller.why,
    }


def _format(moment: t.Optional[datetime]) -> t.Optional[str]:
    return format_utc(moment) if moment else None


def render_summary(account_id: str, entries: Iterable[Mapping[str, t.Any]], *, written: bool) -> str:
    """Render the state for a terminal."""
    lines = [line for entry in entries for line in _render(entry, written)]
    head = f"Move of workloads from access keys to roles in account {account_id}"
    return "\n".join([f"{head}:", *lines] if lines else [f"{head}: no workload is declared."])


def _render(entry: Mapping[str, t.Any], written: bool) -> Iterator[str]:
    state = f"{entry['state']} since {entry['since']}" if entry["state"] else "it has not begun"
    source = ", ".join(filter(None, (entry["platform_source"], entry["platform_confidence"])))
    platform = f"{entry['platform']} ({source})" if entry["platform"] else "platform not clear"
    key = f"with {_name_key(entry['key'])} of {printable(entry['user'])}"
    yield f"  {printable(entry['name'])}, {key}: {platform}, {state}"
    for line in (*_render_step(entry, written), *_render_callers(entry)):
        # Reasons and programs have names that others chose.
        yield f"    {printable(line)}"
    if entry["handover"]:
        yield "    The step that people do:"
        yield from (f"      {_indent(line)}{printable(line)}" for line in entry["handover"])


def _name_key(key: t.Optional[str]) -> str:
    return f"the key {key}" if key else "a key that is not known"


def _indent(line: str) -> str:
    """The spaces that a line begins with: a part of a workflow is YAML."""
    return line[: len(line) - len(line.lstrip(" "))]


def _render_step(entry: Mapping[str, t.Any], written: bool) -> Iterator[str]:
    action, due = Action(entry["next"]), f" until {entry['due']}" if entry["due"] else ""
    if action is Action.WAIT:
        yield f"waits{due}: {entry['reason']}"
    elif action is Action.REFUSE or (action is Action.REVERT and entry["rule"]):
        yield f"refused: {entry['reason']}"
    elif action is Action.NOTHING:
        yield from [entry["reason"]] if entry["reason"] else []
    elif entry["held"]:
        yield f"not made: {entry['held']}"
    else:
        done = _RECORDS[State(entry["next_state"])] if action is Action.RECORD else _ACTS[action]
        yield f"{'step of this run' if written else 'next step'}: {done}"
    if entry["unproven"]:
        yield f"the proof of the new policies: {entry['unproven']}"


def _render_callers(entry: Mapping[str, t.Any]) -> Iterator[str]:
    """Render what has the key in its settings, and who calls with it, the last one first."""
    for one in entry["named_in"][:_NAMED]:
        owner = f" of {one['owner']}" if one["owner"] else ""
        yield f"the key is in {one['description']}{owner}: {one['place']} (certain)"
    if len(entry["named_in"]) > _NAMED:
        yield f"and in {plural(len(entry['named_in']) - _NAMED, 'more settings')}"
    callers = sorted(entry["callers"], key=lambda one: str(one["last"]), reverse=True)
    for one in callers[:_NAMED]:
        program = f", {one['agent']}" if one["agent"] else ""
        calls = plural(one["calls"], "calls")
        yield f"the key is used from {one['address']}{program} ({one['platform']}, {one['confidence']}): {calls}, " + (
            f"the last {one['last']}"
        )
    if len(callers) > _NAMED:
        yield f"and from {plural(len(callers) - _NAMED, 'more places')}"
    if entry["callers_unknown"]:
        yield f"it is not known who uses the key: {entry['callers_unknown']}"
    if entry["contradictions"]:
        yield f"the evidence contradicts {entry['platform']}: {entry['contradictions']}"
    if entry["platform"] is None and entry["platform_reason"]:
        yield f"{entry['platform_reason']}: set platform"
