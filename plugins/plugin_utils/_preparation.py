# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The preparation of a run: its whole input is checked before anything is written.

Our playbooks begin with it. ``--start-at-task`` passes by it, and so does ``--skip-tags always``. So a task that writes
prepares the run where nobody has, and the report of the run then says so.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Sequence

from ._fleet import find_assessor, host_of
from ._run_input import RunProblems, check_run
from ._run_notes import RunNotes
from ._value_input import check_values
from ._wave_hosts import check_waves

#: Set by the plays of our playbooks that write: REPORTED where a report of the run follows, else REQUIRED.
PREPARATION: t.Final = "__hardening_preparation"
REPORTED: t.Final = "reported"
REQUIRED: t.Final = "required"
_PREPARED: t.Final = "prepared"
_SKIPPED: t.Final = "skipped preparation"
_IN_WAVES: t.Final = "__hardening_in_waves"
_NEXT_STEP: t.Final = "Run the playbook from its beginning, without --start-at-task and without --skip-tags always."


def check_input(
    variables: t.Mapping[str, t.Any], templar: t.Any, *, pattern: t.Any, enforces: bool, waves: bool
) -> RunProblems:
    """Check the input of all hosts of a play: accounts, roles, names and values of variables, and waves.

    ``pattern`` is that of the hosts of the whole fleet.
    """
    hostvars, names = variables["hostvars"], variables["ansible_play_hosts_all"]
    hosts = [host_of(name, hostvars, templar) for name in names]
    found = check_run(
        hosts,
        enforces=enforces,
        find_assessor=functools.partial(find_assessor, hostvars, pattern=pattern, first=names),
        interpreter=variables["ansible_playbook_python"],
        extra=hostvars._variable_manager.extra_vars,
    )
    in_waves = check_waves(variables, templar, hosts) if waves else []
    return RunProblems((*found.errors, *check_values(hosts), *in_waves), found.warnings)


def keep_prepared(notes: RunNotes, problems: Sequence[str], *, reads_only: bool) -> None:
    """Note that a playbook prepared its run, if that may write."""
    if not problems and not reads_only:
        notes.claim(_PREPARED, _PREPARED)


def prepare_run(
    needed: t.Any, variables: t.Mapping[str, t.Any], templar: t.Any, *, notes: RunNotes, pattern: t.Any
) -> str:
    """Prepare a run whose playbook did not; the reason why nothing may be written, or an empty text.

    All hosts of the play are checked, once in a process. ``needed`` is the value of :data:`PREPARATION`.
    """
    if notes.find(_PREPARED) is not None:
        return ""
    if needed != REPORTED or "always" in (variables.get("ansible_skip_tags") or ()):
        return f"this run skipped its preparation, so nothing is written.\n{_NEXT_STEP}"

    def check() -> str:
        in_waves = bool(variables.get(_IN_WAVES))
        return "\n".join(check_input(variables, templar, pattern=pattern, enforces=True, waves=in_waves).errors)

    return notes.recall(_SKIPPED, check)


def explain_skipped(notes: RunNotes) -> str:
    """Why a run that wrote, or tried to, ends with an error; empty if it was prepared, or wrote nothing."""
    if notes.find(_SKIPPED) is None:
        return ""
    return (
        "this run skipped its preparation, so it may have left out what its playbook does before it writes: "
        f"read its changes in the report and the journal. {_NEXT_STEP}"
    )
