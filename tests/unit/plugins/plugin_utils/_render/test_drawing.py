# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._report.paths import paths
from ansible_collections.hardening.iam.plugins.plugin_utils._render.account_html import render
from ansible_collections.hardening.iam.plugins.plugin_utils._render.drawing import view_paths
from ansible_collections.hardening.iam.plugins.plugin_utils._render.page import ENVIRONMENT

from ...module_utils._report import samples
from .parsed import Reader


def section(*findings: samples.Finding) -> str:
    view = view_paths(paths(samples.assessment(list(findings))))
    return ENVIRONMENT.get_template("account/paths.html.j2").render(view=view)


def drawings(content: str) -> list[str]:
    """The drawings, which end where the lists begin."""
    return re.findall(r'<div class="tree.*?(?=<details>)', content, re.DOTALL)


def words(content: str) -> str:
    return Reader(re.sub(r"</?(b|small|code|p|li|ol|div|span|h3)\b[^>]*>", "\n", content)).text


def boxes(content: str) -> list[list[str]]:
    """What stands in each box, from left to right and from top to bottom."""
    found = re.findall(r'<div class="box.*?</div>', content, re.DOTALL)
    return [re.sub(r"\s*\n\s*", "\n", words(box)).strip().split("\n") for box in found]


@pytest.fixture(scope="module")
def page() -> str:
    return render(samples.assessment(samples.escalations()))


def test_a_path_is_drawn_from_the_principal_to_the_administrator() -> None:
    (drawing,) = drawings(section(samples.path("user/dev-alice key user/ci-deployer assume role/prod-admin")))
    assert boxes(drawing) == [["user", "dev-alice"], ["user", "ci-deployer"], ["role, administrator", "prod-admin"]]
    assert re.findall("<code>(.*?)</code>", drawing) == [
        "iam:<wbr>Create<wbr>Access<wbr>Key",
        "sts:<wbr>Assume<wbr>Role",
    ]
    assert 'title="arn:aws:iam::222233334444:user/dev-alice"' in drawing


def test_steps_that_many_share_are_drawn_once() -> None:
    tail = "key user/ci-deployer assume role/prod-admin"
    findings = [
        samples.path(f"user/dev-alice assume role/release-manager {tail}"),
        samples.path(f"user/dev-bob function role/key-rotation {tail}"),
        samples.path(f"user/dev-erin function role/key-rotation {tail}"),
        samples.path(f"role/key-rotation {tail}"),
        samples.path("user/ci-deployer assume role/prod-admin"),
    ]
    content = section(*findings)
    (drawing,) = drawings(content)
    assert boxes(drawing) == [
        ["2 users", "dev-bob", "dev-erin"],
        ["role", "key-rotation"],
        ["user", "dev-alice"],
        ["role", "release-manager"],
        ["user", "ci-deployer"],
        ["role, administrator", "prod-admin"],
    ]
    assert "5 principals can become prod-admin" in Reader(content).text


def test_principals_that_raise_themselves_are_drawn_to_an_administrator() -> None:
    content = section(samples.path("role/one version itself"), samples.path("role/two version itself"))
    (drawing,) = drawings(content)
    assert boxes(drawing) == [["2 roles", "one", "two"], ["by itself", "administrator"]]
    assert "2 roles can become an administrator" in Reader(content).text
    assert "one can become an administrator" in Reader(section(samples.path("role/one version itself"))).text


def test_somebody_who_is_made_for_it_is_drawn_as_new() -> None:
    content = section(samples.path("user/a make user/escalation"))
    assert boxes(drawings(content)[0]) == [["user", "a"], ["a new user", "administrator"]]
    assert "a can become an administrator as a new user" in Reader(content).text


def test_a_step_on_a_condition_is_dashed_and_says_so() -> None:
    content = section(samples.path("user/ops-frank assume role/oncall", conditions={0: samples.MFA}))
    assert content.count('class="branch if"') == 1
    assert "if aws:MultiFactorAuthPresent" in words(drawings(content)[0])
    assert "provided: aws:MultiFactorAuthPresent" in words(content.partition("<details>")[2])
    assert "branch if" not in section(samples.path("user/ops-frank assume role/oncall"))


def test_the_list_says_all_that_the_drawing_shows(page: str) -> None:
    for figure in re.findall("<figure.*?</figure>", page, re.DOTALL):
        (drawing,) = drawings(figure)
        listed = figure.partition("<details>")[2]
        titles = set(re.findall('title="(arn:[^"]*)"', drawing))
        assert titles <= set(re.findall('title="(arn:[^"]*)"', listed))
        for action in re.findall("<code>(.*?)</code>", drawing):
            assert action.replace("<wbr>", "") in listed


def test_screen_readers_get_the_list_and_not_the_drawing(page: str) -> None:
    assert all('aria-hidden="true"' in drawing.partition(">")[0] for drawing in drawings(page))
    assert not any("<a " in drawing for drawing in drawings(page))
    assert page.count('<ol class="ways">') == page.count("<figure")
    assert "<script" not in page.partition('<section id="paths">')[2].partition("</section>")[0]


def test_every_principal_leads_to_its_finding(page: str) -> None:
    listed = page.partition('<section id="paths">')[2].partition("</section>")[0]
    targets = re.findall(r'href="#(finding-[0-9a-f]+)"', listed)
    assert len(targets) == len(set(targets)) == len(samples.escalations())
    assert all(f'id="{target}"' in page for target in targets)


def test_the_finding_shows_its_path_and_leads_to_the_drawings(page: str) -> None:
    evidence = page.partition('<section id="findings">')[2].partition("</section>")[0]
    assert '<dt>Path</dt><dd><ol class="steps"><li><code>' in evidence
    assert evidence.count('href="#paths"') == len(samples.escalations())
    assert "&#34;conditional&#34;" not in evidence


def test_a_waived_path_is_shown_but_not_drawn() -> None:
    content = render(samples.assessment([samples.path("user/a assume role/x", status=Status.WAIVED)]))
    assert '<ol class="steps">' in content
    assert "#paths" not in content
    assert 'id="paths"' not in content


def test_steps_that_several_paths_take_are_named_first(page: str) -> None:
    table = page.partition("Steps that several paths share")[2].partition("</table>")[0]
    rows = [" ".join(words(row).split()) for row in re.findall("<tr>(.*?)</tr>", table)[1:]]
    assert rows == [
        "ci-deployer → prod-admin sts:AssumeRole 6 of 26",
        "key-rotation → ci-deployer iam:CreateAccessKey 3 of 26",
        "ci-deploy → itself iam:CreatePolicyVersion 2 of 26",
        "release-manager → ci-deployer iam:CreateAccessKey 2 of 26",
    ]
    assert "share" not in section(samples.path("user/a assume role/x"))


@pytest.mark.parametrize(
    ("route", "is_wide"),
    [
        ("user/a assume role/b key user/c assume role/d", True),
        ("user/a assume role/b key user/c assume role/d assume role/e", False),
    ],
    ids=["three steps", "four steps"],
)
def test_a_deep_tree_is_drawn_upright_on_every_screen(route: str, is_wide: bool) -> None:
    assert ('class="tree wide"' in section(samples.path(route))) == is_wide


def test_a_thousand_paths_make_a_page_that_can_be_used() -> None:
    page = render(samples.thousand_paths())
    # Of which 300 bytes are the row of each finding in the table of all results.
    assert len(page) < 2_800_000
    found = drawings(page)
    assert len(found) == 12
    assert max(drawing.count('<div class="branch"') for drawing in found) <= 50
    # What is not drawn is counted, and listed.
    shown = Reader(found[0]).text
    assert "more in the list" in shown
    listed = page.partition('<section id="paths">')[2].partition("</section>")[0]
    assert len(set(re.findall(r'href="#(finding-[0-9a-f]+)"', listed))) == 1000
    assert "291 roles more, step by step" in Reader(listed).text


def test_policies_that_were_not_read_are_told() -> None:
    error = {"dataset": "organization_policies", "region": None, "operation": "x", "reason": "AccessDenied"}
    said = "Policies of the organization could not be read: they may close some of these paths."
    assert said in Reader(render(samples.assessment(samples.escalations(), errors=[error]))).text
    assert said not in Reader(render(samples.assessment(samples.escalations()))).text


def test_what_is_hidden_is_counted() -> None:
    content = section(*(samples.path(f"user/u{n} assume role/r{n} assume role/admin") for n in range(10)))
    (drawing,) = drawings(content)
    assert ["4 more in the list"] in boxes(drawing)
    many = section(*(samples.path(f"user/u{n} assume role/admin") for n in range(10)))
    assert "and 4 more" in Reader(drawings(many)[0]).text


def test_hostile_names_stay_text() -> None:
    content = section(samples.path("user/a assume role/<img/src=x/onerror=alert(1)>"))
    assert [tag for tag, _attributes in Reader(content).tags if tag == "img"] == []
