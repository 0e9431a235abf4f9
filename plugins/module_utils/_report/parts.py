# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Parts: what each module of a run leaves for the report of its account, in ``<account>/parts/<run_id>/<job_id>/``.

A module leaves a mark when it begins and replaces it by its part when it ends, so the report knows which modules ran.
Several jobs may share a run. Of each module the newest part counts, and of older ones the changes that they made.
Others may write there too: a part counts only if it is well-formed, and if its plan holds exactly what it shows.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from .._account.moments import format_utc, parse_moment
from .._converge.change import content_hash
from .._converge.errors import InputError
from .._converge.journal import job_order
from .._converge.plan import check_plan, moment_of, parse_entry, plan_document
from .._converge.store import Store, StoreError
from .campaign_text import is_campaign
from .document import DocumentError, decode
from .least_privilege_text import is_condensed
from .states import MODES

PART_SCHEMA: t.Final = "hardening.iam/part/1"
_STARTED: t.Final = "started"
# The members of a change that both have: a plan's entry, and the change of a result.
_SAME: t.Final = (
    "account_id", "region", "service", "operation", "target", "before", "after", "affects", "remedies", "undo", "undoes"
)  # fmt: skip
_LISTS: t.Final = (
    "changes", "refused", "impacts", "costs", "findings", "capabilities", "least_privilege", "campaigns"
)  # fmt: skip
_CHANGE: t.Final = ("region", "service", "operation", "target")
_REFUSAL: t.Final = ("rule", "reason", "target", "operation")
_FINDING: t.Final = ("control", "status", "severity", "region", "resource", "title", "detail", "fingerprint")

Part = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Parts:
    """The parts of one run and account; ``problems`` says by module, or by file name, what is missing of it."""

    parts: tuple[Part, ...] = ()
    problems: Mapping[str, str] = dataclasses.field(default_factory=dict)


def part_folder(account_id: str, run_id: str) -> str:
    """Where the parts of a run are: a prefix of keys."""
    return f"{account_id}/parts/{run_id}/"


def part_key(account_id: str, run_id: str, part: str, *, job_id: str = "") -> str:
    """Where one part is. A module that changes nothing needs no job: its newest part is the only one that counts."""
    job = f"{job_id}/" if job_id else ""
    return f"{part_folder(account_id, run_id)}{job}{part}.json"


def mark(*, module: str, run_id: str, check_mode: bool, written: datetime, error: t.Optional[str] = None) -> bytes:
    """Make the mark that replaces a part while its module works, or if it failed before it had a result."""
    document = {
        "schema": PART_SCHEMA,
        "module": module,
        "run_id": run_id,
        "check_mode": check_mode,
        "written": format_utc(written),
        "state": _STARTED,
        "error": error,
    }
    return json.dumps(document, indent=2, sort_keys=True).encode()


def read_parts(store: Store, account_id: str, run_id: str, *, mode: str) -> Parts:
    """The parts of a run; ``mode`` is ``check`` or ``enforce``, since both jobs of a workflow share their run.

    :raises StoreError: the place can't be listed.
    """
    problems: dict[str, str] = {}
    parts: list[Part] = []
    for found in _read_all(store, account_id, run_id, problems, is_check=mode == "check"):
        *older, newest = sorted(found, key=lambda entry: (str(entry.part.get("written", "")), job_order(entry.job)))
        for entry in (*older, newest):
            module = entry.part["module"]
            try:
                part = (
                    _check_newest_part(entry.part, account_id)
                    if entry is newest
                    else _extract_earlier_changes(entry, account_id)
                )
            except DocumentError as error:
                problems[module] = f"its part of the report is ignored: {entry.name} {error}"
                continue
            if part is None:
                problems[module] = "it began but left no result: it was cut off, or its part was not written"
            else:
                parts.append(part)
    return Parts(tuple(parts), problems)


@dataclasses.dataclass(frozen=True)
class _Entry:
    """A part as it was read: the name of its file, and the job that wrote it."""

    name: str
    job: str
    part: Part


def _read_all(
    store: Store, account_id: str, run_id: str, problems: dict[str, str], *, is_check: bool
) -> list[list[_Entry]]:
    """The parts of the mode that is asked for, those with one name together.

    Why others can't be read is added to ``problems``.
    """
    folder = part_folder(account_id, run_id)
    found: dict[str, list[_Entry]] = {}
    for key in store.list(folder):
        name = key.removeprefix(folder)
        try:
            content = store.get(key)
            if content is None:
                continue
            part = decode(content, where=f"{store.location}/{key}")
            _check_head(part, run_id)
        except StoreError as error:
            problems[name] = f"its part of the report can't be read: {error}"
            continue
        except DocumentError as error:
            problems[name] = f"its part of the report is malformed: {error}"
            continue
        if part.get("check_mode", is_check) is is_check:
            job, _slash, file = name.rpartition("/")
            found.setdefault(file, []).append(_Entry(file, job, part))
    return list(found.values())


def _check_newest_part(part: Part, account_id: str) -> t.Optional[Part]:
    """Check the newest part of a module; None if the module left nothing but the mark of its beginning.

    :raises DocumentError: it is malformed, or its plan holds other changes than it shows.
    """
    if part.get("state") != _STARTED:
        check_part(part, account_id)
        return part
    return _reduce_to_failure(part) if part.get("error") else None


def _extract_earlier_changes(entry: _Entry, account_id: str) -> Part:
    """Extract the changes of an earlier job of the run. The job that followed looked at everything else again.

    :raises DocumentError: as for the newest part.
    """
    part = entry.part
    names = {name: part[name] for name in ("module", "run_id")}
    if part.get("state") == _STARTED:
        job = f"job {entry.job}" if entry.job else "an earlier job"
        reason = f"{job} of this run left no result here; its journal lists its changes"
        return {**names, "changes": (), "refused": (), "error": None if part.get("error") else reason}
    check_part(part, account_id)
    made = [change for change in part.get("changes", ()) if change["applied"]]
    wanted = Counter(_identity(change) for change in made)
    changes = []
    for recorded in (part.get("plan") or {}).get("changes", ()):
        if wanted[_identity(recorded)]:
            wanted[_identity(recorded)] -= 1
            changes.append(parse_entry(recorded))
    if not changes:
        return {**names, "changes": (), "refused": ()}
    given = {"account_id": account_id, "run_id": part["run_id"], "author": part["plan"].get("author")}
    plan = plan_document(changes, created=parse_moment(part["plan"]["created"]), **given)
    return {**names, "changes": made, "plan": plan, "refused": ()}


def _check_head(part: Part, run_id: str) -> None:
    if part.get("run_id") != run_id:
        raise DocumentError(f"its run is {part.get('run_id')!r}")
    if not isinstance(part.get("module"), str):
        raise DocumentError("it names no module")
    if not isinstance(part.get("check_mode", False), bool):
        raise DocumentError("its check_mode is neither true nor false")


def _reduce_to_failure(part: Part) -> Part:
    """Reduce a part to the mark of a module that failed before its result: the rest of it was not checked."""
    if not isinstance(part["error"], str):
        raise DocumentError("has an error that is no text")
    return {**{name: part[name] for name in ("module", "run_id", "error")}, "changes": (), "refused": ()}


def check_part(part: Part, account_id: str) -> None:
    """Hold a part against what the report and its formats need.

    :raises DocumentError: it is malformed, of another account, or its plan holds other changes than it shows.
    """
    for name in _LISTS:
        if not _is_list_of_mappings(part.get(name, [])):
            raise DocumentError(f"has no list of mappings in {name}")
    if part.get("mode", "enforce") not in MODES:
        raise DocumentError(f"has the mode {part['mode']!r}")
    _check_texts("changes", part.get("changes", ()), _CHANGE)
    _check_texts("refused", part.get("refused", ()), _REFUSAL)
    if not all(isinstance(refusal.get("patch", ""), str) for refusal in part.get("refused", ())):
        raise DocumentError("has a refusal whose patch is no text")
    _check_texts("findings", part.get("findings", ()), _FINDING)
    if not all(map(is_condensed, part.get("least_privilege", ()))):
        raise DocumentError("has an entry in least_privilege that no module writes")
    if not all(map(is_campaign, part.get("campaigns", ()))):
        raise DocumentError("has an entry in campaigns that no module writes")
    for change in part.get("changes", ()):
        if not isinstance(change.get("applied"), bool) or not _is_list_of_texts(change.get("remedies")):
            raise DocumentError("has a change without applied or remedies")
    if part.get("changes") or part.get("plan") is not None:
        _check_plan(part, account_id)


def _check_plan(part: Part, account_id: str) -> None:
    """A plan holds exactly what the report shows: each of its changes stands among the changes, or is held back.

    A role in the mode ``report`` shows changes, and its plan has none.
    """
    plan: t.Any = part.get("plan")
    try:
        check_plan(plan)
        for entry in plan["changes"]:
            parse_entry(entry)
    except InputError as error:
        raise DocumentError(f"has a plan that can't be approved: {error}") from error
    if plan.get("account_id") != account_id:
        raise DocumentError(f"has a plan of account {plan.get('account_id')}")
    if moment_of(plan.get("created")) is None:
        raise DocumentError("has a plan without the time at which it was made")
    refused = {(refusal["operation"], refusal["target"]) for refusal in part.get("refused", ())}
    planned = Counter(_identity(entry) for entry in plan["changes"])
    shown, made = Counter[str](), Counter[str]()
    for change in part.get("changes", ()):
        # What was refused while it was written is shown, and no plan has it.
        is_refused = not change["applied"] and (change["operation"], change["target"]) in refused
        (made if is_refused else shown)[_identity(change)] += 1
    if part.get("mode") == "report":
        if planned:
            raise DocumentError("has a plan, although its role only reports")
        return
    if shown - planned:
        raise DocumentError("shows changes that its plan does not have")
    held_back = planned - shown - made
    for entry in plan["changes"]:
        if held_back[_identity(entry)] and not entry["held_by"]:
            raise DocumentError(f"has {entry['operation']} on {entry['target']} in its plan and does not show it")


def _identity(change: Mapping[str, t.Any]) -> str:
    return content_hash({name: change.get(name) for name in _SAME})


def _check_texts(what: str, items: t.Iterable[Mapping[str, t.Any]], names: t.Iterable[str]) -> None:
    for item in items:
        lacking = [name for name in names if not isinstance(item.get(name), str)]
        if lacking:
            raise DocumentError(f"has an entry in {what} without {', '.join(lacking)}")


def _is_list_of_mappings(value: t.Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, Mapping) for item in value)


def _is_list_of_texts(value: t.Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
