# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with SOURCE_ARGUMENTS of module_utils/_prediction/records/evidence_options.py.
    DOCUMENTATION = r"""
options:
  trail_logs:
    description:
      - The places of CloudTrail's log files, each a directory or V(s3://bucket/prefix). With a longer prefix fewer files are listed.
      - A place or a list of places. As a text, several are separated by commas, or written as a list in JSON.
      - The coverage of each place counts for itself. A file that is in two places counts once. A place that can't be read is named, and
        the others are read all the same.
      - Files end with C(.json.gz) or C(.json). Files of other accounts and earlier days are recognized by their path and not opened.
      - A relative directory starts where C(ansible-playbook) was called. A place in S3 is read with the credentials of the task, or with
        O(trail_logs_role_arn).
    type: list
    elements: str
    default: []
  trail_logs_role_arn:
    description:
      - The role to read O(trail_logs) in S3 with, such as a role of a log archive account.
    type: str
  trail_days:
    description:
      - The number of days of O(trail_logs) to read.
    type: int
    default: 90
  event_history:
    description:
      - Whether CloudTrail's event history is read as well. It holds 90 days of management events, and needs no trail.
      - It is read in the listed O(regions), or else in all enabled regions.
      - The last use of an action counts as one of the calls in the event history only if the history of all these regions was read
        completely.
      - If conditions on C(aws:RequestedRegion) decide, the listed regions count as all only if no other region is enabled.
      - AWS allows two calls per second and region, with 50 events each. It can't filter by role, so all events of the region are read,
        up to O(event_history_max_pages).
    type: bool
    default: true
  event_history_max_pages:
    description:
      - The largest number of pages of 50 events to read in each region, newest first. If it is reached, the time span is shorter, and
        the result says so.
    type: int
    default: 100
"""

    # The rest of EVIDENCE_ARGUMENTS, for modules that predict.
    PREDICTION = r"""
options:
  unused_resources:
    description:
      - ARNs of resources, with C(*) and C(?), that count as unused by the principals if the evidence names no resource.
      - A denial on only these resources then breaks nothing. An example is the trail's bucket, which a boundary protects.
    type: list
    elements: str
    default: []
  accept_breakage:
    description:
      - Accepted breakage, one entry for each principal. It can't be accepted for all principals at once.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description:
          - The ARN or name of a user or role. Patterns are refused.
        type: str
        required: true
      reason:
        description:
          - The reason of the acceptance, and who accepts it.
        type: str
        required: true
      expires:
        description:
          - The last day of the acceptance, in UTC, such as V(2026-12-31). At most 365 days ahead.
        type: str
        required: true
"""
