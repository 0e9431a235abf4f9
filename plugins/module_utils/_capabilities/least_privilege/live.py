# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A target role as it is in AWS, held against the documents of its campaign. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.model import Role, Snapshot
from ..._account.permissions import Permissions
from ..._converge.arn import is_break_glass
from ..._policy.evaluation.evaluate import Layers
from .changes import CAMPAIGN, PARALLEL_OF, RoleWriter, Subject, is_name_of, says_same
from .dossier import Dossier, hash_layers
from .model import Way
from .owners.before import Contents
from .owners.state import Owned, describe_owned
from .revert import Recorded
from .situation import LiveRole, NewRole
from .trust import close_trust, find_additions, require_mfa


@dataclasses.dataclass(frozen=True)
class Observer:
    """Describes the roles of one campaign. ``break_glass`` are the globs of break-glass principals."""

    writer: RoleWriter
    permissions: Permissions
    break_glass: tuple[str, ...] = ()

    def describe(
        self,
        subject: Subject,
        dossier: t.Optional[Dossier],
        way: t.Optional[Way],
        *,
        entries: Sequence[Recorded] = (),
        break_glass: Collection[str] = (),
        is_mfa_required: bool = False,
    ) -> LiveRole:
        """Describe a role with what the campaign made for it.

        ``entries`` are the recorded changes of a role that was closed, which say who could assume it before.
        ``break_glass`` are the principals that roles were closed for by the records: others may be declared today.
        """
        glass = frozenset(break_glass)
        role = subject.role
        owned = self.describe_owned(role, dossier) if way is Way.BY_OWNER else None
        return LiveRole(
            arn=role.arn,
            id=role.unique_id,
            layers_sha256=hash_layers(self.find_layers(subject)),
            boundary=role.boundary or "",
            has_trial=self._has_trial(subject),
            has_other_trial=self._has_other_trial(subject),
            has_policies=self._has_policies(subject),
            new_role=self._describe_new(subject, entries, glass, is_mfa_required=is_mfa_required),
            made_at=max(self._list_dates(subject), default=None),
            has_documents=owned.has_documents if owned else self._has_documents(subject, dossier, way, glass),
            is_closed=self._is_closed(role, glass),
            last_used=role.last_used,
            owned=owned,
        )

    def describe_owned(self, role: Role, dossier: t.Optional[Dossier]) -> t.Optional[Owned]:
        """Describe a role that its owner changes; None if it has no documents."""
        is_known = not self.permissions.unknown(role.arn)
        live = self.permissions.layers(role.arn).identity if is_known else None
        return describe_owned(role, self.contents, live, dossier)

    @property
    def contents(self) -> Contents:
        """The content of the account's own managed policies."""
        policies = self.writer.snapshot.policies
        return {policy.arn: policy.default_version.document for policy in policies if not policy.is_aws_managed}

    def find_layers(self, subject: Subject) -> Layers:
        """Find the policies that bear on a role, without the boundary of a trial, which is our own."""
        layers = self.permissions.layers(subject.role.arn)
        return dataclasses.replace(layers, boundary=None) if self._has_trial(subject) else layers

    def _has_trial(self, subject: Subject) -> bool:
        """Whether the role is on trial. A trial by another campaign, as its tag says, ends by the rules of that one."""
        live = subject.live.get(self.writer.trial_arn(subject))
        is_of_other = live is not None and live.tags.get(CAMPAIGN, "") not in ("", self.writer.campaign)
        return subject.role.boundary == self.writer.trial_arn(subject) and not is_of_other

    def _has_policies(self, subject: Subject) -> bool:
        """Whether the old role itself has a policy that the campaign made."""
        managed = (subject.live.get(arn) for arn in subject.role.attached_policies)
        inline = (item.name for item in subject.role.inline_policies)
        return any(policy is not None and self.writer.is_own(policy) for policy in managed) or any(
            is_name_of(name, subject.role.name) for name in inline
        )

    def _has_other_trial(self, subject: Subject) -> bool:
        """Whether the trial policy says something else than the documents do."""
        live = subject.live.get(self.writer.trial_arn(subject))
        is_same = live is not None and subject.trial is not None and says_same(live.document, subject.trial.content)
        return self._has_trial(subject) and not is_same

    def _describe_new(
        self, subject: Subject, entries: Sequence[Recorded], glass: frozenset[str], *, is_mfa_required: bool
    ) -> t.Optional[NewRole]:
        new, tags = subject.parallel, subject.parallel.tags if subject.parallel else {}
        if new is None:
            return None
        is_ours = tags.get(PARALLEL_OF) == subject.role.unique_id and tags.get(CAMPAIGN) == self.writer.campaign
        old = find_old_trust(self.writer.snapshot, subject.role, entries)
        others = None
        if old is not None:
            expected = [require_mfa(old)] if is_mfa_required else [old, require_mfa(old)]
            others = find_additions(new.trust.document, expected)
        return NewRole(new.arn, new.unique_id, is_ours, new.created, new.last_used, self._is_closed(new, glass), others)

    def _list_dates(self, subject: Subject) -> Iterator[datetime]:
        """List AWS's own dates of what the campaign made: nobody can date these back."""
        if subject.parallel is not None and subject.parallel.created is not None:
            yield subject.parallel.created
        names = {policy.name for policy in (*subject.policies, *([subject.trial] if subject.trial else ()))}
        wanted = {self.writer.trial_arn(subject), *map(self.writer.policy_arn, names)}
        for policy in (policy for arn, policy in subject.live.items() if arn in wanted):
            if policy.default is not None and policy.default.created is not None:
                yield policy.default.created

    def _has_documents(
        self, subject: Subject, dossier: t.Optional[Dossier], way: t.Optional[Way], glass: frozenset[str]
    ) -> t.Optional[bool]:
        if dossier is None or way not in (Way.PARALLEL, Way.IN_PLACE):
            return None
        if way is Way.IN_PLACE:
            return self._has_exactly(subject.role, subject)
        new = subject.parallel
        return new is not None and not self._is_closed(new, glass) and self._has_exactly(new, subject)

    def _has_exactly(self, holder: Role, subject: Subject) -> bool:
        """Whether a role has the policies of the campaign with their content, and no others."""
        managed = {self.writer.policy_arn(policy.name): policy for policy in subject.policies if policy.is_managed}
        inline = {policy.name: policy for policy in subject.policies if not policy.is_managed}
        if set(holder.attached_policies) != set(managed) or {item.name for item in holder.inline_policies} != set(
            inline
        ):
            return False
        written: dict[str, t.Any] = {item.name: item.document for item in holder.inline_policies}
        live: Mapping[str, t.Any] = {arn: policy.document for arn, policy in subject.live.items()}
        return all(says_same(live.get(arn), policy.content) for arn, policy in managed.items()) and all(
            says_same(written[name], policy.content) for name, policy in inline.items()
        )

    def _is_closed(self, role: Role, glass: frozenset[str]) -> t.Optional[bool]:
        """Whether only break-glass principals of now or then may assume a role; None if that can't be read."""
        document = role.trust.document
        if document is None:
            return None
        are_glass = all(arn in glass or is_break_glass(arn, self.break_glass) for arn in find_admitted(document))
        return are_glass and is_closed_form(self.writer.snapshot, document)


def find_old_trust(snapshot: Snapshot, role: Role, entries: Iterable[Recorded]) -> t.Optional[Mapping[str, t.Any]]:
    """Find the trust policy of a role, or the one that it had before it was closed; None if that is not known.

    Whether the journal says how the closing ended does not matter: the role is closed, and a run may have been killed.
    """
    found = [role.trust.document]
    for intent, _outcome in reversed(tuple(entries)):
        before = intent.change.before
        if intent.change.target == role.arn and isinstance(before, Mapping):
            found.append(before.get("trust"))
    return next((one for one in found if one is not None and not is_closed_form(snapshot, one)), None)


def is_closed_form(snapshot: Snapshot, document: t.Optional[Mapping[str, t.Any]]) -> bool:
    """Whether a trust policy is one that closes a role, whichever principals it lets in."""
    admitted = find_admitted(document) if document is not None else ()
    return bool(admitted) and says_same(document, close_trust(snapshot, admitted))


def find_admitted(document: Mapping[str, t.Any]) -> tuple[str, ...]:
    """Find the principals that a trust policy for break-glass alone lets in; empty for any other trust policy."""
    try:
        (statement,) = document["Statement"]
        found = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    except (KeyError, TypeError, ValueError):
        return ()
    return tuple(map(str, [found] if isinstance(found, str) else found))
