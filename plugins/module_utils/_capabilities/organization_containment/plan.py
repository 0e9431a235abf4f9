# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan of a containment at the organization: which accounts and users it denies everything, and how."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from ..._account.organization_tree import ACTIVE, ENABLED, SCP, OrganizationPolicy, OrganizationTree
from ..._controls.control import listing
from ..._converge.change import Change, Refusal, content_hash
from ..._converge.incident.declaration import AccountAction, AccountSeed
from ..._converge.incident.names import ORGANIZATION_MODULE
from ..._converge.organization_changes import ATTACH, CREATE, Node, PolicyWriter, name_policy
from ..._converge.plan import Plan
from ..._incident.control_policy import Content
from ..._incident.from_above import NAME as OF_LOCK
from ..._policy.documents.limits import ATTACHMENTS
from .changes import MOVE, TAG, is_of_incident, move_account
from .declared import ACCOUNT, Declared
from .documents import NAME, OF_PEOPLE, deny_account, deny_people, find_exempt, find_people, read_back
from .lock import LockPlan
from .members import Keeper, Member
from .moving import Move, can_rescue, exempts_nobody, find_undenied, find_unit, judge_move, move_in
from .runbook import refuse
from .trust.judge import Judged

#: The rule that refuses an account that the organization does not have.
UNKNOWN_ACCOUNT: t.Final = "unknown_account"
MODULE: t.Final = ORGANIZATION_MODULE
_DESCRIPTION: t.Final = "Incident {}: denies everything. Made by hardening.iam, which deletes it at the release."


@dataclasses.dataclass(frozen=True)
class Observed:
    """What was read: the organization, and the declared accounts as their own roles show them.

    ``tree`` is None where the incident names nothing of the organization. ``run_accounts`` are those that the run comes
    through. ``judged`` says whether the accounts of the incident may be trusted. ``lock`` is what the dormant policy is
    to say.
    """

    account_id: str
    partition: str
    tree: t.Optional[OrganizationTree] = None
    members: Mapping[str, Member] = dataclasses.field(default_factory=dict)
    run_accounts: frozenset[str] = frozenset()
    judged: tuple[Judged, ...] = ()
    lock: LockPlan = LockPlan()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is done about one account, or about the users of Identity Center: changes, or a refusal.

    ``subject`` is the account's id, or ``people``. Without changes and refusal it is contained already.
    """

    subject: str
    action: str
    changes: tuple[Change, ...] = ()
    refusal: t.Optional[Refusal] = None
    policy: str = ""
    member: t.Optional[Member] = None
    move: t.Optional[Move] = None


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans one run."""

    declared: Declared
    now: datetime

    def judge(self, observed: Observed) -> tuple[Verdict, ...]:
        """Judge each declared account, and the users of Identity Center."""
        tree, incident = observed.tree, self.declared.incident
        if tree is None:
            return ()
        found = [self._judge_account(seed, observed, tree) for seed in incident.accounts]
        people = [user.user_id for user in incident.identity_center_users]
        return (*found, *([self._judge_people(people, observed, tree)] if people else []))

    @staticmethod
    def plan(verdicts: t.Iterable[Verdict], lock: LockPlan) -> Plan:
        """The plan of all verdicts, and of the dormant policy, which comes first."""
        kept = tuple(verdicts)
        return Plan(
            (*lock.changes, *(change for verdict in kept for change in verdict.changes)),
            tuple(verdict.refusal for verdict in kept if verdict.refusal),
        )

    # Accounts

    def _judge_account(self, seed: AccountSeed, observed: Observed, tree: OrganizationTree) -> Verdict:
        refusal = self._refuse_account(seed, observed, tree)
        if refusal:
            return Verdict(seed.account_id, seed.action.value, refusal=refusal)
        member = observed.members.get(seed.account_id, Member(seed.account_id, problem="it was not read"))
        if seed.action is AccountAction.MOVE:
            return self._move(seed, observed, tree, member)
        # Once it is contained, nobody may be able to read it: what was judged then holds.
        is_contained = bool(member.problem) and self._find_own_policy(tree, seed.account_id) is not None
        if not (member.has_break_glass or seed.without_break_glass or is_contained):
            return self._refuse(seed, "no_break_glass", _describe_lack(member), member=member)
        return self._deny(seed, observed, tree, member)

    def _find_own_policy(self, tree: OrganizationTree, account_id: str) -> t.Optional[OrganizationPolicy]:
        incident_id = self.declared.incident.id
        live = _find_policy(tree, NAME.format(incident_id=incident_id, ending=account_id))
        return live if live is not None and is_of_incident(live, incident_id) else None

    def _refuse_account(self, seed: AccountSeed, observed: Observed, tree: OrganizationTree) -> t.Optional[Refusal]:
        account_id = seed.account_id
        if account_id == tree.management_account_id:
            return refuse("management_account", account_id)
        if account_id in observed.run_accounts | self.declared.own_accounts:
            return refuse("caller", account_id)
        account = tree.account.get(account_id)
        if account is None:
            return refuse(UNKNOWN_ACCOUNT, account_id)
        if account.state != ACTIVE:
            return refuse("not_active", account_id, account.state)
        if tree.policy_types.get(SCP) != ENABLED:
            return refuse("scp_disabled", account_id)
        return None

    @staticmethod
    def _refuse(seed: AccountSeed, rule: str, detail: str = "", **more: t.Any) -> Verdict:
        operation = MOVE if seed.action is AccountAction.MOVE else ATTACH
        refusal = refuse(rule, seed.account_id, detail, operation)
        return Verdict(seed.account_id, seed.action.value, refusal=refusal, **more)

    def _deny(self, seed: AccountSeed, observed: Observed, tree: OrganizationTree, member: Member) -> Verdict:
        name = NAME.format(incident_id=self.declared.incident.id, ending=seed.account_id)
        live = _find_policy(tree, name)
        if live is not None and not is_of_incident(live, self.declared.incident.id):
            return self._refuse(seed, "foreign", name, member=member)
        content = self._choose_content(live, seed.account_id, member)
        if member.problem:
            member = dataclasses.replace(member, keepers=tuple(map(Keeper, find_exempt(content.document))))
        if content.excess:
            return self._refuse(seed, "too_long", str(content.excess), member=member)
        attached = [policy.name for policy in tree.policies if policy.type == SCP and seed.account_id in policy.targets]
        if name not in attached and len(attached) >= ATTACHMENTS["scp"].default:
            return self._refuse(seed, "slots", listing(attached), member=member)
        node = Node(seed.account_id, tree.name_of(seed.account_id))
        changes = self._write(observed, name, live, content, node)
        return Verdict(seed.account_id, seed.action.value, changes, policy=name, member=member)

    def _choose_content(self, live: t.Optional[OrganizationPolicy], account_id: str, member: Member) -> Content:
        """Choose what the policy says: who goes on, and the moment before which sessions are denied.

        The moment of the policy that is there stays, unless it let an intruder begin sessions since: it was changed or
        detached, or a role did not go on all along. Of an account that can't be read the roles stay as well.
        """
        known = read_back(live.document.document, account_id) if live else None
        exempt = known.exempt if known and member.problem else member.exempt
        kept = (
            known is not None and live is not None and account_id in live.targets and set(exempt) <= set(known.exempt)
        )
        return deny_account(exempt, (known.begun_before if known and kept else None) or self.now)

    def _write(
        self,
        observed: Observed,
        name: str,
        live: t.Optional[OrganizationPolicy],
        content: Content,
        node: Node,
    ) -> tuple[Change, ...]:
        incident = self.declared.incident
        writer = PolicyWriter(observed.account_id, name, SCP, live)
        description = _DESCRIPTION.format(incident.id)
        changes = []
        if live is None:
            changes.append(writer.create(content, description, {TAG: incident.id}))
        elif content_hash(live.document.document) != content_hash(content.document):
            changes.append(writer.update(live, content, live.description))
        if live is None or node.id not in live.targets:
            changes.append(writer.attach(node))
        return tuple(changes)

    def _move(self, seed: AccountSeed, observed: Observed, tree: OrganizationTree, member: Member) -> Verdict:
        incident, account_id = self.declared.incident, seed.account_id
        unit = find_unit(tree, incident.quarantine_ou)
        if unit is None:
            detail = f"quarantine_ou: the organization has no unit {incident.quarantine_ou}"
            return self._refuse(seed, "quarantine_ou", detail)
        move = judge_move(tree, account_id, unit, member.holes)
        there = _after_move(tree, member, unit.id)
        is_there = move.source.id == unit.id
        problem = self._find_gap(tree, move, member, is_there=is_there)
        if is_there and not problem:
            return Verdict(account_id, seed.action.value, member=there, move=move)
        if move.still_allowed or is_there:
            return self._refuse(seed, "quarantine_ou", problem, member=there, move=move)
        lost = [name for name in move.lost if name not in incident.accept_lost_policies]
        if lost:
            return self._refuse(seed, "loses_policies", listing(lost), member=there, move=move)
        if not there.has_break_glass and not seed.without_break_glass:
            return self._refuse(seed, "no_break_glass", _describe_lack(there), member=there, move=move)
        if problem:
            return self._refuse(seed, "quarantine_ou", problem, member=there, move=move)
        arn = f"arn:{observed.partition}:organizations::{observed.account_id}:account/{tree.id}/{account_id}"
        change = move_account(observed.account_id, arn, move.source, unit)
        return Verdict(account_id, seed.action.value, (change,), member=there, move=move)

    def _find_gap(self, tree: OrganizationTree, move: Move, member: Member, *, is_there: bool) -> str:
        """Find out why the policies of the unit do not contain the account; empty if they do."""
        path, after = move.destination.path, move_in(tree, member.account_id, move.destination.id)
        if move.still_allowed:
            names = [f"{arn} ({member.holes[arn]})" if arn in member.holes else arn for arn in move.still_allowed]
            return f"the policies of {path} do not deny everything to {listing(names)}"
        if not member.problem or exempts_nobody(after, member.account_id):
            return ""
        reader = self.declared.member_role_arn.replace(ACCOUNT, member.account_id)
        if is_there and reader and not find_undenied(after, member.account_id, [reader]):
            # That it can't be read is the work of the unit.
            return ""
        return (
            f"the account can't be read ({member.problem}), so it is not known who can come into the roles that the "
            f"policies of {path} let go on"
        )

    # People

    def _judge_people(self, user_ids: t.Sequence[str], observed: Observed, tree: OrganizationTree) -> Verdict:
        name = NAME.format(incident_id=self.declared.incident.id, ending=OF_PEOPLE)
        live = _find_policy(tree, name)
        rule, detail = "", ""
        attached = [policy.name for policy in tree.policies if policy.type == SCP and tree.root_id in policy.targets]
        # Nobody is released because a later declaration does not name him.
        content = deny_people({*user_ids, *(find_people(live.document.document) if live else ())})
        if tree.policy_types.get(SCP) != ENABLED:
            rule = "scp_disabled"
        elif live is not None and not is_of_incident(live, self.declared.incident.id):
            rule, detail = "foreign", name
        elif name not in attached and len(attached) >= ATTACHMENTS["scp"].default:
            rule, detail = "slots", listing(attached)
        elif content.excess:
            rule, detail = "too_long", str(content.excess)
        if rule:
            return Verdict(OF_PEOPLE, "policy", refusal=refuse(rule, tree.root_id, detail, CREATE), policy=name)
        changes = self._write(observed, name, live, content, Node(tree.root_id, tree.name_of(tree.root_id)))
        return Verdict(OF_PEOPLE, "policy", changes, policy=name)


def _find_policy(tree: OrganizationTree, name: str) -> t.Optional[OrganizationPolicy]:
    return next((policy for policy in tree.policies if policy.name == name and policy.type == SCP), None)


def _describe_lack(member: Member) -> str:
    """Describe why no break-glass role goes on."""
    lacks = [f"{keeper.arn}: {keeper.problem}" for keeper in member.keepers if keeper.is_break_glass]
    return member.problem or "; ".join(lacks) or "it has none"


def _after_move(tree: OrganizationTree, member: Member, unit_id: str) -> Member:
    """The member once it is moved: the policies of the unit decide who goes on."""
    after = move_in(tree, member.account_id, unit_id)
    undenied = find_undenied(after, member.account_id, [keeper.arn for keeper in member.keepers])

    def judge(keeper: Keeper) -> Keeper:
        known = dataclasses.replace(keeper, is_denied=keeper.arn not in undenied)
        if keeper.problem or can_rescue(after, member.account_id, keeper.arn):
            return known
        return dataclasses.replace(known, problem="the policies of the unit deny it what it needs")

    return dataclasses.replace(member, keepers=tuple(map(judge, member.keepers)))


def list_frozen(verdicts: Iterable[Verdict], lock: LockPlan) -> set[str]:
    """List what no other run changes: the accounts, the unit of a move, and the policies by the names that they have.

    A policy has a name before it is there.
    """
    found = {name_policy(OF_LOCK, SCP)} if lock.content else set[str]()
    for verdict in verdicts:
        if verdict.refusal:
            continue
        move, names = verdict.move, (verdict.policy, *(verdict.move.policies if verdict.move else ()))
        found |= {name_policy(name, SCP) for name in names if name}
        found |= {verdict.subject} - {OF_PEOPLE} | ({move.destination.id} if move else set())
    return found
