# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judgements on evidence that is read on request only."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    ServiceUse,
    Snapshot,
    UnreadKind,
)

from ..samples import ADMIN, MANAGEMENT, MEMBER, arn, days_ago, judge, policy, role, snapshot, status, trust, unread

OF_MANAGEMENT = trust({"AWS": MANAGEMENT})

CONTROLS = ["admin_over_provisioned", "bedrock_access_stale", "sagemaker_access_stale"]


def make_uses(**services: t.Optional[float]) -> tuple[ServiceUse, ...]:
    return tuple(ServiceUse(name, None if days is None else days_ago(days)) for name, days in services.items())


def developer(*uses: ServiceUse, admin: bool = True, name: str = "dev", **fields: t.Any) -> Snapshot:
    dev = role(name, attached_policies=(ADMIN,) if admin else (), **fields)
    return snapshot(roles=(dev,), service_last_accessed={dev.arn: uses}, organization=MEMBER)


@pytest.mark.parametrize("control", CONTROLS)
def test_not_asked_for_is_not_told_of(control: str) -> None:
    not_asked = unread(Dataset.SERVICE_LAST_ACCESSED, UnreadKind.NOT_REQUESTED)
    assert judge(control, snapshot(unread=(not_asked,))) == ()


@pytest.mark.parametrize("control", CONTROLS)
def test_asked_for_and_denied_is_not_assessed(control: str) -> None:
    assert status(control, snapshot(unread=(unread(Dataset.SERVICE_LAST_ACCESSED),))) == "NOT_ASSESSED"


def test_a_developer_who_uses_three_services_is_no_administrator() -> None:
    account = developer(*make_uses(s3=1, awslambda=2, dynamodb=3, ec2=200, iam=None))
    (finding,) = judge("admin_over_provisioned", account)
    assert finding.detail == "administrator that used awslambda, dynamodb, s3 only in 90 days"
    assert finding.evidence.observed == {"services_used": ["awslambda", "dynamodb", "s3"], "services_allowed": 5}


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (developer(*make_uses(**{f"service{n}": 1 for n in range(11)})), "PASS"),
        (developer(*make_uses(**{f"service{n}": 1 for n in range(10)})), "FAIL"),
        (developer(*make_uses(s3=None)), "FAIL"),
        (developer(), "NOT_APPLICABLE"),
        (developer(*make_uses(s3=1), admin=False), "NOT_APPLICABLE"),
        (developer(*make_uses(s3=1), name="OrganizationAccountAccessRole", trust=OF_MANAGEMENT), "NOT_APPLICABLE"),
        (developer(*make_uses(s3=1), name="OrganizationAccountAccessRole"), "FAIL"),
        (snapshot(roles=(role(attached_policies=(ADMIN,)),)), "NOT_APPLICABLE"),
    ],
)
def test_over_provisioned(account: Snapshot, expected: str) -> None:
    """Who is an administrator without evidence is not judged: no data is no proof of no use."""
    assert status("admin_over_provisioned", account) == expected


@pytest.mark.parametrize(("days", "expected"), [(None, "FAIL"), (89, "PASS"), (90, "FAIL")])
@pytest.mark.parametrize("service", ["bedrock", "sagemaker"])
def test_stale_access(service: str, days: t.Optional[float], expected: str) -> None:
    account = developer(*make_uses(**{service: days, "s3": 1}), admin=False)
    assert status(f"{service}_access_stale", account) == expected
    assert status(f"{service}_access_stale", developer(*make_uses(s3=1), admin=False)) == "NOT_APPLICABLE"


def test_administrators_may_use_everything_and_are_told_of_elsewhere() -> None:
    assert status("bedrock_access_stale", developer(*make_uses(bedrock=None))) == "NOT_APPLICABLE"
    bounded = developer(*make_uses(bedrock=None), boundary=arn("policy", "B"))
    account = snapshot(
        roles=bounded.roles, service_last_accessed=bounded.service_last_accessed, policies=(policy("B"),)
    )
    assert status("bedrock_access_stale", account) == "FAIL"


def test_the_evidence_has_the_last_use() -> None:
    (never,) = judge("bedrock_access_stale", developer(*make_uses(bedrock=None), admin=False))
    assert never.evidence.observed == {"last_used": None}
    (once,) = judge("bedrock_access_stale", developer(*make_uses(bedrock=100), admin=False))
    assert once.evidence.observed == {"last_used": "2026-08-17T12:00:00Z"}
    assert once.detail == "last used bedrock 2026-08-17 (100 days); limit 90"


def test_only_administrators_are_named_as_excused() -> None:
    admin, other = (
        role(name, trust=trust({"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}), attached_policies=policies)
        for name, policies in (("OrganizationAccountAccessRole", (ADMIN,)), ("AWSControlTowerExecution", ()))
    )
    uses = {item.arn: make_uses(s3=1) for item in (admin, other)}
    (finding,) = judge(
        "admin_over_provisioned",
        snapshot(roles=(admin, other), service_last_accessed=uses, organization=MEMBER),
    )
    assert list(finding.evidence.observed["excused"].values()) == [["OrganizationAccountAccessRole"]]
    assert finding.evidence.observed["unit"] == "principals"
