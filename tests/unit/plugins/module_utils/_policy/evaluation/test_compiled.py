# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies made ready: the index by service and action, and what single statements say."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.compiled import (
    CompiledStatement,
    Facts,
    compile_policies,
    compile_policy,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth

from .cases.case import OBJECT, Statement, allow, deny, policy

INCOMPLETE = Context({}, complete=False)


def facts(resource: str = OBJECT, context: Context = INCOMPLETE) -> Facts:
    return Facts("s3:getobject", resource, lambda: context)


def labels(*statements: Statement, action: str) -> list[str]:
    return [found.label for found in compile_policy(policy("P", *statements)).statements_for(action)]


@pytest.mark.parametrize(
    ("statement", "action", "found"),
    [
        (allow("s3:GetObject"), "s3:getobject", True),
        (allow("s3:GetObject"), "s3:getobjectacl", False),
        (allow("s3:Get*"), "s3:getobjectacl", True),
        (allow("*"), "anything:atall", True),
        (allow("*:*"), "anything:atall", True),
        (allow("s3:*"), "s3:getobject", True),
        (allow("s3:*"), "s3express:createsession", False),
        (allow("s3*:Get*"), "s3express:getsession", True),
        (allow("*:GetObject"), "s3:getobject", True),
        (allow(["sqs:*", "s3:Put*"]), "s3:getobject", False),
        (allow(None, NotAction="s3:*"), "s3:getobject", False),
        (allow(None, NotAction="s3:Get*"), "s3:putobject", True),
        (allow(None, NotAction="s3:Get*"), "s3:getobject", False),
        (allow(None, NotAction="sqs:*"), "s3:getobject", True),
        (allow(None, NotAction="*"), "s3:getobject", False),
        (allow(None, NotAction="*:GetObject"), "s3:getobject", False),
    ],
)
def test_statements_for(statement: Statement, action: str, found: bool) -> None:
    assert labels(statement, action=action) == ["statement 1"] * found


def test_statements_keep_their_order() -> None:
    assert labels(deny("s3:*", Sid="A"), allow("sqs:*", Sid="B"), allow("*", Sid="C"), action="s3:getobject") == [
        "A",
        "C",
    ]


def test_asking_again_gives_the_same() -> None:
    compiled = compile_policy(policy("P", allow("s3:Get*")))
    assert compiled.statements_for("s3:getobject") is compiled.statements_for("s3:getobject")


def test_equal_policies_are_compiled_once() -> None:
    first, second = (compile_policies((policy("P", allow("s3:Get*")),)) for _repeat in range(2))
    assert first.policies[0] is second.policies[0]


def test_what_is_remembered_is_bounded() -> None:
    compiled = compile_policy(policy("Bounded", allow("s3:*")))
    for number in range(2000):
        compiled.statements_for(f"s3:action{number}")
    assert len(compiled._memory) <= 512
    assert compiled.statements_for("s3:action1999") == compiled.statements


def test_policies_together() -> None:
    both = compile_policies((policy("A", allow("s3:*")), policy("B", deny("s3:Get*"))))
    assert [(found.policy, found.allow) for found in both.statements_for("s3:getobject")] == [("A", True), ("B", False)]
    assert compile_policies(()).statements_for("s3:getobject") == ()


BLUE = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}


def compile_one(statement: Statement) -> CompiledStatement:
    return compile_policy(policy("P", statement)).statements[0]


@pytest.mark.parametrize(
    ("statement", "always", "expected", "missing"),
    [
        (allow(), True, YES, set()),
        (allow("s3:*", ["*", "arn:aws:s3:::x"]), True, YES, set()),
        (allow("s3:*", "arn:aws:s3:::data/*"), False, YES, set()),
        (allow("s3:*", "arn:aws:s3:::x/*"), False, NO, set()),
        (allow("s3:*", None, NotResource="arn:aws:s3:::data/*"), False, NO, set()),
        (allow("s3:*", None, NotResource="arn:aws:s3:::x/*"), False, YES, set()),
        (allow("s3:*", None, NotResource="*"), False, NO, set()),
        (allow(Condition=BLUE), False, UNKNOWN, {"aws:PrincipalTag/team"}),
        (allow("s3:*", "arn:aws:s3:::x/*", Condition=BLUE), False, NO, set()),
        (allow("s3:*", "arn:aws:s3:::${aws:username}/*"), False, UNKNOWN, {"aws:username"}),
        (allow("s3:*", None, NotResource="arn:aws:s3:::${aws:username}/*"), False, UNKNOWN, {"aws:username"}),
        (
            allow("s3:*", "arn:aws:s3:::${aws:username}/*", Condition=BLUE),
            False,
            UNKNOWN,
            {"aws:username", "aws:PrincipalTag/team"},
        ),
    ],
)
def test_applies(statement: Statement, always: bool, expected: Truth, missing: set[str]) -> None:
    found: set[str] = set()
    one = compile_one(statement)
    assert one.always is always
    assert one.applies(facts(), found) is expected
    assert found == missing


def test_nothing_is_missing_where_a_condition_is_not_met() -> None:
    found: set[str] = set()
    statement = allow("s3:*", "arn:aws:s3:::${aws:username}/*", Condition=BLUE)
    red = Context({"aws:PrincipalTag/team": "red"}, complete=False)
    assert compile_one(statement).applies(facts(context=red), found) is NO
    assert found == set()


def test_the_context_is_made_only_when_needed() -> None:
    def refuse() -> Context:
        raise AssertionError("nobody needs it")

    plain = Facts("s3:getobject", OBJECT, refuse)
    assert compile_one(allow("s3:*", "arn:aws:s3:::data/*")).applies(plain, set()) is YES
    with pytest.raises(AssertionError, match="nobody"):
        compile_one(allow(Condition=BLUE)).applies(plain, set())


def test_the_context_is_made_once() -> None:
    made: list[Context] = []

    def make() -> Context:
        made.append(Context({}))
        return made[-1]

    one = Facts("s3:getobject", OBJECT, make)
    assert one.context is one.context
    assert len(made) == 1
