# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of AWS about keys of others, which of them count, and the state of one."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.minted.judge import (
    Minted,
    MintedKey,
    make_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.minted.observe import (
    OPERATIONS,
    read_minted,
    reread_key,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident

from ...recorded import RecordedAccess
from ..accounts import HOME, NOW, USER, allow, arn, make_snapshot, make_user, policy
from .test_observe import KEY, MADE, SINCE, VICTIM, make_event

DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
GONE: t.Final = NotFound("none", code="NoSuchEntity")
OTHER: t.Final = arn(HOME, "team/Other", "user")
OWN: t.Final = {"own": policy(allow("*", action="iam:CreateAccessKey"))}


def listed(key_id: str = KEY, **fields: t.Any) -> dict[str, t.Any]:
    return {"AccessKeyId": key_id, "CreateDate": MADE, "Status": "Active", **fields}


def access(keys: t.Any, events: t.Any = ()) -> t.Any:
    def list_keys(*, UserName: str, region: t.Any) -> t.Any:
        found = keys[UserName]
        return found if isinstance(found, AwsError) else {"AccessKeyMetadata": found}

    answers = {"iam:ListAccessKeys": list_keys, "cloudtrail:LookupEvents": {"Events": list(events)}}
    return RecordedAccess(answers, account_id=HOME, declared=OPERATIONS.reads)


def read(aws: t.Any, reached: t.Sequence[str] = (USER,), **fields: t.Any) -> Minted:
    users = (make_user(HOME, "ci-deploy", OWN), make_user(HOME, "victim"), make_user(HOME, "team/Other"))
    snapshot = make_snapshot(HOME, **{"users": users, **fields})
    incident = Incident("INC-7", "Ana", "key found in a public repository", users=(USER,), since=SINCE)
    return read_minted(aws, snapshot, incident, reached, denied=[USER], now=NOW)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


def test_the_calls_that_made_keys_are_asked_for_in_the_home_region() -> None:
    aws = access({"victim": [], "Other": []})
    assert read(aws) == Minted(SINCE)
    (call,) = [call for call in aws.calls if call.name == "cloudtrail:LookupEvents"]
    assert call.region == "us-east-1"
    assert call.parameters == {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateAccessKey"}],
        "StartTime": SINCE,
        "MaxResults": 50,
    }
    # The keys of the user that is denied are not looked at.
    assert sorted(call.parameters["UserName"] for call in aws.calls if call.name == "iam:ListAccessKeys") == [
        "Other",
        "victim",
    ]
    assert frozenset({"iam:UpdateAccessKey"}) == OPERATIONS.writes


def test_active_keys_that_were_made_since_count() -> None:
    keys = {
        "victim": [
            listed("AKIAOLDOLDOLDOLDOLD1", CreateDate=SINCE - timedelta(seconds=1)),
            listed("AKIAOFFOFFOFFOFFOFF1", Status="Inactive"),
            listed(CreateDate=SINCE),
        ],
        "Other": [],
    }
    found = read(access(keys, [make_event(SINCE)]))
    assert [(one.user, one.id, one.created, one.maker) for one in found.keys] == [(VICTIM, KEY, SINCE, USER)]
    assert not found.unread


def test_nothing_is_read_where_nobody_was_reached_or_the_account_is_not_known() -> None:
    aws = access({})
    assert read(aws, ()) == Minted(SINCE)
    unread = (Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "denied"),)
    assert read(aws, unread=unread) == Minted(SINCE)
    # Whom it reached may make no keys.
    nobody = read(aws, users=(make_user(HOME, "ci-deploy"), make_user(HOME, "victim")))
    assert nobody.keys == () and aws.calls == []


def test_keys_that_cannot_be_listed_are_said_once_for_a_reason() -> None:
    found = read(access({"victim": DENIED, "Other": DENIED}))
    (text,) = found.unread
    assert text.startswith("the access keys of 2 users are not known: ") and "not allowed" in text
    found = read(access({"victim": GONE, "Other": [listed()]}))
    assert [one.user for one in found.keys] == [OTHER] and not found.unread


@pytest.mark.parametrize("broken", [{"CreateDate": None}, {"CreateDate": "yesterday"}, {"AccessKeyId": None}])
def test_keys_of_one_user_that_do_not_parse_hide_no_others(broken: dict[str, t.Any]) -> None:
    found = read(access({"victim": [listed("AKIAOTHEROTHEROTHER1", **broken)], "Other": [listed()]}))
    assert [one.user for one in found.keys] == [OTHER]
    (text,) = found.unread
    assert text.startswith("the access keys of 1 users are not known: ") and "does not parse" in text


@pytest.mark.parametrize(("status", "count"), [("Inactive", 0), ("Expired", 0), ("Suspended", 1), (None, 1)])
def test_a_key_in_a_state_that_nobody_knows_counts_as_active(status: t.Optional[str], count: int) -> None:
    assert len(read(access({"victim": [listed(Status=status)], "Other": []})).keys) == count


def test_of_many_users_those_that_were_made_since_are_asked_first() -> None:
    many = [make_user(HOME, f"a-{number:03}") for number in range(100)]
    fresh = dataclasses.replace(make_user(HOME, "z-new"), created=SINCE)
    named = make_user(HOME, "team/Z-Named")
    users = (make_user(HOME, "ci-deploy", OWN), *many, fresh, named)
    keys: dict[str, t.Any] = {user.name: [] for user in users}
    event = make_event(MADE)
    event["CloudTrailEvent"] = event["CloudTrailEvent"].replace('"victim"', '"z-named"')
    aws = access(keys, [event])
    found = read(aws, users=users)
    asked = [call.parameters["UserName"] for call in aws.calls if call.name == "iam:ListAccessKeys"]
    assert asked[:2] == ["Z-Named", "z-new"] and len(asked) == 100
    assert any("the access keys of 2 more users were not looked at" in text for text in found.unread)


def test_of_events_without_a_known_one_no_moment_is_said() -> None:
    aws = access({"victim": [listed()], "Other": []})
    pages = [{"Events": [{"CloudTrailEvent": "{}"}], "NextToken": str(number)} for number in range(9)]
    aws.pages = lambda *_asked, **_more: iter(pages)
    found = read(aws)
    assert found.unread == ("only the newest 4 calls of CreateAccessKey were read: hunt for the older ones",)
    assert [one.is_unjudged for one in found.keys] == [True]


CHANGE: t.Final = next(iter(make_changes([MintedKey(VICTIM, KEY, MADE)], HOME)))


def test_the_state_of_a_key() -> None:
    others = [listed("AKIAOTHEROTHEROTHER1", Status="Inactive"), listed()]
    assert reread_key(access({"victim": others}), CHANGE) == {**(CHANGE.before or {}), "status": "Active"}
    off = [listed(Status="Inactive")]
    assert reread_key(access({"victim": off}), CHANGE) == CHANGE.after
    for gone in (GONE, others[:1]):
        assert reread_key(access({"victim": gone}), CHANGE) is None
    with pytest.raises(AwsError):
        reread_key(access({"victim": DENIED}), CHANGE)
