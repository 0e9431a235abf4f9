# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for Security Hub, region by region."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.security_hubs import (
    Aggregator,
    SecurityHubDetails,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.controls import (
    Controls,
    Parameter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.declared import (
    Declared,
    WantedStandard,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.plan import (
    UNNAMED,
    Observed,
    Planner,
    choose_standard,
    list_costs,
    make_hub_result,
    stays_with,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue.security_hub import (
    list_offered_standards,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import listing
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._controls.hub_samples import (
    CIS_3,
    CIS_5,
    CIS_10,
    CIS_OLD,
    FSBP,
    HOME,
    NIST,
    OFFERED,
    OTHER,
    account,
    hub,
    off,
    offering,
    standard,
    subscription,
    subscription_arn,
)
from ..._controls.samples import ACCOUNT, NOW, unread

BOTH = (subscription(FSBP), subscription(CIS_5))
DEFAULTS: t.Final[dict[str, t.Any]] = {
    "enable": True,
    "standards": ["fsbp", "cis"],
    "disable_standards": [],
    "control_finding_generator": None,
    "controls": [],
    "aggregation_region": None,
    "aggregation_mode": "all_regions",
    "aggregation_regions": [],
}
HUB = f"arn:aws:securityhub:{HOME}:{ACCOUNT}:hub/default"


def planner(**options: t.Any) -> Planner:
    return Planner(Declared.from_options({**DEFAULTS, **options}), Settings(), NOW)


def make_observed(*details: SecurityHubDetails, known: t.Optional[Controls] = None, **fields: t.Any) -> Observed:
    """``known`` is what every region tells of the controls that are declared."""
    return Observed(account(*details, **fields), {item.region: known for item in details} if known else {})


def make_plan(*details: SecurityHubDetails, known: t.Optional[Controls] = None, **options: t.Any) -> Plan:
    plans, state = planner(**options), make_observed(*details, known=known)
    return plans.plan(state, plans.findings(state))


def operations(plan: Plan) -> list[tuple[str, str]]:
    return [(change.operation, change.target.partition(f"{ACCOUNT}:")[2]) for change in plan.changes]


def find_enabled(plan: Plan) -> list[str]:
    """The standards that a plan enables, by their ARNs."""
    return [
        request["StandardsArn"]
        for change in plan.changes
        if change.operation == "BatchEnableStandards"
        for request in change.parameters["StandardsSubscriptionRequests"]
    ]


# Turning it on


def test_a_hub_is_turned_on_without_what_aws_would_add() -> None:
    state = make_observed(off())
    plans = planner()
    found = plans.findings(state)
    plan = plans.plan(state, found)
    assert operations(plan) == [
        ("EnableSecurityHub", "hub/default"),
        ("BatchEnableStandards", "subscription/aws-foundational-security-best-practices/v/1.0.0"),
        ("BatchEnableStandards", "subscription/cis-aws-foundations-benchmark/v/5.0.0"),
    ]
    assert find_enabled(plan) == [standard(FSBP), standard(CIS_5)]
    enable = plan.changes[0]
    assert enable.target == HUB
    assert enable.parameters["EnableDefaultStandards"] is False
    assert enable.parameters["ControlFindingGenerator"] == "SECURITY_CONTROL"
    assert enable.undo is not None and enable.undo.operation == "DisableSecurityHub"
    failing = {finding.fingerprint for finding in found if finding.status is Status.FAIL}
    assert failing and all(set(change.remedies) == failing for change in plan.changes)
    assert all(change.impact is Impact.ADDITIVE for change in plan.changes)


def test_defaults_of_aws_are_declined_only_where_we_turn_it_on() -> None:
    """A hub that somebody turned on with CIS 1.2.0 keeps it."""
    plan = make_plan(hub(subscription(FSBP), subscription(CIS_OLD)))
    assert operations(plan) == [("BatchEnableStandards", "subscription/cis-aws-foundations-benchmark/v/5.0.0")]


def test_a_hub_as_declared_is_left_alone() -> None:
    assert make_plan(hub(*BOTH)) == Plan()


def test_a_hub_stays_off_where_it_is_not_to_be_turned_on() -> None:
    assert make_plan(off(), hub(region=OTHER), enable=False).changes == make_plan(hub(region=OTHER)).changes


def test_standards_that_aws_does_not_tell_of_come_with_the_next_run() -> None:
    plan = make_plan(off(offered=None))
    assert operations(plan) == [("EnableSecurityHub", "hub/default")]
    assert plan.warnings == (f"{HOME}: AWS lists its standards only once Security Hub is on: run again",)
    assert make_plan(off(offered=None), standards=[]).warnings == ()


# Choosing standards


@pytest.mark.parametrize(
    ("text", "offered", "expected"),
    [
        ("cis", OFFERED, CIS_5),
        ("cis", (*OFFERED, CIS_10), CIS_10),
        ("cis", (CIS_OLD,), CIS_OLD),
        ("cis/3.0.0", OFFERED, CIS_3),
        ("cis/v/3.0.0", OFFERED, CIS_3),
        ("cis-aws-foundations-benchmark", OFFERED, CIS_5),
        (standard(CIS_3, OTHER), OFFERED, CIS_3),
        ("cis/9.0.0", OFFERED, None),
        ("nist_800_53", OFFERED, NIST),
        ("pci_dss", OFFERED, None),
    ],
)
def test_a_standard_is_chosen_from_what_the_region_offers(
    text: str, offered: tuple[str, ...], expected: t.Optional[str]
) -> None:
    name = choose_standard(
        WantedStandard.parse(text, "standards"), list_offered_standards(hub(offered=offering(*offered)))
    )
    assert (name.path if name else None) == (expected.partition("/")[2] if expected else None)


def test_a_region_that_does_not_offer_one_goes_without() -> None:
    plan = make_plan(hub(offered=offering(FSBP)))
    assert find_enabled(plan) == [standard(FSBP)]
    assert plan.warnings == (f"{HOME}: AWS does not offer the standard cis here",)


def test_each_region_enables_its_own_arns() -> None:
    plan = make_plan(hub(), hub(region=OTHER))
    assert find_enabled(plan) == [standard(path, region) for region in (HOME, OTHER) for path in (FSBP, CIS_5)]


def test_the_oldest_standard_belongs_to_no_region_but_its_subscription_does() -> None:
    (change,) = make_plan(hub(region=OTHER), standards=["cis/1.2.0"]).changes
    assert change.parameters == {"StandardsSubscriptionRequests": [{"StandardsArn": standard(CIS_OLD)}]}
    assert change.target == subscription_arn(CIS_OLD, OTHER)
    assert change.undo is not None and change.undo.parameters == {"StandardsSubscriptionArns": [change.target]}


@pytest.mark.parametrize(
    ("status", "operation", "rule", "told_of"),
    [
        ("READY", [], [], False),
        ("PENDING", [], [], True),
        ("INCOMPLETE", [], [], True),
        ("FAILED", ["BatchEnableStandards"], [], False),
        ("DELETING", [], ["deleting"], False),
    ],
)
def test_a_standard_counts_by_its_status(status: str, operation: list[str], rule: list[str], told_of: bool) -> None:
    plan = make_plan(hub(subscription(FSBP), subscription(CIS_5, status, reason="NO_AVAILABLE_CONFIGURATION_RECORDER")))
    assert [change.operation for change in plan.changes] == operation
    assert [refusal.rule for refusal in plan.refused] == rule
    assert any(f"is {status} (NO_AVAILABLE" in warning for warning in plan.warnings) == told_of


# Disabling standards


def test_nothing_that_is_enabled_is_disabled_unless_it_is_declared() -> None:
    plan = make_plan(hub(*BOTH, subscription(NIST), subscription(CIS_OLD)), standards=["fsbp"])
    assert plan == Plan()


def test_a_standard_is_disabled_by_declaration_and_says_why() -> None:
    gone = [{"standard": "cis/1.2.0", "reason": "replaced by 5.0.0"}]
    plan = make_plan(hub(*BOTH, subscription(CIS_OLD), subscription(CIS_3)), disable_standards=gone)
    (change,) = plan.changes
    assert (change.operation, change.impact) == ("BatchDisableStandards", Impact.DESTRUCTIVE)
    assert change.parameters == {"StandardsSubscriptionArns": [subscription_arn(CIS_OLD)]}
    assert change.undo is not None
    assert change.undo.parameters == {"StandardsSubscriptionRequests": [{"StandardsArn": standard(CIS_OLD)}]}
    assert "cis-aws-foundations-benchmark 1.2.0 is disabled, as declared: replaced by 5.0.0" in listing(plan.warnings)


@pytest.mark.parametrize("status", ["FAILED", "DELETING"])
def test_a_standard_that_judges_nothing_is_not_disabled_again(status: str) -> None:
    gone = [{"standard": "cis/1.2.0", "reason": "old"}]
    assert make_plan(hub(*BOTH, subscription(CIS_OLD, status)), disable_standards=gone).changes == ()


# Settings of the hub


@pytest.mark.parametrize(
    ("present", "wanted", "expected"),
    [
        ("STANDARD_CONTROL", None, []),
        ("STANDARD_CONTROL", "SECURITY_CONTROL", ["UpdateSecurityHubConfiguration"]),
        ("SECURITY_CONTROL", "SECURITY_CONTROL", []),
        # In a region that does not know the setting there is nothing to set.
        (None, "SECURITY_CONTROL", []),
    ],
)
def test_how_findings_are_made_stays_unless_it_is_declared(
    present: t.Optional[str], wanted: t.Optional[str], expected: list[str]
) -> None:
    plan = make_plan(hub(*BOTH, generator=present), control_finding_generator=wanted)
    assert [change.operation for change in plan.changes] == expected
    if expected:
        (change,) = plan.changes
        assert change.undo is not None and change.undo.parameters == {"ControlFindingGenerator": present}


# Aggregation

ARN: t.Final = f"arn:aws:securityhub:{HOME}:{ACCOUNT}:finding-aggregator/1"
LINKED: t.Final = Aggregator(ARN, HOME, "SPECIFIED_REGIONS", (OTHER,))


def make_aggregation_plan(aggregator: t.Optional[Aggregator], *regions: str, **fields: t.Any) -> Plan:
    options = {"aggregation_mode": "specified_regions", "aggregation_regions": list(regions)} if regions else {}
    return make_plan(hub(*BOTH, aggregator=aggregator, **fields), aggregation_region=HOME, **options)


def test_findings_come_together_where_they_did_nowhere() -> None:
    (change,) = make_aggregation_plan(None).changes
    assert (change.operation, change.parameters) == ("CreateFindingAggregator", {"RegionLinkingMode": "ALL_REGIONS"})
    assert change.undo is None
    (change,) = make_aggregation_plan(None, OTHER, "ap-south-1").changes
    assert change.parameters["Regions"] == ["ap-south-1", OTHER]


def test_a_hub_that_is_turned_on_aggregates_in_the_same_run() -> None:
    plan = make_plan(off(), off(OTHER), aggregation_region=HOME)
    assert [change.region for change in plan.changes if change.operation == "CreateFindingAggregator"] == [HOME]
    assert plan.changes[0].operation == "EnableSecurityHub"


def test_regions_that_others_linked_stay_linked() -> None:
    (change,) = make_aggregation_plan(LINKED, "ap-south-1").changes
    assert change.operation == "UpdateFindingAggregator"
    assert change.parameters["Regions"] == ["ap-south-1", OTHER]
    assert change.undo is not None and change.undo.parameters["Regions"] == [OTHER]
    assert make_aggregation_plan(LINKED, OTHER) == Plan()
    assert make_aggregation_plan(dataclasses.replace(LINKED, regions=("ap-south-1", OTHER)), OTHER) == Plan()


def test_a_mode_is_replaced_with_its_regions() -> None:
    (change,) = make_aggregation_plan(LINKED).changes
    assert change.parameters == {"RegionLinkingMode": "ALL_REGIONS", "FindingAggregatorArn": LINKED.arn}
    assert (change.before, change.after) == (
        {"mode": "SPECIFIED_REGIONS", "regions": [OTHER]},
        {"mode": "ALL_REGIONS", "regions": []},
    )


def test_an_aggregator_elsewhere_is_somebody_elses() -> None:
    plan = make_aggregation_plan(dataclasses.replace(LINKED, region=OTHER, mode="", regions=()))
    assert (plan.changes, [refusal.rule for refusal in plan.refused]) == ((), ["aggregator"])
    assert f"aggregated in {OTHER}" in plan.refused[0].reason


def test_a_member_that_is_not_told_makes_no_aggregator() -> None:
    plan = make_aggregation_plan(None, aggregator_told=False)
    assert (plan.changes, [refusal.rule for refusal in plan.refused]) == ((), ["unread"])


def test_a_hub_that_stays_off_aggregates_nothing_and_says_so() -> None:
    plan = make_plan(off(), aggregation_region=HOME, enable=False)
    assert (plan.changes, [refusal.rule for refusal in plan.refused]) == ((), ["hub_off"])


def test_nothing_is_aggregated_unless_it_is_declared() -> None:
    assert make_plan(hub(*BOTH, aggregator=LINKED)) == Plan()


# Controls


def set_controls(**fields: t.Any) -> dict[str, t.Any]:
    return {"controls": [{"id": "IAM.6", "enabled": False, "reason": "no root credentials", **fields}]}


def test_controls_come_with_the_standards_that_have_them() -> None:
    known = Controls(associations={("IAM.6", standard(FSBP)): "ENABLED"})
    plan = make_plan(hub(subscription(FSBP)), known=known, **set_controls())
    assert [change.operation for change in plan.changes] == [
        "BatchEnableStandards",
        "BatchUpdateStandardsControlAssociations",
    ]
    told_later = "the next run sets the controls of cis-aws-foundations-benchmark/v/5.0.0"
    assert plan.warnings == (f"{HOME}: {told_later}",)


def test_controls_that_are_set_elsewhere_are_not_told_of() -> None:
    plan = make_plan(hub(subscription(FSBP)), **set_controls(exclude_regions=[HOME]))
    assert (find_enabled(plan), plan.warnings) == ([standard(CIS_5)], ())


def test_controls_that_can_not_be_read_are_refused_alone() -> None:
    plan = make_plan(hub(subscription(FSBP)), known=Controls(problem="denied"), **set_controls())
    assert find_enabled(plan) == [standard(CIS_5)]
    assert [(refusal.rule, refusal.reason) for refusal in plan.refused] == [
        ("unread", "its controls are not known: denied")
    ]


def test_parameters_are_set_of_a_hub_that_is_on() -> None:
    known = Controls(parameters={"IAM.7": {"MinimumPasswordLength": Parameter("Integer", None)}})
    wish = {"id": "IAM.7", "reason": "ours", "parameters": {"MinimumPasswordLength": "14"}}
    (change,) = make_plan(hub(*BOTH), known=known, controls=[wish]).changes
    assert change.after == {"MinimumPasswordLength": 14}


# Others' decisions, and what can't be read


def test_an_account_that_is_configured_centrally_is_left_alone_in_all_regions() -> None:
    """AWS tells of the policy in the region of aggregation alone."""
    plans = planner(aggregation_region=OTHER)
    state = make_observed(hub(subscription(CIS_3), policy="p-1"), off(OTHER))
    found = plans.findings(state)
    plan = plans.plan(state, found)
    assert plan.changes == ()
    assert {refusal.rule for refusal in plan.refused} == {"managed_centrally"}
    assert [refusal.operation for refusal in plan.refused] == [
        "BatchEnableStandards",
        "BatchEnableStandards",
        "EnableSecurityHub",
        "BatchEnableStandards",
        "BatchEnableStandards",
        "CreateFindingAggregator",
    ]
    assert all("p-1" in refusal.reason for refusal in plan.refused)
    verdicts = {
        (item.control, item.region): (item.status, item.detail)
        for item in found
        if item.control == "security_hub_standards"
    }
    assert {status for status, _detail in verdicts.values()} == {Status.NOT_ASSESSED}
    assert all("managed centrally" in detail for _status, detail in verdicts.values())


def test_what_a_policy_leaves_as_declared_is_fine() -> None:
    plans = planner()
    state = make_observed(hub(*BOTH, policy="p-1"))
    assert plans.plan(state, plans.findings(state)) == Plan()


def test_a_refused_write_tells_of_a_policy_without_its_name() -> None:
    state = make_observed(hub(), off(OTHER)).mark_managed([OTHER])
    assert [item.policy for item in state.snapshot.security_hub_details] == [None, UNNAMED]


def test_a_denied_region_is_planned_for_alone() -> None:
    gaps = tuple(unread(dataset, region=OTHER) for dataset in (Dataset.SECURITY_HUB_DETAILS, Dataset.SECURITY_HUB))
    plans = planner()
    state = make_observed(hub(), regions=(HOME, OTHER), unread=gaps)
    found = plans.findings(state)
    plan = plans.plan(state, found)
    assert {change.region for change in plan.changes} == {HOME}
    assert len(plan.warnings) == 1 and plan.warnings[0].startswith(f"{OTHER}: nothing is planned, because it can't be")
    assert {item.status for item in found if item.region == OTHER} == {Status.NOT_ASSESSED}
    assert Status.NOT_ASSESSED not in {item.status for item in found if item.region == HOME}


def test_a_region_that_is_closed_to_the_account_is_no_surprise() -> None:
    datasets = (Dataset.SECURITY_HUB_DETAILS, Dataset.SECURITY_HUB)
    gaps = tuple(unread(dataset, UnreadKind.REGION_DENIED, OTHER) for dataset in datasets)
    plans = planner()
    state = make_observed(hub(*BOTH), regions=(HOME, OTHER), unread=gaps)
    found = plans.findings(state)
    assert plans.plan(state, found) == Plan()
    assert [(item.control, item.status) for item in found if item.region == OTHER] == [
        ("region_assessed", Status.NOT_ASSESSED)
    ]


# What the result says


def test_hubs_are_told_with_the_newer_service_beside_them() -> None:
    shown = make_hub_result(
        hub(subscription(FSBP), subscription(CIS_OLD, "FAILED"), aggregator=LINKED, policy="p-1", v2=True)
    )
    assert shown == {
        "region": HOME,
        "enabled": True,
        "control_finding_generator": "SECURITY_CONTROL",
        "standards": {
            "aws-foundational-security-best-practices 1.0.0": "READY",
            "cis-aws-foundations-benchmark 1.2.0": "FAILED",
        },
        "aggregation_region": HOME,
        "configuration_policy": "p-1",
        "v2": True,
    }
    assert make_hub_result(off(v2=None))["v2"] is None


def test_v2_changes_nothing_of_the_plan() -> None:
    assert make_plan(off(v2=True)).changes == make_plan(off()).changes


def test_costs_are_counted_by_what_is_enabled() -> None:
    counted = {item["option"]: item["count"] for item in list_costs(make_plan(off(), hub(region=OTHER)).changes)}
    assert counted == {"enable": 1, "standards": 4}
    assert list_costs(make_plan(hub(*BOTH)).changes) == []


def test_nothing_is_tried_in_a_region_whose_hub_was_not_turned_on() -> None:
    here: tuple[Change, ...] = make_plan(off(), off(OTHER)).changes
    enable, standards, elsewhere = here[0], here[1], here[-1]
    assert stays_with(standards, enable)
    assert not stays_with(elsewhere, enable)
    assert not stays_with(here[2], standards)
