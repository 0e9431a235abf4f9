# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The prices of what the roles turn on: a table with a date, which users can replace entry by entry."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Mapping

#: The day on which the table was compared with the pages of AWS.
AS_OF: t.Final = "2026-11-27"
CURRENCY: t.Final = "USD"
_DAYS_OF_A_MONTH: t.Final = 30


@dataclasses.dataclass(frozen=True)
class Price:
    """What one unit costs in a month, in us-east-1 and before volume discounts. None: nobody can know beforehand."""

    a_month: t.Optional[float]
    source: str


_CONFIG: t.Final = "https://aws.amazon.com/config/pricing/"
_ANALYZER: t.Final = "https://aws.amazon.com/iam/access-analyzer/pricing/"
_HUB: t.Final = "https://aws.amazon.com/security-hub/cspm/pricing/"
_EVENTS: t.Final = "https://aws.amazon.com/eventbridge/pricing/"

#: By the unit that the modules return in ``costs``. No role makes a trail.
TABLE: t.Final[Mapping[str, Price]] = {
    "run of a periodic rule, a day": Price(0.001 * _DAYS_OF_A_MONTH, _CONFIG),
    "rule that changes trigger": Price(None, _CONFIG),
    "rule in each account of the organization": Price(None, _CONFIG),
    "recorder in a region": Price(None, _CONFIG),
    "IAM user or role, a month": Price(0.20, _ANALYZER),
    "analyzed resource, a month": Price(None, _ANALYZER),
    "hub in a region": Price(None, _HUB),
    "standard in a region": Price(None, _HUB),
    "rule on the default bus": Price(0.0, _EVENTS),
    "region that forwards events": Price(None, _EVENTS),
    "topic": Price(0.0, "https://aws.amazon.com/sns/pricing/"),
    "queue": Price(0.0, "https://aws.amazon.com/sqs/pricing/"),
    "key": Price(0.0, "https://aws.amazon.com/kms/pricing/"),
}


def price_units(units: Iterable[Mapping[str, t.Any]]) -> t.Optional[float]:
    """The price of units and their counts in a month; None where one of them has none, or no count."""
    prices = [(TABLE.get(str(item["unit"]), Price(None, "")).a_month, item["count"]) for item in units]
    known = [price * count for price, count in prices if price is not None and count is not None]
    return round(sum(known), 2) if known and len(known) == len(prices) else None


@dataclasses.dataclass(frozen=True)
class Prices:
    """The table, with the prices that the user gave in its place, by unit and for a month."""

    given: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def estimate(
        self, units: Mapping[tuple[str, str], int], uncounted: Collection[tuple[str, str]]
    ) -> dict[str, t.Any]:
        """Estimate the cost of a month. ``units`` are counted by role and unit, ``uncounted`` have no known number."""
        items = [self._price(role, unit, units.get((role, unit))) for role, unit in sorted({*units, *uncounted})]
        known = [item["a_month"] for item in items if item["a_month"] is not None]
        return {
            "as_of": AS_OF,
            "currency": CURRENCY,
            "a_month": round(sum(known), 2),
            "is_complete": len(known) == len(items),
            "items": items,
        }

    def _price(self, role: str, unit: str, count: t.Optional[int]) -> dict[str, t.Any]:
        price = self.given.get(unit, TABLE[unit].a_month if unit in TABLE else None)
        cost = None if price is None or count is None else round(price * count, 2)
        source = "prices" if unit in self.given else TABLE[unit].source if unit in TABLE else ""
        return {"role": role, "unit": unit, "count": count, "a_month": cost, "source": source}
