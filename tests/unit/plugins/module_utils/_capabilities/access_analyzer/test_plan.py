# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for Access Analyzer, region by region."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.analyzers import (
    AnalyzerDetails,
    ArchiveRule,
    Criterion,
    Exclusion,
    Inclusion,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Analyzer
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_analyzer.changes import (
    relies_on,
    stays_with,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_analyzer.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_analyzer.plan import (
    Observed,
    Planner,
    list_costs,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._controls.samples import ACCOUNT, NOW, snapshot, unread

pytestmark = pytest.mark.dated

HOME, OTHER = "us-east-1", "eu-west-1"
OURS: t.Final = {"iam-hardening:managed": "true"}
SECRET: t.Final = f"arn:aws:secretsmanager:{OTHER}:{ACCOUNT}:secret:db"
BUCKET: t.Final = "arn:aws:s3:::crown-jewels"
ITSELF: t.Final = {"scope": "account", "region": None, "unused_access_age": None, "exclusions": None}
RULE: t.Final = {
    "name": "partner",
    "access": "external",
    "filter": {"resource": {"eq": [BUCKET]}},
    "reason": "they deliver",
    "expires": "2027-03-31",
    "regions": None,
    "apply_to_existing": True,
}


def declare(**options: t.Any) -> Declared:
    given = {
        "external": "any",
        "unused": None,
        "internal": None,
        "archive_rules": [],
        "archive_rule_max_days": 10000,
        "remove_archive_rules": [],
        "remove_analyzers": [],
        "name_prefix": "iam-hardening",
        "tags": {},
    }
    return Declared.from_options({**given, **options}, today=NOW.date())


def details(name: str = "theirs", region: str = HOME, kind: str = "ACCOUNT", **fields: t.Any) -> AnalyzerDetails:
    arn = f"arn:aws:access-analyzer:{region}:{ACCOUNT}:analyzer/{name}"
    return AnalyzerDetails(**{"name": name, "arn": arn, "region": region, "type": kind, "status": "ACTIVE", **fields})


def account(*analyzers: AnalyzerDetails, **fields: t.Any) -> Snapshot:
    listed = tuple(Analyzer(item.name, item.arn, item.region, item.type, item.status) for item in analyzers)
    return snapshot(**{"regions": (HOME, OTHER), "analyzers": listed, "analyzer_details": analyzers, **fields})


def planner(regions: tuple[str, ...] = (HOME, OTHER), watched: tuple[str, ...] = (), **options: t.Any) -> Planner:
    return Planner(declare(**options), Settings(organization_analyzer_regions=watched), NOW, regions)


def make_plan(given: Snapshot, *, objection: t.Optional[str] = None, **options: t.Any) -> Plan:
    made = planner(**options)
    observed = Observed(given, objection)
    return made.plan(observed, made.findings(observed))


def list_changes(plan: Plan) -> list[tuple[str, str, str]]:
    return [(change.operation, change.region, change.target.rpartition(":")[2]) for change in plan.changes]


def test_a_region_without_one_gets_an_analyzer_and_what_it_mends_is_named() -> None:
    plan = make_plan(account(details(region=OTHER)))
    (change,) = plan.changes
    assert (change.operation, change.region, change.impact) == ("CreateAnalyzer", HOME, Impact.ADDITIVE)
    assert change.parameters == {"analyzerName": "iam-hardening-external", "type": "ACCOUNT", "tags": OURS}
    assert len(change.remedies) == 1


@pytest.mark.parametrize("watched", [(HOME, OTHER), ("*",)])
def test_a_region_that_the_organization_watches_gets_none(watched: tuple[str, ...]) -> None:
    assert make_plan(account(), watched=watched).changes == ()
    # Security Hub asks for one of the account all the same.
    assert len(make_plan(account(), watched=watched, external="account").changes) == 2


def test_what_can_not_be_read_is_left_as_it_is() -> None:
    denied = account(unread=(unread(Dataset.ANALYZER_DETAILS, UnreadKind.DENIED, OTHER),))
    plan = make_plan(denied)
    assert [change.region for change in plan.changes] == [HOME]
    assert [warning.partition(":")[0] for warning in plan.warnings] == [f"nothing is planned in {OTHER}"]
    closed = account(unread=(unread(Dataset.ANALYZER_DETAILS, UnreadKind.REGION_DENIED, OTHER),))
    plan = make_plan(closed)
    assert [change.region for change in plan.changes] == [HOME]
    # That an organization closes a region is no news in every run.
    assert plan.warnings == ()


def test_one_analyzer_of_unused_access_is_enough_and_keeps_what_is_not_declared() -> None:
    there = details(kind="ACCOUNT_UNUSED_ACCESS", unused_access_age=180, exclusions=(Exclusion(("444455556666",)),))
    everywhere: dict[str, t.Any] = {"external": "none", "regions": (HOME, OTHER)}
    assert make_plan(account(there), unused={**ITSELF, "region": HOME}, **everywhere).changes == ()
    (change,) = make_plan(
        account(there), unused={**ITSELF, "region": HOME, "unused_access_age": 90}, **everywhere
    ).changes
    assert (change.operation, change.before["unused_access_age"]) == ("UpdateAnalyzer", 180)
    assert change.parameters["configuration"] == {
        "unusedAccess": {
            "unusedAccessAge": 90,
            "analysisRule": {"exclusions": [{"accountIds": ["444455556666"]}]},
        }
    }
    (made,) = make_plan(account(), unused={**ITSELF, "region": HOME}, **everywhere).changes
    assert made.parameters["configuration"] == {"unusedAccess": {"unusedAccessAge": 90}}


def test_resources_are_looked_at_where_they_are() -> None:
    entries = [{"resource_arns": [SECRET, BUCKET]}]
    plan = make_plan(account(), external="none", internal={"scope": "account", "regions": None, "inclusions": entries})
    looked = {
        change.region: change.parameters["configuration"]["internalAccess"]["analysisRule"]["inclusions"]
        for change in plan.changes
    }
    assert looked == {HOME: [{"resourceArns": [BUCKET]}], OTHER: [{"resourceArns": [BUCKET, SECRET]}]}
    same = tuple(
        details(region=region, kind="ACCOUNT_INTERNAL_ACCESS", inclusions=(Inclusion(resource_arns=arns),))
        for region, arns in ((HOME, (BUCKET,)), (OTHER, (SECRET, BUCKET)))
    )
    again = make_plan(
        account(*same), external="none", internal={"scope": "account", "regions": None, "inclusions": entries}
    )
    assert again.changes == ()


def test_one_that_is_to_be_replaced_goes_first_and_without_that_none_comes() -> None:
    failed = details(status="FAILED", status_reason="INTERNAL_ERROR")
    plan = make_plan(account(failed), regions=(HOME,))
    assert plan.changes == ()
    assert [refusal.rule for refusal in plan.refused] == ["status"]
    assert "FAILED (INTERNAL_ERROR)" in plan.refused[0].reason
    removed, made = make_plan(account(failed), regions=(HOME,), remove_analyzers=["theirs"]).changes
    assert (removed.operation, removed.impact, removed.undo) == ("DeleteAnalyzer", Impact.DESTRUCTIVE, None)
    assert made.operation == "CreateAnalyzer"
    assert stays_with(made, removed)
    assert not stays_with(removed, made)


def test_a_rule_comes_with_its_new_analyzer_and_not_without_it() -> None:
    made, rule = make_plan(account(), regions=(HOME,), archive_rules=[RULE]).changes
    assert (made.operation, rule.operation) == ("CreateAnalyzer", "CreateArchiveRule")
    assert stays_with(rule, made)
    assert relies_on(rule, made)
    assert not relies_on(made, rule)


def test_a_rule_is_for_every_active_analyzer_of_its_kind_and_for_no_other() -> None:
    given = account(
        details("one"),
        details("two", kind="ORGANIZATION"),
        details("unused", kind="ACCOUNT_UNUSED_ACCESS", unused_access_age=90),
        details("linked", managed_by="securityhubv2.amazonaws.com"),
        details("off", OTHER, status="DISABLED"),
    )
    plan = make_plan(given, archive_rules=[RULE])
    assert list_changes(plan) == [
        ("CreateArchiveRule", HOME, "analyzer/one/archive-rule/partner"),
        ("CreateArchiveRule", HOME, "analyzer/two/archive-rule/partner"),
    ]


@pytest.mark.parametrize(
    ("present", "operation"),
    [
        (Criterion(eq=(BUCKET,)), None),
        (Criterion(eq=("arn:aws:s3:::other",)), "UpdateArchiveRule"),
    ],
)
def test_a_rule_that_is_there_is_compared_by_its_filter(present: Criterion, operation: t.Optional[str]) -> None:
    there = details(archive_rules=(ArchiveRule("partner", {"resource": present}),))
    plan = make_plan(account(there), regions=(HOME,), archive_rules=[RULE])
    assert [change.operation for change in plan.changes] == ([operation] if operation else [])
    for change in plan.changes:
        undo = t.cast(t.Any, change.undo)
        assert undo.parameters["filter"] == {"resource": {"eq": ["arn:aws:s3:::other"]}}


def test_an_expired_rule_is_not_made_and_one_that_is_there_goes() -> None:
    expired = {**RULE, "expires": "2020-01-01"}
    assert make_plan(account(details()), regions=(HOME,), archive_rules=[expired]).changes == ()
    there = details(archive_rules=(ArchiveRule("partner", {"resource": Criterion(eq=(BUCKET,))}),))
    (change,) = make_plan(account(there), regions=(HOME,), archive_rules=[expired]).changes
    assert change.operation == "DeleteArchiveRule"
    assert change.remedies


def test_an_objection_refuses_analyzers_of_the_organization_alone() -> None:
    plan = make_plan(account(), external="organization", unused={**ITSELF, "region": HOME}, objection="not delegated")
    assert [change.after["type"] for change in plan.changes] == ["ACCOUNT_UNUSED_ACCESS"]
    assert [(refusal.rule, refusal.reason) for refusal in plan.refused] == [("organization", "not delegated")] * 2


def test_tags_are_for_what_is_ours() -> None:
    ours = details("ours", tags={**OURS, "team": "x", "owner": "them"})
    plan = make_plan(account(ours, details("theirs", OTHER)), tags={"team": "iam", "cost": "1"})
    tagged = [(change.operation, change.region, change.parameters["tags"]) for change in plan.changes]
    assert tagged == [("TagResource", HOME, {"cost": "1"}), ("TagResource", HOME, {"team": "iam"})]
    undone = [t.cast(t.Any, change.undo) for change in plan.changes]
    assert [undo.operation for undo in undone] == ["UntagResource", "TagResource"]


def test_costs_are_counted_where_the_number_is_known() -> None:
    given = account(summary={"Users": 3, "Roles": 20})
    internal = {"scope": "account", "regions": None, "inclusions": [{"resource_arns": [SECRET, BUCKET]}]}
    both = planner(unused=ITSELF, internal=internal)
    assert [(cost["option"], cost["count"]) for cost in list_costs(both, given)] == [("unused", 23), ("internal", 2)]
    types = {**internal, "inclusions": [{"resource_types": ["AWS::S3::Bucket"]}]}
    unknown = planner(unused={**ITSELF, "scope": "organization"}, internal=types)
    assert [cost["count"] for cost in list_costs(unknown, given)] == [None, None]
    assert list_costs(planner(), given) == []


def test_every_change_but_a_removal_can_be_undone() -> None:
    given = account(
        details("ours", tags=OURS, archive_rules=(ArchiveRule("old", {"id": Criterion(eq=("1",))}),)),
        details("gone", OTHER),
    )
    changes: tuple[Change, ...] = make_plan(
        given,
        archive_rules=[RULE],
        tags={"team": "iam"},
        remove_archive_rules=["old"],
        remove_analyzers=["gone"],
        unused={**ITSELF, "region": HOME},
    ).changes
    assert {change.operation for change in changes if change.undo is None} == {"DeleteAnalyzer"}
    assert len({change.operation for change in changes}) == 5
