# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The policies of a workload's role, made of what its user called, with the proof. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.model import User
from ..._account.permissions import Permissions
from ..._policy.least_privilege.generate import Generated
from ..._policy.least_privilege.principal import Principal, PrincipalKind
from ..._policy.least_privilege.proof import Entry, Proof, explain_widened
from ..._policy.least_privilege.settings import Settings
from ..._policy.trail.coverage import Record
from ..._prediction.proposals.propose import Boundary, Proposed, Proposer
from ..._prediction.proposals.subjects import Subject, describe
from .situation import Proposal

_NAMED: t.Final = 3


def make_subject(user: User) -> Subject:
    """Make the principal whose calls count."""
    return Subject(user, (user.arn,))


def describe_as_role(subject: Subject, permissions: Permissions) -> Principal:
    """Describe the user as the role that is to have its permissions: the limits of policies are those of a role."""
    return dataclasses.replace(describe(subject, permissions, {}), kind=PrincipalKind.ROLE, quota=None)


def propose(
    permissions: Permissions, settings: Settings, subject: Subject, boundary: str, records: Mapping[str, Record]
) -> Proposal:
    """Propose the policies of a role with a permissions boundary, given by its ARN; empty for none."""
    limit = permissions.policy(boundary) if boundary else None
    # Of a boundary that can't be read nothing is known, and the proof says so.
    new = Boundary(limit) if limit is not None or not boundary else None
    proposer = Proposer(permissions, settings, boundary=new)
    proposed = proposer.propose(subject, describe_as_role(subject, permissions), records)
    unread = (permissions.unknown_boundary(subject.arn), boundary if boundary and limit is None else None)
    return _make_proposal(proposed, [f"the boundary {arn} can't be read" for arn in unread if arn])


def _make_proposal(proposed: Proposed, unread: Sequence[str]) -> Proposal:
    """Make the inline policies of a role from what was generated. ``unread`` says what nobody knows."""
    generated, name = proposed.generated, proposed.subject.entity.name
    if not generated.documents:
        return Proposal(failure=generated.reason or generated.status.value)
    beyond = _list(proposed.proofs, "beyond")
    if beyond:
        return Proposal(failure=f"they would allow {_join(beyond)}, which {name} may not")
    failed = any(probe.is_failed for proof in proposed.proofs for probe in proof.probes)
    against = [*unread, *(_explain(proposed, entry) for proof in proposed.proofs for entry in proof.unproven)]
    against += _list_ungranted(generated, name)
    unproven = _join(against) or ("a probe of the proof failed" if failed else "")
    return Proposal(
        {document.name: document.document for document in generated.documents},
        sum(document.size for document in generated.documents),
        unproven="" if proposed.proofs and not unproven else unproven or "there is no proof",
        breakage=_join(_list(proposed.proofs, "lost")),
    )


def _list_ungranted(generated: Generated, name: str) -> list[str]:
    """List recorded calls that no policy of the user grants. The policy of a resource names the user, not its role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
    """
    calls = [f"{one.action} on {one.resources[0] if one.resources else '*'}" for one in generated.ungranted]
    step = f"no policy of {name} grants it; if that of the resource does, name the role in the policy of the resource"
    return [f"{_join(calls)}: {step}"] if calls else []


def _explain(proposed: Proposed, entry: Entry) -> str:
    own = getattr(proposed.subject.entity, "boundary", None)
    if own and entry.why == explain_widened("boundary"):
        return f"the role would lack the limits of its user: declare {own} as boundary"
    return entry.why


def _list(proofs: Sequence[Proof], what: str) -> list[str]:
    return [f"{entry.action} on {entry.resource or '*'}" for proof in proofs for entry in getattr(proof, what)]


def _join(texts: Iterable[str]) -> str:
    found = list(dict.fromkeys(texts))
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def index_users(users: Iterable[User]) -> Mapping[str, User]:
    """Index users by their names, which have no case."""
    return {user.name.lower(): user for user in users}
