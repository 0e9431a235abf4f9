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
from .sanity import LOADED, UTILS, ansible_test_sanity
from .staging import Stage


def test_sanity(
    staged: Stage, virtual_environment: Path, home: Path, record_property: t.Callable[[str, object], None]
) -> None:
    """Of the two slow tests, import looks at what Ansible loads, and pylint waits for "make test-all"."""
    sanity = functools.partial(
        ansible_test_sanity, staged, virtual_environment=virtual_environment, python=this_python(), home=home
    )
    if runs_all():
        sanity()
        return
    sanity(without=("import", "pylint"))
    sanity(only=("import",), paths=LOADED)
    left_out = f"import of each file of {', '.join(UTILS)} alone, pylint"
    record_property("environment", f"NOT REPEATED {left_out}: make test-all runs them")
