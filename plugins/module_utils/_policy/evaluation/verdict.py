# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The verdicts of the layers on a request, and the conclusion from all of them."""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Sequence

from .compiled import CompiledPolicies, CompiledStatement, Facts
from .truth import NO, UNKNOWN, YES, Truth


class Layer(enum.StrEnum):
    """The names of the layers, as decisions have them."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"
    RESOURCE = "resource"
    ENDPOINT = "endpoint"


class Verdict:
    """The verdict of one layer: whether it allows and whether it denies, by which statement, and what it depends on.

    ``level`` is the place of an SCP's or RCP's target in the organization, in words. ``policies`` are None for a policy
    of the resource that was not given.
    """

    __slots__ = ("allow", "allowed_by", "denied_by", "deny", "layer", "level", "missing", "missing_to_deny", "policies")

    def __init__(
        self, layer: Layer, allow: Truth = NO, *, level: str = "", policies: t.Optional[CompiledPolicies] = None
    ) -> None:
        self.layer: t.Final = layer
        self.level: t.Final = level
        self.policies: t.Final = policies
        self.allow = allow
        self.deny = NO
        self.allowed_by: t.Optional[CompiledStatement] = None
        self.denied_by: t.Optional[CompiledStatement] = None
        self.missing: frozenset[str] = frozenset()
        self.missing_to_deny: frozenset[str] = frozenset()

    def take(self, statement: CompiledStatement, answer: Truth, missing: frozenset[str] = frozenset()) -> None:
        """Add what one statement says; ``missing`` is what an UNKNOWN answer depends on."""
        if answer is NO:
            return
        if not statement.allow:
            if self.deny is not YES and (answer is YES or self.deny is NO):
                self.deny, self.denied_by = answer, statement
            self.missing_to_deny |= missing
        elif self.allow is not YES:
            if answer is YES or self.allow is NO:
                self.allow, self.allowed_by = answer, statement
            self.missing |= missing


def judge(layer: Layer, policies: CompiledPolicies, facts: Facts, *, level: str = "", allow: Truth = NO) -> Verdict:
    """Hold a request against the policies of a layer. ``allow`` is what holds without any statement."""
    verdict = Verdict(layer, allow, level=level, policies=policies)
    for statement in policies.statements_for(facts.action):
        if statement.always:
            verdict.take(statement, YES)
        elif not statement.allow or verdict.allow is not YES:
            missing: set[str] = set()
            answer = statement.applies(facts, missing)
            if answer is not NO:
                verdict.take(statement, answer, frozenset(missing))
    return verdict


class Way(t.NamedTuple):
    """A way to be allowed: every gate on it has to allow. ``grant`` is the gate that gives; the others only limit."""

    grant: Verdict
    gates: tuple[Verdict, ...]

    def truth(self) -> Truth:
        """Whether all gates allow."""
        found = YES
        for gate in self.gates:
            if gate.allow is NO:
                return NO
            if gate.allow is UNKNOWN:
                found = UNKNOWN
        return found


class Conclusion(t.NamedTuple):
    """The conclusion from all verdicts: whether the request is allowed, and the verdict that decides.

    ``denied``: the statement that decides, or may decide, is one that denies.
    """

    allowed: Truth
    denied: bool
    decider: Verdict
    statement: t.Optional[CompiledStatement]
    missing: frozenset[str] = frozenset()
    bypassed: tuple[Layer, ...] = ()


def weigh(verdicts: Sequence[Verdict], ways: Sequence[Way]) -> Conclusion:
    """Put all verdicts together: a deny anywhere wins, then one way on which every gate allows is enough.

    ``verdicts`` and ``ways`` are in the order in which they are named as deciding. What is unknown only counts where
    it can change the outcome.
    """
    doubtful = None
    for verdict in verdicts:
        if verdict.deny is YES:
            return Conclusion(NO, True, verdict, verdict.denied_by)
        if verdict.deny is UNKNOWN and doubtful is None:
            doubtful = verdict
    truths = [way.truth() for way in ways]
    if YES in truths:
        way = ways[truths.index(YES)]
        if doubtful is None:
            bypassed = _find_bypassed(verdicts, way) if len(ways) > 1 else ()
            return Conclusion(YES, False, way.grant, way.grant.allowed_by, bypassed=bypassed)
        missing = frozenset[str]().union(*(verdict.missing_to_deny for verdict in verdicts))
        return Conclusion(UNKNOWN, True, doubtful, doubtful.denied_by, missing)
    if UNKNOWN not in truths:
        decider = _find_closed_gate(ways)
        return Conclusion(NO, False, decider, None)
    return _conclude_unknown(verdicts, ways, truths)


def _find_bypassed(verdicts: Sequence[Verdict], way: Way) -> tuple[Layer, ...]:
    """Find the layers that would have refused the request if it had not come by a way past them."""
    passed = way.gates
    return tuple(
        verdict.layer
        for verdict in verdicts
        if verdict.allow is NO and verdict.layer in (Layer.BOUNDARY, Layer.SESSION) and verdict not in passed
    )


def _find_closed_gate(ways: Sequence[Way]) -> Verdict:
    """Find the gate that refuses: on a way that grants something, if there is one."""
    granted = next((way for way in ways if way.grant.allow is YES), ways[-1])
    return next(gate for gate in granted.gates if gate.allow is NO)


def _conclude_unknown(verdicts: Sequence[Verdict], ways: Sequence[Way], truths: Sequence[Truth]) -> Conclusion:
    gates = [
        gate
        for way, truth in zip(ways, truths, strict=True)
        if truth is UNKNOWN
        for gate in way.gates
        if gate.allow is UNKNOWN
    ]
    missing = frozenset[str]().union(
        *(gate.missing for gate in gates),
        *(verdict.missing_to_deny for verdict in verdicts if verdict.deny is UNKNOWN),
    )
    return Conclusion(UNKNOWN, False, gates[0], gates[0].allowed_by, missing)
