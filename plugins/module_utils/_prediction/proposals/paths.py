# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The escalation paths that new policies leave. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from ..._account.permissions import Permissions
from ..._policy.escalation.paths import search
from .propose import Proposed


def count_paths(permissions: Permissions, answers: Iterable[Proposed]) -> Mapping[str, tuple[int, int]]:
    """Count the escalation paths of each principal today, and once all new policies are in force."""
    new = {answer.subject.arn: answer.policies for answer in answers if answer.policies}
    if not new:
        return {}
    landscape = permissions.landscape
    changed = dataclasses.replace(
        landscape,
        subjects=tuple(
            dataclasses.replace(item, layers=dataclasses.replace(item.layers, identity=new[item.arn]), managed=())
            if item.arn in new
            else item
            for item in landscape.subjects
        ),
    )
    before, after = search(landscape), search(changed)
    return {
        arn: (
            sum(path.source == arn for path in before.paths) + (arn in before.administrators),
            sum(path.source == arn for path in after.paths) + (arn in after.administrators),
        )
        for arn in new
    }
