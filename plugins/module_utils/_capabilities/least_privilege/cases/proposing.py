# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Documents of a role in one run: generated, or kept ones that are proved again with the evidence of today. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t
from collections.abc import Iterable, Mapping

from ...._policy.documents.limits import size
from ...._policy.documents.policy import Kind
from ...._policy.least_privilege.principal import Principal
from ...._policy.least_privilege.proof import Proof
from ...._policy.trail.coverage import Record
from ...._prediction.least_privilege import describe_losses
from ...._prediction.proposals.propose import Proposed, Proposer
from ...._prediction.proposals.subjects import Subject
from ..changes import NewPolicy
from ..dossier import PROVED, UNPROVEN, Dossier, hash_layers, make_dossier
from ..owners.before import Before
from ..records import Document, hash_documents
from ..situation import Proposal

_NAMED: t.Final = 3


@dataclasses.dataclass(frozen=True)
class Found:
    """A proposal with the dossier to keep; None where there are no documents."""

    proposal: Proposal
    dossier: t.Optional[Dossier] = None


def propose(
    proposed: Proposed,
    principal: Principal,
    paths: t.Optional[tuple[int, int]],
    before: t.Optional[Before] = None,
) -> Found:
    """Make the proposal and the dossier of documents that were generated now; ``paths`` are those before and after.

    ``before`` are the old policies of a role that its owner changes.
    """
    generated = proposed.generated
    if not generated.documents:
        outcome = generated.status.value
        return Found(Proposal(outcome=outcome, reason=generated.reason, failure=generated.reason or outcome))
    totals = generated.totals
    summary = {
        "granted": {"before": totals.granted_before, "after": totals.granted_after},
        "privileged": {"before": totals.privileged_before, "after": totals.privileged_after},
        "paths": {"before": paths[0], "after": paths[1]} if paths else {},
        "losses": describe_losses(generated),
        "window_days": generated.window_days,
    }
    dossier = make_dossier(proposed, principal, summary, before)
    return Found(_describe(dossier, dossier.layers_sha256, proposed.proofs), dossier)


def propose_again(
    proposer: Proposer, chosen: Subject, principal: Principal, records: Mapping[str, Record], dossier: Dossier
) -> Proposal:
    """Prove kept documents again: with the calls of today, and against the old policies of today."""
    given = dataclasses.replace(proposer, given=dossier.parsed)
    proposed = given.propose(chosen, principal, records)
    if not proposed.generated.documents:
        reason = proposed.generated.reason or proposed.generated.status.value
        return Proposal(failure=f"the documents can't be proved again: {reason}")
    return _describe(dossier, hash_layers(principal.layers), proposed.proofs)


def _describe(dossier: Dossier, layers_sha256: str, proofs: Iterable[Proof]) -> Proposal:
    proofs = tuple(proofs)
    documents = list_documents(dossier)
    lost = [f"{entry.action} on {entry.resource or '*'}" for proof in proofs for entry in proof.lost]
    against = [entry.why for proof in proofs for entry in (*proof.beyond, *proof.unproven)]
    beyond = [f"{entry.action} on {entry.resource or '*'}" for proof in proofs for entry in proof.beyond]
    if beyond:
        reason = f"the documents allow {_join(beyond)}, which the old policies do not"
        return Proposal(hash_documents(documents), layers_sha256, UNPROVEN, reason, failure=reason)
    return Proposal(
        content_sha256=hash_documents(documents),
        layers_sha256=layers_sha256,
        outcome=UNPROVEN if against or any(probe.is_failed for proof in proofs for probe in proof.probes) else PROVED,
        reason=_join(against) if against else "",
        breakage=f"recorded calls would be denied: {_join(lost)}" if lost else "",
        documents=documents,
    )


def list_documents(dossier: Dossier) -> tuple[Document, ...]:
    """List the documents of a dossier as records have them."""
    found = [_name(policy, is_trial=False) for policy in dossier.policies]
    return (*found, _name(dossier.trial, is_trial=True)) if dossier.trial else tuple(found)


def _name(policy: NewPolicy, *, is_trial: bool) -> Document:
    text = json.dumps(policy.content, sort_keys=True, separators=(",", ":"))
    kind = Kind.MANAGED if policy.is_managed else Kind.INLINE_ROLE
    return Document(policy.name, hashlib.sha256(text.encode()).hexdigest(), size(policy.content, kind), is_trial)


def _join(texts: Iterable[str]) -> str:
    found = list(dict.fromkeys(texts))
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more
