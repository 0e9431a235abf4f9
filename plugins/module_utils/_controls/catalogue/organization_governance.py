# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How an organization is built and who runs it: root access, units, suspended accounts, delegated administrators."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..._account.model import Dataset, Role
from ..._account.organization_tree import ACTIVE, OrganizationTree
from ..._converge.finding import Remediation, Severity
from ..._policy.documents.arn import arn_account, root_account
from ..._policy.documents.policy import Policy
from ..._policy.evaluation.context import Context
from ..._policy.evaluation.evaluate import Evaluator, Layers, Outcome, Request
from ..._policy.evaluation.narrowing import ANYTHING
from ..control import Control, Failure, Scope, Verdict, listing, maps, plural
from ..organization_facts import Organization, first
from ..problem import Problem
from ..regions import unread_regions

_THEME: t.Final = "organization"
_TREE: t.Final = (Dataset.ORGANIZATION_TREE,)
_DELEGATIONS: t.Final = (Dataset.ORGANIZATION_DELEGATIONS, Dataset.ORGANIZATION_TREE)
_CHANGES_OF_POLICIES: t.Final = ("CreatePolicy", "UpdatePolicy", "AttachPolicy")
_KINDS_OF_POLICIES: t.Final = ("service_control_policy", "resource_control_policy", "tag_policy", "backup_policy")
# Of the other account nothing is known: its administrators may have let the caller do anything.
_ANYBODY: t.Final = Evaluator(Layers(identity=(ANYTHING,)))
# Services that take a delegated administrator, by the principal that RegisterDelegatedAdministrator knows them by.
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_services_list.html
DELEGABLE: t.Final = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "access-analyzer",
        "account",
        "auditmanager",
        "backup",
        "cloudtrail",
        "compute-optimizer",
        "config",
        "config-multiaccountsetup",
        "detective",
        "devops-guru",
        "fms",
        "guardduty",
        "health",
        "iam",
        "inspector2",
        "ipam",
        "license-manager",
        "macie",
        "member.org.stacksets.cloudformation",
        "reporting.trustedadvisor",
        "securityhub",
        "securitylake",
        "servicecatalog",
        "ssm",
        "sso",
        "storage-lens.s3",
    )
)


def _check_central_root_access(scope: Scope) -> Verdict:
    features = sorted(scope.snapshot.organization_features)
    if "RootCredentialsManagement" in features:
        return Verdict(1, "organizations", detail=f"on: {listing(features)}")
    detail = f"central management of root credentials is off (on: {listing(features) or 'nothing'})"
    return Verdict(1, "organizations", (Failure(scope.facts.account_arn, detail, {"features": features}),))


# The management account


def _check_workloads(scope: Scope) -> Verdict:
    """Collect what a person needs for a verdict, as far as it can be read from here. There is never a verdict."""
    tree = Organization(scope).tree
    question = "only a person can judge what counts as a workload"
    if scope.snapshot.account_id != tree.management_account_id:
        reason = (
            f"{question}, and an assessment from account {scope.snapshot.account_id} can't read the management account"
        )
        return Verdict(1, "accounts", not_assessed=reason)
    observed: dict[str, t.Any] = {}
    unseen = []
    if scope.missing(Dataset.AUTHORIZATION_DETAILS):
        unseen.append("users and roles")
    else:
        observed["roles_for_services"] = first(role.name for role in scope.snapshot.roles if _serves(scope, role))
        observed["users"] = len(scope.snapshot.users)
    regions = [*scope.unread_regions(Dataset.INSTANCES), *unread_regions(scope.snapshot)]
    unseen += [f"instances in {region}" for region in regions]
    observed["instances"] = len(scope.snapshot.instances)
    hints = "; ".join(_hints(observed)) or "no sign of a workload was found"
    missing = f"; not read: {listing(unseen)}" if unseen else ""
    return Verdict(1, "accounts", not_assessed=f"{question}: {hints}{missing}", extra=observed)


def _serves(scope: Scope, role: Role) -> bool:
    """Whether a role is there for a service to act as, AWS's own service-linked ones aside."""
    trust = None if role.is_aws_reserved else scope.facts.permissions.trust(role.arn)
    return trust is not None and any(
        kind == "Service" for statement in trust.statements for kind, _value in statement.principals or ()
    )


def _hints(observed: dict[str, t.Any]) -> Iterator[str]:
    if observed.get("instances"):
        yield plural(observed["instances"], "EC2 instances")
    if observed.get("roles_for_services"):
        yield f"roles for services: {listing(observed['roles_for_services'])}"
    if observed.get("users"):
        yield plural(observed["users"], "IAM users")


# Units


def _check_units(scope: Scope) -> Verdict:
    organization = Organization(scope)
    tree = organization.tree
    if not organization.bound_accounts:
        return Verdict(0, "units", not_applicable="the organization has no other active account")
    counts = {unit.path: 0 for unit in tree.units if unit.parent_id}
    for account in organization.bound_accounts:
        path = tree.path_of(account.id)
        counts[path] = counts.get(path, 0) + 1
    flat = counts.get("/", 0)
    observed = {"accounts_by_unit": dict(sorted(counts.items()))}
    if flat == len(organization.bound_accounts):
        detail = f"all {plural(flat, 'member accounts')} lie directly below the root, in no unit"
        return Verdict(flat, "accounts", (Failure(organization.arn_of(tree.root_id), detail, observed, "/"),))
    parts = [f"{path} ({plural(count, 'accounts')})" for path, count in sorted(counts.items()) if path != "/"]
    at_root = f"; directly below the root: {plural(flat, 'accounts')}" if flat else ""
    detail = f"only a person can judge the purpose of units: {listing(parts)}{at_root}"
    return Verdict(len(counts), "units", not_assessed=detail, extra=observed)


def _check_suspended_accounts(scope: Scope) -> Verdict:
    """Check that suspended accounts, which can be reopened for 90 days, are in a unit without active accounts."""
    organization = Organization(scope)
    tree = organization.tree
    shut = [account for account in tree.accounts if account.state in ("SUSPENDED", "PENDING_CLOSURE")]
    populated = {account.parent_id for account in organization.bound_accounts} | {tree.root_id}
    failures = tuple(
        Failure(
            organization.arn_of(account.id),
            f"{account.state.lower().replace('_', ' ')}, and in {tree.path_of(account.id)} with active accounts",
            {"state": account.state, "path": tree.path_of(account.id)},
            account.name,
        )
        for account in shut
        if account.parent_id in populated
    )
    return Verdict(len(shut), "suspended accounts", failures)


# Delegated administrators


def _check_policy_administrator(scope: Scope) -> Verdict:
    organization = Organization(scope)
    document = scope.snapshot.organization_resource_policy
    if document is None:
        return _report_undelegated(organization, "the organization has no resource policy")
    policy = scope.facts.permissions.parse(document, document.name)
    if policy is None:
        return Verdict(1, "organizations", not_assessed=f"the resource policy can't be parsed: {document.error}")
    delegates = _delegates(scope, policy)
    if not delegates:
        return _report_undelegated(organization, "the organization's resource policy lets no account change policies")
    failures = tuple(
        Failure(organization.arn, f"{problem}, yet may manage policies", {"account": account}, account)
        for account in delegates
        if (problem := _unfit(organization.tree, account))
    )
    names = [_name(organization.tree, account) for account in delegates]
    return Verdict(len(delegates), "delegated accounts", failures, f"policies may be managed by {listing(names)}")


def _report_undelegated(organization: Organization, why: str) -> Verdict:
    detail = f"only the management account manages policies: {why}"
    return Verdict(1, "organizations", (Failure(organization.arn, detail, {"delegated": []}),))


def _delegates(scope: Scope, policy: Policy) -> list[str]:
    """The accounts that the resource policy lets create, change or attach policies, as the evaluator finds.

    What is not known of their requests, such as where they come from, does not keep them from it.
    """
    callers = dict.fromkeys(caller for value in _list_principals(policy) for caller in _callers(scope, value))
    found = {account for caller in callers if (account := arn_account(caller)) and _may_change(scope, policy, caller)}
    return sorted(found)


def _list_principals(policy: Policy) -> Iterator[str]:
    """List the principals that a resource policy allows: ARNs, account ids, or everybody."""
    for statement in policy.statements:
        if statement.allow:
            yield from (value for kind, value in statement.principals or () if kind in ("AWS", "*"))
            yield from ("*",) if statement.not_principals is not None else ()


def _callers(scope: Scope, value: str) -> Iterator[str]:
    """Principals that are meant: one that is named, or anybody of an account, or of every member."""
    tree = Organization(scope).tree
    account = root_account(value)
    members = [item.id for item in tree.accounts] if value == "*" else [account] if account else []
    yield from (f"arn:{scope.snapshot.partition}:iam::{item}:role/any" for item in members)
    if not members:
        yield value


def _may_change(scope: Scope, policy: Policy, caller: str) -> bool:
    tree = Organization(scope).tree
    if arn_account(caller) == tree.management_account_id:
        return False
    known = {
        "aws:CurrentTime": scope.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(scope.now.timestamp())),
        **({"aws:PrincipalOrgID": tree.id} if arn_account(caller) in tree.account else {}),
    }
    asked = (
        Request(
            f"organizations:{action}",
            f"arn:{scope.snapshot.partition}:organizations::{tree.management_account_id}:policy/{tree.id}/{kind}/p-any",
            principal=caller,
            context=Context({**known, "organizations:PolicyType": kind.upper()}, complete=False),
            resource_policy=policy,
            resource_account=tree.management_account_id,
        )
        for action in _CHANGES_OF_POLICIES
        for kind in _KINDS_OF_POLICIES
    )
    return any(_ANYBODY.decide(request).outcome in (Outcome.ALLOWED, Outcome.UNKNOWN) for request in asked)


def _unfit(tree: OrganizationTree, account_id: str) -> str:
    """Why an account should administer nothing; empty where it may."""
    account = tree.account.get(account_id)
    if account is None:
        return f"account {account_id} is not in the organization"
    return "" if account.state == ACTIVE else f"{tree.name_of(account_id)} is {account.state.lower()}"


def _name(tree: OrganizationTree, account_id: str) -> str:
    return tree.name_of(account_id) if account_id in tree.account else account_id


def _check_service_administrators(scope: Scope) -> Verdict:
    organization = Organization(scope)
    tree = organization.tree
    delegated = {service for services in tree.delegated_administrators.values() for service in services}
    judged = [service for service in tree.trusted_services if service in DELEGABLE]
    others = [service for service in tree.trusted_services if service not in DELEGABLE]
    extra = {"trusted_but_not_judged": first(others)}
    if not judged:
        reason = "no trusted service is known to support a delegated administrator"
        return Verdict(0, "services", not_applicable=reason, extra=extra)
    failures = tuple(
        Failure(
            organization.arn,
            f"{service} is trusted, and only the management account administers it",
            {"service": service, "delegated_to": []},
            service,
        )
        for service in judged
        if service not in delegated
    )
    return Verdict(len(judged), "services", failures, extra=extra)


def _check_delegations(scope: Scope) -> Verdict:
    """Check for delegations to suspended accounts, and of services that the organization does not trust."""
    organization = Organization(scope)
    tree = organization.tree
    failures = []
    for account, services in sorted(tree.delegated_administrators.items()):
        problem = _unfit(tree, account)
        arn = organization.arn_of(account) if account in tree.account else organization.arn
        if problem:
            failures.append(
                Failure(arn, f"{problem}, yet administers {listing(services)}", {"services": list(services)})
            )
            continue
        failures += [
            Failure(arn, f"administers {service}, which the organization does not trust", {"service": service}, service)
            for service in services
            if service not in tree.trusted_services
        ]
    return Verdict(len(tree.delegated_administrators), "delegated administrators", tuple(failures))


CONTROLS: t.Final = (
    Control(
        id="central_root_access",
        title="Root credentials of member accounts are managed centrally",
        problem=Problem("Root credentials of member accounts are not managed centrally"),
        severity=Severity.HIGH,
        theme=_THEME,
        # Only the management account and IAM's delegated administrator may ask.
        needs=(Dataset.ORGANIZATION_FEATURES,),
        check=_check_central_root_access,
        of_organization=True,
        expected="the organization feature RootCredentialsManagement",
        rationale="Members then need no root credentials. Root tasks are done centrally, in short sessions.",
        remediation=Remediation(
            "Enable centralized root access in IAM from the management account.",
            "hardening.iam.organization_root_access",
        ),
        compliance=maps(cis7="2.1.1", soc2="CC6.1"),
    ),
    Control(
        id="management_account_without_workloads",
        title="The management account runs no workloads",
        problem=Problem("Management account runs workloads", "workloads run in the management account"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=_TREE,
        uses=(Dataset.AUTHORIZATION_DETAILS, Dataset.INSTANCES),
        check=_check_workloads,
        of_organization=True,
        expected="a judgement by a person",
        rationale=(
            "Service control policies do not apply to the management account, and it controls the whole organization."
        ),
        blind="the use of the account. The evidence names instances, users and roles for services.",
        remediation=Remediation("Move workloads to member accounts."),
        compliance=maps(cis7="2.1.3", soc2="CC6.1"),
    ),
    Control(
        id="organizational_units_by_environment",
        title="Organizational units follow environment and sensitivity",
        problem=Problem("Organizational units don't follow environment and sensitivity"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_TREE,
        check=_check_units,
        of_organization=True,
        expected="accounts in units, and a judgement by a person on the meaning of the units",
        rationale="One policy can fit all accounts of a unit only if the accounts are similar.",
        blind="the meaning of the units. The evidence counts accounts by unit.",
        remediation=Remediation("Group accounts so that one policy fits all accounts of a unit."),
        compliance=maps(cis7="2.1.4", soc2="CC6.1"),
    ),
    Control(
        id="delegated_policy_administrator",
        title="A delegated administrator manages the organization's policies",
        problem=Problem(
            "No suitable delegated administrator manages the organization's policies",
            "accounts that should not manage the organization's policies",
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.ORGANIZATION_RESOURCE_POLICY, Dataset.ORGANIZATION_TREE),
        check=_check_policy_administrator,
        of_organization=True,
        expected="a resource policy of the organization that lets an active account of it change policies",
        rationale="If fewer people use the management account, fewer of its credentials can be stolen.",
        remediation=Remediation("Delegate policy management with the organization's resource policy."),
        compliance=maps(cis7="2.1.5", soc2="CC6.1"),
    ),
    Control(
        id="delegated_service_administrators",
        title="Delegated administrators manage the integrated services",
        problem=Problem(
            "Integrated service has no delegated administrator", "integrated services have no delegated administrator"
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_DELEGATIONS,
        check=_check_service_administrators,
        of_organization=True,
        expected="a delegated administrator of every trusted service that supports one",
        rationale="If fewer people use the management account, fewer of its credentials can be stolen.",
        remediation=Remediation("Register a security account as delegated administrator of the service."),
        compliance=maps(cis7="2.1.6", soc2="CC6.1"),
    ),
    Control(
        id="delegated_administrators_valid",
        title="Delegations are to active accounts and of trusted services",
        problem=Problem("Delegation is obsolete", "delegations are obsolete"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=_DELEGATIONS,
        check=_check_delegations,
        of_organization=True,
        expected="delegated administrators that are active, each of a service with trusted access",
        rationale=(
            "A forgotten delegation gives power over all accounts, and becomes active again with the account or the "
            "service."
        ),
        remediation=Remediation("Deregister the delegated administrator."),
        compliance=maps(soc2="CC6.1"),
    ),
    Control(
        id="suspended_accounts_apart",
        title="Suspended accounts are in a separate unit",
        problem=Problem(
            "Suspended account is in a unit with active accounts",
            ("suspended accounts are in units with active accounts"),
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_TREE,
        check=_check_suspended_accounts,
        of_organization=True,
        expected="suspended accounts in units without active ones",
        rationale="A suspended account can be reopened for 90 days, with everything in it.",
        remediation=Remediation("Move it to a unit whose policies deny everything."),
        compliance=maps(soc2="CC6.1"),
    ),
)
