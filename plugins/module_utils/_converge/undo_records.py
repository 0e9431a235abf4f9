# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A recorded change as the derivation of its undo reads it, and the checks that derivations share."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Callable, Mapping

from .change import Change, Undo


class UnderivableError(ValueError):
    """The undo of a recorded change can't be derived from the record."""


@dataclasses.dataclass(frozen=True)
class Record:
    """A recorded change. Only :meth:`text`, :meth:`tags` and :attr:`undo_parameters` look at what it calls its undo."""

    change: Change

    @property
    def target(self) -> str:
        return self.change.target

    @property
    def before(self) -> Mapping[str, t.Any]:
        """The state before the change, if there was one."""
        return _mapping(self.change.before)

    @property
    def after(self) -> Mapping[str, t.Any]:
        """The state after the change, if there was one."""
        return _mapping(self.change.after)

    @property
    def is_new(self) -> bool:
        """Whether the change found nothing."""
        return self.change.before is None

    @property
    def undo_parameters(self) -> Mapping[str, t.Any]:
        """The parameters of the undo as the record has them."""
        return self.change.undo.parameters if self.change.undo else {}

    def check(self, holds: bool, what: str) -> None:
        """Refuse a record in which something does not fit.

        :raises UnderivableError: ``holds`` is false.
        """
        if not holds:
            raise UnderivableError(what)

    def name(self, kind: str) -> str:
        """The name at the end of the target, which is an object of IAM of a kind, in the account of the record."""
        parts = self.target.split(":", 5)
        is_ours = len(parts) == 6 and parts[2] == "iam" and parts[4] == self.change.account_id
        self.check(is_ours and parts[5].startswith(f"{kind}/"), f"{self.target} is no {kind} of the account")
        return parts[5].rpartition("/")[2]

    def path_and_name(self, kind: str) -> tuple[str, str]:
        """The path and the name of an object of IAM."""
        name = self.name(kind)
        path = self.target.partition(f":{kind}/")[2].removesuffix(name)
        return f"/{path}", name

    def text(self, document: t.Any, *keys: str) -> str:
        """``document`` as JSON text: as the record spells it below ``keys``, if it says the same there."""
        spelt: t.Any = self.undo_parameters
        for key in keys:
            spelt = spelt.get(key) if isinstance(spelt, Mapping) else None
        if isinstance(spelt, str) and says_same(spelt, document):
            return spelt
        return json.dumps(document, separators=(",", ":"))

    def tags(self, name: str = "Tags") -> list[dict[str, str]]:
        """Tags of the undo, as the record has them: pairs of texts and nothing else."""
        found = self.undo_parameters.get(name, [])
        self.check(isinstance(found, list), f"{name} is no list")
        for tag in found:
            is_tag = isinstance(tag, Mapping) and set(tag) == {"Key", "Value"}
            self.check(
                is_tag and all(isinstance(value, str) for value in tag.values()), f"{name} has no tag in {tag!r}"
            )
        return [dict(tag) for tag in found]

    def optional(self, *names: str) -> dict[str, str]:
        """Texts of the undo that only the record has and that give nobody access, as far as it has them."""
        found = {name: self.undo_parameters[name] for name in names if name in self.undo_parameters}
        self.check(all(isinstance(value, str) for value in found.values()), f"{', '.join(names)}: not a text")
        return found


#: Derives the undo of a recorded change of one operation from the record; None if it has none.
Derive = Callable[[Record], t.Optional[Undo]]


def check_arn(record: Record, arn: str, service: str) -> str:
    """``arn``, which has to be of this service, in the account and the region of the record.

    :raises UnderivableError: it is not.
    """
    parts = arn.split(":", 5)
    change = record.change
    fits = len(parts) == 6 and parts[2] == service and parts[3:5] == [change.region, change.account_id]
    record.check(fits and " " not in arn, f"{arn} is nothing of {service} in the account and region of the record")
    return arn


def split_tags(record: Record, before: Mapping[str, t.Any]) -> tuple[list[str], dict[str, str]]:
    """The tags that were not there before, by key, and those that had another value.

    :raises UnderivableError: there are none.
    """
    record.check(bool(before), "its before has no tags")
    missing = [key for key, value in before.items() if value is None]
    other = {key: str(value) for key, value in before.items() if value is not None}
    return missing, other


def says_same(text: str, document: t.Any) -> bool:
    """Whether a JSON text holds exactly this document, each name once: of two, AWS might take the other."""
    try:
        return bool(json.loads(text, object_pairs_hook=_without_repeats) == document)
    except (RecursionError, ValueError):
        return False


def _without_repeats(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnderivableError("a name stands twice")
    return found


def _mapping(value: t.Any) -> Mapping[str, t.Any]:
    if not isinstance(value, Mapping):
        raise UnderivableError(f"{value!r} is no state of a target")
    return value
