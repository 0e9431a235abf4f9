# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import date

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.declared import (
    Declared,
    check_principals,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._prediction.acceptance import parse_acceptances

TODAY: t.Final = date(2026, 3, 1)
MEMBER: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/reader"
GIVEN: t.Final[dict[str, t.Any]] = {
    "automation_roles": [],
    "assessor_roles": [],
    "break_glass": [],
    "way_back": None,
    "member_role_arn": None,
    "max_member_reads": 0,
    "allow_root_attachment": False,
    "accept_without_evidence": [],
}
ACCEPTED: t.Final = {"account": "111122223333", "reason": "it is empty", "expires": "2026-04-01"}


def parse(**options: t.Any) -> Declared:
    return Declared.from_options({**GIVEN, **options}, today=TODAY)


def test_what_is_not_declared_is_empty() -> None:
    assert parse() == Declared((), (), (), "", "", 0, False, ())


def test_every_option_arrives() -> None:
    found = parse(
        automation_roles=["role/a/automation"],
        assessor_roles=["role/reader"],
        break_glass=["role/iam-hardening/break-glass*"],
        way_back="arn:aws:iam::111122223333:role/back",
        member_role_arn=MEMBER,
        max_member_reads=7,
        allow_root_attachment=True,
        accept_without_evidence=[ACCEPTED],
    )
    assert (found.automation, found.assessors) == (("role/a/automation",), ("role/reader",))
    assert found.break_glass == ("role/iam-hardening/break-glass*",)
    assert (found.way_back, found.member_role_arn) == ("arn:aws:iam::111122223333:role/back", MEMBER)
    assert (found.max_member_reads, found.allow_root_attachment) == (7, True)
    ((accepted),) = found.accepted_accounts
    assert (accepted.principal, accepted.reason, accepted.expires) == ("111122223333", "it is empty", date(2026, 4, 1))
    assert parse(way_back="management_account").way_back == "management_account"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"automation_roles": ["role/ok", "automation"]}, "automation_roles: 'automation' is not a role in the form"),
        ({"automation_roles": ["role/path/"]}, "automation_roles: 'role/path/'"),
        ({"assessor_roles": ["arn:aws:iam::1:role/x"]}, "assessor_roles: 'arn:aws:iam::1:role/x'"),
        ({"way_back": "role/back"}, "way_back: 'role/back' is neither management_account nor"),
        ({"way_back": "arn:aws:iam::1:user/x"}, "way_back: "),
        ({"member_role_arn": "arn:aws:iam::111122223333:role/x"}, "member_role_arn: "),
        ({"member_role_arn": "arn:aws:iam::<account_id>:user/x"}, "member_role_arn: "),
        ({"member_role_arn": "x<account_id>:role/x"}, "member_role_arn: "),
        ({"max_member_reads": -1}, "max_member_reads: -1 is not a number from 0 up"),
        ({"accept_without_evidence": [{**ACCEPTED, "expires": "soon"}]}, "accept_without_evidence[0]"),
        ({"accept_without_evidence": [{**ACCEPTED, "account": "*"}]}, "account"),
    ],
)
def test_an_option_that_is_not_allowed_is_refused(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InputError) as raised:
        parse(**options)
    assert words in str(raised.value) and "principal" not in str(raised.value)


@pytest.mark.parametrize(
    ("principal", "is_allowed"),
    [
        ("arn:aws:iam::111122223333:role/x", True),
        ("sns.amazonaws.com", True),
        ("states.eu-west-1.amazonaws.com", True),
        ("ec2.amazonaws.com.cn", True),
        ("role/x", False),
        ("deploy", False),
        ("sns.amazonaws.com.example", False),
        ("SNS.amazonaws.com", False),
    ],
)
def test_a_bare_name_would_mean_a_principal_of_each_account(principal: str, is_allowed: bool) -> None:
    given = [
        {"principal": name, "reason": "x", "expires": "2026-04-01"} for name in ("arn:aws:iam::1:role/y", principal)
    ]
    accepted = parse_acceptances(given, today=TODAY)
    if is_allowed:
        check_principals(accepted)
        return
    with pytest.raises(InputError) as raised:
        check_principals(accepted)
    assert f"accept_breakage[1].principal: {principal!r}" in str(raised.value)
