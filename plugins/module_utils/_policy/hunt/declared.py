# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which events are of a credential that is declared leaked."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from .event import Caller, Event
from .index import Index
from .links import short_name
from .profile import name_session
from .question import Question


class Declared:
    """The keys and principals of the seeds, the sessions that were opened with them, and the machines of such keys."""

    def __init__(self, question: Question, events: Iterable[Event], index: Index) -> None:
        self._question: t.Final = question
        #: All keys and sessions of a user are one credential to its owner. Those of a role are of many machines.
        self._users: t.Final = frozenset(
            short for short, arn in index.seeds.items() if ":role/" not in arn or question.names_arn(arn)
        )
        keys, _principals = index.follow((*question.keys, *self._users))
        self._keys: t.Final = question.keys | keys
        # A machine gets a new key every few hours, under the same name.
        of_keys = (name_session(event) for event in events if event.access_key_id in question.keys)
        self._machines: t.Final = frozenset(filter(None, of_keys))

    def has(self, event: Event) -> bool:
        """Whether an event is of such a credential."""
        if event.caller in (Caller.SERVICE, Caller.ACCOUNT):
            return False
        return (
            event.access_key_id in self._keys
            or short_name(event.principal_arn) in self._users
            or self._question.names_principal(event)
            or name_session(event) in self._machines
        )
