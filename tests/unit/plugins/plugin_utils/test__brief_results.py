# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results that Ansible keeps of each host until the run ends."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._brief_results import shorten

CONVERGED: t.Final[dict[str, t.Any]] = {
    "changed": True,
    "changes": [{"operation": "DeleteUser"}, {"operation": "DeleteRole"}],
    "refused": [],
    "costs": [{"unit": "hub"}],
    "diff": [{"before": "a", "after": "b"}],
    "mode": "enforce",
    "plan_sha256": "0" * 64,
    "warnings": ["careful"],
}


def brief(result: dict[str, t.Any], *, shows_diff: bool = False, shows_all: bool = False) -> dict[str, t.Any]:
    result = dict(result)
    shorten(result, shows_diff=shows_diff, shows_all=shows_all)
    return result


def test_lists_become_counts() -> None:
    assert brief(CONVERGED) == {
        "changed": True,
        "counts": {"changes": 2, "costs": 1},
        "mode": "enforce",
        "plan_sha256": "0" * 64,
        "warnings": ["careful"],
    }


def test_a_difference_stays_where_it_is_displayed() -> None:
    assert brief(CONVERGED, shows_diff=True)["diff"] == CONVERGED["diff"]


def test_a_failure_stays_whole() -> None:
    failure = {**CONVERGED, "failed": True, "msg": "no"}
    assert brief(failure) == failure


def test_of_an_assessment_stays_its_summary() -> None:
    assessment = {"changed": False, "counts": {"PASS": 3}, "score": {"percent": 50.0}, "unread": ["x"]}
    kept = {"changed": False, "account_id": "1", "summary": {"critical": 2}}
    assert brief({**assessment, **kept}) == kept


def test_of_the_preflight_stays_what_is_shown() -> None:
    missing, ready = {"capability": "a", "state": "MISSING"}, {"capability": "b", "state": "READY"}
    preflight = {"changed": False, "capabilities": [missing, ready]}
    assert brief(preflight)["capabilities"] == [missing]
    assert brief(preflight, shows_all=True) == preflight


def test_the_files_of_a_report_stay_for_the_run_alone() -> None:
    report = {"changed": False, "account_id": "1", "files": {"json": "x"}, "stats": {"hardening_run_id": "1"}}
    assert brief({**report, "scope": "account"}) == {"changed": False, "account_id": "1", "scope": "account"}
    assert brief({**report, "scope": "fleet"}) == {**report, "scope": "fleet"}


CHECKOUT: t.Final = Path(__file__).parents[4]
BRIEF: t.Final = sorted(
    {
        name
        for playbook in ("assess", "harden")
        for name in re.findall(r"name: hardening\.iam\.(\w+)", (CHECKOUT / f"playbooks/{playbook}.yml").read_text())
        if (CHECKOUT / f"roles/{name}/README.md").exists()
    }
)


@pytest.mark.parametrize("role", BRIEF)
def test_a_role_whose_result_is_brief_in_our_playbooks_says_so(role: str) -> None:
    page = (CHECKOUT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert f"`{role}_result`" not in page or "[brief](../../docs/variables.md#results-of-roles)" in page


def test_the_roles_of_our_playbooks_are_found() -> None:
    assert {"password_policy", "assessment"} <= set(BRIEF)
