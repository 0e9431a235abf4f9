# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

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
        another owner, or if the event history can't be read.
      - With V(allow), such changes are made of objects that no source knows, if every source was read. Changes of objects that somebody
        else certainly owns are still refused. So are those that a stack, a state or a list may own that can't be read.
    type: str
    choices: [refuse, allow]
    default: refuse
  terraform_state_paths:
    description:
      - State files of Terraform or OpenTofu, as paths of files or places in S3 such as V(s3://bucket/path/terraform.tfstate).
      - An entry is a path, or a mapping with C(path) and C(accounts). C(accounts) are the ids of the accounts that the state manages, or
        globs for them. Without it, it may manage all accounts.
      - A state that can't be read holds back all changes of objects in these accounts, unless another source names their owner. So does
        a state that manages nothing of the account.
      - State files hold secrets. Setting this option is the consent to read them. Only the address of each resource and its attribute
        C(arn) are used.
      - A place in S3 is read with the credentials of the task, before any role is assumed.
    type: list
    elements: raw
    default: []
  owned_arns:
    description:
      - Lists of the ARNs that somebody else owns, as paths of files or places in S3. A pipeline exports them, so that it need not share
        its state.
      - An entry is a path, or a mapping with C(path), C(accounts) and C(max_age_days). C(accounts) are the ids of the accounts that the
        list knows, or globs for them. C(max_age_days) is from 1 to 90, and 7 by default.
      - A list that can't be read, or is older, holds back all changes of objects in these accounts, or in all without C(accounts).
      - A list is a JSON or YAML file with the keys C(schema) (V(hardening.iam/owned-arns/1)), C(created) (a time in ISO 8601),
        C(owner) and C(place) (texts for people), C(accounts) and C(arns). A list says nothing about accounts that it does not name.
      - A place in S3 is read with the credentials of the task, before any role is assumed.
    type: list
    elements: raw
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
