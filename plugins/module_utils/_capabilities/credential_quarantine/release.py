# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Taking a containment back: what this collection did for one incident, if it is still as it was left.

A journal can be written by others than us. So only objects that a containment makes are touched, of principals that the
record of the incident names, and each request is derived from target and before. Of one object that several passes
changed, because an intruder undid it, the first state counts: what an intruder wrote in between does not come back.
A credential that leaked itself never comes back.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ..._account.moments import format_utc
from ..._converge.affects.request import place_of
from ..._converge.arn import principal_of, principals_of, resource_of
from ..._converge.change import Change, Impact, Refusal, Undo, content_hash
from ..._converge.incident.names import MODULES
from ..._converge.incident.record import Record
from ..._converge.journal import Intent, Outcome
from ..._converge.undo import Recorded, Unread
from ..._converge.undo_policies import list_holder_derivations, undo_policy_creation
from ..._converge.undo_records import Derive, UnderivableError
from ..._converge.undo_records import Record as Undone
from ..._converge.undo_requests import derive
from ..._converge.undo_roles import list_boundary_derivations
from .changes import DENY_POLICY, INLINE_POLICY, TAGS
from .declared import Declared
from .states import ACTIVE, CALLS_OF, INACTIVE, Kind

#: So long after the first denial a token that was made just before it still lasts.
FROZEN_FOR: t.Final = timedelta(hours=36)
#: How the policies that cut a role for an incident are named.
CUT_POLICY: t.Final = "IamHardeningIncident-{incident_id}"
CUT_MANAGED: t.Final = "/iam-hardening/incident-{incident_id}-"
_KIND: t.Final = "credential_release"
_NEVER: t.Final = datetime.min.replace(tzinfo=UTC)


def _undo_tag(record: Undone) -> Undo:
    named, shown = {"UserName": record.name("user")}, record.before
    record.check(shown["tag"] in TAGS, f"{shown['tag']} is no tag of a containment")
    if shown["value"] is None:
        return Undo("UntagUser", {**named, "TagKeys": [shown["tag"]]})
    return Undo("TagUser", {**named, "Tags": [{"Key": shown["tag"], "Value": str(shown["value"])}]})


def _undo_deactivation(record: Undone) -> Undo:
    calls = CALLS_OF[Kind(record.before["kind"])]
    record.check(calls.update == record.change.operation, "its operation is of another kind of credential")
    record.check((record.before["status"], record.after["status"]) == (ACTIVE, INACTIVE), "it deactivated nothing")
    return Undo(
        calls.update,
        {"UserName": record.name("user"), calls.identifier: str(record.before["id"]), "Status": ACTIVE},
    )


def _list_derivations() -> dict[tuple[str, str], Derive]:
    found: dict[tuple[str, str], Derive] = {
        ("iam", "TagUser"): _undo_tag,
        ("iam", "CreatePolicy"): undo_policy_creation,
        **{("iam", calls.update): _undo_deactivation for calls in CALLS_OF.values()},
        **list_boundary_derivations("user"),
    }
    for owner in ("User", "Role"):
        found |= {
            key: rule for key, rule in list_holder_derivations(owner).items() if key[1].startswith(("Attach", "Put"))
        }
    return found


#: How each change of a containment is taken back, by service and operation.
DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = types.MappingProxyType(_list_derivations())


@dataclasses.dataclass(frozen=True)
class Part:
    """One object that was changed: the first change of it, the last, and the keys of all in the journal."""

    first: Intent
    last: Intent
    keys: tuple[str, ...]

    @property
    def change(self) -> Change:
        """The first change."""
        return self.first.change


@dataclasses.dataclass(frozen=True)
class Releasing:
    """The plan of a release: the changes, the refusals, and what stays as it is, with the reason."""

    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    left: tuple[Mapping[str, str], ...] = ()


def check_release(declared: Declared, record: Record, now: datetime) -> tuple[str, ...]:
    """Check what a release needs; returns what it lacks, one sentence each."""
    lacks = list(declared.problems)
    # An intruder who undid the denial could make a token until it was there again.
    moments = [moment for moment in (record.first_deny, record.last_source_write) if moment]
    since = max(moments, default=None)
    if declared.early_release_reason:
        return tuple(lacks)
    if since is None:
        lacks.append("the record has no moment of a denial; give early_release_reason if it was long enough ago")
    elif now < since + FROZEN_FOR:
        lacks.append(
            f"tokens that were made before the last denial of {format_utc(since)} last until "
            f"{format_utc(since + FROZEN_FOR)}; wait until then, or give early_release_reason"
        )
    return tuple(lacks)


def select(entries: Iterable[Recorded], record: Record) -> tuple[Recorded, ...]:
    """Select what this round of an incident did and nobody has taken back yet, in the order in which it was done."""
    began = min((event.at for event in record.events if event.round == record.round), default=None)
    found = [entry for entry in entries if entry[0].module in MODULES]
    undone = {intent.change.undoes for intent, outcome in found if outcome is Outcome.APPLIED}
    made = (Outcome.APPLIED, Outcome.UNKNOWN)
    kept = [
        (intent, outcome)
        for intent, outcome in found
        if outcome in made and not intent.change.undoes and intent.key not in undone and _is_since(intent, began)
    ]
    return tuple(sorted(kept, key=lambda entry: (entry[0].at or _NEVER, entry[0].key)))


def _is_since(intent: Intent, began: t.Optional[datetime]) -> bool:
    # Records of the journal have whole seconds.
    return began is None or (intent.at is not None and intent.at >= began.replace(microsecond=0))


def group(entries: Sequence[Recorded]) -> tuple[Part, ...]:
    """Group changes of the same object: the first one and the last one of each count."""
    found: dict[str, list[Intent]] = {}
    for intent, _outcome in entries:
        change = intent.change
        place = content_hash([change.service, change.target.lower(), _identify(change)])
        found.setdefault(place, []).append(intent)
    return tuple(Part(items[0], items[-1], tuple(item.key for item in items)) for items in found.values())


# The members of a state that say what it is a state of.
_IDENTIFYING: t.Final = frozenset({"tag", "kind", "id", "policy", "inline_policy"})


def _identify(change: Change) -> t.Any:
    """The part of its target that a change is about, in whichever state it is."""
    shown = change.after or change.before
    if not isinstance(shown, Mapping):
        return None
    return {name: value for name, value in shown.items() if name in _IDENTIFYING} or sorted(shown)


def plan_release(parts: Sequence[Part], present: Mapping[str, t.Any], record: Record, partition: str) -> Releasing:
    """Plan a release, the last change first. ``present`` is what is there now, by the key of each first change."""
    changes, refused, left = [], [], []
    for part in reversed(parts):
        verdict = _release(part, present.get(part.first.key), record, partition)
        if isinstance(verdict, Change):
            changes.append(verdict)
        elif isinstance(verdict, Refusal):
            refused.append(verdict)
        elif verdict:
            left.append({"target": part.change.target, "operation": part.change.operation, "reason": verdict})
    return Releasing(tuple(changes), tuple(refused), tuple(left))


def _release(part: Part, present: t.Any, record: Record, partition: str) -> t.Union[Change, Refusal, str]:
    """Take one object back, refuse that, or say why it stays; an empty text if it is as before."""
    done = part.change
    problem = find_foreign(done, record, partition)
    if problem:
        return _refuse(done, "not_of_incident", f"a record of the journal can't be trusted: {problem}")
    if done.undo is None:
        return "it can't be undone"
    if isinstance(present, Unread):
        return _refuse(done, "unread", f"{done.target} can't be read: {present.reason}")
    before = _state_before(done)
    is_leaked = _is_leaked(done, record)
    if content_hash(present) == content_hash(before):
        return "it leaked, and somebody activated it again; delete it" if is_leaked else ""
    if content_hash(present) != content_hash(part.last.change.after):
        return "somebody changed it since, so it stays as it is"
    if is_leaked:
        return "it leaked, so it stays inactive; delete it"
    try:
        undo = derive(dataclasses.replace(done, before=before), DERIVATIONS)
    except UnderivableError as error:
        return _refuse(done, "undo_mismatch", f"a record of the journal can't be trusted: {error}")
    return _take_back(part, before, undo) if undo else "it can't be undone"


def _is_leaked(done: Change, record: Record) -> bool:
    """Whether a change switched off a credential that leaked itself, in place of one beside it."""
    shown = done.before if isinstance(done.before, Mapping) else {}
    return "kind" in shown and str(shown.get("id")) in record.seeds


def _refuse(done: Change, rule: str, reason: str) -> Refusal:
    return Refusal(rule, reason, done.target, done.operation)


def _take_back(part: Part, before: t.Any, undo: Undo) -> Change:
    done = part.change
    return Change(
        account_id=done.account_id,
        region=done.region,
        service=done.service,
        operation=undo.operation,
        target=done.target,
        parameters=undo.parameters,
        before=part.last.change.after,
        after=before,
        kind=_KIND,
        impact=Impact.ADDITIVE,
        undoes=part.first.key,
    )


def _state_before(done: Change) -> t.Any:
    """The state that a release restores. A policy with a name of ours never comes back: others may have filled it."""
    if isinstance(done.before, Mapping) and "inline_policy" in done.before:
        return {**done.before, "document": None}
    return done.before


def find_foreign(done: Change, record: Record, partition: str) -> str:
    """Find out why a recorded change is none that a containment of this incident makes; empty if it is one."""
    if done.account_id != record.account_id:
        return f"it is of account {done.account_id}"
    if (done.service, done.operation) not in DERIVATIONS:
        return "" if done.undo is None else f"{done.operation} is no change of a containment"
    place = place_of(done)
    principal = principal_of(place)
    if principal is None:
        is_own = place in record.targets and _is_cut_policy(place, record)
        return "" if is_own else f"the record of the incident does not name {place}"
    if principal not in principals_of(item.arn for item in record.contained):
        return f"the record of the incident does not contain {place}"
    shown = done.after if isinstance(done.after, Mapping) else {}
    for name, holds in _OWN.items():
        if name in shown and not holds(str(shown[name]), record, partition):
            return f"{shown[name]} is no object of a containment"
    return ""


def _is_own_managed(arn: str, record: Record, partition: str) -> bool:
    own = DENY_POLICY.format(partition=partition, account_id=record.account_id)
    return arn in (own, f"arn:{partition}:iam::aws:policy/AWSDenyAll") or _is_cut_policy(arn, record)


def _is_cut_policy(arn: str, record: Record) -> bool:
    begin = f"policy{CUT_MANAGED.format(incident_id=record.incident_id)}"
    return arn.split(":")[4:5] == [record.account_id] and resource_of(arn).startswith(begin)


def _is_own_inline(name: str, record: Record, _partition: str) -> bool:
    return name in (INLINE_POLICY, CUT_POLICY.format(incident_id=record.incident_id))


_OWN: t.Final[Mapping[str, Callable[[str, Record, str], bool]]] = types.MappingProxyType(
    {
        "policy": _is_own_managed,
        "boundary": _is_own_managed,
        "inline_policy": _is_own_inline,
        "tag": lambda name, _record, _partition: name in TAGS,
    }
)
