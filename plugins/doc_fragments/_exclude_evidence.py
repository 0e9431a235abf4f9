# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with EXCLUDE_EVIDENCE_ARGUMENTS of module_utils/_prediction/records/evidence_options.py.
    DOCUMENTATION = r"""
options:
  exclude_evidence:
    description:
      - Recorded calls that are ignored, such as those of an intruder. They never count as uses. The result says how many were left out.
      - An entry matches a call if the call matches all criteria of the entry. Each entry needs at least one criterion.
      - These are the criteria O(exclude_evidence[].since), O(exclude_evidence[].until), O(exclude_evidence[].sessions),
        O(exclude_evidence[].source_ips) and O(exclude_evidence[].access_key_ids).
    type: list
    elements: dict
    default: []
    suboptions:
      since:
        description:
          - The first moment, in UTC, such as V(2026-11-20T09:30:00Z). A date means its beginning.
        type: raw
      until:
        description:
          - The first moment that no longer matches, in UTC.
        type: raw
      sessions:
        description:
          - Names of role sessions, with C(*) and C(?).
        type: list
        elements: str
        default: []
      source_ips:
        description:
          - Addresses or networks, such as V(203.0.113.0/24). Calls that AWS services made for a session match too, if the access key of
            the session was used from such an address.
        type: list
        elements: str
        default: []
      access_key_ids:
        description:
          - Ids of access keys, of users or of sessions.
        type: list
        elements: str
        default: []
      incident:
        description:
          - The id of the incident. The result names it.
        type: str
      reason:
        description:
          - The reason why these calls do not count.
        type: str
        required: true
"""
