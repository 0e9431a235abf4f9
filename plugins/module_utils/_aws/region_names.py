# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Names of regions that do not exist, and the one that was probably meant. Needs no botocore, only its list."""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Mapping

Partitions = Mapping[str, Mapping[str, str]]
"""The regions of each partition, each with its description, such as ``Europe (Ireland)``."""

ENABLED: t.Final = "enabled"
_GLOBAL: t.Final = "-global"
_SIMILAR: t.Final = 0.5
_SHORTEST_PLACE: t.Final = 4


def parse_partitions(document: Mapping[str, t.Any]) -> Partitions:
    """Parse botocore's ``partitions.json``. Its pseudo-regions for global services are left out."""
    return {
        str(partition["id"]): {
            str(name): str(region.get("description", ""))
            for name, region in sorted(partition["regions"].items())
            if not name.endswith(_GLOBAL)
        }
        for partition in document["partitions"]
    }


def explain_unknown(name: str, partitions: Partitions, partition: t.Optional[str] = None) -> t.Optional[str]:
    """Why ``name`` is no region of ``partition`` (of any one, without it), and what to do. None if it is a region."""
    if name == ENABLED:
        return f"{ENABLED!r} stands for all regions, so it goes alone.\nGive either {ENABLED!r} or names of regions."
    home = next((known for known, regions in partitions.items() if name in regions), None)
    if home is not None and partition in (None, home):
        return None
    if home is not None:
        return (
            f"{name!r} is not a region of the partition {partition}, which the account is in, but of {home}.\n"
            f"Give regions of {partition}, or {ENABLED!r} alone for all that the account has enabled."
        )
    regions = dict(item for known, found in partitions.items() if partition in (None, known) for item in found.items())
    of_partition = f" of the partition {partition}" if partition else " of AWS"
    return (
        f"{name!r} is not a region{of_partition}{_describe_nearest(name, regions)}.\n"
        f"Correct the name, or give {ENABLED!r} alone for all that the account has enabled.\n"
        "If the region is newer than the installed botocore, update botocore."
    )


def _describe_nearest(name: str, regions: Mapping[str, str]) -> str:
    nearest = find_nearest(name, regions)
    return f"; the nearest is {nearest}" if nearest else ""


def find_nearest(name: str, regions: Mapping[str, str]) -> t.Optional[str]:
    """Find the region that is most like ``name``, which may also be a place, such as ``Ireland``."""
    text = name.strip().lower()
    if len(text) >= _SHORTEST_PLACE:
        by_place = next((region for region, place in regions.items() if text in place.lower()), None)
        if by_place:
            return by_place
    # Of several that are equally similar the first: eu-west-1 for eu-west-9.
    likeness = {region: difflib.SequenceMatcher(None, text, region).ratio() for region in regions}
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= _SIMILAR else None
