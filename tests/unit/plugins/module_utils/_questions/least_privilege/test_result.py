# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The size of results."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._questions.least_privilege import result, run

from ..._policy.least_privilege.samples import ROLE

PROJECT: t.Final = Path(__file__).parents[6]
MODULE: t.Final = "hardening.iam.least_privilege_info"


def item(**fields: t.Any) -> dict[str, t.Any]:
    services = [f"service{number}" for number in range(400)]
    proof = {"probes": [{"actions": [f"iam:Action{number}" for number in range(5000)], "path": None}]}
    return {
        "principal": ROLE,
        "kept": [{"action": "service7:Read"}],
        "removed": [],
        "unknown": [{"action": "service9:Read"}],
        "ungranted": [],
        "generalised": [{"pattern": "*", "seen": ["arn:aws:s3:::bucket/key"] * 1000}] * 30,
        "losses": ["It can no longer use it."] * 400,
        "coverage": {
            "services": {"complete": [], "partial": services, "blind": []},
            "reasons": {name: ["calls on data: the trail does not record all of them"] for name in services},
            "gaps": [{"since": "x", "until": "y"}] * 90,
        },
        "proofs": [proof],
        **fields,
    }


@pytest.mark.parametrize(("lists", "most"), [("none", 3_000), ("short", 600_000)])
def test_a_result_stays_small(lists: str, most: int) -> None:
    assert len(json.dumps(result._shorten(item(), {}, lists))) < most


def test_a_short_result_has_the_coverage_of_the_services_that_count() -> None:
    short = result._shorten(item(), {}, "short")["coverage"]
    assert short["services"] == {"complete": [], "partial": ["service7", "service9"], "blind": []}
    assert sorted(short["reasons"]) == ["service7", "service9"]
    assert result._shorten(item(), {}, "all")["coverage"] == item()["coverage"]


def test_the_playbook_passes_every_option_on() -> None:
    """An option without a variable can't be set by users of the playbook."""
    plays = yaml.safe_load((PROJECT / "playbooks" / "least_privilege.yml").read_text(encoding="utf-8"))
    tasks = [task for play in plays for block in play.get("tasks", ()) for task in block["block"]]
    (given,) = (task[MODULE] for task in tasks if MODULE in task)
    # Work without AWS has no account to loop over.
    assert set(run.ARGUMENTS) - set(given) == {"layers", "offline", "old_policies"}
