# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generalise import find_prefixes
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import Generated, generate
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.settings import Level
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.short_lived import find_stable_part

from .samples import ACCOUNT, ADMIN, OTHER, call, make_principal, make_record, policy, run, settings

EU: t.Final = f"eu-west-1:{ACCOUNT}"
UUID: t.Final = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"


def resources_of(found: Generated, action: str) -> list[str]:
    return [resource for item in found.kept if item.action == action for resource in item.resources]


def seen(action: str, *resources: str, **more: t.Any) -> list[str]:
    return resources_of(run([ADMIN], *(call(action, resource) for resource in resources), **more), action)


def table(name: str) -> str:
    return f"arn:aws:dynamodb:{EU}:table/{name}"


@pytest.mark.parametrize(
    "action, resource, expected",
    [
        ("ec2:TerminateInstances", f"arn:aws:ec2:{EU}:instance/i-0123456789abcdef0", f"arn:aws:ec2:{EU}:instance/*"),
        ("ec2:DeleteSubnet", f"arn:aws:ec2:{EU}:subnet/subnet-0123456789abcdef0", None),
        ("ecs:StopTask", f"arn:aws:ecs:{EU}:task/app/0123456789abcdef0123456789abcdef", f"arn:aws:ecs:{EU}:task/app/*"),
        ("states:StopExecution", f"arn:aws:states:{EU}:execution:app:run-1", f"arn:aws:states:{EU}:execution:app:*"),
        ("states:StartExecution", f"arn:aws:states:{EU}:stateMachine:app", None),
        ("ssm:TerminateSession", f"arn:aws:ssm:{EU}:session/alice-0a1b2c", f"arn:aws:ssm:{EU}:session/*"),
        (
            "cloudformation:UpdateStack",
            f"arn:aws:cloudformation:{EU}:stack/app/{UUID}",
            f"arn:aws:cloudformation:{EU}:stack/app/*",
        ),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{EU}:function:app:42", f"arn:aws:lambda:{EU}:function:app:*"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{EU}:function:app:PROD", None),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{EU}:function:app", None),
        ("kms:Decrypt", f"arn:aws:kms:{EU}:key/{UUID}", None),
        ("s3:GetObject", "arn:aws:s3:::data/in/2026/11/a.csv", "arn:aws:s3:::data/in/*"),
        ("s3:GetObject", "arn:aws:s3:::data/2026/11/a.csv", "arn:aws:s3:::data/*"),
        ("s3:GetObject", "arn:aws:s3:::data/dt=2026-11-28/a.csv", "arn:aws:s3:::data/dt=*"),
        ("s3:GetObject", "arn:aws:s3:::data/report-2026-11-28.csv", "arn:aws:s3:::data/report-*"),
        ("s3:GetObject", "arn:aws:s3:::data/config.json", None),
        ("s3:ListBucket", "arn:aws:s3:::data-20261128", None),
        (
            "logs:GetLogEvents",
            f"arn:aws:logs:{EU}:log-group:/aws/app:log-stream:2026/11/28/x",
            f"arn:aws:logs:{EU}:log-group:/aws/app:log-stream:*",
        ),
    ],
)
def test_names_that_live_short_become_the_wildcard_of_their_place(
    action: str, resource: str, expected: t.Optional[str]
) -> None:
    assert seen(action, resource) == [expected or resource]


def test_a_log_group_is_named_as_iam_wants_it() -> None:
    group = f"arn:aws:logs:{EU}:log-group:/aws/app"
    found = run([ADMIN], call("logs:CreateLogStream", group, candidates=(f"{group}:log-stream:",)))
    assert resources_of(found, "logs:CreateLogStream") == [f"{group}:*"]


def test_more_segments_of_keys_stay_where_it_is_asked_for() -> None:
    keys = ["arn:aws:s3:::data/in/eu/a/1", "arn:aws:s3:::data/in/us/b/2"]
    assert seen("s3:GetObject", *keys, object_segments=2) == ["arn:aws:s3:::data/in/eu/*", "arn:aws:s3:::data/in/us/*"]
    assert seen("s3:GetObject", *keys, object_segments=0) == ["arn:aws:s3:::data/*"]


def test_a_pattern_names_what_it_matches_besides() -> None:
    other = f"arn:aws:ec2:{EU}:instance/i-0fedcba9876543210"
    principal = make_principal(policy(ADMIN), resources=(other,))
    used = call("ec2:StopInstances", f"arn:aws:ec2:{EU}:instance/i-0123456789abcdef0")
    found = generate(principal, make_record(used), settings())
    assert [(item.level, item.also_matches) for item in found.generalised] == [("short_lived", (other,))]


# Prefixes


NAMES: t.Final = [table(f"app-{name}") for name in ("a", "b", "c", "d", "e")]


def test_names_stay_exact_unless_a_level_says_otherwise() -> None:
    assert seen("dynamodb:GetItem", *NAMES) == NAMES
    assert seen("dynamodb:GetItem", *NAMES, levels={"dynamodb": Level.PREFIX}) == [table("app-*")]
    assert seen("dynamodb:GetItem", *NAMES, levels={"dynamodb:PutItem": Level.PREFIX}) == NAMES
    assert seen("dynamodb:GetItem", *NAMES, levels={"*": Level.SERVICE}) == [table("*")]
    levels = {"dynamodb": Level.SERVICE, "dynamodb:GetItem": Level.EXACT}
    assert seen("dynamodb:GetItem", *NAMES, levels=levels) == NAMES


@pytest.mark.parametrize(
    "names, expected",
    [
        pytest.param(["app-a", "app-b", "app-c", "app-d"], [], id="too few"),
        pytest.param(["a-1", "a-2", "a-3", "a-4", "a-5"], [], id="too short"),
        pytest.param(["apple", "apply", "app", "apps", "appx"], [], id="no separator"),
        pytest.param([f"app.{n}" for n in range(5)], ["app.*"], id="a dot"),
        pytest.param([f"app-eu-{n}" for n in range(5)] + ["app-us-1"], ["app-eu-*"], id="the longest"),
        pytest.param(
            [f"app-eu-{n}" for n in range(5)] + [f"app-x{n}" for n in range(5)], ["app-eu-*", "app-*"], id="two"
        ),
    ],
)
def test_a_prefix_keeps_the_thresholds(names: list[str], expected: list[str]) -> None:
    found = [pattern for pattern, _seen in find_prefixes([table(name) for name in names], 5)]
    assert found == [table(name) for name in expected]


def test_a_prefix_is_within_one_segment_and_one_place() -> None:
    roles = [f"arn:aws:iam::{ACCOUNT}:role/team-{team}/app" for team in "abcde"]
    regions = [f"arn:aws:dynamodb:eu-west-{n}:{ACCOUNT}:table/app-{n}" for n in range(1, 6)]
    assert list(find_prefixes([*roles, *regions], 5)) == []


def test_a_prefix_that_matches_unseen_resources_needs_acceptance() -> None:
    principal = make_principal(policy(ADMIN), resources=(*NAMES, table("app-secret"), table("other")))
    record = make_record(*(call("dynamodb:GetItem", name) for name in NAMES))
    found = generate(principal, record, settings(levels={"*": Level.PREFIX}))
    assert resources_of(found, "dynamodb:GetItem") == NAMES
    (asked,) = found.needs_acceptance
    assert (asked.pattern, asked.also_matches) == (table("app-*"), (table("app-secret"),))
    accepted = settings(levels={"*": Level.PREFIX}, accepted=frozenset({asked.pattern}))
    again = generate(principal, record, accepted)
    assert resources_of(again, "dynamodb:GetItem") == [table("app-*")]
    assert again.generalised[0].also_matches == (table("app-secret"),)


# New names


def test_what_is_created_gets_new_names() -> None:
    names = [f"arn:aws:sqs:{EU}:job-{name}" for name in "abcde"]
    assert seen("sqs:CreateQueue", *names) == [f"arn:aws:sqs:{EU}:job-*"]
    found = run([ADMIN], call("sqs:CreateQueue", names[0]))
    assert resources_of(found, "sqs:CreateQueue") == [names[0]]
    assert [item.pattern for item in found.needs_acceptance] == [f"arn:aws:sqs:{EU}:*"]
    accepted = frozenset({f"arn:aws:sqs:{EU}:job-*"})
    assert seen("sqs:CreateQueue", names[0], accepted=accepted) == [f"arn:aws:sqs:{EU}:job-*"]


def test_an_accepted_pattern_that_is_too_wide_is_not_used() -> None:
    for pattern in ("*", "arn:aws:sqs:*:*:*", f"arn:aws:sqs:{EU}:other-*"):
        name = f"arn:aws:sqs:{EU}:job-a"
        assert seen("sqs:CreateQueue", name, accepted=frozenset({pattern})) == [name]


# Other accounts, and what is never generalised


def test_a_resource_of_another_account_stays_literal_and_is_reported() -> None:
    names = [f"arn:aws:sqs:eu-west-1:{OTHER}:in-{name}" for name in "abcde"]
    found = run([ADMIN], *(call("sqs:SendMessage", name) for name in names), levels={"*": Level.SERVICE})
    assert resources_of(found, "sqs:SendMessage") == names
    assert found.foreign == tuple(names)


@pytest.mark.parametrize("action", ["iam:PassRole", "sts:AssumeRole"])
def test_roles_are_never_generalised(action: str) -> None:
    names = [f"arn:aws:iam::{ACCOUNT}:role/app-{name}" for name in "abcde"]
    assert (
        seen(action, *names, levels={"*": Level.SERVICE}, accepted=frozenset({f"arn:aws:iam::{ACCOUNT}:role/app-*"}))
        == names
    )


def test_the_forms_of_short_lived_ids() -> None:
    assert find_stable_part("ec2", "instance/i-0123456789abcdef0") == "instance/"
    assert find_stable_part("ec2", "security-group/sg-0123456789abcdef0") is None
    assert find_stable_part("batch", "job-definition/app:3") == "job-definition/app:"
    assert find_stable_part("dynamodb", "table/orders/stream/2026-11-28T00:00:00.000") == "table/orders/stream/"


def test_no_level_names_buckets_of_others() -> None:
    keys = [f"arn:aws:s3:::orders/2026/{number}.csv" for number in range(3)]
    assert seen("s3:GetObject", *keys, levels={"*": Level.SERVICE}) == ["arn:aws:s3:::orders/*"]
    assert seen("s3:ListBucket", "arn:aws:s3:::orders", levels={"*": Level.SERVICE}) == ["arn:aws:s3:::orders"]
