# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same for whole statements: what makes no difference, what is risky, and what only some kinds may say."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind

from .cases import (
    ACTION,
    ANY_ROLE,
    BUCKET,
    FIRST,
    OBJECTS,
    OIDC,
    RESOURCE,
    ROLE,
    ROOT,
    Case,
    Json,
    allow,
    at,
    deny,
    policy,
    reading,
    statement,
    trust,
)

_READ: t.Final = statement("Allow", "s3:GetObject", OBJECTS)
STATEMENT_CASES: t.Final = (
    Case("redundant_action", "Statement[0].Action[0]", allow(["s3:GetObject", "s3:Get*"], OBJECTS)),
    Case("redundant_action", "Statement[0].Action[1]", allow(["s3:GetObject", "S3:getobject"], OBJECTS)),
    Case("redundant_action", None, allow(["s3:GetObject", "s3:Put*"], OBJECTS)),
    Case("redundant_resource", "Statement[0].Resource[1]", allow("s3:GetObject", [OBJECTS, f"{BUCKET}/a/*"])),
    Case("redundant_resource", None, allow("s3:GetObject", [OBJECTS, "arn:aws:s3:::other/*"])),
    Case("redundant_statement", "Statement[1]", policy(_READ, _READ)),
    Case("redundant_statement", FIRST, policy(_READ, statement("Allow", "s3:Get*", "arn:aws:s3:::*"))),
    Case(
        "redundant_statement",
        "Statement[1]",
        policy(_READ, _READ | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
    ),
    Case(
        "redundant_statement",
        None,
        policy(_READ, statement("Allow", "s3:Get*", OBJECTS, {"Bool": {"aws:SecureTransport": "true"}})),
    ),
    Case("redundant_statement", None, policy(_READ, statement("Deny", "s3:GetObject", OBJECTS))),
    Case("redundant_statement", None, policy(_READ, statement("Allow", "s3:GetObject", f"{BUCKET}2/*"))),
    Case(
        "redundant_statement",
        "Statement[1]",
        policy(
            statement("Deny", None, "*", NotAction="iam:*"), statement("Deny", None, "*", NotAction=["iam:*", "sts:*"])
        ),
    ),
    Case("allow_shadowed_by_deny", FIRST, policy(_READ, statement("Deny", "s3:*"))),
    Case(
        "allow_shadowed_by_deny",
        "Statement[0].Action[1]",
        policy(statement("Allow", ["s3:GetObject", "s3:PutObject"], OBJECTS), statement("Deny", "s3:Put*")),
    ),
    Case("allow_shadowed_by_deny", FIRST, policy(_READ, statement("Deny", None, "*", NotAction="ec2:*"))),
    Case(
        "allow_shadowed_by_deny",
        FIRST,
        policy(_READ, statement("Deny", "s3:*", None, NotResource="arn:aws:s3:::other/*")),
    ),
    Case(
        "allow_shadowed_by_deny",
        None,
        policy(_READ, statement("Deny", "s3:*", "*", {"Bool": {"aws:SecureTransport": "false"}})),
    ),
    Case("allow_shadowed_by_deny", None, policy(_READ, statement("Deny", "s3:*", f"{BUCKET}/secret/*"))),
    Case("allow_shadowed_by_deny", None, policy(_READ, statement("Deny", None, "*", NotAction="s3:Get*"))),
    # What a variable becomes is not known, so that it covers nothing but itself.
    Case("allow_shadowed_by_deny", None, policy(_READ, statement("Deny", "s3:*", f"{BUCKET}/${{aws:username}}"))),
    Case("boundary_allows_nothing", "", deny("iam:*"), Kind.BOUNDARY),
    Case("boundary_allows_nothing", None, allow("s3:*"), Kind.BOUNDARY),
    Case("boundary_allows_nothing", None, deny("iam:*"), Kind.SCP),
)

_SERVICE: t.Final = "iam:PassedToService"


def _pass_to(operator: str, service: str = "ec2.amazonaws.com") -> Json:
    return {operator: {_SERVICE: service}}


_TO_EC2: t.Final = _pass_to("StringEquals")
_CREATE_LINKED: t.Final = "iam:CreateServiceLinkedRole"
_MFA: t.Final = "aws:MultiFactorAuthPresent"
_EVERYONE: t.Final = {"AWS": "*"}
_SAML: t.Final = {"Federated": "arn:aws:iam::111122223333:saml-provider/idp"}
PRINCIPAL: t.Final = f"{FIRST}.Principal"

_LATER: t.Final = "application-signals.cloudwatch.amazonaws.com"
SERVICE_CASES: t.Final = (
    Case("invalid_service", RESOURCE, allow("s3:GetObject", "arn:aws:s33:::acme/*")),
    Case("invalid_service", f"{FIRST}.NotResource", deny("s3:GetObject", None, NotResource="arn:aws:s33:::acme/*")),
    # Names of ARNs that are no prefix of actions, variables and wildcards.
    Case("invalid_service", None, allow("apigateway:GET", "arn:aws:execute-api:*:*:*")),
    Case("invalid_service", None, allow("s3:*", ["arn:*:*:::acme", "arn:aws:${aws:PrincipalTag/x}:::acme", "*"])),
    Case(
        "invalid_service_principal_format",
        f"{PRINCIPAL}.Service",
        trust("sts:AssumeRole", {"Service": "ec2.amazonws.com"}),
        Kind.TRUST,
    ),
    Case(
        "invalid_service_principal_format",
        f"{PRINCIPAL}.Service[1]",
        trust("sts:AssumeRole", {"Service": ["ec2.amazonaws.com", "Lambda.amazonaws.com"]}),
        Kind.TRUST,
    ),
    Case(
        "invalid_service_principal_format",
        at("StringEquals", _SERVICE),
        allow("iam:PassRole", ROLE, _pass_to("StringEquals", "lambda")),
    ),
    Case(
        "invalid_service_principal_format",
        None,
        trust("sts:AssumeRole", {"Service": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn", "pods.eks.amazonaws.com"]}),
        Kind.TRUST,
    ),
    Case("invalid_service_principal_format", None, allow("iam:PassRole", ROLE, _pass_to("StringLike", "ec2.*"))),
    Case("invalid_service_principal_format", None, allow("iam:PassRole", ROLE, _pass_to("Null", "false"))),
    # The shape of CloudWatchApplicationSignalsFullAccess.
    Case(
        "unusual_service_principal",
        at("ForAnyValue:StringEquals", "aws:CalledVia", 0),
        reading({"ForAnyValue:StringEquals": {"aws:CalledVia": [_LATER]}}),
    ),
    Case(
        "unusual_service_principal",
        None,
        reading({"ForAnyValue:StringEquals": {"aws:CalledVia": ["athena.amazonaws.com", "athena.amazonaws.com.cn"]}}),
    ),
    Case(
        "unusual_service_principal",
        None,
        allow(_CREATE_LINKED, "*", {"StringEquals": {"iam:AWSServiceName": _LATER}}),
    ),
)

RISK_CASES: t.Final = (
    Case("administrator_access", FIRST, allow("*")),
    Case("administrator_access", FIRST, allow(["s3:*", "*:*"], ["*"])),
    Case("administrator_access", FIRST, allow("*", "*", {"Bool": {"aws:SecureTransport": "true"}})),
    Case("administrator_access", None, allow("*", OBJECTS)),
    # These grant nothing: they leave what others grant.
    Case("administrator_access", None, allow("*"), Kind.SCP),
    Case("administrator_access", None, allow("*"), Kind.BOUNDARY),
    Case("allow_with_not_action", f"{FIRST}.NotAction", allow(None, NotAction="iam:*")),
    Case("allow_with_not_action", None, deny(None, NotAction="iam:*")),
    Case("allow_with_not_resource", f"{FIRST}.NotResource", allow("s3:GetObject", None, NotResource=OBJECTS)),
    Case("allow_with_not_resource", None, deny("s3:GetObject", None, NotResource=OBJECTS)),
    Case(
        "allow_with_not_principal",
        f"{FIRST}.NotPrincipal",
        allow("s3:GetObject", OBJECTS, NotPrincipal=ROOT),
        Kind.RESOURCE,
    ),
    Case("allow_with_not_principal", None, allow("s3:GetObject", OBJECTS, Principal=ROOT), Kind.RESOURCE),
    Case(
        "deny_with_not_principal",
        f"{FIRST}.NotPrincipal",
        deny("s3:GetObject", OBJECTS, NotPrincipal=ROOT),
        Kind.RESOURCE,
    ),
    Case("deny_with_not_principal", None, deny("s3:GetObject", OBJECTS, Principal=ROOT), Kind.RESOURCE),
    Case("pass_role_with_star_in_resource", ACTION, allow("iam:PassRole")),
    Case("pass_role_with_star_in_resource", f"{ACTION}[1]", allow(["iam:GetRole", "iam:PassRole"], [ROLE, ANY_ROLE])),
    Case("pass_role_with_star_in_resource", ACTION, allow("iam:PassRole", "arn:aws:iam::*:*")),
    # The shape of AWSServiceRoleForAmazonEKSNodegroup, of which Access Analyzer says the same.
    Case("pass_role_with_star_in_resource", ACTION, allow("iam:PassRole", "*", _pass_to("StringEqualsIfExists"))),
    Case("pass_role_with_star_in_resource", ACTION, allow("iam:PassRole", "*", _pass_to("StringNotEquals"))),
    Case("pass_role_with_star_in_resource", ACTION, allow("iam:PassRole", "*", _pass_to("StringLike", "*"))),
    Case("pass_role_with_star_in_resource", ACTION, allow("iam:PassRole", "*", _pass_to("Null", "false"))),
    Case("pass_role_with_star_in_resource", None, allow("iam:PassRole", "*", _TO_EC2)),
    Case("pass_role_with_star_in_resource", None, allow("iam:PassRole", "*", _pass_to("StringLike", "ec2.*"))),
    Case("pass_role_with_star_in_resource", None, allow("iam:PassRole", "arn:aws:iam::111122223333:role/app-*")),
    Case("pass_role_with_star_in_action_and_resource", ACTION, allow("iam:Pass*")),
    Case("pass_role_with_star_in_action_and_resource", ACTION, allow("*")),
    Case("pass_role_with_star_in_action_and_resource", ACTION, allow("*", ANY_ROLE)),
    # The shape of AWSMcpServiceActionsFullAccess.
    Case(
        "pass_role_with_star_in_action_and_resource", ACTION, allow("*", "*", {"Bool": {"aws:SecureTransport": "true"}})
    ),
    Case("pass_role_with_star_in_action_and_resource", None, allow("iam:Get*")),
    Case("pass_role_with_star_in_action_and_resource", None, allow("*", OBJECTS)),
    Case("pass_role_with_star_in_action_and_resource", None, allow("*", "*", _TO_EC2)),
    Case("pass_role_with_star_in_action_and_resource", None, allow("*"), Kind.SCP),
    Case("pass_role_with_not_resource", f"{FIRST}.NotResource", allow("iam:PassRole", None, NotResource=ROLE)),
    Case("pass_role_with_not_resource", None, allow("iam:PassRole", None, _TO_EC2, NotResource=ROLE)),
    Case("pass_role_without_service", FIRST, allow("iam:PassRole", ROLE)),
    Case("pass_role_without_service", None, allow("iam:PassRole", ROLE, _TO_EC2)),
    Case("missing_pass_role", "Statement[0].Action[1]", allow(["lambda:GetFunction", "lambda:CreateFunction"])),
    Case(
        "missing_pass_role",
        None,
        policy(statement("Allow", "lambda:CreateFunction"), statement("Allow", "iam:PassRole", ROLE, _TO_EC2)),
    ),
    Case("missing_pass_role", None, allow("lambda:*")),
    Case("missing_pass_role", None, deny("lambda:CreateFunction")),
    Case("create_slr_with_star_in_resource", ACTION, allow("iam:CreateServiceLinkedRole")),
    Case("create_slr_with_star_in_resource", ACTION, allow(_CREATE_LINKED, "arn:aws:iam::*:role/aws-service-role/*")),
    # The shape of AlexaForBusinessFullAccess: the wildcard lets any name in that ends so.
    Case(
        "create_slr_with_star_in_resource",
        ACTION,
        allow(_CREATE_LINKED, "*", {"StringLike": {"iam:AWSServiceName": ["*a4b.amazonaws.com"]}}),
    ),
    Case("create_slr_with_star_in_action_and_resource", ACTION, allow("iam:*")),
    Case("create_slr_with_star_in_action_and_resource", ACTION, allow("*")),
    Case("create_slr_with_star_in_action_and_resource", None, allow("iam:Get*")),
    Case("create_slr_with_star_in_action_and_resource", None, allow("iam:*", ROLE)),
    Case(
        "create_slr_with_star_in_resource",
        None,
        allow("iam:CreateServiceLinkedRole", "*", {"StringEquals": {"iam:AWSServiceName": "config.amazonaws.com"}}),
    ),
    Case(
        "create_slr_with_star_in_resource",
        None,
        allow("iam:CreateServiceLinkedRole", "arn:aws:iam::*:role/aws-service-role/config.amazonaws.com/*"),
    ),
    Case("assume_role_on_any_role", RESOURCE, allow("sts:AssumeRole")),
    Case("assume_role_on_any_role", None, allow("sts:AssumeRole", ROLE)),
    Case("assume_role_on_any_role", None, allow("sts:AssumeRole", "*", {"StringEquals": {"aws:ResourceOrgID": "o-1"}})),
    Case("public_principal", f"{PRINCIPAL}.AWS", trust("sts:AssumeRole", _EVERYONE), Kind.TRUST),
    Case(
        "public_principal",
        PRINCIPAL,
        allow("s3:GetObject", OBJECTS, {"Bool": {"aws:SecureTransport": "true"}}, Principal="*"),
        Kind.RESOURCE,
    ),
    Case(
        "public_principal",
        PRINCIPAL,
        allow("s3:GetObject", OBJECTS, {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, Principal="*"),
        Kind.RESOURCE,
    ),
    Case(
        "public_principal",
        PRINCIPAL,
        allow("s3:GetObject", OBJECTS, {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, Principal="*"),
        Kind.RESOURCE,
    ),
    Case(
        "public_principal",
        None,
        allow("s3:GetObject", OBJECTS, {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, Principal="*"),
        Kind.RESOURCE,
    ),
    Case("public_principal", None, deny("s3:GetObject", OBJECTS, Principal="*"), Kind.RESOURCE),
    Case(
        "forallvalues_without_null_check",
        at("ForAllValues:StringLike", "aws:PrincipalOrgPaths"),
        reading({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}),
    ),
    Case(
        "forallvalues_without_null_check",
        None,
        reading(
            {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}, "Null": {"aws:PrincipalOrgPaths": "false"}}
        ),
    ),
    Case(
        "forallvalues_without_null_check",
        None,
        deny("s3:*", "*", {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}),
    ),
    # A request without the key is one without tags.
    Case(
        "forallvalues_without_null_check",
        None,
        allow("ec2:CreateTags", "*", {"ForAllValues:StringEquals": {"aws:TagKeys": "team"}}),
    ),
    Case(
        "forallvalues_with_single_valued_key",
        at("ForAllValues:StringEquals", "aws:PrincipalOrgID"),
        reading({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
    ),
    Case("forallvalues_with_single_valued_key", None, reading({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
    Case("mfa_if_exists_in_allow", at("BoolIfExists", _MFA), reading({"BoolIfExists": {_MFA: "true"}})),
    Case("mfa_if_exists_in_allow", None, reading({"Bool": {_MFA: "true"}})),
    Case("mfa_null_check_in_allow", at("Null", _MFA), reading({"Null": {_MFA: "false"}})),
    Case("mfa_null_check_in_allow", None, reading({"Null": {_MFA: "false"}, "Bool": {_MFA: "true"}})),
    Case("mfa_deny_misses_access_keys", at("Bool", _MFA), deny("s3:*", "*", {"Bool": {_MFA: "false"}})),
    Case("mfa_deny_misses_access_keys", None, deny("s3:*", "*", {"BoolIfExists": {_MFA: "false"}})),
    Case(
        "mfa_deny_misses_access_keys",
        None,
        policy(
            statement("Deny", "*", "*", {"Bool": {_MFA: "false"}}),
            statement("Deny", "*", "*", {"Null": {_MFA: "true"}}),
        ),
    ),
    Case(
        "deny_where_key_is_absent",
        at("StringNotEquals", "aws:SourceVpce"),
        deny("s3:*", "*", {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
    ),
    Case(
        "deny_where_key_is_absent",
        at("StringNotLikeIfExists", "aws:PrincipalTag/team"),
        deny("s3:*", "*", {"StringNotLikeIfExists": {"aws:PrincipalTag/team": "a*"}}),
    ),
    Case(
        "deny_where_key_is_absent",
        None,
        deny("s3:*", "*", {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "Null": {"aws:SourceVpce": "false"}}),
    ),
    Case(
        "deny_where_key_is_absent",
        None,
        deny("s3:*", "*", {"NotIpAddress": {"aws:SourceIp": "8.8.8.8"}, "Bool": {"aws:ViaAWSService": "false"}}),
    ),
    Case("deny_where_key_is_absent", None, deny("s3:*", "*", {"StringNotEquals": {"aws:RequestTag/team": "a"}})),
    Case("deny_where_key_is_absent", None, deny("s3:*", "*", {"StringEquals": {"aws:SourceVpce": "vpce-1"}})),
)

KIND_CASES: t.Final = (
    Case(
        "scp_language_of_partition",
        f"{FIRST}.Condition",
        allow("s3:*", "*", {"StringEquals": {"aws:username": "a"}}),
        Kind.SCP,
        "aws-cn",
    ),
    Case("scp_language_of_partition", f"{FIRST}.NotAction", allow(None, NotAction="s3:*"), Kind.SCP, "aws-cn"),
    Case(
        "scp_language_of_partition", f"{FIRST}.NotResource", deny("s3:*", None, NotResource=OBJECTS), Kind.SCP, "aws-cn"
    ),
    Case("scp_language_of_partition", RESOURCE, allow("s3:*", "arn:aws-cn:s3:::a"), Kind.SCP, "aws-cn"),
    Case("scp_language_of_partition", ACTION, deny("s3:*Object"), Kind.SCP, "aws-cn"),
    Case(
        "scp_language_of_partition",
        None,
        deny("s3:Get*", "*", {"StringEquals": {"aws:username": "a"}}),
        Kind.SCP,
        "aws-cn",
    ),
    Case("scp_language_of_partition", None, allow(None, NotAction="s3:*"), Kind.SCP, "aws-us-gov"),
    Case("scp_language_of_partition", None, allow(None, NotAction="s3:*"), Kind.SCP),
    Case("rcp_syntax_error_allow", f"{FIRST}.Effect", allow("s3:*", Principal="*"), Kind.RCP),
    Case("rcp_syntax_error_allow", None, deny("s3:*", Principal="*"), Kind.RCP),
    Case("rcp_syntax_error_principal", PRINCIPAL, deny("s3:*", Principal=ROOT), Kind.RCP),
    Case("rcp_syntax_error_principal", f"{FIRST}.NotPrincipal", deny("s3:*", NotPrincipal=ROOT), Kind.RCP),
    Case("rcp_syntax_error_principal", None, deny("s3:*", Principal="*"), Kind.RCP),
    Case("rcp_syntax_error_notaction", f"{FIRST}.NotAction", deny(None, NotAction="s3:*", Principal="*"), Kind.RCP),
    Case("rcp_syntax_error_notaction", None, deny(None, NotAction="s3:*"), Kind.SCP),
    Case("rcp_syntax_error_action", ACTION, deny("*", Principal="*"), Kind.RCP),
    Case("rcp_syntax_error_action", None, deny("s3:*", Principal="*"), Kind.RCP),
    Case(
        "unsupported_action_in_policy",
        "Statement[0].Action[1]",
        deny(["s3:*", "ec2:RunInstances"], Principal="*"),
        Kind.RCP,
    ),
    Case("unsupported_action_in_policy", None, deny(["s3:*", "dynamodb:*"], Principal="*"), Kind.RCP),
    Case(
        "unsupported_action_in_policy",
        "Statement[0].Action[1]",
        trust(["sts:AssumeRole", "s3:GetObject"], ROOT),
        Kind.TRUST,
    ),
    Case("unsupported_action_in_policy", None, trust(["sts:AssumeRole", "sts:TagSession"], ROOT), Kind.TRUST),
    Case("mismatched_action_for_principal", ACTION, trust("sts:AssumeRole", OIDC), Kind.TRUST),
    Case("mismatched_action_for_principal", ACTION, trust("sts:AssumeRoleWithWebIdentity", _SAML), Kind.TRUST),
    Case("mismatched_action_for_principal", ACTION, trust("sts:AssumeRoleWithSAML", ROOT), Kind.TRUST),
    Case(
        "mismatched_action_for_principal",
        None,
        trust(["sts:AssumeRoleWithWebIdentity", "sts:TagSession"], OIDC),
        Kind.TRUST,
    ),
    Case("mismatched_action_for_principal", None, trust("sts:AssumeRoleWithSAML", _SAML), Kind.TRUST),
    Case(
        "mismatched_action_for_principal", None, trust("sts:AssumeRole", {"Service": "ec2.amazonaws.com"}), Kind.TRUST
    ),
    Case(
        "unsupported_wildcard_in_principal", f"{PRINCIPAL}.AWS", trust("sts:AssumeRole", {"AWS": ANY_ROLE}), Kind.TRUST
    ),
    Case(
        "unsupported_wildcard_in_principal",
        f"{PRINCIPAL}.Service",
        trust("sts:AssumeRole", {"Service": "*"}),
        Kind.TRUST,
    ),
    Case("unsupported_wildcard_in_principal", None, trust("sts:AssumeRole", _EVERYONE), Kind.TRUST),
    Case("unsupported_wildcard_in_principal", None, trust("sts:AssumeRole", ROOT), Kind.TRUST),
)
