# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a policy names a role, and its new role as well, as AWS compares."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.naming import (
    Named,
    find_names,
    is_named,
    may_name_roles,
)

from .planted import ACCOUNT, NEW, NEW_ID, OLD, OLD_ID, OTHER, policy, statement, target

Record = dict[str, t.Any]


def names(*statements: Record, **fields: t.Any) -> dict[str, bool]:
    """Where a policy names the old role, and whether it names the new one there too."""
    return {one.where: one.names_new for one in find_names(policy(*statements), target(**fields))}


def condition(operator: str, key: str, *values: str, **more: t.Any) -> Record:
    return statement(Principal="*", Condition={operator: {key: list(values)}}, **more)


def arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


# The principals


@pytest.mark.parametrize(
    "principal",
    [OLD, f"arn:aws:sts::{ACCOUNT}:assumed-role/dev-web/anna", OLD_ID],
    ids=["the role", "a session", "the id of a role that was deleted"],
)
def test_a_principal_that_is_the_role_names_it(principal: str) -> None:
    assert names(statement(Principal={"AWS": principal})) == {"principal": False}
    assert names(statement(Principal={"AWS": [principal, NEW]})) == {"principal": True}


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": ACCOUNT},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"AWS": arn("dev-web-2")},
        {"AWS": arn("dev-web", OTHER)},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:user/dev-web"},
        {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/dev-web-lp/anna"},
        {"Service": "ec2.amazonaws.com"},
        {"AWS": arn("dev-*")},
        {"Federated": OLD},
    ],
    ids=str,
)
def test_everybody_the_account_and_other_principals_do_not_name_the_role(principal: t.Any) -> None:
    """AWS takes wildcards in Principal as themselves, so a pattern there is about nobody."""
    assert names(statement(Principal=principal)) == {}


def test_not_principal_names_the_role_and_another_statement_does_not_except_the_new_one() -> None:
    def deny(*roles: str) -> Record:
        return statement(Effect="Deny", NotPrincipal={"AWS": list(roles)})

    assert names(deny(OLD)) == {"principal": False}
    assert names(deny(OLD, NEW)) == {"principal": True}
    assert names(deny(OLD), deny(NEW)) == {"principal": False}


def test_a_statement_that_says_the_same_of_the_new_role_counts() -> None:
    read = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
    old = statement(Principal={"AWS": OLD}, **read)
    assert names(old, statement(Principal={"AWS": NEW}, **read)) == {"principal": True}
    assert names(old, statement(Principal={"AWS": NEW}, **{**read, "Action": "s3:PutObject"})) == {"principal": False}
    limited = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    assert names(old, statement(Principal={"AWS": NEW}, **read, **limited)) == {"principal": False}


def test_all_statements_have_to_name_the_new_role() -> None:
    both = statement(Principal={"AWS": [OLD, NEW]}, Action="s3:GetObject")
    one = statement(Principal={"AWS": OLD}, Action="s3:PutObject")
    assert names(both, one) == {"principal": False}


# The conditions


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("ArnEquals", OLD, {"condition": False}),
        ("ArnLike", OLD, {"condition": False}),
        ("StringEquals", OLD, {"condition": False}),
        ("StringLikeIfExists", OLD, {"condition": False}),
        ("ArnNotLike", OLD, {"condition": False}),
        ("ForAnyValue:StringLike", OLD, {"condition": False}),
        ("ArnLike", arn("dev-*"), {"condition": True}),
        ("StringLike", "arn:*:iam::*:role/dev-we?", {"condition": False}),
        # Wildcards mean nothing to StringEquals.
        ("StringEquals", arn("dev-*"), {}),
        ("ArnLike", arn("*"), {}),
        ("StringLike", "*", {}),
        ("ArnLike", arn("dev-*", OTHER), {}),
        ("NumericEquals", OLD, {}),
    ],
)
def test_a_condition_on_the_arn_of_the_caller(operator: str, value: str, expected: Record) -> None:
    assert names(condition(operator, "aws:PrincipalArn", value)) == expected
    assert names(condition(operator, "AWS:principalARN", value)) == expected


def test_a_condition_on_the_user_id_names_the_role_by_its_id() -> None:
    assert names(condition("StringLike", "aws:userid", f"{OLD_ID}:*")) == {"condition": False}
    assert names(condition("StringLike", "aws:userId", f"{OLD_ID}:*", f"{NEW_ID}:*")) == {"condition": True}
    assert names(condition("StringNotLike", "aws:userid", f"{OLD_ID}:anna")) == {"condition": False}
    assert names(condition("StringEquals", "aws:userid", f"{OLD_ID}:anna")) == {"condition": False}
    assert names(condition("StringEquals", "aws:userid", f"{NEW_ID}:anna")) == {}
    assert names(condition("StringLike", "aws:userid", "AROA*", "*:anna")) == {}


def test_an_id_that_is_not_known_matches_nothing() -> None:
    assert names(condition("StringLike", "aws:userid", f"{OLD_ID}:*"), unique_id="") == {}
    assert names(statement(Principal={"AWS": OLD_ID}), unique_id="") == {}
    assert names(condition("StringLike", "aws:userid", f"{OLD_ID}:*"), new_id="") == {"condition": False}


def test_all_conditions_have_to_let_the_new_role_through() -> None:
    both = {"aws:PrincipalArn": arn("dev-*"), "aws:userid": f"{OLD_ID}:*"}
    assert names(statement(Principal="*", Condition={"StringLike": both})) == {"condition": False}


def test_two_denials_that_except_one_role_each_deny_both() -> None:
    def deny(*roles: str) -> Record:
        return condition("ArnNotLike", "aws:PrincipalArn", *roles, Effect="Deny")

    assert names(deny(OLD), deny(NEW)) == {"condition": False}
    assert names(deny(OLD, NEW)) == {"condition": True}


def test_a_variable_may_be_anything() -> None:
    value = arn("dev-${aws:PrincipalTag/team}")
    assert names(condition("ArnLike", "aws:PrincipalArn", value)) == {"condition": True}


# The resources


def test_a_resource_names_the_role_that_may_be_assumed_or_passed() -> None:
    def allow(*resources: str, **more: t.Any) -> Record:
        return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": list(resources), **more}

    assert names(allow(OLD)) == {"resource": False}
    assert names(allow(OLD, NEW)) == {"resource": True}
    assert names(allow(OLD), allow(NEW)) == {"resource": True}
    assert names(allow(arn("dev-*"))) == {"resource": True}
    assert names(allow("*")) == names(allow(arn("*"))) == names(allow("arn:aws:s3:::dev-web")) == {}
    excepted = {"Effect": "Deny", "Action": "*", "NotResource": OLD}
    assert names(excepted) == {"resource": False}


def test_roles_with_a_path_are_compared_with_it() -> None:
    old = arn("ci/dev-web")
    assert names(statement(Principal={"AWS": old}), arn=old) == {"principal": False}
    assert names(condition("ArnLike", "aws:PrincipalArn", arn("ci/dev-*")), arn=old) == {"condition": False}
    # A pattern that is about all roles of the path names none of them.
    assert names(condition("ArnLike", "aws:PrincipalArn", arn("ci/*")), arn=old) == {}


def test_without_a_new_role_no_policy_names_it() -> None:
    assert names(statement(Principal={"AWS": [OLD, NEW]}), new_arn="", new_id="") == {"principal": False}


def test_a_policy_names_a_role_in_several_places() -> None:
    found = find_names(
        policy(statement(Principal={"AWS": OLD}), condition("ArnLike", "aws:PrincipalArn", arn("dev-*"))), target()
    )
    assert set(found) == {Named("principal", False), Named("condition", True)}


def test_hostile_patterns_and_large_policies_end() -> None:
    wild = condition("StringLike", "aws:PrincipalArn", "arn:" + "*a" * 200, "*" * 400)
    assert names(wild) == {}
    many = [f"arn:aws:iam::{ACCOUNT}:role/other-{number}" for number in range(2000)]
    assert names(statement(Principal={"AWS": many}), condition("ArnLike", "aws:PrincipalArn", *many)) == {}
    assert names(statement(Principal={"AWS": [*many, OLD]})) == {"principal": False}


def test_the_grantee_of_a_grant() -> None:
    assert is_named(OLD, OLD, OLD_ID) and is_named(OLD_ID, OLD, OLD_ID)
    assert not is_named("", OLD, "") and not is_named(ACCOUNT, OLD, OLD_ID) and not is_named("x", OLD, OLD_ID)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (statement(), False),
        (statement(Resource=["arn:aws:s3:::data", "arn:aws:sqs:*:*:role/x"]), False),
        (statement(Condition={"StringEquals": {"aws:SourceArn": OLD}}), False),
        (statement(Principal={"Service": "ec2.amazonaws.com"}), False),
        (statement(Principal={"AWS": "*"}), True),
        (statement(NotPrincipal={"AWS": OLD}, Effect="Deny"), True),
        (statement(Condition={"StringLike": {"AWS:UserId": "x"}}), True),
        (statement(Resource="arn:aws:iam::*:role/x"), True),
        (statement(Resource="arn:*:*:*:*:role/x"), True),
        ({"Effect": "Deny", "Action": "*", "NotResource": OLD}, True),
    ],
    ids=str,
)
def test_policies_without_a_place_for_a_role_are_not_compared(one: Record, expected: bool) -> None:
    assert may_name_roles(policy(one)) is expected
