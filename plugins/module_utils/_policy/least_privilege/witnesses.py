# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Concrete requests that policies decide in another way than other policies do.

The requests are guessed from what the statements name, and then evaluated. A guess can fail, but what is found is so.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import itertools
import math
import random
import sys
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..documents.arn import arn_parts
from ..documents.policy import Condition
from ..evaluation.caller import caller_of
from ..evaluation.comparisons import address_range
from ..evaluation.compiled import compile_policies
from ..evaluation.conditions import condition_matcher
from ..evaluation.context import Context, Values
from ..evaluation.evaluate import Evaluator, Layers, Outcome
from ..evaluation.implication import Block
from ..evaluation.inclusion import Part, find_outside
from ..evaluation.narrowing import policies_of, resource_types
from ..evaluation.tokens import (
    Patterns,
    Style,
    Tokens,
    fill_wildcards,
    find_uncovered,
    has_variable,
    is_variable,
    name_variable,
    tokenize,
)
from ..evaluation.truth import NO
from ..evaluation.variables import Text

DENIED: t.Final = frozenset({Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY})

_FILLING: t.Final = "example"
_ACCOUNT: t.Final = "111122223333"
_REGION: t.Final = "us-east-1"
# Values that no policy is likely to name, one for each type of key.
_STRANGE_TEXT: t.Final = "zz-something-else"
_STRANGE: t.Final = (
    *(_STRANGE_TEXT, "true", "false", "2", "1999-12-31T00:00:00Z", "2999-12-31T00:00:00Z", "198.51.100.77"),
    f"arn:{{partition}}:iam::{_ACCOUNT}:role/{_STRANGE_TEXT}",
)
_MOST_CONTEXTS: t.Final = 600
_MOST_VALUES: t.Final = 6

_Options = Mapping[str, Sequence[t.Optional[Values]]]
Test = Callable[[Outcome, Outcome], bool]
_NO_KEYS: t.Final[Mapping[str, Values]] = {}


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """One request, with its outcome before and after a change."""

    action: str
    resource: str
    context: Mapping[str, Values]
    before: Outcome
    after: Outcome

    def to_data(self) -> dict[str, t.Any]:
        """The request as plain data."""
        return {
            "action": self.action,
            "resource": self.resource,
            "context": {key: _plain(self.context[key]) for key in sorted(self.context)},
            "before": self.before.value,
            "after": self.after.value,
        }


class Witnesses:
    """Looks for requests of one principal that two sets of layers decide in different ways."""

    def __init__(self, before: Layers, after: Layers, principal_arn: str) -> None:
        self._before: t.Final = Evaluator(before, principal=principal_arn)
        self._after: t.Final = Evaluator(after, principal=principal_arn)
        caller = caller_of(principal_arn, None, None)
        self._own: t.Final = {key.lower(): value for key, value in caller.keys(complete=True).items()}
        self._fixed: t.Final = frozenset((*self._own, *map(str.lower, caller.absent_keys())))
        self._policies: t.Final = compile_policies(tuple(dict.fromkeys((*policies_of(before), *policies_of(after)))))
        parts = arn_parts(principal_arn)
        self._partition: t.Final = parts.partition if parts else "aws"
        self._strange: t.Final = tuple(value.format(partition=self._partition) for value in _STRANGE)

    def find(self, action: str, resources: Iterable[Tokens], *, met: Block, is_wanted: Test) -> t.Optional[Request]:
        """Find a request for an action on one of the resources, under the conditions ``met``, with wanted outcomes."""
        options = self._list_options(met, self._list_conditions(action))
        for tokens in resources:
            for context in self._contexts(options, tokens):
                resource = _write(tokens, {**self._own, **context})
                before = self._before.outcome(action, resource, context)
                after = self._after.outcome(action, resource, context)
                if is_wanted(before, after):
                    # Proofs of many principals have the same made-up requests, by the thousand.
                    return Request(action, sys.intern(resource), context or _NO_KEYS, before, after)
        return None

    def _list_conditions(self, action: str) -> tuple[Condition, ...]:
        """The conditions of all statements about an action, in whatever layer."""
        about = self._policies.statements_for(action.lower())
        return tuple(dict.fromkeys(item for each in about for item in each.statement.conditions))

    def list_resources(self, action: str, part: Part, wide: Sequence[Patterns] = ()) -> Iterator[Tokens]:
        """List texts of a part that are in none of the sets; first those that are resources of the action."""
        whole = (Patterns((part.tokens,)),)
        types = resource_types(action.lower(), self._partition)
        if not types:
            # AWS asks about "*" for an action that knows no resources.
            yield from _list_texts(("*",), part, wide) if find_uncovered(("*",), whole) is None else ()
            return
        for pattern in types:
            kind = _tokens_of(_make_concrete(pattern))
            if find_uncovered(kind, whole) is None:
                yield from _list_texts(kind, part, wide)
        yield from _list_texts(part.tokens, part, wide)

    def _list_options(self, met: Block, others: Sequence[Condition]) -> _Options:
        """For each key the values that meet ``met``, and None where it need not be there."""
        version, conditions = met
        return {
            key: [value for value in (None, *values) if _may_hold(conditions, version, key, value)]
            for key, values in _list_values((*conditions, *others), self._fixed, self._strange).items()
        }

    def _contexts(self, options: _Options, tokens: Tokens) -> Iterator[Mapping[str, Values]]:
        """Yield contexts of every combination of likely values, as many as can be looked at."""
        every = dict(options)
        for name in sorted(
            {name_variable(token) for token in tokens if is_variable(token)} if has_variable(tokens) else ()
        ):
            if name not in self._fixed:
                every.setdefault(name, [_FILLING])
        for combination in _combine(list(every.values())):
            yield {key: value for key, value in zip(every, combination, strict=True) if value is not None}


def _list_texts(kind: Tokens, part: Part, wide: Sequence[Patterns]) -> Iterator[Tokens]:
    for tokens in (fill_wildcards(kind, _FILLING), kind):
        outside = find_outside(Part(part.text, tokens, part.besides), wide)
        if outside is not None and outside.text is not None:
            yield outside.text


def _combine(options: Sequence[Sequence[t.Optional[Values]]]) -> Iterator[tuple[t.Optional[Values], ...]]:
    """All combinations of one value each, or if there are too many, some that are the same in every run."""
    if math.prod(map(len, options)) <= _MOST_CONTEXTS:
        yield from itertools.product(*options)
        return
    chance = random.Random(0)
    for _index in range(_MOST_CONTEXTS):
        yield tuple(chance.choice(values) for values in options)


def _may_hold(conditions: Sequence[Condition], version: str, key: str, value: t.Optional[Values]) -> bool:
    """Whether the conditions on a key may hold for a value, or without any."""
    about = tuple(condition for condition in conditions if condition.key.lower() == key)
    given = {} if value is None else {key: value}
    context = Context(given, complete=False, absent=(key,) if value is None else ())
    return condition_matcher(about, version=version).evaluate(context, set()) is not NO


@functools.lru_cache(maxsize=16384)
def _tokens_of(pattern: str) -> Tokens:
    return tokenize((Text(pattern),), Style.RESOURCE)


def _plain(value: Values) -> t.Any:
    return value if isinstance(value, (str, bool, int, float)) else list(value)


def _make_concrete(pattern: str) -> str:
    """A pattern of a resource type, as ``narrowing`` makes it, with a Region and an account."""
    return pattern.replace(":*-?:", f":{_REGION}:").replace(f":{'?' * 12}:", f":{_ACCOUNT}:")


def _write(tokens: Tokens, context: Mapping[str, Values]) -> str:
    if not has_variable(tokens):
        return "".join(tokens)
    values = (str(context.get(name_variable(token), _FILLING)) if is_variable(token) else token for token in tokens)
    return "".join(values)


def _list_values(
    conditions: Sequence[Condition], fixed: frozenset[str], strange: Sequence[str]
) -> dict[str, tuple[Values, ...]]:
    """For each key the values that the conditions compare with, and some that none of them names."""
    named: dict[str, list[Values]] = {}
    for condition in conditions:
        key = condition.key.lower()
        if key in fixed:
            continue
        values = named.setdefault(key, [])
        if condition.operator == "Null":
            continue
        made = [value for text in condition.values[:_MOST_VALUES] for value in _make_values(text)]
        values += made
        if condition.quantifier is not None and made:
            values.append((made[0], _STRANGE_TEXT))
    return {key: tuple(dict.fromkeys((*values, *strange))) for key, values in named.items()}


def _make_values(text: str) -> tuple[str, ...]:
    """Values that are likely to pass a comparison with this text."""
    if address_range(text) is not None:
        network = ipaddress.ip_network(text, strict=False)
        return str(network[0]), str(network[-1])
    return (text.replace("*", _FILLING).replace("?", "x"),)
