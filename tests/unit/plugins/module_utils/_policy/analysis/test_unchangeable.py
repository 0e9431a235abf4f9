# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes that AWS accepts from nobody."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.unchangeable import (
    may_be_reserved,
    refusal,
)

SSO = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1"
LINKED = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


@pytest.mark.parametrize(
    ("action", "resource", "said"),
    [
        ("iam:CreatePolicyVersion", "arn:aws-us-gov:iam::aws:policy/job-function/Billing", "a policy of AWS"),
        ("IAM:taguser", SSO, None),
        ("iam:TagRole", SSO, "Identity Center"),
        ("iam:TagRole", LINKED, None),
        ("iam:DeleteRole", LINKED, "linked to a service"),
        ("iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/iam::aws:policy/x", None),
        ("iam:AttachRolePolicy", "*", None),
        ("kms:UpdateAlias", "arn:aws:kms:*:*:alias/aws/*", "those of AWS"),
    ],
)
def test_who_may_change_it(action: str, resource: str, said: str | None) -> None:
    found = refusal(action, resource)
    assert (found is None) if said is None else (found is not None and said in found)


def test_a_name_proves_nothing() -> None:
    name = "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_1"
    assert refusal("iam:PutRolePolicy", name) is None
    assert may_be_reserved("iam:PutRolePolicy", name)
    assert not may_be_reserved("iam:GetRole", name)
    assert not may_be_reserved("iam:PutRolePolicy", SSO)
