# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What controls derive from a snapshot in common."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import (
    Facts,
    admin_by,
    is_approved_administrator,
)

from .samples import (
    ADMIN,
    EVERYTHING,
    allow,
    arn,
    broken,
    document,
    group,
    people,
    policy,
    report,
    role,
    row,
    snapshot,
    user,
)

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.mark.parametrize(
    ("statements", "needs_mfa"),
    [
        ([EVERYTHING], False),
        ([{**EVERYTHING, "Condition": MFA}], True),
        ([{**EVERYTHING, "Condition": MFA}, EVERYTHING], False),
        ([allow("s3:*")], None),
        ([], None),
    ],
)
def test_admin_by(statements: list[object], needs_mfa: bool | None) -> None:
    assert admin_by(document(*statements)) is needs_mfa


def test_a_document_that_does_not_parse_makes_nobody_an_administrator() -> None:
    assert admin_by(broken()) is None


def test_ways_to_administration_are_told_apart() -> None:
    facts = Facts(
        snapshot(
            users=(
                user(
                    "a", attached_policies=(ADMIN,), inline_policies=(document(EVERYTHING, name="own"),), groups=("g",)
                ),
            ),
            groups=(group("g", inline_policies=(document({**EVERYTHING, "Condition": MFA}, name="mfa"),)),),
        )
    )
    grants = facts.admin_users[arn("user", "a")]
    assert [(grant.policy, grant.way, grant.needs_mfa) for grant in grants] == [
        ("AdministratorAccess", "attached", False),
        ("own", "inline", False),
        ("mfa", "group g", True),
    ]


def test_administrator_access_is_known_by_its_name_where_its_document_is_not() -> None:
    assert Facts(snapshot(policies=())).admin_policies == {ADMIN: False}
    assert set(Facts(snapshot(partition="aws-cn")).admin_policies) == {"arn:aws-cn:iam::aws:policy/AdministratorAccess"}


def test_texts_are_the_account_s_own_documents() -> None:
    facts = Facts(
        snapshot(
            users=(user("a", inline_policies=(document(name="i"),)),),
            policies=(
                policy("Own"),
                policy("Boundary", attachment_count=0, boundary_usage_count=1),
                policy("OfAws", is_aws_managed=True),
                policy("Odd", default_version=broken("Odd")),
            ),
        )
    )
    assert [(text.label, text.is_inline) for text in facts.texts] == [("Own", False), ("Odd", False), ("a/i", True)]
    assert facts.unreadable == ("Odd",)


def test_users_of_the_report_and_of_now() -> None:
    account = snapshot(users=(user("kept"), user("new")), credential_report=report(row("kept"), row("gone")))
    assert [item.user for item in Facts(account).credential_rows] == ["kept"]
    assert Facts(account).users_newer_than_report == 1
    assert Facts(people(row("kept"))).users_newer_than_report == 0
    assert Facts(snapshot(credential_report=None)).credential_rows == ()


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("OrganizationAccountAccessRole", "/", True),
        ("AWSControlTowerExecution", "/", True),
        ("cdk-hnb659fds-deploy-role", "/", True),
        ("automation", "/iam-hardening/", True),
        ("MyOrganizationAccountAccessRole", "/", False),
        ("developer", "/", False),
    ],
)
def test_administrators_by_design(name: str, path: str, expected: bool) -> None:
    assert is_approved_administrator(role(name, path=path)) is expected
