# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the account's own policy documents allow, one document at a time.

Every rule is judged on customer managed policies (boundaries aside) and on inline policies alike. Only what a document
allows on every resource, without a condition and without denying it again counts: what several policies, boundaries
and organization policies make of it together is not judged here.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from .._account.model import Dataset
from .._converge.finding import Remediation, Severity
from .._policy import documents
from .control import Check, Compliance, Control, Failure, Scope, Verdict, listing, maps
from .facts import Text
from .requirements import ADMIN_NIST, LEAST_PRIVILEGE_NIST, LEAST_PRIVILEGE_PCI

_THEME = "policies"
_PERMISSIONS = "hardening.iam.user_permissions"
Document = Mapping[str, t.Any]
# What a rule finds wrong in a document, in words; empty where all is well.
Rule = Callable[[Document], list[str]]

# Ways to become an administrator with one document: each needs all of its actions. AWS publishes no such list; these
# are known from security research since 2018, and grow with each service that runs code in a role.
_ESCALATIONS: t.Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(actions)
    for name, actions in {
        "rewrite a policy": ("iam:CreatePolicyVersion",),
        "restore an older version of a policy": ("iam:SetDefaultPolicyVersion",),
        "attach a policy to a user": ("iam:AttachUserPolicy",),
        "attach a policy to a group": ("iam:AttachGroupPolicy",),
        "attach a policy to a role": ("iam:AttachRolePolicy",),
        "write an inline policy of a user": ("iam:PutUserPolicy",),
        "write an inline policy of a group": ("iam:PutGroupPolicy",),
        "write an inline policy of a role": ("iam:PutRolePolicy",),
        "join a group": ("iam:AddUserToGroup",),
        "open a role to oneself": ("iam:UpdateAssumeRolePolicy",),
        "make an access key for another user": ("iam:CreateAccessKey",),
        "set the password of another user": ("iam:CreateLoginProfile",),
        "change the password of another user": ("iam:UpdateLoginProfile",),
        "change the code of a function": ("lambda:UpdateFunctionCode",),
        "pass a role to a function": ("iam:PassRole", "lambda:CreateFunction"),
        "pass a role to an instance": ("iam:PassRole", "ec2:RunInstances"),
        "pass a role to a stack": ("iam:PassRole", "cloudformation:CreateStack"),
        "pass a role to a Glue job": ("iam:PassRole", "glue:CreateJob"),
        "pass a role to a Glue endpoint": ("iam:PassRole", "glue:CreateDevEndpoint"),
        "pass a role to a notebook": ("iam:PassRole", "sagemaker:CreateNotebookInstance"),
        "pass a role to a task": ("iam:PassRole", "ecs:RunTask", "ecs:RegisterTaskDefinition"),
        "pass a role to a build": ("iam:PassRole", "codebuild:CreateProject"),
        "pass a role to a pipeline": ("iam:PassRole", "datapipeline:CreatePipeline"),
        "pass a role to an agent": ("iam:PassRole", "bedrock-agentcore:CreateCodeInterpreter"),
    }.items()
}

# Actions that hand out data, secrets, identities or the means to hide: on every resource, nobody needs them.
_SENSITIVE: t.Final = (
    "cloudformation:CreateStack",
    "cloudtrail:DeleteTrail",
    "cloudtrail:StopLogging",
    "dynamodb:DeleteTable",
    "ec2:RunInstances",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreatePolicyVersion",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "kms:Decrypt",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "lambda:AddPermission",
    "lambda:UpdateFunctionCode",
    "organizations:LeaveOrganization",
    "rds:DeleteDBInstance",
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:PutBucketPolicy",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:SendCommand",
    "sts:AssumeRole",
)


def _allowed(*actions: str) -> Rule:
    """A rule against any of a few actions on every resource."""
    return lambda document: sorted(documents.freely_allowed(document, actions))


def _escalations(document: Document) -> list[str]:
    wanted = frozenset().union(*_ESCALATIONS.values())
    allowed = documents.freely_allowed(document, wanted)
    return [f"{name} ({', '.join(sorted(actions))})" for name, actions in _ESCALATIONS.items() if actions <= allowed]


def _all_of_service(prefix: str) -> Rule:
    """A rule against every action of one service, spelled as a wildcard, on every resource."""

    def rule(document: Document) -> list[str]:
        return [
            action
            for statement in documents.allowing(document)
            if documents.covers_every_resource(statement) and documents.is_unconditional(statement)
            for action in documents.actions(statement)
            if documents.matches(action, f"{prefix}:AnyActionThatEverWillBe")
        ]

    return rule


def _service_wildcards(document: Document) -> list[str]:
    """``service:*`` and NotAction in Allow, on whatever resource, as Security Hub's IAM.21 counts them."""
    found = []
    for statement in documents.allowing(document):
        found += [action for action in documents.actions(statement) if action.endswith(":*") and action != "*:*"]
        if documents.not_actions(statement):
            found.append(f"everything but {listing(documents.not_actions(statement))}")
    return found


def _judged(rule: Rule) -> Check:
    def check(scope: Scope) -> Verdict:
        texts, failures, unreadable = scope.facts.texts, [], scope.facts.unreadable
        if not texts:
            return Verdict(0, "policies", not_applicable="the account has no policies of its own")
        for text in texts:
            wrong = _wrong(rule, text)
            if wrong:
                where = f"{text.resource_detail}: " if text.resource_detail else ""
                unused = "" if text.attached else "; not attached"
                detail = f"{where}{listing(wrong, 5)}{unused}"
                failures.append(Failure(text.resource, detail, {"allows": wrong}, resource_detail=text.resource_detail))
        reason = f"policy documents that could not be parsed: {listing(unreadable)}" if unreadable else None
        return Verdict(len(texts), "policies", tuple(failures), not_assessed=reason)

    return check


def _wrong(rule: Rule, text: Text) -> list[str]:
    """What a rule finds. Policies that make administrators are left out: a control of their own tells of them."""
    if text.document.document is None or text.makes_administrator:
        return []
    return list(dict.fromkeys(rule(text.document.document)))


def _control(
    name: str,
    title: str,
    severity: Severity,
    rule: Rule,
    *,
    expected: str,
    rationale: str,
    remedy: str,
    compliance: Compliance,
) -> Control:
    return Control(
        id=name,
        title=title,
        severity=severity,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        check=_judged(rule),
        expected=expected,
        rationale=rationale,
        remediation=Remediation(remedy, _PERMISSIONS),
        compliance=compliance,
    )


CONTROLS: t.Final = (
    _control(
        "policy_privilege_escalation",
        "No policy is a way to become an administrator",
        Severity.HIGH,
        _escalations,
        expected="none of the known combinations of actions on every resource",
        rationale="Who may write policies, take over identities or pass any role has all rights that the account has.",
        remedy="Name the resources: one's own user, roles below a path, the team's functions. Use boundaries.",
        compliance=maps(nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2=("CC6.3", "CC3.3")),
    ),
    _control(
        "policy_sensitive_wildcard",
        "Sensitive actions are allowed on named resources only",
        Severity.HIGH,
        _allowed(*_SENSITIVE),
        expected='no sensitive action on Resource "*" without a condition',
        rationale="Reading every object, secret and key, or touching every role, is more than any one task needs.",
        remedy="Scope the statement to the ARNs that the work needs; Access Analyzer can propose them from CloudTrail.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, pci=LEAST_PRIVILEGE_PCI, soc2="CC6.3"),
    ),
    _control(
        "policy_assume_any_role",
        "No policy allows to assume every role",
        Severity.HIGH,
        _allowed("sts:AssumeRole"),
        expected='sts:AssumeRole on named roles, not on "*"',
        rationale="Every role that trusts this account, in any account, is then one call away.",
        remedy="List the role ARNs, or the accounts and a path of roles in them.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, soc2="CC6.3"),
    ),
    _control(
        "policy_full_cloudtrail",
        "No policy gives full access to CloudTrail",
        Severity.MEDIUM,
        _all_of_service("cloudtrail"),
        expected="no cloudtrail:* on every resource",
        rationale="Whoever stops the trail acts unseen.",
        remedy="Allow the reading actions; leave writes to the role that owns the trail.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, soc2=("CC6.3", "CC3.3")),
    ),
    _control(
        "policy_full_kms",
        "No policy gives full access to KMS",
        Severity.MEDIUM,
        _all_of_service("kms"),
        expected="no kms:* on every resource",
        rationale="It reads everything that is encrypted here, and may delete the keys.",
        remedy="Separate using a key from administering it, and name the keys.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, pci=("7.2.1", "7.2.2", "7.2.5"), soc2="CC6.3"),
    ),
    _control(
        "policy_decrypt_any_key",
        "No policy allows to decrypt with every key",
        Severity.MEDIUM,
        _allowed("kms:Decrypt", "kms:ReEncryptFrom"),
        expected="kms:Decrypt on named keys only",
        rationale="Encryption keeps apart only those who may not use the same keys.",
        remedy="Name the keys, or restrict the statement with kms:ViaService or kms:ResourceAliases.",
        compliance=maps(hub=("KMS.1", "KMS.2"), nist=LEAST_PRIVILEGE_NIST, soc2="CC6.3"),
    ),
    _control(
        "policy_marketplace_subscribe",
        "Subscribing in the AWS Marketplace is restricted",
        Severity.MEDIUM,
        _allowed("aws-marketplace:Subscribe"),
        expected="no aws-marketplace:Subscribe on every resource",
        rationale="It spends money and brings in software, and models, that nobody reviewed.",
        remedy="Give it to a procurement role, or restrict it by aws-marketplace:ProductId.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, soc2="CC6.3"),
    ),
    _control(
        "policy_service_wildcard",
        "Policies name actions, not whole services",
        Severity.LOW,
        _service_wildcards,
        expected="no service:* and no NotAction in Allow",
        rationale="A service grows, and the policy with it; NotAction even takes in services that don't exist yet.",
        remedy="List the actions, with wildcards for a family such as ec2:Describe* at most.",
        compliance=maps(hub="IAM.21", nist=ADMIN_NIST, soc2="CC6.3"),
    ),
)
