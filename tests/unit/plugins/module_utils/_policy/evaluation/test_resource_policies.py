# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A resource's policy: how far it reaches, and where it has to allow."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.caller import caller_of
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.compiled import Facts, compile_policies
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.resource_policies import (
    judge_resource,
    must_allow,
    no_policy,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth

from .cases.case import KEY, OBJECT, ROLE, ROOT, SESSION, USER, Statement, allow, deny, policy

BLUE = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("sts:assumerole", ROLE, True),
        ("sts:assumerolewithwebidentity", ROLE, True),
        ("sts:assumerole", "*", True),
        ("sts:tagsession", ROLE, True),
        ("sts:tagsession", "*", False),
        ("sts:getfederationtoken", USER, False),
        ("iam:passrole", ROLE, False),
        ("kms:decrypt", KEY, True),
        ("kms:retiregrant", KEY, False),
        ("kms:decrypt", "*", True),
        ("kms:decrypt", "arn:aws:kms:eu-west-1:111122223333:alias/app", True),
        ("kms:createkey", "*", False),
        ("kms:listkeys", "*", False),
        ("kms:createalias", "arn:aws:kms:eu-west-1:111122223333:alias/app", False),
        ("s3:getobject", OBJECT, False),
    ],
)
def test_must_allow(action: str, resource: str, expected: bool) -> None:
    assert must_allow(action, resource) is expected


@pytest.mark.parametrize(
    ("statement", "principal", "direct", "limited", "anyhow"),
    [
        (allow(Principal={"AWS": USER}), USER, YES, YES, YES),
        (allow(Principal={"AWS": ROLE}), SESSION, NO, YES, YES),
        (allow(Principal={"AWS": ROOT}), USER, NO, NO, YES),
        (allow(Principal={"AWS": ROLE}), USER, NO, NO, NO),
        (allow(Principal={"AWS": [ROOT, USER]}), USER, YES, YES, YES),
        (allow(Principal={"AWS": SESSION}), ROLE, UNKNOWN, UNKNOWN, UNKNOWN),
        (allow(Principal={"AWS": [SESSION, ROLE]}), ROLE, UNKNOWN, YES, YES),
        (allow(Principal={"AWS": USER}, Condition=BLUE), USER, UNKNOWN, UNKNOWN, UNKNOWN),
        (allow(Principal={"AWS": ROOT}, Condition=BLUE), USER, NO, NO, UNKNOWN),
        (allow("s3:*", "arn:aws:s3:::x", Principal="*"), USER, NO, NO, NO),
        # A statement without principals is about nobody.
        (allow(), USER, NO, NO, NO),
        # No longer supported, but stored: everyone but those who are listed.
        (allow(NotPrincipal={"AWS": ROLE}), USER, YES, YES, YES),
    ],
)
def test_how_far_an_allow_reaches(
    statement: Statement, principal: str, direct: Truth, limited: Truth, anyhow: Truth
) -> None:
    facts = Facts("s3:getobject", OBJECT, lambda: Context({}, complete=False))
    grants = judge_resource(
        compile_policies((policy("P", statement),)), caller_of(principal), bounded=False, facts=facts
    )
    assert [verdict.allow for verdict in grants] == [direct, limited, anyhow]
    assert grants.anyhow.deny is NO


@pytest.mark.parametrize(
    ("statement", "principal", "bounded", "expected"),
    [
        (deny(Principal="*"), USER, False, YES),
        (deny(Principal={"AWS": ROOT}), USER, False, YES),
        (deny(Principal={"AWS": ROLE}), SESSION, False, YES),
        (deny(Principal={"AWS": ROLE}), USER, False, NO),
        (deny(Principal={"AWS": SESSION}), ROLE, False, UNKNOWN),
        (deny(Principal="*", Condition=BLUE), USER, False, UNKNOWN),
        (deny(NotPrincipal={"AWS": [USER, ROOT]}), USER, False, NO),
        (deny(NotPrincipal={"AWS": [USER, ROOT]}), USER, True, YES),
        (deny(NotPrincipal={"AWS": [USER, ROOT]}), ROLE, False, YES),
        (deny(NotPrincipal={"Service": "ec2.amazonaws.com"}), "ec2.amazonaws.com", True, NO),
    ],
)
def test_whom_a_deny_is_about(statement: Statement, principal: str, bounded: bool, expected: Truth) -> None:
    facts = Facts("s3:getobject", OBJECT, lambda: Context({}, complete=False))
    policies = compile_policies((policy("P", statement),))
    grants = judge_resource(policies, caller_of(principal), bounded=bounded, facts=facts)
    assert grants.anyhow.deny is expected
    assert {verdict.allow for verdict in grants} == {NO}


@pytest.mark.parametrize(("needed", "expected"), [(True, UNKNOWN), (False, NO)])
def test_no_policy(needed: bool, expected: Truth) -> None:
    assert {verdict.allow for verdict in no_policy(needed=needed)} == {expected}
