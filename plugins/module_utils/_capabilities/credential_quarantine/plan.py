# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan of a containment: whom it contains, in which order, and what people have to do themselves."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..._converge.arn import Principal
from ..._converge.change import Change, Refusal
from ..._converge.incident.record import By
from ..._converge.incident.runbook import refuse_seed
from ..._converge.incident.steps import Subject
from ..._converge.plan import Plan
from ..._converge.untouchable import refuse_protected
from .changes import Denial, QuarantineWriter, choose_denial
from .declared import Declared, Loss
from .locate import OF_RECORD, ROOT_OF_MEMBER, Seed, Status
from .remains import describe_devices
from .states import DenyPolicy, RootState, UserState

MODULE: t.Final = "credential_quarantine"
#: The rules of refusals that leave a credential able to do something.
MISMATCH_RULE: t.Final = "seed_mismatch"
_ROOT_OF_MANAGEMENT: t.Final = (
    "no call of AWS reaches root of the management account. A person does it, in this order:\n"
    "1. Sign in as root with its MFA device. If that fails, call AWS Support, and the people of the phone tree.\n"
    "2. Delete the access key under Security credentials. Change the password, and look at the MFA devices.\n"
    "3. Look at the account's contacts and its primary email address: an intruder may have changed them.\n"
    "4. Read in CloudTrail what root did since the leak, above all to organization policies and to accounts"
)


@dataclasses.dataclass(frozen=True)
class Observed:
    """What was read. In place of a state there may be the reason why it is not known, by name or account.

    ``impossible`` are the denials that AWS refused in an earlier pass: the operations, by the user's ARN.
    """

    account_id: str
    partition: str
    seeds: tuple[Seed, ...] = ()
    users: dict[str, t.Union[UserState, str]] = dataclasses.field(default_factory=dict)
    deny: DenyPolicy = DenyPolicy()
    slots: t.Optional[int] = None
    roots: dict[str, t.Union[RootState, str]] = dataclasses.field(default_factory=dict)
    impossible: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Contained:
    """One user that is contained, and how."""

    user: UserState
    denial: Denial
    seeds: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans one run. ``callers`` are the caller, and all that it came through."""

    declared: Declared
    now: datetime
    callers: frozenset[Principal] = frozenset()
    break_glass: tuple[str, ...] = ()

    def contain(self, observed: Observed) -> tuple[tuple[Contained, ...], Plan]:
        """The users that are contained, and the plan. Root of member accounts comes last: it can't be undone."""
        refused: list[Refusal] = [refusal for seed in observed.seeds if (refusal := self._refuse(seed, observed))]
        contained: list[Contained] = []
        for name, seeds in _group_by_user(observed.seeds).items():
            verdict = self._contain_user(name, seeds, observed)
            if isinstance(verdict, Refusal):
                refused.append(verdict)
            else:
                contained.append(verdict)
        roots = tuple(self._contain_roots(observed))
        changes = (*(change for one in contained for change in one.changes), *roots)
        return tuple(contained), Plan(changes, tuple(refused), tuple(self._list_warnings(observed, contained)))

    def list_subjects(
        self, observed: Observed, contained: Sequence[Contained], planned: Sequence[Change], allowed: Sequence[Change]
    ) -> tuple[Subject, ...]:
        """List whom the record of the incident names: all that are changed, or are as wanted already."""
        wanted = {change.target for change in planned}
        made = {change.target for change in allowed}
        users = [
            Subject(one.user.arn, By.SOURCE, one.user.unique_id, one.seeds)
            for one in contained
            if one.user.arn in made or one.user.arn not in wanted
        ]
        roots = [
            Subject(root.arn, By.ROOT, seeds=_list_seeds_of(observed, root.account_id))
            for root in observed.roots.values()
            if isinstance(root, RootState) and root.arn in made
        ]
        return (*users, *roots)

    def _refuse(self, seed: Seed, observed: Observed) -> t.Optional[Refusal]:
        """Refuse what concerns one seed alone; None for a seed that is contained, or is nothing of this account."""
        if seed.status is Status.MISMATCH:
            return Refusal(MISMATCH_RULE, f"nothing is done about {seed.id}: {seed.detail}; {seed.next_step}", seed.id)
        # Of a key of another account its own host says whether it is contained.
        if seed.status is Status.UNRESOLVED and seed.account_id in ("", observed.account_id):
            return Refusal("unresolved", f"{seed.id}: {seed.detail}; {seed.next_step}", seed.id)
        if seed.status is not Status.ROOT:
            return None
        if seed.account_id == observed.account_id:
            # A later pass of a member finds the key deleted, if the management account's host did it.
            is_management = self.declared.acts_for_organization
            step = _ROOT_OF_MANAGEMENT if is_management else f"{seed.detail}; {ROOT_OF_MEMBER}"
            return Refusal("root", f"{seed.id}: {step}", seed.id)
        state = observed.roots.get(seed.account_id)
        if isinstance(state, str):
            return Refusal("unread", f"root of account {seed.account_id} can't be read: {state}", seed.id)
        if Loss.ROOT_ACCESS_KEY in self.declared.accepted:
            return None
        reason = (
            f"{seed.id} is a key of the root user of account {seed.account_id}. AWS lets nobody deactivate it, and a "
            "deleted one can't be restored. To delete it, list root_access_key in accept_irreversible. Meanwhile a "
            "control policy such as deny_member_root denies it"
        )
        return Refusal("irreversible", reason, seed.id)

    def _contain_user(self, name: str, seeds: Sequence[Seed], observed: Observed) -> t.Union[Contained, Refusal]:
        user = observed.users.get(name)
        if not isinstance(user, UserState):
            # Without its path it is not known whether it is a break-glass principal.
            return Refusal("unread", f"the user {name} can't be read: {user or 'it is gone'}", name)
        refusal = refuse_seed(
            user.arn,
            callers=self.callers,
            break_glass=self.break_glass,
            incident_id=self.declared.incident.id,
        ) or refuse_protected(user.arn)
        if refusal:
            # Others than a run may write to the record, and so must not be able to stop the containment of the rest.
            is_named = any(seed.kind != OF_RECORD for seed in seeds)
            return dataclasses.replace(refusal, fatal=refusal.fatal and is_named)
        denial = choose_denial(user, observed.deny, observed.slots, observed.impossible.get(user.arn, ()))
        writer = QuarantineWriter(observed.account_id, self.declared.incident.id)
        is_password = any(seed.kind == "console_password" for seed in seeds)
        changes = writer.contain_user(
            user,
            denial,
            leaked=frozenset(seed.id for seed in seeds),
            removes_password=is_password and Loss.USER_PASSWORD in self.declared.accepted,
        )
        return Contained(user, denial, tuple(seed.id for seed in seeds), changes)

    def _contain_roots(self, observed: Observed) -> t.Iterator[Change]:
        writer = QuarantineWriter(observed.account_id, self.declared.incident.id)
        for root in observed.roots.values():
            if isinstance(root, RootState):
                yield from writer.contain_root(root, self.declared.accepted)

    def _list_warnings(self, observed: Observed, contained: Sequence[Contained]) -> t.Iterator[str]:
        if observed.deny.problem and contained:
            yield observed.deny.problem
        for one in contained:
            yield from (f"{one.user.arn}: {part} can't be read: {why}" for part, why in one.user.unread.items())
            if one.denial.problem:
                yield f"{one.user.arn} is not denied everything: {one.denial.problem}"
            if devices := describe_devices(one.user, self.declared.incident.since):
                yield devices


def _group_by_user(seeds: Sequence[Seed]) -> dict[str, list[Seed]]:
    """The seeds that are at home here, by the name of their user, whose case does not matter."""
    found: dict[str, list[Seed]] = {}
    names: dict[str, str] = {}
    for seed in seeds:
        if seed.status is Status.HOME:
            found.setdefault(names.setdefault(seed.user.casefold(), seed.user), []).append(seed)
    return found


def list_home_users(seeds: Sequence[Seed]) -> tuple[str, ...]:
    """List the names of the users that the seeds are of."""
    return tuple(_group_by_user(seeds))


def _list_seeds_of(observed: Observed, account_id: str) -> tuple[str, ...]:
    return tuple(seed.id for seed in observed.seeds if seed.status is Status.ROOT and seed.account_id == account_id)
