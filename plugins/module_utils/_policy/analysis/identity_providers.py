# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Identity providers of OpenID Connect: who can get a token from each, and which claims of it name the owner.

AWS evaluates ``sub`` and ``aud`` of every provider, and of some the further claims that the page below lists; a
condition on any other claim never matches. Where an issuer serves many customers, AWS asks since 2025 for a condition
on the claim that names the customer, but only when a trust policy is written anew.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
"""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from collections.abc import Mapping


class Issues(enum.Enum):
    """The customers whom an issuer gives tokens."""

    TO_ANYBODY = "anybody who signs up"
    # The address of the issuer names one organization, workspace, tenant or cluster.
    TO_ONE_OWNER = "one owner"
    UNKNOWN = "not known"


class Claim(enum.Enum):
    """How closely a claim names the owner of a token."""

    # Names the customer: other customers have another value, all tokens of the customer have the same.
    OWNER = "owner"
    # Names one repository, project or pipeline, and with it the customer.
    PROJECT = "project"


@dataclasses.dataclass(frozen=True)
class Grammar:
    """How a claim is composed. The group ``owner`` is the customer; the groups of ``narrow`` are what is within it.

    ``stranger`` is the beginning of a value of another customer, up to what that customer chooses freely. Values may
    have other forms: ``owned`` such that name the customer, ``named`` such that name something within it. What has none
    of these forms names nobody, so that others can have it as well.
    """

    pattern: re.Pattern[str]
    stranger: str
    narrow: tuple[str, ...] = ()
    owned: t.Optional[re.Pattern[str]] = None
    named: t.Optional[re.Pattern[str]] = None


@dataclasses.dataclass(frozen=True)
class Provider:
    """One kind of identity provider.

    ``issuer`` matches the address without ``https://``. ``composed`` are claims with a grammar, ``claims`` such that
    hold one name or number, ``keys`` condition keys that are no claims of the issuer. Claims that are missing here
    close nothing: everybody who asks for a token chooses them (the branch, the environment, the name of a workflow), or
    they name somebody who also works for others (the person who started a run).
    """

    name: str
    issuer: re.Pattern[str]
    issues: Issues
    owner: str
    project: str
    composed: Mapping[str, Grammar]
    claims: Mapping[str, Claim]
    example: str
    source: str
    keys: Mapping[str, Claim] = dataclasses.field(default_factory=dict)
    has_guests: bool = False


def _grammar(pattern: str, stranger: str, *narrow: str, owned: str = "", named: str = "") -> Grammar:
    others = [re.compile(other, re.DOTALL) if other else None for other in (owned, named)]
    return Grammar(re.compile(pattern, re.DOTALL), stranger, narrow, *others)


# Repositories made after 2026-07-15 have "owner@id/name@id". The owner of a repository chooses of which claims the
# subject consists: where it is of environment, ref or workflow alone, all owners can have it.
_GITHUB_SUBJECT: t.Final = _grammar(
    r"(?:.*?:)??(?:repo|repository):(?P<owner>[^/:@]+)(?:@\d+)?/(?P<project>[^:@]+)(?:@\d+)?(?::.*)?",
    "repo:stranger-0/other-0:environment:",
    "project",
    owned=r"(?:.*:)?(?:repository_owner|repository_owner_id|enterprise|enterprise_id):[^:*?]+(?::.*)?",
    named=r"(?:.*:)?(?:repository_id:[^:*?]+|job_workflow_ref:[^/:*?]+/[^/:*?]+/.*)(?::.*)?",
)
_GITHUB_CLAIMS: t.Final = {
    "enterprise_id": Claim.OWNER,
    "repository_id": Claim.PROJECT,
    "repository_owner_id": Claim.OWNER,
}
_GITHUB_COMPOSED: t.Final = {
    "sub": _GITHUB_SUBJECT,
    "repository": _grammar(r"(?P<owner>[^/:]+)/(?P<project>.+)", "stranger-0/other-0", "project"),
    # It names the workflow that runs, wherever it is called from: nobody else's code gets the token.
    "job_workflow_ref": _grammar(
        r"(?P<owner>[^/:]+)/(?P<project>[^/]+)/\.github/workflows/.+@.+",
        "stranger-0/other-0/.github/workflows/x.yml@",
        "project",
    ),
}
_GITHUB_SOURCE: t.Final = "https://docs.github.com/en/actions/reference/security/oidc"

PROVIDERS: t.Final = (
    Provider(
        name="GitHub Actions",
        issuer=re.compile(r"token\.actions\.githubusercontent\.com"),
        issues=Issues.TO_ANYBODY,
        owner="owner",
        project="repository",
        composed=_GITHUB_COMPOSED,
        claims=_GITHUB_CLAIMS,
        example="repo:octo-org/octo-repo:ref:refs/heads/main",
        source=_GITHUB_SOURCE,
    ),
    # An enterprise may have an issuer of its own, and has one with data residency.
    Provider(
        name="GitHub Actions of one enterprise",
        issuer=re.compile(
            r"token\.actions\.githubusercontent\.com/.+|token\.actions\.[^./]+\.ghe\.com|github\.com/enterprises/[^/]+"
        ),
        issues=Issues.TO_ONE_OWNER,
        owner="enterprise",
        project="repository",
        composed={
            "sub": _grammar(
                r"(?:.*?:)??repo:(?P<project>[^:]+)(?::.*)?", "repo:other-0/other-0:environment:", "project"
            ),
            "repository": _grammar(r"(?P<project>.+)", "other-0/other-0", "project"),
            "job_workflow_ref": _grammar(
                r"(?P<project>[^/]+/[^/]+)/\.github/workflows/.+@.+",
                "other-0/other-0/.github/workflows/x.yml@",
                "project",
            ),
        },
        claims={"repository_id": Claim.PROJECT, "repository_owner_id": Claim.PROJECT},
        example="repo:octo-org/octo-repo:environment:prod",
        source=_GITHUB_SOURCE,
    ),
    Provider(
        name="GitLab.com",
        issuer=re.compile(r"gitlab\.com"),
        issues=Issues.TO_ANYBODY,
        owner="group",
        project="project",
        composed={
            "sub": _grammar(
                r"project_path:(?P<owner>[^/:]+)/(?P<project>[^:]+):.*",
                "project_path:stranger-0/other-0:ref_type:branch:ref:",
                "project",
            )
        },
        claims={"namespace_id": Claim.OWNER, "project_id": Claim.PROJECT},
        example="project_path:mygroup/myproject:ref_type:branch:ref:main",
        source="https://docs.gitlab.com/ci/secrets/id_token_authentication/",
    ),
    Provider(
        name="Bitbucket Pipelines",
        issuer=re.compile(r"api\.bitbucket\.org/2\.0/workspaces/[^/]+/pipelines-config/identity/oidc"),
        issues=Issues.TO_ONE_OWNER,
        owner="workspace",
        project="repository",
        composed={
            "sub": _grammar(r"(?P<project>\{?[^:]+?\}?)(:.*)?", "{0}:{0}:{0}", "project"),
        },
        claims={},
        example="{repository-uuid}:{environment-uuid}:{step-uuid}",
        source="https://support.atlassian.com/bitbucket-cloud/docs/"
        "deploy-on-aws-using-bitbucket-pipelines-openid-connect/",
    ),
    Provider(
        name="CircleCI",
        issuer=re.compile(r"oidc\.circleci\.com/org/[^/]+"),
        issues=Issues.TO_ONE_OWNER,
        owner="organization",
        project="project",
        composed={
            "sub": _grammar(r"org/[^/]+/project/(?P<project>[^/]+)/.*", "org/0/project/0/user/0/vcs-ref/", "project"),
        },
        claims={"oidc.circleci.com/project-id": Claim.PROJECT},
        example="org/organization-uuid/project/project-uuid/user/user-uuid",
        source="https://circleci.com/docs/openid-connect-tokens/",
    ),
    Provider(
        name="HCP Terraform",
        issuer=re.compile(r"app\.(eu\.)?terraform\.io"),
        issues=Issues.TO_ANYBODY,
        owner="organization",
        project="workspace",
        composed={
            "sub": _grammar(
                r"organization:(?P<owner>[^:]+):project:(?P<project>[^:]+):workspace:(?P<workspace>[^:]+):run_phase:[^:]*",
                "organization:stranger-0:project:other-0:workspace:other-0:run_phase:",
                "project",
                "workspace",
            )
        },
        claims={},
        example="organization:my-org:project:my-project:workspace:my-workspace:run_phase:apply",
        source="https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/"
        "aws-configuration",
    ),
    Provider(
        name="Buildkite",
        issuer=re.compile(r"agent\.buildkite\.com|agent\.[^./]+\.buildkite\.(dev|site)"),
        issues=Issues.TO_ANYBODY,
        owner="organization",
        project="pipeline",
        composed={
            "sub": _grammar(
                r"organization:(?P<owner>[^:]+):pipeline:(?P<project>[^:]+):ref:.*",
                "organization:stranger-0:pipeline:other-0:ref:",
                "project",
                # The id of the pipeline, the cluster or the organization, by the agent's option subject-claim.
                named=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            )
        },
        claims={
            "cluster_id": Claim.OWNER,
            "organization_id": Claim.OWNER,
            "organization_slug": Claim.OWNER,
            "pipeline_id": Claim.PROJECT,
        },
        example="organization:acme-inc:pipeline:app:ref:refs/heads/main:commit:9f3182061f1e:step:build",
        source="https://buildkite.com/docs/agent/v3/cli-oidc",
    ),
    Provider(
        name="Vercel",
        issuer=re.compile(r"oidc\.vercel\.com"),
        issues=Issues.TO_ANYBODY,
        owner="team",
        project="project",
        composed={
            "sub": _grammar(
                r"owner:(?P<owner>[^:]+):project:(?P<project>[^:]+):environment:[^:]*",
                "owner:stranger-0:project:other-0:environment:",
                "project",
            ),
            "aud": _grammar(r"https://vercel\.com/(?P<owner>[^/]+)", "https://vercel.com/stranger-0"),
        },
        claims={},
        example="owner:acme:project:acme_website:environment:production",
        source="https://vercel.com/docs/oidc/reference",
    ),
    Provider(
        name="Vercel, with the team's issuer",
        issuer=re.compile(r"oidc\.vercel\.com/[^/]+"),
        issues=Issues.TO_ONE_OWNER,
        owner="team",
        project="project",
        composed={
            "sub": _grammar(
                r"owner:[^:]+:project:(?P<project>[^:]+):environment:[^:]*",
                "owner:0:project:other-0:environment:",
                "project",
            ),
        },
        claims={},
        example="owner:acme:project:acme_website:environment:production",
        source="https://vercel.com/docs/oidc/reference",
    ),
    Provider(
        name="Amazon Cognito identity pools",
        issuer=re.compile(r"cognito-identity\.amazonaws\.com"),
        issues=Issues.TO_ANYBODY,
        owner="identity pool",
        project="",
        composed={},
        claims={"aud": Claim.OWNER, "sub": Claim.PROJECT},
        example="us-east-1:12345678-corner-cafe-123456790ab",
        source="https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html",
        has_guests=True,
    ),
    Provider(
        name="a Kubernetes cluster of Amazon EKS",
        issuer=re.compile(r"oidc\.eks\.[a-z0-9-]+\.(amazonaws\.com|amazonaws\.com\.cn|api\.aws)/id/[^/]+"),
        issues=Issues.TO_ONE_OWNER,
        owner="cluster",
        project="namespace",
        composed={
            "sub": _grammar(
                r"system:serviceaccount:(?P<project>[^:]+):[^:]*", "system:serviceaccount:other-0:", "project"
            )
        },
        claims={},
        example="system:serviceaccount:my-namespace:my-service-account",
        source="https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
    ),
    # aud is the application that the user signed in to, and for service accounts its own id; oaud is free.
    Provider(
        name="Google",
        issuer=re.compile(r"accounts\.google\.com"),
        issues=Issues.TO_ANYBODY,
        owner="application or account",
        project="",
        composed={},
        claims={"aud": Claim.PROJECT, "sub": Claim.PROJECT, "google/organization_number": Claim.PROJECT},
        example="112233445566778899001",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html",
    ),
    Provider(
        name="Login with Amazon",
        issuer=re.compile(r"www\.amazon\.com"),
        issues=Issues.TO_ANYBODY,
        owner="application or account",
        project="",
        composed={},
        claims={"app_id": Claim.PROJECT, "user_id": Claim.PROJECT},
        example="amzn1.account.AGM6HKHEXAMPLE",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html",
    ),
    Provider(
        name="Facebook",
        issuer=re.compile(r"graph\.facebook\.com"),
        issues=Issues.TO_ANYBODY,
        owner="application or account",
        project="",
        composed={},
        claims={"app_id": Claim.PROJECT, "id": Claim.PROJECT},
        example="10150000000000000",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html",
    ),
    # Microsoft's own tenant, from which Sentinel and Defender for Cloud come in for every customer: the name of the
    # session says for which.
    Provider(
        name="Microsoft's security services",
        issuer=re.compile(r"sts\.windows\.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/?"),
        issues=Issues.TO_ANYBODY,
        owner="workspace",
        project="",
        composed={},
        claims={},
        keys={"sts:rolesessionname": Claim.PROJECT},
        example="MicrosoftSentinel_workspace-id",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html",
    ),
    Provider(
        name="a tenant of Microsoft Entra",
        issuer=re.compile(r"sts\.windows\.net/[^/]+/?|login\.microsoftonline\.com/[^/]+(/v2\.0)?/?"),
        issues=Issues.TO_ONE_OWNER,
        owner="tenant",
        project="",
        composed={},
        claims={"sub": Claim.PROJECT},
        example="11111111-2222-3333-4444-555555555555",
        source="https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference",
    ),
)

# GitLab and GitHub servers of one's own, Keycloak and others: subjects name a kind, an owner and what belongs to it.
UNKNOWN_PROVIDER: t.Final = Provider(
    name="",
    issuer=re.compile(r".*"),
    issues=Issues.UNKNOWN,
    owner="owner",
    project="repository",
    composed={
        "sub": _grammar(
            r"(?:system:)?(?:[^:]*:)?(?P<owner>[^:/]+)(?:/(?P<project>[^:]+))?(?::.*)?",
            "stranger-0:stranger-0",
            "project",
        )
    },
    claims={},
    example="kind:owner/project:rest",
    source="https://openid.net/specs/openid-connect-core-1_0.html",
)


def provider_of(issuer: str) -> Provider:
    """The kind of provider behind an issuer, which is given without ``https://``."""
    lower = issuer.lower()
    return next((item for item in PROVIDERS if item.issuer.fullmatch(lower)), UNKNOWN_PROVIDER)
