# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Taking a containment back: what this collection did for one incident, if it is still as it was left.

A journal can be written by others than us. So only objects that a containment makes are touched, of principals that the
record of the incident names, and each request is derived from target and before. Of one object that several passes
changed, because an intruder undid it, the first state counts: what an intruder wrote in between does not come back.
A credential that leaked itself never comes back, nor one that an intruder may have made.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..._converge.affects.request import place_of
from ..._converge.arn import principal_of, principals_of, resource_of
from ..._converge.change import Change, Impact, Refusal, Undo, content_hash
from ..._converge.identity_changes import SET_TRUST
from ..._converge.incident.names import KIND_MINTED
from ..._converge.incident.record import Record
from ..._converge.incident.releasing import Part, Releasing
from ..._converge.undo import Unread
from ..._converge.undo_policies import list_holder_derivations, undo_policy_creation
from ..._converge.undo_records import Derive, UnderivableError
from ..._converge.undo_records import Record as Undone
from ..._converge.undo_requests import derive
from ..._converge.undo_roles import list_boundary_derivations, undo_trust
from .changes import DENY_POLICY, INLINE_POLICY, TAGS
from .doubts import Doubts
from .states import ACTIVE, CALLS_OF, INACTIVE, Kind, build_command_back

#: How the policies that cut a role for an incident are named.
CUT_POLICY: t.Final = "IamHardeningIncident-{incident_id}"
CUT_MANAGED: t.Final = "/iam-hardening/incident-{incident_id}-"
_KIND: t.Final = "credential_release"


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
        ("iam", SET_TRUST): undo_trust,
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


def plan_release(
    parts: Sequence[Part],
    present: Mapping[str, t.Any],
    record: Record,
    partition: str,
    doubts: t.Optional[Mapping[str, Doubts]] = None,
) -> Releasing:
    """Plan a release, the last change first. ``present`` is what is there now, by the key of each first change.

    ``doubts`` are those about the contained users, by ARN. Nothing is taken back of a user with a refusal.
    """
    found = {principal_of(arn): one for arn, one in (doubts or {}).items()}
    changes, left = [], []
    refused = [refusal for one in found.values() for refusal in one.refused]
    for part in reversed(parts):
        doubt = found.get(principal_of(place_of(part.change)), Doubts())
        if doubt.refused:
            continue
        verdict = _release(part, present.get(part.first.key), record, partition, doubt)
        if isinstance(verdict, Change):
            changes.append(verdict)
        elif isinstance(verdict, Refusal):
            refused.append(verdict)
        elif verdict:
            left.append({"target": part.change.target, "operation": part.change.operation, "reason": verdict})
    return Releasing(tuple(changes), tuple(refused), tuple(left))


def _release(
    part: Part, present: t.Any, record: Record, partition: str, doubt: Doubts
) -> t.Union[Change, Refusal, str]:
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
    credential = _credential_of(done)
    if content_hash(present) == content_hash(before):
        return "it leaked, and somebody activated it again; delete it" if credential in record.seeds else ""
    if content_hash(present) != content_hash(part.last.change.after):
        return "somebody changed it since, so it stays as it is"
    if credential in record.seeds:
        return "it leaked, so it stays inactive; delete it"
    if done.kind.startswith(f"{KIND_MINTED}_"):
        return _explain_precaution(done, credential)
    if credential in doubt.stays:
        return doubt.stays[credential]
    try:
        undo = derive(dataclasses.replace(done, before=before), DERIVATIONS)
    except UnderivableError as error:
        return _refuse(done, "undo_mismatch", f"a record of the journal can't be trusted: {error}")
    return _take_back(part, before, undo) if undo else "it can't be undone"


def _credential_of(done: Change) -> str:
    """The id of the credential that a change switched off; empty if it switched none off."""
    shown = done.before if isinstance(done.before, Mapping) else {}
    return str(shown.get("id")) if "kind" in shown else ""


def _explain_precaution(done: Change, credential: str) -> str:
    """Explain why a key stays inactive of which no event said who made it: it may be a colleague's."""
    command = build_command_back(Kind.ACCESS_KEY, done.target.rpartition("/")[2], credential)
    return (
        f"{credential} was switched off as a precaution, because it was not known who made it, and stays inactive. If "
        f"it is the owner's: {command}; if nobody knows it, delete it"
    )


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
