# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``fleet.html``: the run over all accounts on one page, leading to the report of each."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...module_utils._converge.finding import Severity
from . import page
from .findings import View
from .fleet_text import TITLE
from .page import Section
from .text import name_mode

_SEVERITIES: t.Final = tuple(severity.value for severity in Severity)
# Columns of the table of accounts, by the member of the document that each shows.
_COUNTED: t.Final = {
    "new": "New",
    "newly_assessed": "Newly assessed",
    "resolved": "Resolved",
    "not_assessed": "Not assessed",
    "changes_applied": "Applied",
    "changes_planned": "Planned",
    "changes_reported": "Reported",
    "refused": "Refused",
}


def render(fleet: Mapping[str, t.Any], *, title: str = TITLE, linked: bool = True) -> str:
    """The report of a run as an HTML page.

    :arg linked: the accounts' own HTML reports stand beside this page.
    """
    return page.render(
        "fleet.html.j2",
        title=f"{title}: run {fleet['run']['id']}",
        subtitle=title,
        sections=_list_sections(fleet),
        footer=f"Run {fleet['run']['id']}. Times are in UTC.",
        fleet=fleet,
        modes=", ".join(map(name_mode, fleet["run"]["modes"])),
        linked=linked,
    )


def _list_sections(fleet: Mapping[str, t.Any]) -> list[Section]:
    accounts, new = fleet["accounts"], fleet["new_criticals"]
    sections = [Section("accounts", "Accounts", "fleet/accounts.html.j2", _view_accounts(fleet), len(accounts))]
    if new:
        view = {"accounts": {account["account_id"]: account for account in accounts}}
        sections.append(Section("new", "New critical findings", "fleet/new.html.j2", view, len(new)))
    names = {account["account_id"]: account["account_alias"] or account["account_id"] for account in accounts}
    sections.append(Section("controls", "What fails most", "fleet/controls.html.j2", {"names": names}))
    absent = len(fleet["failed"]) + len(fleet["missing"])
    if absent:
        sections.insert(0, Section("absent", "Failed and missing", "fleet/absent.html.j2", count=absent))
    return sections


def _view_accounts(fleet: Mapping[str, t.Any]) -> View:
    severities = (name.capitalize() for name in _SEVERITIES)
    return {
        "accounts": sorted(fleet["accounts"], key=_rank_worst_first),
        "columns": ("Account", "Score", *severities, *_COUNTED.values()),
        "counted": tuple(_COUNTED),
    }


def _rank_worst_first(account: Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    return (*(-account["summary"][name] for name in _SEVERITIES), account["account_id"])
