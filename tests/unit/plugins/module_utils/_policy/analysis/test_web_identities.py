# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of identity providers that trust policies let in."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.trusts import Trust
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.web_identities import (
    ANY_OWNER,
    Opening,
    OpenSubject,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy

from ..samples import policies

OWN = "111122223333"
ROLE = f"arn:aws:iam::{OWN}:role/app"
GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
TERRAFORM = "app.terraform.io"
BUILDKITE = "agent.buildkite.com"
VERCEL = "oidc.vercel.com"
COGNITO = "cognito-identity.amazonaws.com"
GOOGLE = "accounts.google.com"
CIRCLECI = "oidc.circleci.com/org/0a1b"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
CLUSTER = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
TENANT = "sts.windows.net/11111111-2222-3333-4444-555555555555/"
MICROSOFT = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"
BUILT_IN = (COGNITO, GOOGLE, "www.amazon.com", "graph.facebook.com")
REPOSITORIES = "any repository of an owner"


def statement(issuer: str, condition: t.Any = None, effect: str = "Allow", **more: t.Any) -> dict[str, t.Any]:
    principal = issuer if issuer in BUILT_IN else f"arn:aws:iam::{OWN}:oidc-provider/{issuer}"
    found = {"Effect": effect, "Principal": {"Federated": principal}, "Action": "sts:AssumeRoleWithWebIdentity", **more}
    return {**found, "Condition": condition} if condition else found


def subjects(*statements: dict[str, t.Any], rcps: tuple[Policy, ...] = ()) -> tuple[OpenSubject, ...]:
    document = parse({"Version": "2012-10-17", "Statement": list(statements)})
    return Trust(document, ROLE, rcps=rcps).open_subjects()


def find_openings(issuer: str, condition: t.Any = None) -> list[tuple[str, t.Optional[str]]]:
    return [(item.left, item.pattern) for item in subjects(statement(issuer, condition))]


def sub(issuer: str, value: t.Any, operator: str = "StringLike") -> dict[str, t.Any]:
    return {operator: {f"{issuer}:sub": value}}


def claims(issuer: str, operator: str = "StringEquals", **values: t.Any) -> dict[str, t.Any]:
    return {operator: {f"{issuer}:{name}": value for name, value in values.items()}}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param(None, [(ANY_OWNER, None)], id="no condition"),
        pytest.param({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, [(ANY_OWNER, None)], id="audience only"),
        pytest.param({"StringLike": {f"{GITHUB}:sub": "repo:*"}}, [(ANY_OWNER, "repo:*")], id="any repository"),
        pytest.param(
            {"StringLike": {f"{GITHUB}:SUB": "repo:acme/*"}},
            [(REPOSITORIES, "repo:acme/*")],
            id="owner",
        ),
        pytest.param({"StringLike": {f"{GITHUB}:sub": "repo:acme/app:*"}}, [], id="repository"),
        pytest.param(
            {"StringLike": {f"{GITHUB}:sub": ["repo:acme/**", "repo:acme/?*:ref:*"]}},
            [(REPOSITORIES, name) for name in ("repo:acme/**", "repo:acme/?*:ref:*")],
            id="owner, in other words",
        ),
        pytest.param(
            {"StringLike": {f"{GITHUB}:sub": ["*acme/app", "rep*:acme/app", "*:acme/app:*"]}},
            [(ANY_OWNER, name) for name in ("*acme/app", "rep*:acme/app", "*:acme/app:*")],
            id="whatever ends so, as others may name an environment",
        ),
        pytest.param({"StringEquals": {f"{GITHUB}:sub": "repo:acme/app:ref:refs/heads/main"}}, [], id="branch"),
        pytest.param(
            {"ForAllValues:StringLike": {f"{GITHUB}:sub": "repo:a/b:*"}}, [(ANY_OWNER, None)], id="for all values"
        ),
        pytest.param({"StringLikeIfExists": {f"{GITHUB}:sub": "repo:a/b:*"}}, [(ANY_OWNER, None)], id="if exists"),
        pytest.param(
            {"StringLike": {f"{GITHUB}:sub": "repo:*"}, "StringEquals": {f"{GITHUB}:sub": "repo:a/b:x"}}, [], id="both"
        ),
    ],
)
def test_github_subjects(condition: t.Any, expected: list[tuple[str, t.Optional[str]]]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html"""
    assert find_openings(GITHUB, condition) == expected


@pytest.mark.parametrize(
    ("issuer", "condition", "expected"),
    [
        pytest.param(
            GITHUB, sub(GITHUB, "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"), [], id="immutable subject"
        ),
        pytest.param(GITHUB, sub(GITHUB, "repo:octo-org@123456/octo-repo@456789:*"), [], id="immutable, any branch"),
        pytest.param(
            GITHUB,
            sub(GITHUB, "repo:octo-org@*/*"),
            [(REPOSITORIES, "repo:octo-org@*/*")],
            id="immutable, any repository",
        ),
        pytest.param(GITHUB, sub(GITHUB, "repo:acme*"), [(ANY_OWNER, "repo:acme*")], id="owners that begin so"),
        pytest.param(
            GITHUB, sub(GITHUB, "repo:acm?/app:*"), [(ANY_OWNER, "repo:acm?/app:*")], id="owners of that length"
        ),
        pytest.param(GITHUB, sub(GITHUB, "repo:acme/app-*:*"), [], id="repositories that begin so"),
        pytest.param(
            GITHUB,
            sub(GITHUB, "repo:acme/*:environment:prod"),
            [(REPOSITORIES, "repo:acme/*:environment:prod")],
            id="env",
        ),
        pytest.param(GITHUB, sub(GITHUB, "repo:acme/*", "StringEquals"), [], id="a wildcard that is none"),
        pytest.param(GITHUB, sub(GITHUB, "repo:acme/app:*", "StringNotLike"), [(ANY_OWNER, None)], id="all but one"),
        pytest.param(
            GITHUB,
            {**sub(GITHUB, "repo:acme/app:*", "StringNotLike"), "Null": {f"{GITHUB}:sub": "false"}},
            [(ANY_OWNER, None)],
            id="all but one, with a subject",
        ),
        pytest.param(
            GITHUB, claims(GITHUB, "StringLike", repository_id="45*"), [(ANY_OWNER, None)], id="ids that begin so"
        ),
        # The newer claims.
        pytest.param(GITHUB, claims(GITHUB, repository="acme/app"), [], id="repository"),
        pytest.param(GITHUB, claims(GITHUB, repository_id="456789"), [], id="repository id"),
        pytest.param(
            GITHUB,
            claims(GITHUB, job_workflow_ref="acme/shared/.github/workflows/deploy.yml@refs/heads/main"),
            [],
            id="reusable workflow",
        ),
        pytest.param(GITHUB, claims(GITHUB, repository_owner_id="123456"), [(REPOSITORIES, None)], id="owner id"),
        pytest.param(GITHUB, claims(GITHUB, enterprise_id="7"), [(REPOSITORIES, None)], id="enterprise id"),
        pytest.param(GITHUB, claims(GITHUB, environment="prod"), [(ANY_OWNER, None)], id="environment is free"),
        pytest.param(GITHUB, claims(GITHUB, ref="refs/heads/main"), [(ANY_OWNER, None)], id="so is the branch"),
        pytest.param(GITHUB, claims(GITHUB, workflow="deploy"), [(ANY_OWNER, None)], id="and the workflow"),
        pytest.param(GITHUB, claims(GITHUB, actor="alice"), [(ANY_OWNER, None)], id="alice works for others too"),
        pytest.param(
            GITHUB, claims(GITHUB, "StringLike", repository="*/app"), [(ANY_OWNER, "*/app")], id="a name anywhere"
        ),
        pytest.param(
            GITHUB,
            claims(GITHUB, "StringEqualsIfExists", repository_id="456789"),
            [(ANY_OWNER, None)],
            id="if it exists",
        ),
        pytest.param(
            GITHUB,
            {**sub(GITHUB, "repo:*"), **claims(GITHUB, repository="acme/app")},
            [],
            id="a second condition closes",
        ),
        pytest.param(
            GITHUB, {**sub(GITHUB, "repo:acme/*"), **claims(GITHUB, repository_id="456789")}, [], id="so does an id"
        ),
        pytest.param(
            GITHUB,
            {**sub(GITHUB, "repo:acme/*"), **claims(GITHUB, environment="prod")},
            [(REPOSITORIES, "repo:acme/*")],
            id="an environment does not",
        ),
        pytest.param(
            GITHUB,
            {**sub(GITHUB, "repo:*"), **claims(GITHUB, repository_owner_id="123456")},
            [(REPOSITORIES, "repo:*")],
            id="an owner id leaves its repositories",
        ),
        # Subjects that an owner composed of other claims.
        pytest.param(GITHUB, sub(GITHUB, "repo:acme/app", "StringEquals"), [], id="a repository alone"),
        pytest.param(
            GITHUB, sub(GITHUB, "environment:prod:*"), [(ANY_OWNER, "environment:prod:*")], id="an environment"
        ),
        pytest.param(
            GITHUB,
            sub(GITHUB, "environment:prod", "StringEquals"),
            [(ANY_OWNER, "environment:prod")],
            id="exactly that",
        ),
        pytest.param(GITHUB, sub(GITHUB, "environment:prod:repo:acme/app:*"), [], id="an environment and a repository"),
        pytest.param(
            GITHUB,
            sub(GITHUB, "environment:prod:repo:acme/*"),
            [(REPOSITORIES, "environment:prod:repo:acme/*")],
            id="an environment and an owner",
        ),
        pytest.param(
            GITHUB, sub(GITHUB, "environment:prod:repo:*"), [(ANY_OWNER, "environment:prod:repo:*")], id="and anybody"
        ),
        pytest.param(GITHUB, sub(GITHUB, "*repo:acme/app:*"), [(ANY_OWNER, "*repo:acme/app:*")], id="what ends so"),
        pytest.param(
            GITHUB,
            sub(GITHUB, "job_workflow_ref:acme/shared/.github/workflows/deploy.yml@refs/heads/main", "StringEquals"),
            [],
            id="a reusable workflow as the subject",
        ),
        pytest.param(GITHUB, sub(GITHUB, "repository_id:456789:*"), [], id="a repository id as the subject"),
        pytest.param(
            GITHUB,
            sub(GITHUB, "repository_owner_id:123456:*"),
            [(REPOSITORIES, "repository_owner_id:123456:*")],
            id="an owner id as the subject",
        ),
        pytest.param(
            GITHUB,
            sub(GITHUB, "repository_owner_id:*"),
            [(ANY_OWNER, "repository_owner_id:*")],
            id="any owner id as the subject",
        ),
        pytest.param(
            BUILDKITE, sub(BUILDKITE, "0184990a-4782-42b5-afc1-16715b10b1b0", "StringEquals"), [], id="a pipeline's id"
        ),
        pytest.param(BUILDKITE, sub(BUILDKITE, "main", "StringEquals"), [(ANY_OWNER, "main")], id="a branch"),
        # Other issuers that serve everybody.
        pytest.param(GITLAB, None, [(ANY_OWNER, None)], id="gitlab"),
        pytest.param(GITLAB, sub(GITLAB, "project_path:acme/app:ref_type:branch:ref:main"), [], id="gitlab project"),
        pytest.param(GITLAB, sub(GITLAB, "project_path:acme/team/app:*"), [], id="gitlab project of a subgroup"),
        pytest.param(
            GITLAB, sub(GITLAB, "project_path:acme/*"), [("any project of a group", "project_path:acme/*")], id="group"
        ),
        pytest.param(GITLAB, claims(GITLAB, namespace_id="4"), [("any project of a group", None)], id="namespace id"),
        pytest.param(GITLAB, claims(GITLAB, project_id="4"), [], id="project id"),
        pytest.param(GITLAB, claims(GITLAB, user_login="alice"), [(ANY_OWNER, None)], id="user"),
        pytest.param(
            TERRAFORM,
            sub(TERRAFORM, "organization:*:project:net:workspace:prod:run_phase:apply"),
            [(ANY_OWNER, "organization:*:project:net:workspace:prod:run_phase:apply")],
            id="any organization at Terraform",
        ),
        pytest.param(
            TERRAFORM,
            sub(TERRAFORM, "organization:acme:*"),
            [("any workspace of an organization", "organization:acme:*")],
            id="any workspace",
        ),
        pytest.param(
            TERRAFORM, sub(TERRAFORM, "organization:acme:project:net:workspace:*:run_phase:*"), [], id="one project"
        ),
        pytest.param(
            TERRAFORM, sub(TERRAFORM, "organization:acme:project:*:workspace:prod:run_phase:*"), [], id="one workspace"
        ),
        pytest.param(TERRAFORM, claims(TERRAFORM, aud="aws.workload.identity"), [(ANY_OWNER, None)], id="audience"),
        pytest.param(
            BUILDKITE,
            sub(BUILDKITE, "organization:acme:pipeline:app:ref:refs/heads/main:*"),
            [],
            id="buildkite pipeline",
        ),
        pytest.param(
            BUILDKITE,
            sub(BUILDKITE, "organization:*:pipeline:app:*"),
            [(ANY_OWNER, "organization:*:pipeline:app:*")],
            id="any organization at Buildkite",
        ),
        pytest.param(
            BUILDKITE,
            claims(BUILDKITE, organization_slug="acme"),
            [("any pipeline of an organization", None)],
            id="slug",
        ),
        pytest.param(BUILDKITE, claims(BUILDKITE, pipeline_id="0184"), [], id="pipeline id"),
        pytest.param(BUILDKITE, claims(BUILDKITE, pipeline_slug="app"), [(ANY_OWNER, None)], id="pipeline slug"),
        pytest.param(VERCEL, sub(VERCEL, "owner:acme:project:site:environment:production"), [], id="vercel project"),
        pytest.param(
            VERCEL,
            sub(VERCEL, "owner:*:project:site:environment:production"),
            [(ANY_OWNER, "owner:*:project:site:environment:production")],
            id="any team",
        ),
        pytest.param(
            VERCEL,
            claims(VERCEL, aud="https://vercel.com/acme"),
            [("any project of a team", None)],
            id="team's audience",
        ),
        pytest.param(
            VERCEL,
            {
                "StringEquals": {f"{VERCEL}:aud": "https://vercel.com/acme"},
                "StringLike": {f"{VERCEL}:sub": "owner:*:project:site:environment:*"},
            },
            [],
            id="team by audience, project by subject",
        ),
        pytest.param(GOOGLE, claims(GOOGLE, oaud="https://app.example"), [(ANY_OWNER, None)], id="google, any account"),
        pytest.param(GOOGLE, claims(GOOGLE, aud="1122"), [], id="google application"),
        pytest.param(GOOGLE, claims(GOOGLE, sub="1122"), [], id="google account"),
        pytest.param(MICROSOFT, claims(MICROSOFT, aud="api://1"), [(ANY_OWNER, None)], id="anybody's Sentinel"),
        pytest.param(
            MICROSOFT,
            {"StringEquals": {"sts:RoleSessionName": "MicrosoftSentinel_1"}},
            [],
            id="one workspace's Sentinel",
        ),
        # Issuers of one owner.
        pytest.param(CIRCLECI, sub(CIRCLECI, "org/0a1b/project/7c/user/*"), [], id="circleci, as documented"),
        # A branch of another project can be named "x/project/7c/y".
        pytest.param(
            CIRCLECI,
            sub(CIRCLECI, "org/*/project/7c/*"),
            [("any project of the organization", "org/*/project/7c/*")],
            id="circleci, wildcard before the project",
        ),
        pytest.param(
            CIRCLECI,
            sub(CIRCLECI, "org/0a1b/project/*"),
            [("any project of the organization", "org/0a1b/project/*")],
            id="org",
        ),
        pytest.param(
            CIRCLECI, {"StringEquals": {f"{CIRCLECI}:oidc.circleci.com/project-id": "7c"}}, [], id="circleci project id"
        ),
        pytest.param(BITBUCKET, sub(BITBUCKET, "{7c}*:*"), [], id="bitbucket, as documented"),
        pytest.param(BITBUCKET, sub(BITBUCKET, "{7c}:{1}:*"), [], id="bitbucket, one environment"),
        pytest.param(
            BITBUCKET,
            sub(BITBUCKET, "*:*"),
            [("any repository of the workspace", "*:*")],
            id="bitbucket, any repository",
        ),
        pytest.param(
            BITBUCKET,
            claims(BITBUCKET, aud="ari:cloud:bitbucket::workspace/1"),
            [("any repository of the workspace", None)],
            id="bitbucket, audience only",
        ),
        pytest.param(CLUSTER, sub(CLUSTER, "system:serviceaccount:shop:*"), [], id="namespace of a cluster"),
        pytest.param(
            CLUSTER,
            sub(CLUSTER, "system:serviceaccount:*:web"),
            [("any namespace of the cluster", "system:serviceaccount:*:web")],
            id="any namespace",
        ),
        pytest.param(TENANT, claims(TENANT, aud="api://1"), [("any subject of the tenant", None)], id="entra tenant"),
        pytest.param(TENANT, claims(TENANT, sub="8f"), [], id="entra service principal"),
        # Nothing is known of others.
        pytest.param("idp.example.com", None, [(ANY_OWNER, None)], id="unknown issuer"),
        pytest.param(
            "idp.example.com", sub("idp.example.com", "robot-7", "StringEquals"), [], id="unknown, one subject"
        ),
        pytest.param("idp.example.com", sub("idp.example.com", "*"), [(ANY_OWNER, "*")], id="unknown, any subject"),
        pytest.param("gitlab.example.com", sub("gitlab.example.com", "project_path:acme/app:*"), [], id="own GitLab"),
        pytest.param(
            "aks.example.com", sub("aks.example.com", "system:serviceaccount:shop:*"), [], id="another cluster"
        ),
        # Cognito.
        pytest.param(COGNITO, None, [(ANY_OWNER, None)], id="any identity pool"),
        pytest.param(
            COGNITO,
            {"ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"}},
            [(ANY_OWNER, None)],
            id="people of any identity pool",
        ),
        pytest.param(COGNITO, claims(COGNITO, aud="eu-west-1:1"), [("guests of the identity pool", None)], id="pool"),
        pytest.param(
            COGNITO,
            {**claims(COGNITO, aud="eu-west-1:1"), "ForAnyValue:StringLike": {f"{COGNITO}:amr": "unauthenticated"}},
            [("guests of the identity pool", None)],
            id="guests",
        ),
        pytest.param(
            COGNITO,
            {**claims(COGNITO, aud="eu-west-1:1"), "ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"}},
            [],
            id="people of one identity pool",
        ),
    ],
)
def test_who_gets_in(issuer: str, condition: t.Any, expected: list[tuple[str, t.Optional[str]]]) -> None:
    """Each provider as its documentation says, which is named in the table of providers."""
    assert find_openings(issuer, condition) == expected


@pytest.mark.parametrize(
    ("allowed", "denied", "expected"),
    [
        pytest.param(None, sub(GITHUB, "repo:acme/app:*", "StringNotLike"), [], id="all but a repository"),
        pytest.param("repo:*", sub(GITHUB, "repo:acme/app:*", "StringNotLike"), [], id="beside an open subject"),
        pytest.param(
            "repo:*", sub(GITHUB, "repo:acme/*", "StringNotLike"), [(REPOSITORIES, None)], id="all but an owner"
        ),
        pytest.param("repo:*", sub(GITHUB, "repo:evil/*"), [(ANY_OWNER, "repo:*")], id="one owner only"),
        pytest.param("repo:*", {"Bool": {"aws:SecureTransport": "false"}}, [(ANY_OWNER, "repo:*")], id="TLS"),
        pytest.param("repo:*", sub(GITHUB, "repo:stranger-0/*"), [(ANY_OWNER, "repo:*")], id="one more owner"),
        pytest.param("repo:*", None, [], id="everybody"),
        pytest.param(
            "repo:*",
            {"StringEquals": {"aws:FederatedProvider": f"arn:aws:iam::{OWN}:oidc-provider/{GITHUB}"}},
            [],
            id="the provider",
        ),
        pytest.param(
            "repo:*", claims(GITHUB, "StringNotEquals", repository_id="456789"), [], id="all but a repository's id"
        ),
        pytest.param(
            "repo:*",
            {
                **claims(GITHUB, "StringNotEquals", repository_id="456789"),
                **claims(GITHUB, "Null", repository_id="false"),
            },
            [(ANY_OWNER, "repo:*")],
            id="a denial that a token without the claim avoids",
        ),
    ],
)
def test_denials_close(allowed: t.Optional[str], denied: t.Any, expected: list[tuple[str, t.Optional[str]]]) -> None:
    """AWS evaluates a Deny of the trust policy or of an RCP first, whatever an Allow says."""
    allowing = statement(GITHUB, sub(GITHUB, allowed) if allowed else None)
    denial = {**statement(GITHUB, denied, "Deny"), "Principal": "*"}
    assert [(item.left, item.pattern) for item in subjects(allowing, denial)] == expected
    rcp = parse({"Version": "2012-10-17", "Statement": [{**denial, "Action": "sts:*", "Resource": "*"}]})
    assert [(item.left, item.pattern) for item in subjects(allowing, rcps=(rcp,))] == expected


def test_a_denial_of_another_way_in_closes_nothing() -> None:
    denial = {**statement(GITHUB, None, "Deny"), "Principal": "*", "Action": "sts:AssumeRole"}
    assert subjects(statement(GITHUB), denial)
    assert subjects(statement(GITHUB, Action="sts:*"), denial)
    assert not subjects(statement(GITHUB, Action="sts:AssumeRole"))


def test_openings_differ_by_who_has_the_token() -> None:
    def only(issuer: str, condition: t.Any = None) -> tuple[Opening, bool]:
        (found,) = subjects(statement(issuer, condition))
        return found.opening, found.is_shared

    assert only(GITHUB) == (Opening.STRANGERS, True)
    assert only(GITHUB, sub(GITHUB, "repo:acme/*")) == (Opening.WITHIN, True)
    assert only(COGNITO, claims(COGNITO, aud="eu-west-1:1")) == (Opening.GUESTS, True)
    assert only(CLUSTER) == (Opening.WITHIN, False)
    assert only("idp.example.com") == (Opening.STRANGERS, False)


def test_every_statement_counts() -> None:
    closed = statement(GITHUB, sub(GITHUB, "repo:acme/app:*"))
    assert [item.issuer for item in subjects(closed, statement(GITLAB), statement(CLUSTER))] == [GITLAB, CLUSTER]


def test_saml_providers_have_no_subjects() -> None:
    saml = {**statement(GITHUB), "Principal": {"Federated": f"arn:aws:iam::{OWN}:saml-provider/Idp"}}
    assert subjects({**saml, "Action": ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]}) == ()


def test_long_lists_of_patterns_stay_cheap() -> None:
    """A trust policy holds 8,192 characters at most: each claim is tried by itself first."""
    owners = [f"repo:owner{number}/*" for number in range(80)]
    many = {"StringLike": {f"{GITHUB}:sub": owners, f"{GITHUB}:repository": [f"owner{n}/*" for n in range(80)]}}
    assert [item.pattern for item in subjects(statement(GITHUB, many))] == owners


@given(policies(principals=True))
def test_no_policy_is_an_error(document: Policy) -> None:
    found = Trust(document, ROLE).open_subjects()
    assert len(found) == len(set(found))
