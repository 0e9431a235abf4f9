# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

from __future__ import annotations

import json
import typing as t

import pytest

from unit.emulator.seeded import account, serving


@pytest.fixture
def iam() -> t.Iterator[t.Any]:
    groups = {"staff": {}, "g-{001..298}": {}}
    users = {"bob": {"groups": [f"g-{number:03}" for number in range(1, 11)]}, "eve": {}}
    with serving(account(groups=groups, users=users, roles={"app": {"trust": _document(0)}})) as seeded:
        yield seeded.client("iam")


def _document(size: int) -> dict[str, t.Any]:
    actions = [f"sqs:{'x' * 45}{number:04}" for number in range(size // 56)]
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions or "s3:*", "Resource": "*"}]}


def test_an_account_has_300_groups_whose_names_have_no_case(iam: t.Any) -> None:
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException, match="STAFF"):
        iam.create_group(GroupName="STAFF")
    created = iam.create_group(GroupName="last", Path="/team/")["Group"]
    assert (created["GroupName"], created["Path"]) == ("last", "/team/")
    with pytest.raises(iam.exceptions.LimitExceededException, match="GroupsPerAccount: 300"):
        iam.create_group(GroupName="more")


def test_a_user_is_in_ten_groups(iam: t.Any) -> None:
    with pytest.raises(iam.exceptions.LimitExceededException, match="GroupsPerUser: 10"):
        iam.add_user_to_group(GroupName="staff", UserName="bob")
    # Where the user is already nothing changes.
    iam.add_user_to_group(GroupName="g-001", UserName="bob")
    iam.add_user_to_group(GroupName="staff", UserName="eve")
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="eve")["Groups"]] == ["staff"]


@pytest.mark.parametrize(
    ("kind", "name", "limit"), [("user", "eve", 2048), ("group", "staff", 5120), ("role", "app", 10240)]
)
def test_inline_policies_of_one_entity_count_together(iam: t.Any, kind: str, name: str, limit: int) -> None:
    def put(policy: str, size: int) -> None:
        operation = getattr(iam, f"put_{kind}_policy")
        # White space does not count.
        document = json.dumps(_document(size), indent=40)
        operation(**{f"{kind.title()}Name": name, "PolicyName": policy, "PolicyDocument": document})

    put("first", limit // 2)
    with pytest.raises(iam.exceptions.LimitExceededException, match=f"{limit} bytes exceeded for {kind} {name}"):
        put("second", limit // 2)
    put("first", limit // 4)
    put("second", limit // 2)
