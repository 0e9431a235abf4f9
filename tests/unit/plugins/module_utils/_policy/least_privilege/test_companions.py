# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import Generated, generate
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.principal import Function

from .samples import (
    ACCOUNT,
    ADMIN,
    allow,
    call,
    cover,
    make_principal,
    make_record,
    policy,
    run,
    settings,
    statements_of,
)

EU: t.Final = f"eu-west-1:{ACCOUNT}"
GET: t.Final = call("s3:GetObject", "arn:aws:s3:::data/in/a")
UNLOGGED: t.Final = [cover("s3", data=False), cover("glue", read=False)]


def companions(found: Generated) -> dict[str, tuple[str, ...]]:
    return {item.action: item.resources for item in found.kept if item.reason == "companion"}


def test_lists_of_buckets_come_with_objects_where_they_are_not_logged() -> None:
    found = run([ADMIN], record=make_record(GET, but=UNLOGGED))
    assert companions(found) == {"s3:ListBucket": ("arn:aws:s3:::data",)}
    assert companions(run([ADMIN], GET)) == {}
    assert "SDKs and the console call it" in next(item.why for item in found.kept if item.action == "s3:ListBucket")


def test_a_companion_that_the_old_policies_did_not_grant_stays_out() -> None:
    found = run([allow("s3:GetObject")], record=make_record(GET, but=UNLOGGED))
    assert companions(found) == {}
    assert "ListBucket" not in json.dumps(statements_of(found))


def test_a_function_writes_its_logs_and_has_its_network_interfaces() -> None:
    functions = (
        Function(f"arn:aws:lambda:{EU}:function:app", is_in_vpc=True),
        Function(f"arn:aws:lambda:{EU}:function:other:PROD"),
    )
    principal = make_principal(policy(ADMIN), functions=functions)
    found = companions(generate(principal, make_record(GET), settings()))
    groups = tuple(f"arn:aws:logs:{EU}:log-group:/aws/lambda/{name}:*" for name in ("app", "other"))
    assert found["logs:PutLogEvents"] == found["logs:CreateLogGroup"] == groups
    kinds = ("network-interface", "security-group", "subnet")
    assert found["ec2:CreateNetworkInterface"] == tuple(f"arn:aws:ec2:{EU}:{kind}/*" for kind in kinds)
    assert found["ec2:DescribeNetworkInterfaces"] == ("*",)
    outside = make_principal(policy(ADMIN), functions=functions[1:])
    assert not any(name.startswith("ec2:") for name in companions(generate(outside, make_record(GET), settings())))


def test_a_role_of_functions_that_are_not_known_writes_logs_of_functions() -> None:
    principal = make_principal(policy(ADMIN), trusted_services=("lambda.amazonaws.com",))
    found = companions(generate(principal, make_record(GET), settings()))
    assert found == dict.fromkeys(
        ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
        (f"arn:aws:logs:*:{ACCOUNT}:log-group:/aws/lambda/*",),
    )


def test_athena_reads_the_catalogue() -> None:
    query = call("athena:StartQueryExecution", f"arn:aws:athena:{EU}:workgroup/primary")
    found = companions(run([ADMIN], record=make_record(query, but=UNLOGGED)))
    assert "arn:aws:glue:*:*:table/*/*" in found["glue:GetTable"]
    assert "glue:GetTable" not in companions(run([ADMIN], query))


def test_a_service_that_makes_its_linked_role_may_do_so() -> None:
    create = call("elasticloadbalancing:CreateLoadBalancer", f"arn:aws:elasticloadbalancing:{EU}:loadbalancer/app/a/1")
    found = run([ADMIN], create)
    name = "elasticloadbalancing.amazonaws.com"
    expected = allow(
        "iam:CreateServiceLinkedRole",
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{name}/*",
        Condition={"StringEquals": {"iam:AWSServiceName": name}},
    )
    assert expected in statements_of(found)


def test_pages_of_the_console_call_lists() -> None:
    used = call("dynamodb:GetItem", f"arn:aws:dynamodb:{EU}:table/orders")
    record = make_record(used, is_console=True)
    found = companions(run([ADMIN], record=record))
    assert {"dynamodb:ListTables", "dynamodb:DescribeTable"} <= set(found)
    assert not {"dynamodb:Scan", "sqs:ListQueues", "dynamodb:DeleteTable"} & set(found)
    assert companions(run([ADMIN], record=record, console_reads=False)) == {}
    assert companions(run([ADMIN], used)) == {}
    assert "dynamodb:ListTables" in companions(run([ADMIN], used, console_reads=True))
