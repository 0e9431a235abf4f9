# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""All reads, by the kind of question that they answer."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .code import CODE_PROBES
from .identity import IDENTITY_PROBES
from .probe import Probe
from .shared import SHARED_PROBES
from .watch import WATCH_PROBES

PROBES: t.Final[Mapping[str, Probe]] = {
    probe.kind: probe for probe in (*IDENTITY_PROBES, *CODE_PROBES, *SHARED_PROBES, *WATCH_PROBES)
}
