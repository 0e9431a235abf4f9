# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``containment_drill``: the steps of a drill that a containment itself does not have."""

from __future__ import annotations

import dataclasses
import json
import secrets
import time
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..._account.moments import format_utc
from ..._aws import canary_process
from ..._converge.errors import GuardError
from ..._converge.incident.drills import make_drill_id
from ..._converge.store import Store, StoreError
from ..._module.incidents import Incidents
from ..._module.run_control import RunControl
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from .archive import DEAD_AFTER, Archive, BusyError, describe_other
from .making.run import OPERATIONS as MAKING
from .making.run import find_boundary, make_canary
from .measuring import compare, is_ready, list_trend, measure
from .observe import OPERATIONS as READS
from .observe import NotOwnError, find_hold, find_open_incident
from .record import Drill, State
from .removing.run import OPERATIONS as REMOVING
from .removing.run import remove_canary

MODULE: t.Final = "containment_drill"
WRITER: t.Final = Writer.CONTAINMENT
OPERATIONS: t.Final = READS.union(MAKING, REMOVING)
# IAM takes seconds to know a new key everywhere.
_READY_WITHIN: t.Final = 60.0
_PAUSE: t.Final = 0.25


def run(task: Task) -> dict[str, t.Any]:
    """Take one step of a drill, as the options of ``task`` say.

    :raises TaskError: the step is refused, or failed.
    """
    if not (task.options["person"] or "").strip():
        raise TaskError("person (containment_drill_person): not set; name the person who runs the drill")
    try:
        steps = {"recovered": _recover, "started": _start, "measured": _measure, "checked": _check, "finished": _finish}
        return steps[task.options["state"]](task, _open(task))
    except (BusyError, NotOwnError, StoreError, GuardError) as error:
        raise TaskError(str(error)) from error


def _open(task: Task) -> Archive:
    task.expect_account(task.access.caller.account_id)
    return Archive(task.open_store(task.journal), task.job_id)


def _control(task: Task, store: Store) -> RunControl:
    # A drill is none of the runs that its own incident holds back.
    incidents = Incidents(store, task.warn, incident=task.options["drill_id"] or "", contains=True)
    account_id = task.access.caller.account_id
    control = RunControl.of(task, store, account_id=account_id, module=MODULE, sleep=time.sleep, incidents=incidents)
    # Making a canary and deleting it is no emergency: it takes the lease of no running job over.
    return dataclasses.replace(control, emergency=False)


def _recover(task: Task, archive: Archive) -> dict[str, t.Any]:
    """Find a drill whose job was killed, and take it over."""
    found = archive.find_unfinished()
    nothing: dict[str, t.Any] = {"changed": False, "left": False, "drill_id": "", "incident": {}}
    if found is None:
        return nothing
    is_dead = task.now - found.renewed >= DEAD_AFTER or task.options["break_drill"] == found.id
    if not is_dead:
        raise BusyError(describe_other(found))
    account_id = task.access.caller.account_id
    if found.account_id != account_id:
        raise TaskError(
            f"{found.id} in account {found.account_id} is not over, and this drill is for account {account_id}.\n"
            f"Set containment_drill_account to {found.account_id} first"
        )
    if not task.check_mode:
        found = archive.take(found, task.clock())
    return {**nothing, "left": True, "drill_id": found.id, "incident": found.declare()}


def _start(task: Task, archive: Archive) -> dict[str, t.Any]:
    """Make the canary, and wait until it works. In check mode it says what would be done."""
    _refuse_start(task, archive)
    access = task.access
    drill = Drill(
        make_drill_id(task.clock(), secrets.token_hex(2)),
        access.caller.account_id,
        access.partition,
        task.options["person"].strip(),
        archive.holder,
        began=task.clock(),
        renewed=task.clock(),
        caller=access.caller.arn,
    )
    boundary = find_boundary(access, drill)
    if task.check_mode:
        # There is no drill, so it has no id.
        return {"changed": True, "drill_id": "", "incident": {}, "watch": "", "terminal": _describe_plan(drill)}
    with _control(task, archive.store).hold_lease(access):
        # Nothing is made before its name is recorded.
        drill = archive.take(drill, task.clock())

        def write(changed: Drill) -> Drill:
            return archive.write(changed, task.clock())

        drill, watch = make_canary(access, task.access_options, drill, boundary, write)
    _wait_until_ready(watch)
    drill = archive.write(dataclasses.replace(drill, state=State.READY), task.clock())
    return {
        "changed": True,
        "drill_id": drill.id,
        "incident": drill.declare(),
        "watch": watch,
        "contain_began": task.clock().isoformat(),
        "terminal": "",
    }


def _refuse_start(task: Task, archive: Archive) -> None:
    unfinished = archive.find_unfinished()
    if unfinished is not None and not (task.check_mode and unfinished.holder != archive.holder):
        raise BusyError(describe_other(unfinished))
    incident = find_open_incident(archive.store)
    if incident:
        raise TaskError(f"no drill is made now: {incident}. Release it first, or drill later")
    stopped = _control(task, archive.store).find_stop()
    if stopped:
        raise TaskError(f"no drill is made now: {stopped}")


def _describe_plan(drill: Drill) -> str:
    user, role = drill.user_arn.rpartition("/")[0], drill.role_arn.rpartition("/")[0]
    return "\n".join(
        [
            f"Plan of a drill in account {drill.account_id}",
            f"  - create a user below {user}, with one access key, and a role below {role} that it may assume",
            "  - use both, until AWS denies them",
            "  - contain them as an incident, in all accounts",
            "  - hunt for what they did",
            "  - release them, and delete both",
            "  - keep the report beside the journal, below control/drills/done",
        ]
    )


def _wait_until_ready(watch: str) -> None:
    end = time.monotonic() + _READY_WITHIN
    while time.monotonic() < end:
        if is_ready(canary_process.read_calls(watch)):
            return
        time.sleep(_PAUSE)
    errors = sorted({f"{call['operation']}: {call['error']}" for call in canary_process.read_calls(watch)})
    canary_process.stop(watch)
    raise TaskError(f"the canary does not work after {_READY_WITHIN:.0f} seconds: {', '.join(errors) or 'no call'}")


def _measure(task: Task, archive: Archive) -> dict[str, t.Any]:
    """Wait until both credentials of the canary are denied, and end it."""
    drill = archive.read_own(task.options["drill_id"])
    watch, began = task.options["watch"] or "", _parse_began(task)
    end = time.monotonic() + task.options["wait_seconds"]
    while True:
        found = measure(canary_process.read_calls(watch), began)
        if found["seconds_to_containment"] is not None or time.monotonic() >= end:
            break
        time.sleep(_PAUSE)
    canary_process.stop(watch)
    archive.write(dataclasses.replace(drill, state=State.MEASURED, measured=found), task.clock())
    return {"changed": True, "drill_id": drill.id, **found}


def _check(task: Task, archive: Archive) -> dict[str, t.Any]:
    """Make sure that the incident of the drill contains nobody but its canary, so that it may be released early."""
    drill = archive.read_own(task.options["drill_id"])
    is_held, problem = find_hold(archive.store, drill)
    if problem:
        raise NotOwnError(problem)
    return {"changed": False, "drill_id": drill.id, "must_release": is_held}


def _parse_began(task: Task) -> float:
    try:
        return datetime.fromisoformat(str(task.options["contain_began"])).timestamp()
    except ValueError as error:
        raise TaskError(f"contain_began: {error}") from error


def _finish(task: Task, archive: Archive) -> dict[str, t.Any]:
    """Remove the canary, and keep the report."""
    drill = archive.read_own(task.options["drill_id"])
    canary_process.stop(task.options["watch"] or "")
    is_held, problem = find_hold(archive.store, drill)
    if is_held:
        raise TaskError(problem or f"{drill.id} is still contained; release it first, or run the drill again")
    with _control(task, archive.store).hold_lease(task.access):
        removed = remove_canary(task.access, drill)
    report = _make_report(task, archive, drill, removed)
    place = archive.keep(report)
    archive.write(dataclasses.replace(drill, state=State.OVER), task.clock())
    return {"changed": True, "drill_id": drill.id, "report": report, "place": place}


def _make_report(task: Task, archive: Archive, drill: Drill, removed: Sequence[str]) -> dict[str, t.Any]:
    measured = drill.measured
    timeline = _read_timeline(task, drill)
    compared = compare(measured.get("calls", ()), timeline or ())
    report = {
        "schema": "hardening.iam/drill-report/1",
        "id": drill.id,
        "account_id": drill.account_id,
        "person": drill.person,
        "caller": drill.caller,
        "began": format_utc(drill.began),
        "ended": format_utc(task.clock()),
        "seconds": measured.get("seconds", {}),
        "seconds_to_containment": measured.get("seconds_to_containment"),
        "steps": _list_steps({**task.options["moments"], "": task.clock().timestamp()}),
        "found": compared["found"],
        "missed": compared["missed"],
        "is_hunted": timeline is not None,
        "removed": list(removed),
        "left_out": sorted(task.options["left_out"]),
        "problems": list(dict.fromkeys(str(one) for one in task.options["problems"] if one)),
    }
    return {**report, "trend": list_trend(archive.read_former(), report)}


def _list_steps(moments: Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """List the steps with their seconds. ``moments`` has the beginning of each, and of nothing the end of the last.

    They are in seconds since the epoch.
    """
    found = sorted((float(at), str(name)) for name, at in moments.items())
    return [
        {"step": name, "seconds": round(following - at, 1)}
        for (at, name), (following, _next) in zip(found, found[1:], strict=False)
    ]


def _read_timeline(task: Task, drill: Drill) -> t.Optional[list[Mapping[str, t.Any]]]:
    """The time line of the hunt of this drill; None if there was none."""
    if not task.has_reports:
        return None
    content = task.open_store(task.reports).get(f"incident/{drill.id}/hunt.json")
    try:
        rows = json.loads(content)["timeline"] if content else None
    except (KeyError, TypeError, ValueError):
        return None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None
