# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Run a module of this collection on the controller only, as ``template`` and ``fetch`` do."""

from __future__ import annotations

import contextlib
import os
import typing as t
from collections.abc import Iterator

from ._in_process import InProcess, Result


class OnController(InProcess):
    """The action plugin of a module whose file is documentation: the core always runs in this worker."""

    def run(self, tmp: t.Any = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> Result:
        if self._task.async_val:
            return {"failed": True, "changed": False, "msg": f"async: {self._task.action} runs on the controller only"}
        with self._environment():
            return super().run(tmp, task_vars)

    def _can_run_here(self, task_vars: dict[str, t.Any]) -> bool:
        return True

    def _has_the_files_of_this_worker(self) -> bool:
        return True

    @contextlib.contextmanager
    def _environment(self) -> Iterator[None]:
        """The ``environment`` of the task, which may hold the credentials for a place of reports in S3."""
        given: dict[str, t.Any] = {}
        self._compute_environment_string(given)
        before = {name: os.environ.get(name) for name in given}
        os.environ.update({name: str(value) for name, value in given.items()})
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
