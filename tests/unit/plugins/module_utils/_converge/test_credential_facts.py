# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.credential_facts import find_credential

from .fakes import change

KEY: t.Final = {"kind": "access_key", "id": "AKIAIOSFODNN7EXAMPLE", "status": "Active"}
MADE: t.Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("states", "found"),
    [
        ({"before": {**KEY, "last_used": "2026-02-01T00:00:00Z"}, "after": None}, "2026-02-01T00:00:00Z"),
        ({"before": KEY, "after": {**KEY, "status": "Inactive"}}, None),
        ({"before": None, "after": KEY}, None),
    ],
)
def test_the_credential_of_a_change_is_in_its_states(states: dict[str, t.Any], found: t.Optional[str]) -> None:
    expected = {"kind": "access_key", "id": KEY["id"], "user": "alice", "created": "2026-01-02T03:04:05Z"}
    assert find_credential(change("alice", **states), created=MADE) == {**expected, "last_used": found}


def test_a_new_key_has_no_id_yet() -> None:
    shown = find_credential(change("alice", operation="CreateAccessKey", before={"key": "x"}))
    assert shown == {"kind": "access_key", "id": None, "user": "alice", "created": None, "last_used": None}


@pytest.mark.parametrize(
    "fields", [{"before": "old"}, {"before": {"kind": "rule"}}, {"before": KEY, "service": "config"}]
)
def test_other_changes_touch_no_credential(fields: dict[str, t.Any]) -> None:
    assert find_credential(change("alice", **{"after": None, **fields})) is None
