# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Organization, contacts, federation, and what stands in the catalogue unjudged."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Contact, Dataset, Organization

from .samples import ACCOUNT, people, role, row, snapshot, status, unread, user

MEMBER = Organization("o-1", "999988887777", "ALL")


def contact(kind: str, email: str = "team@example.com", **fields: str) -> Contact:
    return Contact(**{"kind": kind, "name": "Team", "email": email, "phone": "+1", **fields})


def test_membership() -> None:
    assert status("account_in_organization", snapshot()) == "FAIL"
    assert status("account_in_organization", snapshot(organization=MEMBER)) == "PASS"
    assert status("account_in_organization", snapshot(unread=(unread(Dataset.ORGANIZATION),))) == "NOT_ASSESSED"


@pytest.mark.parametrize("control", ["resource_policies_not_public", "security_questions"])
def test_what_no_read_tells_is_not_assessed(control: str) -> None:
    assert status(control, snapshot()) == "NOT_ASSESSED"


@pytest.mark.parametrize(
    ("primary", "expected"),
    [(None, "FAIL"), (contact("primary", ""), "PASS"), (contact("primary", name=" "), "FAIL")],
)
def test_primary_contact(primary: t.Optional[Contact], expected: str) -> None:
    assert status("contact_details", snapshot(primary_contact=primary)) == expected


@pytest.mark.parametrize(
    ("contacts", "security", "distinct"),
    [
        ((), "FAIL", "FAIL"),
        ((contact("SECURITY"),), "PASS", "FAIL"),
        ((contact("security", "a"), contact("billing", "b"), contact("operations", "c")), "PASS", "PASS"),
        ((contact("security", "a"), contact("billing", "A"), contact("operations", "c")), "PASS", "FAIL"),
        ((contact("billing"),), "FAIL", "FAIL"),
    ],
)
def test_alternate_contacts(contacts: tuple[Contact, ...], security: str, distinct: str) -> None:
    account = snapshot(alternate_contacts=contacts)
    assert status("security_contact", account) == security
    assert status("contacts_distinct", account) == distinct


def test_federation() -> None:
    console = row("alice", password_enabled=True)
    assert status("federated_people", people(console)) == "FAIL"
    saml = (f"arn:aws:iam::{ACCOUNT}:saml-provider/Idp",)
    assert status("federated_people", people(console, saml_provider_arns=saml)) == "PASS"
    center = (role("AWSReservedSSO_X_1", path="/aws-reserved/sso.amazonaws.com/eu-west-1/"),)
    assert status("federated_people", people(console, roles=center)) == "PASS"
    oidc = (f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",)
    assert status("federated_people", people(console, oidc_provider_arns=oidc)) == "FAIL"
    assert status("federated_people", people(row("robot"))) == "PASS"
    assert status("federated_people", snapshot()) == "PASS"
    no_report = snapshot(users=(user(),), unread=(unread(Dataset.CREDENTIAL_REPORT),))
    assert status("federated_people", no_report) == "FAIL"
