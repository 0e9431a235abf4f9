# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether anybody saw the sessions that people name."""

from __future__ import annotations

import json
import types
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.sessions.observe import (
    Checked,
    check_sessions,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident

from ...._account.fakes import gather
from ..accounts import DEPLOY, HOME, NOW, PIPELINE, USER

Row = dict[str, t.Any]


def opened(name: str, *, role: str = PIPELINE, identity: str = "") -> Row:
    """The event of a session that was opened."""
    request = {"roleArn": role, "roleSessionName": name, **({"sourceIdentity": identity} if identity else {})}
    return {"eventName": "AssumeRole", "userIdentity": {"type": "IAMUser", "arn": USER}, "requestParameters": request}


def called(name: str, role: str = PIPELINE) -> Row:
    """The event of a call that a session made."""
    issuer = {"type": "Role", "arn": role, "principalId": "AROA"}
    arn = f"arn:aws:sts::{HOME}:assumed-role/{role.rpartition('/')[2]}/{name}"
    context = {"sessionIssuer": issuer}
    identity = {"type": "AssumedRole", "arn": arn, "principalId": f"AROA:{name}", "sessionContext": context}
    return {"eventName": "ListBuckets", "userIdentity": identity}


class Account:
    """An account with events in one of two regions."""

    def __init__(self, *events: Row, errors: t.Collection[str] = ()) -> None:
        self.events, self.errors, self.asked = events, errors, 0
        self.regions = ("us-east-1", "eu-west-1")

    def reach(self) -> t.Any:
        return types.SimpleNamespace(regions=self.regions, unread="")

    def gather(self, calls: t.Mapping[str, t.Callable[[], t.Any]], *, workers: int) -> Row:
        # All regions at once; a pool without a worker is an error.
        assert workers == max(len(calls), 1)
        return gather(calls)

    def pages(
        self, _service: str, _operation: str, _key: str, asked: Row, *, region: str, **_more: t.Any
    ) -> Iterator[Row]:
        self.asked += 1
        if region in self.errors:
            raise AccessDenied("no", service="cloudtrail", operation="LookupEvents")
        attribute = asked["LookupAttributes"][0]
        by_call = attribute["AttributeKey"] == "Username"
        chosen = [
            one
            for one in self.events
            if (attribute["AttributeValue"] in one["userIdentity"]["arn"] and one["eventName"] == "ListBuckets")
            == by_call
        ]
        common = {"eventTime": "2026-11-28T11:00:00Z", "eventSource": "sts.amazonaws.com"}
        records = [{"CloudTrailEvent": json.dumps({**common, **one})} for one in chosen]
        yield {"Events": records if region == "eu-west-1" else []}


def check(account: Account, session: Row, **fields: t.Any) -> Checked:
    given = {"id": "INC-7", "declared_by": "Ana", "reason": "a session leaked", "sessions": [session], **fields}
    return check_sessions(t.cast("t.Any", account), Incident.from_option(given, now=NOW), HOME)


BUILD: t.Final = {"role": PIPELINE, "name": "build-1207"}


@pytest.mark.parametrize("event", [opened("build-1207"), called("build-1207")])
def test_a_session_that_an_event_shows_is_cut(event: Row) -> None:
    found = check(Account(event), BUILD)
    assert ([seed.name for seed in found.sessions], found.lost, found.unread) == (["build-1207"], (), ())


@pytest.mark.parametrize("slip", ["build-1270", "Build-1207", "build-120"])
def test_a_slip_in_its_name_cuts_nothing_and_the_near_name_is_offered(slip: str) -> None:
    found = check(Account(opened("build-1207"), opened("other")), {**BUILD, "name": slip})
    assert found.sessions == () and [one.near for one in found.lost] == [("build-1207",)]


@pytest.mark.parametrize("name", ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"])
def test_each_call_that_opens_a_session_shows_it(name: str) -> None:
    assert check(Account({**opened("build-1207"), "eventName": name}), BUILD).unread == ()
    for other in ({"eventName": "DecodeAuthorizationMessage"}, {"errorCode": "AccessDenied"}):
        assert check(Account({**opened("build-1207"), **other}), BUILD).unread


def test_a_call_of_another_session_shows_nothing() -> None:
    # LookupEvents compares the whole name. An answer that has others as well proves nothing.
    found = check(Account(called("build-12070")), BUILD)
    assert len(found.sessions) == 1 and "no event shows a session build-1207" in found.unread[0]


def test_where_no_region_is_known_nothing_shows_it() -> None:
    account = Account(opened("build-1207"))
    account.regions = ()
    assert "no event shows a session build-1207" in check(account, BUILD).unread[0]


def test_the_name_of_a_session_of_another_role_shows_nothing() -> None:
    found = check(Account(opened("build-1207", role=DEPLOY), called("build-1207", DEPLOY)), BUILD)
    assert len(found.sessions) == 1 and "no event shows a session build-1207" in found.unread[0]


def test_a_source_identity_is_compared_likewise() -> None:
    account = Account(opened("build-1", identity="alice"))
    assert check(account, {"role": PIPELINE, "source_identity": "alice"}).unread == ()
    found = check(account, {"role": PIPELINE, "source_identity": "alise"})
    assert [one.near for one in found.lost] == [("alice",)]


def test_a_session_that_a_hunt_saw_or_whose_key_is_named_needs_no_look() -> None:
    account = Account(opened("build-1206"))
    assert len(check(account, BUILD, seen=[{"role": PIPELINE, "session_name": "build-1207"}]).sessions) == 1
    assert len(check(account, {**BUILD, "access_key_id": "ASIAIOSFODNN7EXAMPLE"}).sessions) == 1
    # Of another account its own host looks.
    assert len(check(account, {**BUILD, "role": DEPLOY}).sessions) == 1
    assert account.asked == 0


def test_what_can_not_be_read_is_cut_and_not_known() -> None:
    found = check(Account(errors=("us-east-1", "eu-west-1")), BUILD)
    assert len(found.sessions) == 1 and "is not known: " in found.unread[0]
    # One region is enough to see it.
    assert check(Account(opened("build-1207"), errors=("us-east-1",)), BUILD).unread == ()
