# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The memory that the new policies of one more administrator take, with their lists and their proof."""

from __future__ import annotations

import gc
import importlib
import tracemalloc
import typing as t

from .table import show

# An account may have hundreds of administrators. All of them are in memory until the last one is proved.
MOST_MB: t.Final = 7


def test_an_administrator_takes_little_memory() -> None:
    """Its 22,000 removed actions and 12,000 probes share their texts with those of others."""
    developers = importlib.import_module("unit.plugins.module_utils._policy.least_privilege.test_developers")
    first, second = developers.ROLES[:2]
    before = [developers.result(first), developers.prove_result(first)]
    tracemalloc.start()
    try:
        found = [developers.result(second), developers.prove_result(second)]
        gc.collect()
        size = tracemalloc.get_traced_memory()[0] / 1024**2
    finally:
        tracemalloc.stop()
    rows = [["removed actions", f"{len(found[0].removed):,}"], ["probes", f"{len(found[1].probes):,}"]]
    show("one more administrator", ("", ""), [*rows, ["megabytes", f"{size:.1f}"]])
    assert len(before) == len(found)
    assert size < MOST_MB
