# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every change that a capability makes in these tests can be taken back by what is derived from its record."""

from __future__ import annotations

import functools
import importlib
import json
import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import change_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_requests import Derivations, find_mismatch

PACKAGE: t.Final = "ansible_collections.hardening.iam.plugins.module_utils._capabilities"
FOLDER: t.Final = Path(__file__).resolve().parents[5] / "plugins" / "module_utils" / "_capabilities"


def makers() -> dict[types.ModuleType, Derivations]:
    """Where each capability makes its changes, with what takes them back."""
    found: dict[types.ModuleType, Derivations] = {}
    for undo in sorted(FOLDER.glob("*/undo.py")):
        name = f"{PACKAGE}.{undo.parent.name}"
        maker = "changes" if (undo.parent / "changes.py").is_file() else "plan"
        found[importlib.import_module(f"{name}.{maker}")] = importlib.import_module(f"{name}.undo").DERIVATIONS
    return found


MAKERS: t.Final = makers()


@pytest.fixture(autouse=True)
def derivable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold each change that is made against what its record leads to, once a journal has it as JSON."""

    def make_change(derivations: Derivations, **given: t.Any) -> Change:
        change = Change(**given)
        recorded = change_of(json.loads(json.dumps(change.as_dict(), default=str)))
        problem = find_mismatch(recorded, derivations)
        assert not problem, f"{change.service}:{change.operation} on {change.target}: {problem}"
        return change

    for module, derivations in MAKERS.items():
        monkeypatch.setattr(module, "Change", functools.partial(make_change, derivations))
