# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with REPORT_PLACE_ARGUMENTS of module_utils/_module/arguments.py.
    DOCUMENTATION = r"""
options:
  report_dir:
    description:
      - The place of the reports. A directory, or a place in S3 such as V(s3://bucket/prefix). It is written in check mode too.
      - A place in S3 is used with the credentials of the task, not with the role of the account.
    type: str
  report_kms_key_id:
    description:
      - The KMS key that encrypts reports in S3. Without it the bucket's default encryption applies.
    type: str
  report_role_arn:
    description:
      - The role to assume for O(report_dir) in S3.
    type: str
"""

    # Beside it, for modules that work with reports only. Pairs with REQUIRED_REPORT_PLACE_ARGUMENTS.
    REQUIRED = r"""
options:
  report_dir:
    required: true
"""
