# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for declared boundaries: their policies first, then who is to carry them."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    PolicyDocument,
    Snapshot,
    Unread,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import UnreadKind as Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.changes import (
    LOCKOUT_KINDS,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.document import (
    SAMPLE,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.plan import (
    Planner,
    fill_policy,
    says_same,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import Principal
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.untouchable import UntouchablePrincipals
from ansible_collections.hardening.iam.plugins.module_utils._prediction.unused_resources import (
    AccountFacts,
    list_unused_resources,
)

from ..user_permissions.people import ACCOUNT, account, allow, arn, deny, document, group, make_policy, role
from .bounded import (
    ARN,
    DEVELOPERS,
    NAME,
    OTHER,
    SOUND,
    boundary,
    dev,
    live,
    make_observed,
    make_plan,
    one,
    person,
    planner,
    refusals,
    steps,
)

WIDER: t.Final = document(allow("s3:*", "sqs:*", "sns:*"), deny("iam:*"))
WITH_TRAILS: t.Final = document(allow("s3:*"), deny("*", resource="arn:aws:s3:::<trail_buckets>/*"))
PUT: t.Final = "PutRolePermissionsBoundary"
DAY: t.Final = "2026-12-31"


def test_the_policy_comes_first_then_those_who_are_to_carry_it() -> None:
    plan = make_plan(account(dev("dev-1"), dev("dev-2"), person("ann"), role("app")), boundary(DEVELOPERS))
    assert steps(plan) == [("CreatePolicy", NAME), (PUT, "dev-1"), (PUT, "dev-2")]
    assert {change.population for change in plan.changes[1:]} == {4}
    assert json.loads(plan.changes[0].parameters["PolicyDocument"])["Statement"][0]["Action"] == ["s3:*", "sqs:*"]
    assert not plan.refused


def test_the_changes_remedy_their_findings() -> None:
    planning = planner(boundary(DEVELOPERS), replace=True)
    seen = make_observed(planning, account(dev("dev-1"), dev("dev-2", OTHER)))
    found = planning.findings(seen)
    by_control = {finding.control: finding.fingerprint for finding in found}
    remedies = [change.remedies for change in planning.plan(seen, found).changes]
    expected = [by_control[f"boundary_{name}"] for name in ("drifted", "missing", "wrong")]
    assert remedies == [(fingerprint,) for fingerprint in expected]


def test_nothing_is_planned_where_all_is_as_declared() -> None:
    plan = make_plan(account(dev("dev-1", ARN)), boundary(DEVELOPERS), policy=live(SOUND))
    assert (plan.changes, plan.refused) == ((), ())


@pytest.mark.parametrize(
    "content",
    [
        document(deny("iam:*"), allow("sqs:*", "s3:*")),
        document(allow("S3:*", "sqs:*", "sqs:*"), {**deny("IAM:*"), "Action": "iam:*"}),
        {**SOUND, "Statement": [{**item, "Sid": f"S{n}"} for n, item in enumerate(SOUND["Statement"])], "Id": "x"},
    ],
    ids=["order", "case and doubles", "names"],
)
def test_a_policy_that_means_the_same_is_no_drift(content: t.Any) -> None:
    plan = make_plan(account(dev("dev-1", ARN)), boundary(DEVELOPERS), policy=live(content))
    same_names = "Sid" not in json.dumps(content)
    assert steps(plan) == ([] if same_names else [("CreatePolicyVersion", NAME)])


@pytest.mark.parametrize(
    "content",
    [
        WIDER,
        document(allow("s3:*", "sqs:*")),
        document(allow("s3:*", "sqs:*"), deny("iam:*", Condition={"Bool": {"aws:SecureTransport": "false"}})),
        {**SOUND, "Version": "2008-10-17"},
        None,
        {"Statement": "x"},
    ],
)
def test_a_policy_that_means_something_else_gets_a_new_version(content: t.Any) -> None:
    plan = make_plan(account(dev("dev-1", ARN)), boundary(DEVELOPERS), policy=live(content))
    assert steps(plan) == [("CreatePolicyVersion", NAME)]


def test_only_the_version_that_counts_is_compared() -> None:
    stale = make_plan(account(dev("dev-1", ARN)), boundary(DEVELOPERS), policy=live(SOUND, WIDER))
    assert steps(stale) == [("CreatePolicyVersion", NAME)]
    back = make_plan(account(dev("dev-1", ARN)), boundary(DEVELOPERS), policy=live(SOUND, WIDER, default=1))
    assert steps(back) == []


def test_five_versions_leave_no_room_for_a_sixth() -> None:
    full = live(*[WIDER] * 5, default=1)
    refused = make_plan(account(dev("dev-1"), dev("dev-2", ARN)), boundary(DEVELOPERS), policy=full)
    assert refusals(refused) == [("versions", NAME), ("content_first", NAME)]
    assert "(v2)" in refused.refused[0].reason
    assert not refused.changes
    allowed = make_plan(account(dev("dev-1")), boundary(DEVELOPERS), policy=full, delete_versions=True)
    assert steps(allowed) == [("DeletePolicyVersion", NAME), ("CreatePolicyVersion", NAME), (PUT, "dev-1")]
    assert allowed.changes[0].parameters["VersionId"] == "v2"
    roomy = make_plan(account(), boundary(DEVELOPERS), policy=live(*[WIDER] * 4), delete_versions=True)
    assert steps(roomy) == [("CreatePolicyVersion", NAME)]


def test_no_version_is_deleted_for_one_that_a_guard_refuses() -> None:
    """It can't be brought back, so whatever holds back the new version has to hold back this as well."""
    plan = make_plan(account(), boundary(DEVELOPERS), policy=live(*[WIDER] * 5), delete_versions=True)
    assert {change.kind for change in plan.changes} <= LOCKOUT_KINDS


def test_a_policy_of_somebody_else_is_left_and_nobody_gets_it() -> None:
    plan = make_plan(account(dev("dev-1")), boundary(DEVELOPERS), policy=live(WIDER, tags={}))
    assert refusals(plan) == [("foreign", NAME), ("content_first", NAME)]
    same = make_plan(account(dev("dev-1")), boundary(DEVELOPERS), policy=live(SOUND, tags={}))
    assert steps(same) == [(PUT, "dev-1")]


@pytest.mark.parametrize("name", ["developer", "Developer"])
def test_a_name_that_another_policy_has_is_refused_before_aws_does(name: str) -> None:
    """CreatePolicy: "names must be unique within the account. Names are not distinguished by case.\""""
    taken = dataclasses.replace(make_policy("Read"), name=name, path="/team/", arn=arn("policy", f"team/{name}"))
    plan = make_plan(account(dev("dev-1"), policies=(taken,)), boundary(DEVELOPERS))
    assert refusals(plan) == [("name_taken", NAME), ("content_first", NAME)]
    assert taken.arn in plan.refused[0].reason
    of_aws = dataclasses.replace(taken, arn=f"arn:aws:iam::aws:policy/{name}", is_aws_managed=True)
    free = make_plan(account(dev("dev-1"), policies=(of_aws,)), boundary(DEVELOPERS))
    assert steps(free) == [("CreatePolicy", NAME), (PUT, "dev-1")]


def test_whoever_would_break_is_left_and_the_others_get_it() -> None:
    snapshot = account(dev("dev-1"), dev("dev-2"), dev("dev-3"))
    plan = make_plan(snapshot, boundary(DEVELOPERS), broken=["dev-2"])
    assert steps(plan) == [("CreatePolicy", NAME), (PUT, "dev-1"), (PUT, "dev-3")]
    assert refusals(plan) == [("prediction", "dev-2")]
    accepted = [{"principal": "dev-2", "reason": "agreed", "expires": DAY}]
    plan = make_plan(snapshot, boundary(DEVELOPERS), broken=["dev-2"], accept_breakage=accepted)
    assert (PUT, "dev-2") in steps(plan)
    assert not plan.warnings


def test_acceptances_that_nobody_needs_are_told() -> None:
    accepted = [{"principal": "dev-1", "reason": "agreed", "expires": DAY}]
    plan = make_plan(account(dev("dev-1")), boundary(DEVELOPERS), accept_breakage=accepted)
    assert plan.warnings == ("accept_breakage[0]: dev-1 is not a principal that the change may break",)


def test_a_change_of_content_is_held_against_those_who_carry_it_meant_or_not() -> None:
    snapshot = account(dev("dev-1", ARN), person("ann", boundary=ARN), dev("dev-2"))
    plan = make_plan(snapshot, boundary(DEVELOPERS), policy=live(WIDER), broken=["ann"])
    assert refusals(plan) == [("prediction", "ann"), ("content_first", NAME)]
    assert not plan.changes
    plan = make_plan(snapshot, boundary(DEVELOPERS), policy=live(WIDER))
    assert steps(plan) == [("CreatePolicyVersion", NAME), (PUT, "dev-2")]


def test_break_glass_that_carries_it_holds_its_content() -> None:
    glass = dataclasses.replace(role("break-glass", path="/iam-hardening/"), boundary=ARN)
    plan = make_plan(account(glass, dev("dev-1")), boundary(DEVELOPERS), policy=live(WIDER))
    assert refusals(plan) == [("in_use", NAME), ("content_first", NAME)]
    assert "break-glass" in plan.refused[0].reason


# The policy is a permissions policy as well


def attach_to(*principals: t.Any, content: t.Any = None) -> Snapshot:
    """An account with one developer who carries the policy, and others to whom it is attached."""
    policy = dataclasses.replace(make_policy("Read"), arn=ARN, default_version=PolicyDocument("v1", content or WIDER))
    return account(dev("dev-1", ARN), *principals, policies=(policy,))


def has_it(principal: t.Any) -> t.Any:
    return dataclasses.replace(principal, attached_policies=(ARN,))


def test_a_change_of_content_is_judged_for_those_to_whom_the_policy_is_attached() -> None:
    """A2: the policy bounds one role, and is all that a workload may do."""
    snapshot = attach_to(has_it(role("app")), has_it(group("team")), person("ann", groups=("team",)))
    for name in ("app", "ann"):
        plan = make_plan(snapshot, boundary(DEVELOPERS), policy=live(WIDER), broken=(name,))
        assert refusals(plan) == [("prediction", name)]
        assert not plan.changes
    accepted = [{"principal": "app", "reason": "agreed", "expires": DAY}]
    plan = make_plan(snapshot, boundary(DEVELOPERS), policy=live(WIDER), broken=("app",), accept_breakage=accepted)
    assert steps(plan) == [("CreatePolicyVersion", NAME)]


def test_a_change_of_content_that_nobody_loses_by_goes_through() -> None:
    """The harmless twin: SNS goes, and nobody used it."""
    plan = make_plan(attach_to(has_it(role("app"))), boundary(DEVELOPERS), policy=live(WIDER))
    assert (steps(plan), plan.refused) == ([("CreatePolicyVersion", NAME)], ())
    assert plan.changes[0].population == 2


def test_what_a_policy_would_give_those_to_whom_it_is_attached_is_refused_and_named() -> None:
    snapshot = attach_to(has_it(role("app")), content=document(allow("s3:*"), deny("iam:*")))
    plan = make_plan(snapshot, boundary(DEVELOPERS), policy=live(document(allow("s3:*"), deny("iam:*"))))
    assert refusals(plan) == [("widening", "app")]
    assert "app, which would also get sqs:" in plan.refused[0].reason.replace("\n", " ")
    accepted = [{"principal": "app", "reason": "agreed", "expires": DAY}]
    content = document(allow("s3:*"), deny("iam:*"))
    plan = make_plan(snapshot, boundary(DEVELOPERS), policy=live(content), accept_breakage=accepted)
    assert (steps(plan), plan.warnings) == ([("CreatePolicyVersion", NAME)], ())


def test_a_boundary_alone_gives_nobody_anything() -> None:
    content = document(allow("s3:*"), deny("iam:*"))
    plan = make_plan(attach_to(content=content), boundary(DEVELOPERS), policy=live(content))
    assert (steps(plan), plan.refused) == ([("CreatePolicyVersion", NAME)], ())


@pytest.mark.parametrize("name", ["break-glass", "automation", "cdk-deploy"])
def test_a_policy_that_is_attached_to_whom_nobody_touches_keeps_its_content(name: str) -> None:
    path = "/iam-hardening/" if name == "break-glass" else "/"
    planning = planner(boundary(DEVELOPERS))
    callers = frozenset({Principal(ACCOUNT, "role", "automation")})
    planning = dataclasses.replace(planning, untouchable=UntouchablePrincipals(callers=callers))
    plan = planning.plan(make_observed(planning, attach_to(has_it(role(name, path=path))), live(WIDER)), ())
    assert refusals(plan) == [("in_use", NAME)]
    assert name in plan.refused[0].reason


def test_another_boundary_is_replaced_only_where_that_is_declared() -> None:
    snapshot = account(dev("dev-1", OTHER))
    kept = make_plan(snapshot, boundary(DEVELOPERS), policy=live(SOUND))
    assert refusals(kept) == [("other_boundary", "dev-1")]
    replaced = make_plan(snapshot, boundary(DEVELOPERS), policy=live(SOUND), replace=True)
    assert [change.kind for change in replaced.changes] == ["boundary_replace"]
    broken = make_plan(snapshot, boundary(DEVELOPERS), policy=live(SOUND), replace=True, broken=["dev-1"])
    assert refusals(broken) == [("prediction", "dev-1")]


@pytest.mark.parametrize("name", ["break-glass", "emergency", "OrganizationAccountAccessRole"])
def test_whoever_is_never_touched_is_refused_by_name_whatever_is_accepted(name: str) -> None:
    path = "/iam-hardening/" if name == "break-glass" else "/"
    planning = planner(
        boundary({"principal": name}), accept_breakage=[{"principal": name, "reason": "agreed", "expires": DAY}]
    )
    planning = dataclasses.replace(planning, untouchable=UntouchablePrincipals(break_glass=("*:role/emergency",)))
    seen = make_observed(planning, account(role(name, path=path)), live(SOUND))
    plan = planning.plan(seen, ())
    assert ([item.target for item in plan.refused], plan.changes) == ([arn("role", f"{path[1:]}{name}")], ())
    assert plan.refused[0].rule in ("break_glass", "protected")


def test_whoever_two_boundaries_mean_gets_neither() -> None:
    second = {**boundary({"principal": "dev-2"}), "name": "second"}
    plan = make_plan(account(dev("dev-1"), dev("dev-2")), boundary(DEVELOPERS), second)
    assert refusals(plan) == [("ambiguous", "dev-2")]
    assert steps(plan) == [("CreatePolicy", NAME), (PUT, "dev-1"), ("CreatePolicy", "second")]


def test_a_name_that_nobody_has_is_told() -> None:
    """A pattern may well fit nobody in one account of many; a name that does not is a slip."""
    targets = ({"principal": "dev-9"}, {"name": "nobody-*"}, {"principal": "dev-1"})
    plan = make_plan(account(dev("dev-1", ARN)), boundary(*targets), policy=live(SOUND))
    assert plan.warnings == (f"boundary {NAME}: the account has no user or role dev-9",)


@pytest.mark.parametrize(
    "content", [document(deny("iam:*")), document(allow("s3:*"), deny("*")), document(allow("s3:Nothing"))]
)
def test_a_boundary_that_locks_out_is_neither_made_nor_given(content: t.Any) -> None:
    for policy in (None, live(SOUND)):
        plan = make_plan(account(dev("dev-1"), dev("dev-2", ARN)), boundary(DEVELOPERS, content=content), policy=policy)
        assert refusals(plan) == [("locks_out", NAME)]
        assert not plan.changes


def test_the_flaws_of_a_boundary_are_told_with_those_in_mind_who_carry_it_already() -> None:
    """Whom the targets no longer mean it binds all the same."""
    removable = document(
        allow("s3:*"), allow("iam:DeleteRolePermissionsBoundary", resource=arn("role", "developers/old"))
    )
    old = dev("old", ARN)
    meant = boundary({"principal": "dev-1"}, content=removable)
    plan = make_plan(account(dev("dev-1", ARN), old), meant, policy=live(removable))
    (warning,) = plan.warnings
    assert "iam:DeleteRolePermissionsBoundary" in warning
    assert not make_plan(account(dev("dev-1", ARN)), meant, policy=live(removable)).warnings


# What is known


def unread(dataset: Dataset, region: t.Optional[str] = None) -> Unread:
    return Unread(dataset, Kind.DENIED, "not authorized", "some:Operation", region)


def test_nothing_is_planned_without_users_and_roles() -> None:
    snapshot = account(dev("dev-1"), unread=(unread(Dataset.AUTHORIZATION_DETAILS),))
    plan = make_plan(snapshot, boundary(DEVELOPERS))
    assert (refusals(plan), plan.changes) == ([("unread", f"arn:aws:iam::{ACCOUNT}:root")], ())


def test_a_boundary_that_protects_trails_waits_until_all_are_known() -> None:
    one_region = (unread(Dataset.TRAILS, "eu-west-1"),)
    snapshot = account(dev("dev-1"), regions=("us-east-1", "eu-west-1"), unread=one_region)
    second = {**boundary({"name": "app"}), "name": "second"}
    plan = make_plan(snapshot, boundary(DEVELOPERS, content=WITH_TRAILS), second)
    assert refusals(plan) == [("unread", NAME)]
    assert steps(plan) == [("CreatePolicy", "second")]


def test_a_boundary_that_protects_no_trails_needs_none() -> None:
    snapshot = account(dev("dev-1"), regions=("us-east-1",), unread=(unread(Dataset.TRAILS, "us-east-1"),))
    assert refusals(make_plan(snapshot, boundary(DEVELOPERS, content=WITH_TRAILS))) == [("unread", NAME)]
    assert refusals(make_plan(snapshot, boundary(DEVELOPERS))) == []


def test_users_and_roles_that_were_not_read_are_the_reason_that_is_told() -> None:
    gaps = (unread(Dataset.TRAILS, "us-east-1"), unread(Dataset.AUTHORIZATION_DETAILS))
    snapshot = account(dev("dev-1"), regions=("us-east-1",), unread=gaps)
    plan = make_plan(snapshot, boundary(DEVELOPERS, content=WITH_TRAILS))
    assert refusals(plan) == [("unread", f"arn:aws:iam::{ACCOUNT}:root")]


@pytest.mark.parametrize(
    ("boundaries", "options", "datasets"),
    [
        ([boundary()], {}, set()),
        ([boundary(DEVELOPERS)], {}, {Dataset.AUTHORIZATION_DETAILS}),
        ([boundary(DEVELOPERS, content=WITH_TRAILS)], {}, {Dataset.AUTHORIZATION_DETAILS, Dataset.TRAILS}),
        ([boundary(content=WITH_TRAILS)], {"state": "absent"}, {Dataset.AUTHORIZATION_DETAILS}),
    ],
)
def test_no_more_is_read_than_is_needed(boundaries: t.Any, options: t.Any, datasets: set[Dataset]) -> None:
    assert planner(*boundaries, **options).datasets == datasets


def test_who_is_in_question_is_who_may_lose_something() -> None:
    snapshot = account(dev("dev-1"), dev("dev-2", ARN), dev("dev-3", OTHER), person("ann", boundary=ARN))
    planning = planner(boundary(DEVELOPERS))

    def names(seen: Planner, policy: t.Any) -> list[str]:
        ((_desired, arns),) = seen.list_in_question(make_observed(planning, snapshot, policy))
        return [item.rpartition("/")[2] for item in arns]

    assert names(planning, live(SOUND)) == ["dev-1", "dev-3"]
    assert names(planning, live(WIDER)) == ["dev-1", "dev-3", "ann", "dev-2"]
    assert names(planning, None) == ["dev-1", "dev-3"]


# Documents


def test_a_document_is_measured_with_the_accounts_own_values() -> None:
    buckets = tuple(f"trail-{number:03}-{'x' * 50}" for number in range(100))
    facts = AccountFacts("aws", ACCOUNT, ARN, trail_buckets=buckets)
    declared = one(DEVELOPERS, content=WITH_TRAILS)
    assert fill_policy(declared, SAMPLE).statements[1].resources == ("arn:aws:s3:::sample/*",)
    with pytest.raises(InputError, match=r"boundaries\[0\].document: \d+ characters .*limit of a boundary is 6144"):
        fill_policy(declared, facts)
    with pytest.raises(InputError, match=r"boundaries\[0\].document: not a policy that IAM accepts: .*Effect"):
        fill_policy(one(DEVELOPERS, content=document({"Action": "s3:*", "Resource": "*"})), SAMPLE)


def test_what_is_no_policy_says_nothing() -> None:
    policy = fill_policy(one(DEVELOPERS), SAMPLE)
    assert says_same(live(SOUND), policy)
    assert not says_same(live("no JSON"), policy)
    assert not says_same(live(), policy)


def test_resources_that_nobody_works_on() -> None:
    group = f"arn:aws-cn:logs:cn-north-1:{ACCOUNT}:log-group:trail"
    trail = f"arn:aws-cn:cloudtrail:cn-north-1:{ACCOUNT}:trail/main"
    found = list_unused_resources(AccountFacts("aws-cn", ACCOUNT, ARN, (trail,), ("audit",), (group,)))
    named = {ARN, trail, "arn:aws-cn:s3:::audit", "arn:aws-cn:s3:::audit/*", group, f"{group}:*"}
    assert named <= set(found)
    assert not [item for item in found if item.startswith("arn:aws:") and item != ARN]
