# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether AWS would let a request pass, and which policy decides.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import typing as t
from collections.abc import Mapping

from ..documents.arn import arn_account
from ..documents.policy import Policy
from .caller import WITHOUT_IDENTITY, Caller, CallerKind, caller_of
from .catalogue import rcp_services
from .compiled import CompiledPolicies, Facts, compile_policies
from .context import Context, Values
from .explanation import Reason, Why, explain
from .resource_policies import Grants, judge_resource, must_allow, no_policy
from .truth import NO, UNKNOWN, YES
from .verdict import Conclusion, Layer, Verdict, Way, judge, weigh


class Outcome(enum.StrEnum):
    """The outcome of a request. UNKNOWN: it depends on something that the request as given does not say."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicit_deny"
    EXPLICIT_DENY = "explicit_deny"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Request:
    """One call of one action on one resource.

    ``principal`` is who calls: the ARN of a user, a role (any session of it), a session (``sts:…:assumed-role/…``,
    ``sts:…:federated-user/…``), an account's root user, a service (``ec2.amazonaws.com``), an identity provider (ARN
    or name), or ``*`` for anybody without credentials. None: not named, so that what depends on it is unknown.
    ``issuer`` is the role or the user behind a session, with its path, which the ARN of a session does not show.

    ``context`` are the condition keys; those that follow from the other fields are added. With ``context_complete``
    a key that is not given is absent from the request; without, it may have any value. A ``Context`` says so itself.

    ``resource_policy`` is the policy of the resource, the key or (trust policy) the role; None where it has none.
    ``resource_account`` defaults to the one in the ARN, or else the principal's; ``principal_account`` to the ARN's.
    """

    action: str
    resource: str = "*"
    principal: t.Optional[str] = None
    context: t.Union[Mapping[str, Values], Context] = dataclasses.field(default_factory=dict)
    context_complete: bool = True
    resource_policy: t.Optional[Policy] = None
    resource_account: t.Optional[str] = None
    principal_account: t.Optional[str] = None
    issuer: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Layers:
    """The policies that bear on what a principal does; None where a layer does not apply.

    ``identity``: those of the user and its groups, or of the role. ``session``: those passed when the session was
    opened, empty for none. ``scps`` and ``rcps``: one tuple a level, the organization's root first, the account last;
    SCPs are those of the principal's account, RCPs those of the resource's. Leave both None for the management
    account. ``scp_levels`` and ``rcp_levels`` may name the levels for explanations: "root", "OU prod", "account …".
    ``endpoint``: the policy of the VPC endpoint that the request comes through; None for one that does not.
    """

    identity: tuple[Policy, ...] = ()
    boundary: t.Optional[Policy] = None
    session: tuple[Policy, ...] = ()
    scps: t.Optional[tuple[tuple[Policy, ...], ...]] = None
    rcps: t.Optional[tuple[tuple[Policy, ...], ...]] = None
    scp_levels: tuple[str, ...] = ()
    rcp_levels: tuple[str, ...] = ()
    endpoint: t.Optional[Policy] = None


@dataclasses.dataclass(frozen=True)
class Decision:
    """The outcome and what decided it.

    ``layer`` is one of "identity", "boundary", "session", "scp", "rcp", "resource"; None where no policy decides.
    ``policy`` and ``statement`` are the name and the label of the deciding statement; None where the decision is that
    nothing allows. ``missing_context`` are the condition keys, sorted, that an unknown decision depends on.
    """

    outcome: Outcome
    layer: t.Optional[str] = None
    policy: t.Optional[str] = None
    statement: t.Optional[str] = None
    missing_context: tuple[str, ...] = ()
    reason: t.Optional[Reason] = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def explanation(self) -> str:
        """One or two sentences for people."""
        if self.reason is None:
            return ""
        return explain(
            self.reason,
            layer=self.layer,
            policy=self.policy,
            statement=self.statement,
            missing=self.missing_context,
        )


# "You can still perform this operation", even if a policy denies it:
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
_FREE_FOR_ALL: t.Final = "sts:getcalleridentity"
# "You cannot use policies to control authentication operations":
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
_FREE_FOR_USERS: t.Final = "sts:getsessiontoken"
# "You cannot call AssumeRole by using AWS account root user credentials":
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_NOT_FOR_ROOT: t.Final = "sts:assumerole"
# The management account asks for a member's root user, which has no policy of its own to agree:
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
_OF_MANAGEMENT: t.Final = "sts:assumeroot"
_BEYOND_RCPS: t.Final = "kms:retiregrant"
# The trust policies of these roles are not restricted either.
_SERVICE_LINKED: t.Final = ":role/aws-service-role/"

_NOTHING: t.Final[Mapping[str, Values]] = {}
_LONG_TERM: t.Final = frozenset({CallerKind.USER, CallerKind.ROOT})
_DOUBT: t.Final = {True: Why.MAYBE_DENIED, False: Why.MAYBE_ALLOWED}


def evaluate(request: Request, layers: Layers) -> Decision:
    """Decide on one request. For many on the same layers, keep an ``Evaluator``."""
    return Evaluator(layers).decide(request)


class Evaluator:
    """Decides on many requests under the same layers, which it makes ready once.

    ``principal`` and ``issuer`` (see ``Request``) are whose layers they are, for ``outcome``.
    """

    def __init__(self, layers: Layers, *, principal: t.Optional[str] = None, issuer: t.Optional[str] = None) -> None:
        self.layers: t.Final = layers
        self._caller: t.Final = caller_of(principal, None, issuer)
        self._identity: t.Final = compile_policies(layers.identity)
        self._boundary: t.Final = None if layers.boundary is None else compile_policies((layers.boundary,))
        self._session: t.Final = compile_policies(layers.session)
        self._endpoint: t.Final = None if layers.endpoint is None else compile_policies((layers.endpoint,))
        self._scps: t.Final = _levels(layers.scps, layers.scp_levels)
        self._rcps: t.Final = _levels(layers.rcps, layers.rcp_levels)
        self._contexts: tuple[t.Optional[Context], t.Optional[Caller], t.Optional[str], Context] = (
            None,
            None,
            None,
            Context({}),
        )

    def decide(self, request: Request) -> Decision:
        """Decide whether AWS allows the request, and why. Never "allowed" if that depends on something not given."""
        caller = caller_of(request.principal, request.principal_account, request.issuer)
        action = request.action.lower()
        special = _apply_special_rules(action, caller)
        if special is not None:
            allowed = Outcome.IMPLICIT_DENY if special is Why.ROOT_CANNOT_ASSUME else Outcome.ALLOWED
            return Decision(allowed, reason=Reason(special, request.action, request.resource))
        owner = request.resource_account or arn_account(request.resource) or caller.account
        crosses = caller.account is not None and owner != caller.account and action != _OF_MANAGEMENT
        facts = Facts(action, request.resource, lambda: self._context(request, caller, owner))
        needed = must_allow(action, request.resource)
        grants = self._grants(request, caller, facts, needed, crosses)
        conclusion = self._weigh(facts, caller, grants, apart=needed, crosses=crosses)
        return _decision(request, conclusion, apart=needed, crosses=crosses)

    def outcome(
        self,
        action: str,
        resource: str = "*",
        context: t.Optional[t.Union[Mapping[str, Values], Context]] = None,
    ) -> Outcome:
        """Return the outcome of the principal's own side, without explanation and without the policy of the resource.

        A plain mapping is a complete context. ``*`` as the resource is all of them: only statements count that name
        every resource, those that deny too.
        """
        caller = self._caller
        lower = action.lower()
        special = _apply_special_rules(lower, caller)
        if special is not None:
            return Outcome.IMPLICIT_DENY if special is Why.ROOT_CANNOT_ASSUME else Outcome.ALLOWED
        request = Request(action, resource, context=_NOTHING if context is None else context)
        owner = arn_account(resource) or caller.account
        facts = Facts(lower, resource, lambda: self._context(request, caller, owner))
        return _outcome(self._weigh(facts, caller, None, apart=False, crosses=False))

    def _context(self, request: Request, caller: Caller, owner: t.Optional[str]) -> Context:
        """The context of a request with what follows from the rest of it; what is given wins."""
        given = request.context
        if not isinstance(given, Context):
            derived = _derive_context(caller, owner, request.context_complete)
            return derived.with_(given) if given else derived
        last_given, last_caller, last_owner, last = self._contexts
        # Analysis asks about thousands of actions in the same context.
        if last_given is not given or last_caller is not caller or last_owner != owner:
            last = given.under(_keys(caller, owner, given.complete), absent=caller.absent_keys())
            self._contexts = (given, caller, owner, last)
        return last

    def _grants(
        self, request: Request, caller: Caller, facts: Facts, needed: bool, crosses: bool
    ) -> t.Optional[Grants]:
        if request.resource_policy is not None:
            policies = compile_policies((request.resource_policy,))
            return judge_resource(policies, caller, bounded=self._boundary is not None, facts=facts)
        if needed or crosses or caller.kind in WITHOUT_IDENTITY:
            return no_policy(needed=needed)
        return None

    def _weigh(
        self, facts: Facts, caller: Caller, grants: t.Optional[Grants], *, apart: bool, crosses: bool
    ) -> Conclusion:
        """Put the layers together.

        ``apart``: identity-based policies count only with the consent of the resource's policy, as between accounts.
        """
        scps = self._judge_levels(Layer.SCP, self._scps, facts) if self._scps and _is_under_scps(caller) else ()
        rcps = self._judge_levels(Layer.RCP, self._rcps, facts) if self._rcps and _is_under_rcps(caller, facts) else ()
        through = () if self._endpoint is None else (self._judge_endpoint(self._endpoint, caller, facts),)
        if grants is not None and caller.kind in WITHOUT_IDENTITY:
            return weigh((*rcps, *through, grants.anyhow), (Way(grants.direct, (*through, grants.direct)),))
        identity, *limits = self._own(caller, facts)
        gates = (*scps, *through)
        if grants is None:
            return weigh((*scps, *rcps, *through, identity, *limits), (Way(identity, (*gates, identity, *limits)),))
        ways = []
        if not crosses:
            ways.append(Way(grants.direct, (*gates, grants.direct)))
            ways.append(Way(grants.limited, (*gates, grants.limited, *limits)))
        consent = (grants.anyhow,) if apart or crosses else ()
        ways.append(Way(identity, (*gates, *consent, identity, *limits)))
        return weigh((*scps, *rcps, *through, grants.anyhow, identity, *limits), ways)

    def _judge_endpoint(self, policies: CompiledPolicies, caller: Caller, facts: Facts) -> Verdict:
        """Hold a request against the policy of a VPC endpoint, which limits what comes through it and gives nothing.

        https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
        """
        bounded = self._boundary is not None
        return judge_resource(policies, caller, bounded=bounded, facts=facts, layer=Layer.ENDPOINT).anyhow

    def _own(self, caller: Caller, facts: Facts) -> list[Verdict]:
        """The verdicts of the layers that belong to the caller: the identity-based policies, then what limits them."""
        if caller.kind is CallerKind.ROOT:
            # It has full access, and can have neither policies nor a boundary.
            return [Verdict(Layer.IDENTITY, YES)]
        found = [judge(Layer.IDENTITY, self._identity, facts)]
        if self._boundary is not None:
            found.append(judge(Layer.BOUNDARY, self._boundary, facts))
        # "If you do not pass any session policies, then the resulting federated user session has no permissions":
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
        if self._session.policies or caller.kind is CallerKind.FEDERATED_USER:
            found.append(judge(Layer.SESSION, self._session, facts))
        return found

    def _judge_levels(
        self, layer: Layer, levels: tuple[tuple[str, CompiledPolicies], ...], facts: Facts
    ) -> tuple[Verdict, ...]:
        # AWS's RCPFullAWSAccess is attached at every level and cannot be detached, and no other RCP can allow.
        allow = YES if layer is Layer.RCP else NO
        return tuple([judge(layer, policies, facts, level=level, allow=allow) for level, policies in levels])


def _decision(request: Request, conclusion: Conclusion, *, apart: bool, crosses: bool) -> Decision:
    decider, statement = conclusion.decider, conclusion.statement
    outcome = _outcome(conclusion)
    policy = statement.policy if statement is not None else _only_policy(decider)
    return Decision(
        outcome,
        None if outcome is Outcome.ALLOWED and statement is None else decider.layer.value,
        policy or None,
        statement.label if statement is not None else None,
        _list_unique(conclusion.missing) if conclusion.missing else (),
        Reason(
            _why(outcome, conclusion),
            request.action,
            request.resource,
            decider.level,
            crosses,
            apart,
            conclusion.bypassed,
        ),
    )


def _levels(
    levels: t.Optional[tuple[tuple[Policy, ...], ...]], names: tuple[str, ...]
) -> tuple[tuple[str, CompiledPolicies], ...]:
    """Levels of control policies, each with its place in words."""
    found = []
    for index, policies in enumerate(levels or ()):
        name = names[index] if index < len(names) else ""
        found.append((f"level {index + 1}{f' ({name})' if name else ''}", compile_policies(policies)))
    return tuple(found)


def _apply_special_rules(action: str, caller: Caller) -> t.Optional[Why]:
    """Apply the rules for single actions that come before all policies."""
    if not action.startswith("sts:"):
        return None
    if action == _FREE_FOR_ALL and caller.kind not in (CallerKind.ANONYMOUS, CallerKind.PROVIDER):
        return Why.NO_PERMISSION_NEEDED
    if action == _FREE_FOR_USERS and caller.kind in _LONG_TERM:
        return Why.NO_PERMISSION_NEEDED
    if action == _NOT_FOR_ROOT and caller.kind is CallerKind.ROOT:
        return Why.ROOT_CANNOT_ASSUME
    return None


def _is_under_scps(caller: Caller) -> bool:
    """SCPs are about the principals of the account, its root user included, but not service-linked roles.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """
    return caller.kind not in WITHOUT_IDENTITY and not caller.is_service_linked


def _is_under_rcps(caller: Caller, facts: Facts) -> bool:
    """RCPs are about the resources of certain services, with any caller. They cannot restrict:

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#actions-not-restricted-by-rcps
    Keys that AWS manages are among that too, but no ARN of a key shows whose it is.
    """
    if caller.is_service_linked or facts.action == _BEYOND_RCPS or _SERVICE_LINKED in facts.resource:
        return False
    services = rcp_services()
    return not services or facts.action.partition(":")[0] in services


@functools.lru_cache(maxsize=4096)
def _keys(caller: Caller, owner: t.Optional[str], complete: bool) -> Mapping[str, str]:
    return caller.keys(complete=complete) | ({"aws:ResourceAccount": owner} if owner else {})


@functools.lru_cache(maxsize=4096)
def _derive_context(caller: Caller, owner: t.Optional[str], complete: bool) -> Context:
    return Context(_keys(caller, owner, complete), complete=complete, absent=caller.absent_keys())


def _outcome(conclusion: Conclusion) -> Outcome:
    if conclusion.allowed is YES:
        return Outcome.ALLOWED
    if conclusion.allowed is UNKNOWN:
        return Outcome.UNKNOWN
    return Outcome.EXPLICIT_DENY if conclusion.denied else Outcome.IMPLICIT_DENY


def _why(outcome: Outcome, conclusion: Conclusion) -> Why:
    if outcome is Outcome.EXPLICIT_DENY:
        return Why.DENIED
    if outcome is Outcome.IMPLICIT_DENY:
        return Why.NOT_ALLOWED
    if outcome is Outcome.ALLOWED:
        return Why.ROOT_USER if conclusion.statement is None else Why.ALLOWED
    return Why.POLICY_NEEDED if conclusion.statement is None else _DOUBT[conclusion.denied]


def _only_policy(verdict: Verdict) -> str:
    """The policy that would have had to allow, where it is a single one."""
    policies = verdict.policies.policies if verdict.policies is not None else ()
    return policies[0].name if len(policies) == 1 else ""


def _list_unique(keys: frozenset[str]) -> tuple[str, ...]:
    """List the keys once each, regardless of their case, in order."""
    found = {key.lower(): key for key in sorted(keys, reverse=True)}
    return tuple(found[lower] for lower in sorted(found))
