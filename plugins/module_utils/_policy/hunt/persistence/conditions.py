# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether a rule is about a certain request."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from .model import Condition
from .template import Facts, Missing

# Families of instances with graphics cards and other accelerators: p, g, trn, inf, dl, vt and f.
# https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html
_ACCELERATED: t.Final = re.compile(r"(p|g|gr|trn|inf|dl|vt|f)\d", re.ASCII)


def sets(name: str, *values: str) -> Condition:
    """Whether a request parameter has one of some values, in any case."""

    def applies(facts: Facts) -> bool:
        return any(_write(value) in values for value in _find(facts, name))

    return applies


def sets_inside(place: str, name: str, *values: str) -> Condition:
    """Whether a member of a structure in the request has one of some values, in any case."""

    def applies(facts: Facts) -> bool:
        return any(_write(value) in values for value in _find_inside(facts, place, name))

    return applies


def turns_off(place: str) -> Condition:
    """Whether a request sets a member of a structure to false, or has no such structure, as a deletion."""

    def applies(facts: Facts) -> bool:
        found = [value for value in _find(facts, place) if isinstance(value, Mapping)]
        return not found or any(_write(value) == "false" for one in found for value in one.values())

    return applies


def mentions(name: str) -> Condition:
    """Whether a request has a parameter, whatever its value: CloudTrail leaves out values that may be secret."""
    return lambda facts: bool(_find(facts, name))


def adds(place: str) -> Condition:
    """Whether a request adds something to a list, and does not only take away."""

    def applies(facts: Facts) -> bool:
        try:
            return bool(facts.find(place))
        except Missing:
            return False

    return applies


def is_recoverable(facts: Facts) -> bool:
    """Whether a secret was deleted so that it can be restored."""
    return not sets("forceDeleteWithoutRecovery", "true")(facts)


def is_accelerated(facts: Facts) -> bool:
    """Whether instances with accelerators were started."""
    return any(_ACCELERATED.match(_write(value)) for value in _find(facts, "instanceType"))


def _find(facts: Facts, name: str) -> list[t.Any]:
    return [value for key, value in facts.event.request.items() if str(key).lower() == name.lower()]


def _find_inside(facts: Facts, place: str, name: str) -> list[t.Any]:
    outer = (value for value in _find(facts, place) if isinstance(value, Mapping))
    return [value for one in outer for key, value in one.items() if str(key).lower() == name.lower()]


def _write(value: t.Any) -> str:
    return str(value).lower()
