# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Five intruders at work against contain.yml, none of which knows the collection, while AWS is late.

Each fights once, and two tests look at what became of it: its credentials, and the workloads beside it.
"""

from __future__ import annotations

import functools
import typing as t

import pytest
from intruders.administrators import AdministratorIntruder
from intruders.base import Intruder
from intruders.mint import MintIntruder
from intruders.run_roles import RoleIntruder
from intruders.services import ServiceIntruder
from intruders.undo import UndoIntruder
from scope import runs_all

from emulator.client import EmulatorProcess

from .conftest import MakeAnsible
from .intruding import Fight, fight, make_dormant, make_seed

#: What draws the delays of the control policies.
SEEDS: t.Final = (1, 2, 3) if runs_all() else (1,)
KINDS: t.Final[t.Mapping[str, t.Callable[[str], Intruder]]] = {
    "undo": UndoIntruder,
    "administrators": AdministratorIntruder,
    "mint": MintIntruder,
    "run_roles": RoleIntruder,
    "run_roles_hidden": functools.partial(RoleIntruder, hides=True),
    "services": ServiceIntruder,
}
#: What does not hold yet, by the intruder.
KNOWN: t.Final[t.Mapping[str, str]] = {
    "run_roles_hidden": "a trust policy of a role of the run that was set back leaves only events, which are late",
}

Get: t.TypeAlias = t.Callable[[str, int], Fight]


@pytest.fixture(scope="module")
def fights(emulator: EmulatorProcess, make_ansible: MakeAnsible) -> Get:
    """What became of an intruder, by its name and a seed."""

    @functools.cache
    def get(kind: str, seed: int) -> Fight:
        ansible = make_ansible(make_seed())
        with pytest.MonkeyPatch.context() as patch:
            for name, value in emulator.env().items():
                patch.setenv(name, value)
            make_dormant()
        return fight(ansible, KINDS[kind](ansible.control.url), seed=seed)

    return get


def list_kinds(known: t.Mapping[str, str]) -> list[t.Any]:
    """List the intruders, those that are known to win as expected failures."""
    expected = {
        kind: [pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True)] for kind, reason in known.items()
    }
    return [pytest.param(kind, marks=expected.get(kind, [])) for kind in KINDS]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", list_kinds(KNOWN))
def test_no_credential_works_or_the_run_names_it(fights: Get, kind: str, seed: int) -> None:
    found = fights(kind, seed)
    assert not found.unnamed, found.describe()
    if found.working:
        assert found.outcome.status == 2, found.describe()
        assert not found.headline.startswith("CONTAINED"), found.describe()
    else:
        assert found.outcome.status in (0, 2), found.describe()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_instances_and_the_pipeline_lose_no_call(fights: Get, kind: str, seed: int) -> None:
    found = fights(kind, seed)
    assert found.served > 40 and found.lost == [], found.describe()
