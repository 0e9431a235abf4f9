# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``session_revocation``: one pass of a containment in one account."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.account_id import parse_account_id
from ..._account.answer import Answer
from ..._account.model import Dataset
from ..._account.permissions import Permissions
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import KnownReach
from ..._converge.capability import Capability
from ..._converge.change import Change, Refusal
from ..._converge.finding import Finding
from ..._converge.identity_changes import SET_TRUST
from ..._converge.incident.declaration import SessionSeed
from ..._converge.incident.names import Pass
from ..._converge.incident.runbook import refuse_seed
from ..._converge.incident.steps import Subject
from ..._converge.plan import Plan
from ..._converge.store import StoreError
from ..._converge.untouchable import UntouchablePrincipals
from ..._incident.deletions import Deletion, Kind
from ..._incident.observe import Proofs
from ..._module.connection import Connection
from ..._module.converging import converge
from ..._module.emergency import Emergency
from ..._module.shared_parts import SharedParts
from ..._module.task import Task, TaskError
from .changes import CutWriter, is_among
from .doors.judge import Door
from .doors.judge import describe as describe_door
from .doors.observe import OPERATIONS as OF_DOORS
from .doors.observe import read_doors
from .edges import AccountEdges, drop_control_denials
from .lost import find_lost, list_unresolved
from .minted.judge import Minted, describe_key, find_key_id
from .minted.makers import Makers
from .minted.observe import OPERATIONS as OF_MINTED
from .minted.observe import read_minted
from .names import MODULE
from .observe import (
    READ_OPERATIONS,
    add_details,
    leave_part,
    read_account,
    read_keys,
    read_parts,
    read_past,
    read_roles,
    read_signin,
    read_trusts,
    reread,
    wait_for_parts,
)
from .openings import find_sourced, list_unsourced
from .outcome import Absent, find_absent, judge_outcome
from .plan import OF_TRUST, Observed, Planner, Verdict
from .reach import ReachResult, Source, Walk
from .rows import list_lives, list_roles
from .sessions.observe import check_sessions
from .signin import REVOKE, SERVICE, choose, choose_issued_since, explain_errors
from .targets import Chosen, choose_targets, list_sources, list_starts, list_unnamed
from .text import write_text
from .trust_guard import TrustGuard

_WRITES: t.Final = (
    "AttachRolePolicy",
    "CreatePolicy",
    "CreatePolicyVersion",
    "DeletePolicyVersion",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePolicy",
    SET_TRUST,
)
OPERATIONS: t.Final = Operations(writes=frozenset({*(f"iam:{name}" for name in _WRITES), f"{SERVICE}:{REVOKE}"})).union(
    READ_OPERATIONS, OF_MINTED, OF_DOORS
)


@dataclasses.dataclass(frozen=True)
class Declared:
    """The options of one pass. ``inventory`` are the accounts that are ours."""

    inventory: frozenset[str] = frozenset()
    propagation: timedelta = timedelta(seconds=30)
    max_roles: int = 25
    max_principals: int = 10
    name_of_pass: Pass = Pass.LAST

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> t.Self:
        """Check the options. Raises TaskError."""
        seconds, most = options["propagation_seconds"], options["max_roles"]
        if not 20 <= seconds <= 300:
            raise TaskError(f"propagation_seconds: {seconds} is not allowed; allowed is a number from 20 to 300")
        if most < 0:
            raise TaskError(f"max_roles: {most} is not allowed; allowed is a number from 0 on")
        try:
            accounts = frozenset(filter(None, map(parse_account_id, options["inventory_accounts"])))
        except ValueError as error:
            raise TaskError(f"inventory_accounts: {error}") from error
        return cls(accounts, timedelta(seconds=seconds), most, int(options["max_principals"]), Pass(options["pass"]))

    @property
    def waits(self) -> bool:
        """Whether other passes follow, which know the accounts that this one does not know yet."""
        return self.name_of_pass is Pass.FIRST


def run(task: Task) -> dict[str, t.Any]:
    """Cut the sessions of an account that an incident reaches, as the options say."""
    declared = Declared.from_options(task.options)
    emergency = Emergency.from_task(task)
    shared = SharedParts.of(task, emergency.incident.id)
    make = functools.partial(SessionRevocation, declared, emergency, shared, task.clock, task.guards.break_glass)
    # Each pass has a part of the report of its own, so that the changes of the first one stay there.
    part = f"{MODULE}_{declared.name_of_pass}"
    return converge(task, make, module=MODULE, part=part, emergency=emergency)


class SessionRevocation(Capability[Observed]):
    """One pass in one account."""

    insists = True
    # AWS notices changes of IAM after four seconds or so.
    holds = 5.0
    #: So many seconds the first pass waits for other hosts.
    patience: t.ClassVar[float] = 5.0
    _observed: Observed

    def __init__(
        self,
        declared: Declared,
        emergency: Emergency,
        shared: SharedParts,
        clock: t.Callable[[], datetime],
        break_glass: tuple[str, ...],
        connection: Connection,
    ) -> None:
        self._declared = declared
        self._emergency = emergency
        self._incident = emergency.incident
        self._shared = shared
        self._connection = connection
        self._own_clock = clock
        self._untouchable = UntouchablePrincipals(connection.principals, break_glass)
        self._planner = Planner(
            emergency.incident,
            self._clock,
            declared.propagation,
            declared.max_roles,
            declared.max_principals,
            TrustGuard(self._untouchable, declared.inventory),
        )
        self._verdicts: tuple[Verdict, ...] = ()
        self._cut_at: dict[str, datetime] = {}
        self._edges: t.Optional[AccountEdges] = None

    def _clock(self) -> datetime:
        """The present. Where this machine is behind, that of AWS counts: AWS dates the sessions that are cut."""
        return self._own_clock() + timedelta(seconds=self._connection.access.seconds_behind)

    # What there is

    def observe(self) -> Observed:
        access = self._connection.access
        # What the source opened before it was denied from above lives on.
        snapshot = drop_control_denials(read_account(self._connection))
        account_id, inventory = snapshot.account_id, self._declared.inventory
        checked = check_sessions(access, self._incident, account_id)
        self._set_sessions(checked.sessions)
        keys = read_keys(access, self._incident, snapshot, self._find_deletion)
        self._set_sessions((*self._incident.sessions, *keys.sessions))
        unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        lost, gone = frozenset[str](), frozenset[str]()
        if unread is None:
            lost, gone = find_lost(self._incident, snapshot, keys.sessions, self._find_deletion)
        declared = list_sources(self._incident, keys.users)
        own = [one.arn for one in declared if one.arn.split(":")[4] == account_id and one.arn not in lost]
        homes = {*keys.homes, *(source.arn.split(":")[4] for source in declared)}
        past = read_past(self._emergency.store, self._incident.id, {*homes, account_id})
        self._cut_at = dict(read_parts(self._shared, [account_id]).cut_at)
        edges = AccountEdges.from_snapshot(snapshot, own, {*past.cut, *self._cut_at})
        if unread is None:
            self._edges = edges
            leave_part(self._shared, edges, self._cut_at)
        self._await_others((inventory & homes if self._connection.writes else inventory) - {account_id})
        parts = read_parts(self._shared, inventory - {account_id})
        accounts = {**parts.accounts, **({account_id: edges} if unread is None else {})}
        named = list_sources(self._incident, (*keys.users, *past.users, *parts.users), parts.roles)
        proven = {*gone, *keys.users, *past.users, *parts.users, *parts.roles}
        starts = sources = list_starts(self._incident, named, accounts, proven)
        walk = Walk(accounts, inventory, waits=self._declared.waits)
        earlier = {*past.cut, *parts.cut_at, *self._cut_at} - {source.arn for source in starts}
        reach = walk.run(starts, account_id, earlier)
        are_known = keys.are_known(self._incident, accounts)
        chosen = self._choose(walk, starts, reach, account_id, are_known=are_known)
        named_targets = [target.arn for target in chosen.targets if target.is_named]
        self._observed = self._complete(
            Observed(
                snapshot,
                sources,
                reach,
                chosen,
                sourced=find_sourced(walk, starts, list_unsourced(self._incident, named_targets)),
                accounts=frozenset(accounts),
                problem=f"the roles of account {account_id} are not known: {unread.reason}" if unread else "",
                unread=(*checked.unread, *keys.unread, *past.unread),
                lost_sessions=checked.lost,
                denied_at=past.denied_at,
                cut_at={**parts.cut_at, **self._cut_at},
                lost=lost,
                gone=gone,
            ),
            missing=sorted(inventory - set(accounts)),
        )
        return self._observed

    def _find_deletion(self, kind: Kind, identifier: str) -> Answer[Deletion]:
        return self._proofs.find(kind, identifier)

    @functools.cached_property
    def _proofs(self) -> Proofs:
        """What proves that something was deleted. While all names are right, nothing is read for it."""
        access = self._connection.access
        past = read_past(self._emergency.store, self._incident.id, [access.caller.account_id])
        return Proofs(access, self._incident, {*past.users, *past.seeds})

    def _choose(
        self, walk: Walk, starts: Sequence[Source], reach: ReachResult, account_id: str, *, are_known: bool
    ) -> Chosen:
        """Choose the roles that are cut. The way is asked again for the sources whose sessions have no known names."""
        unnamed = list_unnamed(self._incident, starts)
        found = reach if len(unnamed) == len(starts) else walk.run(unnamed, account_id, reach.gone)
        return choose_targets(self._incident, reach, account_id, self._untouchable, found if are_known else None)

    def _set_sessions(self, sessions: Sequence[SessionSeed]) -> None:
        """Set the sessions that are cut: those that people have named, and those that leaked keys are of."""
        self._incident = dataclasses.replace(self._incident, sessions=tuple(dict.fromkeys(sessions)))
        self._planner = dataclasses.replace(self._planner, incident=self._incident)

    def _await_others(self, account_ids: Collection[str]) -> None:
        """Wait a little for what other hosts read meanwhile, in the first pass alone: later ones find it.

        A run that writes waits for the accounts of the sources only, check mode for all: it makes no second pass.
        """
        if self._declared.waits or not self._connection.writes:
            wait_for_parts(self._shared, account_ids, self.patience)

    def _complete(self, observed: Observed, *, missing: Sequence[str]) -> Observed:
        """Add what is read of the targets, and what is not known."""
        access, snapshot = self._connection.access, observed.snapshot
        writer = CutWriter(snapshot.account_id, snapshot.partition, self._incident.id)
        arns = observed.list_found_targets()
        # Users who are denied can do nothing with such a session, so that comes after the cuts.
        waits = self._declared.waits and self._connection.writes
        owners = self._planner.list_owners(observed)
        others = [arn for arn in (*arns, *observed.chosen.not_cut) if arn not in owners]
        signin, regions = read_signin(access, snapshot.account_id) if (owners or others) and not waits else ((), {})
        found = add_details(access, choose(signin, (*owners, *others)))
        revoked = {*choose(found, owners), *choose_issued_since(choose(found, arns), self._incident.since)}
        awaits = tuple(missing) if self._declared.waits else ()
        minted, doors = (None, ()) if waits else self._read_minted(observed)
        holders = {key.user for key in minted.keys} if minted else set()
        return dataclasses.replace(
            observed,
            minted=minted,
            doors=doors,
            untouched=frozenset(arn for arn in holders if self._untouchable.refusal(arn)),
            roles=read_roles(access, [target.arn for target in observed.chosen.targets], snapshot, writer),
            signin=tuple(session for session in found if session in revoked),
            signin_left=tuple(session for session in found if session not in revoked),
            unread_regions=regions,
            unread=(
                *observed.unread,
                *(minted.unread if minted else ()),
                *(f"account {account} was not read in this run" for account in missing if account not in awaits),
            ),
            awaits=awaits,
        )

    def _read_minted(self, observed: Observed) -> tuple[Minted, tuple[Door, ...]]:
        """Read the keys that may have been made for others, also by a door, and the doors that may have been left."""
        access, snapshot, reached = self._connection.access, observed.snapshot, observed.list_reached()
        denied, now = observed.list_users(), self._clock()
        since, inventory = self._incident.find_since(now), self._declared.inventory
        if not reached or snapshot.missing(Dataset.AUTHORIZATION_DETAILS) is not None:
            return Minted(since), ()
        makers = Makers(Permissions(snapshot), reached)
        doors, unread = read_doors(access, snapshot, makers, reached, since=since, denied=denied, inventory=inventory)
        incident, opened = self._incident, [door.arn for door in doors]
        minted = read_minted(access, snapshot, incident, reached, makers, opened, denied=denied, now=now)
        return dataclasses.replace(minted, unread=(*minted.unread, *unread)), doors

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return ()

    # What is done

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        self._verdicts = self._planner.judge(observed)
        self._observed = observed = self._planner.prove_keys(observed, self._verdicts)
        plan = self._planner.plan(observed, self._verdicts)
        return dataclasses.replace(plan, refused=(*self._refuse_seeds(), *plan.refused))

    def _refuse_seeds(self) -> tuple[Refusal, ...]:
        """Refuse to cut the run itself, or break-glass. That ends the run, with the runbook for people."""
        named = [target.arn for target in self._observed.chosen.targets if target.is_named]
        refusals = (
            refuse_seed(
                arn,
                callers=self._untouchable.callers,
                break_glass=self._untouchable.break_glass,
                incident_id=self._incident.id,
            )
            for arn in named
        )
        return tuple(refusal for refusal in refusals if refusal)

    def add_affected(self, observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach(observed.snapshot))

    def begin(self, changes: Sequence[Change]) -> None:
        """Keep what will be ended: the sign-in sessions, and the way to each role."""
        if not changes:
            return
        observed = self._observed
        document = {
            "reached": [{**dataclasses.asdict(one)} for one in observed.reach.roles.values()],
            "signin_sessions": [session.as_dict() for session in (*observed.signin, *observed.signin_left)],
            "trust_policies": {
                verdict.target.arn: verdict.live.trust for verdict in self._verdicts if verdict.live and verdict.edit
            },
        }
        self._emergency.keep_evidence(observed.snapshot.account_id, MODULE, document)

    def list_subjects(self, changes: Sequence[Change]) -> Collection[Subject]:
        owners = self._planner.list_owners_of_keys(self._observed, changes)
        return (*self._planner.list_subjects(self._verdicts, changes), *owners)

    def reread(self, change: Change) -> t.Any:
        ids = {verdict.live.arn: verdict.live.role_id for verdict in self._verdicts if verdict.live}
        return reread(self._connection.access, change, ids)

    def stays_with(self, change: Change, refused: Change) -> bool:
        """Whether a policy is attached that is not made, or one is taken away whose successor is not there."""
        if change.service == SERVICE or refused.service == SERVICE:
            return False
        return any(
            is_among(change, verdict.changes) and is_among(refused, verdict.changes) for verdict in self._verdicts
        )

    def learn(self, change: Change, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        if change.service != SERVICE:
            mark = OF_TRUST if change.operation == SET_TRUST else ""
            if not find_key_id(change):
                self._cut_at[f"{change.target}{mark}"] = self._clock()
            return {}
        problem = explain_errors(answer)
        if problem:
            raise AwsError(problem, service=SERVICE, operation=REVOKE, region=change.region)
        return {}

    def conclude(self, _result: Mapping[str, t.Any], *, completed: bool) -> None:
        """Leave the moments of the cuts for the hosts whose roles are assumed from here."""
        if self._edges is not None:
            leave_part(self._shared, self._edges, self._cut_at)

    # What is said

    def result(self, result: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        observed, verdicts = self._observed, self._verdicts
        outcome = judge_outcome(observed, verdicts, self._incident, result, self._find_absent())
        permissions = Permissions(observed.snapshot)
        trusts = {verdict.target.arn: permissions.trust(verdict.target.arn) for verdict in verdicts}
        owners = self._planner.list_owners(observed)
        returned = {
            "pass": self._declared.name_of_pass.value,
            "roles": list(list_roles(observed, verdicts, trusts, outcome)),
            "not_denied": [*outcome.rows, *self._list_keys(result)],
            "doors": self._list_doors(),
            "unresolved": list(list_unresolved(observed, verdicts)),
            "not_cut_because": [refusal.as_dict() for refusal in observed.chosen.not_cut.values()],
            "unfollowed": [edge.as_dict() for edge in observed.list_unfollowed()],
            "unread": [*filter(None, [observed.problem]), *observed.unread],
            "awaits": list(observed.awaits),
            "signin_sessions": [session.as_dict() for session in observed.signin],
            "signin_unread": dict(observed.unread_regions),
            "lives_on": list(list_lives(observed, verdicts, outcome, owners, self._clock())),
        }
        text = write_text(observed.snapshot.account_id, returned, writes=self._connection.writes)
        return {**returned, "terminal": text}

    def _find_absent(self) -> frozenset[Absent]:
        """Find the principals that no trust policy let in. One that an earlier pass took out is in the journal."""
        if not any(verdict.edit and verdict.edit.absent for verdict in self._verdicts):
            return frozenset()
        account_id = self._observed.snapshot.account_id
        try:
            earlier = read_trusts(self._emergency.store, account_id, self._emergency.find_runs(account_id))
        except StoreError:
            earlier = ()
        return find_absent(self._verdicts, earlier, self._incident.id)

    def _list_keys(self, result: Mapping[str, t.Any]) -> list[dict[str, str]]:
        """List the keys of others that work, but for those that this run deactivates."""
        minted = self._observed.minted
        failed = {item["target"] for item in (*result["refused"], *result["not_made"], *result["unverified"])}
        ended = {key.id for key in self._planner.list_deactivated(self._observed) if key.user not in failed}
        return [describe_key(key, minted.since) for key in minted.keys if key.id not in ended] if minted else []

    def _list_doors(self) -> list[dict[str, str]]:
        """List the passwords and roles that may have been left, but for those that the incident contains already."""
        observed = self._observed
        done = [verdict.target for verdict in self._verdicts if not verdict.refusal]
        closed = {target.arn for target in done if target.cut.all}
        # Who took a stranger out of a trust policy has looked at whom else it lets in.
        looked_at = {target.arn for target in done if target.trust_cuts}
        since = observed.minted.since if observed.minted else self._clock()
        return [
            describe_door(door, since)
            for door in observed.doors
            if door.arn not in closed and (door.are_strangers or door.arn not in looked_at)
        ]

    def failure(self, result: Mapping[str, t.Any]) -> str:
        undenied = (f"{item['principal']}: {item['reason']}; {item['next_step']}" for item in result["not_denied"])
        lost = (f"{one['id']}: {one['detail']}" for one in result["unresolved"])
        problems = [*undenied, *filter(None, [self._observed.problem]), *lost]
        return f"not denied: {'; '.join(problems)}" if problems else ""
