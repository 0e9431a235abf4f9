# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whom roles trust: anybody, foreign accounts, federated subjects, services, principals that are gone."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Iterator

from .._account.model import Dataset, Role
from .._converge.finding import Remediation, Severity
from .._policy import documents
from .._policy.documents import Statement
from .control import Check, Compliance, Control, Failure, Scope, Verdict, listing, maps
from .facts import is_approved_administrator
from .requirements import LEAST_PRIVILEGE_NIST

_THEME = "trust"

# Condition keys that tie a trust to known callers. All of them are set by AWS, except the external id, which the caller
# must know. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_CALLER_KEYS: t.Final = frozenset(
    {"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "sts:externalid"}
)
_SOURCE_KEYS: t.Final = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"})
# They run only what was given the role by iam:PassRole, which never crosses accounts, and no source context is
# documented for the moment in which they assume it: a condition on it could stop instances and functions.
_SERVICES_WITHOUT_SOURCE: t.Final = frozenset({"ec2", "lambda"})
# Issuers that serve everybody: without a subject, any of their customers gets in.
_SHARED_ISSUERS: t.Final = re.compile(
    r"token\.actions\.githubusercontent\.com|gitlab\.com|app\.terraform\.io|api\.bitbucket\.org.*|accounts\.google\.com|"
    r"oidc\.circleci\.com.*|agent\.buildkite\.com|cognito-identity\.amazonaws\.com"
)
# Unique ids of deleted users and roles, which AWS leaves in a trust policy in place of the ARN.
_UNIQUE_ID: t.Final = re.compile(r"A[IR][DO]A[A-Z0-9]{12,124}(:.*)?")

# Operators that ask for a claim to be there. IfExists and ForAllValues hold for a token without it.
_CLAIM_OPERATORS: t.Final = ("StringEquals", "StringLike", "ForAnyValue:StringEquals", "ForAnyValue:StringLike")

_ANY_OWNER: t.Final = "any owner"

Judge = Callable[[Scope, Role, Statement], list[str]]


def _ties(statement: Statement, keys: frozenset[str]) -> bool:
    """Whether a condition restricts the statement by one of ``keys``. Operators that hold without the key don't."""
    for operator, key, values in documents.conditions(statement):
        plain = operator.rpartition(":")[2]
        positive = plain.startswith(("StringEquals", "StringLike", "ArnEquals", "ArnLike"))
        # A pattern that leaves the account open ties nothing.
        closed = bool(values) and not any(value == "*" or "::*:" in value for value in values)
        if key in keys and positive and closed and not plain.endswith("IfExists"):
            return True
    return False


def _public(_scope: Scope, _role: Role, statement: Statement) -> list[str]:
    anybody = ("AWS", "*") in documents.principals(statement) or "NotPrincipal" in statement
    if not anybody or _ties(statement, _CALLER_KEYS):
        return []
    return ["anybody, in any account"]


def _foreign_accounts(scope: Scope, statement: Statement) -> list[str]:
    """Ids of accounts that a statement trusts: neither this one, nor a trusted one, nor the management account."""
    known = {scope.snapshot.account_id, *scope.settings.trusted_account_ids}
    if scope.facts.organization is not None:
        known.add(scope.facts.organization.management_account_id)
    accounts = (documents.arn_account(value) for kind, value in documents.principals(statement) if kind == "AWS")
    return sorted({account for account in accounts if account is not None} - known)


def _foreign(scope: Scope, _role: Role, statement: Statement) -> list[str]:
    if _ties(statement, _CALLER_KEYS):
        return []
    return [
        f"account {account}, without external id or organization" for account in _foreign_accounts(scope, statement)
    ]


def _reads_all_for_foreign(scope: Scope, role: Role, statement: Statement) -> list[str]:
    if scope.facts.aws_policy("ReadOnlyAccess") not in role.attached_policies:
        return []
    return [f"account {account} with all that ReadOnlyAccess reads" for account in _foreign_accounts(scope, statement)]


def _services(_scope: Scope, _role: Role, statement: Statement) -> list[str]:
    if _ties(statement, _SOURCE_KEYS):
        return []
    found = [value for kind, value in documents.principals(statement) if kind == "Service"]
    return [
        f"{service}, for whichever account"
        for service in found
        if service.partition(".")[0] not in _SERVICES_WITHOUT_SOURCE
    ]


def _issuers(statement: Statement) -> Iterator[str]:
    for kind, value in documents.principals(statement):
        if kind == "Federated" and ":oidc-provider/" in value:
            yield value.partition(":oidc-provider/")[2]
        elif kind == "Federated" and not value.startswith("arn:"):
            yield value


def _openness(subject: str) -> str:
    """What a subject leaves open: the owner (``*``, ``repo:*``), the repository (``repo:acme/*``), or nothing."""
    # Kubernetes names the namespace third: system:serviceaccount:namespace:name.
    parts = subject.removeprefix("system:").split(":")
    owner, _slash, repository = (parts[1] if len(parts) > 1 else subject).partition("/")
    if not owner or set(owner) & set("*?"):
        return _ANY_OWNER
    return "any repository of an owner" if repository == "*" else ""


def _federated(_scope: Scope, _role: Role, statement: Statement) -> list[str]:
    found = []
    for issuer in _issuers(statement):
        # Issuers built into IAM have no provider that would check the audience, so it may stand in for sub.
        built_in = not any(f":oidc-provider/{issuer}" in value for _kind, value in documents.principals(statement))
        keys = {f"{issuer.lower()}:{claim}" for claim in (("sub", "aud") if built_in else ("sub",))}
        stated = documents.conditions(statement)
        claims = [item for item in stated if item[1] in keys and item[0] in _CLAIM_OPERATORS]
        # Conditions hold together: one exact value closes what a pattern beside it leaves open.
        exact = any(operator.endswith("Equals") for operator, _key, _values in claims)
        patterns = [value for _operator, _key, values in claims for value in values if not exact]
        if not claims:
            found.append(f"{_ANY_OWNER} at {issuer}, whatever the subject")
        found += [f"{left} at {issuer} ({pattern})" for pattern in patterns if (left := _openness(pattern))]
    return found


def _gone(_scope: Scope, _role: Role, statement: Statement) -> list[str]:
    return [value for kind, value in documents.principals(statement) if kind == "AWS" and _UNIQUE_ID.fullmatch(value)]


def _admin_without_mfa(scope: Scope, role: Role, statement: Statement) -> list[str]:
    if role.arn not in scope.facts.admin_roles or is_approved_administrator(role) or documents.requires_mfa(statement):
        return []
    people = [
        value
        for kind, value in documents.principals(statement)
        if kind == "AWS" and documents.arn_account(value) == scope.snapshot.account_id and ":role/" not in value
    ]
    return [
        f"{'every identity of this account' if value.endswith(':root') else value}, without MFA" for value in people
    ]


def _judged(judge: Judge, severity: t.Optional[Callable[[str], Severity]] = None) -> Check:
    def check(scope: Scope) -> Verdict:
        roles = [role for role in scope.snapshot.roles if not role.is_aws_reserved]
        if not roles:
            return Verdict(0, "roles", not_applicable="the account has no role of its own")
        failures = []
        for role in roles:
            wrong = [text for item in documents.allowing(role.trust.document) for text in judge(scope, role, item)]
            if wrong:
                weight = severity(listing(wrong)) if severity else None
                failures.append(Failure(role.arn, f"trusts {listing(wrong, 5)}", {"trusts": wrong}, severity=weight))
        unreadable = [role.name for role in roles if role.trust.document is None]
        reason = f"trust policies that could not be parsed: {listing(unreadable)}" if unreadable else None
        return Verdict(len(roles), "roles", tuple(failures), not_assessed=reason)

    return check


def _federated_severity(told: str) -> Severity:
    return Severity.CRITICAL if _ANY_OWNER in told and _SHARED_ISSUERS.search(told) else Severity.HIGH


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
        uses=(Dataset.ORGANIZATION,),
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
