# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The proof that new policies of a principal lose nothing that was used, and grant nothing that the old ones did not.

Something is called proved only if it follows from the statements. A request that shows the contrary makes an entry of
``lost`` or ``beyond``; what can be shown neither way is ``unproven``.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..documents.arn import arn_parts
from ..documents.canonical import fingerprint
from ..documents.policy import Condition, Policy, Statement
from ..evaluation.evaluate import Layers, Outcome
from ..evaluation.narrowing import find_narrowed_layers, possible_resources
from ..evaluation.tokens import has_variable
from ..trail.coverage import Record
from .containment import Cover, Covering, Gap
from .losses import Loss, Losses
from .needs import PASS_ROLE, is_recorded_call
from .probes import Probe, Prober
from .witnesses import DENIED, Request, Witnesses

#: The check of IAM Access Analyzer that compares two documents.
NO_NEW_ACCESS: t.Final = "CheckNoNewAccess"

# So many of a list are named in words.
_NAMED: t.Final = 3


@dataclasses.dataclass(frozen=True)
class Entry:
    """Something that speaks against the proof. ``settled_by`` is the check of AWS that could decide it."""

    action: str
    resource: str
    why: str
    policy: str = ""
    statement: str = ""
    request: t.Optional[Request] = None
    settled_by: t.Optional[str] = None

    def to_data(self) -> dict[str, t.Any]:
        """The entry as plain data."""
        return {
            "action": self.action,
            "resource": self.resource,
            "why": self.why,
            "policy": self.policy or None,
            "statement": self.statement or None,
            "request": self.request.to_data() if self.request else None,
            "settled_by": self.settled_by,
        }


@dataclasses.dataclass(frozen=True)
class Proof:
    """The proof of one principal.

    ``recorded`` is the number of uses that were judged. ``lost`` are recorded uses that are no longer allowed,
    ``beyond`` are permissions that the old policies did not give. ``before`` and ``after`` are the SHA-256 of the
    documents' meanings, with their names; ``evidence`` is that of the record.
    """

    principal_arn: str
    principal_id: str
    recorded: int
    lost: tuple[Entry, ...] = ()
    beyond: tuple[Entry, ...] = ()
    unproven: tuple[Entry, ...] = ()
    probes: tuple[Probe, ...] = ()
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()
    evidence: str = ""

    @property
    def is_proved(self) -> bool:
        """Whether nothing speaks against it, and every probe is denied."""
        return not (self.lost or self.beyond or self.unproven or any(probe.is_failed for probe in self.probes))

    def to_data(self) -> dict[str, t.Any]:
        """The proof as plain data, in a stable order."""
        return {
            "principal": self.principal_arn,
            "principal_id": self.principal_id,
            "is_proved": self.is_proved,
            "recorded": self.recorded,
            "lost": [entry.to_data() for entry in self.lost],
            "beyond": [entry.to_data() for entry in self.beyond],
            "unproven": [entry.to_data() for entry in self.unproven],
            "probes": _write_probes(self.probes),
            "counts": dict(self.counts),
            "documents_before": [{"name": name, "sha256": digest} for name, digest in self.before],
            "documents_after": [{"name": name, "sha256": digest} for name, digest in self.after],
            "evidence_sha256": self.evidence or None,
        }


def prove(
    before: Layers,
    after: Layers,
    record: Record,
    *,
    removed: Sequence[str],
    unused_before: t.Optional[datetime] = None,
) -> Proof:
    """Prove the change of identity-based policies from ``before`` to ``after`` for the principal of a record.

    ``removed`` are the actions that the new policies no longer give. Dates of last access before ``unused_before`` are
    no uses; without it all of them are.
    """
    losses = Losses(before, after, record, unused_before=unused_before)
    lost, unproven = _split_losses(losses.find())
    beyond, undecided = _find_beyond(before, after, record.principal_arn)
    prober = Prober(before, after, record.principal_arn)
    probes = (*prober.probe_removed(removed), *prober.probe_paths())
    return Proof(
        record.principal_arn,
        record.principal_id,
        len(record.uses),
        _sort(lost),
        _sort(beyond),
        _sort((*unproven, *undecided, *_find_open_roles(before, after, record), *_find_other_layers(before, after))),
        probes,
        {"uses_not_granted_before": losses.count_ungranted(), **_count(before, after, record, removed, probes)},
        _hash(before.identity),
        _hash(after.identity),
        record.digest,
    )


# Recorded uses


def _split_losses(losses: Iterable[Loss]) -> tuple[list[Entry], list[Entry]]:
    lost: list[Entry] = []
    unproven: list[Entry] = []
    for loss in losses:
        use = loss.use
        resource = use.resource or ", ".join(use.candidates) or "*"
        entry = Entry(use.action, resource, loss.why)
        (lost if loss.is_certain else unproven).append(entry)
    return lost, unproven


def _find_open_roles(before: Layers, after: Layers, record: Record) -> Iterator[Entry]:
    """Find where the new policies let a role be passed that no record names: an instance profile does not tell its own.

    A pattern that an old policy has just so is as narrow as people wrote it.
    """
    parts = arn_parts(record.principal_arn)
    partition = parts.partition if parts else "aws"
    old = {pattern for policy in before.identity for each in policy.statements for pattern in each.resources or ()}
    patterns = {
        pattern
        for use in record.uses
        if use.action.lower() == PASS_ROLE and use.resource is None and is_recorded_call(use) and use.candidates
        for pattern in possible_resources(PASS_ROLE, after.identity, partition, use.candidates)
    }
    for pattern in patterns - old:
        if "*" in pattern:
            why = (
                "a call passed the role of an instance profile, which the record does not name: ask with the account "
                "read, which names it, or write the role in the place of the pattern"
            )
            yield Entry("iam:PassRole", pattern, why)


# New permissions


def _find_beyond(before: Layers, after: Layers, principal_arn: str) -> tuple[list[Entry], list[Entry]]:
    """Find what the new statements allow beyond the old ones, and the old denials that are not kept."""
    only = Layers(identity=before.identity), Layers(identity=after.identity)
    witnesses = Witnesses(*only, principal_arn)
    beyond: list[Entry] = []
    undecided: list[Entry] = []
    allowed = Cover(before.identity, allow=True).find_gaps(after.identity)
    denied = Cover(after.identity, allow=False).find_gaps(before.identity)
    for gap in (*allowed, *denied):
        request = _find_request(gap, witnesses)
        entry = _make_entry(gap, request)
        (undecided if request is None else beyond).append(entry)
    return beyond, undecided


def _find_request(gap: Gap, witnesses: Witnesses) -> t.Optional[Request]:
    """Find a request that shows that something is granted or no longer denied."""
    near = [each.reach.resources for each in gap.why.near]
    for action in gap.actions:
        places = itertools.chain(
            witnesses.list_resources(action, gap.resource, near),
            witnesses.list_resources(action, gap.resource),
        )
        found = witnesses.find(
            action,
            places,
            met=(gap.version, gap.statement.conditions),
            is_wanted=_is_granted if gap.statement.allow else _is_no_longer_denied,
        )
        if found is not None:
            return found
    return None


def _is_granted(before: Outcome, after: Outcome) -> bool:
    return before in DENIED and after is Outcome.ALLOWED


def _is_no_longer_denied(before: Outcome, after: Outcome) -> bool:
    return before is Outcome.EXPLICIT_DENY and after is not Outcome.EXPLICIT_DENY


def _make_entry(gap: Gap, request: t.Optional[Request]) -> Entry:
    return Entry(
        gap.action,
        gap.resource.text,
        _explain(gap, request),
        gap.policy,
        gap.statement.label,
        request,
        NO_NEW_ACCESS if request is None else None,
    )


def _explain(gap: Gap, request: t.Optional[Request]) -> str:
    allow = gap.statement.allow
    side, verb = ("old", "allows") if allow else ("new", "denies")
    some = f" (such as {', '.join(gap.actions[:_NAMED])})" if gap.actions and gap.actions != (gap.action,) else ""
    if gap.why.is_undecided:
        reason = f"the patterns of the {side} statements are too intertwined to be compared"
    elif not gap.why.near:
        reason = f"no {side} statement {verb} all of it{some}"
    elif gap.why.conditions:
        reason = f"the {side} policies have a condition that does not follow: {_name_conditions(gap.why.conditions)}"
    else:
        places = ", ".join(each.place for each in gap.why.near[:_NAMED])
        reason = f"the {side} policies {verb.removesuffix('s')} it{some} on other resources only ({places})"
    if not allow:
        reason = f"a Deny is not kept: {reason}"
    if request is None:
        return f"{reason}; no request was found that shows it{_name_doubts(gap.why.near, gap.statement)}"
    return f"{reason}; for instance {request.action} on {request.resource}{_name_context(request)}"


def _name_conditions(conditions: Sequence[Condition]) -> str:
    named = dict.fromkeys(f"{item.operator} on {item.key}" for item in conditions)
    return ", ".join(list(named)[:_NAMED])


def _name_context(request: Request) -> str:
    keys = request.to_data()["context"]
    return f" with {', '.join(f'{key} = {value}' for key, value in keys.items())}" if keys else ""


def _name_doubts(near: Iterable[Covering], statement: Statement) -> str:
    """Name the elements that make patterns hard to compare."""
    doubts: dict[str, None] = {}
    for each in near:
        if each.reach.actions.inside is None:
            doubts["NotAction"] = None
        if each.reach.resources.inside is None:
            doubts["NotResource"] = None
        if any(map(has_variable, (*(each.reach.resources.inside or ()), *each.reach.resources.outside))):
            doubts["policy variables"] = None
    if statement.not_actions is not None or statement.not_resources is not None:
        doubts["NotAction or NotResource of its own"] = None
    return f" (it depends on {', '.join(doubts)})" if doubts else ""


def _find_other_layers(before: Layers, after: Layers) -> Iterator[Entry]:
    """Find other layers that allow more than before: of these nothing is proved here."""
    for name in sorted(find_narrowed_layers(after, before) - {"identity"}):
        yield Entry("*", "*", explain_widened(name))


def explain_widened(layer: str) -> str:
    """Explain that a layer, a field of ``Layers``, allows more than before."""
    return f"the change also widens the layer {layer}, and only identity-based policies are compared"


# The rest of the file


def _sort(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda item: (item.action.lower(), item.resource, item.statement, item.why)))


def _hash(policies: Iterable[Policy]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((policy.name, fingerprint(policy)) for policy in policies))


def _count(
    before: Layers, after: Layers, record: Record, removed: Sequence[str], probes: Sequence[Probe]
) -> dict[str, int]:
    return {
        "uses": len(record.uses),
        "calls": sum(use.count for use in record.uses),
        "denied_uses": len(record.denied),
        "statements_before": sum(len(policy.statements) for policy in before.identity),
        "statements_after": sum(len(policy.statements) for policy in after.identity),
        "denials": sum(not item.allow for policy in before.identity for item in policy.statements),
        "removed_actions": len({action.lower() for action in removed}),
        "probes": sum(probe.request is not None for probe in probes),
        "probes_failed": sum(probe.is_failed for probe in probes),
        "paths_closed": sum(probe.path is not None for probe in probes),
    }


def _write_probes(probes: Iterable[Probe]) -> list[dict[str, t.Any]]:
    """The probes as plain data; those that differ in the action only are one entry."""
    found: dict[str, dict[str, t.Any]] = {}
    for probe in probes:
        request = probe.request.to_data() if probe.request else {}
        request.pop("action", None)
        path = {"id": probe.path.id, "name": probe.path.name} if probe.path else None
        entry = {"path": path, "note": probe.note or None, **request}
        found.setdefault(repr(entry), {"actions": [], **entry})["actions"].append(probe.action)
    return list(found.values())
