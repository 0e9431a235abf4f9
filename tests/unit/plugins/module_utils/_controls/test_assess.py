# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine: unread data, odd data, regions, order, evidence."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    DEEP,
    REGIONAL,
    Dataset,
    Organization,
    Unread,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.assess import ONCE, REGION_CONTROL, assess
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import Control, Failure, Scope, Verdict
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Remediation, Severity, Status

from .samples import (
    ADMIN,
    EVERYTHING,
    ROOT,
    allow,
    arn,
    days_ago,
    document,
    group,
    key,
    large,
    people,
    policy,
    report,
    role,
    root,
    row,
    snapshot,
    trust,
    unread,
    user,
)

TWO_REGIONS = ("us-east-1", "eu-west-1")
ACCOUNTS = [control for control in all_controls() if not control.of_organization]
ORGANIZATIONS = {control.id for control in all_controls() if control.of_organization}
NOT_DEEP = sorted(set(Dataset) - DEEP, key=lambda dataset: dataset.value)


def control(check: t.Callable[[Scope], Verdict], **fields: t.Any) -> Control:
    values: dict[str, t.Any] = {
        "id": "made_up",
        "title": "Made up",
        "severity": Severity.HIGH,
        "theme": "test",
        "needs": (Dataset.AUTHORIZATION_DETAILS,),
        "check": check,
        "expected": "all well",
        "rationale": "",
        "remediation": Remediation("mend it"),
        "compliance": {"cis_7.0": ("2.4",)},
    }
    return Control(**{**values, **fields})


def never(_scope: Scope) -> Verdict:
    raise AssertionError("a check must not run without its data")


def faulty() -> t.Any:
    """An account with something wrong in most themes."""
    return people(
        row("alice", password_enabled=True, access_keys=(key(1, age=300, used=None), key(2, age=200, used=100))),
        row("bob", password_enabled=True, mfa_active=True),
        regions=TWO_REGIONS,
        roles=(role("dev", attached_policies=(ADMIN,), trust=trust("*")),),
        groups=(group(inline_policies=(document(EVERYTHING),)),),
        policies=(policy("P", allow("iam:*", "kms:*")),),
        summary={"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1},
    )


@pytest.mark.parametrize("dataset", NOT_DEEP)
def test_an_unread_dataset_is_not_assessed_and_costs_nothing_else(dataset: Dataset) -> None:
    """Never a pass; one finding a control with operation and reason; everything else as before."""
    regional = dataset in REGIONAL
    missing = tuple(unread(dataset, region=region) for region in (TWO_REGIONS if regional else (None,)))
    whole = {(item.control, item.region, item.resource, item.resource_detail): item for item in assess(faulty())}
    found = assess(dataclasses.replace(faulty(), unread=missing))
    touched = {item.id for item in ACCOUNTS if dataset in item.datasets}
    if dataset is Dataset.ORGANIZATION:
        touched |= ORGANIZATIONS
    for item in found:
        if item.control not in touched:
            assert whole[item.control, item.region, item.resource, item.resource_detail] == item
    needing = {item.id for item in ACCOUNTS if dataset in item.needs}
    for name in needing:
        of_control = [item for item in found if item.control == name]
        assert {item.status for item in of_control} == {Status.NOT_ASSESSED}
        assert len({item.region for item in of_control}) == len(of_control)
        assert all("iam:SomeOperation: not authorized" in item.detail for item in of_control)
    assert {item.control for item in found} == {item.control for item in whole.values()}


def test_controls_of_the_organization_do_not_apply_to_an_account_and_are_not_run_for_it() -> None:
    of_organization = control(never, of_organization=True)
    (alone,) = assess(snapshot(), controls=[of_organization])
    (member,) = assess(snapshot(organization=Organization("o-1", "999988887777", "ALL")), controls=[of_organization])
    (unknown,) = assess(snapshot(unread=(unread(Dataset.ORGANIZATION),)), controls=[of_organization])
    assert {item.status for item in (alone, member, unknown)} == {Status.NOT_APPLICABLE}
    assert alone.detail == "the account belongs to no organization"
    assert member.detail == unknown.detail == ONCE


def test_what_could_not_be_judged_is_named_beside_what_fails() -> None:
    places = {name: Failure(arn("user", name), name) for name in ("ann", "bob", "eve")}
    verdict = Verdict(3, "users", (places["eve"], places["bob"]), unjudged=(places["ann"],), not_applicable="never")
    found = assess(snapshot(), controls=[control(lambda _scope: verdict)])
    assert [(item.resource, item.status) for item in found] == [
        (arn("user", "bob"), Status.FAIL),
        (arn("user", "eve"), Status.FAIL),
        (arn("user", "ann"), Status.NOT_ASSESSED),
    ]
    alone = dataclasses.replace(verdict, failures=())
    (unknown,) = assess(snapshot(), controls=[control(lambda _scope: alone)])
    assert (unknown.status, unknown.detail) == (Status.NOT_ASSESSED, "ann")


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict(1, "users"), ("2.4",)),
        (Verdict(0, "users", not_applicable="none"), ("2.4",)),
        (Verdict(0, "users", not_assessed="unread"), ("2.4", "2.5")),
        (Verdict(1, "users", (Failure("a", "b"),)), ("2.4", "2.5")),
    ],
)
def test_what_a_control_stands_for_counts_where_it_does_not_hold(verdict: Verdict, expected: tuple[str, ...]) -> None:
    (found,) = assess(snapshot(), controls=[control(lambda _scope: verdict, stands_for={"cis_7.0": ("2.5",)})])
    assert found.compliance == {"cis_7.0": expected}


def test_controls_of_accounts_are_left_out_of_an_assessment_of_the_organization() -> None:
    found = assess(snapshot(), of_organization=True)
    assert {item.control for item in found} == ORGANIZATIONS
    assert assess(snapshot(), controls=[control(never)], of_organization=True) == ()


def test_the_check_of_a_control_without_its_data_does_not_run() -> None:
    (finding,) = assess(snapshot(unread=(unread(Dataset.AUTHORIZATION_DETAILS),)), controls=[control(never)])
    assert finding.status is Status.NOT_ASSESSED


@pytest.mark.parametrize("kind", list(UnreadKind))
def test_every_kind_of_failed_read_is_not_assessed(kind: UnreadKind) -> None:
    account = snapshot(unread=(Unread(Dataset.AUTHORIZATION_DETAILS, kind, "why"),))
    (finding,) = assess(account, controls=[control(never)])
    assert (finding.status, finding.detail) == (Status.NOT_ASSESSED, "why")


def test_a_check_that_trips_costs_its_own_finding_only() -> None:
    def trips(scope: Scope) -> Verdict:
        return Verdict(1, "things", detail=scope.snapshot.summary["Absent"])  # type: ignore[arg-type]

    found = assess(faulty(), controls=[control(trips), *all_controls()])
    assert found[0].status is Status.NOT_ASSESSED
    assert "KeyError" in found[0].detail
    assert found[1:] == assess(faulty())


def test_a_regional_dataset_missing_in_one_region() -> None:
    account = snapshot(regions=TWO_REGIONS, unread=(unread(Dataset.ANALYZERS, region="eu-west-1"),))
    chosen = [item for item in all_controls() if item.id == "external_access_analyzer"]
    assert [(item.region, item.status.value) for item in assess(account, controls=chosen)] == [
        ("us-east-1", "FAIL"),
        ("eu-west-1", "NOT_ASSESSED"),
    ]


def test_a_denied_region_is_one_line() -> None:
    denied = tuple(unread(dataset, UnreadKind.REGION_DENIED, "eu-west-1") for dataset in REGIONAL)
    found = assess(snapshot(regions=TWO_REGIONS, unread=denied))
    of_region = [item for item in found if item.region == "eu-west-1"]
    assert [item.control for item in of_region] == [REGION_CONTROL]
    assert of_region[0].status is Status.NOT_ASSESSED
    regional = [item for item in all_controls() if item.regional]
    assert set(of_region[0].compliance["cis_7.0"]) == {
        requirement for item in regional for requirement in item.compliance.get("cis_7.0", ())
    }
    assert of_region[0].evidence.observed == {"controls": [item.id for item in regional]}
    assert not [item for item in found if "eu-west-1" in item.detail and item.control != REGION_CONTROL]


def test_a_denied_region_says_nothing_where_no_regional_control_is_chosen() -> None:
    denied = (unread(Dataset.ANALYZERS, UnreadKind.REGION_DENIED, "eu-west-1"),)
    chosen = [item for item in all_controls() if not item.regional]
    found = assess(snapshot(regions=TWO_REGIONS, unread=denied), controls=chosen)
    assert REGION_CONTROL not in {item.control for item in found}


def test_one_pass_a_control_account_and_region_and_one_failure_a_resource() -> None:
    found = assess(faulty())
    quiet = [(item.control, item.region) for item in found if item.status is not Status.FAIL]
    assert len(quiet) == len(set(quiet))
    failed = [item.fingerprint for item in found if item.status is Status.FAIL]
    assert len(failed) == len(set(failed))
    assert not {(item.control, item.region) for item in found if item.status is Status.FAIL} & set(quiet)


def test_population_stands_in_the_evidence() -> None:
    account = people(row("bob", password_enabled=True, mfa_active=True), row("robot"))
    (finding,) = assess(account, controls=[item for item in all_controls() if item.id == "user_console_mfa"])
    assert finding.evidence.observed == {"population": 1, "unit": "users"}
    assert finding.evidence.source == "GetCredentialReport"
    assert finding.resource == ROOT


def test_order_is_the_catalogue_s_then_that_of_resources() -> None:
    found = assess(faulty())
    catalogue = [item.id for item in all_controls()]
    assert [catalogue.index(item.control) for item in found] == sorted(catalogue.index(item.control) for item in found)
    shuffled = dataclasses.replace(faulty(), users=tuple(reversed(faulty().users)), policies=faulty().policies[::-1])
    rows = faulty().credential_report
    assert rows is not None
    shuffled = dataclasses.replace(shuffled, credential_report=dataclasses.replace(rows, users=rows.users[::-1]))
    assert assess(shuffled) == found


def test_failures_may_weigh_more_and_stand_in_their_own_region() -> None:
    def fails(_scope: Scope) -> Verdict:
        return Verdict(
            2, "things", (Failure("b", "bad"), Failure("a", "worse", severity=Severity.CRITICAL, region="eu-west-1"))
        )

    found = assess(snapshot(), controls=[control(fails)])
    assert [(item.resource, item.severity.value, item.region) for item in found] == [
        ("b", "high", "global"),
        ("a", "critical", "eu-west-1"),
    ]


def test_now_defaults_to_the_time_of_the_snapshot() -> None:
    account = people(row("alice", access_keys=(key(age=89),)))
    chosen = [item for item in all_controls() if item.id == "access_key_age"]
    assert assess(account, controls=chosen)[0].status is Status.PASS
    assert assess(account, controls=chosen, now=days_ago(-2))[0].status is Status.FAIL


def test_findings_are_json_and_speak_in_the_partition_of_the_account() -> None:
    for partition in ("aws", "aws-us-gov", "aws-cn"):
        account = dataclasses.replace(faulty(), partition=partition)
        for finding in assess(account):
            json.dumps(finding.as_dict())
            if finding.resource.endswith(":root"):
                assert finding.resource.startswith(f"arn:{partition}:iam::")


def test_an_empty_account_and_one_of_which_nothing_was_read_give_a_full_report() -> None:
    catalogue = {item.id for item in all_controls() if not item.is_deep}
    assert catalogue <= {item.control for item in assess(snapshot(regions=()))} | {
        item.id for item in all_controls() if item.regional
    }
    nothing = snapshot(credential_report=None, summary={}, unread=tuple(unread(dataset) for dataset in Dataset))
    found = assess(nothing)
    assert {item.status for item in found} == {Status.NOT_ASSESSED, Status.NOT_APPLICABLE}
    assert {item.control for item in found if item.status is Status.NOT_APPLICABLE} == {
        "analyzer_tagged",
        *ORGANIZATIONS,
    }


def test_odd_rows_do_not_stop_the_assessment() -> None:
    odd = row("odd", arn="not an arn", created=None, access_keys=(key(used=None),), password_enabled=None)
    account = snapshot(
        credential_report=report(odd, of_root=root(password_enabled=None)), users=(user("odd", arn="not an arn"),)
    )
    assert not [item for item in assess(account) if "could not judge" in item.detail]


def test_a_large_account_is_judged() -> None:
    """2,000 users, 1,000 roles and 1,000 policies; tests/bench measures the time."""
    assert len(assess(large())) > 2000
