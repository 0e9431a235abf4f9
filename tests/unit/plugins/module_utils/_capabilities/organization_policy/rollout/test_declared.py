# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.declared import (
    Declared,
    OnFailure,
    targets_of,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError


def stage(name: str = "canary", **fields: t.Any) -> dict[str, t.Any]:
    return {"name": name, "targets": [{"ou": f"/{name}"}], "soak_hours": 24.0, **fields}


def test_what_is_declared() -> None:
    declared = Declared.from_options(
        {
            "stages": [stage(), stage("prod", soak_hours=1.5)],
            "on_gate_failure": "withdraw",
            "stage_approved": " canary ",
            "look_back_days": 7,
        }
    )
    assert declared.names == ("canary", "prod")
    assert declared.on_failure is OnFailure.WITHDRAW
    assert declared.approved == "canary"
    assert declared.look_back_days == 7
    assert declared.stages[1].soak == timedelta(hours=1, minutes=30)


def test_what_is_not_said() -> None:
    declared = Declared.from_options({"stages": [{"name": "one", "targets": [{"root": True}]}], "stage_approved": ""})
    assert declared.stages[0].soak == timedelta(hours=24)
    assert (declared.on_failure, declared.approved, declared.look_back_days) == (OnFailure.HOLD, None, 30)


def test_the_stages_in_their_order() -> None:
    declared = Declared.from_options({"stages": [stage("a"), stage("b"), stage("c")]})
    assert targets_of(declared.up_to("b")) == ({"ou": "/a"}, {"ou": "/b"})
    following = declared.after("b")
    assert following is not None and following.name == "c"
    assert declared.after("c") is None


def test_suboptions_that_are_not_given_are_no_part_of_a_target() -> None:
    target = {"ou": "/canary", "account": None, "tag": None}
    assert Declared.from_options({"stages": [stage(targets=[target])]}).stages[0].targets == ({"ou": "/canary"},)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": []}, "rollout.stages: it is empty"),
        ({"stages": [stage(), stage()]}, "two stages have the name 'canary'"),
        ({"stages": [stage(" ")]}, r"rollout.stages\[0\].name: it is empty"),
        ({"stages": [stage(targets=[])]}, r"stages\[0\].targets: stage 'canary' needs at least one target"),
        ({"stages": [stage(targets=[{"ou": None}])]}, "no empty one"),
        ({"stages": [stage(soak_hours=-1)]}, r"soak_hours: -1 is not a number from 0 to 2160"),
        ({"stages": [stage(soak_hours=float("nan"))]}, "soak_hours: nan is not a number"),
        ({"stages": [stage("a", targets=[{"ou": "/x"}]), stage("b", targets=[{"ou": "/x"}])]}, "both 'a' and 'b'"),
        ({"stages": [stage()], "stage_approved": "prod"}, "no stage 'prod'; declared are 'canary'"),
        ({"stages": [stage()], "look_back_days": 0}, "look_back_days: 0 is not a number from 1 to 90"),
    ],
)
def test_what_can_not_be_used(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Declared.from_options(options)
