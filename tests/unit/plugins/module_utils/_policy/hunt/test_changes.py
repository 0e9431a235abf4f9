# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changed something, and what a change is about."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.facts.operations import WriteClass
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.changes import (
    changes,
    find_class,
    list_values,
    name_object,
)

from .persistence.synthetic import event


@pytest.mark.parametrize(
    ("source", "name", "more", "wanted"),
    [
        ("ec2", "RunInstances", {}, True),
        ("ec2", "DescribeInstances", {}, False),
        ("ec2", "DescribeInstances", {"readOnly": False}, True),
        ("kms", "Decrypt", {"readOnly": True}, False),
        ("kms", "Decrypt", {}, True),
        ("sts", "AssumeRole", {"readOnly": True}, True),
        ("redshift", "GetClusterCredentials", {"readOnly": "true"}, True),
        ("lambda", "CreateFunction20150331", {}, True),
        ("lambda", "ListFunctions20150331", {}, False),
        ("ec2", "RunInstances", {"error": "UnauthorizedOperation"}, False),
    ],
)
def test_what_changes_something(source: str, name: str, more: dict[str, t.Any], wanted: bool) -> None:
    assert changes(event(source, name, **more)) is wanted


@pytest.mark.parametrize(
    ("source", "name", "wanted"),
    [
        ("lambda", "UpdateFunctionCode20150331v2", WriteClass.CODE),
        ("cloudfront", "CreateDistribution2020_05_31", WriteClass.NETWORK),
        ("iam", "CreateUser", WriteClass.PRINCIPAL),
        ("iam.evil", "CreateUser", None),
        ("sso-directory", "CreateUser", None),
    ],
)
def test_the_class_is_that_of_the_operation(source: str, name: str, wanted: t.Optional[WriteClass]) -> None:
    assert find_class(event(source, name)) is wanted


@pytest.mark.parametrize(
    ("name", "request_", "response", "wanted"),
    [
        ("PutThing", {"clientToken": "x", "thingName": "a"}, None, "a"),
        ("CreatePolicyVersion", {"userName": "u", "policyArn": "p"}, None, "p"),
        ("CreateThing", None, {"thing": {"arn": "a"}}, "a"),
        ("CreateThing", {"size": 3}, None, ""),
        ("CreateThing", {"name": ""}, None, ""),
        ("CreateThing", None, None, ""),
        ("CreateThing", {"name": "x" * 9000}, None, "x" * 2048),
    ],
)
def test_the_object_of_a_change(name: str, request_: t.Any, response: t.Any, wanted: str) -> None:
    assert name_object(event("any", name, request=request_, response=response)) == wanted


def test_values_of_a_forged_structure_are_few() -> None:
    deep: t.Any = "end"
    for _level in range(100):
        deep = {"Inner": deep}
    assert list_values(deep) == []
    assert len(list_values({"Names": list(range(5000))})) == 1000
    assert list_values({"Names": ["a", True, None]}) == [("names", "a"), ("names", "True")]
