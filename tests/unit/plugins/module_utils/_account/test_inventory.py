# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.inventory import DATASETS, inventory
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    Caller,
    Certificate,
    CredentialReport,
    CredentialRow,
    Dataset,
    Group,
    ManagedPolicy,
    PolicyDocument,
    Role,
    ServiceSpecificCredential,
    Snapshot,
    Unread,
    UnreadKind,
    User,
    VirtualMfaDevice,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ARN = "arn:aws:iam::111122223333:"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def row(user: str, *keys: AccessKey, **more: t.Any) -> CredentialRow:
    arn = f"{ARN}root" if user == "<root_account>" else f"{ARN}user/{user}"
    defaults = dict.fromkeys(("password_last_used", "password_last_changed", "password_next_rotation"))
    own = {"created": ago(400), "password_enabled": False, "mfa_active": False, "certificates": ()}
    return CredentialRow(user=user, arn=arn, access_keys=keys, **{**defaults, **own, **more})


def key(slot: int, age: float, used: float | None = None, *, active: bool = True) -> AccessKey:
    last_used = None if used is None else ago(used)
    return AccessKey(slot, active, ago(age), last_used, None if used is None else "s3", None)


def user(name: str, **more: t.Any) -> User:
    own: dict[str, t.Any] = {"groups": (), "attached_policies": (), "inline_policies": (), "boundary": None}
    return User(name=name, arn=f"{ARN}user/{name}", path="/", created=ago(400), **{**own, **more})


SNAPSHOT = Snapshot(
    caller=Caller("111122223333", f"{ARN}user/me", "AIDAME"),
    partition="aws",
    home_region="us-east-1",
    observed_at=ago(1),
    regions=(),
    account_alias="acme",
    users=(user("alice", groups=("ops",), attached_policies=(ADMIN,)), user("bob"), user("new")),
    groups=(Group("ops", f"{ARN}group/ops", "/", ago(500), (ADMIN,), (PolicyDocument("inline", {}),)),),
    roles=(
        Role(
            "web",
            f"{ARN}role/web",
            "/",
            ago(90),
            PolicyDocument("trust", {"Statement": []}),
            (),
            (),
            None,
            ago(3),
            "eu-west-1",
        ),
    ),
    policies=(
        ManagedPolicy(f"{ARN}policy/own", "own", "/", PolicyDocument("v3", {}), 2, 1, ago(30), ago(3), False),
        ManagedPolicy(ADMIN, "AdministratorAccess", "/", PolicyDocument("v1", {}), 1, 0, ago(3000), ago(9), True),
    ),
    credential_report=CredentialReport(
        generated=ago(1.1),
        root=row("<root_account>", key(1, 800), password_enabled=True, mfa_active=True),
        users=(
            row(
                "alice",
                key(1, 100.5, 2),
                key(2, 10, active=False),
                password_enabled=True,
                password_last_used=ago(50),
                password_last_changed=ago(200),
                certificates=(Certificate(1, True, ago(7)),),
            ),
            row("bob", password_enabled=True, mfa_active=True),
            row("deleted"),
        ),
    ),
    virtual_mfa_devices=(
        VirtualMfaDevice(f"{ARN}mfa/bob", f"{ARN}user/bob", ago(5)),
        VirtualMfaDevice(f"{ARN}mfa/free", None, None),
    ),
    service_specific_credentials=(
        ServiceSpecificCredential("bob", "ACCA1", "bedrock.amazonaws.com", "Active", ago(20), None),
    ),
)


@pytest.fixture
def result() -> dict[str, t.Any]:
    return inventory(SNAPSHOT, now=NOW)


def without(*datasets: Dataset) -> dict[str, t.Any]:
    """The inventory of a snapshot in which these datasets were denied."""
    unread = tuple(Unread(dataset, UnreadKind.DENIED, "no", "iam:Read") for dataset in datasets)
    fields: dict[str, t.Any] = {**vars(SNAPSHOT), "unread": unread}
    if Dataset.AUTHORIZATION_DETAILS in datasets:
        fields.update(users=(), groups=(), roles=(), policies=())
    if Dataset.CREDENTIAL_REPORT in datasets:
        fields.update(credential_report=None)
    return inventory(Snapshot(**fields), now=NOW)


def test_it_is_plain_json(result: dict[str, t.Any]) -> None:
    assert json.loads(json.dumps(result)) == result


def test_account(result: dict[str, t.Any]) -> None:
    assert (result["account_id"], result["account_alias"], result["partition"]) == ("111122223333", "acme", "aws")
    assert result["observed_at"] == "2026-11-24T12:00:00Z"
    assert result["credential_report_generated_at"] == "2026-11-24T09:36:00Z"
    assert result["unread"] == []


def test_a_user_with_credentials(result: dict[str, t.Any]) -> None:
    alice = result["users"][0]
    assert (alice["name"], alice["age_days"], alice["groups"]) == ("alice", 400, ["ops"])
    credentials = alice["credentials"]
    assert credentials["password"] == {
        "enabled": True,
        "last_used": "2026-10-06T12:00:00Z",
        "idle_days": 50,
        "last_changed": "2026-05-09T12:00:00Z",
        "age_days": 200,
        "next_rotation": None,
    }
    assert (credentials["mfa_active"], credentials["idle_days"]) == (False, 2)
    first, second = credentials["access_keys"]
    assert (first["slot"], first["active"], first["age_days"], first["idle_days"]) == (1, True, 100, 2)
    assert (second["slot"], second["active"], second["age_days"], second["idle_days"]) == (2, False, 10, None)
    assert first["last_used_service"] == "s3"
    assert credentials["signing_certificates"] == [{"slot": 1, "active": True, "age_days": 7}]


def test_other_credentials_of_a_user(result: dict[str, t.Any]) -> None:
    bob = next(entry for entry in result["users"] if entry["name"] == "bob")
    assert bob["virtual_mfa_devices"] == [f"{ARN}mfa/bob"]
    (credential,) = bob["service_specific_credentials"]
    assert (credential["id"], credential["age_days"], credential["expires"]) == ("ACCA1", 20, None)
    assert bob["credentials"]["last_activity"] is None


def test_users_that_only_one_source_knows(result: dict[str, t.Any]) -> None:
    by_name = {entry["name"]: entry for entry in result["users"]}
    assert list(by_name) == ["alice", "bob", "deleted", "new"]
    assert by_name["new"]["credentials"] is None
    assert by_name["deleted"]["groups"] is None
    assert by_name["deleted"]["credentials"] is not None


def test_root(result: dict[str, t.Any]) -> None:
    assert result["root"]["mfa_active"] is True
    assert [item["age_days"] for item in result["root"]["access_keys"]] == [800]


def test_all_keys_in_one_list(result: dict[str, t.Any]) -> None:
    listed = [(item["user"], item["slot"], item["active"]) for item in result["access_keys"]]
    assert listed == [("<root_account>", 1, True), ("alice", 1, True), ("alice", 2, False)]


def test_groups_roles_and_policies(result: dict[str, t.Any]) -> None:
    (group,) = result["groups"]
    assert (group["members"], group["inline_policies"]) == (["alice"], ["inline"])
    (role,) = result["roles"]
    assert (role["age_days"], role["idle_days"], role["last_used_region"]) == (90, 3, "eu-west-1")
    assert (role["owned_by_aws"], role["trust_policy"]) == (False, {"Statement": []})
    own, admin = result["policies"]
    assert (own["default_version"], own["attachment_count"], own["boundary_usage_count"]) == ("v3", 2, 1)
    assert (own["aws_managed"], admin["aws_managed"]) == (False, True)


def test_summary(result: dict[str, t.Any]) -> None:
    assert result["summary"] == {
        "users": 4,
        "groups": 1,
        "roles": 1,
        "policies": 2,
        "access_keys": 3,
        "customer_managed_policies": 1,
        "users_with_password": 2,
        "users_with_password_without_mfa": 1,
        "active_access_keys": 2,
        "saml_providers": 0,
        "oidc_providers": 0,
    }


def test_without_the_credential_report() -> None:
    found = without(Dataset.CREDENTIAL_REPORT)
    assert [entry["credentials"] for entry in found["users"]] == [None, None, None]
    assert found["root"] is None
    assert found["access_keys"] is None
    assert found["summary"]["users_with_password"] is None
    assert found["summary"]["active_access_keys"] is None
    assert found["summary"]["users"] == 3
    assert found["unread"] == [
        {"dataset": "credential_report", "kind": "denied", "reason": "no", "operation": "iam:Read"}
    ]


def test_without_the_authorization_details() -> None:
    found = without(Dataset.AUTHORIZATION_DETAILS)
    assert [entry["name"] for entry in found["users"]] == ["alice", "bob", "deleted"]
    assert found["roles"] is found["groups"] is found["policies"] is None
    assert found["summary"]["customer_managed_policies"] is None
    assert found["summary"]["active_access_keys"] == 2


def test_without_anything() -> None:
    found = without(*DATASETS)
    assert found["users"] is None
    assert {entry["dataset"] for entry in found["unread"]} == {dataset.value for dataset in DATASETS}
    assert set(found["summary"].values()) == {None}


def test_without_the_lists_of_other_credentials() -> None:
    found = without(Dataset.VIRTUAL_MFA_DEVICES, Dataset.SERVICE_SPECIFIC_CREDENTIALS)
    assert found["users"][0]["virtual_mfa_devices"] is None
    assert found["users"][0]["service_specific_credentials"] is None
