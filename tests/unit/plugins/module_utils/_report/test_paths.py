# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Evidence, Finding, Severity, Status
from ansible_collections.hardening.iam.plugins.module_utils._report.paths import (
    Path,
    by_end,
    format_count,
    kind_of,
    name_of,
    path_of,
    paths,
    principals,
    ways,
)

from . import samples


def read(*findings: Finding) -> list[Path]:
    return [path for path in (path_of(finding.as_dict()) for finding in findings) if path is not None]


def describe_paths(*findings: Finding) -> list[str]:
    return [way.sentence for way in ways(read(*findings))]


def test_a_path_is_told_in_a_sentence() -> None:
    assert describe_paths(samples.path("user/dev-alice key user/ci-deployer assume role/prod-admin")) == [
        "dev-alice can become prod-admin: iam:CreateAccessKey on ci-deployer, then sts:AssumeRole on prod-admin"
    ]


def test_principals_that_do_the_same_are_told_together() -> None:
    findings = [samples.path(f"role/ci-team-{number:02d} stack role/deploy") for number in range(1, 16)]
    assert describe_paths(*findings) == [
        "15 roles (ci-team-01, ci-team-02, ci-team-03, …) can become deploy: "
        "iam:PassRole + cloudformation:CreateStack for deploy"
    ]


def test_principals_that_raise_themselves_do_the_same() -> None:
    assert describe_paths(samples.path("role/one version itself"), samples.path("role/two version itself")) == [
        "one and two can become an administrator: iam:CreatePolicyVersion on itself"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("role/a assume role/x", "user/b assume role/x"),
        ("role/a assume role/x", "role/b assume role/y"),
        ("role/a assume role/x", "role/b stack role/x"),
        ("role/a assume role/x", "role/b key user/c assume role/x"),
        ("role/a version itself", "role/b assume role/a version itself"),
    ],
    ids=["another kind", "another end", "another method", "another step", "through another"],
)
def test_what_differs_in_more_than_the_principal_is_told_apart(one: str, other: str) -> None:
    assert len(ways(read(samples.path(one), samples.path(other)))) == 2


def test_a_condition_is_told() -> None:
    certain = samples.path("user/a assume role/x")
    conditional = samples.path("user/b assume role/x key user/y", conditions={0: samples.MFA, 1: "it has no key"})
    assert describe_paths(conditional, certain) == [
        "a can become x: sts:AssumeRole on x",
        "b can become y: sts:AssumeRole on x, then iam:CreateAccessKey on y, "
        "provided: aws:MultiFactorAuthPresent; it has no key",
    ]


def test_somebody_who_is_made_for_it_has_no_name_yet() -> None:
    findings = [samples.path(f"user/{name} make user/escalation-{name}") for name in ("a", "b")]
    actions = "iam:CreateUser + iam:PutUserPolicy + iam:CreateAccessKey"
    assert describe_paths(*findings) == [f"a and b can become an administrator as a new user: {actions} on a new user"]


def test_other_services_are_used_for_the_target() -> None:
    assert describe_paths(samples.path("user/a function role/x")) == [
        "a can become x: iam:PassRole + lambda:CreateFunction + lambda:InvokeFunction for x"
    ]


def test_the_important_stands_first() -> None:
    severe = samples.path("user/z key user/y assume role/x")
    many = [samples.path(f"user/m{number} assume role/x", severity=Severity.HIGH) for number in (1, 2)]
    short, long = (
        samples.path(text, severity=Severity.HIGH)
        for text in ("user/b stack role/x", "user/a key user/m1 assume role/x")
    )
    order = [way.paths[0].source.rpartition("/")[2] for way in ways(read(long, short, *many, severe))]
    assert order == ["z", "m1", "b", "a"]


def test_ways_to_the_same_end_stand_together_first_the_end_that_many_reach() -> None:
    found = by_end(paths(samples.assessment(samples.escalations())))
    assert [(name_of(group[0].end), sum(len(way.paths) for way in group)) for group in found] == [
        ("cloudformation-deploy", 15),
        ("prod-admin", 6),
        ("", 4),
        ("oncall", 1),
    ]


def test_the_policies_of_a_step_are_told_where_all_share_them() -> None:
    (way,) = ways(read(*(samples.path(f"user/{name} key user/x assume role/y") for name in ("a", "b"))))
    assert [way.policies(place) for place in (0, 1)] == [(), ("policy of x",)]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.FAIL])
def test_only_failing_paths_are_reported(status: Status) -> None:
    assert paths(samples.assessment([samples.path("user/a assume role/x", status=status)])) == ()


@pytest.mark.parametrize(
    "finding",
    [
        samples.finding("privilege_escalation_path", "x"),
        samples.finding("privilege_escalation_path", "x", evidence=Evidence({"path": []})),
        samples.finding("privilege_escalation_path", "x", evidence=Evidence({"population": 3})),
        samples.finding("access_key_age", "x", evidence=Evidence({"path": "/staff/"})),
    ],
    ids=["no evidence", "no step", "a population", "another control"],
)
def test_what_is_no_path_is_none(finding: Finding) -> None:
    assert path_of(finding.as_dict()) is None


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        (["user/a"], "a"),
        (["user/a", "role/b"], "a and b"),
        (["user/a", "user/b", "user/c"], "a, b and c"),
        (["user/a", "user/b", "user/c", "role/d"], "4 principals (a, b, c, …)"),
        (["group/a", "group/b", "group/c", "group/d"], "4 groups (a, b, c, …)"),
    ],
)
def test_principals_are_named_or_counted(routes: list[str], said: str) -> None:
    assert principals([samples.arn(*route.split("/")) for route in routes]) == said


@pytest.mark.parametrize(
    ("arn", "kind", "name"),
    [
        ("arn:aws:iam::111122223333:user/staff/alice", "user", "alice"),
        ("arn:aws-cn:iam::111122223333:role/aws-service-role/x.amazonaws.com/X", "role", "X"),
        ("arn:aws:iam::111122223333:root", "root", "root"),
    ],
)
def test_an_arn_is_shown_by_kind_and_name(arn: str, kind: str, name: str) -> None:
    assert (kind_of(arn), name_of(arn)) == (kind, name)


def test_one_is_counted_as_one() -> None:
    assert format_count(["arn:aws:iam::111122223333:user/alice"]) == "1 user"
