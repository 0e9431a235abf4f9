# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The names of policies of a drill."""

from __future__ import annotations

import typing as t

#: The policy of the stack of containment that limits users and roles of drills.
BOUNDARY: t.Final = "automation-drill-boundary"
#: The inline policy of the user and of the role.
POLICY: t.Final = "iam-hardening-drill"
