# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Organization, contacts, federation, and what stands in the catalogue unjudged."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.analyzers import AnalyzerFinding
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Contact,
    Dataset,
    Organization,
    Snapshot,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Analyzer

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


def read_finding(control: str, account: Snapshot, **thresholds: t.Any) -> tuple[str, t.Any]:
    """What the one finding of a control says, and its evidence."""
    (finding,) = judge(control, account, **thresholds)
    return finding.detail, finding.evidence.observed


def test_the_part_of_an_account_in_its_organization_is_named() -> None:
    assert read_finding("account_in_organization", snapshot()) == (
        "the account belongs to no organization",
        {"organization": None},
    )
    for management, role_ in ((ACCOUNT, "management account"), ("999988887777", "member")):
        account = snapshot(organization=Organization("o-1", management, "ALL"))
        assert read_finding("account_in_organization", account) == (
            f"{role_} of organization o-1",
            {"population": 1, "unit": "accounts"},
        )


@pytest.mark.parametrize(
    ("fields", "usable"),
    [
        ({"phone": "", "email": "a@example.com"}, True),
        ({"phone": "+1", "email": ""}, True),
        ({"phone": " ", "email": " "}, False),
        ({"name": ""}, False),
    ],
)
def test_a_contact_needs_a_name_and_a_way_to_reach_it(fields: dict[str, str], usable: bool) -> None:
    expected = "PASS" if usable else "FAIL"
    assert status("contact_details", snapshot(primary_contact=contact("primary", **fields))) == expected
    assert status("security_contact", snapshot(alternate_contacts=(contact("SECURITY", **fields),))) == expected


def test_the_evidence_of_contacts() -> None:
    assert read_finding("contact_details", snapshot()) == (
        "the account has no usable primary contact",
        {"usable": False},
    )
    primary = snapshot(primary_contact=contact("primary"))
    counted = {"population": 1, "unit": "contacts"}
    assert read_finding("contact_details", primary)[1] == counted
    assert read_finding("security_contact", snapshot()) == ("no security contact is registered", {"registered": False})
    security = snapshot(alternate_contacts=(contact("SECURITY"),))
    assert read_finding("security_contact", security) == ("a security contact is registered", counted)


@pytest.mark.parametrize(
    ("contacts", "detail", "observed"),
    [
        (
            (contact("SECURITY"),),
            "missing: billing, operations",
            {"registered": ["security"], "distinct": True},
        ),
        (
            (contact("SECURITY"), contact("BILLING", name=" "), contact("OPERATIONS", "", phone="")),
            "missing: billing, operations",
            {"registered": ["security"], "distinct": True},
        ),
        (
            (contact("SECURITY"), contact("BILLING", " TEAM@example.com ")),
            "missing: operations; several of them have the same e-mail address",
            {"registered": ["billing", "security"], "distinct": False},
        ),
        (
            tuple(contact(kind) for kind in ("security", "billing", "operations")),
            "several of them have the same e-mail address",
            {"registered": ["billing", "operations", "security"], "distinct": False},
        ),
        (
            tuple(contact(kind, f"{kind}@example.com") for kind in ("security", "billing", "operations")),
            "security, billing and operations contacts are registered and distinct",
            {"population": 3, "unit": "contacts"},
        ),
    ],
)
def test_what_is_wrong_with_several_contacts(contacts: tuple[Contact, ...], detail: str, observed: t.Any) -> None:
    assert read_finding("contacts_distinct", snapshot(alternate_contacts=contacts)) == (detail, observed)


def test_the_evidence_of_people() -> None:
    alone = people(row("alice", password_enabled=True), row("robot"))
    assert read_finding("federated_people", alone) == (
        "1 IAM user may sign in to the console: alice; there is no SAML provider and no IAM Identity Center",
        {"console_users": ["alice"], "providers": ""},
    )
    ways = "people can come in through IAM Identity Center, Idp"
    both = people(row("alice", password_enabled=True), saml_provider_arns=SAML, roles=CENTER)
    assert read_finding("federated_people", both) == (
        f"1 IAM user may sign in to the console: alice; {ways}",
        {"console_users": ["alice"], "providers": ways},
    )
    robots = people(row("robot"), saml_provider_arns=SAML)
    assert read_finding("federated_people", robots) == (
        "no IAM user signs in to the console; people can come in through Idp",
        {"population": 1, "unit": "users"},
    )
    assert read_finding("federated_people", people(row("robot")))[0] == "no IAM user signs in to the console"
    assert read_finding("federated_people", snapshot()) == (
        "the account has no IAM user to be replaced",
        {"population": 0, "unit": "users"},
    )


def test_what_is_not_known_of_people_is_named() -> None:
    (finding,) = judge("federated_people", snapshot(users=(user("new"),)))
    assert finding.detail == "not known whether they may sign in to the console: new"
    (finding,) = judge("federated_people", snapshot(users=(user("new"),), unread=(NO_REPORT,)))
    assert finding.detail.startswith("not known whether they may sign in to the console: new: ")
    # A person that is known fails all the same.
    found = people(row("alice", password_enabled=True))
    assert status("federated_people", dataclasses.replace(found, users=(*found.users, user("new")))) == "FAIL"


def test_a_role_that_only_looks_like_identity_center_is_no_way_in() -> None:
    lookalike = (role("AWSReservedSSO_X_1", path="/aws-reserved/"),)
    detail, _observed = read_finding("federated_people", people(row("robot"), roles=lookalike))
    assert detail == "no IAM user signs in to the console"


REGIONS: t.Final = ("us-east-1", "eu-west-1")


def make_analyzed_account(*findings: AnalyzerFinding, **fields: t.Any) -> Snapshot:
    """An account with an external analyzer in both of its regions."""
    analyzers = tuple(Analyzer("a", f"arn:{region}", region, "ACCOUNT", "ACTIVE") for region in REGIONS)
    return snapshot(**{"regions": REGIONS, "analyzers": analyzers, "analyzer_findings": findings, **fields})


def open_(number: int, resource: str = "arn:aws:s3:::data", **fields: t.Any) -> AnalyzerFinding:
    values: dict[str, t.Any] = {"owner_account": ACCOUNT, "is_public": True, "region": "us-east-1", **fields}
    values = {"analyzer_arn": "arn", "type": "ExternalAccess", "resource_type": "AWS::S3::Bucket", **values}
    return AnalyzerFinding(id=str(number), resource=resource, **values)


def test_what_is_open_to_everybody_is_named_once() -> None:
    found = make_analyzed_account(open_(1), open_(2, status="ARCHIVED"), open_(3, "arn:aws:s3:::ours", is_public=False))
    (finding,) = (item for item in judge("resource_policies_not_public", found) if item.status.value == "FAIL")
    assert (finding.resource, finding.region) == ("arn:aws:s3:::data", "us-east-1")
    assert finding.detail == "open to everybody, as Access Analyzer finds (ARCHIVED)"
    theirs = make_analyzed_account(open_(1, owner_account="999988887777"))
    assert read_finding("resource_policies_not_public", theirs) == (
        "Access Analyzer found no public access in eu-west-1, us-east-1",
        {"population": 0, "unit": "resources"},
    )


NOT_FOR_ALL: t.Final = "resource policies are not read, and Access Analyzer can't answer for all of them: "


@pytest.mark.parametrize(
    ("account", "gap"),
    [
        (
            make_analyzed_account(analyzers=make_analyzed_account().analyzers[:1]),
            "no active external analyzer in eu-west-1",
        ),
        (make_analyzed_account(regions=(), analyzers=()), "no active external analyzer in any region"),
        (
            make_analyzed_account(open_(1, error="ACCESS_DENIED", is_public=False)),
            "could not analyze arn:aws:s3:::data",
        ),
        (
            make_analyzed_account(unread=(unread(Dataset.ANALYZER_FINDINGS, region="eu-west-1"),)),
            "not read in eu-west-1",
        ),
        (
            make_analyzed_account(
                analyzers=(Analyzer("a", "arn:a", "us-east-1", "ORGANIZATION_UNUSED_ACCESS", "ACTIVE"),),
                unread=(unread(Dataset.ANALYZERS, region="eu-west-1"),),
            ),
            "not read in eu-west-1; no active external analyzer in us-east-1",
        ),
        (
            make_analyzed_account(
                analyzers=make_analyzed_account().analyzers[:1],
                unread=(
                    unread(Dataset.ANALYZERS, UnreadKind.REGION_DENIED, "eu-west-1"),
                    unread(Dataset.ANALYZER_FINDINGS, UnreadKind.REGION_DENIED, "eu-west-1"),
                ),
            ),
            "1 region refused to answer",
        ),
    ],
)
def test_why_analyzers_do_not_speak_for_all_resources(account: Snapshot, gap: str) -> None:
    (finding,) = judge("resource_policies_not_public", account)
    assert (finding.status.value, finding.detail) == ("NOT_ASSESSED", f"{NOT_FOR_ALL}{gap}")


def test_an_analyzer_that_could_not_judge_proves_nothing_open() -> None:
    found = judge("resource_policies_not_public", make_analyzed_account(open_(1, error="INTERNAL_ERROR")))
    assert [item.status.value for item in found] == ["NOT_ASSESSED"]
    both = judge(
        "resource_policies_not_public",
        make_analyzed_account(open_(1, error="INTERNAL_ERROR"), open_(2, "arn:aws:s3:::b")),
    )
    assert [item.status.value for item in both] == ["FAIL", "NOT_ASSESSED"]


def test_analyzers_that_were_not_read_are_named_once() -> None:
    both = tuple(unread(dataset) for dataset in (Dataset.ANALYZER_FINDINGS, Dataset.ANALYZERS))
    (finding,) = judge("resource_policies_not_public", make_analyzed_account(unread=both))
    assert finding.status.value == "NOT_ASSESSED"
    assert ";" not in finding.detail.removeprefix(NOT_FOR_ALL)


def test_security_questions_have_no_api() -> None:
    assert read_finding("security_questions", snapshot()) == (
        "AWS has no API for security questions, and new accounts no longer have them",
        {"population": 0, "unit": "accounts"},
    )
