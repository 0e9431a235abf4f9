# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with RELEASE_ARGUMENTS of module_utils/_module/arguments.py, but for state, which each module describes.
    DOCUMENTATION = r"""
options:
  checklist:
    description:
      - The statements that a release needs, each with the person who makes it.
    type: dict
    suboptions:
      sweep_clean_twice:
        description: That two sweeps for what an intruder left, 24 hours apart, found nothing that is still there.
        type: dict
        suboptions:
          statement:
            description: The statement.
            type: str
            required: true
          by:
            description: The person.
            type: str
            required: true
      credential_verified:
        description: That the new credential works, and nothing uses the old one.
        type: dict
        suboptions:
          statement:
            description: The statement.
            type: str
            required: true
          by:
            description: The person.
            type: str
            required: true
      owner:
        description: That the owner of the credential agrees.
        type: dict
        suboptions:
          statement:
            description: The statement.
            type: str
            required: true
          by:
            description: The person.
            type: str
            required: true
      looked_at:
        description:
          - That a person has looked at what may be the intruder's of a contained user, and works again after the release. C(names) are the
            serial numbers of second factors, the ids of credentials, and C(<ARN of the user>/password) for a console password.
          - Nothing of a user is released as long as one of these is not named. The refusal says which.
          - Only M(hardening.iam.credential_quarantine) asks for it.
        type: dict
        suboptions:
          statement:
            description: The statement.
            type: str
            required: true
          by:
            description: The person.
            type: str
            required: true
          names:
            description: The names of what was looked at.
            type: list
            elements: str
            required: true
  early_release_reason:
    description:
      - Why the release does not wait for 36 hours, in 10 characters or more. The other statements of O(checklist) are needed all the
        same.
    type: str
"""
