# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What new documents take away although nobody can know whether it is unused.

A proof that only looks at recorded calls would call it proved.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..documents.policy import Policy
from ..evaluation.pass_role import find_passed_role
from ..trail.coverage import Record
from .ceiling import Ceiling
from .needs import PASS_ROLE, complete_record, is_recorded_call
from .proof import Entry
from .settings import Settings
from .unknowns import Unused, Verdict

# So many actions are named in a sentence.
_NAMED: t.Final = 5


def list_unjudged(
    before: Sequence[Policy], after: Sequence[Policy], record: Record, settings: Settings
) -> Iterator[Entry]:
    """List what is taken away without evidence, by service and reason.

    Where service last accessed was read, its dates are uses, and the proof is about them.
    """
    if record.is_last_accessed_read:
        return
    completed = complete_record(record)
    unused = Unused(completed, settings)
    kept = {action.lower() for action in Ceiling(after, record.principal_arn).granted}
    kept |= {use.action.lower() for use in completed.uses if is_recorded_call(use)}
    groups: dict[tuple[str, str], list[str]] = {}
    for action in Ceiling(before, record.principal_arn).granted:
        if action.lower() not in kept:
            judgement = unused.judge(action)
            if judgement.verdict is Verdict.UNKNOWN:
                groups.setdefault((action.partition(":")[0], judgement.why), []).append(action)
    for (_service, why), actions in sorted(groups.items()):
        more = f" and {len(actions) - _NAMED} more" if len(actions) > _NAMED else ""
        named = ", ".join(actions[:_NAMED]) + more
        yield Entry(actions[0], "*", f"nobody knows whether {named} are unused: {why}")


def list_open_roles(removed: Iterable[str], unknown: Iterable[str]) -> Iterator[Entry]:
    """List ``iam:PassRole`` if it is taken away and actions stay that take a role: their calls may pass one.

    It is never kept as unknown: on roles that are not known it is a way to the rights of any of them.
    """
    takers = sorted(action for action in unknown if find_passed_role(action) is not None)
    if takers and any(action.lower() == PASS_ROLE for action in removed):
        more = f" and {len(takers) - _NAMED} more" if len(takers) > _NAMED else ""
        why = (
            f"it is removed, and {', '.join(takers[:_NAMED])}{more} are unknown: a job that passes a role with them "
            "fails. Add a statement with its role by hand"
        )
        yield Entry("iam:PassRole", "*", why)
