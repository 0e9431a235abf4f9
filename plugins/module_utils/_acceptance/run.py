# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The acceptance of an account, composed: is it a sandbox, what do the experiments show, is everything removed."""

from __future__ import annotations

import contextlib
import functools
import re
import textwrap
import time
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from .._aws.access import Access
from .._converge.errors import GuardError, InputError
from .._converge.store import StoreError
from .._module.run_control import PROBE, RunControl, check_journal
from .._module.task import Task, TaskError
from .._module.version import COLLECTION_VERSION
from .assumptions import ASSUMPTIONS, Assumption, Need
from .experiments import observe
from .facts import READS, read_facts
from .lab import OPERATIONS as OPERATIONS_OF_LAB
from .lab import PATH, Lab, list_objects
from .refusals import refuse

MODULE: t.Final = "acceptance"
OPERATIONS: t.Final = OPERATIONS_OF_LAB.union(READS)
# A whole run takes less. An object that is younger may belong to a run that is still under way.
_RECENT: t.Final = timedelta(minutes=30)
_STATES: t.Final = ("as_expected", "not_as_expected", "not_observed", "not_tried")
_WIDTH: t.Final = 100
# Account ids, ARNs, ids of keys and principals, and the ids of requests.
_NAMING: t.Final = re.compile(
    r"arn:[^\s'\",]+|\b\d{12}\b|\bA[A-Z]{3}[A-Z0-9]{12,}\b"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|acceptance-[0-9a-f]{6}-\d+"
)
# What a sandbox pays for, and what its alarms may say. https://aws.amazon.com/config/pricing/ has the price.
_COSTS: t.Final = (
    "Costs: IAM, STS and the reads of other services are free of charge.",
    "  AWS Config, if it records IAM: up to {changes} configuration items of 0.003 USD, and evaluations of its rules.",
    "  CloudTrail: {changes} events and more; those of a second trail cost 2 USD for 100,000.",
)
_ALERTS: t.Final = (
    "Alerts that this may raise in the account, all of them about {prefix}*:",
    "  GuardDuty: Persistence, PrivilegeEscalation or Discovery:IAMUser/AnomalousBehavior",
    "  Security Hub and AWS Config: rules about users with inline policies, without MFA and with access keys",
    "  alarms and event rules on changes of IAM, new access keys and denied calls",
)
# More than an experiment makes and removes on average: users, keys, policies and their removal.
_CHANGES_OF_ONE: t.Final = 12


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
            given=_list_given(task),
            now=task.now,
            check_mode=task.check_mode,
            open_control=functools.partial(_open_control, task),
        )
    except (GuardError, InputError, RejectedInput) as error:
        raise TaskError(str(error)) from error


def _list_given(task: Task) -> set[Need]:
    given = {Need.NOTHING}
    if task.options["account_settings"]:
        given.add(Need.ACCOUNT_SETTINGS)
    if task.journal.location.startswith("s3://"):
        given.add(Need.JOURNAL_IN_S3)
    return given


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
    given: Collection[Need],
    now: datetime,
    check_mode: bool,
    open_control: Callable[[str], RunControl],
) -> dict[str, t.Any]:
    """The result of the module: the refusals of the account, else what each experiment observed.

    ``given`` is what the run has for experiments that need more than a sandbox. ``open_control`` opens the stop switch
    and the lease of an account that is accepted.

    :raises RejectedInput: ``include`` names an assumption that there is not, or ``patience`` is negative.
    :raises GuardError: another job writes in the account, or it is not known whether runs are stopped.
    :raises StoreError: the lease was lost.
    :raises AwsError: objects of an earlier run can't be listed or removed.
    """
    chosen = _choose(include, given)
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
        "closed_regions": list(facts.closed_regions),
        "assumptions": [_make_record(item, "", "not_tried") for item in chosen],
        "counts": dict.fromkeys(_STATES, 0),
        "removed": [],
        "left": [],
    }
    if not refused and not check_mode:
        result.update(_work(access, open_control(facts.account_id), patience, earlier, chosen))
    for item in result["assumptions"]:
        result["counts"][item["state"]] += 1
    result["unconfirmed"] = [] if check_mode else find_unconfirmed(result)
    # Objects of an earlier run are gone, or objects of this one are there: else nothing is other than before.
    result["changed"] = bool(result["removed"] or result["left"])
    table = make_table(result, partition=access.partition, now=now)
    return {**result, "table": table, "terminal": render(result, check_mode=check_mode)}


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
        lab = Lab(
            access,
            patience=patience,
            renew=lease.renew,
            find_ignored_condition=functools.partial(control.store.find_ignored_condition, PROBE),
        )
        stuck = lab.remove(earlier)
        removed = [item["Arn"] for item in earlier if item["Arn"] not in stuck]
        assumptions, left = _run_experiments(lab, chosen)
    return {"removed": removed, "assumptions": assumptions, "left": left}


def _choose(include: Sequence[str], given: Collection[Need]) -> list[Assumption]:
    """The assumptions to try. Raises RejectedInput: there is no such assumption, or it needs what was not given."""
    known = {item.id: item for item in ASSUMPTIONS}
    unknown = sorted(set(include) - set(known))
    if unknown:
        raise RejectedInput(f"include: {', '.join(unknown)} is not an assumption; allowed are {', '.join(known)}")
    lacking = [name for name in include if known[name].needs not in given]
    if lacking:
        raise RejectedInput(f"include: {lacking[0]} can only be tried with {known[lacking[0]].needs.value}")
    return [item for item in ASSUMPTIONS if item.id in (include or known) and item.needs in given]


def _run_experiments(lab: Lab, chosen: Sequence[Assumption]) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Run the experiments; return a record for each assumption, and the ARNs of objects that could not be removed."""
    try:
        records = [_make_record(item, *observe(lab, item)) for item in chosen]
        return records, list(lab.remove(lab.own_objects()))
    except BaseException:
        # An interrupt, or a defect of an experiment: what was made goes first. Without a lease the next run removes it.
        with contextlib.suppress(StoreError):
            lab.remove(lab.own_objects())
        raise


def _make_record(assumption: Assumption, observed: str, state: str) -> dict[str, t.Any]:
    return {
        "id": assumption.id,
        "statement": assumption.statement,
        "relied_on_by": assumption.relied_on_by,
        "source": assumption.source,
        "is_vital": assumption.is_vital,
        "expected": assumption.expected,
        "observed": observed,
        "state": state,
    }


def make_table(result: Mapping[str, t.Any], *, partition: str, now: datetime) -> dict[str, t.Any]:
    """Make the table that can be sent to others: no error of AWS in it names the account or what a run made there."""

    def hide(text: str) -> str:
        return _NAMING.sub("<hidden>", text)

    shown = ("id", "expected", "observed", "state")
    return {
        "collection": COLLECTION_VERSION,
        "partition": partition,
        "observed_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "assumptions": [{name: hide(item[name]) for name in shown} for item in result["assumptions"]],
    }


def find_unconfirmed(result: Mapping[str, t.Any]) -> list[str]:
    """Find why a run that was meant to try assumptions did not confirm them. Empty only if nothing is left open.

    What was not observed is no confirmation: a run in which nothing was observed has failed, and so has one that could
    not observe a vital assumption.
    """
    if result["refused"]:
        return ["the account is refused as a sandbox, and nothing was tried"]
    states = {name: [item for item in result["assumptions"] if item["state"] == name] for name in _STATES}
    missing = [item for item in states["not_observed"] if item["is_vital"]]
    failures = [f"{item['id']} does not hold" for item in states["not_as_expected"]]
    failures += [f"{item['id']} is vital and could not be observed" for item in missing]
    failures += [f"{item['id']} was not tried" for item in states["not_tried"]]
    if not states["as_expected"] and not failures:
        failures.append("no assumption was observed")
    return failures + [f"{arn} could not be removed" for arn in result["left"]]


def render(result: Mapping[str, t.Any], *, check_mode: bool) -> str:
    """Render the result for the terminal: costs and alerts first, then refusals or a line for each assumption."""
    lines = [f"Acceptance of account {result['account_id']}"]
    closed = result["closed_regions"]
    lines += [f"Not read, since the organization denies them: {', '.join(closed)}"] if closed else []
    if result["refused"]:
        return "\n".join([*lines, "Refused, nothing was created:", *map(_wrap, result["refused"])])
    if check_mode:
        return "\n".join([*lines, *_announce(result)])
    lines += [f"Removed from an earlier run: {arn}" for arn in result["removed"]]
    lines += [_render_line(item) for item in result["assumptions"]]
    lines += [f"Could not be removed: {arn}" for arn in result["left"]]
    lines.append(", ".join(f"{result['counts'][state]} {state.replace('_', ' ')}" for state in _STATES))
    return "\n".join(lines)


def _announce(result: Mapping[str, t.Any]) -> list[str]:
    """Announce what a run makes, costs and sets off, before its first write."""
    tried = result["assumptions"]
    changes = len(tried) * _CHANGES_OF_ONE
    texts = [text.format(changes=changes, prefix=PATH) for text in (*_COSTS, *_ALERTS)]
    return [
        f"Accepted as a sandbox. A run works below {PATH} and removes all of it.",
        *texts,
        f"{len(tried)} experiments:",
        *(f"  {item['id']}{' (vital)' if item['is_vital'] else ''}" for item in tried),
    ]


def _render_line(item: Mapping[str, t.Any]) -> str:
    if item["state"] == "as_expected":
        return f"  as expected      {item['id']}: {item['observed']}"
    if item["state"] in ("not_observed", "not_tried"):
        vital = " (vital)" if item["is_vital"] else ""
        return f"  {item['state'].replace('_', ' '):15}  {item['id']}{vital}: {item['observed']}"
    found = f"observed {item['observed']!r}, expected {item['expected']!r}"
    return f"  NOT AS EXPECTED  {item['id']}: {found}. Relied on by {item['relied_on_by']}"


def _wrap(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ", break_long_words=False)
