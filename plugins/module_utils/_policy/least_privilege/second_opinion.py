# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""AWS's own recommendations on unused permissions beside ours, action by action. Nothing of theirs is ever applied.

AWS keeps the actions that it saw and leaves resources and conditions as they are. It knows neither calls on data nor
passed roles. https://docs.aws.amazon.com/securityhub/latest/userguide/unused-access-recommendations.html
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ..documents.canonical import are_equivalent
from ..documents.parse import parse
from ..documents.policy import Policy, PolicyError, Statement
from ..evaluation.matching import action_matcher
from ..trail.coverage import LogClass
from ..trail.log_classes import log_class

# IAM keeps the date of an update in whole seconds, the recommendation may have fractions.
_CLOCKS_DIFFER: t.Final = timedelta(seconds=1)
_PASS_ROLE: t.Final = "iam:passrole"


class Adviser(enum.StrEnum):
    """The services of AWS that recommend policies; the values of the option ``second_opinion``."""

    ACCESS_ANALYZER = "access_analyzer"
    SECURITY_HUB = "security_hub"


class Outcome(enum.StrEnum):
    """The outcome of a question to an adviser.

    ABSENT: there is nothing to ask, or AWS has no finding on the principal. NOT_ASKED: AWS made none yet, and is not
    asked to make one. NOT_READY: AWS is still making it. NOT_ASSESSED: AWS did not answer.
    """

    COMPARED = "compared"
    STALE = "stale"
    FAILED = "failed"
    ABSENT = "absent"
    NOT_ASKED = "not_asked"
    NOT_READY = "not_ready"
    NOT_ASSESSED = "not_assessed"


class Ours(enum.StrEnum):
    """The list of ours that an action is on."""

    KEPT = "kept"
    REMOVED = "removed"
    UNKNOWN = "unknown"


class Verdict(enum.StrEnum):
    """AWS's word on one action beside ours. An action that is unknown to us is kept."""

    AGREE = "agree"
    WOULD_REMOVE = "AWS would also remove"
    WOULD_KEEP = "AWS would keep"


@dataclasses.dataclass(frozen=True)
class Step:
    """One step that AWS recommends on a policy: with ``recommended`` another in its place, without one none.

    ``policy_id`` is the ARN of a managed policy or the name of an inline one, ``updated`` the date of the version that
    AWS looked at, and ``existing`` its text; AWS does not always give these two.
    """

    policy_id: str
    recommended: t.Optional[str] = None
    updated: t.Optional[datetime] = None
    existing: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Advice:
    """The answer of one adviser on one principal. Without steps ``outcome`` and ``reason`` say why there are none."""

    adviser: Adviser
    steps: tuple[Step, ...] = ()
    outcome: Outcome = Outcome.COMPARED
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Existing:
    """One of the policies that the principal has today; ``policy`` is None where its text is not known.

    IAM keeps no date of an inline policy.
    """

    policy_id: str
    policy: t.Optional[Policy]
    updated: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class Opinion:
    """AWS's word on one action."""

    action: str
    ours: Ours
    verdict: Verdict
    why: str = ""


@dataclasses.dataclass(frozen=True)
class SecondOpinion:
    """One adviser's word on all actions of our lists. Without opinions ``reason`` says why there are none."""

    adviser: Adviser
    outcome: Outcome
    reason: str = ""
    opinions: tuple[Opinion, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, verdict: Verdict) -> tuple[Opinion, ...]:
        """The opinions with one verdict."""
        return tuple(opinion for opinion in self.opinions if opinion.verdict is verdict)

    def as_dict(self) -> dict[str, t.Any]:
        """The opinion as a result has it: where both agree is a number, where they differ are lists."""
        return {
            "source": self.adviser.value,
            "status": self.outcome.value,
            "reason": self.reason,
            "agree": len(self.of(Verdict.AGREE)),
            "aws_would_also_remove": _as_dicts(self.of(Verdict.WOULD_REMOVE)),
            "aws_would_keep": _as_dicts(self.of(Verdict.WOULD_KEEP)),
            "notes": list(self.notes),
        }


def _as_dicts(opinions: Iterable[Opinion]) -> list[dict[str, str]]:
    return [{"action": item.action, "ours": item.ours.value, "why": item.why} for item in opinions]


def compare(
    advice: Advice,
    existing: Sequence[Existing],
    *,
    kept: Iterable[str],
    removed: Iterable[str],
    unknown: Iterable[str],
) -> SecondOpinion:
    """Hold one adviser's recommendation beside our lists of actions (``service:Name``).

    A recommendation on policies that are no longer the same is discarded as a whole: it does not show
    what it would leave of today's policies.
    """
    if advice.outcome is not Outcome.COMPARED:
        return SecondOpinion(advice.adviser, advice.outcome, advice.reason)
    stale = find_stale(advice.steps, existing)
    if stale:
        return SecondOpinion(advice.adviser, Outcome.STALE, stale)
    touched = {step.policy_id for step in advice.steps}
    untouched = [item for item in existing if item.policy_id not in touched]
    unread = next((item.policy_id for item in untouched if item.policy is None), None)
    if unread is not None:
        return SecondOpinion(advice.adviser, Outcome.NOT_ASSESSED, f"the text of the policy {unread} is not known")
    try:
        left = [item.policy for item in untouched if item.policy is not None] + _parse_recommended(advice.steps)
    except PolicyError as error:
        reason = f"AWS recommends a document that IAM would refuse: {error}"
        return SecondOpinion(advice.adviser, Outcome.FAILED, reason)
    keeps = _Allowed(left)
    lists = ((Ours.KEPT, kept), (Ours.UNKNOWN, unknown), (Ours.REMOVED, removed))
    # An action that is both kept and unknown is kept for a known reason.
    ours: dict[str, tuple[str, Ours]] = {}
    for name, actions in lists:
        for action in actions:
            ours.setdefault(action.lower(), (action, name))
    opinions = tuple(_judge(action, name, keeps) for _key, (action, name) in sorted(ours.items()))
    return SecondOpinion(advice.adviser, Outcome.COMPARED, opinions=opinions, notes=_list_notes(advice.steps))


def find_stale(steps: Sequence[Step], existing: Sequence[Existing]) -> str:
    """The reason why a recommendation is about policies that are no longer the same; empty where it is not."""
    for step in steps:
        found = [item for item in existing if item.policy_id == step.policy_id]
        if not found:
            return f"it is about the policy {step.policy_id}, which the principal does not have (any more)"
        if len(found) > 1:
            return (
                f"{len(found)} policies of the principal are called {step.policy_id}; AWS does not say which it means"
            )
        held = found[0]
        if step.updated and held.updated and step.updated + _CLOCKS_DIFFER < held.updated:
            dates = f"{step.updated:%Y-%m-%dT%H:%M:%SZ}, and the policy is of {held.updated:%Y-%m-%dT%H:%M:%SZ}"
            return f"it is about the version of {step.policy_id} of {dates}"
        if step.existing is not None and held.policy is not None and not _is_same(step.existing, held.policy):
            return f"it is about another text of {step.policy_id} than today's"
    return ""


def _is_same(text: str, policy: Policy) -> bool:
    try:
        return are_equivalent(parse(text), policy)
    except PolicyError:
        return False


def _parse_recommended(steps: Sequence[Step]) -> list[Policy]:
    """Parse the recommended policies. Raises PolicyError: one is no valid document."""
    return [parse(step.recommended, name="recommended policy") for step in steps if step.recommended is not None]


class _Allowed:
    """The actions that policies allow on any resource, under any condition."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        statements = [statement for policy in policies for statement in policy.statements]
        self._allows: t.Final = [_test_of(statement) for statement in statements if statement.allow]
        self._denies: t.Final = [_test_of(one) for one in statements if not one.allow and _is_total(one)]
        self._wholes: t.Final = _list_whole_services(statements)

    def allows(self, action: str) -> bool:
        """Whether some of the action is allowed."""
        name = action.lower()
        return any(test(name) for test in self._allows) and not any(test(name) for test in self._denies)

    def names_service(self, service: str) -> bool:
        """Whether it is allowed as a part of ``service:*``."""
        return service.lower() in self._wholes


def _test_of(statement: Statement) -> Callable[[str], bool]:
    if statement.not_actions is not None:
        excepted = action_matcher(statement.not_actions)
        return lambda name: not excepted(name)
    return action_matcher(statement.actions or ())


def _is_total(statement: Statement) -> bool:
    return not statement.conditions and statement.resources == ("*",)


def _list_whole_services(statements: Iterable[Statement]) -> frozenset[str]:
    patterns = (pattern for one in statements if one.allow for pattern in one.actions or ())
    return frozenset(pattern.partition(":")[0].lower() for pattern in patterns if pattern.endswith(":*"))


def _judge(action: str, ours: Ours, keeps: _Allowed) -> Opinion:
    aws_keeps = keeps.allows(action)
    if aws_keeps is (ours is not Ours.REMOVED):
        return Opinion(action, ours, Verdict.AGREE)
    if aws_keeps:
        service = action.partition(":")[0]
        why = "AWS saw it used, or does not count it as unused"
        if keeps.names_service(service):
            why = f"AWS saw {service} used and does not look at its single actions"
        return Opinion(action, ours, Verdict.WOULD_KEEP, why)
    return Opinion(action, ours, Verdict.WOULD_REMOVE, _explain_removal(action))


_REMOVALS: t.Final[Mapping[LogClass, str]] = {
    LogClass.DATA: "AWS does not look at calls on data",
    LogClass.NEVER: "CloudTrail never records it, so AWS cannot see it used",
}


def _explain_removal(action: str) -> str:
    if action.lower() == _PASS_ROLE:
        return "AWS does not see which roles are passed"
    return _REMOVALS.get(log_class(action), "AWS did not see it used in its look-back")


def _list_notes(steps: Sequence[Step]) -> tuple[str, ...]:
    known = {step.policy_id for step in steps if step.updated is not None or step.existing is not None}
    undated = sorted({step.policy_id for step in steps} - known)
    return tuple(f"AWS gives neither date nor text of {name}, so it may have changed since" for name in undated)
