# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principals that roles trust: anybody, foreign accounts, federated subjects, services, deleted principals.

Inside are the role's account, the account's own organization, and the accounts that are known: its management account,
those that the snapshot of an organization lists, and thresholds.trusted_account_ids. Everybody else is foreign. Roles
below the paths of service-linked roles and of IAM Identity Center are left out: only AWS makes them, and nobody can
change whom they trust.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Collection, Iterable

from ..._account.model import Dataset, Role
from ..._converge.finding import Remediation, Severity
from ..._policy.analysis.trust_terms import terms
from ..._policy.analysis.trusts import Trust
from ..._policy.analysis.web_identities import Opening, OpenSubject
from ..._policy.documents.arn import root_account
from ..._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ..control import Check, Compliance, Control, Failure, Scope, Verdict, listing, maps
from ..excuses import of_aws
from ..problem import Problem
from ..requirements import LEAST_PRIVILEGE_NIST

_THEME = "trust"
_BY_ACCOUNT: t.Final = ("AWS", "CanonicalUser")
_UNREAD_ORGANIZATION: t.Final = "which organization the account is in was not read"


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The faults of a role's trust, in words: those that are certain, and those that may be.

    ``severity`` replaces that of the control.
    """

    wrong: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    severity: t.Optional[Severity] = None


Judge = Callable[[Scope, Trust], Judgement]
# Of which roles a judgement counts: of all, or, YES, of those for which more is true. UNKNOWN: that was not read.
Concerns = Callable[[Scope, Role], Truth]


def _answers(found: Iterable[tuple[str, Truth]]) -> Judgement:
    pairs = tuple(found)
    wrong = tuple(text for text, answer in pairs if answer is YES)
    return Judgement(wrong, tuple(text for text, answer in pairs if answer is UNKNOWN))


def _judge_public(_scope: Scope, trust: Trust) -> Judgement:
    return Judgement(("anybody, in any account",) if trust.lets_anybody_in else ())


def _list_known_accounts(scope: Scope) -> tuple[str, ...]:
    """List the ids of further accounts that are trusted."""
    organization, tree = scope.facts.organization, scope.snapshot.organization_tree
    managing = [organization.management_account_id] if organization is not None else []
    members = [account.id for account in tree.accounts] if tree is not None else []
    return (*scope.settings.trusted_account_ids, *managing, *members)


def _judge_foreign(scope: Scope, trust: Trust) -> Judgement:
    accounts = (
        (f"account {account}, without external id or organization", trust.lets_in_unbound(account))
        for account in trust.foreign_accounts(_list_known_accounts(scope))
    )
    return _answers((*accounts, *_foreign_organizations(trust)))


def _foreign_organizations(trust: Trust) -> list[tuple[str, Truth]]:
    # Where anybody comes in, so does every organization: the report says so once.
    found = () if trust.lets_anybody_in else trust.foreign_organizations()
    return [(f"every account of organization {name}", answer) for name, answer in found]


def _judge_any_foreigner(scope: Scope, trust: Trust) -> Judgement:
    """Judge everybody who comes in from outside, with an external id too."""
    accounts = [
        (f"account {name}", trust.lets_in(name)) for name in trust.foreign_accounts(_list_known_accounts(scope))
    ]
    anybody = [("anybody, in any account", YES)] if trust.lets_anybody_in else []
    found = _answers([*anybody, *accounts, *_foreign_organizations(trust)])
    wrong = tuple(f"{item} with all that ReadOnlyAccess reads" for item in found.wrong)
    return Judgement(wrong, found.perhaps)


def _reads_everything(scope: Scope, role: Role) -> Truth:
    if scope.facts.reads_everything(role):
        return YES
    return UNKNOWN if scope.facts.permissions.unknown(role.arn) else NO


def _judge_services(scope: Scope, trust: Trust) -> Judgement:
    found = trust.unbound_services(_list_known_accounts(scope))
    return _answers((f"{service}, for whichever account", answer) for service, answer in found)


def _judge_federated(_scope: Scope, trust: Trust) -> Judgement:
    found = trust.open_subjects()
    severe = any(item.is_shared and item.opening is Opening.STRANGERS for item in found)
    return Judgement(tuple(map(_describe, found)), severity=Severity.CRITICAL if severe else Severity.HIGH)


def _describe(subject: OpenSubject) -> str:
    if subject.pattern is None:
        return f"{subject.left} at {subject.issuer}, whatever the subject"
    return f"{subject.left} at {subject.issuer} ({subject.pattern})"


def _judge_deleted(_scope: Scope, trust: Trust) -> Judgement:
    return Judgement(trust.find_deleted_principals())


def _judge_without_mfa(_scope: Scope, trust: Trust) -> Judgement:
    return Judgement(
        tuple(
            f"{'every identity of this account' if root_account(value) else value}, without MFA"
            for value in trust.people_without_mfa()
        )
    )


def _is_administrator(scope: Scope, role: Role) -> Truth:
    if role.arn in scope.facts.admin_roles:
        return YES
    return UNKNOWN if scope.facts.permissions.unknown(role.arn) else NO


def _every(_scope: Scope, _role: Role) -> Truth:
    return YES


def _make_trust_check(judge: Judge, concerns: Concerns = _every, *, kinds: Collection[str] = _BY_ACCOUNT) -> Check:
    """Make a check of trust policies; ``kinds`` are the types of principals whose terms are the evidence."""

    def check(scope: Scope) -> Verdict:
        roles = [role for role in scope.snapshot.roles if not role.is_aws_reserved]
        if not roles:
            return Verdict(0, "roles", not_applicable="the account has no role of its own")
        failures, doubtful = [], []
        # Roles with the same trust policy share one.
        known: dict[int, Judgement] = {}
        for role in roles:
            trust = scope.facts.trust(role)
            if trust is None:
                if concerns(scope, role) is not NO:
                    detail = f"{role.name}: its trust policy could not be parsed"
                    doubtful.append(Failure(role.arn, detail, {"trusts": None}))
                continue
            if id(trust) not in known:
                known[id(trust)] = judge(scope, trust)
            failed, doubt = _results(scope, role, known[id(trust)], concerns)
            failures += [_with_terms(scope, role, failure, kinds) for failure in failed]
            doubtful += doubt
        extra = of_aws(scope.snapshot.roles).evidence
        return Verdict(len(roles), "roles", tuple(failures), unjudged=tuple(doubtful), extra=extra)

    return check


def _with_terms(scope: Scope, role: Role, failure: Failure, kinds: Collection[str]) -> Failure:
    """A failure with the terms of the trust, so that a waiver for some principals and conditions covers no others."""
    policy = scope.facts.permissions.trust(role.arn)
    found = terms(policy, kinds) if policy is not None else []
    return dataclasses.replace(failure, observed={**failure.observed, "terms": found})


def _results(scope: Scope, role: Role, found: Judgement, concerns: Concerns) -> tuple[list[Failure], list[Failure]]:
    """The failure of a role, and what of it could not be judged; at most one of both."""
    if not found.wrong and not found.perhaps:
        return [], []
    concerned = concerns(scope, role)
    if concerned is NO:
        return [], []
    everything = (*found.wrong, *found.perhaps)
    if concerned is UNKNOWN:
        names = listing(scope.facts.permissions.unknown(role.arn))
        detail = f"{role.name} trusts {listing(everything, 5)}; policies that are not known: {names}"
        return [], [Failure(role.arn, detail, {"trusts": list(everything)})]
    if found.wrong:
        detail = f"trusts {listing(found.wrong, 5)}"
        return [Failure(role.arn, detail, {"trusts": list(found.wrong)}, severity=found.severity)], []
    detail = f"{role.name} trusts {listing(found.perhaps, 5)}; {_UNREAD_ORGANIZATION}"
    return [], [Failure(role.arn, detail, {"trusts": list(found.perhaps)})]


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
    problem: Problem,
    blind: str = "",
) -> Control:
    return Control(
        id=name,
        title=title,
        problem=problem,
        severity=severity,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        uses=(Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES),
        check=check,
        expected=expected,
        rationale=rationale,
        remediation=Remediation(remedy),
        compliance=compliance,
        blind=blind,
    )


CONTROLS: t.Final = (
    _control(
        "trust_not_public",
        "No role trusts everybody",
        Severity.CRITICAL,
        _make_trust_check(_judge_public),
        expected='no Principal "*" without a condition on the caller; an external id does not count',
        rationale="Role names can be guessed and leak in logs. Every AWS account can then assume the role.",
        remedy="Name the principals, or add aws:PrincipalOrgID with the id of your own organization.",
        compliance=maps(nist=("AC-3", "AC-6"), pci="7.2.1", soc2=("CC6.1", "CC6.3")),
        problem=Problem("Role trusts everybody", "roles trust everybody"),
    ),
    _control(
        "trust_federated_subject",
        "Federated roles admit known subjects only",
        Severity.CRITICAL,
        _make_trust_check(_judge_federated, kinds=("Federated",)),
        expected=(
            "a condition that names owner and project, on the subject or another claim that AWS evaluates, for every "
            "OIDC issuer; for Cognito also one on amr"
        ),
        rationale=(
            "GitHub, GitLab and others issue tokens for all their customers. Any customer can use a role whose trust "
            "does not name the owner. With an issuer of one owner, any project of the owner can use it."
        ),
        remedy="Require the subject (repo:owner/name:ref:…) with StringEquals or StringLike, and the audience.",
        compliance=maps(nist=("AC-3", "AC-6", "IA-8"), soc2=("CC6.1", "CC6.3")),
        blind="the checks of the provider before it issues a token, nor who may change the project that a claim names.",
        problem=Problem("Federated role admits unknown subjects", "federated roles admit unknown subjects"),
    ),
    _control(
        "trust_foreign_account",
        "Foreign accounts need an external id or your organization",
        Severity.HIGH,
        _make_trust_check(_judge_foreign),
        expected=(
            "for a named account sts:ExternalId, aws:PrincipalOrgID of your organization, or an entry in "
            "thresholds.trusted_account_ids; no other organization as a whole"
        ),
        rationale=(
            "A customer of a provider can trick the provider into using its access to your account (confused deputy)."
        ),
        remedy="Agree on an external id with the other side. List your own accounts as trusted.",
        compliance=maps(nist=("AC-3", "AC-6"), pci="7.2.1", soc2=("CC6.1", "CC6.3")),
        blind="the principals that the foreign account allows to assume the role.",
        problem=Problem(
            "Role trusts a foreign account without an external id",
            "roles trust foreign accounts without an external id",
        ),
    ),
    _control(
        "trust_foreign_readonly",
        "No foreign account can read everything",
        Severity.HIGH,
        _make_trust_check(_judge_any_foreigner, _reads_everything),
        expected="no role with ReadOnlyAccess that trusts a foreign account or organization, even with an external id",
        rationale=(
            "ReadOnlyAccess also reads data, such as objects, tables and parameters. Auditors need only SecurityAudit."
        ),
        remedy=(
            "Replace ReadOnlyAccess by SecurityAudit and ViewOnlyAccess, or by the permissions that the partner needs."
        ),
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, soc2="CC6.3"),
        problem=Problem("Foreign account can read everything", "roles let foreign accounts read everything"),
    ),
    _control(
        "trust_admin_mfa",
        "People need MFA to become administrators",
        Severity.MEDIUM,
        _make_trust_check(_judge_without_mfa, _is_administrator),
        expected="aws:MultiFactorAuthPresent in the trust of roles that are administrators, for users of this account",
        rationale="Without MFA, a stolen access key of any user who may assume the role gives administrator rights.",
        remedy="Add the condition aws:MultiFactorAuthPresent, or move people to IAM Identity Center.",
        compliance=maps(nist=("IA-2(1)", "AC-6"), soc2=("CC6.1", "CC6.3")),
        blind="whether federated people and people of other accounts have MFA. Their side requires it.",
        problem=Problem("Role of administrators needs no MFA", "roles of administrators need no MFA"),
    ),
    _control(
        "trust_confused_deputy",
        "Services act for this account only",
        Severity.MEDIUM,
        _make_trust_check(_judge_services, kinds=("Service",)),
        expected=(
            "aws:SourceAccount, aws:SourceArn or aws:SourceOrgID of your account or organization in the trust of "
            "services, except EC2 and Lambda"
        ),
        rationale="Somebody else can make some services use the role for their own resources.",
        remedy="Add aws:SourceAccount if the service supports it. Most services do.",
        compliance=maps(nist=("AC-3", "AC-6"), soc2="CC6.3"),
        problem=Problem("Role lets a service act for other accounts", "roles let services act for other accounts"),
    ),
    _control(
        "trust_orphaned_principal",
        "Roles trust no deleted principal",
        Severity.MEDIUM,
        _make_trust_check(_judge_deleted),
        expected="no unique id of a deleted user or role in trust policies",
        rationale=(
            "The trust has no effect and hides the purpose of the role. A new user with the old name does not get the "
            "trust."
        ),
        remedy="Ask the owner for the intended principal. Then name an existing principal or remove the entry.",
        compliance=maps(nist=("AC-2", "AC-2(3)"), soc2="CC6.2"),
        problem=Problem("Role trusts a deleted principal", "roles trust deleted principals"),
    ),
)
