# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot says about what events left behind."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.control_policies import PolicyDocument
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    Caller,
    CredentialReport,
    CredentialRow,
    Dataset,
    Group,
    ManagedPolicy,
    Role,
    ServiceSpecificCredential,
    Snapshot,
    Unread,
    UnreadKind,
    User,
    VirtualMfaDevice,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import Question
from ansible_collections.hardening.iam.plugins.module_utils._questions.sweep.snapshot_answers import (
    KINDS,
    answer_from_snapshot,
)

ACCOUNT: t.Final = "111122223333"
NOW: t.Final = datetime(2026, 11, 27, 12, tzinfo=UTC)
MADE: t.Final = datetime(2026, 11, 27, 10, tzinfo=UTC)
ALLOW: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "sts:AssumeRole"}],
}


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


ADMIN: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
SNAPSHOT: t.Final = Snapshot(
    caller=Caller(ACCOUNT, arn("role", "reader"), "AROAREADER"),
    partition="aws",
    home_region="us-east-1",
    observed_at=NOW,
    regions=(),
    users=(
        User(
            "eve",
            arn("user", "eve"),
            "/",
            MADE,
            ("admins",),
            (ADMIN,),
            (PolicyDocument("own", ALLOW),),
            None,
            unique_id="AIDAEVE",
        ),
        User("bob", arn("user", "bob"), "/", MADE, (), (), (), arn("policy", "limit"), unique_id="AIDABOB"),
    ),
    groups=(Group("admins", arn("group", "admins"), "/", MADE, (ADMIN,), ()),),
    roles=(
        Role(
            "deploy",
            arn("role", "deploy"),
            "/",
            MADE,
            PolicyDocument("trust", TRUST),
            (),
            (),
            None,
            None,
            None,
            instance_profiles=(arn("instance-profile", "web"),),
            unique_id="AROADEPLOY",
        ),
        Role(
            "AWSServiceRoleForX",
            arn("role", "aws-service-role/x.amazonaws.com/AWSServiceRoleForX"),
            "/aws-service-role/x.amazonaws.com/",
            MADE,
            PolicyDocument("trust", TRUST),
            (),
            (),
            None,
            None,
            None,
        ),
    ),
    policies=(
        ManagedPolicy(
            arn("policy", "limit"), "limit", "/", PolicyDocument("v2", ALLOW), 1, 1, MADE, NOW, is_aws_managed=False
        ),
        ManagedPolicy(ADMIN, "AdministratorAccess", "/", PolicyDocument("v1", ALLOW), 2, 0, MADE, NOW, True),
    ),
    oidc_provider_arns=(arn("oidc-provider", "id.example"),),
    saml_provider_arns=(arn("saml-provider", "corp"),),
    virtual_mfa_devices=(VirtualMfaDevice(arn("mfa", "eve"), arn("user", "eve"), MADE),),
    service_specific_credentials=(
        ServiceSpecificCredential("eve", "ACCA1", "bedrock.amazonaws.com", "Active", MADE, None),
    ),
    credential_report=CredentialReport(
        NOW,
        None,
        (
            CredentialRow(
                "eve",
                arn("user", "eve"),
                MADE,
                True,
                None,
                MADE,
                None,
                False,
                (AccessKey(1, True, MADE, None, None, None), AccessKey(2, False, NOW, None, None, None)),
                (),
            ),
        ),
    ),
)

TEXT: t.Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
OTHER_TEXT: t.Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}'
TRUST_TEXT: t.Final = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"AWS":"arn:aws:iam::999988887777:root"}}}'
)


def ask(kind: str, *key: str, snapshot: Snapshot = SNAPSHOT, account: str = ACCOUNT) -> t.Any:
    question = Question(f"iam.{kind}", account, "", key)
    state = answer_from_snapshot(snapshot, [question])
    return state.answers.get(question, state.reasons.get(question))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (("user", "eve", "AIDAEVE"), True),
        (("user", "eve", ""), True),
        (("user", "eve", "AIDAEARLIER"), False),
        (("user", "mallory", ""), False),
        (("group", "admins"), True),
        (("group", "others"), False),
        (("role", "deploy", "AROADEPLOY"), True),
        (("role", "deploy", "AROAOTHER"), False),
        (("policy", arn("policy", "limit")), True),
        (("policy", arn("policy", "gone")), False),
        (("attached", "user", "eve", ADMIN), True),
        (("attached", "user", "bob", ADMIN), False),
        (("attached", "user", "mallory", ADMIN), False),
        (("attached", "group", "admins", ADMIN), True),
        (("detached", "user", "bob", ADMIN), True),
        (("detached", "user", "eve", ADMIN), False),
        (("detached", "user", "mallory", ADMIN), False),
        (("inline", "user", "eve", "own", TEXT), True),
        (("inline", "user", "eve", "own", ""), True),
        (("inline", "user", "eve", "own", OTHER_TEXT), False),
        (("inline", "user", "eve", "gone", TEXT), False),
        (("no_inline", "user", "eve", "gone"), True),
        (("no_inline", "user", "eve", "own"), False),
        (("no_inline", "user", "mallory", "own"), False),
        (("membership", "eve", "admins"), True),
        (("membership", "bob", "admins"), False),
        (("membership", "mallory", "admins"), False),
        (("no_boundary", "user", "eve"), True),
        (("no_boundary", "user", "bob"), False),
        (("no_boundary", "role", "gone"), False),
        (("trust", "deploy", TRUST_TEXT), True),
        (("trust", "deploy", TEXT), False),
        (("trust", "gone", TRUST_TEXT), False),
        (("profile_role", "web", "deploy"), True),
        (("profile_role", "db", "deploy"), False),
        (("oidc_provider", arn("oidc-provider", "id.example")), True),
        (("oidc_provider", arn("oidc-provider", "evil.example")), False),
        (("saml_provider", arn("saml-provider", "corp")), True),
        (("saml_provider", arn("saml-provider", "evil")), False),
        (("virtual_mfa_device", arn("mfa", "eve")), True),
        (("virtual_mfa_device", arn("mfa", "gone")), False),
    ],
)
def test_questions_are_answered(question: tuple[str, ...], expected: bool) -> None:
    assert ask(*question) is expected


def test_every_kind_is_tested() -> None:
    marks: t.Any = test_questions_are_answered.pytestmark  # type: ignore[attr-defined]
    assert {f"iam.{question[0]}" for question, _expected in marks[0].args[1]} == KINDS


def test_an_unread_dataset_gives_a_reason() -> None:
    denied = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "denied", "iam:GetAccountAuthorizationDetails")
    snapshot = dataclasses.replace(SNAPSHOT, unread=(denied,))
    assert ask("user", "mallory", "", snapshot=snapshot) == "iam:GetAccountAuthorizationDetails: denied"


def test_other_accounts_and_kinds_are_left_to_others() -> None:
    assert ask("user", "eve", "", account="999988887777") is None
    assert ask("access_key", "eve", "AKIA1") is None


def test_objects_with_dates_are_listed() -> None:
    made = answer_from_snapshot(SNAPSHOT, ()).made
    found = {(one.question.kind.removeprefix("iam."), one.question.key[0], one.is_exact) for one in made}
    assert found == {
        ("user", "eve", True),
        ("user", "bob", True),
        ("group", "admins", True),
        ("role", "deploy", True),
        ("policy", arn("policy", "limit"), True),
        ("policy_version", arn("policy", "limit"), False),
        ("access_key", "eve", False),
        ("login_profile", "eve", False),
        ("virtual_mfa_device", arn("mfa", "eve"), False),
        ("service_credential", "eve", True),
    }


def test_a_key_that_was_deactivated_is_not_new() -> None:
    """The report dates a key by its last change, and a containment deactivates keys."""
    made = answer_from_snapshot(SNAPSHOT, ()).made
    assert [one.created for one in made if one.question.kind == "iam.access_key"] == [MADE]


def test_the_moment_of_the_read_is_kept() -> None:
    assert answer_from_snapshot(SNAPSHOT, ()).read_at == {ACCOUNT: NOW}
