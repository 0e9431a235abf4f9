# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading all that the steps of a run depend on: the roles, their records, the evidence, and what is around them."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Collection, Mapping, Sequence

from ...._account.model import Role, Snapshot
from ...._controls.facts import Facts
from ...._converge.change import Refusal
from ...._converge.store import Store
from ...._converge.untouchable import UntouchablePrincipals
from ...._module.connection import Connection
from ...._prediction.proposals.propose import Proposed
from ..archive import Archive
from ..changes import RoleWriter
from ..declared import Target
from ..dossier import Dossier
from ..evidence.observe import Options, Reading
from ..live import is_closed_form
from ..model import Stage, Way
from ..observe import (
    is_made_beside,
    read_dossier,
    read_entries,
    read_present,
    read_subject,
    select_entries,
    settle_entries,
)
from ..other_campaigns import OtherCampaigns
from ..owners.observe import read_again
from ..past import Identity, replay
from ..records import Kind
from ..revert import Recorded
from ..situation import Situation
from .found import Found


@dataclasses.dataclass(frozen=True)
class Observed:
    """The roles of a campaign in one run.

    ``new`` are the dossiers that this run generated, and ``proposed`` what they were made of, by the ARN of the role.
    """

    snapshot: Snapshot
    found: tuple[Found, ...]
    situations: tuple[Situation, ...]
    new: Mapping[str, Dossier] = dataclasses.field(default_factory=dict)
    proposed: Mapping[str, Proposed] = dataclasses.field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()
    unread: tuple[str, ...] = ()
    calls: int = 0

    @functools.cached_property
    def facts(self) -> Facts:
        """The account with its lookups."""
        return Facts(self.snapshot)


class CaseReader:
    """Reads the cases of one run."""

    def __init__(
        self,
        connection: Connection,
        options: Options,
        archive: Archive,
        journal: Store,
        writer: RoleWriter,
        untouchable: UntouchablePrincipals,
    ) -> None:
        self._connection = connection
        self._options = options
        self._declared = options.declared
        self._archive = archive
        self._journal = journal
        self._writer = writer
        self._snapshot = writer.snapshot
        self._untouchable = untouchable

    def read(self) -> Observed:
        """Read all roles of the campaign, and what this stage needs to know of them.

        :raises AwsError: something can't be read that nobody may go on without.
        """
        chosen, refused = self._choose()
        found = self._read_again([self._find(role, target) for role, target in chosen])
        reading = Reading(self._connection, self._options, self._writer, found)
        situations = tuple(map(reading.describe, found))
        return Observed(
            self._snapshot,
            found,
            situations,
            reading.new,
            reading.proposed,
            refused,
            reading.unread,
            reading.calls,
        )

    # Roles and records

    def _choose(self) -> tuple[list[tuple[Role, t.Optional[Target]]], tuple[Refusal, ...]]:
        """Choose the roles that targets select, and those that have records although no target selects them."""
        recorded = {name.lower() for name in self._archive.list_roles()}
        chosen: list[tuple[Role, t.Optional[Target]]] = []
        refused: list[Refusal] = []
        for role in self._snapshot.roles:
            target = self._declared.find_target(role.arn)
            if target is None and role.name.lower() not in recorded:
                continue
            if target is not None and is_made_beside(role, self._snapshot.roles, self._declared.campaign):
                continue
            refusal = self._untouchable.refusal(role.arn) if target is not None else None
            if refusal is not None:
                refused.append(refusal)
                continue
            chosen.append((role, target))
        self._warn_of_missing(recorded)
        return chosen, tuple(refused)

    def _warn_of_missing(self, recorded: Collection[str]) -> None:
        names = {role.name.lower() for role in self._snapshot.roles}
        for name in sorted(set(recorded) - names):
            self._connection.warn(f"role/{name} has records of the campaign and does not exist any more")
        for text in self._declared.list_needless_globs([role.arn for role in self._snapshot.roles]):
            self._connection.warn(text)

    def _find(self, role: Role, target: t.Optional[Target]) -> Found:
        log = self._archive.read(role.name)
        declared = self._declared
        identity = Identity(
            self._snapshot.account_id,
            declared.campaign,
            role.arn,
            role.unique_id,
            self._connection.now,
            is_canary=target is not None and target.is_canary,
            days={name: getattr(declared, name) for name in ("canary_days", "watch_days", "closed_days")},
        )
        past = replay(log, identity)
        for key in log.foreign:
            self._connection.warn(f"{self._archive.locate(key)} is no record of a campaign, and is ignored")
        kept = read_dossier(self._archive, role, past.dossier_sha256)
        dossier = kept if isinstance(kept, Dossier) else None
        needs_duration = declared.stage is Stage.PREPARE
        subject = read_subject(self._connection.access, self._writer, role, dossier, needs_duration=needs_duration)
        failure = kept if isinstance(kept, str) else ""
        other = self._others.find(subject, self._writer.trial_arn(subject), self._snapshot.roles)
        return self._add_entries(Found(role, target, log, past, subject, dossier, failure, other, identity))

    def _read_again(self, found: Sequence[Found]) -> tuple[Found, ...]:
        """Read roles live whose owners change them, so that only what is there now counts."""
        owned = [item.role for item in found if item.way is Way.BY_OWNER]
        if self._declared.stage in (None, Stage.ASSESS) or not owned:
            return tuple(found)
        self._snapshot = read_again(self._connection, self._snapshot, owned)
        self._writer = dataclasses.replace(self._writer, snapshot=self._snapshot)
        roles = {role.arn: role for role in self._snapshot.roles}
        return tuple(
            dataclasses.replace(
                item,
                role=roles[item.role.arn],
                subject=dataclasses.replace(item.subject, role=roles[item.role.arn]),
            )
            for item in found
        )

    def _add_entries(self, found: Found) -> Found:
        """Add the journal's records, where the old policies of the role are no longer in AWS, or are to come back."""
        # New documents may have been generated since.
        is_replaced = found.way is Way.IN_PLACE and any(event.kind is Kind.CUT_OVER for event in found.log.events)
        is_over = not found.new_arn or found.past.reached is Kind.RETIRED
        is_closed = not is_over and is_closed_form(self._snapshot, found.role.trust.document)
        if not (is_replaced or is_closed or self._declared.reverts(found.role.arn)):
            return found
        access = self._connection.access
        selected = select_entries(self._entries, found.subject, found.past.times.get(Kind.ASSESSED))
        own = settle_entries(access, selected)
        return dataclasses.replace(found, entries=own, present=read_present(access, found.role, own))

    @functools.cached_property
    def _others(self) -> OtherCampaigns:
        now = self._connection.now
        return OtherCampaigns(self._journal, self._snapshot.account_id, self._declared.campaign, now)

    @functools.cached_property
    def _entries(self) -> tuple[Recorded, ...]:
        return read_entries(self._journal, self._snapshot.account_id, self._connection.warn)
