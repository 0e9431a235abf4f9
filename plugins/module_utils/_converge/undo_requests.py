# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The request that takes a recorded change back, from its target and before, by the derivations of its capability.

A journal can be written by others than us. So nothing that a record calls its undo is believed: the request is derived
from the target, before and after that the record shows, and a record that says otherwise is refused. Some values are
not among these (a tag, a description). They are taken from the record if they can give nobody access, and the plan of
the rollback shows them.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .change import Change, Undo, content_hash
from .undo_records import Derive, Record, UnderivableError

Derivations = Mapping[tuple[str, str], Derive]

# The errors of a derivation on a record of malformed shape.
_MALFORMED: t.Final = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)


def derive(change: Change, derivations: Derivations) -> t.Optional[Undo]:
    """The request that takes a recorded change back; None where none does.

    :arg derivations: what takes changes back, by their service and operation.
    :raises UnderivableError: nobody knows how, or the record has not the shape of its operation.
    """
    function = derivations.get((change.service, change.operation))
    if function is None:
        raise UnderivableError(f"the undo of {change.service}:{change.operation} is not known")
    try:
        return function(Record(change))
    except UnderivableError:
        raise
    except _MALFORMED as error:
        raise UnderivableError(f"its target, before and after do not fit the operation: {error!r}") from error


def find_mismatch(change: Change, derivations: Derivations) -> str:
    """Explain how the recorded undo of a change differs from that of its target and before; empty if it does not."""
    if change.undo is None:
        return ""
    try:
        derived = derive(change, derivations)
    except UnderivableError as error:
        return str(error)
    if derived is None:
        return f"the operation has no undo, but the record names {change.undo.operation}"
    if derived.operation != change.undo.operation:
        return f"its undo is {derived.operation}, but the record names {change.undo.operation}"
    other = [
        name
        for name in sorted({*derived.parameters, *change.undo.parameters})
        if content_hash(derived.parameters.get(name)) != content_hash(change.undo.parameters.get(name))
    ]
    return f"the undo of the record has another {', '.join(other)} than its target and before" if other else ""
