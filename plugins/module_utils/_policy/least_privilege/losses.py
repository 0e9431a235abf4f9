# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The recorded uses that new policies would no longer allow, or of which that cannot be shown.

``impact.judge`` decides on each use. Where it finds that the answer depends on something that the record does not have,
the statements are compared: if each old statement that may have allowed the use is included in a new one, then the use
passes as before, whatever the unknown facts were.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ..documents.arn import arn_account, arn_parts
from ..documents.policy import Policy
from ..evaluation import catalogue
from ..evaluation.compiled import CompiledStatement, Facts, compile_policies, compile_policy
from ..evaluation.evaluate import Layers
from ..evaluation.implication import find_unimplied
from ..evaluation.inclusion import Part, Reach, is_within, meanings_of, name_resource, reach_of, resource_parts
from ..evaluation.matching import overlaps
from ..evaluation.narrowing import find_narrowed_layers, names_no_bucket, possible_resources
from ..evaluation.tokens import Patterns
from ..evaluation.truth import NO, YES
from ..evaluation.variables import generalize
from ..impact.judge import Breakage, Judge, Verdict
from ..trail.coverage import Record, Status
from ..trail.log_classes import log_class
from ..trail.permission_only import is_permission_only
from ..trail.usage import Use

# The clocks of CloudTrail and of service last accessed differ a little.
_CLOCKS_DIFFER: t.Final = timedelta(hours=1)


@dataclasses.dataclass(frozen=True)
class Loss:
    """A use that is lost; with ``is_certain`` False it may be. ``actions`` are those of a use at service level."""

    use: Use
    why: str
    is_certain: bool
    actions: tuple[str, ...] = ()


class Losses:
    """Judges the uses of one principal under a change of its identity-based policies.

    Dates of last access before ``unused_before`` are no uses.
    """

    def __init__(
        self, before: Layers, after: Layers, record: Record, *, unused_before: t.Optional[datetime] = None
    ) -> None:
        self._record: t.Final = record
        self._judges: t.Final = tuple(_make_judges(before, after))
        # Nothing is known of a layer that was not given: a recorded success passed it.
        alone, others = Layers(identity=after.identity), dataclasses.replace(after, session=(), endpoint=None)
        self._others: t.Final = Judge(alone, others)
        # An RCP binds the resources of its own account.
        self._others_abroad: t.Final = Judge(alone, dataclasses.replace(others, rcps=None))
        self._before: t.Final = before.identity
        self._old: t.Final = compile_policies(before.identity)
        self._new: t.Final = compile_policies(after.identity)
        self._kept_denials: t.Final = meanings_of(before.identity, allow=False)
        self._unused_before: t.Final = unused_before
        parts = arn_parts(record.principal_arn)
        self._partition: t.Final = parts.partition if parts else "aws"
        self._account: t.Final = parts.account if parts else ""
        self._is_user: t.Final = parts is not None and parts.resource.startswith("user/")
        self._latest: t.Final = _find_latest_calls(record.explaining)

    def find(self) -> Iterator[Loss]:
        """Find the uses that are lost or may be."""
        for use in self._record.uses:
            if use.may_be_denied and self._is_out_of_date(use):
                continue
            judged = self._leave_out_explained(use)
            loss = None if judged is None else self._find_loss(judged)
            if loss is not None:
                yield loss

    def count_ungranted(self) -> int:
        """Count the uses that no old statement allows: a resource's policy allowed them, or they were attempts."""
        return sum(not use.is_service_level and not self._list_granting(use, use.action) for use in self._record.uses)

    def _list_granting(self, use: Use, action: str) -> list[CompiledStatement]:
        """List the old statements that may have allowed a use."""
        facts = _make_facts(use, action)
        about = self._old.statements_for(action.lower())
        return [old for old in about if old.allow and _may_apply(old, facts, _is_known(use))]

    def _is_out_of_date(self, use: Use) -> bool:
        return self._unused_before is not None and use.last is not None and use.last < self._unused_before

    def _leave_out_explained(self, use: Use) -> t.Optional[Use]:
        """Leave out the actions of a date of last access that recorded calls explain; None if they explain it."""
        if not use.may_be_denied:
            return use
        if not use.is_service_level:
            return None if self._is_complete(use.action) and self._is_explained(use) else use
        if not self._is_explained(use):
            return use
        names = (item.full_name.lower() for item in catalogue.actions(use.service).values())
        complete = (name for name in names if self._is_complete(name))
        return dataclasses.replace(use, besides=use.besides | frozenset(complete))

    def _is_explained(self, use: Use) -> bool:
        """Whether a recorded call is as late as a date of last access. It may have been denied, or be left out."""
        latest = self._latest.get(use.service if use.is_service_level else use.action.lower())
        return latest is not None and use.last is not None and latest >= use.last - _CLOCKS_DIFFER

    def _is_complete(self, action: str) -> bool:
        """Whether every call of an action was recorded over the whole window."""
        coverage = self._record.coverage.of(action.partition(":")[0].lower())
        if coverage.status is Status.BLIND or is_permission_only(action):
            return False
        logged = coverage.logged.get(log_class(action))
        return logged is YES or (logged is None and coverage.status is Status.COMPLETE)

    def _find_loss(self, use: Use) -> t.Optional[Loss]:
        """Find a loss by identity-based policies, or by another layer if one changes too."""
        losses = (self._weigh(use, judge.verdict(use)) for judge in self._judges)
        found = next((loss for loss in losses if loss is not None), None)
        return found or self._find_loss_by_others(use)

    def _find_loss_by_others(self, use: Use) -> t.Optional[Loss]:
        """Find a recorded call that another layer, as it is now, does not allow: it may be younger than the call."""
        if use.may_be_denied:
            return None
        owner = arn_account(use.resource) if use.resource else None
        judge = self._others_abroad if owner and owner != self._account else self._others
        verdict = judge.verdict(use)
        if verdict.outcome is not Breakage.WILL_BREAK:
            return None
        why = f"the layer {verdict.layer} as it is denies it, also under the old policies: {verdict.reason}"
        # The policy of a resource that names a user is not limited by what its boundary does not allow.
        may_be_named = self._is_user and verdict.layer == "boundary" and verdict.statement is None
        return Loss(use, why, is_certain=not may_be_named)

    def _weigh(self, use: Use, verdict: Verdict) -> t.Optional[Loss]:
        if verdict.outcome is Breakage.SAFE:
            return None
        if use.is_service_level:
            lost = tuple(name for name in verdict.lost if not self._passes_as_before(use, name))
            is_certain = verdict.outcome is Breakage.WILL_BREAK
            return None if verdict.lost and not lost else Loss(use, verdict.reason, is_certain, lost)
        if verdict.outcome is Breakage.MAY_BREAK and self._passes_as_before(use, use.action):
            return None
        # What a date of last access was about is not known, nor whether it was allowed.
        return Loss(use, verdict.reason, verdict.outcome is Breakage.WILL_BREAK or not use.may_be_denied)

    def _passes_as_before(self, use: Use, action: str) -> bool:
        """Whether new statements include each old one that may have allowed a use, and no Deny is new."""
        facts = _make_facts(use, action)
        about = self._new.statements_for(action.lower())
        for new in about:
            alone = Policy((new.statement,), new.version)
            if not new.allow and not meanings_of((alone,), allow=False) <= self._kept_denials:
                return False
        granting = self._list_granting(use, action)
        allowing = [new for new in about if new.allow]
        kinds = () if _is_known(use) else self._list_kinds(use, action)
        return bool(granting) and all(_is_included(old, allowing, facts, kinds) for old in granting)

    def _list_kinds(self, use: Use, action: str) -> tuple[Part, ...]:
        """The resources that a use may have been about. AWS asks about "*" for an action that knows no resources."""
        patterns = possible_resources(action.lower(), self._before, self._partition, use.candidates)
        return tuple(map(name_resource, patterns)) or (Part("*", ("*",)),)


def _find_latest_calls(uses: Sequence[Use]) -> dict[str, datetime]:
    """Find when each service and each action was last called. Actions have a colon in their names, services have not.

    Of a principal with thousands of dates and calls each date does not look through all calls.
    """
    found: dict[str, datetime] = {}
    for use in uses:
        if not use.may_be_denied and use.last is not None:
            for name in (use.service, use.action.lower()):
                found[name] = max(use.last, found.get(name, use.last))
    return found


def _make_judges(before: Layers, after: Layers) -> Iterator[Judge]:
    """Judge identity-based policies by themselves: a call that was made passed the other layers of its time."""
    yield Judge(Layers(identity=before.identity), Layers(identity=after.identity))
    if find_narrowed_layers(before, after) - {"identity"}:
        yield Judge(before, after)


def _make_facts(use: Use, action: str) -> Facts:
    return Facts(action.lower(), use.resource or "*", lambda: use.context)


def _is_known(use: Use) -> bool:
    """Whether the resource of a use is known by the ARN that policies have."""
    return use.resource is not None and not use.candidates


def _may_apply(compiled: CompiledStatement, facts: Facts, is_known: bool) -> bool:
    if compiled.holds(facts, set()) is NO:
        return False
    return not is_known or compiled.covers(facts, set()) is not NO


def _is_included(
    old: CompiledStatement, allowing: Sequence[CompiledStatement], facts: Facts, kinds: Sequence[Part]
) -> bool:
    """Whether new statements apply to a use if an old one does. ``kinds`` are empty where the resource is known."""
    inner = _reach(old)
    usable = [new for new in allowing if _holds_with(inner, new, facts)]
    if not kinds and any(new.covers(facts, set()) is YES for new in usable):
        return True
    resources = [_reach(new).resources for new in usable]
    parts = resource_parts(old.statement, old.version)
    if not kinds:
        # Other resources of the old statement have nothing to do with the call.
        about = (part for part in parts if part.besides or _may_name(part.text, old.version, facts.resource))
        return all(is_within(part, resources) for part in about)
    return all(_is_common_within(kind, part, resources) for kind in kinds for part in parts)


def _may_name(pattern: str, version: str, resource: str) -> bool:
    return overlaps(generalize(pattern, version=version), resource)


def _holds_with(old: Reach, new: CompiledStatement, facts: Facts) -> bool:
    """Whether the conditions of a new statement are met by a use if those of an old one were.

    Those that do not follow from the old ones, such as that on Regions, must be met by all that is known.
    """
    further = tuple(find_unimplied(old.block, _reach(new).block))
    if not further:
        return True
    alone = Policy((dataclasses.replace(new.statement, conditions=further),), new.version)
    return compile_policy(alone).statements[0].holds(facts, set()) is YES


def _is_common_within(kind: Part, part: Part, resources: Sequence[Patterns]) -> bool:
    """Whether all resources of a kind that an old statement is about are in the sets."""
    if names_no_bucket(part.text, kind.text) or is_within(part, resources):
        return True
    if part.besides:
        return is_within(Part(kind.text, kind.tokens, part.besides), resources)
    return is_within(kind, (*resources, Patterns(None, (part.tokens,))))


def _reach(compiled: CompiledStatement) -> Reach:
    return reach_of(compiled.statement, compiled.version)
