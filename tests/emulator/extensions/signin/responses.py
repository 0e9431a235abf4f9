# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ListSessions, GetSession and BatchRevokeSessions, in the shapes of botocore's model.

A revoked session gets no new credentials; those that it has are good for 15 minutes more.
"""

from __future__ import annotations

import base64
import binascii
import re
import typing as t

from moto.core.responses import ActionResult, BaseResponse

from emulator.extensions.signin.models import (
    AccessDeniedError,
    NotFoundError,
    SigninBackend,
    ValidationError,
    epoch,
    signin_backends,
)
from emulator.identity import caller_of

_MOST_RESULTS: t.Final = 100
_MOST_REVOKED: t.Final = 5
_LONGEST_REASON: t.Final = 256
# Of botocore's model: a principal has no path here, and no partition but aws.
_PRINCIPAL: t.Final = re.compile(
    r"arn:aws:(?:(?:iam::\d{12}:(?:role|user)/[\w+=,.@-]{1,64})|(?:sts::\d{12}:federated-user/[\w+=,.@-]{2,193})"
    r"|(?:iam::\d{12}:(?:root|[*])))"
)


class SigninResponse(BaseResponse):
    """moto calls the method that is named as the operation."""

    def __init__(self) -> None:
        super().__init__(service_name="signin")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> SigninBackend:
        """The sessions of the caller's account in the region that was called."""
        return t.cast(SigninBackend, signin_backends[self.current_account][self.region])

    def list_sessions(self) -> ActionResult:
        """POST /list-sessions; filters are combined."""
        status, client = self._get_param("status"), self._get_param("clientId")
        after, before = self._get_param("issuedAfter"), self._get_param("issuedBefore")
        found = [
            session.summary()
            for session in self.backend.list_sessions(self._principal())
            if status in (None, session.status)
            and client in (None, session.client_id)
            and (after is None or epoch(session.issued) >= after)
            and (before is None or epoch(session.issued) < before)
        ]
        start, most = self._start(), self._get_param("maxResults") or _MOST_RESULTS
        if not 1 <= most <= _MOST_RESULTS:
            raise ValidationError(f"maxResults must be between 1 and {_MOST_RESULTS}")
        answer: dict[str, t.Any] = {"items": found[start : start + most]}
        if start + most < len(found):
            answer["nextToken"] = base64.b64encode(str(start + most).encode()).decode()
        return ActionResult(answer)

    def get_session(self) -> ActionResult:
        """POST /get-session."""
        session = self.backend.get_session(self._principal(), self._get_param("sessionArn"))
        return ActionResult(session.whole())

    def batch_revoke_sessions(self) -> ActionResult:
        """POST /batch-revoke-sessions: a failure of one session does not fail the request."""
        arns, reason = self._get_param("sessionArns") or [], self._get_param("reason")
        if not 1 <= len(arns) <= _MOST_REVOKED:
            raise ValidationError(f"sessionArns must have 1 to {_MOST_REVOKED} items")
        if reason is not None and not 1 <= len(reason) <= _LONGEST_REASON:
            raise ValidationError(f"reason must have 1 to {_LONGEST_REASON} characters")
        principal = self._principal()
        revoked: list[dict[str, str]] = []
        failures: list[dict[str, str]] = []
        for arn in arns:
            try:
                session = self.backend.get_session(principal, arn)
            except NotFoundError as error:
                failures.append({"sessionArn": arn, "code": str(error.code), "message": str(error.message)})
                continue
            if session.status == "ACTIVE":
                session.status, session.reason = "REVOKED", reason
            revoked.append({"sessionArn": arn})
        return ActionResult({"revokedSessions": revoked, "errors": failures})

    def _principal(self) -> str:
        """Whose sessions are asked for; the caller's own by default."""
        caller = caller_of(self.normalized_request.environ)
        given = self._get_param("principalArn")
        if given is None:
            kind, _slash, rest = caller.principal_arn.partition("/")
            return f"{kind}/{rest.rpartition('/')[2]}" if rest else kind
        if not _PRINCIPAL.fullmatch(given):
            raise ValidationError(f"principalArn is not valid: {given}")
        if given.split(":")[4] != caller.account_id:
            raise AccessDeniedError(f"The sessions of {given} are not those of account {caller.account_id}")
        return str(given)

    def _start(self) -> int:
        try:
            return int(base64.b64decode(self._get_param("nextToken") or "MA==", validate=True))
        except (binascii.Error, ValueError):
            raise ValidationError("nextToken is not valid") from None
