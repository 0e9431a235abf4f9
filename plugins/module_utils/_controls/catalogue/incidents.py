# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Traces of leaked credentials: what AWS, the console or this collection wrote to contain somebody.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""

from __future__ import annotations

import re
import typing as t

from ..._account.model import Dataset, Role, User
from ..._converge.finding import Remediation, Severity
from ..._converge.incident.names import is_incident_id
from ..control import Control, Failure, Scope, Verdict, listing, maps
from ..problem import Problem

_THEME: t.Final = "incidents"
#: What the containment of this collection writes. ``_capabilities`` has the same names.
QUARANTINE_TAG: t.Final = "iam-hardening:quarantine"
INCIDENT_TAG: t.Final = "iam-hardening:incident"
INLINE_POLICY: t.Final = "IamHardeningQuarantine"
INLINE_PREFIX: t.Final = "IamHardeningIncident-"
#: The inline policy by which the console ends the sessions of a role.
REVOKED: t.Final = "AWSRevokeOlderSessions"
_BY_AWS: t.Final = re.compile(r"arn:[a-z-]+:iam::aws:policy/(AWSCompromisedKeyQuarantine\w*)")
_DENY_POLICY: t.Final = ":policy/iam-hardening/quarantine-deny-all"
_MANAGED_PREFIX: t.Final = ":policy/iam-hardening/incident-"

Principal = t.Union[User, Role]


def _check_quarantined_by_aws(scope: Scope) -> Verdict:
    users = scope.snapshot.users
    if not users:
        return Verdict(0, "users", not_applicable="the account has no user")
    failures = []
    for user in users:
        names = sorted(found[1] for arn in user.attached_policies if (found := _BY_AWS.fullmatch(arn)))
        if names:
            contained = user.tags.get(INCIDENT_TAG, "") if QUARANTINE_TAG in user.tags else ""
            is_known = is_incident_id(contained)
            said = f". Its tags say that incident {contained} contains it" if is_known else ", which contains nothing"
            failures.append(Failure(user.arn, f"AWS attached {listing(names)}{said}", {"by_aws": names}))
    return Verdict(len(users), "users", tuple(failures))


def _check_sessions_revoked(scope: Scope) -> Verdict:
    roles = [role for role in scope.snapshot.roles if not role.is_aws_reserved]
    if not roles:
        return Verdict(0, "roles", not_applicable="the account has no role of its own")
    failures = tuple(
        Failure(role.arn, f"denies sessions by {listing(names)}", {"denied_by": names})
        for role in roles
        if (names := _list_cuts(role))
    )
    return Verdict(len(roles), "roles", failures)


def _list_cuts(role: Role) -> list[str]:
    inline = [document.name for document in role.inline_policies]
    cuts = [name for name in inline if name == REVOKED or name.startswith(INLINE_PREFIX)]
    return sorted(cuts + [_name_of(arn) for arn in role.attached_policies if _MANAGED_PREFIX in arn])


def _check_quarantine_without_incident(scope: Scope) -> Verdict:
    principals: tuple[Principal, ...] = (
        *scope.snapshot.users,
        *(role for role in scope.snapshot.roles if not role.is_aws_reserved),
    )
    if not principals:
        return Verdict(0, "principals", not_applicable="the account has neither a user nor a role of its own")
    failures = []
    for principal in principals:
        traces = _list_traces(principal)
        said = principal.tags.get(INCIDENT_TAG)
        if traces and not is_incident_id(said or ""):
            names = f"its tag {INCIDENT_TAG} is no id" if said else f"it has no tag {INCIDENT_TAG}"
            failures.append(
                Failure(principal.arn, f"is quarantined by {listing(traces)}, and {names}", {"traces": traces})
            )
    return Verdict(len(principals), "principals", tuple(failures))


def _list_traces(principal: Principal) -> list[str]:
    """List what of a quarantine of this collection a principal has."""
    boundary = principal.boundary or ""
    return [
        *([f"the tag {QUARANTINE_TAG}"] if QUARANTINE_TAG in principal.tags else []),
        *(f"the policy {_name_of(arn)}" for arn in principal.attached_policies if arn.endswith(_DENY_POLICY)),
        *([f"the boundary {_name_of(boundary)}"] if boundary.endswith(_DENY_POLICY) else []),
        *(f"the inline policy {one.name}" for one in principal.inline_policies if one.name == INLINE_POLICY),
    ]


def _name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


CONTROLS: t.Final = (
    Control(
        id="user_quarantined_by_aws",
        title="AWS has quarantined no user",
        problem=Problem("User was quarantined by AWS", "users were quarantined by AWS"),
        severity=Severity.CRITICAL,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        check=_check_quarantined_by_aws,
        expected="no user with the policy AWSCompromisedKeyQuarantine of AWS, in any version",
        rationale=(
            "AWS attaches this policy when it finds an access key in public. The policy denies some actions only: the "
            "key still assumes roles, reads secrets and writes objects."
        ),
        blind="whether AWS attached the policy, or somebody who may attach policies.",
        remediation=Remediation(
            "Contain the user with contain.yml (docs/incident.md). Detach the policy of AWS only once its support case "
            "says so.",
            "hardening.iam.credential_quarantine",
        ),
        compliance=maps(nist=("AC-2(13)", "IR-4"), soc2="CC7.4"),
    ),
    Control(
        id="quarantine_without_incident",
        title="Every quarantine names its incident",
        problem=Problem("Quarantine names no incident", "quarantines name no incident"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        check=_check_quarantine_without_incident,
        expected=(
            f"each user and role with the tag {QUARANTINE_TAG} or a policy of a quarantine has the id of an incident "
            f"in the tag {INCIDENT_TAG}"
        ),
        rationale=(
            "A quarantine denies everything. One without an incident was not made by contain.yml, or was not finished: "
            "somebody locks a workload out by a tag, or a containment was killed."
        ),
        blind="whether the incident has a record. Tags are hints, because anybody who may tag can write them.",
        remediation=Remediation(
            "Find out in CloudTrail who wrote it. If an incident is open, run contain.yml again. Else remove the tag "
            "and the policy."
        ),
        compliance=maps(nist=("IR-4",), soc2="CC7.4"),
    ),
    Control(
        id="role_sessions_revoked",
        title="No role denies sessions because of an incident",
        problem=Problem("Role denies sessions because of an incident", "roles deny sessions because of an incident"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        check=_check_sessions_revoked,
        expected=f"no role with {REVOKED} of the console, or with a policy of an incident of this collection",
        rationale=(
            "Such a policy says that somebody ended the sessions of the role. Look at whether the incident is over. A "
            "policy that stays denies nothing new, and takes room from others."
        ),
        blind="who revoked the sessions, and why.",
        remediation=Remediation(
            "End the incident with release.yml. Delete AWSRevokeOlderSessions by hand, 12 hours after its time at the "
            "earliest."
        ),
        compliance=maps(nist=("IR-4",), soc2="CC7.4"),
    ),
)
