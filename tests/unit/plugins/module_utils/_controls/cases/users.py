# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users, their passwords, keys and MFA devices, as the credential report shows them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    CredentialRow,
    Snapshot,
    VirtualMfaDevice,
)

from ..case_tables import cases
from ..samples import (
    ADMIN,
    EVERYTHING,
    NOW,
    arn,
    certificate,
    days_ago,
    document,
    group,
    key,
    people,
    report,
    row,
    snapshot,
    user,
)
from .case import Case

_REPORT: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html"
_UNIQUE: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"
_MFA: t.Final = "CIS AWS Foundations 7.0, 2.10: every IAM user with a console password has MFA"
_UNUSED: t.Final = "CIS AWS Foundations 7.0, 2.11: credentials unused for 45 days or more are disabled"
_OLD: t.Final = "CIS AWS Foundations 7.0, 2.12: access keys are rotated every 90 days or less"
_SETUP: t.Final = "CIS AWS Foundations 5.0, 1.10: no access keys at the setup of users with a console password"
_SINGLE: t.Final = "CIS AWS Foundations 5.0, 1.12: one active access key for any single IAM user"
_HUB: t.Final = "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html"
_PRACTICES: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
_ATTACK: t.Final = "https://attack.mitre.org/techniques/T1078/004/"

_WITH_PASSWORD: t.Final = {"password_enabled": True, "password_last_used": days_ago(1), "mfa_active": True}


def _people(*rows: CredentialRow, **fields: t.Any) -> t.Callable[[], Snapshot]:
    return lambda: people(*rows, **fields)


def _newcomer(*rows: CredentialRow, policies: tuple[str, ...] = (), of_all: bool = False) -> t.Callable[[], Snapshot]:
    """The users of the report, and one who was made after it. ``policies`` are those of this one, or of all."""
    users = tuple(user(item.user, attached_policies=policies if of_all else ()) for item in rows)
    new = user("new", created=NOW, attached_policies=policies)
    return lambda: snapshot(users=(*users, new), credential_report=report(*rows))


def _newcomer_beside_administrator() -> t.Callable[[], Snapshot]:
    users = (user("alice", attached_policies=(ADMIN,)), user("new", created=NOW))
    return lambda: snapshot(users=users, credential_report=report(row("alice", mfa_active=True)))


def _successor(**fields: t.Any) -> t.Callable[[], Snapshot]:
    """A user who got the name of one that was deleted since the report."""
    old = row("alice", **fields)
    return lambda: snapshot(users=(user("alice", created=days_ago(0.01)),), credential_report=report(old))


def _administrators(*rows: CredentialRow, **fields: t.Any) -> t.Callable[[], Snapshot]:
    policies = {"attached_policies": (ADMIN,), **fields}
    return lambda: snapshot(users=tuple(user(item.user, **policies) for item in rows), credential_report=report(*rows))


def _of_group(*rows: CredentialRow) -> t.Callable[[], Snapshot]:
    users = tuple(user(item.user, groups=("admins",)) for item in rows)
    return lambda: snapshot(users=users, groups=(group(attached_policies=(ADMIN,)),), credential_report=report(*rows))


def _unknown(control: str, *rows: CredentialRow) -> tuple[Case, ...]:
    """What every control of the report's rows says of a user that the report does not know; ``rows`` hold it."""
    return (
        Case(control, "NOT_ASSESSED", "its one user is newer than the report", _REPORT, _newcomer()),
        Case(control, "NOT_ASSESSED", "one of its users is newer than the report", _REPORT, _newcomer(*rows)),
        Case(control, "NOT_ASSESSED", "a user was deleted and made anew since the report", _UNIQUE, _successor()),
    )


def _phones(*holders: str, rows: t.Sequence[CredentialRow], **fields: t.Any) -> t.Callable[[], Snapshot]:
    """Users some of whom have virtual MFA devices."""
    devices = tuple(
        VirtualMfaDevice(arn("mfa", f"phone-{number}"), arn("user", name), days_ago(9))
        for number, name in enumerate(holders)
    )
    users = tuple(user(item.user, **fields) for item in rows)
    return lambda: snapshot(users=users, credential_report=report(*rows), virtual_mfa_devices=devices)


_UNDATED_KEY: t.Final = AccessKey(1, True, None, None, None, None)
_UNDATED: t.Final = {"created": None}
_BESIDE: t.Final = "a user newer than the report beside one who fails"

CASES: t.Final = (
    *cases(
        "user_console_mfa",
        _MFA,
        FAIL={
            "a password without MFA": _people(row(password_enabled=True)),
            "one of two without MFA": _people(row("alice", **_WITH_PASSWORD), row("bob", password_enabled=True)),
            "a fresh password without MFA": _people(row(password_enabled=True, password_last_changed=days_ago(1))),
            _BESIDE: _newcomer(row(password_enabled=True)),
        },
        PASS={
            "a password with MFA": _people(row(**_WITH_PASSWORD)),
            "a program without MFA beside": _people(row("a", **_WITH_PASSWORD), row("robot", access_keys=(key(),))),
        },
    ),
    *_unknown("user_console_mfa", row(**_WITH_PASSWORD)),
    *cases(
        "user_key_only_mfa",
        _HUB,
        FAIL={
            "a key without MFA": _people(row(access_keys=(key(),))),
            "two keys without MFA": _people(row(access_keys=(key(1), key(2)))),
            "a key without MFA that was never used": _people(row(access_keys=(key(used=None),))),
        },
        PASS={
            "a key with MFA": _people(row(access_keys=(key(),), mfa_active=True)),
            "an inactive key without MFA beside": _people(
                row("a", access_keys=(key(),), mfa_active=True), row("b", access_keys=(key(active=False),))
            ),
        },
    ),
    *_unknown("user_key_only_mfa", row(access_keys=(key(),), mfa_active=True)),
    *cases(
        "user_hardware_mfa",
        _HUB,
        FAIL={
            "a phone": _phones("alice", rows=[row(**_WITH_PASSWORD)]),
            "two phones": _phones("alice", "alice", rows=[row(**_WITH_PASSWORD)]),
            "an administrator's phone": _phones("alice", rows=[row(**_WITH_PASSWORD)], attached_policies=(ADMIN,)),
        },
        PASS={
            "a security key, which IAM does not list as virtual": _phones(rows=[row(**_WITH_PASSWORD)]),
            "a phone of a user without a password": _phones(
                "robot", rows=[row(**_WITH_PASSWORD), row("robot", mfa_active=True)]
            ),
        },
    ),
    *_unknown("user_hardware_mfa", row(**_WITH_PASSWORD)),
    *cases(
        "user_admin_without_mfa",
        _ATTACK,
        FAIL={
            "a key": _administrators(row(access_keys=(key(),))),
            "a password": _administrators(row(password_enabled=True)),
            "a key, by a group": _of_group(row(access_keys=(key(),))),
            "a key, by an inline policy": _administrators(
                row(access_keys=(key(),)), attached_policies=(), inline_policies=(document(EVERYTHING),)
            ),
            "a new administrator beside one who fails": _newcomer(
                row(access_keys=(key(),)), policies=(ADMIN,), of_all=True
            ),
        },
        PASS={
            "an administrator with MFA": _administrators(row(access_keys=(key(),), mfa_active=True)),
            "an administrator without any credential": _administrators(row()),
            "a newcomer who is no administrator": _newcomer_beside_administrator(),
        },
        NOT_ASSESSED={"a new administrator": _newcomer(policies=(ADMIN,))},
    ),
    # Passwords and keys
    *cases(
        "console_password_unused",
        _UNUSED,
        FAIL={
            "used 45 days ago": _people(row(password_enabled=True, password_last_used=days_ago(45))),
            "never used since it was set a year ago": _people(
                row(password_enabled=True, password_last_changed=days_ago(365))
            ),
            "used and reset long ago": _people(
                row(password_enabled=True, password_last_used=days_ago(90), password_last_changed=days_ago(60))
            ),
            "one without a date beside an unused one": _people(
                row("a", password_enabled=True, **_UNDATED),
                row("b", password_enabled=True, password_last_used=days_ago(99)),
            ),
        },
        PASS={
            "used yesterday": _people(row(password_enabled=True, password_last_used=days_ago(1))),
            "reset yesterday after a year": _people(
                row(password_enabled=True, password_last_used=days_ago(365), password_last_changed=days_ago(1))
            ),
        },
        NOT_ASSESSED={"without any date": _people(row(password_enabled=True, **_UNDATED))},
    ),
    *_unknown("console_password_unused", row(**_WITH_PASSWORD)),
    *cases(
        "access_key_unused",
        _UNUSED,
        FAIL={
            "used 45 days ago": _people(row(access_keys=(key(age=300, used=45),))),
            "never used in 60 days": _people(row(access_keys=(key(age=60, used=None),))),
            "the second of two": _people(row(access_keys=(key(1), key(2, age=300, used=200)))),
            "one without a date beside an unused one": _people(
                row("a", access_keys=(_UNDATED_KEY,), **_UNDATED), row("b", access_keys=(key(age=300, used=99),))
            ),
        },
        PASS={
            "used 44 days ago": _people(row(access_keys=(key(age=300, used=44),))),
            "an inactive key that nobody uses": _people(
                row(access_keys=(key(1), key(2, age=300, used=200, active=False)))
            ),
        },
        NOT_ASSESSED={
            "without any date": _people(row(access_keys=(_UNDATED_KEY,), **_UNDATED)),
            "without a date, of an old user": _people(row(access_keys=(_UNDATED_KEY,))),
        },
    ),
    *_unknown("access_key_unused", row(access_keys=(key(),))),
    *cases(
        "access_key_age",
        _OLD,
        FAIL={
            "91 days": _people(row(access_keys=(key(age=91),))),
            "three years, in daily use": _people(row(access_keys=(key(age=1100, used=0),))),
            "the second of two": _people(row(access_keys=(key(1), key(2, age=100)))),
        },
        PASS={
            "90 days": _people(row(access_keys=(key(age=90),))),
            "an old inactive key beside": _people(row(access_keys=(key(1), key(2, age=900, active=False)))),
        },
        NOT_ASSESSED={
            "without any date": _people(row(access_keys=(_UNDATED_KEY,), **_UNDATED)),
            "without a date, of an old user": _people(row(access_keys=(_UNDATED_KEY,))),
        },
    ),
    *_unknown("access_key_age", row(access_keys=(key(),))),
    *cases(
        "access_key_of_setup",
        _SETUP,
        FAIL={
            "a console user's unused key": _people(row(access_keys=(key(age=30, used=None),), **_WITH_PASSWORD)),
            "the second key": _people(row(access_keys=(key(1), key(2, age=30, used=None)), **_WITH_PASSWORD)),
            "a week old": _people(row(access_keys=(key(age=7, used=None),), **_WITH_PASSWORD)),
        },
        PASS={
            "three days old": _people(row(access_keys=(key(age=3, used=None),), **_WITH_PASSWORD)),
            "a console user's used key": _people(row(access_keys=(key(age=30, used=2),), **_WITH_PASSWORD)),
        },
        NOT_ASSESSED={
            "without any date": _people(row(access_keys=(_UNDATED_KEY,), **_WITH_PASSWORD, **_UNDATED)),
        },
    ),
    *_unknown("access_key_of_setup", row(access_keys=(key(),), **_WITH_PASSWORD)),
    *cases(
        "access_key_single",
        _SINGLE,
        FAIL={
            "two keys": _people(row(access_keys=(key(1), key(2)))),
            "one of two users": _people(row("a", access_keys=(key(),)), row("b", access_keys=(key(1), key(2)))),
            "two keys, one unused": _people(row(access_keys=(key(1), key(2, used=None)))),
        },
        PASS={
            "one key": _people(row(access_keys=(key(),))),
            "a rotated key, now inactive": _people(row(access_keys=(key(1), key(2, active=False)))),
        },
    ),
    *_unknown("access_key_single", row(access_keys=(key(),))),
    *cases(
        "console_user_without_key",
        _PRACTICES,
        FAIL={
            "password and key": _people(row(access_keys=(key(),), **_WITH_PASSWORD)),
            "one of two users": _people(
                row("a", access_keys=(key(),)), row("b", access_keys=(key(),), **_WITH_PASSWORD)
            ),
            "password and unused key": _people(row(access_keys=(key(used=None),), **_WITH_PASSWORD)),
        },
        PASS={
            "a user for each": _people(row("a", access_keys=(key(),)), row("b", **_WITH_PASSWORD)),
            "password and inactive key": _people(row(access_keys=(key(active=False),), **_WITH_PASSWORD)),
        },
    ),
    *_unknown("console_user_without_key", row(**_WITH_PASSWORD)),
    *cases(
        "access_key_for_workload",
        _PRACTICES,
        FAIL={
            "a key that reads S3": _people(row(access_keys=(key(),))),
            "a key that sends mail": _people(row(access_keys=(key(service="ses"),))),
            "the second of two": _people(row(access_keys=(key(1, service="sts"), key(2, service="ec2")))),
        },
        PASS={
            "a key that opens roles": _people(row(access_keys=(key(service="sts"),))),
            "a key of a user who manages itself": _people(row(access_keys=(key(service="iam"),))),
        },
    ),
    *_unknown("access_key_for_workload", row(access_keys=(key(service="sts"),))),
    *cases(
        "admin_access_key",
        _ATTACK,
        FAIL={
            "one key": _administrators(row(access_keys=(key(),))),
            "a key with MFA": _administrators(row(access_keys=(key(),), mfa_active=True)),
            "by a group": _of_group(row(access_keys=(key(),))),
        },
        PASS={
            "an inactive key": _administrators(row(access_keys=(key(active=False),))),
            "a newcomer who is no administrator": _newcomer_beside_administrator(),
        },
        NOT_ASSESSED={"a new administrator": _newcomer(policies=(ADMIN,))},
    ),
    *cases(
        "signing_certificate_age",
        _OLD,
        FAIL={
            "91 days": _people(row(certificates=(certificate(91),))),
            "ten years": _people(row(certificates=(certificate(3650),))),
            "one of two users": _people(
                row("a", certificates=(certificate(1),)), row("b", certificates=(certificate(100),))
            ),
        },
        PASS={
            "90 days": _people(row(certificates=(certificate(90),))),
            "an old inactive one beside": _people(
                row("a", certificates=(certificate(1),)), row("b", certificates=(certificate(900, active=False),))
            ),
        },
        NOT_ASSESSED={
            "without a date": _people(row(certificates=(dataclasses.replace(certificate(1), last_rotated=None),)))
        },
    ),
    *_unknown("signing_certificate_age", row(certificates=(certificate(1),))),
)
