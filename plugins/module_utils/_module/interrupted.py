# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Changes that an earlier run announced in the journal, and of which it never recorded how they ended."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Collection, Iterator

from .._aws.access import Access
from .._aws.errors import AwsError
from .._aws.fence import FenceError
from .._converge.capability import Capability
from .._converge.change import Change
from .._converge.errors import GuardError
from .._converge.journal import RecordError, find_interrupted, record_found
from .._converge.store import StoreError
from .._converge.verification import settle
from .run_control import RunControl

# The errors of the code that reads the target of a recorded change of malformed shape.
MALFORMED: t.Final = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def make_tolerant(reread: Callable[[Change], t.Any]) -> Callable[[Change], t.Any]:
    """``reread`` for changes that a journal recorded: one that is malformed can't be read, and stops nothing else.

    :raises AwsError: also where the record has not the shape that its module writes.
    """

    def read(change: Change) -> t.Any:
        try:
            return reread(change)
        except (*MALFORMED, FenceError, RecordError) as error:
            raise AwsError(f"the record of {change.operation} on {change.target} is malformed: {error!r}") from error

    return read


def report_interrupted(
    control: RunControl,
    capability: Capability[t.Any],
    access: Access,
    *,
    runs: t.Optional[Collection[str]] = None,
) -> None:
    """Warn of changes that a run before this one announced and never concluded; a run that writes records what it finds
    of those that it can read, which are its own module's and, for a rollback, every module's.

    Those of a job that still holds the lease of the account are left to it. A journal that can't be read is a warning
    here: one that can't be written stops the first change. Of ``runs``, if they are given, the journal is read alone.
    """
    run, module, store = control.run, control.module, control.store
    known = {**capability.rereads(), module: capability.reread}
    rereads = {name: make_tolerant(reread) for name, reread in known.items()}
    try:
        for intent in find_interrupted(store, control.account_id, control.warn, runs=runs):
            if control.is_under_way(access, intent):
                continue
            change = intent.change
            ending = "check its target"
            if run.writes and intent.module in rereads:
                outcome = settle(rereads[intent.module], change, errors=(AwsError,))
                record_found(store, intent, outcome, by=run.id, module=module, at=control.clock())
                ending = f"its target shows: {outcome.value}"
            control.warn(f"run {intent.run_id} was cut off at {change.operation} on {change.target}; {ending}")
    except StoreError as error:
        control.warn(f"it is not known whether an earlier run was cut off: {error}")


@contextlib.contextmanager
def hold_if_cut_off(
    control: RunControl, access: Access, list_runs: Callable[[], Collection[str]], warn: Callable[[str], None]
) -> Iterator[None]:
    """Hold the lease of the account where one of some runs has changes that it has not concluded.

    It may have been killed after its last change, so that nothing is left to be done. Its records are concluded all
    the same, and a job that is at work is waited for.
    """
    with contextlib.ExitStack() as stack:
        try:
            if find_interrupted(control.store, control.account_id, runs=list_runs()):
                stack.enter_context(control.hold_lease(access))
        except (StoreError, GuardError) as error:
            warn(str(error))
        yield
