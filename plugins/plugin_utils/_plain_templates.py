# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Resolve plain templates without compiling them: ``{{ name | default(omit) }}``, conditions, and texts around names.

A worker of Ansible is forked for one task and one host. It compiles each argument of the task anew, some 40 for a role
of this collection, which cost a quarter of the CPU time of an account. Here Jinja2's own parser reads a template once,
in the process that forks the workers. What is more than looking up, choosing and joining values goes to Ansible.
"""

from __future__ import annotations

import functools
import math
import typing as t
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ansible import errors, template
from ansible.module_utils.common.yaml import yaml_load
from jinja2 import Environment, TemplateError, nodes

from ._vaulted import is_vaulted

UNRESOLVED: t.Final = object()

_ROLES: t.Final = Path(__file__).parents[2] / "roles"
_OMIT: t.Final = object()
_UNDEFINED: t.Final = object()
# Variables that lead to other variables: Ansible has a limit too.
_MOST_STEPS: t.Final = 20
# A text that may be a template. One with the header chooses its marks itself.
_MARKS: t.Final = ("{{", "{%", "{#", "#jinja2:")
# What Jinja2 reads by settings that are Ansible's own.
_SPECIAL: t.Final = ("{%", "{#", "#jinja2:", "\\", "{{-", "-}}", "{{+")
# Filters and tests that templates of our roles have. The first is not worked out here.
_KNOWN: t.Final = frozenset({"from_yaml", "bool", "default", "defined", "none", "string", "undefined"})
# Ansible's filter `bool` warns of other texts.
_TRUTHS: t.Final[Mapping[t.Any, bool]] = {"true": True, "yes": True, "false": False, "no": False}
# ansible-core 2.18 has neither, and never asks an action plugin for its arguments.
_is_trusted: t.Final = getattr(template, "is_trusted_as_template", lambda value: False)
_OMITTED: t.Final[type[Exception]] = getattr(errors, "AnsibleValueOmittedError", errors.AnsibleError)


class _NotPlain(Exception):
    """The template takes more than this file knows."""


def resolve(argument: object, variables: Mapping[str, t.Any]) -> t.Any:
    """Return what Ansible would make of an argument or the value of a variable; UNRESOLVED where that takes more.

    :raises AnsibleValueOmittedError: the argument is omitted.
    """
    try:
        value = _Resolver(variables).value(argument, 0)
    except (_NotPlain, RecursionError, ValueError):
        # A list that contains itself, or a number of thousands of digits.
        return UNRESOLVED
    if value is _OMIT:
        raise _OMITTED
    return value


@functools.cache
def prepare_templates() -> None:
    """Read the templates of our roles, for this process and those forked from it."""
    for kind in ("defaults", "tasks"):
        for path in _ROLES.glob(f"*/{kind}/main.yml"):
            for text in _find_texts(yaml_load(path.read_text(encoding="utf-8"))):
                _parse(text)


def _find_texts(value: t.Any) -> Iterator[str]:
    """Find the texts with templates in a YAML document."""
    if isinstance(value, str) and "{{" in value:
        yield value
    elif isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _find_texts(member)


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> t.Optional[tuple[nodes.Expr, ...]]:
    """The expressions of a template and the texts between them; None if it has statements, or is none."""
    if text.endswith("\n") or any(special in text for special in _SPECIAL):
        return None
    try:
        parsed = Environment(autoescape=False).parse(text)
    except TemplateError:
        return None
    body = parsed.body
    # A name that nobody has is an error in a branch that is not taken, too.
    known = all(node.name in _KNOWN for node in parsed.find_all((nodes.Filter, nodes.Test)))
    return tuple(body[0].nodes) if known and len(body) == 1 and isinstance(body[0], nodes.Output) else None


class _Resolver:
    """Works out templates with these variables. Every method raises _NotPlain for what it does not know."""

    def __init__(self, variables: Mapping[str, t.Any]) -> None:
        self._variables = variables

    def value(self, value: t.Any, steps: int) -> t.Any:
        """What Ansible makes of a value, with all templates in it."""
        if isinstance(value, str):
            return self._text(value, steps) if any(mark in value for mark in _MARKS) else value
        if isinstance(value, list):
            return [self._present(self.value(member, steps)) for member in value]
        if isinstance(value, dict) and all(isinstance(name, str) and "{" not in name for name in value):
            return {name: self._present(self.value(member, steps)) for name, member in value.items()}
        if value is None or isinstance(value, (bool, int, float)):
            return value
        raise _NotPlain

    def _text(self, text: str, steps: int) -> t.Any:
        # A text that Ansible does not trust is never a template: it may come from outside of the playbook.
        parts = _parse(str(text)) if steps < _MOST_STEPS and _is_trusted(text) else None
        if parts is None or all(isinstance(part, nodes.TemplateData) for part in parts):
            raise _NotPlain
        values = [self._of(part, steps + 1) for part in parts]
        if len(values) == 1:
            return values[0]
        # What was vaulted has a mark, which is lost in a longer text.
        if not all(type(value) is int or (isinstance(value, str) and not is_vaulted(value)) for value in values):
            raise _NotPlain
        return "".join(map(str, values))

    def _present(self, value: t.Any) -> t.Any:
        if value is _OMIT or value is _UNDEFINED:
            raise _NotPlain
        return value

    def _of(self, node: nodes.Node, steps: int) -> t.Any:
        """The value of an expression, which may be omitted."""
        found = self._of_any(node, steps)
        if found is _UNDEFINED:
            raise _NotPlain
        return found

    def _some(self, node: nodes.Node, steps: int) -> t.Any:
        """The value of an expression, which is neither undefined nor omitted."""
        return self._present(self._of_any(node, steps))

    def _of_any(self, node: nodes.Node, steps: int) -> t.Any:
        work_out = _KINDS.get(type(node))
        if work_out is None:
            raise _NotPlain
        return work_out(self, node, steps)

    def _name(self, node: nodes.Name, steps: int) -> t.Any:
        # Jinja2 has a meaning of its own for the first. The other may be a variable.
        if node.name == "self" or (node.name == "omit" and "omit" in self._variables):
            raise _NotPlain
        if node.name == "omit":
            return _OMIT
        if node.name in self._variables:
            return self.value(self._variables[node.name], steps)
        # Jinja2 and Ansible know names of their own, such as `range`. None of these has an underscore.
        if "_" in node.name:
            return _UNDEFINED
        raise _NotPlain

    def _text_between(self, node: nodes.TemplateData, _steps: int) -> str:
        return node.data

    def _constant(self, node: nodes.Const, _steps: int) -> t.Any:
        if isinstance(node.value, float) and not math.isfinite(node.value):
            raise _NotPlain
        return node.value

    def _list(self, node: nodes.List, steps: int) -> list[t.Any]:
        return [self._some(item, steps) for item in node.items]

    def _dict(self, node: nodes.Dict, _steps: int) -> dict[str, t.Any]:
        if node.items:
            raise _NotPlain
        return {}

    def _choice(self, node: nodes.CondExpr, steps: int) -> t.Any:
        chosen = node.expr1 if self._some(node.test, steps) else node.expr2
        if chosen is None:
            raise _NotPlain
        return self._of(chosen, steps)

    def _and(self, node: nodes.And, steps: int) -> t.Any:
        left = self._some(node.left, steps)
        return self._of(node.right, steps) if left else left

    def _or(self, node: nodes.Or, steps: int) -> t.Any:
        return self._some(node.left, steps) or self._of(node.right, steps)

    def _not(self, node: nodes.Not, steps: int) -> bool:
        return not self._some(node.node, steps)

    def _comparison(self, node: nodes.Compare, steps: int) -> bool:
        compare = _COMPARISONS.get(node.ops[0].op) if len(node.ops) == 1 else None
        if compare is None:
            raise _NotPlain
        return compare(self._some(node.expr, steps), self._some(node.ops[0].expr, steps))

    def _test(self, node: nodes.Test, steps: int) -> bool:
        if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise _NotPlain
        if node.name in ("defined", "undefined"):
            return (self._of_any(node.node, steps) is _UNDEFINED) == (node.name == "undefined")
        test = _TESTS.get(node.name)
        if test is None:
            raise _NotPlain
        return test(self._some(node.node, steps))

    def _filter(self, node: nodes.Filter, steps: int) -> t.Any:
        if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise _NotPlain
        if node.name == "default":
            return self._default(node.node, *_parse_default(node), steps)
        convert = _FILTERS.get(node.name)
        if convert is None or node.args:
            raise _NotPlain
        return convert(self._some(node.node, steps))

    def _default(self, node: nodes.Node, default: nodes.Node, replaces_empty: bool, steps: int) -> t.Any:
        if not _is_lazy(default):
            # It is worked out whether it is needed or not, and may be an error.
            self._of_any(default, steps)
        found = self._of_any(node, steps)
        if found is not _UNDEFINED:
            self._present(found)
            if found or not replaces_empty:
                return found
        return self._of(default, steps)


def _parse_default(node: nodes.Filter) -> tuple[nodes.Node, bool]:
    """The default of a filter ``default``, and whether it also replaces what is empty, which has to be said plainly."""
    if len(node.args) not in (1, 2):
        raise _NotPlain
    flag = node.args[1] if len(node.args) > 1 else nodes.Const(False)
    if not isinstance(flag, nodes.Const) or not isinstance(flag.value, bool):
        raise _NotPlain
    return node.args[0], flag.value


def _is_lazy(node: nodes.Node) -> bool:
    """Whether a default is an error at most where it is needed: names and members of them, and defaults of these."""
    if isinstance(node, (nodes.Name, nodes.Const)):
        return True
    if isinstance(node, nodes.Getattr):
        return _is_lazy(node.node)
    if isinstance(node, nodes.List):
        return all(map(_is_lazy, node.items))
    if isinstance(node, nodes.Filter) and node.name == "default" and node.node is not None:
        return _is_lazy(node.node) and _is_lazy(_parse_default(node)[0])
    return isinstance(node, nodes.Dict) and not node.items


def _to_bool(value: t.Any) -> bool:
    known = value if isinstance(value, bool) else _TRUTHS.get(value.lower()) if isinstance(value, str) else None
    if known is None:
        raise _NotPlain
    return known


def _to_text(value: t.Any) -> str:
    # A text stays the same: it may have been vaulted, which a copy does not tell.
    return value if isinstance(value, str) else str(value)


def _is_in(value: t.Any, values: t.Any) -> bool:
    if not isinstance(values, list):
        raise _NotPlain
    return value in values


_KINDS: t.Final[Mapping[type[nodes.Node], Callable[[_Resolver, t.Any, int], t.Any]]] = {
    nodes.Name: _Resolver._name,
    nodes.Const: _Resolver._constant,
    nodes.TemplateData: _Resolver._text_between,
    nodes.List: _Resolver._list,
    nodes.Dict: _Resolver._dict,
    nodes.CondExpr: _Resolver._choice,
    nodes.And: _Resolver._and,
    nodes.Or: _Resolver._or,
    nodes.Not: _Resolver._not,
    nodes.Compare: _Resolver._comparison,
    nodes.Test: _Resolver._test,
    nodes.Filter: _Resolver._filter,
}
_COMPARISONS: t.Final[Mapping[str, Callable[[t.Any, t.Any], bool]]] = {
    "eq": lambda left, right: bool(left == right),
    "ne": lambda left, right: bool(left != right),
    "in": _is_in,
    "notin": lambda value, values: not _is_in(value, values),
}
_TESTS: t.Final[Mapping[str, Callable[[t.Any], bool]]] = {
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
}
_FILTERS: t.Final[Mapping[str, Callable[[t.Any], t.Any]]] = {"bool": _to_bool, "string": _to_text}
