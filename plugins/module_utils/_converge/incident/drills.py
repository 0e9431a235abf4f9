# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The ids of drills, and the principals that a drill may contain.

The incident of a drill is released at once, and nobody has to confirm it. So it may contain nobody but the principals
below the path of drills: else a real containment that is declared under such an id could be released early.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable
from datetime import datetime

#: The path of the users and roles of drills. Only the role of containment may make them there.
DRILL_PATH: t.Final = "/iam-hardening/drill/"
_ID: t.Final = re.compile(r"drill-\d{8}T\d{6}Z-[0-9a-f]{4}", re.ASCII)
_PRINCIPAL: t.Final = re.compile(
    rf"arn:[a-z-]+:iam::\d{{12}}:(user|role){DRILL_PATH}drill-\d{{8}}T\d{{6}}Z-[0-9a-f]{{4}}", re.ASCII
)


def make_drill_id(now: datetime, suffix: str) -> str:
    """Make the id of a drill, which is also the name of its user and of its role. ``suffix`` has four hex digits."""
    return f"drill-{now:%Y%m%dT%H%M%SZ}-{suffix}"


def is_drill_id(incident_id: str) -> bool:
    """Whether an incident is that of a drill. Nobody gives such an id by accident."""
    return _ID.fullmatch(incident_id) is not None


def is_of_drill(arn: str) -> bool:
    """Whether a principal has the name and the path of a drill. That alone does not make it one."""
    return _PRINCIPAL.fullmatch(arn) is not None


def is_name_of_drill(name: str) -> bool:
    """Whether a name or an ARN of a user can be that of a drill."""
    return is_drill_id(name) or is_of_drill(name)


def find_strangers(incident_id: str, arns: Iterable[str]) -> list[str]:
    """List the principals that the incident of a drill may not contain. An incident that is no drill has none."""
    return sorted(arn for arn in arns if not is_of_drill(arn)) if is_drill_id(incident_id) else []
