# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The roles that services, CI, people or other accounts can no longer assume, because an RCP denies it.

A role that nobody can assume stops the workload behind it, whatever the role itself may do. The trust policy names who
assumes a role, and RoleLastUsed says whether anybody did in the 400 days that AWS keeps.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
import math
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from ...._account.moments import format_utc
from ...._account.organization_tree import MemberAccount
from ...._converge.change import Refusal
from ...._policy.analysis.principal_matrix import Actor, Ask, Controls, Loss, Place, losses
from ...._policy.analysis.principal_matrix_callers import (
    SESSION_TAGS,
    account_caller,
    anybody,
    provider_caller,
    service_callers,
)
from ...._policy.analysis.principal_matrix_requests import Keys
from ...._policy.analysis.principal_matrix_services import SOURCE_KEYS
from ...._policy.documents.policy import Policy, Statement
from ...._policy.evaluation.evaluate import Layers
from ...._policy.evaluation.matching import covers, overlaps
from ...._policy.evaluation.narrowing import ANYTHING, condition_keys
from ...._policy.impact.judge import Breakage, Verdict
from .change import ChangedPolicy

_ASSUME: t.Final = "sts:AssumeRole"
_WEB_IDENTITY: t.Final = "sts:AssumeRoleWithWebIdentity"
_SAML: t.Final = "sts:AssumeRoleWithSAML"
_TAG: t.Final = "sts:TagSession"
# So many combinations of claims are tried.
_SAMPLES: t.Final = 100
_SERVICE_LINKED: t.Final = ":role/aws-service-role/"
_KEPT_DAYS: t.Final = 400
_AWS: t.Final = "AWS"
_ANYBODY: t.Final = "*"
_MEMBERS: t.Final = "principals of the organization"
_ORGANIZATION: t.Final = "aws:principalorgid"
# Conditions on these name accounts, as the element Principal does.
_NAMING: t.Final = frozenset({"aws:principalaccount", "aws:principalarn"})
_POSITIVE: t.Final = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike", "StringEqualsIgnoreCase"})
# So many of a list are named.
_NAMED: t.Final = 5


@dataclasses.dataclass(frozen=True)
class TrustedRole:
    """A role with its trust policy; ``last_used`` is None where AWS recorded no use. ``trust`` None: unreadable."""

    arn: str
    trust: t.Optional[Policy]
    last_used: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class EntryLoss:
    """A role that ``callers`` can no longer assume; ``accept_breakage`` may name them as they are named here.

    ``policies`` are the RCPs that deny it.
    """

    role_arn: str
    callers: tuple[str, ...]
    policies: tuple[str, ...]
    verdict: Verdict


def refuse_entries(policy: ChangedPolicy, account: MemberAccount, losses: Iterable[EntryLoss]) -> Iterator[Refusal]:
    """Refuse a policy that keeps somebody from assuming roles of an account, unless somebody accepts it."""
    by_reason: dict[str, list[EntryLoss]] = {}
    for entry in losses:
        if policy.name in entry.policies:
            outcome = entry.verdict.outcome.value.replace("_", " ")
            by_reason.setdefault(f"{outcome}: {entry.verdict.reason}", []).append(entry)
    if not by_reason:
        return
    parts = [
        f"{_join_some([entry.role_arn.split(':', 5)[5] for entry in entries])}: {reason}"
        for reason, entries in by_reason.items()
    ]
    more = f"; and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    names = list(dict.fromkeys(name for entries in by_reason.values() for entry in entries for name in entry.callers))
    unused = all(e.verdict.outcome is Breakage.NO_EVIDENCE for entries in by_reason.values() for e in entries)
    or_account = ", or the account in accept_without_evidence" if unused else ""
    reason = (
        f"in {account.name} ({account.id}): {'; '.join(parts[:_NAMED])}{more}. Either change the policy to allow it "
        "(for AWS services by BoolIfExists aws:PrincipalIsAWSService: false), or list the roles by ARN in "
        f"accept_breakage{f', or the principals that assume them: {_join_some(names)}' if names else ''}{or_account}"
    )
    yield Refusal("prediction", reason, policy.target)


# The values that conditions have, by key in lower case.
_RcpValues = Mapping[str, tuple[str, ...]]
# A request that opens a session: the action and the keys that belong to it.
_Need = tuple[str, Keys]
# A caller that assumes a role, by its trust policy: the type and the value of a principal.
_Caller = tuple[str, str]


def find_entering_services(roles: Iterable[TrustedRole]) -> frozenset[str]:
    """Find the AWS services that trust policies of these roles name."""
    return frozenset(value for role in roles for kind, value in _find_callers(role) if kind == "Service")


def find_entry_losses(
    roles: Iterable[TrustedRole], place: Place, before: Controls, after: Controls, *, members: Collection[str]
) -> tuple[EntryLoss, ...]:
    """Find the roles that somebody can no longer assume after a change of RCPs, or perhaps not.

    :param members: the ids of the accounts of the organization.
    """
    given = [role for role in roles if _SERVICE_LINKED not in role.arn]
    rcp_values: dict[str, tuple[str, ...]] = collections.defaultdict(tuple)
    for policy in after.policies("rcp").values():
        for condition in (item for statement in policy.statements for item in statement.conditions):
            rcp_values[condition.key.lower()] += condition.values
    cast = _Cast(place, members, condition_keys((Layers(identity=(ANYTHING,), rcps=after.rcps),)))
    for role in given:
        for caller, needed in _find_callers(role, rcp_values).items():
            cast.add(caller, role.arn, needed)
    lost = cast.find_losses(before, after)
    found = (_find_entry_loss(role, cast, lost) for role in given)
    return tuple(item for item in found if item is not None)


class _Cast:
    """The callers of all roles of an account, each with the roles that it assumes."""

    def __init__(self, place: Place, members: Collection[str], keys: Collection[str]) -> None:
        self._place: t.Final = place
        self._members: t.Final = members
        self._keys: t.Final = keys
        self._asks: t.Final[dict[_Caller, list[Ask]]] = collections.defaultdict(list)
        self.of_role: t.Final[dict[str, list[_Caller]]] = collections.defaultdict(list)
        self.entered_from_within: t.Final[set[str]] = set()

    def add(self, caller: _Caller, role_arn: str, needed: Iterable[_Need]) -> None:
        """Note that a caller assumes a role, by which requests."""
        kind, value = caller
        if kind == _AWS and _find_account(value) == self._place.account_id:
            # Principals of the account itself are judged by what they used.
            self.entered_from_within.add(role_arn)
            return
        region = ("aws:RequestedRegion", self._place.region or self._place.home)
        self._asks[caller] += [Ask(action, role_arn, (region, *keys)) for action, keys in needed]
        self.of_role[role_arn].append(caller)

    def make_actors(self, caller: _Caller) -> tuple[Actor, ...]:
        """Make the actors of a caller, one for each way in which it may call."""
        kind, value = caller
        asks = tuple(self._asks[caller])
        if kind == "Service":
            return service_callers(self._place, value, asks, keys_in_question=self._keys)
        if kind == "Federated":
            return (provider_caller(self._place, value, asks),)
        if value in (_ANYBODY, _MEMBERS):
            return (anybody(self._place, asks, inside=value == _MEMBERS),)
        account = _find_account(value)
        arn = self._place.arn("root", account_id=account) if value == account else value
        return (account_caller(self._place, arn, asks, inside=account in self._members),)

    def find_losses(self, before: Controls, after: Controls) -> Mapping[tuple[str, _Caller], tuple[bool, list[Loss]]]:
        """Find the losses of each caller at each role, and whether they are certain."""
        found: dict[tuple[str, _Caller], tuple[bool, list[Loss]]] = {}
        for caller, asks in self._asks.items():
            actors = self.make_actors(caller)
            by_role: dict[str, list[Loss]] = collections.defaultdict(list)
            for loss in losses(actors, before, after):
                by_role[loss.ask.resource].append(loss)
            for role_arn, given in by_role.items():
                needed = [ask for ask in asks if ask.resource == role_arn]
                found[role_arn, caller] = _is_certain(needed, actors, given), given
        return found


def _is_certain(needed: Sequence[Ask], actors: Sequence[Actor], given: Iterable[Loss]) -> bool:
    """Whether a caller can't get in at all: whatever it claims and however it calls, one of the actions is lost."""
    lost = {(loss.actor, loss.ask) for loss in given if loss.certain}
    by_action: dict[str, list[Ask]] = collections.defaultdict(list)
    for ask in needed:
        by_action[ask.action].append(ask)
    return any(lost.issuperset(itertools.product(actors, asks)) for asks in by_action.values())


def _find_callers(role: TrustedRole, rcp_values: _RcpValues = MappingProxyType({})) -> dict[_Caller, tuple[_Need, ...]]:
    """Find the callers that the trust policy of a role lets in, and the requests that they need.

    Where it can't be read, that is somebody of whom nothing is known. ``asked`` are the values in RCPs, by key.
    """
    if role.trust is None:
        return {(_AWS, _ANYBODY): ((_ASSUME, ()),)}
    found: dict[_Caller, dict[_Need, None]] = collections.defaultdict(dict)
    for statement in role.trust.statements:
        for kind, value in (statement.principals or ()) if statement.allow else ():
            for caller in _resolve_principal(statement, kind, value):
                found[caller].update(dict.fromkeys(_find_needs(statement, *caller, rcp_values)))
    return {caller: tuple(needed) for caller, needed in found.items() if needed}


def _find_needs(statement: Statement, kind: str, value: str, rcp_values: _RcpValues) -> Iterator[_Need]:
    """Find the requests by which a caller that a statement of a trust policy names opens a session."""
    action = _find_action(kind, value)
    if action is None or not _mentions_action(statement, action):
        return
    if kind == "Federated":
        yield from ((action, claims) for claims in _sample_claims(statement, value, rcp_values))
        return
    yield action, ()
    if kind == "Service" and statement.actions is not None and _TAG.lower() in map(str.lower, statement.actions):
        # Such as Pod Identity of EKS, which opens no session without its tags.
        yield _TAG, SESSION_TAGS


def _sample_claims(statement: Statement, provider: str, rcp_values: _RcpValues) -> Iterator[Keys]:
    """Sample the claims of tokens that a statement lets in, one for each value that it asks for.

    RCPs limit by the same claims: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html
    """
    issuer = provider.partition(":oidc-provider/")[2] or provider
    by_key = {
        condition.key: condition.values
        for condition in statement.conditions
        if condition.operator in _POSITIVE and condition.key.lower().startswith(f"{issuer.lower()}:")
    }
    samples = [
        [(key, _make_sample(value)) for value in values]
        for key, values in by_key.items()
        if all(_is_uniform(value, rcp_values.get(key.lower(), ())) for value in values)
    ]
    if math.prod(map(len, samples)) > _SAMPLES:
        # Too many to try: then it is not known what a token claims.
        samples = []
    yield from itertools.product(*samples)


def _is_uniform(pattern: str, values: Iterable[str]) -> bool:
    """Whether a condition with these values treats everything that a pattern fits in the same way."""
    return all(covers(value, pattern) or not overlaps(value, pattern) for value in values)


def _make_sample(pattern: str) -> str:
    """Make a text that fits a pattern."""
    return pattern.replace("*", "1").replace("?", "1")


def _resolve_principal(statement: Statement, kind: str, value: str) -> Iterator[tuple[str, str]]:
    """Resolve an entry of a Principal element: to itself, or for ``*`` to the accounts that the conditions name."""
    if value != _ANYBODY:
        yield kind, value
        return
    named = [
        account
        for condition in statement.conditions
        if condition.key.lower() in _NAMING and condition.operator in _POSITIVE
        for text in condition.values
        if (account := _find_account(text)).isdigit()
    ]
    yield from ((_AWS, account) for account in named)
    if not named:
        inside = any(
            condition.key.lower() == _ORGANIZATION and condition.operator in _POSITIVE
            for condition in statement.conditions
        )
        yield _AWS, _MEMBERS if inside else _ANYBODY


def _find_action(kind: str, value: str) -> t.Optional[str]:
    if kind == "Federated":
        return _SAML if ":saml-provider/" in value else _WEB_IDENTITY
    known = kind == "Service" or (kind == _AWS and (value in (_ANYBODY, _MEMBERS) or _find_account(value)))
    # Left are ids of users and roles that are gone, which nobody can have any longer.
    return _ASSUME if known else None


def _mentions_action(statement: Statement, action: str) -> bool:
    if statement.actions is None:
        return True
    return any(overlaps(pattern.lower(), action.lower()) for pattern in statement.actions)


def _find_account(value: str) -> str:
    """Find the account of a principal: an ARN, or the id alone, which means the account's root."""
    parts = value.split(":")
    return parts[4] if len(parts) > 5 else value if value.isdigit() else ""


def _find_entry_loss(
    role: TrustedRole, cast: _Cast, lost: Mapping[tuple[str, _Caller], tuple[bool, list[Loss]]]
) -> t.Optional[EntryLoss]:
    callers = cast.of_role.get(role.arn, [])
    hit = {caller: lost[role.arn, caller] for caller in callers if (role.arn, caller) in lost}
    if not hit:
        return None
    given = [loss for _certain, found in hit.values() for loss in found]
    is_certain = all(certain for certain, _found in hit.values())
    # Through whom it was used is not recorded: as long as somebody is left, it may have been that one.
    others = len(hit) < len(callers) or role.arn in cast.entered_from_within
    policies = tuple(dict.fromkeys(name for loss in given for name in loss.policies))
    statements = list(dict.fromkeys(loss.statement for loss in given if loss.statement))
    keys = sorted({key for loss in given for key in loss.missing})
    if not keys and not is_certain and any(kind == "Service" for kind, _value in hit):
        # Only calls are denied that say, or that do not say, for whose resource the service calls.
        keys = list(SOURCE_KEYS)
    names = tuple(value for _kind, value in hit if value not in (_ANYBODY, _MEMBERS))
    outcome, use = _judge_use(role, certain=is_certain and not others, is_caller_known=bool(names))
    who = _join_some(names) if names else "principals that its trust policy does not name"
    reason = (
        f"{who} can no longer assume it ({_join_some(statements)} of {_join_some(policies)} denies it); {use}"
        f"{_explain_doubt(keys, others=others)}"
    )
    verdict = Verdict(
        role.arn,
        outcome,
        reason,
        missing_context=tuple(keys),
        lost=tuple(dict.fromkeys(loss.ask.action for loss in given)),
        layer="rcp",
        policy=policies[0],
        statement=statements[0] if statements else None,
    )
    return EntryLoss(role.arn, names, policies, verdict)


def _judge_use(role: TrustedRole, *, certain: bool, is_caller_known: bool) -> tuple[Breakage, str]:
    if role.last_used is None:
        reason = f"no use of the role was recorded in {_KEPT_DAYS} days, but it may still be needed"
        return Breakage.NO_EVIDENCE, reason
    used = f"the role was last used on {format_utc(role.last_used)[:10]}"
    if not is_caller_known:
        return Breakage.NO_EVIDENCE, f"{used}, but the caller is not recorded"
    return Breakage.WILL_BREAK if certain else Breakage.MAY_BREAK, used


def _explain_doubt(keys: Sequence[str], *, others: bool) -> str:
    """Explain why a loss is not certain."""
    reasons = []
    if keys:
        reasons.append(f"it depends on {', '.join(keys)}, which is not known")
    if others:
        reasons.append("others can still assume it, and the caller is not recorded")
    return "".join(f"; {reason}" for reason in reasons)


def _join_some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
