# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The frame of a run that contains leaked credentials, or releases them: the incident, its journal and its records.

It is used with :func:`~.converging.converge`. What it changes of the walk is listed in ``docs/incident.md``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from .._account.moments import format_utc
from .._aws.errors import AwsError
from .._converge.affects.request import place_of
from .._converge.arn import principal_of
from .._converge.capability import Capability
from .._converge.change import Change, Refusal
from .._converge.errors import GuardError, InputError
from .._converge.guard import Limits
from .._converge.incident.checking import check_declaration, describe_strangers, find_lack_of_confirmation
from .._converge.incident.declaration import Incident
from .._converge.incident.drills import find_strangers
from .._converge.incident.names import Pass, record_folder
from .._converge.incident.record import Record, State, is_same_person
from .._converge.incident.records import read_record, update
from .._converge.incident.released import index_released
from .._converge.incident.steps import Step, Subject
from .._converge.predict import Prediction
from .._converge.runner import ApplyResult
from .._converge.store import DirectoryStore, Store, StoreError
from .incidents import Incidents
from .stores import lock_evidence
from .task import Task, TaskError

#: Where the journal of a containment is that can't reach its own place: on the controller.
FALLBACK: t.Final = "./journal-fallback"
#: No cap holds a containment back: how many principals it may contain is an option of its module.
LIMITS: t.Final = Limits(max_changes=10_000, max_percent=100)
# Ends the name of the file with the hash of a document.
_HASH: t.Final = ".sha256"
_NOT_LOCKED: t.Final = "THE EVIDENCE IS NOT LOCKED, so everybody who can write to its place can delete it: {reason}"
# The variable that users set, for messages.
_SECOND_PERSON: t.Final = "compromise_response_confirmed_by"


class Emergency:
    """One run that is part of an incident: it contains principals, or ``releases`` them.

    A run that is not ``is_final`` warns of what failed: a later pass comes, and must not be lost for it. ``ending``
    ends the id of its record, where that is not the record of the incident's credentials.

    Two things are known only once the account is: ``store``, where journal, records and evidence are kept, and
    ``account_id``.
    """

    def __init__(
        self,
        incident: Incident,
        *,
        releases: bool = False,
        may_fall_back: bool = False,
        is_final: bool = True,
        ending: str = "",
    ) -> None:
        self.incident = incident
        self.record_id = f"{incident.id}{ending}"
        self.releases = releases
        self.is_final = is_final
        self.has_fallen_back = False
        self._may_fall_back = may_fall_back and not releases
        self._store: t.Optional[Store] = None
        self._locked: t.Optional[Store] = None
        self._task: t.Optional[Task] = None
        self._caller_arn = ""
        self._incidents: t.Optional[Incidents] = None
        # By the records: one that only this run names may count for nothing.
        self._confirmed_by = ""

    @classmethod
    def from_task(cls, task: Task, *, releases: bool = False, ending: str = "") -> t.Self:
        """The frame that the options of a task declare. Called before AWS is asked for anything.

        :raises TaskError: the incident can't be used, names what no drill may contain, or the run
            would write without a confirmation.
        """
        checked = check_declaration(
            task.options["incident"],
            now=task.now,
            max_principals=int(task.options["max_principals"]),
            writes=task.run.writes,
            is_release=releases,
        )
        if checked.incident is None or checked.errors:
            raise TaskError("\n".join(checked.errors))
        for warning in checked.warnings:
            task.warn(warning)
        incident = _check_second_person(task, checked.incident)
        lack = find_lack_of_confirmation(incident)
        if lack and task.run.enforces:
            task.warn(f"without check mode this fails: {lack}")
        return cls(
            incident,
            releases=releases,
            may_fall_back=task.options.get("journal_fallback") == "local",
            is_final=task.options["pass"] == Pass.LAST,
            ending=ending,
        )

    @property
    def store(self) -> Store:
        """The place of journal, records and evidence."""
        if self._store is None:
            raise AssertionError("the place of the journal is opened by converge()")
        return self._store

    def open_journal(self, task: Task, account_id: str) -> Store:
        """Open the place of the journal; a directory of the controller if it can't be reached, where that is allowed.

        :raises GuardError: it can't be reached.
        """
        self._task, self._caller_arn = task, task.access.caller.arn
        try:
            self._store = task.open_store(task.journal)
            self._locked = self._open_locked(task)
            if task.run.writes:
                self._try_out(self._store, account_id)
        except (AwsError, StoreError) as error:
            if not task.run.writes:
                raise
            if not self._may_fall_back:
                raise GuardError([self._refuse(str(error), account_id)]) from error
            self._store, self._locked = DirectoryStore(FALLBACK, "journal_fallback"), None
            self.has_fallen_back = True
            task.warn(self._explain_fallback(str(error)))
        return self._store

    def _open_locked(self, task: Task) -> t.Optional[Store]:
        """The place of the journal, with a lock on what is written. Containment does not wait for one."""
        try:
            locked = lock_evidence(task.journal, task.options, task.clock())
        except InputError as error:
            task.warn(_NOT_LOCKED.format(reason=error))
            return None
        return task.open_store(locked) if locked else None

    def _try_out(self, store: Store, account_id: str) -> None:
        """Make sure that the records can be read, and written where another place could be used."""
        store.list(record_folder(account_id))
        read_record(store, account_id, self.record_id)
        if self._may_fall_back:
            self.keep_evidence(account_id, "begun", {"begun": format_utc(self._clock())})

    def _refuse(self, reason: str, account_id: str) -> Refusal:
        step = (
            "Nothing was changed. A release needs the journal of the containment"
            if self.releases
            else "Nothing was changed. To contain all the same, set journal_fallback (hardening_journal_fallback) to "
            "local: the journal is then kept on the controller alone"
        )
        return Refusal("journal", f"{reason}\n{step}", account_id, fatal=True)

    def _explain_fallback(self, reason: str) -> str:
        return (
            f"THE JOURNAL IS ON THIS CONTROLLER ALONE, in {self.store.location}: its place can't be used: {reason}\n"
            "NO OTHER RUN SEES WHOM THIS ONE CONTAINS. Stop all schedules and jobs that write in these accounts, and "
            "keep that directory: a release needs it. The result has each change with the request that undoes it"
        )

    def read_incidents(self, warn: Callable[[str], None]) -> Incidents:
        """The records of incidents, of which this run's own holds nothing back."""
        self._incidents = Incidents(self.store, warn, incident=self.incident.id, contains=not self.releases)
        return self._incidents

    def find_runs(self, account_id: str) -> frozenset[str]:
        """The runs of this incident that wrote in an account.

        :raises StoreError: the record can't be read.
        """
        record = self.read_record(account_id)
        return record.runs if record else frozenset()

    def read_record(self, account_id: str) -> t.Optional[Record]:
        """The record of this run's part of the incident in an account; None if there is none.

        :raises StoreError: it can't be read.
        """
        return read_record(self.store, account_id, self.record_id)

    def begin(self, changes: Sequence[Change], subjects: Collection[Subject], objects: Collection[str] = ()) -> None:
        """Record what is about to be changed, before the first change. ``objects`` are frozen as well.

        :raises StoreError: a record can't be written, so nothing is changed.
        """
        at = self._clock()
        strangers = find_strangers(self.incident.id, [one.arn for one in subjects])
        if strangers:
            raise StoreError(describe_strangers(self.incident.id, strangers))
        for account_id in _list_accounts(changes, subjects):
            step, own = self._step(account_id), _of_account(subjects, account_id)
            targets = {place_of(change) for change in changes if change.account_id == account_id} | set(objects)
            others = {target for target in targets if principal_of(target) is None} - {one.arn for one in subjects}

            def record(
                present: t.Optional[Record],
                step: Step = step,
                own: Collection[Subject] = own,
                others: Collection[str] = others,
            ) -> Record:
                if self.releases:
                    return step.release(_require(present), at)
                return step.contain(present, own, others, at)

            update(self.store, account_id, self.record_id, record)

    def conclude(self, applied: ApplyResult, refused: Collection[Refusal], subjects: Collection[Subject]) -> None:
        """Record what was changed, also by an earlier run that was killed.

        A release is not complete while anything of it is ``refused``. A containment leaves alone what is protected.

        :raises StoreError: a record can't be written. It says ``containing`` then, which freezes as well.
        """
        at = self._clock()
        failed = (applied.error, applied.unverified, applied.refused, refused if self.releases else ())
        completed = not any(failed)
        for account_id in {*_list_accounts(applied.made, subjects), *self._list_open_accounts()}:
            step, own = self._step(account_id), _of_account(subjects, account_id)
            wrote = any(change.account_id == account_id for change in applied.made)

            def record(
                present: t.Optional[Record],
                step: Step = step,
                own: Collection[Subject] = own,
                wrote: bool = wrote,
            ) -> Record:
                if self.releases:
                    known = step.release(_require(present), at)
                    return step.conclude_release(known, at) if completed else known
                known = present if present is not None else step.contain(None, own, (), at)
                return step.conclude(known, own, at, wrote=wrote, completed=completed)

            self._note_confirmation(update(self.store, account_id, self.record_id, record))
            self._index_released(account_id)

    def _index_released(self, account_id: str) -> None:
        """List the released records, so that no later plan reads them. Without the list nothing else is different."""
        if not self.releases and not (self._incidents and self._incidents.lacks_index(account_id)):
            return
        try:
            index_released(self.store, account_id)
        except StoreError as error:
            self._running.warn(f"the released incidents of account {account_id} are not in their index: {error}")

    def _list_open_accounts(self) -> list[str]:
        """List the own account if it has a record of accounts: a run that was killed may have left it open."""
        account_id = self._running.access.caller.account_id
        if self.record_id == self.incident.id:
            return []
        record = self.read_record(account_id)
        return [account_id] if record and record.state is not State.RELEASED else []

    def _note_confirmation(self, kept: Record) -> None:
        """Note who has confirmed the incident by a record. Warn if the second person of this run is the first one."""
        if kept.is_confirmed and kept.confirmation is not None:
            self._confirmed_by = kept.confirmation.by
        elif self.incident.confirmed_by and not self.releases:
            self._running.warn(
                f"{_SECOND_PERSON}: {self.incident.confirmed_by!r} is not counted as the second person, because this "
                f"person declared {self.incident.id} or made its first run. Somebody else has to confirm it"
            )

    def record(self, capability: Capability[t.Any], prediction: Prediction, applied: ApplyResult) -> ApplyResult:
        """Record what was done. A record that can't be written is an error beside those of the changes."""
        try:
            self.conclude(applied, prediction.refused, capability.list_subjects(prediction.allowed))
        except StoreError as error:
            return dataclasses.replace(applied, error="; ".join(filter(None, [applied.error, str(error)])))
        return applied

    def describe(self, applied: ApplyResult) -> dict[str, t.Any]:
        """What results have of an emergency besides."""
        return {
            "incident_id": self.incident.id,
            "confirmed_by": self._confirmed_by,
            "journal_fell_back": self.has_fallen_back,
            # Ansible takes "failed" for the outcome of the task.
            "not_made": [change.as_target() for change in applied.failed],
            "unverified": [change.as_target() for change in applied.unverified],
            # A journal on the controller may be lost with it.
            "undo": [_describe_undo(change) for change in applied.made] if self.has_fallen_back else [],
        }

    def keep_evidence(self, account_id: str, name: str, document: Mapping[str, t.Any]) -> str:
        """Keep a document beside the journal, as ``incident/<id>/<account>/<run>-<name>.json``, and return the place.

        Nothing is ever replaced: a further document of the same run and name gets a number. Its hash is kept beside it,
        as sha256sum writes and checks it.

        :raises StoreError: it can't be written.
        """
        key, number = self._name_evidence(account_id, name), 1
        while self.store.get(key) is not None:
            number += 1
            key = self._name_evidence(account_id, f"{name}-{number}")
        content = self._encode(document)
        place = self._put_evidence(key, content)
        line = f"{hashlib.sha256(content).hexdigest()}  {key.rpartition('/')[2]}\n"
        self._put_evidence(f"{key}{_HASH}", line.encode())
        return place

    def _put_evidence(self, key: str, content: bytes) -> str:
        """Write evidence, locked where that is wanted and possible. Raises StoreError."""
        if self._locked is None:
            return self.store.put_new(key, content)
        try:
            return self._locked.put_new(key, content)
        except StoreError as error:
            place = self.store.put_new(key, content)
            self._locked = None
            self._running.warn(_NOT_LOCKED.format(reason=error))
            return place

    def _name_evidence(self, account_id: str, name: str) -> str:
        return f"incident/{self.incident.id}/{account_id}/{self._running.run.id}-{name}.json"

    def _encode(self, document: Mapping[str, t.Any]) -> bytes:
        run = self._running.run
        names = {
            "incident_id": self.incident.id,
            "run_id": run.id,
            "job_id": run.job_id,
            "caller_arn": self._caller_arn,
        }
        content = {"schema": "hardening.iam/incident-evidence/1", **names, **document}
        return json.dumps(content, indent=2, sort_keys=True, default=str).encode()

    @property
    def _running(self) -> Task:
        if self._task is None:
            raise AssertionError("the task is known once the journal is open")
        return self._task

    def _clock(self) -> datetime:
        return self._running.clock()

    def _step(self, account_id: str) -> Step:
        run = self._running.run
        author = str(run.details.get("author") or "")
        return Step(self.incident, account_id, run.id, self._caller_arn, author, self.record_id)


def _check_second_person(task: Task, incident: Incident) -> Incident:
    """The incident without a second person who is not the user of this AWX job: anybody could have typed that name.

    AWX gives the user of a job, and none for the job of a schedule.
    """
    author = str(task.run.details.get("author") or "")
    if not task.run.awx_job_id or not incident.confirmed_by or is_same_person(incident.confirmed_by, author):
        return incident
    task.warn(
        f"{_SECOND_PERSON}: {incident.confirmed_by!r} is not the user of this job ({author or 'none'}), so it is not "
        "counted. In AWX the second person starts a job: IAM contain confirm"
    )
    return dataclasses.replace(incident, confirmed_by="")


def _describe_undo(change: Change) -> dict[str, t.Any]:
    return {**change.as_target(), "undo": change.undo.as_dict() if change.undo else None}


def _list_accounts(changes: Sequence[Change], subjects: Collection[Subject]) -> list[str]:
    return sorted({*(change.account_id for change in changes), *(one.account_id for one in subjects)})


def _of_account(subjects: Collection[Subject], account_id: str) -> tuple[Subject, ...]:
    return tuple(one for one in subjects if one.account_id == account_id)


def _require(present: t.Optional[Record]) -> Record:
    if present is None:
        raise StoreError("the record of the incident is gone, so it can't be released")
    return present
