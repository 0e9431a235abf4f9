# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from cfnlint.api import lint_all

from ansible_collections.hardening.iam.plugins.module_utils._report.least_privilege_templates import (
    render_cloudformation,
    render_terraform,
)
from ansible_collections.hardening.iam.plugins.module_utils._report.least_privilege_text import (
    brief,
    condense,
    render,
    render_markdown,
)

from .new_policies import POLICY, document, principal, proof

# The matrix of Pythons and ansible-cores has no such libraries.
markdown_it = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed; make test installs it")
hcl2 = pytest.importorskip("hcl2", reason="python-hcl2 is not installed; make test installs it")

HOSTILE: t.Final = "x](javascript:alert(1)) <script>alert(1)</script> | `a`\n## forged\x1b[2J\u202e"


def test_the_terminal_is_short_and_has_numbers_with_denominators() -> None:
    shown = render(document(principal(), principal(principal="arn:aws:iam::111122223333:role/other")))
    text = " ".join(shown.split())
    assert "Actions Privileged Paths Unknown Principal" in text
    assert "22,321 → 2 12,626 → 1 1 → 0 1 role/teams/dev" in text
    assert "22,321 → 2 12,626 → 1 1 → 0 1 role/other" in text
    window = "Evidence: 2026-08-22 to 2026-11-20, 8,806 events, 90 files, 1 broken; services: 1 complete, 1 blind"
    assert text.count(window) == 1
    assert text.count("warning: the record has no end of a quarter") == 1
    assert max(map(len, shown.splitlines())) <= 80
    assert len(shown.splitlines()) <= 14


def test_the_columns_of_the_terminal_are_aligned_without_arrows_too() -> None:
    items = (principal(), principal(principal="arn:aws:iam::111122223333:role/other"))
    items[1]["totals"] = {**items[1]["totals"], "granted": {"before": 5, "after": 4}}
    shown = render(document(*items), ascii_only=True)
    assert shown.isascii()
    lines = [line for line in shown.splitlines() if line.endswith(("Principal", "role/teams/dev", "role/other"))]
    assert len({max(line.rfind(word) for word in ("Principal", "role/")) for line in lines}) == 1
    assert len(lines) == 3


def test_documents_that_a_person_wrote_have_no_numbers_of_actions() -> None:
    item = principal()
    item["totals"] = {**item["totals"], "granted": {"before": 0, "after": 0}, "paths": None}
    assert "  -  " in render(document(item))
    assert "0 → 0" not in render(document(item))


def test_what_speaks_against_a_proof_is_named() -> None:
    entry = {"action": "s3:PutObject", "resource": "*", "why": "no old statement allows it"}
    shown = render(document(principal(outcome="unproven", proofs=[proof(is_proved=False, beyond=[entry] * 9)])))
    assert "NOT PROVED" in shown
    assert "beyond the old policies: s3:PutObject on *: no old statement allows it" in " ".join(shown.split())
    assert "beyond the old policies: 3 more" in shown


def test_each_member_of_a_group_is_named_with_its_proof() -> None:
    item = principal(proofs=[proof(principal="arn:a"), proof(principal="arn:b")])
    shown = " ".join(render_markdown(document(item), item).split())
    assert "arn:a: 3 recorded uses" in shown and "arn:b: 3 recorded uses" in shown


def test_a_principal_without_evidence_has_a_reason_and_no_policy() -> None:
    item = principal(outcome="no_evidence", reason="no event could be read", documents=[], proofs=[])
    assert "no event could be read" in render(document(item))
    text = render_markdown(document(item), item)
    assert "## Policy" not in text and "## Numbers" not in text


@pytest.mark.parametrize("place", ["principal", "permission_set", "reason", "losses", "kept", "name"])
def test_nothing_in_markdown_comes_from_a_name(place: str) -> None:
    item = principal()
    if place == "losses":
        item["losses"] = [HOSTILE]
    elif place == "kept":
        item["kept"][0]["why"] = HOSTILE
    elif place == "name":
        item["documents"][0]["name"] = HOSTILE
    else:
        item[place] = HOSTILE
    plain = render_markdown(
        document(principal(permission_set="x", reason="x")), principal(permission_set="x", reason="x")
    )
    tokens = markdown_it.MarkdownIt().enable("table").parse(render_markdown(document(item), item))
    inline = [child for token in tokens for child in token.children or ()]
    assert not {token.type for token in (*tokens, *inline)} & {"html_block", "html_inline", "link_open"}
    assert not any("forged" in token.content for token in tokens if token.type == "heading_open")
    wanted = {token.type for token in markdown_it.MarkdownIt().enable("table").parse(plain)} | {"code_inline"}
    assert {token.type for token in tokens} <= wanted


def test_a_hostile_document_stays_in_its_block() -> None:
    policy = {**POLICY, "Statement": [{**POLICY["Statement"][0], "Resource": "arn:aws:s3:::x\n```\n# forged"}]}
    item = principal()
    item["documents"][0]["document"] = policy
    tokens = markdown_it.MarkdownIt().parse(render_markdown(document(item), item))
    blocks = [token.content for token in tokens if token.type == "fence"]
    assert [json.loads(block) for block in blocks] == [policy]


@pytest.mark.parametrize(
    ("kind", "policy", "resource"),
    [
        ("role", "managed", "AWS::IAM::ManagedPolicy"),
        ("user", "inline user", "AWS::IAM::Policy"),
        ("group", "managed", "AWS::IAM::ManagedPolicy"),
    ],
)
def test_a_template_of_cloudformation_is_one(kind: str, policy: str, resource: str) -> None:
    item = principal(kind=kind)
    item["documents"][0]["kind"] = policy
    text = render_cloudformation(item)
    (found,) = json.loads(text)["Resources"].values()
    assert found["Type"] == resource
    assert found["Properties"]["PolicyDocument"] == POLICY
    assert [match for match in lint_all(text) if match.rule.severity == "error"] == []


@pytest.mark.parametrize("kind", ["role", "permission_set"])
def test_a_template_never_asks_cloudformation_for_a_secret(kind: str) -> None:
    """Others choose the keys of objects, and CloudFormation resolves references in all properties."""
    item = principal(kind=kind, permission_set="Developer")
    (statement,) = POLICY["Statement"]
    key = "{{resolve:secretsmanager:prod:SecretString:password}}"
    hostile = {**statement, "Resource": f"arn:aws:s3:::orders/{key}"}
    item["documents"][0]["document"] = {**POLICY, "Statement": [hostile]}
    found = json.loads(render_cloudformation(item))
    assert list(found) == ["note"]
    assert "use the JSON files or policies.tf" in found["note"]


def test_a_permission_set_has_one_inline_policy_and_names_its_managed_ones() -> None:
    item = principal(kind="permission_set", permission_set="Developer")
    inline = {**item["documents"][0], "name": "lp-Developer-2", "kind": "inline role"}
    item["documents"].append(inline)
    text = render_cloudformation(item)
    found = json.loads(text)["Resources"]
    assert {resource["Type"] for resource in found.values()} == {"AWS::IAM::ManagedPolicy", "AWS::SSO::PermissionSet"}
    assert found["PermissionSet"]["Properties"] == {
        "InstanceArn": {"Ref": "InstanceArn"},
        "Name": "Developer",
        "InlinePolicy": POLICY,
        "CustomerManagedPolicyReferences": [{"Name": "lp-dev-1", "Path": "/iam-hardening/lp/"}],
    }
    assert [match for match in lint_all(text) if match.rule.severity == "error"] == []
    parsed = hcl2.loads(render_terraform(item))
    kinds = {name.strip('"') for block in parsed["resource"] for name in block}
    assert kinds == {
        "aws_iam_policy",
        "aws_ssoadmin_customer_managed_policy_attachment",
        "aws_ssoadmin_permission_set_inline_policy",
    }


@pytest.mark.parametrize("name", ["lp-dev-1", 'lp"${file("x")}', "lp-dev,=@.1"])
def test_terraform_can_be_parsed_and_holds_the_policy(name: str) -> None:
    item = principal()
    item["documents"][0]["name"] = name
    text = render_terraform(item)
    parsed = hcl2.loads(text)
    assert len(parsed["resource"]) == 2
    assert '"arn:aws:s3:::orders/$${aws:username}/*"' in text
    assert "${file" not in text


def test_a_report_has_the_numbers_and_the_places_of_the_files() -> None:
    shown = condense(principal(), ["reports/a.json"])
    assert (shown["granted"], shown["used"], shown["removed"], shown["unknown"]) == (
        {"before": 22321, "after": 2},
        1,
        2,
        1,
    )
    assert shown["files"] == ["reports/a.json"]
    assert shown["accept"] == ["arn:aws:s3:::orders/*: it also matches others"]
    text = " ".join(" ".join(brief(shown, str)).split())
    assert "22,321 actions granted, 1 used, 2 can be removed, 1 unknown; privileged 12,626 to 1" in text


def test_the_word_of_aws_stands_beside_the_result() -> None:
    entry = {"action": "s3:PutObject", "ours": "unknown", "why": "x"}
    opinion = {
        "source": "security_hub",
        "status": "compared",
        "reason": "",
        "agree": 1200,
        "aws_would_also_remove": [entry],
        "aws_would_keep": [],
        "notes": [],
    }
    absent = {**opinion, "source": "access_analyzer", "status": "absent", "reason": "there is no active analyzer"}
    item = principal(second_opinion=[opinion, absent], new_access={"result": "FAIL", "reasons": ["new access"]})
    wanted = [
        "Security Hub agrees on 1,200 actions",
        "Security Hub would also remove s3:PutObject",
        "Access Analyzer: there is no active analyzer",
        "Access Analyzer's check for new access: FAIL; new access",
    ]
    assert condense(item, [])["opinions"] == wanted
    shown = " ".join(render(document(item)).split())
    assert all(text in shown for text in wanted)
