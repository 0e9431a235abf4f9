# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a run that contains principals, or releases them, writes into the record of its incident.

Before its first change the record names the principals, so that a run that is killed leaves them frozen.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection
from datetime import datetime, timedelta

from .declaration import Incident
from .names import OF_ORGANIZATION
from .record import By, Confirmation, Contained, Event, Record, State

#: So long after the first containment the events are read again: they arrive late.
HUNT_AGAIN: t.Final = (timedelta(hours=1), timedelta(hours=24))
_SOURCES: t.Final = frozenset({By.SOURCE, By.ROOT})


@dataclasses.dataclass(frozen=True)
class Subject:
    """A principal to contain. ``seeds`` are the credentials that it is contained for: ids of keys, or ARNs.

    ``unique_id`` is that of IAM (``AIDA…``, ``AROA…``), empty for root.
    """

    arn: str
    by: By
    unique_id: str = ""
    seeds: tuple[str, ...] = ()

    @property
    def account_id(self) -> str:
        """The account of the principal."""
        return self.arn.split(":")[4]

    @property
    def is_source(self) -> bool:
        """Whether the credential itself is cut here, in place of a session that it opened."""
        return self.by in _SOURCES


@dataclasses.dataclass(frozen=True)
class Step:
    """The part of one run in an incident, in one account. ``author`` is the person whose job it is, as far as known.

    ``record_id`` is the id of the record, where that is not the incident's.
    """

    incident: Incident
    account_id: str
    run_id: str
    caller_arn: str = ""
    author: str = ""
    record_id: str = ""

    def contain(
        self,
        present: t.Optional[Record],
        subjects: Collection[Subject],
        targets: Collection[str],
        at: datetime,
    ) -> Record:
        """The record before the first change: it says ``containing``, and names all that will be changed."""
        moved = _add(self._begin(present, at).move(self._event(State.CONTAINING, at)), subjects, at)
        return self._confirm(
            dataclasses.replace(
                moved,
                targets=moved.targets | set(targets),
                due=moved.due or frozenset(at + wait for wait in HUNT_AGAIN),
            ),
            at,
        )

    def conclude(
        self, present: Record, subjects: Collection[Subject], at: datetime, *, wrote: bool, completed: bool
    ) -> Record:
        """The record after the last change. ``completed`` says that nothing failed, ``wrote`` that something changed.

        The moments are not before the writes: a token is waited for that was made just before them. Whom the run found
        contained is named as well: another run may have begun the round.
        """
        if not wrote and not completed:
            return self._confirm(present, at)
        sources = any(one.is_source for one in subjects)
        is_later = sources and (wrote or not present.last_source_write)
        # Accounts and users of Identity Center are no principals, and each write of their policies denies a source.
        is_later = is_later or (wrote and self.record_id.endswith(OF_ORGANIZATION))
        record = dataclasses.replace(
            present if present.state is State.RELEASED else _add(present, subjects, at),
            first_deny=present.first_deny or at,
            last_source_write=at if is_later else present.last_source_write,
        )
        is_new = wrote or record.state.rank < State.CONTAINED.rank
        return self._confirm(record.move(self._event(State.CONTAINED, at)) if completed and is_new else record, at)

    def release(self, present: Record, at: datetime) -> Record:
        """The record before the first change of a release."""
        return present.move(self._event(State.RELEASING, at))

    def conclude_release(self, present: Record, at: datetime) -> Record:
        """The record once everything is released."""
        return present.move(self._event(State.RELEASED, at))

    def _begin(self, present: t.Optional[Record], at: datetime) -> Record:
        if present is not None:
            return present
        incident = self.incident
        new = Record(
            self.account_id, self.record_id or incident.id, State.DECLARED, incident.declared_by, incident.reason
        )
        return new.move(self._event(State.DECLARED, at))

    def _event(self, state: State, at: datetime) -> Event:
        return Event(at, state, self.run_id, self.caller_arn, self.author)

    def _confirm(self, record: Record, at: datetime) -> Record:
        by = self.incident.confirmed_by
        if not by or record.is_confirmed:
            return record
        return dataclasses.replace(record, confirmation=Confirmation(at, by, self.run_id))


def _add(record: Record, subjects: Collection[Subject], at: datetime) -> Record:
    """The record with the principals that it does not name yet, contained since ``at``, and with their credentials."""
    known = {(item.arn, item.unique_id, item.by) for item in record.contained}
    new = {Contained(one.arn, one.unique_id, one.by, at) for one in subjects}
    new = {item for item in new if (item.arn, item.unique_id, item.by) not in known}
    return dataclasses.replace(
        record,
        contained=tuple(sorted((*record.contained, *new))),
        seeds=record.seeds.union(*(one.seeds for one in subjects)),
    )
