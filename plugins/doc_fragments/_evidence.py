# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with EVIDENCE_ARGUMENTS of module_utils/_prediction/evidence.py.
    DOCUMENTATION = r"""
options:
  trail_logs:
    description:
      - Where CloudTrail's log files lie, a directory or V(s3://bucket/prefix). The narrower the prefix, the fewer files are listed.
      - Files end with C(.json.gz) or C(.json). Those of other accounts and of earlier days are told by their path and not opened.
      - A relative directory starts where C(ansible-playbook) was called. A place in S3 is read with the credentials that the task starts
        with, or in O(trail_logs_role_arn).
    type: str
  trail_logs_role_arn:
    description:
      - The role to read O(trail_logs) in S3 with, such as one of a log archive account.
    type: str
  trail_days:
    description:
      - How many days of O(trail_logs) are read.
    type: int
    default: 90
  event_history:
    description:
      - Whether CloudTrail's event history is read as well. It holds 90 days of management events, and needs no trail.
      - It is read of the O(regions) that are listed, else of all regions that are enabled. What a date of last use tells of an action
        is taken for one of the calls in it only where all of these could be read to the end. Where conditions on
        C(aws:RequestedRegion) decide, the listed ones count as all only if no other region is enabled.
      - AWS answers two calls a second and region, of 50 events each. It can't be asked for the events of a role,
        so that all events of the region are read, up to O(event_history_max_pages).
    type: bool
    default: true
  event_history_max_pages:
    description:
      - How many pages of 50 events are read of each region at most, the newest first. The window is then shorter, and the result says so.
    type: int
    default: 100
  unused_resources:
    description:
      - ARNs of resources, with C(*) and C(?), that the principals are taken not to have used where the evidence does not tell the resource.
      - A denial on just these resources then breaks nothing. For example the trail's bucket, which a boundary protects.
    type: list
    elements: str
    default: []
  accept_breakage:
    description:
      - What may break and is accepted, principal by principal. There is no acceptance for all.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description:
          - The ARN of a user or a role, or its name. Patterns are refused.
        type: str
        required: true
      reason:
        description:
          - Why it is accepted, and by whom.
        type: str
        required: true
      expires:
        description:
          - The last day, in UTC, on which it is accepted, such as V(2026-12-31). At most 365 days ahead.
        type: str
        required: true
"""
