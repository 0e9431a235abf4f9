# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the hosts of one run leave for each other about an incident: a part for each account.

It is in the private directory of the Ansible process, and gone when that ends.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .run_files import RunFiles
from .task import Task


@dataclasses.dataclass(frozen=True)
class SharedParts:
    """The parts of one run and incident. Without ``files`` nothing is shared: the module runs in its own process."""

    files: t.Optional[RunFiles]
    run_id: str
    incident_id: str

    @classmethod
    def of(cls, task: Task, incident_id: str) -> t.Self:
        """The parts of a task's run. A run without an id shares nothing, because another one could have the same."""
        return cls(task.files if task.given_run_id else None, task.run_id, incident_id)

    @property
    def are_shared(self) -> bool:
        """Whether other hosts see what this one leaves."""
        return self.files is not None

    def write(self, account_id: str, part: t.Any) -> bool:
        """Leave the part of an account, in place of an earlier one; returns whether others can read it."""
        return self.files is not None and self.files.write(self._name(account_id), part)

    def read(self, account_id: str) -> t.Any:
        """The part of an account; None if its host has left none yet."""
        return self.files.read(self._name(account_id)) if self.files else None

    def _name(self, account_id: str) -> str:
        return json.dumps(["incident", self.run_id, self.incident_id, account_id])
