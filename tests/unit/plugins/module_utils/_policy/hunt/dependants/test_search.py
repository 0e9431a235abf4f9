# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search for the id of a key: places are found, and values never come along."""

from __future__ import annotations

import base64
import gzip
import typing as t
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants import search

KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"
OTHER: t.Final = "AKIAI44QH8DHBEXAMPLE"
SECRET: t.Final = "wJalr-of-nobody"
KEYS: t.Final = frozenset({KEY, OTHER})

Search = Callable[[t.Any, frozenset[str]], Iterator[tuple[str, str]]]


@pytest.mark.parametrize(
    ("look", "given", "places"),
    [
        (search.search_function, {"Environment": {"Variables": {"ID": KEY, "SECRET": SECRET}}}, ["environment ID"]),
        (search.search_function, {"Environment": {"Variables": {"BOTH": f"{KEY}:{SECRET}"}}}, ["environment BOTH"]),
        (search.search_function, {"Environment": {"Error": {"ErrorCode": "AccessDenied"}}}, []),
        (search.search_function, {}, []),
        (
            search.search_task_definition,
            {
                "containerDefinitions": [
                    {"name": "web", "environment": [{"name": "A", "value": KEY}, {"name": "B", "value": SECRET}]},
                    {"name": "job", "command": ["run", f"--key={KEY}", f"--secret={SECRET}"]},
                ]
            },
            ["container web: environment A", "container job: command"],
        ),
        (
            search.search_project,
            {
                "environment": {"environmentVariables": [{"name": "K", "value": KEY, "type": "PLAINTEXT"}]},
                "source": {"buildspec": f"export K={KEY} S={SECRET}"},
            },
            ["environment K", "buildspec"],
        ),
        (
            search.search_stack,
            {
                "Parameters": [
                    {"ParameterKey": "KeyId", "ParameterValue": KEY},
                    {"ParameterKey": "Secret", "ParameterValue": "****"},
                ],
                "Outputs": [{"OutputKey": "Key", "OutputValue": KEY}],
            },
            ["parameters KeyId", "outputs Key"],
        ),
        (search.search_user_data, base64.b64encode(f"{KEY} {SECRET}".encode()).decode(), ["user data"]),
        (search.search_user_data, base64.b64encode(gzip.compress(KEY.encode(), mtime=0)).decode(), ["user data"]),
        (search.search_user_data, f"no base64: {KEY}", ["user data"]),
        (search.search_user_data, None, []),
        (search.search_user_data, base64.b64encode(b"\x1f\x8bgarbage").decode(), []),
    ],
)
def test_places_are_found_without_values(look: Search, given: t.Any, places: list[str]) -> None:
    found = list(look(given, KEYS))
    assert found == [(KEY, place) for place in places]
    assert SECRET not in repr(found)


def test_two_keys_in_one_place_are_two_matches() -> None:
    given = {"Environment": {"Variables": {"IDS": f"{KEY},{OTHER}"}}}
    assert [key for key, _place in search.search_function(given, KEYS)] == [OTHER, KEY]


def test_a_small_archive_of_a_large_file_is_not_unpacked() -> None:
    bomb = base64.b64encode(gzip.compress(b"0" * 50_000_000 + KEY.encode())).decode()
    assert list(search.search_user_data(bomb, KEYS)) == []


@pytest.mark.parametrize("value", [7, None, ["x"], {"a": KEY}])
def test_values_that_are_no_text_are_no_match(value: t.Any) -> None:
    assert list(search.search_function({"Environment": {"Variables": {"A": value}}}, KEYS)) == []
