# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Every module extends this and says its own support for each attribute.
    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/hardening.iam.iam) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - hardening.iam.iam
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed, or what would change in C(check_mode), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled/queried by the module has not changed in a relevant way.
"""

    # To be used together with the standard fragment.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
  idempotent:
    support: full
    details:
      - This action does not modify state.
"""

    # To be used together with the standard fragment.
    CONVERGING_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - Check mode makes the same plan as a real run and stops before the first write.
  diff_mode:
    support: full
    details:
      - The diff is rendered from the plan.
  idempotent:
    support: full
"""
