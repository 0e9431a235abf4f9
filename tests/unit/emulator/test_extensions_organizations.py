# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import Seeded, serving

PROD: t.Final = "222233334444"
DEV: t.Final = "333344445555"
READS: t.Final = (
    ("list_parents", {"ChildId": PROD}),
    ("list_roots", {}),
    ("list_policies", {"Filter": "SERVICE_CONTROL_POLICY"}),
    ("list_policies_for_target", {"TargetId": PROD, "Filter": "SERVICE_CONTROL_POLICY"}),
    ("describe_policy", {"PolicyId": "p-FullAWSAccess"}),
)


@pytest.fixture(scope="module")
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


@pytest.mark.parametrize(("operation", "parameters"), READS, ids=[operation for operation, _parameters in READS])
def test_members_may_not_read_the_organization_until_they_administer_it(
    acme: Seeded, operation: str, parameters: dict[str, str]
) -> None:
    member, management = acme.client("organizations", DEV), acme.client("organizations")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        getattr(member, operation)(**parameters)
    management.register_delegated_administrator(AccountId=DEV, ServicePrincipal="iam.amazonaws.com")
    answer = getattr(member, operation)(**parameters)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        acme.client("organizations", PROD).list_roots()
    management.deregister_delegated_administrator(AccountId=DEV, ServicePrincipal="iam.amazonaws.com")
    expected = getattr(management, operation)(**parameters)
    del answer["ResponseMetadata"], expected["ResponseMetadata"]
    assert answer == expected


def test_a_delegated_administrator_reads_only(acme: Seeded) -> None:
    member, management = acme.client("organizations", DEV), acme.client("organizations")
    management.register_delegated_administrator(AccountId=DEV, ServicePrincipal="iam.amazonaws.com")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        member.create_policy(Name="mine", Description="", Type="SERVICE_CONTROL_POLICY", Content="{}")
    management.deregister_delegated_administrator(AccountId=DEV, ServicePrincipal="iam.amazonaws.com")


def test_every_member_may_know_its_organization(acme: Seeded) -> None:
    assert acme.client("organizations", DEV).describe_organization()["Organization"]["Id"] == "o-acme123456"
