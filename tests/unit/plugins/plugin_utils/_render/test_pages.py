# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages as a parser sees them are those that are recorded in ``parsed_pages.json``.

Run this file as a program to record them anew: ``PYTHONPATH=tests:.cache/link python -m
unit.plugins.plugin_utils._render.test_pages``.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._render import (
    account_html,
    audit_html,
    campaign,
    fleet_html,
)

from .pages import CAMPAIGNS, FLEETS, REPORTS
from .parsed import digests
from .sheets import SHEETS

RECORDED: t.Final = Path(__file__).with_name("parsed_pages.json")


def page(name: str) -> str:
    if name in REPORTS:
        return account_html.render(REPORTS[name]())
    if name in SHEETS:
        return audit_html.render(SHEETS[name]())
    if name in CAMPAIGNS:
        report = CAMPAIGNS[name]()
        return campaign.render_page(report, report["campaigns"][0])
    make, linked = FLEETS[name]
    return fleet_html.render(make(), linked=linked)


@pytest.mark.parametrize("name", [*REPORTS, *CAMPAIGNS, *FLEETS, *SHEETS])
def test_page_is_parsed_as_recorded(name: str) -> None:
    assert digests(page(name)) == json.loads(RECORDED.read_text(encoding="utf-8"))[name]


def record() -> None:
    """Take the pages of today for the right ones."""
    found = {name: digests(page(name)) for name in (*REPORTS, *CAMPAIGNS, *FLEETS, *SHEETS)}
    RECORDED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
