# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from unit.emulator.seeded import account, later, serving


@pytest.fixture
def iam() -> t.Iterator[t.Any]:
    settings = account(
        users={
            "forever": {"service_credentials": [{"service": "bedrock.amazonaws.com", "age_days": 90}]},
            "short": {"service_credentials": [{"service": "logs.amazonaws.com", "expires_in_days": 10}]},
            "git": {"service_credentials": [{"service": "codecommit.amazonaws.com", "status": "Inactive"}]},
        }
    )
    with serving(settings) as seeded:
        yield seeded.client("iam")


def list_credentials(iam: t.Any, **arguments: t.Any) -> dict[str, dict[str, t.Any]]:
    found = iam.list_service_specific_credentials(**arguments)["ServiceSpecificCredentials"]
    return {item["UserName"]: item for item in found}


def test_all_users_are_listed_with_status_and_expiry(iam: t.Any) -> None:
    found = list_credentials(iam, AllUsers=True)
    assert {name: item["Status"] for name, item in found.items()} == {
        "forever": "Active",
        "short": "Active",
        "git": "Inactive",
    }
    assert "ExpirationDate" not in found["forever"]
    assert found["short"]["ExpirationDate"] - datetime.now(UTC) < timedelta(days=10, minutes=1)
    assert round((datetime.now(UTC) - found["forever"]["CreateDate"]) / timedelta(days=1)) == 90
    assert "ServiceCredentialAlias" in found["forever"]
    assert "ServiceUserName" in found["git"]


def test_lists_filter_by_user_and_service_and_page(iam: t.Any) -> None:
    assert list(list_credentials(iam, UserName="git")) == ["git"]
    assert list(list_credentials(iam, AllUsers=True, ServiceName="bedrock.amazonaws.com")) == ["forever"]
    first = iam.list_service_specific_credentials(AllUsers=True, MaxItems=2)
    assert (len(first["ServiceSpecificCredentials"]), first["IsTruncated"]) == (2, True)
    rest = iam.list_service_specific_credentials(AllUsers=True, MaxItems=2, Marker=first["Marker"])
    assert (len(rest["ServiceSpecificCredentials"]), rest["IsTruncated"]) == (1, False)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.list_service_specific_credentials(UserName="nobody")


def test_credentials_expire(iam: t.Any) -> None:
    with later(days=11):
        assert list_credentials(iam, AllUsers=True)["short"]["Status"] == "Expired"


def test_credentials_are_created_changed_and_deleted(iam: t.Any) -> None:
    created = iam.create_service_specific_credential(
        UserName="git", ServiceName="bedrock.amazonaws.com", CredentialAgeDays=30
    )["ServiceSpecificCredential"]
    assert created["ServiceCredentialSecret"]
    key = {"UserName": "git", "ServiceSpecificCredentialId": created["ServiceSpecificCredentialId"]}
    iam.update_service_specific_credential(**key, Status="Inactive")
    assert list_credentials(iam, UserName="git", ServiceName="bedrock.amazonaws.com")["git"]["Status"] == "Inactive"
    iam.delete_service_specific_credential(**key)
    assert list_credentials(iam, UserName="git", ServiceName="bedrock.amazonaws.com") == {}
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_service_specific_credential(**key)


def test_a_service_has_two_a_user_and_not_every_service_has_any(iam: t.Any) -> None:
    for _time in range(2):
        iam.create_service_specific_credential(UserName="git", ServiceName="bedrock.amazonaws.com")
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.create_service_specific_credential(UserName="git", ServiceName="bedrock.amazonaws.com")
    with pytest.raises(iam.exceptions.ServiceNotSupportedException):
        iam.create_service_specific_credential(UserName="git", ServiceName="s3.amazonaws.com")
