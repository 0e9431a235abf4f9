# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Keys and sessions that an event makes, and what their use shows."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterator, Mapping

from ..documents.arn import arn_account, arn_parts
from .event import Caller, Event, Record

#: Ids of keys: AKIA of users and root, ASIA of sessions.
KEY_ID: t.Final = re.compile(r"A[KS]IA[A-Z0-9]{12,124}\Z", re.ASCII)
# The services whose answers have credentials.
_MINTS: t.Final = frozenset({"sts", "iam", "signin", "sso", "rolesanywhere", "cognito-identity"})
#: Calls of STS that open a session.
SESSION_CALLS: t.Final = frozenset(
    {
        *("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetFederationToken"),
        *("GetScopedCredentials", "GetSessionToken", "GetDelegatedAccessToken"),
    }
)
#: Calls that make something that is used without a key of AWS, so that no event of it follows here.
OUTSIDE: t.Final[Mapping[tuple[str, str], str]] = {
    ("sts", "GetWebIdentityToken"): "the token is used outside AWS: ask its relying parties",
    ("signin", "CreateBearerToken"): "calls with a bearer token show no access key",
    ("iam", "CreateServiceSpecificCredential"): "calls with a service-specific credential show no access key",
    ("iam", "ResetServiceSpecificCredential"): "calls with a service-specific credential show no access key",
    ("iam", "UploadSSHPublicKey"): "CodeCommit's events of an SSH key show no access key",
}
_DEPTH: t.Final = 4
_MOST_KEYS: t.Final = 8


@dataclasses.dataclass(frozen=True)
class Minted:
    """A key that an event made, or turned on again: then it is not new.

    ``principal`` is the ARN of its user or role, ``session_id`` is ``AROA…:name``.
    """

    key_id: str
    principal: str = ""
    account_id: str = ""
    session_id: str = ""
    is_new: bool = True

    @property
    def is_session(self) -> bool:
        """Whether it is temporary."""
        return not self.key_id.startswith("AKIA")


def find_minted(event: Event) -> tuple[Minted, ...]:
    """Find the keys that a successful event made."""
    if event.is_failed or event.service not in _MINTS or event.name.startswith(("List", "Describe")):
        return ()
    if (event.service, event.name) == ("iam", "UpdateAccessKey"):
        return _find_reactivated(event)
    keys = list(dict.fromkeys(_find_keys(event.response, _DEPTH)))[:_MOST_KEYS]
    if not keys:
        return ()
    principal = find_target(event)
    account_id = arn_account(principal) or _target_account(event) or event.account_id
    session_id = _text(_member(event.response, "assumedRoleUser"), "assumedRoleId")
    return tuple(Minted(key, principal, account_id, session_id) for key in keys)


def _find_reactivated(event: Event) -> tuple[Minted, ...]:
    key, status = _text(event.request, "accessKeyId"), _text(event.request, "status")
    if status.lower() != "active" or not KEY_ID.match(key):
        return ()
    return (Minted(key, _user_of_key(event), event.account_id, is_new=False),)


def _find_keys(value: t.Any, depth: int) -> Iterator[str]:
    if isinstance(value, list) and depth:
        # Roles Anywhere answers with a list of sets of credentials.
        for item in value[:_MOST_KEYS]:
            yield from _find_keys(item, depth - 1)
    if not isinstance(value, Mapping) or not depth:
        return
    for name, inner in value.items():
        if name in ("accessKeyId", "AccessKeyId") and isinstance(inner, str) and KEY_ID.match(inner):
            yield inner
        else:
            yield from _find_keys(inner, depth - 1)


def opens_session(event: Event) -> bool:
    """Whether an event is a call that opens a session."""
    return event.source == "sts.amazonaws.com" and event.name in SESSION_CALLS


def find_target(event: Event) -> str:
    """Find the ARN of the user or role that a session or key is of, which the event opens or makes; else empty."""
    if (event.service == "sts" and event.name.startswith("AssumeRole")) or event.service == "rolesanywhere":
        return _text(event.request, "roleArn")
    if event.service == "sts" and event.name == "AssumeRoot":
        account = arn_account(_text(event.request, "targetPrincipal"))
        return f"arn:{partition_of(event)}:iam::{account}:root" if account else ""
    if event.service == "iam" and event.name == "CreateAccessKey":
        return _user_of_key(event)
    return event.principal_arn


def _user_of_key(event: Event) -> str:
    """The ARN of the user whose key was made. The event names the user without its path."""
    name = _text(event.request, "userName") or _text(_member(event.response, "accessKey"), "userName")
    if not name or (event.caller is Caller.USER and name == event.principal_arn.rpartition("/")[2]):
        return event.principal_arn
    return f"arn:{partition_of(event)}:iam::{event.account_id}:user/{name}"


def _target_account(event: Event) -> str:
    return arn_account(_text(event.request, "targetPrincipal")) or ""


def partition_of(event: Event) -> str:
    """The partition of the caller's ARN; AWS's main one if the event shows none."""
    parts = arn_parts(event.principal_arn)
    return parts.partition if parts else "aws"


def find_switch(event: Event) -> str:
    """Find the ARN that a person was before a switch of roles in the console; empty for any other event."""
    if event.service != "signin" or event.name != "SwitchRole":
        return ""
    return _text(event.additional, "SwitchFrom")


@functools.lru_cache(maxsize=8192)
def short_name(arn: str) -> str:
    """The account, kind and name of a principal without its path, by which events are compared; empty for no ARN."""
    parts = arn_parts(arn)
    if parts is None:
        return ""
    kind, name = _shorten(parts.resource)
    return f"{parts.account}:{kind}/{name}" if name else f"{parts.account}:{kind}"


def _shorten(resource: str) -> tuple[str, str]:
    kind, _slash, rest = resource.partition("/")
    return kind, rest.rpartition("/")[2]


def _member(record: Record, name: str) -> Record:
    value = record.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""
