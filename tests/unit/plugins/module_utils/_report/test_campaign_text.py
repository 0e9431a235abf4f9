# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The form of a campaign in a part of a report, and its text."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    DeniedBy,
    Stage,
    Way,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.steps import ORDER
from ansible_collections.hardening.iam.plugins.module_utils._report.campaign_text import (
    DENIED_BY,
    REVERT,
    STAGES,
    STATES,
    WAYS,
    brief,
    is_campaign,
    name_page,
)
from ansible_collections.hardening.iam.plugins.module_utils._report.plain import printable

from . import sized

EVIL: t.Final = ({}, [], [{}], 1, -1, "x", "../x", True, None, float("nan"), float("inf"), 10**400)


def test_the_words_are_those_of_the_module() -> None:
    assert tuple(stage.value for stage in ORDER) == STAGES
    assert Stage.REVERT.value == REVERT
    assert set(WAYS) == {way.value for way in Way}
    assert set(STATES) == {state.value for state in State}
    assert set(DENIED_BY) == {by.value for by in DeniedBy}


def test_a_campaign_of_the_module() -> None:
    assert is_campaign(sized.make_campaign())
    assert is_campaign(sized.campaign())
    assert is_campaign(sized.campaign(sized.role(granted={}), stage=None))


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", "a\\b", ".x", "a b", "a\n", "x" * 65, "%2e%2e", "ä", None, 1]
)
def test_a_name_that_is_no_part_of_a_file_name(name: object) -> None:
    assert not is_campaign(sized.campaign(campaign=name))


def find_places(value: t.Any, path: tuple[t.Union[str, int], ...] = ()) -> list[tuple[t.Union[str, int], ...]]:
    """The place of each member of a document, however deep. The proposal of a denial is shown as it is."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if not path else [path]
    return found + [
        place for name, member in items if name != "proposal" for place in find_places(member, (*path, name))
    ]


def change(value: t.Any, path: tuple[t.Union[str, int], ...], put: Callable[[t.Any, t.Any], None]) -> t.Any:
    changed = copy.deepcopy(value)
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    put(holder, path[-1])
    return changed


def test_each_member_is_checked() -> None:
    """Each member refuses most values that are not of its kind, at any depth."""
    whole = sized.campaign(sized.role(patch={"language": "Terraform", "text": "x", "to": "y"}))
    places = find_places(whole)
    assert len(places) > 120
    refused = {
        path: sum(
            not is_campaign(change(whole, path, lambda holder, name, evil=evil: holder.__setitem__(name, evil)))
            for evil in EVIL
        )
        for path in places
    }
    # A text that may be none, and an empty list of anything, are taken.
    assert {path: count for path, count in refused.items() if count < 7} == {}


@pytest.mark.parametrize("member", sorted(sized.role()))
def test_a_member_that_is_missing(member: str) -> None:
    bad = sized.campaign({name: value for name, value in sized.role().items() if name != member})
    assert not is_campaign(bad)


def test_the_page_is_in_the_folder_of_the_account() -> None:
    assert name_page("developers") == "campaign-developers.html"


def test_the_text_names_the_roles_by_state_and_each_reason_once() -> None:
    text = "\n".join(brief(sized.make_campaign(), printable))
    assert text == (
        "  - developers, stage cut_over: 7 roles\n"
        "      1 refused: dev-data-etl\n"
        "      2 waiting: dev-platform-pipeline, dev-new\n"
        "      1 soaking: dev-shop\n"
        "      1 closed: dev-shop-web\n"
        "      1 retired: dev-shop-api\n"
        "      1 reverted: dev-back\n"
        "      dev-data-etl: machines use the role (i-0123456789abcdef0), and a trial denies for real\n"
        "      dev-platform-pipeline: let the owner apply the patch"
    )
