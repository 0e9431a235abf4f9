# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sign-in sessions: each is known in the region only that it was opened in. The form of their ARNs is assumed."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException

from emulator.extensions.state import clock

#: The OAuth client that ``aws login`` is.
COMMAND_LINE: t.Final = "arn:aws:signin:::devtools/same-device"
_EPOCH: t.Final = datetime(1970, 1, 1)


class SigninError(ServiceException):
    """An error of Sign-In, which has a code of OAuth besides its own."""

    error = "INVALID_REQUEST"


class ValidationError(SigninError):
    """A parameter is not what it must be."""

    code = "ValidationException"


class AccessDeniedError(SigninError):
    """Another account's sessions are asked for."""

    code = "AccessDeniedException"
    error = "INSUFFICIENT_PERMISSIONS"


class NotFoundError(SigninError):
    """There is no such session, or it belongs to somebody else."""

    code = "ResourceNotFoundException"
    error = "RESOURCE_NOT_FOUND"


@dataclasses.dataclass
class SigninSession:
    """A session of ``aws login``: its credentials last 15 minutes, and it gets new ones until it ends or is revoked."""

    arn: str
    principal_arn: str
    issued: datetime
    expires: datetime
    region: str
    client_id: str = COMMAND_LINE
    client_type: str = "CLI"
    last_used: datetime | None = None
    user_agent: str | None = None
    origin: str | None = None
    status: str = "ACTIVE"
    reason: str | None = None

    def summary(self) -> dict[str, t.Any]:
        """The session as ListSessions answers it."""
        role = {"role": self.principal_arn} if ":role/" in self.principal_arn else {}
        return {
            "sessionArn": self.arn,
            "principalArn": self.principal_arn,
            **role,
            "status": self.status,
            "issuedAt": epoch(self.issued),
            "expiresAt": epoch(self.expires),
            "clientId": self.client_id,
            "clientType": self.client_type,
        }

    def whole(self) -> dict[str, t.Any]:
        """The session as GetSession answers it."""
        more = {
            "lastUsedAt": None if self.last_used is None else epoch(self.last_used),
            "issuedInRegion": self.region,
            "originSessionArn": self.origin,
            "userAgent": self.user_agent,
        }
        return {**self.summary(), **{key: value for key, value in more.items() if value is not None}}

    def belongs_to(self, principal_arn: str) -> bool:
        """Whether it is a session of this user or role, or of this account: ``arn:aws:iam::111122223333:*``."""
        if principal_arn.endswith(":*"):
            return self.principal_arn.split(":")[4] == principal_arn.split(":")[4]
        return self.principal_arn == principal_arn


def epoch(moment: datetime) -> int:
    """Seconds since 1970."""
    return int((moment - _EPOCH) / timedelta(seconds=1))


class SigninBackend(BaseBackend):
    """The sessions of one account that were opened in one region. Those that have ended are not kept."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._sessions: dict[str, SigninSession] = {}

    def add(self, session: SigninSession) -> None:
        """Keep a session."""
        self._sessions[session.arn] = session

    def list_sessions(self, principal_arn: str) -> list[SigninSession]:
        """Those of a principal or of the account, the newest first."""
        found = [one for one in self._sessions.values() if one.belongs_to(principal_arn) and one.expires > clock()]
        return sorted(found, key=lambda one: (one.issued, one.arn), reverse=True)

    def get_session(self, principal_arn: str, session_arn: str) -> SigninSession:
        """Raises NotFoundError."""
        for session in self.list_sessions(principal_arn):
            if session.arn == session_arn:
                return session
        raise NotFoundError(f"Session not found: {session_arn}")


# Sign-In is in every region, and botocore lists none of them.
signin_backends: BackendDict[SigninBackend] = BackendDict(SigninBackend, "ec2")
