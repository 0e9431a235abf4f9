# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lives on, with clock times, and what stops working."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Unknown
from ansible_collections.hardening.iam.plugins.module_utils._account.moments import parse_moment
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.remains import (
    describe_devices,
    find_undenied,
    list_lives_on,
    list_roots_live_on,
    list_stops_working,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import (
    Device,
    RootState,
    UserState,
)

from .users import ARN, LEAKED, NOW, OTHER, SECOND, key, user

CREDENTIAL: t.Final = "service_specific_credential"


def until(state: UserState, *, is_denied: bool = True) -> dict[str, tuple[datetime | None, bool]]:
    return {
        row["what"]: (parse_moment(row["until"]) if row["until"] else None, row["denied"])
        for row in list_lives_on(state, NOW, is_denied=is_denied)
    }


def test_tokens_live_for_36_hours_and_are_denied_while_the_denial_stands() -> None:
    found = until(user())
    assert found["tokens of GetSessionToken and GetFederationToken"] == (NOW + timedelta(hours=36), True)
    assert found["sessions of roles that it assumed"] == (NOW + timedelta(hours=12), False)
    assert "sessions of the console" not in found
    assert until(user(), is_denied=False)["tokens of GetSessionToken and GetFederationToken"][1] is False


@pytest.mark.parametrize("ending", ["not_made", "unverified", "refused"])
@pytest.mark.parametrize(
    ("operation", "is_undenied"),
    [
        ("AttachUserPolicy", True),
        ("PutUserPolicy", True),
        ("PutUserPermissionsBoundary", True),
        # The denial stands without these.
        ("UpdateAccessKey", False),
        ("TagUser", False),
    ],
)
def test_a_denial_that_was_not_made_or_does_not_show_denies_nothing(
    ending: str, operation: str, is_undenied: bool
) -> None:
    result: dict[str, t.Any] = {"not_made": [], "unverified": [], "refused": []}
    result[ending] = [{"target": ARN, "operation": operation}]
    assert find_undenied(result) == (frozenset({ARN}) if is_undenied else frozenset())


def test_a_password_means_sessions_of_the_console() -> None:
    for state in (user(password_created=NOW), user(unread={"password": "denied"})):
        assert until(state)["sessions of the console"] == (NOW + timedelta(hours=12), True)


def test_what_has_no_end_says_so() -> None:
    rows = [row for row in list_lives_on(user(), NOW, is_denied=True) if row["until"] is None]
    assert rows and all(row["next_step"] for row in rows)
    assert [row["what"] for row in rows if row["denied"]] == [
        "passwords and long-term API keys of services, such as Bedrock",
        "passwords of SES for SMTP",
    ]
    none = user(credentials=())
    assert not any("API keys of services" in what for what in until(none))
    assert any("API keys of services" in what for what in until(user(credentials=(), unread={CREDENTIAL: "denied"})))


def test_what_a_denial_does_not_reach_is_not_called_denied() -> None:
    found = until(user())
    # Such a token is a signed call of GetCallerIdentity, which AWS answers whatever a policy denies.
    assert found["access to EKS clusters with its tokens"] == (NOW + timedelta(hours=36), False)
    assert found["bearer tokens, and short-term API keys of Bedrock"] == (NOW + timedelta(hours=12), True)
    assert found["URLs that it signed"] == (NOW + timedelta(days=7), True)
    assert found["tokens of GetScopedCredentials"] == (NOW + timedelta(hours=36), True)
    assert not any(denied for _until, denied in until(user(), is_denied=False).values())


def test_each_thing_that_lives_on_has_its_owner_and_a_next_step() -> None:
    for row in list_lives_on(user(password_created=NOW), NOW, is_denied=True):
        assert row["principal"] == ARN and row["next_step"], row


@pytest.mark.parametrize(
    ("what", "lasts"),
    [
        ("tokens of GetWebIdentityToken", timedelta(hours=1)),
        ("passwords of ECR registries", timedelta(hours=12)),
        ("connections to databases by IAM authentication", timedelta(minutes=15)),
    ],
)
def test_what_other_services_let_in_ends_by_itself_and_is_not_denied(what: str, lasts: timedelta) -> None:
    assert until(user())[what] == (NOW + lasts, False)


def test_a_sign_in_can_be_renewed_for_90_days() -> None:
    assert until(user(password_created=NOW))["sign-in sessions of aws login"] == (NOW + timedelta(days=90), True)


def test_tokens_of_root_are_denied_by_nobody_here() -> None:
    (row,) = list_roots_live_on(RootState(OTHER, f"arn:aws:iam::{OTHER}:root"), NOW)
    assert (row["until"], row["denied"]) == ("2026-11-27T11:00:00Z", False)
    assert row["principal"] == f"arn:aws:iam::{OTHER}:root" and "deny_member_root" in row["next_step"]


def test_a_second_factor_is_described_only_if_it_is_of_the_time_of_the_incident() -> None:
    devices = (Device("GAHT1", NOW), Device("GAHT2", NOW - timedelta(seconds=1)), Device("GAHT3"))
    state = user(devices=devices)
    found = describe_devices(state, NOW)
    assert ARN in found and "GAHT1" in found and "GAHT2" not in found and "GAHT3" not in found
    assert describe_devices(state, None) == describe_devices(state, NOW + timedelta(days=1)) == ""


def test_the_known_use_of_each_key_stops() -> None:
    rows = {row["access_key"]: row for row in list_stops_working([user()])}
    assert len(rows) == 3 and rows[LEAKED]["last_used"] is None
    assert rows[SECOND] == {
        "principal": ARN,
        "access_key": SECOND,
        "status": "Active",
        "last_used": "2026-11-25T10:00:00Z",
        "service": "s3",
        "region": "eu-west-1",
        "not_known": "",
    }


def test_a_last_use_that_could_not_be_read_is_not_shown_as_none() -> None:
    unread = dataclasses.replace(user(), credentials=(key(use=Unknown("iam:GetAccessKeyLastUsed: AccessDenied")),))
    (row,) = list_stops_working([unread])
    assert (row["last_used"], row["not_known"]) == (None, "iam:GetAccessKeyLastUsed: AccessDenied")
