# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Leftovers and missing things around identities."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.analyzers import AnalyzerDetails
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    ServerCertificate,
    UnreadKind,
    VirtualMfaDevice,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Instance
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status

from ..samples import (
    ACCOUNT,
    ADMIN,
    MANAGEMENT,
    MEMBER,
    NOW,
    arn,
    days_ago,
    failing,
    judge,
    role,
    snapshot,
    status,
    trust,
    unread,
    user,
)

OF_MANAGEMENT = trust({"AWS": MANAGEMENT})


def server_certificate(name: str, expires: t.Any) -> ServerCertificate:
    return ServerCertificate(name, arn("server-certificate", name), expires)


def test_expired_certificates() -> None:
    assert status("server_certificate_expired", snapshot()) == "NOT_APPLICABLE"
    found = (
        server_certificate("old", days_ago(1)),
        server_certificate("new", days_ago(-1)),
        server_certificate("now", NOW),
    )
    assert failing("server_certificate_expired", snapshot(server_certificates=found)) == [
        arn("server-certificate", "old")
    ]


def test_the_evidence_names_what_was_seen() -> None:
    expired = snapshot(server_certificates=(server_certificate("old", days_ago(1)),))
    (finding,) = judge("server_certificate_expired", expired)
    assert finding.evidence.observed == {"expires": "2026-11-24T12:00:00Z"}
    (finding,) = judge("instance_role", snapshot(instances=(instance("i-1", None),)))
    assert finding.evidence.observed == {"instance_profile": None}
    (finding,) = judge("instance_role", snapshot(instances=(instance("i-1", arn("instance-profile", "p")),)))
    assert finding.evidence.observed == {"population": 1, "unit": "instances"}
    (finding,) = judge("role_unused", snapshot(roles=(role(last_used=days_ago(100)),)))
    assert finding.evidence.observed == {"last_used": "2026-08-17T12:00:00Z"}
    (finding,) = judge("role_unused", snapshot(roles=(role(last_used=None, created=None), role("b", last_used=NOW))))
    assert (finding.status, finding.resource) == (Status.NOT_ASSESSED, arn("role", "app"))


def test_a_pass_names_the_unused_roles_that_it_excused() -> None:
    access = role("OrganizationAccountAccessRole", trust=OF_MANAGEMENT, last_used=None)
    (finding,) = judge("role_unused", snapshot(roles=(access, role()), organization=MEMBER))
    assert list(finding.evidence.observed["excused"].values()) == [["OrganizationAccountAccessRole"]]


@pytest.mark.parametrize(
    ("control", "unit"),
    [
        ("server_certificate_expired", "server certificates"),
        ("instance_role", "instances"),
        ("role_unused", "roles"),
        ("role_tagged", "roles"),
        ("user_tagged", "users"),
        ("analyzer_tagged", "analyzers"),
        ("mfa_device_unassigned", "virtual MFA devices"),
    ],
)
def test_nothing_to_judge_is_counted(control: str, unit: str) -> None:
    for thresholds in ({}, {"required_tags": ("owner",)}):
        (finding,) = judge(control, snapshot(), **thresholds)
        assert finding.status.value == "NOT_APPLICABLE"
        assert finding.evidence.observed == {"population": 0, "unit": unit}


def test_another_clock_makes_another_verdict() -> None:
    account = snapshot(server_certificates=(server_certificate("new", days_ago(-1)),))
    assert [item.status.value for item in judge("server_certificate_expired", account, now=days_ago(-2))] == ["FAIL"]


def instance(name: str, profile: t.Optional[str], region: str = "us-east-1") -> Instance:
    return Instance(name, f"arn:aws:ec2:{region}:{ACCOUNT}:instance/{name}", region, profile, "running")


def test_instances_without_a_role() -> None:
    instances = (
        instance("i-1", None),
        instance("i-2", arn("instance-profile", "p")),
        instance("i-3", None, "eu-west-1"),
    )
    account = snapshot(regions=("us-east-1", "eu-west-1", "us-west-2"), instances=instances)
    found = [
        (item.region, item.status.value, item.resource.rpartition("/")[2]) for item in judge("instance_role", account)
    ]
    assert found == [
        ("us-east-1", "FAIL", "i-1"),
        ("eu-west-1", "FAIL", "i-3"),
        ("us-west-2", "NOT_APPLICABLE", f"arn:aws:iam::{ACCOUNT}:root"),
    ]


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({"last_used": days_ago(89)}, None),
        ({"last_used": days_ago(90)}, "low"),
        ({"last_used": days_ago(90), "attached_policies": (ADMIN,)}, "medium"),
        ({"last_used": None, "created": days_ago(89)}, None),
        ({"last_used": None, "created": days_ago(90)}, "low"),
        ({"last_used": None, "created": None}, None),
        ({"last_used": None, "path": "/aws-service-role/x.amazonaws.com/"}, None),
        ({"last_used": None, "path": "/iam-hardening/", "name": "break-glass", "trust": OF_MANAGEMENT}, None),
        ({"last_used": None, "name": "OrganizationAccountAccessRole", "trust": OF_MANAGEMENT}, None),
        ({"last_used": None, "name": "OrganizationAccountAccessRole"}, "low"),
    ],
)
def test_unused_roles(fields: dict[str, t.Any], severity: t.Optional[str]) -> None:
    (finding,) = judge("role_unused", snapshot(roles=(role(**fields),), organization=MEMBER))
    assert (finding.severity.value if finding.status.value == "FAIL" else None) == severity


@pytest.mark.parametrize("control", ["user_tagged", "role_tagged"])
def test_tags(control: str) -> None:
    account = snapshot(
        users=(user("a", tags={"owner": "x"}), user("b", tags={"Owner": "x"})),
        roles=(role("a", tags={"owner": "x"}), role("b"), role("c", path="/aws-reserved/")),
    )
    assert status(control, account) == "NOT_APPLICABLE"
    assert failing(control, account, required_tags=("owner",)) == [arn(control.partition("_")[0], "b")]
    assert status(control, snapshot(), required_tags=("owner",)) == "NOT_APPLICABLE"


def test_tags_of_analyzers_are_judged_where_they_were_read() -> None:
    tags = {"required_tags": ("owner",)}
    assert status("analyzer_tagged", snapshot()) == "NOT_APPLICABLE"
    not_asked = (unread(Dataset.ANALYZER_DETAILS, UnreadKind.NOT_REQUESTED),)
    (finding,) = judge("analyzer_tagged", snapshot(unread=not_asked), **tags)
    assert (finding.status, "option detective" in finding.detail) == (Status.NOT_ASSESSED, True)
    bare, tagged = (
        AnalyzerDetails(name, f"arn:aws:access-analyzer:eu-west-1:1:analyzer/{name}", "eu-west-1", "ACCOUNT", "ACTIVE")
        for name in ("bare", "tagged")
    )
    both = (bare, dataclasses.replace(tagged, tags={"owner": "team"}))
    (finding,) = judge("analyzer_tagged", snapshot(analyzer_details=both), **tags)
    assert (finding.status, finding.resource, finding.region) == (Status.FAIL, bare.arn, "eu-west-1")
    gap = snapshot(analyzer_details=both[1:], unread=(unread(Dataset.ANALYZER_DETAILS, region="us-east-1"),))
    (finding,) = judge("analyzer_tagged", gap, **tags)
    assert (finding.status, "us-east-1" in finding.detail) == (Status.NOT_ASSESSED, True)


def test_devices_of_nobody() -> None:
    assert status("mfa_device_unassigned", snapshot()) == "NOT_APPLICABLE"
    devices = (VirtualMfaDevice(arn("mfa", "a"), arn("user", "a"), NOW), VirtualMfaDevice(arn("mfa", "b"), None, None))
    assert failing("mfa_device_unassigned", snapshot(virtual_mfa_devices=devices)) == [arn("mfa", "b")]
