# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Copies of policies of AWS: a narrowed one is attached first, and the one of AWS is detached then.

AWS changes its policies, and nobody else can. A copy does not follow its original any more.
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t
from collections.abc import Iterator, Sequence

from ..._account.model import Group, ManagedPolicy, Role, User
from ..._account.permissions import Principal
from ..._controls.control import listing
from ..._controls.facts import Facts
from ..._converge.change import Change, Refusal
from ..._policy.documents.canonical import are_equivalent
from ..._policy.documents.limits import ATTACHMENTS, LIMITS, size
from ..._policy.documents.policy import Kind, Policy, Statement
from .changes import ScopeWriter
from .declared import LONGEST_NAME, Copy, Target
from .rewrite import name_apart
from .scoping import Rules, Scoped, Scoping
from .subjects import Subject, list_aws_policies

# So many digits of a hash keep long names apart.
_MARK: t.Final = 8


@dataclasses.dataclass(frozen=True)
class Part:
    """One document of a copy, with the ARN that it has or gets."""

    arn: str
    policy: Policy
    is_there: bool


@dataclasses.dataclass(frozen=True)
class Exchange:
    """A policy of AWS that principals are to have as a copy. ``refusal`` says why it stays."""

    original: ManagedPolicy
    copy: Copy
    owners: tuple[Principal, ...] = ()
    holders: tuple[t.Union[User, Role], ...] = ()
    parts: tuple[Part, ...] = ()
    is_powerful: bool = False
    refusals: tuple[Refusal, ...] = ()

    @property
    def subject(self) -> Subject:
        """The policy of AWS, without its document."""
        return Subject(self.original.name, self.original.arn, None, None)

    def make_changes(self, writer: ScopeWriter) -> tuple[Change, ...]:
        """Create, attach to all, then detach from all."""
        created = [
            writer.create(part.arn, part.policy, copied=self.original.name) for part in self.parts if not part.is_there
        ]
        attached = [
            writer.attach(owner, part.arn)
            for owner in self.owners
            for part in self.parts
            if part.arn not in owner.attached_policies
        ]
        detached = [writer.detach(owner, self.original.arn, is_powerful=self.is_powerful) for owner in self.owners]
        return (*created, *attached, *detached) if self.owners else ()

    @property
    def moves(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The ARNs of the copies that a principal must have before the policy of AWS goes, by both ARNs."""
        arns = tuple(part.arn for part in self.parts)
        return {(owner.arn, self.original.arn): arns for owner in self.owners}


class Copies:
    """The declared exchanges of one account."""

    def __init__(self, facts: Facts, rules: Rules, scoping: Scoping) -> None:
        self._facts = facts
        self._rules = rules
        self._scoping = scoping

    def list_exchanges(self) -> tuple[Exchange, ...]:
        """List what targets with a copy are about; policies of AWS without a copy are refused."""
        found: list[Exchange] = []
        for target in self._rules.declared.targets:
            found += [_refuse_conflict(item, found) for item in self._list_of_target(target)]
        return tuple(found)

    def _list_of_target(self, target: Target) -> Iterator[Exchange]:
        found = list_aws_policies(self._facts.snapshot, target)
        for policy in found:
            copy = target.copy
            if copy is None:
                reason = f"AWS owns {policy.name}, so nobody else can change it: declare a copy, see copy"
                yield _refuse(policy, Copy(policy.name, "/"), Refusal("aws_managed", reason, policy.arn))
            elif len(found) > 1:
                reason = f"{target.place} selects several policies of AWS, and has one name: declare a target for each"
                yield _refuse(policy, copy, Refusal("ambiguous", reason, policy.arn))
            else:
                yield self._exchange(policy, copy, target)

    def _exchange(self, original: ManagedPolicy, copy: Copy, target: Target) -> Exchange:
        owners = tuple(
            owner
            for owner in self._facts.principals
            if original.arn in owner.attached_policies and target.concerns(owner)
        )
        if not owners:
            return Exchange(original, copy)
        holders = self._find_holders(owners)
        subject = Subject(original.name, original.arn, None, self._facts.permissions.policy(original.arn))
        refusal = self._scoping.refuse_holders(subject, holders)
        if refusal is not None:
            return _refuse(original, copy, refusal)
        narrowed = self._scoping.narrow(Scoped(subject, holders), (target,), must_fit=False)
        if narrowed.refusal is not None:
            return _refuse(original, copy, narrowed.refusal)
        new = narrowed.new or subject.policy
        if new is None:
            return Exchange(original, copy)
        return self._fit(Exchange(original, copy, owners, holders, is_powerful=narrowed.is_powerful), new)

    def _find_holders(self, owners: Sequence[Principal]) -> tuple[t.Union[User, Role], ...]:
        groups = {owner.name for owner in owners if isinstance(owner, Group)}
        users = (user for user in self._facts.snapshot.users if user in owners or groups & set(user.groups))
        return (*users, *(owner for owner in owners if isinstance(owner, Role)))

    def _fit(self, exchange: Exchange, new: Policy) -> Exchange:
        """Divide a document over as many policies as it needs, and look for room for them."""
        documents = divide(new)
        if documents is None:
            reason = f"a statement of {exchange.original.name} needs more than a policy may have, even by itself"
            return _refuse(exchange.original, exchange.copy, Refusal("does_not_fit", reason, exchange.original.arn))
        parts: list[Part] = []
        for number, document in enumerate(documents, start=1):
            part = self._place(exchange.copy, document, number)
            if isinstance(part, Refusal):
                return _refuse(exchange.original, exchange.copy, part)
            parts.append(part)
        full = self._find_full(exchange.owners, parts)
        if full is not None:
            return _refuse(exchange.original, exchange.copy, full)
        return dataclasses.replace(exchange, parts=tuple(parts))

    def _place(self, copy: Copy, document: Policy, number: int) -> t.Union[Part, Refusal]:
        """The policy that a part of a copy is, or will be. Names are unique in an account, whatever path and case."""
        snapshot = self._facts.snapshot
        name = name_part(copy.name, number)
        arn = f"arn:{snapshot.partition}:iam::{snapshot.account_id}:policy{copy.path}{name}"
        known = next(
            (item for item in snapshot.policies if not item.is_aws_managed and item.name.lower() == name.lower()), None
        )
        if known is None:
            return Part(arn, document, is_there=False)
        present = self._facts.permissions.policy(known.arn)
        if known.arn == arn and present is not None and are_equivalent(present, document):
            return Part(arn, document, is_there=True)
        reason = f"{known.arn} has the name of the copy and another content: declare another name"
        return Refusal("name_taken", reason, known.arn)

    def _find_full(self, owners: Sequence[Principal], parts: Sequence[Part]) -> t.Optional[Refusal]:
        """Find a principal that can't have further policies: the copies come before the original goes."""
        for owner in owners:
            kind = type(owner).__name__.lower()
            arns = {*owner.attached_policies, *(part.arn for part in parts)}
            most = ATTACHMENTS[kind].default
            if len(arns) > max(most, len(owner.attached_policies)):
                reason = f"{kind} {owner.name} would have {len(arns)} managed policies, and {most} are allowed"
                return Refusal("quota", reason, owner.arn)
        return None


def name_part(name: str, number: int) -> str:
    """Name a part of a copy. A name that is too long is cut, and a hash keeps it apart from others that begin alike."""
    suffix = "" if number == 1 else f"-{number}"
    if len(name) + len(suffix) <= LONGEST_NAME:
        return f"{name}{suffix}"
    mark = hashlib.sha256(name.encode()).hexdigest()[:_MARK]
    return f"{name[: LONGEST_NAME - len(suffix) - _MARK - 1]}-{mark}{suffix}"


def _refuse_conflict(exchange: Exchange, earlier: Sequence[Exchange]) -> Exchange:
    """Refuse an exchange that an earlier target makes as well, or that makes a policy of the same name."""
    original, copy = exchange.original, exchange.copy
    for other in earlier:
        names = {part.arn.rpartition("/")[2].lower() for part in other.parts}
        taken = [part.arn for part in exchange.parts if part.arn.rpartition("/")[2].lower() in names]
        if taken:
            reason = f"an earlier target makes a copy with the name of {taken[0]}: declare another name"
            return _refuse(original, copy, Refusal("name_taken", reason, taken[0]))
        owners = {owner.arn for owner in other.owners} if other.original.arn == original.arn else set()
        twice = [owner.name for owner in exchange.owners if owner.arn in owners]
        if twice:
            reason = f"two targets exchange {original.name} for {listing(twice)}: declare one"
            return _refuse(original, copy, Refusal("ambiguous", reason, original.arn))
    return exchange


def _refuse(original: ManagedPolicy, copy: Copy, refusal: Refusal) -> Exchange:
    return Exchange(original, copy, refusals=(refusal,))


def divide(policy: Policy) -> t.Optional[tuple[Policy, ...]]:
    """Divide a policy into documents that fit, in the order of its statements; None if that is not possible.

    Parts of a statement have its id; each is in a document of its own, or has the others beside it under other ids.
    """
    limit = LIMITS[Kind.MANAGED]
    documents: list[list[Statement]] = [[]]
    pieces = [_cut(policy, statement, limit) for statement in policy.statements]
    if not all(pieces):
        return None
    for statement in (item for found in pieces for item in found):
        if _measure(policy, [*documents[-1], statement]) > limit:
            documents.append([])
        documents[-1].append(statement)
    return tuple(_number(policy, statements) for statements in documents)


def _cut(policy: Policy, statement: Statement, limit: int) -> list[Statement]:
    """Cut a statement by its actions until each part fits; empty if that is not possible."""
    if _measure(policy, [statement]) <= limit:
        return [statement]
    actions = statement.actions or ()
    if len(actions) < 2:
        return []
    middle = len(actions) // 2
    halves = [
        _cut(policy, dataclasses.replace(statement, actions=part), limit)
        for part in (actions[:middle], actions[middle:])
    ]
    return [item for half in halves for item in half] if all(halves) else []


def _measure(policy: Policy, statements: Sequence[Statement]) -> int:
    return size(_number(policy, statements), Kind.MANAGED)


def _number(policy: Policy, statements: Sequence[Statement]) -> Policy:
    numbered = tuple(dataclasses.replace(item, index=index) for index, item in enumerate(name_apart(statements)))
    return dataclasses.replace(policy, statements=numbered)
