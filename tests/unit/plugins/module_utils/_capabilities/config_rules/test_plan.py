# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for AWS Config: where rules are made, changed and left alone, and where recorders may be made."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules.changes import (
    RECORDER,
    relies_on,
    stays_with,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules.organization import (
    OrganizationRule,
    OrganizationRules,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules.plan import (
    Observed,
    Planner,
    list_costs,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules.recorders import OtherRecorders
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._controls.config_samples import HOME, ONCE, OTHER, OURS, RECORDED, account, all_rules, channel, recorder, rule
from ..._controls.samples import ACCOUNT, NOW, unread
from .test_declared import declare

BOTH = (HOME, OTHER)
RECORD: t.Final = {"bucket": "b"}


def make_plan(
    snapshot: Snapshot,
    *,
    others: t.Optional[Mapping[str, OtherRecorders]] = None,
    organization: t.Optional[Mapping[str, OrganizationRules]] = None,
    **options: t.Any,
) -> Plan:
    return make_plan_and_rules(snapshot, others=others, organization=organization, **options)[0]


def make_plan_and_rules(
    snapshot: Snapshot,
    *,
    others: t.Optional[Mapping[str, OtherRecorders]] = None,
    organization: t.Optional[Mapping[str, OrganizationRules]] = None,
    **options: t.Any,
) -> tuple[Plan, dict[tuple[str, str], dict[str, t.Any]]]:
    planner = Planner(declare(**options), Settings(), NOW)
    observed = Observed(snapshot, others or {}, organization or {})
    plan, rules = planner.plan(observed, planner.findings(observed))
    return plan, {(item["rule"], item["region"]): item for item in rules}


def find_changed(plan: Plan, operation: str = "PutConfigRule") -> set[tuple[str, str]]:
    """The names and regions of what is changed by an operation."""
    return {
        (change.target.rpartition("/")[2].removeprefix("iam-hardening-"), change.region)
        for change in plan.changes
        if change.operation == operation
    }


def rules_refused(plan: Plan) -> dict[str, str]:
    return {refusal.rule: refusal.reason for refusal in plan.refused}


def only(change_of: Plan) -> Change:
    (change,) = change_of.changes
    return change


def test_each_rule_is_made_where_it_works() -> None:
    plan = make_plan(account(regions=BOTH))
    expected = {(name, HOME) for name in (*ONCE, *RECORDED, "external-analyzer")} | {("external-analyzer", OTHER)}
    assert (find_changed(plan), plan.refused, plan.warnings) == (expected, (), ())
    assert all(change.impact is Impact.ADDITIVE and change.remedies for change in plan.changes)
    assert make_plan(account(regions=BOTH, config_rules=all_rules(regions=BOTH))).changes == ()


def test_rules_on_changes_are_made_where_iam_is_recorded() -> None:
    recorders = (recorder(HOME, includes_global_types=False), recorder(OTHER, includes_global_types=True))
    plan = make_plan(account(regions=BOTH, config_recorders=recorders))
    assert {(name, OTHER) for name in RECORDED} <= find_changed(plan)
    assert {(name, HOME) for name in ONCE} <= find_changed(plan)


def test_a_region_may_be_declared_for_what_is_judged_once() -> None:
    plan = make_plan(account(regions=BOTH), iam_region=OTHER)
    # AWS offers the one on server certificates in the home region alone.
    assert {(name, OTHER) for name in ONCE if name != "server-certificates"} <= find_changed(plan)
    assert ("server-certificates", HOME) in find_changed(plan)
    # What we made elsewhere stays there: it judges the same.
    assert make_plan(account(regions=BOTH, config_rules=all_rules(regions=BOTH)), iam_region=OTHER).changes == ()


def test_regions_that_aws_does_not_offer_a_rule_in_go_without() -> None:
    plan = make_plan(account(regions=("me-central-1",), config_recorders=(recorder("me-central-1"),)))
    assert "console-mfa" not in {name for name, _region in find_changed(plan)}
    assert ("password-policy", "me-central-1") in find_changed(plan)


def test_rules_of_others_do_and_are_never_changed() -> None:
    others = (
        rule("securityhub-root-mfa-0a1b", kind="root-mfa", created_by="securityhub.amazonaws.com"),
        rule("AWSControlTower_keys", OTHER, kind="root-access-key", created_by="x.amazonaws.com"),
        rule("team-passwords", kind="password-policy", parameters={"MinimumPasswordLength": "8"}),
        rule("narrow", kind="console-mfa", narrowed=True),
        rule("leaving", kind="unused-credentials", state="DELETING"),
        rule("elsewhere", OTHER, kind="admin-policies"),
    )
    plan, rules = make_plan_and_rules(account(regions=BOTH, config_rules=others))
    names = {name for name, _region in find_changed(plan)}
    assert {"root-mfa", "root-access-key", "password-policy"} & names == set()
    assert {"console-mfa", "unused-credentials", "admin-policies"} <= names
    assert rules["root-mfa", HOME]["created_by"] == "securityhub.amazonaws.com"
    assert rules["root-access-key", HOME]["status"] == "by_others"
    assert {change.target.rpartition("/")[2] for change in plan.changes} & {other.name for other in others} == set()


def test_what_is_named_rules_of_others_must_have() -> None:
    theirs = rule("theirs", kind="password-policy", parameters={"MinimumPasswordLength": "16", "MaxPasswordAge": "90"})
    only_passwords: dict[str, t.Any] = {"default_rules": False}
    for parameters, count in (
        ({}, 0),
        ({"MinimumPasswordLength": 16}, 0),
        ({"MinimumPasswordLength": 14}, 1),
        ({"MaxPasswordAge": None}, 1),
    ):
        declaration = [{"name": "password-policy", "parameters": parameters}]
        plan = make_plan(account(config_rules=(theirs,)), rules=declaration, **only_passwords)
        assert len(plan.changes) == count, parameters


def test_a_name_of_ours_without_our_tag_is_of_somebody_else() -> None:
    same, other = rule("root-mfa", tags={}), rule("root-mfa", tags={}, frequency="One_Hour")
    declaration: dict[str, t.Any] = {"default_rules": False, "rules": [{"name": "root-mfa"}]}
    assert make_plan(account(config_rules=(same,)), **declaration) == Plan()
    plan = make_plan(account(config_rules=(other,)), **declaration)
    assert (plan.changes, set(rules_refused(plan))) == ((), {"name_taken"})
    assert make_plan(account(config_rules=(same,)), default_rules=False, remove_rules=["root-mfa"]).changes == ()
    of_hub = rule("root-mfa", created_by="securityhub.amazonaws.com")
    assert make_plan(account(config_rules=(of_hub,)), default_rules=False, remove_rules=["root-mfa"]).changes == ()


def test_a_change_keeps_what_is_not_declared() -> None:
    present = rule(
        "password-policy",
        parameters={"MinimumPasswordLength": "8", "MaxPasswordAge": "90"},
        description="theirs",
        evaluation_modes=("DETECTIVE",),
        frequency="Six_Hours",
        resource_types=("AWS::::Account",),
        tags={**OURS, "theirs": "kept"},
    )
    declaration = [{"name": "password-policy", "frequency": "Twelve_Hours"}]
    change = only(make_plan(account(config_rules=(present,)), default_rules=False, rules=declaration))
    sent = change.parameters["ConfigRule"]
    assert "Tags" not in change.parameters
    assert (sent["Description"], sent["EvaluationModes"]) == ("theirs", [{"Mode": "DETECTIVE"}])
    assert sent["Scope"] == {"ComplianceResourceTypes": ["AWS::::Account"]}
    assert sent["MaximumExecutionFrequency"] == "Twelve_Hours"
    assert "MaxPasswordAge" not in json.loads(sent["InputParameters"])
    assert change.undo is not None
    back = change.undo.parameters["ConfigRule"]
    assert json.loads(back["InputParameters"]) == {"MinimumPasswordLength": "8", "MaxPasswordAge": "90"}
    assert back["MaximumExecutionFrequency"] == "Six_Hours"


def test_a_scope_that_is_not_read_whole_can_not_be_restored() -> None:
    change = only(
        make_plan(
            account(config_rules=(rule("root-mfa", narrowed=True),)), default_rules=False, rules=[{"name": "root-mfa"}]
        )
    )
    assert (change.before["narrowed"], change.is_reversible) == (True, False)


def test_tags_are_added_and_set_and_foreign_ones_stay() -> None:
    present = rule("root-mfa", tags={**OURS, "team": "old", "theirs": "kept"})
    plan = make_plan(
        account(config_rules=(present,)),
        default_rules=False,
        rules=[{"name": "root-mfa"}],
        tags={"team": "new", "stage": "prod"},
    )
    missing, other = plan.changes
    assert (missing.before, missing.after) == ({"stage": None}, {"stage": "prod"})
    assert missing.undo is not None and missing.undo.operation == "UntagResource"
    assert (other.before, other.after) == ({"team": "old"}, {"team": "new"})
    assert other.undo is not None and other.undo.parameters["Tags"] == [{"Key": "team", "Value": "old"}]


def test_only_rules_of_ours_are_removed_and_that_is_capped() -> None:
    plan = make_plan(account(config_rules=all_rules()), default_rules=False, remove_rules=["root-mfa", "nothing"])
    change = only(plan)
    assert (change.operation, change.impact, change.population) == ("DeleteConfigRule", Impact.DESTRUCTIVE, 11)
    assert change.undo is not None
    assert change.undo.parameters["Tags"] == [{"Key": "iam-hardening:managed", "Value": "true"}]
    leaving = rule("root-mfa", state="DELETING")
    assert make_plan(account(config_rules=(leaving,)), default_rules=False, remove_rules=["root-mfa"]).changes == ()


def test_a_rule_that_is_being_deleted_is_waited_for() -> None:
    plan = make_plan(account(config_rules=(rule("root-mfa", state="DELETING"),)))
    assert set(rules_refused(plan)) == {"deleting"}
    assert ("root-mfa", HOME) not in find_changed(plan)


@pytest.mark.parametrize("dataset", [Dataset.CONFIG_RULES, Dataset.CONFIG_RECORDERS])
def test_a_region_that_is_not_read_costs_that_region_only(dataset: Dataset) -> None:
    gap = unread(dataset, UnreadKind.DENIED, OTHER)
    half = account(regions=BOTH, config_recorders=(recorder(),), unread=(gap,))
    plan = make_plan(half, recorder=RECORD)
    assert {change.region for change in plan.changes} == {HOME}
    assert len(plan.changes) == len((*ONCE, *RECORDED)) + 1
    assert plan.warnings == (f"nothing is planned in {OTHER}: iam:SomeOperation: not authorized in {OTHER}",)


def test_without_recorders_there_is_one_refusal_for_all_regions() -> None:
    plan = make_plan(account(regions=BOTH, config_recorders=(), delivery_channels=()))
    assert plan.changes == ()
    reasons = rules_refused(plan)
    assert set(reasons) == {"no_recorder", "iam_not_recorded"}
    assert reasons["no_recorder"].startswith(f"{OTHER}, {HOME}: AWS Config has no recorder there")


def bare(**fields: t.Any) -> Snapshot:
    return account(**{"regions": BOTH, "config_recorders": (), "delivery_channels": (), **fields})


def test_recorders_come_before_the_rules_and_record_iam_once() -> None:
    plan = make_plan(bare(), recorder={**RECORD, "prefix": "p", "role_arn": "arn:aws:iam::1:role/r"})
    home = [change.operation for change in plan.changes if change.region == HOME]
    assert home[:3] == ["PutConfigurationRecorder", "PutDeliveryChannel", "StartConfigurationRecorder"]
    includes = {
        change.region: change.after["includes_iam"]
        for change in plan.changes
        if change.operation == "PutConfigurationRecorder"
    }
    assert includes == {HOME: True, OTHER: False}
    assert {(name, HOME) for name in RECORDED} <= find_changed(plan)
    assert plan.refused == ()
    first = plan.changes[0]
    assert first.parameters["ConfigurationRecorder"]["roleARN"] == "arn:aws:iam::1:role/r"
    assert plan.changes[1].parameters["DeliveryChannel"] == {"name": RECORDER, "s3BucketName": "b", "s3KeyPrefix": "p"}
    undos = [change.undo.operation for change in plan.changes[:3] if change.undo]
    assert undos == ["DeleteConfigurationRecorder", "DeleteDeliveryChannel", "StopConfigurationRecorder"]


def test_regions_that_can_not_record_iam_are_not_asked_to() -> None:
    plan = make_plan(bare(regions=("me-central-1",)), recorder=RECORD)
    assert plan.changes[0].after["includes_iam"] is False
    assert set(rules_refused(plan)) == {"iam_not_recorded"}


@pytest.mark.parametrize(
    ("fields", "others", "reason"),
    [
        ({"config_recorders": (recorder(OTHER, name="aws-controltower-X"),)}, {}, "AWS Control Tower records"),
        (
            {"config_rules": (rule("tower", kind="root-mfa", created_by="controltower.amazonaws.com"),)},
            {},
            "AWS Control Tower has rules",
        ),
        ({}, {HOME: OtherRecorders(services=("securityhub.amazonaws.com",))}, "securityhub.amazonaws.com records in"),
        (
            {},
            {HOME: OtherRecorders(problem="AccessDenied")},
            "not known whether an AWS service records in us-east-1: AccessDenied",
        ),
        ({"delivery_channels": (channel(),)}, {}, "delivery channel of somebody else, default"),
    ],
    ids=["control tower", "rule of control tower", "service", "unknown", "channel"],
)
def test_no_recorder_is_made_where_somebody_else_may_decide(
    fields: dict[str, t.Any], others: dict[str, OtherRecorders], reason: str
) -> None:
    plan = make_plan(bare(**fields), others=others, recorder=RECORD)
    assert reason in rules_refused(plan)["managed_elsewhere"]
    assert (RECORDER, HOME) not in find_changed(plan, "PutConfigurationRecorder")
    assert ("external-analyzer", HOME) not in find_changed(plan)


def test_a_recorder_of_others_is_told_of_and_left() -> None:
    stopped = account(config_recorders=(recorder(recording=False),), delivery_channels=())
    plan = make_plan(stopped, recorder=RECORD)
    assert {change.operation for change in plan.changes} == {"PutConfigRule"}
    assert plan.warnings == (f"{HOME}: recorder default has no delivery channel; it is not changed",)


def test_our_recorder_that_was_left_half_made_is_completed() -> None:
    half = recorder(name=RECORDER, recording=False)
    plan = make_plan(account(config_recorders=(half,), delivery_channels=()), recorder=RECORD)
    operations = [change.operation for change in plan.changes]
    assert operations[:2] == ["PutDeliveryChannel", "StartConfigurationRecorder"]
    assert {(name, HOME) for name in RECORDED} <= find_changed(plan)
    undeclared = make_plan(account(config_recorders=(half,), delivery_channels=()))
    assert {change.operation for change in undeclared.changes} == {"PutConfigRule"}


def test_a_channel_of_ours_that_is_not_as_declared_is_told_of() -> None:
    ours = account(config_recorders=(recorder(name=RECORDER),), delivery_channels=(channel(name=RECORDER),))
    assert make_plan(ours, recorder=RECORD).warnings == ()
    plan = make_plan(ours, recorder={"bucket": "another"})
    assert plan.warnings == (f"{HOME}: delivery channel {RECORDER} differs from the declaration; it is not changed",)
    assert {change.operation for change in plan.changes} == {"PutConfigRule"}


def test_what_needs_a_recorder_does_not_come_without_it() -> None:
    plan = make_plan(bare(), recorder=RECORD)
    by_operation = {(change.operation, change.region): change for change in plan.changes}
    record, deliver, start = (
        by_operation[name, HOME]
        for name in ("PutConfigurationRecorder", "PutDeliveryChannel", "StartConfigurationRecorder")
    )
    a_rule, elsewhere = by_operation["PutConfigRule", HOME], by_operation["PutConfigRule", OTHER]
    assert all(stays_with(change, record) for change in (deliver, start, a_rule))
    assert stays_with(start, deliver) and not stays_with(a_rule, deliver)
    assert not stays_with(elsewhere, record)
    # Nor is it taken from under them.
    assert relies_on(a_rule, record) and relies_on(start, deliver)
    assert not relies_on(elsewhere, record)
    assert not relies_on(elsewhere, a_rule)


def test_extra_rules_are_made_beside_all_others() -> None:
    extra = {"name": "mine", "identifier": "ROOT_ACCOUNT_MFA_ENABLED", "regions": [OTHER, "sa-east-1"]}
    theirs = rule("theirs", OTHER, kind="root-mfa")
    plan = make_plan(account(regions=BOTH, config_rules=(theirs,)), default_rules=False, extra_rules=[extra])
    assert find_changed(plan) == {("mine", OTHER)}
    assert plan.warnings == ("mine: sa-east-1 is not among the regions of the task",)
    # What AWS filled in where nothing was declared is no difference.
    there = dataclasses.replace(
        rule("root-mfa", OTHER), name="iam-hardening-mine", resource_types=("AWS::::Account",), parameters={}
    )
    again = make_plan(account(regions=BOTH, config_rules=(there,)), default_rules=False, extra_rules=[extra])
    assert again.changes == ()


def test_costs_are_what_is_more_than_before() -> None:
    plan = make_plan(bare(), recorder=RECORD)
    counted = {(cost["option"], cost["unit"]): cost["count"] for cost in list_costs(plan.changes)}
    assert counted == {
        ("rules", "run of a periodic rule, a day"): 10,
        ("rules", "rule that changes trigger"): 2,
        ("recorder", "recorder in a region"): 2,
    }
    oftener = [{"name": "root-mfa", "frequency": "Six_Hours"}]
    change = make_plan(account(config_rules=all_rules()), rules=oftener).changes
    assert [cost["count"] for cost in list_costs(change)] == [3]
    gone = make_plan(account(config_rules=all_rules()), remove_rules=["root-mfa"]).changes
    assert [cost["count"] for cost in list_costs(gone)] == [-1]
    assert list_costs(()) == []


# Rules of an organization


def of_organization(name: str = "iam-hardening-root-mfa", **fields: t.Any) -> OrganizationRule:
    values = {"name": name, "region": HOME, "identifier": "ROOT_ACCOUNT_MFA_ENABLED", "parameters": {}}
    return OrganizationRule(**{**values, "frequency": "TwentyFour_Hours", **fields})


def make_organization_plan(*rules: OrganizationRule, **options: t.Any) -> Plan:
    declaration = {"default_rules": False, "rules": [{"name": "root-mfa"}], "scope": "organization", **options}
    return make_plan(account(config_recorders=()), organization={HOME: OrganizationRules(rules=rules)}, **declaration)


def test_a_rule_of_the_organization_needs_no_recorder_here() -> None:
    change = only(make_organization_plan())
    assert (change.operation, change.after["excluded_accounts"]) == ("PutOrganizationConfigRule", [])
    assert change.target.endswith(f"{HOME}:{ACCOUNT}:organization-config-rule/iam-hardening-root-mfa")
    assert change.parameters["Tags"] == [{"Key": "iam-hardening:managed", "Value": "true"}]
    assert make_organization_plan(of_organization()).changes == ()


def test_excluded_accounts_stay_unless_they_are_declared() -> None:
    present = of_organization(excluded_accounts=("222233334444",), description="theirs")
    assert make_organization_plan(present).changes == ()
    change = only(make_organization_plan(present, excluded_accounts=[]))
    assert change.parameters["OrganizationManagedRuleMetadata"]["Description"] == "theirs"
    assert change.undo is not None and change.undo.parameters["ExcludedAccounts"] == ["222233334444"]


def test_a_rule_of_the_organization_by_others_does_unless_it_is_narrowed() -> None:
    assert make_organization_plan(of_organization("theirs")).changes == ()
    assert len(make_organization_plan(of_organization("theirs", narrowed=True)).changes) == 1


def test_what_aws_is_still_at_is_waited_for() -> None:
    busy = of_organization(frequency="One_Hour", status="UPDATE_IN_PROGRESS")
    assert set(rules_refused(make_organization_plan(busy))) == {"in_progress"}


def test_accounts_without_the_rule_are_told_of() -> None:
    failed = of_organization(status="CREATE_FAILED", problem="no recorder in 222233334444")
    plan = make_organization_plan(failed)
    assert plan.warnings == (f"{HOME}: {failed.name} is CREATE_FAILED: no recorder in 222233334444",)


def test_only_rules_of_our_names_are_removed_from_the_organization() -> None:
    rules = (of_organization(), of_organization("root-mfa"))
    change = only(make_organization_plan(*rules, rules=[], remove_rules=["root-mfa"]))
    assert change.target.endswith("/iam-hardening-root-mfa")
    assert (change.operation, change.impact) == ("DeleteOrganizationConfigRule", Impact.DESTRUCTIVE)


def test_who_may_not_make_rules_of_the_organization_is_refused_once() -> None:
    answers = {region: OrganizationRules(objection="only the administrator can") for region in BOTH}
    plan = make_plan(account(regions=BOTH), organization=answers, scope="organization")
    (refusal,) = plan.refused
    assert refusal.rule == "organization" and "only the administrator can" in refusal.reason
    assert plan.changes == ()


def test_rules_of_the_organization_that_are_not_known_are_left() -> None:
    answers = {HOME: OrganizationRules(problem="AccessDenied"), OTHER: OrganizationRules()}
    plan = make_plan(account(regions=BOTH), organization=answers, scope="organization")
    assert find_changed(plan, "PutOrganizationConfigRule") == {("external-analyzer", OTHER)}
    assert plan.warnings == (f"nothing is planned in {HOME}: AccessDenied",)
