# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.paging import next_page, page_size_parameter


@pytest.mark.parametrize(
    ("answer", "parameters", "following"),
    [
        ({"IsTruncated": True, "Marker": "m"}, {"Marker", "MaxItems"}, ("Marker", "m")),
        ({"IsTruncated": False, "Marker": "m"}, {"Marker", "MaxItems"}, None),
        ({"IsTruncated": False}, {"Marker"}, None),
        ({"Accounts": [], "NextToken": "n"}, {"NextToken", "MaxResults"}, ("NextToken", "n")),
        ({"analyzers": [], "nextToken": "n"}, {"nextToken", "maxResults"}, ("nextToken", "n")),
        ({"NextContinuationToken": "c", "IsTruncated": True}, {"ContinuationToken"}, ("ContinuationToken", "c")),
        ({"NextToken": ""}, {"NextToken"}, None),
        ({"NextToken": None}, {"NextToken"}, None),
        # A member of the answer that happens to be named so, of an operation that does not page.
        ({"NextToken": "n"}, {"UserName"}, None),
        ({}, set(), None),
    ],
)
def test_the_page_after_an_answer(
    answer: dict[str, t.Any], parameters: set[str], following: t.Optional[tuple[str, str]]
) -> None:
    assert next_page(answer, parameters) == following


def test_a_truncated_answer_that_leads_nowhere_is_no_last_page() -> None:
    with pytest.raises(ValueError, match="truncated"):
        next_page({"Users": [], "IsTruncated": True}, {"Marker", "MaxItems"})


@pytest.mark.parametrize(
    ("parameters", "name"),
    [({"MaxItems", "Marker"}, "MaxItems"), ({"maxResults"}, "maxResults"), ({"limit"}, "limit"), ({"UserName"}, None)],
)
def test_how_a_page_is_limited(parameters: set[str], name: t.Optional[str]) -> None:
    assert page_size_parameter(parameters) == name
