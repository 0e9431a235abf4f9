# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies to test with: those of AWS, and generated ones."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from collections.abc import Mapping

from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.operators import OPERATORS
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Condition, Policy, Statement


@functools.cache
def load_managed_policies() -> Mapping[str, t.Any]:
    """The documents of all AWS managed policies that moto carries, by name, as boto3 would give them."""
    return {name: policy["Document"] for name, policy in json.loads(aws_managed_policies_data).items()}


_NAMES = ("Get*", "getObject", "GetObject", "*", "Put?bject", "ListBucket")
_ACTIONS = st.sampled_from(["*", *(f"{service}:{name}" for service in ("s3", "S3", "iam", "sts") for name in _NAMES)])
_RESOURCES = st.sampled_from(
    ["*", "arn:aws:s3:::bucket", "arn:aws:s3:::Bucket/*", "arn:aws:iam::111122223333:user/${aws:username}"]
)
_PRINCIPALS = st.sampled_from(
    [
        ("AWS", "*"),
        ("AWS", "111122223333"),
        ("AWS", "arn:aws:iam::111122223333:root"),
        ("AWS", "arn:aws:iam::111122223333:role/app"),
        ("Service", "ec2.amazonaws.com"),
        ("Federated", "accounts.google.com"),
    ]
)
_VALUES = st.sampled_from(["true", "True", "false", "10.0.0.0/8", "3600", "alice", "arn:aws:s3:::bucket", "a*", ""])


def _lists(items: st.SearchStrategy[t.Any]) -> st.SearchStrategy[tuple[t.Any, ...]]:
    return st.lists(items, min_size=1, max_size=4).map(tuple)


@st.composite
def _conditions(draw: st.DrawFn) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for operator in draw(st.lists(st.sampled_from(sorted(OPERATORS.values())), max_size=3, unique=True)):
        if_exists = operator != "Null" and draw(st.booleans())
        quantifier = draw(st.sampled_from([None, "ForAllValues", "ForAnyValue"]))
        keys = draw(st.lists(st.sampled_from(["aws:SourceIp", "aws:sourceip", "aws:TagKeys"]), min_size=1, unique=True))
        found += [Condition(operator, key, draw(_lists(_VALUES)), if_exists, quantifier) for key in keys]
    return tuple(found)


@st.composite
def statements(draw: st.DrawFn, *, principals: bool = False) -> Statement:
    """Any statement that the grammar knows, of an identity policy or, with ``principals``, of a resource's."""
    elements: dict[str, t.Any] = {
        draw(st.sampled_from(["actions", "not_actions"])): draw(_lists(_ACTIONS)),
        draw(st.sampled_from(["resources", "not_resources"])): draw(_lists(_RESOURCES)),
    }
    if principals:
        everyone = st.just((("*", "*"),))
        by_type = _lists(_PRINCIPALS).map(lambda pairs: tuple(sorted(pairs)))
        elements[draw(st.sampled_from(["principals", "not_principals"]))] = draw(everyone | by_type)
    return Statement(index=0, allow=draw(st.booleans()), sid=None, conditions=draw(_conditions()), **elements)


@st.composite
def policies(draw: st.DrawFn, *, principals: bool = False) -> Policy:
    """Any policy that the grammar knows, as ``parse`` would give it."""
    drawn = draw(st.lists(statements(principals=principals), min_size=1, max_size=4))
    sids = draw(st.lists(st.sampled_from(["", "A", "B", "a", "C", "D"]), min_size=4, max_size=4, unique=True))
    numbered = tuple(
        dataclasses.replace(item, index=index, sid=draw(st.sampled_from([None, sids[index]])))
        for index, item in enumerate(drawn)
    )
    return Policy(numbered, version=draw(st.sampled_from(["2008-10-17", "2012-10-17"])))


def allow(*actions: str, resource: t.Any = "*", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: t.Any = "*", **more: t.Any) -> dict[str, t.Any]:
    return {**allow(*actions, resource=resource, **more), "Effect": "Deny"}


def but(*actions: str, effect: str = "Allow", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": effect, "NotAction": list(actions), "Resource": "*", **more}


def policy(*statements: dict[str, t.Any]) -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)})
