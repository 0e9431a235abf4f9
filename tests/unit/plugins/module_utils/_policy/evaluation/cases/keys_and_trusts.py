# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key policies and trust policies, without whose consent no identity-based policy counts."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Request

from .case import (
    ACCOUNT,
    ALLOWED,
    EVERYTHING,
    EXPLICIT,
    FOREIGN_ROLE,
    FULL,
    IAM,
    IMPLICIT,
    KEY,
    KMS,
    NOTHING,
    OTHER,
    ROLE,
    ROOT,
    S3_READ,
    SESSION,
    STS,
    UNKNOWN,
    USER,
    Case,
    Names,
    allow,
    deny,
    policy,
)

LOGIC: t.Final = f"{IAM}reference_policies_evaluation-logic_policy-eval-denyallow.html"
PRINCIPALS: t.Final = f"{IAM}reference_policies_elements_principal.html"
KEY_POLICY: t.Final = f"{KMS}key-policy-overview.html"
DEFAULT_KEY_POLICY: t.Final = f"{KMS}key-policy-default.html#key-policy-default-allow-root-enable-iam"
FOREIGN_KEYS: t.Final = f"{KMS}key-policy-modifying-external-accounts.html"
KEY_PERMISSIONS: t.Final = f"{KMS}kms-api-permissions-reference.html"
TRUST: t.Final = f"{IAM}id_roles_update-role-trust-policy.html"
ASSUME: t.Final = f"{STS}API_AssumeRole.html"
TAGS: t.Final = f"{IAM}id_session-tags.html"
OIDC: t.Final = f"{IAM}id_roles_create_for-idp_oidc.html"
SAML: t.Final = f"{IAM}id_roles_create_for-idp_saml.html"
EXTERNAL_ID: t.Final = f"{IAM}id_roles_common-scenarios_third-party.html"
SERVICE_ROLES: t.Final = f"{IAM}id_roles_create_for-service.html"

FOREIGN_ACCOUNT: t.Final = f"arn:aws:iam::{OTHER}:root"
ALIAS: t.Final = f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/data"
TARGET: t.Final = f"arn:aws:iam::{ACCOUNT}:role/deploy"
PROVIDER: t.Final = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
SAML_PROVIDER: t.Final = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"
_SUBJECT: t.Final = "token.actions.githubusercontent.com:sub"

Principal = t.Union[str, dict[str, Names]]


def _aws(*arns: str) -> dict[str, Names]:
    return {"AWS": list(arns)}


def _key(*statements: dict[str, t.Any]) -> Policy:
    return policy("Key", *statements)


def _decrypt(principal: str, key_policy: t.Optional[Policy], **more: t.Any) -> Request:
    return Request("kms:Decrypt", KEY, principal, resource_policy=key_policy, **more)


_DEFAULT_KEY: t.Final = _key(allow("kms:*", Principal=_aws(ROOT), Sid="Enable IAM User Permissions"))

_KEYS: t.Final = (
    Case(
        "key-leaves-it-to-the-account",
        DEFAULT_KEY_POLICY,
        _decrypt(ROLE, _DEFAULT_KEY),
        EVERYTHING,
        ALLOWED,
        "identity",
    ),
    Case(
        "key-leaves-it-and-nobody-allows",
        DEFAULT_KEY_POLICY,
        _decrypt(ROLE, _DEFAULT_KEY),
        NOTHING,
        IMPLICIT,
        "identity",
    ),
    Case(
        "key-leaves-it-within-the-boundary",
        DEFAULT_KEY_POLICY,
        _decrypt(ROLE, _DEFAULT_KEY),
        Layers((FULL,), S3_READ),
        IMPLICIT,
        "boundary",
    ),
    Case(
        "key-names-the-role",
        KEY_POLICY,
        _decrypt(ROLE, _key(allow("kms:Decrypt", Principal=_aws(ROLE)))),
        NOTHING,
        ALLOWED,
        "resource",
        "Key",
    ),
    Case(
        "key-names-the-user",
        KEY_POLICY,
        _decrypt(USER, _key(allow("kms:Decrypt", Principal=_aws(USER)))),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "key-names-another",
        KEY_POLICY,
        _decrypt(ROLE, _key(allow("kms:*", Principal=_aws(USER)))),
        EVERYTHING,
        IMPLICIT,
        "resource",
        "Key",
    ),
    Case(
        "key-without-the-account-for-root",
        KEY_POLICY,
        _decrypt(ROOT, _key(allow("kms:*", Principal=_aws(USER)))),
        NOTHING,
        IMPLICIT,
        "resource",
    ),
    Case("key-with-the-account-for-root", DEFAULT_KEY_POLICY, _decrypt(ROOT, _DEFAULT_KEY), NOTHING, ALLOWED),
    Case(
        "key-denies",
        KEY_POLICY,
        _decrypt(ROLE, _key(allow("kms:*", Principal=_aws(ROOT)), deny("kms:Decrypt", Principal="*"))),
        EVERYTHING,
        EXPLICIT,
        "resource",
    ),
    Case("key-policy-not-given", KEY_POLICY, _decrypt(ROLE, None), EVERYTHING, UNKNOWN, "resource"),
    Case(
        "key-policy-not-given-and-scp-denies",
        KEY_POLICY,
        _decrypt(ROLE, None),
        Layers((FULL,), scps=((policy("S", allow("s3:*")),),)),
        IMPLICIT,
        "scp",
    ),
    Case("no-key-is-said", KEY_POLICY, Request("kms:Decrypt", "*", ROLE), EVERYTHING, UNKNOWN, "resource"),
    Case("key-by-its-alias", KEY_POLICY, Request("kms:Decrypt", ALIAS, ROLE), EVERYTHING, UNKNOWN, "resource"),
    Case("alias-itself", KEY_PERMISSIONS, Request("kms:DeleteAlias", ALIAS, ROLE), EVERYTHING, ALLOWED),
    Case("no-role-is-said", ASSUME, Request("sts:AssumeRole", "*", ROLE), EVERYTHING, UNKNOWN, "resource"),
    Case("federated-user-without-a-role", TAGS, Request("sts:TagSession", "*", USER), EVERYTHING, ALLOWED),
    Case("actions-without-a-key", KEY_PERMISSIONS, Request("kms:CreateKey", "*", ROLE), EVERYTHING, ALLOWED),
    Case(
        "retiring-grants-has-no-key-policy",
        KEY_PERMISSIONS,
        Request("kms:RetireGrant", KEY, ROLE, resource_policy=_key(allow("kms:*", Principal=_aws(USER)))),
        EVERYTHING,
        ALLOWED,
        "identity",
    ),
    Case(
        "key-of-another-account",
        FOREIGN_KEYS,
        _decrypt(FOREIGN_ROLE, _key(allow("kms:Decrypt", Principal=_aws(FOREIGN_ACCOUNT)))),
        EVERYTHING,
        ALLOWED,
        "identity",
    ),
    Case(
        "key-of-another-account-needs-both",
        FOREIGN_KEYS,
        _decrypt(FOREIGN_ROLE, _key(allow("kms:Decrypt", Principal=_aws(FOREIGN_ROLE)))),
        NOTHING,
        IMPLICIT,
        "identity",
    ),
    Case(
        "key-of-another-account-by-default",
        FOREIGN_KEYS,
        _decrypt(FOREIGN_ROLE, _DEFAULT_KEY),
        EVERYTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "key-through-a-service",
        f"{KMS}conditions-kms.html#conditions-kms-via-service",
        _decrypt(
            ROLE,
            _key(
                allow(
                    "kms:Decrypt",
                    Principal=_aws(ROLE),
                    Condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
                )
            ),
            context={"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
        ),
        NOTHING,
        ALLOWED,
    ),
)


def _trusting(principal: Principal, action: str = "sts:AssumeRole", **more: t.Any) -> Policy:
    return policy("Trust", allow(action, None, Principal=principal, **more))


def _assume(principal: str, trust: t.Optional[Policy], action: str = "sts:AssumeRole", **more: t.Any) -> Request:
    return Request(action, TARGET, principal, resource_policy=trust, **more)


_TRUSTS: t.Final = (
    Case("trust-names-the-user", TRUST, _assume(USER, _trusting(_aws(USER))), NOTHING, ALLOWED, "resource", "Trust"),
    Case("trust-names-the-role", TRUST, _assume(SESSION, _trusting(_aws(ROLE))), NOTHING, ALLOWED, "resource"),
    Case("trust-names-another", LOGIC, _assume(USER, _trusting(_aws(ROLE))), EVERYTHING, IMPLICIT, "resource", "Trust"),
    Case(
        "trust-leaves-it-to-the-account", ASSUME, _assume(USER, _trusting(_aws(ROOT))), EVERYTHING, ALLOWED, "identity"
    ),
    Case(
        "trust-leaves-it-and-nobody-allows", ASSUME, _assume(USER, _trusting(_aws(ROOT))), NOTHING, IMPLICIT, "identity"
    ),
    Case("trust-not-given", LOGIC, _assume(USER, None), EVERYTHING, UNKNOWN, "resource"),
    Case(
        "trust-of-another-account",
        ASSUME,
        _assume(FOREIGN_ROLE, _trusting(_aws(FOREIGN_ACCOUNT))),
        EVERYTHING,
        ALLOWED,
        "identity",
    ),
    Case(
        "trust-of-another-account-needs-both",
        ASSUME,
        _assume(FOREIGN_ROLE, _trusting(_aws(FOREIGN_ROLE))),
        NOTHING,
        IMPLICIT,
        "identity",
    ),
    Case(
        "trust-in-anyone",
        f"{PRINCIPALS}#principal-anonymous",
        _assume(FOREIGN_ROLE, _trusting("*")),
        EVERYTHING,
        ALLOWED,
    ),
    Case(
        "role-does-not-trust-itself",
        "https://aws.amazon.com/blogs/security/announcing-an-update-to-iam-role-trust-policy-behavior/",
        Request("sts:AssumeRole", ROLE, SESSION, resource_policy=_trusting(_aws(USER))),
        EVERYTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "role-trusts-itself",
        "https://aws.amazon.com/blogs/security/announcing-an-update-to-iam-role-trust-policy-behavior/",
        Request("sts:AssumeRole", ROLE, SESSION, resource_policy=_trusting(_aws(ROLE))),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "external-id",
        EXTERNAL_ID,
        _assume(
            FOREIGN_ROLE,
            _trusting(_aws(OTHER), Condition={"StringEquals": {"sts:ExternalId": "12345"}}),
            context={"sts:ExternalId": "12345"},
        ),
        EVERYTHING,
        ALLOWED,
    ),
    Case(
        "another-external-id",
        EXTERNAL_ID,
        _assume(
            FOREIGN_ROLE,
            _trusting(_aws(OTHER), Condition={"StringEquals": {"sts:ExternalId": "12345"}}),
            context={"sts:ExternalId": "9"},
        ),
        EVERYTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "trust-with-mfa",
        f"{IAM}id_credentials_mfa_configure-api-require.html",
        _assume(USER, _trusting(_aws(USER), Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        EVERYTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "trust-denies",
        TRUST,
        _assume(
            USER, policy("T", allow("sts:AssumeRole", None, Principal=_aws(USER)), deny("sts:*", None, Principal="*"))
        ),
        EVERYTHING,
        EXPLICIT,
        "resource",
    ),
    Case(
        "service-trusted",
        SERVICE_ROLES,
        _assume("ec2.amazonaws.com", _trusting({"Service": "ec2.amazonaws.com"})),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "service-not-trusted",
        SERVICE_ROLES,
        _assume("lambda.amazonaws.com", _trusting({"Service": "ec2.amazonaws.com"})),
        NOTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "oidc-subject",
        OIDC,
        _assume(
            PROVIDER,
            _trusting(
                {"Federated": PROVIDER},
                "sts:AssumeRoleWithWebIdentity",
                Condition={"StringLike": {_SUBJECT: "repo:acme/app:*"}},
            ),
            "sts:AssumeRoleWithWebIdentity",
            context={_SUBJECT: "repo:acme/app:ref:refs/heads/main"},
        ),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "oidc-another-subject",
        OIDC,
        _assume(
            PROVIDER,
            _trusting(
                {"Federated": PROVIDER},
                "sts:AssumeRoleWithWebIdentity",
                Condition={"StringLike": {_SUBJECT: "repo:acme/app:*"}},
            ),
            "sts:AssumeRoleWithWebIdentity",
            context={_SUBJECT: "repo:acme/app-fork:ref:refs/heads/main"},
        ),
        NOTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "oidc-unknown-subject",
        OIDC,
        _assume(
            PROVIDER,
            _trusting(
                {"Federated": PROVIDER},
                "sts:AssumeRoleWithWebIdentity",
                Condition={"StringLike": {_SUBJECT: "repo:acme/app:*"}},
            ),
            "sts:AssumeRoleWithWebIdentity",
            context_complete=False,
        ),
        NOTHING,
        UNKNOWN,
        "resource",
        missing=(_SUBJECT,),
    ),
    Case(
        "oidc-built-in-provider",
        f"{PRINCIPALS}#principal-federated-web-identity",
        _assume(
            "accounts.google.com",
            _trusting({"Federated": "accounts.google.com"}, "sts:AssumeRoleWithWebIdentity"),
            "sts:AssumeRoleWithWebIdentity",
        ),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "saml-provider",
        SAML,
        _assume(
            SAML_PROVIDER, _trusting({"Federated": SAML_PROVIDER}, "sts:AssumeRoleWithSAML"), "sts:AssumeRoleWithSAML"
        ),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case(
        "saml-provider-without-trust",
        SAML,
        _assume(SAML_PROVIDER, _trusting({"Federated": PROVIDER}, "sts:AssumeRoleWithSAML"), "sts:AssumeRoleWithSAML"),
        NOTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "session-tags-need-trust",
        f"{IAM}id_session-tags.html#id_session-tags_permissions-required",
        _assume(USER, _trusting(_aws(USER)), "sts:TagSession"),
        EVERYTHING,
        IMPLICIT,
        "resource",
    ),
    Case(
        "pass-role-needs-no-trust",
        f"{IAM}id_roles_use_passrole.html",
        Request("iam:PassRole", TARGET, USER),
        EVERYTHING,
        ALLOWED,
        "identity",
    ),
)

CASES: t.Final = (*_KEYS, *_TRUSTS)
