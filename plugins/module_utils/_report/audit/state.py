# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The states of what an audit sheet checks."""

from __future__ import annotations

import enum


class State(enum.StrEnum):
    """Nothing is verified before its own check has cleared it.

    ``NOT_VERIFIED``: it was not checked, or a source does not say. ``ATTENTION``: something does not fit.
    """

    NOT_VERIFIED = "not_verified"
    VERIFIED = "verified"
    ATTENTION = "attention"
