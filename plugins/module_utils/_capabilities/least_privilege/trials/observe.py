# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Finding the trials of an account that this run does not take a step for, and whose deadline has passed.

A trial denies for real. Its own campaign may never run again, so a run of any campaign ends it.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterator

from ...._account.model import Role, Snapshot
from ...._aws.errors import AwsError
from ...._converge.store import Store
from ...._module.connection import Connection
from ...._module.managed_policies import read_policy
from ..archive import Archive, Log, list_campaigns
from ..cases.found import Found
from ..changes import CAMPAIGN, RoleWriter
from ..declared import MOST_TRIAL_DAYS, Declared
from ..dossier import Dossier
from ..live import Observer
from ..observe import read_dossier, read_subject
from ..past import Identity, replay
from ..situation import Situation
from ..step import State, Step
from ..steps import decide
from ..trial import is_trial


@dataclasses.dataclass(frozen=True)
class Overdue:
    """A trial that ends in this run. ``archive`` is that of its campaign, None where it has no records any more."""

    found: Found
    step: Step
    campaign: str
    archive: t.Optional[Archive]


def list_on_trial(snapshot: Snapshot) -> tuple[Role, ...]:
    """List the roles whose boundary has the path and the form of the name of a trial."""
    start = RoleWriter(snapshot, "").policy_arn("")
    return tuple(role for role in snapshot.roles if is_trial(start, role.boundary or ""))


class TrialReader:
    """Reads the trials of an account. ``known`` are the roles that the run reads for its own campaign."""

    def __init__(
        self,
        connection: Connection,
        declared: Declared,
        journal: Store,
        writer: RoleWriter,
        known: Collection[str] = (),
    ) -> None:
        self._connection = connection
        self._declared = declared
        self._journal = journal
        self._writer = writer
        self._known = known
        #: Why it is not known whether a trial is over, by the ARN of its role.
        self.unread: dict[str, str] = {}

    def find(self, observer: Observer) -> tuple[Overdue, ...]:
        """Find the trials whose deadline has passed. A warning names those that can't be read.

        :raises StoreError: the records of a campaign can't be read.
        """
        return tuple(self._find(observer))

    def _find(self, observer: Observer) -> Iterator[Overdue]:
        for role in list_on_trial(self._writer.snapshot):
            try:
                found = self._read(role, observer)
            except AwsError as error:
                self._leave_open(role, str(error))
            else:
                if found is not None:
                    yield found

    def _leave_open(self, role: Role, reason: str) -> None:
        self.unread[role.arn] = f"it is not known whether the trial of {role.arn} is over: {reason}"
        self._connection.warn(self.unread[role.arn])

    def _read(self, role: Role, observer: Observer) -> t.Optional[Overdue]:
        policy = read_policy(self._connection.access, role.boundary or "")
        campaign = policy.tags.get(CAMPAIGN, "") if policy is not None and policy.is_owned else ""
        if not campaign or (campaign == self._writer.campaign and role.arn in self._known):
            return None
        return self._examine(role, campaign, observer)

    def _examine(self, role: Role, campaign: str, observer: Observer) -> t.Optional[Overdue]:
        account = self._writer.snapshot.account_id
        # Anybody who may tag the policy can name a campaign: only known names become parts of keys.
        is_known = campaign in list_campaigns(self._journal, account)
        archive = Archive(self._journal, account, campaign) if is_known else None
        # The days of this declaration are those of another campaign. The record of the trial has its deadline.
        declared = dataclasses.replace(
            self._declared, campaign=campaign, stage=None, targets=(), revert=(), trial_days=MOST_TRIAL_DAYS
        )
        log = archive.read(role.name) if archive else Log()
        past = replay(log, Identity(account, campaign, role.arn, role.unique_id, self._connection.now))
        kept = read_dossier(archive, role, past.dossier_sha256) if archive else None
        dossier = kept if isinstance(kept, Dossier) else None
        writer = dataclasses.replace(self._writer, campaign=campaign)
        subject = read_subject(self._connection.access, writer, role, dossier, needs_duration=False)
        live = dataclasses.replace(observer, writer=writer).describe(subject, dossier, past.way)
        situation = Situation(role.arn, past, live)
        (step,) = decide(declared, [situation], now=self._connection.now)
        if step.state is not State.LIFTED or not step.advances:
            if past.doubts:
                # The deadline may be in a record that is not believed.
                self._leave_open(role, f"{past.doubts[0].key}: {past.doubts[0].reason}")
            return None
        return Overdue(Found(role, None, log, past, subject, dossier), step, campaign, archive)
