# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The denials of an organization's policies in one account, found by asking the evaluator about example calls.

The principals' own policies are taken to allow everything, so that only the organization decides. A policy that denies
nothing of all this has no effect that matters here, whatever its statements look like.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from ..._policy.analysis.principal_matrix import Actor, Ask, Kind, Levels, Place, cast, request_of
from ..._policy.documents.policy import Policy, Statement
from ..._policy.evaluation.evaluate import Evaluator, Layers, Outcome
from ..._policy.evaluation.narrowing import ANYTHING

# Regions of each partition, those that have to be enabled too:
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
_REGIONS: t.Final[Mapping[str, str]] = {
    "aws": "us-east-1 us-east-2 us-west-1 us-west-2 af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2"
    " ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5"
    " ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2"
    " eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1",
    "aws-cn": "cn-north-1 cn-northwest-1",
    "aws-us-gov": "us-gov-east-1 us-gov-west-1",
}
#: No policy means somebody of this name, so that nobody is exempt by accident.
NAME: t.Final = "x7-nobody-in-particular"
_OUTSIDE: t.Final = "999999999999"
_PATHS: t.Final = frozenset({"aws:principalorgpaths", "aws:resourceorgpaths"})
_DENIED: t.Final = frozenset({Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY})
# Condition keys that the example calls have, or certainly lack.
_KNOWN: t.Final = frozenset({"aws:CurrentTime", "aws:EpochTime", "aws:SourceIdentity", "aws:userid"})
_USERS: t.Final = (f"user/{NAME}", f"user/staff/{NAME}", "user/jane")

# Calls that nobody should make without MFA: of many services, to change or give away something. Left out is what the
# published policies exempt: managing one's own device, and what finds out who one is.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only.html
SENSITIVE: t.Final = (
    ("iam:CreateUser", "arn:{partition}:iam::{account}:user/new"),
    ("iam:AttachRolePolicy", "arn:{partition}:iam::{account}:role/new"),
    ("ec2:RunInstances", "arn:{partition}:ec2:{region}:{account}:instance/*"),
    ("ec2:TerminateInstances", "arn:{partition}:ec2:{region}:{account}:instance/i-0123456789abcdef0"),
    ("s3:GetObject", "arn:{partition}:s3:::x7-{account}/data"),
    ("s3:DeleteBucket", "arn:{partition}:s3:::x7-{account}"),
    ("dynamodb:DeleteTable", "arn:{partition}:dynamodb:{region}:{account}:table/x7"),
    ("rds:DeleteDBInstance", "arn:{partition}:rds:{region}:{account}:db:x7"),
    ("lambda:UpdateFunctionCode", "arn:{partition}:lambda:{region}:{account}:function:x7"),
    ("secretsmanager:GetSecretValue", "arn:{partition}:secretsmanager:{region}:{account}:secret:x7-AbCdEf"),
    ("ssm:SendCommand", "arn:{partition}:ssm:{region}:{account}:document/x7"),
    ("kms:ScheduleKeyDeletion", "arn:{partition}:kms:{region}:{account}:key/11111111-2222-3333-4444-555555555555"),
    ("cloudtrail:StopLogging", "arn:{partition}:cloudtrail:{region}:{account}:trail/x7"),
    ("cloudformation:CreateStack", "arn:{partition}:cloudformation:{region}:{account}:stack/x7/1"),
    ("logs:DeleteLogGroup", "arn:{partition}:logs:{region}:{account}:log-group:x7"),
    ("organizations:LeaveOrganization", "*"),
)
# A policy that lists the calls above demands MFA of nothing else. Nobody names this action, so that it is denied where
# everything of the service is.
_MADE_UP: t.Final = tuple(
    (f"{service}:CreateX7Thing", "*")
    for service in ("athena", "bedrock", "codebuild", "dynamodb", "ec2", "ecs", "glue", "kinesis", "sagemaker", "sns")
)
_GLOBAL: t.Final = frozenset({"iam", "organizations", "account"})


class Effect:
    """The denials of the policies on one account's levels; None for a type of policy that is not enabled."""

    def __init__(
        self,
        place: Place,
        *,
        scps: t.Optional[Levels],
        rcps: t.Optional[Levels],
        now: datetime,
        regions: Iterable[str] = (),
    ) -> None:
        self.place: t.Final = place
        self.regions: t.Final = tuple(dict.fromkeys((*_REGIONS.get(place.partition, "").split(), *regions)))
        self._now: t.Final = now
        self._own: t.Final = Evaluator(Layers(identity=(ANYTHING,), session=(ANYTHING,), scps=scps, rcps=rcps))
        self._foreign: t.Final = Evaluator(Layers(identity=(ANYTHING,), session=(ANYTHING,), rcps=rcps))

    def denies(self, actor: Actor, action: str, resource: str = "*", region: str = "") -> bool:
        """Whether a call is denied for certain. ``resource`` may hold {partition}, {account} and {region}."""
        return self._outcome(actor, action, resource, region) in _DENIED

    def _outcome(self, actor: Actor, action: str, resource: str, region: str) -> Outcome:
        where = self.place.home if action.partition(":")[0] in _GLOBAL else region or self.place.home
        words = {"partition": self.place.partition, "account": self.place.account_id, "region": where}
        ask = Ask(action, resource.format(**words), (("aws:RequestedRegion", where),))
        evaluator = self._foreign if actor.foreign else self._own
        return evaluator.decide(request_of(actor, ask)).outcome

    # The callers

    @functools.cached_property
    def _cast(self) -> Mapping[Kind, Actor]:
        found: dict[Kind, Actor] = {}
        for actor in cast(self.place):
            if not actor.foreign:
                found.setdefault(actor.kind, actor)
        return found

    def _actor(self, kind: Kind, resource: str) -> Actor:
        """One of the cast under another name, at this time of day."""
        actor = self._cast[kind]
        unique = {"user": "AIDAX7EXAMPLE", "role": f"AROAX7EXAMPLE:{NAME}"}.get(resource.partition("/")[0], "")
        known = {
            **dict(actor.keys),
            "aws:CurrentTime": self._now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": str(int(self._now.timestamp())),
            **({"aws:userid": unique} if unique else {}),
        }
        unknown = tuple(key for key in actor.unknown if key not in _KNOWN)
        return dataclasses.replace(
            actor, arn=self.place.arn(resource), keys=tuple(known.items()), unknown=unknown, asks=()
        )

    @functools.cached_property
    def ordinary(self) -> tuple[Actor, ...]:
        """The callers that guardrails are for: a role of a program, one of CI, and a user with MFA."""
        return (
            self._actor(Kind.WORKLOAD, f"role/{NAME}"),
            self._actor(Kind.CI, f"role/ci/{NAME}"),
            self._actor(Kind.USER_WITH_MFA, f"user/{NAME}"),
        )

    @functools.cached_property
    def root(self) -> Actor:
        """The root user, with its password and MFA."""
        return self._actor(Kind.ROOT, "root")

    @functools.cached_property
    def outsider(self) -> Actor:
        """A role of an account that belongs to another organization."""
        actor = self._actor(Kind.WORKLOAD, f"role/{NAME}")
        keys = dict(actor.keys)
        keys.pop("aws:PrincipalOrgPaths", None)
        keys["aws:PrincipalOrgID"] = "o-x7outside0"
        arn = self.place.arn(f"role/{NAME}", account_id=_OUTSIDE)
        return dataclasses.replace(actor, arn=arn, keys=tuple(keys.items()), foreign=True)

    # MFA

    @functools.cached_property
    def lack_of_mfa(self) -> str:
        """A sentence on an action that a user may do without MFA; empty if no action matters.

        The requests of a long-term access key do not have the key at all, so that a condition without ``IfExists``
        denies them nothing:
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
        """
        kinds = {Kind.ACCESS_KEY: "with an access key", Kind.USER_WITHOUT_MFA: "in the console"}
        for number, name in enumerate(_USERS):
            regions = self.regions if not number else (self.place.home,)
            for kind, how in kinds.items():
                user = self._actor(kind, name)
                for region, action, resource in _calls(regions):
                    if self._outcome(user, action, resource, region) not in self._denials:
                        return f"a user without MFA may call {action} {how} in {region}"
        return ""

    @functools.cached_property
    def _denials(self) -> frozenset[Outcome]:
        """The outcomes that count as a denial.

        Where nothing is allowed to anybody, that is an accident (control organization_allows_something), and no demand.
        """
        role, home = self.ordinary[0], self.place.home
        closed = all(self._outcome(role, action, resource, home) in _DENIED for action, resource in SENSITIVE)
        return _DENIED - {Outcome.IMPLICIT_DENY} if closed else _DENIED


def _calls(regions: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Every sensitive call in the first and the last region, some of them in every region."""
    for number, region in enumerate(regions):
        everything = number in (0, len(regions) - 1)
        for action, resource in (*SENSITIVE, *_MADE_UP) if everything else SENSITIVE[2::5]:
            yield region, action, resource


@functools.lru_cache(maxsize=64)
def effect_of(
    place: Place, scps: t.Optional[Levels], rcps: t.Optional[Levels], now: datetime, regions: tuple[str, ...]
) -> Effect:
    """The effect of the same policies is found once for all accounts that have them."""
    return Effect(place, scps=scps, rcps=rcps, now=now, regions=regions)


def names_account(policies: Iterable[Policy], account_id: str) -> bool:
    """Whether policies name an account, so that they may have an effect of their own there."""
    return any(account_id in text for policy in policies for item in policy.statements for text in texts_of(item))


def uses_paths(policies: Iterable[Policy]) -> bool:
    """Whether policies ask where in the organization somebody is."""
    return any(
        condition.key.lower() in _PATHS
        for policy in policies
        for item in policy.statements
        for condition in item.conditions
    )


def texts_of(statement: Statement) -> Iterator[str]:
    """The resources and the values of conditions that a statement names."""
    yield from statement.resources or ()
    yield from statement.not_resources or ()
    for condition in statement.conditions:
        yield from condition.values
