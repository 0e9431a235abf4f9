# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.root_credentials import RootCredentials
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.plan import (
    Observed,
    Planner,
    make_result,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding, Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from .roots import CREDENTIALS, MANAGEMENT, NOW, PROD, SERVICE, SESSIONS, TEST, arn, declare, idle, make_observed, tree

ORGANIZATION = f"arn:aws:organizations::{MANAGEMENT}:organization/o-1/iam.amazonaws.com"


def _make_plan(state: Observed, **options: t.Any) -> tuple[Plan, tuple[Finding, ...]]:
    planner = Planner(declare(**options), NOW)
    found = planner.findings(state)
    return planner.plan(state, found), found


def _operations(plan: Plan) -> list[str]:
    return [change.operation for change in plan.changes]


def _rules(plan: Plan) -> dict[str, str]:
    return {refusal.target: refusal.rule for refusal in plan.refused}


def test_nothing_declared_is_nothing_planned() -> None:
    plan, (finding,) = _make_plan(make_observed())
    assert (plan, finding.status) == (Plan(), Status.PASS)


def test_all_is_turned_on_in_the_order_that_aws_needs() -> None:
    state = make_observed(tree=tree(trusted_services=()), features=frozenset())
    options = {"root_credentials_management": True, "root_sessions": True, "delegated_administrator": PROD}
    plan, (finding,) = _make_plan(state, **options)
    assert _operations(plan) == [
        "EnableAWSServiceAccess",
        "EnableOrganizationsRootCredentialsManagement",
        "EnableOrganizationsRootSessions",
        "RegisterDelegatedAdministrator",
    ]
    assert [change.remedies for change in plan.changes] == [(), (finding.fingerprint,), (), ()]
    assert finding.status is Status.FAIL


def test_what_is_there_already_stays() -> None:
    state = make_observed(tree=tree(delegated_administrators={PROD: (SERVICE,)}))
    plan, _found = _make_plan(state, root_credentials_management=True, delegated_administrator=PROD)
    assert plan == Plan()


def test_administrators_of_other_services_are_none_of_ours() -> None:
    administrators = {PROD: ("config.amazonaws.com",), TEST: (SERVICE, "config.amazonaws.com")}
    state = make_observed(tree=tree(delegated_administrators=administrators))
    plan, _found = _make_plan(state, purge_delegated_administrators=True)
    assert [change.target for change in plan.changes] == [f"{ORGANIZATION}/delegated_administrator/{TEST}"]


def test_all_is_turned_off_from_the_outside_in() -> None:
    state = make_observed(
        tree=tree(delegated_administrators={PROD: (SERVICE,)}), features=frozenset({CREDENTIALS, SESSIONS})
    )
    off = {"trusted_access": False, "root_credentials_management": False, "root_sessions": False}
    plan, _found = _make_plan(state, **off, purge_delegated_administrators=True)
    assert _operations(plan) == [
        "DeregisterDelegatedAdministrator",
        "DisableOrganizationsRootCredentialsManagement",
        "DisableOrganizationsRootSessions",
        "DisableAWSServiceAccess",
    ]
    assert plan.warnings == ()
    kept, _found = _make_plan(state, trusted_access=False)
    assert f"{CREDENTIALS}, {SESSIONS}, {PROD} stays" in kept.warnings[0]


@pytest.mark.parametrize(
    ("state", "options", "rule"),
    [
        (make_observed(account_id=PROD), {"root_sessions": True}, "management_account"),
        # Something to turn off, and nothing on.
        (
            make_observed(account_id=PROD, features=frozenset({CREDENTIALS, SESSIONS})),
            {"root_sessions": False},
            "management_account",
        ),
        (make_observed(tree=tree(feature_set="CONSOLIDATED_BILLING")), {"root_sessions": True}, "all_features"),
        (make_observed(features=None, reason="denied"), {"root_sessions": True}, "unread"),
        (make_observed(), {"delegated_administrator": MANAGEMENT}, "delegated_administrator"),
        (make_observed(), {"delegated_administrator": "999999999999"}, "delegated_administrator"),
    ],
)
def test_the_organization_is_left_alone(state: Observed, options: dict[str, t.Any], rule: str) -> None:
    plan, _found = _make_plan(state, **options)
    assert plan.changes == ()
    assert set(_rules(plan).values()) == {rule}


@pytest.mark.parametrize(("outside", "rule"), [(True, "no_organization"), (False, "unread")])
def test_without_a_tree_nothing_is_planned(outside: bool, rule: str) -> None:
    state = make_observed(tree=None, features=None, is_outside=outside, reason="why")
    assert _make_plan(state)[0] == Plan()
    plan, (finding,) = _make_plan(state, root_sessions=True)
    assert _rules(plan) == {arn(MANAGEMENT): rule}
    assert finding.status is (Status.NOT_APPLICABLE if outside else Status.NOT_ASSESSED)


def test_members_are_only_looked_at_without_the_option() -> None:
    state = make_observed(members={PROD: idle(PROD)})
    plan, found = _make_plan(state, targets=["all"])
    assert plan == Plan()
    assert {finding.account_id for finding in found if finding.status is Status.FAIL} == {PROD}


def test_one_member_that_is_not_known_costs_the_others_nothing() -> None:
    state = make_observed(members={PROD: idle(PROD), TEST: "AccessDenied"})
    plan, found = _make_plan(state, targets=["all"], remove_root_credentials=True)
    assert {change.account_id for change in plan.changes} == {PROD}
    assert _rules(plan) == {arn(TEST): "unread"}
    assert {item.status for item in found if item.account_id == TEST} == {Status.NOT_ASSESSED}


def test_removals_name_the_findings_that_they_mend() -> None:
    plan, found = _make_plan(make_observed(members={PROD: idle(PROD)}), targets=["all"], remove_root_credentials=True)
    failing = {item.control: item.fingerprint for item in found if item.status is Status.FAIL}
    remedied = {change.operation: change.remedies for change in plan.changes}
    assert remedied["DeleteAccessKey"] == (failing["root_no_access_key"],)
    assert remedied["DeleteLoginProfile"] == (failing["member_root_without_password"],)
    # The certificate is inactive, so nothing fails for it, but it goes.
    assert remedied["DeleteSigningCertificate"] == ()


def test_members_come_in_the_next_run() -> None:
    state = make_observed(features=frozenset(), members={PROD: "the feature is off"})
    plan, _found = _make_plan(state, root_credentials_management=True, targets=["all"], remove_root_credentials=True)
    assert _operations(plan) == ["EnableOrganizationsRootCredentialsManagement"]
    assert "run again after this run" in plan.warnings[0]
    sessions, _found = _make_plan(make_observed(members={PROD: idle(PROD)}), root_sessions=True, targets=["all"])
    assert sessions.warnings == ()


def test_what_is_shown_counts_and_names_no_key() -> None:
    result = make_result(make_observed(members={PROD: idle(PROD), TEST: RootCredentials(TEST)}))
    assert "AKIA" not in repr(result)
    assert [member["clean"] for member in result["members"]] == [False, True]
    assert result["members"][0]["last_used"] == "2026-01-29T00:00:00Z"
    assert make_result(make_observed(tree=None)) == {"organization": None, "members": []}
