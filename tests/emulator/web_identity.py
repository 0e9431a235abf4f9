# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AssumeRoleWithWebIdentity as STS decides it: by the provider of the role's account, its audiences, and the trust.

Nobody signs the call: the token says who asks. Its signature is not checked here, so a test signs nothing, and must
write tokens only of providers that it plays.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
import typing as t

from moto.iam.models import Role

from emulator import errors, identity, trust
from emulator.clock import CLOCK
from emulator.extensions.statements import parse_statements
from emulator.wire import Answer, Call

ACTION: t.Final = "sts:AssumeRoleWithWebIdentity"
_ROLE_ARN: t.Final = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/.+")


@dataclasses.dataclass(frozen=True)
class Token:
    """What a token claims. ``issuer`` is without scheme, as IAM names providers."""

    issuer: str
    audience: str
    subject: str
    expires: float


class BadTokenError(ValueError):
    """The token is none; the message says why."""


def read_token(text: str) -> Token:
    """The claims of a token. Raises BadTokenError."""
    parts = text.split(".")
    if len(parts) != 3:
        raise BadTokenError(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        )
    try:
        claims = json.loads(base64.urlsafe_b64decode(f"{parts[1]}=="))
        issuer = str(claims["iss"]).removeprefix("https://").rstrip("/")
        return Token(issuer, str(claims["aud"]), str(claims["sub"]), float(claims["exp"]))
    except (binascii.Error, KeyError, TypeError, ValueError) as wrong:
        raise BadTokenError("Missing a required claim, or not a valid JWT") from wrong


def refusal(call: Call) -> Answer | None:
    """The error that STS gives this call, or None if the token opens a session of the role."""
    try:
        token = read_token(str(call.parameters.get("WebIdentityToken") or ""))
    except BadTokenError as wrong:
        return errors.error(call, "InvalidIdentityToken", str(wrong))
    if token.expires <= CLOCK.now().timestamp():
        return errors.error(call, "ExpiredTokenException", "Token expired: current date/time must be before it")
    found = _ROLE_ARN.fullmatch(str(call.parameters.get("RoleArn") or ""))
    backend = identity.existing_backend(found["account"], found["partition"]) if found else None
    if backend is None or found is None or identity.is_suspended(found["account"]):
        return _deny(call)
    arn = f"arn:{found['partition']}:iam::{found['account']}:oidc-provider/{token.issuer}"
    provider = backend.open_id_providers.get(arn)
    if provider is None:
        message = f"No OpenIDConnect provider found in your account for https://{token.issuer}"
        return errors.error(call, "InvalidIdentityToken", message)
    if token.audience not in provider.client_id_list:
        return errors.error(call, "InvalidIdentityToken", "Incorrect token audience")
    role = next((one for one in backend.roles.values() if one.arn == found[0]), None)
    if role is None or not _admits(role, arn, token):
        return _deny(call)
    seconds = int(call.parameters.get("DurationSeconds") or trust.DEFAULT_SECONDS)
    if seconds > int(role.max_session_duration or trust.DEFAULT_SECONDS):
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        return errors.error(call, "ValidationError", message)
    return None


def provider_of(call: Call) -> str:
    """The ARN of the provider whose token the call has."""
    _arn, partition, _iam, _region, account, _role = str(call.parameters["RoleArn"]).split(":", 5)
    return f"arn:{partition}:iam::{account}:oidc-provider/{read_token(str(call.parameters['WebIdentityToken'])).issuer}"


def _admits(role: Role, provider: str, token: Token) -> bool:
    context = {f"{token.issuer}:aud": [token.audience], f"{token.issuer}:sub": [token.subject]}
    context = {key.lower(): value for key, value in context.items()}
    statements = [
        found
        for found in parse_statements(role.arn, role.assume_role_policy_document)
        if ({provider, "*"} & set(found.principals)) and found.covers_action(ACTION) and found.holds(context)
    ]
    return bool(statements) and all(found.allow for found in statements)


def _deny(call: Call) -> Answer:
    return errors.access_denied(call, f"Not authorized to perform {ACTION}")
