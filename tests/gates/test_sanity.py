# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity judges the staged copy, without ignore files."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from scope import runs_all

from .environments import this_python
from .sanity import IMPORTED, LOADED, UTILS, ansible_test_sanity
from .staging import Stage

# pylint takes longer than all other tests together, and ruff has the rules of pep8.
LEFT_OUT: t.Final = ("pylint", "pep8")


def test_sanity(
    staged: Stage,
    virtual_environment: Path,
    home: Path,
    record_property: t.Callable[[str, object], None],
) -> None:
    sanity = functools.partial(
        ansible_test_sanity, staged, virtual_environment=virtual_environment, python=this_python(), home=home
    )
    if runs_all():
        sanity()
        return
    sanity(without=("import", *LEFT_OUT))
    sanity(only=("import",), paths=IMPORTED)
    alone = ", ".join(sorted({*LOADED, *(f"plugins/{name}" for name in UTILS)} - {*IMPORTED}))
    left_out = f"{', '.join(LEFT_OUT)}, import of each file alone of {alone}"
    record_property("environment", f"NOT REPEATED {left_out}: make test-all runs them")
