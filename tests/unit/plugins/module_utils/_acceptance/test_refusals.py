# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which accounts are refused as a sandbox: each fact alone, what could not be found out, and near misses."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._acceptance.refusals import (
    KEY_IDLE_DAYS,
    MAX_OBJECTS,
    Facts,
    Key,
    refuse,
)

ACCOUNT: t.Final = "555566667777"
NOW: t.Final = datetime(2026, 11, 27, tzinfo=UTC)
SANDBOX: t.Final = Facts(
    account_id=ACCOUNT,
    names=("Team Sandbox", "team-sandbox"),
    management_account_id="111122223333",
    objects={"users": MAX_OBJECTS, "roles": MAX_OBJECTS, "customer policies": MAX_OBJECTS},
    own_key="AKIAOWN",
)


def refuse_with(pattern: str = "*sandbox*", account_id: str = ACCOUNT, **facts: t.Any) -> tuple[str, ...]:
    return refuse(dataclasses.replace(SANDBOX, **facts), account_id=account_id, pattern=pattern, now=NOW)


def key(days: float, name: str = "AKIAOTHER") -> Key:
    return Key(name, "alice", NOW - timedelta(days=days))


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"pattern": "TEAM-*"},
        {"pattern": "team?sandbox"},
        {"pattern": "team[ -]sandbox"},
        {"management_account_id": None},
        {"keys": (key(KEY_IDLE_DAYS + 1),)},
        {"keys": (key(0, "AKIAOWN"),)},
        {"keys": (Key("AKIAOTHER", "alice", None),)},
    ],
)
def test_a_sandbox_is_accepted(facts: dict[str, t.Any]) -> None:
    assert refuse_with(**facts) == ()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"account_id": "555566667778"}, "the credentials belong to account 555566667777, not to 555566667778"),
        ({"pattern": "*"}, "fits every account"),
        ({"pattern": "**?"}, "fits every account"),
        ({"pattern": " "}, "fits every account"),
        ({"pattern": "[a-z]*"}, "fits every account"),
        ({"pattern": "*[!]abc]"}, "fits every account"),
        ({"pattern": "*-*"}, "fits every account"),
        ({"pattern": "[sandbox"}, "fits neither name nor alias"),
        ({"pattern": "sandbox"}, "fits neither name nor alias"),
        ({"pattern": "prod*"}, "fits neither name nor alias"),
        ({"names": ()}, "neither a name nor an alias"),
        ({"management_account_id": ACCOUNT}, "management account"),
        ({"delegated_for": ("config.amazonaws.com",)}, "delegated administrator of config.amazonaws.com"),
        (
            {"organization_trails": ("arn:aws:cloudtrail:us-east-1:555566667777:trail/org",)},
            "trail of the organization",
        ),
        ({"aggregators": ("arn:aws:config:us-east-1:555566667777:config-aggregator/a",)}, "collects findings"),
        ({"identity_centers": ("arn:aws:sso:::instance/ssoins-1",)}, "IAM Identity Center"),
        ({"objects": {"users": MAX_OBJECTS + 1}}, "6 users, and 5 are allowed"),
        ({"objects": {"roles": MAX_OBJECTS + 1}}, "6 roles, and 5 are allowed"),
        ({"objects": {"customer policies": MAX_OBJECTS + 1}}, "6 customer policies, and 5 are allowed"),
        ({"keys": (key(KEY_IDLE_DAYS - 1),)}, "an access key of alice was used on 2026-10-14"),
        ({"keys": (key(0),), "own_key": None}, "an access key of alice was used on 2026-11-27"),
        ({"root_has_keys": True}, "root has an access key"),
        ({"unknown": {"the organization": "AccessDenied"}}, "the organization could not be read: AccessDenied"),
    ],
)
def test_each_fact_alone_is_a_refusal(facts: dict[str, t.Any], reason: str) -> None:
    wanted = facts.pop("account_id", ACCOUNT)
    (found,) = refuse_with(account_id=wanted, **facts)
    assert reason in found


def test_all_refusals_are_named_at_once() -> None:
    assert len(refuse_with(management_account_id=ACCOUNT, root_has_keys=True, names=())) == 3
