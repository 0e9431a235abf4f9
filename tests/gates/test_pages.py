# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML reports in a browser: accessible, their links lead where they point, their filters count, they print.

One Chromium does all of it. Where there is none, the summary says so.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
import typing as t
from pathlib import Path

import pytest
from scope import runs_all

from .browsing import SOURCE, Browser, Job, Missing
from .staging import CHECKOUT

# The report of acme-sandbox by "harden.yml --check", with hardening_max_changes 0: a page of a usual size.
SAVED: t.Final = CHECKOUT / "tests/fixtures/report.json"
# Of the pages those that between them have every part, and those that differ most, for what costs much.
PARTS: t.Final = ("settling", "predicted", "branching", "empty", "fleet", "fleet_crowded", "audit_troubled", "campaign")
VARIED: t.Final = ("settling", "predicted", "fleet")
# A page of the size of a real account: its links are followed, and its elements are those of the others.
REAL: t.Final = "real"
# The same with as many findings and changes as the largest account of the demo has.
LARGE: t.Final = "large"
# A run over a thousand accounts.
THOUSAND: t.Final = "thousand"
# The rules of axe that look at colours, for themes.
COLOURS: t.Final = ("color-contrast", "link-in-text-block")
WIDE: t.Final[Job] = {"width": 1280}
NARROW: t.Final[Job] = {"width": 390, "height": 844}
# Links miss in it as they did in a report once, and nobody can read it. The checks have to find that.
BROKEN_PAGE: t.Final = "broken"
BROKEN: t.Final = """<!DOCTYPE html><html lang="en"><head><title>x</title><style>
html { scroll-behavior: smooth; }
p { content-visibility: auto; contain-intrinsic-size: 10px; height: 900px; } h1 { color: #ccc; }
</style></head><body><main><h1>Pale</h1><a href="#gone">a</a><a href="#end">b</a><a href="#shut">c</a>
<p>x</p><p>x</p><details><summary>y</summary><b id="shut">z</b></details>
<p>x</p><p>x</p><p>x</p><h2 id="end">End</h2><p>x</p><p>x</p></main></body></html>"""

Pages = dict[str, Path]


@pytest.fixture(scope="module")
def browser() -> Browser:
    try:
        return Browser()
    except Missing as reason:
        pytest.skip(f"the HTML reports were not looked at in a browser: {reason}")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """The pages of the samples, and a run with the pages of its accounts beside it, as files."""
    place = tmp_path_factory.mktemp("pages")
    unit, plugins = "unit.plugins", "ansible_collections.hardening.iam.plugins"
    samples = importlib.import_module(f"{unit}.plugin_utils._render.pages")
    fleets = importlib.import_module(f"{unit}.module_utils._report.test_fleet")
    render = importlib.import_module(f"{plugins}.plugin_utils._render.account_html").render
    fleet_html = importlib.import_module(f"{plugins}.plugin_utils._render.fleet_html")
    audit_html = importlib.import_module(f"{plugins}.plugin_utils._render.audit_html")
    sheets = importlib.import_module(f"{unit}.plugin_utils._render.sheets").SHEETS
    saved = json.loads(SAVED.read_text(encoding="utf-8"))
    found = {name: render(make()) for name, make in samples.REPORTS.items()}
    campaign = importlib.import_module(f"{plugins}.plugin_utils._render.campaign")
    sized = ((name, make()) for name, make in samples.CAMPAIGNS.items())
    found |= {name: campaign.render_page(report, report["campaigns"][0]) for name, report in sized}
    found |= {name: fleet_html.render(make(), linked=False) for name, (make, _linked) in samples.FLEETS.items()}
    found |= {name: audit_html.render(make()) for name, make in sheets.items()}
    large = importlib.import_module(f"{unit}.module_utils._report.large_fleet")
    found |= {THOUSAND: fleet_html.render(large.thousand())}
    found |= {REAL: render(saved), LARGE: render(enlarge(saved)), BROKEN_PAGE: BROKEN}
    paths = {name: place / f"{name}.html" for name in found}
    reports = [fleets.account("333344445555"), samples.REPORTS["compared"](), saved]
    for report in reports:
        found[report["account_id"]] = render(report)
        paths[report["account_id"]] = place / report["account_id"] / "report.html"
    units = {"333344445555": "/Workloads/Dev"}
    before = fleets.fleet(run_id="before", reports=reports)
    document = fleets.fleet(reports=reports, units=units, earlier=before)
    found["fleet"], paths["fleet"] = fleet_html.render(document), place / "fleet.html"
    for name, content in found.items():
        paths[name].parent.mkdir(exist_ok=True)
        paths[name].write_text(content, encoding="utf-8")
    return paths


def enlarge(report: dict[str, t.Any]) -> dict[str, t.Any]:
    """The report of an account with five times the failing findings, and forty long changes."""
    failing = [item for item in report["findings"] if item["status"] == "FAIL"]
    more = [
        {**item, "resource": f"arn:aws:iam::1:user/{number}", "fingerprint": f"{number}{item['fingerprint'][1:]}"}
        for number in range(4)
        for item in failing
    ]
    after = {"pattern": [{"wildcard": f"arn:aws:iam::*:role/role-{number}"} for number in range(60)]}
    change: dict[str, t.Any] = {
        "service": "events",
        "operation": "PutRule",
        "region": "us-east-1",
        "before": None,
        "after": after,
    }
    change |= {
        "affects": [],
        "remedies": [],
        "reversible": False,
        "undo": None,
        "applied": False,
        "module": "event_alerts",
    }
    changes = [{**change, "target": f"arn:aws:events:us-east-1:1:rule/rule-{number}"} for number in range(40)]
    return {**report, "findings": [*report["findings"], *more], "changes": changes}


def read(script: str) -> str:
    return (SOURCE / script).read_text(encoding="utf-8")


def job(pages: Pages, what: str, name: str, anchor: str = "", **more: t.Any) -> Job:
    return {"do": what, "name": name, "url": f"{pages[name].as_uri()}{anchor}", **more}


def list_jobs(pages: Pages) -> list[Job]:
    """All that is looked at: in "make test-all" every page in both themes and widths, else a part of each."""
    own = [name for name in pages if name not in (BROKEN_PAGE, LARGE, THOUSAND) and not name.isdigit()]
    dark: Job = {"theme": "dark", "motion": False, **NARROW}
    jobs = [job(pages, "axe", name, **WIDE) for name in (own if runs_all() else PARTS)]
    jobs += [job(pages, "axe", name, rules=COLOURS, **dark) for name in (own if runs_all() else VARIED)]
    jobs += [job(pages, "axe", name, **NARROW) for name in (own if runs_all() else VARIED[:1])]
    jobs += [job(pages, "links", name, **WIDE) for name in (own if runs_all() else {*PARTS, REAL})]
    jobs += [job(pages, "links", name, **dark) for name in (own if runs_all() else VARIED[:1])]
    for look in (WIDE, dark):
        jobs += [job(pages, "deep", REAL, f"#{anchor}", **look) for anchor in draw_anchors(pages[REAL])]
    jobs += [job(pages, "run", "compared", script=read("filter.js"), **WIDE)]
    jobs += [job(pages, "run", "hostile", script=read("table.js"), **WIDE)]
    jobs += [job(pages, "run", THOUSAND, script=read("fleet.js"), **look) for look in (WIDE, NARROW)]
    jobs += [job(pages, "print", name, anchor) for name in (LARGE, "settling") for anchor in ("", "#everything")]
    return [*jobs, *(job(pages, what, BROKEN_PAGE, **WIDE) for what in ("axe", "links"))]


def draw_anchors(page: Path) -> list[str]:
    """One id of each kind that other pages and files lead to, from the end of the page where the most can be amiss."""
    found = re.findall(
        r' id="((?:finding|control|change|framework|C|H|M|L)-[^"]+|refused|run)"', page.read_text("utf-8")
    )
    return list({anchor.partition("-")[0]: anchor for anchor in found}.values())


Looked = list[tuple[Job, t.Any]]


@pytest.fixture(scope="module")
def looked(browser: Browser, pages: Pages) -> tuple[Looked, list[str]]:
    """Every job with its result, and the problems of the pages."""
    jobs = list_jobs(pages)
    found, problems = browser.inspect(jobs)
    return list(zip(jobs, found, strict=True)), problems


def results(looked: tuple[Looked, list[str]], what: str, *names: str) -> Looked:
    found = [(done, result) for done, result in looked[0] if done["do"] == what]
    return [
        (done, result) for done, result in found if (done["name"] in names if names else done["name"] != BROKEN_PAGE)
    ]


def describe(done: Job) -> str:
    return f"{done['name']}, {done['width']} wide, {done.get('theme', 'light')}"


def test_the_checks_find_what_they_are_for(looked: tuple[Looked, list[str]]) -> None:
    ((_job, violations),) = results(looked, "axe", BROKEN_PAGE)
    assert "color-contrast" in {found["rule"] for found in violations}
    ((_job, followed),) = results(looked, "links", BROKEN_PAGE)
    assert [text.partition(":")[0] for text in followed["missed"]] == ["#gone", "#end", "#shut"]


def test_no_page_has_an_accessibility_violation(
    looked: tuple[Looked, list[str]], record_property: t.Callable[[str, object], None]
) -> None:
    found = results(looked, "axe")
    assert {done["name"] for done, _violations in found} >= set(PARTS)
    assert {describe(done): violations for done, violations in found if violations} == {}
    if not runs_all():
        record_property("environment", "NOT REPEATED axe on each page in both themes and widths: make test-all does")


def test_every_link_within_a_page_leads_to_what_the_reader_sees(looked: tuple[Looked, list[str]]) -> None:
    found = results(looked, "links")
    assert max(result["followed"] for _job, result in found) > 150
    assert {describe(done): result["missed"] for done, result in found if result["missed"]} == {}


def test_links_from_elsewhere_open_what_is_folded(looked: tuple[Looked, list[str]]) -> None:
    found = results(looked, "deep")
    assert len(found) >= 12
    assert {done["url"].partition("#")[2]: problem for done, problem in found if problem} == {}


def test_the_links_of_a_run_lead_into_the_pages_of_its_accounts(pages: Pages) -> None:
    """They need no browser: it shows that a page has the id, and that ids of a page lead to it is shown above."""
    links = set(re.findall(r'href="([^"#]+)(?:#([^"]*))?"', pages["fleet"].read_text(encoding="utf-8")))
    texts = {address: (pages["fleet"].parent / address).read_text(encoding="utf-8") for address, _anchor in links}
    assert len(texts) == 3
    assert {anchor for _address, anchor in links} >= {"", "refused", "changes-applied", "not-assessed"}
    assert [link for link in links if link[1] and f'id="{link[1]}"' not in texts[link[0]]] == []


def test_no_page_asks_for_anything_or_fails_in_its_script(looked: tuple[Looked, list[str]]) -> None:
    assert looked[1] == []


def test_every_count_follows_the_filter_and_a_link_clears_it(looked: tuple[Looked, list[str]]) -> None:
    ((_job, state),) = [found for found in results(looked, "run", "compared") if "searched" in found[1]]
    assert state["all"] == {
        "output": "16 findings",
        "navigation": "16",
        "headings": ["2", "10", "3", "1"],
        "shown": [],
        "rows": 16,
    }
    assert state["high"] == {
        "output": "10 of 16 findings",
        "navigation": "10 of 16",
        "headings": ["10"],
        "shown": [],
        "rows": 10,
    }
    assert state["searched"] == {
        "output": "2 of 16 findings",
        "navigation": "2 of 16",
        "headings": ["2 of 10"],
        "shown": ["2 of 7 shown"],
        "rows": 2,
    }
    assert state["led"] == state["all"]
    # A filter is not seen on paper, so it must hide no finding there.
    assert state["printed"] == state["all"]


def test_an_account_among_a_thousand_is_found(looked: tuple[Looked, list[str]]) -> None:
    found = results(looked, "run", THOUSAND)
    assert len(found) == 2
    for _job, state in found:
        assert state["all"] == state["again"] == {"output": "977 accounts", "rows": 977}
        assert state["searched"] == {"output": "1 of 977 accounts", "rows": 1, "first": True}
        assert (state["units"], state["sorted"], state["open"], state["overflows"]) == (40, 977, 0, False)


def test_the_table_sorts_and_copies_what_it_shows(looked: tuple[Looked, list[str]]) -> None:
    ((_job, table),) = [found for found in results(looked, "run", "hostile") if "sorted" in found[1]]
    found = table["sorted"]
    ranks = ("critical", "high", "medium", "low")
    assert found["severity"] == sorted(found["severity"], key=ranks.index)
    assert found["reversed"] == found["severity"][::-1]
    assert list(dict.fromkeys(found["status"])) == ["fail", "waived", "not assessed", "pass", "not applicable"]
    assert found["control"] == sorted(found["control"])
    assert table["direction"] == "ascending"
    whole, passing = ([*csv.reader(io.StringIO(table[name]))] for name in ("whole", "passing"))
    assert whole[0] == passing[0] == ["Status", "Severity", "Control", "Resource", "Region", "Service"]
    assert len(whole) == 1 + len(found["status"])
    assert {row[0] for row in passing[1:]} == {"pass"}
    assert table["output"] == f"Copied {len(passing) - 1} rows as CSV"
    # Without a clipboard a selection is copied, of a field in which lines end in one character.
    assert table["selected"] == table["passing"].replace("\r\n", "\n")


def test_no_cell_that_is_copied_is_a_formula_or_turns_text_around(looked: tuple[Looked, list[str]]) -> None:
    ((_job, table),) = [found for found in results(looked, "run", "hostile") if "sorted" in found[1]]
    cells = [cell for row in csv.reader(io.StringIO(table["whole"])) for cell in row]
    assert any("=cmd|" in cell for cell in cells), "a sample that holds a formula"
    shown = [row[4] for row in csv.reader(io.StringIO(table["whole"]))][1 : 1 + len(table["formulas"])]
    assert shown == ["'=1+1", "'+1", "'-1", "'@SUM(1)", "'=1", "'=1", "a;'=1", "1-1"]
    assert [cell for cell in cells if re.match(r"\s*[=+\-@]", cell) or re.search(r"[;|\t\r\n]\s*[=+@]", cell)] == []
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", table["whole"])


def test_print_is_a_summary_of_two_pages_unless_everything_is_asked_for(looked: tuple[Looked, list[str]]) -> None:
    found = {done["url"].rpartition("/")[2]: count for done, count in results(looked, "print")}
    assert max(found["large.html"], found["settling.html"]) <= 2
    assert 2 < found["large.html#everything"] < 40
