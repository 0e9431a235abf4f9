# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made by tests/scripts/generate_permissions.py, like ../iam-hardening-roles.yml: docs/permissions.md.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  path      = "/iam-hardening/"
  tags      = { "iam-hardening:managed" = "true" }

  has_password_policy = var.password_policy
  has_access_keys = var.access_keys
  has_access_key_rotation = var.access_key_rotation
  has_user_permissions = var.user_permissions
  has_permissions_boundary = var.permissions_boundary
  has_policy_scope = var.policy_scope
  has_access_analyzer = var.access_analyzer
  has_config_rules = var.config_rules
  has_security_hub = var.security_hub
  has_event_alerts = var.event_alerts
  has_findings_export = var.findings_export
  has_organization_policies = var.organization_policies && var.management_account
  has_organization_root_access = var.organization_root_access && var.management_account
  has_credentials = local.has_password_policy || local.has_access_keys || local.has_access_key_rotation
  has_policies = local.has_user_permissions || local.has_permissions_boundary || local.has_policy_scope
  has_detective = local.has_access_analyzer || local.has_config_rules || local.has_security_hub || local.has_event_alerts || local.has_findings_export
  has_organization = local.has_organization_policies || local.has_organization_root_access
  has_roles = var.right_sizing_targets != ""
  has_containment = var.incident_principal_arn_pattern != ""
  has_dormant = local.has_containment && var.management_account && var.containment_dormant_targets != ""
  has_hunt = var.hunt_principal_arn_pattern != ""
  never_containment = compact([var.trusted_principal_arn_pattern, var.credentials_principal_arn_pattern, var.policies_principal_arn_pattern, var.roles_principal_arn_pattern, var.detective_principal_arn_pattern, var.organization_principal_arn_pattern, "arn:${local.partition}:iam::*:role/iam-hardening/a*"])
  has_automation = local.has_credentials || local.has_policies || local.has_detective || local.has_organization
}
