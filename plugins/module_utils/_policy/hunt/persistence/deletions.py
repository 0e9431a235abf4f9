# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Deletions: whether what an event made was deleted again, by an event about the same object."""

from __future__ import annotations

import collections
import re
import typing as t
from collections.abc import Iterable

from ..changes import list_values, name_of, source_of
from ..event import Event

_DELETION: t.Final = re.compile(
    r"(Delete|Deregister|Deprovision|Detach|Disassociate|Release|Remove|Revoke|Terminate|Unassign)(?=[A-Z])"
)
_VERB: t.Final = re.compile(r"[A-Z][a-z0-9]*")
#: The account, the region, the source, and the name of the operation without its verb.
_Object = tuple[str, str, str, str]


class Deletions:
    """The deletions among some events."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._by_object: t.Final[collections.defaultdict[_Object, list[Event]]] = collections.defaultdict(list)
        for event in events:
            if not event.is_failed and _DELETION.match(name_of(event)):
                self._by_object[_object_of(event)].append(event)

    def find(self, event: Event) -> t.Optional[Event]:
        """Find the later event that deleted what an event made or changed; None if there is none.

        The deletion must be about the same kind of object, and all that it names must be in the event.
        """
        if _DELETION.match(name_of(event)):
            return None
        later = [one for one in self._by_object.get(_object_of(event), ()) if one.time >= event.time]
        if not later:
            return None
        known = {*list_values(event.request), *list_values(event.response)}
        return next((one for one in later if _names(one) and _names(one) <= known), None)


def _names(event: Event) -> set[tuple[str, str]]:
    return set(list_values(event.request))


def _object_of(event: Event) -> _Object:
    return event.account_id, event.region, source_of(event), _VERB.sub("", name_of(event), count=1)
