# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.credentials import RoleCredentials, session_name
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, InvalidRequest
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions

ROLE = "arn:aws:iam::111122223333:role/automation"


class Sts:
    """Hands out a new session a call, or fails."""

    def __init__(self, *, lasts: timedelta = timedelta(hours=1), error: t.Optional[AwsError] = None) -> None:
        self.lasts, self.error = lasts, error
        self.asked: list[Mapping[str, t.Any]] = []

    def assume(self, parameters: Mapping[str, t.Any]) -> dict[str, t.Any]:
        self.asked.append(parameters)
        if self.error:
            raise self.error
        return {
            "Credentials": {
                "AccessKeyId": f"ASIA{len(self.asked)}",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": datetime.now(UTC) + self.lasts,
            }
        }


def role(sts: Sts, **options: t.Any) -> RoleCredentials:
    return RoleCredentials(
        options=AccessOptions(**options), role_arn=ROLE, session_name="iam-hardening", assume=sts.assume
    )


@pytest.mark.parametrize(
    ("declared", "tag", "name"),
    [
        (None, "", "iam-hardening"),
        (None, "4711", "iam-hardening-4711"),
        (None, "a job/of ours", "iam-hardening-a-job-of-ours"),
        (None, "x" * 80, "iam-hardening-" + "x" * 50),
        ("mine", "4711", "mine"),
    ],
)
def test_the_name_of_the_session(declared: t.Optional[str], tag: str, name: str) -> None:
    assert session_name(AccessOptions(assume_role_session_name=declared), tag) == name


def test_what_is_asked_for() -> None:
    sts = Sts()
    role(sts).load_credentials()
    role(
        sts, assume_role_external_id="id", assume_role_source_identity="alice", assume_role_duration=900
    ).load_credentials()
    plain = {"RoleArn": ROLE, "RoleSessionName": "iam-hardening", "DurationSeconds": 3600}
    assert sts.asked == [plain, {**plain, "DurationSeconds": 900, "ExternalId": "id", "SourceIdentity": "alice"}]


def test_the_shortest_session_is_not_renewed_with_every_call_and_one_that_ends_is() -> None:
    sts = Sts(lasts=timedelta(seconds=900))
    credentials = role(sts).load_credentials()
    assert credentials.get_frozen_credentials().access_key == "ASIA1"
    assert credentials.get_frozen_credentials().access_key == "ASIA1"
    ending = Sts(lasts=timedelta(seconds=30))
    soon_over = role(ending).load_credentials()
    ending.lasts = timedelta(hours=1)
    assert soon_over.get_frozen_credentials().access_key == "ASIA2"


def test_a_role_that_refuses_is_named() -> None:
    denied = AccessDenied("not authorized", code="AccessDenied", service="sts", operation="AssumeRole")
    with pytest.raises(AccessDenied, match=f"sts:AssumeRole: AccessDenied: can't assume {ROLE}: not authorized"):
        role(Sts(error=denied)).load_credentials()


@pytest.mark.parametrize(
    ("duration", "message", "explained"),
    [
        (
            7200,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            True,
        ),
        (7200, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", True),
        (7200, "Value at 'externalId' failed to satisfy constraint", False),
        (3600, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", False),
    ],
)
def test_role_chaining_is_explained(duration: int, message: str, explained: bool) -> None:
    sts = Sts(error=InvalidRequest(message, code="ValidationError"))
    with pytest.raises(InvalidRequest) as caught:
        role(sts, assume_role_duration=duration).load_credentials()
    assert ("assume_role_duration is 7200 s" in str(caught.value)) is explained
    assert ("3600 s where the role is assumed by the session of another role" in str(caught.value)) is explained


def test_the_external_id_shows_nowhere() -> None:
    credentials = role(Sts(), assume_role_external_id="s3cret-id", secret_key="s3cret", access_key="AKIA")
    assert "s3cret" not in repr(credentials)
