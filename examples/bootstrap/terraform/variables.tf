# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made by tests/scripts/generate_permissions.py, like ../iam-hardening-roles.yml: docs/permissions.md.

variable "trusted_principal_arn_pattern" {
  description = "Who may assume the roles: the ARN of what runs Ansible, or a pattern (* and ?)."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]{2,}[\\w+=,.@/*?-]*$", var.trusted_principal_arn_pattern))
    error_message = "trusted_principal_arn_pattern is not of the form that its description asks for."
  }
}

variable "organization_id" {
  description = "The organization of those that may assume the roles."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is not of the form that its description asks for."
  }
}

variable "external_id" {
  description = "The external id (aws_external_id)."
  type        = string
  default     = ""
  sensitive   = true

  validation {
    condition     = can(regex("^$|^[\\w+=,.@:/-]{2,256}$", var.external_id))
    error_message = "external_id is not of the form that its description asks for."
  }
}

variable "role_session_name_pattern" {
  description = "The pattern of session names."
  type        = string
  default     = "iam-hardening*"

  validation {
    condition     = can(regex("^[\\w+=,.@*?-]{1,64}$", var.role_session_name_pattern))
    error_message = "role_session_name_pattern is not of the form that its description asks for."
  }
}

variable "source_identity_pattern" {
  description = "The pattern of the assessor's source identity, such as awx-*; empty: any."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^[\\w+=,.@*?-]{1,64}$", var.source_identity_pattern))
    error_message = "source_identity_pattern is not of the form that its description asks for."
  }
}

variable "max_session_duration" {
  description = "In seconds. A session of another role gets one hour at most."
  type        = number
  default     = 3600

  validation {
    condition     = var.max_session_duration >= 3600 && var.max_session_duration <= 43200
    error_message = "max_session_duration is not of the form that its description asks for."
  }
}

variable "password_policy" {
  description = "Allow password_policy."
  type        = bool
  default     = true
}

variable "access_keys" {
  description = "Allow access_keys."
  type        = bool
  default     = false
}

variable "access_key_rotation" {
  description = "Allow access_key_rotation."
  type        = bool
  default     = false
}

variable "user_permissions" {
  description = "Allow user_permissions."
  type        = bool
  default     = false
}

variable "permissions_boundary" {
  description = "Allow permissions_boundary."
  type        = bool
  default     = false
}

variable "policy_scope" {
  description = "Allow policy_scope."
  type        = bool
  default     = false
}

variable "access_analyzer" {
  description = "Allow access_analyzer."
  type        = bool
  default     = true
}

variable "config_rules" {
  description = "Allow config_rules."
  type        = bool
  default     = false
}

variable "security_hub" {
  description = "Allow security_hub."
  type        = bool
  default     = false
}

variable "event_alerts" {
  description = "Allow event_alerts."
  type        = bool
  default     = false
}

variable "findings_export" {
  description = "Allow findings_export."
  type        = bool
  default     = false
}

variable "organization_policies" {
  description = "Allow organization_policies."
  type        = bool
  default     = false
}

variable "organization_root_access" {
  description = "Allow organization_root_access."
  type        = bool
  default     = false
}

variable "management_account" {
  description = "Whether this is the management account, whose organization the roles may then read or change."
  type        = bool
  default     = false
}

variable "credentials_principal_arn_pattern" {
  description = "Who may assume automation-credentials; empty: those of all roles."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]{2,}[\\w+=,.@/*?-]*$", var.credentials_principal_arn_pattern))
    error_message = "credentials_principal_arn_pattern is not of the form that its description asks for."
  }
}

variable "credentials_source_identity_pattern" {
  description = "Its source identity, such as awx-*."
  type        = string
  default     = "*"

  validation {
    condition     = can(regex("^[\\w+=,.@*?-]{1,64}$", var.credentials_source_identity_pattern))
    error_message = "credentials_source_identity_pattern is not of the form that its description asks for."
  }
}

variable "policies_principal_arn_pattern" {
  description = "Who may assume automation-policies; empty: those of all roles."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]{2,}[\\w+=,.@/*?-]*$", var.policies_principal_arn_pattern))
    error_message = "policies_principal_arn_pattern is not of the form that its description asks for."
  }
}

variable "policies_source_identity_pattern" {
  description = "Its source identity, such as awx-*."
  type        = string
  default     = "*"

  validation {
    condition     = can(regex("^[\\w+=,.@*?-]{1,64}$", var.policies_source_identity_pattern))
    error_message = "policies_source_identity_pattern is not of the form that its description asks for."
  }
}

variable "detective_principal_arn_pattern" {
  description = "Who may assume automation-detective; empty: those of all roles."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]{2,}[\\w+=,.@/*?-]*$", var.detective_principal_arn_pattern))
    error_message = "detective_principal_arn_pattern is not of the form that its description asks for."
  }
}

variable "detective_source_identity_pattern" {
  description = "Its source identity, such as awx-*."
  type        = string
  default     = "*"

  validation {
    condition     = can(regex("^[\\w+=,.@*?-]{1,64}$", var.detective_source_identity_pattern))
    error_message = "detective_source_identity_pattern is not of the form that its description asks for."
  }
}

variable "organization_principal_arn_pattern" {
  description = "Who may assume automation-organization; empty: those of all roles."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]{2,}[\\w+=,.@/*?-]*$", var.organization_principal_arn_pattern))
    error_message = "organization_principal_arn_pattern is not of the form that its description asks for."
  }
}

variable "organization_source_identity_pattern" {
  description = "Its source identity, such as awx-*."
  type        = string
  default     = "*"

  validation {
    condition     = can(regex("^[\\w+=,.@*?-]{1,64}$", var.organization_source_identity_pattern))
    error_message = "organization_source_identity_pattern is not of the form that its description asks for."
  }
}

variable "boundary_policy_path" {
  description = "The path of the policies of permissions_boundary (permissions_boundary_path)."
  type        = string
  default     = "/iam-hardening/boundary/"

  validation {
    condition     = can(regex("^/([\\w+=,.@-]+/)+$", var.boundary_policy_path))
    error_message = "boundary_policy_path is not of the form that its description asks for."
  }
}

variable "notice_topic_arn" {
  description = "A topic of another account for notices to owners of access keys (access_keys_notify)."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\\w-]{1,256}(\\.fifo)?$", var.notice_topic_arn))
    error_message = "notice_topic_arn is not of the form that its description asks for."
  }
}

variable "config_recorder_role_arn" {
  description = "The role of the AWS Config recorder, where it is not the service-linked role."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", var.config_recorder_role_arn))
    error_message = "config_recorder_role_arn is not of the form that its description asks for."
  }
}

variable "event_forwarding_role_arn" {
  description = "Your role that forwards events (event_alerts_role_arn)."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", var.event_forwarding_role_arn))
    error_message = "event_forwarding_role_arn is not of the form that its description asks for."
  }
}

variable "alert_topic_arn" {
  description = "A topic of this account for alerts (event_alerts_topic_arn)."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\\w-]{1,256}(\\.fifo)?$", var.alert_topic_arn))
    error_message = "alert_topic_arn is not of the form that its description asks for."
  }
}

variable "alert_queue_arn" {
  description = "Your queue for undelivered alerts (event_alerts_dead_letter_queue_arn)."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[\\w-]{1,80}(\\.fifo)?$", var.alert_queue_arn))
    error_message = "alert_queue_arn is not of the form that its description asks for."
  }
}

variable "break_glass_principal_arn_pattern" {
  description = "Who may become administrator in an emergency, with MFA not an hour old; empty: no such role."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]{2,}[\\w+=,.@/*?-]*$", var.break_glass_principal_arn_pattern))
    error_message = "break_glass_principal_arn_pattern is not of the form that its description asks for."
  }
}

variable "right_sizing_targets" {
  description = "The roles to right-size: path without the first slash, and name, such as dev-*. Empty: no role for it is made."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^[\\w+=,.@-][\\w+=,.@/-]+[\\w+=,.@/*?-]*$", var.right_sizing_targets))
    error_message = "right_sizing_targets is not of the form that its description asks for."
  }
}

variable "right_sizing_boundary_arn" {
  description = "The permissions boundary of all new roles (boundary of a target); empty: no new role (way parallel)."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\\w+=,.@/-]+$", var.right_sizing_boundary_arn))
    error_message = "right_sizing_boundary_arn is not of the form that its description asks for."
  }
}

variable "key_migration_boundary_arn" {
  description = "The permissions boundary of new roles below /workload/ (key_migration_boundary); empty: no new role."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\\w+=,.@/-]+$", var.key_migration_boundary_arn))
    error_message = "key_migration_boundary_arn is not of the form that its description asks for."
  }
}

variable "right_sizing_unbounded" {
  description = "Whether new roles may be made without a permissions boundary. It can then make anybody administrator."
  type        = bool
  default     = false
}

variable "right_sizing_in_place" {
  description = "Whether the targets themselves may get generated policies and a trial boundary (way in_place)."
  type        = bool
  default     = false
}

variable "right_sizing_retirement" {
  description = "Whether it may change who may assume the targets, and take their policies (stage retire)."
  type        = bool
  default     = false
}

variable "right_sizing_return" {
  description = "Whether the targets may get any policy, AdministratorAccess too (stage revert). Set it for that run only."
  type        = bool
  default     = false
}

variable "key_migration" {
  description = "Whether it may deactivate and delete access keys whose workloads moved to roles (key_migration)."
  type        = bool
  default     = false
}

variable "key_migration_unbounded" {
  description = "Whether new roles of workloads may lack a permissions boundary. They may then get any policy."
  type        = bool
  default     = false
}

variable "right_sizing_trial_policies" {
  description = "Whether policies below /iam-hardening/lp/ may get new versions. Who has one may then get any right."
  type        = bool
  default     = false
}

variable "right_sizing_settings" {
  description = "Whether settings of workloads are read, which may hold secrets, to find who runs with a target."
  type        = bool
  default     = false
}

variable "key_migration_settings" {
  description = "Whether settings of workloads are read, which may hold secrets, to find who names an access key."
  type        = bool
  default     = false
}

variable "roles_principal_arn_pattern" {
  description = "Who may assume automation-roles; empty: those of all roles."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]{2,}[\\w+=,.@/*?-]*$", var.roles_principal_arn_pattern))
    error_message = "roles_principal_arn_pattern is not of the form that its description asks for."
  }
}

variable "roles_source_identity_pattern" {
  description = "Its source identity, such as awx-*."
  type        = string
  default     = "*"

  validation {
    condition     = can(regex("^[\\w+=,.@*?-]{1,64}$", var.roles_source_identity_pattern))
    error_message = "roles_source_identity_pattern is not of the form that its description asks for."
  }
}

variable "incident_principal_arn_pattern" {
  description = "Who may assume the role: the ARN of what people use in an incident, or a pattern. Empty: no role for it is made."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]{2,}[\\w+=,.@/*?-]*$", var.incident_principal_arn_pattern))
    error_message = "incident_principal_arn_pattern is not of the form that its description asks for."
  }
}

variable "containment_users" {
  description = "Whether users may be denied everything by the policy of this stack, and their credentials deactivated."
  type        = bool
  default     = true
}

variable "containment_inline" {
  description = "Whether inline policies of users may be written and deleted. It can then make any user administrator."
  type        = bool
  default     = false
}

variable "containment_boundaries" {
  description = "Whether boundaries of users may be set and lifted. It can then free any user from what its boundary denies."
  type        = bool
  default     = false
}

variable "containment_roles" {
  description = "Whether policies of roles may be written and deleted. It can then make any role administrator."
  type        = bool
  default     = false
}

variable "containment_trust" {
  description = "Whether trust policies of roles may be changed. It can then let anybody assume any role."
  type        = bool
  default     = false
}

variable "containment_passwords" {
  description = "Whether passwords of users may be deleted. That can't be undone."
  type        = bool
  default     = true
}

variable "containment_drill" {
  description = "Whether drills may create and delete users and roles below /iam-hardening/drill/, with a boundary."
  type        = bool
  default     = true
}

variable "containment_root" {
  description = "Whether credentials of root may be deleted in member accounts. That can't be undone."
  type        = bool
  default     = true
}

variable "containment_organization" {
  description = "Whether control policies may be made and attached, and accounts be moved. It can then deny accounts everything, and detach any control policy."
  type        = bool
  default     = false
}

variable "containment_dormant_targets" {
  description = "What the dormant policy is attached to: ids of the root, units or accounts, with commas between. Empty: none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[0-9]{12})(,(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[0-9]{12}))*$", var.containment_dormant_targets))
    error_message = "containment_dormant_targets is not of the form that its description asks for."
  }
}

variable "containment_source_identity_pattern" {
  description = "What the source identity must look like: incident-*, or less."
  type        = string
  default     = "incident-*"

  validation {
    condition     = can(regex("^incident-[\\w+=,.@*?-]{1,55}$", var.containment_source_identity_pattern))
    error_message = "containment_source_identity_pattern is not of the form that its description asks for."
  }
}

variable "hunt_principal_arn_pattern" {
  description = "Who may assume the role of the hunt: the ARN of what runs hunt.yml, or a pattern. Empty: no role for it is made."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]{2,}[\\w+=,.@/*?-]*$", var.hunt_principal_arn_pattern))
    error_message = "hunt_principal_arn_pattern is not of the form that its description asks for."
  }
}

variable "hunt_source_identity_pattern" {
  description = "The pattern of its source identity, such as incident-*; empty: any."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^[\\w+=,.@*?-]{1,64}$", var.hunt_source_identity_pattern))
    error_message = "hunt_source_identity_pattern is not of the form that its description asks for."
  }
}

variable "hunt_settings" {
  description = "Whether the hunt reads settings of workloads, which may hold secrets."
  type        = bool
  default     = false
}

variable "assessor_settings" {
  description = "Whether the role assessor of the main stack, which must be there, reads such settings too."
  type        = bool
  default     = false
}
