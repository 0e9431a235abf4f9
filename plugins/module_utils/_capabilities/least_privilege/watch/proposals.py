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
import functools
import hashlib
import json
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ...._policy.documents.canonical import document
from ...._policy.documents.parse import parse
from ...._policy.documents.policy import Policy
from ...._policy.evaluation import catalogue
from ...._policy.evaluation.evaluate import Layers, Outcome, Request, evaluate
from ...._policy.evaluation.resource_policies import must_allow
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

# With more denials than these something else is wrong.
MOST_PROPOSED: t.Final = 20
# Documents with all entries are proved at once. If that fails, so many entries are tried alone: each takes seconds.
_MOST_ALONE: t.Final = 3
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
    if basis.proposer.permissions.unknown(basis.subject.arn):
        return watched
    candidates = [denial for denial in watched.new if is_candidate(denial) and _was_allowed(denial, basis, now)]
    chosen = sorted(candidates, key=lambda denial: (not denial.used_before, -denial.count))[:MOST_PROPOSED]
    found = _propose(chosen, basis, now) if chosen else {}
    if not found and len(chosen) > 1:
        alone = [_propose([denial], basis, now) for denial in chosen[:_MOST_ALONE]]
        found = {key: denial for each in alone for key, denial in each.items()}
    return dataclasses.replace(watched, new=tuple(found.get(id(denial), denial) for denial in watched.new))


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


def _was_allowed(denial: NewDenial, basis: Basis, now: datetime) -> bool:
    """Whether the old policies allow a denied call for sure."""
    request = _make_request(denial, basis.subject.arn, now)
    return evaluate(request, Layers(identity=basis.layers.identity)).outcome is Outcome.ALLOWED


def _propose(denials: Sequence[NewDenial], basis: Basis, now: datetime) -> dict[int, NewDenial]:
    """Propose one entry for each denial, by its identity; none at all if the documents with them are not proved."""
    entries = [make_entry(denial, now) for denial in denials]
    extended = basis.propose(*(_make_profile(entry, now) for entry in entries))
    if extended.generated.status is not Status.GENERATED or not _is_as_proved(basis.base, extended):
        return {}
    layers = basis.layers
    return {
        id(denial): dataclasses.replace(
            denial, proposal=entry, diff=compare(basis.base.policies, extended.policies, denial.action)
        )
        for denial, entry in zip(denials, entries, strict=True)
        if _would_help(_make_request(denial, basis.subject.arn, now), layers, extended.policies)
    }


def _make_request(denial: NewDenial, arn: str, now: datetime) -> Request:
    """The denied call, as far as it is known. An entry ends at a time, so that its statement has a condition on it.

    AWS named the policies of the role. So the policy of a key, or the trust policy of a role, leaves it to them.
    """
    known = {"aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    resource = _find_resource(denial)
    is_shared = must_allow(denial.action.lower(), resource)
    return Request(
        denial.action,
        resource,
        principal=arn,
        context=known,
        context_complete=False,
        resource_policy=_leave_to_account(arn) if is_shared else None,
    )


def _leave_to_account(arn: str) -> Policy:
    parts = arn.split(":")
    root = f"{':'.join(parts[:5])}:root"
    return parse({"Statement": {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "*", "Resource": "*"}})


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


def compare(before: Iterable[Policy], after: Iterable[Policy], action: str = "") -> str:
    """The statements that are added and removed, in whatever document; only those that name an action, if it is given.

    A statement that only moves to another document, since one is full, is no difference.
    """
    old, new = _list_statements(before), _list_statements(after)
    lines: list[str] = []
    for sign, found, other in (("-", old, new), ("+", new, old)):
        for text, name in sorted(found.items(), key=lambda item: (item[1], item[0])):
            if text not in other and (not action or f'"{action.lower()}"' in text.lower()):
                lines += [f"{sign} {name}:", *(f"{sign}   {line}" for line in text.splitlines())]
    return "\n".join(lines)


def _list_statements(policies: Iterable[Policy]) -> dict[str, str]:
    """The statements as JSON, with the name of their document."""
    return {
        json.dumps(statement, indent=2, sort_keys=True): policy.name
        for policy in policies
        for statement in document(policy)["Statement"]
    }
