# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from unit.emulator.seeded import Seeded, account, serving

PROD = "222233334444"


@pytest.fixture
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


def test_root_features_need_trusted_access(acme: Seeded) -> None:
    iam = acme.client("iam")
    assert iam.list_organizations_features()["EnabledFeatures"] == ["RootCredentialsManagement"]
    both = iam.enable_organizations_root_sessions()
    assert both == both | {
        "OrganizationId": "o-acme123456",
        "EnabledFeatures": ["RootCredentialsManagement", "RootSessions"],
    }
    assert iam.disable_organizations_root_sessions()["EnabledFeatures"] == ["RootCredentialsManagement"]
    member = acme.client("iam", PROD)
    with pytest.raises(member.exceptions.AccountNotManagementOrDelegatedAdministratorException):
        member.list_organizations_features()
    organizations = acme.client("organizations")
    organizations.register_delegated_administrator(AccountId=PROD, ServicePrincipal="iam.amazonaws.com")
    assert member.list_organizations_features()["EnabledFeatures"] == ["RootCredentialsManagement"]
    organizations.disable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    with pytest.raises(iam.exceptions.ServiceAccessNotEnabledException):
        iam.list_organizations_features()
    organizations.enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")


def test_root_features_need_an_organization() -> None:
    with serving(account()) as seeded:
        iam = seeded.client("iam")
        with pytest.raises(iam.exceptions.OrganizationNotFoundException):
            iam.list_organizations_features()
