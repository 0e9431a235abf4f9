# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who assumed a role, or whose session called: in words, from what AWS writes into the events. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...._policy.trail.exclusions import session_name

ASSUMING: t.Final = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
_STS: t.Final = "sts.amazonaws.com"
_POD: t.Final = "system:serviceaccount:"
# The longest name of a session has 64 characters, and a subject of an identity provider may be longer.
_LONGEST: t.Final = 128

Record = Mapping[str, t.Any]


def find_assumed_role(record: Record) -> t.Optional[str]:
    """Find the ARN of the role that an event assumed; None if it assumed none. A refused call is no use."""
    name, request = record.get("eventName"), record.get("requestParameters")
    if record.get("eventSource") != _STS or not isinstance(name, str) or name not in ASSUMING:
        return None
    if record.get("errorCode") or not isinstance(request, Mapping):
        return None
    arn = request.get("roleArn")
    return arn if isinstance(arn, str) else None


def find_assumed_id(record: Record) -> str:
    """Find the unique id of the role that an event assumed; empty if the event does not show it."""
    answer = record.get("responseElements")
    user = answer.get("assumedRoleUser") if isinstance(answer, Mapping) else None
    shown = user.get("assumedRoleId") if isinstance(user, Mapping) else None
    return shown.partition(":")[0] if isinstance(shown, str) else ""


def describe_opener(record: Record) -> tuple[str, str]:
    """The name of the session that an event opened, and who opened it, in words."""
    request = record.get("requestParameters")
    asked = request if isinstance(request, Mapping) else {}
    session = clean(asked.get("roleSessionName"))
    identity = record.get("userIdentity")
    who = _describe_identity(identity if isinstance(identity, Mapping) else {})
    source = clean(asked.get("sourceIdentity"))
    parts = [f"session {session}" if session else "", f"source identity {source}" if source else ""]
    more = ", ".join(part for part in parts if part)
    return session, f"{who} ({more})" if more else who


def describe_session(record: Record) -> tuple[str, str]:
    """The name of the session that made a call, and its words if nobody saw who opened it."""
    identity = record["userIdentity"]
    session = clean(session_name(identity))
    context = identity.get("sessionContext")
    source = clean(context.get("sourceIdentity")) if isinstance(context, Mapping) else ""
    name = f"session {session}" if session else "a session without a name"
    return session, f"{name} (source identity {source})" if source else name


def _describe_identity(identity: Record) -> str:
    kind = identity.get("type")
    name = clean(identity.get("userName"))
    if kind == "AWSService":
        return f"service {clean(identity.get('invokedBy')) or 'of AWS'}"
    if kind == "WebIdentityUser":
        provider = clean(identity.get("identityProvider")).rpartition("oidc-provider/")[2]
        return f"{'pod' if name.startswith(_POD) else 'pipeline'} {name or 'without a subject'} by {provider}"
    if kind == "SAMLUser":
        return f"person {name or clean(identity.get('principalId'))} by SAML"
    arn = clean(identity.get("arn"))
    if arn:
        return arn.split(":", 5)[-1]
    # Of a principal in another account CloudTrail shows the unique id alone.
    account = clean(identity.get("accountId"))
    return f"account {account} ({clean(identity.get('principalId')) or 'a principal that is not shown'})"


def clean(value: t.Any) -> str:
    """A name from an event in one line: log files may be forged, and reports are read by people."""
    text = value if isinstance(value, str) else ""
    return "".join(char if char.isprintable() else "?" for char in text[:_LONGEST])
