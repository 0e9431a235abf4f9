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
from ansible_collections.hardening.iam.plugins.module_utils._controls.assess import ONCE, assess
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import Control, Failure, Scope, Verdict
from ansible_collections.hardening.iam.plugins.module_utils._controls.regions import REGION_CONTROL
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Remediation, Severity, Status

from .samples import (
    ADMIN,
    EVERYTHING,
    NOW,
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
        row(
            "alice",
            password_enabled=True,
            password_last_changed=days_ago(300),
            access_keys=(key(1, age=300, used=None), key(2, age=200, used=100)),
        ),
        row("bob", password_enabled=True, password_last_used=days_ago(1), mfa_active=True),
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


def test_controls_of_the_organization_are_not_run_for_an_account() -> None:
    """F12: what only a run over the organization looks at is not assessed here. It applies to every member."""
    of_organization = control(never, of_organization=True)
    (alone,) = assess(snapshot(), controls=[of_organization])
    (member,) = assess(snapshot(organization=Organization("o-1", "999988887777", "ALL")), controls=[of_organization])
    (unknown,) = assess(snapshot(unread=(unread(Dataset.ORGANIZATION),)), controls=[of_organization])
    assert [item.status for item in (alone, member, unknown)] == [
        Status.NOT_APPLICABLE,
        Status.NOT_ASSESSED,
        Status.NOT_ASSESSED,
    ]
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
    assert finding.status is Status.NOT_ASSESSED and finding.evidence.observed is None


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
    whole = {item.control for item in found if "eu-west-1" in item.detail and item.control != REGION_CONTROL}
    assert whole == {item.id for item in all_controls() if item.every_region} != set()


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


def test_failures_of_one_resource_are_sorted_by_their_details() -> None:
    failures = tuple(Failure("a", "bad", resource_detail=name) for name in ("key 2", "key 1"))
    found = assess(snapshot(), controls=[control(lambda _scope: Verdict(2, "keys", failures))])
    assert [item.resource_detail for item in found] == ["key 1", "key 2"]


def test_evidence_is_as_old_as_what_it_was_read_from() -> None:
    account = people(row("bob"))
    for needs, moment in (((Dataset.CREDENTIAL_REPORT,), days_ago(0.1)), ((Dataset.ACCOUNT_SUMMARY,), NOW)):
        (finding,) = assess(account, controls=[control(lambda _scope: Verdict(1, "users"), needs=needs)])
        assert finding.evidence.observed_at == moment


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
    assert {item.control for item in found if item.status is Status.NOT_APPLICABLE} == {"analyzer_tagged"}


def test_odd_rows_do_not_stop_the_assessment() -> None:
    odd = row("odd", arn="not an arn", created=None, access_keys=(key(used=None),), password_enabled=None)
    account = snapshot(
        credential_report=report(odd, of_root=root(password_enabled=None)), users=(user("odd", arn="not an arn"),)
    )
    assert not [item for item in assess(account) if "could not judge" in item.detail]


def test_a_large_account_is_judged() -> None:
    """2,000 users, 1,000 roles and 1,000 policies; tests/bench measures the time."""
    assert len(assess(large())) > 2000


@pytest.mark.parametrize(
    ("resource", "module"),
    [
        pytest.param("arn:aws:iam::111122223333:user/dev", "hardening.iam.user_permissions", id="a user"),
        pytest.param("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x", None, id="SSO"),
        pytest.param("arn:aws:iam::111122223333:role/AWSControlTowerExecution", None, id="Control Tower"),
        pytest.param("arn:aws:iam::aws:policy/AdministratorAccess", "hardening.iam.user_permissions", id="a policy"),
    ],
)
def test_a_failure_names_a_module_only_where_that_may_change_the_principal(resource: str, module: t.Any) -> None:
    """Every module refuses to change what AWS or a landing zone owns, so none of them remedies the finding."""

    def check(_scope: Scope) -> Verdict:
        return Verdict(1, "principals", (Failure(resource, "is an administrator"),))

    made = control(check, remediation=Remediation("mend it", "hardening.iam.user_permissions"))
    (finding,) = assess(people(), controls=[made])
    assert (finding.status, finding.remediation.module, finding.remediation.text) == (Status.FAIL, module, "mend it")


def test_what_can_not_be_judged_stands_beside_what_fails() -> None:
    """F4: one resource that fails does not hide another that nothing is known of."""

    def doubts(_scope: Scope) -> Verdict:
        unjudged = (Failure("c", "its policy could not be parsed"),)
        return Verdict(
            3, "things", (Failure("a", "bad"),), not_assessed="b is newer than the report", unjudged=unjudged
        )

    found = assess(snapshot(), controls=[control(doubts)])
    assert [(item.resource, item.status.value, item.detail) for item in found] == [
        ("a", "FAIL", "bad"),
        ("c", "NOT_ASSESSED", "its policy could not be parsed"),
        (ROOT, "NOT_ASSESSED", "b is newer than the report"),
    ]


def test_a_resource_that_can_not_be_judged_keeps_a_control_from_passing() -> None:
    verdict = Verdict(2, "things", not_applicable="nothing there", unjudged=(Failure("c", "not read"),))
    (finding,) = assess(snapshot(), controls=[control(lambda _scope: verdict)])
    assert (finding.resource, finding.status, finding.detail) == ("c", Status.NOT_ASSESSED, "not read")


def make_account_with_gap(**fields: t.Any) -> t.Any:
    """An account of three enabled regions of which one was not looked at."""
    return snapshot(regions=TWO_REGIONS, enabled_regions=("ap-south-1", *TWO_REGIONS), **fields)


def test_an_enabled_region_that_was_left_out_is_named() -> None:
    (finding,) = [item for item in assess(make_account_with_gap()) if item.control == REGION_CONTROL]
    assert (finding.region, finding.status) == ("ap-south-1", Status.NOT_ASSESSED)
    assert finding.detail.startswith(
        "the region is enabled, but not listed in aws_regions; this replaces the findings of "
    )
    whole = [item for item in assess(snapshot(regions=TWO_REGIONS)) if item.control == REGION_CONTROL]
    assert whole == []


def test_regions_that_aws_did_not_list_are_not_known() -> None:
    account = snapshot(regions=TWO_REGIONS, enabled_regions_unread="ec2:DescribeRegions: denied")
    (finding,) = [item for item in assess(account) if item.control == REGION_CONTROL]
    assert (finding.region, finding.status) == ("global", Status.NOT_ASSESSED)
    assert "ec2:DescribeRegions: denied" in finding.detail


def test_controls_that_nobody_asked_for_are_not_counted_in_a_region_that_was_left_out() -> None:
    asked = control(never, regional=True, needs=(Dataset.ANALYZERS,), id="asked", compliance={"cis_7.0": ("2.18",)})
    detective = control(never, regional=True, needs=(Dataset.CONFIG_RULES,), id="detective")
    not_requested = Unread(Dataset.CONFIG_RULES, UnreadKind.NOT_REQUESTED, "not asked for")
    account = dataclasses.replace(
        make_account_with_gap(), regions=(), unread=(not_requested,), enabled_regions=("ap-south-1",)
    )
    (finding,) = assess(account, controls=[asked, detective])
    assert finding.evidence.observed == {"controls": ["asked"]}
    assert finding.compliance == {"cis_7.0": ("2.18",)}


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (make_account_with_gap(), "some regions were not read: ap-south-1"),
        (
            snapshot(
                regions=TWO_REGIONS, unread=(unread(Dataset.TRAILS, UnreadKind.REGION_DENIED, region="eu-west-1"),)
            ),
            "some regions were not read: eu-west-1",
        ),
        (
            snapshot(regions=TWO_REGIONS, unread=(unread(Dataset.TRAILS, region="eu-west-1"),)),
            "some regions were not read: eu-west-1",
        ),
        (
            snapshot(regions=TWO_REGIONS, enabled_regions_unread="denied"),
            "the other enabled regions of the account are not known",
        ),
    ],
    ids=["left out", "denied", "unread", "unlisted"],
)
@pytest.mark.parametrize("verdict", [Verdict(1, "trails"), Verdict(0, "trails", not_applicable="no trail")])
def test_a_control_about_every_region_passes_only_if_every_region_was_read(
    account: t.Any, reason: str, verdict: Verdict
) -> None:
    asks = control(lambda _scope: verdict, needs=(Dataset.TRAILS,), every_region=True)
    (finding,) = assess(account, controls=[asks])
    assert (finding.status, finding.detail) == (Status.NOT_ASSESSED, reason)
    elsewhere = control(lambda _scope: verdict, needs=(Dataset.TRAILS,))
    assert assess(account, controls=[elsewhere])[0].status is not Status.NOT_ASSESSED
    whole = snapshot(regions=TWO_REGIONS, enabled_regions=TWO_REGIONS)
    assert assess(whole, controls=[asks])[0].status is not Status.NOT_ASSESSED


def test_what_fails_in_one_region_fails_whether_or_not_the_others_were_read() -> None:
    verdict = Verdict(1, "trails", (Failure("trail", "bad", region="us-east-1"),))
    asks = control(lambda _scope: verdict, needs=(Dataset.TRAILS,), every_region=True)
    assert [item.status for item in assess(make_account_with_gap(), controls=[asks])] == [Status.FAIL]
