# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._simulation.prices import price_units


@pytest.mark.parametrize(
    ("units", "price"),
    [
        ([("IAM user or role, a month", 10)], 2.0),
        ([("IAM user or role, a month", 10), ("run of a periodic rule, a day", 1)], 2.03),
        ([("IAM user or role, a month", None)], None),
        ([("IAM user or role, a month", 10), ("hub in a region", 1)], None),
        ([("no such unit", 1)], None),
        ([], None),
    ],
)
def test_units_without_a_price_or_a_count_have_none_together(
    units: list[tuple[str, t.Optional[int]]], price: t.Optional[float]
) -> None:
    assert price_units([{"unit": unit, "count": count} for unit, count in units]) == price
