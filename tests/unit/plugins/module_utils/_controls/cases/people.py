# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The root user, the ways in for an emergency, and what is open to everybody."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.analyzers import AnalyzerFinding
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    CredentialRow,
    Dataset,
    Organization,
    Snapshot,
    UnreadKind,
    VirtualMfaDevice,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Analyzer

from ..case_tables import cases
from ..samples import (
    ACCOUNT,
    ADMIN,
    NOW,
    ROOT,
    allow,
    arn,
    certificate,
    days_ago,
    document,
    key,
    make_broken_document,
    report,
    role,
    root,
    row,
    snapshot,
    trust,
    unread,
    user,
)
from .case import Case

_KEYS: t.Final = "CIS AWS Foundations 7.0, 2.4: no root user account access key exists"
_MFA: t.Final = "CIS AWS Foundations 7.0, 2.5: MFA is enabled for the root user; without credentials it passes"
_HARDWARE: t.Final = "CIS AWS Foundations 7.0, 2.6: hardware MFA is enabled for the root user"
_LISTED: t.Final = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html"
_DAILY: t.Final = "CIS AWS Foundations 7.0, 2.7: the root user is not used for daily tasks"
_CERTIFICATES: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html"
_CENTRAL: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management"
_EMERGENCY: t.Final = (
    "https://docs.aws.amazon.com/wellarchitected/latest/framework/sec_permissions_emergency_process.html"
)
_TRUST: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
_PUBLIC: t.Final = "CIS AWS Foundations 7.0, 2.21: resource policies do not allow Principal * without conditions"
_FINDINGS: t.Final = "https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_FindingSummaryV2.html"

Build = t.Callable[[], Snapshot]


# Root


def _summary(mfa: int = 1, keys: int = 0, password: int = 1) -> dict[str, int]:
    return {"AccountMFAEnabled": mfa, "AccountAccessKeysPresent": keys, "AccountPasswordPresent": password}


def _root(of_root: t.Optional[CredentialRow] = None, **fields: t.Any) -> Build:
    return lambda: snapshot(**{"credential_report": report(of_root=of_root or root()), **fields})


def _devices(*devices: tuple[str, t.Optional[str], bool], **fields: t.Any) -> Build:
    """Virtual devices by name, owner and whether they were enabled."""
    found = tuple(
        VirtualMfaDevice(arn("mfa", name), owner, days_ago(100) if enabled else None)
        for name, owner, enabled in devices
    )
    return lambda: snapshot(virtual_mfa_devices=found, **fields)


_FIRST: t.Final = "root-account-mfa-device"
_MEMBER: t.Final = Organization("o-acme", "999988887777", "ALL")


# Break-glass


def _with_break_glass(*principals: t.Any, rows: tuple[CredentialRow, ...] = (), **fields: t.Any) -> Build:
    """An account with principals below the path for emergencies."""
    roles = tuple(item for item in principals if ":role/" in item.arn)
    users = tuple(item for item in principals if ":user/" in item.arn)
    return lambda: snapshot(**{"roles": roles, "users": users, "credential_report": report(*rows), **fields})


def _glass(kind: str, name: str = "fire", **fields: t.Any) -> t.Any:
    make = {"role": role, "user": user}[kind]
    place = arn(kind, f"iam-hardening/break-glass/{name}")
    defaults = {"arn": place, "path": "/iam-hardening/break-glass/", "attached_policies": (ADMIN,)}
    return make(name, **{**defaults, **fields})


def _row(**fields: t.Any) -> CredentialRow:
    return row("fire", arn=arn("user", "iam-hardening/break-glass/fire"), **fields)


_FROM_OUTSIDE: t.Final = trust({"AWS": "arn:aws:iam::999988887777:root"})
_WORKING: t.Final = {"trust": _FROM_OUTSIDE}
_DENY_ALL: t.Final = document({"Effect": "Deny", "Action": "*", "Resource": "*"})


_SAML: t.Final = f"arn:aws:iam::{ACCOUNT}:saml-provider/Idp"


# Public resources


def _with_findings(*findings: dict[str, t.Any], active: str = "ACTIVE", **fields: t.Any) -> Build:
    regions = ("us-east-1", "eu-west-1")
    place = f"arn:aws:access-analyzer:us-east-1:{ACCOUNT}:analyzer/a"
    defaults = {
        "analyzer_arn": place,
        "region": "us-east-1",
        "type": "ExternalAccess",
        "resource": "arn:aws:s3:::data",
        "resource_type": "AWS::S3::Bucket",
        "owner_account": ACCOUNT,
    }
    values = {
        "regions": regions,
        "analyzers": tuple(Analyzer("a", place, region, "ACCOUNT", active) for region in regions),
        "analyzer_findings": tuple(
            AnalyzerFinding(**{"id": str(number), **defaults, **finding}) for number, finding in enumerate(findings)
        ),
    }
    return lambda: snapshot(**{**values, **fields})


_OPEN: t.Final = {"is_public": True}
_NOT_ASKED: t.Final = (unread(Dataset.ANALYZER_FINDINGS, UnreadKind.NOT_REQUESTED),)

CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "root_no_access_key",
        _KEYS,
        FAIL={
            "one": _root(summary=_summary(keys=1)),
            "an inactive one": _root(root(access_keys=(key(active=False),)), summary=_summary(keys=1)),
            "one that the report alone shows": _root(root(access_keys=(key(),)), summary={}),
        },
        PASS={
            "none": _root(),
            "deleted since the report": _root(root(access_keys=(key(),)), summary=_summary()),
        },
        NOT_ASSESSED={"nothing is known": lambda: snapshot(summary={}, credential_report=None)},
    ),
    *cases(
        "root_mfa_enabled",
        _MFA,
        FAIL={
            "none": _root(summary=_summary(mfa=0)),
            "none, and an old report": _root(root(password_enabled=None), summary={"AccountMFAEnabled": 0}),
            "none, with a password that was never used": _root(root(password_enabled=True), summary=_summary(mfa=0)),
        },
        PASS={
            "with MFA": _root(summary=_summary()),
            "no password": _root(summary=_summary(mfa=0, password=0)),
        },
        NOT_ASSESSED={"the summary says nothing": _root(root(password_enabled=True), summary={})},
        NOT_APPLICABLE={"GovCloud": _root(summary=_summary(mfa=0), partition="aws-us-gov")},
    ),
    *cases(
        "root_hardware_mfa",
        _HARDWARE,
        FAIL={
            "a phone": _devices((_FIRST, ROOT, True)),
            "a second phone, of another name": _devices(("spare", ROOT, True)),
            "none at all": _devices(summary=_summary(mfa=0)),
            "a phone beside a leftover": _devices((_FIRST, None, False), ("spare", ROOT, True)),
        },
        PASS={
            "a security key": _devices(),
            "a security key, and a user's phone": _devices(("alice", arn("user", "alice"), True)),
        },
    ),
    *cases(
        "root_hardware_mfa",
        _LISTED,
        PASS={"a device that was taken off root": _devices((_FIRST, None, False))},
        FAIL={"a device in use without its owner": _devices((_FIRST, None, True))},
    ),
    *cases(
        "root_not_used",
        _DAILY,
        FAIL={
            "the password, yesterday": _root(root(password_last_used=days_ago(1))),
            "a key, a month ago": _root(root(access_keys=(key(used=30),))),
            "a key, while the password rests": _root(
                root(password_last_used=days_ago(400), access_keys=(key(used=5),))
            ),
        },
        PASS={
            "a year ago": _root(root(password_last_used=days_ago(365))),
            "never": _root(root(access_keys=(AccessKey(1, True, days_ago(500), None, None, None),))),
        },
        NOT_ASSESSED={"a report without root": lambda: snapshot(credential_report=report())},
    ),
    *cases(
        "root_no_signing_certificate",
        _CERTIFICATES,
        FAIL={
            "one": _root(root(certificates=(certificate(10),))),
            "one of ten years": _root(root(certificates=(certificate(3650),))),
            "an active one beside an inactive one": _root(
                root(certificates=(certificate(10, active=False), dataclasses.replace(certificate(9), slot=2)))
            ),
        },
        PASS={"none": _root(), "an inactive one": _root(root(certificates=(certificate(10, active=False),)))},
    ),
    *cases(
        "member_root_without_password",
        _CENTRAL,
        FAIL={
            "a password": _root(organization=_MEMBER, summary=_summary()),
            "a password, with MFA": _root(organization=_MEMBER, summary=_summary(mfa=1)),
            "a password that the report alone shows": _root(
                root(password_enabled=True), organization=_MEMBER, summary={"AccountMFAEnabled": 1}
            ),
        },
        PASS={
            "none": _root(organization=_MEMBER, summary=_summary(password=0)),
            "none, as the report alone shows": _root(organization=_MEMBER, summary={"AccountMFAEnabled": 0}),
        },
        NOT_ASSESSED={
            "nothing is known": _root(
                root(password_enabled=None), organization=_MEMBER, summary={"AccountMFAEnabled": 1}
            )
        },
        NOT_APPLICABLE={
            "the management account": _root(organization=Organization("o-acme", ACCOUNT, "ALL"), summary=_summary())
        },
    ),
    *cases(
        "break_glass_principal",
        _EMERGENCY,
        FAIL={
            "none": _with_break_glass(role("admin", **_WORKING)),
            "one that may do nothing": _with_break_glass(_glass("role", **_WORKING, attached_policies=())),
            "one that may only look": _with_break_glass(
                _glass("role", **_WORKING, attached_policies=(), inline_policies=(document(allow("iam:Get*")),))
            ),
            "one that is denied everything": _with_break_glass(
                _glass("role", **_WORKING, inline_policies=(_DENY_ALL,))
            ),
            "a user without password and key": _with_break_glass(_glass("user"), rows=(_row(),)),
            "a user whose key is inactive": _with_break_glass(
                _glass("user"), rows=(_row(access_keys=(key(active=False),)),)
            ),
        },
        PASS={
            "a role for another account": _with_break_glass(_glass("role", **_WORKING)),
            "a user with a password": _with_break_glass(
                _glass("user"), rows=(_row(password_enabled=True, mfa_active=True),)
            ),
            "one of two works": _with_break_glass(
                _glass("role", "broken", attached_policies=()), _glass("role", **_WORKING)
            ),
        },
        NOT_ASSESSED={
            "a user newer than the report": _with_break_glass(_glass("user", created=NOW)),
            "a user of an earlier name": _with_break_glass(
                _glass("user", created=NOW), rows=(_row(password_enabled=True),)
            ),
            "a role whose trust can't be parsed": _with_break_glass(_glass("role", trust=make_broken_document())),
            "the report was not read": _with_break_glass(_glass("user"), unread=(unread(Dataset.CREDENTIAL_REPORT),)),
        },
    ),
    *cases(
        "break_glass_principal",
        _TRUST,
        FAIL={
            "a role for instances": _with_break_glass(_glass("role")),
            "a role for a user who is gone": _with_break_glass(
                _glass("role", trust=trust({"AWS": arn("user", "gone")}))
            ),
            "a role for a deleted provider": _with_break_glass(_glass("role", trust=trust({"Federated": _SAML}))),
        },
    ),
    *cases(
        "resource_policies_not_public",
        _PUBLIC,
        FAIL={
            "a bucket": _with_findings(_OPEN),
            "a bucket, though archived": _with_findings({**_OPEN, "status": "ARCHIVED"}),
            "a queue beside a bucket for partners": _with_findings(
                {}, {**_OPEN, "resource": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", "resource_type": "AWS::SQS::Queue"}
            ),
            "a bucket, where not all was read": _with_findings(
                _OPEN, unread=(unread(Dataset.ANALYZER_FINDINGS, region="eu-west-1"),)
            ),
        },
        PASS={
            "nothing": _with_findings(),
            "a bucket for partners": _with_findings({}),
            "a bucket of another account of the organization": _with_findings(
                {**_OPEN, "owner_account": "222233334444"}
            ),
        },
    ),
    *cases(
        "resource_policies_not_public",
        _FINDINGS,
        NOT_ASSESSED={
            "findings were not asked for": _with_findings(unread=_NOT_ASKED),
            "no analyzer": _with_findings(analyzers=()),
            "an analyzer that failed": _with_findings(active="FAILED"),
            "a resource that could not be analyzed": _with_findings({"error": "ACCESS_DENIED"}),
            "a region that was not read": _with_findings(
                unread=(unread(Dataset.ANALYZER_FINDINGS, region="eu-west-1"),)
            ),
        },
    ),
)
