# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account import fields
from ansible_collections.hardening.iam.plugins.module_utils._account.model import UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.source import Unreadable

MOMENT = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("get", "value"),
    [
        (fields.text, "x"),
        (fields.optional_text, "x"),
        (fields.flag, True),
        (fields.optional_flag, False),
        (fields.number, 3),
        (fields.structure, {"a": 1}),
        (fields.optional_structure, {}),
        (fields.records, [{"a": 1}]),
        (fields.optional_records, [{"a": 1}]),
    ],
)
def test_values_come_as_they_are(get: t.Callable[..., t.Any], value: t.Any) -> None:
    assert get({"key": value}, "key") == value


@pytest.mark.parametrize(
    ("get", "default"),
    [
        (fields.optional_text, None),
        (fields.flag, False),
        (fields.optional_flag, None),
        (fields.number, 0),
        (fields.moment, None),
        (fields.optional_structure, None),
        (fields.optional_records, []),
        (fields.texts, ()),
    ],
)
def test_defaults(get: t.Callable[..., t.Any], default: t.Any) -> None:
    assert get({}, "key") == default
    assert get({"key": None}, "key") == default


@pytest.mark.parametrize("get", [fields.text, fields.structure, fields.records, fields.require_moment])
def test_what_is_missing_is_unparsable(get: t.Callable[..., t.Any]) -> None:
    with pytest.raises(Unreadable, match="key is missing") as caught:
        get({}, "key")
    assert caught.value.kind is UnreadKind.UNPARSABLE


@pytest.mark.parametrize(
    ("get", "value"),
    [
        (fields.text, 1),
        (fields.flag, "true"),
        (fields.number, "1"),
        (fields.moment, "2026-01-01"),
        (fields.structure, []),
        (fields.records, {}),
        (fields.records, ["x"]),
        (fields.texts, [1]),
    ],
)
def test_other_types_are_unparsable(get: t.Callable[..., t.Any], value: t.Any) -> None:
    with pytest.raises(Unreadable, match="key is a"):
        get({"key": value}, "key")


def test_moments_are_utc() -> None:
    assert fields.moment({"key": MOMENT}, "key") == MOMENT
    assert fields.require_moment({"key": MOMENT}, "key").tzinfo is UTC


def test_tags() -> None:
    assert fields.tags({"Tags": [{"Key": "team", "Value": "web"}, {"Key": "empty", "Value": ""}]}) == {
        "team": "web",
        "empty": "",
    }
    assert fields.tags({}) == {}
