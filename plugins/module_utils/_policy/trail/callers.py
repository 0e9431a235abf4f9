# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who made a call, whether it was allowed, and which events are no calls that count.

The fields of an event: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
and https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..documents.arn import arn_account, arn_parts
from .resources import Names

Record = Mapping[str, t.Any]


class SkipReason(enum.StrEnum):
    """The reasons why an event is no use of a permission, or none that can be judged."""

    MALFORMED = "it is no event as CloudTrail writes them"
    NO_PERMISSION = "it needs no permission: AWS did it, a sign-in, or an operation that is open to all"
    DENIED = "it was denied, so that nothing can be lost"
    SERVICE = "an AWS service did it by itself, or by its service-linked role"
    ROOT = "the root user did it, whom policies of principals do not limit"
    FOREIGN = "the caller is no user and no role of this account"
    OTHER = "another principal did it"
    EARLIER = "an earlier principal of the same name did it"
    EXCLUDED = "exclude_evidence leaves it out"
    OTHER_ACCOUNT = "it is an event of another account"
    MISPLACED = "its region or its time does not fit the file that it is in"
    UNVERIFIED = "its file is not as CloudTrail wrote it"
    TOO_MANY = "it has more different actions than AWS has"


# Only these are calls; other events are sign-ins, actions of services and unusual activity.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
_CALLS: t.Final = frozenset({"AwsApiCall"})
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html,
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
_FREE: t.Final = frozenset({("sts", "getcalleridentity"), ("sts", "getsessiontoken")})
# Services say in many ways that a call is not allowed. DryRunOperation says that it would have been.
_DENIALS: t.Final = frozenset(
    {
        *("accessdenied", "authfailure", "authorizationerror", "notauthorized", "unauthorized"),
        *("allaccessdisabled", "unauthorizedoperation"),
    }
)
# Cognito calls a wrong password so, in the answer to a call that was allowed:
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html
_ALLOWED_ALL_THE_SAME: t.Final = frozenset({("cognito-idp", "notauthorized"), ("cognito-identity", "notauthorized")})
_CONSOLE: t.Final = "console.amazonaws.com"
# EC2 answers so to a request with DryRun that it would have allowed:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html
_DRY_RUN: t.Final = "dryrunoperation"
_SERVICE: t.Final = re.compile(r"[\w.-]{1,128}\Z")
# The clocks of two services may differ: a new role's first call is not older than the role for that.
_CLOCKS_DIFFER: t.Final = timedelta(minutes=5)


def is_call(record: Record) -> bool:
    """Whether an event is a call, and no sign-in, action of a service or unusual activity."""
    kind = record.get("eventType", "AwsApiCall")
    return isinstance(kind, str) and kind in _CALLS


def needs_no_permission(service: str, event_name: str) -> bool:
    """Whether an operation is open to all."""
    return service == "signin" or (service, event_name.lower()) in _FREE


@dataclasses.dataclass(frozen=True)
class KnownPrincipal:
    """The unique id of a principal as it is today (``AROA…``, ``AIDA…``), and when it was made; each if known."""

    unique_id: str = ""
    created: t.Optional[datetime] = None

    def is_of(self, record: Record, when: t.Optional[datetime]) -> bool:
        """Whether an event is of this principal, and not of an earlier one with the same name.

        An event that shows no unique id is judged by its time.
        """
        shown = unique_id_of(record["userIdentity"])
        if shown and self.unique_id:
            return shown == self.unique_id
        return when is None or self.created is None or when >= self.created - _CLOCKS_DIFFER


def unique_id_of(identity: Record) -> str:
    """The unique id of the user or role behind a call; empty where the event does not show it."""
    session = identity.get("sessionContext")
    issuer = session.get("sessionIssuer") if isinstance(session, dict) else None
    shown = issuer.get("principalId") if isinstance(issuer, dict) else None
    if not isinstance(shown, str) or not shown:
        shown = identity.get("principalId")
    return shown.partition(":")[0] if isinstance(shown, str) else ""


def is_of_account(record: Record, principal_arn: str, account_id: str) -> bool:
    """Whether an event was delivered to an account, and is of a principal of it, by all that it shows of both."""
    recipient, owner = record.get("recipientAccountId"), record["userIdentity"].get("accountId")
    if recipient not in (None, account_id) or owner not in (None, account_id):
        return False
    return _owner_of(principal_arn) == account_id


@functools.lru_cache(maxsize=8192)
def _owner_of(principal_arn: str) -> t.Optional[str]:
    return arn_account(principal_arn)


def invoking_service(record: Record) -> str:
    """The service that called on behalf of the caller; empty for a call by itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
    """
    service = record["userIdentity"].get("invokedBy")
    return service if isinstance(service, str) and (_SERVICE.match(service) or service == "AWS Internal") else ""


def principal_of(identity: Record, names: Names) -> t.Union[str, SkipReason]:
    """The ARN of the user or the role, with its path, that made a call, or why there is none.

    The ARN of a session lacks the path of its role, which the issuer of the session has; where an event leaves that
    out, ``names`` has the role. Calls that a service makes in the name of a caller (forward access sessions) are the
    caller's: they need its permissions.
    """
    kind = identity.get("type")
    if kind == "Root":
        return SkipReason.ROOT
    if kind == "AWSService":
        return SkipReason.SERVICE
    arn = identity.get("arn") if kind == "IAMUser" else None
    if kind in ("AssumedRole", "FederatedUser", "Role"):
        session = identity.get("sessionContext")
        issuer = session.get("sessionIssuer") if isinstance(session, dict) else None
        arn = issuer.get("arn") if isinstance(issuer, dict) else None
        arn = arn or _role_of_session(identity.get("arn"), names)
    return _sort_principal(arn) if isinstance(arn, str) else SkipReason.FOREIGN


@functools.lru_cache(maxsize=8192)
def _sort_principal(arn: str) -> t.Union[str, SkipReason]:
    parts = arn_parts(arn)
    if parts is None or parts.resource.partition("/")[0] not in ("user", "role"):
        # Root as the issuer of a federated session among them.
        return SkipReason.FOREIGN
    return SkipReason.SERVICE if parts.resource.startswith("role/aws-service-role/") else arn


def _role_of_session(session_arn: object, names: Names) -> t.Optional[str]:
    """The ARN of the role behind ``assumed-role/NAME/session``, of the same account."""
    parts = arn_parts(session_arn) if isinstance(session_arn, str) else None
    if parts is None or not parts.resource.startswith("assumed-role/"):
        return None
    role = names.get(f"role/{parts.resource.split('/')[1]}")
    return role if role and arn_account(role) == parts.account else None


def was_denied(record: Record, service: str) -> bool:
    """Whether a call failed for want of permission; what failed otherwise may have been allowed, and counts."""
    code = record.get("errorCode")
    if not isinstance(code, str):
        return False
    name = code.rpartition(".")[2].lower().removesuffix("exception")
    return name in _DENIALS and (service, name) not in _ALLOWED_ALL_THE_SAME


def was_dry_run(record: Record) -> bool:
    """Whether EC2 only checked a request, and would have allowed it."""
    code = record.get("errorCode")
    return isinstance(code, str) and code.rpartition(".")[2].lower() == _DRY_RUN


def came_from_console(record: Record) -> bool:
    """Whether the console made a call, for a person who looked at its pages."""
    agent = record.get("userAgent")
    is_agent = isinstance(agent, str) and _CONSOLE in agent
    return is_agent or record.get("sessionCredentialFromConsole") == "true"


def access_key(identity: Record) -> str:
    """The id of the access key that signed; empty where there is none."""
    key = identity.get("accessKeyId")
    return key if isinstance(key, str) else ""


def long_term_key(identity: Record) -> t.Optional[str]:
    """The access key of a user or of the root user; those of sessions begin with ASIA."""
    key = access_key(identity)
    return key if key.startswith("AKIA") else None


def moment_of(record: t.Any) -> t.Optional[datetime]:
    """When an event happened; None where it does not say so."""
    text = record.get("eventTime") if isinstance(record, dict) else None
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
