# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments and identifiers of what is seeded: the same seed gives the same ids and keys at every start."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from datetime import UTC, datetime, timedelta

# AWS encodes the account in a key id: this is added to half of its number (moto.iam.utils has the same constant).
_ACCOUNT_OFFSET = 549755813888


def moment(now: datetime, days_ago: float) -> datetime:
    """That many days before ``now``, without time zone and in whole seconds, as moto keeps its dates."""
    return (now.astimezone(UTC) - timedelta(days=days_ago)).replace(tzinfo=None, microsecond=0)


def optional_moment(now: datetime, days_ago: t.Optional[float]) -> t.Optional[datetime]:
    """As :func:`moment`, and ``None`` for never."""
    return None if days_ago is None else moment(now, days_ago)


def access_key_id(account_id: str, owner: str, index: int = 0) -> str:
    """The id of the access key at ``index`` of a seeded user (owner: its name; the root user is ``<root_account>``)."""
    account = base64.b32encode((int(account_id) // 2 + _ACCOUNT_OFFSET).to_bytes(5, "big")).decode()
    return f"AKIA{account}{_letters('key', account_id, owner, str(index), length=8)}"


def secret_access_key(access_key: str) -> str:
    """The secret that belongs to a seeded access key."""
    return base64.b64encode(hashlib.sha256(f"secret/{access_key}".encode()).digest()).decode()[:40]


def unique_id(prefix: t.Literal["AIDA", "AROA", "AGPA", "ANPA", "AIPA", "ASCA", "ACCA"], arn: str) -> str:
    """The unique id of a principal or policy: its kind's prefix and seventeen letters."""
    return prefix + _letters("id", arn, length=17)


def _letters(*parts: str, length: int) -> str:
    return base64.b32encode(hashlib.sha256("/".join(parts).encode()).digest()).decode()[:length]
