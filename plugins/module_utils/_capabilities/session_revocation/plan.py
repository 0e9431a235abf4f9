# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is cut in one account: the changes, and why something is not denied."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.model import Role, Snapshot
from ..._account.moments import format_utc
from ..._converge.arn import principal_of, principals_of
from ..._converge.change import Change, Refusal
from ..._converge.identity_changes import SET_TRUST
from ..._converge.incident.declaration import Incident, MintedKeys
from ..._converge.incident.record import By
from ..._converge.incident.steps import Subject
from ..._converge.incident.trust import TrustEdit, cut_trust
from ..._converge.plan import Plan
from ..._converge.user_keys import UPDATE_KEY
from ..._policy.documents.limits import ATTACHMENTS, LIMITS, size
from ..._policy.documents.policy import Kind
from .changes import CutWriter, LiveRole, is_among
from .cut import Cut, Fit, Room, choose_moment, find_moment, fit, may_stay, name_inline, widen
from .doors.judge import Door
from .minted.judge import Minted, MintedKey, find_key_id, prove
from .minted.judge import make_changes as make_key_changes
from .reach import ReachResult, Source, Unfollowed
from .sessions.names import Lost
from .signin import SigninSession, choose, make_changes
from .targets import Chosen, Target
from .trust_guard import TrustGuard

#: Is added to the ARN of a role whose trust policy was cut, where moments are kept by ARN.
OF_TRUST: t.Final = "#trust"
_TRUST_QUOTA: t.Final = "AssumeRolePolicySizeQuota"
_QUOTA: t.Final = "AttachedPoliciesPerRoleQuota"
_NO_ROOM: t.Final = "no_room"
_NEXT_PASS: t.Final = "the next pass judges it again"


@dataclasses.dataclass(frozen=True)
class Observed:
    """What was read for one pass in one account.

    ``roles`` are the live roles of the targets, None for one that is gone, or the reason why it can't be read.
    ``signin`` are the sessions of ``aws login`` that are revoked, ``signin_left`` those of targets that are not, and
    ``unread_regions`` has the reasons of regions where these are not known. ``accounts`` are those that were read.
    ``problem`` says why the roles of the account are not known, and ``unread`` what else is not. ``awaits`` are
    accounts that a later pass reads. ``denied_at`` is when the sources were denied last, as far as that is recorded,
    and ``cut_at`` when each role was cut in this run, or its trust policy. ``sourced`` are the roles whose sessions
    another source of the incident can have opened. ``minted`` are the keys that may have been made for others, None in
    a pass that does not look for them, and ``untouched`` the users among their owners that no run touches. ``doors``
    are passwords and roles that may have been made to come back by. ``lost`` are the users and roles of the account
    that people name and that are not there, ``gone`` those that are proven to have been there. ``lost_sessions`` are
    those of a name that nobody saw, though others are near it.
    """

    snapshot: Snapshot
    sources: tuple[Source, ...] = ()
    reach: ReachResult = ReachResult()
    chosen: Chosen = Chosen()
    roles: Mapping[str, t.Union[LiveRole, str, None]] = dataclasses.field(default_factory=dict)
    signin: tuple[SigninSession, ...] = ()
    signin_left: tuple[SigninSession, ...] = ()
    unread_regions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    accounts: frozenset[str] = frozenset()
    problem: str = ""
    unread: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()
    denied_at: t.Optional[datetime] = None
    cut_at: Mapping[str, datetime] = dataclasses.field(default_factory=dict)
    sourced: frozenset[str] = frozenset()
    minted: t.Optional[Minted] = None
    doors: tuple[Door, ...] = ()
    untouched: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    lost_sessions: tuple[Lost, ...] = ()

    def list_reached(self) -> tuple[str, ...]:
        """List the principals of the account that the incident reaches: sources, then roles by the shortest chains."""
        reached = sorted(self.reach.roles.values(), key=lambda one: len(one.chain))
        arns = dict.fromkeys((*(source.arn for source in self.sources), *(one.arn for one in reached)))
        return tuple(arn for arn in arns if arn.split(":")[4] == self.snapshot.account_id)

    def list_users(self) -> list[str]:
        """List the users among the sources."""
        return [source.arn for source in self.sources if ":user/" in source.arn]

    def list_found_targets(self) -> list[str]:
        """List the targets without those that are not there as people wrote them."""
        return [target.arn for target in self.chosen.targets if target.arn not in self.lost]

    def list_unfollowed(self) -> tuple[Unfollowed, ...]:
        """List the edges that nobody followed, without those that the hosts of other accounts list."""
        others = self.accounts - {self.snapshot.account_id}
        edges = tuple(edge for edge in self.reach.unfollowed if edge.origin.split(":")[4] not in others)
        return (*edges, *(self.minted.ways if self.minted else ()))

    def find_needed(self, arn: str) -> t.Optional[datetime]:
        """Find out when anything was denied last through which sessions of a role are opened.

        The role's own policy counts only if the role may assume itself: it denies by the time at which a session began,
        whenever it was written.
        """
        names = [*self.reach.list_upstream(arn), *([arn] if arn in self.reach.callers.get(arn, ()) else [])]
        trusts = (f"{name}{OF_TRUST}" for name in (arn, *names))
        moments = [self.denied_at, *(self.cut_at.get(name) for name in (*names, *trusts))]
        return max((moment for moment in moments if moment is not None), default=None)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What becomes of one target: its policy stays or is written, or it is not denied for a reason.

    ``moment`` is that of the policy, None if it has none. ``left_out`` are names that there is no room for. ``edit`` is
    what becomes of its trust policy, with the change and the reason why it is not made.
    """

    target: Target
    live: t.Optional[LiveRole] = None
    moment: t.Optional[datetime] = None
    changes: tuple[Change, ...] = ()
    refusal: t.Optional[Refusal] = None
    left_out: tuple[str, ...] = ()
    is_gone: bool = False
    edit: t.Optional[TrustEdit] = None
    trust_change: t.Optional[Change] = None
    trust_refusal: t.Optional[Refusal] = None

    @property
    def trust(self) -> t.Any:
        """The trust policy after the plan; None if it is not known."""
        changed = self.edit.document if self.edit and self.trust_change else None
        return changed or (self.live.trust if self.live else None)

    @property
    def all_changes(self) -> tuple[Change, ...]:
        """All changes of the role. Its source goes first."""
        return (*filter(None, [self.trust_change]), *self.changes)


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans one pass. ``clock`` gives the present: the moment of a policy counts from when it is planned.

    ``max_principals`` is how many keys of others are deactivated at most: of more, none is.
    ``guard`` says why a principal is never taken out of a trust policy.
    """

    incident: Incident
    clock: Callable[[], datetime]
    propagation: timedelta = timedelta(seconds=30)
    max_roles: int = 25
    max_principals: int = 10
    guard: TrustGuard = TrustGuard()

    def judge(self, observed: Observed) -> tuple[Verdict, ...]:
        """Judge all targets. Of too many that were discovered, those that are certain are cut, the nearest first."""
        targets = observed.chosen.targets
        left = self._find_too_many(observed)
        return tuple(
            _leave(observed, target, left[target.arn]) if target.arn in left else self._judge(observed, target)
            for target in targets
        )

    def _find_too_many(self, observed: Observed) -> dict[str, str]:
        """Find the discovered roles that are over the limit, with the reason. What is cut already is not over it."""
        found = [target for target in observed.chosen.targets if not target.is_named]
        if len(found) <= self.max_roles:
            return {}
        ranked = sorted(found, key=lambda target: _rank(observed, target))
        chosen = [target for target in ranked if _is_certain(observed, target)][: self.max_roles]
        reason = (
            f"{len(found)} roles of the account can have been reached, and max_roles (compromise_response_max_roles) "
            f"is {self.max_roles}. {len(chosen)} that were reached for sure are cut, the nearest ones first; "
        )
        return {
            target.arn: f"{reason}{_describe_way(target)}; look at it, then raise max_roles"
            for target in found
            if target not in chosen
        }

    def plan(self, observed: Observed, verdicts: tuple[Verdict, ...]) -> Plan:
        """The changes of all targets, then those of sessions of ``aws login``."""
        changes = [change for verdict in verdicts for change in verdict.all_changes]
        refusals = (one for verdict in verdicts for one in (verdict.trust_refusal, verdict.refusal))
        refused = tuple(filter(None, (*refusals, self._refuse_keys(observed))))
        warnings = [
            f"{verdict.target.name}: the policy has no room for {len(verdict.left_out)} older names of sessions"
            for verdict in verdicts
            if verdict.left_out
        ]
        keys = make_key_changes(self.list_deactivated(observed), observed.snapshot.account_id)
        return Plan((*changes, *keys, *self._plan_signin(observed)), refused, tuple(warnings))

    @staticmethod
    def prove_keys(observed: Observed, verdicts: Sequence[Verdict]) -> Observed:
        """Prove the keys of others by who made them: a user who is denied, or a role that is cut.

        A role that is reached and not cut, because there are too many or for want of room, is shared with colleagues.
        """
        if observed.minted is None:
            return observed
        cut = (verdict.target.arn for verdict in verdicts if verdict.refusal is None)
        keys = prove(observed.minted.keys, principals_of([*observed.list_users(), *cut]))
        return dataclasses.replace(observed, minted=dataclasses.replace(observed.minted, keys=keys))

    def list_deactivated(self, observed: Observed) -> tuple[MintedKey, ...]:
        """List the keys of others that are deactivated. If the incident wants it of too many of them, none is."""
        wanted = self._list_wanted(observed)
        return wanted if len(wanted) <= self.max_principals else ()

    def _refuse_keys(self, observed: Observed) -> t.Optional[Refusal]:
        """Refuse to deactivate too many keys: most of them may be of colleagues."""
        wanted = self._list_wanted(observed)
        if len(wanted) <= self.max_principals:
            return None
        reason = (
            f"{len(wanted)} access keys of other users would be deactivated, and max_principals "
            f"(compromise_response_max_principals) is {self.max_principals}, so none is. List your own in known_keys, "
            "then raise max_principals"
        )
        return Refusal("max_principals", reason, observed.snapshot.account_id, UPDATE_KEY)

    def _list_wanted(self, observed: Observed) -> tuple[MintedKey, ...]:
        """List the keys of others that the incident wants to be deactivated, with or without proof."""
        wanted = self.incident.minted_keys
        if observed.minted is None or wanted is MintedKeys.REPORT:
            return ()
        is_all = wanted is MintedKeys.DEACTIVATE_ALL
        return tuple(
            key
            for key in observed.minted.keys
            if (key.is_proven or (is_all and not key.is_unjudged)) and key.user not in observed.untouched
        )

    def _plan_signin(self, observed: Observed) -> tuple[Change, ...]:
        owners = (*self.list_owners(observed), *observed.list_found_targets())
        reason = f"incident {self.incident.id}: {self.incident.reason}"
        account_id = observed.snapshot.account_id
        return tuple(make_changes(observed.signin, owners, account_id=account_id, reason=reason))

    def list_owners(self, observed: Observed) -> tuple[str, ...]:
        """List the principals whose sessions of ``aws login`` are all revoked: users, and roles that are cut whole."""
        named = observed.list_users()
        named += [role.arn for role in self.incident.roles if role.trust is None]
        here = observed.snapshot.account_id
        return tuple(arn for arn in dict.fromkeys(named) if arn.split(":")[4] == here and arn not in observed.lost)

    def list_subjects(self, verdicts: tuple[Verdict, ...], allowed: Sequence[Change]) -> tuple[Subject, ...]:
        """List the roles that are contained: their policy is there, or is among the changes that are made."""
        return tuple(
            Subject(verdict.live.arn, By.CUT, verdict.live.role_id)
            for verdict in verdicts
            if verdict.live is not None and _is_contained(verdict, allowed)
        )

    def list_owners_of_keys(self, observed: Observed, allowed: Sequence[Change]) -> tuple[Subject, ...]:
        """List the users of the keys that are deactivated. Only a key that is proven counts as leaked in the record."""
        proven = {key.id for key in observed.minted.keys if key.is_proven} if observed.minted else set()
        ids = {user.arn: user.unique_id for user in observed.snapshot.users}
        keys = [(change.target, find_key_id(change)) for change in allowed if find_key_id(change)]
        return tuple(
            Subject(arn, By.CUT, ids.get(arn, ""), (key_id,) if key_id in proven else ()) for arn, key_id in keys
        )

    def _judge(self, observed: Observed, target: Target) -> Verdict:
        verdict = self._judge_sessions(observed, target)
        is_known = verdict.refusal is None or verdict.refusal.rule == _NO_ROOM
        return self._judge_trust(observed, verdict) if target.trust_cuts and verdict.live and is_known else verdict

    def _judge_trust(self, observed: Observed, verdict: Verdict) -> Verdict:
        """Judge what becomes of the trust policy: it may be edited though there is no room for another policy."""
        target, live, account = verdict.target, t.cast(LiveRole, verdict.live), observed.snapshot
        guarded = next(filter(None, (self.guard.explain(cut, live.trust) for cut in target.trust_cuts)), "")
        edit = TrustEdit(problem=guarded or self._find_trust_problem(live))
        if not edit.problem:
            edit = cut_trust(live.trust, target.trust_cuts, self.incident.id)
        most = account.summary.get(_TRUST_QUOTA) or LIMITS[Kind.TRUST]
        if edit.document is not None and size(edit.document, Kind.TRUST) > most:
            problem = f"its trust policy has no room for the statement that denies the principal: AWS allows {most}"
            edit = TrustEdit(problem=f"{problem} characters; set cut: all_sessions")
        if edit.problem:
            reason = f"{target.name} still trusts the principal: {edit.problem}"
            refusal = Refusal("trust", reason, target.arn, SET_TRUST)
            return dataclasses.replace(verdict, edit=edit, trust_refusal=refusal)
        writer = CutWriter(account.account_id, account.partition, self.incident.id)
        change = writer.cut_trust(live, edit.document) if edit.document is not None else None
        return dataclasses.replace(verdict, edit=edit, trust_change=change)

    @staticmethod
    def _find_trust_problem(live: LiveRole) -> str:
        return "" if isinstance(live.trust, Mapping) else "its trust policy can't be read"

    def _judge_sessions(self, observed: Observed, target: Target) -> Verdict:
        live = observed.roles.get(target.arn)
        if live is None:
            is_slip = target.is_named and target.arn not in observed.gone
            return Verdict(target, refusal=_refuse_absent(target) if is_slip else None, is_gone=True)
        if isinstance(live, str):
            return Verdict(target, refusal=Refusal("role_unread", live, target.arn))
        problem = _find_other_role(observed.snapshot, target, live)
        if problem:
            return Verdict(target, live, refusal=Refusal("other_role", problem, target.arn))
        signin = tuple(session.arn for session in choose(observed.signin, [target.arn]))
        cut = widen(dataclasses.replace(target.cut, role_id=live.role_id, signin=signin), *live.documents)
        target = dataclasses.replace(target, cut=cut)
        now = self.clock()
        moment = find_moment(live.present, cut)
        if moment is not None and may_stay(moment, cut, needed=observed.find_needed(target.arn), now=now):
            return Verdict(target, live, moment if cut.has_moment else None)
        moment = choose_moment(now + self.propagation, *live.documents, now=now)
        found = fit(cut, moment, self._measure(observed.snapshot, live), is_managed=live.is_attached)
        if found is None:
            return Verdict(target, live, refusal=_refuse_room(target))
        return self._cut(observed, target, live, cut, found, moment)

    def _cut(
        self, observed: Observed, target: Target, live: LiveRole, cut: Cut, found: Fit, moment: datetime
    ) -> Verdict:
        account = observed.snapshot
        writer = CutWriter(account.account_id, account.partition, self.incident.id)
        changes = writer.cut(live, found)
        return Verdict(target, live, moment if cut.has_moment else None, changes, left_out=found.left_out)

    def _measure(self, snapshot: Snapshot, live: LiveRole) -> Room:
        """Measure the room of a role without the policies of this incident; of one that was not read, all of it."""
        role = find_role(snapshot, live.arn)
        if role is None:
            return Room()
        own = {name_inline(self.incident.id), live.managed.arn if live.managed else ""}
        inline = tuple(policy.document for policy in role.inline_policies if policy.name not in own)
        attached = sum(arn not in own for arn in role.attached_policies)
        return Room(inline, attached, snapshot.summary.get(_QUOTA) or ATTACHMENTS["role"].default)


def _is_contained(verdict: Verdict, allowed: Sequence[Change]) -> bool:
    """Whether a role is contained: its policy is there, or a change of it is made."""
    if any(is_among(change, allowed) for change in verdict.all_changes):
        return True
    return verdict.refusal is None and not verdict.changes


def _leave(observed: Observed, target: Target, reason: str) -> Verdict:
    live = observed.roles.get(target.arn)
    refusal = Refusal("max_roles", reason, target.arn)
    return Verdict(target, live if isinstance(live, LiveRole) else None, refusal=refusal)


def _rank(observed: Observed, target: Target) -> tuple[bool, bool, int, str]:
    chain = target.reached.chain if target.reached else ()
    return (not _is_cut(observed, target), not _is_certain(observed, target), len(chain), target.arn)


def _is_certain(observed: Observed, target: Target) -> bool:
    return target.reached is None or target.reached.certain or _is_cut(observed, target)


def _is_cut(observed: Observed, target: Target) -> bool:
    """Whether an earlier pass has cut a role: it stays so, whatever is discovered later."""
    live = observed.roles.get(target.arn)
    if not isinstance(live, LiveRole):
        return False
    cut = widen(Cut(live.role_id), *live.documents)
    return bool(cut.sids) and find_moment(live.present, cut) is not None


def _describe_way(target: Target) -> str:
    """Describe why a role is not among those that are cut."""
    if target.reached is None or target.reached.certain:
        return f"this one is {len(target.reached.chain) - 1 if target.reached else 0} steps away"
    return f"this one may have been reached: {target.reached.why[-1]}"


def find_role(snapshot: Snapshot, arn: str) -> t.Optional[Role]:
    """Find a role of a snapshot by its name, however its ARN is written."""
    wanted = principal_of(arn)
    return next((role for role in snapshot.roles if principal_of(role.arn) == wanted), None)


def _find_other_role(snapshot: Snapshot, target: Target, live: LiveRole) -> str:
    """Explain why the live role is not the one that is meant; empty if it is."""
    if live.arn != target.arn:
        return f"the role {target.name} is {live.arn}, and {target.arn} is named; correct the ARN in the incident"
    role = find_role(snapshot, target.arn)
    if role is not None and role.unique_id and role.unique_id != live.role_id:
        return f"{target.name} was deleted and made again since the account was read; {_NEXT_PASS}"
    return ""


def _refuse_absent(target: Target) -> Refusal:
    """Refuse a role that people name, that is not there, and that nothing proves to have been deleted."""
    reason = (
        "there is no such role; check the ARN, or give it deleted: true in roles of the incident if you know that it "
        "was deleted"
    )
    return Refusal("no_such_role", reason, target.arn)


def _refuse_room(target: Target) -> Refusal:
    reason = (
        f"{target.name} has no room for another policy: its inline policies are full, and no managed one can be "
        "attached. Remove one, or deny its sessions by an SCP on aws:userid"
    )
    return Refusal(_NO_ROOM, reason, target.arn)


def describe_moment(moment: t.Optional[datetime]) -> t.Optional[str]:
    """Describe a moment for the result."""
    return format_utc(moment) if moment else None
