# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which changes are held against the owner of their object, and which of them are refused.

A change of credentials (a key, a password, an MFA device) is no change of what its owner defined: it is not held. Keys
that leak or are unused must be deactivated, even if a template made their user. No template turns a key on again unless
somebody runs it. Marks of this collection in tags are not held either, since they give nobody any access.
What undoes a change of ours is not held, and neither is the end of a trial: it brings back what the owner had.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.answer import Yes
from ..affects.request import parameter, place_of
from ..change import Change, Impact, Refusal, content_hash
from .owner import Confidence, DriftWar, IamObject, ObjectKey, Owner, Ownership, Unread, Write, object_of
from .patches import make_patch

FOREIGN: t.Final = "foreign_owner"
DRIFT_WAR: t.Final = "drift_war"

# Writes that change the definition of an existing role, user, group or policy.
HELD: t.Final = frozenset(
    {
        *(
            f"{verb}{kind}Policy"
            for verb in ("Attach", "Detach", "Put", "Delete")
            for kind in ("User", "Role", "Group")
        ),
        *(f"{verb}{kind}PermissionsBoundary" for verb in ("Put", "Delete") for kind in ("User", "Role")),
        "AddUserToGroup",
        "CreatePolicyVersion",
        "DeleteGroup",
        "DeletePolicy",
        "DeletePolicyVersion",
        "DeleteRole",
        "RemoveUserFromGroup",
        "SetDefaultPolicyVersion",
        "UpdateAssumeRolePolicy",
    }
)
# People make users and groups by hand, so there an unknown owner is none.
MADE_BY_HAND: t.Final = frozenset({"group", "user"})
_CREATING: t.Final = frozenset({"CreateGroup", "CreatePolicy", "CreateRole"})
# So many reasons are named in a refusal.
_MOST_REASONS: t.Final = 2
# Only module least_privilege makes boundaries below this path.
_TRIALS: t.Final = ":policy/iam-hardening/lp/"
_DECLARE: t.Final = "declare the owner in hardening_owners"


@dataclasses.dataclass(frozen=True)
class Objection:
    """Why a change is refused: the rule, the reason for people, and data with the owner and the patch.

    ``held_by`` has the sources that hold it back because they could not be read.
    """

    rule: str
    reason: str
    data: Mapping[str, t.Any]
    held_by: tuple[Unread, ...] = ()


def find_held(change: Change) -> t.Optional[IamObject]:
    """Find the object whose owner decides on a change; None if it is not held against any owner."""
    if change.service != "iam" or change.operation not in HELD or change.undoes or _ends_trial(change):
        return None
    return object_of(place_of(change))


def _ends_trial(change: Change) -> bool:
    """Whether a change takes away the boundary of a trial. A trial denies for real, so it ends at its deadline.

    The owner may have declared itself after it began, and several trials of a role are no war.
    """
    before = change.before if isinstance(change.before, Mapping) else {}
    is_removal = change.operation.startswith("Delete") and change.operation.endswith("PermissionsBoundary")
    return is_removal and _TRIALS in str(before.get("boundary"))


def identify(change: Change) -> tuple[str, ...]:
    """Identify a change by what it does: the same change of another run is equal."""
    return (change.service, change.operation, change.target.lower(), content_hash(change.after))


def list_held(changes: Iterable[Change]) -> tuple[IamObject, ...]:
    """List the objects whose owners decide on changes, each once."""
    found = {item.key: item for change in changes if (item := find_held(change))}
    return tuple(found.values())


def list_new(changes: Iterable[Change]) -> tuple[IamObject, ...]:
    """List the objects that changes create: nobody owns them yet."""
    created = (change for change in changes if change.service == "iam" and change.operation in _CREATING)
    return tuple(item for change in created if (item := object_of(place_of(change))))


def is_narrowing(change: Change) -> bool:
    """Whether a change takes access, or deletes something."""
    return change.impact is not Impact.ADDITIVE


def find_objection(change: Change, ownership: Ownership) -> t.Optional[Objection]:
    """Find why a change may not be made to an object of somebody else; None if it may."""
    item = find_held(change)
    if item is None:
        return None
    owner = _find_owner(change, item, ownership)
    if owner.is_certain:
        return None if owner.write is Write.ALLOW else _refuse_foreign(change, item, owner)
    war = ownership.find_war(identify(change))
    if isinstance(war, Yes):
        return _refuse_war(change, item, owner, war.value)
    if isinstance(war, Unread):
        return _refuse_unknown_war(change, item, owner, war)
    held_by = find_held_by(item, owner, ownership)
    if not is_narrowing(change):
        held_by = tuple(source for source in held_by if source.is_certain)
    elif not held_by and not may_narrow(item, owner, ownership):
        return _refuse_doubtful(change, item, owner)
    return _hold_back(change, item, owner, held_by) if held_by else None


def find_held_by(item: IamObject, owner: Owner, ownership: Ownership) -> tuple[Unread, ...]:
    """Find the unread sources that hold back the changes of an object whose owner is not certain.

    A source whose owners are certain might refuse any change. The others might only refuse those that narrow.
    """
    certain = tuple(source for source in owner.unread if source.is_certain)
    if certain or ownership.default is Write.ALLOW:
        return certain
    # The owner of any other object has to be known anyway.
    return owner.unread if item.kind in MADE_BY_HAND or item.key in ownership.own else ()


def list_held_back(changes: Iterable[Change], ownership: Ownership) -> tuple[str, ...]:
    """List the sources that hold back changes, in a line for each: of how many objects, why, and what to do."""
    objects: dict[tuple[str, str], set[str]] = {}
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for change in changes:
        objection = find_objection(change, ownership)
        for source in objection.held_by if objection else ():
            place = (source.source, source.step)
            objects.setdefault(place, set()).add(change.target)
            reasons.setdefault(place, {}).update(dict.fromkeys(source.reasons))
    return tuple(
        f"{_count(len(found))} held back by {place[0]}: {_join([*reasons[place]])}; {place[1]}"
        for place, found in objects.items()
    )


def _count(number: int) -> str:
    return "1 object is" if number == 1 else f"{number} objects are"


def find_doubt(change: Change, ownership: Ownership) -> str:
    """Find what is not known of the owner of an object that loses access, as a sentence; empty if that is nothing."""
    item = find_held(change)
    if item is None or not is_narrowing(change) or item.key in ownership.own:
        return ""
    owner = _find_owner(change, item, ownership)
    is_by_hand = owner.confidence is Confidence.UNKNOWN and item.kind in MADE_BY_HAND and not owner.unread
    return "" if owner.is_certain or is_by_hand else f"{_describe_doubt(item, owner)}."


def refuse(change: Change, objection: Objection) -> Refusal:
    """Refuse a change for the reason of an objection."""
    return Refusal(objection.rule, objection.reason, change.target, change.operation, data=objection.data)


def may_narrow(item: IamObject, owner: Owner, ownership: Ownership) -> bool:
    """Whether access may be taken from an object whose owner is not certain, if no source holds it back."""
    if ownership.default is Write.ALLOW:
        return True
    if item.key in ownership.own and owner.confidence is not Confidence.LIKELY:
        return True
    # A hint or a likely owner refuses.
    return owner.confidence is Confidence.UNKNOWN and item.kind in MADE_BY_HAND


def _find_owner(change: Change, item: IamObject, ownership: Ownership) -> Owner:
    """The owner of the object; of an inline policy that a stack has as a resource of its own, that stack."""
    of_object = ownership.find_owner(item.key)
    if of_object.write is not None:
        return of_object
    return ownership.inline.get((item.key, find_inline(change))) or of_object


def find_inline(change: Change) -> str:
    """Find the name of the inline policy that a change is about; empty if it is about none."""
    is_inline = change.operation.startswith(("Put", "Delete"))
    return str(parameter(change, "PolicyName") or "") if is_inline else ""


def _refuse_foreign(change: Change, item: IamObject, owner: Owner) -> Objection:
    place = owner.place.text if owner.place else owner.label
    reason = f"{item.kind} {item.name} belongs to {owner.label}: change it in {place}"
    return Objection(FOREIGN, reason, _describe(change, owner))


def _refuse_doubtful(change: Change, item: IamObject, owner: Owner) -> Objection:
    reason = f"{_describe_doubt(item, owner)}; {_DECLARE} with write: allow, or set hardening_owner_default: allow"
    return Objection(FOREIGN, reason, _describe(change, owner))


def _describe_doubt(item: IamObject, owner: Owner) -> str:
    if owner.confidence is Confidence.UNKNOWN:
        unread = [reason for source in owner.unread for reason in source.reasons]
        why = f": {_join(unread)}" if unread else ""
        return f"the owner of {item.kind} {item.name} is not known{why}"
    sure = "likely " if owner.confidence is Confidence.LIKELY else "perhaps "
    return f"{item.kind} {item.name} belongs {sure}to {owner.label}: {_join(owner.evidence)}"


def _hold_back(change: Change, item: IamObject, owner: Owner, held_by: tuple[Unread, ...]) -> Objection:
    reasons = [reason for source in held_by for reason in source.reasons]
    steps = " and ".join(dict.fromkeys(source.step for source in held_by))
    reason = f"the owner of {item.kind} {item.name} is not known: {_join(reasons)}; {steps}, or {_DECLARE}"
    return Objection(FOREIGN, reason, _describe(change, owner), held_by)


def _refuse_unknown_war(change: Change, item: IamObject, owner: Owner, war: Unread) -> Objection:
    reason = (
        f"it is not known whether somebody keeps reverting this change of {item.kind} {item.name}: {war.reason}; "
        f"{war.step}, or list the ARN in hardening_enforce_drifting"
    )
    return Objection(DRIFT_WAR, reason, _describe(change, owner), (war,))


def _refuse_war(change: Change, item: IamObject, owner: Owner, war: DriftWar) -> Objection:
    reason = (
        f"{war.caller} reverted this change of {item.kind} {item.name} {war.times} times, last on {war.last}; "
        f"agree with its owner, then {_DECLARE}, or list the ARN in hardening_enforce_drifting"
    )
    return Objection(DRIFT_WAR, reason, _describe(change, owner))


def _describe(change: Change, owner: Owner) -> dict[str, t.Any]:
    patch = make_patch(change, owner.place)
    return {"owner": owner.as_dict(), **({"patch": patch} if patch else {})}


def _join(reasons: Sequence[str]) -> str:
    more = len(reasons) - _MOST_REASONS
    return "; ".join(reasons[:_MOST_REASONS]) + (f"; and {more} more" if more > 0 else "")


def list_keys(items: Iterable[IamObject]) -> frozenset[ObjectKey]:
    """List the keys of objects."""
    return frozenset(item.key for item in items)
