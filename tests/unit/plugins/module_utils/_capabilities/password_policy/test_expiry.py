# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    ManagedPolicy,
    PasswordPolicy,
    PolicyDocument,
    Role,
    Snapshot,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.password_policy.expiry import (
    Expiry,
    find_administrators_without_password,
    predict_expiry,
)

from .passwords import ACCOUNT, NOW, STRONG, account, role, unread, user

USERS = (user("old", 200), user("middle", 100), user("edge", 90), user("fresh", 10), user("unknown", None))


def policy(age: t.Optional[int], *, hard: t.Optional[bool] = None) -> PasswordPolicy:
    return dataclasses.replace(STRONG, max_age_days=age, hard_expiry=hard)


def predict(
    present: t.Optional[PasswordPolicy], wanted: PasswordPolicy, snapshot: t.Optional[Snapshot] = None
) -> Expiry:
    return predict_expiry(snapshot or account(present, *USERS), present=present, wanted=wanted, now=NOW)


@pytest.mark.parametrize(
    ("present", "wanted", "affected"),
    [
        # No expiry, or none that is new.
        (policy(None), policy(None), ()),
        (None, policy(None), ()),
        (policy(90), policy(None), ()),
        (policy(90), policy(90), ()),
        (policy(90), policy(180), ()),
        (policy(90, hard=True), policy(90, hard=True), ()),
        (policy(90, hard=True), policy(90), ()),
        # Introduced: everybody at or over the limit, and whose age is not known.
        (None, policy(90), ("edge", "middle", "old", "unknown")),
        (policy(None), policy(91), ("middle", "old", "unknown")),
        # Shortened: only those who had not expired before.
        (policy(150), policy(90), ("edge", "middle", "unknown")),
        # With hard expiry, those who had expired can't help themselves any more either.
        (policy(90), policy(90, hard=True), ("edge", "middle", "old", "unknown")),
        (policy(150, hard=True), policy(95, hard=True), ("middle", "unknown")),
        (policy(None), policy(None, hard=True), ()),
    ],
)
def test_who_is_newly_hit(
    present: t.Optional[PasswordPolicy], wanted: PasswordPolicy, affected: tuple[str, ...]
) -> None:
    assert predict(present, wanted) == Expiry(affected=affected)


def test_users_without_password_and_root_are_under_no_policy() -> None:
    snapshot = account(None, user("keys-only", 999, password=False), user("<root_account>", 999))
    assert predict(None, policy(90), snapshot) == Expiry()


def test_without_a_credential_report_nothing_is_known() -> None:
    denied = account(None, unread=unread(Dataset.CREDENTIAL_REPORT), credential_report=None)
    assert "AccessDenied" in predict(None, policy(90), denied).unknown
    absent = account(None, credential_report=None)
    assert predict(None, policy(90), absent) == Expiry(unknown="there is no credential report")


# Administrators who get in without an IAM user's password

PEOPLE = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def administrators(*roles: Role, policies: tuple[ManagedPolicy, ...] = ()) -> list[str]:
    found = find_administrators_without_password(account(None, roles=roles, policies=policies, unread=()))
    assert found is not None
    return [arn.rpartition("/")[2] for arn in found]


def test_roles_of_people_count() -> None:
    sso = role("AWSReservedSSO_Admin_1", {"Federated": "arn"}, path="/aws-reserved/sso.amazonaws.com/")
    assert administrators(role("account", PEOPLE), role("anyone", "*"), sso) == [
        "account",
        "anyone",
        "AWSReservedSSO_Admin_1",
    ]


def test_roles_of_services_without_admin_rights_or_bounded_do_not_count() -> None:
    boundary = ManagedPolicy(
        arn=f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        name="boundary",
        path="/",
        default_version=PolicyDocument("v1", {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}),
        attachment_count=0,
        boundary_usage_count=1,
        created=NOW,
        updated=NOW,
        is_aws_managed=False,
    )
    assert not administrators(
        role("service", {"Service": "ec2.amazonaws.com"}),
        role("linked", PEOPLE, path="/aws-service-role/x/"),
        role("reader", PEOPLE, policy="ReadOnlyAccess"),
        role("bounded", PEOPLE, boundary=boundary.arn),
        role("nobody", {}),
        policies=(boundary,),
    )


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        pytest.param({}, True, id="administrator"),
        pytest.param({"boundary": f"arn:aws:iam::{ACCOUNT}:policy/gone"}, False, id="a boundary that is not known"),
        pytest.param({"attached_policies": ("mfa",)}, True, id="with MFA"),
        pytest.param({"attached_policies": ("office",)}, False, id="from certain addresses only"),
        pytest.param({"attached_policies": ("split", "iam")}, True, id="by two policies together"),
        pytest.param({"trust": PolicyDocument("trust", None, "not a JSON document")}, False, id="unknown trust"),
    ],
)
def test_who_is_not_sure_to_be_an_administrator_does_not_count(fields: dict[str, t.Any], counts: bool) -> None:
    """Locking everybody out costs more than a refusal too many."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    statements = {
        "mfa": {**everything, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        "office": {**everything, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
        "split": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        "iam": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
    }
    policies = tuple(
        ManagedPolicy(
            arn=name,
            name=name,
            path="/",
            default_version=PolicyDocument("v1", {"Statement": [statement]}),
            attachment_count=1,
            boundary_usage_count=0,
            created=NOW,
            updated=NOW,
            is_aws_managed=False,
        )
        for name, statement in statements.items()
    )
    subject = dataclasses.replace(role("admin", PEOPLE), **fields)
    assert administrators(subject, policies=policies) == (["admin"] if counts else [])


def test_without_the_roles_administrators_are_not_known() -> None:
    assert find_administrators_without_password(account(None)) is None
