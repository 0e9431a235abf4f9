# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which roles are excused from controls on administrators, and why: never for their name alone.

A role is excused by what nobody can take without the rights to it: a path in which only AWS makes roles, a trust that
lets in nobody but the owner of the name, or a variable of the user. A name that AWS Organizations, Control Tower or the
CDK give their roles says which trust the role must have. Where the trust leads on (to CloudFormation, or to everybody
whom the account allows to assume a role), those who can take that way are findings of ``privilege_escalation_path``.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from collections.abc import Collection, Iterable, Mapping

from .._account.model import Role, User
from .._converge.arn import is_declared
from .._policy.analysis.trusts import Trust
from .._policy.documents.arn import arn_account, root_account
from .._policy.evaluation.caller import Pair
from .._policy.evaluation.truth import NO
from .control import Failure, Scope
from .facts import OWN_PATH, Facts

_SERVICE_LINKED: t.Final = ":role/aws-service-role/"


class Way(enum.Enum):
    """A kind of principal that the trust of an excused role may name; the text is for the documentation."""

    MANAGEMENT = "the organization's management account"
    KNOWN = "accounts of `thresholds.trusted_account_ids`"
    ORGANIZATION = "accounts that the trust requires to be in the account's own organization"
    OWN_ACCOUNT = "the role's own account as a whole"
    OWN_NARROWED = (
        "the role's own account as a whole, under conditions that users satisfy only with MFA or an external id"
    )
    OWN_ROLES = "roles of the role's own account"
    SERVICE_LINKED = "service-linked roles of the management account, or of an account that is listed as trusted"


@dataclasses.dataclass(frozen=True)
class Design:
    """Roles that are administrators by design: their names, and who alone may come in if one is to be excused.

    ``name`` is a regular expression for the whole name, in which ``{account}`` is the id of the role's account; an
    empty one stands for all roles below the path of this collection.
    """

    name: str
    reason: str
    ways: tuple[Way, ...]
    source: str
    services: tuple[str, ...] = ()


_DECLARED: t.Final = "declared as break-glass"
_CONTROL_TOWER: t.Final = "https://docs.aws.amazon.com/controltower/latest/userguide/roles-how.html"
_CDK: t.Final = "https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"

DESIGNS: t.Final = (
    Design(
        name="OrganizationAccountAccessRole",
        reason="only the management account can assume it",
        ways=(Way.MANAGEMENT,),
        source="https://docs.aws.amazon.com/organizations/latest/userguide/"
        "orgs_manage_accounts_access-cross-account-role.html",
    ),
    Design(
        name="AWSControlTowerExecution",
        reason="only the management account, from which AWS Control Tower works, can assume it",
        ways=(Way.MANAGEMENT,),
        source=_CONTROL_TOWER,
    ),
    Design(
        name="AWSControlTower(Admin|StackSetRole|CloudTrailRole|ConfigAggregatorRoleForOrganizations)",
        reason="only AWS Control Tower and the services it works with can assume it",
        ways=(),
        source=_CONTROL_TOWER,
        services=(
            "controltower.amazonaws.com",
            "cloudformation.amazonaws.com",
            "cloudtrail.amazonaws.com",
            "config.amazonaws.com",
        ),
    ),
    Design(
        name="AWSAFT(Execution|Service)",
        reason="only Account Factory for Terraform, in an account that is listed as trusted, can assume it",
        ways=(Way.MANAGEMENT, Way.KNOWN),
        source="https://docs.aws.amazon.com/controltower/latest/userguide/aft-required-roles.html",
    ),
    Design(
        name="AWSAccelerator.*",
        reason="only the management account and accounts that are listed as trusted can assume it",
        ways=(Way.MANAGEMENT, Way.KNOWN),
        source="https://docs.aws.amazon.com/solutions/latest/landing-zone-accelerator-on-aws/",
    ),
    Design(
        name="cdk-[a-z0-9]{{1,10}}-cfn-exec-role-{account}-[a-z0-9-]+",
        reason="only CloudFormation can assume it",
        ways=(),
        source=_CDK,
        services=("cloudformation.amazonaws.com",),
    ),
    Design(
        name="cdk-[a-z0-9]{{1,10}}-(deploy|file-publishing|image-publishing|lookup)-role-{account}-[a-z0-9-]+",
        reason="only those whom this account, or one that is listed as trusted, allows it can assume it",
        ways=(Way.MANAGEMENT, Way.KNOWN, Way.OWN_ACCOUNT),
        source=_CDK,
    ),
    Design(
        name="stacksets-exec-[0-9a-f]{{32}}",
        reason="only a service-linked role of CloudFormation StackSets can assume it",
        ways=(Way.SERVICE_LINKED,),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/"
        "stacksets-orgs-activate-trusted-access.html",
    ),
    Design(
        name="",
        reason="a role of this collection, into which its trust lets nobody from outside, and no user without MFA or an"
        " external id",
        ways=(Way.MANAGEMENT, Way.KNOWN, Way.ORGANIZATION, Way.OWN_NARROWED, Way.OWN_ROLES),
        source="examples/bootstrap",
    ),
)


class Standing(t.NamedTuple):
    """Whether a role is excused: the reason, or why that is not known; neither where it is judged like any other.

    ``approved``: by a variable, as an administrator.
    """

    reason: t.Optional[str] = None
    doubt: t.Optional[str] = None
    approved: bool = False


def standing_of(
    facts: Facts,
    role: Role,
    *,
    approved: Iterable[str] = (),
    trusted: Iterable[str] = (),
    break_glass: Iterable[str] = (),
) -> Standing:
    """Whether a role is excused. ``approved`` and ``break_glass`` are ARN globs, ``trusted`` are account ids."""
    if role.is_aws_reserved:
        return Standing(_of_path(role))
    if is_declared(role.arn, break_glass):
        return Standing(_DECLARED)
    if is_declared(role.arn, approved):
        return Standing("named in thresholds.approved_administrators", approved=True)
    design = _design_of(role, facts.snapshot.account_id)
    if design is None:
        return Standing()
    trust = facts.trust(role)
    if trust is None:
        return Standing(doubt="its trust policy could not be parsed")
    return _judge_trust(design, trust, _Accounts(facts, frozenset(trusted)))


def _of_path(role: Role) -> str:
    """Why a role below a path of AWS is excused, whatever its trust: nobody else can make or change roles there."""
    if role.is_service_linked:
        return "a service-linked role, which only AWS can make and its service assume"
    return "IAM Identity Center made it, in a path where nobody else can"


def _design_of(role: Role, account: str) -> t.Optional[Design]:
    for design in DESIGNS:
        pattern = design.name.format(account=account)
        if re.fullmatch(pattern, role.name) if pattern else role.path.startswith(OWN_PATH):
            return design
    return None


class _Accounts(t.NamedTuple):
    """Which accounts are inside."""

    facts: Facts
    trusted: frozenset[str]

    @property
    def own(self) -> str:
        return self.facts.snapshot.account_id

    @property
    def management(self) -> t.Optional[str]:
        """The management account, where it is another one: from inside it proves nothing."""
        organization = self.facts.organization
        found = organization.management_account_id if organization is not None else None
        return found if found != self.own else None


def _judge_trust(design: Design, trust: Trust, accounts: _Accounts) -> Standing:
    named = trust.principals
    if not named:
        return Standing()
    others = [pair for pair in named if not _may_come(design, pair, trust, accounts)]
    if not others:
        return Standing(design.reason)
    # Each may be the management account, of which AWS did not say which it is.
    maybe = {account for kind, value in others if kind == "AWS" and (account := arn_account(value)) is not None}
    if accounts.facts.knows_organization or Way.MANAGEMENT not in design.ways or len(maybe) != 1:
        return Standing()
    if any(kind != "AWS" or ":user/" in value or arn_account(value) in (None, accounts.own) for kind, value in others):
        return Standing()
    return Standing(doubt=f"whether {maybe.pop()}, which it trusts, is the management account was not read")


def _may_come(design: Design, pair: Pair, trust: Trust, accounts: _Accounts) -> bool:
    """Whether an entry of a trust policy is one of those whom the owner of the name lets in."""
    kind, value = pair
    if kind == "Service":
        return value in design.services
    account = arn_account(value)
    if kind != "AWS" or account is None or ":user/" in value:
        return False
    return any(_takes(way, value, account, trust, accounts) for way in design.ways)


def _takes(way: Way, value: str, account: str, trust: Trust, accounts: _Accounts) -> bool:
    inside = {accounts.management, *accounts.trusted} - {None}
    if way is Way.MANAGEMENT:
        return account == accounts.management
    if way is Way.KNOWN:
        return account in accounts.trusted
    if way is Way.SERVICE_LINKED:
        return _SERVICE_LINKED in value and account in inside
    if way is Way.ORGANIZATION:
        return account != accounts.own and trust.lets_in(account) is NO
    if account != accounts.own:
        return False
    if way is Way.OWN_ROLES:
        return ":role/" in value
    whole = root_account(value) is not None
    return whole and (way is Way.OWN_ACCOUNT or not trust.lets_users_in())


def standing(scope: Scope, role: Role) -> Standing:
    """Whether a role is excused under the variables of an assessment."""
    return standing_of(
        scope.facts,
        role,
        approved=scope.settings.approved_administrators,
        trusted=scope.settings.trusted_account_ids,
        break_glass=scope.break_glass,
    )


class Excuses:
    """Those whom a control excuses, for its evidence."""

    def __init__(self) -> None:
        self._by_reason: dict[str, set[str]] = {}

    def add(self, principal: t.Union[User, Role], reason: str) -> None:
        self._by_reason.setdefault(reason, set()).add(principal.name)

    def __or__(self, other: Excuses) -> Excuses:
        both = Excuses()
        for each in (self, other):
            for reason, names in each._by_reason.items():
                both._by_reason.setdefault(reason, set()).update(names)
        return both

    @property
    def evidence(self) -> Mapping[str, t.Any]:
        """The names by reason, as a member of what was observed; empty where nobody was excused."""
        found = {reason: sorted(names) for reason, names in sorted(self._by_reason.items())}
        return {"excused": found} if found else {}


def of_aws(roles: Iterable[Role]) -> Excuses:
    """The roles that AWS owns, by their paths."""
    excused = Excuses()
    for role in roles:
        if role.is_aws_reserved:
            excused.add(role, _of_path(role))
    return excused


def sort_out(scope: Scope, roles: Collection[Role]) -> tuple[tuple[Role, ...], tuple[tuple[Role, str], ...], Excuses]:
    """The roles that are judged like any other, those of which it is not known whether (and why), and the excused."""
    judged, doubtful, excused = [], [], Excuses()
    for role in roles:
        found = standing(scope, role)
        if found.reason is not None:
            excused.add(role, found.reason)
        elif found.doubt is not None:
            doubtful.append((role, found.doubt))
        else:
            judged.append(role)
    return tuple(judged), tuple(doubtful), excused


def find_declared_users(scope: Scope) -> Excuses:
    """Find the users that are declared as break-glass: they may become administrators in emergencies."""
    excused = Excuses()
    for user in scope.snapshot.users:
        if is_declared(user.arn, scope.break_glass):
            excused.add(user, _DECLARED)
    return excused


def list_unjudged(doubtful: Iterable[tuple[Role, str]], what: str) -> tuple[Failure, ...]:
    """List the roles that may or may not be excused, each as a resource that could not be judged."""
    return tuple(Failure(role.arn, f"{role.name}: {what}; {doubt}", {"excused": None}) for role, doubt in doubtful)
