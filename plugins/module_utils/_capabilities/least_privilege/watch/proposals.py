# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""For a denial by our own policies: the entry of ``always_allow`` that would allow it, proved like any document. Pure.

Nothing is extended by itself. A denial can be caused by anybody who has a session of the role, and its resource is a
name that the caller chose. So an entry names one resource without wildcards, and a person adds it or not.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import hashlib
import json
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ...._policy.documents.canonical import document
from ...._policy.documents.policy import Policy
from ...._policy.evaluation import catalogue
from ...._policy.evaluation.evaluate import Layers, Outcome, Request, evaluate
from ...._policy.least_privilege.ceiling import takes_resource
from ...._policy.least_privilege.generate import Status
from ...._policy.least_privilege.principal import Principal
from ...._policy.least_privilege.probes import Probe
from ...._policy.least_privilege.proof import Entry, Proof
from ...._policy.least_privilege.settings import Profile
from ...._policy.trail.coverage import Record
from ...._prediction.proposals.propose import Proposed, Proposer
from ...._prediction.proposals.subjects import Subject
from ..model import DeniedBy, NewDenial, Watched

# Each entry is generated and proved. With more denials than these something else is wrong.
MOST_PROPOSED: t.Final = 20
_VALID: t.Final = timedelta(days=365)
_PASS_ROLE: t.Final = "iam:passrole"
_DENIED: t.Final = frozenset({Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY})
_SIGNS: t.Final = ("*", "?", "${")


@dataclasses.dataclass(frozen=True)
class Basis:
    """The facts that the documents of a role are generated from, to generate them once more with a further entry.

    The permissions of ``proposer`` and the layers of ``principal`` are those with the old policies of the role: nothing
    is proposed beyond them. ``trial_boundary_arn`` is the boundary of a trial: an extension changes it too.
    """

    proposer: Proposer
    subject: Subject
    principal: Principal
    records: Mapping[str, Record]
    trial_boundary_arn: str = ""

    @functools.cached_property
    def base(self) -> Proposed:
        """The documents without a further entry."""
        return self.propose()

    def propose(self, *more: Profile) -> Proposed:
        """Propose the documents with further entries of ``always_allow``."""
        settings = self.proposer.settings
        extended = dataclasses.replace(settings, always_allow=(*settings.always_allow, *more))
        proposer = dataclasses.replace(self.proposer, settings=extended, given=())
        return proposer.propose(self.subject, self.principal, self.records)

    @property
    def layers(self) -> Layers:
        """The layers of the role with its old policies, and without the boundary of a trial."""
        layers = self.proposer.permissions.layers(self.subject.arn)
        entity = self.subject.entity
        is_trial = bool(self.trial_boundary_arn) and getattr(entity, "boundary", None) == self.trial_boundary_arn
        return dataclasses.replace(layers, boundary=None) if is_trial else layers


def add_proposals(watched: Watched, basis: Basis, *, now: datetime) -> Watched:
    """Add the proposals to new denials. What the evidence had as used comes first, if there are very many."""
    candidates = [denial for denial in watched.new if is_candidate(denial)]
    chosen = sorted(candidates, key=lambda denial: (not denial.used_before, -denial.count))[:MOST_PROPOSED]
    wanted = {id(denial) for denial in chosen}
    new = tuple(_add_proposal(denial, basis, now) if id(denial) in wanted else denial for denial in watched.new)
    return dataclasses.replace(watched, new=new)


def is_candidate(denial: NewDenial) -> bool:
    """Whether an entry could allow a denial at all. The roles of ``iam:PassRole`` must be named by calls."""
    return denial.by is DeniedBy.OURS and denial.action.lower() != _PASS_ROLE and bool(_find_resource(denial))


def _find_resource(denial: NewDenial) -> str:
    """Find the resource that an entry would name; empty for none, as where a caller put a wildcard into a name."""
    service, _colon, name = denial.action.partition(":")
    if catalogue.action(service, name) is None:
        return ""
    if not takes_resource(denial.action):
        return "*"
    is_arn = denial.resource.startswith("arn:") and denial.resource.count(":") >= 5
    return denial.resource if is_arn and not any(sign in denial.resource for sign in _SIGNS) else ""


def _add_proposal(denial: NewDenial, basis: Basis, now: datetime) -> NewDenial:
    layers = basis.layers
    if basis.proposer.permissions.unknown(basis.subject.arn):
        return denial
    request = _make_request(denial, basis.subject.arn, now)
    if evaluate(request, Layers(identity=layers.identity)).outcome is not Outcome.ALLOWED:
        return denial
    entry = make_entry(denial, now)
    extended = basis.propose(_make_profile(entry, now))
    if extended.generated.status is not Status.GENERATED or not _is_as_proved(basis.base, extended):
        return denial
    if not _would_help(request, layers, extended.policies):
        return denial
    return dataclasses.replace(denial, proposal=entry, diff=compare(basis.base.policies, extended.policies))


def _make_request(denial: NewDenial, arn: str, now: datetime) -> Request:
    """The denied call, as far as it is known. An entry ends at a time, so that its statement has a condition on it."""
    known = {"aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return Request(denial.action, _find_resource(denial), principal=arn, context=known, context_complete=False)


def _would_help(request: Request, layers: Layers, policies: tuple[Policy, ...]) -> bool:
    """Whether the new documents allow the call, and no other layer is known to deny it all the same."""
    if evaluate(request, Layers(identity=policies)).outcome is not Outcome.ALLOWED:
        return False
    return evaluate(request, dataclasses.replace(layers, identity=policies)).outcome not in _DENIED


def make_entry(denial: NewDenial, now: datetime) -> dict[str, t.Any]:
    """The entry of ``always_allow``. Without an owner it is refused, so that a person has to fill it in."""
    resource = _find_resource(denial)
    digest = hashlib.sha256(f"{denial.action} {resource}".encode()).hexdigest()[:8]
    use = "the evidence has the action as used" if denial.used_before else "the evidence never had the action"
    times = "once" if denial.count == 1 else f"{denial.count} times"
    return {
        "name": f"denied-{denial.action.replace(':', '-')}-{digest}",
        "owner": "",
        "actions": [denial.action],
        "resources": [resource],
        "reason": f"denied {times} from {denial.first:%Y-%m-%d} to {denial.last:%Y-%m-%d}; {use}",
        "expires": (now + _VALID).date().isoformat(),
    }


def _make_profile(entry: Mapping[str, t.Any], now: datetime) -> Profile:
    return Profile(
        entry["name"],
        tuple(entry["actions"]),
        tuple(entry["resources"]),
        entry["owner"],
        entry["reason"],
        (now + _VALID).date(),
    )


# The proof


def _is_as_proved(base: Proposed, extended: Proposed) -> bool:
    """Whether nothing speaks against the extended documents that does not speak against the present ones."""
    before = {proof.principal_arn: proof for proof in base.proofs}
    return bool(extended.proofs) and all(
        _has_nothing_more(before.get(proof.principal_arn), proof) for proof in extended.proofs
    )


def _has_nothing_more(base: t.Optional[Proof], proof: Proof) -> bool:
    if proof.beyond:
        return False
    open_before = _name_all((*base.lost, *base.unproven)) if base is not None else frozenset()
    failed_before = _name_failed(base.probes) if base is not None else frozenset()
    return _name_all((*proof.lost, *proof.unproven)) <= open_before and _name_failed(proof.probes) <= failed_before


def _name_all(entries: Iterable[Entry]) -> frozenset[tuple[str, str, str]]:
    return frozenset((entry.action, entry.resource, entry.why) for entry in entries)


def _name_failed(probes: Iterable[Probe]) -> frozenset[tuple[str, str]]:
    return frozenset((probe.action, probe.path.id if probe.path else "") for probe in probes if probe.is_failed)


# The difference for people


def compare(before: Iterable[Policy], after: Iterable[Policy]) -> str:
    """The difference of two sets of documents, by their names, as a unified diff."""
    old, new = ({policy.name: _write(policy) for policy in found} for found in (before, after))
    parts: list[str] = []
    for name in sorted({*old, *new}):
        parts += difflib.unified_diff(old.get(name, []), new.get(name, []), f"{name} (now)", f"{name} (proposed)", n=2)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in parts)


def _write(policy: Policy) -> list[str]:
    return json.dumps(document(policy), indent=2, sort_keys=True).splitlines(keepends=True)
