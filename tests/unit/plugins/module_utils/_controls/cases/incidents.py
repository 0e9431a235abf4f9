# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leaked credentials leave behind: AWS's quarantine, revoked sessions, and quarantines of this collection."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, PolicyDocument, Snapshot

from ..case_tables import cases
from ..samples import arn, document, role, snapshot, unread, user
from .case import Case

_BY_AWS: t.Final = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html"
_REVOKED: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html"
_OWN: t.Final = "docs/incident.md"
_QUARANTINE: t.Final = "iam-hardening:quarantine"
_INCIDENT: t.Final = "iam-hardening:incident"
_POLICY: t.Final = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantine"
_DENY_ALL: t.Final = arn("policy", "iam-hardening/quarantine-deny-all")
_CUT: t.Final = arn("policy", "iam-hardening/incident-INC-7-AROAEXAMPLE")
_OF_ANOTHER: t.Final = arn("policy", "teams/quarantine-deny-all")
_UNREAD: t.Final = {"unread": (unread(Dataset.AUTHORIZATION_DETAILS),)}
_SERVICE: t.Final = {
    "path": "/aws-service-role/x.amazonaws.com/",
    "arn": arn("role", "aws-service-role/x.amazonaws.com/app"),
}

Build = Callable[[], Snapshot]


def _user(**fields: t.Any) -> Build:
    return lambda: snapshot(users=(user("alice"), user("bob", **fields)))


def _role(**fields: t.Any) -> Build:
    return lambda: snapshot(roles=(role("app", **fields),))


def _inline(name: str) -> dict[str, tuple[PolicyDocument, ...]]:
    return {"inline_policies": (document({"Effect": "Deny", "Action": "*", "Resource": "*"}, name=name),)}


CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "user_quarantined_by_aws",
        _BY_AWS,
        FAIL={
            "the first version": _user(attached_policies=(_POLICY,)),
            "the third version": _user(attached_policies=(f"{_POLICY}V3",)),
            "a version to come": _user(attached_policies=(f"{_POLICY}V4",)),
            "in China": _user(attached_policies=("arn:aws-cn:iam::aws:policy/AWSCompromisedKeyQuarantineV2",)),
            "contained as well": _user(
                attached_policies=(f"{_POLICY}V3",), tags={_QUARANTINE: "true", _INCIDENT: "INC-7"}
            ),
        },
        PASS={
            "another policy of AWS": _user(attached_policies=("arn:aws:iam::aws:policy/AWSDenyAll",)),
            "an own policy of that name": _user(attached_policies=(arn("policy", "AWSCompromisedKeyQuarantineV3"),)),
        },
        NOT_APPLICABLE={"no user": lambda: snapshot(users=())},
        NOT_ASSESSED={"policies that may not be read": lambda: snapshot(**_UNREAD)},
    ),
    *cases(
        "role_sessions_revoked",
        _REVOKED,
        FAIL={
            "by the console": _role(**_inline("AWSRevokeOlderSessions")),
            "by an inline policy of an incident": _role(**_inline("IamHardeningIncident-INC-7")),
            "by a managed policy of an incident": _role(attached_policies=(_CUT,)),
        },
        PASS={
            "another inline policy": _role(**_inline("RevokeNothing")),
            "a policy of an incident elsewhere": _role(attached_policies=(arn("policy", "teams/incident-x"),)),
        },
        NOT_APPLICABLE={
            "no role": lambda: snapshot(roles=()),
            "roles of services": _role(**_SERVICE, **_inline("AWSRevokeOlderSessions")),
        },
        NOT_ASSESSED={"policies that may not be read": lambda: snapshot(**_UNREAD)},
    ),
    *cases(
        "quarantine_without_incident",
        _OWN,
        FAIL={
            "a tag alone": _user(tags={_QUARANTINE: "true"}),
            "a tag that says no": _user(tags={_QUARANTINE: "false"}),
            "a tag and no id": _user(tags={_QUARANTINE: "true", _INCIDENT: "../7"}),
            "an empty id": _user(tags={_QUARANTINE: "true", _INCIDENT: ""}),
            "the policy": _user(attached_policies=(_DENY_ALL,)),
            "the boundary": _user(boundary=_DENY_ALL),
            "the inline policy": _user(**_inline("IamHardeningQuarantine")),
            "a role": _role(tags={_QUARANTINE: "true"}),
        },
        PASS={
            "with its incident": _user(attached_policies=(_DENY_ALL,), tags={_QUARANTINE: "true", _INCIDENT: "INC-7"}),
            "other tags": _user(tags={"team": "quarantine"}),
            "a policy of another path": _user(attached_policies=(_OF_ANOTHER,)),
        },
        NOT_APPLICABLE={"nobody": lambda: snapshot(users=(), roles=())},
        NOT_ASSESSED={"policies that may not be read": lambda: snapshot(**_UNREAD)},
    ),
)
