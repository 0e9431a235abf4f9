# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts whose roles look closed by a condition, a denial or a second statement, and such that are."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot

from ..samples import ACCOUNT, ROOT, arn, document
from ..trust_samples import (
    CLUSTER,
    COGNITO,
    COGNITO_DOCS,
    DEPUTY,
    EKS_DOCS,
    EXTERNAL_ID,
    GITHUB,
    GITHUB_DOCS,
    GLOBAL_KEYS,
    MFA,
    MFA_API,
    MULTIVALUED,
    OF_OTHER,
    OTHER,
    THIRD_PARTY,
    USER_GUIDE,
    administrator,
    make_federated_trust,
    member,
    org,
    service,
    statement,
    sub,
)
from .case import Case

_PUBLIC = functools.partial(Case, "trust_not_public")
_FOREIGN = functools.partial(Case, "trust_foreign_account")
_MFA = functools.partial(Case, "trust_admin_mfa")
_DEPUTY = functools.partial(Case, "trust_confused_deputy")
_SUBJECT = functools.partial(Case, "trust_federated_subject")

_WILDCARDS = f"{USER_GUIDE}/reference_policies_elements_condition_operators.html"
_NOT_PRINCIPAL = f"{USER_GUIDE}/reference_policies_elements_notprincipal.html"
_NOT_ACTION = f"{USER_GUIDE}/reference_policies_elements_notaction.html"
_ROLE_OF_OTHER = f"arn:aws:iam::{OTHER}:role/deploy"


def _of(*statements: dict[str, t.Any]) -> t.Callable[[], Snapshot]:
    return member(document(*statements, name="trust"))


def _everybody(operator: str, key: str, value: t.Any) -> t.Callable[[], Snapshot]:
    return _of(statement("*", {operator: {key: value}}))


def _topics(operator: str, key: str, value: t.Any) -> t.Callable[[], Snapshot]:
    return service("sns.amazonaws.com", {operator: {key: value}})


def _users(operator: str, key: str, value: t.Any) -> t.Callable[[], Snapshot]:
    return administrator(statement({"AWS": ROOT}, {operator: {key: value}}))


CASES: list[Case] = [
    *(
        _PUBLIC("FAIL", name, source, _everybody(operator, key, value))
        for name, source, operator, key, value in (
            ("part of an account id in an ARN", _WILDCARDS, "ArnLike", "aws:PrincipalArn", "arn:aws:iam::1111*:role/d"),
            ("one digit open", _WILDCARDS, "ArnLike", "aws:PrincipalArn", "arn:aws:iam::11112222333?:role/deploy"),
            ("the end of an ARN", _WILDCARDS, "StringLike", "aws:PrincipalArn", "*/deploy"),
            ("the last part of an ARN", _WILDCARDS, "StringLike", "aws:PrincipalArn", "*:role/deploy"),
            ("two wildcards across parts", _WILDCARDS, "StringLike", "aws:PrincipalArn", "*:iam::*:role/deploy"),
            ("a digit and a wildcard", _WILDCARDS, "StringLike", "aws:PrincipalArn", "?*/deploy"),
            ("a wildcard across parts", _WILDCARDS, "StringLike", "aws:PrincipalArn", "arn:aws:iam::*/deploy"),
            ("part of an account id", _WILDCARDS, "StringLike", "aws:PrincipalAccount", "1111*"),
            ("organizations by pattern", _WILDCARDS, "StringLike", "aws:PrincipalOrgID", "o-*"),
            ("all organizations but none", MULTIVALUED, "ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-own"),
            ("paths, none too", MULTIVALUED, "ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o-own/*"),
            ("a tag of the caller", GLOBAL_KEYS, "StringEquals", "aws:PrincipalTag/team", "platform"),
        )
    ),
    _PUBLIC(
        "FAIL", "NotAction", _NOT_ACTION, _of({"Effect": "Allow", "Principal": "*", "NotAction": "sts:TagSession"})
    ),
    _PUBLIC(
        "PASS", "the account of the role", GLOBAL_KEYS, _everybody("StringEquals", "aws:PrincipalAccount", ACCOUNT)
    ),
    _PUBLIC(
        "PASS",
        "a path in the own organization",
        GLOBAL_KEYS,
        _everybody("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-own/r-ab12/*"),
    ),
    _PUBLIC(
        "PASS",
        "the end of an ARN of the own account",
        _WILDCARDS,
        _everybody("StringLike", "aws:PrincipalArn", f"*:{ACCOUNT}:role/deploy"),
    ),
    _PUBLIC(
        "PASS",
        "the own account, and a pattern that is of no account",
        _WILDCARDS,
        _everybody("StringLike", "aws:PrincipalAccount", [ACCOUNT, "abc*"]),
    ),
    _PUBLIC(
        "PASS",
        "a Deny for all but the account",
        _NOT_PRINCIPAL,
        _of(statement("*"), {"Effect": "Deny", "NotPrincipal": {"AWS": ROOT}, "Action": "sts:*"}),
    ),
    _FOREIGN(
        "FAIL",
        "a Deny that excepts a foreign account",
        GLOBAL_KEYS,
        _of(
            statement("*"),
            statement("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-own", "aws:PrincipalAccount": OTHER}}, "Deny"),
        ),
    ),
    _FOREIGN(
        "FAIL",
        "a Deny for all but a foreign role",
        _NOT_PRINCIPAL,
        _of(
            statement("*"),
            {"Effect": "Deny", "NotPrincipal": {"AWS": [OF_OTHER, _ROLE_OF_OTHER]}, "Action": "sts:AssumeRole"},
        ),
    ),
    _FOREIGN(
        "FAIL",
        "a foreign account in the end of an ARN",
        _WILDCARDS,
        _everybody("StringLike", "aws:PrincipalArn", f"*:{OTHER}:role/deploy"),
    ),
    _FOREIGN(
        "FAIL",
        "a second statement without an external id",
        THIRD_PARTY,
        _of(statement({"AWS": OF_OTHER}, EXTERNAL_ID), statement({"AWS": _ROLE_OF_OTHER})),
    ),
    _FOREIGN(
        "FAIL",
        "any external id",
        THIRD_PARTY,
        _of(statement({"AWS": OF_OTHER}, {"Null": {"sts:ExternalId": "false"}})),
    ),
    _FOREIGN(
        "PASS",
        "a Deny without the external id",
        THIRD_PARTY,
        _of(
            statement({"AWS": OF_OTHER}),
            statement({"AWS": "*"}, {"StringNotEquals": {"sts:ExternalId": "agreed"}}, "Deny"),
        ),
    ),
    *(
        _MFA("FAIL", name, source, _users(operator, key, value))
        for name, source, operator, key, value in (
            ("users by the end of their ARN", _WILDCARDS, "StringLike", "aws:PrincipalArn", "*:user/bob"),
            ("an age if there is one", MFA_API, "NumericLessThanIfExists", "aws:MultiFactorAuthAge", "3600"),
            ("all values of none", MULTIVALUED, "ForAllValues:Bool", "aws:MultiFactorAuthPresent", "true"),
            ("that the key is there", GLOBAL_KEYS, "Null", "aws:MultiFactorAuthPresent", "false"),
        )
    ),
    _MFA(
        "FAIL",
        "a Deny that access keys escape",
        MFA_API,
        administrator(
            statement({"AWS": ROOT}),
            statement({"AWS": ROOT}, {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "Deny"),
        ),
    ),
    _MFA(
        "FAIL",
        "a second statement for a user",
        MFA_API,
        administrator(statement({"AWS": ROOT}, MFA), statement({"AWS": arn("user", "bob")})),
    ),
    _MFA("PASS", "an age", MFA_API, _users("NumericLessThan", "aws:MultiFactorAuthAge", "3600")),
    _MFA("PASS", "roles by the end of the ARN", _WILDCARDS, _users("StringLike", "aws:PrincipalArn", "*:role/deploy")),
    *(
        _DEPUTY("FAIL", name, source, build)
        for name, source, build in (
            ("everybody who is a service", GLOBAL_KEYS, _everybody("Bool", "aws:PrincipalIsAWSService", "true")),
            (
                "a service by a condition",
                GLOBAL_KEYS,
                _everybody("StringEquals", "aws:PrincipalServiceName", "sns.amazonaws.com"),
            ),
            ("services for a foreign account", DEPUTY, _everybody("StringEquals", "aws:SourceAccount", OTHER)),
            ("part of an account id", _WILDCARDS, _topics("ArnLike", "aws:SourceArn", "arn:aws:sns:*:1111*:*")),
            ("one digit open", _WILDCARDS, _topics("ArnLike", "aws:SourceArn", "arn:aws:sns:*:11112222333?:*")),
            ("the end of an ARN", _WILDCARDS, _topics("StringLike", "aws:SourceArn", "*:alerts")),
            ("some source account", DEPUTY, _topics("Null", "aws:SourceAccount", "false")),
            (
                "buckets by pattern",
                DEPUTY,
                service("s3.amazonaws.com", {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::logs-*"}}),
            ),
        )
    ),
    _DEPUTY("PASS", "the own organization, no service", GLOBAL_KEYS, member(document(statement("*", org("o-own"))))),
    _DEPUTY("PASS", "everybody for the own account", DEPUTY, _everybody("StringEquals", "aws:SourceAccount", ACCOUNT)),
    _DEPUTY(
        "PASS", "a text with the own account", _WILDCARDS, _topics("StringLike", "aws:SourceArn", f"*:{ACCOUNT}:*")
    ),
    _SUBJECT(
        "FAIL",
        "github, a digit of the owner",
        GITHUB_DOCS,
        make_federated_trust(GITHUB, sub(GITHUB, "repo:ac?e/app:*")),
    ),
    _SUBJECT(
        "FAIL",
        "github, an environment of anybody",
        GITHUB_DOCS,
        make_federated_trust(GITHUB, sub(GITHUB, "repo:*:environment:prod")),
    ),
    _SUBJECT(
        "FAIL",
        "kubernetes, an audience alone",
        EKS_DOCS,
        make_federated_trust(CLUSTER, {"StringEquals": {f"{CLUSTER}:aud": "sts.amazonaws.com"}}),
    ),
    _SUBJECT(
        "FAIL",
        "cognito, guests among others",
        COGNITO_DOCS,
        make_federated_trust(
            COGNITO,
            {
                "StringEquals": {f"{COGNITO}:aud": "eu-west-1:1"},
                "ForAnyValue:StringLike": {f"{COGNITO}:amr": "*authenticated"},
            },
        ),
    ),
    _SUBJECT(
        "PASS",
        "github, pull requests of a repository",
        GITHUB_DOCS,
        make_federated_trust(GITHUB, sub(GITHUB, "repo:acme/app:pull_request", "StringEquals")),
    ),
    _SUBJECT(
        "PASS",
        "github, a pattern that is compared as a text",
        _WILDCARDS,
        make_federated_trust(GITHUB, sub(GITHUB, "repo:acme/*", "StringEquals")),
    ),
    _DEPUTY("PASS", "Lambda in China", GLOBAL_KEYS, service("lambda.amazonaws.com.cn", {})),
    _DEPUTY("PASS", "an external id, which no service sends", GLOBAL_KEYS, _topics("Null", "sts:ExternalId", "false")),
    _DEPUTY("PASS", "everybody, whom another control reports", GLOBAL_KEYS, _of(statement("*"))),
    _PUBLIC(
        "PASS",
        "a source, which no principal sends",
        GLOBAL_KEYS,
        _everybody("StringEquals", "aws:SourceAccount", ACCOUNT),
    ),
    _MFA(
        "PASS",
        "one user by its ARN, with MFA",
        MFA_API,
        administrator(
            statement(
                {"AWS": ROOT},
                {
                    "StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/bob"},
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                },
            )
        ),
    ),
]
