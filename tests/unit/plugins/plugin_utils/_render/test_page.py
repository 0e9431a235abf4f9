# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._render.page import (
    Section,
    as_json,
    donut,
    page,
    severity_tallies,
    table,
)

from .test_markup import Reader


def test_the_policy_of_the_page_names_the_hashes_of_what_it_holds() -> None:
    content = page(title="t", subtitle="s", lead=None, sections=[], footer="f")
    for tag in ("style", "script"):
        held = re.search(f"<{tag}>(.*?)</{tag}>", content, re.DOTALL)
        assert held is not None
        digest = base64.b64encode(hashlib.sha256(held[1].encode()).digest()).decode()
        assert f"{tag}-src &#x27;sha256-{digest}&#x27;" in content


def test_sections_are_led_to_by_the_navigation() -> None:
    sections = [Section("a", "First", "text", 3), Section("b", "Second", None)]
    content = page(title="t", subtitle="s", lead=None, sections=sections, footer="f")
    assert '<a href="#a">First<small>3</small></a>' in content
    assert '<section id="b"><h2>Second</h2></section>' in content


@pytest.mark.parametrize(
    ("percent", "shown", "rings"), [(None, "–", 1), (0, "0%", 1), (61.9, "61.9%", 2), (100, "100%", 2)]
)
def test_a_ring_is_filled_as_far_as_there_is_a_verdict(percent: float | None, shown: str, rings: int) -> None:
    read = Reader(donut(percent, "label"))
    assert read.text == shown
    assert [tag for tag, _attributes in read.tags].count("circle") == rings


def test_only_severities_that_occur_are_links() -> None:
    counts = {"critical": 0, "high": 2, "medium": 0, "low": 0, "total": 2}
    read = Reader(severity_tallies(counts, {name: f"#{name}" for name in counts}))
    assert [dict(found)["href"] for tag, found in read.tags if tag == "a"] == ["#high"]


def test_a_table_can_be_read_aloud() -> None:
    content = table("Caption", ("Name", "Count"), [("a", 1)], numbers=(1,), searchable=True)
    assert '<th scope="col">Name</th><th scope="col" class="number">Count</th>' in content
    assert '<tr class="row"><th scope="row">a</th><td class="number">1</td></tr>' in content
    assert 'aria-label="Caption" data-rows' in content


@pytest.mark.parametrize(("value", "shown"), [("text", "text"), ({"b": 1, "a": "é"}, '{\n  "a": "é",\n  "b": 1\n}')])
def test_evidence_is_shown_as_people_read_it(value: object, shown: str) -> None:
    assert as_json(value) == shown
