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
      - The role to work in, assumed with the credentials that the task starts with.
        Needed where these credentials belong to another account.
      - Check mode, and mode V(report) where a module has one, prefer O(assessor_role_arn).
      - O(assume_role_arns) wins over it.
    type: str
  assume_role_arns:
    description:
      - The roles to write in, one for each class of modules, as a mapping of the class to the ARN of its role.
        A module writes in the role of its own class, and in O(assume_role_arn) where its class is not named.
      - V(credentials) is the class of M(hardening.iam.password_policy) and M(hardening.iam.access_key_lifecycle),
        V(policies) that of M(hardening.iam.user_permissions) and M(hardening.iam.permissions_boundary),
        V(detective) that of M(hardening.iam.access_analyzer), M(hardening.iam.access_analyzer_findings_info),
        M(hardening.iam.config_rules), M(hardening.iam.security_hub), M(hardening.iam.event_alerts) and
        M(hardening.iam.findings_export), V(organization) that of M(hardening.iam.organization_policy) and
        M(hardening.iam.organization_root_access).
      - M(hardening.iam.rollback) undoes each change in the role of the class that made it.
      - A module whose class has no role fails before it writes. No role of this mapping is ever changed.
    type: raw
  assessor_role_arn:
    description:
      - The role to read with, which can write nothing.
        It is assumed in check mode, in mode V(report), and by modules that never write.
      - Where it is not given, O(assume_role_arn) is assumed for reading as well.
    type: str
  assume_role_external_id:
    description:
      - The external ID that the trust policy of the role asks for.
    type: str
  assume_role_session_name:
    description:
      - The name of the role session, as CloudTrail records it. The default starts with V(iam-hardening).
    type: str
  assume_role_source_identity:
    description:
      - The source identity to set on the role session.
        CloudTrail records it with every call, also after further roles are assumed.
      - The trust policy of the role must allow C(sts:SetSourceIdentity).
    type: str
  assume_role_duration:
    description:
      - How long the role session lasts, in seconds, from V(900) to V(43200). It is renewed where a task takes longer.
      - AWS allows no more than the maximum session duration of the role, and no more than V(3600) where the credentials
        that the task starts with are themselves those of a role session (role chaining).
    type: int
    default: 3600
notes:
  - Where O(endpoint_url) is not given, the environment variable E(AWS_ENDPOINT_URL) is honoured,
    and those for single services such as E(AWS_ENDPOINT_URL_IAM).
  - Calls are repeated with growing pauses where AWS throttles them or fails, for half a minute at most.
"""

    # Pairs with REGIONS_ARGUMENTS; for modules that look at regional services as well.
    REGIONS = r"""
options:
  regions:
    description:
      - The regions to look at, or V(enabled) alone for all that are enabled in the account, which is the default.
      - An assessment names the enabled regions that were not read, and no control about every region passes without them.
      - What belongs to the whole account is read once, whatever regions are given.
    type: list
    elements: str
"""
