# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Contact, Dataset, Organization
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, NotFound

from .fakes import FakeAccess, deny, read, refusal, unread_of

FEATURES = "iam:ListOrganizationsFeatures"


def test_contacts() -> None:
    contacts = {"SECURITY": {"Name": "Sam", "EmailAddress": "security@example.com", "PhoneNumber": "+1"}}

    def alternate(*, AlternateContactType: str, region: t.Optional[str]) -> t.Any:
        found = contacts.get(AlternateContactType)
        return {"AlternateContact": found} if found else refusal("ResourceNotFoundException", kind=NotFound)

    primary = {"ContactInformation": {"FullName": "Acme", "PhoneNumber": "+49"}}
    access = FakeAccess({"account:GetContactInformation": primary, "account:GetAlternateContact": alternate})
    snapshot = read(access, Dataset.CONTACT_INFORMATION, Dataset.ALTERNATE_CONTACTS)
    assert snapshot.primary_contact == Contact("primary", "Acme", "", "+49")
    assert snapshot.alternate_contacts == (Contact("security", "Sam", "security@example.com", "+1"),)
    assert snapshot.missing(Dataset.ALTERNATE_CONTACTS) is None
    assert access.names.count("account:GetAlternateContact") == 3


def test_no_primary_contact_is_a_fact() -> None:
    access = FakeAccess({"account:GetContactInformation": refusal("ResourceNotFoundException", kind=NotFound)})
    snapshot = read(access, Dataset.CONTACT_INFORMATION)
    assert snapshot.missing(Dataset.CONTACT_INFORMATION) is None
    assert snapshot.primary_contact is None


def test_organization() -> None:
    organization = {"Id": "o-1", "MasterAccountId": "999988887777", "FeatureSet": "ALL"}
    snapshot = read(
        FakeAccess({"organizations:DescribeOrganization": {"Organization": organization}}), Dataset.ORGANIZATION
    )
    assert snapshot.organization == Organization("o-1", "999988887777", "ALL")


def test_an_account_by_itself_is_a_fact() -> None:
    answer = refusal("AWSOrganizationsNotInUseException", kind=NotFound)
    snapshot = read(FakeAccess({"organizations:DescribeOrganization": answer}), Dataset.ORGANIZATION)
    assert snapshot.missing(Dataset.ORGANIZATION) is None
    assert snapshot.organization is None


def test_an_organization_that_may_not_be_read_is_unread() -> None:
    snapshot = read(FakeAccess({}), Dataset.ORGANIZATION)
    assert unread_of(snapshot, Dataset.ORGANIZATION)[0] == "denied"


@pytest.mark.parametrize(
    ("answer", "features"),
    [
        (
            {"EnabledFeatures": ["RootSessions", "RootCredentialsManagement"]},
            ("RootCredentialsManagement", "RootSessions"),
        ),
        ({"OrganizationId": "o-1"}, ()),
        (refusal("ServiceAccessNotEnabledException"), ()),
        (refusal("OrganizationNotFoundException"), ()),
    ],
)
def test_features_of_the_organization(answer: t.Any, features: tuple[str, ...]) -> None:
    snapshot = read(FakeAccess({FEATURES: answer}), Dataset.ORGANIZATION_FEATURES)
    assert snapshot.missing(Dataset.ORGANIZATION_FEATURES) is None
    assert snapshot.organization_features == features


@pytest.mark.parametrize(
    "code",
    [
        "AccountNotManagementOrDelegatedAdministrator",
        "AccountNotManagementOrDelegatedAdministratorException",
        "OrganizationNotInAllFeaturesModeException",
    ],
)
@pytest.mark.parametrize("kind", [AccessDenied, NotFound])
def test_an_account_that_is_not_told_the_features(code: str, kind: type[t.Any]) -> None:
    access = FakeAccess({FEATURES: refusal(code, "not for you", kind=kind, name=FEATURES)})
    found = unread_of(read(access, Dataset.ORGANIZATION_FEATURES), Dataset.ORGANIZATION_FEATURES)
    assert found == ("unsupported", f"{code}: not for you", FEATURES)


def test_a_denial_of_the_features_is_one() -> None:
    snapshot = read(FakeAccess({FEATURES: deny(FEATURES)}), Dataset.ORGANIZATION_FEATURES)
    assert unread_of(snapshot, Dataset.ORGANIZATION_FEATURES)[0] == "denied"
