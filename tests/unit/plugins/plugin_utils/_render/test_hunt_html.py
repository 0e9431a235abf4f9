# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a hunt: its graph, and that text which an intruder chose is nothing but text."""

from __future__ import annotations

import collections
import html.parser
import random
import re
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.document import build_document, list_sessions
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import parse_event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.gaps import Coverage, RegionRead
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.hunt import Hunt
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.question import Question
from ansible_collections.hardening.iam.plugins.module_utils._report.hunt_text import make_printable, render
from ansible_collections.hardening.iam.plugins.plugin_utils._render import hunt_html
from ansible_collections.hardening.iam.plugins.plugin_utils._render.hunt_graph import view_graph

from ...module_utils._policy.hunt.scenarios import HOME, LEAKED, NOW, PROD, Scenario, intrude, work_as_usual
from .test_hostile_names import NAMES, is_seen

Record = dict[str, t.Any]
# Members that are words of the module, on which the page depends.
WORDS: t.Final = frozenset({"kind", "suspected", "relation", "coverage", "class", "present", "confidence", "readable"})
# Ids that connect nodes and edges.
IDS: t.Final = frozenset({"id", "from", "to"})


def make_document() -> Record:
    scenario = Scenario("page", 1)
    rng = random.Random(1)
    work_as_usual(scenario, rng, days=4)
    intrude(scenario, rng, NOW - timedelta(hours=3))
    events = [event for record in scenario.records if (event := parse_event(record)) is not None]
    question = Question.of(keys=[LEAKED], principals=[], addresses=[], since=None, until=NOW)
    outcome = Hunt(question, lambda: events).run()
    reads = {
        (HOME, "us-east-1"): RegionRead(Coverage.COMPLETE),
        (PROD, "us-east-1"): RegionRead(Coverage.PARTIAL, ("throttled",)),
        (PROD, "eu-west-1"): RegionRead(Coverage.DENIED, ("no permission",)),
    }
    undo = {"service": "iam", "operation": "DeleteUser", "parameters": {"UserName": "x"}}
    left = {
        "event_id": "e",
        "event_name": "CreateUser",
        "time": "2026-11-28T11:00:00Z",
        "region": "us-east-1",
        "family": "iam",
        "account_id": HOME,
        "target": "arn:x",
        "present": "true",
        "suspected": "yes",
        "undo": undo,
        "deadline": "2026-12-01T00:00:00Z",
        "reason": "",
        "use": "calls of the user",
    }
    secret = {"arn": "arn:s", "used": True, "last_read": "2026-11-28T00:00:00Z", "readable": "yes"}
    dependant = {"confidence": "certain", "kind": "function", "resource": "arn:f", "place": "KEY", "owner": "team"}
    return {
        "schema": "x",
        "run_id": "r1",
        "incident_id": "INC-7",
        "created": "2026-11-28T12:00:00Z",
        "account_id": "",
        "caller_arn": "",
        **build_document(outcome, reads, now=NOW),
        "persistence": [left, {**left, "present": "unknown", "suspected": "uncertain", "undo": None, "deadline": None}],
        "unfollowed": [{"from": "a", "to": "b", "reason": "account was not read", "event_id": "e"}],
        "dependants": [dependant],
        "secrets": [secret],
        "sessions": list_sessions(outcome),
    }


DOCUMENT: t.Final = make_document()


class Elements(html.parser.HTMLParser):
    """The elements of a page, its attributes and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: collections.Counter[str] = collections.Counter()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, t.Optional[str]]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def name_all(value: t.Any, name: str, key: str = "") -> t.Any:
    """A document in which every text that an intruder may choose has a hostile name."""
    if isinstance(value, dict):
        return {member: name_all(value[member], name, member) for member in value}
    if isinstance(value, (list, tuple)):
        return [name_all(member, name, key) for member in value]
    is_free = isinstance(value, str) and value and key not in WORDS
    return f"{value}{name}" if is_free else value


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_nothing_but_text(name: str) -> None:
    hostile = name_all(DOCUMENT, NAMES[name])
    # Rows belong together by account and region.
    places = DOCUMENT["coverage_reasons"]
    hostile["coverage_reasons"] = [{**one, "reason": f"{one['reason']}{NAMES[name]}"} for one in places]
    hostile["coverage"] = DOCUMENT["coverage"]
    for document in (hostile, make_printable(hostile)):
        page, plain = Elements(hunt_html.render(document)), Elements(hunt_html.render(DOCUMENT))
        assert page.tags == plain.tags
        assert not [item for item in page.attributes if item[0].startswith("on")]
        addresses = [value for key, value in page.attributes if key in ("href", "src", "id")]
        assert addresses == [value for key, value in plain.attributes if key in ("href", "src", "id")]
        assert {character for character in page.text if not is_seen(character)} == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_does_not_reach_the_terminal(name: str) -> None:
    hostile = name_all(DOCUMENT, NAMES[name])
    shown = render(hostile, "reports")
    assert {character for character in shown if not is_seen(character) and character != "\n"} == set()
    assert len(render(DOCUMENT, "reports").splitlines()) <= len(shown.splitlines())
    assert render(DOCUMENT, "reports", ascii_only=True).isascii()


def test_the_page_shows_all_sections() -> None:
    page = hunt_html.render(DOCUMENT)
    for section in ("headline", "graph", "timeline", "persistence", "unfollowed", "secrets", "dependants", "coverage"):
        assert f'<section id="{section}"' in page
    assert "still there" in page and "throttled" in page and "no permission" in page


def many_rows() -> list[Record]:
    """Five hundred rows: one family in two accounts, and others."""
    left = {**DOCUMENT["persistence"][1], "deadline": None}
    families = ("iam", "code", "sharing", "unknown", "unknown")
    return [
        {
            **left,
            "family": families[number % 5],
            "account_id": (HOME, PROD)[number % 2],
            "event_id": f"e{number}",
            "event_name": f"Put{number % 7}",
            "target": f"arn:{number}",
        }
        for number in range(500)
    ]


def test_five_hundred_rows_are_folded_groups() -> None:
    page = hunt_html.render({**DOCUMENT, "persistence": many_rows()})
    section = page[page.index('<section id="persistence"') :]
    section = section[: section.index("</section>")]
    groups = re.findall(r'<details class="group [a-z]+"( open)?>', section)
    assert groups == [""] * 8
    assert all(f"e{number}<" in section for number in range(500))
    assert f"iam in {HOME}" in section and "50 not known" in section and "90 more" in section


def test_a_group_with_a_deadline_is_open() -> None:
    page = hunt_html.render({**DOCUMENT, "persistence": [DOCUMENT["persistence"][0], *many_rows()]})
    assert re.findall(r'<details class="group [a-z]+"( open)?>', page) == [" open", *[""] * 7]


def test_five_hundred_rows_are_few_lines_in_the_terminal() -> None:
    shown = render({**DOCUMENT, "persistence": many_rows()}, "")
    lines = shown[shown.index("Left behind") :].split("\n\n")[0].splitlines()
    assert len(lines) <= 45
    assert f"  iam in {HOME}: 50 not known, 50 uncertain" in lines
    assert any(line.startswith("    … and 47 more: Put") for line in lines)


def test_more_groups_than_a_screen_has_are_one_line() -> None:
    rows = [{**row, "account_id": f"{number:012}"} for number, row in enumerate(many_rows()[:50])]
    shown = render({**DOCUMENT, "persistence": rows}, "")
    assert "  … and 38 more: unknown (" in shown


def test_many_steps_that_were_not_followed_are_folded() -> None:
    step = DOCUMENT["unfollowed"][0]
    page = hunt_html.render({**DOCUMENT, "unfollowed": [{**step, "to": f"to{number}"} for number in range(100)]})
    assert "75 more" in page and "to99" in page
    assert "… and 90 more" in render({**DOCUMENT, "unfollowed": [step] * 100}, "")


def test_an_empty_hunt_has_a_page() -> None:
    empty = {**DOCUMENT, "nodes": [], "edges": [], "timeline": [], "persistence": [], "unfollowed": [], "coverage": {}}
    page = hunt_html.render({**empty, "secrets": [], "dependants": []})
    assert "No key, session or principal was found." in page


# The graph


def test_each_hop_is_a_column_further() -> None:
    view = view_graph(DOCUMENT)
    left = {box["title"].partition(" ")[2]: box["left"] for box in view["boxes"]}
    hops = [(step["from"], step["to"]) for step in view["steps"] if step["relation"] == "made"]
    assert hops
    assert all(left[target] > left[source] for source, target in hops)


def test_boxes_do_not_overlap_and_fit() -> None:
    view = view_graph(DOCUMENT)
    places = [(box["left"], box["top"]) for box in view["boxes"]]
    assert len(set(places)) == len(places)
    assert all(box["left"] + box["width"] <= view["width"] for box in view["boxes"])
    assert all(box["top"] + box["height"] <= view["height"] for box in view["boxes"])


def test_a_circle_and_many_nodes_are_drawn() -> None:
    node = {"kind": "session", "account_id": HOME, "principal": "", "suspected": "yes", "is_seed": False, "events": 1}
    nodes = [{**node, "id": f"n{number}"} for number in range(100)]
    step = {"relation": "made", "event_id": "e", "event_name": "x", "time": "", "shared_event_id": ""}
    edges = [{**step, "from": f"n{number}", "to": f"n{(number + 1) % 100}"} for number in range(100)]
    view = view_graph({"nodes": nodes, "edges": edges})
    assert len(view["boxes"]) == 60 and view["hidden"] == 40


def test_the_drawing_names_what_it_hides() -> None:
    node = {"kind": "key", "account_id": HOME, "principal": "", "suspected": "yes", "is_seed": False, "events": 1}
    many = {**DOCUMENT, "nodes": [{**node, "id": f"AKIA{number}"} for number in range(70)], "edges": []}
    assert re.search(r"10 more are not drawn", hunt_html.render(many))
