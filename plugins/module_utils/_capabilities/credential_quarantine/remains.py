# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What lives on after a containment, and until when; and what stops working."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ..._account.answer import Answer, Unknown, Yes
from ..._account.moments import format_utc
from ..._controls.control import listing
from .states import Kind, RootState, Use, UserState

Row = dict[str, t.Any]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html
_TOKENS: t.Final = timedelta(hours=36)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use.html: the longest session of a role.
_ROLES: t.Final = timedelta(hours=12)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/console_controlling-access.html
_CONSOLE: t.Final = timedelta(hours=12)
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_LoginProfile.html: the longest MaxSigninSessionDuration.
_SIGN_IN: t.Final = timedelta(days=90)
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
_REGISTRY: t.Final = timedelta(hours=12)
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
_DATABASE: t.Final = timedelta(minutes=15)
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
_WEB_IDENTITY: t.Final = timedelta(hours=1)
# https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-reference.html: short-term keys, which inherit the
# permissions of who made them. CreateBearerToken of Sign-In has the same default.
_BEARER: t.Final = timedelta(hours=12)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
_SIGNED_URLS: t.Final = timedelta(days=7)
_ROOT_TOKENS: t.Final = timedelta(hours=1)


#: The changes that deny a user everything.
_DENIALS: t.Final = frozenset({"AttachUserPolicy", "PutUserPolicy", "PutUserPermissionsBoundary"})


def find_undenied(result: Mapping[str, t.Any]) -> frozenset[str]:
    """Find the principals whose denial was not made, or does not show: an intruder may have undone it."""
    return frozenset(
        item["target"]
        for ending in ("not_made", "unverified", "refused")
        for item in result[ending]
        if item["operation"] in _DENIALS
    )


def list_lives_on(user: UserState, denied_at: datetime, *, is_denied: bool) -> list[Row]:
    """List what a contained user, or who has its key, may still hold, with the moment at which it ends by itself.

    ``denied_at`` is the moment of the first denial: a credential may have been made just before it.
    """

    def row(what: str, lasts: timedelta, denied: bool, next_step: str = "") -> Row:
        return {
            "principal": user.arn,
            "what": what,
            "until": format_utc(denied_at + lasts),
            "denied": denied and is_denied,
            "next_step": next_step,
        }

    rows = [
        row("tokens of GetSessionToken and GetFederationToken", _TOKENS, True, "keep the denial until then"),
        row("tokens of GetScopedCredentials", _TOKENS, True, "keep the denial until then"),
        row("bearer tokens, and short-term API keys of Bedrock", _BEARER, True, "keep the denial until then"),
        row("URLs that it signed", _SIGNED_URLS, True, "leave the leaked key inactive until then, or delete it"),
        row("sessions of roles that it assumed", _ROLES, False, "session_revocation cuts them"),
        # A token for a cluster is a signed call of GetCallerIdentity, which no policy denies.
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        row("access to EKS clusters with its tokens", _TOKENS, False, "take it out of access entries and aws-auth"),
    ]
    if user.password_created or "password" in user.unread:
        rows.append(row("sessions of the console", _CONSOLE, True, "keep the denial until then"))
        rows.append(row("sign-in sessions of aws login", _SIGN_IN, True, "session_revocation ends their renewal"))
    return [
        *rows,
        row("tokens of GetWebIdentityToken", _WEB_IDENTITY, False, "services outside AWS that trust them end them"),
        row("passwords of ECR registries", _REGISTRY, False, "look at pulls and pushes in the events of ECR"),
        row("connections to databases by IAM authentication", _DATABASE, False, "end the connections in the database"),
        *_list_without_end(user, is_denied=is_denied),
    ]


#: What has no end that AWS knows: whether a denial of the user denies it, and the next step.
_ENDLESS: t.Final[tuple[tuple[str, bool, str], ...]] = (
    # https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html: derived from the secret of a key.
    ("passwords of SES for SMTP", True, "delete the leaked key, since it brings them back if it is activated"),
    (
        "OAuth tokens of Sign-In",
        False,
        "RevokeOAuth2TokenWithIAM ends a refresh token; its access tokens end within an hour",
    ),
    ("CloudFront URLs and cookies that it signed", False, "delete the key group or the public key of the distribution"),
    ("SSH keys on instances, shells of Systems Manager", False, "look for them, and end them there"),
)
_API_KEYS: t.Final = (
    "passwords and long-term API keys of services, such as Bedrock",
    True,
    "delete or reset those that the intruder may know, before the release",
)


def _list_without_end(user: UserState, *, is_denied: bool) -> list[Row]:
    kind = Kind.SERVICE_CREDENTIAL
    has_api_keys = kind.value in user.unread or any(one.kind is kind for one in user.credentials)
    rows = (_API_KEYS, *_ENDLESS) if has_api_keys else _ENDLESS
    return [
        {
            "principal": user.arn,
            "what": what,
            "until": None,
            "denied": denied and is_denied,
            "next_step": next_step,
        }
        for what, denied, next_step in rows
    ]


def list_roots_live_on(root: RootState, denied_at: datetime) -> list[Row]:
    """List what root of a member account may still hold."""
    return [
        {
            "principal": root.arn,
            "what": "tokens of GetSessionToken",
            "until": format_utc(denied_at + _ROOT_TOKENS),
            "denied": False,
            "next_step": "only a control policy such as deny_member_root denies them",
        }
    ]


def list_stops_working(users: Iterable[UserState]) -> list[Row]:
    """List the known uses that end: a prediction, from the last use of each key that AWS has on record."""
    return [
        {
            "principal": user.arn,
            "access_key": key.id,
            "status": key.status,
            **_describe_use(key.use),
        }
        for user in users
        for key in user.keys
    ]


def _describe_use(use: Answer[Use]) -> Row:
    found = use.value if isinstance(use, Yes) else None
    return {
        "last_used": format_utc(found.at) if found else None,
        "service": found.service if found else "",
        "region": found.region if found else "",
        "not_known": use.reason if isinstance(use, Unknown) else "",
    }


def describe_devices(user: UserState, since: t.Optional[datetime]) -> str:
    """Describe the second factors that were enabled since the first suspicious moment; empty if there is none."""
    found = [device.serial for device in user.devices if since and device.enabled and device.enabled >= since]
    return f"{user.arn} got a second factor since then, which is left: {listing(found)}" if found else ""
