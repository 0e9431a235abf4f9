# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.containment_drill.run import MODULE as DRILL
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.registry import BY_CLASS, CAPABILITIES
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import MODULES
from ansible_collections.hardening.iam.plugins.module_utils._module.registration import Registration
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer

each = pytest.mark.parametrize("one", BY_CLASS, ids=lambda one: one.module)


def test_every_folder_of_a_capability_is_listed(checkout: Path) -> None:
    """A capability that is missing here would be neither taken back nor looked at by the preflight.

    Those of an incident are missing: no rollback and no scheduled job may take a containment back. A drill deletes what
    it made.
    """
    folder = checkout / "plugins" / "module_utils" / "_capabilities"
    package = "ansible_collections.hardening.iam.plugins.module_utils._capabilities"
    names = sorted({path.name for path in folder.iterdir() if path.is_dir()} - {"__pycache__", *MODULES, DRILL})
    assert not {*MODULES, DRILL} & {one.module for one in BY_CLASS}
    found = [importlib.import_module(f"{package}.{name}.run").REGISTRATION for name in names]
    assert {one.module: one for one in found} == dict(CAPABILITIES)


def test_every_view_has_every_capability_once() -> None:
    assert sorted(one.module for one in BY_CLASS) == sorted(CAPABILITIES)
    assert all(one.module == module for module, one in CAPABILITIES.items())
    for names in ([one.role for one in BY_CLASS], [one.grants.name or one.role for one in BY_CLASS]):
        assert len(set(names)) == len(BY_CLASS)
    classes = [one.writer for one in BY_CLASS]
    assert classes == sorted(classes, key=list(Writer).index)


@each
def test_its_role_and_its_module_are_there(one: Registration, checkout: Path) -> None:
    assert (checkout / "roles" / one.role / "tasks" / "main.yml").is_file()
    assert (checkout / "plugins" / "modules" / f"{one.module}.py").is_file()


@each
def test_what_it_takes_back_it_makes_or_takes_back_itself(one: Registration) -> None:
    """Otherwise a derivation would be one of another capability, whose records it is never asked about."""
    writes = one.operations.writes | one.reversal.operations.writes
    assert {f"{service}:{operation}" for service, operation in one.reversal.derivations} <= writes


@each
def test_what_its_requests_are_about_is_said_of_actions_that_it_has(one: Registration) -> None:
    services = {action.partition(":")[0] for name in one.operations.writes for action in iam_actions(name)}
    assert {pattern.partition(":")[0] for pattern in (*one.samples, *one.context)} <= services
