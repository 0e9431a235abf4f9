# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""New policies of principals, generated from their records or given by a person, with their proofs. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t
from collections.abc import Mapping

from ..._account.model import Group
from ..._account.permissions import Permissions
from ..._policy.documents.limits import LIMITS, size
from ..._policy.documents.policy import Kind, Policy
from ..._policy.least_privilege.generate import (
    Generated,
    Status,
    answer_refusal,
    describe_given,
    generate,
    make_record_for_proof,
)
from ..._policy.least_privilege.pack import Document
from ..._policy.least_privilege.principal import Principal
from ..._policy.least_privilege.proof import Proof, prove
from ..._policy.least_privilege.settings import Settings
from ..._policy.least_privilege.unjudged import list_open_roles, list_unjudged
from ..._policy.least_privilege.window import refuse
from ..._policy.trail.coverage import Coverage, Record
from ..._policy.trail.usage import merge_uses
from .subjects import Subject


@dataclasses.dataclass(frozen=True)
class Proposed:
    """The new policies of one principal: ``generated`` from ``record``, with a proof for each member."""

    subject: Subject
    record: Record
    generated: Generated
    proofs: tuple[Proof, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Its new policies; none where there are none."""
        return tuple(item.policy for item in self.generated.documents)


@dataclasses.dataclass(frozen=True)
class Boundary:
    """The permissions boundary of the holder of new policies; None for none."""

    policy: t.Optional[Policy] = None


@dataclasses.dataclass(frozen=True)
class Proposer:
    """Proposes the policies of principals of one account. ``given`` are proved instead of generated ones.

    ``boundary`` is that of the new holder, where another one gets the policies; None where each keeps its own.
    """

    permissions: Permissions
    settings: Settings
    given: tuple[Policy, ...] = ()
    boundary: t.Optional[Boundary] = None

    def propose(self, subject: Subject, principal: Principal, records: Mapping[str, Record]) -> Proposed:
        """Propose the policies of a principal; ``records`` has the record of each of its members."""
        record = _join_records(subject, records)
        unknown = self.permissions.unknown(subject.arn)
        if unknown:
            reason = f"its policies {', '.join(unknown)} could not be read, so nobody knows what it may do"
            return Proposed(subject, record, Generated(subject.arn, Status.REFUSED, reason))
        generated = self._take(subject, principal, record) if self.given else generate(principal, record, self.settings)
        if not generated.documents:
            return Proposed(subject, record, generated)
        proofs = tuple(self._prove(subject, arn, records, generated) for arn in subject.members)
        return Proposed(subject, record, generated, proofs, _list_notes(subject))

    def _take(self, subject: Subject, principal: Principal, record: Record) -> Generated:
        """Take documents that a person wrote, to be proved as generated ones are: only with evidence."""
        refusal = refuse(principal, record, self.settings)
        if refusal is not None:
            return answer_refusal(principal, refusal)
        limit = LIMITS[Kind.MANAGED]
        documents = tuple(
            Document(item.name, Kind.MANAGED, item, size(item, Kind.MANAGED), limit) for item in self.given
        )
        too_large = [item.name for item in documents if item.size > item.limit]
        if too_large:
            reason = f"{', '.join(too_large)}: larger than the {limit:,} characters of a managed policy"
            return Generated(subject.arn, Status.DOES_NOT_FIT, reason)
        return describe_given(principal, record, self.settings, documents)

    def _prove(self, subject: Subject, arn: str, records: Mapping[str, Record], generated: Generated) -> Proof:
        """Prove the new policies for one principal: the chosen one, or a member of the chosen group."""
        before = self.permissions.layers(arn)
        kept: tuple[Policy, ...] = ()
        if isinstance(subject.entity, Group):
            way = f"group {subject.entity.name}"
            held = self.permissions.list_policies(arn)
            kept = tuple(item.policy for item in held if item.way != way and item.policy is not None)
        after = dataclasses.replace(before, identity=(*kept, *(item.policy for item in generated.documents)))
        if self.boundary is not None:
            after = dataclasses.replace(after, boundary=self.boundary.policy)
        record = make_record_for_proof(records[arn], self.settings)
        removed = [item.action for item in generated.removed]
        proof = prove(before, after, record, removed=removed)
        if self.given:
            unjudged = list_unjudged(before.identity, after.identity, records[arn], self.settings)
        else:
            unjudged = list_open_roles(removed, [item.action for item in generated.unknown])
        return dataclasses.replace(proof, unproven=(*proof.unproven, *unjudged))


def _list_notes(subject: Subject) -> tuple[str, ...]:
    groups = getattr(subject.entity, "groups", ())
    if not groups:
        return ()
    return (
        f"the new policies replace those of its groups too: remove the user from {', '.join(groups)} "
        "after they are attached",
    )


def _join_records(subject: Subject, records: Mapping[str, Record]) -> Record:
    """The record of a principal; of a group that of all its members, whose calls it allows."""
    found = [records[arn] for arn in subject.members]
    if len(found) == 1 and found[0].principal_arn == subject.arn:
        return found[0]
    coverage = found[0].coverage if found else Coverage(0)
    return Record(
        subject.arn,
        "",
        coverage,
        merge_uses(use for record in found for use in record.uses),
        merge_uses(use for record in found for use in record.denied),
        bool(found) and all(record.is_last_accessed_read for record in found),
        hashlib.sha256("\n".join(record.digest for record in found).encode()).hexdigest(),
        merge_uses(use for record in found for use in record.left_out),
        any(record.is_console for record in found),
    )
