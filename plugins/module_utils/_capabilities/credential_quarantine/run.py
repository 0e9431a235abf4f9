# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``credential_quarantine``: contains a user whose credential leaked, and releases it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.moments import format_utc
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound
from ..._aws.fence import REMOVAL_TASK
from ..._aws.operations import Operations
from ..._aws.root_sessions import RootSessions
from ..._converge.affects.affected import with_affected
from ..._converge.affects.live import HOLDERS_READS, LiveReach
from ..._converge.affects.request import place_of
from ..._converge.arn import principal_of
from ..._converge.capability import Aws, Capability
from ..._converge.change import Change, Refusal
from ..._converge.errors import GuardError, InputError
from ..._converge.finding import Finding, mask_key_ids
from ..._converge.identity_changes import DELETE_POLICY, SET_TRUST
from ..._converge.incident.names import OF_CREDENTIALS, Pass
from ..._converge.incident.record import By, Record, State
from ..._converge.incident.records import read_record
from ..._converge.incident.releasing import LOOKED_AT, Part, Releasing, check_release, group, select
from ..._converge.incident.steps import Subject
from ..._converge.journal import read_recorded
from ..._converge.plan import Plan
from ..._converge.store import StoreError
from ..._converge.undo import Recorded, Unread
from ..._incident.observe import Proofs
from ..._module.connection import Connection
from ..._module.converging import converge
from ..._module.emergency import Emergency
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from .changes import find_impossible, is_of_root
from .declared import Declared
from .doubts import OF_DOUBTS, Doubts, Judge, judge_users
from .evidence import describe
from .locate import Place, Seed, Status, add_contained, check_contained
from .names.observe import add_near
from .observe import (
    READS,
    ROOT_WRITES,
    TASKS,
    list_deletions,
    read_roots,
    read_seeds,
    read_state,
    read_users,
)
from .plan import MODULE, Contained, Observed, Planner, list_home_users
from .release import DERIVATIONS, plan_release
from .remains import find_undenied, list_lives_on, list_roots_live_on, list_stops_working
from .report import list_not_denied, write_release_text, write_text
from .states import CALLS_OF, DenyPolicy, RootState, UserState
from .trusts import check_trusts

WRITER: t.Final = Writer.CONTAINMENT
# A release takes back what session_revocation cut of roles, too.
OPERATIONS: t.Final = Operations(
    reads=READS | HOLDERS_READS,
    writes=ROOT_WRITES
    | frozenset(
        {
            *(f"iam:{calls.update}" for calls in CALLS_OF.values()),
            *(f"iam:{name}" for name in ("TagUser", "UntagUser", "DeleteLoginProfile")),
            *(f"iam:{verb}UserPolicy" for verb in ("Attach", "Detach", "Put", "Delete")),
            *(f"iam:{verb}UserPermissionsBoundary" for verb in ("Put", "Delete")),
            *(
                f"iam:{name}"
                for name in ("DeleteRolePolicy", "DetachRolePolicy", "DeletePolicy", "DeletePolicyVersion", SET_TRUST)
            ),
        }
    ),
)


def run(task: Task) -> dict[str, t.Any]:
    """Contain the users whose credentials leaked, or release them, as the options of ``task`` say."""
    releases = task.options["state"] == "released"
    emergency = Emergency.from_task(task, releases=releases)
    try:
        declared = Declared.from_options(task.options, emergency.incident)
    except InputError as error:
        raise TaskError(str(error)) from error
    reveal = task.findings.reveal_key_ids
    if releases:
        if declared.terms.problems and task.run.writes:
            raise TaskError("; ".join(declared.terms.problems))
        make: t.Any = functools.partial(Release, declared, emergency, writes=task.run.writes, reveal_key_ids=reveal)
    else:
        planner = functools.partial(Planner, declared, break_glass=task.guards.break_glass)
        make = functools.partial(
            CredentialQuarantine, planner, declared, emergency, writes=task.run.writes, reveal_key_ids=reveal
        )
    # Each pass has a part of the report of its own, so that the changes of the first one stay there.
    part = MODULE if releases else f"{MODULE}_{declared.name_of_pass}"
    return converge(task, make, module=MODULE, part=part, emergency=emergency)


class _OfIncident(Capability[t.Any]):
    """What a containment and its release have in common."""

    insists = True

    def __init__(
        self,
        declared: Declared,
        emergency: Emergency,
        connection: Connection,
        *,
        writes: bool,
        reveal_key_ids: bool,
    ) -> None:
        self._declared = declared
        self._emergency = emergency
        self._connection = connection
        self._access: Access = connection.access
        self._opened = RootSessions(self._access, TASKS)
        self._writes = writes
        self._reveal = reveal_key_ids

    def findings(self, _observed: t.Any) -> tuple[Finding, ...]:
        return ()

    def reread(self, change: Change) -> t.Any:
        return read_state(self._access, self._opened, change)

    def _mask(self, value: t.Any) -> t.Any:
        return value if self._reveal else mask_key_ids(value)

    def _read_record(self) -> t.Optional[Record]:
        return read_record(self._emergency.store, self._access.caller.account_id, self._declared.incident.id)

    def _read_entries(self, record: Record) -> list[Recorded]:
        """Read the changes of all runs of the incident."""
        store, warn = self._emergency.store, self._connection.warn
        return [entry for run in sorted(record.runs) for entry in read_recorded(store, record.account_id, run, warn)]


class CredentialQuarantine(_OfIncident):
    """One containment in one account: what was observed, and who is contained."""

    # AWS notices changes of IAM after four seconds or so.
    holds: float = 5.0
    _observed: Observed
    _plan: Plan
    _contained: tuple[Contained, ...] = ()
    _evidence: str = ""

    def __init__(
        self,
        planner: t.Callable[..., Planner],
        declared: Declared,
        emergency: Emergency,
        connection: Connection,
        *,
        writes: bool,
        reveal_key_ids: bool,
    ) -> None:
        super().__init__(declared, emergency, connection, writes=writes, reveal_key_ids=reveal_key_ids)
        self._planner = planner(now=connection.now, callers=connection.principals)
        # The sessions of the user's roles may still undo everything, so they are cut before anything can stay.
        if declared.name_of_pass is Pass.FIRST:
            self.holds = 0.0

    def observe(self) -> Observed:
        access, declared = self._access, self._declared
        place = Place(access.caller.account_id, declared.inventory_accounts, declared.acts_for_organization)
        record = self._read_open_record()
        recorded = _list_contained(record)
        earlier = {*(record.seeds if record else ()), *recorded}
        located = read_seeds(access, self._opened, declared.incident, place, Proofs(access, declared.incident, earlier))
        # The first pass is in a hurry. What it does not find, a later one names.
        if declared.name_of_pass is not Pass.FIRST:
            located = add_near(access, located)
        named = add_contained(located, recorded, place.account_id)
        users, account = read_users(access, list_home_users(named))
        seeds = check_contained(named, recorded, _list_unique_ids(users))
        return Observed(
            place.account_id,
            access.partition,
            seeds,
            {name: str(user) if isinstance(user, AwsError) else user for name, user in users.items()},
            account.deny,
            account.slots,
            self._read_roots(seeds, place),
            self._find_impossible(record, users.values(), account.deny),
        )

    def _read_open_record(self) -> t.Optional[Record]:
        """Read the record of earlier passes; None if there were none, or what they did is taken back."""
        try:
            record = self._read_record()
        except StoreError as error:
            # A run that writes has read it before.
            self._connection.warn(f"it is not known whom earlier passes contained: {error}")
            return None
        return record if record and record.state is not State.RELEASED else None

    def _find_impossible(
        self, record: t.Optional[Record], users: Iterable[t.Union[UserState, AwsError]], deny: DenyPolicy
    ) -> dict[str, frozenset[str]]:
        """Find the denials that AWS refused in an earlier pass. Nothing is read where the policy is attached."""
        lacking = {user.arn for user in users if isinstance(user, UserState) and deny.arn not in user.attached}
        if record is None or lacking.isdisjoint(_list_contained(record)):
            return {}
        try:
            return find_impossible(self._read_entries(record), record.declared_at)
        except StoreError as error:
            self._connection.warn(f"it is not known what earlier passes could not do: {error}")
            return {}

    def _read_roots(self, seeds: Sequence[Seed], place: Place) -> dict[str, t.Union[RootState, str]]:
        """Read root of the members that a seed is of."""
        accounts = {seed.account_id for seed in seeds if seed.status is Status.ROOT} - {place.account_id}
        found: dict[str, t.Union[RootState, str]] = {}
        for account_id in sorted(accounts):
            try:
                found |= read_roots(self._opened, (account_id,), self._access.partition)
            except AwsError as error:
                found[account_id] = str(error)
        return found

    def plan(self, observed: Observed, _found: tuple[Finding, ...]) -> Plan:
        self._observed = observed
        self._contained, self._plan = self._planner.contain(observed)
        return self._plan

    def list_subjects(self, changes: Sequence[Change]) -> tuple[Subject, ...]:
        return self._planner.list_subjects(self._observed, self._contained, self._plan.changes, changes)

    def begin(self, _changes: Sequence[Change]) -> None:
        observed = self._observed
        document = describe(
            observed.seeds,
            [user for user in observed.users.values() if isinstance(user, UserState)],
            self._list_roots(),
            name_of_pass=self._declared.name_of_pass,
            at=self._connection.now,
        )
        self._evidence = self._emergency.keep_evidence(
            observed.account_id, f"{self._declared.name_of_pass}-{MODULE}", document
        )

    def acting(self, change: Change) -> t.Optional[Aws]:
        """Root of the member for what is taken from it, and the run's own access for all else."""
        return self._opened.of(change.account_id, REMOVAL_TASK) if is_of_root(change) else None

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        returned = {
            "pass": self._declared.name_of_pass.value,
            "seeds": [seed.as_dict() for seed in self._observed.seeds],
            "contained": [
                {"principal": one.user.arn, "unique_id": one.user.unique_id, "seeds": list(one.seeds)}
                for one in self._contained
            ],
            "not_denied": list_not_denied(self._contained, result, self._observed.seeds),
            "lives_on": self._list_lives_on(find_undenied(result)),
            "stops_working": list_stops_working(one.user for one in self._contained),
            "evidence": self._evidence or None,
        }
        masked: dict[str, t.Any] = self._mask(returned)
        return {**masked, "terminal": self._mask(write_text({**result, **masked}, written=self._writes))}

    def failure(self, result: Mapping[str, t.Any]) -> str:
        rows = result["not_denied"] if self._writes else ()
        return "; ".join(f"not denied: {row['principal']}: {row['reason']}" for row in rows)

    def _list_roots(self) -> list[RootState]:
        return [root for root in self._observed.roots.values() if isinstance(root, RootState)]

    def _list_lives_on(self, undenied: frozenset[str]) -> list[dict[str, t.Any]]:
        record = self._read_record() if self._writes else None
        denied_at = (record.last_source_write if record else None) or self._connection.now
        rows = []
        for one in self._contained:
            is_denied = not one.denial.problem and one.user.arn not in undenied
            rows += list_lives_on(one.user, denied_at, is_denied=is_denied)
        for root in self._list_roots():
            rows += list_roots_live_on(root, denied_at)
        return rows


def _list_contained(record: t.Optional[Record]) -> dict[str, frozenset[str]]:
    """List the principals that the record says are contained as the source of a credential, with their ids."""
    found: dict[str, frozenset[str]] = {}
    for item in record.contained if record else ():
        if item.by is By.SOURCE:
            found[item.arn] = found.get(item.arn, frozenset()) | {item.unique_id}
    return found


def _list_unique_ids(users: Mapping[str, t.Union[UserState, AwsError]]) -> dict[str, t.Optional[str]]:
    """List the unique ids of users by name: None for one that is gone, and nothing of one that can't be read."""
    return {
        name: user.unique_id if isinstance(user, UserState) else None
        for name, user in users.items()
        if isinstance(user, (UserState, NotFound))
    }


class Release(_OfIncident):
    """The release of one incident in one account: observe reads record and journal, and what is there now."""

    _record: t.Optional[Record] = None
    _releasing: Releasing = Releasing()

    def observe(self) -> Releasing:
        record = self._read_record()
        if record is None or record.state is State.RELEASED:
            return Releasing()
        self._record = record
        self._check(record)
        found = group(select(self._read_entries(record), record, OF_CREDENTIALS))
        parts, trusts = check_trusts(found, self._declared.incident)
        present = self._read_present(parts)
        known = dataclasses.replace(record, seeds=record.seeds | {key.id for key in self._declared.incident.keys})
        doubts = self._find_doubts(known, parts)
        releasing = plan_release(parts, present, known, self._access.partition, doubts)
        self._releasing = dataclasses.replace(releasing, left=(*releasing.left, *trusts))
        return self._releasing

    def _find_doubts(self, record: Record, parts: Sequence[Part]) -> dict[str, Doubts]:
        """What may be the intruder's of the users that ``parts`` are of, by ARN. One that is gone has nothing."""
        concerned = {principal_of(place_of(part.change)) for part in parts}
        arns = {item.arn.rpartition("/")[2]: item.arn for item in record.contained if item.by is By.SOURCE}
        found, _account = read_users(self._access, arns)
        users = [user for user in found.values() if isinstance(user, UserState)]
        looked_at = frozenset((self._declared.terms.looked_at or {"names": ()})["names"])
        judge = Judge(record.seeds, self._declared.incident.since, record.declared_at, looked_at)
        unread = {
            arns[name]: Doubts(refused=(Refusal("unread", f"the user {name} can't be read: {error}", arns[name]),))
            for name, error in found.items()
            if isinstance(error, AwsError) and not isinstance(error, NotFound)
        }
        # All of them tell when the incident began.
        found_doubts = {**judge_users(judge, users), **unread}
        return {arn: doubts for arn, doubts in found_doubts.items() if principal_of(arn) in concerned}

    def _check(self, record: Record) -> None:
        """Refuse a release too early, or without its checklist; in check mode this is a warning."""
        lacks = check_release(self._declared.terms, record, self._connection.now)
        if lacks and self._writes:
            raise GuardError([Refusal("release", lack, record.account_id, fatal=True) for lack in lacks])
        for lack in lacks:
            self._connection.warn(f"without check mode this fails: {lack}")

    def _read_present(self, parts: Sequence[Part]) -> dict[str, t.Any]:
        """What is there now, of what can be taken back."""
        known = [part for part in parts if (part.change.service, part.change.operation) in DERIVATIONS]
        found = self._access.gather({part.first.key: functools.partial(self.reread, part.change) for part in known})
        return {key: Unread(str(value)) if isinstance(value, AwsError) else value for key, value in found.items()}

    def plan(self, observed: Releasing, _found: tuple[Finding, ...]) -> Plan:
        changes: list[Change] = []
        for change in observed.changes:
            changes += list_deletions(self._access, change) if change.operation == DELETE_POLICY else (change,)
        return Plan(tuple(changes), observed.refused)

    def add_affected(self, _observed: Releasing, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Whom the requests affect that will be sent, whatever the records show."""
        access = self._access
        account_id = access.caller.account_id
        live = LiveReach(access, account_id=account_id, partition=access.partition, errors=(AwsError,), known=())
        return with_affected(changes, live)

    def rereads(self) -> Mapping[str, t.Callable[[Change], t.Any]]:
        return dict.fromkeys(OF_CREDENTIALS, self.reread)

    def list_subjects(self, _changes: Sequence[Change]) -> tuple[Subject, ...]:
        record = self._record
        return tuple(Subject(item.arn, item.by, item.unique_id) for item in record.contained) if record else ()

    def _list_statements(self) -> dict[str, dict[str, t.Any]]:
        terms = self._declared.terms
        looked_at = {LOOKED_AT: terms.looked_at} if terms.looked_at else {}
        return {name: self._mask(dict(item)) for name, item in {**terms.checklist, **looked_at}.items()}

    def failure(self, result: Mapping[str, t.Any]) -> str:
        reasons = [item["reason"] for item in result["refused"] if item["rule"] in OF_DOUBTS]
        return str(self._mask("; ".join(reasons))) if self._writes else ""

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        record = self._record
        returned = {
            "contained": [
                {"principal": item.arn, "unique_id": item.unique_id, "since": format_utc(item.since)}
                for item in (record.contained if record else ())
            ],
            "left": self._mask([dict(item) for item in self._releasing.left]),
            "refused": self._mask(result["refused"]),
            "checklist": self._list_statements(),
            "early_release_reason": self._declared.terms.early_release_reason or None,
        }
        return {**returned, "terminal": self._mask(write_release_text({**result, **returned}, written=self._writes))}
