# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The result of a hunt: evidence in the place of reports, the summary for the terminal, and the result itself."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime

from ..._account.moments import format_utc
from ..._module.task import Task
from ..._policy.hunt.document import list_sessions
from ..._report.hunt_text import make_printable, render
from ..._report.incident_variables import select_sessions
from .found import Found
from .workspace import Workspace

SCHEMA: t.Final = "hardening.iam/hunt/1"


@dataclasses.dataclass(frozen=True)
class Output:
    """Where the evidence goes, and how much is displayed."""

    workspace: Workspace
    run_id: str
    incident_id: str
    now: datetime
    terminal: bool
    ascii_only: bool

    @classmethod
    def of(cls, task: Task, workspace: Workspace) -> t.Self:
        """The options of a task."""
        options = task.options
        return cls(
            workspace,
            task.run_id,
            options["incident_id"] or "",
            task.now,
            options["terminal"] == "full",
            options["ascii"],
        )

    def finish(self, found: Found) -> dict[str, t.Any]:
        """Write the evidence, and make the result."""
        head = {
            "schema": SCHEMA,
            "run_id": self.run_id,
            "incident_id": self.incident_id,
            "created": format_utc(self.now),
            "account_id": found.account_id,
            "caller_arn": found.caller_arn,
        }
        # An intruder chose the names of sessions, the agents and more.
        document: Mapping[str, t.Any] = make_printable(
            {
                **head,
                **found.document,
                "persistence": [hit.to_dict() for hit in found.hits],
                "sessions": select_sessions(list_sessions(found.outcome)),
                "dependants": found.present.dependants,
                "last_used": found.present.last_used,
                "secrets": found.present.secrets,
                "unread": found.present.unread,
            }
        )
        files = self.workspace.write_evidence(
            document, found.records, make_printable(found.queries), account_id=found.account_id, created=self.now
        )
        result = {**document, "files": files, "folder": self.workspace.location}
        if self.terminal:
            result["terminal"] = render(document, self.workspace.location, ascii_only=self.ascii_only)
        return result
