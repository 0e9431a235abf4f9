# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The roles that the sources of an incident can have come to by ``sts:AssumeRole``, hop by hop over all accounts.

An edge is judged with both sides of it: the policies of the caller, and the trust policy of the role. A condition that
depends on the request, or something that was not read, makes it an edge that *may* be there. It is followed as well.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t
from collections.abc import Iterator, Mapping

from ..._converge.arn import principal_of
from ..._policy.analysis.trust_statements import ASSUME
from ..._policy.documents.arn import arn_account, arn_parts, root_account
from ..._policy.documents.policy import Policy, Statement
from ..._policy.evaluation.compiled import compile_policies, compile_policy
from ..._policy.evaluation.context import Context
from ..._policy.evaluation.evaluate import Decision, Evaluator, Layers, Outcome, Request
from .edges import TRUST, AccountEdges, Node

_ASSUME_ROLE: t.Final = "sts:AssumeRole"
#: In place of an account id: any account whatever.
ANY_ACCOUNT: t.Final = "*"
#: In place of a principal: anybody whatever.
ANYBODY: t.Final = "*"
_UNNAMED_ACCOUNT: t.Final = "000000000000"
# If more roles of an account are reached, it is asked of so many of them only who may assume them: of the nearest ones,
# which are the ones that are cut.
_MOST_TARGETS: t.Final = 200
_NEAREST_TARGETS: t.Final = 30
# A source has the tag once it is contained. What it opened before did not have it.
_QUARANTINE_TAG: t.Final = "aws:PrincipalTag/iam-hardening:quarantine"
_EARLIER: t.Final = "an earlier pass cut it, and the way to it is not there any more"
_EVERYTHING: t.Final = Policy((Statement(0, allow=True, actions=("*",), resources=("*",)),), "2012-10-17")
_ALLOWED: t.Final = (Outcome.ALLOWED, Outcome.UNKNOWN)


@dataclasses.dataclass(frozen=True)
class Source:
    """A principal in the wrong hands. ``how`` says by what, for people."""

    arn: str
    how: str


@dataclasses.dataclass(frozen=True)
class Reached:
    """A role that can have been reached. ``chain`` has the ARNs from the source to the role.

    Not ``certain``: one of the edges may be there or not, and ``why`` says which.
    """

    arn: str
    chain: tuple[str, ...]
    certain: bool
    why: tuple[str, ...] = ()

    @property
    def is_chained(self) -> bool:
        """Whether a role assumed it: then its sessions last for an hour at most."""
        return len(self.chain) > 1 and ":role/" in self.chain[-2]


@dataclasses.dataclass(frozen=True, order=True)
class Unfollowed:
    """An edge that leads out of what was read: from a principal to roles of an account."""

    origin: str
    to: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        """The edge for the result."""
        return {"from": self.origin, "to": self.to, "reason": self.reason}


@dataclasses.dataclass(frozen=True)
class ReachResult:
    """All roles that can have been reached, by ARN, and the edges that nobody could follow.

    ``callers`` are all that may assume a role, as far as these are sources or were reached themselves, for the roles of
    one account. A role that is a source itself is not among ``roles``, but has callers as well. ``gone`` are the roles
    that an earlier pass cut, and to which no way leads any more.
    """

    roles: Mapping[str, Reached] = dataclasses.field(default_factory=dict)
    unfollowed: tuple[Unfollowed, ...] = ()
    callers: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    gone: tuple[str, ...] = ()

    def is_reached(self, arn: str) -> bool:
        """Whether a role can have been reached from another principal, also if it is a source itself."""
        role = principal_of(arn)
        return arn in self.roles or any(principal_of(one) == role for one in (*self.callers, *self.roles))

    def list_upstream(self, arn: str) -> frozenset[str]:
        """List the principals on the ways to a role: all that may assume it, and the shortest ways to these."""
        ends = (arn, *self.callers.get(arn, ()))
        chains = (self.roles[end].chain for end in ends if end in self.roles)
        return frozenset({*ends, *(one for chain in chains for one in chain)} - {arn})


@dataclasses.dataclass(frozen=True)
class _Edge:
    target: str
    why: str = ""

    @property
    def is_certain(self) -> bool:
        return not self.why


class Walk:
    """The walk over the accounts that were read, for the host of one of them.

    ``inventory`` are the accounts that are ours. One of them that was not read is full of principals of which nothing
    is known, unless it ``waits``: then the account is read in a later pass.
    """

    def __init__(self, accounts: Mapping[str, AccountEdges], inventory: frozenset[str], *, waits: bool) -> None:
        self._accounts = accounts
        self._inventory = inventory | frozenset(accounts)
        self._unread = frozenset() if waits else frozenset(inventory) - frozenset(accounts)
        self._nodes = {node.arn: node for account in accounts.values() for node in account.nodes}
        self._roles = tuple(node for node in self._nodes.values() if ":role/" in node.arn)
        self._by_trusted: dict[str, list[Node]] = {}
        for role in self._roles:
            for key in dict.fromkeys(_list_trusted_keys(role.trust)):
                self._by_trusted.setdefault(key, []).append(role)
        self._judged: dict[tuple[str, str], t.Optional[_Edge]] = {}
        self._passages: dict[str, tuple[_Edge, ...]] = {}
        self._evaluators: dict[tuple[str, str, bool], Evaluator] = {}
        self._contexts: dict[str, Context] = {}

    def run(self, sources: t.Sequence[Source], account_id: str = "", earlier: t.Iterable[str] = ()) -> ReachResult:
        """Find the roles that the sources can have reached. A source that is a role is not among them by itself.

        ``account_id`` is the account for whose roles all callers are found. ``earlier`` are roles that an earlier pass
        cut: their sessions go on, and lead on, also if somebody has taken the way to them away since. Those that are
        not there any more are left out: their sessions can do nothing, and the earlier pass knew where they led.
        """
        found = {source.arn: Reached(source.arn, (source.arn,), certain=True) for source in sources}
        self._follow(found, certainly=True)
        self._follow(found, certainly=False)
        gone = sorted(arn for arn in earlier if arn in self._nodes and arn not in found)
        if gone:
            found |= {arn: Reached(arn, (arn,), certain=False, why=(_EARLIER,)) for arn in gone}
            self._follow(found, certainly=False)
        starts = {source.arn for source in sources}
        roles = {arn: one for arn, one in found.items() if ":role/" in arn and arn not in starts}
        unfollowed = {edge for arn in found if not arn.isdigit() for edge in self._find_foreign(arn)}
        callers = self._list_callers(found, roles, account_id)
        return ReachResult(roles, tuple(sorted(unfollowed)), callers, tuple(gone))

    def _list_callers(
        self, found: t.Iterable[str], roles: Mapping[str, Reached], account_id: str
    ) -> dict[str, tuple[str, ...]]:
        """List who may assume each role of an account, the role itself among them.

        Of roles that are no source only the nearest ones are asked if there are so many that the others are not cut.
        """
        targets = {arn for arn in found if ":role/" in arn and arn.split(":")[4] == account_id}
        reached = targets.intersection(roles)
        if len(reached) > _MOST_TARGETS:
            ranked = sorted(reached, key=lambda arn: (not roles[arn].certain, len(roles[arn].chain), arn))
            targets.difference_update(ranked[_NEAREST_TARGETS:])
        callers: dict[str, tuple[str, ...]] = {}
        for caller in found if targets else ():
            known = {role.arn for role in self._list_candidates(caller)} - targets
            for edge in self._find_edges(caller, known):
                if edge.target in targets:
                    callers[edge.target] = (*callers.get(edge.target, ()), caller)
        for arn in targets:
            if self._may_assume_itself(arn):
                callers[arn] = (*callers.get(arn, ()), arn)
        return callers

    def _may_assume_itself(self, arn: str) -> bool:
        """Whether a session of a role may open another one of it. Its trust policy has to allow that.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
        """
        role = self._nodes.get(arn)
        return role is not None and self._judge(role, role) is not None

    def _follow(self, found: dict[str, Reached], *, certainly: bool) -> None:
        """Follow the edges from all that is found, the shortest chains first."""
        waiting = list(found.values())
        for reached in waiting:
            for edge in self._find_edges(reached.arn, found):
                if edge.target in found or (certainly and not edge.is_certain):
                    continue
                why = (*reached.why, *filter(None, [edge.why]))
                following = Reached(edge.target, (*reached.chain, edge.target), not why, why)
                found[edge.target] = following
                waiting.append(following)

    # One caller

    def _find_edges(self, caller: str, known: t.Container[str]) -> Iterator[_Edge]:
        """Find the edges from a caller, but for those to roles that are known."""
        if not caller.isdigit():
            yield from self._leave(caller, known)
        if caller not in self._passages:
            passages = self._leave_unread(caller) if caller.isdigit() else self._enter_unread(self._describe(caller))
            self._passages[caller] = tuple(passages)
        yield from self._passages[caller]

    def _leave(self, arn: str, known: t.Container[str]) -> Iterator[_Edge]:
        caller = self._describe(arn)
        for role in self._list_candidates(arn):
            # Where everybody may assume everything, one judgement a role is enough.
            if role.arn in known:
                continue
            if (arn, role.arn) not in self._judged:
                self._judged[arn, role.arn] = self._judge(caller, role)
            edge = self._judged[arn, role.arn]
            if edge is not None:
                yield edge

    def _list_candidates(self, caller: str) -> t.Iterable[Node]:
        """List the roles whose trust policies may mean a caller, as far as names show."""
        if caller.isdigit():
            return ()
        account_id, node = arn_account(caller) or "", self._describe(caller)
        keys = [ANYBODY, _name_key(account_id, caller.split(":", 5)[5])]
        if node.unread or _list_resources(node):
            # A trust policy that names the account leaves it to the policies of the caller.
            keys.append(account_id)
        found = {role.arn: role for key in keys for role in self._by_trusted.get(key, ())}
        found.pop(caller, None)
        return found.values()

    def _describe(self, arn: str) -> Node:
        """The caller as its account has it; one that is not there may have every permission."""
        return self._nodes.get(arn) or Node(arn, policies=(_EVERYTHING,), unread=("its policies",))

    def _judge(self, caller: Node, role: Node) -> t.Optional[_Edge]:
        """The edge from a caller to a role; None if there is none for sure."""
        decision = self._decide(caller, role)
        name = describe(caller.arn)
        if decision.outcome in _ALLOWED:
            unread = [*caller.unread, *(text for text in role.unread if text == TRUST)]
            if unread:
                return _Edge(role.arn, f"it is not known whether {name} may assume it: {', '.join(unread)}")
            if decision.outcome is Outcome.UNKNOWN:
                keys = ", ".join(decision.missing_context) or "the request"
                return _Edge(role.arn, f"whether {name} may assume it depends on {keys}")
            return _Edge(role.arn)
        if not caller.unread or decision.outcome is Outcome.EXPLICIT_DENY:
            return None
        wide = self._decide(caller, role, is_wide=True)
        reason = f"it is not known whether {name} may assume it: {', '.join(caller.unread)}"
        return _Edge(role.arn, reason) if wide.outcome in _ALLOWED else None

    def _decide(self, caller: Node, role: Node, *, is_wide: bool = False) -> Decision:
        account_id = arn_account(role.arn) or ""
        request = Request(
            _ASSUME_ROLE,
            role.arn,
            principal=caller.arn,
            context=self._find_context(caller.arn),
            resource_policy=role.trust,
            resource_account=account_id,
        )
        return self._find_evaluator(caller, account_id, is_wide=is_wide).decide(request)

    def _find_evaluator(self, caller: Node, account_id: str, *, is_wide: bool = False) -> Evaluator:
        """The evaluator of a caller for roles of an account; ``is_wide``: as if it had every permission as well."""
        key = (caller.arn, account_id, is_wide)
        if key not in self._evaluators:
            self._evaluators[key] = self._make_evaluator(caller, account_id, is_wide=is_wide)
        return self._evaluators[key]

    def _make_evaluator(self, caller: Node, account_id: str, *, is_wide: bool) -> Evaluator:
        own, other = (self._accounts.get(name) for name in (arn_account(caller.arn) or "", account_id))
        layers = Layers(
            identity=(*caller.policies, *([_EVERYTHING] if is_wide else [])),
            boundary=caller.boundary,
            scps=own.scps if own else None,
            rcps=other.rcps if other else None,
        )
        return Evaluator(layers, principal=caller.arn)

    def _find_context(self, caller: str) -> Context:
        """What every request of a caller has. All else an intruder may choose, or it is not known."""
        account_id = arn_account(caller) or ""
        if account_id not in self._contexts:
            own = self._accounts.get(account_id)
            organization = {"aws:PrincipalOrgID": own.organization_id} if own and own.organization_id else {}
            values = {"aws:SecureTransport": "true", **organization}
            self._contexts[account_id] = Context(values, complete=False, absent=(_QUARANTINE_TAG,))
        return self._contexts[account_id]

    # Accounts that were not read, and those of others

    def _enter_unread(self, caller: Node) -> Iterator[_Edge]:
        for account_id in sorted(self._unread):
            if self._may_enter(caller, account_id):
                yield _Edge(account_id, f"account {account_id} was not read, and {describe(caller.arn)} may enter it")

    def _leave_unread(self, account_id: str) -> Iterator[_Edge]:
        """The roles that trust somebody in an account that was not read."""
        for role in self._roles:
            if any(self._lets_in(role, arn) for arn in _list_trusted(role, account_id)):
                yield _Edge(role.arn, f"account {account_id} was not read, and the role trusts somebody there")

    def _lets_in(self, role: Node, arn: str) -> bool:
        context = self._find_context(arn).but_unknown("aws:PrincipalArn")
        request = Request(_ASSUME_ROLE, role.arn, principal=arn, context=context, resource_policy=role.trust)
        return Evaluator(Layers(identity=(_EVERYTHING,))).decide(request).outcome in _ALLOWED

    def _may_enter(self, caller: Node, account_id: str) -> bool:
        return any(
            self._is_allowed(caller, _fill(caller, pattern, account_id))
            for pattern in _list_resources(caller)
            if _may_mean(pattern, account_id)
        )

    def _is_allowed(self, caller: Node, role_arn: str) -> bool:
        outcome = self._find_evaluator(caller, "").outcome(_ASSUME_ROLE, role_arn, self._find_context(caller.arn))
        return outcome in _ALLOWED

    def _find_foreign(self, arn: str) -> Iterator[Unfollowed]:
        """The accounts of others into which a principal may go on."""
        caller = self._describe(arn)
        for pattern in _list_resources(caller):
            account_id = _read_account(pattern)
            if account_id in self._inventory:
                continue
            if account_id != ANY_ACCOUNT and self._is_allowed(caller, _fill(caller, pattern, account_id)):
                yield Unfollowed(arn, account_id, f"it may assume {pattern}, and the account is not in the inventory")
            elif account_id == ANY_ACCOUNT and self._is_allowed(caller, _fill(caller, pattern, _UNNAMED_ACCOUNT)):
                reason = "it may assume roles of any account that trusts it; only those of the inventory are known"
                yield Unfollowed(arn, ANY_ACCOUNT, reason)


def describe(arn: str) -> str:
    """Describe a principal for people, with its account."""
    if arn.isdigit():
        return f"an unknown principal of account {arn}"
    parts = arn_parts(arn)
    return f"{parts.resource} of {parts.account}" if parts else arn


def _list_trusted_keys(trust: t.Optional[Policy]) -> Iterator[str]:
    """List whom a trust policy means, as far as names show: anybody, an account, or a user or role of one."""
    if trust is None:
        yield ANYBODY
        return
    for item in compile_policy(trust).statements_for(ASSUME):
        if item.allow and item.statement.not_principals is not None:
            yield ANYBODY
        for kind, value in (item.statement.principals or ()) if item.allow else ():
            if value == "*" or kind == "CanonicalUser":
                yield ANYBODY
            elif kind == "AWS" and arn_account(value) is not None:
                account_id = str(arn_account(value))
                yield account_id if root_account(value) else _name_key(account_id, value.split(":", 5)[5])


def _name_key(account_id: str, resource: str) -> str:
    """A key of a user or role, or of the role of a session, whatever its path."""
    kind, *names = resource.split("/")
    name = names[:1] if kind == "assumed-role" else names[-1:]
    return f"{account_id}:{'role' if kind == 'assumed-role' else kind}/{''.join(name).lower()}"


def _list_trusted(role: Node, account_id: str) -> Iterator[str]:
    """List a principal of an account for each entry of a trust policy that means somebody there."""
    some = f"arn:{role.arn.split(':')[1]}:iam::{account_id}:role/unread"
    for item in compile_policy(role.trust).statements_for(ASSUME) if role.trust else ():
        if item.allow and item.statement.not_principals is not None:
            yield some
        for kind, value in (item.statement.principals or ()) if item.allow else ():
            if value == "*":
                yield some
            elif kind == "AWS" and arn_account(value) == account_id:
                yield value if root_account(value) is None else some


def _list_resources(caller: Node) -> tuple[str, ...]:
    """List the resources on which the policies of a caller allow AssumeRole; those that they except count as all."""
    found: list[str] = []
    for item in compile_policies(caller.policies).statements_for(ASSUME):
        if item.allow:
            found += item.statement.resources if item.statement.resources is not None else (ANY_ACCOUNT,)
    return tuple(dict.fromkeys(found))


def _read_account(pattern: str) -> str:
    """The account that a pattern for roles names; any if it leaves that open."""
    parts = arn_parts(pattern)
    account_id = parts.account if parts else ANY_ACCOUNT
    return account_id if account_id.isdigit() else ANY_ACCOUNT


def _may_mean(pattern: str, account_id: str) -> bool:
    parts = arn_parts(pattern)
    return parts is None or fnmatch.fnmatchcase(account_id, parts.account)


def _fill(caller: Node, pattern: str, account_id: str) -> str:
    """A role of an account that a pattern means."""
    parts = arn_parts(pattern)
    resource = parts.resource.replace("*", "x").replace("?", "x") if parts else ""
    name = resource if resource.startswith("role/") else "role/unread"
    return f"arn:{caller.arn.split(':')[1]}:iam::{account_id}:{name}"
