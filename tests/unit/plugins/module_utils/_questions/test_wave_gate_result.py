# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the gate of a wave says when it opens, and in which role it looks at an account."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._questions import wave_gate

from ..organizing import role_arn
from .test_wave_gate import ACCOUNT, HOUR, NOW, ONLY_REPORTED, OTHER, REFUSED, REPORTED, Bench, History, judge_denials

UNREAD: t.Final = {"dataset": "authorization_details", "region": None, "operation": "iam:X", "reason": "denied"}


def troubled(directory: Path) -> Bench:
    """A wave with a failed account, and one that was not read whole and refused a change."""
    bench = Bench(directory)
    bench.failures[OTHER] = "denied"
    bench.report(ACCOUNT, refused=[REFUSED], errors=[UNREAD])
    return bench


@pytest.mark.parametrize("way", ["at once", "after a soak", "after denials"])
def test_a_gate_that_opens_names_the_accounts_that_failed_or_were_not_read(tmp_path: Path, way: str) -> None:
    bench = troubled(tmp_path)
    allowed = {"max_failures": 1, "max_unread": 1, "max_refusals": 1}
    if way == "at once":
        result = bench.judge(**allowed)
    elif way == "after a soak":
        bench.change(0)
        assert bench.judge(**allowed, soak_hours=1)["verdict"] == "waiting"
        bench.pass_hours(2)
        result = bench.judge(**allowed, soak_hours=1)
    else:
        bench.trail.success(ACCOUNT, NOW + HOUR)
        result = judge_denials(bench, **allowed)
    assert (result["verdict"], result["reasons"]) == ("passed", [])
    assert (result["failed_accounts"], result["unread_accounts"], result["refusals"]) == ([OTHER], [ACCOUNT], 1)
    assert result["new_denials"] == (0 if way == "after denials" else None)


@pytest.mark.parametrize("is_enforced", [True, False])
def test_the_cap_is_lifted_after_denials_too_but_only_by_a_wave_that_enforced(
    tmp_path: Path, is_enforced: bool
) -> None:
    bench = Bench(tmp_path)
    if not is_enforced:
        for account in (ACCOUNT, OTHER):
            bench.report(account, changes=[ONLY_REPORTED], modules=[REPORTED])
    bench.trail.success(ACCOUNT, NOW + HOUR)
    result = judge_denials(bench)
    assert (result["verdict"], result["lifts_cap"]) == ("passed", is_enforced)


@pytest.mark.parametrize("role", [role_arn(ACCOUNT), ""])
def test_an_account_is_looked_at_in_the_role_of_its_host_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    bench = Bench(tmp_path)
    opened: list[tuple[t.Any, dict[str, t.Any]]] = []

    def open_access(options: t.Any, **named: t.Any) -> History:
        opened.append((options, named))
        return History(ACCOUNT)

    monkeypatch.setattr(wave_gate, "Access", open_access)
    external = "of-acme" if role else ""
    options: dict[str, t.Any] = {
        "accounts": [{"account_id": ACCOUNT, "role_arn": role, "external_id": external}],
        "max_new_denials": 0,
        "assessor_role_arn": "arn:aws:iam::999988887777:role/assessor",
    }
    bench.judge(**options)
    bench.pass_hours(2)
    assert bench.judge(**options)["verdict"] == "closed"
    ((asked, named),) = opened
    assert (asked.assume_role_arn, asked.assume_role_external_id) == (role or None, external or None)
    assert asked.assessor_role_arn is None
    assert named == {"operations": wave_gate.OPERATIONS, "check_mode": True}
