# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of CloudTrail as the hunt reads them, also forged ones."""

from __future__ import annotations

import copy
import typing as t
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import (
    Caller,
    Event,
    Origin,
    hash_record,
    parse_event,
)

Record = dict[str, t.Any]
HOME, PROD = "222233334444", "333344445555"
USER: t.Final[Record] = {
    "eventID": "e-1",
    "eventTime": "2026-11-28T10:00:00Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "ListBuckets",
    "awsRegion": "eu-central-1",
    "sourceIPAddress": "203.0.113.10",
    "userAgent": "Boto3/1.34",
    "readOnly": True,
    "recipientAccountId": HOME,
    "requestParameters": {"Host": "s3"},
    "responseElements": None,
    "userIdentity": {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": f"arn:aws:iam::{HOME}:user/ci/ci-deploy",
        "accountId": HOME,
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    },
}


def parse(record: t.Any, origin: t.Optional[Origin] = None) -> Event:
    event = parse_event(record, origin or Origin())
    assert event is not None
    return event


def change(**members: t.Any) -> Record:
    return {**copy.deepcopy(USER), **members}


def test_call_of_a_user() -> None:
    event = parse(USER, Origin("logs", "a.json.gz", 7))
    assert event.time == datetime(2026, 11, 28, 10, tzinfo=UTC)
    assert (event.caller, event.principal_arn, event.principal_id) == (
        Caller.USER,
        f"arn:aws:iam::{HOME}:user/ci/ci-deploy",
        "AIDAEXAMPLE",
    )
    assert (event.account_id, event.region, event.service, event.name) == (HOME, "eu-central-1", "s3", "ListBuckets")
    assert (event.access_key_id, event.source_address) == ("AKIAIOSFODNN7EXAMPLE", "203.0.113.10")
    assert event.is_read_only and not event.is_failed
    assert dict(event.response) == {} and event.request == {"Host": "s3"}
    assert (event.origin.file, event.origin.line) == ("a.json.gz", 7)


def session(**members: t.Any) -> Record:
    context = {
        "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": f"arn:aws:iam::{PROD}:role/ci/deploy"},
        "attributes": {"creationDate": "2026-11-28T09:30:00Z"},
        "sourceIdentity": "alice",
        **members.pop("context", {}),
    }
    return {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:build-7",
        "arn": f"arn:aws:sts::{PROD}:assumed-role/deploy/build-7",
        "accountId": PROD,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": context,
        **members,
    }


def test_call_of_a_session_is_its_roles() -> None:
    event = parse(change(userIdentity=session()))
    assert (event.caller, event.principal_arn) == (Caller.ROLE, f"arn:aws:iam::{PROD}:role/ci/deploy")
    assert (event.principal_id, event.session_name, event.source_identity) == ("AROAEXAMPLE", "build-7", "alice")


def test_session_without_an_issuer_is_its_roles_too() -> None:
    event = parse(change(userIdentity=session(context={"sessionIssuer": {}})))
    assert (event.caller, event.principal_arn) == (Caller.ROLE, f"arn:aws:iam::{PROD}:role/deploy")


def test_federated_session_is_its_users() -> None:
    issuer = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": f"arn:aws:iam::{HOME}:user/ci-deploy"}
    identity = {
        "type": "FederatedUser",
        "principalId": f"{HOME}:build",
        "arn": f"arn:aws:sts::{HOME}:federated-user/build",
        "sessionContext": {"sessionIssuer": issuer},
    }
    event = parse(change(userIdentity=identity))
    assert (event.caller, event.principal_id, event.session_name) == (Caller.USER, "AIDAEXAMPLE", "build")


@pytest.mark.parametrize(
    ("identity", "caller"),
    [
        ({"type": "Root", "arn": f"arn:aws:iam::{HOME}:root", "accountId": HOME, "principalId": HOME}, Caller.ROOT),
        ({"type": "AWSAccount", "principalId": "AROAEXAMPLE:build-7", "accountId": HOME}, Caller.ACCOUNT),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, Caller.SERVICE),
        ({"type": "WebIdentityUser", "principalId": "accounts.example:aud:sub"}, Caller.FEDERATED),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}, Caller.IDENTITY_CENTER),
        ({"type": ["Root"]}, Caller.UNKNOWN),
        (None, Caller.UNKNOWN),
    ],
)
def test_other_callers(identity: t.Any, caller: Caller) -> None:
    assert parse(change(userIdentity=identity)).caller is caller


def test_caller_of_another_account_shows_the_account_and_the_session() -> None:
    identity = {"type": "AWSAccount", "principalId": "AROAEXAMPLE:build-7", "accountId": HOME}
    event = parse(change(userIdentity=identity, recipientAccountId=PROD, sharedEventID="s-1"))
    assert (event.account_id, event.caller_account_id, event.shared_event_id) == (PROD, HOME, "s-1")
    assert (event.principal_id, event.session_name, event.principal_arn) == ("AROAEXAMPLE", "build-7", "")


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        "text",
        {},
        change(eventTime="yesterday"),
        change(eventTime="0001-01-01T00:00:00+23:59"),
        change(eventTime="2026-11-28T10:00:00"),
        change(eventName={"a": 1}),
        change(eventSource=""),
    ],
)
def test_what_is_no_event_is_left_out(record: t.Any) -> None:
    assert parse_event(record) is None


def test_an_event_without_an_id_is_known_by_its_hash() -> None:
    event = parse(change(eventID=None))
    assert event.event_id == event.sha256


def test_hash_does_not_depend_on_the_order_of_members() -> None:
    assert hash_record(USER) == hash_record(dict(reversed(USER.items()))) == parse(USER).sha256
    assert hash_record(USER) != hash_record(change(sourceIPAddress="203.0.113.11"))


def test_a_text_is_no_longer_than_those_of_aws() -> None:
    assert len(parse(change(userAgent="x" * 100_000)).user_agent) == 2048


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*USER, "sharedEventID", "errorCode", "eventType"]), JSON))
def test_members_of_any_type_do_no_harm(members: Record) -> None:
    event = parse_event(change(**members))
    assert event is None or isinstance(event.principal_arn, str)


@given(st.dictionaries(st.sampled_from([*session(), "invokedBy", "onBehalfOf"]), JSON))
def test_identities_of_any_type_do_no_harm(members: Record) -> None:
    event = parse(change(userIdentity={**session(), **members}))
    assert all(isinstance(text, str) for text in (event.principal_id, event.session_name, event.on_behalf_of))


@pytest.mark.parametrize("when", ["0001-01-05T00:00:00Z", "2012-12-31T23:59:59Z", "9999-12-31T00:00:00Z"])
def test_a_record_of_a_time_without_cloudtrail_is_no_event(when: str) -> None:
    record = {"eventTime": when, "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets"}
    assert parse_event(record) is None
    assert parse_event({**record, "eventTime": "2013-12-01T00:00:00Z"}) is not None
