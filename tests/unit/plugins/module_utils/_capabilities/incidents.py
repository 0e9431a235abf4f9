# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of an incident in an account of recorded answers, with a store in memory for its journal and records."""

from __future__ import annotations

import json
import types
import typing as t
from datetime import datetime

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Record
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import update
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.releasing import STATEMENTS
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._module.emergency import Emergency

from .._converge.fakes import FakeStore

CALLER: t.Final = "arn:aws:iam::{}:role/containment"
CHECKLIST: t.Final = {name: {"statement": "seen twice", "by": "Bo"} for name in STATEMENTS}
#: What a run returns besides what its module adds, where nothing was to be done.
NOTHING: t.Final[dict[str, t.Any]] = {
    "incident_id": "INC-7",
    "changes": [],
    "refused": [],
    "not_made": [],
    "unverified": [],
}


def open_emergency(incident: Incident, account_id: str, store: FakeStore, **fields: t.Any) -> Emergency:
    """The frame of a run that writes there."""
    emergency = Emergency(incident, **fields)
    task = types.SimpleNamespace(
        access=types.SimpleNamespace(caller=types.SimpleNamespace(arn=CALLER.format(account_id))),
        open_store=lambda _place: store,
        journal=types.SimpleNamespace(location=store.location, option="journal"),
        options={},
        clock=lambda: store.now,
        run=types.SimpleNamespace(writes=True, id="run-9", job_id="job-9", details={}),
        warn=lambda _text: None,
    )
    emergency.open_journal(t.cast(t.Any, task), account_id)
    return emergency


def keep_record(store: FakeStore, record: Record) -> None:
    """Keep the record of an earlier run."""
    update(store, record.account_id, record.incident_id, lambda _present: record)


def keep_changes(
    store: FakeStore, account_id: str, at: datetime, *made: Change, run: str = "one", **fields: t.Any
) -> None:
    """Keep changes in the journal of an earlier run: the module that made them, and how they ended."""
    module, outcome = fields["module"], fields.get("outcome", Outcome.APPLIED)
    names = {"account_id": account_id, "run_id": run, "job_id": "1", "module": module, "caller_arn": CALLER}
    journal = Journal(store, clock=lambda: at, **names)
    for change in made:
        journal.conclude(journal.intend(change), outcome)


def read_evidence(store: FakeStore) -> dict[str, t.Any]:
    """The only evidence that was kept, and its place as ``place``."""
    (key,) = [name for name in store.objects if name.startswith("incident/") and name.endswith(".json")]
    return {**json.loads(store.objects[key]), "place": key}


def make_task(now: datetime, *, writes: bool = True, reveal: bool = True, **options: t.Any) -> t.Any:
    """The task of a module with the options of an incident, before AWS is asked. Its warnings are in ``warned``."""
    warned: list[str] = []
    incident = {
        "id": "INC-7",
        "declared_by": "Ana",
        "reason": "key found in a repository",
        "confirm": "INC-7",
        **options.pop("incident", {}),
    }
    given = {
        "incident": incident,
        "max_principals": 10,
        "pass": "last",
        "state": "contained",
        "inventory_accounts": [],
        "checklist": CHECKLIST,
        "early_release_reason": "",
        **options,
    }
    return types.SimpleNamespace(
        options=given,
        now=now,
        clock=lambda: now,
        run=types.SimpleNamespace(writes=writes, enforces=True, awx_job_id="", details={}, id="run-9", job_id="job-9"),
        findings=types.SimpleNamespace(reveal_key_ids=reveal),
        guards=types.SimpleNamespace(break_glass=("arn:aws:iam::222233334444:role/rescue",)),
        files=None,
        given_run_id="",
        run_id="run-9",
        warn=warned.append,
        warned=warned,
    )


def converge_with(monkeypatch: t.Any, module: t.Any, connection: t.Any) -> list[tuple[t.Any, dict[str, t.Any]]]:
    """Let a module hand over its capability and what it says of itself, in place of converging."""
    handed: list[tuple[t.Any, dict[str, t.Any]]] = []

    def converge(_task: t.Any, make: t.Any, **named: t.Any) -> dict[str, t.Any]:
        handed.append((make(connection), named))
        return {"converged": True}

    monkeypatch.setattr(module, "converge", converge)
    return handed
