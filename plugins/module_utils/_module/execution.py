# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Run the core of a module, in a module file or inside Ansible's worker, and return its result."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping

from ansible.module_utils.common.warnings import warn

from .._account.progress import Progress, silent
from .._aws.errors import AwsError
from .._converge.store import StoreError
from .options import StoreOptions
from .recording import OPTION, Recorded, RecordingError, Replay
from .run_files import RunFiles
from .task import Entry, Task, TaskError
from .writers import Writer

if t.TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule


def execute(
    entry: Entry,
    *,
    options: Mapping[str, t.Any],
    check_mode: bool,
    replay: t.Optional[Replay] = None,
    files: t.Optional[RunFiles] = None,
    progress: Progress = silent,
) -> dict[str, t.Any]:
    """Run a module's core and return its result; a failure has ``failed`` and ``msg``, never a traceback.

    With ``replay`` AWS is not called. Without it, what AWS answers in check mode is recorded where the options say so.
    ``files`` are shared with the other modules of the same Ansible process, where there is one. A recording does
    without them: it is to have all that the module reads. ``progress`` reports on long work: a module by itself can't
    display anything before its end.
    """
    make = functools.partial(
        Task, operations=entry.operations, check_mode=check_mode, writer=entry.writer, progress=progress
    )
    # Other modules with this option read what was recorded.
    if replay is None and check_mode and options.get(OPTION) and "journal" in options:
        return _record(entry, options, make)
    return _run(entry, make(options=options, replay=replay, files=files))


def _record(entry: Entry, options: Mapping[str, t.Any], make: Callable[..., Task]) -> dict[str, t.Any]:
    """Run a module's core and keep the answers of AWS. A place that does not work is a warning: no change needs it."""
    plain = make(options=options)
    try:
        recorded = Recorded.open(
            StoreOptions.from_options(options, OPTION, prefix="snapshot"),
            plain.open_store,
            account_id=plain.account_id,
            run_id=plain.run_id,
            started=plain.started,
            kind="organization" if entry.writer is Writer.ORGANIZATION else "",
        )
    except (AwsError, RecordingError, StoreError, TaskError) as error:
        plain.warn(f"{OPTION}: no snapshot is kept: {error}")
        return _run(entry, plain)
    task = make(options=options, replay=Replay(recorded.tape, recorded.moment))
    result = _run(entry, task)
    try:
        recorded.keep(task.access.caller.account_id, task.clock())
    except (AwsError, StoreError) as error:
        result["warnings"] = [*result.get("warnings", []), f"{OPTION}: no snapshot is kept: {error}"]
    return result


def _run(entry: Entry, task: Task) -> dict[str, t.Any]:
    try:
        task.validate()
        result = entry.run(task)
    except TaskError as error:
        result = {"failed": True, "msg": str(error), **error.details}
    except StoreError as error:
        result = {"failed": True, "msg": str(error)}
    except AwsError as error:
        result = {"failed": True, "msg": str(error), "error_code": error.code, "operation": error.operation}
    if task.warnings:
        result["warnings"] = [*result.get("warnings", []), *task.warnings]
    return {"changed": False, **result}


def finish(module: AnsibleAWSModule, entry: Entry) -> t.NoReturn:
    """Run ``entry`` as the module ``module`` and leave the process with its result."""
    result = execute(entry, options=module.params, check_mode=module.check_mode)
    # Not module.warn: amazon.aws would hand the warnings to exit_json, which ansible-core deprecates.
    for warning in result.pop("warnings", []):
        warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
