# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Custom policy checks of Access Analyzer, as boto3 parses their answers."""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import account, serving


def statement(actions: t.Any, resources: t.Any = "*", effect: str = "Allow", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": effect, "Action": actions, "Resource": resources, **more}


def document(*statements: dict[str, t.Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def client() -> t.Iterator[t.Any]:
    with serving(account()) as seeded:
        yield seeded.client("accessanalyzer")


EVERYTHING: t.Final = statement("*")
KEEP: t.Final = statement("dynamodb:DeleteTable", effect="Deny")
MFA: t.Final = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OBJECTS: t.Final = "arn:aws:s3:::bucket/*"


@pytest.mark.parametrize(
    ("new", "existing", "result"),
    [
        ([statement("s3:GetObject", OBJECTS)], [EVERYTHING], "PASS"),
        ([statement(["S3:getobject"], OBJECTS)], [statement("s3:Get*", "arn:aws:s3:::*")], "PASS"),
        ([statement("s3:Get*", OBJECTS)], [statement("s3:GetObject", OBJECTS)], "FAIL"),
        ([statement("s3:GetObject", "*")], [statement("s3:GetObject", OBJECTS)], "FAIL"),
        ([statement("s3:GetObject", OBJECTS)], [statement("s3:GetObject", OBJECTS, Condition=MFA)], "FAIL"),
        ([statement("s3:GetObject", OBJECTS, Condition=MFA)], [statement("s3:GetObject", OBJECTS)], "PASS"),
        ([EVERYTHING, KEEP], [EVERYTHING, KEEP], "PASS"),
        ([EVERYTHING], [EVERYTHING, KEEP], "FAIL"),
        ([statement("s3:GetObject")], [EVERYTHING, KEEP], "PASS"),
        ([statement("iam:GetRole")], [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "FAIL"),
        ([statement("s3:GetObject")], [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "PASS"),
    ],
)
def test_new_access_is_found(client: t.Any, new: list[t.Any], existing: list[t.Any], result: str) -> None:
    answer = client.check_no_new_access(
        newPolicyDocument=document(*new), existingPolicyDocument=document(*existing), policyType="IDENTITY_POLICY"
    )
    assert answer["result"] == result
    assert bool(answer["reasons"]) is (result == "FAIL")


def test_the_reason_names_the_statement(client: t.Any) -> None:
    answer = client.check_no_new_access(
        newPolicyDocument=document(statement("s3:GetObject"), statement("iam:CreateUser", Sid="Users")),
        existingPolicyDocument=document(statement("s3:*")),
        policyType="IDENTITY_POLICY",
    )
    assert answer["reasons"] == [
        {"description": "New access in the statement with index: 1.", "statementIndex": 1, "statementId": "Users"}
    ]


@pytest.mark.parametrize(
    ("statements", "access", "result"),
    [
        ([statement("s3:*")], {"actions": ["iam:CreateUser", "s3:GetObject"]}, "FAIL"),
        ([statement("s3:*")], {"actions": ["iam:CreateUser"]}, "PASS"),
        ([statement("s3:*"), statement("s3:GetObject", effect="Deny")], {"actions": ["s3:GetObject"]}, "PASS"),
        ([statement("s3:*", OBJECTS)], {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::other/key"]}, "PASS"),
        ([statement("s3:*", OBJECTS)], {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::bucket/key"]}, "FAIL"),
    ],
)
def test_granted_actions_are_found(client: t.Any, statements: list[t.Any], access: t.Any, result: str) -> None:
    answer = client.check_access_not_granted(
        policyDocument=document(*statements), access=[access], policyType="IDENTITY_POLICY"
    )
    assert answer["result"] == result


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "InvalidParameterException"),
        ('{"Statement": []}', "InvalidParameterException"),
        (document(*[EVERYTHING] * 101), "UnprocessableEntityException"),
    ],
)
def test_a_document_that_can_not_be_checked_is_an_error(client: t.Any, text: str, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.check_no_new_access(
            newPolicyDocument=text, existingPolicyDocument=document(EVERYTHING), policyType="IDENTITY_POLICY"
        )
    assert caught.value.response["Error"]["Code"] == code
