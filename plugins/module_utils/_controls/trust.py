# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whom roles trust: anybody, foreign accounts, federated subjects, services, principals that are gone."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Iterable

from .._account.model import Dataset, Role
from .._converge.finding import Remediation, Severity
from .._policy.arn import root_account
from .._policy.trusts import ANY_OWNER, OpenSubject, Trust
from .control import Check, Compliance, Control, Failure, Scope, Verdict, listing, maps
from .facts import is_approved_administrator
from .requirements import LEAST_PRIVILEGE_NIST

_THEME = "trust"

# Issuers that serve everybody: without a subject, any of their customers gets in.
_SHARED_ISSUERS: t.Final = re.compile(
    r"token\.actions\.githubusercontent\.com|gitlab\.com|app\.terraform\.io|api\.bitbucket\.org.*|accounts\.google\.com|"
    r"oidc\.circleci\.com.*|agent\.buildkite\.com|cognito-identity\.amazonaws\.com"
)
# What is wrong with the trust of a role, in words.
Judge = Callable[[Scope, Role, Trust], Iterable[str]]


def _public(_scope: Scope, _role: Role, trust: Trust) -> list[str]:
    return ["anybody, in any account"] if trust.lets_anybody_in() else []


def _foreign_accounts(scope: Scope, trust: Trust) -> tuple[str, ...]:
    """Ids of accounts that a role trusts: neither this one, nor a trusted one, nor the management account."""
    organization = scope.facts.organization
    managing = [organization.management_account_id] if organization is not None else []
    return trust.foreign_accounts((*scope.settings.trusted_account_ids, *managing))


def _foreign(scope: Scope, _role: Role, trust: Trust) -> list[str]:
    return [
        f"account {account}, without external id or organization"
        for account in _foreign_accounts(scope, trust)
        if trust.lets_in_unbound(account)
    ]


def _reads_all_for_foreign(scope: Scope, role: Role, trust: Trust) -> list[str]:
    accounts = _foreign_accounts(scope, trust)
    if not accounts or not scope.facts.reads_everything(role):
        return []
    return [f"account {account} with all that ReadOnlyAccess reads" for account in accounts]


def _services(_scope: Scope, _role: Role, trust: Trust) -> list[str]:
    return [f"{service}, for whichever account" for service in trust.unbound_services()]


def _federated(_scope: Scope, _role: Role, trust: Trust) -> list[str]:
    return [_told(subject) for subject in trust.open_subjects()]


def _told(subject: OpenSubject) -> str:
    if subject.pattern is None:
        return f"{subject.left} at {subject.issuer}, whatever the subject"
    return f"{subject.left} at {subject.issuer} ({subject.pattern})"


def _gone(_scope: Scope, _role: Role, trust: Trust) -> tuple[str, ...]:
    return trust.gone()


def _admin_without_mfa(scope: Scope, role: Role, trust: Trust) -> list[str]:
    if role.arn not in scope.facts.admin_roles or is_approved_administrator(role):
        return []
    return [
        f"{'every identity of this account' if root_account(value) else value}, without MFA"
        for value in trust.people_without_mfa()
    ]


def _judged(judge: Judge, severity: t.Optional[Callable[[str], Severity]] = None) -> Check:
    def check(scope: Scope) -> Verdict:
        roles = [role for role in scope.snapshot.roles if not role.is_aws_reserved]
        if not roles:
            return Verdict(0, "roles", not_applicable="the account has no role of its own")
        failures = []
        for role in roles:
            trust = scope.facts.trust(role)
            wrong = list(judge(scope, role, trust)) if trust is not None else []
            if wrong:
                weight = severity(listing(wrong)) if severity else None
                failures.append(Failure(role.arn, f"trusts {listing(wrong, 5)}", {"trusts": wrong}, severity=weight))
        unreadable = [role.name for role in roles if scope.facts.trust(role) is None]
        reason = f"trust policies that could not be parsed: {listing(unreadable)}" if unreadable else None
        return Verdict(len(roles), "roles", tuple(failures), not_assessed=reason)

    return check


def _federated_severity(told: str) -> Severity:
    return Severity.CRITICAL if ANY_OWNER in told and _SHARED_ISSUERS.search(told) else Severity.HIGH


def _control(
    name: str,
    title: str,
    severity: Severity,
    check: Check,
    *,
    expected: str,
    rationale: str,
    remedy: str,
    compliance: Compliance,
) -> Control:
    return Control(
        id=name,
        title=title,
        severity=severity,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        uses=(Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES),
        check=check,
        expected=expected,
        rationale=rationale,
        remediation=Remediation(remedy),
        compliance=compliance,
    )


CONTROLS: t.Final = (
    _control(
        "trust_not_public",
        "No role can be assumed by anybody",
        Severity.CRITICAL,
        _judged(_public),
        expected='no Principal "*" without a condition on the caller',
        rationale="Role names are guessed and leak in logs; every AWS account in the world may then come in.",
        remedy="Name the principals, or add aws:PrincipalOrgID.",
        compliance=maps(nist=("AC-3", "AC-6"), pci="7.2.1", soc2=("CC6.1", "CC6.3")),
    ),
    _control(
        "trust_federated_subject",
        "Federated roles admit known subjects only",
        Severity.CRITICAL,
        _judged(_federated, _federated_severity),
        expected="a condition on the subject that names owner and repository, for every OIDC issuer",
        rationale="GitHub and GitLab issue tokens for all their customers: without the subject, any repository may.",
        remedy="Require the subject (repo:owner/name:ref:…) with StringEquals or StringLike, and the audience.",
        compliance=maps(nist=("AC-3", "AC-6", "IA-8"), soc2=("CC6.1", "CC6.3")),
    ),
    _control(
        "trust_foreign_account",
        "Foreign accounts need an external id or a common organization",
        Severity.HIGH,
        _judged(_foreign),
        expected="sts:ExternalId, aws:PrincipalOrgID or an entry in thresholds.trusted_account_ids",
        rationale="A provider that works for many customers can be talked into using its access to yours.",
        remedy="Agree on an external id with the other side; list accounts of your own as trusted.",
        compliance=maps(nist=("AC-3", "AC-6"), pci="7.2.1", soc2=("CC6.1", "CC6.3")),
    ),
    _control(
        "trust_foreign_readonly",
        "No foreign account may read everything",
        Severity.HIGH,
        _judged(_reads_all_for_foreign),
        expected="no role with ReadOnlyAccess that trusts a foreign account",
        rationale="ReadOnlyAccess reads data as well: objects, tables, parameters. Auditors need SecurityAudit only.",
        remedy="Replace ReadOnlyAccess by SecurityAudit and ViewOnlyAccess, or by what the partner needs.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, soc2="CC6.3"),
    ),
    _control(
        "trust_admin_mfa",
        "People need MFA to become administrators",
        Severity.MEDIUM,
        _judged(_admin_without_mfa),
        expected="aws:MultiFactorAuthPresent in the trust of roles that are administrators, for users of this account",
        rationale="Otherwise a stolen access key of any user who may assume the role is an administrator's.",
        remedy="Add the condition aws:MultiFactorAuthPresent, or move people to IAM Identity Center.",
        compliance=maps(nist=("IA-2(1)", "AC-6"), soc2=("CC6.1", "CC6.3")),
    ),
    _control(
        "trust_confused_deputy",
        "Services act for this account only",
        Severity.MEDIUM,
        _judged(_services),
        expected="aws:SourceAccount, aws:SourceArn or aws:SourceOrgID in the trust of services",
        rationale="Some services can be made to use a role for somebody else's resource.",
        remedy="Add aws:SourceAccount where the service supports it, as most do.",
        compliance=maps(nist=("AC-3", "AC-6"), soc2="CC6.3"),
    ),
    _control(
        "trust_orphaned_principal",
        "Roles trust no principal that is gone",
        Severity.MEDIUM,
        _judged(_gone),
        expected="no unique id of a deleted user or role in trust policies",
        rationale="The trust is dead, and hides what the role was for; a new user of the old name does not revive it.",
        remedy="Ask the owner who is meant, then name the living principal or remove the entry.",
        compliance=maps(nist=("AC-2", "AC-2(3)"), soc2="CC6.2"),
    ),
)
