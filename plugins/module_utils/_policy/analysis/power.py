# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How powerful policies are: whether they make an administrator, and what they allow on everything there is.

Asked is the evaluator, about resources, and services, that nobody ever named: what is allowed on those is allowed on
all of them, by whichever statements of whichever policies, and less what boundary, denials and control policies take
away.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from ..documents.arn import iam_region
from ..documents.policy import Policy, Statement
from ..evaluation.context import Context, Values
from ..evaluation.evaluate import Evaluator, Layers, Outcome, Request
from ..evaluation.matching import Test, action_matcher
from ..evaluation.patterns import ANY_ACTION, is_broad, names_no_resource
from ..evaluation.truth import NO, UNKNOWN, YES, Truth

# No pattern that somebody wrote is about these. The services begin with different letters: a policy on "z*" is no
# policy on everything.
_NAME: t.Final = "named-by-0-policies"
_CALLER: t.Final = "caller-of-0-policies"
_REGION: t.Final = "xx-nowhere-0"
_SERVICES: t.Final = ("unlisted", "zz-unlisted", "another-unlisted", "q-unlisted", "mm-unlisted")

# Where actions look for their resources, as the service authorization reference has it; an action that is listed with
# several needs all of them. https://docs.aws.amazon.com/service-authorization/latest/reference/
_USER: t.Final = ("arn:{partition}:iam::{account}:user/{name}",)
_GROUP: t.Final = ("arn:{partition}:iam::{account}:group/{name}",)
_ROLE: t.Final = ("arn:{partition}:iam::{account}:role/{name}",)
_POLICY: t.Final = ("arn:{partition}:iam::{account}:policy/{name}",)
_BUCKET: t.Final = ("arn:{partition}:s3:::{name}",)
_OBJECT: t.Final = ("arn:{partition}:s3:::{name}/{name}",)
_KEY: t.Final = ("arn:{partition}:kms:{region}:{account}:key/{name}",)
_TRAIL: t.Final = ("arn:{partition}:cloudtrail:{region}:{account}:trail/{name}",)
_TABLE: t.Final = ("arn:{partition}:dynamodb:{region}:{account}:table/{name}",)
_FUNCTION: t.Final = ("arn:{partition}:lambda:{region}:{account}:function:{name}",)
_INSTANCE: t.Final = "arn:{partition}:ec2:{region}:{account}:instance/{name}"
_PARAMETER: t.Final = ("arn:{partition}:ssm:{region}:{account}:parameter/{name}",)
_WHOLE_ACCOUNT: t.Final = ("*",)
_OTHER: t.Final = "arn:{partition}:{service}:{region}:{account}:{name}"

#: Actions that hand out data, secrets, identities or the means to hide: on every resource, nobody needs them. Passwords
#: of users are not among them, since a help desk sets anybody's.
SENSITIVE: t.Final[Mapping[str, tuple[str, ...]]] = {
    "cloudformation:CreateStack": ("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{name}",),
    "cloudtrail:DeleteTrail": _TRAIL,
    "cloudtrail:StopLogging": _TRAIL,
    "dynamodb:DeleteTable": _TABLE,
    "ec2:RunInstances": (_INSTANCE, "arn:{partition}:ec2:{region}::image/{name}"),
    "iam:AddUserToGroup": _GROUP,
    "iam:AttachGroupPolicy": _GROUP,
    "iam:AttachRolePolicy": _ROLE,
    "iam:AttachUserPolicy": _USER,
    "iam:CreateAccessKey": _USER,
    "iam:CreatePolicyVersion": _POLICY,
    "iam:CreateRole": _ROLE,
    "iam:CreateUser": _USER,
    "iam:PassRole": _ROLE,
    "iam:PutGroupPolicy": _GROUP,
    "iam:PutRolePolicy": _ROLE,
    "iam:PutUserPolicy": _USER,
    "iam:SetDefaultPolicyVersion": _POLICY,
    "iam:UpdateAssumeRolePolicy": _ROLE,
    "kms:Decrypt": _KEY,
    "kms:PutKeyPolicy": _KEY,
    "kms:ScheduleKeyDeletion": _KEY,
    "lambda:AddPermission": _FUNCTION,
    "lambda:UpdateFunctionCode": _FUNCTION,
    "organizations:LeaveOrganization": _WHOLE_ACCOUNT,
    "rds:DeleteDBInstance": ("arn:{partition}:rds:{region}:{account}:db:{name}",),
    "s3:DeleteBucket": _BUCKET,
    "s3:DeleteObject": _OBJECT,
    "s3:GetObject": _OBJECT,
    "s3:PutBucketPolicy": _BUCKET,
    "secretsmanager:GetSecretValue": ("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}",),
    "ssm:GetParameter": _PARAMETER,
    "ssm:SendCommand": ("arn:{partition}:ssm:{region}:{account}:document/{name}", _INSTANCE),
    "sts:AssumeRole": _ROLE,
}
_RESOURCES: t.Final[Mapping[str, tuple[str, ...]]] = {
    **SENSITIVE,
    "aws-marketplace:Subscribe": _WHOLE_ACCOUNT,
    "dynamodb:GetItem": _TABLE,
    "kms:ReEncryptFrom": _KEY,
    "lambda:GetFunction": _FUNCTION,
    # The resources of a service, for its actions that nobody knows.
    f"cloudtrail:{ANY_ACTION}": _TRAIL,
    f"kms:{ANY_ACTION}": _KEY,
}

# A principal that may do one of these on everything can give itself everything, whatever else is denied.
_GIVING: t.Final = (
    "iam:AttachUserPolicy",
    "iam:AttachRolePolicy",
    "iam:PutUserPolicy",
    "iam:PutRolePolicy",
    "iam:CreatePolicyVersion",
)
# Data of services that AWS's ReadOnlyAccess reads, and none of its narrower policies does all of.
_READING: t.Final = ("s3:GetObject", "dynamodb:GetItem", "ssm:GetParameter", "lambda:GetFunction")

# Keys that the caller decides, so that a condition on them restricts nobody.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_CHOSEN: t.Final = frozenset({"aws:requestedregion", "aws:useragent", "aws:referer"})
_MFA: t.Final = ("aws:multifactorauthpresent", "aws:multifactorauthage")

# Long-term access keys come without the keys, sessions that were opened without MFA say false.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
WITHOUT_MFA: t.Final[tuple[tuple[Mapping[str, str], tuple[str, ...]], ...]] = (
    ({}, _MFA),
    ({"aws:MultiFactorAuthPresent": "false"}, ("aws:multifactorauthage",)),
)
WITH_MFA: t.Final[Mapping[str, str]] = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}


# Addresses of the internet, far from each other, none of them of the ranges that documents use as examples.
_ADDRESSES: t.Final = ("9.9.9.9", "80.80.80.80", "151.101.1.69", "217.0.43.1")


@dataclasses.dataclass(frozen=True)
class Place:
    """The account that is asked about. ``organization`` is the id of the organization it is in, where that is known.

    ``moment`` is the time of the requests; conditions on the time count as conditions where it is not known.
    """

    partition: str
    account: str
    organization: t.Optional[str] = None
    moment: t.Optional[datetime] = None

    def resource(self, template: str, service: str = "") -> str:
        """The ARN of a resource that nobody named."""
        return template.format(
            partition=self.partition, account=self.account, region=_REGION, name=_NAME, service=service
        )


@dataclasses.dataclass(frozen=True)
class Power:
    """Something that policies allow: always, or only with MFA and where ``keys`` (lower case) have certain values."""

    needs_mfa: bool = False
    keys: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether no condition restricts it."""
        return not self.needs_mfa and not self.keys


@functools.lru_cache(maxsize=256)
def _request_in(place: Place) -> Context:
    """Return the known keys of a request that a principal of the account makes of the account's own resources."""
    values: dict[str, Values] = {
        "aws:SecureTransport": True,
        "aws:PrincipalAccount": place.account,
        "aws:PrincipalIsAWSService": False,
    }
    if place.organization is not None:
        values["aws:PrincipalOrgID"] = values["aws:ResourceOrgID"] = place.organization
    return Context(values, complete=False)


@functools.lru_cache(maxsize=256)
def _requests_of_anybody(place: Place) -> tuple[Context, ...]:
    """The requests of users and sessions of roles whom no policy names, from wherever, all in their own account.

    A condition that all of these meet restricts nobody. Tags of requests are left out, as the caller may: then
    ForAllValues holds. Of tags of principals and resources nothing is known, so that conditions on them restrict.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    values: dict[str, Values] = {"aws:ResourceAccount": place.account, "aws:ViaAWSService": False}
    if place.moment is not None:
        values["aws:CurrentTime"] = place.moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        values["aws:EpochTime"] = str(int(place.moment.timestamp()))
    shared = _request_in(place).with_(values, absent=("aws:tagkeys",))
    iam = f"arn:{place.partition}:iam::{place.account}"
    user: dict[str, Values] = {
        "aws:PrincipalArn": f"{iam}:user/{_CALLER}",
        "aws:PrincipalType": "User",
        "aws:userid": "AIDAOFNOPOLICY",
        "aws:username": _CALLER,
    }
    session: dict[str, Values] = {
        "aws:PrincipalArn": f"{iam}:role/{_CALLER}",
        "aws:PrincipalType": "AssumedRole",
        "aws:userid": f"AROAOFNOPOLICY:{_CALLER}",
    }
    callers = (shared.with_(user), shared.with_(session, absent=("aws:username",)))
    return tuple(caller.with_({"aws:SourceIp": address}) for caller in callers for address in _ADDRESSES)


# An answer, and the context keys that an unknown one depends on; others have none.
Answer = tuple[Truth, frozenset[str]]
Question = Callable[[Context], Answer]

_NO: t.Final[Answer] = (NO, frozenset())
# If the evaluator has no answer and names no key: a condition nevertheless, never none.
_UNSAID: t.Final = frozenset({"what is not known"})


class Analysis:
    """Questions to the policies of one principal, or of one document by itself.

    ``principal`` is an ARN, or None for any principal; then conditions on the principal count as conditions.
    """

    def __init__(self, layers: Layers, place: Place, principal: t.Optional[str] = None) -> None:
        self._evaluator = Evaluator(layers, principal=principal)
        self._place = place
        self._principal = principal
        self._known: dict[str, bool] = {}

    def administrator(self) -> t.Optional[Power]:
        """Under which conditions this is an administrator; None where it is none.

        That is: every action of whatever service, those of services that do not exist yet included, and among IAM's
        at least one by which the rest can be had. A denial of some services, or of some ways, leaves an administrator.
        """
        return self._find_power(
            lambda context: _all((_all(self._ask_for_everything(context)), _any(self._ask_for_grants(context))))
        )

    def contributes(self) -> bool:
        """Whether this has a part in what makes an administrator, under whatever conditions."""
        request = _request_in(self._place)
        return _any((*self._ask_for_everything(request), *self._ask_for_grants(request)))[0] is not NO

    def _ask_for_everything(self, context: Context) -> Iterator[Answer]:
        for service in _SERVICES:
            yield self._ask(f"{service}:{ANY_ACTION}", (_OTHER,), context)

    def _ask_for_grants(self, context: Context) -> Iterator[Answer]:
        region = iam_region(self._place.partition)
        here = context.with_({"aws:RequestedRegion": region}) if region else context
        for action in _GIVING:
            yield self._ask(action, _RESOURCES[action], here)

    def find_unrestricted(self, actions: Iterable[str]) -> tuple[str, ...]:
        """Find those of ``actions`` that are allowed on every resource, without a condition that restricts anybody."""
        return tuple(action for action in actions if self._speaks_of(action.lower()) and self.may(action))

    @functools.cached_property
    def _speaks_of(self) -> Test:
        """Whether an action, in lower case, comes into question. Cheap, since most policies have most actions not."""
        allowing = [
            statement
            for policy in self._evaluator.layers.identity
            for statement in policy.statements
            if statement.allow and names_no_resource(statement)
        ]
        if any(statement.actions is None for statement in allowing):
            return lambda action: True
        return action_matcher(tuple(pattern for statement in allowing for pattern in statement.actions or ()))

    def may(self, action: str) -> bool:
        """Whether an action is allowed on every resource, without a condition that restricts anybody.

        What boundary and control policies deny under conditions only still counts as allowed: it may be had.
        """
        if action not in self._known:
            self._known[action] = self._may(action)
        return self._known[action]

    def _may(self, action: str) -> bool:
        def question(context: Context) -> Answer:
            return self._ask(action, _RESOURCES.get(action, (_OTHER,)), context)

        power = self._find_power(question)
        if power is None:
            return False
        return (
            power.certain or self._is_open_to_anybody(question) or (self._alone is not None and self._alone.may(action))
        )

    def _is_open_to_anybody(self, question: Question) -> bool:
        """Whether the conditions of a positive answer restrict nobody."""
        if self._principal is not None:
            return False
        powers = (self._find_power(question, request) for request in _requests_of_anybody(self._place))
        return all(power is not None and power.certain for power in powers)

    @functools.cached_property
    def _alone(self) -> t.Optional[Analysis]:
        """The same without what limits identity policies; None where nothing does."""
        alone = Layers(identity=self._evaluator.layers.identity)
        return None if alone == self._evaluator.layers else Analysis(alone, self._place, self._principal)

    def allows_whole_service(self, service: str) -> bool:
        """Whether every action of a service, new ones included, is allowed on every resource without a condition."""
        return self.may(f"{service}:{ANY_ACTION}")

    def reads_everything(self) -> bool:
        """Whether the data of services is open as AWS's policy ReadOnlyAccess opens it."""
        return all(self.may(action) for action in _READING)

    def _find_power(self, question: Question, request: t.Optional[Context] = None) -> t.Optional[Power]:
        """Return the conditions of a positive answer, with MFA apart from the others; None if the answer is no."""
        request = _request_in(self._place) if request is None else request
        answer, keys = question(request)
        if answer is NO:
            return None
        if answer is YES or keys <= _CHOSEN:
            return Power()
        if not keys.intersection(_MFA):
            return Power(keys=_list_restricting_keys(keys))
        without = _any(question(request.with_(values, absent=absent)) for values, absent in WITHOUT_MFA)
        if without[0] is not NO:
            return Power(keys=_list_restricting_keys(without[1]))
        with_mfa, keys = question(request.with_(WITH_MFA))
        return None if with_mfa is NO else Power(needs_mfa=True, keys=_list_restricting_keys(keys))

    def _ask(self, action: str, templates: tuple[str, ...], context: Context) -> Answer:
        service = action.partition(":")[0]
        return _all(self._decide(action, self._place.resource(template, service), context) for template in templates)

    def _decide(self, action: str, resource: str, context: Context) -> Answer:
        outcome = self._evaluator.outcome(action, resource, context)
        if outcome is not Outcome.UNKNOWN:
            return (YES, frozenset()) if outcome is Outcome.ALLOWED else _NO
        decision = self._evaluator.decide(
            Request(
                action,
                resource,
                self._principal,
                context,
                resource_policy=_make_delegating_policy(self._place.account),
                principal_account=self._place.account,
            )
        )
        return UNKNOWN, frozenset(key.lower() for key in decision.missing_context) or _UNSAID


@functools.lru_cache(maxsize=256)
def _make_delegating_policy(account: str) -> Policy:
    """Make the policy of a resource that delegates to the account, as keys and roles need one."""
    statement = Statement(0, True, actions=("*",), resources=("*",), principals=(("AWS", account),))
    return Policy((statement,))


def _all(answers: Iterable[Answer]) -> Answer:
    """Whether all hold. Asks no further than the first that does not."""
    doubts: frozenset[str] = frozenset()
    for answer, keys in answers:
        if answer is NO:
            return _NO
        doubts |= keys
    return (UNKNOWN if doubts else YES), doubts


def _any(answers: Iterable[Answer]) -> Answer:
    """Whether one holds; of those that are not known, the one with the fewest conditions."""
    best = _NO
    for answer, keys in answers:
        if answer is YES:
            return YES, frozenset()
        if answer is UNKNOWN and (best is _NO or len(keys) < len(best[1])):
            best = UNKNOWN, keys
    return best


def _list_restricting_keys(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(keys) - _CHOSEN))


class Administrators:
    """The administrators of one account, found once for all principals that share the same layers.

    Answers are kept by identity, since the hash of large policies costs more than many a question; what they are about
    is kept with them.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._powers: dict[tuple[int, t.Optional[str]], tuple[Layers, t.Optional[Power]]] = {}
        self._alone: dict[int, tuple[Policy, t.Optional[Layers]]] = {}

    def of(self, layers: Layers, arn: t.Optional[str] = None) -> t.Optional[Power]:
        """Under which conditions the principal ``arn`` with ``layers`` is an administrator; None where it is none."""
        if all(self._layers(policy) is None for policy in layers.identity):
            return None
        power = self._power(layers, None)
        return self._power(layers, arn) if arn is not None and power and depends_on_caller(power) else power

    def alone(self, policy: Policy, arn: t.Optional[str] = None) -> t.Optional[Power]:
        """Under which conditions a policy makes an administrator by itself; None where it makes none."""
        layers = self._layers(policy)
        return None if layers is None else self.of(layers, arn)

    def contributes(self, policy: Policy) -> bool:
        """Whether a policy has a part in making an administrator, be it together with others."""
        return Analysis(Layers(identity=(policy,)), self._place).contributes()

    def _layers(self, policy: Policy) -> t.Optional[Layers]:
        """The policy by itself; None for one that makes no administrator whatever stands beside it."""
        key = id(policy)
        if key not in self._alone:
            self._alone[key] = policy, Layers(identity=(policy,)) if is_broad(policy) else None
        return self._alone[key][1]

    def _power(self, layers: Layers, arn: t.Optional[str]) -> t.Optional[Power]:
        key = id(layers), arn
        if key not in self._powers:
            self._powers[key] = layers, Analysis(layers, self._place, arn).administrator()
        return self._powers[key][1]


def depends_on_caller(power: Power) -> bool:
    """Whether the conditions ask who it is, so that the answer may be another for a given principal."""
    return any(key.startswith("aws:principal") or key in ("aws:username", "aws:userid") for key in power.keys)
