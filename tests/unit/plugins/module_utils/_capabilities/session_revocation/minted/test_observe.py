# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which events and which users are read to find the keys that were made for others."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError, InvalidRequest
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.minted.judge import Minted
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.minted.observe import (
    read_minted,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident

from ...._account.fakes import FakeAccess
from ..accounts import HOME, NOW, USER, allow, arn, make_snapshot, make_user, policy

VICTIM: t.Final = arn(HOME, "victim", "user")
KEY: t.Final = "AKIAEXAMPLEEXAMPLE99"
SINCE: t.Final = NOW - timedelta(days=1)
MADE: t.Final = NOW - timedelta(hours=2)


class Account(FakeAccess):
    """An account with pages of events, and keys by the names of users. A page that is an error is raised."""

    def __init__(self, pages: Sequence[t.Any], keys: dict[str, str]) -> None:
        super().__init__({"iam:ListAccessKeys": self._list}, account_id=HOME)
        self._pages, self._keys = pages, keys
        self.read = 0

    def _list(self, **asked: t.Any) -> dict[str, t.Any]:
        key = self._keys.get(asked["UserName"])
        found = [{"AccessKeyId": key, "CreateDate": MADE, "Status": "Active"}] if key else []
        return {"AccessKeyMetadata": found}

    def pages(self, *asked: t.Any, **options: t.Any) -> Iterator[dict[str, t.Any]]:
        options.pop("page_size", None)
        if asked[0] != "cloudtrail":
            yield from super().pages(*asked, **options)
            return
        for number, page in enumerate(self._pages, start=1):
            if isinstance(page, AwsError):
                raise page
            self.read = number
            yield {"Events": page, **({"NextToken": "more"} if number < len(self._pages) else {})}

    def items(self, *asked: t.Any, **options: t.Any) -> Iterator[t.Any]:
        for page in self.pages(*asked, **options):
            yield from page[asked[2]]

    def gather(self, calls: t.Any, **_options: t.Any) -> t.Any:
        return super().gather(calls)


def make_event(at: datetime, **members: t.Any) -> dict[str, t.Any]:
    return {
        "CloudTrailEvent": json.dumps(
            {
                "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "eventSource": "iam.amazonaws.com",
                "eventName": "CreateAccessKey",
                "userIdentity": {"type": "IAMUser", "arn": USER, "principalId": "AIDA", "accessKeyId": "AKIA"},
                "responseElements": {"accessKey": {"accessKeyId": KEY, "userName": "victim", "status": "Active"}},
                **members,
            }
        )
    }


def make_failures(at: datetime) -> list[dict[str, t.Any]]:
    return [make_event(at, errorCode="AccessDenied", responseElements=None)] * 50


def read(account: Account, *others: t.Any, may: str = "iam:CreateAccessKey", opened: Sequence[str] = ()) -> Minted:
    source = make_user(HOME, "ci-deploy", {"own": policy(allow("*", action=may))})
    snapshot = make_snapshot(HOME, users=(source, make_user(HOME, "victim"), *others))
    incident = Incident("INC-7", "Ana", "key found in a public repository", users=(USER,), since=SINCE)
    access = t.cast("t.Any", account)
    return read_minted(access, snapshot, incident, [USER], denied=[USER], now=NOW, opened=opened)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def test_calls_that_failed_hide_no_key(waits: list[float]) -> None:
    pages = [*(make_failures(NOW - timedelta(minutes=number)) for number in range(3)), [make_event(MADE)]]
    found = read(Account(pages, {"victim": KEY}))
    (key,) = found.keys
    assert key.maker == USER and not key.is_unjudged
    assert found.unread == ()
    # AWS allows two questions a second.
    assert waits == [0.5, 0.5, 0.5]


def test_of_more_events_the_newest_are_read_and_older_keys_are_not_judged() -> None:
    pages = [*(make_failures(NOW - timedelta(minutes=number)) for number in range(4)), [make_event(MADE)]]
    account = Account(pages, {"victim": KEY})
    found = read(account)
    (key,) = found.keys
    assert account.read == 4
    assert key.is_unjudged and not key.maker
    (text,) = found.unread
    assert text.startswith("only the newest 200 calls of CreateAccessKey were read, back to 2026-11-27T10:02:00Z")


def test_what_was_read_before_an_error_counts() -> None:
    error = InvalidRequest("slow down", code="ThrottlingException")
    first = [make_event(MADE), *make_failures(NOW - timedelta(hours=3))]
    found = read(Account([first, error, []], {"victim": KEY}))
    (key,) = found.keys
    assert key.maker == USER
    assert any("who made access keys is not known" in text for text in found.unread)


def test_a_key_of_which_no_event_was_read_at_all_waits_for_none() -> None:
    (key,) = read(Account([[]], {"victim": KEY})).keys
    assert (key.is_unjudged, key.maker) == (False, "")


def test_users_of_an_intruder_do_not_push_out_the_one_whom_an_event_names() -> None:
    dummies = [dataclasses.replace(make_user(HOME, f"a-{number:03}"), created=NOW) for number in range(120)]
    found = read(Account([[make_event(MADE)]], {"victim": KEY}), *dummies)
    assert [key.user for key in found.keys] == [VICTIM]
    assert any("21 more users were not looked at" in text for text in found.unread)


@pytest.mark.parametrize("may", ["iam:CreateAccessKey", "iam:CreateRole"])
def test_who_came_in_by_a_role_of_the_intruder_makes_keys_too(may: str) -> None:
    """Also where the source of the incident may make none itself, and the keys are proven to be nobody's."""
    role = arn(HOME, "app-runtime")
    session = {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{HOME}:assumed-role/app-runtime/code",
        "principalId": "AROA:code",
        "accessKeyId": "ASIA",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role, "principalId": "AROA"}},
    }
    pages = [[make_event(MADE, userIdentity=session)]]
    assert read(Account(pages, {"victim": KEY}), may=may).keys == ()
    (key,) = read(Account(pages, {"victim": KEY}), may=may, opened=[role]).keys
    assert (key.user, key.maker, key.is_proven) == (VICTIM, role, False)
