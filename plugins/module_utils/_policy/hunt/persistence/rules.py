# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The rules of all families, by the source and the name of the events."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

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

# Lambda and CloudFront append the version of their API: CreateFunction20150331, AddPermission20150331v2.
# https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
_VERSION: t.Final = re.compile(r"\d{4}_?\d{2}_?\d{2}(v\d+)?$", re.ASCII)


def _index() -> Mapping[tuple[str, str], tuple[Rule, ...]]:
    found: dict[tuple[str, str], tuple[Rule, ...]] = {}
    for rule in RULES:
        for name in rule.names:
            found[rule.source, name] = (*found.get((rule.source, name), ()), rule)
    return found


_BY_NAME: t.Final = _index()


def find_rules(event: Event) -> tuple[Rule, ...]:
    """Find the rules about an event's name."""
    source = event.source.removesuffix(".cn").removesuffix(".amazonaws.com")
    return _BY_NAME.get((source, _VERSION.sub("", event.name)), ())
