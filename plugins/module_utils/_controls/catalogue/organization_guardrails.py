# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The guardrails of an organization: that every account has some, that they leave room, and that none cuts off all."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator

from ..._account.model import Dataset
from ..._account.organization_tree import ENABLED, RCP, SCP, MemberAccount
from ..._converge.finding import Remediation, Severity
from ..._policy.analysis.mfa_pattern import unsafe_mfa_denials
from ..._policy.analysis.principal_matrix import Place
from ..._policy.documents.limits import ATTACHMENTS
from ..._policy.documents.policy import Policy
from ..control import Control, Failure, Scope, Verdict, listing, maps, plural
from ..effects.guardrail_calls import find_guardrails
from ..effects.organization import Effect, effect_of, names_account, uses_paths
from ..organization_facts import Attachment, Organization, first
from ..problem import Problem

_THEME: t.Final = "organization"
_NEEDS: t.Final = (Dataset.ORGANIZATION_TREE_POLICIES, Dataset.ORGANIZATION_TREE)
_ACCOUNTS: t.Final = "accounts"
_KINDS: t.Final = {SCP: "scp", RCP: "rcp"}
_ANY_ACCOUNT: t.Final = "111111111111"
_NO_MEMBERS: t.Final = (
    "the only active account of the organization is its management account, to which policies do not apply"
)
_NO_SCPS: t.Final = "service control policies are not enabled, so none is attached"


def _check_guardrails(scope: Scope) -> Verdict:
    organization = Organization(scope)
    tree = organization.tree
    if not organization.bound_accounts:
        return Verdict(0, _ACCOUNTS, not_applicable=_NO_MEMBERS)
    if not any(tree.policy_types.get(kind) == ENABLED for kind in _KINDS):
        detail = f"neither service nor resource control policies are enabled (feature set {tree.feature_set})"
        failure = Failure(organization.arn_of(tree.root_id), detail, {"policy_types": dict(tree.policy_types)}, "/")
        return Verdict(len(organization.bound_accounts), _ACCOUNTS, (failure,))
    found = {account.id: _guardrails_of(scope, organization, account) for account in organization.bound_accounts}
    bare = [account for account in organization.bound_accounts if not found[account.id]]
    failures = tuple(
        _report_bare_account(organization, account) for account in bare if not _unread_above(organization, account)
    )
    detail = f"{plural(len(organization.bound_accounts), _ACCOUNTS)} below policies that enforce at least one guardrail"
    extra = {"guardrails": first({name for names in found.values() for name in names})}
    unjudged = _unreadable(organization, bare)
    return Verdict(len(organization.bound_accounts), _ACCOUNTS, failures, detail, unjudged=unjudged, extra=extra)


def _guardrails_of(scope: Scope, organization: Organization, account: MemberAccount) -> tuple[str, ...]:
    return find_guardrails(_effect(scope, organization, account), _policies_above(organization, account))


def _policies_above(organization: Organization, account: MemberAccount) -> tuple[Policy, ...]:
    levels = (level for kind in _KINDS for level in organization.levels(account.id, kind) or ())
    return tuple(dict.fromkeys(policy for level in levels for policy in level))


def _effect(scope: Scope, organization: Organization, account: MemberAccount) -> Effect:
    """The effect of the policies above an account. It is the same in all accounts that they do not name."""
    tree = organization.tree
    policies = _policies_above(organization, account)
    path = "/".join((tree.id, *tree.lineage(account.parent_id), "")) if uses_paths(policies) else None
    account_id = account.id if names_account(policies, account.id) else _ANY_ACCOUNT
    place = Place(account_id, scope.snapshot.partition, organization_id=tree.id, organization_path=path)
    scps, rcps = (organization.levels(account.id, kind) for kind in _KINDS)
    return effect_of(place, scps, rcps, scope.now, scope.snapshot.regions)


def _unread_above(organization: Organization, account: MemberAccount) -> str:
    return organization.unreadable(organization.tree.lineage(account.id))


def _unreadable(organization: Organization, accounts: Iterable[MemberAccount]) -> tuple[Failure, ...]:
    """The accounts below policies that can't be parsed, which may do what the others do not."""
    return tuple(
        Failure(organization.arn_of(account.id), reason, {"path": organization.tree.path_of(account.id)}, account.name)
        for account in accounts
        if (reason := _unread_above(organization, account))
    )


def _report_bare_account(organization: Organization, account: MemberAccount) -> Failure:
    path = organization.tree.path_of(account.id)
    names = [item.source.name for level in organization.above(account.id) for item in level]
    detail = f"no policy from the root to {path} enforces a known guardrail"
    observed = {"path": path, "policies": sorted(set(names))}
    return Failure(organization.arn_of(account.id), detail, observed, account.name)


def _check_slots(scope: Scope) -> Verdict:
    organization = Organization(scope)
    failures = []
    for target in organization.nodes:
        for kind, short in _KINDS.items():
            names = [item.source.name for item in organization.on.get(target, ()) if item.source.type == kind]
            limit = ATTACHMENTS[short].default
            if len(names) >= limit:
                detail = (
                    f"{len(names)} {short.upper()}s of at most {limit} are attached to {organization.label(target)}"
                )
                observed = {"type": kind, "attached": sorted(names), "limit": limit}
                label = f"{organization.label(target)}, {short.upper()}s"
                failures.append(Failure(organization.arn_of(target), detail, observed, label))
    return Verdict(len(organization.nodes), "roots, units and accounts", tuple(failures))


def _check_scps_allow_something(scope: Scope) -> Verdict:
    organization = Organization(scope)
    if organization.tree.policy_types.get(SCP) != ENABLED:
        return Verdict(0, "levels", not_applicable=_NO_SCPS)
    failures, doubted = [], []
    for target in organization.nodes:
        scps = organization.scps_on(target)
        if any(item.allows for item in scps):
            continue
        if any(item.policy is None for item in scps):
            doubted.append(target)
            continue
        failures.append(_report_closed_target(organization, target, scps))
    if doubted and not failures:
        return Verdict(len(organization.nodes), "levels", not_assessed=organization.unreadable(doubted))
    return Verdict(len(organization.nodes), "levels", tuple(failures))


def _report_closed_target(organization: Organization, target: str, scps: tuple[Attachment, ...]) -> Failure:
    below = organization.list_bound_under(target)
    whom = plural(len(below), "active accounts") if below else "accounts that come here (there is none now)"
    names = sorted(item.source.name for item in scps)
    detail = f"no SCP of {organization.label(target)} allows anything, so everything is denied to {whom}"
    observed = {"attached": names, "accounts": first(below), "accounts_in_all": len(below)}
    severity = None if below else Severity.MEDIUM
    return Failure(organization.arn_of(target), detail, observed, organization.label(target), severity)


def _check_mfa_demanded(scope: Scope) -> Verdict:
    organization = Organization(scope)
    if not organization.bound_accounts:
        return Verdict(0, _ACCOUNTS, not_applicable=_NO_MEMBERS)
    if organization.tree.policy_types.get(SCP) != ENABLED:
        failure = Failure(organization.arn_of(organization.tree.root_id), _NO_SCPS, {"enabled": False}, "/")
        return Verdict(len(organization.bound_accounts), _ACCOUNTS, (failure,))
    gaps = {account.id: _effect(scope, organization, account).lack_of_mfa for account in organization.bound_accounts}
    open_ = [account for account in organization.bound_accounts if gaps[account.id]]
    failures = tuple(
        Failure(
            organization.arn_of(account.id),
            f"no SCP denies IAM users actions without MFA: {gaps[account.id]} (whether the account has IAM users is "
            "not read here)",
            {"path": organization.tree.path_of(account.id)},
            account.name,
        )
        for account in open_
        if not _unread_above(organization, account)
    )
    return Verdict(len(organization.bound_accounts), _ACCOUNTS, failures, unjudged=_unreadable(organization, open_))


def _check_mfa_pattern(scope: Scope) -> Verdict:
    organization = Organization(scope)
    failures = tuple(_report_cut_off(organization, scope))
    unread = organization.unreadable(organization.on)
    if unread and not failures:
        return Verdict(len(organization.policies), "attached policies", not_assessed=unread)
    return Verdict(len(organization.policies), "attached policies", failures)


def _report_cut_off(organization: Organization, scope: Scope) -> Iterator[Failure]:
    for item in organization.policies:
        denials = unsafe_mfa_denials(item.policy) if item.policy is not None else ()
        if denials:
            where = [organization.tree.name_of(target) for target in item.source.targets]
            observed = {
                "attached_to": first(where),
                "statements": [denial.statement for denial in denials],
                "cut_off": sorted({name for denial in denials for name in denial.cut_off}),
            }
            detail = f"{'; '.join(map(str, denials))}. Attached to {listing(where)}"
            yield Failure(item.source.arn, detail, observed, item.source.name)


#: The words of findings that the module organization_policy makes of its own declaration.
OTHER_PROBLEMS: t.Final = {
    "organization_policy_declared": Problem(
        "Policy of the organization is not as declared", "policies of the organization are not as declared"
    )
}

CONTROLS: t.Final = (
    Control(
        id="organization_guardrails",
        title="Guardrail policies cover all accounts",
        problem=Problem("No guardrail applies to an account", "accounts without a guardrail"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=_NEEDS,
        check=_check_guardrails,
        of_organization=True,
        expected="SCPs or RCPs on every account, or above it, that enforce a guardrail of docs/organization.md",
        rationale="Without guardrails, the administrators of an account can turn off all its monitoring.",
        blind="whether the organization needs this guardrail, and denials of other calls than the example calls.",
        remediation=Remediation(
            "Attach guardrail policies, first to one unit, then to others.", "hardening.iam.organization_policy"
        ),
        compliance=maps(cis7="2.1.2", soc2="CC6.1"),
    ),
    Control(
        id="organization_allows_something",
        title="Service control policies of every level allow something",
        problem=Problem(
            "Service control policies deny everything, because a level allows nothing",
            "levels whose service control policies allow nothing, so everything is denied",
        ),
        severity=Severity.CRITICAL,
        theme=_THEME,
        needs=_NEEDS,
        check=_check_scps_allow_something,
        of_organization=True,
        expected="FullAWSAccess, or an SCP that allows the needed actions, on the root, every unit and every account",
        rationale=(
            "An action must be allowed by the SCPs of every level. Without FullAWSAccess, a level with only deny "
            "lists denies everything."
        ),
        remediation=Remediation("Attach FullAWSAccess to the level again."),
    ),
    Control(
        id="organization_policy_slots",
        title="Further policies can be attached everywhere",
        problem=Problem(
            "No further policy can be attached to a unit or account",
            "units and accounts to which no further policy can be attached",
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_NEEDS,
        check=_check_slots,
        of_organization=True,
        expected="fewer policies than AWS's limit for a root, unit or account",
        rationale="If all slots are used, no guardrail can be added in an incident.",
        remediation=Remediation("Merge policies, or attach them to a higher unit."),
        compliance=maps(soc2="CC6.1"),
    ),
    Control(
        id="organization_mfa_policy",
        title="A policy of the organization requires MFA of IAM users",
        problem=Problem(
            "No policy of the organization requires MFA of the account's users",
            "accounts whose users need no MFA by a policy of the organization",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=_NEEDS,
        check=_check_mfa_demanded,
        of_organization=True,
        expected=(
            "an SCP on every account, or above it, that denies everything except registering a device to IAM users "
            "without MFA"
        ),
        rationale="A leaked password or key of an account is then not enough to use it.",
        blind="other calls than the example calls of docs/organization.md.",
        remediation=Remediation(
            "Attach an SCP that denies actions without MFA, for IAM users only.",
            "hardening.iam.organization_policy",
        ),
        compliance=maps(cis7="2.1.2", soc2="CC6.1"),
    ),
    Control(
        id="organization_mfa_pattern",
        title="No policy of the organization requires MFA of roles",
        problem=Problem(
            "Policy of the organization denies roles without MFA",
            "policies of the organization deny roles without MFA",
        ),
        severity=Severity.CRITICAL,
        theme=_THEME,
        needs=_NEEDS,
        check=_check_mfa_pattern,
        of_organization=True,
        expected="denials without MFA that are restricted to IAM users",
        rationale="Workloads, IAM Identity Center and CI can't use MFA. Such a denial stops all of them at once.",
        remediation=Remediation(
            "Restrict the statement to IAM users by the condition key aws:PrincipalArn.",
            "hardening.iam.organization_policy",
        ),
    ),
)
