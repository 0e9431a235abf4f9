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
      - The controls to assess. An entry is a control id, a glob on control ids, a severity, or a benchmark and id such as
        V(cis_7.0:2.4). Empty means all.
    type: list
    elements: str
    default: []
  exclude:
    description:
      - The controls to exclude, in the form of O(include).
    type: list
    elements: str
    default: []
  thresholds:
    description:
      - The thresholds of the controls, by name. An unset threshold has the value that the benchmarks require.
      - C(docs/controls.md) lists them with their defaults.
    type: dict
    default: {}
  waivers:
    description:
      - Accepted findings. A list, the path of a YAML file with the list, or its place in S3 such as V(s3://bucket/waivers.yml).
      - Each waiver has C(control), C(accounts), C(resources), C(reason), C(owner), C(ticket), C(approved_by) and C(expires). C(accounts)
        and C(resources) are lists of globs. C(expires) is the last day, in UTC.
      - C(regions), C(severity) and C(reason_fingerprint) are optional and limit the waiver. By default it covers findings without a
        region, up to the severity of the control, whose evidence names no reason. See C(docs/waivers.md). The report prints a waiver for
        each finding.
      - If a waiver is malformed or names an unknown control, the task fails before anything is read.
    type: raw
  waiver_max_days:
    description:
      - The largest number of days ahead that a waiver may expire.
    type: int
    default: 365
  now:
    description:
      - The time from which ages are counted, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to now.
      - An audit may set it, and its report shows that. A task that writes refuses a time more than a minute from the clock, unless it
        calls AWS at a loopback address.
    type: str
"""
