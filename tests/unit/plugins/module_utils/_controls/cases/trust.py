# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts for the controls on trust policies: documented attacks and near misses."""

from __future__ import annotations

import functools

from ..samples import (
    ACCOUNT,
    ADMIN,
    MANAGEMENT,
    MEMBER,
    ROOT,
    allow,
    arn,
    document,
    make_broken_document,
    policy,
    role,
    snapshot,
    trust,
)
from ..trust_samples import (
    ACCESS_ROLE,
    AUDIT_DOCS,
    CONTROL_TOWER,
    DEPUTY,
    EC2_ROLES,
    EXTERNAL_ID,
    GLOBAL_KEYS,
    MFA,
    MFA_API,
    OF_MANAGEMENT,
    OF_OTHER,
    OTHER,
    PACU,
    PERIMETER_DOCS,
    PRINCIPAL,
    READ_ALL,
    READ_ONLY_DOCS,
    THIRD_PARTY,
    UNIQUE_IDS,
    UNREAD,
    USER_GUIDE,
    administrator,
    member,
    org,
    perimeter,
    reader,
    service,
    statement,
)
from .case import Case

_PUBLIC = functools.partial(Case, "trust_not_public")
_FOREIGN = functools.partial(Case, "trust_foreign_account")
_READING = functools.partial(Case, "trust_foreign_readonly")
_MFA = functools.partial(Case, "trust_admin_mfa")
_DEPUTY = functools.partial(Case, "trust_confused_deputy")
_GONE = functools.partial(Case, "trust_orphaned_principal")

CASES: list[Case] = [
    _PUBLIC("FAIL", "everybody", PACU, member(trust("*"))),
    _PUBLIC("FAIL", "every AWS principal", PRINCIPAL, member(trust({"AWS": "*"}))),
    _PUBLIC("FAIL", "everybody who knows an external id", THIRD_PARTY, member(trust("*", EXTERNAL_ID))),
    _PUBLIC(
        "FAIL",
        "everybody but one account",
        f"{USER_GUIDE}/reference_policies_elements_notprincipal.html",
        member(
            document({"Effect": "Allow", "NotPrincipal": {"AWS": OF_OTHER}, "Action": "sts:AssumeRole"}, name="trust")
        ),
    ),
    _PUBLIC(
        "FAIL",
        "a role name that anybody may use",
        GLOBAL_KEYS,
        member(trust("*", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}})),
    ),
    _PUBLIC(
        "FAIL",
        "an organization only if there is one",
        GLOBAL_KEYS,
        member(trust("*", org("o-own", "StringEqualsIfExists"))),
    ),
    _PUBLIC(
        "FAIL",
        "a denial that is about another action",
        PRINCIPAL,
        member(document(statement("*"), {**statement("*", None, "Deny"), "Action": "sts:TagSession"}, name="trust")),
    ),
    _PUBLIC("PASS", "the own organization", GLOBAL_KEYS, member(trust("*", org("o-own")))),
    _PUBLIC(
        "FAIL",
        "everybody without MFA",
        GLOBAL_KEYS,
        member(trust("*", {"Bool": {"aws:MultiFactorAuthPresent": "false"}})),
    ),
    _PUBLIC(
        "PASS",
        "everybody below an RCP that keeps outsiders out",
        PERIMETER_DOCS,
        member(trust("*"), organization_policies=perimeter()),
    ),
    _PUBLIC(
        "PASS",
        "a Deny for everybody outside of the organization",
        GLOBAL_KEYS,
        member(document(statement("*"), statement("*", org("o-own", "StringNotEquals"), "Deny"), name="trust")),
    ),
    _PUBLIC(
        "PASS",
        "roles of the account by a condition",
        GLOBAL_KEYS,
        member(trust("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}})),
    ),
    _PUBLIC("NOT_ASSESSED", "a trust policy that does not parse", PRINCIPAL, member(make_broken_document("trust"))),
    _FOREIGN("FAIL", "a foreign account", THIRD_PARTY, member(trust({"AWS": OF_OTHER}))),
    _FOREIGN("FAIL", "a foreign account by its id", PRINCIPAL, member(trust({"AWS": OTHER}))),
    _FOREIGN(
        "FAIL",
        "an external id only if there is one",
        THIRD_PARTY,
        member(trust({"AWS": OF_OTHER}, {"StringEqualsIfExists": {"sts:ExternalId": "agreed"}})),
    ),
    _FOREIGN("FAIL", "a whole foreign organization", GLOBAL_KEYS, member(trust("*", org("o-foreign")))),
    _FOREIGN(
        "FAIL",
        "a foreign organization by path",
        GLOBAL_KEYS,
        member(trust("*", {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-foreign/r-ab12/*"}})),
    ),
    _FOREIGN(
        "FAIL",
        "a foreign account in a foreign organization",
        GLOBAL_KEYS,
        member(trust({"AWS": OF_OTHER}, org("o-foreign"))),
    ),
    _FOREIGN(
        "FAIL",
        "a foreign account by a condition",
        GLOBAL_KEYS,
        member(trust("*", {"StringEquals": {"aws:PrincipalAccount": OTHER}})),
    ),
    _FOREIGN(
        "FAIL",
        "one of two organizations is foreign",
        GLOBAL_KEYS,
        member(trust("*", {"StringEquals": {"aws:PrincipalOrgID": ["o-own", "o-foreign"]}})),
    ),
    _FOREIGN(
        "FAIL",
        "all but a foreign organization are denied",
        GLOBAL_KEYS,
        member(document(statement("*"), statement("*", org("o-foreign", "StringNotEquals"), "Deny"), name="trust")),
    ),
    _FOREIGN(
        "FAIL",
        "an account in no organization names one",
        GLOBAL_KEYS,
        member(trust("*", org("o-foreign")), organization=None),
    ),
    _FOREIGN(
        "PASS", "a foreign account with an external id", THIRD_PARTY, member(trust({"AWS": OF_OTHER}, EXTERNAL_ID))
    ),
    _FOREIGN("PASS", "an account of the own organization", GLOBAL_KEYS, member(trust({"AWS": OF_OTHER}, org("o-own")))),
    _FOREIGN("PASS", "the management account", ACCESS_ROLE, member(trust({"AWS": OF_MANAGEMENT}))),
    _FOREIGN("PASS", "the own organization as a whole", GLOBAL_KEYS, member(trust("*", org("o-own")))),
    _FOREIGN("PASS", "the organization of the resource", GLOBAL_KEYS, member(trust("*", org("${aws:ResourceOrgID}")))),
    _FOREIGN(
        "NOT_ASSESSED",
        "an organization, and the own one was not read",
        GLOBAL_KEYS,
        member(trust("*", org("o-some")), **UNREAD),
    ),
    _FOREIGN(
        "NOT_ASSESSED",
        "an account in an organization that was not read",
        GLOBAL_KEYS,
        member(trust({"AWS": OF_OTHER}, org("o-some")), **UNREAD),
    ),
    _READING("FAIL", "a foreign account", READ_ONLY_DOCS, reader({"AWS": OF_OTHER})),
    _READING("FAIL", "a foreign account with an external id", READ_ONLY_DOCS, reader({"AWS": OF_OTHER}, EXTERNAL_ID)),
    _READING("FAIL", "a foreign organization", GLOBAL_KEYS, reader("*", org("o-foreign"))),
    _READING("FAIL", "everybody", PACU, reader("*")),
    _READING("PASS", "an account of the own organization", GLOBAL_KEYS, reader({"AWS": OF_OTHER}, org("o-own"))),
    _READING(
        "PASS",
        "a boundary that leaves little",
        f"{USER_GUIDE}/access_policies_boundaries.html",
        reader(
            {"AWS": OF_OTHER},
            policies=(READ_ALL, policy("Limit", allow("s3:*"), attachment_count=0, boundary_usage_count=1)),
            boundary=arn("policy", "Limit"),
        ),
    ),
    _READING(
        "PASS",
        "a foreign account that audits",
        AUDIT_DOCS,
        reader(
            {"AWS": OF_OTHER},
            EXTERNAL_ID,
            policies=(policy("ReadOnlyAccess", allow("iam:Get*", "s3:ListAllMyBuckets")),),
        ),
    ),
    _READING(
        "NOT_ASSESSED",
        "a foreign account, and the policy was not read",
        READ_ONLY_DOCS,
        reader({"AWS": OF_OTHER}, EXTERNAL_ID, policies=()),
    ),
    _READING(
        "PASS", "the own account, and the policy was not read", READ_ONLY_DOCS, reader({"AWS": ROOT}, policies=())
    ),
    _MFA("FAIL", "the account as a whole", MFA_API, administrator(statement({"AWS": ROOT}))),
    _MFA("FAIL", "a user", MFA_API, administrator(statement({"AWS": arn("user", "alice")}))),
    _MFA(
        "FAIL",
        "MFA only if the key is there",
        GLOBAL_KEYS,
        administrator(statement({"AWS": ROOT}, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})),
    ),
    _MFA(
        "FAIL",
        "everybody of the account by a condition",
        GLOBAL_KEYS,
        administrator(statement("*", {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})),
    ),
    _MFA("FAIL", "everybody of the organization", GLOBAL_KEYS, administrator(statement("*", org("o-own")))),
    _MFA(
        "FAIL",
        "users by a condition on their ARN",
        GLOBAL_KEYS,
        administrator(statement({"AWS": "*"}, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}})),
    ),
    _MFA(
        "FAIL",
        "a role of Control Tower's name",
        CONTROL_TOWER,
        functools.partial(
            lambda: snapshot(
                organization=MEMBER,
                roles=(role("AWSControlTowerExecution", trust=trust({"AWS": ROOT}), attached_policies=(ADMIN,)),),
            )
        ),
    ),
    _MFA("PASS", "the account as a whole with MFA", MFA_API, administrator(statement({"AWS": ROOT}, MFA))),
    _MFA(
        "PASS",
        "a Deny without MFA",
        GLOBAL_KEYS,
        administrator(
            statement({"AWS": ROOT}),
            statement({"AWS": ROOT}, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, "Deny"),
        ),
    ),
    _MFA(
        "PASS",
        "roles only",
        f"{USER_GUIDE}/id_roles_terms-and-concepts.html",
        administrator(statement({"AWS": ROOT}, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}})),
    ),
    _MFA("PASS", "no administrator", MFA_API, member(trust({"AWS": ROOT}))),
    _MFA(
        "NOT_ASSESSED",
        "a policy that was not read",
        MFA_API,
        member(trust({"AWS": ROOT}), attached_policies=(arn("policy", "Lost"),)),
    ),
    _DEPUTY("FAIL", "a service for any account", DEPUTY, service("sns.amazonaws.com")),
    _DEPUTY(
        "FAIL",
        "the source account is a foreign one",
        DEPUTY,
        service("sns.amazonaws.com", {"StringEquals": {"aws:SourceAccount": OTHER}}),
    ),
    _DEPUTY(
        "FAIL",
        "the source is in a foreign account",
        DEPUTY,
        service("sns.amazonaws.com", {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{OTHER}:*"}}),
    ),
    _DEPUTY(
        "FAIL",
        "the source is in a foreign organization",
        DEPUTY,
        service("sns.amazonaws.com", {"StringEquals": {"aws:SourceOrgID": "o-foreign"}}),
    ),
    _DEPUTY(
        "FAIL", "a service that merely begins like EC2", DEPUTY, service("ec2.application-autoscaling.amazonaws.com")
    ),
    _DEPUTY(
        "FAIL",
        "a source account only if there is one",
        DEPUTY,
        service("sns.amazonaws.com", {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}),
    ),
    _DEPUTY(
        "PASS",
        "the own account",
        DEPUTY,
        service("sns.amazonaws.com", {"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
    ),
    _DEPUTY(
        "PASS",
        "the own organization",
        DEPUTY,
        service("sns.amazonaws.com", {"StringEquals": {"aws:SourceOrgID": "o-own"}}),
    ),
    _DEPUTY(
        "PASS",
        "an account that is inside",
        DEPUTY,
        service("cloudtrail.amazonaws.com", {"StringEquals": {"aws:SourceAccount": [ACCOUNT, MANAGEMENT]}}),
    ),
    _DEPUTY("PASS", "EC2, which runs what was passed the role", EC2_ROLES, service("ec2.amazonaws.com")),
    _DEPUTY(
        "NOT_ASSESSED",
        "an organization, and the own one was not read",
        DEPUTY,
        service("sns.amazonaws.com", {"StringEquals": {"aws:SourceOrgID": "o-some"}}, **UNREAD),
    ),
    _GONE("FAIL", "a user that was deleted", UNIQUE_IDS, member(trust({"AWS": "AIDAQ3EGRJIJEXAMPLE00"}))),
    _GONE("FAIL", "a role that was deleted", UNIQUE_IDS, member(trust({"AWS": "AROAQ3EGRJIJEXAMPLE00"}))),
    _GONE("FAIL", "one of two", UNIQUE_IDS, member(trust({"AWS": [ROOT, "AIDAQ3EGRJIJEXAMPLE00"]}))),
    _GONE("PASS", "a user of such a name", UNIQUE_IDS, member(trust({"AWS": arn("user", "AIDAQ3EGRJIJEXAMPLE00")}))),
    _GONE(
        "PASS",
        "a denial for one that is gone",
        UNIQUE_IDS,
        member(
            document(statement({"AWS": ROOT}), statement({"AWS": "AIDAQ3EGRJIJEXAMPLE00"}, None, "Deny"), name="trust")
        ),
    ),
]
