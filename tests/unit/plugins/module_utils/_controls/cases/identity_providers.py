# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts whose roles trust identity providers: documented attacks, and subjects as the providers document them."""

from __future__ import annotations

import functools

from ..trust_samples import (
    BITBUCKET,
    BITBUCKET_DOCS,
    CIRCLECI,
    CIRCLECI_DOCS,
    CLUSTER,
    COGNITO,
    COGNITO_ATTACK,
    COGNITO_DOCS,
    EKS_DOCS,
    EVALUATION,
    GITHUB,
    GITHUB_ATTACK,
    GITHUB_DOCS,
    GITLAB,
    MULTIVALUED,
    SHARED,
    STS_KEYS,
    TERRAFORM,
    TERRAFORM_DOCS,
    make_federated_trust,
    statement,
    sub,
)
from .case import Case

_SUBJECT = functools.partial(Case, "trust_federated_subject")

CASES: list[Case] = [
    _SUBJECT(
        "FAIL",
        "github without a subject",
        GITHUB_ATTACK,
        make_federated_trust(GITHUB, {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}),
    ),
    _SUBJECT(
        "FAIL", "github, owners that begin so", GITHUB_ATTACK, make_federated_trust(GITHUB, sub(GITHUB, "repo:acme*"))
    ),
    _SUBJECT(
        "FAIL", "github, whatever ends so", GITHUB_ATTACK, make_federated_trust(GITHUB, sub(GITHUB, "*:acme/app:*"))
    ),
    _SUBJECT(
        "FAIL",
        "github, ForAllValues",
        MULTIVALUED,
        make_federated_trust(GITHUB, sub(GITHUB, "repo:acme/app:*", "ForAllValues:StringLike")),
    ),
    _SUBJECT(
        "FAIL",
        "gitlab, any group",
        SHARED,
        make_federated_trust(GITLAB, sub(GITLAB, "project_path:*/app:ref_type:branch:ref:main")),
    ),
    _SUBJECT(
        "FAIL",
        "terraform, any organization",
        TERRAFORM_DOCS,
        make_federated_trust(TERRAFORM, sub(TERRAFORM, "organization:*:project:net:workspace:prod:run_phase:apply")),
    ),
    _SUBJECT(
        "FAIL",
        "cognito, guests",
        COGNITO_ATTACK,
        make_federated_trust(
            COGNITO,
            {
                "StringEquals": {f"{COGNITO}:aud": "eu-west-1:1"},
                "ForAnyValue:StringLike": {f"{COGNITO}:amr": "unauthenticated"},
            },
        ),
    ),
    _SUBJECT(
        "FAIL",
        "cognito, any identity pool",
        COGNITO_DOCS,
        make_federated_trust(COGNITO, {"ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"}}),
    ),
    _SUBJECT(
        "FAIL",
        "github, a branch of anybody",
        GITHUB_DOCS,
        make_federated_trust(GITHUB, {"StringEquals": {f"{GITHUB}:ref": "refs/heads/main"}}),
    ),
    _SUBJECT(
        "FAIL",
        "kubernetes, any namespace",
        EKS_DOCS,
        make_federated_trust(CLUSTER, sub(CLUSTER, "system:serviceaccount:*:web")),
    ),
    _SUBJECT("PASS", "github, a repository", GITHUB_DOCS, make_federated_trust(GITHUB, sub(GITHUB, "repo:acme/app:*"))),
    _SUBJECT(
        "PASS",
        "github, an immutable subject",
        GITHUB_DOCS,
        make_federated_trust(
            GITHUB, sub(GITHUB, "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main", "StringEquals")
        ),
    ),
    _SUBJECT(
        "PASS",
        "github, a repository by its id",
        STS_KEYS,
        make_federated_trust(GITHUB, {"StringEquals": {f"{GITHUB}:repository_id": "456789"}}),
    ),
    _SUBJECT(
        "PASS",
        "github, an open subject that a second condition closes",
        GITHUB_DOCS,
        make_federated_trust(GITHUB, {**sub(GITHUB, "repo:*"), "StringEquals": {f"{GITHUB}:repository": "acme/app"}}),
    ),
    _SUBJECT(
        "PASS",
        "github, an open subject that a Deny closes",
        EVALUATION,
        make_federated_trust(
            GITHUB, sub(GITHUB, "repo:*"), statement("*", sub(GITHUB, "repo:acme/app:*", "StringNotLike"), "Deny")
        ),
    ),
    _SUBJECT(
        "PASS",
        "circleci as documented",
        CIRCLECI_DOCS,
        make_federated_trust(CIRCLECI, sub(CIRCLECI, "org/0a1b/project/7c/user/*")),
    ),
    _SUBJECT(
        "PASS", "bitbucket as documented", BITBUCKET_DOCS, make_federated_trust(BITBUCKET, sub(BITBUCKET, "{7c}*:*"))
    ),
    _SUBJECT(
        "PASS",
        "cognito, people of one identity pool",
        COGNITO_DOCS,
        make_federated_trust(
            COGNITO,
            {
                "StringEquals": {f"{COGNITO}:aud": "eu-west-1:1"},
                "ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"},
            },
        ),
    ),
]
