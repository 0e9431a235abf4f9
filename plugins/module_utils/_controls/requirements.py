# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Requirements that several controls share, as AWS lists them with its Security Hub controls.

NIST SP 800-53 r5 and PCI DSS v4.0.1 follow the "Related requirements" of the Security Hub user guide and AWS's
conformance packs. For controls without a counterpart there, and for SOC 2 (trust services criteria of 2017, revised in
2022) throughout, they are this project's reading.
"""

from __future__ import annotations

import typing as t

MFA_NIST: t.Final = ("AC-2(1)", "AC-3(15)", "IA-2(1)", "IA-2(2)", "IA-2(6)", "IA-2(8)")
PASSWORD_NIST: t.Final = ("AC-2(1)", "AC-2(3)", "AC-3(15)", "IA-5(1)")
UNUSED_NIST: t.Final = ("AC-2", "AC-2(1)", "AC-2(3)", "AC-3", "AC-3(15)", "AC-3(7)", "AC-6")
KEY_AGE_NIST: t.Final = ("AC-2(1)", "AC-2(3)", "AC-3(15)")
ADMIN_NIST: t.Final = (
    "AC-2",
    "AC-2(1)",
    "AC-3",
    "AC-3(15)",
    "AC-3(7)",
    "AC-5",
    "AC-6",
    "AC-6(10)",
    "AC-6(2)",
    "AC-6(3)",
)
GROUPS_NIST: t.Final = ("AC-2", "AC-2(1)", "AC-3", "AC-3(15)", "AC-3(7)", "AC-6", "AC-6(3)")
LEAST_PRIVILEGE_NIST: t.Final = ("AC-6",)
LEAST_PRIVILEGE_PCI: t.Final = ("7.2.1", "7.2.2", "7.2.5")
