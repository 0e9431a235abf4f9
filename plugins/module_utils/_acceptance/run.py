# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The acceptance of an account, composed: is it a sandbox, what do the experiments show, is everything removed."""

from __future__ import annotations

import contextlib
import functools
import textwrap
import time
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from .._aws.access import Access
from .._converge.errors import GuardError, InputError
from .._converge.store import StoreError
from .._module.run_control import RunControl, check_journal
from .._module.task import Task, TaskError
from .assumptions import ASSUMPTIONS, Assumption
from .experiments import observe
from .facts import READS, read_facts
from .lab import OPERATIONS as OPERATIONS_OF_LAB
from .lab import PATH, Lab, list_objects
from .refusals import refuse

MODULE: t.Final = "acceptance"
OPERATIONS: t.Final = OPERATIONS_OF_LAB.union(READS)
# A whole run takes less. An object that is younger may belong to a run that is still under way.
_RECENT: t.Final = timedelta(minutes=30)
_STATES: t.Final = ("as_expected", "not_as_expected", "not_observed")
_COSTS: t.Final = "Costs: none. IAM, STS and the reads of other services are free of charge."
_WIDTH: t.Final = 100


class RejectedInput(Exception):
    """The input can't be used; the message names the option, the value and what is allowed."""


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``acceptance``: its options in, its result out.

    :raises TaskError: an option can't be used, or another job writes in the account.
    """
    options = task.options
    try:
        return accept(
            task.access,
            account_id=str(task.account_id),
            pattern=options["account_pattern"],
            include=options["include"],
            patience=float(options["patience"]),
            now=task.now,
            check_mode=task.check_mode,
            open_control=functools.partial(_open_control, task),
        )
    except (GuardError, InputError, RejectedInput) as error:
        raise TaskError(str(error)) from error


def _open_control(task: Task, account_id: str) -> RunControl:
    """Open the stop switch and the lease. Raises GuardError: others can write there."""
    check_journal(task.journal.location, writes=True, warn=task.warn)
    return RunControl.of(task, task.open_store(task.journal), account_id=account_id, module=MODULE, sleep=time.sleep)


def accept(
    access: Access,
    *,
    account_id: str,
    pattern: str,
    include: Sequence[str],
    patience: float,
    now: datetime,
    check_mode: bool,
    open_control: Callable[[str], RunControl],
) -> dict[str, t.Any]:
    """The result of the module: the refusals of the account, else what each experiment observed.

    ``open_control`` opens the stop switch and the lease of an account that is accepted.

    :raises RejectedInput: ``include`` names an assumption that there is not, or ``patience`` is negative.
    :raises GuardError: another job writes in the account, or it is not known whether runs are stopped.
    :raises StoreError: the lease was lost.
    :raises AwsError: objects of an earlier run can't be listed or removed.
    """
    chosen = _choose(include)
    if patience < 0:
        raise RejectedInput(f"patience: {patience:g} is not allowed; allowed are 0 seconds or more")
    facts = read_facts(access)
    refused = refuse(facts, account_id=account_id, pattern=pattern, now=now)
    earlier = () if refused else list_objects(access)
    recent = [item["Arn"] for item in earlier if now - item["CreateDate"] < _RECENT]
    if recent:
        again = max(item["CreateDate"] for item in earlier) + _RECENT
        refused = (
            f"another run may be under way: {recent[0]} is younger than {_RECENT.seconds // 60} minutes. "
            f"Run it again after {again:%H:%M} UTC.",
        )
    result: dict[str, t.Any] = {
        "account_id": facts.account_id,
        "refused": list(refused),
        "assumptions": [],
        "counts": dict.fromkeys(_STATES, 0),
        "removed": [],
        "left": [],
    }
    if not refused and not check_mode:
        result.update(_work(access, open_control(facts.account_id), patience, earlier, chosen))
        for item in result["assumptions"]:
            result["counts"][item["state"]] += 1
    # Objects of an earlier run are gone, or objects of this one are there: else nothing is other than before.
    result["changed"] = bool(result["removed"] or result["left"])
    return {**result, "terminal": render(result, check_mode=check_mode)}


def _work(
    access: Access,
    control: RunControl,
    patience: float,
    earlier: Sequence[Mapping[str, t.Any]],
    chosen: Sequence[Assumption],
) -> dict[str, t.Any]:
    """Remove what an earlier run left, and make the experiments, under the lease of the account."""
    stopped = control.find_stop()
    if stopped:
        return {"refused": [stopped]}
    with control.hold_lease(access) as lease:
        lab = Lab(access, patience=patience, renew=lease.renew)
        stuck = lab.remove(earlier)
        removed = [item["Arn"] for item in earlier if item["Arn"] not in stuck]
        assumptions, left = _run_experiments(lab, chosen)
    return {"removed": removed, "assumptions": assumptions, "left": left}


def _choose(include: Sequence[str]) -> list[Assumption]:
    known = {item.id: item for item in ASSUMPTIONS}
    unknown = sorted(set(include) - set(known))
    if unknown:
        raise RejectedInput(f"include: {', '.join(unknown)} is not an assumption; allowed are {', '.join(known)}")
    return [item for item in ASSUMPTIONS if not include or item.id in include]


def _run_experiments(lab: Lab, chosen: Sequence[Assumption]) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Run the experiments; return a record for each assumption, and the ARNs of objects that could not be removed."""
    try:
        return [_make_record(item, *observe(lab, item.id)) for item in chosen], list(lab.remove(lab.own_objects()))
    except BaseException:
        # An interrupt, or a defect of an experiment: what was made goes first. Without a lease the next run removes it.
        with contextlib.suppress(StoreError):
            lab.remove(lab.own_objects())
        raise


def _make_record(assumption: Assumption, observed: str, was_made: bool) -> dict[str, t.Any]:
    holds = "as_expected" if observed == assumption.expected else "not_as_expected"
    return {
        "id": assumption.id,
        "statement": assumption.statement,
        "relied_on_by": assumption.relied_on_by,
        "source": assumption.source,
        "expected": assumption.expected,
        "observed": observed,
        "state": holds if was_made else "not_observed",
    }


def render(result: Mapping[str, t.Any], *, check_mode: bool) -> str:
    """Render the result for the terminal: costs first, then refusals or a line for each assumption."""
    lines = [f"Acceptance of account {result['account_id']}", _COSTS]
    if result["refused"]:
        lines.append("Refused, nothing was created:")
        lines += [_wrap(reason) for reason in result["refused"]]
        return "\n".join(lines)
    if check_mode:
        return "\n".join(
            [*lines, f"Accepted as a sandbox. Without --check it works below {PATH} and removes all of it."]
        )
    lines += [f"Removed from an earlier run: {arn}" for arn in result["removed"]]
    lines += [_render_line(item) for item in result["assumptions"]]
    lines += [f"Could not be removed: {arn}" for arn in result["left"]]
    lines.append(", ".join(f"{count} {state.replace('_', ' ')}" for state, count in result["counts"].items()))
    return "\n".join(lines)


def _render_line(item: Mapping[str, t.Any]) -> str:
    if item["state"] == "as_expected":
        return f"  as expected      {item['id']}: {item['observed']}"
    if item["state"] == "not_observed":
        return f"  not observed     {item['id']}: {item['observed'].removeprefix('not observed: ')}"
    found = f"observed {item['observed']!r}, expected {item['expected']!r}"
    return f"  NOT AS EXPECTED  {item['id']}: {found}. Relied on by {item['relied_on_by']}"


def _wrap(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ", break_long_words=False)
