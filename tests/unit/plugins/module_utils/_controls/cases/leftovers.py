# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left over, what Access Analyzer finds, how an account is reached, and emergencies that were or were not."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.analyzers import (
    AnalyzerDetails,
    AnalyzerFinding,
    ArchiveRule,
    Criterion,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Contact,
    CredentialRow,
    Organization,
    ServerCertificate,
    ServiceSpecificCredential,
    Snapshot,
    SshPublicKey,
    VirtualMfaDevice,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Analyzer, Instance
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue.break_glass import TESTED

from ..case_tables import cases
from ..samples import ACCOUNT, NOW, ROOT, arn, days_ago, group, key, report, role, row, snapshot, user
from .case import Case

_EXPIRED: t.Final = "CIS AWS Foundations 7.0, 2.17: all expired SSL/TLS certificates stored in IAM are removed"
_GROUPS: t.Final = "https://docs.aws.amazon.com/config/latest/developerguide/iam-group-has-users-check.html"
_INSTANCES: t.Final = "CIS AWS Foundations 7.0, 2.16: IAM instance roles are used for resource access from instances"
_VIRTUAL: t.Final = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html"
_FINDINGS: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings.html"
_UNUSED: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-concepts.html"
_ARCHIVE: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-archive-rules.html"
_MEMBER: t.Final = "https://docs.aws.amazon.com/securityhub/latest/userguide/account-controls.html#account-2"
_CONTACT: t.Final = "CIS AWS Foundations 7.0, 2.2: current contact details are maintained"
_SECURITY: t.Final = "CIS AWS Foundations 7.0, 2.3: security contact information is registered"
_ALTERNATE: t.Final = "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-contact-alternate.html"
_API_KEYS: t.Final = "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html"
_SPECIFIC: t.Final = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServiceSpecificCredentialMetadata.html"
_SSH: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_ssh-keys.html"
_EMERGENCY: t.Final = (
    "https://docs.aws.amazon.com/wellarchitected/latest/framework/sec_permissions_emergency_process.html"
)

Build = t.Callable[[], Snapshot]
_HOME, _OTHER = "us-east-1", "eu-west-1"


def _certificates(*days: float) -> Build:
    """Server certificates that expire in so many days."""
    found = tuple(
        ServerCertificate(f"c{number}", arn("server-certificate", f"c{number}"), days_ago(-left))
        for number, left in enumerate(days)
    )
    return lambda: snapshot(server_certificates=found)


def _instances(*profiles: t.Optional[str], state: str = "running", region: str = _HOME) -> Build:
    found = tuple(
        Instance(f"i-{number}", f"arn:aws:ec2:{region}:{ACCOUNT}:instance/i-{number}", region, profile, state)
        for number, profile in enumerate(profiles)
    )
    return lambda: snapshot(instances=found)


def _groups(*names: str, **members: str) -> Build:
    """Groups, and users with the one that each is in."""
    users = tuple(user(name, groups=(member,)) for name, member in members.items())
    return lambda: snapshot(groups=tuple(group(name) for name in names), users=users)


def _devices(*owners: t.Optional[str]) -> Build:
    found = tuple(VirtualMfaDevice(arn("mfa", f"d{number}"), owner, None) for number, owner in enumerate(owners))
    return lambda: snapshot(virtual_mfa_devices=found)


def _with_findings(kind: str, *findings: dict[str, t.Any], active: str = "ACTIVE") -> Build:
    place = f"arn:aws:access-analyzer:{_HOME}:{ACCOUNT}:analyzer/a"
    defaults = {
        "analyzer_arn": place,
        "region": _HOME,
        "type": "ExternalAccess",
        "resource": "arn:aws:s3:::data",
        "resource_type": "AWS::S3::Bucket",
        "owner_account": ACCOUNT,
    }
    found = tuple(AnalyzerFinding(**{"id": str(number), **defaults, **more}) for number, more in enumerate(findings))
    return lambda: snapshot(analyzers=(Analyzer("a", place, _HOME, kind, active),), analyzer_findings=found)


def _archiving(*criteria: dict[str, Criterion], managed_by: t.Optional[str] = None) -> Build:
    rules = tuple(ArchiveRule(f"r{number}", one) for number, one in enumerate(criteria))
    place = f"arn:aws:access-analyzer:{_HOME}:{ACCOUNT}:analyzer/a"
    details = AnalyzerDetails("a", place, _HOME, "ACCOUNT", "ACTIVE", archive_rules=rules, managed_by=managed_by)
    return lambda: snapshot(analyzer_details=(details,))


def _contact(kind: str, email: str = "team@example.com", name: str = "Team", phone: str = "+1") -> Contact:
    return Contact(kind, name, email, phone)


def _contacts(*contacts: Contact, primary: t.Optional[Contact] = None) -> Build:
    return lambda: snapshot(alternate_contacts=contacts, primary_contact=primary)


def _credentials(*found: tuple[str, t.Optional[float], t.Optional[float], str]) -> Build:
    """Service-specific credentials: the service, its age in days, days until it expires, and its status."""
    items = tuple(
        ServiceSpecificCredential(
            "alice",
            f"ACCA{number}",
            f"{service}.amazonaws.com",
            state,
            None if age is None else days_ago(age),
            None if left is None else days_ago(-left),
        )
        for number, (service, age, left, state) in enumerate(found)
    )
    return lambda: snapshot(users=(user(),), service_specific_credentials=items)


def _ssh(*ages: float, active: bool = True) -> Build:
    keys = tuple(SshPublicKey(f"APKA{number}", active, days_ago(age)) for number, age in enumerate(ages))
    return lambda: snapshot(users=(user(),), ssh_public_keys={arn("user", "alice"): keys})


def _make_break_glass_role(
    used: t.Optional[float], tested: t.Optional[float] = None, tag: t.Optional[str] = None
) -> Build:
    """A role for emergencies that was used and tested so many days ago."""
    said = tag if tested is None else days_ago(tested).date().isoformat()
    place = arn("role", "iam-hardening/break-glass/fire")
    found = role(
        "fire",
        arn=place,
        path="/iam-hardening/break-glass/",
        last_used=None if used is None else days_ago(used),
        tags={TESTED: said} if said else {},
    )
    return lambda: snapshot(roles=(found,))


def _fighter(**fields: t.Any) -> Build:
    """A user for emergencies, with this row of the credential report."""
    place = arn("user", "iam-hardening/break-glass/fire")
    found = user("fire", arn=place, path="/iam-hardening/break-glass/", created=NOW if not fields else days_ago(365))
    rows: tuple[CredentialRow, ...] = (row("fire", arn=place, **fields),) if fields else ()
    return lambda: snapshot(users=(found,), credential_report=report(*rows))


_PROFILE: t.Final = arn("instance-profile", "app")
_OF_ROLE: t.Final = {"resource": arn("role", "app"), "resource_type": "AWS::IAM::Role"}
_THREE: t.Final = ("security", "billing", "operations")

CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "server_certificate_expired",
        _EXPIRED,
        FAIL={"a day ago": _certificates(-1), "years ago": _certificates(-900), "one of two": _certificates(90, -1)},
        PASS={"in a year": _certificates(365), "tomorrow": _certificates(1)},
    ),
    *cases(
        "group_has_members",
        _GROUPS,
        FAIL={
            "nobody at all": _groups("admins"),
            "one of two": _groups("admins", "readers", alice="readers"),
            "a user in a group with a longer name": _groups("admins", "admins-eu", alice="admins-eu"),
        },
        PASS={
            "one member": _groups("admins", alice="admins"),
            "a member of each": _groups("admins", "readers", alice="admins", bob="readers"),
        },
        NOT_APPLICABLE={"no group": _groups()},
    ),
    *cases(
        "instance_role",
        _INSTANCES,
        FAIL={
            "without a profile": _instances(None),
            "one of two": _instances(_PROFILE, None),
            "stopped, without a profile": _instances(None, state="stopped"),
        },
        PASS={"with a profile": _instances(_PROFILE), "two with profiles": _instances(_PROFILE, _PROFILE)},
        NOT_APPLICABLE={"none in this region": _instances(None, region=_OTHER)},
    ),
    *cases(
        "mfa_device_unassigned",
        _VIRTUAL,
        FAIL={
            "one of nobody": _devices(None),
            "one of two": _devices(arn("user", "alice"), None),
            "two of nobody": _devices(None, None),
        },
        PASS={"a user's": _devices(arn("user", "alice")), "root's": _devices(ROOT)},
    ),
    *cases(
        "external_access_found",
        _FINDINGS,
        FAIL={
            "open to another account": _with_findings("ACCOUNT", {}),
            "open to everybody": _with_findings("ACCOUNT", {"is_public": True}),
            "not analyzed": _with_findings("ORGANIZATION", {"error": "ACCESS_DENIED"}),
        },
        PASS={
            "nothing": _with_findings("ACCOUNT"),
            "what was looked at and archived": _with_findings("ACCOUNT", {"is_public": True, "status": "ARCHIVED"}),
            "unused access only": _with_findings("ACCOUNT", {**_OF_ROLE, "type": "UnusedIAMRole"}),
        },
        NOT_APPLICABLE={"an analyzer that failed": _with_findings("ACCOUNT", {}, active="FAILED")},
    ),
    *cases(
        "unused_access_found",
        _UNUSED,
        FAIL={
            "a role": _with_findings("ACCOUNT_UNUSED_ACCESS", {**_OF_ROLE, "type": "UnusedIAMRole"}),
            "a permission": _with_findings("ORGANIZATION_UNUSED_ACCESS", {**_OF_ROLE, "type": "UnusedPermission"}),
            "a key": _with_findings("ACCOUNT_UNUSED_ACCESS", {**_OF_ROLE, "type": "UnusedIAMUserAccessKey"}),
        },
        PASS={
            "nothing": _with_findings("ACCOUNT_UNUSED_ACCESS"),
            "external access only": _with_findings("ACCOUNT_UNUSED_ACCESS", {}),
        },
    ),
    *cases(
        "internal_access_found",
        _UNUSED,
        FAIL={
            "a bucket": _with_findings("ACCOUNT_INTERNAL_ACCESS", {"type": "InternalAccess"}),
            "of the organization": _with_findings("ORGANIZATION_INTERNAL_ACCESS", {"type": "InternalAccess"}),
            "two resources": _with_findings(
                "ACCOUNT_INTERNAL_ACCESS",
                {"type": "InternalAccess"},
                {"type": "InternalAccess", "resource": "arn:aws:s3:::more"},
            ),
        },
        PASS={
            "nothing": _with_findings("ACCOUNT_INTERNAL_ACCESS"),
            "external access only": _with_findings("ACCOUNT_INTERNAL_ACCESS", {}),
        },
    ),
    *cases(
        "archive_rule_broad",
        _ARCHIVE,
        FAIL={
            "all buckets": _archiving({"resourceType": Criterion(eq=("AWS::S3::Bucket",))}),
            "all that is not public": _archiving({"isPublic": Criterion(eq=("false",))}),
            "all resources, by a wildcard": _archiving({"resource": Criterion(eq=("*",))}),
            "all roles, by what their ARNs have": _archiving(
                {"resource": Criterion(contains=(f"arn:aws:iam::{ACCOUNT}:role/",))}
            ),
            "all resources, by the account": _archiving({"resource": Criterion(contains=(ACCOUNT,))}),
            "a whole region": _archiving({"resource": Criterion(contains=("eu-west-1",))}),
            "all functions": _archiving({"resource": Criterion(contains=("function:",))}),
            "all services": _archiving({"principal.Service": Criterion(contains=("amazonaws.com",))}),
            "all but one": _archiving({"resource": Criterion(neq=("arn:aws:s3:::data",))}),
        },
        PASS={
            "one bucket": _archiving({"resource": Criterion(eq=("arn:aws:s3:::data",))}),
            "buckets of one beginning": _archiving({"resource": Criterion(contains=("arn:aws:s3:::acme-public-",))}),
            "a partner, by a part": _archiving({"principal.AWS": Criterion(contains=("444455556666",))}),
            "a partner, of whatever": _archiving({"principal.AWS": Criterion(eq=("444455556666",))}),
        },
    ),
    *cases(
        "account_in_organization",
        _MEMBER,
        FAIL={
            "alone": snapshot,
            "alone, with users": lambda: snapshot(users=(user(),), credential_report=report(row("alice"))),
            "alone, in GovCloud": lambda: snapshot(partition="aws-us-gov"),
        },
        PASS={
            "a member": lambda: snapshot(organization=Organization("o-acme", "999988887777", "ALL")),
            "the management account": lambda: snapshot(organization=Organization("o-acme", ACCOUNT, "ALL")),
        },
    ),
    *cases(
        "contact_details",
        _CONTACT,
        FAIL={
            "none": _contacts(),
            "no name": _contacts(primary=_contact("primary", name=" ")),
            "no way to reach it": _contacts(primary=_contact("primary", email="", phone=" ")),
        },
        PASS={
            "with a telephone": _contacts(primary=_contact("primary", email="")),
            "with an e-mail address": _contacts(primary=_contact("primary", phone="")),
        },
    ),
    *cases(
        "security_contact",
        _SECURITY,
        FAIL={
            "none": _contacts(),
            "billing only": _contacts(_contact("billing")),
            "without a way to reach it": _contacts(_contact("security", email="", phone="")),
        },
        PASS={"security": _contacts(_contact("security")), "spelled as the API does": _contacts(_contact("SECURITY"))},
    ),
    *cases(
        "contacts_distinct",
        _ALTERNATE,
        FAIL={
            "none": _contacts(),
            "two of three": _contacts(_contact("security", "a@x"), _contact("billing", "b@x")),
            "one address for all": _contacts(*map(_contact, _THREE)),
            "one address in two spellings": _contacts(
                _contact("security", "a@x"), _contact("billing", "A@X "), _contact("operations", "c@x")
            ),
        },
        PASS={
            "three addresses": _contacts(*(_contact(kind, f"{kind}@x") for kind in _THREE)),
            "three addresses of one person": _contacts(*(_contact(kind, f"me+{kind}@x") for kind in _THREE)),
        },
    ),
    *cases(
        "api_key_expires",
        _API_KEYS,
        FAIL={
            "Bedrock's, for ever": _credentials(("bedrock", 1, None, "Active")),
            "that of logs, for ever": _credentials(("logs", 1, None, "Active")),
            "one of two": _credentials(("bedrock", 1, 30, "Active"), ("bedrock", 1, None, "Active")),
        },
        PASS={
            "in thirty days": _credentials(("bedrock", 1, 30, "Active")),
            "in thirty days, beside an inactive one": _credentials(
                ("bedrock", 1, 30, "Active"), ("bedrock", 1, None, "Inactive")
            ),
        },
        NOT_APPLICABLE={"git credentials, which do not expire": _credentials(("codecommit", 1, None, "Active"))},
    ),
    *cases(
        "service_credential_age",
        _SPECIFIC,
        FAIL={
            "91 days": _credentials(("codecommit", 91, None, "Active")),
            "three years": _credentials(("cassandra", 1100, None, "Active")),
            "one without a date beside an old one": _credentials(
                ("codecommit", None, None, "Active"), ("codecommit", 100, None, "Active")
            ),
        },
        PASS={
            "90 days": _credentials(("codecommit", 90, None, "Active")),
            "an old inactive one beside": _credentials(
                ("codecommit", 1, None, "Active"), ("codecommit", 900, None, "Inactive")
            ),
        },
        NOT_ASSESSED={"without a date": _credentials(("codecommit", None, None, "Active"))},
    ),
    *cases(
        "ssh_public_key_age",
        _SSH,
        FAIL={"91 days": _ssh(91), "one of two": _ssh(1, 100), "ten years": _ssh(3650)},
        PASS={"90 days": _ssh(90), "yesterday": _ssh(1)},
        NOT_APPLICABLE={"an old inactive one": _ssh(900, active=False)},
    ),
    *cases(
        "break_glass_unused",
        _EMERGENCY,
        FAIL={
            "a role, today": _make_break_glass_role(0),
            "a role, a week ago": _make_break_glass_role(7),
            "a role, whose tag explains it": _make_break_glass_role(3, tested=3),
            "a user, by its key": _fighter(access_keys=(key(used=2),)),
        },
        PASS={
            "a role, a month ago": _make_break_glass_role(30),
            "a role, never": _make_break_glass_role(None),
            "a user, a month ago": _fighter(password_enabled=True, password_last_used=days_ago(30)),
        },
        NOT_ASSESSED={"a user newer than the report": _fighter()},
    ),
    *cases(
        "break_glass_tested",
        _EMERGENCY,
        FAIL={
            "never": _make_break_glass_role(None),
            "too long ago": _make_break_glass_role(91, tested=91),
            "says a tag that no use bears out": _make_break_glass_role(200, tested=30),
            "says a tag of tomorrow": _make_break_glass_role(1, tested=-3),
            "says a tag that is no date": _make_break_glass_role(1, tag="yes"),
        },
        PASS={
            "a month ago": _make_break_glass_role(30, tested=30),
            "the tag was written a day later": _make_break_glass_role(31, tested=30),
        },
        NOT_ASSESSED={"a user newer than the report": _fighter()},
    ),
)
