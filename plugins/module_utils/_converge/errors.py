# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Errors that stop a walk. Every other refusal of a guard is a result."""

from __future__ import annotations

from collections.abc import Sequence

from .change import Refusal


class InputError(Exception):
    """An option can't be used: the message names the option, the value and what is allowed."""


class GuardError(Exception):
    """A guard refused in a way that fails the task: options that may not enforce, or acting on the caller."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(refusal.reason for refusal in refusals))
        self.refusals = tuple(refusals)
