# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdicts on the boundaries that a play declares."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import LivePolicy
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.plan import Observed
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding, Status

from ..user_permissions.people import account, allow, deny, document, role
from .bounded import ARN, DEVELOPERS, OTHER, SOUND, boundary, dev, live, person, planner

RESERVED: t.Final = "/aws-reserved/sso.amazonaws.com/"
WITH_TRAILS: t.Final = document(allow("s3:*"), deny("*", resource="arn:aws:s3:::<trail_buckets>/*"))


def find_by_control(
    snapshot: Snapshot, *boundaries: dict[str, t.Any], policy: t.Optional[LivePolicy] = None, **options: t.Any
) -> dict[str, list[Finding]]:
    planning = planner(*boundaries, **options)
    by_control: dict[str, list[Finding]] = {}
    for finding in planning.findings(Observed(snapshot, {ARN: policy} if policy else {})):
        by_control.setdefault(finding.control, []).append(finding)
    return by_control


def test_nothing_is_said_where_nothing_is_declared() -> None:
    assert find_by_control(account(dev("dev-1"))) == {}


def test_each_principal_without_it_is_a_finding_with_the_coverage_beside_a_pass() -> None:
    snapshot = account(dev("dev-1", ARN), dev("dev-2"), dev("dev-3"), dev("dev-4", OTHER))
    findings = find_by_control(snapshot, boundary(DEVELOPERS), policy=live(SOUND))
    assert [item.resource.rpartition("/")[2] for item in findings["boundary_missing"]] == ["dev-2", "dev-3"]
    (wrong,) = findings["boundary_wrong"]
    assert (wrong.status, wrong.resource.rpartition("/")[2]) == (Status.FAIL, "dev-4")
    assert OTHER in wrong.detail
    (drifted,) = findings["boundary_drifted"]
    assert drifted.status is Status.PASS
    (coverage,) = drifted.evidence.observed["coverage"]
    assert coverage == {"boundary": ARN, "selected": 4, "covered": 1, "percent": 25.0}


def test_a_policy_that_says_something_else_or_is_not_there_is_drifted() -> None:
    snapshot = account(dev("dev-1", ARN), person("ann", boundary=ARN))
    for policy in (live(document(allow("s3:*"))), None):
        (drifted,) = find_by_control(snapshot, boundary(DEVELOPERS), policy=policy)["boundary_drifted"]
        assert (drifted.status, drifted.resource) == (Status.FAIL, ARN)
        assert drifted.evidence.observed == {"carried_by": 2}


def test_a_permission_set_is_one_finding_whoever_its_roles_are() -> None:
    names = [f"AWSReservedSSO_{name}_0123456789abcdef" for name in ("Dev", "Ops")]
    bound = dev("AWSReservedSSO_Bound_0123456789abcdef", OTHER, path=RESERVED)
    more = role("AWSReservedSSO_Dev_fedcba9876543210", path=RESERVED)
    snapshot = account(*(role(name, path=RESERVED) for name in names), bound, more)
    missing = find_by_control(snapshot, boundary({"name": "*"}), policy=live(SOUND))["boundary_missing"]
    assert [item.resource_detail for item in missing] == ["Dev", "Ops"]
    assert len(missing[0].evidence.observed["roles"]) == 2
    assert all("change it there" in item.detail for item in missing)


def test_what_is_wrong_with_boundaries_in_use_is_said_of_undeclared_ones_too() -> None:
    findings = find_by_control(account(dev("dev-1", OTHER)), boundary({"name": "nobody"}))
    (unread,) = findings["boundary_removable"]
    assert unread.status is Status.NOT_ASSESSED
    assert "other" in unread.detail


def unread(dataset: Dataset, region: t.Optional[str] = None) -> Unread:
    return Unread(dataset, UnreadKind.DENIED, "not authorized", "some:Operation", region)


def test_what_is_not_known_is_not_assessed() -> None:
    snapshot = account(dev("dev-1"), unread=(unread(Dataset.AUTHORIZATION_DETAILS),))
    findings = find_by_control(snapshot, boundary(DEVELOPERS))
    assert {item.status for items in findings.values() for item in items} == {Status.NOT_ASSESSED}


def test_a_boundary_whose_trails_are_not_known_is_not_assessed_either() -> None:
    """Neither passed nor out of question: how its document would read can't be told."""
    trails = (unread(Dataset.TRAILS, "us-east-1"),)
    snapshot = account(dev("dev-1"), regions=("us-east-1", "eu-west-1"), unread=trails)
    findings = find_by_control(snapshot, boundary(DEVELOPERS, content=WITH_TRAILS))
    for control in ("boundary_missing", "boundary_wrong", "boundary_drifted"):
        (finding,) = findings[control]
        assert (control, finding.status) == (control, Status.NOT_ASSESSED)
        assert ARN in finding.detail and "not authorized" in finding.detail
    second = {**boundary({"name": "dev-1"}), "name": "second"}
    beside = find_by_control(snapshot, boundary(DEVELOPERS, content=WITH_TRAILS), second)["boundary_missing"]
    assert [finding.status for finding in beside] == [Status.FAIL, Status.NOT_ASSESSED]


def test_what_is_to_go_is_missed_nowhere() -> None:
    findings = find_by_control(account(dev("dev-1", ARN)), boundary(), policy=live(SOUND), state="absent")
    assert {item.status for control in ("boundary_missing", "boundary_wrong") for item in findings[control]} == {
        Status.NOT_APPLICABLE
    }
