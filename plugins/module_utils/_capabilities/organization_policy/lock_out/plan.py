# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether a change of the organization's policies locks anybody out without whom an account can't be run or repaired.

Pure: trees in, refusals and a report out. The activity of members is compared with the change elsewhere.
"""

from __future__ import annotations

import collections
import dataclasses
import fnmatch
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...._account.organization_tree import MemberAccount, OrganizationTree
from ...._converge.arn import is_break_glass
from ...._converge.change import Refusal
from ...._policy.analysis.mfa_pattern import unsafe_mfa_denials
from ...._policy.analysis.own_roles import BREAK_GLASS
from ...._policy.analysis.principal_matrix import Controls, DeniedPair, Kind, Loss, Place, cast, losses
from ...._policy.analysis.principal_matrix_cast import CONTROL_TOWER, STACK_SETS
from ...._policy.analysis.principal_matrix_services import service_losses
from ...._policy.documents.arn import arn_account
from .change import ChangedPolicy, PolicyChange, build_organization_path, parse_policy, takes_away
from .own_way import OwnPlace, TrailBucket, find_own_way_actors
from .rows import Row, describe_accounts, describe_losses, refuse_cut_off_run, refuse_stopped_services

#: The value of the option ``way_back``: people or jobs of the management account can take policies off.
MANAGEMENT: t.Final = "management_account"
_CENTRAL_ROOT: t.Final = "iam.amazonaws.com"
_STACK_SETS_SERVICE: t.Final = "member.org.stacksets.cloudformation.amazonaws.com"
_CONTROL_TOWER_SERVICE: t.Final = "controltower.amazonaws.com"
# Actors with refusals of their own.
_OF_THEIR_OWN: t.Final = (Kind.SERVICE, Kind.OWN_WAY)
_LANDING_ZONE: t.Final = ("AWSControlTowerExecution", "AWSCloudFormationStackSetExecutionRole", "stacksets-exec-")
_GUARDRAILS: t.Final = "aws-guardrails-"
_MOST_TOLD: t.Final = 3


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The judgement of the guard on a change.

    ``refusals`` tell, by the name of a policy, why it may not come, change or stay attached. ``predicted`` are the
    denials that are expected, since somebody accepts them. ``impacts`` are documents for the reports, ``report`` is the
    return value ``lock_out``.
    """

    refusals: Mapping[str, tuple[Refusal, ...]] = dataclasses.field(default_factory=dict)
    predicted: frozenset[DeniedPair] = frozenset()
    impacts: tuple[Mapping[str, t.Any], ...] = ()
    report: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class GuardOptions:
    """The options of the guard, and the principals of the run.

    ``automation`` and ``assessors`` are what follows the account in the ARNs of the roles of this collection;
    ``break_glass`` are globs for ARNs. ``caller`` is the ARN of the user or role that calls, ``entry`` that of the
    owner of the credentials that all roles are assumed with. ``places`` are those that the run itself needs.
    ``accepted`` are the principals whose loss somebody accepts today: ARNs, and names of AWS services.
    """

    partition: str
    region: str
    caller: str
    caller_account: str
    automation: tuple[str, ...]
    assessors: tuple[str, ...]
    break_glass: tuple[str, ...] = ()
    entry: str = ""
    way_back: str = ""
    allow_root_attachment: bool = False
    places: tuple[OwnPlace, ...] = ()
    accepted: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Observed:
    """The principals that were seen, as ARNs by account; an account that could not be read is left out or None.

    ``landing_zone`` are the roles by which Control Tower and StackSets set up accounts, ``entering`` the AWS services
    that trust policies let in. ``trails`` are the buckets of the trails that were seen in any account. ``helpless``
    says which break-glass principals could not help, and why.
    """

    break_glass: Mapping[str, t.Optional[tuple[str, ...]]] = dataclasses.field(default_factory=dict)
    landing_zone: Mapping[str, t.Optional[tuple[str, ...]]] = dataclasses.field(default_factory=dict)
    entering: Mapping[str, t.Optional[frozenset[str]]] = dataclasses.field(default_factory=dict)
    trails: tuple[TrailBucket, ...] = ()
    helpless: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def break_glass_of(self, account_id: str) -> t.Optional[tuple[str, ...]]:
        """The break-glass principals of one account; None if they are not known."""
        return self.break_glass.get(account_id)

    def usable_break_glass_of(self, account_id: str) -> t.Optional[tuple[str, ...]]:
        """The break-glass principals of one account that could help; None if they are not known."""
        seen = self.break_glass_of(account_id)
        return None if seen is None else tuple(arn for arn in seen if arn not in self.helpless)


class Guard:
    """Judges one change by the matrix, and by the principals that could undo it."""

    def __init__(self, change: PolicyChange, options: GuardOptions, observed: Observed) -> None:
        self._change: t.Final = change
        self._options: t.Final = options
        self._observed: t.Final = observed

    @functools.cached_property
    def matrix(self) -> tuple[Row, ...]:
        """The losses, by groups of accounts."""
        return tuple(
            Row(group, self._find_losses(group[0]))
            for alike in self._change.group_accounts()
            for group in self._group_by_principals(alike)
        )

    def _group_by_principals(self, accounts: Iterable[MemberAccount]) -> Iterator[tuple[MemberAccount, ...]]:
        """Group accounts that have the same break-glass principals and the same landing zone."""
        groups: dict[t.Hashable, list[MemberAccount]] = {}
        for account in accounts:
            named = (*self._find_break_glass(account.id), *self._find_landing_zone(account.id))
            # SCPs do not bind services, so that it does not matter which of them come in.
            entering = self._observed.entering.get(account.id) if self._change.has_rcps else None
            key = (tuple(arn.replace(account.id, "") for arn in named), entering)
            groups.setdefault(key, []).append(account)
        yield from map(tuple, groups.values())

    def find_refusals(self) -> dict[str, tuple[Refusal, ...]]:
        """Find the refusals of policies that come, change or go, by their names."""
        found: dict[str, list[Refusal]] = collections.defaultdict(list)
        for policy in self._change.policies:
            for refusal in (
                *self._refuse_lock_out(policy),
                *refuse_cut_off_run(self.matrix, policy, accepted=self._options.accepted),
                *refuse_stopped_services(
                    self.matrix, policy, accepted=self._options.accepted, entering=self._observed.entering
                ),
                *self._refuse_unsafe_mfa(policy),
                *self._refuse_root_attachment(policy),
                *self._refuse_without_break_glass(policy),
                *self._refuse_without_way_back(policy),
            ):
                found[policy.name].append(refusal)
        return {name: tuple(refusals) for name, refusals in found.items()}

    def find_lost_names(self) -> list[str]:
        """Find the names of AWS services that lose anything, and of principals cut off from the run's own places."""
        return [loss.actor.arn for row in self.matrix for loss in row.losses if loss.actor.kind in _OF_THEIR_OWN]

    def as_dict(self) -> dict[str, t.Any]:
        """The losses and the break-glass principals, for the result."""
        management = self._change.after.management_account_id
        break_glass = self._observed.break_glass_of(management)
        return {
            "accounts": len(self._change.accounts),
            "matrix": [row.as_dict() for row in self.matrix if row.losses],
            "break_glass": {
                "management_account": None if break_glass is None else list(break_glass),
                "declared": list(self._options.break_glass),
            },
        }

    # The matrix

    def _find_losses(self, account: MemberAccount) -> tuple[Loss, ...]:
        tree, options = self._change.after, self._options
        place = make_place(tree, account.id, partition=options.partition, region=options.region)
        actors = cast(
            place,
            automation=options.automation,
            assessors=options.assessors,
            break_glass=self._find_break_glass(account.id),
            landing_zone=self._find_landing_zone(account.id),
            caller=options.caller,
            entry=options.entry or None,
            entry_outside=self._enters_from_outside,
        )
        # Services are asked about everything that RCPs reach, not only about entering roles.
        people = tuple(actor for actor in actors if actor.kind is not Kind.SERVICE)
        controls = self._change.controls(account.id)
        services = service_losses(place, *controls, entering=self._observed.entering.get(account.id))
        return (*losses(people, *controls), *services, *self._find_own_way_losses(place, *controls))

    @property
    def _enters_from_outside(self) -> bool:
        """Whether the credentials that the run starts with belong to an account that is not in the organization."""
        entry = self._options.entry
        return bool(entry) and entry.split(":")[4] not in self._change.after.account

    def _find_own_way_losses(self, place: Place, before: Controls, after: Controls) -> Iterator[Loss]:
        options = self._options
        actors = find_own_way_actors(
            place,
            options.places,
            self._observed.trails,
            automation=options.automation,
            assessors=options.assessors,
            entry=options.entry or options.caller,
            is_inside=not self._enters_from_outside,
        )
        for loss in losses(tuple(actors), before, after):
            # The ARN of a key names its account: RCPs of another account do not apply to it.
            if loss.layer == "scp" or arn_account(loss.ask.resource) in (None, "", place.account_id):
                yield loss

    def _find_break_glass(self, account_id: str) -> tuple[str, ...]:
        """Find the break-glass principals of an account: those that were seen, or else those that there may be."""
        seen = self._observed.break_glass_of(account_id)
        if seen is not None:
            return seen
        options = self._options
        return find_break_glass_in(account_id, options.break_glass, partition=options.partition) or BREAK_GLASS

    def _find_landing_zone(self, account_id: str) -> tuple[str, ...]:
        seen = self._observed.landing_zone.get(account_id)
        return find_landing_zone(self._change.after) if seen is None else seen

    @functools.cached_property
    def _in_management(self) -> tuple[str, ...]:
        """The break-glass principals of the management account, which no SCP binds."""
        management = self._change.after.management_account_id
        seen = self._observed.break_glass_of(management)
        if seen is not None:
            return seen
        return find_break_glass_in(management, self._options.break_glass, partition=self._options.partition)

    def _refuse_lock_out(self, policy: ChangedPolicy) -> Iterator[Refusal]:
        rows = [
            (row, [loss for loss in row.losses if loss.is_lock_out and policy.name in loss.policies])
            for row in self.matrix
        ]
        hit = [(row, found) for row, found in rows if found]
        if not hit:
            return
        accounts = [account for row, _found in hit for account in row.accounts]
        lost = [loss for _row, found in hit for loss in found]
        others = {
            loss.actor.name
            for row, _found in hit
            for loss in row.losses
            if not loss.is_lock_out and policy.name in loss.policies and loss.actor.kind not in _OF_THEIR_OWN
        }
        also = f"; it would also lock out: {', '.join(sorted(others))}" if others else ""
        reason = (
            f"it would lock out the principals that run and repair accounts: {describe_losses(lost)}{also} (in "
            f"{describe_accounts(accounts)}). Exempt these principals in its denying statements"
        )
        yield Refusal("lock_out", reason, policy.target)

    def _refuse_unsafe_mfa(self, policy: ChangedPolicy) -> Iterator[Refusal]:
        """Refuse a denial of nearly everything whose MFA condition only IAM users can satisfy."""
        will = parse_policy(policy.will) if policy.will is not None else None
        if will is None or policy.will is None or not set(policy.reaches) & set(policy.will.targets):
            return
        cut_off = {
            loss.actor.name
            for row in self.matrix
            for loss in row.losses
            if policy.name in loss.policies and loss.actor.kind not in _OF_THEIR_OWN
        }
        for denial in unsafe_mfa_denials(will):
            if not denial.everything:
                continue
            named = f"; of the cast: {', '.join(sorted(cut_off))}" if cut_off else ""
            reason = (
                f"{denial}{named}. Restrict it to IAM users (ArnLike aws:PrincipalArn arn:*:iam::*:user/*), or use the "
                "role mfa_enforcement"
            )
            yield Refusal("unsafe_mfa", reason, policy.target)

    # Refusals that need no matrix

    def _refuse_root_attachment(self, policy: ChangedPolicy) -> Iterator[Refusal]:
        root = self._change.after.root_id
        new = policy.will is not None and root in policy.will.targets and root in policy.reaches
        # AWS's own policies allow everything, and take nothing away.
        if new and not self._options.allow_root_attachment and not (policy.will and policy.will.is_aws_managed):
            reason = (
                "it would hold in every account of the organization at once; attach it to units one after the other, "
                "or set allow_root_attachment"
            )
            yield Refusal("root_attachment", reason, policy.target)

    def _refuse_without_break_glass(self, policy: ChangedPolicy) -> Iterator[Refusal]:
        if not takes_away(policy) or self._observed.usable_break_glass_of(self._change.after.management_account_id):
            return
        reached = self._change.after.accounts_under(policy.reaches)
        here = {account.id for account in self._change.accounts_at_work}
        without = [account for account in reached if account.id in here and not self._has_break_glass(account.id)]
        if without:
            reason = (
                "no break-glass principal is known that could still work in the affected accounts: "
                f"{self._describe_management()} and none in "
                f"{describe_accounts(without)}{self._describe_helpless(without)}. Declare break_glass (globs for "
                "ARNs), or create a role /iam-hardening/break-glass in each account that somebody can use"
            )
            yield Refusal("no_break_glass", reason, policy.target)

    def _has_break_glass(self, account_id: str) -> bool:
        """Whether one was seen in the account; where nothing could be seen, whether one is declared."""
        seen = self._observed.usable_break_glass_of(account_id)
        if seen is not None:
            return bool(seen)
        own = find_break_glass_in(account_id, self._options.break_glass, partition=self._options.partition)
        unseen = self._observed.break_glass_of(self._change.after.management_account_id) is None
        return bool(own or (unseen and self._in_management))

    def _describe_helpless(self, accounts: Iterable[MemberAccount]) -> str:
        """Describe the break-glass principals that don't count."""
        ids = (self._change.after.management_account_id, *(account.id for account in accounts))
        seen = [
            arn
            for account_id in ids
            for arn in self._observed.break_glass_of(account_id) or ()
            if arn in self._observed.helpless
        ]
        parts = [f"{arn} {self._observed.helpless[arn]}" for arn in seen[:_MOST_TOLD]]
        more = f"; and {len(seen) - _MOST_TOLD} more" if len(seen) > _MOST_TOLD else ""
        return f" ({'; '.join(parts)}{more})" if parts else ""

    def _describe_management(self) -> str:
        seen = self._observed.break_glass_of(self._change.after.management_account_id)
        return "none is in the management account" if seen is not None else "the management account could not be read"

    def _refuse_without_way_back(self, policy: ChangedPolicy) -> Iterator[Refusal]:
        """Refuse a policy that binds its own administrator, who then could not detach it again."""
        tree, options = self._change.after, self._options
        if not takes_away(policy) or options.caller_account == tree.management_account_id:
            return
        administrators = {options.caller_account, *(_find_administrators(tree))}
        bound = [account for account in tree.accounts_under(policy.reaches) if account.id in administrators]
        if bound and not is_way_back(options.way_back, tree.management_account_id):
            reason = (
                f"it applies to {describe_accounts(bound)}, from which the organization is administered, so nobody "
                "there may be able to detach it. Declare in way_back who can detach it from the management account: "
                f"{MANAGEMENT}, or the ARN of a role there"
            )
            yield Refusal("no_way_back", reason, policy.target)


def make_place(tree: OrganizationTree, account_id: str, *, partition: str, region: str) -> Place:
    """Make the place of an account in the organization, as far as the matrix depends on it."""
    return Place(
        account_id,
        partition,
        region,
        organization_id=tree.id,
        organization_path=build_organization_path(tree, account_id),
        management_account_id=tree.management_account_id,
        central_root=_CENTRAL_ROOT in tree.trusted_services,
    )


def is_way_back(value: str, management_account_id: str) -> bool:
    """Whether the option ``way_back`` names a way back from the management account."""
    return value == MANAGEMENT or f":iam::{management_account_id}:role/" in value


def find_break_glass_in(account_id: str, patterns: Iterable[str], *, partition: str) -> tuple[str, ...]:
    """Find the ARNs that declared globs mean in an account; wildcards in a name are filled in."""
    found = []
    for pattern in patterns:
        parts = pattern.split(":", 5)
        if len(parts) < 6 or not fnmatch.fnmatchcase(account_id, parts[4]):
            continue
        resource = parts[5].replace("*", "1").replace("?", "1")
        if resource.partition("/")[0] in ("role", "user"):
            found.append(f"arn:{partition}:iam::{account_id}:{resource}")
    return tuple(dict.fromkeys(found))


def select_break_glass(arns: Iterable[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """Select the break-glass principals among the users and roles of an account."""
    return tuple(arn for arn in arns if is_break_glass(arn, patterns))


def select_landing_zone(arns: Iterable[str]) -> tuple[str, ...]:
    """Select the roles of Control Tower and StackSets among those of an account."""
    return tuple(arn for arn in arns if arn.rpartition("/")[2].startswith(_LANDING_ZONE))


def find_landing_zone(tree: OrganizationTree) -> tuple[str, ...]:
    """Find the roles by which Control Tower and StackSets set up accounts, if the organization uses these services."""
    tower = _CONTROL_TOWER_SERVICE in tree.trusted_services or any(
        policy.name.startswith(_GUARDRAILS) for policy in tree.policies
    )
    stacks = _STACK_SETS_SERVICE in tree.trusted_services
    return (*((CONTROL_TOWER,) if tower else ()), *((STACK_SETS,) if stacks else ()))


def _find_administrators(tree: OrganizationTree) -> set[str]:
    return {
        account
        for account, services in tree.delegated_administrators.items()
        if {"iam.amazonaws.com", "organizations.amazonaws.com"} & set(services)
    }
