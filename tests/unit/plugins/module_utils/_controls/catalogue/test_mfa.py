# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MFA of users."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, VirtualMfaDevice

from ..samples import (
    ADMIN,
    EVERYTHING,
    allow,
    arn,
    days_ago,
    document,
    failing,
    group,
    judge,
    key,
    make_broken_document,
    people,
    policy,
    report,
    root,
    row,
    snapshot,
    status,
    unread,
    user,
)

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def test_console_users_need_mfa_and_root_is_none_of_them() -> None:
    rows = (
        row("alice", password_enabled=True, mfa_active=True),
        row("bob", password_enabled=True),
        row("robot", access_keys=(key(),)),
    )
    account = snapshot(users=tuple(user(item.user) for item in rows), credential_report=report(*rows, of_root=root()))
    assert failing("user_console_mfa", account) == [arn("user", "bob")]
    assert failing("user_key_only_mfa", account) == [arn("user", "robot")]
    (finding,) = judge("user_console_mfa", account)
    assert finding.evidence.observed == {"password_enabled": True, "mfa_active": False}
    (finding,) = judge("user_key_only_mfa", account)
    assert finding.evidence.observed == {"mfa_active": False}


def test_nobody_signs_in() -> None:
    account = people(row("robot"))
    assert status("user_console_mfa", account) == "NOT_APPLICABLE"
    assert status("user_key_only_mfa", account) == "NOT_APPLICABLE"
    assert status("user_hardware_mfa", account) == "NOT_APPLICABLE"


def test_a_user_deleted_since_the_report_is_no_finding() -> None:
    account = snapshot(users=(), credential_report=report(row("gone", password_enabled=True)))
    assert status("user_console_mfa", account) == "NOT_APPLICABLE"


def test_without_the_list_of_users_the_report_counts_as_it_is() -> None:
    rows = report(row("perhaps-gone", password_enabled=True))
    account = snapshot(credential_report=rows, unread=(unread(Dataset.AUTHORIZATION_DETAILS),))
    assert failing("user_console_mfa", account) == [arn("user", "perhaps-gone")]


def test_the_evidence_says_how_old_the_report_is() -> None:
    (finding,) = judge("user_console_mfa", people(row("bob", password_enabled=True)))
    assert finding.evidence.observed_at == days_ago(0.1)


def test_a_user_newer_than_the_report_is_named_beside_who_fails() -> None:
    rows = (row("bob", password_enabled=True),)
    account = snapshot(users=(user("bob"), user("new")), credential_report=report(*rows))
    failed, unknown = judge("user_console_mfa", account)
    assert (failed.resource, failed.status.value) == (arn("user", "bob"), "FAIL")
    assert (unknown.resource, unknown.status.value) == (arn("user", "new"), "NOT_ASSESSED")
    assert unknown.detail == "the credential report of 2026-11-25T09:36:00Z does not know this user yet"


def test_a_user_of_an_earlier_name_is_named() -> None:
    account = snapshot(users=(user("bob", created=days_ago(0)),), credential_report=report(row("bob")))
    (finding,) = judge("user_console_mfa", account)
    assert finding.detail.endswith("is about an earlier user of this name")


def test_deploy_bot_is_an_administrator_with_a_key_and_no_mfa() -> None:
    account = snapshot(
        users=(user("deploy-bot", attached_policies=(ADMIN,)),),
        credential_report=report(row("deploy-bot", access_keys=(key(used=2),))),
    )
    (finding,) = judge("user_admin_without_mfa", account)
    assert finding.status.value == "FAIL" and finding.severity.value == "critical"
    assert (
        "AdministratorAccess (attached) without MFA; can act with 1 access key (last used 2026-11-23)" in finding.detail
    )
    assert finding.evidence.observed == {"mfa_active": False, "policies": ["AdministratorAccess"]}


@pytest.mark.parametrize(
    ("fields", "ways"),
    [
        ({"password_enabled": True}, "console password"),
        ({"access_keys": (key(used=None),)}, "1 access key (never used)"),
        ({"access_keys": (key(1, used=None), key(2, used=9))}, "2 access keys (last used 2026-11-16)"),
        (
            {"password_enabled": True, "access_keys": (key(used=2), key(2, active=False))},
            "console password and 1 access key (last used 2026-11-23)",
        ),
    ],
)
def test_the_ways_in_which_an_administrator_can_act(fields: dict[str, t.Any], ways: str) -> None:
    account = snapshot(users=(user("bot", attached_policies=(ADMIN,)),), credential_report=report(row("bot", **fields)))
    (finding,) = judge("user_admin_without_mfa", account)
    assert finding.detail.endswith(f"can act with {ways}")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"attached_policies": (ADMIN,)}, 1),
        ({"attached_policies": (arn("policy", "Own"),)}, 1),
        ({"inline_policies": (document(EVERYTHING),)}, 1),
        ({"inline_policies": (document({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}),)}, 1),
        ({"inline_policies": (document({**EVERYTHING, "Condition": MFA}),)}, 0),
        ({"groups": ("admins",)}, 1),
        ({"groups": ("no-such-group",)}, 0),
        ({"attached_policies": (ADMIN,), "boundary": arn("policy", "Narrow")}, 0),
        ({"attached_policies": (ADMIN,), "boundary": ADMIN}, 1),
        ({"attached_policies": (ADMIN,), "boundary": arn("policy", "Unknown")}, 1),
        ({}, 0),
    ],
)
def test_ways_to_be_an_administrator(fields: dict[str, object], expected: int) -> None:
    account = snapshot(
        users=(user("bot", **fields),),
        groups=(group("admins", attached_policies=(ADMIN,)),),
        policies=(policy("Own", EVERYTHING), policy("Narrow", allow("s3:*"), boundary_usage_count=1)),
        credential_report=report(row("bot", access_keys=(key(),))),
    )
    assert len(failing("user_admin_without_mfa", account)) == expected


@pytest.mark.parametrize(
    "harmless", [{"mfa_active": True, "access_keys": (key(),)}, {}, {"access_keys": (key(active=False),)}]
)
def test_an_administrator_who_has_mfa_or_can_not_act(harmless: dict[str, object]) -> None:
    account = snapshot(
        users=(user("admin", attached_policies=(ADMIN,)),), credential_report=report(row("admin", **harmless))
    )
    assert status("user_admin_without_mfa", account) == "PASS"


@pytest.mark.parametrize("control", ["user_admin_without_mfa", "admin_access_key"])
@pytest.mark.parametrize(
    ("users", "rows", "told"),
    [
        pytest.param(
            (user("bot", inline_policies=(make_broken_document("own"),)),), (row("bot"),), "bot: own", id="unparsable"
        ),
        pytest.param(
            (user("new", attached_policies=(ADMIN,)),), (), "does not know this user", id="newer than the report"
        ),
        pytest.param(
            (user("admin", attached_policies=(ADMIN,)), user("bot", inline_policies=(make_broken_document("own"),))),
            (row("admin"), row("bot")),
            "bot: own",
            id="beside one that is known",
        ),
    ],
)
def test_who_may_be_an_administrator_is_not_passed_over(
    control: str, users: tuple[t.Any, ...], rows: tuple[t.Any, ...], told: str
) -> None:
    (finding,) = judge(control, snapshot(users=users, credential_report=report(*rows)))
    assert (finding.status.value, told in finding.detail) == ("NOT_ASSESSED", True)


def test_in_another_partition_the_name_of_the_policy_has_that_partition() -> None:
    admin = "arn:aws-cn:iam::aws:policy/AdministratorAccess"
    account = snapshot(
        partition="aws-cn",
        users=(user("bot", attached_policies=(admin,)),),
        credential_report=report(row("bot", access_keys=(key(),))),
    )
    assert status("user_admin_without_mfa", account) == "FAIL"


def hardware(*devices: VirtualMfaDevice, **fields: object) -> list[str]:
    rows = (row("alice", password_enabled=True, mfa_active=True),)
    return failing("user_hardware_mfa", people(*rows, virtual_mfa_devices=devices, **fields))


VIRTUAL = VirtualMfaDevice(arn("mfa", "alice"), arn("user", "alice"), None)


def test_hardware_is_inferred_from_mfa_without_a_virtual_device() -> None:
    assert hardware() == []
    assert hardware(VirtualMfaDevice(arn("mfa", "idle"), None, None)) == []
    assert hardware(VIRTUAL) == [arn("user", "alice")]


def test_evidence_of_the_users_own_devices_settles_it() -> None:
    both = (VIRTUAL.serial_number, arn("u2f", "user/alice/key"))
    assert hardware(VIRTUAL, mfa_serial_numbers={arn("user", "alice"): both}) == []
    assert hardware(VIRTUAL, mfa_serial_numbers={arn("user", "alice"): (VIRTUAL.serial_number,)}) == [
        arn("user", "alice")
    ]


def test_a_virtual_device_weighs_more_with_an_administrator() -> None:
    account = snapshot(
        users=(user("alice", attached_policies=(ADMIN,)),),
        credential_report=report(row("alice", password_enabled=True, mfa_active=True)),
        virtual_mfa_devices=(VIRTUAL,),
    )
    (finding,) = judge("user_hardware_mfa", account)
    assert (finding.severity.value, finding.detail) == ("medium", "administrator with a virtual MFA device only")
    (finding,) = judge("user_hardware_mfa", dataclasses.replace(account, users=(user("alice"),)))
    assert (finding.severity.value, finding.detail) == ("low", "virtual MFA device only")
    assert finding.evidence.observed == {"virtual_devices": [VIRTUAL.serial_number]}
