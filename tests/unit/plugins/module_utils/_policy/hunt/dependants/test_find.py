# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who depends on a credential, by events and by mentions."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.find import (
    Confidence,
    Dependant,
    LastUse,
    Mention,
    find_dependants,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.platforms import Platform
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event, parse_event

KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"
NOW: t.Final = datetime(2026, 11, 27, tzinfo=UTC)


def call(agent: str, *, address: str = "8.8.8.8", key: str = KEY, days: float = 0, name: str = "ListBuckets") -> Event:
    found = parse_event(
        {
            "eventID": f"{agent} {address} {days} {name}",
            "eventTime": (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": "s3.amazonaws.com",
            "eventName": name,
            "awsRegion": "us-east-1",
            "recipientAccountId": "111122223333",
            "sourceIPAddress": address,
            "userAgent": agent,
            "userIdentity": {"type": "IAMUser", "accessKeyId": key},
        }
    )
    assert found is not None
    return found


def find(*events: Event, mentions: t.Sequence[Mention] = ()) -> tuple[Dependant, ...]:
    return find_dependants(events, mentions, [KEY])


def test_calls_of_one_platform_are_one_row() -> None:
    fargate = "Boto3/1.34 exec-env/AWS_ECS_FARGATE"
    rows = find(call(fargate, days=3), call(fargate.replace("1.34", "1.35"), address="9.9.9.9", name="GetObject"))
    assert [(row.platform, row.confidence, row.count) for row in rows] == [(Platform.ECS_FARGATE, Confidence.LIKELY, 2)]
    assert rows[0].addresses == ("8.8.8.8", "9.9.9.9")
    assert rows[0].actions == ("s3:GetObject", "s3:ListBuckets")
    assert (rows[0].first_seen, rows[0].last_seen) == (NOW - timedelta(days=3), NOW)


def test_a_tool_without_a_platform_is_inferred_by_its_address() -> None:
    rows = find(call("aws-cli/2.1"), call("aws-cli/2.2"), call("aws-cli/2.1", address="10.0.0.1", days=1))
    assert [(row.resource, row.confidence, row.platform, row.count) for row in rows] == [
        ("aws-cli from 8.8.8.8", Confidence.INFERRED, Platform.UNKNOWN, 2),
        ("aws-cli from 10.0.0.1", Confidence.INFERRED, Platform.PRIVATE_NETWORK, 1),
    ]


def test_other_keys_are_left_out() -> None:
    assert find(call("Boto3/1", key="AKIAI44QH8DHBEXAMPLE")) == ()


def test_mentions_are_certain_and_first() -> None:
    mention = Mention(KEY, "function", "arn:function", "111122223333", "us-east-1", "environment ID", "finance")
    rows = find(call("Boto3/1.34 exec-env/AWS_Lambda_python3.13"), mentions=[mention, mention])
    assert [(row.confidence, row.kind, row.owner) for row in rows] == [
        (Confidence.CERTAIN, "function", "finance"),
        (Confidence.LIKELY, "calls", ""),
    ]
    assert rows[0].platform is Platform.LAMBDA


def test_many_addresses_are_cut_off() -> None:
    rows = find(*(call("x exec-env/EC2", address=f"8.8.8.{number}") for number in range(100)))
    assert len(rows) == 1
    assert len(rows[0].addresses) == 20
    assert rows[0].count == 100


def test_a_row_is_plain_data() -> None:
    row = find(call("Boto3/1.34 exec-env/EC2"))[0].to_dict()
    assert row["confidence"] == "likely"
    assert row["platform"] == "ec2"
    assert row["last_seen"] == "2026-11-27T00:00:00Z"
    assert isinstance(row["addresses"], list)


def test_a_last_use_may_be_none() -> None:
    assert LastUse(KEY, None).service == ""
