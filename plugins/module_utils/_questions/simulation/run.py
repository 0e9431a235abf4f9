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
from .aws import AwsSimulator, SimulatorRequest
from .live import OPERATIONS as OPERATIONS_OF_LIVE
from .live import LiveAccount, LivePrincipal, UnreadLayer, read_live
from .requests import REQUEST_ARGUMENTS, DeclaredRequest, parse_requests
from .resources import WHICH_RESOURCE, decide

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
    Outcome.UNKNOWN.value: "The policies alone do not decide it.",
}
_RESERVED: t.Final = (
    "the name is that of a role of IAM Identity Center, which nobody can change. The ARN of such a role has the path "
    "/aws-reserved/sso.amazonaws.com/, which is missing here."
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
    """A request with its principal and the layers that apply to it."""

    request: DeclaredRequest
    principal: t.Optional[str]
    layers: Layers
    live: t.Optional[LivePrincipal] = None
    unseen: tuple[UnreadLayer, ...] = ()

    @property
    def context(self) -> Mapping[str, Values]:
        """The condition keys that are given, and those that follow from who the principal is; the given ones win."""
        known = {key.lower() for key in self.request.context}
        follow = self.live.keys if self.live else {}
        return {**{key: value for key, value in follow.items() if key.lower() not in known}, **self.request.context}


@dataclasses.dataclass(frozen=True)
class _Options:
    """The engine, the principal of live layers, the layers that given ones extend, and the assumptions."""

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
    requests = parse_requests(task.options)
    account = None
    if options.principal_arn and _needs_reading(options, options.principal_arn, requests):
        task.expect_account(task.access.caller.account_id)
        account = read_live(task.connection, options.principal_arn)
    finder = _LayerFinder(options, account)
    cases = [finder.find_case(request) for request in requests]
    by_aws = [] if options.engine == "local" else _judge_by_aws(task.access, options, cases)
    result: dict[str, t.Any] = {"results": _build_results(options, cases, by_aws)}
    if options.engine == "both":
        result["disagreements"] = _find_disagreements(result["results"], task.warn)
    if account is not None:
        result["account_id"] = account.account_id
        result["unread_layers"] = _list_unread_layers(cases, task.warn)
    return result


def _build_results(
    options: _Options, cases: Sequence[_Case], by_aws: Sequence[dict[str, t.Any]]
) -> list[dict[str, t.Any]]:
    names: list[dict[str, t.Any]] = [{"id": case.request.id} for case in cases]
    # AWS's simulator looks at policies alone too.
    by_aws = list(map(_refuse_unchangeable, cases, by_aws))
    if options.engine == "aws":
        return [{**name, **row} for name, row in zip(names, by_aws, strict=True)]
    judged = map(_refuse_unchangeable, cases, _judge_here(options, cases))
    results = [{**name, **row} for name, row in zip(names, judged, strict=True)]
    if options.engine == "local":
        return results
    return [{**judged, "aws": row} for judged, row in zip(results, by_aws, strict=True)]


def _refuse_unchangeable(case: _Case, row: dict[str, t.Any]) -> dict[str, t.Any]:
    """Refuse what AWS accepts from nobody, whatever the policies say."""
    request, decision = case.request, row["decision"]
    why = refusal(request.action, request.resource)
    if decision not in (Outcome.ALLOWED.value, Outcome.UNKNOWN.value):
        return row
    if why is not None:
        text = f"Denied: nobody can use {request.action} on {request.resource}: {why}. {_BY_POLICIES[decision]}"
        return {**row, **_NOBODY, "decision": Outcome.IMPLICIT_DENY.value, "missing_context": [], "explanation": text}
    if decision == Outcome.ALLOWED.value and may_be_reserved(request.action, request.resource):
        text = f"Unknown: {_RESERVED} By the policies alone: {row['explanation']}"
        return {**row, **_NOBODY, "decision": Outcome.UNKNOWN.value, "explanation": text}
    return row


def _needs_reading(options: _Options, arn: str, requests: Sequence[DeclaredRequest]) -> bool:
    """Whether the account has to be read: not where AWS is to judge by what it knows of the principal itself."""
    return options.engine != "aws" or any(
        not _is_entity(request.principal or arn) or not _adds_only(request, options) for request in requests
    )


def _is_entity(arn: str) -> bool:
    """Whether AWS's simulator knows the principal: it takes users and roles, no sessions."""
    parts = arn_parts(arn)
    return parts is not None and parts.resource.startswith(("user/", "role/"))


def _adds_only(request: DeclaredRequest, options: _Options) -> bool:
    """Whether SimulatePrincipalPolicy can express the given layers: it adds policies and replaces a boundary."""
    given = request.given
    replaces_identity = "identity" in given and "identity" not in options.extend
    removes_boundary = "boundary" in given and given["boundary"] is None
    return not (replaces_identity or removes_boundary or "scps" in given)


class _LayerFinder:
    """Finds the layers of requests: given ones in place of live ones, or on top of these."""

    def __init__(self, options: _Options, account: t.Optional[LiveAccount]) -> None:
        self._arn = options.principal_arn
        self._extend = options.extend
        self._account = account
        self._found: dict[t.Hashable, tuple[Layers, tuple[UnreadLayer, ...]]] = {}

    def find_case(self, request: DeclaredRequest) -> _Case:
        principal = request.principal or self._arn
        live = None
        if self._account is not None and principal is not None:
            live = self._account.find_principal(
                principal, f"{request.option}.principal" if request.principal else "principal_arn"
            )
        foreign = self._find_foreign_owner(request)
        # Most requests share their layers: found once, these are made ready for evaluation once.
        key = (id(request.given), principal if live else None, foreign)
        if key not in self._found:
            self._found[key] = self._find_layers(request, live, foreign)
        layers, unseen = self._found[key]
        return _Case(request, principal, layers, live, unseen)

    def _find_layers(
        self, request: DeclaredRequest, live: t.Optional[LivePrincipal], foreign: t.Optional[str]
    ) -> tuple[Layers, tuple[UnreadLayer, ...]]:
        if live is None:
            return dataclasses.replace(Layers(), **request.given), ()
        layers, unseen = live.layers, live.unseen
        if foreign is not None:
            # RCPs are those of the account that owns the resource, and those of another one were not read.
            layers = dataclasses.replace(layers, rcps=None, rcp_levels=())
            unread = UnreadLayer("rcp", f"the resource belongs to account {foreign}")
            unseen = (*(found for found in unseen if found.layer != "rcp"), unread)
        for name, value in request.given.items():
            layer = _LAYER_OF.get(name, name)
            if name in self._extend:
                layers = _extend(request, layers, name, [found for found in unseen if found.layer == layer])
            else:
                levels = {f"{layer}_levels": ()} if name in _LAYER_OF else {}
                layers = dataclasses.replace(layers, **{name: value, **levels})
                unseen = tuple(found for found in unseen if found.layer != layer)
        return layers, unseen

    def _find_foreign_owner(self, request: DeclaredRequest) -> t.Optional[str]:
        """Find the account that owns the resource; None if it is the one that was read."""
        owner = request.resource_account or arn_account(request.resource)
        return owner if self._account is not None and owner not in (None, self._account.account_id) else None


def _extend(request: DeclaredRequest, layers: Layers, name: str, unseen: Sequence[UnreadLayer]) -> Layers:
    """Extend one layer with the given policies, level by level if it has levels."""
    given, present = request.given[name] or (), getattr(layers, name) or ()
    if not given:
        return layers
    joined: dict[str, t.Any] = {name: (*present, *given)}
    if name in _LAYER_OF:
        if unseen:
            raise TaskError(f"extend: {name} can't be extended, because they were not read: {unseen[0].reason}")
        if len(given) > len(present):
            raise TaskError(
                f"{request.option}: {len(given)} levels of {name} are given, but {len(present)} apply; give a list for "
                "each level from the root down, and an empty list for a level without additions"
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
        request = _make_request(case, complete=complete)
        decision = decide(evaluators[key], request, Context(case.context, complete=complete))
        results.append(_decision_as_dict(decision, case, assume_allow=options.assume_unread_allow))
    return results


def _make_request(case: _Case, *, complete: bool) -> Request:
    request = case.request
    return Request(
        action=request.action,
        resource=request.resource,
        principal=case.principal,
        context_complete=complete,
        resource_policy=request.resource_policy,
        resource_account=request.resource_account,
        issuer=case.live.issuer if case.live else None,
    )


def _decision_as_dict(decision: Decision, case: _Case, *, assume_allow: bool) -> dict[str, t.Any]:
    """Turn a decision into a result. A layer that was not read may deny, or allow in another place."""
    outcome, layer = decision.outcome, decision.layer
    explanation = decision.explanation.replace(RESOURCE_KEY, WHICH_RESOURCE)
    doubts = _find_doubts(decision, case.unseen)
    if doubts and assume_allow:
        explanation += f" Unread layers count as allowing it: {_describe_unread(doubts)}."
    elif doubts:
        outcome, layer = Outcome.UNKNOWN, doubts[0].layer
        explanation = (
            f"Unknown, because not all was read: {_describe_unread(doubts)}. By the data that was read: {explanation}"
        )
    return {
        "decision": outcome.value,
        "layer": layer,
        "policy": decision.policy if layer == decision.layer else None,
        "statement": decision.statement if layer == decision.layer else None,
        "missing_context": [key for key in decision.missing_context if key != RESOURCE_KEY],
        "explanation": explanation,
    }


def _find_doubts(decision: Decision, unseen: Sequence[UnreadLayer]) -> list[UnreadLayer]:
    if decision.outcome is Outcome.ALLOWED:
        return list(unseen)
    if decision.outcome is Outcome.IMPLICIT_DENY and decision.layer in (None, "identity"):
        return [found for found in unseen if found.layer == "identity"]
    return []


def _judge_by_aws(access: Access, options: _Options, cases: Sequence[_Case]) -> list[dict[str, t.Any]]:
    simulator = AwsSimulator(access, access.partition)
    return [simulator.decide(_make_simulator_request(case, options)) for case in cases]


def _make_simulator_request(case: _Case, options: _Options) -> SimulatorRequest:
    entity = (case.live.issuer if case.live else None) or case.principal
    caller = entity if entity and _is_entity(entity) else None
    by_principal = bool(options.principal_arn) and caller is not None and _adds_only(case.request, options)
    return SimulatorRequest(
        request=case.request,
        layers=dataclasses.replace(Layers(), **case.request.given) if by_principal else case.layers,
        known=case.layers,
        context=case.context,
        context_complete=options.context_complete,
        source=caller if by_principal else None,
        caller=caller,
    )


def _find_disagreements(results: Sequence[Mapping[str, t.Any]], warn: Callable[[str], None]) -> list[dict[str, t.Any]]:
    """Find requests on which both engines are sure and disagree, and warn of them."""
    pairs = [(found["id"], found["decision"], found["aws"]["decision"]) for found in results]
    differing = [
        {"id": name, "local": local, "aws": aws}
        for name, local, aws in pairs
        if local != aws and Outcome.UNKNOWN.value not in (local, aws)
    ]
    for found in differing:
        warn("{id}: the local decision is {local}, that of AWS's simulator is {aws}".format(**found))
    return differing


def _list_unread_layers(cases: Sequence[_Case], warn: Callable[[str], None]) -> list[dict[str, str]]:
    """List the layers in force that were not read, and warn of those of the account that was read."""
    own = {found for case in cases for found in (case.live.unseen if case.live else ()) if found in case.unseen}
    if own:
        warn(f"Some policies that apply were not read: {_describe_unread(own)}")
    every = {found for case in cases for found in case.unseen}
    return [{"layer": found.layer, "reason": found.reason} for found in _sort_unread(every)]


def _sort_unread(unseen: Collection[UnreadLayer]) -> list[UnreadLayer]:
    order = tuple(_WORDS)
    return sorted(unseen, key=lambda found: (order.index(found.layer), found.reason))


def _describe_unread(unseen: Collection[UnreadLayer]) -> str:
    """Describe unread layers; those with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for found in _sort_unread(unseen):
        by_reason.setdefault(found.reason, []).append(_WORDS[found.layer])
    return "; ".join(f"{' and '.join(names)} ({reason})" for reason, names in by_reason.items())
