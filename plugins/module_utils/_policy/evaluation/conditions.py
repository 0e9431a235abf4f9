# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The condition block of a statement: whether it holds for a request, of which perhaps not everything is known.

All keys must hold (AND), for each key one of its values (OR; for negated operators: none of them, NOR):
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
What the operators do, with keys that are not there too:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import functools
import typing as t

from ..documents.arn import lacks_parts
from ..documents.operators import NEGATED, WITH_VARIABLES
from ..documents.policy import Condition
from .comparisons import boolean, comparison
from .context import ABSENT, UNKNOWN_KEY, Context, Missing
from .matching import Test, make_filled_matcher
from .tokens import Style
from .truth import NO, UNKNOWN, YES, Truth, truth
from .variables import Filled, Template, Text, Variable, fill, possible, template, text_of


class _Clause(t.Protocol):
    """One key of one operator."""

    def evaluate(self, context: Context, missing: set[str]) -> Truth:
        """Whether it holds; UNKNOWN adds the keys that decide to ``missing``, any other answer nothing."""


class _Null:
    """``Null``: whether the key is not there, or has no value."""

    __slots__ = ("_key", "_name", "_or_absent", "_or_present")

    def __init__(self, condition: Condition) -> None:
        self._name = condition.key
        self._key = condition.key.lower()
        wanted = {boolean(value) for value in condition.values}
        self._or_absent = True in wanted
        self._or_present = False in wanted

    def evaluate(self, context: Context, missing: set[str]) -> Truth:
        found = context.lookup(self._key)
        if found is ABSENT or found == ():
            return truth(self._or_absent)
        if found is not UNKNOWN_KEY or self._or_absent is self._or_present:
            return truth(self._or_present)
        missing.add(self._name)
        return UNKNOWN


class _Comparison:
    """Any other operator: compares the values of the request with those of the policy."""

    __slots__ = (
        "_absent",
        "_any",
        "_all",
        "_dynamic",
        "_every",
        "_key",
        "_name",
        "_negated",
        "_operator",
        "_test",
        "_vague",
        "_values",
    )

    def __init__(self, condition: Condition, version: str) -> None:
        self._name = condition.key
        self._key = condition.key.lower()
        self._operator = condition.operator
        self._negated = condition.operator in NEGATED
        self._all = condition.quantifier == "ForAllValues"
        self._any = condition.quantifier == "ForAnyValue"
        self._absent = _when_absent(condition, self._negated)
        static, self._dynamic = _split(condition, version)
        self._values = bool(static)
        self._test: Test = comparison(condition.operator, static)
        # AWS does not document how ARN operators treat a pattern that lacks components. In a resource AWS takes
        # them for anything: where that would match, the answer is open.
        lacking = tuple(each for each in static if lacks_parts(text_of(each))) if "Arn" in condition.operator else ()
        self._vague = [(make_filled_matcher(lacking, Style.RESOURCE), {condition.key})] if lacking else []
        # A pattern that every value matches decides even for a key of which nothing is known.
        self._every = condition.operator in ("StringLike", "StringNotLike") and ((Text("*"),) in static)

    def evaluate(self, context: Context, missing: set[str]) -> Truth:
        found = context.lookup(self._key)
        if isinstance(found, Missing):
            return self._absent if found is ABSENT else self._when_unknown(context, missing)
        if len(found) == 1 and not self._dynamic and not self._vague and (not self._all or found[0]):
            return NO if self._test(found[0]) is self._negated else YES
        return self._compare(found, context, missing)

    def _when_unknown(self, context: Context, missing: set[str]) -> Truth:
        """The answer that holds whether the key is there or not, if there is one."""
        if self._every and self._absent is truth(not self._negated):
            return self._absent
        nothing = not self._values and all(fill(pieces, context, set()) is ABSENT for pieces in self._dynamic)
        if nothing and self._absent is truth(self._negated):
            return self._absent
        missing.add(self._name)
        return UNKNOWN

    def _compare(self, found: tuple[str, ...], context: Context, missing: set[str]) -> Truth:
        # "... or if the context key value resolves to a null dataset, such as an empty string" (Conditions_ARN).
        if self._all and not any(found):
            return YES
        if not found:
            return self._absent
        unknown: set[str] = set()
        test, perhaps = self._fill_values(context)
        answers = {self._answer(value, test, perhaps, unknown) for value in found}
        answer = self._join_answers(answers)
        if answer is UNKNOWN:
            missing |= unknown
            if len(answers) > 1 and not (self._all or self._any):
                missing.add(self._name)
        return answer

    def _fill_values(self, context: Context) -> tuple[Test, list[tuple[Test, set[str]]]]:
        """Fill the variables: one test of the known values, and for each other a test of its matches and its keys."""
        certain: list[Filled] = []
        perhaps: list[tuple[Test, set[str]]] = []
        for pieces in self._dynamic:
            keys: set[str] = set()
            filled = fill(pieces, context, keys)
            if keys:
                perhaps.append((_make_possible_test(self._operator, possible(pieces, context)), keys))
            elif not isinstance(filled, Missing):
                certain.append(filled)
        return comparison(self._operator, tuple(certain)), perhaps

    def _answer(self, value: str, test: Test, perhaps: list[tuple[Test, set[str]]], unknown: set[str]) -> Truth:
        matched = truth(self._test(value) or test(value))
        if matched is NO:
            for able, keys in (*perhaps, *self._vague):
                if able(value):
                    unknown |= keys
                    matched = UNKNOWN
        return matched.negated if self._negated else matched

    def _join_answers(self, answers: set[Truth]) -> Truth:
        if self._all:
            return NO if NO in answers else UNKNOWN if UNKNOWN in answers else YES
        if self._any:
            return YES if YES in answers else UNKNOWN if UNKNOWN in answers else NO
        # "Multivalued context keys require a condition set operator": what AWS does without is not documented, so only
        # an answer that all values agree on counts (reference_policies_condition-single-vs-multi-valued-context-keys).
        return answers.pop() if len(answers) == 1 else UNKNOWN


def _when_absent(condition: Condition, negated: bool) -> Truth:
    """A key that is not there does not match, so a negated operator holds; IfExists and quantifiers say otherwise."""
    if condition.if_exists:
        return YES
    if condition.quantifier is not None:
        return truth(condition.quantifier == "ForAllValues")
    return truth(negated)


def _make_possible_test(name: str, pattern: Filled) -> Test:
    """Make a test that passes every text that the operator could match if the variables, here ``*``, were known."""
    if name.endswith("IgnoreCase") or name == "Bool":
        pattern = (Text("*"),)
    return make_filled_matcher((pattern,), Style.TEXT)


def _split(condition: Condition, version: str) -> tuple[tuple[Filled, ...], tuple[Template, ...]]:
    """The values of a policy, those without variables apart from those with."""
    static: list[Filled] = []
    dynamic: list[Template] = []
    for value in condition.values:
        pieces = template(value, version=version) if condition.operator in WITH_VARIABLES else (Text(value),)
        if any(isinstance(piece, Variable) for piece in pieces):
            dynamic.append(pieces)
        else:
            static.append(t.cast(Filled, pieces))
    return tuple(static), tuple(dynamic)


class ConditionMatcher:
    """The condition block of a statement. Made by ``condition_matcher``."""

    __slots__ = ("_clauses",)

    def __init__(self, clauses: tuple[_Clause, ...]) -> None:
        self._clauses = clauses

    def evaluate(self, context: Context, missing: set[str]) -> Truth:
        """Whether all conditions hold for the request.

        UNKNOWN where that depends on keys that the context does not say; these, as the document spells them, are then
        added to ``missing``. Also UNKNOWN for a key with several values under an operator without quantifier, where
        the values differ in the answer.
        """
        unknown: set[str] = set()
        answer = YES
        for clause in self._clauses:
            each = clause.evaluate(context, unknown)
            if each is NO:
                return NO
            if each is UNKNOWN:
                answer = UNKNOWN
        missing |= unknown
        return answer


@functools.lru_cache(maxsize=16384)
def condition_matcher(conditions: tuple[Condition, ...], *, version: str) -> ConditionMatcher:
    """The matcher of a condition block, in a document of ``version``: before 2012-10-17 there are no variables."""
    return ConditionMatcher(
        tuple(_Null(each) if each.operator == "Null" else _Comparison(each, version) for each in conditions)
    )
