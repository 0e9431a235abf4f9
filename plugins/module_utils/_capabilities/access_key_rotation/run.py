# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``access_key_rotation``: its operations, and its walk on a live account."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import KnownReach
from ..._converge.capability import Aws, Capability, Documents
from ..._converge.change import Change, Refusal
from ..._converge.credential_facts import find_credential
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import ChangeFacts, Plan
from ..._converge.store import StoreError
from ..._converge.untouchable import UntouchablePrincipals
from ..._converge.user_keys import DELETE_KEY, UPDATE_KEY
from ..._module.connection import Connection
from ..._module.converging import converge, settings_of
from ..._module.options import Run, StoreOptions
from ..._module.registration import Registration, Reversal
from ..._module.task import Task, TaskError
from ..._module.user_keys import read_user
from ..._module.version import COLLECTION_VERSION
from ..._module.writers import Writer
from ..._prediction.key_users.evidence import OPERATIONS as CONSUMERS_OPERATIONS
from ..._prediction.key_users.evidence import ConsumerReader
from ..._prediction.key_users.model import Consumers
from ..._prediction.records.evidence_options import EvidenceOptions
from .archive import Archive, Log
from .changes import (
    CREATE_KEY,
    CREATE_SECRET,
    DELETE_SECRET,
    MOVE_LABEL,
    SECRETS,
    STORE,
    RotationWriter,
)
from .declared import Declared, Target
from .grants import CONTEXT, GRANTS, SAMPLES
from .history import MODULE, Attempt, read_attempts
from .issuing.run import Issuer
from .model import Key, Secret, Stage, User
from .observe import OPERATIONS as LIVE_READS
from .observe import read_secret, reread
from .past import Identity, replay
from .records import Event
from .reversal.run import find_undo_access, refuse_undos
from .second_key import list_questionable
from .situation import Situation
from .step import Action, Step, refuse
from .steps import find_next_step
from .summary import build_summary, render_summary
from .undo import DERIVATIONS

# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = Operations(
    writes=frozenset(
        {f"iam:{DELETE_KEY}", f"iam:{UPDATE_KEY}", f"{SECRETS}:{MOVE_LABEL}", f"{SECRETS}:{DELETE_SECRET}"}
    )
).union(LIVE_READS)
OPERATIONS: t.Final = Operations(
    writes=frozenset({f"iam:{CREATE_KEY}", f"{SECRETS}:{CREATE_SECRET}", f"{SECRETS}:{STORE}"})
).union(UNDO_OPERATIONS, CONSUMERS_OPERATIONS)
REGISTRATION: t.Final = Registration(
    role="access_key_rotation",
    module=MODULE,
    writer=Writer.CREDENTIALS,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, refuse=refuse_undos, acting=find_undo_access),
    grants=GRANTS,
    samples=SAMPLES,
    context=CONTEXT,
)
# The stages in which it matters who calls with which key.
_WATCHED: t.Final = frozenset({Stage.CREATED, Stage.DISTRIBUTED, Stage.VERIFIED})
# So long before the new key was made the callers of the old one are looked at.
_BASELINE: t.Final = timedelta(days=30)


def run(task: Task) -> dict[str, t.Any]:
    """Take the rotation of each declared user one step further, as the options of ``task`` say."""
    try:
        declared = Declared.from_options(task.options, key_age_days=settings_of(task).key_age_days, now=task.now)
    except InputError as error:
        raise TaskError(str(error)) from error
    options = _Options(
        declared,
        EvidenceOptions.of(task),
        tuple(task.guards.break_glass),
        task.journal,
        task.run,
        task.findings.reveal_key_ids,
    )
    return converge(task, functools.partial(KeyRotation, options), module=MODULE)


@dataclasses.dataclass(frozen=True)
class _Options:
    """What a run is asked for."""

    declared: Declared
    evidence: EvidenceOptions
    break_glass: tuple[str, ...]
    journal: StoreOptions
    run: Run
    reveal_key_ids: bool


@dataclasses.dataclass(frozen=True)
class Observed:
    """The targets, and the records that each has, in their order."""

    situations: tuple[Situation, ...] = ()
    logs: tuple[Log, ...] = ()


class KeyRotation(Capability[Observed]):
    """One step of the rotations in one account."""

    _observed = Observed()
    _steps: tuple[Step, ...] = ()

    def __init__(self, options: _Options, connection: Connection) -> None:
        self._options = options
        self._declared = options.declared
        self._connection = connection
        access = connection.access
        self._account_id = access.caller.account_id
        self._untouchable = UntouchablePrincipals(connection.principals, options.break_glass)
        self._store = connection.open_store(options.journal)
        self._archive = Archive(self._store, self._account_id)
        self._consumers = ConsumerReader(connection, options.evidence)
        tags = {"iam-hardening:managed": "true", "iam-hardening:collection-version": COLLECTION_VERSION}
        self._writer = RotationWriter(self._account_id, access.partition, access.region, tags)
        # By the ARN of the user: the answers to the changes that were made.
        self._made: dict[str, Mapping[str, t.Any]] = {}

    # The walk

    def observe(self) -> Observed:
        """Read each target live, and how far its rotation is by the records."""
        reads = {target.user: functools.partial(self._read, target) for target in self._declared.targets}
        found = self._connection.access.gather(reads)
        read = [self._follow(target, found[target.user]) for target in self._declared.targets]
        situations = self._add_consumers([situation for situation, _log in read])
        self._observed = Observed(tuple(map(self._add_attempts, situations)), tuple(log for _situation, log in read))
        return self._observed

    def _read(self, target: Target) -> tuple[t.Optional[User], t.Optional[Secret]]:
        access = self._connection.access
        return read_user(access, target.user), read_secret(access, target.secret, self._writer.region_of(target))

    def _follow(
        self, target: Target, found: t.Union[tuple[t.Optional[User], t.Optional[Secret]], AwsError]
    ) -> tuple[Situation, Log]:
        """Follow the records of a target. One that can't be read is a problem of this target alone."""
        if isinstance(found, AwsError):
            return Situation(target, problem=f"its keys or its secret can't be read: {found}"), Log()
        user, secret = found
        if user is None:
            return Situation(target, secret=secret), Log()
        identity = Identity(self._account_id, user.arn, user.unique_id, self._connection.now)
        try:
            log = self._archive.read(user.name, user.unique_id)
        except (StoreError, ValueError) as error:
            return Situation(target, user, secret, problem=f"its records can't be read: {error}"), Log()
        return Situation(target, user, secret, replay(log, identity), account_id=self._account_id), log

    def _add_consumers(self, situations: Sequence[Situation]) -> list[Situation]:
        windows: dict[str, datetime] = {}
        for one in situations:
            if one.past.reached in _WATCHED and one.past.last is not None and not one.past.doubts:
                begin = min(one.past.since.values()) - _BASELINE
                windows |= {one.past.last.old_key: begin, one.past.last.new_key: begin}
        found = self._consumers.read(windows)
        return [dataclasses.replace(one, consumers=_choose(found, one)) for one in situations]

    def _add_attempts(self, situation: Situation) -> Situation:
        """Add what the journal and CloudTrail know of a second key that no record names."""
        user, past = situation.user, situation.past
        if user is None or past.reached is not None or past.doubts or len(user.keys) < 2:
            return situation
        try:
            found = self._read_attempts_of(user)
        except StoreError as error:
            return dataclasses.replace(situation, problem=f"the journal can't be read: {error}")
        makers = {key.id: self._consumers.find_maker(key) for key in list_questionable(user, found)}
        return dataclasses.replace(situation, attempts=found, makers=makers)

    def _read_attempts_of(self, user: User) -> tuple[Attempt, ...]:
        attempts = read_attempts(self._store, self._account_id, self._connection.warn)
        return tuple(one for one in attempts if one.user_arn.lower() == user.arn.lower())

    def findings(self, _observed: Observed) -> tuple[Finding, ...]:
        return ()

    def plan(self, observed: Observed, _found: tuple[Finding, ...]) -> Plan:
        self._steps = tuple(map(self._choose_step, observed.situations))
        changes: list[Change] = []
        refused: list[Refusal] = []
        for situation, step in zip(observed.situations, self._steps, strict=True):
            changes += self._make_changes(situation, step)
            if step.action is Action.REFUSE:
                place = situation.user.arn if situation.user else situation.target.user
                refused.append(Refusal(step.rule, step.reason, place))
        return Plan(tuple(changes), tuple(refused), tuple(self._list_warnings()))

    def _choose_step(self, situation: Situation) -> Step:
        if situation.user is not None:
            arn = situation.user.arn
            refusal = self._untouchable.refusal(arn) or self._connection.freeze.refuse_principal(arn)
            if refusal is not None:
                return refuse(refusal.rule, refusal.reason)
        return find_next_step(situation, self._declared, self._connection.now)

    def _make_changes(self, situation: Situation, step: Step) -> tuple[Change, ...]:
        user, secret, target, writer = situation.user, situation.secret, situation.target, self._writer
        if user is None or step.key is None:
            return ()
        if step.action is Action.CREATE:
            first = (writer.create_secret(user, target),) if secret is None else ()
            return (*first, writer.create_key(user, step.key, target, secret))
        if step.action is Action.DISTRIBUTE and secret is not None:
            return (writer.move_label(user, secret, target, version=situation.version_of(step.key)),)
        if step.action is Action.DEACTIVATE:
            return (writer.deactivate(user, step.key),)
        if step.action in (Action.DELETE, Action.DISCARD):
            return (writer.delete(user, step.key, is_discarded=step.action is Action.DISCARD),)
        return ()

    def _list_warnings(self) -> t.Iterator[str]:
        for one, step in zip(self._observed.situations, self._steps, strict=True):
            if step.notice:
                yield step.notice
            if one.consumers.gap and one.past.reached in _WATCHED:
                yield f"it is not known who uses the keys of {one.target.user}: {one.consumers.gap}"

    def add_affected(self, _observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach())

    def reread(self, change: Change) -> t.Any:
        return reread(self._connection.access, self._connection.now)(change)

    def stays_with(self, change: Change, refused: Change) -> bool:
        """The key is not made without its secret."""
        return (change.operation, refused.operation) == (CREATE_KEY, CREATE_SECRET) and _is_for(change, refused)

    def serves(self, change: Change, served: Change) -> bool:
        """The secret is there for the key alone."""
        return (change.operation, served.operation) == (CREATE_SECRET, CREATE_KEY) and _is_for(served, change)

    def facts(self, change: Change) -> ChangeFacts:
        """The age of the key, and when it may be deleted once it is deactivated."""
        found = find_credential(change)
        users = (one.user for one in self._observed.situations if one.user and one.user.arn == change.target)
        key = next((key for user in users if found and (key := user.find_key(str(found["id"])))), None)
        days = self._declared.delete_after if change.operation == UPDATE_KEY else None
        due = None if days is None else format_utc(self._connection.now + timedelta(days=days))
        return ChangeFacts(deadline=due, credential=find_credential(change, created=key.created if key else None))

    def acting(self, change: Change) -> t.Optional[Aws]:
        """The maker of a new key, which stores its secret in the same call."""
        if change.operation != CREATE_KEY:
            return None
        found = (one for one in self._observed.situations if one.user and one.user.arn == change.target)
        situation = next(found, None)
        if situation is None or situation.user is None:
            raise AwsError(f"{change.target} is none of the declared users")
        return Issuer(
            self._connection.access,
            change,
            user_id=situation.user.unique_id,
            secret_id=situation.secret.arn if situation.secret else situation.target.secret,
            fields=self._declared.fields,
        )

    def learn(self, change: Change, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        """The ids of what was made, for the journal: of the answer nothing else is kept."""
        kept = {}
        if change.operation == CREATE_KEY:
            kept = {name: str(answer[name]) for name in ("AccessKeyId", "SecretArn", "VersionId")}
        if change.operation != CREATE_SECRET:
            shown: Mapping[str, t.Any] = change.after or change.before
            self._made[str(shown.get("user", change.target))] = kept
        return kept

    # The records

    def conclude(self, _result: Mapping[str, t.Any], *, completed: bool) -> None:
        """Record the steps that are done. One that was refused or failed is taken again by the next run."""
        if not self._options.run.writes:
            return
        observed = self._observed
        for situation, log, step in zip(observed.situations, observed.logs, self._steps, strict=True):
            event = self._make_event(situation, step)
            if event is not None:
                self._archive.write(event, log)

    def _make_event(self, situation: Situation, step: Step) -> t.Optional[Event]:
        user = situation.user
        if user is None or step.stage is None or not step.acts:
            return None
        if step.action is not Action.RECORD and user.arn not in self._made:
            return None
        last = situation.past.last
        now, run, by = self._connection.now, self._options.run, self._connection.access.caller.arn
        if last is not None and step.stage is not Stage.CREATED:
            return dataclasses.replace(last, stage=step.stage, at=now, by=by, run_id=run.id)
        if step.old is None or step.key is None:
            return None
        made = self._made.get(user.arn) or self._find_made(situation, step.key)
        return Event(
            Stage.CREATED,
            self._account_id,
            user.arn,
            user.unique_id,
            old_key=step.old.id,
            new_key=made["AccessKeyId"],
            secret_arn=made["SecretArn"],
            version_id=made["VersionId"],
            previous=_find_previous(situation.secret, made["VersionId"]),
            at=now,
            by=by,
            run_id=run.id,
        )

    @staticmethod
    def _find_made(situation: Situation, key: Key) -> Mapping[str, str]:
        """Find what a run that was cut off has made: a key that the secret holds."""
        arn = situation.secret.arn if situation.secret else ""
        return {"AccessKeyId": key.id, "SecretArn": arn, "VersionId": situation.version_of(key)}

    # The result

    def _list_held(self, result: Mapping[str, t.Any]) -> t.Iterator[str]:
        """List for each user why its step was not made; empty where it was, or would be."""
        reasons = {(item["operation"], item["target"]): item["reason"] for item in result["refused"]}
        for situation, step in zip(self._observed.situations, self._steps, strict=True):
            changes = self._make_changes(situation, step)
            places = [(change.operation, change.target) for change in changes]
            held = next((reasons[place] for place in places if place in reasons), "")
            is_made = situation.user is not None and situation.user.arn in self._made
            is_missing = bool(changes) and self._options.run.writes and not is_made
            yield held or ("this run did not make it" if is_missing else "")

    def sections(self) -> Mapping[str, Documents]:
        return {}

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        observed, reveal = self._observed, self._options.reveal_key_ids
        summary = build_summary(observed.situations, self._steps, tuple(self._list_held(result)), reveal_key_ids=reveal)
        text = render_summary(self._account_id, summary, written=self._options.run.writes)
        return {"rotations": summary, "terminal": text}


def _choose(found: Consumers, situation: Situation) -> Consumers:
    """The callers of the keys of one target."""
    last = situation.past.last
    if last is None:
        return Consumers()
    kept = tuple(one for one in found.found if one.key_id in (last.old_key, last.new_key))
    return dataclasses.replace(found, found=kept)


def _is_for(key: Change, secret: Change) -> bool:
    return bool(secret.after["user"] == key.target)


def _find_previous(secret: t.Optional[Secret], version: str) -> str:
    """Find the version that consumers read before the new one."""
    if secret is None:
        return ""
    return secret.labels.get("AWSPREVIOUS", "") if secret.current == version else secret.current
