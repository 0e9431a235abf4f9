# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world of a leaked credential, as the sweep reads it over HTTP."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from intruder import DATA, HOME, PROD

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ansible_collections.hardening.iam.plugins.module_utils._account.collect import collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event, parse_event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.state import State
from ansible_collections.hardening.iam.plugins.module_utils._questions.sweep.observe import OPERATIONS, read_state
from ansible_collections.hardening.iam.plugins.module_utils._questions.sweep.snapshot_answers import DATASETS
from emulator.extensions.state import account_states
from unit.emulator.seeded import Seeded, running, serving

ACCOUNTS: t.Final = (HOME, PROD, DATA)
INTRUDER: t.Final = "198.51.100.66"
REGIONS: t.Final = ("us-east-1", "eu-central-1")
_READS: t.Final = Operations(reads=frozenset({"sts:GetCallerIdentity", "sts:AssumeRole"})).union(
    *(OPERATIONS_OF_DATASETS[dataset] for dataset in DATASETS)
)


@dataclasses.dataclass(frozen=True)
class World:
    """The emulated accounts."""

    seeded: Seeded

    def access(self, account: str, operations: Operations, role: str = "automation") -> Access:
        """AWS in one account, which may make these calls only."""
        options = AccessOptions(
            region="us-east-1",
            endpoint_url=self.seeded.endpoint,
            assume_role_arn=f"arn:aws:iam::{account}:role/iam-hardening/{role}",
            assume_role_external_id="acme-hardening",
            aws_config={"retries": {"total_max_attempts": 1}},
        )
        return Access(options, operations=operations.union(_READS), check_mode=True)

    def snapshot(self, account: str) -> Snapshot:
        """What the sweep needs of a snapshot."""
        access = self.access(account, Operations())
        return collect(access, datasets=DATASETS, regions=(), now=datetime.now(UTC))

    def events(self, *accounts: str) -> tuple[Event, ...]:
        """All events of accounts."""
        records = [
            record
            for account in accounts or ACCOUNTS
            for listed in account_states[account]["aws"].events.values()
            for record in listed
        ]
        return tuple(filter(None, map(parse_event, records)))

    def read_all(self) -> State:
        """The state of all accounts, for the events of the intruder."""
        states = [
            read_state(self.access(one, OPERATIONS), self.snapshot(one), self.suspected(one), regions=REGIONS).state
            for one in ACCOUNTS
        ]
        return states[0].join(*states[1:])

    def suspected(self, *accounts: str) -> tuple[Event, ...]:
        """The events from the intruder's address."""
        return tuple(event for event in self.events(*accounts) if event.source_address == INTRUDER)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The world without delays, for tests that only read."""
    with serving("incident") as seeded:
        running()[0].history.set_lag(0)
        yield World(seeded)


@pytest.fixture
def changing_world() -> Iterator[World]:
    """The world without delays, for one test."""
    with serving("incident") as seeded:
        running()[0].history.set_lag(0)
        yield World(seeded)
