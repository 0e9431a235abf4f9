# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The rules of all families, by the source and the name of the events."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..changes import name_of, source_of
from ..event import Event
from .model import Rule
from .tables.blindfold import BLINDFOLD_RULES
from .tables.code import CODE_RULES
from .tables.entry import ENTRY_RULES
from .tables.iam import IAM_RULES
from .tables.money import MONEY_RULES
from .tables.opened import OPENED_RULES
from .tables.sharing import SHARING_RULES
from .tables.silenced import SILENCED_RULES
from .tables.started import STARTED_RULES

RULES: t.Final[tuple[Rule, ...]] = (
    *IAM_RULES,
    *ENTRY_RULES,
    *CODE_RULES,
    *SHARING_RULES,
    *MONEY_RULES,
    *BLINDFOLD_RULES,
    *OPENED_RULES,
    *STARTED_RULES,
    *SILENCED_RULES,
)


def _index() -> Mapping[tuple[str, str], tuple[Rule, ...]]:
    found: dict[tuple[str, str], tuple[Rule, ...]] = {}
    for rule in RULES:
        for name in rule.names:
            found[rule.source, name] = (*found.get((rule.source, name), ()), rule)
    return found


_BY_NAME: t.Final = _index()


def find_rules(event: Event) -> tuple[Rule, ...]:
    """Find the rules about an event's name."""
    return _BY_NAME.get((source_of(event), name_of(event)), ())
