# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of an audit sheet, and its headline."""

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._report.audit.sheet import build

from .world import verified


def test_a_complete_run_fits() -> None:
    sheet = build(verified().sources)
    assert [
        (line["name"], line["doubts"], line["faults"]) for line in sheet["lines"] if line["state"] != "verified"
    ] == []
    assert sheet["headline"] == {
        "state": "verified",
        "text": "Nothing was found that does not fit. All 10 lines are verified.",
    }
    assert sheet["attention"] == []
