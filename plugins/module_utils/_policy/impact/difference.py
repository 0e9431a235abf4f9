# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether one set of policies allows all that another allows, whatever the request.

Statements are compared first: what stays word for word, or is included in another statement, is not lost. Of the others
every action is evaluated under all layers, on all resources and in every context. In doubt an action counts as lost.
"""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Collection, Iterator

from ..documents.policy import Statement
from ..evaluation.evaluate import Layers
from ..evaluation.inclusion import Meaning, includes, list_actions, meanings_of
from ..trail.usage import Source, Use
from .judge import Breakage, Judge

# So many actions are named; who has lost one has lost enough.
_NAMED: t.Final = 3


def find_lost_actions(before: Layers, after: Layers, principal_arn: str) -> tuple[str, ...]:
    """Find a few actions that ``before`` may allow a principal and ``after`` may not; empty if nothing is lost.

    The layers differ in identity-based policies only. To find the gain, swap ``before`` and ``after``.
    """
    suspects = (
        *_find_unmatched(meanings_of(before.identity, allow=True), meanings_of(after.identity, allow=True)),
        *_find_unmatched(meanings_of(after.identity, allow=False), meanings_of(before.identity, allow=False)),
    )
    if not suspects:
        return ()
    judge = Judge(before, after)
    named: dict[str, str] = {}
    for action in itertools.chain.from_iterable(map(list_actions, suspects)):
        # The first spelling is that of the service.
        named.setdefault(action.lower(), action)
    uses = (Use(principal_arn, action, Source.TRAIL) for action in named.values())
    found = (use.action for use in uses if judge.verdict(use).outcome is not Breakage.SAFE)
    return tuple(itertools.islice(found, _NAMED))


def _find_unmatched(wanted: Collection[Meaning], present: Collection[Meaning]) -> Iterator[Statement]:
    """Find the statements of ``wanted`` that are neither among ``present`` nor included in one of those."""
    for meaning in wanted:
        if meaning not in present and not any(includes(other, meaning) for other in present):
            yield meaning[1]
