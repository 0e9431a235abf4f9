# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The names of sessions that people give: which need no check, and which are lost."""

from __future__ import annotations

import dataclasses

from ...._converge.arn import principal_of
from ...._converge.incident.declaration import Incident, SessionSeed


@dataclasses.dataclass(frozen=True)
class Lost:
    """A session that is not cut, because events show none of its name but others that people may have meant."""

    seed: SessionSeed
    near: tuple[str, ...]


def name_of(seed: SessionSeed) -> str:
    """The name of a session, or its source identity."""
    return seed.name or seed.source_identity


def is_known(seed: SessionSeed, incident: Incident) -> bool:
    """Whether a hunt saw the session, or people name its key."""
    role = principal_of(seed.role)
    seen = (one for one in incident.seen if principal_of(one.role) == role)
    return bool(seed.access_key_id) or any(name_of(seed) in (one.session_name, one.source_identity) for one in seen)
