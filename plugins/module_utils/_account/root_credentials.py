# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The credentials of an account's root user, as a session for its audit reads them. Frozen data."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime


@dataclasses.dataclass(frozen=True)
class RootPassword:
    """Root's password. Without ``last_used`` AWS has no use on record."""

    created: datetime
    last_used: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class RootKey:
    """An access key of root."""

    id: str
    status: str
    created: datetime
    last_used: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class RootCertificate:
    """An X.509 signing certificate of root. AWS keeps no record of its use."""

    id: str
    status: str
    uploaded: datetime


@dataclasses.dataclass(frozen=True)
class RootCredentials:
    """All credentials of the root user of one account. ``mfa_devices`` are serial numbers, or ARNs of virtual ones."""

    account_id: str
    password: t.Optional[RootPassword] = None
    keys: tuple[RootKey, ...] = ()
    certificates: tuple[RootCertificate, ...] = ()
    mfa_devices: tuple[str, ...] = ()

    @property
    def last_used(self) -> t.Optional[datetime]:
        """The latest use on record of any of them."""
        used = [self.password.last_used if self.password else None, *(key.last_used for key in self.keys)]
        return max(filter(None, used), default=None)
