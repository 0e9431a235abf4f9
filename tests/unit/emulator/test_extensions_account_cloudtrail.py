# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

import pytest

from unit.emulator.seeded import Seeded, serving

MANAGEMENT, MEMBER = "111122223333", "222233334444"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def organization() -> t.Iterator[Seeded]:
    """Two accounts: the first records for both."""
    trail = {"bucket": "trails", "organization": True, "log_group": "trail"}
    structure = {
        "organization": {"id": "o-trails"},
        "accounts": {
            MANAGEMENT: {
                "name": "management",
                "regions": {"us-east-1": {"trails": {"all": trail}}},
                "contacts": {"primary": {"full_name": "Somebody"}},
            },
            MEMBER: {
                "name": "member",
                "roles": {"automation": {"path": "/iam-hardening/", "trust": copy.deepcopy(TRUST)}},
            },
        },
    }
    with serving(structure) as seeded:
        yield seeded


def test_members_see_the_organization_s_trail(organization: Seeded) -> None:
    arn = f"arn:aws:cloudtrail:us-east-1:{MANAGEMENT}:trail/all"
    for region in ("us-east-1", "eu-west-1"):
        client = organization.client("cloudtrail", MEMBER, region=region)
        assert [trail["TrailARN"] for trail in client.describe_trails()["trailList"]] == [arn]
        assert client.get_trail_status(Name=arn)["IsLogging"] is True
        selectors = client.get_event_selectors(TrailName=arn)["EventSelectors"]
        assert [(item["ReadWriteType"], item["IncludeManagementEvents"]) for item in selectors] == [("All", True)]
    elsewhere = organization.client("cloudtrail", MEMBER, region="eu-west-1")
    assert elsewhere.describe_trails(includeShadowTrails=False)["trailList"] == []


def test_a_missing_trail_is_not_found(organization: Seeded) -> None:
    client = organization.client("cloudtrail", MEMBER)
    with pytest.raises(client.exceptions.TrailNotFoundException):
        client.get_event_selectors(TrailName="nothing")


def test_contact_information_is_read_and_replaced(organization: Seeded) -> None:
    client = organization.client("account")
    contact = client.get_contact_information()["ContactInformation"]
    assert (contact["FullName"], contact["CountryCode"]) == ("Somebody", "US")
    client.put_contact_information(ContactInformation={**contact, "FullName": "Somebody Else"})
    assert client.get_contact_information()["ContactInformation"]["FullName"] == "Somebody Else"
    member = organization.client("account", MEMBER)
    with pytest.raises(member.exceptions.ResourceNotFoundException):
        member.get_contact_information()


def test_alternate_contacts_may_be_absent(organization: Seeded) -> None:
    client = organization.client("account")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_alternate_contact(AlternateContactType="SECURITY")
    client.put_alternate_contact(
        AlternateContactType="SECURITY", EmailAddress="a@example.com", Name="A", PhoneNumber="1", Title="T"
    )
    assert client.get_alternate_contact(AlternateContactType="SECURITY")["AlternateContact"]["Name"] == "A"
