# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The section of the report on campaigns, and the page of each."""

from __future__ import annotations

import collections
import html.parser
import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.campaign_text import brief, is_campaign
from ansible_collections.hardening.iam.plugins.module_utils._report.plain import printable
from ansible_collections.hardening.iam.plugins.plugin_utils._render import account_html
from ansible_collections.hardening.iam.plugins.plugin_utils._render.campaign import render_page, render_pages

from ...module_utils._report import samples, sized
from ...module_utils._report.test_campaign_text import change, find_places
from .test_hostile_names import NAMES, is_seen

# Members that are words of the module, and those that say whether something is drawn at all.
WORDS: t.Final = frozenset({"campaign", "stage", "state", "way", "by"})


class Elements(html.parser.HTMLParser):
    """The elements of a page without those within a difference, its attributes and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: collections.Counter[str] = collections.Counter()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, t.Optional[str]]]) -> None:
        self.tags[tag] += tag != "span"
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def name_all(value: t.Any, name: str, key: str = "") -> t.Any:
    """A campaign in which every text has a hostile name, but for the words of the module."""
    if isinstance(value, dict):
        return {member: name_all(value[member], name, member) for member in value}
    if isinstance(value, list):
        return [name_all(member, name, key) for member in value]
    return f"{value}{name}" if isinstance(value, str) and value and key not in WORDS else value


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_nothing_but_text(name: str) -> None:
    report = sized.make_report()
    hostile = name_all(sized.make_campaign(), NAMES[name])
    assert is_campaign(hostile)
    evil = {**report, "campaigns": [hostile]}
    for render in (lambda document: render_page(document, document["campaigns"][0]), account_html.render):
        page, plain = Elements(render(evil)), Elements(render(report))
        assert page.tags == plain.tags
        assert not [item for item in page.attributes if item[0].startswith("on")]
        addresses = [value for key, value in page.attributes if key in ("href", "src", "id")]
        assert addresses == [value for key, value in plain.attributes if key in ("href", "src", "id")]
        assert {character for character in page.text if not is_seen(character)} == set()


def test_the_report_links_to_each_page_and_each_role() -> None:
    other = sized.campaign(sized.role(), campaign="other.1")
    report = sized.make_report(sized.make_campaign(), other)
    pages = render_pages(report)
    assert list(pages) == ["campaign-developers.html", "campaign-other.1.html"]
    links = re.findall(r'href="(campaign[^"#]*)(?:#([^"]*))?"', account_html.render(report))
    assert {name for name, _anchor in links} == set(pages)
    assert [(name, anchor) for name, anchor in links if anchor and f'id="{anchor}"' not in pages[name]] == []
    assert len([anchor for _name, anchor in links if anchor]) == 8
    within = re.findall(r'href="#([^"]*)"', pages["campaign-developers.html"])
    assert [anchor for anchor in within if f'id="{anchor}"' not in pages["campaign-developers.html"]] == []


def test_an_account_without_a_campaign_has_neither_section_nor_page() -> None:
    report = samples.assessment()
    assert render_pages(report) == {}
    assert "Right-sizing" not in account_html.render(report)
    # A report of an older version lacks the member.
    older = {name: value for name, value in report.items() if name != "campaigns"}
    assert render_pages(older) == {} and account_html.render(older)


def show(**fields: t.Any) -> str:
    """The text of a page with one role."""
    report = sized.make_report(sized.campaign(sized.role(**fields)))
    return " ".join(Elements(render_page(report, report["campaigns"][0])).text.split())


def test_the_stages_count_the_roles_that_have_them_behind_them() -> None:
    page = render_pages(sized.make_report())["campaign-developers.html"]
    steps = re.findall(r'<li class="(\w+)"><span>([a-z ]+)</span><small>(\d of \d)</small>', page)
    assert steps == [
        ("begun", "assess", "5 of 7"),
        ("begun", "generate", "5 of 7"),
        ("begun", "prepare", "5 of 7"),
        # Only canaries have this stage; one of three was reverted.
        ("begun", "canary", "2 of 3"),
        ("begun", "cut over", "2 of 7"),
        ("begun", "watch", "2 of 7"),
        ("begun", "retire", "1 of 7"),
    ]


def test_roles_that_need_somebody_come_first() -> None:
    page = render_pages(sized.make_report())["campaign-developers.html"]
    found = re.findall(r'<section id="state-(\w+)">', page)
    assert found == ["refused", "waiting", "soaking", "closed", "retired", "reverted"]


def test_what_is_known_of_a_role() -> None:
    text = show()
    for part in (
        "stage canary soaks until 2026-11-23T12:00:00Z",
        "Next: run least_privilege_stage=cut_over",
        "3 days left",
        "12,626",
        "It can no longer delete buckets.",
        "arn:aws:iam::222233334444:role/dev-shop-lp",
        "aws lambda update-function-configuration --function-name shop-orders",
        "version 7 keeps the old role",
        "add arn:aws:iam::222233334444:role/dev-shop-lp to the principals of the statement",
        "accepted the key goes",
        "it can't be read (account 444455556666)",
        "2 new since 2026-11-09 12:00:00 UTC, in 1406 calls. 2 denials in the time before.",
        "by an organization policy",
        "data events of dynamodb are not logged",
        "Last used on 2026-11-11 12:00:00 UTC.",
        '"least_privilege_revert": ["dev-shop"]',
    ):
        assert part in text, part


def test_an_unread_place_blocks_until_it_is_accepted() -> None:
    assert "blocks stage retire" in show()
    place = {"account_id": "444455556666", "reason": "it can't be read", "blocks": True, "accepted": "agreed"}
    assert "blocks stage retire" not in show(namers_unread=[place])


def test_nobody_moves_where_the_role_itself_gets_new_policies() -> None:
    text = show(way="in_place")
    assert "version 7 keeps the old role" in text and "arn:aws:s3:::acme-orders" in text
    for part in ("not moved", "update-function-configuration", "names the old role only", "to the principals"):
        assert part not in text, part


def test_a_step_that_this_run_takes_is_no_next_step() -> None:
    assert "Next:" not in show(state="due")


def test_consumers_that_have_not_moved_come_first() -> None:
    text = show()
    kinds = [text.index(word) for word in ("function not moved", "pipeline not known", "person moved")]
    assert kinds == sorted(kinds)


def test_a_denial_of_what_was_used_comes_first_and_has_its_proposal() -> None:
    text = show()
    assert text.index("s3:GetObject 3 times") < text.index("iam:CreateUser 3 times")
    assert '"name": "denied-s3-GetObject-01234567"' in text
    assert text.count("least_privilege_always_allow") == 1
    page = render_pages(sized.make_report(sized.campaign(sized.role())))["campaign-developers.html"]
    assert (
        '<span class="del">- <span class="whole">lp-dev-1:</span></span>' in page
        and '<span class="add">+ <span class="whole">lp-dev-1:</span></span>' in page
    )


def test_unknown_is_never_a_number() -> None:
    unknown = {**sized.role()["denials"], "new": [], "failure": "the log files could not be read"}
    text = show(denials=unknown, granted={}, privileged={"before": 1, "after": None}, paths={}, days_left=None)
    assert "Nobody knows them: the log files could not be read" in text
    assert "new since" not in text
    assert "Escalation paths – – – –" not in text
    assert "1 → –" in text


def test_a_role_of_which_nothing_was_read() -> None:
    text = show(**sized.NEW)
    for part in ("Who uses it", "What names it", "New policies", "Documents", "Revert", "Use of the old role"):
        assert part not in text, part


def test_the_patch_for_an_owner() -> None:
    text = show(way="by_owner", patch={"language": "Terraform", "text": "resource x {}", "to": "acme/infra"})
    assert "Patch for its owner acme/infra Terraform resource x {}" in text


def is_drawn(campaign: t.Any) -> bool:
    """Whether a campaign that passed the check is drawn in each format."""
    report = {**sized.make_report(), "campaigns": [campaign]}
    return bool(account_html.render(report) and render_pages(report) and brief(campaign, printable))


def test_what_passes_the_check_is_drawn() -> None:
    """A value of the right kind that no module writes: empty lists, other words, nothing at all."""
    role = sized.role()
    for path in [path for path in find_places(sized.campaign(role)) if len(path) in (3, 5)]:
        for value in (None, [], "", {}):
            campaign = change(
                sized.campaign(role), path, lambda holder, name, value=value: holder.__setitem__(name, value)
            )
            assert not is_campaign(campaign) or is_drawn(campaign), (path, value)
