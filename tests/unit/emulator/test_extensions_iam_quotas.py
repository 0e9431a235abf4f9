# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quotas of inline and attached policies."""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import Seeded, account, serving

ROLE: t.Final = {"trust": {"Version": "2012-10-17", "Statement": []}}


@pytest.fixture(scope="module")
def one() -> t.Iterator[Seeded]:
    with serving(account(users={"u": {}}, groups={"g": {}}, roles={"r": ROLE})) as seeded:
        yield seeded


def document(size: int) -> str:
    """A policy of this size, spaces not counted."""
    frame = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "", "Resource": "*"}]}
    empty = len(json.dumps(frame).replace(" ", ""))
    frame["Statement"][0]["Action"] = "s3:" + "a" * (size - empty - 3)  # type: ignore[index]
    return json.dumps(frame, indent=4)


@pytest.mark.parametrize(("kind", "name", "size"), [("User", "u", 2_048), ("Group", "g", 5_120), ("Role", "r", 10_240)])
def test_inline_policies_together_have_a_size(one: Seeded, kind: str, name: str, size: int) -> None:
    put = getattr(one.client("iam"), f"put_{kind.lower()}_policy")
    put(**{f"{kind}Name": name}, PolicyName="first", PolicyDocument=document(size - 200))
    put(**{f"{kind}Name": name}, PolicyName="second", PolicyDocument=document(200))
    put(**{f"{kind}Name": name}, PolicyName="second", PolicyDocument=document(200))
    with pytest.raises(ClientError) as raised:
        put(**{f"{kind}Name": name}, PolicyName="second", PolicyDocument=document(201))
    assert raised.value.response["Error"]["Code"] == "LimitExceeded"
    message = raised.value.response["Error"]["Message"]
    assert message == f"Maximum policy size of {size} bytes exceeded for {kind.lower()} {name}"


def test_ten_managed_policies_can_be_attached(one: Seeded) -> None:
    iam = one.client("iam")
    arns = [policy["Arn"] for policy in iam.list_policies(Scope="AWS", MaxItems=11)["Policies"]]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    with pytest.raises(ClientError, match="Cannot exceed quota for PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName="r", PolicyArn=arns[10])
