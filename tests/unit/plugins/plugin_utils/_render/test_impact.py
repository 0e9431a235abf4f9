# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What narrowing changes would break, in the HTML report."""

from __future__ import annotations

import re

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._render.account_html import render
from ansible_collections.hardening.iam.plugins.plugin_utils._render.impact import count_unsafe, view_impacts
from ansible_collections.hardening.iam.plugins.plugin_utils._render.page import ENVIRONMENT

from ...module_utils._report import samples
from ...module_utils._report.impacts import developers, document, group, item, make_prediction_report
from .parsed import Reader


@pytest.fixture(scope="module")
def page() -> str:
    return render(make_prediction_report())


@pytest.fixture(scope="module")
def section(page: str) -> str:
    match = re.search('<section id="impact">.*?</section>', page, re.DOTALL)
    assert match
    return match[0]


@pytest.fixture(scope="module")
def read(section: str) -> Reader:
    return Reader(section)


def render_impact(*groups: dict[str, object], **fields: object) -> str:
    view = view_impacts([{"module": "permissions_boundary", **document(*groups, **fields)}])
    return Reader(ENVIRONMENT.get_template("account/impact.html.j2").render(view=view)).text


def test_the_navigation_leads_to_it_and_counts_who_is_not_safe(page: str) -> None:
    assert '<a href="#impact">What would break<small data-count="impact">3</small></a>' in page
    assert count_unsafe([developers(), developers()]) == 6


def test_nothing_is_shown_where_nothing_was_predicted() -> None:
    assert "What would break" not in render(samples.complete_report())


def test_hostile_names_add_nothing_to_the_page(page: str, read: Reader) -> None:
    assert page.count("<script") == page.count("</script>") == 1
    assert not [tag for tag, _attributes in read.tags if tag == "img"]
    assert "onerror=alert(2)" in read.text


def test_every_group_tells_who_it_is_and_how_it_fares(read: Reader) -> None:
    summaries = ["1 role: app", "1 role: idle", "12 roles: dev-team-{01..12}-role"]
    assert all(text in read.text for text in summaries)
    assert all(f"role/dev-team-{number:02d}-role" in read.text for number in range(1, 13))
    for text in ("1 will break", "1 may break", "1 no evidence", "12 safe"):
        assert text in read.text


def test_what_breaks_is_open_and_what_is_safe_is_folded(read: Reader) -> None:
    groups = [
        dict(found)
        for tag, found in read.tags
        if tag == "details" and (dict(found).get("class") or "").startswith("group ")
    ]
    assert [(found["class"], "open" in found) for found in groups] == [
        ("group critical", True),
        ("group high", True),
        ("group medium", True),
        ("group good", False),
    ]


def test_a_use_tells_its_action_resource_reason_and_date() -> None:
    text = render_impact(
        group(
            outcome="will_break",
            will_break=[item(calls=3, last="2026-11-20T09:30:00Z", resources=["arn:aws:lambda:::function:a"])],
            may_break=[item(service="s3", actions=["*"], lost=["s3:PutObject"])],
            unknown_context=[item(service="sts", actions=["AssumeRole"], calls=1)],
        )
    )
    assert "lambda: InvokeFunctionon arn:aws:lambda:::function:a" in text
    assert "nothing in the permissions boundary developer allows it" in text
    assert "last used 2026-11-20, 3 calls" in text
    assert "s3: the action is not known" in text
    assert "lost: s3:PutObject" in text
    assert "May break, as conditions are not known" in text
    assert "last use not known, 1 call" in text


def test_of_many_actions_and_resources_the_first_are_named() -> None:
    names = [f"Get{number}" for number in range(20)]
    text = render_impact(group(will_break=[item(actions=names, resources=names)]))
    assert "… and 8 more" in text
    assert "… and 14 more" in text


def test_the_evidence_its_gaps_and_what_it_can_not_see(read: Reader) -> None:
    for text in (
        "service last accessed",
        "400 days",
        "up to 4 hours",
        "15 of 15",
        "trail files",
        "not read",
        "no such bucket",
        "What this can't see (1)",
        "a yearly job",
        "arn:aws:s3:::audit-*",
        "role/aws-reserved/x: change it there",
        "Accepted until 2026-12-31: ",
    ):
        assert text in read.text


def test_the_bar_says_in_words_what_it_shows(read: Reader) -> None:
    (svg,) = [dict(found) for tag, found in read.tags if tag == "svg"]
    assert (svg["role"], svg["aria-label"]) == ("img", "Principals: 1 will break, 1 may break, 1 no evidence, 12 safe")
    widths = [float(dict(found)["width"] or 0) for tag, found in read.tags if tag == "rect"]
    assert sum(widths) == pytest.approx(100, abs=0.01)
