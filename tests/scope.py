# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much runs: all of it in "make test-all", else what fits into a quarter of an hour on two cores."""

from __future__ import annotations

import os
import typing as t

ALL: t.Final = "HARDENING_TEST_ALL"


def runs_all() -> bool:
    """Whether this is "make test-all"."""
    return bool(os.environ.get(ALL))
