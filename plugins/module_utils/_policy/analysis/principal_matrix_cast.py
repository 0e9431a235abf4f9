# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The cast of the principal matrix: who works in an account, each with the condition keys that AWS gives its requests.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from .own_roles import ASSESSORS, AUTOMATION, BREAK_GLASS
from .principal_matrix_requests import Ask, Keys, asks_of

_HOMES: t.Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_MFA: t.Final = "aws:MultiFactorAuthPresent"
# Keys that most requests have, with values that nobody knows beforehand. A policy that depends on them may deny.
_OPEN: t.Final = (
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:UserAgent",
    "aws:userid",
    "aws:VpcSourceIp",
)
# Keys that only requests with temporary credentials have.
_OPEN_IN_SESSIONS: t.Final = ("aws:TokenIssueTime",)
_WITH_MFA: t.Final = ((_MFA, "true"), ("aws:MultiFactorAuthAge", "60"))
_FORWARDED: t.Final = (("aws:ViaAWSService", "true"), ("aws:CalledVia", "cloudformation.amazonaws.com"))
#: The role by which the management account reaches a member that was created from it.
ACCESS_ROLE: t.Final = "role/OrganizationAccountAccessRole"
CONTROL_TOWER: t.Final = "role/AWSControlTowerExecution"
STACK_SETS: t.Final = "role/stacksets-exec-0123456789abcdef0123456789abcdef"


class Kind(enum.StrEnum):
    """The part that a principal has in the account."""

    AUTOMATION = "automation"
    BREAK_GLASS = "break-glass"
    CALLER = "caller"
    MANAGEMENT_ACCESS = "access from the management account"
    LANDING_ZONE = "landing zone"
    SSO_ADMIN = "Identity Center administrator"
    SSO_DEVELOPER = "Identity Center developer"
    WORKLOAD = "workload role"
    CI = "CI by web identity"
    SERVICE_LINKED = "service-linked role"
    ROOT = "root user"
    ROOT_TASK = "root user by AssumeRoot"
    USER_WITH_MFA = "IAM user with MFA"
    USER_WITHOUT_MFA = "IAM user without MFA"
    ACCESS_KEY = "access key of an IAM user"
    WORKLOAD_USER = "workload user"
    FEDERATED_USER = "federated user"
    FORWARDED = "request forwarded by a service"
    SERVICE = "AWS service"
    OWN_WAY = "the run's way to its journal, reports or trail"


#: Without them an account can't be run or repaired; to deny them is never what a policy is for.
CRITICAL: t.Final = frozenset(
    {
        Kind.AUTOMATION,
        Kind.BREAK_GLASS,
        Kind.CALLER,
        Kind.LANDING_ZONE,
        Kind.MANAGEMENT_ACCESS,
        Kind.SERVICE_LINKED,
        Kind.SSO_ADMIN,
    }
)


@dataclasses.dataclass(frozen=True)
class Place:
    """An account, as far as the cast depends on it. ``organization_path`` is ``o-…/r-…/ou-…/``, down to its unit.

    ``central_root``: member root users are reached by AssumeRoot, so that policies must leave its tasks alone.
    """

    account_id: str
    partition: str = "aws"
    region: t.Optional[str] = None
    organization_id: t.Optional[str] = None
    organization_path: t.Optional[str] = None
    management_account_id: t.Optional[str] = None
    central_root: bool = False

    @property
    def home(self) -> str:
        """The region that IAM is in."""
        return _HOMES.get(self.partition, self.region or "us-east-1")

    def arn(self, resource: str, *, service: str = "iam", account_id: str = "") -> str:
        """The ARN of something in this account, or in another one."""
        return f"arn:{self.partition}:{service}::{account_id or self.account_id}:{resource}"

    @property
    def organization_keys(self) -> Keys:
        """The condition keys by which requests of the organization's own principals name it."""
        found: list[tuple[str, t.Union[str, tuple[str, ...]]]] = []
        if self.organization_id:
            found += [(f"aws:{side}OrgID", self.organization_id) for side in ("Principal", "Resource")]
        if self.organization_path:
            found += [(f"aws:{side}OrgPaths", (self.organization_path,)) for side in ("Principal", "Resource")]
        return tuple(found)


@dataclasses.dataclass(frozen=True)
class Actor:
    """One of the cast. ``keys`` are the condition keys of its requests; ``unknown`` those of which nothing is known.

    Without ``is_whole`` every further key may be there or not, save those in ``absent``.
    ``account_id`` is the account whose matrix it is in. One that is ``foreign`` calls from another account (or is no
    principal of any): the SCPs of this one do not bind it, the RCPs do.
    """

    kind: Kind
    name: str
    arn: str
    account_id: str
    asks: tuple[Ask, ...]
    keys: Keys = ()
    unknown: tuple[str, ...] = _OPEN
    issuer: t.Optional[str] = None
    foreign: bool = False
    is_critical: bool = False
    is_whole: bool = True
    absent: tuple[str, ...] = ()

    def is_under(self, layer: str) -> bool:
        """Whether policies of a type bind its requests."""
        return layer == "rcp" or not self.foreign


class _Director:
    """Makes actors of one place."""

    def __init__(self, place: Place) -> None:
        self._place: t.Final = place

    def make_actor(
        self,
        kind: Kind,
        name: str,
        resource: str,
        sets: Iterable[str],
        *,
        keys: Iterable[tuple[str, str]] = (),
        session: bool = False,
        **more: t.Any,
    ) -> Actor:
        """An actor by its ARN, or by the part of it behind the account."""
        place = self._place
        asks = asks_of(
            sets,
            partition=place.partition,
            account_id=place.account_id,
            region=place.region or place.home,
            home=place.home,
        )
        given = dict((("aws:SecureTransport", "true"), ("aws:ViaAWSService", "false"), *place.organization_keys))
        defaults: dict[str, t.Any] = {
            "keys": tuple({**given, **dict(keys)}.items()),
            "unknown": (*_OPEN, *_OPEN_IN_SESSIONS) if session else _OPEN,
            "is_critical": kind in CRITICAL,
        }
        arn = resource if resource.startswith("arn:") else place.arn(resource)
        return Actor(kind, name, arn, place.account_id, asks, **{**defaults, **more})

    def make_role(self, kind: Kind, name: str, resource: str, sets: Iterable[str], **more: t.Any) -> Actor:
        """Make a session by AssumeRole. Without an MFA code, AWS sends the key with the value false."""
        keys = ((_MFA, "false"), *more.pop("keys", ()))
        return self.make_actor(kind, name, resource, sets, keys=keys, session=True, **more)

    def make_federated(self, kind: Kind, name: str, resource: str, sets: Iterable[str], **more: t.Any) -> Actor:
        """Make a session by SAML or web identity. AWS knows nothing of MFA there, so the key is absent."""
        return self.make_actor(kind, name, resource, sets, session=True, **more)


def role_actor(place: Place, arn: str, asks: Iterable[Ask]) -> Actor:
    """A role of the place, or a user of it, that makes certain requests."""
    director = _Director(place)
    make = director.make_actor if ":user/" in arn else director.make_role
    return dataclasses.replace(make(Kind.AUTOMATION, "", arn, ()), asks=tuple(asks))


def cast(
    place: Place,
    *,
    automation: Sequence[str] = AUTOMATION,
    assessors: Sequence[str] = ASSESSORS,
    break_glass: Sequence[str] = BREAK_GLASS,
    landing_zone: Sequence[str] = (),
    access_role: t.Optional[str] = ACCESS_ROLE,
    caller: t.Optional[str] = None,
    entry: t.Optional[str] = None,
    entry_outside: bool = False,
) -> tuple[Actor, ...]:
    """List the principals of an account. Principals are ARNs, or their part after the account: ``role/path/name``.

    ``landing_zone`` are the roles by which Control Tower and StackSets set up the account, where they do.
    ``caller`` is who makes the change. ``entry`` is who assumes the roles of this collection in members, by default the
    caller as well; with ``entry_outside`` it belongs to an account that is not in the organization.
    """
    director = _Director(place)
    return (
        *_operators(director, automation, assessors, break_glass),
        *_administrators(director, place, landing_zone, access_role),
        *_callers(director, place, caller, entry, outside=entry_outside),
        *_workloads(director, place),
        *_services(director),
        *_roots(director, place),
        *_users(director, place),
    )


def _operators(
    director: _Director, automation: Sequence[str], assessors: Sequence[str], break_glass: Sequence[str]
) -> Iterator[Actor]:
    for role in automation:
        yield director.make_role(Kind.AUTOMATION, "automation role", role, ("automation",))
    for role in assessors:
        yield director.make_role(Kind.AUTOMATION, "assessor role", role, ("assessor",))
    for principal in break_glass:
        if ":user/" in principal or principal.startswith("user/"):
            # In the console: FIDO2 keys can't be used with access keys.
            yield director.make_actor(
                Kind.BREAK_GLASS, "break-glass user with MFA", principal, ("repairs",), keys=_WITH_MFA, session=True
            )
            continue
        yield director.make_role(Kind.BREAK_GLASS, "break-glass role with MFA", principal, ("repairs",), keys=_WITH_MFA)
        # Opened through Identity Center, or from another role: MFA was asked for before, and does not show.
        yield director.make_role(Kind.BREAK_GLASS, "break-glass role through another role", principal, ("repairs",))
        yield director.make_federated(Kind.BREAK_GLASS, "break-glass role by federation", principal, ("repairs",))


def _administrators(
    director: _Director, place: Place, landing_zone: Sequence[str], access_role: t.Optional[str]
) -> Iterator[Actor]:
    if access_role:
        yield director.make_role(Kind.MANAGEMENT_ACCESS, "role of the management account", access_role, ("foothold",))
    for role in landing_zone:
        name = role.rpartition("/")[2]
        kind = "landing" if name.startswith("AWSControlTower") else "stack sets"
        yield director.make_role(Kind.LANDING_ZONE, f"landing zone role {name}", role, (kind,))
    for kind, permission_set, asks in (
        (Kind.SSO_ADMIN, "AdministratorAccess", "foothold"),
        (Kind.SSO_DEVELOPER, "DeveloperAccess", "develop"),
    ):
        role = f"role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_{permission_set}_0123456789abcdef"
        provider = ("aws:FederatedProvider", place.arn("saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"))
        yield director.make_federated(kind, f"Identity Center {permission_set}", role, (asks,), keys=(provider,))


def _callers(
    director: _Director, place: Place, caller: t.Optional[str], entry: t.Optional[str], *, outside: bool
) -> Iterator[Actor]:
    if caller and _account_of(caller) == place.account_id:
        make = director.make_actor if ":user/" in caller else director.make_role
        yield make(Kind.CALLER, "the caller", caller, ("way back",))
    arn = entry or caller or place.arn("role/automation", account_id=place.management_account_id or place.account_id)
    if _account_of(arn) == place.account_id:
        return
    found = director.make_role(
        Kind.AUTOMATION, "a principal that assumes the roles of this collection", arn, ("enter",), foreign=True
    )
    if outside:
        keys = tuple((key, value) for key, value in found.keys if not key.startswith("aws:PrincipalOrg"))
        found = dataclasses.replace(found, keys=keys)
    yield found


def _account_of(arn: str) -> str:
    return arn.split(":")[4]


def _workloads(director: _Director, place: Place) -> Iterator[Actor]:
    region = place.region or place.home
    part = f"{place.partition}:{{}}:{region}:{place.account_id}"
    instance = f"arn:{part.format('ec2')}:instance/i-0123456789abcdef0"
    function = f"arn:{part.format('lambda')}:function:example"
    for name, keys in (
        ("an EC2 instance", (("ec2:SourceInstanceARN", instance), ("ec2:RoleDelivery", "2.0"))),
        ("a Lambda function", (("lambda:SourceFunctionArn", function),)),
        ("an ECS task", ()),
    ):
        yield director.make_role(Kind.WORKLOAD, f"role of {name}", "role/application", ("work",), keys=keys)
    provider = place.arn("oidc-provider/token.actions.githubusercontent.com")
    through = (("aws:FederatedProvider", provider),)
    yield director.make_federated(Kind.CI, "CI role by OIDC", "role/ci-deploy", ("develop",), keys=through)
    # No principal yet: what the token says is not known, and it belongs to no organization.
    token = director.make_actor(Kind.CI, "CI with its token", provider, ("token enters",), foreign=True)
    yield dataclasses.replace(token, keys=(), unknown=(), is_whole=False)
    yield director.make_role(
        Kind.FORWARDED,
        "role of an application, by a service",
        "role/application",
        ("forwarded",),
        keys=_FORWARDED,
    )


def _services(director: _Director) -> Iterator[Actor]:
    linked = "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    yield director.make_role(Kind.SERVICE_LINKED, "service-linked role", linked, ("service-linked",))
    for service in ("ec2.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com"):
        yield dataclasses.replace(
            director.make_actor(Kind.SERVICE, f"service {service}", "root", ("service enters",), foreign=True),
            arn=service,
            keys=(("aws:SecureTransport", "true"),),
            unknown=(),
        )


def _roots(director: _Director, place: Place) -> Iterator[Actor]:
    yield director.make_actor(Kind.ROOT, "root user", "root", ("root",), keys=((_MFA, "true"),), session=True)
    yield director.make_actor(
        Kind.ROOT_TASK,
        "root user by AssumeRoot",
        "root",
        ("root tasks",),
        keys=(("aws:AssumedRoot", "true"),),
        session=True,
        is_critical=place.central_root,
    )


def _users(director: _Director, place: Place) -> Iterator[Actor]:
    daily, own = ("daily",), ("self service", "daily")
    for kind, name, keys in (
        (Kind.USER_WITH_MFA, "user with MFA in the console", _WITH_MFA),
        (Kind.USER_WITHOUT_MFA, "user without MFA in the console", ((_MFA, "false"),)),
    ):
        yield director.make_actor(kind, name, "user/jane", own, keys=keys, session=True)
    # Requests signed with a long-term key lack the key altogether.
    yield director.make_actor(Kind.ACCESS_KEY, "access key of a user", "user/jane", daily)
    yield director.make_actor(Kind.WORKLOAD_USER, "access key of a workload user", "user/workload/backup", ("work",))
    # A service that calls for a user hands on no MFA.
    forwarded = ((_MFA, "false"), *_FORWARDED)
    yield director.make_actor(
        Kind.FORWARDED, "user, by a service", "user/jane", ("forwarded",), keys=forwarded, session=True
    )
    yield director.make_federated(
        Kind.FEDERATED_USER,
        "federated user",
        place.arn("federated-user/jane", service="sts"),
        ("federated",),
        issuer=place.arn("user/jane"),
    )
