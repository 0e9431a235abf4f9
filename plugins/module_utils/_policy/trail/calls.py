# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that events needed, one by one and counted."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping
from datetime import datetime

from ..evaluation.context import Context
from .callers import SkipReason
from .usage import Use, group_by_principal


@dataclasses.dataclass(frozen=True)
class Call:
    """A permission that one event needed. ``resource`` is None where the event does not show it.

    Where the event's action is not known, ``action`` is ``service:*`` and ``is_service_level`` set. ``candidates`` and
    ``is_possible`` are those of a use.
    """

    principal_arn: str
    action: str
    resource: t.Optional[str]
    context: Context
    when: t.Optional[datetime]
    access_key_id: t.Optional[str] = None
    is_service_level: bool = False
    candidates: tuple[str, ...] = ()
    is_possible: bool = False


@dataclasses.dataclass(frozen=True)
class Sessions:
    """The sessions of one principal: how many, and as whom their users identified themselves. Both are bounded.

    ``is_console`` says whether a call that was allowed came from the console.
    """

    count: int = 0
    source_identities: tuple[str, ...] = ()
    with_session_policy: int = 0
    is_console: bool = False


@dataclasses.dataclass(frozen=True)
class Reading:
    """The result of reading the events of a source: the uses that they show, and how many were skipped, and why.

    ``denied`` are calls that were refused, ``left_out`` all that ``exclude_evidence`` leaves out, ``sessions`` are by
    principal: these are only there if they were asked for. ``excluded`` is how many events each entry of
    ``exclude_evidence`` left out, by its name. ``widened`` are the principals and actions of which not every single
    resource is kept.
    """

    uses: tuple[Use, ...]
    events: int
    skipped: Mapping[SkipReason, int]
    denied: tuple[Use, ...] = ()
    left_out: tuple[Use, ...] = ()
    sessions: Mapping[str, Sessions] = dataclasses.field(default_factory=dict)
    excluded: Mapping[str, int] = dataclasses.field(default_factory=dict)
    widened: tuple[tuple[str, str], ...] = ()

    def find_denied(self, principal_arn: str) -> tuple[Use, ...]:
        """The refused calls of one principal."""
        return self._denied.get(principal_arn, ())

    def find_left_out(self, principal_arn: str) -> tuple[Use, ...]:
        """The calls of one principal that ``exclude_evidence`` leaves out."""
        return self._left_out.get(principal_arn, ())

    @functools.cached_property
    def _denied(self) -> Mapping[str, tuple[Use, ...]]:
        return group_by_principal(self.denied)

    @functools.cached_property
    def _left_out(self) -> Mapping[str, tuple[Use, ...]]:
        return group_by_principal(self.left_out)
