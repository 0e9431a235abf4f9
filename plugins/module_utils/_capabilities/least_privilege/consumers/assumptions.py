# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Recorded sessions of roles: who began them, and what they were used for.

The events of AssumeRole and its relatives: https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from ...._policy.trail.callers import invoking_service, moment_of

_STS: t.Final = "sts.amazonaws.com"
_ASSUMING: t.Final = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
# More callers of one role than these are not followed.
_MOST: t.Final = 1000


class CallerSort(enum.StrEnum):
    """The sort of caller that began a session, as far as its event shows it."""

    PERSON = "person"
    PIPELINE = "pipeline"
    POD = "pod"
    SERVICE = "service"
    ROLE = "role"
    PROGRAM = "program"


@dataclasses.dataclass(frozen=True)
class Assumption:
    """Sessions of one role that the same caller began. ``caller`` is an ARN, a service, or the user at a provider.

    ``invoked_by`` is the service that called for the caller. ``session_names`` are some of the names of the sessions.
    """

    role_arn: str
    caller: str
    sort: CallerSort
    count: int
    last: datetime
    invoked_by: str = ""
    session_names: tuple[str, ...] = ()

    @property
    def is_machine(self) -> bool:
        """Whether it is not known to be a person."""
        return self.sort is not CallerSort.PERSON


class AssumptionScan:
    """Collects the sessions of some roles, one event at a time. Calls that were denied began none.

    ``role_ids`` has the unique ids (``AROA…``) of the roles by their ARNs, empty where one is not known. Sessions of an
    earlier role of the same name are left out by it.
    """

    def __init__(self, role_ids: Mapping[str, str]) -> None:
        self._roles: t.Final = dict(role_ids)
        self._found: t.Final[dict[tuple[str, str, CallerSort, str], Assumption]] = {}
        self.is_complete = True

    def add(self, record: t.Any) -> None:
        """Read one event of any kind."""
        if not isinstance(record, dict) or _text(record, "eventName") not in _ASSUMING or record.get("errorCode"):
            return
        role, when = _find_role(record), moment_of(record)
        if record.get("eventSource") != _STS or role not in self._roles or when is None:
            return
        shown, known = _find_role_id(record), self._roles[role]
        if shown and known and shown != known:
            return
        identity = record.get("userIdentity")
        if isinstance(identity, dict):
            self._note(role, record, identity, when)

    def _note(self, role: str, record: Mapping[str, t.Any], identity: Mapping[str, t.Any], when: datetime) -> None:
        caller, sort = _find_caller(record, identity)
        key = (role, caller, sort, invoking_service(record))
        known = self._found.get(key)
        if known is None and len(self._found) >= _MOST * max(1, len(self._roles)):
            self.is_complete = False
            return
        known = known or Assumption(role, caller, sort, 0, when, key[3])
        names = dict.fromkeys((*known.session_names, _text(record.get("requestParameters"), "roleSessionName")))
        self._found[key] = dataclasses.replace(
            known, count=known.count + 1, last=max(known.last, when), session_names=tuple(filter(None, names))[:5]
        )

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What was found, in a stable order."""
        return tuple(sorted(self._found.values(), key=lambda one: (one.role_arn, one.caller, one.sort, one.invoked_by)))


def _find_role(record: Mapping[str, t.Any]) -> str:
    """Find the ARN of the role, with its path: it is in the request."""
    return _text(record.get("requestParameters"), "roleArn")


def _find_role_id(record: Mapping[str, t.Any]) -> str:
    """Find the unique id of the role, which the answer has before the name of the session."""
    answer = record.get("responseElements")
    user = answer.get("assumedRoleUser") if isinstance(answer, dict) else None
    return _text(user, "assumedRoleId").partition(":")[0]


def _find_caller(record: Mapping[str, t.Any], identity: Mapping[str, t.Any]) -> tuple[str, CallerSort]:
    kind = identity.get("type")
    if kind == "AWSService":
        return _text(identity, "invokedBy") or "an AWS service", CallerSort.SERVICE
    if kind == "SAMLUser":
        return _describe_user(identity), CallerSort.PERSON
    if kind == "WebIdentityUser":
        is_pod = "oidc.eks." in _text(identity, "identityProvider")
        return _describe_user(identity), CallerSort.POD if is_pod else CallerSort.PIPELINE
    if kind == "AssumedRole":
        session = identity.get("sessionContext")
        issuer = _text(session.get("sessionIssuer") if isinstance(session, dict) else None, "arn")
        is_person = _had_mfa(identity) or "/aws-reserved/sso.amazonaws.com/" in issuer
        return issuer or _text(identity, "arn"), CallerSort.PERSON if is_person else CallerSort.ROLE
    # Of a caller in another account, an event may have the account only.
    who = _text(identity, "arn") or _text(identity, "accountId") or "an unknown caller"
    # A long-term key has no session with MFA: the device is in the request.
    serial = _text(record.get("requestParameters"), "serialNumber")
    is_person = bool(serial) or _had_mfa(identity) or _came_from_console(record)
    return who, CallerSort.PERSON if is_person else CallerSort.PROGRAM


def _describe_user(identity: Mapping[str, t.Any]) -> str:
    """Describe a user at an identity provider. The provider is an ARN, or the name of one that AWS knows."""
    provider, user = _text(identity, "identityProvider"), _text(identity, "userName")
    provider = provider or _text(identity, "principalId").rpartition(":")[0]
    return f"{user} at {provider}" if user and provider else user or provider or "an unknown user"


def _had_mfa(identity: Mapping[str, t.Any]) -> bool:
    session = identity.get("sessionContext")
    attributes = session.get("attributes") if isinstance(session, dict) else None
    return _text(attributes, "mfaAuthenticated") == "true"


def _came_from_console(record: Mapping[str, t.Any]) -> bool:
    """Whether a person switched the role in the console: its sign-in service then calls STS."""
    return _text(record, "userAgent") == "signin.amazonaws.com"


def _text(record: t.Any, key: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, str) else ""


def find_last(assumptions: Iterable[Assumption], role_arn: str, caller: str) -> t.Optional[datetime]:
    """Find the last time that a caller began a session of a role."""
    return max((one.last for one in assumptions if (one.role_arn, one.caller) == (role_arn, caller)), default=None)
