# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of members for the guard of an organization's policies: their principals, and what these did.

Through a role in each member that is assumed like the account's own roles, or else from the organization's trail alone.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from ...._account.collect import collect
from ...._account.log_files import LogFiles, Logs, read_log_files
from ...._account.model import Dataset, Organization, Role, Snapshot, User
from ...._account.moments import format_utc
from ...._account.organization_assembly import add_organization
from ...._account.organization_tree import MemberAccount
from ...._account.permissions import Permissions
from ...._aws.errors import AwsError
from ...._aws.operations import Operations
from ...._controls.control import unread_reason
from ...._converge.break_glass import Rescue
from ...._converge.store import Store, StoreError
from ...._module.connection import Connection
from ...._module.options import StoreOptions
from ...._module.snapshots import rescue_of
from ...._policy.analysis.principal_matrix import Controls
from ...._policy.evaluation.context import Context, Values
from ...._policy.evaluation.evaluate import Layers
from ...._policy.evaluation.narrowing import ANYTHING, condition_keys
from ...._policy.impact.judge import Breakage, Impact, Judge, Verdict
from ...._policy.trail.actions import EventReader
from ...._policy.trail.usage import Evidence, Source, Use
from ...._prediction.evidence import Book, Predictor, Proposal
from ...._prediction.records.evidence_options import EvidenceOptions
from ...._prediction.unused_resources import AccountFacts, list_unused_resources
from .change import PolicyChange, takes_away
from .declared import ACCOUNT, Declared
from .entries import EntryLoss, TrustedRole, find_entering_services, find_entry_losses
from .evidence import Concern, MemberEvidence, Pruning, Question
from .own_way import TrailBucket
from .plan import make_place, select_break_glass, select_landing_zone
from .users import UserFacts, find_credential_uses, find_user_facts

_TAG: t.Final = "aws:principaltag/"


class Members:
    """Reads the members that a change reaches, several at once. One that can't be read costs the others nothing."""

    def __init__(
        self,
        connection: Connection,
        declared: Declared,
        options: EvidenceOptions,
        operations: Operations,
        change: PolicyChange,
    ) -> None:
        self._connection: t.Final = connection
        self._declared: t.Final = declared
        self._options: t.Final = options
        self._operations: t.Final = operations
        self._change: t.Final = change
        self._logs: t.Final = {
            place.location: _SharedLogs(connection.open_store(place)) for place in options.trail_logs
        }

    def read(self, *, last: Collection[str] = ()) -> tuple[MemberEvidence, ...]:
        """Read the evidence of each account from which the change may take anything, in the order of the organization.

        At most ``max_member_reads`` are read; those in ``last`` after all others.
        """
        accounts = [account for account in self._change.accounts_at_work if self._is_narrowed(account)]
        if not (self._declared.member_role_arn or self._logs):
            failure = "it can't be read without member_role_arn or trail_logs"
            return tuple(MemberEvidence(account, failure) for account in accounts)
        most = self._declared.max_member_reads
        chosen = sorted(accounts, key=lambda account: account.id in last)[:most]
        calls = {account.id: functools.partial(self._read_member, account) for account in chosen}
        found = self._connection.access.gather(calls)
        if len(chosen) < len(accounts):
            self._connection.warn(
                f"{len(accounts) - len(chosen)} of {len(accounts)} accounts were not read: max_member_reads"
            )
        return tuple(self._choose_evidence(account, found, most) for account in accounts)

    def _is_narrowed(self, account: MemberAccount) -> bool:
        return any(takes_away(policy) for policy in self._change.policies_at(account.id))

    @staticmethod
    def _choose_evidence(
        account: MemberAccount, found: Mapping[str, t.Union[MemberEvidence, AwsError]], most: int
    ) -> MemberEvidence:
        if account.id not in found:
            return MemberEvidence(account, f"max_member_reads allows {most}, and other accounts were read first")
        result = found[account.id]
        return MemberEvidence(account, str(result)) if isinstance(result, AwsError) else result

    def _read_member(self, account: MemberAccount) -> MemberEvidence:
        role = self._declared.member_role_arn.replace(ACCOUNT, account.id)
        if not role:
            return self._read_trail(account, "")
        try:
            access = self._connection.read_as(role, self._operations)
            connection = dataclasses.replace(self._connection, access=access)
            snapshot = _read_snapshot(connection)
        except AwsError as error:
            return self._read_trail(account, str(error))
        unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread is not None:
            return self._read_trail(account, unread_reason(unread))
        if snapshot.account_id != account.id:
            return MemberEvidence(account, f"member_role_arn leads to account {snapshot.account_id}")
        # So that what asks for principals of the organization is no open question.
        tree = self._change.before
        organization = Organization(tree.id, tree.management_account_id, tree.feature_set)
        known = dataclasses.replace(snapshot, organization=organization)
        return _Member(connection, self._declared, self._options, account, known, self._change, self._logs).evidence()

    def _read_trail(self, account: MemberAccount, failure: str) -> MemberEvidence:
        """Read the organization's trail for an account whose principals are not known."""
        if not self._logs:
            return MemberEvidence(account, failure)
        before, after = (_layers(controls) for controls in self._change.controls(account.id))
        reader = EventReader(keys=condition_keys((before, after)))
        days, now = self._options.trail_days, self._connection.now
        places = [LogFiles(logs, account.id, now - timedelta(days=days), now) for logs in self._logs.values()]
        found = read_log_files(places, reader, days=days, errors=(StoreError,))
        if not any(one.source.is_whole for one in found):
            reasons = (one.source.failure or f"the trail covers only {one.source.window_days} days" for one in found)
            return MemberEvidence(account, "; ".join(dict.fromkeys(filter(None, (failure, *reasons)))))
        judge = Judge(before, after, unused_resources=self._options.unused_resources)
        evidence = Evidence(tuple(one.source for one in found))
        uses = [use for one in found for use in one.uses]
        callers = sorted({use.principal_arn for use in uses if f"::{account.id}:" in use.principal_arn})
        verdicts = {arn: tuple(judge.verdict(use) for use in uses if use.principal_arn == arn) for arn in callers}
        return MemberEvidence(account, impacts={arn: Impact(arn, found, evidence) for arn, found in verdicts.items()})


def _layers(controls: Controls) -> Layers:
    """The layers of a principal whose own policies are not known: the organization's policies alone limit it."""
    return Layers(identity=(ANYTHING,), scps=controls.scps, rcps=controls.rcps)


def _read_snapshot(connection: Connection) -> Snapshot:
    wanted = {Dataset.AUTHORIZATION_DETAILS, Dataset.CREDENTIAL_REPORT}
    return collect(connection.access, datasets=wanted, regions=(), now=connection.now)


class _Member:
    """One account whose principals are known."""

    def __init__(
        self,
        connection: Connection,
        declared: Declared,
        options: EvidenceOptions,
        account: MemberAccount,
        snapshot: Snapshot,
        change: PolicyChange,
        logs: Mapping[str, _SharedLogs],
    ) -> None:
        self._connection: t.Final = connection
        self._declared: t.Final = declared
        self._logs: t.Final = logs
        self._account: t.Final = account
        self._snapshot: t.Final = snapshot
        self._change: t.Final = change
        self._permissions: t.Final = Permissions(snapshot)
        own = f"arn:{snapshot.partition}:iam::{account.id}:policy/iam-hardening/boundary"
        self._options: t.Final = options.also_unused(list_unused_resources(AccountFacts.of(snapshot, own)))
        self._users: t.Final = {user.arn: user for user in find_user_facts(snapshot.credential_report)}
        self._pruning: t.Final = Pruning(change, account.id)
        self._concerns: t.Final[dict[int, Concern]] = {}
        self._questions: t.Final[dict[str, Question]] = {}

    def evidence(self) -> MemberEvidence:
        """Find the impact on every principal from whom the change may take anything.

        Break-glass and the roles of this collection are left out: what they must be able to do is known beforehand.
        """
        declared = self._declared
        break_glass = select_break_glass(self._permissions.principals, declared.break_glass)
        prefix = f"arn:{self._snapshot.partition}:iam::{self._account.id}:"
        own = {f"{prefix}{role}" for role in (*declared.automation, *declared.assessors)}
        predictor = _MemberPredictor(
            self._connection,
            self._options,
            self._snapshot,
            self._permissions,
            users=self._users,
            questions=self._questions,
            logs=self._logs,
        )
        proposals = self._find_proposals(predictor, exempt=own.union(break_glass))
        impacts = {arn: self._weigh_known_use(impact) for arn, impact in predictor.predict(proposals).items()}
        trusted = [
            TrustedRole(role.arn, self._permissions.trust(role.arn), role.last_used) for role in self._snapshot.roles
        ]
        return MemberEvidence(
            self._account,
            impacts=impacts,
            entries=self._find_entry_losses(trusted),
            entering=find_entering_services(trusted),
            trails=find_trail_buckets(self._connection, self._change),
            break_glass=break_glass,
            helpless=self._find_helpless(),
            landing_zone=select_landing_zone(role.arn for role in self._snapshot.roles),
            users=tuple(self._users.values()),
        )

    def _find_helpless(self) -> dict[str, str]:
        """Find the break-glass principals that nobody can use, or that may do nothing, before or after the change."""
        patterns = self._declared.break_glass
        known = add_organization(self._snapshot, self._change.before)
        before = rescue_of(self._connection, known, patterns)
        after = Rescue(
            add_organization(before.snapshot, self._change.after_with_full_access), patterns, before.sign_ins
        )
        made = {arn: f"{lack} once it is made" for arn, lack in after.lacks().items()}
        return {**made, **before.lacks()}

    def _find_proposals(self, predictor: _MemberPredictor, *, exempt: Collection[str]) -> dict[str, Proposal]:
        """Find the change of layers for each principal from whom the change may take anything that it is allowed."""
        before, after = self._pruning.before, self._pruning.after
        keys = condition_keys((_layers(before), _layers(after)))
        found: dict[str, Proposal] = {}
        # Those with the same layers are judged together.
        made: dict[tuple[int, int], Proposal] = {}
        for arn in self._permissions.principals:
            entity = self._permissions.entities[arn]
            if arn in exempt or (isinstance(entity, Role) and entity.is_service_linked):
                continue
            use = predictor.make_any_use(arn, keys)
            pruned = self._pruning.of(use)
            if pruned is None:
                continue
            controls, question = pruned
            own = predictor.current(arn)
            key = (id(own), id(controls))
            if key not in made or self._permissions.unknown(arn):
                now = dataclasses.replace(own, scps=before.scps, rcps=before.rcps)
                made[key] = Proposal(now, dataclasses.replace(now, scps=controls.scps, rcps=controls.rcps))
            if self._find_concern(made[key], question).may_lose(use):
                found[arn] = made[key]
                self._questions[arn] = question
        return found

    def _find_concern(self, proposal: Proposal, question: Question) -> Concern:
        key = id(proposal)
        if key not in self._concerns:
            unused = self._options.unused_resources
            self._concerns[key] = Concern(proposal.before, proposal.after, question, unused)
        return self._concerns[key]

    def _find_entry_losses(self, roles: Sequence[TrustedRole]) -> tuple[EntryLoss, ...]:
        """Find the roles that somebody can no longer assume: only RCPs decide on callers from outside the account."""
        tree, access = self._change.after, self._connection.access
        place = make_place(tree, self._account.id, partition=access.partition, region=access.region)
        before, after = self._pruning.before, self._pruning.after
        return find_entry_losses(roles, place, before, after, members=frozenset(tree.account))

    def _weigh_known_use(self, impact: Impact) -> Impact:
        """Weigh use of credentials without a record of the actions: these may be the denied ones.

        RoleLastUsed and the credential report know of such use at once, service last accessed hours later.
        """
        arn = impact.principal_arn
        mine = find_credential_uses(self._users.get(arn))
        verdicts = tuple(
            self._weigh_key_use(verdict) if verdict.use in mine else verdict for verdict in impact.verdicts
        )
        impact = dataclasses.replace(impact, verdicts=tuple(sorted(verdicts, key=_worst_first)))
        by_record = [verdict for verdict in impact.verdicts if verdict.use not in mine]
        if by_record and impact.outcome is not Breakage.NO_EVIDENCE:
            return impact
        reason = self._describe_unrecorded_use(arn)
        if reason is None:
            return impact
        # If every action may be denied, its use may break. Otherwise no record shows that it used a denied action.
        outcome = Breakage.MAY_BREAK if self._questions[arn].open else Breakage.NO_EVIDENCE
        # The verdict that service last accessed has no use on record is no longer true.
        read = Source.LAST_ACCESSED in impact.evidence.sources
        others = [
            item for item in impact.verdicts if not (read and item.use is None and item.outcome is Breakage.NO_EVIDENCE)
        ]
        verdicts = (Verdict(arn, outcome, reason), *others)
        return dataclasses.replace(impact, verdicts=tuple(sorted(verdicts, key=_worst_first)))

    def _weigh_key_use(self, verdict: Verdict) -> Verdict:
        """Weigh the use of a key for a service with some denied actions: no record shows that it used these."""
        some = len(verdict.lost) < verdict.of and not self._questions[verdict.principal_arn].open
        if verdict.outcome is not Breakage.MAY_BREAK or not some:
            return verdict
        return dataclasses.replace(verdict, outcome=Breakage.NO_EVIDENCE)

    def _describe_unrecorded_use(self, arn: str) -> t.Optional[str]:
        """Describe the use of a principal without a record of its actions; None if no such use is known."""
        entity, user = self._permissions.entities[arn], self._users.get(arn)
        last = entity.last_used if isinstance(entity, Role) else None
        if user is not None:
            last = user.last_unrecorded_use
        if last is None:
            return None
        subject = "the role was" if isinstance(entity, Role) else "its credentials were"
        return f"{subject} last used on {format_utc(last)[:10]}; the use is not recorded, so it may need this"


def _worst_first(verdict: Verdict) -> int:
    return list(Breakage).index(verdict.outcome)


class _MemberPredictor(Predictor):
    """Knows besides which users always have MFA, and which tags principals lack."""

    def __init__(
        self,
        connection: Connection,
        options: EvidenceOptions,
        snapshot: Snapshot,
        permissions: Permissions,
        *,
        users: Mapping[str, UserFacts],
        questions: Mapping[str, Question],
        logs: Mapping[str, _SharedLogs],
    ) -> None:
        super().__init__(connection, options, snapshot, permissions)
        self._users = users
        self._questions = questions
        self._logs = logs

    def _open_trail(self, place: StoreOptions) -> Logs:
        """A place with log files, which is listed once for all members."""
        return self._logs.get(place.location) or super()._open_trail(place)

    def make_any_use(self, arn: str, keys: frozenset[str]) -> Use:
        """Make a use of which nothing is known but its principal."""
        known = Context(self._find_known_keys(arn, keys), complete=False, absent=self._find_absent_keys(arn, keys))
        return Use(arn, "", Source.LAST_ACCESSED, context=known)

    def _read(
        self, arns: Sequence[str], keys: frozenset[str], sleep: Callable[[float], None], *, is_detailed: bool = False
    ) -> Book:
        book = super()._read(arns, keys, sleep, is_detailed=is_detailed)
        keys_used = {arn: find_credential_uses(self._users.get(arn)) for arn in arns}
        return _ConcernedBook(book.shared, book.accessed, questions=self._questions, keys_used=keys_used)

    def _find_known_keys(self, arn: str, keys: frozenset[str]) -> dict[str, Values]:
        known = super()._find_known_keys(arn, keys)
        user = self._users.get(arn)
        if user is not None and user.always_has_mfa:
            known["aws:MultiFactorAuthPresent"] = "true"
        return known

    def _find_absent_keys(self, arn: str, keys: frozenset[str]) -> Collection[str]:
        """Find tags that are absent. A role's sessions may have tags of their own, but none of this collection's."""
        entity = self._permissions.entities[arn]
        has = {f"{_TAG}{key.lower()}" for key in getattr(entity, "tags", ())}
        prefix = _TAG if isinstance(entity, User) else f"{_TAG}iam-hardening:"
        return [key for key in keys if key.startswith(prefix) and key not in has]


@dataclasses.dataclass(frozen=True)
class _ConcernedBook(Book):
    """The evidence without what the change can't take away: a role uses hundreds of actions that no policy mentions."""

    questions: Mapping[str, Question] = dataclasses.field(default_factory=dict)
    keys_used: Mapping[str, tuple[Use, ...]] = dataclasses.field(default_factory=dict)

    def uses(self, arn: str, *, is_recorded: t.Optional[Callable[[str], bool]] = None) -> tuple[Use, ...]:
        """The uses of a principal that are in question; if none is, one of its uses, so that it counts as active.

        The credential report has the last use of access keys earlier than service last accessed has it.
        """
        uses = (*super().uses(arn, is_recorded=is_recorded), *self.keys_used.get(arn, ()))
        return tuple(use for use in uses if self.questions[arn].is_about(use)) or uses[:1]


def find_trail_buckets(connection: Connection, change: PolicyChange) -> tuple[TrailBucket, ...]:
    """Find the buckets of the trails of an account: an RCP must not keep CloudTrail from them.

    SCPs do not bind AWS services, so nothing is read for them.
    """
    if not change.has_rcps:
        return ()
    access = connection.access
    try:
        answer = access.call("cloudtrail", "DescribeTrails", {"includeShadowTrails": True}, region=access.home_region)
    except AwsError as error:
        connection.warn(f"the buckets of the trails of account {access.caller.account_id} are not known: {error}")
        return ()
    return tuple(
        TrailBucket(str(trail["S3BucketName"]), str(trail.get("KmsKeyId") or ""))
        for trail in answer.get("trailList") or ()
        if trail.get("S3BucketName")
    )


class _SharedLogs:
    """A place of log files that is listed once for all its readers."""

    def __init__(self, store: Store) -> None:
        self._store: t.Final = store
        self._lock: t.Final = threading.Lock()
        self._names: dict[str, list[str]] = {}
        self.location = store.location

    def list(self, prefix: str = "") -> list[str]:
        """The names of all files."""
        with self._lock:
            if prefix not in self._names:
                self._names[prefix] = self._store.list(prefix)
            return self._names[prefix]

    def get(self, key: str) -> t.Optional[bytes]:
        """The content of a file."""
        return self._store.get(key)
