# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenth of the accounts of the case tables, as saved snapshots: the report says what their sources ask for."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from unit.plugins.module_utils._controls.case_tables import all_cases
from unit.plugins.module_utils._controls.cases.case import Case
from unit.plugins.module_utils._controls.samples import NOW

from ansible_collections.hardening.iam.plugins.module_utils._account.codec import to_json
from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.assessment_info import ENTRY

DEFAULTS: t.Final[dict[str, t.Any]] = {name: spec.get("default") for name, spec in ENTRY.argument_spec().items()}
OF_ORGANIZATION: t.Final = {control.id for control in all_controls() if control.of_organization}
EVERY: t.Final = 10


@pytest.mark.parametrize("case", all_cases()[::EVERY], ids=lambda case: f"{case.control}-{case.expected}-{case.name}")
def test_the_report_has_the_verdict(case: Case, tmp_path: Path) -> None:
    saved = tmp_path / "snapshot.json"
    saved.write_text(to_json(case.build()), encoding="utf-8")
    options = {
        "offline": True,
        "snapshot_path": str(saved),
        "report_dir": str(tmp_path / "reports"),
        "now": format_utc(NOW),
        "scope": "organization" if case.control in OF_ORGANIZATION else "account",
        "include": [case.control],
        "thresholds": dict(case.thresholds),
    }
    result = execute(ENTRY, options={**DEFAULTS, **options}, check_mode=True)
    report = json.loads(Path(result["report"]).read_text(encoding="utf-8"))
    found = {finding["status"] for finding in report["findings"] if finding["control"] == case.control}
    assert next(status for status in ("FAIL", "NOT_ASSESSED", "PASS", "NOT_APPLICABLE") if status in found) == (
        case.expected
    ), case.source
