# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether the owner of a role has given it the new policies: held by what they allow, not by their names. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Sequence

from ...._policy.documents.canonical import fingerprint
from ...._policy.documents.policy import Policy
from ...._policy.evaluation.evaluate import Layers
from ...._policy.least_privilege.proof import Entry, prove
from ...._policy.trail.coverage import Coverage, Record

_SHOWN: t.Final = 3


@dataclasses.dataclass(frozen=True)
class Applied:
    """The live policies of a role compared with the new ones; ``reason`` says what differs, empty if nothing does."""

    reason: str = ""


def compare(role_arn: str, live: Sequence[Policy], wanted: Sequence[Policy]) -> Applied:
    """Compare the live policies of a role with those that its owner is to apply."""
    if {*map(fingerprint, live)} == {*map(fingerprint, wanted)}:
        return Applied()
    more = _find_more(role_arn, wanted, live)
    if more:
        return Applied(f"it still allows {_name(more)}")
    less = _find_more(role_arn, live, wanted)
    return Applied(f"it does not allow {_name(less)}") if less else Applied()


def _find_more(role_arn: str, before: Sequence[Policy], after: Sequence[Policy]) -> tuple[Entry, ...]:
    """Find what ``after`` allows beyond ``before``, or may allow."""
    layers = Layers(identity=tuple(before)), Layers(identity=tuple(after))
    proof = prove(*layers, Record(role_arn, "", Coverage(0)), removed=())
    return (*proof.beyond, *proof.unproven)


def _name(entries: Sequence[Entry]) -> str:
    texts = list(dict.fromkeys(f"{entry.action} on {entry.resource or '*'}" for entry in entries))
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more
