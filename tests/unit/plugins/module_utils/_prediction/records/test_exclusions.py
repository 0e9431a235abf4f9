# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option exclude_evidence."""

from __future__ import annotations

import typing as t
from datetime import UTC, date, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.exclusions import parse_exclusions

WHY = {"reason": "incident 42"}


def test_an_entry_with_all_criteria() -> None:
    (found,) = parse_exclusions(
        [
            {
                "since": "2026-11-20T09:30:00Z",
                "until": date(2026, 11, 21),
                "sessions": ["build-*"],
                "source_ips": ["203.0.113.9", "2001:db8::/32"],
                "access_key_ids": ["AKIAIOSFODNN7EXAMPLE"],
                "incident": "INC-42",
                **WHY,
            }
        ]
    )
    assert (found.since, found.until) == (datetime(2026, 11, 20, 9, 30, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    assert [str(network) for network in found.source_ips] == ["203.0.113.9/32", "2001:db8::/32"]
    assert found.name == "INC-42 (incident 42)"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (WHY, "it would leave out all evidence"),
        ({"sessions": [], "source_ips": [], **WHY}, "it would leave out all evidence"),
        ({"since": "2026-11-20"}, "reason is missing"),
        ({"since": "2026-11-20", "reason": " "}, "reason is missing"),
        ({"since": "yesterday", **WHY}, "since: 'yesterday' is no time"),
        ({"since": "2026-11-21", "until": "2026-11-20", **WHY}, "since is not before until"),
        ({"source_ips": ["example.org"], **WHY}, "source_ips: 'example.org' is no address"),
        ({"source_ips": ["0.0.0.0/0"], **WHY}, "is every address"),
        ({"access_key_ids": ["AKIA"], **WHY}, "access_key_ids: 'AKIA' is no id"),
    ],
)
def test_entries_that_can_not_be_used(item: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InputError, match=r"exclude_evidence\[0\]") as error:
        parse_exclusions([item])
    assert message in str(error.value)
