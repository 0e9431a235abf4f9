# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdicts on a campaign."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.findings import (
    CONTROLS,
    DENIAL,
    OLD_NAMED,
    OLD_USED,
    OTHERS,
    OVERDUE,
    UNUSED,
    findings,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    DeniedBy,
    Namer,
    Surroundings,
    Way,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import (
    NewRole,
    Situation,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding, Severity, Status
from ansible_collections.hardening.iam.plugins.module_utils._report.problems import problem

from ..user_permissions.people import account
from .campaigns import (
    ACCOUNT,
    NEW_ID,
    NEW_ROLE,
    ROLE,
    declare,
    denial,
    live,
    moment,
    record,
    records_up_to,
    situate,
    watch,
)

BUCKET = Namer("bucket_policy", "arn:aws:s3:::acme-logs", ACCOUNT, "principal", adapt="add the new role")
REASON = {"principal": "dev-a", "reason": "agreed", "expires": "2026-02-01"}
NOT_JUDGED = Status.NOT_ASSESSED
USED_NEW = NewRole(NEW_ROLE, NEW_ID, is_ours=True, made_at=moment(2), last_used=moment(10))


def judge(control: str, situation: Situation, days: float, **options: t.Any) -> Finding:
    """The one finding of a control."""
    found = findings(account(), declare(**options), (situation,), now=moment(days))
    (finding,) = [item for item in found if item.control == control]
    return finding


def opened(**fields: t.Any) -> Situation:
    return situate(*records_up_to(Kind.OPENED), **fields)


def cut_over(**fields: t.Any) -> Situation:
    return situate(*records_up_to(Kind.CUT_OVER), **fields)


def test_nothing_is_said_of_roles_that_were_not_begun() -> None:
    found = findings(account(), declare(), (situate(live=live(new_role=None)),), now=moment(1))
    assert {item.control for item in found} == CONTROLS
    assert {item.status for item in found} == {Status.NOT_APPLICABLE}


def test_all_is_well() -> None:
    found = findings(account(), declare(), (cut_over(watched=watch(calls=9)),), now=moment(20))
    assert {item.status for item in found} == {Status.PASS}
    assert {item.control: item.severity for item in found} == {
        UNUSED: Severity.LOW,
        DENIAL: Severity.MEDIUM,
        OVERDUE: Severity.MEDIUM,
        OLD_USED: Severity.MEDIUM,
        OLD_NAMED: Severity.HIGH,
        OTHERS: Severity.HIGH,
    }


def test_a_new_role_that_nobody_uses() -> None:
    finding = judge(UNUSED, opened(watched=watch(calls=0)), 17.1)
    assert (finding.status, finding.resource) == (Status.FAIL, NEW_ROLE)
    assert finding.detail == "nobody has used it for 14 days, since 2026-01-08T12:00:00Z"


@pytest.mark.parametrize(
    ("fields", "days", "status"),
    [
        ({}, 16.9, Status.PASS),
        ({"watched": watch(calls=1)}, 20, Status.PASS),
        ({"live": live(new_role=USED_NEW)}, 20, Status.PASS),
        ({"watched": watch(since=10)}, 20, Status.PASS),
        ({"watched": None}, 20, NOT_JUDGED),
        ({"watched": watch(failure="AccessDenied")}, 20, NOT_JUDGED),
    ],
)
def test_no_data_never_means_unused(fields: dict[str, t.Any], days: float, status: Status) -> None:
    assert judge(UNUSED, opened(**fields), days).status is status


def test_a_trial_is_no_role_that_nobody_uses() -> None:
    events = records_up_to(Kind.OPENED, way=Way.IN_PLACE)
    assert judge(UNUSED, situate(*events), 20).status is Status.PASS


def test_a_new_denial() -> None:
    several = watch(denial(), denial("sqs:SendMessage", count=5), denial("s3:ListBucket", by=DeniedBy.ORGANIZATION))
    finding = judge(DENIAL, opened(watched=several), 10)
    assert (finding.status, finding.resource) == (Status.FAIL, NEW_ROLE)
    assert finding.detail == "7 calls are denied that were not before: s3:GetObject, sqs:SendMessage"
    assert [item["action"] for item in finding.evidence.observed["denials"]] == ["s3:GetObject", "sqs:SendMessage"]


def test_denials_of_others_and_accepted_ones_are_no_finding() -> None:
    assert judge(DENIAL, opened(watched=watch(denial(by=DeniedBy.ORGANIZATION))), 10).status is Status.PASS
    # A person decides about what was never used: it is a yearly job, or an intruder.
    assert judge(DENIAL, opened(watched=watch(denial(used_before=False))), 10).status is Status.FAIL
    accepted = [{**REASON, "action": "s3:GetObject"}]
    assert judge(DENIAL, opened(watched=watch(denial())), 10, accept_denials=accepted).status is Status.PASS
    assert judge(DENIAL, opened(watched=None), 10).status is NOT_JUDGED


def test_two_roles_for_too_long() -> None:
    assert judge(OVERDUE, cut_over(), 61.9).status is Status.PASS
    finding = judge(OVERDUE, cut_over(), 62)
    assert (finding.status, finding.resource) == (Status.FAIL, ROLE)
    assert finding.detail == "there have been two roles for 60 days; the limit was 2026-03-08T12:00:00Z"
    assert judge(OVERDUE, cut_over(), 62, parallel_days=90).status is Status.PASS
    closed = situate(*records_up_to(Kind.CLOSED), live=live(is_closed=True))
    assert "the closed role still has its policies" in judge(OVERDUE, closed, 90).detail
    assert judge(OVERDUE, situate(*records_up_to(Kind.RETIRED)), 100).status is Status.PASS


def test_an_extension_makes_the_time_of_two_roles_no_longer() -> None:
    extended = situate(*records_up_to(Kind.CUT_OVER), record(Kind.GENERATED, 50))
    assert judge(OVERDUE, extended, 62).status is Status.FAIL


def test_an_old_role_that_is_used_after_the_cut_over() -> None:
    used = watch(old_role_last=moment(20), old_role_users=("pipeline build",))
    finding = judge(OLD_USED, cut_over(watched=used), 21)
    assert (finding.status, finding.resource) == (Status.FAIL, ROLE)
    assert finding.detail == "it was used on 2026-01-25T12:00:00Z, after the cut-over, by pipeline build"
    by_aws = judge(OLD_USED, cut_over(watched=None, live=live(last_used=moment(20))), 21)
    assert "by somebody unknown" in by_aws.detail


def test_use_before_the_cut_over_is_no_finding() -> None:
    assert judge(OLD_USED, cut_over(watched=watch(old_role_last=moment(16))), 21).status is Status.PASS
    assert judge(OLD_USED, opened(watched=watch(old_role_last=moment(16))), 21).status is Status.PASS
    assert judge(OLD_USED, cut_over(watched=None), 21).status is NOT_JUDGED


def test_a_namer_of_the_old_role_only() -> None:
    finding = judge(OLD_NAMED, opened(surroundings=Surroundings(namers=(BUCKET,))), 10)
    assert (finding.status, finding.resource) == (Status.FAIL, ROLE)
    assert "bucket_policy of arn:aws:s3:::acme-logs" in finding.detail
    assert finding.evidence.observed["namers"][0]["adapt"] == "add the new role"


def test_namers_of_both_accepted_ones_and_those_of_a_retired_role_are_no_finding() -> None:
    both = Surroundings(namers=(dataclasses.replace(BUCKET, names_new=True),))
    assert judge(OLD_NAMED, opened(surroundings=both), 10).status is Status.PASS
    old = Surroundings(namers=(BUCKET,))
    accepted = [{**REASON, "namer": BUCKET.resource}]
    assert judge(OLD_NAMED, opened(surroundings=old), 10, accept_namers=accepted).status is Status.PASS
    assert judge(OLD_NAMED, situate(*records_up_to(Kind.RETIRED), surroundings=old), 100).status is Status.PASS
    assert judge(OLD_NAMED, opened(surroundings=None), 10).status is NOT_JUDGED


def test_a_new_role_that_somebody_opened_for_others() -> None:
    new = dataclasses.replace(live().new_role or USED_NEW, others=("arn:aws:iam::666677778888:root",))
    for reached in (Kind.OPENED, Kind.CUT_OVER, Kind.CLOSED, Kind.GENERATED):
        finding = judge(OTHERS, situate(*records_up_to(reached), live=live(new_role=new)), 40)
        assert (finding.status, finding.resource) == (Status.FAIL, NEW_ROLE)
        assert finding.detail == "it lets in arn:aws:iam::666677778888:root, and the old role does not"
    assert judge(OTHERS, situate(*records_up_to(Kind.RETIRED), live=live(new_role=new)), 90).status is Status.PASS
    unknown = live(new_role=dataclasses.replace(new, others=None), is_closed=True)
    assert judge(OTHERS, situate(*records_up_to(Kind.CLOSED), live=unknown), 40).status is NOT_JUDGED
    closed = live(new_role=dataclasses.replace(new, is_closed=True))
    assert judge(OTHERS, situate(*records_up_to(Kind.PREPARED), live=closed), 3).status is Status.PASS


def test_each_finding_has_words_of_its_own() -> None:
    for control in CONTROLS:
        one, several = (problem(control, count, title="x", thresholds={}) for count in (1, 2))
        assert not one.startswith("Not met")
        assert several.startswith("2 ")


# Records that nobody can believe


@pytest.mark.parametrize("control", sorted(CONTROLS))
@pytest.mark.parametrize(
    "situation",
    [
        situate("no JSON", "no JSON"),
        situate(*records_up_to(Kind.OPENED), "no JSON"),
        situate(*records_up_to(Kind.OPENED), identity={"role_id": "AROAEXAMPLEOTHERROLE1"}),
    ],
    ids=["none can be read", "one can't be read", "the role was made again"],
)
def test_a_role_whose_records_can_not_be_believed_passes_nothing(control: str, situation: Situation) -> None:
    found = judge(control, situation, 12)
    assert found.status is NOT_JUDGED
    assert found.resource == ROLE
    assert "records" in found.detail


def test_a_failure_is_said_all_the_same() -> None:
    others = dataclasses.replace(USED_NEW, others=("arn:aws:iam::999988887777:root",))
    situation = situate(*records_up_to(Kind.OPENED), "no JSON", live=live(new_role=others))
    assert judge(OTHERS, situation, 100).status is Status.FAIL
