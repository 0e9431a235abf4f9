# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The principals that have a document, as far as conditions depend on them."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime


@dataclasses.dataclass(frozen=True)
class Holders:
    """Facts on the principals that have a document, at the time ``now``; each principal is named for people.

    ``machines`` never sign in with MFA: roles of services and of federated identities, users without a password.
    ``with_keys`` are users with access keys. ``taggers`` has, by the prefix of a service, those that may change tags of
    its resources.
    """

    now: datetime
    machines: tuple[str, ...] = ()
    with_keys: tuple[str, ...] = ()
    taggers: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def list_without_mfa(self) -> tuple[str, ...]:
        """List all whose requests may lack the keys of MFA, each once."""
        return tuple(dict.fromkeys((*self.machines, *self.with_keys)))

    def find_taggers(self, services: t.Iterable[str]) -> tuple[str, ...]:
        """Find those that may change tags of the resources of any of some services."""
        return tuple(dict.fromkeys(name for service in services for name in self.taggers.get(service, ())))
