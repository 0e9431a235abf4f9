# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Evidence, Finding, Severity, Status
from ansible_collections.hardening.iam.plugins.module_utils._report.delta import compare
from ansible_collections.hardening.iam.plugins.module_utils._report.grouping import (
    failing_groups,
    gaps,
    is_of_account,
    last_activity,
    number_groups,
    refusal_groups,
    resource_name,
)

from . import samples


def test_what_repeats_stands_in_one_group_with_an_id() -> None:
    groups = failing_groups(samples.assessment())
    assert [(group.id, len(group.findings)) for group in groups] == [
        ("C-001", 1),
        ("C-002", 1),
        ("H-001", 7),
        ("H-002", 3),
        ("M-001", 2),
        ("M-002", 1),
        ("L-001", 1),
    ]
    assert groups[2].heading == "7 access keys older than 90 days"
    assert groups[0].heading == "Root user has an access key"


def test_a_control_with_two_severities_makes_two_groups() -> None:
    findings = [
        samples.finding("access_key_age", samples.arn("user", "alice")),
        samples.finding("access_key_age", samples.arn("user", "bob"), severity=Severity.LOW),
    ]
    assert [group.id for group in failing_groups(samples.assessment(findings))] == ["H-001", "L-001"]


def test_the_part_of_a_resource_is_named_where_it_tells_findings_apart() -> None:
    def key(user: str, slot: int) -> Finding:
        return samples.finding("access_key_age", samples.arn("user", user), resource_detail=f"access key {slot}")

    (one_each,) = failing_groups(samples.assessment([key("alice", 1), key("bob", 2)]))
    assert one_each.names == ("alice", "bob")
    (two,) = failing_groups(samples.assessment([key("alice", 1), key("alice", 2)]))
    assert two.names == ("alice (access key 1)", "alice (access key 2)")


def test_units_and_accounts_of_an_organization_are_named_as_people_call_them() -> None:
    unit = "arn:aws:organizations::111122223333:ou/o-acme/ou-acme-0001"
    account = "arn:aws:organizations::111122223333:account/o-acme/222233334444"
    findings = [
        samples.finding("access_key_age", resource, resource_detail=name)
        for resource, name in ((unit, "/Workloads"), (account, "acme-prod"))
    ]
    (group,) = failing_groups(samples.assessment(findings))
    assert group.names == ("222233334444 (acme-prod)", "ou-acme-0001 (/Workloads)")


def test_root_users_of_several_accounts_are_told_apart() -> None:
    roots = [
        dataclasses.replace(samples.finding("root_no_access_key", f"arn:aws:iam::{account}:root"), account_id=account)
        for account in ("222233334444", "444455556666")
    ]
    (group,) = failing_groups(samples.assessment(roots))
    assert group.names == ("root of 222233334444", "root of 444455556666")
    assert [group.name(finding) for finding in group.findings] == list(group.names)


def test_alarms_that_are_missing_stand_together_by_what_nobody_is_told_of() -> None:
    def alarm(what: str, recommendation: str) -> Finding:
        return samples.finding(
            "root_mfa_enabled",
            f"arn:aws:iam::{samples.ACCOUNT}:root",
            control=f"alarm_{what}",
            title=f"Somebody is alerted to {what}",
            compliance={"cis_7.0": (recommendation,)},
            severity=Severity.LOW,
        )

    (group,) = failing_groups(samples.assessment([alarm("sign-ins", "5.6"), alarm("policies", "5.14")]))
    assert (group.id, group.heading) == ("L-001", "Nobody is alerted to 2 kinds of event")
    assert group.names == ("policies", "sign-ins")
    assert group.controls == ("alarm_policies", "alarm_sign-ins")
    assert group.compliance == {"cis_7.0": ["5.6", "5.14"]}
    assert [group.name(finding) for finding in group.findings] == ["policies", "sign-ins"]
    (single,) = failing_groups(samples.assessment([alarm("root_use", "5.3")]))
    assert (single.heading, single.names) == ("Nobody is alerted to use of root", ("root_use",))


def test_a_reason_for_not_assessing_is_said_once() -> None:
    root = f"arn:aws:iam::{samples.ACCOUNT}:root"
    reason = "AccessDenied on iam:GetCredentialReport"
    findings = [
        samples.finding(control, root, Status.NOT_ASSESSED, detail=reason)
        for control in ("access_key_age", "user_admin_without_mfa")
    ]
    findings.append(
        samples.finding("external_access_analyzer", root, Status.NOT_ASSESSED, region="us-east-1", detail="x")
    )
    found = gaps(samples.assessment(findings))
    assert [(gap.reason, gap.controls, gap.regions) for gap in found] == [
        (reason, ("user_admin_without_mfa", "access_key_age"), ("global",)),
        ("x", ("external_access_analyzer",), ("us-east-1",)),
    ]


@pytest.mark.parametrize(
    ("resource", "detail", "region", "name"),
    [
        ("arn:aws:iam::111122223333:user/staff/alice", None, "global", "alice"),
        ("arn:aws:iam::111122223333:user/alice", "access key 1", "global", "alice (access key 1)"),
        ("arn:aws:ec2:eu-west-1:111122223333:instance/i-1", None, "eu-west-1", "i-1 (eu-west-1)"),
        ("arn:aws:iam::222233334444:root", None, "global", "account 222233334444"),
        ("arn:aws:iam::111122223333:root", None, "eu-west-1", "eu-west-1"),
        ("eu-west-1", None, "eu-west-1", "eu-west-1"),
    ],
)
def test_a_resource_bears_the_name_that_people_use(resource: str, detail: str, region: str, name: str) -> None:
    found: Finding = samples.finding("access_key_age", resource, resource_detail=detail, region=region)
    assert resource_name(found.as_dict()) == name


def test_the_account_is_named_with_its_alias_and_its_root_user_is_not_taken_for_it() -> None:
    root = f"arn:aws:iam::{samples.ACCOUNT}:root"
    (about_account, about_root) = failing_groups(
        samples.assessment([samples.finding("password_min_length", root), samples.finding("root_no_access_key", root)])
    )[::-1]
    assert about_account.names == (f"account {samples.ACCOUNT} (acme-prod)",)
    assert about_root.names == ("root",)
    assert resource_name({"control": "x", "resource": root, "resource_detail": None, "region": "global"}) == (
        f"account {samples.ACCOUNT}"
    )


@pytest.mark.parametrize(
    ("observed", "activity"),
    [
        ({"last_used": "2026-01-02T00:00:00Z"}, "2026-01-02T00:00:00Z"),
        ({"last_used": None, "password_last_used": "2026-01-03T00:00:00Z"}, "2026-01-03T00:00:00Z"),
        ({"last_used": None}, None),
        (["last_used"], None),
        (None, None),
    ],
)
def test_the_last_activity_is_told_where_it_is_known(observed: object, activity: object) -> None:
    found = samples.finding("access_key_age", "x", evidence=Evidence(observed))
    assert last_activity(found.as_dict()) == activity


def test_refusals_that_differ_in_their_target_only_are_one() -> None:
    refusal = {**samples.REFUSAL.as_dict(), "module": "access_keys"}
    targets = [samples.arn("user", name) for name in ("a", "b")]
    alike = [{**refusal, "target": target} for target in targets]
    one, other = refusal_groups([*alike, {**refusal, "rule": "protected"}])
    assert (one.title, one.names, one.targets) == ("2 targets", ("a", "b"), tuple(targets))
    assert (other.title, other.names) == ("access_key_deactivate", ())
    (twice,) = refusal_groups([alike[0], alike[0]])
    assert (twice.title, twice.names, twice.short_names, len(twice.targets)) == (targets[0], (), ("a",), 2)


def test_something_that_is_called_root_is_not_the_account() -> None:
    finding = {**samples.assessment()["findings"][0], "control": "x", "region": "eu-west-1", "resource_detail": None}
    topic = {**finding, "resource": "arn:aws:sns:eu-west-1:222233334444:root"}
    assert not is_of_account(topic)
    assert resource_name(topic) == "root (eu-west-1)"
    assert is_of_account({**finding, "resource": "arn:aws-us-gov:iam::222233334444:root"})


def test_groups_keep_their_ids_from_one_report_to_the_next() -> None:
    report = samples.assessment()
    first = {group.controls[0]: group.id for group in failing_groups(report)}
    critical = [group.controls[0] for group in failing_groups(report) if group.severity == "critical"]
    left = [finding for finding in report["findings"] if finding["control"] != critical[0]]
    # A group that is gone leaves its number, and what is new gets a new one.
    new = {**left[0], "control": "aaa_new", "fingerprint": "e" * 64, "title": "A new problem"}
    later = compare({**report, "findings": [new, *left]}, report)
    ids = {group.controls[0]: group.id for group in failing_groups(later)}
    assert ids.pop("aaa_new") == f"C-{len(critical) + 1:03d}"
    assert ids == {control: name for control, name in first.items() if control != critical[0]}
    # It comes back under the id that it had.
    back = compare(report, later)
    assert {group.controls[0]: group.id for group in failing_groups(back)} == first


@pytest.mark.parametrize("earlier", [None, 7, {"critical": 7}, {"critical": {"x": "1", "y": True, "z": -1}}])
def test_numbers_that_no_report_gave_are_ignored(earlier: t.Any) -> None:
    findings = samples.assessment()["findings"]
    assert number_groups(findings, earlier) == number_groups(findings)
