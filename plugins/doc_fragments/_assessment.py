# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with ASSESSMENT_ARGUMENTS of module_utils/_module/arguments.py.
    DOCUMENTATION = r"""
options:
  return_findings:
    description:
      - The findings in the result. V(failed) means the failing ones.
    type: str
    choices: [none, failed, all]
    default: failed
  reveal_key_ids:
    description:
      - Show access key ids in full, not only their last four characters.
    type: bool
    default: false
"""
