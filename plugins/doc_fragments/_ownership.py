# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with OWNERS_ARGUMENTS in module_utils/_module/arguments.py.
    DOCUMENTATION = r"""
options:
  owners:
    description:
      - Declared owners of roles, users, groups and policies, as a list. The first entry that matches an object counts.
      - Each entry has either C(arn) or C(account). C(arn) is a glob for ARNs, such as V(arn:aws:iam::*:role/app-*). C(account) is a glob
        for ids of accounts, such as V("1111*"), and stands for all objects of these accounts. Letter case does not matter.
      - Each entry has at least one of C(owner), C(tool) and C(repository). They are texts for people. With the tools V(cloudformation),
        V(cdk), V(sam), V(terraform) and V(opentofu) a refusal has a patch.
      - C(write) is V(refuse) (the default) or V(allow). V(allow) lets this collection change the objects, even if a stack or
        a state has them.
      - YAML text is accepted too, as AWX surveys send it.
    type: raw
  owner_default:
    description:
      - The rule for changes that narrow or delete an object whose owner is not certain.
      - With V(refuse), such a change of a role or policy is refused. It is refused for a user or group too, if an event or a tag names
        another owner, or if stacks, a state or the event history can't be read.
      - With V(allow), such changes are made. Changes of objects that somebody else certainly owns are still refused.
    type: str
    choices: [refuse, allow]
    default: refuse
  terraform_state_paths:
    description:
      - State files of Terraform or OpenTofu, as paths of files or places in S3 such as V(s3://bucket/path/terraform.tfstate).
      - State files hold secrets. Setting this option is the consent to read them. Only the address of each resource and its attribute
        C(arn) are used.
      - A place in S3 is read with the credentials of the task, before any role is assumed.
    type: list
    elements: str
    default: []
"""

    # Pairs, with DOCUMENTATION, with PLAN_OWNERS_ARGUMENTS.
    PLAN = r"""
options:
  enforce_drifting:
    description:
      - Globs for the ARNs of objects that are changed although somebody keeps reverting the change.
      - Without it, a change that the same other caller reverted twice is refused by the guard C(drift_war).
    type: list
    elements: str
    default: []
"""
