# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``organization_containment``: contains accounts and users of Identity Center, and releases them."""

from __future__ import annotations

import dataclasses
import functools
import time
import types
import typing as t
from collections.abc import Collection, Mapping, Sequence

from ..._account.answer import Answer
from ..._account.organization_tree import OrganizationTree
from ..._aws.access import Access
from ..._aws.errors import AccessDenied, AwsError
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import KnownReach
from ..._converge.capability import Aws, Capability
from ..._converge.change import Change, Refusal
from ..._converge.errors import GuardError, InputError
from ..._converge.finding import Finding
from ..._converge.incident.declaration import UNVERIFIED_PERSON
from ..._converge.incident.names import OF_ORGANIZATION
from ..._converge.incident.record import Record, State
from ..._converge.incident.releasing import Part, Releasing, check_release, group, select
from ..._converge.journal import read_recorded
from ..._converge.plan import Plan
from ..._converge.undo import Recorded, Unread
from ..._incident.from_above import name_canary
from ..._module.connection import Connection
from ..._module.converging import converge
from ..._module.emergency import Emergency
from ..._module.organization_policies import acting
from ..._module.shared_parts import SharedParts
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from .canary.observe import OPERATIONS as OF_CANARY
from .canary.observe import measure_safely
from .declared import ACCOUNT, Declared
from .lock import LockPlan, LockPlanner
from .members import Member
from .observe import OPERATIONS as OWN_OPERATIONS
from .observe import describe_member, read_members, read_organization, read_sources, read_state
from .plan import MODULE, Observed, Planner, Verdict, list_frozen
from .release import Present, plan_release, stays_with
from .report import (
    describe_lock,
    list_accounts,
    list_lives_on,
    list_not_denied,
    list_people,
    list_unresolved,
    write_release_text,
    write_text,
)
from .trust.judge import CONTROL, find_untrusted
from .trust.observe import TRUST_OPERATIONS, judge_accounts
from .work.observe import OPERATIONS as OF_WORK
from .work.observe import Work, read_work

__all__ = ["OPERATIONS", "WRITER", "run"]

WRITER: t.Final = Writer.CONTAINMENT
OPERATIONS: t.Final = OWN_OPERATIONS.union(TRUST_OPERATIONS, OF_CANARY, OF_WORK)
_HINT: t.Final = "run on the host of the management account, in its role of the class containment"


def run(task: Task) -> dict[str, t.Any]:
    """Contain accounts and users of Identity Center, or release them, as the options of ``task`` say."""
    releases = task.options["state"] == "released"
    emergency = Emergency.from_task(task, releases=releases, ending=OF_ORGANIZATION)
    try:
        declared = Declared.from_options(task.options, emergency.incident)
    except InputError as error:
        raise TaskError(str(error)) from error
    if releases and declared.terms.problems and task.run.writes:
        raise TaskError("; ".join(declared.terms.problems))
    if not releases:
        for user in emergency.incident.identity_center_users:
            task.warn(UNVERIFIED_PERSON.format(user.user_id))
    kind: t.Any = Release if releases else OrganizationContainment
    shared = SharedParts.of(task, emergency.incident.id)
    make = functools.partial(kind, declared, emergency, task.guards.break_glass, shared)
    part = MODULE if releases else f"{MODULE}_{declared.name_of_pass}"
    return converge(task, make, module=MODULE, part=part, emergency=emergency)


class _OfOrganization(Capability[t.Any]):
    """What a containment and its release have in common."""

    insists = True

    def __init__(
        self,
        declared: Declared,
        emergency: Emergency,
        break_glass: tuple[str, ...],
        shared: SharedParts,
        connection: Connection,
    ) -> None:
        self._shared = shared
        self._declared = declared
        self._emergency = emergency
        self._break_glass = break_glass
        self._connection = connection
        self._access: Access = connection.access
        self._acting = acting(connection.access)
        self._tree: t.Optional[OrganizationTree] = None

    def findings(self, _observed: t.Any) -> tuple[Finding, ...]:
        return ()

    def reread(self, change: Change) -> t.Any:
        return read_state(self._access, self._connection, change)

    def acting(self, change: Change) -> t.Optional[Aws]:
        """AWS for requests that name a policy, whose id is known once it is there."""
        return self._acting(change)

    def stays_with(self, change: Change, refused: Change) -> bool:
        return stays_with(change, refused)

    def add_affected(self, _observed: t.Any, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach(organization=self._tree))

    def _read_tree(self) -> OrganizationTree:
        try:
            self._tree = read_organization(self._access)
        except AccessDenied as error:
            raise error.rephrase(f"{error.message.rstrip('.')}; {_HINT}") from error
        if self._tree.management_account_id != self._access.caller.account_id:
            raise InputError(
                f"account_id: {self._access.caller.account_id} is not the management account of the organization, "
                f"which is {self._tree.management_account_id}; {_HINT}"
            )
        return self._tree


class OrganizationContainment(_OfOrganization):
    """One containment at the organization."""

    reports = frozenset({CONTROL})
    _observed: Observed
    _verdicts: tuple[Verdict, ...] = ()
    _evidence: str = ""
    _measured: Mapping[str, Answer[float]] = types.MappingProxyType({})
    _work: Mapping[str, Work] = types.MappingProxyType({})

    def observe(self) -> Observed:
        access = self._access
        observed = Observed(access.caller.account_id, access.partition)
        if self._concerns_organization():
            tree = self._read_tree()
            members = read_members(self._connection, self._declared, tree, self._break_glass)
            accounts = frozenset(principal.account_id for principal in self._connection.principals)
            lock = self._plan_lock(tree, members)
            observed = Observed(access.caller.account_id, access.partition, tree, members, accounts, lock=lock)
            self._work = self._read_work(lock)
        judged = judge_accounts(self._connection, self._declared, observed.tree, self._emergency.store)
        self._observed = dataclasses.replace(observed, judged=judged)
        return self._observed

    def _concerns_organization(self) -> bool:
        """Whether the incident names something of the organization, or has done something there before."""
        incident = self._declared.incident
        if incident.accounts or incident.identity_center_users or incident.identity_lock.accounts:
            return True
        record = self._emergency.read_record(self._access.caller.account_id)
        return record is not None and record.state is not State.RELEASED

    def _plan_lock(self, tree: OrganizationTree, members: Mapping[str, Member]) -> LockPlan:
        accounts = self._declared.incident.identity_lock.accounts
        sources = {account_id: read_sources(self._shared, account_id) for account_id in accounts}
        management_id, now = self._access.caller.account_id, self._connection.now
        return LockPlanner(self._declared, now, management_id, tree, members, sources).plan()

    def _read_work(self, plan: LockPlan) -> Mapping[str, Work]:
        """Read whose work the lock stops, for the plan. A run that contains has no time for it."""
        lock, named = plan.orders.lock, plan.orders.named
        if lock is None or self._connection.writes:
            return {}
        calls = {
            account_id: functools.partial(
                read_work,
                functools.partial(self._connection.read_as, self._find_reader(account_id), OF_WORK),
                self._connection.now,
                lock.exempt | named.arns,
            )
            for account_id in sorted(lock.accounts)
        }
        return t.cast(Mapping[str, Work], self._access.gather(calls))

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        named = {seed.account_id for seed in self._declared.incident.accounts}
        found = find_untrusted(observed.judged, named, partition=observed.partition, now=self._connection.now)
        return tuple(found)

    def plan(self, observed: Observed, _found: tuple[Finding, ...]) -> Plan:
        planner = Planner(self._declared, self._connection.now)
        self._verdicts = planner.judge(observed)
        return planner.plan(self._verdicts, observed.lock)

    def list_frozen(self, _changes: Sequence[Change]) -> Collection[str]:
        """What no other run changes from now on."""
        return list_frozen(self._verdicts, self._observed.lock)

    def begin(self, _changes: Sequence[Change]) -> None:
        """Keep who goes on, and the policies of the organization, before anything is changed."""
        tree = self._observed.tree
        document = {
            "pass": self._declared.name_of_pass,
            "accounts": [
                {
                    "account_id": verdict.subject,
                    "action": verdict.action,
                    "move": verdict.move.as_dict() if verdict.move else None,
                }
                for verdict in self._verdicts
            ],
            "people": [user.user_id for user in self._declared.incident.identity_center_users],
            "members": [describe_member(member) for member in self._observed.members.values()],
            "policies": [
                {"arn": policy.arn, "name": policy.name, "targets": policy.targets, "content": policy.content}
                for policy in (tree.policies if tree else ())
            ],
        }
        self._evidence = self._emergency.keep_evidence(
            self._observed.account_id, f"{self._declared.name_of_pass}-{MODULE}", document
        )

    def conclude(self, result: Mapping[str, t.Any], *, completed: bool) -> None:
        """Measure in each locked account when the policy holds there; only then the pass inside has no opponent."""
        content, lock = self._observed.lock.content, self._observed.lock.orders.lock
        if not (content and lock and self._connection.writes and completed):
            return
        timing = {"clock": time.monotonic, "sleep": time.sleep}
        calls = {
            account_id: functools.partial(
                measure_safely,
                functools.partial(self._connection.read_as, self._find_reader(account_id), OF_CANARY),
                name_canary(content),
                **timing,
            )
            for account_id in sorted(lock.accounts)
        }
        self._measured = t.cast(Mapping[str, Answer[float]], self._access.gather(calls))

    def _find_reader(self, account_id: str) -> str:
        return self._declared.member_role_arn.replace(ACCOUNT, account_id)

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        written = self._connection.writes
        undenied = list_not_denied(self._verdicts, result)
        users = [user.user_id for user in self._declared.incident.identity_center_users]
        accounts = list_accounts(self._verdicts, undenied, written=written)
        people = list_people(self._verdicts, users, undenied, written=written)
        returned = {
            "pass": self._declared.name_of_pass,
            "accounts": accounts,
            "people": people,
            "not_denied": undenied,
            "unresolved": list_unresolved(self._verdicts, list(self._tree.account) if self._tree else []),
            "identity_lock": describe_lock(self._observed.lock, self._measured, self._work, result),
            "lives_on": list_lives_on(accounts, people),
            "trust": [one.as_dict() for one in self._observed.judged],
            "evidence": self._evidence or None,
        }
        return {**returned, "terminal": write_text({**result, **returned}, written=written)}

    def failure(self, result: Mapping[str, t.Any]) -> str:
        rows = result["not_denied"] if self._connection.writes else ()
        return "; ".join(f"not denied: {row['principal']}: {row['reason']}" for row in rows)


class Release(_OfOrganization):
    """The release of what an incident contained at the organization."""

    _record: t.Optional[Record] = None
    _releasing: Releasing = Releasing()

    def observe(self) -> Releasing:
        account_id = self._access.caller.account_id
        record = self._emergency.read_record(account_id)
        if record is None or record.state is State.RELEASED:
            return Releasing()
        self._record = record
        self._check(record)
        parts = group(select(self._read_entries(record), record, (MODULE,)))
        tree = self._read_tree()
        self._releasing = plan_release(parts, Present(tree, self._read_states(parts)), record)
        return self._releasing

    def _check(self, record: Record) -> None:
        """Refuse a release too early, or without its checklist; in check mode this is a warning."""
        lacks = check_release(self._declared.terms, record, self._connection.now)
        if lacks and self._connection.writes:
            raise GuardError([Refusal("release", lack, record.account_id, fatal=True) for lack in lacks])
        for lack in lacks:
            self._connection.warn(f"without check mode this fails: {lack}")

    def _read_entries(self, record: Record) -> list[Recorded]:
        store, warn = self._emergency.store, self._connection.warn
        return [entry for run in sorted(record.runs) for entry in read_recorded(store, record.account_id, run, warn)]

    def _read_states(self, parts: Sequence[Part]) -> dict[str, t.Any]:
        found = self._access.gather({part.first.key: functools.partial(self.reread, part.change) for part in parts})
        return {key: Unread(str(value)) if isinstance(value, AwsError) else value for key, value in found.items()}

    def plan(self, observed: Releasing, _found: tuple[Finding, ...]) -> Plan:
        return Plan(observed.changes, observed.refused)

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        terms = self._declared.terms
        returned = {
            "accounts": sorted(name for name in (self._record.targets if self._record else ()) if name.isdigit()),
            "left": [dict(item) for item in self._releasing.left],
            "checklist": {name: dict(item) for name, item in terms.checklist.items()},
            "early_release_reason": terms.early_release_reason or None,
        }
        return {**returned, "terminal": write_release_text({**result, **returned}, written=self._connection.writes)}
