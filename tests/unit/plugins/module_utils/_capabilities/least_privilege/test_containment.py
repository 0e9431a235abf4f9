# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps of roles that an incident contains."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.containment import (
    hold_contained,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Stage, Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.decision import (
    list_files,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.patches import Handout
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import Past
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import Situation
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State, Step
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.freeze import Freeze, Held

from ..._converge.fakes import ACCOUNT
from ..._converge.incident.recorded import INCIDENT, record

ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/app"
NEW: t.Final = f"{ROLE}-lp"
FROZEN: t.Final = Freeze(ACCOUNT, (Held("s3://journal", INCIDENT, record(), arns=frozenset({ROLE})),))


def step(event: t.Optional[Kind] = Kind.ASSESSED) -> Step:
    return Step(ROLE, State.DUE, "its use is recorded", event=event, next="generate")


@pytest.mark.parametrize("freeze", [Freeze(), Freeze(ACCOUNT)])
def test_without_an_incident_a_step_goes_on(freeze: Freeze) -> None:
    assert hold_contained(freeze, step(), (ROLE, NEW), is_on_trial=True) == step()


@pytest.mark.parametrize("roles", [(ROLE, NEW), (f"{ROLE}-old", ROLE.upper().replace("ARN:AWS:IAM", "arn:aws:iam"))])
def test_no_stage_is_taken_by_the_old_role_nor_by_the_new_one(roles: tuple[str, str]) -> None:
    roles = (roles[0], roles[1].replace(":ROLE/", ":role/"))
    held = hold_contained(FROZEN, step(), roles, is_on_trial=False)
    assert (held.state, held.event, held.rule, held.advances) == (State.REFUSED, None, "contained", False)
    assert held.refusal is not None and held.refusal.target == ROLE
    assert "by incident INC-7" in held.reason and held.reason.endswith(": no stage is taken")


@pytest.mark.parametrize(
    ("event", "ending"),
    [
        (Kind.REVERTED, "it is not reverted, and its trial boundary stays, whatever its deadline says"),
        (Kind.LIFTED, "no stage is taken, and its trial boundary stays, whatever its deadline says"),
    ],
)
def test_a_trial_stays(event: Kind, ending: str) -> None:
    assert hold_contained(FROZEN, step(event), (ROLE,), is_on_trial=True).reason.endswith(ending)


def test_its_owner_is_handed_out_nothing() -> None:
    waiting = dataclasses.replace(step(None), handout=Handout({"hcl": "resource"}), warnings=("it returns admin",))
    held = hold_contained(FROZEN, waiting, (ROLE,), is_on_trial=False)
    assert (held.handout, held.warnings) == (None, ())
    # The files of an earlier patch are emptied.
    situation = Situation(ROLE, Past(), target=Target("targets[0]", ("app",), Way.BY_OWNER))
    files = list_files(situation, held)
    assert files and not any(files.values())


def test_a_record_that_is_not_known_holds_every_role() -> None:
    unknown = Freeze(ACCOUNT, (Held("s3://journal", INCIDENT, problem="denied"),))
    assert hold_contained(unknown, step(), (ROLE,), is_on_trial=False).rule == "incident_unreadable"


def test_the_owner_of_a_contained_role_is_handed_out_nothing() -> None:
    back = Handout({"terraform": "resource x {}"}, "terraform", "acme/infra", returns_admin=True)
    waiting = dataclasses.replace(step(None), stage=Stage.REVERT, handout=back, warnings=("administrator again",))
    held = hold_contained(FROZEN, waiting, (ROLE,), is_on_trial=False)
    assert (held.rule, held.handout, held.warnings, held.next) == ("contained", None, (), "")
    assert held.reason.endswith(": it is not reverted")
