# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Organization, contacts, federation, and what stands in the catalogue unjudged."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Contact,
    Dataset,
    Organization,
    Snapshot,
)

from ..samples import ACCOUNT, arn, judge, people, role, row, snapshot, status, unread, user

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


SAML = (f"arn:aws:iam::{ACCOUNT}:saml-provider/Idp",)
CENTER = (role("AWSReservedSSO_X_1", path="/aws-reserved/sso.amazonaws.com/eu-west-1/"),)
NO_REPORT = unread(Dataset.CREDENTIAL_REPORT)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        pytest.param(people(row("alice", password_enabled=True)), "FAIL", id="people without a provider"),
        pytest.param(people(row("alice", password_enabled=True), saml_provider_arns=SAML), "FAIL", id="beside SAML"),
        pytest.param(people(row("alice", password_enabled=True), roles=CENTER), "FAIL", id="beside Identity Center"),
        pytest.param(people(row("robot"), saml_provider_arns=SAML), "PASS", id="a robot"),
        pytest.param(people(row("robot")), "PASS", id="a robot without a provider"),
        pytest.param(snapshot(), "PASS", id="nobody"),
        pytest.param(snapshot(users=(user(),), unread=(NO_REPORT,)), "NOT_ASSESSED", id="no report"),
        pytest.param(snapshot(unread=(NO_REPORT,)), "PASS", id="nobody and no report"),
        pytest.param(snapshot(users=(user("new"),)), "NOT_ASSESSED", id="a user newer than the report"),
    ],
)
def test_federation(account: Snapshot, expected: str) -> None:
    """The audit of CIS 2.19 asks for users that represent individuals, whatever providers there are."""
    assert status("federated_people", account) == expected


def test_a_user_for_emergencies_is_no_person_if_declared() -> None:
    account = people(row("rescue", password_enabled=True), saml_provider_arns=SAML)
    (finding,) = judge("federated_people", account, break_glass=(arn("user", "rescue"),))
    assert finding.status.value == "PASS"
    assert finding.evidence.observed["excused"] == {"declared as break-glass": ["rescue"]}
