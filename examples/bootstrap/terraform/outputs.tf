# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made by tests/scripts/generate_permissions.py, like ../iam-hardening-roles.yml: docs/permissions.md.

output "assessor_role_arn" {
  description = "For aws_assessor_role_arn"
  value       = aws_iam_role.assessor.arn
}

output "assume_role_arns" {
  description = "For aws_assume_role_arns"
  value       = merge(
    local.has_credentials ? { credentials = aws_iam_role.automation_credentials[0].arn } : {},
    local.has_policies ? { policies = aws_iam_role.automation_policies[0].arn } : {},
    local.has_detective ? { detective = aws_iam_role.automation_detective[0].arn } : {},
    local.has_organization ? { organization = aws_iam_role.automation_organization[0].arn } : {},
    local.has_roles ? { roles = aws_iam_role.automation_roles[0].arn } : {},
    local.has_containment ? { containment = aws_iam_role.automation_containment[0].arn } : {},
  )
}

output "hunt_role_arn" {
  description = "For aws_assessor_role_arn of a hunt"
  value       = one(aws_iam_role.assessor_hunt[*].arn)
}

output "event_alerts_role_permissions_boundary" {
  description = "For event_alerts_role_permissions_boundary"
  value       = one(aws_iam_policy.automation_event_forwarding_boundary[*].arn)
}

output "break_glass_role_arn" {
  description = "For hardening_break_glass"
  value       = one(aws_iam_role.break_glass[*].arn)
}
