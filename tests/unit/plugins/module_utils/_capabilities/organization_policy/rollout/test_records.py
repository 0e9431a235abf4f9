# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.records import (
    Event,
    Kind,
    make_prefix,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
PAIR = DeniedPair("111122223333", "arn:aws:iam::111122223333:role/app", "s3:GetObject")
OTHER = DeniedPair("111122223333", "arn:aws:iam::111122223333:role/app", "iam:ListUsers")


def event(kind: Kind, stage: str = "canary", **fields: t.Any) -> Event:
    return Event(kind, stage, NOW, **fields)


def test_a_record_comes_back() -> None:
    before = event(
        Kind.STARTED,
        reason="it begins",
        by="arn:aws:iam::111122223333:user/alice",
        run_id="run-1",
        content_sha256="abc",
        is_first=True,
        targets=({"ou": "/canary"},),
        attached=("ou-1",),
        expected=(PAIR,),
        losses=(OTHER,),
        unknown=(PAIR,),
        names_stage=True,
        soak=timedelta(hours=36.5),
        started_at=NOW - timedelta(hours=1),
    )
    assert Event.of_bytes(before.as_bytes()) == before


def test_people_can_read_a_record() -> None:
    record = json.loads(event(Kind.HELD, reason="role/app lost s3:GetObject", losses=(PAIR,)).as_bytes())
    assert (record["event"], record["stage"], record["at"]) == ("held", "canary", "2026-11-25T12:00:00Z")
    assert record["losses"] == [{"account_id": PAIR.account_id, "principal": PAIR.principal, "action": PAIR.action}]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        event(Kind.STARTED).as_bytes()[:-20],
        event(Kind.STARTED).as_bytes().replace(b"rollout/1", b"rollout/9"),
        event(Kind.STARTED).as_bytes().replace(b'"started"', b'"begun"'),
        event(Kind.STARTED).as_bytes().replace(b'"attached": []', b'"attached": 3'),
        event(Kind.STARTED).as_bytes().replace(b'"soak_hours": null', b'"soak_hours": -1'),
        event(Kind.STARTED).as_bytes().replace(b'"soak_hours": null', b'"soak_hours": NaN'),
        event(Kind.STARTED).as_bytes().replace(b'"soak_hours": null', b'"soak_hours": "24"'),
        event(Kind.STARTED).as_bytes().replace(b'"started_at": null', b'"started_at": "yesterday"'),
        event(Kind.STARTED).as_bytes().replace(b'"started_at": null', b'"started_at": 7'),
        event(Kind.STARTED).as_bytes().replace(b'"losses": []', b'"losses": [{"action": "s3:GetObject"}]'),
    ],
)
def test_what_is_no_record(content: bytes) -> None:
    with pytest.raises(ValueError):
        Event.of_bytes(content)


def test_the_place_of_a_policy() -> None:
    assert make_prefix("o-acme", "SERVICE_CONTROL_POLICY", "Deny root (all)") == (
        "rollouts/o-acme/SERVICE_CONTROL_POLICY/Deny root (all)/"
    )


@pytest.mark.parametrize("name", ["..", ".", "../../etc", "a/b", "..\\x"])
def test_no_name_leads_elsewhere(name: str) -> None:
    last = make_prefix("o-acme", "SERVICE_CONTROL_POLICY", name).removesuffix("/").split("/")
    assert len(last) == 4
    assert not last[3].startswith(".")


def test_names_of_policies_keep_apart() -> None:
    names = ["a/b", "a%2Fb", ".a", "%2Ea", "a b"]
    assert len({make_prefix("o-acme", "X", name) for name in names}) == len(names)


def test_a_name_that_is_too_long() -> None:
    with pytest.raises(ValueError, match="too long"):
        make_prefix("o-acme", "X", "ü" * 128)


def test_a_record_knows_where_it_was_read() -> None:
    assert Event.of_bytes(event(Kind.HELD).as_bytes(), key="x/000007-held.json").key == "x/000007-held.json"
