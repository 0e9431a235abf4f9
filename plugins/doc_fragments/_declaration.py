# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with DECLARATION_ARGUMENTS of module_utils/_module/arguments.py.
    DOCUMENTATION = r"""
options:
  include:
    description:
      - Controls to assess. An entry is a control id, a glob on control ids, a severity, or a benchmark and id such as V(cis_7.0:2.4). Empty means all.
    type: list
    elements: str
    default: []
  exclude:
    description:
      - Controls to leave out, written like those of O(include).
    type: list
    elements: str
    default: []
  thresholds:
    description:
      - The numbers that controls compare with, by name. An unset one has the value that the benchmarks demand.
      - They are listed with their defaults in C(docs/controls.md).
    type: dict
    default: {}
  waivers:
    description:
      - Accepted findings. A list, the path of a YAML file that holds the list, or its place in S3 such as V(s3://bucket/waivers.yml).
      - Each waiver has C(control), C(accounts), C(resources), C(reason), C(owner), C(ticket), C(approved_by) and C(expires).
        C(accounts) and C(resources) are lists of globs, C(expires) is a date that is included, in UTC.
      - C(regions), C(severity) and C(reason_fingerprint) are optional and say what it covers. By default that is what is in no region,
        up to the severity of the control, and whose evidence names no reason. C(docs/waivers.md) describes them. The report prints the
        waiver for each finding.
      - A waiver that is malformed or names an unknown control fails the task before anything is read.
    type: raw
  waiver_max_days:
    description:
      - How many days ahead a waiver may expire at most.
    type: int
    default: 365
  now:
    description:
      - The moment that ages are counted from, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to the present.
      - An audit may set it, and its report says so. A task that writes refuses a moment that is more than a minute from the clock, unless
        it calls AWS at a loopback address.
    type: str
"""
