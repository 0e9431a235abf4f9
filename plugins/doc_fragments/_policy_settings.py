# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with SETTINGS_ARGUMENTS of module_utils/_module/policy_settings.py.
    DOCUMENTATION = r"""
options:
  levels:
    description:
      - How far resources are generalised, by action such as V(s3:GetObject), by service, or for all with V(*). The most specific key
        counts.
      - V(exact) names each resource that was seen. V(prefix) names a common prefix of at least O(min_group) resources. V(service) names
        all resources of the type in the account and region.
      - The default is V(exact). Ids that live short, and keys of S3 objects, are generalised at each level.
      - ARNs of S3 buckets have no account, so V(service) for V(s3) names the buckets of everybody.
    type: dict
  min_group:
    description:
      - The smallest number of different resources that a prefix stands for, from 2 to 1,000. Defaults to 5.
    type: int
  object_segments:
    description:
      - How many folders of the key of an S3 object a pattern keeps, from 0 to 20. A date or an id in the key ends the pattern. Defaults
        to 1.
    type: int
  accepted_patterns:
    description:
      - Patterns of resources that may be used although they also match resources that were not seen. They are written as in
        C(generalised) of the generated policies.
    type: list
    elements: str
  scope_regions:
    description:
      - Whether calls are limited to the regions that were seen, by a condition on C(aws:RequestedRegion). It holds for recorded calls of
        regional services. Defaults to V(false).
    type: bool
  min_window_days:
    description:
      - The number of days that the evidence should cover, from 1 to 3,650. If it covers fewer, there is a warning. Defaults to 90.
    type: int
  accept_short_window:
    description:
      - Whether policies are generated from less than 14 days of evidence. Defaults to V(false), which gives the outcome V(refused).
    type: bool
  assume_unused_after:
    description:
      - An action that AWS last recorded as accessed longer ago than so many days counts as unused, from 1 to 400. Defaults to 400, which
        is as far as AWS tracks it.
    type: int
  assume_logged:
    description:
      - Kinds of events that count as logged if it is not known whether they were, such as for log files in a directory.
      - It has no effect where log files are missing or broken. These are the C(gaps) and C(files_broken) of the coverage.
      - If nobody knows whether calls were logged, an action without recorded calls is unknown, and stays.
    type: list
    elements: str
    choices: [data, management_read, management_write]
  compress:
    description:
      - Whether actions are written with wildcards, if the wildcard matches no other action that is known today. A wildcard also grants
        actions that AWS adds later, which a warning says. Defaults to V(false).
    type: bool
  console_reads:
    description:
      - Whether the actions C(Describe*) and C(List*) of the used services are kept, which pages of the console call. By default, they are
        kept for principals that were seen in the console.
    type: bool
  always_allow:
    description:
      - Actions to keep although no call shows them, such as those of a restore test. They are granted only as far as the present policies
        grant them, and until they expire. C(iam:PassRole) is never kept by this.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the profile.
        type: str
        required: true
      actions:
        description: The actions, with C(*) and C(?) in the name, but not in the service.
        type: list
        elements: str
        required: true
      resources:
        description: The ARNs of the resources, or V(*).
        type: list
        elements: str
        required: true
      owner:
        description: The person or team that needs the actions.
        type: str
        required: true
      reason:
        description: The reason.
        type: str
        required: true
      expires:
        description: The first day on which the profile no longer counts, as V(YYYY-MM-DD), in UTC.
        type: str
        required: true
"""
