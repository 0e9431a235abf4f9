# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The uses that a narrowing change would break, judged by past use.

Each use is held against the layers as they are and as they would be. It is safe only where nothing that it may have
been is lost; what is not known never counts as safe, and no evidence is not the same as no use.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..documents.arn import arn_account, arn_parts
from ..documents.policy import Policy, Statement
from ..evaluation import catalogue
from ..evaluation.evaluate import Decision, Evaluator, Layers, Outcome, Request
from ..evaluation.narrowing import (
    RESOURCE_KEY,
    depends_on_principal,
    find_narrowed_layers,
    keep_layers,
    open_resources,
    policies_of,
    possible_resources,
    resources_in_question,
)
from ..trail.usage import Evidence, Source, Use

_DENIED: t.Final = frozenset({Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY})
_LAYERS: t.Final = {
    "identity": "the identity-based policies",
    "boundary": "the permissions boundary",
    "session": "the session policies",
    "scp": "the SCPs",
    "rcp": "the RCPs",
    "resource": "the policy of the resource",
}
# So many of a list are named in words.
_NAMED: t.Final = 5

#: The limits of every judgement, whatever the evidence.
BLIND_SPOTS: t.Final = (
    "a job that runs less often than the time span of the evidence is not in it",
    "resource policies are not read: one that names the user or a session can allow actions outside a boundary, and "
    "one that denies by NotPrincipal denies every principal with a boundary",
)


class Breakage(enum.StrEnum):
    """The outcome of a use; in this order, the worst first."""

    WILL_BREAK = "will_break"
    MAY_BREAK = "may_break"
    NO_EVIDENCE = "no_evidence"
    SAFE = "safe"


_ORDER: t.Final = {outcome: place for place, outcome in enumerate(Breakage)}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The prediction for one use; ``use`` is None where there is no evidence to judge.

    ``missing_context`` are the condition keys that are not known and decide. ``lost`` are, at service level, the
    actions that are lost or may be, ``of`` how many the use may have been. ``resources`` are the patterns of resources
    that decide, if the evidence has no resource. ``statement`` is the one that decides, with its policy.
    """

    principal_arn: str
    outcome: Breakage
    reason: str
    use: t.Optional[Use] = None
    missing_context: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    of: int = 0
    layer: t.Optional[str] = None
    policy: t.Optional[str] = None
    statement: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Impact:
    """The verdicts on one principal, the worst first, and what they rest on."""

    principal_arn: str
    verdicts: tuple[Verdict, ...]
    evidence: Evidence = Evidence()

    @property
    def outcome(self) -> Breakage:
        """The worst of all: that of the change for this principal."""
        return min((verdict.outcome for verdict in self.verdicts), key=_ORDER.__getitem__, default=Breakage.SAFE)

    @property
    def is_safe(self) -> bool:
        """Whether the change may pass without anybody accepting what it breaks."""
        return self.outcome is Breakage.SAFE

    def of(self, outcome: Breakage) -> tuple[Verdict, ...]:
        """The verdicts of one outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is outcome)

    @property
    def counts(self) -> dict[str, int]:
        """How many verdicts there are of each outcome."""
        counts = collections.Counter(verdict.outcome for verdict in self.verdicts)
        return {outcome.value: counts[outcome] for outcome in Breakage}

    @property
    def summary(self) -> str:
        """One line for people: ``2 will break, 1 may break: lambda:Invoke (…)``, or that all is safe."""
        if self.is_safe:
            return f"safe: nothing that was used in the recorded days is lost ({self.evidence.windows})"
        named = [f"{count} {name.replace('_', ' ')}" for name, count in self.counts.items() if count and name != "safe"]
        return f"{', '.join(named)}: {self.verdicts[0].reason}"


def judge(
    uses: Iterable[Use],
    *,
    principal_arn: str,
    before: Layers,
    after: Layers,
    evidence: Evidence,
    resource_policies: t.Optional[Mapping[str, Policy]] = None,
    unused_resources: Sequence[str] = (),
) -> Impact:
    """Judge the change from ``before`` to ``after`` for one principal. For many alike, keep a ``Judge``."""
    judging = Judge(before, after, resource_policies=resource_policies, unused_resources=unused_resources)
    return judging.impact(principal_arn, uses, evidence)


@dataclasses.dataclass(frozen=True)
class _Target:
    """The target of a question: a resource, or (with the resource ``*``) one of which only a pattern is known."""

    resource: str
    pattern: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class _Answer:
    """The answer for one action, the same for all principals and times."""

    outcome: Breakage
    reason: str
    decision: t.Optional[Decision] = None
    resources: tuple[str, ...] = ()
    allowed_before: bool = True


_UNTOUCHED: t.Final = _Answer(Breakage.SAFE, "the change takes nothing away from this action")
_STILL_ALLOWED: t.Final = _Answer(Breakage.SAFE, "it stays allowed")
_NEVER_ALLOWED: t.Final = _Answer(
    Breakage.SAFE, "it is not allowed today either, so the change takes nothing away", allowed_before=False
)


class Judge:
    """Judges uses under one change of layers, of as many principals as have these layers.

    ``resource_policies`` are those that are known, by the ARN of the resource (trust policies of roles, above all): a
    user or a session that one of them names does not lose what only a boundary no longer allows. Of other resources it
    is taken that their policies go on to agree. ``unused_resources`` are patterns of ARNs that nobody is taken to have
    used if the evidence has no resource: denials on them break nothing then.
    """

    def __init__(
        self,
        before: Layers,
        after: Layers,
        *,
        resource_policies: t.Optional[Mapping[str, Policy]] = None,
        unused_resources: Sequence[str] = (),
    ) -> None:
        self.before: t.Final = before
        self.after: t.Final = after
        self._resource_policies: t.Final = resource_policies or {}
        self._unused: t.Final = tuple(unused_resources)
        self._evaluators: t.Final[dict[tuple[t.Optional[frozenset[str]], t.Optional[str]], Evaluator]] = {}
        self._answers: t.Final[dict[t.Hashable, _Answer]] = {}
        self._depends_on_who: t.Final = depends_on_principal(before) or depends_on_principal(after)

    def impact(self, principal_arn: str, uses: Iterable[Use], evidence: Evidence) -> Impact:
        """The verdicts on the uses of one principal, and on there being no evidence of any."""
        if not find_narrowed_layers(self.before, self.after):
            reason = "the change takes nothing away from this principal"
            return Impact(principal_arn, (Verdict(principal_arn, Breakage.SAFE, reason),), evidence)
        verdicts = [self.verdict(use) for use in uses]
        verdicts += _without_evidence(principal_arn, evidence, used=bool(verdicts))
        verdicts.sort(key=lambda verdict: _ORDER[verdict.outcome])
        return Impact(principal_arn, tuple(verdicts), evidence)

    def verdict(self, use: Use) -> Verdict:
        """The prediction for one use."""
        if use.is_service_level:
            return self._of_service(use)
        answer = self._answer(use, use.action)
        decision = answer.decision
        return Verdict(
            use.principal_arn,
            answer.outcome,
            answer.reason,
            use,
            missing_context=_unknown_keys(decision),
            resources=answer.resources,
            layer=decision.layer if decision else None,
            policy=decision.policy if decision else None,
            statement=decision.statement if decision else None,
        )

    def _of_service(self, use: Use) -> Verdict:
        """A service was used, by whichever of its actions: judged as far as that goes."""
        names = [item.full_name for item in catalogue.actions(use.service).values()]
        if not names:
            reason = f"{use.service} was used; its actions are not known here, so any of them may be lost"
            return Verdict(use.principal_arn, Breakage.MAY_BREAK, reason, use)
        answers = {name: self._answer(use, name) for name in names if name.lower() not in use.besides}
        allowed = {name: answer for name, answer in answers.items() if answer.allowed_before}
        lost = {name: answer for name, answer in allowed.items() if answer.outcome is not Breakage.SAFE}
        if not lost:
            reason = f"all its use of {use.service} stays allowed" if allowed else _NEVER_ALLOWED.reason
            return Verdict(use.principal_arn, Breakage.SAFE, reason, use, of=len(allowed))
        certain = all(answer.outcome is Breakage.WILL_BREAK for answer in allowed.values()) and not use.besides
        return _service_verdict(use, lost, of=len(allowed), certain=certain)

    # One action

    def _answer(self, use: Use, action: str) -> _Answer:
        who = use.principal_arn if self._depends_on_who else _kind_of(use.principal_arn)
        what = (action.lower(), use.resource, use.candidates, use.is_possible)
        key = (*what, use.context, use.may_be_denied, who)
        if key not in self._answers:
            self._answers[key] = self._find_answer(use, action)
        return self._answers[key]

    def _find_answer(self, use: Use, action: str) -> _Answer:
        changed = find_narrowed_layers(self.before, self.after, action.lower())
        if not changed:
            return _UNTOUCHED
        targets = self._targets(use, action)
        before = {target: self._decide(None, target, use, action).outcome for target in targets}
        possible = tuple(target for target, outcome in before.items() if outcome not in _DENIED)
        if not possible:
            return self._answer_unexplained(use, action, targets, changed - {"identity"})
        after = {target: self._decide(changed, target, use, action) for target in possible}
        was_allowed = any(before[target] is Outcome.ALLOWED for target in possible)
        sure = (was_allowed or not use.may_be_denied) and not use.is_possible
        return _as_possible(self._weigh(after, sure=sure), use)

    def _targets(self, use: Use, action: str) -> tuple[_Target, ...]:
        if use.resource and not use.candidates:
            return (_Target(use.resource),)
        parts = arn_parts(use.principal_arn)
        partition = parts.partition if parts else "aws"
        patterns = possible_resources(action.lower(), self.before.identity, partition, use.candidates)
        # An action that is about no resource is asked of with the resource "*", as AWS does.
        return tuple(_Target("*", pattern) for pattern in patterns) or (_Target("*"),)

    def _answer_unexplained(self, use: Use, action: str, targets: Sequence[_Target], limits: frozenset[str]) -> _Answer:
        """Answer for a use that no known policy allows today: it failed, or a resource's policy allowed it.

        Boundaries and the like may still limit the permissions that a resource's policy gives.
        """
        if use.may_be_denied or not limits:
            return _NEVER_ALLOWED
        after = {target: self._decide(limits, target, use, action) for target in targets}
        answer = self._weigh(after, sure=False)
        if answer.outcome is Breakage.SAFE:
            return answer
        reason = f"no policy of the principal allows it today, so a resource's policy may allow it; {answer.reason}"
        return dataclasses.replace(answer, reason=reason, allowed_before=False)

    def _decide(self, names: t.Optional[frozenset[str]], target: _Target, use: Use, action: str) -> Decision:
        """Decide by the layers of these names after the change, or by all of them before it (None)."""
        evaluator = self._evaluator(names, target.pattern)
        account = arn_account(use.principal_arn) or ""
        request = Request(
            action,
            target.resource,
            principal=use.principal_arn,
            context=use.context,
            resource_policy=_make_delegating_policy(account),
        )
        policy = self._resource_policies.get(target.resource)
        if policy is not None:
            decision = evaluator.decide(dataclasses.replace(request, resource_policy=policy))
            denies = decision.outcome is Outcome.EXPLICIT_DENY and decision.layer == "resource"
            if decision.outcome is Outcome.ALLOWED or denies:
                return decision
        return evaluator.decide(request)

    def _evaluator(self, names: t.Optional[frozenset[str]], pattern: t.Optional[str]) -> Evaluator:
        key = (names, pattern)
        if key not in self._evaluators:
            layers = self.before if names is None else keep_layers(self.after, names)
            if pattern is not None:
                layers = open_resources(layers, pattern, self._unused)
            self._evaluators[key] = Evaluator(layers)
        return self._evaluators[key]

    def _weigh(self, asked: Mapping[_Target, Decision], *, sure: bool) -> _Answer:
        """Answer for one action on all its possible resources. ``sure``: it is no mere attempt."""
        denied = [decision for decision in asked.values() if decision.outcome in _DENIED]
        unknown = [decision for decision in asked.values() if decision.outcome is Outcome.UNKNOWN]
        if not denied and not unknown:
            return _STILL_ALLOWED
        if len(denied) == len(asked):
            outcome = Breakage.WILL_BREAK if sure else Breakage.MAY_BREAK
            return _Answer(outcome, _reason(denied[0]), denied[0])
        decision = (unknown or denied)[0]
        if RESOURCE_KEY in decision.missing_context:
            return self._answer_by_resource(decision, [target.pattern for target in asked if target.pattern])
        some = "" if len(asked) == 1 else "on some of its resources, "
        return _Answer(Breakage.MAY_BREAK, some + _reason(decision), decision)

    def _answer_by_resource(self, decision: Decision, patterns: Sequence[str]) -> _Answer:
        statement, version = self._statement(decision)
        resources = resources_in_question(statement, version, patterns)
        verb = "allows" if statement.allow else "denies"
        keys = "".join(f" and on {key}" for key in _unknown_keys(decision))
        reason = (
            f"it depends on the resource{keys}, which the evidence does not have: {_source(decision)} {verb} it on "
            f"{'all but ' if statement.not_resources else ''}{_join_names(resources)}"
        )
        return _Answer(Breakage.MAY_BREAK, reason, decision, resources)

    def _statement(self, decision: Decision) -> tuple[Statement, str]:
        """Return the statement that a decision depends on, as its policy has it, and the version of that policy."""
        named = (policy for policy in policies_of(self.after) if policy.name == (decision.policy or ""))
        found = ((item, policy.version) for policy in named for item in policy.statements)
        return next(pair for pair in found if pair[0].label == decision.statement)


def _as_possible(answer: _Answer, use: Use) -> _Answer:
    """The answer, worded for a permission that a call may have needed besides."""
    if answer.outcome is Breakage.SAFE or not use.is_possible:
        return answer
    what = f"{_join_names(use.candidates)} as well" if use.candidates else "other resources than the evidence shows"
    return dataclasses.replace(answer, reason=f"a call that was made may need it on {what}; {answer.reason}")


@functools.lru_cache(maxsize=64)
def _make_delegating_policy(account: str) -> Policy:
    """Make the policy of a resource that delegates to the caller's account, and so allows nothing by itself."""
    statement = Statement(0, allow=True, actions=("*",), resources=("*",), principals=(("AWS", account),))
    return Policy((statement,), version="2012-10-17", name="the resource's policy")


def _kind_of(principal_arn: str) -> str:
    """All of a principal that decides where no policy speaks of who it is."""
    kind = principal_arn.partition("/")[0]
    return f"{kind}/aws-service-role" if principal_arn.startswith(f"{kind}/aws-service-role/") else kind


def _source(decision: Decision) -> str:
    """The statement that decides, or the layer where nothing allows, in words."""
    level = f" at {decision.reason.level}" if decision.reason and decision.reason.level else ""
    policy = f" {decision.policy}" if decision.policy else ""
    layer = f"{_LAYERS.get(decision.layer or '', 'a policy')}{policy}{level}"
    return f"{decision.statement} of {layer}" if decision.statement else layer


def _reason(decision: Decision) -> str:
    """Why an action is lost, or may be, in words that do not name it: of many actions the reason is the same."""
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return f"{_source(decision)} denies it"
    if decision.outcome is Outcome.IMPLICIT_DENY:
        return f"nothing in {_source(decision)} allows it"
    keys = " and ".join(_unknown_keys(decision)) or "an unknown fact"
    return f"it depends on {keys}, which the evidence does not have: {_source(decision)} has a condition on it"


def _service_verdict(use: Use, lost: Mapping[str, _Answer], *, of: int, certain: bool) -> Verdict:
    """The verdict on a service of whose actions some are lost, with the reason that most of these have."""
    reasons = collections.Counter(answer.decision for answer in lost.values())
    decision = reasons.most_common(1)[0][0]
    among = "actions that AWS does not distinguish" if use.besides else "actions"
    some = "all" if len(lost) == of else f"{len(lost)} of the {of}"
    reason = (
        f"{use.service} was used; {some} {among} that it may have been are lost or may be: {_join_names(list(lost))}"
    )
    if certain:
        reason = f"{use.service} was used, and none of it stays allowed"
    unknown = dict.fromkeys(key for answer in lost.values() for key in _unknown_keys(answer.decision))
    return Verdict(
        use.principal_arn,
        Breakage.WILL_BREAK if certain else Breakage.MAY_BREAK,
        reason,
        use,
        missing_context=tuple(unknown),
        resources=tuple(dict.fromkeys(name for answer in lost.values() for name in answer.resources)),
        lost=tuple(lost),
        of=of,
        layer=decision.layer if decision else None,
        policy=decision.policy if decision else None,
        statement=decision.statement if decision else None,
    )


def _without_evidence(principal_arn: str, evidence: Evidence, *, used: bool) -> Iterator[Verdict]:
    """Yield verdicts where evidence is missing. No data never means unused."""
    failed = "".join(f"; not read: {gap}" for gap in evidence.gaps)
    if not evidence.sources:
        yield Verdict(principal_arn, Breakage.NO_EVIDENCE, f"no use of it could be read{failed}")
    elif Source.LAST_ACCESSED not in evidence.sources:
        reason = f"other use than the recorded calls is not known without service last accessed{failed}"
        yield Verdict(principal_arn, Breakage.NO_EVIDENCE, reason)
    elif failed:
        reason = f"other use may be in what was asked for in vain{failed}"
        yield Verdict(principal_arn, Breakage.NO_EVIDENCE, reason)
    elif not used:
        reason = f"no use was recorded in {evidence.window_days} days, but it may still be needed"
        yield Verdict(principal_arn, Breakage.NO_EVIDENCE, reason)


def _unknown_keys(decision: t.Optional[Decision]) -> tuple[str, ...]:
    """Return the condition keys that a decision depends on."""
    return tuple(key for key in decision.missing_context if key != RESOURCE_KEY) if decision else ()


def _join_names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
