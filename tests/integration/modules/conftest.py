# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules are tried without the seconds that they give AWS to finish a report, and with a clock that tests set."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account import collect
from ansible_collections.hardening.iam.plugins.module_utils._module import task as task_module


@pytest.fixture(autouse=True, scope="package")
def at_once() -> t.Iterator[None]:
    """The emulated AWS is ready as soon as it is asked again; how long a read waits is tested with the read."""
    with pytest.MonkeyPatch.context() as patch:
        for read in (collect.collect, collect.deepen):
            patch.setitem(t.cast(dict[str, t.Any], read.__kwdefaults__), "sleep", lambda _seconds: None)
        yield


@pytest.fixture(autouse=True, scope="package")
def any_clock() -> t.Iterator[None]:
    """AWS is emulated inside this process, without an endpoint that would say so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task_module, "stays_on_this_machine", lambda _options, _operations: True)
        yield
