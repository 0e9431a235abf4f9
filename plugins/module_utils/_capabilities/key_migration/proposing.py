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
from ..._policy.least_privilege.principal import Principal, PrincipalKind
from ..._policy.least_privilege.proof import Proof
from ..._prediction.proposals.propose import Proposed
from ..._prediction.proposals.subjects import Subject, describe
from .situation import Proposal

_NAMED: t.Final = 3


def make_subject(user: User) -> Subject:
    """Make the principal whose calls count."""
    return Subject(user, (user.arn,))


def describe_as_role(subject: Subject, permissions: Permissions) -> Principal:
    """Describe the user as the role that is to have its permissions: the limits of policies are those of a role."""
    return dataclasses.replace(describe(subject, permissions, {}), kind=PrincipalKind.ROLE, quota=None)


def make_proposal(proposed: Proposed, name: str) -> Proposal:
    """Make the inline policies of a role from what was generated."""
    generated = proposed.generated
    if not generated.documents:
        return Proposal(failure=generated.reason or generated.status.value)
    beyond = _list(proposed.proofs, "beyond")
    if beyond:
        return Proposal(failure=f"they would allow {_join(beyond)}, which {name} may not")
    failed = any(probe.is_failed for proof in proposed.proofs for probe in proof.probes)
    against = [entry.why for proof in proposed.proofs for entry in proof.unproven]
    unproven = _join(against) or ("a probe of the proof failed" if failed else "")
    return Proposal(
        {document.name: document.document for document in generated.documents},
        sum(document.size for document in generated.documents),
        unproven="" if proposed.proofs and not unproven else unproven or "there is no proof",
        breakage=_join(_list(proposed.proofs, "lost")),
    )


def _list(proofs: Sequence[Proof], what: str) -> list[str]:
    return [f"{entry.action} on {entry.resource or '*'}" for proof in proofs for entry in getattr(proof, what)]


def _join(texts: Iterable[str]) -> str:
    found = list(dict.fromkeys(texts))
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def index_users(users: Iterable[User]) -> Mapping[str, User]:
    """Index users by their names, which have no case."""
    return {user.name.lower(): user for user in users}
