# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The guard against locking anybody out by a policy of the organization, composed: what it takes in, reads and says."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Mapping, Sequence

from ...._account.collect import OPERATIONS as READS
from ...._account.collect import collect
from ...._account.model import Dataset
from ...._account.organization_tree import OrganizationTree
from ...._aws.access import Access
from ...._aws.operations import Operations
from ...._controls.control import unread_reason
from ...._converge.change import Refusal
from ...._converge.errors import InputError
from ...._module.arguments import ArgumentSpec
from ...._module.snapshots import BREAK_GLASS_OPERATIONS, rescue_of
from ...._module.task import Task, TaskError
from ...._policy.analysis.own_roles import ASSESSORS, AUTOMATION
from ...._prediction.acceptance import Acceptances, acceptance_warnings, parse_acceptances
from ...._prediction.document import accepted_of, build
from ...._prediction.evidence import EVIDENCE_ARGUMENTS, EVIDENCE_OPERATIONS, EvidenceOptions
from .change import PolicyChange
from .evidence import MemberEvidence, Verdicts, names_of
from .observe import Members, seen_trails, with_organization
from .own_way import OwnPlace, TrailBucket, own_places
from .plan import MANAGEMENT, Guard, Judgement, Rules, Seen, break_glass_among

__all__ = ["LOCK_OUT_ARGUMENTS", "LOCK_OUT_OPERATIONS", "Judgement", "LockOut", "check_lock_out_options"]

# doc_fragments/_lock_out.py
LOCK_OUT_ARGUMENTS: t.Final[ArgumentSpec] = {
    "allow_root_attachment": {"type": "bool", "default": False},
    "automation_roles": {"type": "list", "elements": "str", "default": list(AUTOMATION)},
    "assessor_roles": {"type": "list", "elements": "str", "default": list(ASSESSORS)},
    "way_back": {"type": "str"},
    "member_role_arn": {"type": "str"},
    "max_member_reads": {"type": "int", "default": 50},
    "accept_without_evidence": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {name: {"type": "str", "required": True} for name in ("account", "reason", "expires")},
    },
    **EVIDENCE_ARGUMENTS,
}
LOCK_OUT_OPERATIONS: t.Final = EVIDENCE_OPERATIONS.union(
    BREAK_GLASS_OPERATIONS,
    READS[Dataset.AUTHORIZATION_DETAILS],
    READS[Dataset.CREDENTIAL_REPORT],
    Operations(reads=frozenset({"cloudtrail:DescribeTrails"})),
)

# What takes back the attachment of a policy.
_TAKE_OFF: t.Final = "organizations:DetachPolicy"
_PLACE: t.Final = "<account_id>"
# An AWS service as a principal, or all that are not known by name.
_SERVICE: t.Final = re.compile(r"([a-z0-9-]+\.)*amazonaws\.com(\.cn)?")


def check_lock_out_options(task: Task) -> None:
    """Refuse options that can't be used, before anything is called. Raises TaskError."""
    evidence = EvidenceOptions.of(task)
    options = task.options
    for name in ("automation_roles", "assessor_roles"):
        for role in options[name]:
            if not role.startswith("role/") or role.endswith("/"):
                raise TaskError(f"{name}: {role!r} is not a role as it stands in ARNs, such as role/path/name")
    way_back = options["way_back"] or ""
    if way_back and way_back != MANAGEMENT and ":role/" not in way_back:
        raise TaskError(f"way_back: {way_back!r} is neither {MANAGEMENT} nor the ARN of a role")
    member = options["member_role_arn"] or ""
    if member and not (member.startswith("arn:") and _PLACE in member and ":role/" in member):
        raise TaskError(f"member_role_arn: {member!r} is not the ARN of a role with {_PLACE} in the account's place")
    for item in evidence.acceptances:
        if not (item.principal.startswith("arn:") or _SERVICE.fullmatch(item.principal)):
            raise TaskError(
                f"accept_breakage[{item.index}].principal: {item.principal!r} is no ARN: a bare name would mean a "
                "principal in every account. Allowed are ARNs, and AWS services such as sns.amazonaws.com"
            )
    _accepted_accounts(task)
    if options["max_member_reads"] < 0:
        raise TaskError(f"max_member_reads: {options['max_member_reads']} is not a number from 0 up")


class LockOut:
    """Judges changes of the organization's policies before they are made."""

    def __init__(self, task: Task, access: Access) -> None:
        self._task = task
        self._access = access
        self._options = EvidenceOptions.of(task)

    def judge(self, before: OrganizationTree, after: OrganizationTree) -> Judgement:
        """What the change from one tree to the other takes from whom, and why its policies are refused.

        What can't be read of members is told, and refused unless it is accepted.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        change = PolicyChange(before, after)
        if not change.policies:
            return Judgement()
        accepted, accounts = self._options.acceptances, _accepted_accounts(self._task)
        evidence = self._evidence(change, accounts)
        today = self._task.now.date()
        seen = self._seen(change, evidence)
        in_force = frozenset(item.principal for item in accepted if not item.is_expired(today))
        guard = Guard(change, self._rules(seen, in_force), seen)
        verdicts = Verdicts(change, evidence, accepted=accepted, accepted_accounts=accounts, today=today)
        broken = [*verdicts.broken(), *guard.lost()]
        for warning in (*acceptance_warnings(accepted, broken, today), *verdicts.account_warnings()):
            self._task.warn(warning)
        return Judgement(
            refusals=_joined(guard.refusals(), verdicts.refusals()),
            predicted=verdicts.predicted(),
            impacts=tuple(self._impact(change, item, accepted) for item in evidence if item.all_impacts),
            told={**guard.told(), "evidence": verdicts.told()},
        )

    def _evidence(self, change: PolicyChange, accepted: Acceptances) -> tuple[MemberEvidence, ...]:
        """What the members did. Accounts that may stay unread come last where not all can be read."""
        today = self._task.now.date()
        names = {item.principal for item in accepted if not item.is_expired(today)}
        last = {account.id for account in change.accounts if names & names_of(account, change.after)}
        return Members(self._task, self._options, LOCK_OUT_OPERATIONS, change).read(self._access, last=last)

    def _impact(self, change: PolicyChange, item: MemberEvidence, accepted: Acceptances) -> dict[str, t.Any]:
        impacts = item.all_impacts
        names = ", ".join(policy.name for policy in change.policies_at(item.account.id))
        reason = "a break-glass principal: what it must be able to do is held against the policies beforehand"
        return build(
            impacts,
            account={"account_id": item.account.id, "account_alias": item.account.name},
            change=[f"the policies of the organization change here: {names}"],
            accepted=accepted_of(impacts, accepted, self._task.now.date()),
            skipped=[{"principal": arn, "reason": reason} for arn in item.break_glass or ()],
            created=self._task.now,
            unread=(),
            assumed=self._options.unused_resources,
        )

    def _rules(self, seen: Seen, accepted: frozenset[str]) -> Rules:
        options, access = self._task.options, self._access
        return Rules(
            partition=access.partition,
            region=access.region,
            # The writer in check mode too, where the reader calls.
            caller=options.get("assume_role_arn") or access.role_arn or access.caller.arn,
            entry=access.chain[0],
            caller_account=access.caller.account_id,
            automation=tuple(options["automation_roles"]),
            assessors=tuple(options["assessor_roles"]),
            break_glass=tuple(options["break_glass"]),
            way_back=options["way_back"] or "",
            allow_root_attachment=bool(options["allow_root_attachment"]),
            places=_with_keys(own_places(options), seen.trails),
            accepted=accepted,
        )

    def _seen(self, change: PolicyChange, evidence: Sequence[MemberEvidence]) -> Seen:
        """Whom the members have, and the management account where the caller is in it; and what trails there are."""
        tree = change.after
        break_glass = {item.account.id: item.break_glass for item in evidence}
        helpless = {arn: why for item in evidence for arn, why in item.helpless.items()}
        landing_zone = {item.account.id: item.landing_zone for item in evidence}
        if self._access.caller.account_id == tree.management_account_id:
            break_glass[tree.management_account_id], unable = self._in_management(tree)
            helpless.update(unable)
        entering = {item.account.id: item.entering for item in evidence}
        trails = (*seen_trails(self._task, change), *(trail for item in evidence for trail in item.trails))
        return Seen(break_glass, landing_zone, entering, tuple(dict.fromkeys(trails)), helpless)

    def _in_management(self, tree: OrganizationTree) -> tuple[t.Optional[tuple[str, ...]], Mapping[str, str]]:
        """The break-glass principals, and which of them could not take a policy off again, with why."""
        wanted = Dataset.AUTHORIZATION_DETAILS
        snapshot = collect(self._access, datasets={wanted}, regions=(), now=self._task.now)
        unread = snapshot.missing(wanted)
        if unread is not None:
            told = unread_reason(unread)
            self._task.warn(f"the break-glass principals of the management account are not known: {told}")
            return None, {}
        arns = (*(user.arn for user in snapshot.users), *(role.arn for role in snapshot.roles))
        patterns = tuple(self._task.options["break_glass"])
        known = with_organization(snapshot, tree)
        rescue = rescue_of(self._task, self._access, known, patterns, now=self._task.now)
        return break_glass_among(arns, patterns), rescue.lacks(_TAKE_OFF, _any_policy(tree, snapshot.partition))


def _any_policy(tree: OrganizationTree, partition: str) -> str:
    return f"arn:{partition}:organizations::{tree.management_account_id}:policy/{tree.id}/service_control_policy/p-any"


def _with_keys(places: Sequence[OwnPlace], trails: Sequence[TrailBucket]) -> tuple[OwnPlace, ...]:
    """The places, with the key of the trail where its files are read."""
    keys = {trail.bucket: trail.key for trail in trails}
    return tuple(dataclasses.replace(place, key=place.key or keys.get(place.bucket, "")) for place in places)


def _accepted_accounts(task: Task) -> Acceptances:
    """The option ``accept_without_evidence``. Raises TaskError."""
    option = "accept_without_evidence"
    given = [
        {"principal": item["account"], "reason": item["reason"], "expires": item["expires"]}
        for item in task.options[option]
    ]
    try:
        return parse_acceptances(given, today=task.now.date(), option=option)
    except InputError as error:
        raise TaskError(str(error).replace("principal", "account").replace("breakage is", "accounts are")) from error


def _joined(*parts: Mapping[str, tuple[Refusal, ...]]) -> dict[str, tuple[Refusal, ...]]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: tuple(refusal for part in parts for refusal in part.get(name, ())) for name in names}
