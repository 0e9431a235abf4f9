# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The way back: the old role gets what the journal says was taken from it, and new objects are deleted or closed. Pure.

What a campaign did to one aspect of the old role (its boundary, its trust, one of its policies) is taken back as a
whole: from the present state to that before the first recorded change. An aspect that somebody else has changed since
stays as it is. Of the new objects only those are deleted that the journal shows to be ours and that nobody used.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.model import PolicyDocument, Role
from ..._converge.change import Change, Refusal, content_hash
from ..._converge.identity_changes import CREATE_POLICY, CREATE_ROLE, IdentityWriter
from ..._converge.journal import Intent, Outcome
from .changes import PARALLEL_OF, PATH, ChangeKind, Subject, name_trial, require_mfa, says_same

Recorded = tuple[Intent, Outcome]


@dataclasses.dataclass(frozen=True)
class Way:
    """The way back of one role: the changes in their order, and what can't be taken back."""

    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Aspect:
    """One aspect of the old role: its first state, the last one that the campaign left, and the present one."""

    name: str
    first: Mapping[str, t.Any]
    last: Mapping[str, t.Any]
    change: Change


def list_own(entries: Iterable[Recorded], target: str, operation: str) -> bool:
    """Whether the journal shows that the campaign made an object."""
    return any(
        intent.change.target == target and intent.change.operation == operation and outcome is Outcome.APPLIED
        for intent, outcome in entries
    )


class Reverter:
    """Plans the way back in one account."""

    def __init__(self, account_id: str, closed: t.Optional[Mapping[str, t.Any]]) -> None:
        self._account_id = account_id
        self._closed = closed

    def plan(
        self,
        subject: Subject,
        entries: Sequence[Recorded],
        present: Mapping[str, t.Any],
        *,
        is_used: bool,
        returns_admin: bool,
        new_id: str = "",
    ) -> Way:
        """Plan the way back of one role.

        ``entries`` are the recorded changes of the campaign to the role and to what belongs to it, oldest first.
        ``present`` has the live state of the old role by the name of its aspect. ``is_used`` says whether the new role
        may have been used, and ``returns_admin`` whether the old role will be an administrator. ``new_id`` is the id
        of the new role by the records, empty if they have none.
        """
        own, refused = self._restore(subject, entries, present, returns_admin=returns_admin)
        if refused:
            # People still need the new role.
            return Way(own, refused)
        parallel = self._end_parallel(subject, entries, is_used=is_used, new_id=new_id)
        if isinstance(parallel, Refusal):
            return Way(own, (parallel,))
        return Way((*own, *parallel, *self._delete_policies(subject, entries, (*own, *parallel))))

    # The old role

    def _restore(
        self, subject: Subject, entries: Sequence[Recorded], present: Mapping[str, t.Any], *, returns_admin: bool
    ) -> tuple[tuple[Change, ...], tuple[Refusal, ...]]:
        changes: list[Change] = []
        refused: list[Refusal] = []
        for aspect in list_aspects(subject.role.arn, entries):
            now = present.get(aspect.name)
            if _is_same(now, aspect.first) or _is_same(aspect.first, aspect.last):
                continue
            if not _is_same(now, aspect.last):
                reason = (
                    f"{aspect.name} of {subject.role.name} was changed by somebody else since, so it stays; set it as "
                    "you need it, as it was before the campaign or as the campaign left it, and revert again"
                )
                refused.append(Refusal("changed_since", reason, subject.role.arn, aspect.change.operation))
                continue
            kind = _choose_kind(aspect, subject, returns_admin=returns_admin)
            # AWS may write a document in another way than it was sent.
            change = self._set(
                subject.role.arn, dataclasses.replace(aspect, last=t.cast(Mapping[str, t.Any], now)), kind
            )
            changes += [change] if change else []
        # Without all that is to come back the role keeps what it has instead.
        kept = [change for change in changes if not (refused and _takes(change))]
        return tuple(sorted(kept, key=_takes)), tuple(refused)

    def _set(self, role: str, aspect: _Aspect, kind: ChangeKind) -> t.Optional[Change]:
        writer, first, last = IdentityWriter(self._account_id, kind.value), aspect.first, aspect.last
        if "attached" in first:
            move = writer.attach if first["attached"] else writer.detach
            return move(role, str(first["policy"]))
        if "inline_policy" in first:
            name = str(first["inline_policy"])
            if first["document"] is None:
                return writer.delete_inline(role, name, last["document"])
            return writer.put_inline(role, name, last["document"], first["document"])
        if "boundary" in first:
            return writer.set_boundary(role, last["boundary"], first["boundary"])
        return writer.set_trust(role, last["trust"], first["trust"]) if "trust" in first else None

    # The new objects

    def _end_parallel(
        self, subject: Subject, entries: Sequence[Recorded], *, is_used: bool, new_id: str
    ) -> t.Union[tuple[Change, ...], Refusal]:
        parallel = subject.parallel
        if parallel is None:
            return ()
        if not list_own(entries, parallel.arn, CREATE_ROLE):
            reason = f"the journal does not show that this campaign made {parallel.name}, so it stays"
            return Refusal("not_ours", reason, parallel.arn)
        # Somebody may have deleted that role, and made another one of its name.
        if PARALLEL_OF not in parallel.tags or (new_id and parallel.unique_id != new_id):
            reason = f"{parallel.name} is not the role that the campaign made, so it stays"
            return Refusal("not_ours", reason, parallel.arn)
        if is_used or parallel.instance_profiles:
            return self._close(parallel)
        writer = IdentityWriter(self._account_id, ChangeKind.UNDO.value)
        taken = [
            *(writer.detach(parallel.arn, arn) for arn in parallel.attached_policies),
            *(writer.delete_inline(parallel.arn, item.name, item.document or {}) for item in parallel.inline_policies),
        ]
        return (*taken, writer.delete_role(parallel.arn, parallel.trust.document, parallel.boundary))

    def _close(self, parallel: Role) -> t.Union[tuple[Change, ...], Refusal]:
        if self._closed is None or parallel.trust.document is None:
            reason = f"{parallel.name} was used, so it is closed and not deleted; that needs a break-glass principal"
            return Refusal("no_break_glass", reason, parallel.arn)
        if says_same(parallel.trust.document, self._closed):
            return ()
        writer = IdentityWriter(self._account_id, ChangeKind.UNDO.value)
        return (writer.set_trust(parallel.arn, parallel.trust.document, self._closed),)

    def _delete_policies(
        self, subject: Subject, entries: Sequence[Recorded], before: Sequence[Change]
    ) -> tuple[Change, ...]:
        writer = IdentityWriter(self._account_id, ChangeKind.UNDO.value)
        freed = _count_freed(before)
        found: list[Change] = []
        for arn, live in subject.live.items():
            is_free = live.attachment_count <= freed.get(arn, 0)
            if is_free and live.is_owned and list_own(entries, arn, CREATE_POLICY):
                found += [writer.delete_version(arn, version) for version in live.others]
                found.append(writer.delete_policy(live))
        return tuple(found)


def list_aspects(role: str, entries: Iterable[Recorded]) -> tuple[_Aspect, ...]:
    """List the aspects of a role that were changed, each with its state before the first change and after the last."""
    found: dict[str, _Aspect] = {}
    for intent, outcome in entries:
        change = intent.change
        if change.target != role or outcome is not Outcome.APPLIED:
            continue
        name = name_aspect(change)
        if not name or not isinstance(change.before, Mapping) or not isinstance(change.after, Mapping):
            continue
        # What somebody else changed in between is what was there before: nothing older comes back.
        is_chain = name in found and _is_same(found[name].last, change.before)
        first = found[name].first if is_chain else change.before
        found[name] = _Aspect(name, first, change.after, change)
    return tuple(found.values())


def _is_same(one: t.Any, other: t.Any) -> bool:
    """Whether two states of an aspect are the same, however their documents are written."""
    if content_hash(one) == content_hash(other):
        return True
    if not isinstance(one, Mapping) or not isinstance(other, Mapping) or set(one) != set(other):
        return False
    return all(
        one[key] == other[key]
        or (key in ("trust", "document") and one[key] and other[key] and says_same(one[key], other[key]))
        for key in one
    )


def restore_role(role: Role, entries: Iterable[Recorded]) -> Role:
    """The old role as it was before the campaign, by the journal; what the campaign did not change is as it is now."""
    for aspect in list_aspects(role.arn, entries):
        state = aspect.first
        if "attached" in state:
            others = tuple(arn for arn in role.attached_policies if arn != state["policy"])
            attached = (*others, str(state["policy"])) if state["attached"] else others
            role = dataclasses.replace(role, attached_policies=attached)
        elif "inline_policy" in state:
            name, document = str(state["inline_policy"]), state["document"]
            kept = tuple(item for item in role.inline_policies if item.name != name)
            added = () if document is None else (PolicyDocument(name, document),)
            role = dataclasses.replace(role, inline_policies=(*kept, *added))
        elif "boundary" in state:
            role = dataclasses.replace(role, boundary=state["boundary"])
        else:
            role = dataclasses.replace(role, trust=dataclasses.replace(role.trust, document=state["trust"]))
    return role


def name_aspect(change: Change) -> str:
    """Name the aspect of a role that a change is about; empty for the role as a whole."""
    state = change.after if isinstance(change.after, Mapping) else {}
    if "attached" in state:
        return f"policy {state.get('policy')}"
    if "inline_policy" in state:
        return f"inline policy {state['inline_policy']}"
    return next((name for name in ("boundary", "trust") if name in state and "role" not in state), "")


def _choose_kind(aspect: _Aspect, subject: Subject, *, returns_admin: bool) -> ChangeKind:
    """A trial boundary is taken away without approval: its deadline does the same."""
    boundary = aspect.last.get("boundary")
    if boundary and str(boundary).endswith(f":policy{PATH}{name_trial(subject.role.name)}"):
        return ChangeKind.LIFT
    if aspect.first.get("attached") is False or ("document" in aspect.first and aspect.first["document"] is None):
        return ChangeKind.UNDO
    # The trust policy of the new role is a copy, so nobody who forges the journal can add to what comes back.
    is_other_trust = "trust" in aspect.first and not _is_of_new_role(aspect.first["trust"], subject)
    return ChangeKind.RETURN_ADMIN if returns_admin or is_other_trust else ChangeKind.RETURN


def _is_of_new_role(trust: t.Any, subject: Subject) -> bool:
    present = subject.parallel.trust.document if subject.parallel is not None else None
    return present is not None and (says_same(trust, present) or says_same(require_mfa(trust), present))


def _takes(change: Change) -> bool:
    """Whether a change takes something: it comes after those that give."""
    return change.kind == ChangeKind.UNDO


def _count_freed(changes: Iterable[Change]) -> dict[str, int]:
    """Count how often each managed policy is taken from somebody by changes."""
    counts: dict[str, int] = {}
    for change in changes:
        before, after = (state if isinstance(state, Mapping) else {} for state in (change.before, change.after))
        if before.get("attached") and not after.get("attached"):
            counts[before["policy"]] = counts.get(before["policy"], 0) + 1
        if before.get("boundary") and change.operation == "DeleteRolePermissionsBoundary":
            counts[before["boundary"]] = counts.get(before["boundary"], 0) + 1
    return counts
