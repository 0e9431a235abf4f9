# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of whom deep evidence is read."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, VirtualMfaDevice
from ansible_collections.hardening.iam.plugins.module_utils._controls import deep
from ansible_collections.hardening.iam.plugins.module_utils._controls.deep import principals_in_question
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts

from .samples import (
    ADMIN,
    MEMBER,
    allow,
    arn,
    document,
    group,
    make_broken_document,
    of_management,
    people,
    policy,
    role,
    row,
    snapshot,
    user,
)


def list_asked(account: t.Any, dataset: Dataset = Dataset.SERVICE_LAST_ACCESSED) -> set[str]:
    return {name.rpartition("/")[2] for name in principals_in_question(Facts(account))[dataset]}


def test_administrators_are_in_question_but_not_those_by_design() -> None:
    account = snapshot(
        users=(user("root-ish", attached_policies=(ADMIN,)), user("plain")),
        roles=(
            role("dev", attached_policies=(ADMIN,)),
            of_management("OrganizationAccountAccessRole", attached_policies=(ADMIN,)),
        ),
        organization=MEMBER,
    )
    assert list_asked(account) == {"root-ish", "dev"}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow("bedrock:InvokeModel", resource="arn:aws:bedrock:*::foundation-model/x"), True),
        (allow("SageMaker:*"), True),
        (allow("b*:Get*"), True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        (allow("s3:*"), False),
        ({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*"}, False),
    ],
)
def test_who_may_use_a_service_that_controls_ask_about(statement: t.Any, expected: bool) -> None:
    account = snapshot(
        users=(user("member", groups=("g",)), user("other")),
        groups=(group("g", inline_policies=(document(statement),)),),
        roles=(
            role("attached", attached_policies=(arn("policy", "P"),)),
            role("inline", inline_policies=(document(statement),)),
        ),
        policies=(policy("P", statement),),
    )
    assert list_asked(account) == ({"member", "attached", "inline"} if expected else set())


def test_console_users_with_a_virtual_device() -> None:
    rows = (
        row("virtual", password_enabled=True, mfa_active=True),
        row("hardware", password_enabled=True, mfa_active=True),
        row("no-console", mfa_active=True),
        # The report is older than the device.
        row("new-device", password_enabled=True),
    )
    holders = ("virtual", "no-console", "new-device")
    devices = tuple(VirtualMfaDevice(arn("mfa", name), arn("user", name), None) for name in holders)
    assert list_asked(people(*rows, virtual_mfa_devices=devices), Dataset.MFA_DEVICES) == {"virtual"}


def test_ssh_keys_are_asked_of_users_who_may_use_the_service_that_they_open() -> None:
    account = snapshot(
        users=(
            user("direct", inline_policies=(document(allow("codecommit:GitPull", resource="*")),)),
            user("member", groups=("everybody",)),
            user("other", inline_policies=(document(allow("s3:*")),)),
        ),
        groups=(group("everybody", inline_policies=(document(allow("*")),)),),
        roles=(role("robot", inline_policies=(document(allow("codecommit:*")),)),),
    )
    assert list_asked(account, Dataset.SSH_PUBLIC_KEYS) == {"direct", "member"}


def test_a_document_that_does_not_parse_allows_nothing() -> None:
    odd = user("odd", inline_policies=(make_broken_document(), document(allow("bedrock:*"))))
    account = snapshot(users=(odd, user("none", inline_policies=(make_broken_document(),))))
    assert list_asked(account) == {"odd"}


def test_a_policy_that_many_have_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(deep, "names_service", lambda _policy, service: looked.append(service) or True)
    shared = policy("P", allow("codecommit:*"))
    users = tuple(user(f"u{number}", attached_policies=(shared.arn,)) for number in range(5))
    found = deep.users_of_codecommit(Facts(snapshot(users=users, policies=(shared,))))
    assert len(found) == 5 and looked == ["codecommit"]
