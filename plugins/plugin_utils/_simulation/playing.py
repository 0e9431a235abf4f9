# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""One account under one declaration: its modules run on what a run in check mode recorded, and nothing is called."""

from __future__ import annotations

import functools
import importlib
import json
import typing as t
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from ...module_utils._aws.tape import Player
from ...module_utils._converge.change import content_hash
from ...module_utils._module.recording import OPTION, Recording, Replay
from ...module_utils._module.stores import MemoryStore
from ...module_utils._module.task import Entry
from ...module_utils._report.states import REFUSED, changes_of, costs_of
from .._in_process import describe_bad_values, run_entry
from .._task_input import RUN_OPTIONS, TaskInput, account_option_of, find_problem, run_of
from .._values import parse_lists, split_texts
from .declared import PREFIX, Declaration, Rendered
from .totals import COUNTS

#: Roles that are left out, with the reason.
NOT_SIMULATED: t.Final = {
    "findings_export": "it sends the findings of an assessment, which a snapshot does not have",
    "trial_deadlines": "it goes by the records of campaigns, which a snapshot does not have",
}
# A simulation has its own places, and an approval is of one plan of one run.
_NOT_OF_THE_DECLARATION: t.Final = (
    "approved_plan",
    "run_id",
    "job_id",
    "job_process",
    "awx_job_id",
    "fleet_caps",
    *RUN_OPTIONS,
)
_RUN: t.Final = "simulation"
_MODULES: t.Final = "ansible_collections.hardening.iam.plugins.modules"

Outcome = dict[str, t.Any]


class Unplayable(Exception):
    """The arguments of a task can't be used; the message says why."""


def is_simulated(module: str) -> bool:
    """Whether a module keeps snapshots, or is left out for a reason that is shown."""
    found = importlib.import_module(f"{_MODULES}.{module}")
    return module in NOT_SIMULATED or OPTION in found.argument_spec()


@functools.cache
def find_entry(module: str) -> Entry:
    """Find the core of a module of this collection."""
    found = importlib.import_module(f"{_MODULES}.{module}")
    entry: Entry = found.ENTRY
    return entry


def make_arguments(task: Rendered, declaration: Declaration) -> dict[str, t.Any]:
    """The arguments that the action plugin would hand to the module of a task. Raises Unplayable."""
    if task.problem:
        raise Unplayable(task.problem)
    spec = find_entry(task.module).argument_spec()
    given = TaskInput(
        host=task.host,
        arguments=task.arguments,
        options={name: details.get("default") for name, details in spec.items()},
        writes=str(task.arguments.get("mode", "")).lower() != "report",
        is_of_our_role=True,
        role=task.options,
        play=declaration.name,
        hosts=declaration.host_names,
        find_assessor=declaration.find_assessor,
        # Caps and waves are of a run that writes.
        count_accounts=lambda: len(declaration.host_names),
        hash_declaration=lambda: "",
        notes=declaration.notes,
    )
    problem = find_problem(given)
    if problem:
        raise Unplayable(problem)
    arguments = {**task.arguments, **account_option_of(given), **run_of(given)}
    arguments.update(parse_lists(spec, arguments))
    arguments.update(split_texts(spec, arguments))
    kept = {name: value for name, value in arguments.items() if name not in _NOT_OF_THE_DECLARATION}
    return {**kept, "report_dir": "memory", "run_id": _RUN, "job_id": _RUN}


def play_role(task: Rendered, arguments: Mapping[str, t.Any], snapshot: Recording) -> Outcome:
    """The outcome of one role in check mode, on the recorded answers.

    Its ``state`` is ``known``, ``unknown`` where the snapshot lacks an answer, or ``failed``.
    """
    player = Player(snapshot.entries)
    reports = MemoryStore(datetime.now(UTC))
    result = run_entry(
        find_entry(task.module),
        arguments,
        check_mode=True,
        find_bad_values=lambda: describe_bad_values(
            find_entry(task.module), arguments, PREFIX + task.module, task.options
        ),
        replay=Replay(player, snapshot.recorded, reports),
    )
    if player.missed:
        # Whatever the module made of the gap: it is not what a real run would find.
        return {**_begin(task), "state": "unknown", "missed": list(player.missed)}
    part = _find_part(reports, task.module)
    if part is None or "plan_sha256" not in part:
        message = task.options.name_variables(str(result.get("msg", "no message")), task.host.variables)
        return {**_begin(task), "state": "failed", "message": message}
    return {**_begin(task), **_summarize(part), "calls": player.calls, "message": str(result.get("msg", ""))}


def fail(task: Rendered, message: str) -> Outcome:
    """The outcome of a role whose input is wrong."""
    return {**_begin(task), "state": "failed", "message": message}


def skip(task: Rendered, reason: str = "") -> Outcome:
    """The outcome of a role that is off, or that is not simulated for a reason."""
    return {**_begin(task), "state": "not_simulated" if reason else "off", "message": reason}


def _begin(task: Rendered) -> Outcome:
    return {
        "role": task.role,
        "state": "known",
        "mode": "",
        "changes": [],
        "refused": [],
        "breakage": [],
        "costs": [],
        "calls": 0,
        "missed": [],
        "message": "",
    }


def _find_part(reports: MemoryStore, module: str) -> t.Optional[dict[str, t.Any]]:
    content = next((reports.get(key) for key in reports.list() if key.endswith(f"/{module}.json")), None)
    part: t.Optional[dict[str, t.Any]] = json.loads(content) if content else None
    return part


def _summarize(part: Mapping[str, t.Any]) -> Outcome:
    changes = [_describe_change(change) for change in changes_of(part)]
    return {
        "mode": part["mode"],
        "changes": sorted(changes, key=_order),
        "refused": sorted((_describe_refusal(refusal) for refusal in part["refused"]), key=_order),
        "breakage": [found for document in part["impacts"] for found in _list_breakage(document)],
        "costs": costs_of(part),
    }


def _describe_change(change: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A change without its documents; ``content`` is their hash, so that another document is another change."""
    names = ("service", "operation", "region", "target", "state")
    kept = {name: change[name] for name in names}
    return {**kept, "affects": len(change["affects"]), "content": content_hash([change["before"], change["after"]])}


def _describe_refusal(refusal: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: refusal.get(name) or "" for name in ("rule", "operation", "target", "reason")}


def _order(item: Mapping[str, t.Any]) -> list[str]:
    return [str(value) for value in item.values()]


def _list_breakage(document: Mapping[str, t.Any]) -> Iterable[dict[str, t.Any]]:
    """The principals that a change may take something from, each with the evidence that says so."""
    read = sorted({item["source"] for item in document["evidence"] if not item["failure"]})
    for group in document["groups"]:
        if group["outcome"] == "safe":
            continue
        for principal in group["principals"]:
            yield {
                "principal": principal,
                "kind": group["kind"],
                "outcome": group["outcome"],
                "accepted": bool(group["accepted"]),
                "evidence": read,
            }


def count_changes(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many changes of these roles are planned, held back until an approval, only reported, and refused."""
    counts = dict.fromkeys(COUNTS.values(), 0)
    for outcome in outcomes:
        for change in outcome["changes"]:
            counts[COUNTS[change["state"]]] += 1
        counts[REFUSED] += len(outcome["refused"])
    return counts
