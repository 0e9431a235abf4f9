# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Negative probes: requests that were allowed before a change and are denied after it, under all layers.

There is one for each privileged action that was removed, and one for each way to more rights that is closed.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..analysis.power import SENSITIVE
from ..documents.arn import arn_parts
from ..escalation.methods import METHODS
from ..escalation.methods_schema import Method, On, Whom
from ..evaluation import catalogue
from ..evaluation.compiled import CompiledPolicies, compile_policies
from ..evaluation.evaluate import Layers, Outcome
from ..evaluation.inclusion import Part, name_resource, resource_parts
from .witnesses import DENIED, Request, Witnesses

_CHANGING: t.Final = frozenset({"Write", "Permissions management", "Tagging"})
# So many resources of a statement are tried.
_MOST_PARTS: t.Final = 20
_OWN: t.Final = {Whom.OWN_USER: "user/", Whom.OWN_ROLE: "role/"}


@dataclasses.dataclass(frozen=True, slots=True)
class Probe:
    """One probe. ``path`` is the way to more rights that it closes; None for a removed action.

    ``request`` is None where no request was found that was allowed before; ``note`` then says so.
    """

    action: str
    request: t.Optional[Request] = None
    path: t.Optional[Method] = None
    note: str = ""

    @property
    def is_failed(self) -> bool:
        """Whether the removed permission is still there."""
        return self.request is not None and self.request.after not in DENIED


@functools.lru_cache(maxsize=32768)
def is_privileged(action: str) -> bool:
    """Whether an action changes something, hands out data or secrets, or is a step to more rights.

    An action that the catalogue does not know counts as privileged.
    """
    service, _colon, name = action.partition(":")
    known = catalogue.action(service, name)
    return known is None or bool(known.levels & _CHANGING) or action.lower() in _further_privileged()


@functools.cache
def _further_privileged() -> frozenset[str]:
    steps = (action for method in METHODS for action in method.actions)
    return frozenset(action.lower() for action in (*SENSITIVE, *steps))


class Prober:
    """Finds the probes of one principal under one change."""

    def __init__(self, before: Layers, after: Layers, principal_arn: str) -> None:
        self._witnesses: t.Final = Witnesses(before, after, principal_arn)
        self._old: t.Final = compile_policies(before.identity)
        self._new: t.Final = compile_policies(after.identity)
        self._arn: t.Final = principal_arn
        parts = arn_parts(principal_arn)
        self._needs: t.Final[dict[tuple[str, bool], t.Optional[Request]]] = {}
        self._kind: t.Final = parts.resource if parts else ""

    def probe_removed(self, removed: Iterable[str]) -> Iterator[Probe]:
        """Probe the privileged ones of the removed actions, in alphabetical order."""
        names = {action.lower(): action for action in removed}
        for action in (names[lower] for lower in sorted(names)):
            if is_privileged(action):
                yield self._probe_action(action)

    def _probe_action(self, action: str) -> Probe:
        request = self._find_allowed(action, policies=self._new, still=True) if self._is_left(action) else None
        request = request or self._find_allowed(action, policies=self._old)
        note = "" if request else "no request was found that the old layers allow"
        return Probe(action, request, note=note)

    def probe_paths(self) -> Iterator[Probe]:
        """Probe the ways to more rights that were open before and lack a permission now."""
        for method in METHODS:
            if method.whom in _OWN and not self._kind.startswith(_OWN[method.whom]):
                continue
            requests = {need.action: self._find_need(need.action, need.on) for need in method.needs}
            if not all(requests.values()):
                continue
            closed = (
                Probe(action, request, method)
                for action, request in requests.items()
                if request is not None and request.after in DENIED and not self._is_left(action)
            )
            yield from itertools.islice(closed, 1)

    def _find_need(self, action: str, on: On) -> t.Optional[Request]:
        key = (action, on is On.SELF)
        if key not in self._needs:
            self._needs[key] = self._find_allowed(action, policies=self._old, on=self._arn if key[1] else None)
        return self._needs[key]

    def _find_allowed(
        self, action: str, *, policies: CompiledPolicies, on: t.Optional[str] = None, still: bool = False
    ) -> t.Optional[Request]:
        """Find a request that was allowed before; with ``still`` one that is allowed after the change too."""
        for compiled in policies.statements_for(action.lower()):
            if not compiled.allow:
                continue
            statement, version = compiled.statement, compiled.version
            parts: Sequence[Part] = resource_parts(statement, version)[:_MOST_PARTS]
            listed = (tokens for part in parts for tokens in self._witnesses.list_resources(action, part))
            resources = listed if on is None else iter([name_resource(on).tokens])
            is_wanted = _is_allowed_twice if still else _is_allowed_before
            found = self._witnesses.find(action, resources, met=(version, statement.conditions), is_wanted=is_wanted)
            if found is not None:
                return found
        return None

    def _is_left(self, action: str) -> bool:
        return any(each.allow for each in self._new.statements_for(action.lower()))


def _is_allowed_before(before: Outcome, after: Outcome) -> bool:
    return before is Outcome.ALLOWED


def _is_allowed_twice(before: Outcome, after: Outcome) -> bool:
    return before is after is Outcome.ALLOWED
