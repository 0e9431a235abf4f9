# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The account in its organization, its contacts, how people come in, what is public, and what no read shows."""

from __future__ import annotations

import typing as t

from ..._account.analyzers import EXTERNAL, access_of
from ..._account.model import Contact, Dataset
from ..._converge.arn import is_declared
from ..._converge.finding import Remediation, Severity
from ..control import Check, Control, Failure, Scope, Verdict, listing, maps, plural
from ..problem import Problem

_THEME = "organization"
_CONTACTS = "contacts"
_OF_ANALYZERS: t.Final = (Dataset.ANALYZER_FINDINGS, Dataset.ANALYZERS)


def _check_in_organization(scope: Scope) -> Verdict:
    organization = scope.facts.organization
    if organization is not None:
        role = "management account" if scope.facts.is_management_account else "member"
        return Verdict(1, "accounts", detail=f"{role} of organization {organization.id}")
    return Verdict(
        1,
        "accounts",
        (Failure(scope.facts.account_arn, "the account belongs to no organization", {"organization": None}),),
    )


def _is_usable(contact: t.Optional[Contact]) -> bool:
    return contact is not None and bool(contact.name.strip()) and bool(contact.phone.strip() or contact.email.strip())


def _check_primary_contact(scope: Scope) -> Verdict:
    contact = scope.snapshot.primary_contact
    if _is_usable(contact):
        detail = (
            "a name and a telephone number or e-mail address are registered; only a person can check that they are "
            "current"
        )
        return Verdict(1, _CONTACTS, detail=detail)
    return Verdict(
        1,
        _CONTACTS,
        (Failure(scope.facts.account_arn, "the account has no usable primary contact", {"usable": False}),),
    )


def _check_security_contact(scope: Scope) -> Verdict:
    contact = _alternate(scope, "security")
    if _is_usable(contact):
        return Verdict(1, _CONTACTS, detail="a security contact is registered")
    return Verdict(
        1, _CONTACTS, (Failure(scope.facts.account_arn, "no security contact is registered", {"registered": False}),)
    )


def _alternate(scope: Scope, kind: str) -> t.Optional[Contact]:
    return next((contact for contact in scope.snapshot.alternate_contacts if contact.kind.lower() == kind), None)


def _check_distinct_contacts(scope: Scope) -> Verdict:
    kinds = ("security", "billing", "operations")
    found = {kind: contact for kind in kinds if _is_usable(contact := _alternate(scope, kind)) and contact}
    missing = [kind for kind in kinds if kind not in found]
    emails = [contact.email.strip().lower() for contact in found.values()]
    problems = [f"missing: {listing(missing)}"] if missing else []
    if len(set(emails)) < len(emails):
        problems.append("several of them have the same e-mail address")
    if not problems:
        return Verdict(
            len(kinds), _CONTACTS, detail="security, billing and operations contacts are registered and distinct"
        )
    observed = {"registered": sorted(found), "distinct": len(set(emails)) == len(emails)}
    return Verdict(len(kinds), _CONTACTS, (Failure(scope.facts.account_arn, "; ".join(problems), observed),))


def _check_federation(scope: Scope) -> Verdict:
    """Check that no people are IAM users, those declared for emergencies aside. Providers are only evidence.

    The benchmark's audit looks at the users, whatever providers there are: "Confirm that no IAM users representing
    individuals are present". People are those who may sign in to the console.
    """
    users = {user.arn: user.name for user in scope.snapshot.users}
    if not users:
        return Verdict(0, "users", detail="the account has no IAM user to be replaced")
    providers = _providers(scope)
    unread = scope.missing(Dataset.CREDENTIAL_REPORT)
    rows = {row.arn: row for row in scope.facts.credential_rows}
    people = [row.arn for row in rows.values() if row.password_enabled]
    emergency = sorted(arn for arn in people if is_declared(arn, scope.break_glass))
    found = sorted(users.get(arn, arn) for arn in people if arn not in emergency)
    if found:
        said = f"; {providers}" if providers else "; there is no SAML provider and no IAM Identity Center"
        detail = f"{plural(len(found), 'IAM users')} may sign in to the console: {listing(found)}{said}"
        observed = {"console_users": found, "providers": providers}
        return Verdict(len(users), "users", (Failure(scope.facts.account_arn, detail, observed),))
    unknown = sorted(name for arn, name in users.items() if arn not in rows)
    if unknown:
        reason = f"not known whether they may sign in to the console: {listing(unknown)}"
        return Verdict(len(users), "users", not_assessed=f"{reason}: {unread}" if unread else reason)
    extra = {"excused": {"declared as break-glass": [users.get(arn, arn) for arn in emergency]}} if emergency else {}
    detail = f"no IAM user signs in to the console{f'; {providers}' if providers else ''}"
    return Verdict(len(users), "users", detail=detail, extra=extra)


def _providers(scope: Scope) -> str:
    """By which providers people can come in. OIDC providers serve programs as a rule."""
    names = [arn.rpartition("/")[2] for arn in scope.snapshot.saml_provider_arns]
    if any(role.path.startswith("/aws-reserved/sso.amazonaws.com/") for role in scope.snapshot.roles):
        names.append("IAM Identity Center")
    return f"people can come in through {listing(names)}" if names else ""


def _check_public_resources(scope: Scope) -> Verdict:
    """Report what Access Analyzer finds open to everybody, archived or not. Resource policies are not read."""
    account = scope.snapshot.account_id
    found = [item for item in scope.snapshot.analyzer_findings if item.is_public and item.owner_account == account]
    failures = tuple(
        Failure(item.resource, f"open to everybody, as Access Analyzer finds ({item.status})", region=item.region)
        for item in {item.resource: item for item in found if item.error is None}.values()
    )
    gaps = _list_analyzer_gaps(scope)
    reason = f"resource policies are not read, and Access Analyzer can't answer for all of them: {'; '.join(gaps)}"
    detail = f"Access Analyzer found no public access in {listing(scope.snapshot.regions)}"
    return Verdict(len(failures), "resources", failures, detail, not_assessed=reason if gaps else None)


def _list_analyzer_gaps(scope: Scope) -> list[str]:
    """List why Access Analyzer does not cover all resources of the account."""
    snapshot = scope.snapshot
    unread = [reason for dataset in _OF_ANALYZERS if (reason := scope.missing(dataset))]
    if unread:
        return unread[:1]
    closed = {region for dataset in _OF_ANALYZERS for region in scope.unread_regions(dataset)}
    external = [item for item in snapshot.analyzers if access_of(item.type) == EXTERNAL]
    active = {item.region for item in external if item.status == "ACTIVE"}
    bare = set(snapshot.regions) - active - closed - set(snapshot.denied_regions)
    gaps = {
        "not read in": closed,
        "no active external analyzer in": bare or (set() if snapshot.regions else {"any region"}),
        "could not analyze": {item.resource for item in snapshot.analyzer_findings if item.error is not None},
    }
    # Which regions refused us, one finding says for all controls.
    denied = len(snapshot.denied_regions)
    refused = [f"{plural(denied, 'regions')} refused to answer"] if denied else []
    return [*refused, *(f"{words} {listing(names)}" for words, names in gaps.items() if names)]


def _make_unassessed_check(reason: str) -> Check:
    def check(scope: Scope) -> Verdict:
        return Verdict(0, "accounts", not_assessed=reason)

    return check


CONTROLS: t.Final = (
    Control(
        id="account_in_organization",
        title="The account belongs to an organization",
        problem=Problem("Account belongs to no organization"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.ORGANIZATION,),
        check=_check_in_organization,
        expected="membership in an AWS organization",
        rationale="Only an organization can set guardrails that administrators of the account can't remove.",
        remediation=Remediation("Invite the account into the organization."),
        compliance=maps(hub="Account.2", nist=("CA-9(1)", "CM-2"), soc2="CC6.1"),
    ),
    Control(
        id="contact_details",
        title="The account's contact details are complete",
        problem=Problem("Contact details of the account are incomplete"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.CONTACT_INFORMATION,),
        check=_check_primary_contact,
        expected="a name with a telephone number",
        rationale="AWS suspends accounts if it can't reach the owner after abuse.",
        blind="whether somebody answers.",
        remediation=Remediation("Register the address and telephone of a team, not of a person."),
        compliance=maps(cis7="2.2", cis5="1.1", cis3="1.1", soc2="CC2.3"),
    ),
    Control(
        id="security_contact",
        title="A security contact is registered",
        problem=Problem("No security contact is registered"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.ALTERNATE_CONTACTS,),
        check=_check_security_contact,
        expected="an alternate contact of type security",
        rationale="Without it, AWS sends warnings of leaked keys only to the e-mail address of root.",
        blind="whether somebody reads the messages.",
        remediation=Remediation("Register the security team's mailbox as the security contact."),
        compliance=maps(cis7="2.3", cis5="1.2", cis3="1.2", hub="Account.1", nist=("CM-2", "CM-2(2)"), soc2="CC2.3"),
    ),
    Control(
        id="contacts_distinct",
        title="Security, billing and operations have contacts of their own",
        problem=Problem("Security, billing and operations share contacts"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.ALTERNATE_CONTACTS,),
        check=_check_distinct_contacts,
        expected="three alternate contacts with different e-mail addresses",
        rationale=(
            "Each notice then reaches the people who can act on it, and one dead mailbox does not lose all notices."
        ),
        blind="whether different people read the messages.",
        remediation=Remediation("Register the missing contacts with team mailboxes."),
        compliance=maps(soc2="CC2.3"),
    ),
    Control(
        id="federated_people",
        title="People are managed centrally and federated",
        problem=Problem("People sign in as IAM users, not through federation"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.SAML_PROVIDERS, Dataset.AUTHORIZATION_DETAILS),
        uses=(Dataset.CREDENTIAL_REPORT,),
        check=_check_federation,
        expected="no IAM user with a console password, except those in break_glass",
        rationale="A person who leaves the company loses access everywhere at once, and MFA is required in one place.",
        blind="people who use only access keys. They look like programs.",
        remediation=Remediation("Connect the organization to IAM Identity Center and remove console users."),
        compliance=maps(cis7="2.19", cis5="1.20", cis3="1.21", nist=("AC-2(1)", "IA-2"), soc2=("CC6.1", "CC6.2")),
    ),
    Control(
        id="resource_policies_not_public",
        title="Resource policies admit no anonymous principal",
        problem=Problem("Resource policy admits anonymous principals", "resource policies admit anonymous principals"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(),
        uses=_OF_ANALYZERS,
        check=_check_public_resources,
        expected="external access analyzers in every region without a finding of public access, archived or not",
        rationale="Anybody can use a public bucket, queue or key, without credentials.",
        blind="types of resources that IAM Access Analyzer does not analyze.",
        remediation=Remediation(
            "See the findings of the external access analyzers (control external_access_analyzer)."
        ),
        compliance=maps(cis7="2.21", soc2="CC6.1"),
    ),
    Control(
        id="security_questions",
        title="Security questions are registered",
        problem=Problem("Security questions are not registered"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(),
        check=_make_unassessed_check("AWS has no API for security questions, and new accounts no longer have them"),
        expected="security questions, if the account still has them",
        rationale="AWS used them to recover root. Newer versions of the benchmark dropped them.",
        blind="anything, because AWS has no API for security questions.",
        remediation=Remediation("Check the account settings in the console."),
        compliance=maps(cis3="1.3"),
    ),
)
