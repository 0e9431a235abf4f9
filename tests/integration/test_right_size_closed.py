# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The late stages of least_privilege: a new role that is open, an old one that is closed, and who changes them then."""

from __future__ import annotations

import copy
import functools
import json
import typing as t
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from emulator.client import EmulatorProcess

from .conftest import MANAGEMENT, Record, fresh
from .right_sizing import ADMIN, CANARY, CLOSED, PEOPLE, UNUSED, WATCH, SmallBench, accept, rules, states

MALLORY: t.Final = "arn:aws:iam::666677778888:root"
NEW: t.Final = f"arn:aws:iam::{MANAGEMENT}:role/app-lp"
At = Callable[[str], SmallBench]


@pytest.fixture(scope="module")
def reached(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, t.Any]]:
    """The account after the stages canary and watch, and once the old role is closed."""
    control = fresh(emulator)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        bench = SmallBench(control, tmp_path_factory.mktemp("size"))
        bench.make_base()
        # The bucket that it reads is in no account that can be read.
        bench.options["accept_namers"] = accept("app", namer=MANAGEMENT)
        for stage in ("assess", "generate", "prepare", "canary"):
            bench.run(stage)
        kept: dict[str, t.Any] = {"bench": bench, "opened": bench.keep()}
        moved = ["app-lp", "job"]
        bench.wait(CANARY + 1, users=moved)
        bench.approve("cut_over")
        bench.wait(max(WATCH, UNUSED) + 1, users=moved)
        bench.run("watch")
        kept["watched"] = bench.keep()
        bench.run("retire")
        kept["closed"] = bench.keep()
        yield kept


@pytest.fixture
def at(reached: dict[str, t.Any]) -> At:
    """Bring the account to one of these moments."""

    def bring(name: str) -> SmallBench:
        bench: SmallBench = reached["bench"]
        bench.back_to(reached[name])
        return bench

    return bring


def read_trust(bench: SmallBench, role: str) -> Record:
    return t.cast(Record, bench.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])


def let_in(bench: SmallBench, role: str, principal: str) -> None:
    """Let somebody assume a role besides, as one can who may edit its trust policy."""
    document = copy.deepcopy(read_trust(bench, role))
    document["Statement"].append({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})
    bench.iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))


def find(result: Record, control: str) -> list[str]:
    return [item["detail"] for item in result["findings"] if item["control"] == control and item["status"] == "FAIL"]


@pytest.mark.parametrize(
    ("name", "stage", "days"),
    [("opened", "cut_over", CANARY + 1), ("watched", "retire", 0), ("closed", "retire", CLOSED + 1)],
)
def test_a_new_role_that_somebody_opened_for_others_is_refused(at: At, name: str, stage: str, days: int) -> None:
    bench = at(name)
    let_in(bench, "app-lp", MALLORY)
    bench.wait(days, users=["app-lp", "job"])
    result = bench.run(stage, check=True)
    assert rules(result)["app"] in ("trust_changed", "canary_failed")
    assert f"{NEW} lets in account 666677778888, and the old role does not" in json.dumps(result["refused"])
    assert find(result, "new_role_trust_widened") == ["it lets in account 666677778888, and the old role does not"]
    if name == "opened":
        assert states(bench.run("canary"))["app"] == "soaking"
        assert read_trust(bench, "app-lp") == PEOPLE
    if name == "closed":
        bench.iam.update_assume_role_policy(RoleName="app-lp", PolicyDocument=json.dumps(PEOPLE))
        assert bench.run(stage)["refused"] == []
        assert bench.attached("app") == []


def test_a_closed_role_whose_journal_is_lost_keeps_its_policies(at: At) -> None:
    """Nobody knows any more whom the old role let in."""
    bench = at("closed")
    for path in (bench.journal / MANAGEMENT).rglob("*"):
        if path.is_file() and "UpdateAssumeRolePolicy" in path.read_text(encoding="utf-8"):
            path.unlink()
    bench.wait(CLOSED + 1, users=["app-lp", "job"])
    assert rules(bench.run("retire"))["app"] == "trust_changed"
    assert bench.attached("app") == [ADMIN]


def test_a_closed_role_stays_closed_if_other_break_glass_is_declared(at: At) -> None:
    """Only break-glass of then may assume it. Somebody else is still somebody else."""
    bench = at("closed")
    document = json.dumps(read_trust(bench, "break-glass"))
    bench.iam.create_role(RoleName="newer-glass", AssumeRolePolicyDocument=document)
    bench.iam.attach_role_policy(RoleName="newer-glass", PolicyArn=ADMIN)
    newer = [f"arn:aws:iam::{MANAGEMENT}:role/newer-glass"]
    bench.wait(CLOSED + 1, users=["app-lp", "job"])
    assert states(bench.run(None, break_glass=newer))["app"] == "closed"
    assert bench.run("retire", check=True, break_glass=newer)["refused"] == []
    closed = copy.deepcopy(read_trust(bench, "app"))
    closed["Statement"][0]["Condition"]["ArnEquals"]["aws:PrincipalArn"] = f"arn:aws:iam::{MANAGEMENT}:role/job"
    bench.iam.update_assume_role_policy(RoleName="app", PolicyDocument=json.dumps(closed))
    assert rules(bench.run("retire", break_glass=newer))["app"] == "reopened"


def test_a_run_that_was_killed_once_the_old_role_was_closed_goes_on(at: At) -> None:
    bench = at("watched")
    bench.killed(functools.partial(bench.run, "retire"), write=1, after=True)
    result = bench.run("retire")
    assert (rules(result), states(result)["app"]) == ({}, "closed")
    assert states(bench.run(None))["app"] == "closed"


def test_a_run_that_was_killed_once_the_old_role_was_closed_is_reverted(at: At) -> None:
    bench = at("watched")
    bench.killed(functools.partial(bench.run, "retire"), write=1, after=True)
    bench.wait(2)
    bench.approve("revert", revert=["*"])
    assert read_trust(bench, "app") == PEOPLE
