# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Checks a whole declaration before anything is read: a run that would fail for it must fail in seconds."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator
from datetime import datetime

from ..errors import InputError
from .declaration import NO_REASON, Incident
from .reader import OPTION

_SHORTEST_REASON: t.Final = 10

_NO_DRILL: t.Final = (
    "{id} is the id of a drill, which contains nobody but its own user and role, and not {strangers}.\n"
    "If this is no drill, declare the incident under another id. Nothing was changed"
)


@dataclasses.dataclass(frozen=True)
class Checked:
    """A declaration, with what is dangerous (``errors``) and what only its record lacks (``warnings``).

    Without an ``incident`` it can't be used at all.
    """

    incident: t.Optional[Incident] = None
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def check_declaration(
    given: t.Any, *, now: datetime, max_principals: int, writes: bool, is_release: bool = False
) -> Checked:
    """Check a declaration as every module of an incident does. ``writes`` says that the run changes something.

    ``max_principals`` is how many credentials it may name. A release may name others than the user of a drill.
    """
    try:
        incident = Incident.from_option(given, now=now, is_release=is_release)
        incident.check_count(max_principals)
    except InputError as error:
        return Checked(errors=(str(error),))
    strangers = [] if is_release else incident.list_strangers()
    errors = [describe_strangers(incident.id, strangers)] if strangers else []
    lack = find_lack_of_confirmation(incident)
    errors += [lack] if lack and writes else []
    return Checked(incident, tuple(errors), tuple(_list_lacks_of_record(incident)))


def find_lack_of_confirmation(incident: Incident) -> str:
    """Find out why a run that writes does nothing: the id was not typed a second time. Empty if it was."""
    if incident.is_confirmed:
        return ""
    return (
        f"{OPTION}.confirm: {incident.confirm!r} is not the id of the incident, so nothing was read or written. Look "
        f"at the plan with --check, then set {OPTION}.confirm to {incident.id}"
    )


def _list_lacks_of_record(incident: Incident) -> Iterator[str]:
    """List what only the record lacks: containment comes before it."""
    if incident.reason == NO_REASON or len(incident.reason) < _SHORTEST_REASON:
        yield (
            f"{OPTION}.reason: {incident.reason!r} says little, and the record keeps it. Say in {_SHORTEST_REASON} "
            "characters or more how it is known that the credential leaked"
        )
    if incident.confirmed_by and incident.confirmed_by.casefold() == incident.declared_by.casefold():
        yield f"{OPTION}.confirmed_by: {incident.confirmed_by!r} declared the incident, so it is no second person"


def describe_strangers(incident_id: str, strangers: Iterable[str]) -> str:
    """Describe why the incident of a drill does not contain what it names."""
    return _NO_DRILL.format(id=incident_id, strangers=", ".join(strangers))
