# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes that bring one role from where it is to the end of a stage. Pure.

All start from the live account: a run that was killed half-way leaves the rest to the next one. What is given comes
before what is taken, and AdministratorAccess goes last.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ..._account.model import Role, Snapshot
from ..._account.policy_versions import LivePolicy
from ..._converge.change import Change, Impact, Refusal
from ..._converge.identity_changes import IdentityWriter, NewRole
from ..._policy.documents.canonical import are_equivalent
from ..._policy.documents.limits import ATTACHMENTS, POLICY_VERSIONS
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import PolicyError
from ..._policy.least_privilege.pack import name_policies_of

PATH: t.Final = "/iam-hardening/lp/"
#: The tag of a parallel role that has the unique id of the role beside it.
PARALLEL_OF: t.Final = "iam-hardening:parallel-of"
CAMPAIGN: t.Final = "iam-hardening:campaign"
# Beside the name of the role; the names of policies have numbers at this place.
TRIAL_SUFFIX: t.Final = "trial"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
_MOST_TAGS: t.Final = 50
# The next step where an object of one of our names is not ours.
_DELETE: t.Final = "no campaign made it; delete it if nobody needs it"
_QUOTA: t.Final = "AttachedPoliciesPerRoleQuota"


class ChangeKind(enum.StrEnum):
    """The kinds of changes that the caps count together, named after what they do to the role."""

    PREPARE = "right_size_prepare"
    OPEN = "right_size_open"
    TRIAL = "right_size_trial"
    LIFT = "right_size_lift"
    EXPIRE = "right_size_expire"
    CUT_OVER = "right_size_cut_over"
    REPLACE = "right_size_replace"
    CLOSE = "right_size_close"
    RETIRE = "right_size_retire"
    UNDO = "right_size_undo"
    RETURN = "right_size_return"
    RETURN_ADMIN = "right_size_return_admin"


#: A trial that is over: its end is a safety device, and takes nothing.
DEADLINE_KINDS: t.Final = frozenset({ChangeKind.EXPIRE})
#: They may take the last way to an account, so somebody else must be able to undo them.
LOCKOUT_KINDS: t.Final = frozenset({ChangeKind.TRIAL, ChangeKind.REPLACE, ChangeKind.CLOSE, ChangeKind.RETIRE})
#: The cut-over, and a return of administrator rights: a person has seen each of these changes.
APPROVAL_KINDS: t.Final = frozenset({ChangeKind.CUT_OVER, ChangeKind.REPLACE, ChangeKind.RETURN_ADMIN})
_NARROWING: t.Final = LOCKOUT_KINDS

#: Every operation that changes are made with, but for those that only a revert needs.
WRITES: t.Final = frozenset(
    {
        "AttachRolePolicy",
        "CreatePolicy",
        "CreatePolicyVersion",
        "CreateRole",
        "DeletePolicy",
        "DeletePolicyVersion",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "UpdateAssumeRolePolicy",
    }
)

Changes = tuple[Change, ...]
Outcome = t.Union[Changes, Refusal]


@dataclasses.dataclass(frozen=True)
class NewPolicy:
    """A generated document: a managed policy below our path, or an inline policy of the role."""

    name: str
    content: Mapping[str, t.Any]
    is_managed: bool = True


@dataclasses.dataclass(frozen=True)
class Subject:
    """A target role with what belongs to it now.

    ``parallel`` is the role beside it, as far as there is one. ``policies`` are the documents of the campaign, and
    ``trial`` all of them in one, or ``misfit`` the reason why they are not. ``live`` has the managed policies of our
    names that are there, by ARN, those of earlier documents included. ``duration`` is the longest session of the role
    in seconds, and ``last`` the ARN of AdministratorAccess in this partition.
    """

    role: Role
    parallel_arn: str
    parallel: t.Optional[Role] = None
    policies: tuple[NewPolicy, ...] = ()
    trial: t.Optional[NewPolicy] = None
    misfit: str = ""
    live: Mapping[str, LivePolicy] = dataclasses.field(default_factory=dict)
    duration: t.Optional[int] = None
    last: str = ""


@dataclasses.dataclass(frozen=True)
class RoleWriter:
    """Makes the changes of one campaign in one account; ``tags`` are those of new objects."""

    snapshot: Snapshot
    campaign: str
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    # Stages

    def prepare_policies(self, subject: Subject) -> Outcome:
        """Make the managed policies of the role, or bring them to their new content. Nobody has them by that."""
        changes: list[Change] = []
        managed = [policy for policy in subject.policies if policy.is_managed]
        for policy in (*managed, *([subject.trial] if subject.trial else ())):
            outcome = self._ensure_policy(subject, policy)
            if isinstance(outcome, Refusal):
                return outcome
            changes += outcome
        return tuple(changes)

    def prepare_parallel(self, subject: Subject, closed: Mapping[str, t.Any], boundary: t.Optional[str]) -> Outcome:
        """Make the role beside the target with its policies. Its trust policy is ``closed`` until the cut-over.

        It needs no trial: the old role is there.
        """
        policies = self.prepare_policies(dataclasses.replace(subject, trial=None))
        if isinstance(policies, Refusal):
            return policies
        made = self._ensure_role(subject, closed, boundary)
        if isinstance(made, Refusal):
            return made
        given = self._give(subject, subject.parallel, subject.parallel_arn, ChangeKind.PREPARE)
        if isinstance(given, Refusal):
            return given
        return (*policies, *made, *given, *self._take_surplus(subject))

    def open_parallel(self, subject: Subject, trust: Mapping[str, t.Any], kind: ChangeKind) -> Outcome:
        """Let those assume the new role who may assume the old one, once it has its policies and no others."""
        parallel = subject.parallel
        if parallel is None:
            return _refuse("slot_missing", f"there is no role {_name(subject.parallel_arn)}: run prepare", subject)
        policies = self.prepare_policies(dataclasses.replace(subject, trial=None))
        if isinstance(policies, Refusal):
            return policies
        given = self._give(subject, parallel, parallel.arn, ChangeKind.PREPARE)
        if isinstance(given, Refusal):
            return given
        opened = self._set_trust(parallel, trust, kind)
        if isinstance(opened, Refusal):
            return opened
        return (*policies, *given, *self._take_surplus(subject), *opened)

    def set_trial(self, subject: Subject, *, population: int) -> Outcome:
        """Attach the trial boundary: a call that only the old policies allow is then denied for real."""
        arn, role = self.trial_arn(subject), subject.role
        if subject.trial is None:
            reason = f"no boundary can hold its policies: {subject.misfit}. Set compress, or choose the way parallel"
            return _refuse("does_not_fit", reason, subject)
        if role.boundary not in (arn, None):
            reason = f"it has the permissions boundary {role.boundary}, so no trial fits; choose the way parallel"
            return _refuse("slot_filled", reason, subject)
        policies = self.prepare_policies(subject)
        if isinstance(policies, Refusal) or role.boundary == arn:
            return policies
        begun = self._writer(ChangeKind.TRIAL).set_boundary(role.arn, None, arn)
        return (*policies, *self._narrow([begun], population))

    def lift_trial(
        self, subject: Subject, standing: t.Optional[str] = None, kind: ChangeKind = ChangeKind.LIFT
    ) -> Changes:
        """Take the trial boundary away, or set the ``standing`` boundary in its place."""
        arn = self.trial_arn(subject)
        if subject.role.boundary != arn:
            return ()
        return (self._writer(kind).set_boundary(subject.role.arn, arn, standing),)

    def replace(self, subject: Subject, *, population: int, standing: t.Optional[str] = None) -> Outcome:
        """Give the role its new policies, then take the old ones, then end the trial."""
        role = subject.role
        # Somebody may have changed a policy since it was prepared.
        policies = self.prepare_policies(subject)
        if isinstance(policies, Refusal):
            return policies
        given = self._give(subject, role, role.arn, ChangeKind.CUT_OVER)
        if isinstance(given, Refusal):
            return given
        taken = self._narrow(list(self._take_old(subject, ChangeKind.REPLACE)), population)
        lifted = [
            dataclasses.replace(change, kind=ChangeKind.CUT_OVER) for change in self.lift_trial(subject, standing)
        ]
        return (*policies, *given, *taken, *lifted)

    def close(self, subject: Subject, closed: Mapping[str, t.Any], *, population: int) -> Outcome:
        """Let only break-glass assume the old role, so that no new session begins."""
        changes = self._set_trust(subject.role, closed, ChangeKind.CLOSE)
        return changes if isinstance(changes, Refusal) else self._narrow(changes, population)

    def retire(self, subject: Subject, *, population: int) -> Changes:
        """Take all policies from the old role. The role stays: its id is in policies elsewhere."""
        return self._narrow(list(self._take_old(subject, ChangeKind.RETIRE, keeps_new=False)), population)

    def delete_trial(self, subject: Subject) -> Changes:
        """Delete the policy of the trial boundary, once nobody has it."""
        arn, role = self.trial_arn(subject), subject.role
        live = subject.live.get(arn)
        if live is None or not self.is_own(live) or live.attachment_count or role.boundary == arn:
            return ()
        if is_boundary_of_others(self.snapshot, arn, role.arn):
            return ()
        writer = self._writer(ChangeKind.UNDO)
        return (*(writer.delete_version(arn, version) for version in live.others), writer.delete_policy(live))

    # Parts

    def policy_arn(self, name: str) -> str:
        """The ARN of a managed policy of ours."""
        return f"arn:{self.snapshot.partition}:iam::{self.snapshot.account_id}:policy{PATH}{name}"

    def is_own(self, policy: LivePolicy) -> bool:
        """Whether the campaign made a policy."""
        return policy.is_owned and policy.tags.get(CAMPAIGN) == self.campaign

    def trial_arn(self, subject: Subject) -> str:
        """The ARN of the trial boundary of a role: also where its documents are gone, or fit in none any more."""
        return self.policy_arn(name_trial(subject.role.name))

    def _writer(self, kind: ChangeKind) -> IdentityWriter:
        return IdentityWriter(self.snapshot.account_id, kind.value)

    def _narrow(self, changes: Sequence[Change], population: int) -> Changes:
        return tuple(
            dataclasses.replace(change, impact=Impact.NARROWING, population=population)
            if change.kind in _NARROWING
            else change
            for change in changes
        )

    def _set_trust(self, role: Role, trust: Mapping[str, t.Any], kind: ChangeKind) -> Outcome:
        present = role.trust.document
        if present is None:
            return Refusal("unread", f"the trust policy of {role.name} can't be read: {role.trust.error}", role.arn)
        return () if says_same(present, trust) else (self._writer(kind).set_trust(role.arn, present, trust),)

    def _ensure_policy(self, subject: Subject, policy: NewPolicy) -> Outcome:
        arn = self.policy_arn(policy.name)
        writer, live = self._writer(ChangeKind.PREPARE), subject.live.get(arn)
        if live is None:
            tags = {**self.tags, CAMPAIGN: self.campaign}
            description = f"Least privilege for {subject.role.name}"
            return (writer.create_policy(arn, policy.content, description=description, tags=tags),)
        if not self.is_own(live):
            other = live.tags.get(CAMPAIGN) if live.is_owned else None
            reason = f"campaign {other} made it; go on there, or revert it there first" if other else _DELETE
            return _refuse("slot_filled", f"{arn} is there, and {reason}", subject)
        if says_same(live.document, policy.content):
            return ()
        room = [writer.delete_version(arn, live.others[0])] if len(live.versions) >= POLICY_VERSIONS else []
        update = writer.update_policy(live, policy.content)
        # Somebody has it, and new content may take something.
        is_held = live.attachment_count > 0 or subject.role.boundary == arn
        return (*room, dataclasses.replace(update, impact=Impact.NARROWING) if is_held else update)

    def _ensure_role(self, subject: Subject, closed: Mapping[str, t.Any], boundary: t.Optional[str]) -> Outcome:
        old, parallel = subject.role, subject.parallel
        if parallel is not None:
            objection = find_foreign(parallel, old, self.campaign, boundary)
            return _refuse("slot_filled", objection, subject) if objection else ()
        # The names of roles are unique in an account, in any path and case. Calls name a role without its path.
        name = _name(subject.parallel_arn)
        taken = next((role.arn for role in self.snapshot.roles if role.name.lower() == name.lower()), None)
        if taken is not None:
            reason = f"the name {name} is taken by {taken}, so no role can be made beside; choose the way in_place"
            return _refuse("slot_filled", reason, subject)
        tags = _join_tags(old.tags, {**self.tags, PARALLEL_OF: old.unique_id, CAMPAIGN: self.campaign})
        if len(tags) > _MOST_TAGS:
            reason = (
                f"the role beside would have {len(tags)} tags, and AWS allows {_MOST_TAGS}: remove tags of {old.name}, "
                "or choose the way in_place"
            )
            return _refuse("too_many_tags", reason, subject)
        role = NewRole(
            subject.parallel_arn,
            closed,
            description=f"Least privilege beside {old.name}"[:1000],
            boundary=boundary,
            duration=subject.duration,
            tags=tags,
        )
        return (self._writer(ChangeKind.PREPARE).create_role(role),)

    def _give(self, subject: Subject, holder: t.Optional[Role], arn: str, kind: ChangeKind) -> Outcome:
        """Give a role the policies of the campaign that it lacks."""
        attached = holder.attached_policies if holder else ()
        wanted = [self.policy_arn(policy.name) for policy in subject.policies if policy.is_managed]
        missing = [policy for policy in wanted if policy not in attached]
        most = find_most_attached(self.snapshot)
        count = len(attached) + len(missing)
        if missing and count > most:
            reason = (
                f"{_name(arn)} would have {count} managed policies at a time, and {most} are allowed; detach those "
            )
            reason += "that it does not need, or let AWS raise the quota"
            return _refuse("slot_filled", reason, subject)
        writer = self._writer(kind)
        inline = {item.name: item.document for item in (holder.inline_policies if holder else ())}
        written = [
            writer.put_inline(arn, policy.name, inline.get(policy.name), policy.content)
            for policy in subject.policies
            if not policy.is_managed and not says_same(inline.get(policy.name), policy.content)
        ]
        return (*(writer.attach(arn, policy) for policy in missing), *written)

    def _take_surplus(self, subject: Subject) -> Iterator[Change]:
        """Take policies of earlier documents from the parallel role; others it never had."""
        if subject.parallel is None:
            return
        writer = self._writer(ChangeKind.PREPARE)
        wanted = {self.policy_arn(policy.name) for policy in subject.policies if policy.is_managed}
        kept = {policy.name for policy in subject.policies if not policy.is_managed}
        for arn in subject.parallel.attached_policies:
            if arn not in wanted:
                yield writer.detach(subject.parallel.arn, arn)
        for item in subject.parallel.inline_policies:
            if item.name not in kept and isinstance(item.document, Mapping):
                yield writer.delete_inline(subject.parallel.arn, item.name, item.document)

    def _take_old(self, subject: Subject, kind: ChangeKind, *, keeps_new: bool = True) -> Iterator[Change]:
        """Take the policies that the role had before, AdministratorAccess as the last one."""
        role, writer = subject.role, self._writer(kind)
        wanted = {self.policy_arn(policy.name) for policy in subject.policies if policy.is_managed and keeps_new}
        kept = {policy.name for policy in subject.policies if not policy.is_managed and keeps_new}
        for item in role.inline_policies:
            if item.name not in kept and isinstance(item.document, Mapping):
                yield writer.delete_inline(role.arn, item.name, item.document)
        old = [arn for arn in role.attached_policies if arn not in wanted]
        for arn in sorted(old, key=lambda arn: (arn == subject.last, arn)):
            yield writer.detach(role.arn, arn)


def _join_tags(old: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Join tags; the keys of a role are unique in any case. Tags with the prefix ``aws:`` can't be set by anybody."""
    names = {key.lower() for key in own}
    kept = {key: value for key, value in old.items() if key.lower() not in names and not key.lower().startswith("aws:")}
    return {**kept, **own}


def is_name_of(policy: str, role_name: str) -> bool:
    """Whether a policy has a name of the documents of a role, which no other role has."""
    return re.fullmatch(re.escape(name_policies_of(role_name)) + r"-(deny)?\d{1,3}", policy, re.ASCII) is not None


def name_trial(role_name: str) -> str:
    """Name the trial boundary of a role. No other role has it."""
    return f"{name_policies_of(role_name)}-{TRIAL_SUFFIX}"


def find_foreign(parallel: Role, old: Role, campaign: str, boundary: t.Optional[str]) -> str:
    """Explain why a role with the name of the parallel one is not ours; empty if it is."""
    if parallel.tags.get(PARALLEL_OF) != old.unique_id or parallel.tags.get(CAMPAIGN) != campaign:
        made = f"this campaign did not make it beside {old.name}"
        return (
            f"the role {parallel.name} is there, and {made}; delete it if nobody needs it, or choose the way in_place"
        )
    if parallel.boundary != boundary:
        other = f"another permissions boundary ({parallel.boundary or 'none'}) than the target declares"
        return f"the role {parallel.name} has {other}; make them agree"
    return ""


def find_most_attached(snapshot: Snapshot) -> int:
    """Find how many managed policies a role may have; AWS's default where the account's quota is not known."""
    return snapshot.summary.get(_QUOTA) or ATTACHMENTS["role"].default


def is_boundary_of_others(snapshot: Snapshot, policy: str, holder: str) -> bool:
    """Whether a policy is the boundary of a user or role other than ``holder``."""
    found = [
        *((user.arn, user.boundary) for user in snapshot.users),
        *((one.arn, one.boundary) for one in snapshot.roles),
    ]
    return any(boundary == policy and arn != holder for arn, boundary in found)


def says_same(one: t.Any, other: t.Any) -> bool:
    """Whether two documents say the same, however they are written."""
    try:
        return are_equivalent(parse(one), parse(other))
    except PolicyError:
        return bool(one == other)


def _refuse(rule: str, reason: str, subject: Subject) -> Refusal:
    return Refusal(rule, reason, subject.role.arn)


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
