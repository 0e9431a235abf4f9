# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with ACCOUNT_ARGUMENTS of module_utils/_module/arguments.py.
    DOCUMENTATION = r"""
options:
  account_id:
    description:
      - The expected account. The task fails if the credentials belong to another one.
      - It must have 12 digits; zeros are never added. Write an id that begins with 0 in quotes.
    type: str
"""

    # Pairs with ORGANIZATION_ARGUMENTS, for modules that weigh what the organization allows.
    ORGANIZATION = r"""
options:
  organization_role_arn:
    description:
      - A role in the management account, or in a delegated administrator of Organizations, that may read the SCPs and RCPs of the
        account. Most members may not read them. The role is assumed with the credentials of the task.
    type: str
"""

    # Pairs with RUN_ARGUMENTS, for modules whose outcome goes into a report.
    RUN = r"""
options:
  run_id:
    description:
      - The id that all reports of one run share. Defaults to the time at which the task starts.
    type: str
"""
