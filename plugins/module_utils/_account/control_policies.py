# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policy documents, and the policies that an organization puts on its accounts. Pure, frozen data."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class PolicyDocument:
    """A policy document by its name: the decoded JSON, or None with ``error`` where it does not parse."""

    name: str
    document: t.Optional[Mapping[str, t.Any]]
    error: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class ControlPolicy:
    """A policy of the organization; ``type`` is ``SERVICE_CONTROL_POLICY`` or ``RESOURCE_CONTROL_POLICY``."""

    id: str
    name: str
    type: str
    document: PolicyDocument


@dataclasses.dataclass(frozen=True)
class PolicyLevel:
    """The policies on a root, a unit or an account; ``target_name`` is the name of a unit, and the id of others."""

    target_id: str
    target_name: str
    scps: tuple[ControlPolicy, ...]
    rcps: tuple[ControlPolicy, ...]
