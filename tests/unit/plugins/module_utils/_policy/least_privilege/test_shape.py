# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Condition
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.matching import covers
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.grants import (
    Grant,
    Origin,
    Scope,
    add_conditions,
    covers_pattern,
    drop_covered,
    escape_arn,
    intersect,
)

from .samples import ACCOUNT, ADMIN, accessed, allow, call, run, statements_of

EU: t.Final = f"eu-west-1:{ACCOUNT}"
TABLE: t.Final = f"arn:aws:dynamodb:{EU}:table/orders"
NOW_VERSION: t.Final = "2012-10-17"
VIA: t.Final = Condition("StringEquals", "kms:ViaService", ("s3.amazonaws.com", "sqs.amazonaws.com"))


def sids(found: t.Any) -> list[str]:
    return [item.sid for document in found.documents for item in document.policy.statements]


def test_actions_on_the_same_resources_are_one_statement_in_documented_case() -> None:
    names = ["DynamoDB:updateitem", "dynamodb:GetItem", "dynamodb:batchgetitem", "dynamodb:PutItem"]
    found = run([ADMIN], *(call(name, TABLE) for name in names))
    wanted = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    assert allow(wanted, TABLE) in statements_of(found)


def test_ids_are_made_of_the_content() -> None:
    first = run([allow("dynamodb:*")], call("dynamodb:GetItem", TABLE))
    more = run([allow(["dynamodb:*", "sqs:*"])], call("dynamodb:GetItem", TABLE), call("sqs:ListQueues"))
    assert set(sids(first)) < set(sids(more))
    assert all(re.fullmatch(r"(Dynamodb|Sqs)(Read|Write|Unknown)[0-9a-f]{8}", sid) for sid in sids(more))
    other = run([allow("dynamodb:*")], call("dynamodb:GetItem", f"{TABLE}2"))
    assert sids(first) != sids(other)


def test_what_is_unknown_is_a_statement_of_its_own() -> None:
    found = run([allow(["dynamodb:*Item", "athena:*"])], call("dynamodb:PutItem", TABLE), accessed("athena:*", 120))
    words = {re.sub("[0-9a-f]{8}$", "", sid) for sid in sids(found)}
    assert words == {"DynamodbWrite", "AthenaUnknown"}


def test_wildcards_in_actions_are_used_where_they_are_asked_for_alone() -> None:
    names = [item.full_name for item in catalogue.expand("states:Send*")]
    uses = [call(name) for name in (*names, "states:ListActivities", "states:ListStateMachines")]
    plain, compressed = run([ADMIN], *uses), run([ADMIN], *uses, compress=True)
    assert {name for name in _list_actions(plain) if "*" in name} == set()
    # There are more lists in the service, so that a wildcard for these would grant more.
    assert {name for name in _list_actions(compressed) if "*" in name} == {"states:Send*"}
    assert "actions that AWS adds later are granted by states:Send*" in compressed.warnings


def _list_actions(found: t.Any) -> list[str]:
    return [name for item in found.documents for one in item.policy.statements for name in one.actions or ()]


def test_a_wildcard_never_is_wider_than_the_old_one() -> None:
    names = [item.full_name for item in catalogue.expand("states:Send*")]
    uses = [call(name) for name in names]
    (compressed,) = statements_of(run([allow("states:Send*")], *uses, compress=True))
    assert compressed["Action"] == "states:Send*"
    (listed,) = statements_of(run([allow(names)], *uses, compress=True))
    assert listed["Action"] == sorted(names)


# How resources are narrowed


PARTS: t.Final = st.lists(st.sampled_from(["a", "b", "*", "?", "/", ":"]), max_size=5).map("".join)
PATTERNS: t.Final = st.one_of(
    st.sampled_from(["*", "arn:aws:s3:::*", "arn:aws:s3*", "arn:aws:s3:::a"]),
    st.builds("arn:aws:{}:::{}".format, st.sampled_from(["s3", "*", "s?"]), PARTS),
)


@given(PATTERNS, PATTERNS)
def test_the_quick_comparison_of_patterns_agrees_with_the_exact_one(wide: str, narrow: str) -> None:
    assert covers_pattern(wide, narrow) is covers(wide, narrow)


def test_a_pattern_and_an_old_one_are_intersected() -> None:
    scope = Scope("arn:aws:s3:::data/in/*", ("arn:aws:s3:::data/in/a", "arn:aws:s3:::data/in/b/c"))
    assert intersect(scope, "*", NOW_VERSION) == (scope.pattern,)
    assert intersect(scope, "arn:aws:s3:::data/*", NOW_VERSION) == (scope.pattern,)
    assert intersect(scope, "arn:aws:s3:::data/in/b/*", NOW_VERSION) == ("arn:aws:s3:::data/in/b/*",)
    assert intersect(scope, "arn:aws:s3:::*/in/b/?", NOW_VERSION) == ("arn:aws:s3:::data/in/b/c",)
    assert intersect(scope, "arn:aws:s3:::other/*", NOW_VERSION) == ()
    instances = Scope(f"arn:aws:ec2:{EU}:instance/*", (f"arn:aws:ec2:{EU}:instance/i-1",))
    assert intersect(instances, "arn:aws:ec2:*:*:instance/i-*", NOW_VERSION) == (f"arn:aws:ec2:{EU}:instance/i-*",)
    unknown = Scope("arn:aws:s3:::*/*")
    assert intersect(unknown, "arn:aws:s3:::data*", NOW_VERSION) == ("arn:aws:s3:::data*",)
    assert intersect(unknown, "arn:aws:s3:::data", NOW_VERSION) == ()


def test_an_action_without_resources_needs_a_statement_on_everything() -> None:
    everything = Scope("*", ("*",))
    assert intersect(everything, "*", NOW_VERSION) == ("*",)
    assert intersect(everything, "arn:aws:s3:::data/*", NOW_VERSION) == ()


def test_arns_are_escaped() -> None:
    assert escape_arn("*") == "*"
    assert escape_arn("arn:aws:s3:::b/*") == "arn:aws:s3:::b/${*}"
    assert escape_arn("arn:aws:s3:::b/${?}$") == "arn:aws:s3:::b/${$}{${?}}$"


def test_conditions_on_the_same_key_are_intersected() -> None:
    only = Condition("StringEquals", "KMS:viaservice", ("s3.amazonaws.com",))
    assert add_conditions((VIA,), (only,)) == (Condition("StringEquals", "kms:ViaService", ("s3.amazonaws.com",)),)
    assert add_conditions((VIA,), (Condition("StringEquals", "kms:ViaService", ("ec2.amazonaws.com",)),)) is None
    other = Condition("StringLike", "kms:ViaService", ("s3.*",))
    assert add_conditions((other,), (VIA,)) == (VIA, other)


def test_permissions_that_another_one_includes_are_dropped() -> None:
    wide, narrow = Grant("a:B", "arn:aws:s3:::*"), Grant("a:B", "arn:aws:s3:::data")
    bound = Grant("a:B", "arn:aws:s3:::data", (VIA,))
    unknown, declared = Grant("a:B", "*", (), Origin.UNKNOWN), Grant("a:B", "arn:aws:s3:::data", (), Origin.DECLARED)
    variable = Grant("a:B", "arn:aws:s3:::${aws:username}*")
    assert drop_covered([narrow, wide, bound]) == (wide,)
    assert drop_covered([narrow, bound, bound]) == (narrow,)
    assert drop_covered([narrow, unknown, declared]) == (narrow, unknown)
    assert drop_covered([variable, narrow]) == (variable, narrow)
    twins = [Grant("a:B", "arn:aws:s3:::a*"), Grant("a:B", "arn:aws:s3:::a**")]
    assert len(drop_covered(twins)) == len(drop_covered(twins[::-1])) == 1
