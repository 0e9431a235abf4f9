# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The simulation of requests, composed: given layers and those of a live account, judged here, by AWS, or by both."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence

from ..._aws.access import Access
from ..._module.arguments import ORGANIZATION_ARGUMENTS, ArgumentSpec
from ..._module.task import Task, TaskError
from ..._policy.analysis.unchangeable import may_be_reserved, refusal
from ..._policy.documents.arn import arn_account, arn_parts
from ..._policy.evaluation.context import Context, Values
from ..._policy.evaluation.evaluate import Decision, Evaluator, Layers, Outcome, Request
from ..._policy.evaluation.narrowing import RESOURCE_KEY
from .aws import OPERATIONS as OPERATIONS_OF_AWS
from .aws import AwsSimulator, Simulated
from .live import OPERATIONS as OPERATIONS_OF_LIVE
from .live import LiveAccount, Standing, Unseen, read_live
from .requests import REQUEST_ARGUMENTS, Asked, requests_of
from .resources import WHICH_RESOURCE, decided

ENGINES: t.Final = ("local", "aws", "both")
EXTENDABLE: t.Final = ("identity", "session", "scps", "rcps")
ARGUMENTS: t.Final[ArgumentSpec] = {
    **REQUEST_ARGUMENTS,
    "principal_arn": {"type": "str"},
    "context_complete": {"type": "bool", "default": True},
    "engine": {"type": "str", "choices": list(ENGINES), "default": "local"},
    "extend": {"type": "list", "elements": "str", "choices": list(EXTENDABLE), "default": []},
    **ORGANIZATION_ARGUMENTS,
    "assume_unread_allow": {"type": "bool", "default": False},
}
CONSTRAINTS: t.Final = {"required_by": {"organization_role_arn": ("principal_arn",)}}
OPERATIONS: t.Final = OPERATIONS_OF_LIVE.union(OPERATIONS_OF_AWS)

_NOBODY: t.Final[Mapping[str, t.Any]] = {"layer": None, "policy": None, "statement": None}
_BY_POLICIES: t.Final[Mapping[str, str]] = {
    Outcome.ALLOWED.value: "The policies alone would allow it.",
    Outcome.UNKNOWN.value: "The policies alone leave it open.",
}
_RESERVED: t.Final = (
    "the name is that of a role of IAM Identity Center, which AWS lets nobody change. The ARN of such a role has the"
    " path /aws-reserved/sso.amazonaws.com/, which is missing here."
)
_LAYER_OF: t.Final = {"scps": "scp", "rcps": "rcp"}
_WORDS: t.Final = {
    "identity": "identity-based policies",
    "boundary": "permissions boundary",
    "scp": "SCPs",
    "rcp": "RCPs",
}


@dataclasses.dataclass(frozen=True)
class _Case:
    """A request with all that is known of who makes it and of what bears on it."""

    asked: Asked
    principal: t.Optional[str]
    layers: Layers
    standing: t.Optional[Standing] = None
    unseen: tuple[Unseen, ...] = ()

    @property
    def context(self) -> Mapping[str, Values]:
        """The condition keys that are given, and those that follow from who the principal is; the given ones win."""
        known = {key.lower() for key in self.asked.context}
        follow = self.standing.keys if self.standing else {}
        return {**{key: value for key, value in follow.items() if key.lower() not in known}, **self.asked.context}


@dataclasses.dataclass(frozen=True)
class _Options:
    """Who judges, whose live layers count, which of them given ones extend, and what is taken for granted."""

    engine: str
    principal_arn: t.Optional[str]
    extend: frozenset[str]
    context_complete: bool
    assume_unread_allow: bool

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> t.Self:
        """The options of the module. Raises TaskError: there is nothing to extend."""
        if options["extend"] and not options["principal_arn"]:
            raise TaskError("extend: there are no live layers to extend without principal_arn")
        return cls(
            engine=options["engine"],
            principal_arn=options["principal_arn"] or None,
            extend=frozenset(options["extend"]),
            context_complete=options["context_complete"],
            assume_unread_allow=options["assume_unread_allow"],
        )


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``policy_simulation_info``: options of :mod:`plugins.modules.policy_simulation_info` in, its result
    out.
    """
    options = _Options.from_options(task.options)
    requests = requests_of(task.options)
    account = None
    if options.principal_arn and _needs_reading(options, options.principal_arn, requests):
        task.expect_account(task.access.caller.account_id)
        account = read_live(task.connection, options.principal_arn)
    layered = _Layering(options, account)
    cases = [layered.case(asked) for asked in requests]
    by_aws = [] if options.engine == "local" else _judge_by_aws(task.access, options, cases)
    result: dict[str, t.Any] = {"results": _results(options, cases, by_aws)}
    if options.engine == "both":
        result["disagreements"] = _disagreements(result["results"], task.warn)
    if account is not None:
        result["account_id"] = account.account_id
        result["unread_layers"] = _unread_layers(cases, task.warn)
    return result


def _results(options: _Options, cases: Sequence[_Case], by_aws: Sequence[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    names: list[dict[str, t.Any]] = [{"id": case.asked.id} for case in cases]
    # AWS's simulator looks at policies alone too.
    by_aws = list(map(_accepted, cases, by_aws))
    if options.engine == "aws":
        return [{**name, **row} for name, row in zip(names, by_aws, strict=True)]
    judged = map(_accepted, cases, _judge_here(options, cases))
    results = [{**name, **row} for name, row in zip(names, judged, strict=True)]
    if options.engine == "local":
        return results
    return [{**judged, "aws": row} for judged, row in zip(results, by_aws, strict=True)]


def _accepted(case: _Case, row: dict[str, t.Any]) -> dict[str, t.Any]:
    """A result, after what AWS accepts from nobody, whatever the policies say."""
    asked, decision = case.asked, row["decision"]
    why = refusal(asked.action, asked.resource)
    if decision not in (Outcome.ALLOWED.value, Outcome.UNKNOWN.value):
        return row
    if why is not None:
        text = f"Denied: AWS accepts {asked.action} on {asked.resource} from nobody: {why}. {_BY_POLICIES[decision]}"
        return {**row, **_NOBODY, "decision": Outcome.IMPLICIT_DENY.value, "missing_context": [], "explanation": text}
    if decision == Outcome.ALLOWED.value and may_be_reserved(asked.action, asked.resource):
        text = f"Unknown: {_RESERVED} By the policies alone: {row['explanation']}"
        return {**row, **_NOBODY, "decision": Outcome.UNKNOWN.value, "explanation": text}
    return row


def _needs_reading(options: _Options, arn: str, requests: Sequence[Asked]) -> bool:
    """Whether the account has to be read: not where AWS is to judge by what it knows of the principal itself."""
    return options.engine != "aws" or any(
        not _is_entity(asked.principal or arn) or not _adds_only(asked, options) for asked in requests
    )


def _is_entity(arn: str) -> bool:
    """Whether AWS's simulator knows the principal: it takes users and roles, no sessions."""
    parts = arn_parts(arn)
    return parts is not None and parts.resource.startswith(("user/", "role/"))


def _adds_only(asked: Asked, options: _Options) -> bool:
    """Whether SimulatePrincipalPolicy can express the given layers: it adds policies and replaces a boundary."""
    given = asked.given
    replaces_identity = "identity" in given and "identity" not in options.extend
    removes_boundary = "boundary" in given and given["boundary"] is None
    return not (replaces_identity or removes_boundary or "scps" in given)


class _Layering:
    """Finds the layers of requests: given ones in place of live ones, or on top of these."""

    def __init__(self, options: _Options, account: t.Optional[LiveAccount]) -> None:
        self._arn = options.principal_arn
        self._extend = options.extend
        self._account = account
        self._found: dict[t.Hashable, tuple[Layers, tuple[Unseen, ...]]] = {}

    def case(self, asked: Asked) -> _Case:
        principal = asked.principal or self._arn
        standing = None
        if self._account is not None and principal is not None:
            standing = self._account.standing(
                principal, f"{asked.option}.principal" if asked.principal else "principal_arn"
            )
        foreign = self._foreign_owner(asked)
        # Most requests share their layers: found once, these are made ready for evaluation once.
        key = (id(asked.given), principal if standing else None, foreign)
        if key not in self._found:
            self._found[key] = self._layers(asked, standing, foreign)
        layers, unseen = self._found[key]
        return _Case(asked, principal, layers, standing, unseen)

    def _layers(
        self, asked: Asked, standing: t.Optional[Standing], foreign: t.Optional[str]
    ) -> tuple[Layers, tuple[Unseen, ...]]:
        if standing is None:
            return dataclasses.replace(Layers(), **asked.given), ()
        layers, unseen = standing.layers, standing.unseen
        if foreign is not None:
            # RCPs are those of the account that owns the resource, and those of another one were not read.
            layers = dataclasses.replace(layers, rcps=None, rcp_levels=())
            unread = Unseen("rcp", f"the resource belongs to account {foreign}")
            unseen = (*(found for found in unseen if found.layer != "rcp"), unread)
        for name, value in asked.given.items():
            layer = _LAYER_OF.get(name, name)
            if name in self._extend:
                layers = _extended(asked, layers, name, [found for found in unseen if found.layer == layer])
            else:
                levels = {f"{layer}_levels": ()} if name in _LAYER_OF else {}
                layers = dataclasses.replace(layers, **{name: value, **levels})
                unseen = tuple(found for found in unseen if found.layer != layer)
        return layers, unseen

    def _foreign_owner(self, asked: Asked) -> t.Optional[str]:
        """The account that owns the resource, where that is another one than was read."""
        owner = asked.resource_account or arn_account(asked.resource)
        return owner if self._account is not None and owner not in (None, self._account.account_id) else None


def _extended(asked: Asked, layers: Layers, name: str, unseen: Sequence[Unseen]) -> Layers:
    """``layers`` with what is given of one added, level by level where it has levels."""
    given, present = asked.given[name] or (), getattr(layers, name) or ()
    if not given:
        return layers
    joined: dict[str, t.Any] = {name: (*present, *given)}
    if name in _LAYER_OF:
        if unseen:
            raise TaskError(f"extend: {name} can't be extended, since they were not read: {unseen[0].reason}")
        if len(given) > len(present):
            raise TaskError(
                f"{asked.option}: {len(given)} levels of {name} are given to extend {len(present)} that are in force;"
                " give a list for each level from the root down, an empty one for a level that stays as it is"
            )
        levels = itertools.zip_longest(present, given, fillvalue=())
        joined[name] = tuple((*level, *more) for level, more in levels)
    return dataclasses.replace(layers, **joined)


def _judge_here(options: _Options, cases: Sequence[_Case]) -> list[dict[str, t.Any]]:
    evaluators: dict[int, Evaluator] = {}
    results = []
    for case in cases:
        key = id(case.layers)
        if key not in evaluators:
            evaluators[key] = Evaluator(case.layers)
        complete = options.context_complete
        request = _request(case, complete=complete)
        decision = decided(evaluators[key], request, Context(case.context, complete=complete))
        results.append(_settled(decision, case, assume_allow=options.assume_unread_allow))
    return results


def _request(case: _Case, *, complete: bool) -> Request:
    asked = case.asked
    return Request(
        action=asked.action,
        resource=asked.resource,
        principal=case.principal,
        context_complete=complete,
        resource_policy=asked.resource_policy,
        resource_account=asked.resource_account,
        issuer=case.standing.issuer if case.standing else None,
    )


def _settled(decision: Decision, case: _Case, *, assume_allow: bool) -> dict[str, t.Any]:
    """A decision as a result, after what was not seen of the layers: that may deny, or allow in another place."""
    outcome, layer = decision.outcome, decision.layer
    explanation = decision.explanation.replace(RESOURCE_KEY, WHICH_RESOURCE)
    doubts = _doubts(decision, case.unseen)
    if doubts and assume_allow:
        explanation += f" What was not read is taken to allow it: {_in_words(doubts)}."
    elif doubts:
        outcome, layer = Outcome.UNKNOWN, doubts[0].layer
        explanation = f"Unknown, since not all was read: {_in_words(doubts)}. By what was read: {explanation}"
    return {
        "decision": outcome.value,
        "layer": layer,
        "policy": decision.policy if layer == decision.layer else None,
        "statement": decision.statement if layer == decision.layer else None,
        "missing_context": [key for key in decision.missing_context if key != RESOURCE_KEY],
        "explanation": explanation,
    }


def _doubts(decision: Decision, unseen: Sequence[Unseen]) -> list[Unseen]:
    if decision.outcome is Outcome.ALLOWED:
        return list(unseen)
    if decision.outcome is Outcome.IMPLICIT_DENY and decision.layer in (None, "identity"):
        return [found for found in unseen if found.layer == "identity"]
    return []


def _judge_by_aws(access: Access, options: _Options, cases: Sequence[_Case]) -> list[dict[str, t.Any]]:
    simulator = AwsSimulator(access, access.partition)
    return [simulator.decide(_simulated(case, options)) for case in cases]


def _simulated(case: _Case, options: _Options) -> Simulated:
    entity = (case.standing.issuer if case.standing else None) or case.principal
    caller = entity if entity and _is_entity(entity) else None
    by_principal = bool(options.principal_arn) and caller is not None and _adds_only(case.asked, options)
    return Simulated(
        asked=case.asked,
        layers=dataclasses.replace(Layers(), **case.asked.given) if by_principal else case.layers,
        known=case.layers,
        context=case.context,
        context_complete=options.context_complete,
        source=caller if by_principal else None,
        caller=caller,
    )


def _disagreements(results: Sequence[Mapping[str, t.Any]], warn: Callable[[str], None]) -> list[dict[str, t.Any]]:
    """Where both engines are sure, and of different things; said as warnings too."""
    pairs = [(found["id"], found["decision"], found["aws"]["decision"]) for found in results]
    differing = [
        {"id": name, "local": local, "aws": aws}
        for name, local, aws in pairs
        if local != aws and Outcome.UNKNOWN.value not in (local, aws)
    ]
    for found in differing:
        warn("{id}: judged here as {local}, and by AWS's simulator as {aws}".format(**found))
    return differing


def _unread_layers(cases: Sequence[_Case], warn: Callable[[str], None]) -> list[dict[str, str]]:
    """What was in force and not seen, in a warning too where it is of the account that was read."""
    own = {found for case in cases for found in (case.standing.unseen if case.standing else ()) if found in case.unseen}
    if own:
        warn(f"Not all policies in force were read: {_in_words(own)}")
    every = {found for case in cases for found in case.unseen}
    return [{"layer": found.layer, "reason": found.reason} for found in _sorted(every)]


def _sorted(unseen: Collection[Unseen]) -> list[Unseen]:
    order = tuple(_WORDS)
    return sorted(unseen, key=lambda found: (order.index(found.layer), found.reason))


def _in_words(unseen: Collection[Unseen]) -> str:
    """Layers that have the same reason are named together."""
    by_reason: dict[str, list[str]] = {}
    for found in _sorted(unseen):
        by_reason.setdefault(found.reason, []).append(_WORDS[found.layer])
    return "; ".join(f"{' and '.join(names)} ({reason})" for reason, names in by_reason.items())
