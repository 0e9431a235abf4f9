# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user whose key leaked, and the incident."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Yes
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import (
    ACTIVE,
    INACTIVE,
    Credential,
    Kind,
    Use,
    UserState,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident, KeySeed

ACCOUNT: t.Final = "222233334444"
OTHER: t.Final = "333344445555"
NOW: t.Final = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
ARN: t.Final = f"arn:aws:iam::{ACCOUNT}:user/ci/ci-deploy"
LEAKED: t.Final = "AKIAEXAMPLEEXAMPLE11"
SECOND: t.Final = "AKIAEXAMPLEEXAMPLE22"
DENY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/quarantine-deny-all"


def incident(*keys: KeySeed, **fields: t.Any) -> Incident:
    """The incident of the leaked key."""
    return Incident("INC-7", "Ana", "key found in a public repository", keys or (KeySeed(LEAKED),), **fields)


def declared(*keys: KeySeed, **fields: t.Any) -> Declared:
    """A containment of the leaked key."""
    return Declared(incident(*keys), inventory_accounts=frozenset({ACCOUNT, OTHER}), **fields)


def key(identifier: str = LEAKED, status: str = ACTIVE, **fields: t.Any) -> Credential:
    """An access key."""
    return Credential(Kind.ACCESS_KEY, identifier, status, NOW - timedelta(days=700), **fields)


def user(**fields: t.Any) -> UserState:
    """The user, as an intruder found it."""
    credentials = (
        key(SECOND, use=Yes(Use(NOW - timedelta(days=2), "s3", "eu-west-1"))),
        key(),
        key("AKIAEXAMPLEEXAMPLE33", INACTIVE),
        Credential(Kind.SERVICE_CREDENTIAL, "ACCAEXAMPLE", ACTIVE),
        Credential(Kind.SSH_KEY, "APKAEXAMPLE", ACTIVE),
        Credential(Kind.CERTIFICATE, "CERTEXAMPLE", INACTIVE),
    )
    given: dict[str, t.Any] = {"credentials": credentials, "attached": (f"arn:aws:iam::{ACCOUNT}:policy/ci",), **fields}
    return UserState(ARN, "AIDAEXAMPLE", **given)
