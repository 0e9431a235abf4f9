# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An emulator with the organization acme, and accesses to its accounts."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import Tape
from emulator.client import Emulator, EmulatorProcess

EXTERNAL_ID = "acme-hardening"
ASSESSOR = "arn:aws:iam::222233334444:role/iam-hardening/assessor"
AUTOMATION = "arn:aws:iam::222233334444:role/iam-hardening/automation"
OPERATIONS = Operations(
    reads=frozenset(
        {
            "accessanalyzer:ListAnalyzers",
            "cloudtrail:LookupEvents",
            "config:DescribeConfigurationRecorders",
            "iam:GetAccountAuthorizationDetails",
            "iam:GetAccountPasswordPolicy",
            "iam:GetAccountSummary",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListAccountAliases",
            "iam:ListServiceSpecificCredentials",
            "iam:ListUsers",
            # No botocore knows these.
            "iam:GetSomethingNew",
            "iam:ListSomethingNew",
            "no-such-service:GetSomething",
        }
    ),
    writes=frozenset({"iam:CreateUser", "iam:DeleteUser"}),
)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def acme() -> t.Iterator[Emulator]:
    with EmulatorProcess(seed="acme") as process:
        yield process.control


@pytest.fixture
def emulator(acme: Emulator) -> Emulator:
    """The emulator without faults, with an empty log."""
    acme.clear_faults()
    acme.clear_log()
    return acme


class MakeAccess(t.Protocol):
    def __call__(self, *, check_mode: bool = True, **options: t.Any) -> Access:
        """An Access with these options."""


@pytest.fixture
def make_access(emulator: Emulator, clock: Clock) -> MakeAccess:
    """An access to the emulator, as the administrator of the management account unless a role is given.

    botocore makes two attempts a round; the pauses between rounds take no time.
    """

    def make(*, check_mode: bool = True, tape: t.Optional[Tape] = None, **options: t.Any) -> Access:
        given = {
            "access_key": "administrator",
            "secret_key": "very-secret-key",
            "endpoint_url": emulator.url,
            "region": "us-east-1",
            "aws_config": {"retries": {"mode": "standard", "total_max_attempts": 2}},
            **options,
        }
        return Access(
            dataclasses.replace(AccessOptions.from_options(given), tape=tape),
            operations=OPERATIONS,
            check_mode=check_mode,
            patience=Patience(clock=clock, sleep=clock.sleep),
        )

    return make


def operations_of(emulator: Emulator) -> list[str]:
    """The calls that arrived."""
    return [f"{record['service']}:{record['operation']}" for record in emulator.log()]
