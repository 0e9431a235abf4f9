# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._account.codec import (
    SCHEMA,
    SnapshotError,
    from_json,
    to_json,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    Dataset,
    PolicyDocument,
    Snapshot,
    Unread,
    UnreadKind,
)

EMPTY = Snapshot(
    caller=Caller("111122223333", "arn:aws:iam::111122223333:user/me", "AIDAME"),
    partition="aws",
    home_region="us-east-1",
    observed_at=datetime(2026, 11, 25, 12, tzinfo=UTC),
    regions=("us-east-1",),
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def strategy(kind: t.Any) -> st.SearchStrategy[t.Any]:
    """Values of a type as the model uses them: short, and with times in UTC."""
    if kind is datetime:
        # The first and the last year are refused where a moment is read.
        return st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))
    origin, arguments = t.get_origin(kind), t.get_args(kind)
    if origin is tuple:
        return st.lists(strategy(arguments[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(strategy(arguments[0]), strategy(arguments[1]), max_size=2)
    if origin is t.Union:
        return st.none() | strategy(arguments[0])
    if hasattr(kind, "__dataclass_fields__"):
        hints = t.get_type_hints(kind)
        return st.builds(kind, **{name: strategy(hint) for name, hint in hints.items()})
    if kind is float:
        # Numbers of alarms: what is not finite is read as unknown.
        return st.floats(allow_nan=False, allow_infinity=False)
    return JSON if kind is t.Any else st.from_type(kind)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(strategy(Snapshot))
def test_round_trip(snapshot: Snapshot) -> None:
    text = to_json(snapshot)
    assert from_json(text) == snapshot
    assert to_json(from_json(text)) == text


def test_shape() -> None:
    content = json.loads(to_json(EMPTY))
    assert set(content) == {"schema", "snapshot"}
    assert content["schema"] == SCHEMA == "hardening.iam/snapshot/1"
    assert content["snapshot"]["observed_at"] == "2026-11-25T12:00:00Z"
    assert content["snapshot"]["caller"]["account_id"] == "111122223333"
    assert content["snapshot"]["credential_report"] is None


def test_members_with_a_default_may_be_missing() -> None:
    required = ("caller", "partition", "home_region", "observed_at", "regions")
    content = json.loads(to_json(EMPTY))
    content["snapshot"] = {name: content["snapshot"][name] for name in required}
    older = from_json(json.dumps(content))
    assert older.enabled_regions_unread == "the snapshot is older than this read"
    assert dataclasses.replace(older, unread=(), enabled_regions_unread=None) == EMPTY


def test_a_subset_of_datasets() -> None:
    unread = tuple(Unread(dataset, UnreadKind.NOT_REQUESTED, "it was not asked for") for dataset in Dataset)
    snapshot = Snapshot(**{**vars(EMPTY), "unread": unread})
    assert from_json(to_json(snapshot)).unread == unread


def test_types_come_back() -> None:
    unread = Unread(Dataset.TRAILS, UnreadKind.DENIED, "no", region="eu-west-1")
    found = from_json(to_json(Snapshot(**{**vars(EMPTY), "unread": (unread,)})))
    assert found.missing(Dataset.TRAILS, "eu-west-1") is not None
    assert isinstance(found.unread, tuple)
    assert found.observed_at.tzinfo is not None


@pytest.mark.parametrize("text", ["", "{", "snapshot", "\ufeff{}"])
def test_not_json(text: str) -> None:
    with pytest.raises(SnapshotError, match="^not JSON: "):
        from_json(text)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ([], "None"),
        ({}, "None"),
        ({"schema": "hardening.iam/snapshot/9"}, "'hardening.iam/snapshot/9'"),
        ({"schema": []}, "[]"),
    ],
)
def test_another_schema(content: t.Any, found: str) -> None:
    with pytest.raises(SnapshotError) as caught:
        from_json(json.dumps(content))
    assert str(caught.value) == f"schema: {found} is not 'hardening.iam/snapshot/1'"


def damage(path: str, value: t.Any) -> str:
    """The empty snapshot with a value at a path of member names."""
    content = json.loads(to_json(EMPTY))
    place = content["snapshot"]
    *parents, last = path.split(".")
    for name in parents:
        place = place[name]
    place[last] = value
    return json.dumps(content)


KEY = {
    "slot": 1,
    "active": True,
    "last_rotated": None,
    "last_used": None,
    "last_used_service": None,
    "last_used_region": None,
}
ROW: dict[str, t.Any] = {
    **dict.fromkeys(("created", "password_last_used", "password_last_changed", "password_next_rotation")),
    "user": "bob",
    "arn": "arn",
    "password_enabled": True,
    "mfa_active": False,
    "certificates": [],
}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("partition", 1, "snapshot.partition: a str is expected, not a int"),
        ("regions", "us-east-1", "snapshot.regions: a list is expected, not a str"),
        ("regions", ["a", None], "snapshot.regions[1]: a str is expected, not a NoneType"),
        ("observed_at", "today", "snapshot.observed_at: 'today' is not a date and time in ISO 8601"),
        ("observed_at", None, "snapshot.observed_at: a str is expected, not a NoneType"),
        ("summary", {"Users": True}, "snapshot.summary.Users: a int is expected, not a bool"),
        ("summary", [], "snapshot.summary: a dict is expected, not a list"),
        ("caller", None, "snapshot.caller: a dict is expected, not a NoneType"),
        ("caller.name", "x", "snapshot.caller: name unknown; members are account_id, arn, user_id"),
        (
            "users",
            [{"name": "bob"}],
            "snapshot.users[0]: arn, attached_policies, boundary, created, groups, inline_policies, path missing",
        ),
        (
            "credential_report",
            {
                "generated": "2026-01-01T00:00:00Z",
                "root": None,
                "users": [{**ROW, "access_keys": [{**KEY, "slot": "1"}]}],
            },
            "snapshot.credential_report.users[0].access_keys[0].slot: a int is expected, not a str",
        ),
    ],
)
def test_errors_name_the_place(path: str, value: t.Any, message: str) -> None:
    with pytest.raises(SnapshotError) as caught:
        from_json(damage(path, value))
    assert str(caught.value) == message


def test_words_that_are_none_of_an_enumeration() -> None:
    unread = {"dataset": "weather", "kind": "denied", "reason": ""}
    with pytest.raises(
        SnapshotError, match=r"^snapshot\.unread\[0\]\.dataset: 'weather' is not one of authorization_details, "
    ):
        from_json(damage("unread", [unread]))


@settings(max_examples=50)
@given(JSON)
def test_any_content_is_a_snapshot_or_an_error(content: t.Any) -> None:
    with pytest.raises(SnapshotError):
        from_json(json.dumps({"schema": SCHEMA, "snapshot": content}))


def test_documents_are_kept_as_they_are() -> None:
    document = {"Statement": [{"Condition": {"Bool": {"aws:MultiFactorAuthPresent": True}}, "x": [1, "é", None]}]}
    policy = PolicyDocument("p", document)
    content = json.loads(damage("groups", []))
    content["snapshot"]["groups"] = [
        {
            "name": "g",
            "arn": "a",
            "path": "/",
            "created": None,
            "attached_policies": [],
            "inline_policies": [vars(policy)],
        }
    ]
    (group,) = from_json(json.dumps(content)).groups
    assert group.inline_policies == (policy,)


@pytest.mark.parametrize(
    ("member", "dataset"),
    [
        ("organization_policies", Dataset.ORGANIZATION_POLICIES),
        ("organization_tree", Dataset.ORGANIZATION_TREE),
        ("organization_tree", Dataset.ORGANIZATION_DELEGATIONS),
        ("organization_resource_policy", Dataset.ORGANIZATION_RESOURCE_POLICY),
        ("ssh_public_keys", Dataset.SSH_PUBLIC_KEYS),
    ],
)
def test_a_snapshot_from_before_there_was_a_member_does_not_say_that_there_is_none(
    member: str, dataset: Dataset
) -> None:
    older = json.loads(to_json(EMPTY))
    del older["snapshot"][member]
    unread = from_json(json.dumps(older)).missing(dataset)
    assert unread is not None
    assert unread.kind is UnreadKind.NOT_REQUESTED
