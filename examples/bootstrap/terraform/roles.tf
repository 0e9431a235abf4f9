# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made by tests/scripts/generate_permissions.py, like ../iam-hardening-roles.yml: docs/permissions.md.

data "aws_iam_policy_document" "assessor_trust" {
  statement {
    sid     = "ExecutionIdentity"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [split(":", var.trusted_principal_arn_pattern)[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.trusted_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
    dynamic "condition" {
      for_each = nonsensitive(var.external_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [var.external_id]
      }
    }
    condition {
      test     = "StringLike"
      variable = "sts:RoleSessionName"
      values   = [var.role_session_name_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.source_identity_pattern == "") ? [] : [true]
      content {
        test     = "StringLike"
        variable = "sts:SourceIdentity"
        values   = [var.source_identity_pattern]
      }
    }
  }
  statement {
    sid     = "SourceIdentityAndTags"
    actions = ["sts:SetSourceIdentity", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [split(":", var.trusted_principal_arn_pattern)[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.trusted_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
  }
}

resource "aws_iam_role" "assessor" {
  name                 = "assessor"
  path                 = local.path
  description          = "Reads what hardening.iam assesses"
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.assessor_trust.json
  tags                 = local.tags

  lifecycle {
    precondition {
      condition     = var.organization_id != "" || nonsensitive(var.external_id != "")
      error_message = "Give the organization_id, an external_id, or both."
    }
  }
}

resource "aws_iam_policy" "assessor_reads" {
  name   = "assessor-reads"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "access-analyzer:CheckNoNewAccess",
        "access-analyzer:GetAnalyzer",
        "access-analyzer:GetArchiveRule",
        "access-analyzer:GetFinding",
        "access-analyzer:GetFindingRecommendation",
        "access-analyzer:GetGeneratedPolicy",
        "access-analyzer:ListAnalyzers",
        "access-analyzer:ListArchiveRules",
        "access-analyzer:ListFindings",
        "access-analyzer:ListPolicyGenerations",
        "access-analyzer:ValidatePolicy",
        "account:GetAlternateContact",
        "account:GetContactInformation",
        "cloudformation:DescribeStackResources",
        "cloudformation:ListStackResources",
        "cloudformation:ListStacks",
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListPublicKeys",
        "cloudtrail:LookupEvents",
        "cloudwatch:DescribeAlarms",
        "config:DescribeComplianceByConfigRule",
        "config:DescribeConfigRules",
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeConfigurationRecorders",
        "config:DescribeDeliveryChannels",
        "config:DescribeOrganizationConfigRuleStatuses",
        "config:DescribeOrganizationConfigRules",
        "config:GetComplianceDetailsByConfigRule",
        "config:ListConfigurationRecorders",
        "config:ListTagsForResource",
        "ec2:DescribeInstances",
        "ec2:DescribeRegions",
        "events:DescribeEventBus",
        "events:DescribeRule",
        "events:ListRules",
        "events:ListTagsForResource",
        "events:ListTargetsByRule",
        "events:TestEventPattern",
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetAccessKeyLastUsed",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetAccountPasswordPolicy",
        "iam:GetAccountSummary",
        "iam:GetCredentialReport",
        "iam:GetGroup",
        "iam:GetGroupPolicy",
        "iam:GetLoginProfile",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:GetServiceLastAccessedDetails",
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAccessKeys",
        "iam:ListAccountAliases",
        "iam:ListAttachedGroupPolicies",
        "iam:ListAttachedRolePolicies",
        "iam:ListAttachedUserPolicies",
        "iam:ListEntitiesForPolicy",
        "iam:ListGroupsForUser",
        "iam:ListMFADevices",
        "iam:ListOpenIDConnectProviders",
        "iam:ListOrganizationsFeatures",
        "iam:ListPolicyVersions",
        "iam:ListSAMLProviders",
        "iam:ListSSHPublicKeys",
        "iam:ListServerCertificates",
        "iam:ListServiceSpecificCredentials",
        "iam:ListSigningCertificates",
        "iam:ListUserTags",
        "iam:ListVirtualMFADevices",
        "iam:SimulateCustomPolicy",
        "iam:SimulatePrincipalPolicy",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "logs:DescribeMetricFilters",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:DescribeResourcePolicy",
        "organizations:ListAWSServiceAccessForOrganization",
        "organizations:ListAccountsForParent",
        "organizations:ListDelegatedAdministrators",
        "organizations:ListDelegatedServicesForAccount",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListParents",
        "organizations:ListPolicies",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
        "organizations:ListTagsForResource",
        "organizations:ListTargetsForPolicy",
        "secretsmanager:DescribeSecret",
        "securityhub:BatchGetSecurityControls",
        "securityhub:BatchGetStandardsControlAssociations",
        "securityhub:DescribeHub",
        "securityhub:DescribeSecurityHubV2",
        "securityhub:DescribeStandards",
        "securityhub:GetConfigurationPolicyAssociation",
        "securityhub:GetEnabledStandards",
        "securityhub:GetFindingAggregator",
        "securityhub:GetFindings",
        "securityhub:GetRecommendedPolicyV2",
        "securityhub:ListFindingAggregators",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy_attachment" "assessor_reads" {
  role       = aws_iam_role.assessor.name
  policy_arn = aws_iam_policy.assessor_reads.arn
}

resource "aws_iam_policy" "assessor_organization_reads" {
  count  = var.management_account ? 1 : 0
  name   = "assessor-organization-reads"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AuditRootOfMembers",
      "Effect": "Allow",
      "Action": [
        "sts:AssumeRoot"
      ],
      "Resource": [
        "arn:${local.partition}:iam::*:root"
      ],
      "Condition": {
        "StringEquals": {
          "sts:TaskPolicyArn": [
            "arn:${local.partition}:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy_attachment" "assessor_organization_reads" {
  count      = var.management_account ? 1 : 0
  role       = aws_iam_role.assessor.name
  policy_arn = aws_iam_policy.assessor_organization_reads[0].arn
}

resource "aws_iam_policy" "automation_boundary" {
  count  = local.has_automation ? 1 : 0
  name   = "automation-boundary"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OnlyWhatTheyAreFor",
      "Effect": "Allow",
      "Action": [
        "access-analyzer:*",
        "config:*",
        "events:*",
        "securityhub:*",
        "sns:*",
        "sqs:*",
        "iam:Generate*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*",
        "organizations:Describe*",
        "organizations:List*",
        "cloudformation:DescribeStackResources",
        "cloudformation:ListStackResources",
        "cloudformation:ListStacks",
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListPublicKeys",
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "iam:AddUserToGroup",
        "iam:AttachGroupPolicy",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreateGroup",
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:CreateRole",
        "iam:CreateServiceLinkedRole",
        "iam:DeleteAccessKey",
        "iam:DeleteAccountPasswordPolicy",
        "iam:DeleteGroup",
        "iam:DeleteGroupPolicy",
        "iam:DeleteLoginProfile",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DeleteSSHPublicKey",
        "iam:DeleteServiceSpecificCredential",
        "iam:DeleteSigningCertificate",
        "iam:DeleteUserPermissionsBoundary",
        "iam:DeleteUserPolicy",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:DisableOrganizationsRootCredentialsManagement",
        "iam:DisableOrganizationsRootSessions",
        "iam:EnableOrganizationsRootCredentialsManagement",
        "iam:EnableOrganizationsRootSessions",
        "iam:PassRole",
        "iam:PutGroupPolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:PutUserPermissionsBoundary",
        "iam:PutUserPolicy",
        "iam:RemoveUserFromGroup",
        "iam:SetDefaultPolicyVersion",
        "iam:TagPolicy",
        "iam:TagRole",
        "iam:UntagUser",
        "iam:UpdateAccessKey",
        "iam:UpdateAccountPasswordPolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateSSHPublicKey",
        "iam:UpdateServiceSpecificCredential",
        "iam:UpdateSigningCertificate",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "organizations:AttachPolicy",
        "organizations:CreatePolicy",
        "organizations:DeletePolicy",
        "organizations:DeregisterDelegatedAdministrator",
        "organizations:DetachPolicy",
        "organizations:DisableAWSServiceAccess",
        "organizations:EnableAWSServiceAccess",
        "organizations:EnablePolicyType",
        "organizations:RegisterDelegatedAdministrator",
        "organizations:TagResource",
        "organizations:UntagResource",
        "organizations:UpdatePolicy",
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
        "secretsmanager:UpdateSecretVersionStage",
        "sts:AssumeRoot",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateAccessKey"
      ],
      "Resource": [
        "*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:ResourceTag/access-key-rotation": "allowed"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:TagUser"
      ],
      "Resource": [
        "*"
      ],
      "Condition": {
        "ForAllValues:StringLike": {
          "aws:TagKeys": [
            "iam-hardening:*"
          ]
        },
        "Null": {
          "aws:TagKeys": "false"
        }
      }
    },
    {
      "Sid": "NeitherThemselvesNorThoseAbove",
      "Effect": "Deny",
      "NotAction": [
        "iam:Generate*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*"
      ],
      "Resource": [
        "arn:*:iam::*:user/iam-hardening/*",
        "arn:*:iam::*:group/iam-hardening/*",
        "arn:*:iam::*:role/iam-hardening/assessor*",
        "arn:*:iam::*:role/iam-hardening/automation*",
        "arn:*:iam::*:role/iam-hardening/break-glass*",
        "arn:*:iam::*:policy/iam-hardening/assessor*",
        "arn:*:iam::*:policy/iam-hardening/automation*",
        "arn:*:iam::*:policy/iam-hardening/break-glass*",
        "arn:*:iam::*:policy/iam-hardening/quarantine*",
        "arn:*:iam::*:policy/iam-hardening/incident-*"
      ]
    },
    {
      "Sid": "TrustOfNoOtherRole",
      "Effect": "Deny",
      "Action": [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:UpdateAssumeRolePolicy"
      ],
      "NotResource": [
        "arn:*:iam::*:role/iam-hardening/iam-hardening-*"
      ]
    },
    {
      "Sid": "ContainmentStays",
      "Effect": "Deny",
      "Action": [
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy"
      ],
      "Resource": "*",
      "Condition": {
        "ArnLike": {
          "iam:PolicyARN": [
            "arn:*:iam::*:policy/iam-hardening/quarantine*",
            "arn:*:iam::*:policy/iam-hardening/incident-*",
            "arn:*:iam::aws:policy/AWSDenyAll"
          ]
        }
      }
    },
    {
      "Sid": "TagsOfIncidentsStay",
      "Effect": "Deny",
      "Action": [
        "iam:TagUser",
        "iam:UntagUser"
      ],
      "Resource": "*",
      "Condition": {
        "ForAnyValue:StringEqualsIgnoreCase": {
          "aws:TagKeys": [
            "iam-hardening:incident",
            "iam-hardening:quarantine"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_policy" "automation_event_forwarding_boundary" {
  count  = local.has_event_alerts ? 1 : 0
  name   = "automation-event-forwarding-boundary"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OnlyEvents",
      "Effect": "Allow",
      "Action": [
        "events:PutEvents"
      ],
      "Resource": [
        "arn:*:events:*:${local.account}:event-bus/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "events:PutEvents"
      ],
      "Resource": [
        "arn:*:events:*:*:event-bus/*"
      ],
      "Condition": {
        "StringEquals": {
          "aws:ResourceOrgID": "$${aws:PrincipalOrgID}"
        }
      }
    }
  ]
}
JSON
}

data "aws_iam_policy_document" "automation_credentials_trust" {
  count = local.has_credentials ? 1 : 0
  statement {
    sid     = "ExecutionIdentity"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.credentials_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.credentials_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.credentials_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.credentials_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
    dynamic "condition" {
      for_each = nonsensitive(var.external_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [var.external_id]
      }
    }
    condition {
      test     = "StringLike"
      variable = "sts:RoleSessionName"
      values   = [var.role_session_name_pattern]
    }
    condition {
      test     = "StringLike"
      variable = "sts:SourceIdentity"
      values   = [var.credentials_source_identity_pattern]
    }
  }
  statement {
    sid     = "SourceIdentityAndTags"
    actions = ["sts:SetSourceIdentity", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.credentials_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.credentials_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.credentials_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.credentials_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
  }
}

resource "aws_iam_role" "automation_credentials" {
  count                = local.has_credentials ? 1 : 0
  name                 = "automation-credentials"
  path                 = local.path
  description          = "Makes the changes of hardening.iam, class credentials"
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.automation_credentials_trust[0].json
  tags                 = local.tags
  permissions_boundary = aws_iam_policy.automation_boundary[0].arn
}

resource "aws_iam_role_policy" "automation_credentials_reads" {
  count  = local.has_credentials ? 1 : 0
  name   = "reads"
  role   = aws_iam_role.automation_credentials[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "cloudtrail:ListPublicKeys",
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "iam:GenerateCredentialReport",
        "iam:GetAccessKeyLastUsed",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetAccountPasswordPolicy",
        "iam:GetCredentialReport",
        "iam:GetLoginProfile",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:ListOpenIDConnectProviders",
        "iam:ListSAMLProviders",
        "iam:ListSSHPublicKeys",
        "iam:ListServiceSpecificCredentials",
        "iam:ListSigningCertificates",
        "iam:ListUserTags",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:ListParents",
        "organizations:ListPoliciesForTarget",
        "secretsmanager:DescribeSecret",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "password_policy" {
  count  = local.has_password_policy ? 1 : 0
  name   = "password-policy"
  role   = aws_iam_role.automation_credentials[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteAccountPasswordPolicy",
        "iam:UpdateAccountPasswordPolicy"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "access_keys" {
  count  = local.has_access_keys ? 1 : 0
  name   = "access-keys"
  role   = aws_iam_role.automation_credentials[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteAccessKey",
        "iam:DeleteLoginProfile",
        "iam:DeleteSSHPublicKey",
        "iam:DeleteServiceSpecificCredential",
        "iam:DeleteSigningCertificate",
        "iam:UpdateAccessKey",
        "iam:UpdateSSHPublicKey",
        "iam:UpdateServiceSpecificCredential",
        "iam:UpdateSigningCertificate"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:TagUser",
        "iam:UntagUser"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ],
      "Condition": {
        "ForAllValues:StringLike": {
          "aws:TagKeys": [
            "iam-hardening:*"
          ]
        },
        "Null": {
          "aws:TagKeys": "false"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "sns:Publish"
      ],
      "Resource": [
        "arn:${local.partition}:sns:*:${local.account}:*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "notice_topic" {
  count  = local.has_access_keys && var.notice_topic_arn != "" ? 1 : 0
  name   = "notice-topic"
  role   = aws_iam_role.automation_credentials[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Given",
      "Effect": "Allow",
      "Action": [
        "sns:Publish"
      ],
      "Resource": [
        "${var.notice_topic_arn}"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "access_key_rotation" {
  count  = local.has_access_key_rotation ? 1 : 0
  name   = "access-key-rotation"
  role   = aws_iam_role.automation_credentials[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateAccessKey"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:ResourceTag/access-key-rotation": "allowed"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteAccessKey",
        "iam:UpdateAccessKey"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteSecret",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
        "secretsmanager:UpdateSecretVersionStage"
      ],
      "Resource": [
        "arn:${local.partition}:secretsmanager:*:${local.account}:secret:iam-hardening/*"
      ]
    }
  ]
}
JSON
}

data "aws_iam_policy_document" "automation_policies_trust" {
  count = local.has_policies ? 1 : 0
  statement {
    sid     = "ExecutionIdentity"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.policies_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.policies_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.policies_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.policies_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
    dynamic "condition" {
      for_each = nonsensitive(var.external_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [var.external_id]
      }
    }
    condition {
      test     = "StringLike"
      variable = "sts:RoleSessionName"
      values   = [var.role_session_name_pattern]
    }
    condition {
      test     = "StringLike"
      variable = "sts:SourceIdentity"
      values   = [var.policies_source_identity_pattern]
    }
  }
  statement {
    sid     = "SourceIdentityAndTags"
    actions = ["sts:SetSourceIdentity", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.policies_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.policies_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.policies_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.policies_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
  }
}

resource "aws_iam_role" "automation_policies" {
  count                = local.has_policies ? 1 : 0
  name                 = "automation-policies"
  path                 = local.path
  description          = "Makes the changes of hardening.iam, class policies"
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.automation_policies_trust[0].json
  tags                 = local.tags
  permissions_boundary = aws_iam_policy.automation_boundary[0].arn
}

resource "aws_iam_role_policy" "automation_policies_reads" {
  count  = local.has_policies ? 1 : 0
  name   = "reads"
  role   = aws_iam_role.automation_policies[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "cloudformation:DescribeStackResources",
        "cloudformation:ListStackResources",
        "cloudformation:ListStacks",
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListPublicKeys",
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetAccountSummary",
        "iam:GetCredentialReport",
        "iam:GetGroup",
        "iam:GetGroupPolicy",
        "iam:GetLoginProfile",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:GetServiceLastAccessedDetails",
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAccessKeys",
        "iam:ListAttachedGroupPolicies",
        "iam:ListAttachedRolePolicies",
        "iam:ListAttachedUserPolicies",
        "iam:ListEntitiesForPolicy",
        "iam:ListGroupsForUser",
        "iam:ListOpenIDConnectProviders",
        "iam:ListPolicyVersions",
        "iam:ListSAMLProviders",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:ListParents",
        "organizations:ListPoliciesForTarget",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "user_permissions" {
  count  = local.has_user_permissions ? 1 : 0
  name   = "user-permissions"
  role   = aws_iam_role.automation_policies[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:AddUserToGroup",
        "iam:AttachGroupPolicy",
        "iam:CreateGroup",
        "iam:DeleteGroup",
        "iam:DeleteGroupPolicy",
        "iam:DetachGroupPolicy",
        "iam:PutGroupPolicy",
        "iam:RemoveUserFromGroup"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:group/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachUserPolicy",
        "iam:DeleteUserPolicy",
        "iam:DetachUserPolicy",
        "iam:PutUserPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "permissions_boundary" {
  count  = local.has_permissions_boundary ? 1 : 0
  name   = "permissions-boundary"
  role   = aws_iam_role.automation_policies[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "iam:TagPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:policy${var.boundary_policy_path}*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteUserPermissionsBoundary",
        "iam:PutUserPermissionsBoundary"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "policy_scope" {
  count  = local.has_policy_scope ? 1 : 0
  name   = "policy-scope"
  role   = aws_iam_role.automation_policies[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachGroupPolicy",
        "iam:DetachGroupPolicy",
        "iam:PutGroupPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:group/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachUserPolicy",
        "iam:DetachUserPolicy",
        "iam:PutUserPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "iam:TagPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:policy/*"
      ]
    }
  ]
}
JSON
}

data "aws_iam_policy_document" "automation_detective_trust" {
  count = local.has_detective ? 1 : 0
  statement {
    sid     = "ExecutionIdentity"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.detective_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.detective_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.detective_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.detective_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
    dynamic "condition" {
      for_each = nonsensitive(var.external_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [var.external_id]
      }
    }
    condition {
      test     = "StringLike"
      variable = "sts:RoleSessionName"
      values   = [var.role_session_name_pattern]
    }
    condition {
      test     = "StringLike"
      variable = "sts:SourceIdentity"
      values   = [var.detective_source_identity_pattern]
    }
  }
  statement {
    sid     = "SourceIdentityAndTags"
    actions = ["sts:SetSourceIdentity", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.detective_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.detective_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.detective_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.detective_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
  }
}

resource "aws_iam_role" "automation_detective" {
  count                = local.has_detective ? 1 : 0
  name                 = "automation-detective"
  path                 = local.path
  description          = "Makes the changes of hardening.iam, class detective"
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.automation_detective_trust[0].json
  tags                 = local.tags
  permissions_boundary = aws_iam_policy.automation_boundary[0].arn
}

resource "aws_iam_role_policy" "automation_detective_reads" {
  count  = local.has_detective ? 1 : 0
  name   = "reads"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "access-analyzer:GetAnalyzer",
        "access-analyzer:GetArchiveRule",
        "access-analyzer:ListAnalyzers",
        "access-analyzer:ListArchiveRules",
        "cloudformation:DescribeStackResources",
        "cloudformation:ListStackResources",
        "cloudformation:ListStacks",
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:LookupEvents",
        "config:DescribeConfigRules",
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeConfigurationRecorders",
        "config:DescribeDeliveryChannels",
        "config:DescribeOrganizationConfigRuleStatuses",
        "config:DescribeOrganizationConfigRules",
        "config:ListConfigurationRecorders",
        "config:ListTagsForResource",
        "ec2:DescribeRegions",
        "events:DescribeEventBus",
        "events:DescribeRule",
        "events:ListRules",
        "events:ListTagsForResource",
        "events:ListTargetsByRule",
        "events:TestEventPattern",
        "iam:GetAccountSummary",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "organizations:DescribeOrganization",
        "organizations:ListDelegatedAdministrators",
        "securityhub:BatchGetSecurityControls",
        "securityhub:BatchGetStandardsControlAssociations",
        "securityhub:DescribeHub",
        "securityhub:DescribeSecurityHubV2",
        "securityhub:DescribeStandards",
        "securityhub:GetConfigurationPolicyAssociation",
        "securityhub:GetEnabledStandards",
        "securityhub:GetFindingAggregator",
        "securityhub:GetFindings",
        "securityhub:ListFindingAggregators",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "access_analyzer" {
  count  = local.has_access_analyzer ? 1 : 0
  name   = "access-analyzer"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "access-analyzer:ApplyArchiveRule",
        "access-analyzer:CreateAnalyzer",
        "access-analyzer:DeleteAnalyzer",
        "access-analyzer:GenerateFindingRecommendation",
        "access-analyzer:TagResource",
        "access-analyzer:UntagResource",
        "access-analyzer:UpdateAnalyzer"
      ],
      "Resource": [
        "arn:${local.partition}:access-analyzer:*:${local.account}:analyzer/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "access-analyzer:CreateArchiveRule",
        "access-analyzer:DeleteArchiveRule",
        "access-analyzer:UpdateArchiveRule"
      ],
      "Resource": [
        "arn:${local.partition}:access-analyzer:*:${local.account}:analyzer/*/archive-rule/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "access-analyzer:StartPolicyGeneration"
      ],
      "Resource": [
        "*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateServiceLinkedRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/aws-service-role/access-analyzer.amazonaws.com/*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:AWSServiceName": [
            "access-analyzer.amazonaws.com"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:PassRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/service-role/AccessAnalyzerMonitorServiceRole*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PassedToService": [
            "access-analyzer.amazonaws.com"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "config_rules" {
  count  = local.has_config_rules ? 1 : 0
  name   = "config-rules"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "config:DeleteConfigRule",
        "config:PutConfigRule",
        "config:TagResource",
        "config:UntagResource"
      ],
      "Resource": [
        "arn:${local.partition}:config:*:${local.account}:config-rule/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "config:DeleteConfigurationRecorder",
        "config:PutConfigurationRecorder",
        "config:StartConfigurationRecorder",
        "config:StopConfigurationRecorder"
      ],
      "Resource": [
        "arn:${local.partition}:config:*:${local.account}:configuration-recorder/*/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "config:DeleteDeliveryChannel",
        "config:PutDeliveryChannel"
      ],
      "Resource": [
        "*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "config:DeleteOrganizationConfigRule",
        "config:PutOrganizationConfigRule"
      ],
      "Resource": [
        "arn:${local.partition}:config:*:${local.account}:organization-config-rule/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:PassRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PassedToService": [
            "config.amazonaws.com"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "config_recorder_role" {
  count  = local.has_config_rules && var.config_recorder_role_arn != "" ? 1 : 0
  name   = "config-recorder-role"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Given",
      "Effect": "Allow",
      "Action": [
        "iam:PassRole"
      ],
      "Resource": [
        "${var.config_recorder_role_arn}"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PassedToService": [
            "config.amazonaws.com"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "security_hub" {
  count  = local.has_security_hub ? 1 : 0
  name   = "security-hub"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateServiceLinkedRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/aws-service-role/securityhub.amazonaws.com/*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:AWSServiceName": [
            "securityhub.amazonaws.com"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "securityhub:BatchDisableStandards",
        "securityhub:BatchEnableStandards",
        "securityhub:DisableSecurityHub",
        "securityhub:EnableSecurityHub",
        "securityhub:TagResource",
        "securityhub:UpdateSecurityHubConfiguration"
      ],
      "Resource": [
        "arn:${local.partition}:securityhub:*:${local.account}:hub/default"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "securityhub:BatchUpdateStandardsControlAssociations",
        "securityhub:CreateFindingAggregator",
        "securityhub:UpdateSecurityControl"
      ],
      "Resource": [
        "*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "securityhub:GenerateRecommendedPolicyV2"
      ],
      "Resource": [
        "arn:${local.partition}:securityhub:*:${local.account}:hubv2/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "securityhub:UpdateFindingAggregator"
      ],
      "Resource": [
        "arn:${local.partition}:securityhub:*:${local.account}:finding-aggregator/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "event_alerts" {
  count  = local.has_event_alerts ? 1 : 0
  name   = "event-alerts"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "events:DeleteRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
        "events:UntagResource"
      ],
      "Resource": [
        "arn:${local.partition}:events:*:${local.account}:rule/iam-hardening-*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "events:PutEvents"
      ],
      "Resource": [
        "arn:${local.partition}:events:*:${local.account}:event-bus/default"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "events:PutPermission",
        "events:RemovePermission"
      ],
      "Resource": [
        "*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateRole",
        "iam:PutRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening/iam-hardening-*"
      ],
      "Condition": {
        "ArnEquals": {
          "iam:PermissionsBoundary": "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/automation-event-forwarding-boundary"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:TagRole",
        "iam:UpdateAssumeRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening/iam-hardening-*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:PassRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening/iam-hardening-*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PassedToService": [
            "events.amazonaws.com"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:TagResource",
        "sns:Unsubscribe"
      ],
      "Resource": [
        "arn:${local.partition}:sns:*:${local.account}:iam-hardening-*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "sqs:ReceiveMessage",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue"
      ],
      "Resource": [
        "arn:${local.partition}:sqs:*:${local.account}:iam-hardening-*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "event_forwarding_role" {
  count  = local.has_event_alerts && var.event_forwarding_role_arn != "" ? 1 : 0
  name   = "event-forwarding-role"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Given",
      "Effect": "Allow",
      "Action": [
        "iam:PassRole"
      ],
      "Resource": [
        "${var.event_forwarding_role_arn}"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PassedToService": [
            "events.amazonaws.com"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "alert_topic" {
  count  = local.has_event_alerts && var.alert_topic_arn != "" ? 1 : 0
  name   = "alert-topic"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Given",
      "Effect": "Allow",
      "Action": [
        "sns:SetTopicAttributes"
      ],
      "Resource": [
        "${var.alert_topic_arn}"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "alert_queue" {
  count  = local.has_event_alerts && var.alert_queue_arn != "" ? 1 : 0
  name   = "alert-queue"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Given",
      "Effect": "Allow",
      "Action": [
        "sqs:SetQueueAttributes"
      ],
      "Resource": [
        "${var.alert_queue_arn}"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "findings_export" {
  count  = local.has_findings_export ? 1 : 0
  name   = "findings-export"
  role   = aws_iam_role.automation_detective[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "securityhub:BatchImportFindings"
      ],
      "Resource": [
        "arn:${local.partition}:securityhub:*:${local.account}:product/*/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "securityhub:BatchUpdateFindings"
      ],
      "Resource": [
        "arn:${local.partition}:securityhub:*:${local.account}:hub/default",
        "arn:${local.partition}:securityhub:*:${local.account}:hubv2/*"
      ]
    }
  ]
}
JSON
}

data "aws_iam_policy_document" "automation_organization_trust" {
  count = local.has_organization ? 1 : 0
  statement {
    sid     = "ExecutionIdentity"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.organization_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.organization_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.organization_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.organization_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
    dynamic "condition" {
      for_each = nonsensitive(var.external_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [var.external_id]
      }
    }
    condition {
      test     = "StringLike"
      variable = "sts:RoleSessionName"
      values   = [var.role_session_name_pattern]
    }
    condition {
      test     = "StringLike"
      variable = "sts:SourceIdentity"
      values   = [var.organization_source_identity_pattern]
    }
  }
  statement {
    sid     = "SourceIdentityAndTags"
    actions = ["sts:SetSourceIdentity", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.organization_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.organization_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.organization_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.organization_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
  }
}

resource "aws_iam_role" "automation_organization" {
  count                = local.has_organization ? 1 : 0
  name                 = "automation-organization"
  path                 = local.path
  description          = "Makes the changes of hardening.iam, class organization"
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.automation_organization_trust[0].json
  tags                 = local.tags
  permissions_boundary = aws_iam_policy.automation_boundary[0].arn
}

resource "aws_iam_role_policy" "automation_organization_reads" {
  count  = local.has_organization ? 1 : 0
  name   = "reads"
  role   = aws_iam_role.automation_organization[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "access-analyzer:ValidatePolicy",
        "cloudtrail:DescribeTrails",
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetCredentialReport",
        "iam:GetLoginProfile",
        "iam:GetServiceLastAccessedDetails",
        "iam:ListAccessKeys",
        "iam:ListOpenIDConnectProviders",
        "iam:ListOrganizationsFeatures",
        "iam:ListSAMLProviders",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:ListAWSServiceAccessForOrganization",
        "organizations:ListAccountsForParent",
        "organizations:ListDelegatedAdministrators",
        "organizations:ListDelegatedServicesForAccount",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListParents",
        "organizations:ListPolicies",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
        "organizations:ListTagsForResource",
        "organizations:ListTargetsForPolicy",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "organization_policies" {
  count  = local.has_organization_policies ? 1 : 0
  name   = "organization-policies"
  role   = aws_iam_role.automation_organization[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "organizations:AttachPolicy",
        "organizations:DetachPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:account/o-*/*",
        "arn:${local.partition}:organizations::${local.account}:ou/o-*/ou-*",
        "arn:${local.partition}:organizations::${local.account}:root/o-*/r-*",
        "arn:${local.partition}:organizations::${local.account}:policy/o-*/*/p-*",
        "arn:${local.partition}:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
        "arn:${local.partition}:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess"
      ],
      "Condition": {
        "StringEquals": {
          "organizations:PolicyType": [
            "SERVICE_CONTROL_POLICY",
            "RESOURCE_CONTROL_POLICY"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "organizations:CreatePolicy",
        "organizations:DeletePolicy",
        "organizations:UpdatePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:policy/o-*/*/p-*"
      ],
      "Condition": {
        "StringEquals": {
          "organizations:PolicyType": [
            "SERVICE_CONTROL_POLICY",
            "RESOURCE_CONTROL_POLICY"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "organizations:EnablePolicyType"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:root/o-*/r-*"
      ],
      "Condition": {
        "StringEquals": {
          "organizations:PolicyType": [
            "SERVICE_CONTROL_POLICY",
            "RESOURCE_CONTROL_POLICY"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "organizations:TagResource",
        "organizations:UntagResource"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:policy/o-*/*/p-*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "organization_root_access" {
  count  = local.has_organization_root_access ? 1 : 0
  name   = "organization-root-access"
  role   = aws_iam_role.automation_organization[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:DisableOrganizationsRootCredentialsManagement",
        "iam:DisableOrganizationsRootSessions",
        "iam:EnableOrganizationsRootCredentialsManagement",
        "iam:EnableOrganizationsRootSessions"
      ],
      "Resource": [
        "*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "organizations:DeregisterDelegatedAdministrator",
        "organizations:RegisterDelegatedAdministrator"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:account/o-*/*"
      ],
      "Condition": {
        "StringEquals": {
          "organizations:ServicePrincipal": "iam.amazonaws.com"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "organizations:DisableAWSServiceAccess",
        "organizations:EnableAWSServiceAccess"
      ],
      "Resource": [
        "*"
      ],
      "Condition": {
        "StringEquals": {
          "organizations:ServicePrincipal": "iam.amazonaws.com"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "sts:AssumeRoot"
      ],
      "Resource": [
        "arn:${local.partition}:iam::*:root"
      ],
      "Condition": {
        "StringEquals": {
          "sts:TaskPolicyArn": [
            "arn:${local.partition}:iam::aws:policy/root-task/IAMAuditRootUserCredentials",
            "arn:${local.partition}:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_policy" "assessor_right_sizing_reads" {
  count  = local.has_roles ? 1 : 0
  name   = "assessor-right-sizing-reads"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "codebuild:ListProjects",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
        "ecs:DescribeServices",
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:ListTaskDefinitionFamilies",
        "ecs:ListTasks",
        "eks:DescribeAccessEntry",
        "eks:DescribeAddon",
        "eks:DescribeCluster",
        "eks:DescribePodIdentityAssociation",
        "eks:ListAccessEntries",
        "eks:ListAssociatedAccessPolicies",
        "eks:ListClusters",
        "eks:ListPodIdentityAssociations",
        "events:ListEventBuses",
        "iam:ListRolePolicies",
        "kms:ListGrants",
        "kms:ListKeys",
        "lambda:GetPolicy",
        "lambda:ListTags",
        "s3:GetBucketPolicy",
        "s3:ListAllMyBuckets",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:ListSecrets",
        "sns:ListTopics",
        "sqs:ListQueues",
        "states:ListStateMachineVersions",
        "states:ListStateMachines"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy_attachment" "assessor_right_sizing_reads" {
  count      = local.has_roles ? 1 : 0
  role       = aws_iam_role.assessor.name
  policy_arn = aws_iam_policy.assessor_right_sizing_reads[0].arn
}

resource "aws_iam_policy" "assessor_right_sizing_settings" {
  count  = local.has_roles && var.right_sizing_settings ? 1 : 0
  name   = "assessor-right-sizing-settings"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "cloudformation:DescribeStacks",
        "codebuild:BatchGetProjects",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "glue:GetJobs",
        "lambda:ListFunctions",
        "lambda:ListVersionsByFunction",
        "states:DescribeStateMachine"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy_attachment" "assessor_right_sizing_settings" {
  count      = local.has_roles && var.right_sizing_settings ? 1 : 0
  role       = aws_iam_role.assessor.name
  policy_arn = aws_iam_policy.assessor_right_sizing_settings[0].arn
}

resource "aws_iam_policy" "assessor_key_migration_settings" {
  count  = local.has_roles && var.key_migration_settings ? 1 : 0
  name   = "assessor-key-migration-settings"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "cloudformation:DescribeStacks",
        "codebuild:BatchGetProjects",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeLaunchTemplateVersions",
        "ecs:DescribeTaskDefinition",
        "lambda:ListFunctions"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy_attachment" "assessor_key_migration_settings" {
  count      = local.has_roles && var.key_migration_settings ? 1 : 0
  role       = aws_iam_role.assessor.name
  policy_arn = aws_iam_policy.assessor_key_migration_settings[0].arn
}

resource "aws_iam_policy" "automation_roles_boundary" {
  count  = local.has_roles ? 1 : 0
  name   = "automation-roles-boundary"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OnlyWhatItIsFor",
      "Effect": "Allow",
      "Action": [
        "iam:Generate*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*",
        "cloudformation:DescribeStackResources",
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackResources",
        "cloudformation:ListStacks",
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListPublicKeys",
        "cloudtrail:LookupEvents",
        "codebuild:BatchGetProjects",
        "codebuild:ListProjects",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeRegions",
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:ListTaskDefinitionFamilies",
        "ecs:ListTasks",
        "eks:DescribeAccessEntry",
        "eks:DescribeAddon",
        "eks:DescribeCluster",
        "eks:DescribePodIdentityAssociation",
        "eks:ListAccessEntries",
        "eks:ListAssociatedAccessPolicies",
        "eks:ListClusters",
        "eks:ListPodIdentityAssociations",
        "events:ListEventBuses",
        "glue:GetJobs",
        "kms:GetKeyPolicy",
        "kms:ListGrants",
        "kms:ListKeys",
        "lambda:GetPolicy",
        "lambda:ListFunctions",
        "lambda:ListTags",
        "lambda:ListVersionsByFunction",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:ListParents",
        "organizations:ListPoliciesForTarget",
        "s3:GetBucketPolicy",
        "s3:ListAllMyBuckets",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:ListSecrets",
        "sns:GetTopicAttributes",
        "sns:ListTopics",
        "sqs:GetQueueAttributes",
        "sqs:ListQueues",
        "states:DescribeStateMachine",
        "states:ListStateMachineVersions",
        "states:ListStateMachines",
        "sts:GetCallerIdentity",
        "iam:AttachRolePolicy",
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:CreateRole",
        "iam:DeleteAccessKey",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:SetDefaultPolicyVersion",
        "iam:TagPolicy",
        "iam:TagRole",
        "iam:UpdateAccessKey",
        "iam:UpdateAssumeRolePolicy"
      ],
      "Resource": [
        "*"
      ]
    },
    {
      "Sid": "NeitherItselfNorThoseAbove",
      "Effect": "Deny",
      "NotAction": [
        "iam:Generate*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*"
      ],
      "Resource": [
        "arn:*:iam::*:user/iam-hardening/*",
        "arn:*:iam::*:group/iam-hardening/*",
        "arn:*:iam::*:policy/iam-hardening/assessor*",
        "arn:*:iam::*:policy/iam-hardening/automation*",
        "arn:*:iam::*:policy/iam-hardening/break-glass*",
        "arn:*:iam::*:policy/iam-hardening/quarantine*",
        "arn:*:iam::*:role/iam-hardening/*",
        "arn:${local.partition}:iam::${local.account}:role/AWS-QuickSetup-*",
        "arn:${local.partition}:iam::${local.account}:role/AWSAFT*",
        "arn:${local.partition}:iam::${local.account}:role/AWSAccelerator*",
        "arn:${local.partition}:iam::${local.account}:role/AWSCloudFormationStackSet*",
        "arn:${local.partition}:iam::${local.account}:role/AWSConfigurationRecorderFor*",
        "arn:${local.partition}:iam::${local.account}:role/AWSControlTower*",
        "arn:${local.partition}:iam::${local.account}:role/OrganizationAccountAccessRole",
        "arn:${local.partition}:iam::${local.account}:role/aws-controltower-*",
        "arn:${local.partition}:iam::${local.account}:role/aws-reserved/*",
        "arn:${local.partition}:iam::${local.account}:role/aws-service-role/*",
        "arn:${local.partition}:iam::${local.account}:role/cdk-*",
        "arn:${local.partition}:iam::${local.account}:role/stacksets-exec-*",
        "${var.trusted_principal_arn_pattern}"
      ]
    },
    {
      "Sid": "TargetsOnly",
      "Effect": "Deny",
      "Action": [
        "iam:AttachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy"
      ],
      "NotResource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight",
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}-lp",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight-lp",
        "arn:${local.partition}:iam::${local.account}:role/workload/*"
      ]
    },
    {
      "Sid": "NewRolesOnly",
      "Effect": "Deny",
      "Action": [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:TagRole"
      ],
      "NotResource": [
        "arn:${local.partition}:iam::${local.account}:role/*-lp",
        "arn:${local.partition}:iam::${local.account}:role/workload/*"
      ]
    },
    {
      "Sid": "BoundariesOfNewRolesStay",
      "Effect": "Deny",
      "Action": [
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/*-lp",
        "arn:${local.partition}:iam::${local.account}:role/workload/*"
      ]
    },
    {
      "Sid": "PoliciesOfCampaignsOnly",
      "Effect": "Deny",
      "Action": [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "iam:TagPolicy"
      ],
      "NotResource": [
        "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
      ]
    },
    {
      "Sid": "NoOtherRole",
      "Effect": "Deny",
      "Action": [
        "sts:AssumeRole*"
      ],
      "Resource": [
        "*"
      ]
    },
    {
      "Sid": "ContainmentStays",
      "Effect": "Deny",
      "Action": [
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy"
      ],
      "Resource": "*",
      "Condition": {
        "ArnLike": {
          "iam:PolicyARN": [
            "arn:*:iam::*:policy/iam-hardening/quarantine*",
            "arn:*:iam::*:policy/iam-hardening/incident-*",
            "arn:*:iam::aws:policy/AWSDenyAll"
          ]
        }
      }
    }
  ]
}
JSON
}

data "aws_iam_policy_document" "automation_roles_trust" {
  count = local.has_roles ? 1 : 0
  statement {
    sid     = "ExecutionIdentity"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.roles_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.roles_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.roles_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.roles_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
    dynamic "condition" {
      for_each = nonsensitive(var.external_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [var.external_id]
      }
    }
    condition {
      test     = "StringLike"
      variable = "sts:RoleSessionName"
      values   = [var.role_session_name_pattern]
    }
    condition {
      test     = "StringLike"
      variable = "sts:SourceIdentity"
      values   = [var.roles_source_identity_pattern]
    }
  }
  statement {
    sid     = "SourceIdentityAndTags"
    actions = ["sts:SetSourceIdentity", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [split(":", (var.roles_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.roles_principal_arn_pattern))[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.roles_principal_arn_pattern == "" ? var.trusted_principal_arn_pattern : var.roles_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
  }
}

resource "aws_iam_role" "automation_roles" {
  count                = local.has_roles ? 1 : 0
  name                 = "automation-roles"
  path                 = local.path
  description          = "Makes the changes of hardening.iam, class roles"
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.automation_roles_trust[0].json
  tags                 = local.tags
  permissions_boundary = aws_iam_policy.automation_roles_boundary[0].arn
}

resource "aws_iam_role_policy" "automation_roles_reads" {
  count  = local.has_roles ? 1 : 0
  name   = "reads"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "cloudformation:DescribeStackResources",
        "cloudformation:ListStackResources",
        "cloudformation:ListStacks",
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListPublicKeys",
        "cloudtrail:LookupEvents",
        "codebuild:ListProjects",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DescribeInstances",
        "ec2:DescribeRegions",
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
        "ecs:DescribeServices",
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:ListTaskDefinitionFamilies",
        "ecs:ListTasks",
        "eks:DescribeAccessEntry",
        "eks:DescribeAddon",
        "eks:DescribeCluster",
        "eks:DescribePodIdentityAssociation",
        "eks:ListAccessEntries",
        "eks:ListAssociatedAccessPolicies",
        "eks:ListClusters",
        "eks:ListPodIdentityAssociations",
        "events:ListEventBuses",
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetAccessKeyLastUsed",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetAccountSummary",
        "iam:GetCredentialReport",
        "iam:GetGroup",
        "iam:GetLoginProfile",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:GetServiceLastAccessedDetails",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:ListAccountAliases",
        "iam:ListAttachedRolePolicies",
        "iam:ListEntitiesForPolicy",
        "iam:ListOpenIDConnectProviders",
        "iam:ListPolicyVersions",
        "iam:ListRolePolicies",
        "iam:ListSAMLProviders",
        "kms:GetKeyPolicy",
        "kms:ListGrants",
        "kms:ListKeys",
        "lambda:GetPolicy",
        "lambda:ListTags",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:ListParents",
        "organizations:ListPoliciesForTarget",
        "s3:GetBucketPolicy",
        "s3:ListAllMyBuckets",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:ListSecrets",
        "sns:GetTopicAttributes",
        "sns:ListTopics",
        "sqs:GetQueueAttributes",
        "sqs:ListQueues",
        "states:ListStateMachineVersions",
        "states:ListStateMachines",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "campaign_policies" {
  count  = local.has_roles ? 1 : 0
  name   = "campaign-policies"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreatePolicy",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:TagPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "trial_policies" {
  count  = local.has_roles && var.right_sizing_trial_policies ? 1 : 0
  name   = "trial-policies"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "new_roles" {
  count  = local.has_roles && var.right_sizing_boundary_arn != "" ? 1 : 0
  name   = "new-roles"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:TagRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}-lp",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight-lp"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}-lp",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight-lp"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PermissionsBoundary": [
            "${var.right_sizing_boundary_arn}",
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/automation-preflight"
          ]
        },
        "StringNotLike": {
          "iam:PermissionsBoundary": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}-lp",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight-lp"
      ],
      "Condition": {
        "ArnLike": {
          "iam:PolicyARN": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
          ]
        },
        "StringEquals": {
          "iam:PermissionsBoundary": [
            "${var.right_sizing_boundary_arn}",
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/automation-preflight"
          ]
        },
        "StringNotLike": {
          "iam:PermissionsBoundary": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "new_roles_without_boundary" {
  count  = local.has_roles && var.right_sizing_unbounded ? 1 : 0
  name   = "new-roles-without-boundary"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:TagRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}-lp",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight-lp"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}-lp",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight-lp"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}-lp",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight-lp"
      ],
      "Condition": {
        "ArnLike": {
          "iam:PolicyARN": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "in_place" {
  count  = local.has_roles && var.right_sizing_in_place ? 1 : 0
  name   = "in-place"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight"
      ],
      "Condition": {
        "ArnLike": {
          "iam:PolicyARN": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight"
      ],
      "Condition": {
        "ArnLike": {
          "iam:PermissionsBoundary": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "retirement" {
  count  = local.has_roles && var.right_sizing_retirement ? 1 : 0
  name   = "retirement"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:UpdateAssumeRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "return" {
  count  = local.has_roles && var.right_sizing_return ? 1 : 0
  name   = "return"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachRolePolicy",
        "iam:PutRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/${var.right_sizing_targets}",
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening-preflight"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "moved_keys" {
  count  = local.has_roles && var.key_migration ? 1 : 0
  name   = "moved-keys"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteAccessKey",
        "iam:UpdateAccessKey"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "workload_roles" {
  count  = local.has_roles && var.key_migration_boundary_arn != "" ? 1 : 0
  name   = "workload-roles"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:TagRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/workload/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:PutRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/workload/*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PermissionsBoundary": [
            "${var.key_migration_boundary_arn}",
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/automation-preflight"
          ]
        },
        "StringNotLike": {
          "iam:PermissionsBoundary": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/lp/*"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "workload_roles_without_boundary" {
  count  = local.has_roles && var.key_migration_unbounded ? 1 : 0
  name   = "workload-roles-without-boundary"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:TagRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/workload/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:PutRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/workload/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "settings" {
  count  = local.has_roles && var.right_sizing_settings ? 1 : 0
  name   = "settings"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "cloudformation:DescribeStacks",
        "codebuild:BatchGetProjects",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "glue:GetJobs",
        "lambda:ListFunctions",
        "lambda:ListVersionsByFunction",
        "states:DescribeStateMachine"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "settings_of_keys" {
  count  = local.has_roles && var.key_migration_settings ? 1 : 0
  name   = "settings-of-keys"
  role   = aws_iam_role.automation_roles[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "cloudformation:DescribeStacks",
        "codebuild:BatchGetProjects",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeLaunchTemplateVersions",
        "ecs:DescribeTaskDefinition",
        "lambda:ListFunctions"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_policy" "quarantine_deny_all" {
  count  = local.has_containment ? 1 : 0
  name   = "quarantine-deny-all"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "QuarantineDenyAll",
      "Effect": "Deny",
      "Action": "*",
      "Resource": "*"
    }
  ]
}
JSON
}

resource "aws_iam_policy" "automation_drill_boundary" {
  count  = local.has_containment && var.containment_drill ? 1 : 0
  name   = "automation-drill-boundary"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OnlyDrills",
      "Effect": "Allow",
      "Action": [
        "iam:GetRole",
        "sts:AssumeRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening/drill/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_policy" "assessor_containment_reads" {
  count  = local.has_containment ? 1 : 0
  name   = "assessor-containment-reads"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "iam:GetOpenIDConnectProvider",
        "iam:ListRolePolicies",
        "iam:ListUserPolicies",
        "iam:ListUsers",
        "sts:GetAccessKeyInfo",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy_attachment" "assessor_containment_reads" {
  count      = local.has_containment ? 1 : 0
  role       = aws_iam_role.assessor.name
  policy_arn = aws_iam_policy.assessor_containment_reads[0].arn
}

resource "aws_iam_policy" "automation_containment_boundary" {
  count  = local.has_containment ? 1 : 0
  name   = "automation-containment-boundary"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OnlyWhatItIsFor",
      "Effect": "Allow",
      "Action": [
        "iam:Generate*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*",
        "organizations:Describe*",
        "organizations:List*",
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "sts:GetAccessKeyInfo",
        "sts:GetCallerIdentity",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreateAccessKey",
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:CreateRole",
        "iam:CreateUser",
        "iam:DeleteAccessKey",
        "iam:DeleteLoginProfile",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DeleteUser",
        "iam:DeleteUserPermissionsBoundary",
        "iam:DeleteUserPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:PutRolePolicy",
        "iam:PutUserPermissionsBoundary",
        "iam:PutUserPolicy",
        "iam:TagPolicy",
        "iam:TagRole",
        "iam:TagUser",
        "iam:UntagUser",
        "iam:UpdateAccessKey",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateSSHPublicKey",
        "iam:UpdateServiceSpecificCredential",
        "iam:UpdateSigningCertificate",
        "organizations:AttachPolicy",
        "organizations:CreatePolicy",
        "organizations:DeletePolicy",
        "organizations:DetachPolicy",
        "organizations:MoveAccount",
        "organizations:TagResource",
        "organizations:UpdatePolicy",
        "sts:AssumeRoot"
      ],
      "Resource": [
        "*"
      ]
    },
    {
      "Sid": "NothingElse",
      "Effect": "Deny",
      "NotAction": [
        "iam:Generate*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*",
        "organizations:Describe*",
        "organizations:List*",
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "sts:GetAccessKeyInfo",
        "sts:GetCallerIdentity",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreateAccessKey",
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:CreateRole",
        "iam:CreateUser",
        "iam:DeleteAccessKey",
        "iam:DeleteLoginProfile",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DeleteUser",
        "iam:DeleteUserPermissionsBoundary",
        "iam:DeleteUserPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:PutRolePolicy",
        "iam:PutUserPermissionsBoundary",
        "iam:PutUserPolicy",
        "iam:TagPolicy",
        "iam:TagRole",
        "iam:TagUser",
        "iam:UntagUser",
        "iam:UpdateAccessKey",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateSSHPublicKey",
        "iam:UpdateServiceSpecificCredential",
        "iam:UpdateSigningCertificate",
        "organizations:AttachPolicy",
        "organizations:CreatePolicy",
        "organizations:DeletePolicy",
        "organizations:DetachPolicy",
        "organizations:MoveAccount",
        "organizations:TagResource",
        "organizations:UpdatePolicy",
        "sts:AssumeRoot"
      ],
      "Resource": "*"
    },
    {
      "Sid": "NeitherItselfNorThoseAbove",
      "Effect": "Deny",
      "NotAction": [
        "iam:Generate*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*"
      ],
      "Resource": [
        "arn:*:iam::*:user/iam-hardening/break-glass*",
        "arn:*:iam::*:group/iam-hardening/*",
        "arn:*:iam::*:role/iam-hardening/assessor*",
        "arn:*:iam::*:role/iam-hardening/automation*",
        "arn:*:iam::*:role/iam-hardening/break-glass*",
        "arn:*:iam::*:policy/iam-hardening/assessor*",
        "arn:*:iam::*:policy/iam-hardening/automation*",
        "arn:*:iam::*:policy/iam-hardening/break-glass*",
        "arn:*:iam::*:policy/iam-hardening/quarantine*",
        "arn:${local.partition}:iam::${local.account}:role/AWS-QuickSetup-*",
        "arn:${local.partition}:iam::${local.account}:role/AWSAFT*",
        "arn:${local.partition}:iam::${local.account}:role/AWSAccelerator*",
        "arn:${local.partition}:iam::${local.account}:role/AWSCloudFormationStackSet*",
        "arn:${local.partition}:iam::${local.account}:role/AWSConfigurationRecorderFor*",
        "arn:${local.partition}:iam::${local.account}:role/AWSControlTower*",
        "arn:${local.partition}:iam::${local.account}:role/OrganizationAccountAccessRole",
        "arn:${local.partition}:iam::${local.account}:role/aws-controltower-*",
        "arn:${local.partition}:iam::${local.account}:role/aws-reserved/*",
        "arn:${local.partition}:iam::${local.account}:role/aws-service-role/*",
        "arn:${local.partition}:iam::${local.account}:role/cdk-*",
        "arn:${local.partition}:iam::${local.account}:role/stacksets-exec-*",
        "${var.incident_principal_arn_pattern}"
      ]
    },
    {
      "Sid": "IncidentTags",
      "Effect": "Deny",
      "Action": [
        "iam:TagUser",
        "iam:UntagUser"
      ],
      "Resource": "*",
      "Condition": {
        "ForAnyValue:StringNotEquals": {
          "aws:TagKeys": [
            "iam-hardening:incident",
            "iam-hardening:quarantine"
          ]
        }
      }
    },
    {
      "Sid": "QuarantineOnly",
      "Effect": "Deny",
      "Action": [
        "iam:AttachUserPolicy",
        "iam:DetachUserPolicy"
      ],
      "Resource": "*",
      "Condition": {
        "ArnNotEquals": {
          "iam:PolicyARN": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/quarantine-deny-all",
            "arn:${local.partition}:iam::aws:policy/AWSDenyAll"
          ]
        }
      }
    },
    {
      "Sid": "NoOtherBoundary",
      "Effect": "Deny",
      "Action": [
        "iam:DeleteUserPermissionsBoundary"
      ],
      "Resource": "*",
      "Condition": {
        "StringNotEquals": {
          "iam:PermissionsBoundary": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/quarantine-deny-all",
            "arn:${local.partition}:iam::aws:policy/AWSDenyAll"
          ]
        }
      }
    },
    {
      "Sid": "DrillsKeepTheirBoundary",
      "Effect": "Deny",
      "Action": [
        "iam:DeleteUserPermissionsBoundary",
        "iam:PutUserPermissionsBoundary"
      ],
      "Resource": "arn:*:iam::*:user/iam-hardening/drill/*"
    },
    {
      "Sid": "IncidentPolicies",
      "Effect": "Deny",
      "Action": [
        "iam:AttachRolePolicy",
        "iam:DetachRolePolicy"
      ],
      "Resource": "*",
      "Condition": {
        "ArnNotLike": {
          "iam:PolicyARN": [
            "arn:*:iam::*:policy/iam-hardening/incident-*"
          ]
        }
      }
    },
    {
      "Sid": "NoOtherPolicy",
      "Effect": "Deny",
      "Action": [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:TagPolicy"
      ],
      "NotResource": [
        "arn:*:iam::*:policy/iam-hardening/incident-*"
      ]
    },
    {
      "Sid": "DrillsOnly",
      "Effect": "Deny",
      "Action": [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:TagRole",
        "iam:CreateAccessKey",
        "iam:CreateUser",
        "iam:DeleteAccessKey",
        "iam:DeleteUser"
      ],
      "NotResource": [
        "arn:*:iam::*:role/iam-hardening/drill/*",
        "arn:*:iam::*:user/iam-hardening/drill/*"
      ]
    },
    {
      "Sid": "DrillsBounded",
      "Effect": "Deny",
      "Action": [
        "iam:CreateRole",
        "iam:CreateUser"
      ],
      "Resource": "*",
      "Condition": {
        "StringNotEquals": {
          "iam:PermissionsBoundary": "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/automation-drill-boundary"
        }
      }
    },
    {
      "Sid": "NoOtherTaskAsRoot",
      "Effect": "Deny",
      "Action": [
        "sts:AssumeRoot"
      ],
      "Resource": "*",
      "Condition": {
        "StringNotEquals": {
          "sts:TaskPolicyArn": [
            "arn:${local.partition}:iam::aws:policy/root-task/IAMAuditRootUserCredentials",
            "arn:${local.partition}:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"
          ]
        }
      }
    }
  ]
}
JSON
}

data "aws_iam_policy_document" "automation_containment_trust" {
  count = local.has_containment ? 1 : 0
  statement {
    sid     = "ExecutionIdentity"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [split(":", var.incident_principal_arn_pattern)[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.incident_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
    dynamic "condition" {
      for_each = nonsensitive(var.external_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [var.external_id]
      }
    }
    condition {
      test     = "StringLike"
      variable = "sts:RoleSessionName"
      values   = [var.role_session_name_pattern]
    }
    condition {
      test     = "StringLike"
      variable = "sts:SourceIdentity"
      values   = [var.containment_source_identity_pattern]
    }
  }
  statement {
    sid     = "SourceIdentityAndTags"
    actions = ["sts:SetSourceIdentity", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [split(":", var.incident_principal_arn_pattern)[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.incident_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
  }
  statement {
    sid     = "NoScheduledJob"
    effect  = "Deny"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = local.never_containment
    }
  }
}

resource "aws_iam_role" "automation_containment" {
  count                = local.has_containment ? 1 : 0
  name                 = "automation-containment"
  path                 = local.path
  description          = "Contains leaked credentials in an incident, for hardening.iam"
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.automation_containment_trust[0].json
  tags                 = local.tags
  permissions_boundary = aws_iam_policy.automation_containment_boundary[0].arn

  lifecycle {
    precondition {
      condition     = !contains(local.never_containment, var.incident_principal_arn_pattern)
      error_message = "The incident_principal_arn_pattern must not be that of jobs: nobody could assume the role."
    }
  }
}

resource "aws_iam_role_policy" "automation_containment_reads" {
  count  = local.has_containment ? 1 : 0
  name   = "reads"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "iam:GetAccessKeyLastUsed",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetAccountSummary",
        "iam:GetGroup",
        "iam:GetLoginProfile",
        "iam:GetOpenIDConnectProvider",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAccessKeys",
        "iam:ListAttachedRolePolicies",
        "iam:ListAttachedUserPolicies",
        "iam:ListEntitiesForPolicy",
        "iam:ListGroupsForUser",
        "iam:ListMFADevices",
        "iam:ListPolicyVersions",
        "iam:ListRolePolicies",
        "iam:ListSAMLProviders",
        "iam:ListSSHPublicKeys",
        "iam:ListServiceSpecificCredentials",
        "iam:ListSigningCertificates",
        "iam:ListUserPolicies",
        "iam:ListUserTags",
        "iam:ListUsers",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:ListAccountsForParent",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListParents",
        "organizations:ListPolicies",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
        "organizations:ListTagsForResource",
        "organizations:ListTargetsForPolicy",
        "sts:GetAccessKeyInfo",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_organizations_policy" "dormant" {
  count       = local.has_dormant ? 1 : 0
  name        = "IamHardeningDormant"
  description = "Denies nothing until an incident. hardening.iam changes its content then, and back at the release."
  type        = "SERVICE_CONTROL_POLICY"
  tags        = { "iam-hardening:dormant" = "true" }
  content     = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Dormant",
      "Effect": "Deny",
      "Action": "*",
      "Resource": "*",
      "Condition": {
        "StringEquals": {
          "aws:PrincipalAccount": "000000000000"
        }
      }
    }
  ]
}
JSON

  # An incident changes the content, and the release changes it back.
  lifecycle {
    ignore_changes = [content, description]
  }
}

resource "aws_organizations_policy_attachment" "dormant" {
  for_each  = local.has_dormant ? toset(split(",", var.containment_dormant_targets)) : toset([])
  policy_id = aws_organizations_policy.dormant[0].id
  target_id = each.value
}

resource "aws_iam_role_policy" "containment_users" {
  count  = local.has_containment && var.containment_users ? 1 : 0
  name   = "users"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachUserPolicy",
        "iam:DetachUserPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ],
      "Condition": {
        "ArnEquals": {
          "iam:PolicyARN": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/quarantine-deny-all",
            "arn:${local.partition}:iam::aws:policy/AWSDenyAll"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:TagUser",
        "iam:UntagUser"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ],
      "Condition": {
        "ForAllValues:StringEquals": {
          "aws:TagKeys": [
            "iam-hardening:quarantine",
            "iam-hardening:incident"
          ]
        },
        "Null": {
          "aws:TagKeys": "false"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:UpdateAccessKey",
        "iam:UpdateSSHPublicKey",
        "iam:UpdateServiceSpecificCredential",
        "iam:UpdateSigningCertificate"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "containment_inline" {
  count  = local.has_containment && var.containment_inline ? 1 : 0
  name   = "inline"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteUserPolicy",
        "iam:PutUserPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "containment_boundaries" {
  count  = local.has_containment && var.containment_boundaries ? 1 : 0
  name   = "boundaries"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteUserPermissionsBoundary"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PermissionsBoundary": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/quarantine-deny-all",
            "arn:${local.partition}:iam::aws:policy/AWSDenyAll"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:PutUserPermissionsBoundary"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "containment_roles" {
  count  = local.has_containment && var.containment_roles ? 1 : 0
  name   = "roles"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:AttachRolePolicy",
        "iam:DetachRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/*"
      ],
      "Condition": {
        "ArnLike": {
          "iam:PolicyARN": [
            "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/incident-*"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:TagPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/incident-*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteRolePolicy",
        "iam:PutRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "containment_trust" {
  count  = local.has_containment && var.containment_trust ? 1 : 0
  name   = "trust"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:UpdateAssumeRolePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "containment_passwords" {
  count  = local.has_containment && var.containment_passwords ? 1 : 0
  name   = "passwords"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteLoginProfile"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "containment_drill" {
  count  = local.has_containment && var.containment_drill ? 1 : 0
  name   = "drill"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateAccessKey",
        "iam:DeleteAccessKey",
        "iam:DeleteUser"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/iam-hardening/drill/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening/drill/*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PermissionsBoundary": "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/automation-drill-boundary"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:CreateUser"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:user/iam-hardening/drill/*"
      ],
      "Condition": {
        "StringEquals": {
          "iam:PermissionsBoundary": "arn:${local.partition}:iam::${local.account}:policy/iam-hardening/automation-drill-boundary"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "iam:DeleteRole",
        "iam:TagRole"
      ],
      "Resource": [
        "arn:${local.partition}:iam::${local.account}:role/iam-hardening/drill/*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "containment_root" {
  count  = local.has_containment && var.containment_root && var.management_account ? 1 : 0
  name   = "root"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "sts:AssumeRoot"
      ],
      "Resource": [
        "arn:${local.partition}:iam::*:root"
      ],
      "Condition": {
        "StringEquals": {
          "sts:TaskPolicyArn": [
            "arn:${local.partition}:iam::aws:policy/root-task/IAMAuditRootUserCredentials",
            "arn:${local.partition}:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"
          ]
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "containment_organization" {
  count  = local.has_containment && var.containment_organization && var.management_account ? 1 : 0
  name   = "organization"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "organizations:AttachPolicy",
        "organizations:DetachPolicy"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:policy/o-*/service_control_policy/p-*",
        "arn:${local.partition}:organizations::${local.account}:account/o-*/*",
        "arn:${local.partition}:organizations::${local.account}:root/o-*/r-*"
      ],
      "Condition": {
        "StringEquals": {
          "organizations:PolicyType": [
            "SERVICE_CONTROL_POLICY"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "organizations:CreatePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:policy/o-*/*/p-*"
      ],
      "Condition": {
        "StringEquals": {
          "organizations:PolicyType": [
            "SERVICE_CONTROL_POLICY"
          ]
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "organizations:DeletePolicy",
        "organizations:UpdatePolicy"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:policy/o-*/service_control_policy/p-*"
      ],
      "Condition": {
        "StringEquals": {
          "organizations:PolicyType": [
            "SERVICE_CONTROL_POLICY"
          ]
        },
        "StringLike": {
          "aws:ResourceTag/iam-hardening:incident": "*"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "organizations:MoveAccount"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:account/o-*/*",
        "arn:${local.partition}:organizations::${local.account}:ou/o-*/ou-*",
        "arn:${local.partition}:organizations::${local.account}:root/o-*/r-*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "organizations:TagResource"
      ],
      "Resource": [
        "arn:${local.partition}:organizations::${local.account}:policy/o-*/service_control_policy/p-*"
      ],
      "Condition": {
        "StringLike": {
          "aws:RequestTag/iam-hardening:incident": "*"
        }
      }
    }
  ]
}
JSON
}

resource "aws_iam_role_policy" "containment_dormant" {
  count  = local.has_dormant ? 1 : 0
  name   = "dormant"
  role   = aws_iam_role.automation_containment[0].id
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "organizations:UpdatePolicy"
      ],
      "Resource": [
        "${aws_organizations_policy.dormant[0].arn}"
      ],
      "Condition": {
        "StringEquals": {
          "organizations:PolicyType": [
            "SERVICE_CONTROL_POLICY"
          ]
        }
      }
    }
  ]
}
JSON
}

data "aws_iam_policy_document" "assessor_hunt_trust" {
  count = local.has_hunt ? 1 : 0
  statement {
    sid     = "ExecutionIdentity"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [split(":", var.hunt_principal_arn_pattern)[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.hunt_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
    dynamic "condition" {
      for_each = nonsensitive(var.external_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [var.external_id]
      }
    }
    condition {
      test     = "StringLike"
      variable = "sts:RoleSessionName"
      values   = [var.role_session_name_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.hunt_source_identity_pattern == "") ? [] : [true]
      content {
        test     = "StringLike"
        variable = "sts:SourceIdentity"
        values   = [var.hunt_source_identity_pattern]
      }
    }
  }
  statement {
    sid     = "SourceIdentityAndTags"
    actions = ["sts:SetSourceIdentity", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [split(":", var.hunt_principal_arn_pattern)[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.hunt_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
  }
}

resource "aws_iam_role" "assessor_hunt" {
  count                = local.has_hunt ? 1 : 0
  name                 = "assessor-hunt"
  path                 = local.path
  description          = "Looks for what was done with leaked credentials, for hardening.iam"
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.assessor_hunt_trust[0].json
  tags                 = local.tags
}

resource "aws_iam_policy" "assessor_hunt_reads" {
  count  = local.has_hunt ? 1 : 0
  name   = "assessor-hunt-reads"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "access-analyzer:GetAnalyzer",
        "access-analyzer:GetArchiveRule",
        "account:GetAlternateContact",
        "account:GetRegionOptStatus",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListPublicKeys",
        "cloudtrail:LookupEvents",
        "codebuild:ListProjects",
        "config:DescribeConfigurationRecorderStatus",
        "dynamodb:GetResourcePolicy",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DescribeImageAttribute",
        "ec2:DescribeImages",
        "ec2:DescribeInstances",
        "ec2:DescribeKeyPairs",
        "ec2:DescribeRegions",
        "ec2:DescribeSnapshotAttribute",
        "ecr:GetRepositoryPolicy",
        "ecs:DescribeServices",
        "ecs:ListTaskDefinitionFamilies",
        "eks:DescribeAccessEntry",
        "eks:DescribePodIdentityAssociation",
        "eks:ListAssociatedAccessPolicies",
        "events:DescribeRule",
        "events:ListTargetsByRule",
        "guardduty:GetDetector",
        "guardduty:ListDetectors",
        "guardduty:ListFilters",
        "guardduty:ListIPSets",
        "iam:GenerateCredentialReport",
        "iam:GetAccessKeyLastUsed",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetCredentialReport",
        "iam:GetLoginProfile",
        "iam:GetOpenIDConnectProvider",
        "iam:GetOutboundWebIdentityFederationInfo",
        "iam:ListAccessKeys",
        "iam:ListMFADevices",
        "iam:ListOpenIDConnectProviders",
        "iam:ListPolicyVersions",
        "iam:ListSAMLProviders",
        "iam:ListSSHPublicKeys",
        "iam:ListServiceSpecificCredentials",
        "iam:ListSigningCertificates",
        "iam:ListVirtualMFADevices",
        "identitystore:DescribeGroupMembership",
        "identitystore:DescribeUser",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "kms:ListAliases",
        "kms:ListGrants",
        "kms:ListKeys",
        "lambda:GetEventSourceMapping",
        "lambda:GetFunctionUrlConfig",
        "lambda:GetPolicy",
        "lambda:ListLayerVersions",
        "lambda:ListTags",
        "organizations:DescribeAccount",
        "organizations:DescribeHandshake",
        "organizations:DescribeOrganization",
        "organizations:ListRoots",
        "organizations:ListTargetsForPolicy",
        "ram:GetResourceShares",
        "rds:DescribeDBClusterSnapshotAttributes",
        "rds:DescribeDBSnapshotAttributes",
        "rolesanywhere:GetProfile",
        "rolesanywhere:GetTrustAnchor",
        "s3:GetBucketAcl",
        "s3:GetBucketPolicy",
        "s3:GetReplicationConfiguration",
        "sagemaker:DescribeNotebookInstance",
        "scheduler:GetSchedule",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:ListSecrets",
        "securityhub:DescribeHub",
        "ses:GetEmailIdentity",
        "sns:GetTopicAttributes",
        "sqs:GetQueueAttributes",
        "ssm:DescribeParameters",
        "sso:DescribeInstance",
        "sso:DescribePermissionSet",
        "sso:DescribeTrustedTokenIssuer",
        "sso:GetInlinePolicyForPermissionSet",
        "sso:ListAccountAssignments",
        "sso:ListManagedPoliciesInPermissionSet",
        "sts:GetCallerIdentity"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy_attachment" "assessor_hunt_reads" {
  count      = local.has_hunt ? 1 : 0
  role       = aws_iam_role.assessor_hunt[0].name
  policy_arn = aws_iam_policy.assessor_hunt_reads[0].arn
}

resource "aws_iam_policy" "assessor_hunt_settings" {
  count  = local.has_hunt && var.hunt_settings ? 1 : 0
  name   = "assessor-hunt-settings"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "cloudformation:DescribeStackSet",
        "cloudformation:DescribeStacks",
        "codebuild:BatchGetProjects",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeLaunchTemplateVersions",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "glue:GetDevEndpoint",
        "glue:GetJob",
        "lambda:GetFunctionConfiguration",
        "lambda:ListFunctions",
        "ssm:DescribeAssociation",
        "ssm:DescribeDocument",
        "states:DescribeStateMachine"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy_attachment" "assessor_hunt_settings" {
  count      = local.has_hunt && var.hunt_settings ? 1 : 0
  role       = aws_iam_role.assessor_hunt[0].name
  policy_arn = aws_iam_policy.assessor_hunt_settings[0].arn
}

resource "aws_iam_policy" "assessor_settings" {
  count  = var.assessor_settings ? 1 : 0
  name   = "assessor-settings"
  path   = local.path
  policy = <<-JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "config:BatchGetResourceConfig",
        "lambda:ListFunctions"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}
JSON
}

resource "aws_iam_role_policy_attachment" "assessor_settings" {
  count      = var.assessor_settings ? 1 : 0
  role       = aws_iam_role.assessor.name
  policy_arn = aws_iam_policy.assessor_settings[0].arn
}

data "aws_iam_policy_document" "break_glass_trust" {
  count = var.break_glass_principal_arn_pattern != "" ? 1 : 0
  statement {
    sid     = "PeopleWithFreshMfa"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [split(":", var.break_glass_principal_arn_pattern)[4]]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [var.break_glass_principal_arn_pattern]
    }
    dynamic "condition" {
      for_each = nonsensitive(var.organization_id == "") ? [] : [true]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
    condition {
      test     = "NumericLessThan"
      variable = "aws:MultiFactorAuthAge"
      values   = ["3600"]
    }
  }
}

resource "aws_iam_role" "break_glass" {
  count                = var.break_glass_principal_arn_pattern != "" ? 1 : 0
  name                 = "break-glass"
  path                 = local.path
  description          = "Administrator for emergencies"
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.break_glass_trust[0].json
  tags                 = local.tags
}

resource "aws_iam_role_policy_attachment" "break_glass" {
  count      = var.break_glass_principal_arn_pattern != "" ? 1 : 0
  role       = aws_iam_role.break_glass[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AdministratorAccess"
}
