# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What people do after a containment: the next stronger step comes first, as a command that can be pasted."""

from __future__ import annotations

import dataclasses
import json
import shlex
import typing as t
from collections.abc import Iterator, Sequence
from datetime import datetime

from .._account.moments import format_utc
from .._converge.incident.findings import CONFIRM_WITHIN
from .._converge.incident.runbook import describe_by_hand, describe_entered
from .._converge.incident.steps import HUNT_AGAIN
from .results import Containment
from .verdict import Judgement, Verdict

_CONFIRM: t.Final = "compromise_response_confirm"
_S3: t.Final = "s3://"
#: The rules of refusals by which a run leaves its own roles and break-glass alone.
_OURS: t.Final = frozenset({"caller", "break_glass"})


@dataclasses.dataclass(frozen=True)
class Commands:
    """How contain.yml is run again. ``command`` runs the playbook; empty where people start a job template.

    ``declaration`` is the place of the file with the declaration for the next run; empty if there is none.
    """

    command: str = ""
    declaration: str = ""

    def build(self, *, checks: bool, confirm: str = "", more: str = "") -> str:
        """Build the command of the next run; empty if there is none.

        ``checks`` looks first, ``confirm`` is the id of an incident that is contained, ``more`` further arguments.
        """
        if not self.command:
            return ""
        name = self.declaration.rpartition("/")[2] if self.declaration.startswith(_S3) else self.declaration
        copy = f"aws s3 cp {shlex.quote(self.declaration)} {shlex.quote(name)} && " if name != self.declaration else ""
        parts = [f"-e {shlex.quote(f'@{name}')}" if name else "-e @incident.yml"]
        parts += ["--check"] if checks else []
        parts += [f"-e {shlex.quote(f'{_CONFIRM}={confirm}')}"] if confirm else []
        return " ".join([f"{copy}{self.command}", *parts, *([more] if more else [])])


def find_accounts_to_contain(judgement: Judgement, containment: Containment) -> tuple[str, ...]:
    """Find the member accounts in which something is not denied, and that only a policy from above can contain.

    No control policy binds the management account. One that the incident names already is not named again.
    """
    named = {str(row["account_id"]) for result in containment.organization for row in result["accounts"]}
    accounts = {one.account_id for one in judgement.reasons if one.verdict is Verdict.NOT_DENIED and one.account_id}
    return tuple(sorted(accounts - named - {containment.management_account}))


def find_confirmation_deadline(containment: Containment) -> str:
    """Find the time until which a second person has to confirm the containment; empty if one has."""
    if any(result.get("confirmed_by") for result in (*containment.credentials, *containment.sessions)):
        return ""
    return format_utc(containment.now + CONFIRM_WITHIN)


def write_declaration(containment: Containment, accounts: Sequence[str]) -> bytes:
    """Write the declaration of the next run: the one of this run, and the accounts that it also contains.

    It has no confirmation: people give it once they have looked at the plan.
    """
    given = {name: value for name, value in containment.incident.items() if name not in ("confirm", "confirmed_by")}
    present = given.get("accounts") or []
    listed = present if isinstance(present, list) else [part for part in str(present).split() if part]
    if accounts:
        given["accounts"] = [*listed, *({"account_id": account, "action": "policy"} for account in accounts)]
    lines = [f"  {name}: {json.dumps(value, default=_write_moment)}" for name, value in given.items()]
    head = ["# The declaration for the next run of contain.yml.", "---", "hardening_incident:"]
    return "\n".join([*head, *lines, ""]).encode()


def _write_moment(value: t.Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@dataclasses.dataclass(frozen=True)
class NextStep:
    """One step for people: what it is, and the command for it, which stays on one line so that it can be pasted."""

    text: str
    command: str = ""


def list_next_steps(judgement: Judgement, containment: Containment, commands: Commands) -> Iterator[NextStep]:
    """List the next steps, the strongest first."""
    incident_id = str(containment.incident.get("id") or "")
    if judgement.is_plan:
        yield from _list_steps_of_plan(judgement, containment, commands, incident_id)
        return
    kinds = {one.verdict for one in judgement.reasons}
    if Verdict.NOT_DENIED in kinds:
        yield from _list_stronger_steps(judgement, containment, commands, incident_id)
    if Verdict.UNRESOLVED in kinds:
        yield _make_correction(commands)
    # The same run again finds no name that does not exist.
    if kinds - {Verdict.UNRESOLVED}:
        yield NextStep(
            "run contain.yml again: it goes on where this run ended", commands.build(checks=False, confirm=incident_id)
        )
    yield from _list_routine_steps(containment, commands, incident_id)


def _list_steps_of_plan(
    judgement: Judgement, containment: Containment, commands: Commands, incident_id: str
) -> Iterator[NextStep]:
    if any(one.verdict is Verdict.UNRESOLVED for one in judgement.reasons):
        yield _make_correction(commands)
    modes = {result.get("mode") for result in containment.results}
    if modes and "enforce" not in modes:
        yield NextStep("nothing is written in this mode: set compromise_response_mode to enforce to contain it")
    yield NextStep(
        f"if this is right, run it without --check, and with the id of the incident as {_CONFIRM}",
        commands.build(checks=False, confirm=incident_id),
    )


def _list_stronger_steps(
    judgement: Judgement, containment: Containment, commands: Commands, incident_id: str
) -> Iterator[NextStep]:
    """List what is stronger than the same run again: the account from above, or people where nothing is above it."""
    accounts, management = find_accounts_to_contain(judgement, containment), containment.management_account
    if accounts:
        entries = ", ".join(f'{{account_id: "{account}", action: policy}}' for account in accounts)
        yield NextStep(
            f"contain from above, which nobody in the account can undo: add to the incident accounts: [{entries}]"
        )
        if commands.command and commands.declaration:
            yield NextStep("look first", commands.build(checks=True))
            yield NextStep("then contain", commands.build(checks=False, confirm=incident_id))
    yield from _list_locks(judgement, containment)
    entered = [
        str(refusal["target"]) for _account, refusal in containment.list_left_alone() if refusal["rule"] in _OURS
    ]
    if entered:
        yield NextStep(describe_entered(entered))
    undenied = {one.account_id for one in judgement.reasons if one.verdict is Verdict.NOT_DENIED}
    if accounts and not management:
        yield NextStep("only a host of the group organization_management contains an account: add it to the inventory")
    if not management or management in undenied:
        where = (
            f"in the management account {management}, which no control policy binds"
            if management
            else ("without an organization")
        )
        yield NextStep(f"{where}: {describe_by_hand(incident_id)}")


def _list_locks(judgement: Judgement, containment: Containment) -> Iterator[NextStep]:
    """List the lock of the accounts in which something was still changed in the last pass: somebody undoes it there."""
    raced = {one.account_id for one in judgement.reasons if one.is_race and one.account_id}
    declared = {str(one) for one in (containment.incident.get("identity_lock") or {}).get("accounts", ())}
    accounts = ", ".join(f'"{account}"' for account in sorted(raced - declared - {containment.management_account}))
    if accounts:
        yield NextStep(
            "somebody undoes it in the account; for an hour let nobody write identities there but this run: add to the "
            f"incident identity_lock: {{accounts: [{accounts}], minutes: 60}}"
        )


def _make_correction(commands: Commands) -> NextStep:
    where = commands.declaration or "the incident"
    text = f"correct what was not found in {where}, or give it deleted: true if it is known to be gone; then look first"
    return NextStep(text, commands.build(checks=True))


def _list_routine_steps(containment: Containment, commands: Commands, incident_id: str) -> Iterator[NextStep]:
    now = containment.now
    until = find_confirmation_deadline(containment)
    if until:
        yield NextStep(
            f"a second person confirms it until {until}: run contain.yml with {_CONFIRM}ed_by",
            commands.build(checks=False, confirm=incident_id, more=f"-e {_CONFIRM}ed_by=NAME"),
        )
    times = " and ".join(format_utc(now + wait) for wait in HUNT_AGAIN)
    yield NextStep(
        f"events are late: run hunt.yml now, and again at {times}; then contain.yml with the sessions that it found"
    )
