# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.plugin_utils._render.changes import list_changes
from ansible_collections.hardening.iam.plugins.plugin_utils._render.remedies import Remedies
from ansible_collections.hardening.iam.plugins.plugin_utils._render.summary import view_summary

from ...module_utils._report import samples

Report = dict[str, t.Any]


def states_of(control: str, **more: t.Any) -> list[tuple[str, int]]:
    """The changes that the summary counts for the findings of a control."""
    report: Report = {**samples.complete_report(), **more}
    groups = view_summary(report, Remedies(report, list_changes(report)), ())["groups"]
    (found,) = [shown["states"] for shown in groups if shown["group"].controls == (control,)]
    return list(found)


def test_a_change_counts_once_however_many_findings_it_remedies() -> None:
    report = samples.complete_report()
    keys = [item["fingerprint"] for item in report["findings"] if item["control"] == "access_key_age"]
    change = {**report["changes"][0], "state": "planned", "remedies": keys}
    assert len(keys) > 2
    assert states_of("access_key_age", changes=[change], refused=[]) == [("planned", 1)]
    changes = [change, {**change, "state": "reported"}, {**change, "state": "reported"}]
    assert states_of("access_key_age", changes=changes, refused=[]) == [("planned", 1), ("reported", 2)]
