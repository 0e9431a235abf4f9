# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with ASSUME_ROLE_ARGUMENTS of module_utils/_aws/options.py.
    DOCUMENTATION = r"""
options:
  assume_role_arn:
    description:
      - The role to assume, with the credentials of the task. Needed if these credentials belong to another account.
      - In check mode and in mode V(report), O(assessor_role_arn) is used instead if it is set.
      - O(assume_role_arns) takes precedence.
    type: str
  assume_role_arns:
    description:
      - The roles to write with, as a mapping of a class of modules to the ARN of its role. A module writes with the role of its class,
        or with O(assume_role_arn) if its class is not listed.
      - V(credentials) is the class of M(hardening.iam.password_policy), M(hardening.iam.access_key_lifecycle) and
        M(hardening.iam.access_key_rotation).
      - V(policies) is the class of M(hardening.iam.user_permissions) and M(hardening.iam.permissions_boundary).
      - V(detective) is the class of M(hardening.iam.access_analyzer), M(hardening.iam.access_analyzer_findings_info),
        M(hardening.iam.config_rules), M(hardening.iam.security_hub), M(hardening.iam.event_alerts) and M(hardening.iam.findings_export).
      - V(organization) is the class of M(hardening.iam.organization_policy) and M(hardening.iam.organization_root_access).
      - V(containment) is the class of M(hardening.iam.credential_quarantine). O(assume_role_arn) never takes its place if any class is
        listed, because scheduled jobs must not be able to assume it.
      - M(hardening.iam.rollback) undoes each change with the role of the class that made it.
      - A module whose class has no role fails before it writes. The roles in this mapping are never changed.
    type: raw
  assessor_role_arn:
    description:
      - The role to read with, which can't write. It is assumed in check mode, in mode V(report), and by modules that never write.
      - If it is not set, O(assume_role_arn) is assumed for reading as well.
    type: str
  assume_role_external_id:
    description:
      - The external ID that the trust policy of the role requires.
    type: str
  assume_role_session_name:
    description:
      - The name of the role session, as CloudTrail records it. The default starts with V(iam-hardening).
    type: str
  assume_role_source_identity:
    description:
      - The source identity to set on the role session. CloudTrail records it with every call, also if further roles are assumed.
      - The trust policy of the role must allow C(sts:SetSourceIdentity).
    type: str
  assume_role_duration:
    description:
      - The duration of the role session in seconds, from V(900) to V(43200). It is renewed if a task takes longer.
      - AWS allows at most the maximum session duration of the role. If the credentials of the task are already those of a role session
        (role chaining), AWS allows at most V(3600).
    type: int
    default: 3600
notes:
  - If O(endpoint_url) is not set, the environment variable E(AWS_ENDPOINT_URL) is used, and those for single services such as
    E(AWS_ENDPOINT_URL_IAM).
  - If AWS throttles a call or fails, the call is repeated with growing pauses, for at most half a minute.
"""

    # Pairs with REGIONS_ARGUMENTS; for modules that look at regional services as well.
    REGIONS = r"""
options:
  regions:
    description:
      - The regions, or V(enabled) alone for all regions that are enabled in the account. Defaults to V(enabled).
      - An assessment lists the enabled regions that were not read. Controls on every region do not pass without them.
      - Data of global services is always read, once.
    type: list
    elements: str
"""
