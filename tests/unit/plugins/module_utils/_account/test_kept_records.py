# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events that are kept until they are read, and take no memory."""

from __future__ import annotations

import tracemalloc

from ansible_collections.hardening.iam.plugins.module_utils._account.kept_records import KeptRecords

from .test_log_files import event


def test_events_come_back_in_their_order_as_often_as_wanted() -> None:
    kept = KeptRecords(most_in_memory=100)
    pages = [[event("ListBuckets"), None], [], [event(f"Call{number}") for number in range(60)], ["\u00fc", {"a": 1.5}]]
    for page in pages:
        kept.add(page)
    wanted = [record for page in pages for record in page]
    assert len(kept) == len(wanted) == 64
    assert list(kept) == list(kept) == wanted
    first, second = iter(kept), iter(kept)
    assert [next(first), next(second), next(first)] == [wanted[0], wanted[0], wanted[1]]
    assert list(second) == wanted[1:]
    kept.add([event("Later")])
    assert list(kept) == [*wanted, event("Later")]


def test_collections_can_be_joined() -> None:
    one, other = KeptRecords(), KeptRecords()
    one.add(list(range(3)))
    other.extend(number for number in range(3, 130))
    one.extend(other)
    assert list(one) == list(range(130))
    assert len(one) == 130


def test_memory_does_not_grow_with_events() -> None:
    def measure(pages: int) -> int:
        kept = KeptRecords(most_in_memory=10_000)
        page = [event("ListBuckets", note=str(number) * 200) for number in range(50)]
        tracemalloc.start()
        for _page in range(pages):
            kept.add(page)
        assert sum(1 for _record in kept) == 50 * pages
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert measure(400) < 2 * measure(20)
