# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The flaws of a policy as a permissions boundary: it leaves nothing, or those it binds can get rid of it.

Asked is the evaluator, about a principal whose own policies allow everything: what the boundary then lets through is
all that it does not prevent. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..documents.policy import Policy, Statement
from ..evaluation import catalogue
from ..evaluation.context import Context
from ..evaluation.evaluate import Evaluator, Layers, Outcome, Request
from ..evaluation.matching import text_matcher
from ..evaluation.variables import generalize
from .power import Analysis, Place

_DENIED: t.Final = frozenset({Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY})
_ANYTHING: t.Final = Policy(
    (Statement(0, allow=True, actions=("*",), resources=("*",)),), version="2012-10-17", name="everything"
)
_KEY: t.Final = "iam:PermissionsBoundary"
# A name that no pattern is about, in place of what a pattern leaves open.
_NAME: t.Final = "named-by-0-policies"
_UNLISTED: t.Final = "zz-unlisted:AnyActionThatEverWillBe"


class Weakness(enum.StrEnum):
    """A way in which a boundary fails; the value goes into evidence."""

    DENIES_ONLY = "denies_only"
    GRANTS_NOTHING = "grants_nothing"
    REMOVABLE = "removable"
    REWRITABLE = "rewritable"
    EVADABLE = "evadable"
    OPENS_IAM = "opens_iam"


#: Under such a boundary nobody can do anything.
LOCKS_OUT: t.Final = frozenset({Weakness.DENIES_ONLY, Weakness.GRANTS_NOTHING})
#: Such a boundary binds only those who let themselves be bound.
REMOVABLE: t.Final = frozenset({Weakness.REMOVABLE, Weakness.REWRITABLE, Weakness.EVADABLE})


@dataclasses.dataclass(frozen=True)
class Flaw:
    """One weakness of a boundary, in words; ``actions`` are those by which, ``keys`` the conditions they depend on."""

    weakness: Weakness
    detail: str
    actions: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        return {"weakness": self.weakness.value, "detail": self.detail, "actions": list(self.actions)}


@dataclasses.dataclass(frozen=True)
class _Probe:
    """A call that a boundary has to prevent."""

    action: str
    resource: str
    keys: Mapping[str, str] = dataclasses.field(default_factory=dict)
    absent: tuple[str, ...] = ()


def flaws(policy: Policy, *, arn: str, place: Place, bound: Sequence[str] = ()) -> tuple[Flaw, ...]:
    """Find the flaws of ``policy`` as the boundary with the ARN ``arn`` of the principals with the ARNs ``bound``.

    Its principals also count as having a name that no policy mentions.
    """
    found = list(_find_lock_outs(policy))
    if not found:
        found += _escapes(policy, arn, place, bound)
        if Analysis(Layers(identity=(policy,)), place).allows_whole_service("iam"):
            detail = "it allows every action of IAM on everything, without a condition"
            found.append(Flaw(Weakness.OPENS_IAM, detail, ("iam:*",)))
    return tuple(found)


# Boundaries that leave nothing allowed


def _find_lock_outs(policy: Policy) -> Iterator[Flaw]:
    allowing = [statement for statement in policy.statements if statement.allow]
    if not allowing:
        detail = "it only denies: a boundary leaves what it allows, so nobody under it can do anything"
        yield Flaw(Weakness.DENIES_ONLY, detail)
        return
    evaluator = Evaluator(Layers(identity=(_ANYTHING,), boundary=policy))
    context = Context({}, complete=False)
    if all(evaluator.outcome(*pair, context) in _DENIED for pair in _samples(policy)):
        detail = "nothing is left of what it allows: it denies all of that, or no such action exists"
        yield Flaw(Weakness.GRANTS_NOTHING, detail)


def _samples(policy: Policy) -> Iterator[tuple[str, str]]:
    """List actions and resources that the statements of a boundary are about, first those exempt from a denial.

    They are listed one by one, since the first allowed one decides and all actions of a ``*`` take half a second.
    """
    exempt = [item for one in policy.statements if not one.allow for item in one.not_actions or ()]
    allowed = [item for one in policy.statements if one.allow for item in one.actions or ("*",)]
    resources = tuple(_resources(policy))
    for action in itertools.chain(_sample_actions(exempt), (_UNLISTED,), _sample_actions(allowed)):
        for resource in resources:
            yield action, resource


def _resources(policy: Policy) -> Iterator[str]:
    """``*``, which actions without a resource are asked of, and one resource for each pattern."""
    patterns = [
        item
        for statement in policy.statements
        for item in ((statement.resources if statement.allow else statement.not_resources) or ())
    ]
    yield from dict.fromkeys(("*", *(item.replace("*", _NAME).replace("?", "x") for item in patterns)))


def _sample_actions(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in dict.fromkeys(patterns):
        if not catalogue.is_available():
            yield pattern.replace("*", "x").replace("?", "x")
        yield from (action.full_name for action in catalogue.expand(pattern))


# Ways out


def _escapes(policy: Policy, arn: str, place: Place, bound: Sequence[str]) -> Iterator[Flaw]:
    alike = _representatives(policy, bound)
    roles = [item for item in alike if ":role/" in item] or [
        place.resource("arn:{partition}:iam::{account}:role/{name}")
    ]
    users = [item for item in alike if ":user/" in item] or [
        place.resource("arn:{partition}:iam::{account}:user/{name}")
    ]
    other = place.resource("arn:{partition}:iam::{account}:policy/{name}")
    asking = _BoundaryTester(policy, place, (*roles, *users))
    yield from asking.flaw(
        Weakness.REMOVABLE,
        "those it binds can take it off, or put another in its place",
        (
            *(_Probe("iam:DeleteRolePermissionsBoundary", role, {_KEY: arn}) for role in roles),
            *(_Probe("iam:DeleteUserPermissionsBoundary", user, {_KEY: arn}) for user in users),
            *(_Probe("iam:PutRolePermissionsBoundary", role, {_KEY: other}) for role in roles),
            *(_Probe("iam:PutUserPermissionsBoundary", user, {_KEY: other}) for user in users),
        ),
    )
    if arn.split(":")[4:5] != ["aws"]:
        yield from asking.flaw(
            Weakness.REWRITABLE,
            "those it binds can write what it says",
            (_Probe("iam:CreatePolicyVersion", arn), _Probe("iam:SetDefaultPolicyVersion", arn)),
        )
    yield from asking.flaw(
        Weakness.EVADABLE,
        "those it binds can make principals that it does not bind",
        (
            _Probe("iam:CreateUser", place.resource("arn:{partition}:iam::{account}:user/{name}"), absent=(_KEY,)),
            _Probe("iam:CreateRole", place.resource("arn:{partition}:iam::{account}:role/{name}"), absent=(_KEY,)),
        ),
    )


def _representatives(policy: Policy, arns: Sequence[str]) -> tuple[str, ...]:
    """Return one ARN of each sort: all below the same path that the same patterns match get the same answer.

    Of a thousand bound roles each would else be asked about each other.
    """
    texts = (text for statement in policy.statements for text in _texts(statement))
    patterns = dict.fromkeys(generalize(text, version=policy.version) for text in texts)
    matchers = [text_matcher((pattern,)) for pattern in patterns]
    sorts: dict[t.Hashable, str] = {}
    for arn in arns:
        sorts.setdefault((arn.rpartition("/")[0], *(matches(arn) for matches in matchers)), arn)
    return tuple(sorts.values())


def _texts(statement: Statement) -> tuple[str, ...]:
    values = (text for condition in statement.conditions for text in condition.values)
    return (*(statement.resources or ()), *(statement.not_resources or ()), *values)


class _BoundaryTester:
    """Tests calls against a boundary, made by each principal that it binds."""

    def __init__(self, policy: Policy, place: Place, callers: Sequence[str]) -> None:
        self._evaluator: t.Final = Evaluator(Layers(identity=(_ANYTHING,), boundary=policy))
        self._callers: t.Final = callers
        self._context: t.Final = Context(
            {
                "aws:SecureTransport": True,
                "aws:PrincipalAccount": place.account,
                "aws:PrincipalIsAWSService": False,
                "aws:ViaAWSService": False,
            },
            complete=False,
        )

    def flaw(self, weakness: Weakness, what: str, probes: Iterable[_Probe]) -> Iterator[Flaw]:
        """The flaw that any of the calls is let through; one that depends on conditions counts, and says so."""
        open_actions: list[str] = []
        keys: list[str] = []
        for probe in probes:
            outcome, missing = self._outcome(probe)
            if outcome in _DENIED:
                continue
            open_actions.append(probe.action)
            if outcome is Outcome.UNKNOWN:
                keys += missing
        if open_actions:
            actions, unknown = tuple(dict.fromkeys(open_actions)), tuple(dict.fromkeys(keys))
            condition = f", where conditions on {', '.join(unknown)} hold" if unknown else ""
            yield Flaw(weakness, f"{what} ({', '.join(actions)}){condition}", actions, unknown)

    def _outcome(self, probe: _Probe) -> tuple[Outcome, tuple[str, ...]]:
        """The worst of what the callers may do."""
        worst: tuple[Outcome, tuple[str, ...]] = (Outcome.IMPLICIT_DENY, ())
        context = self._context.with_(probe.keys, absent=probe.absent)
        for caller in self._callers:
            decision = self._evaluator.decide(Request(probe.action, probe.resource, caller, context))
            if decision.outcome is Outcome.ALLOWED:
                return decision.outcome, ()
            if decision.outcome is Outcome.UNKNOWN:
                worst = decision.outcome, decision.missing_context
        return worst
