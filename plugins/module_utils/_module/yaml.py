# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""YAML that an option holds or names."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.yaml import HAS_YAML

from .task import TaskError

try:
    import yaml
    from yaml import YAMLError
    from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode
except ImportError:
    # Then nothing is loaded that could raise it: HAS_YAML says so.
    YAMLError = ValueError  # type: ignore[misc, assignment]

# Aliases let a text of a few lines hold billions of values. Nothing that an option takes comes near this number.
_MOST_VALUES: t.Final = 1_000_000


def parse_yaml(content: t.Union[str, bytes], *, option: str, source: str) -> t.Any:
    """The structure in ``content``, which ``source``, a file or the value itself, of the option ``option`` holds.

    :raises TaskError: it is not YAML, gives a key twice or is too large, or PyYAML is not installed; the message names
        option, source and place.
    """
    if not HAS_YAML:
        raise TaskError(f"{option}: reading {source} needs PyYAML where the task runs")
    try:
        structure = _load(content)
    except (YAMLError, ValueError, RecursionError) as error:
        raise TaskError(f"{option}: {source} is not YAML: {_describe(error)}") from error
    except (AttributeError, LookupError) as error:
        # PyYAML does not look at the text behind a tag such as !!bool.
        raise TaskError(f"{option}: {source} is not YAML: a value does not fit its tag (!!): {error}") from error
    if _is_too_large(structure):
        raise TaskError(f"{option}: {source} holds more than {_MOST_VALUES} values, or holds itself, by its aliases")
    return structure


def _describe(error: Exception) -> str:
    """The place and the problem in one line: PyYAML takes four, and quotes the text."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return str(error)
    problem = " ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", None))))
    return (
        f"line {mark.line + 1}, column {mark.column + 1}: {problem}.\n"
        "Correct it there. A text with a colon, or one that begins with a special character, needs quotes."
    )


def _load(content: t.Union[str, bytes]) -> t.Any:
    """Load the structure. Raises ValueError for a key that is given twice: PyYAML would silently take the last."""
    # Ten times as fast, where PyYAML was built with it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(content)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_repeated_keys(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_repeated_keys(document: Node) -> None:
    seen: set[int] = set()
    left = [document]
    while left:
        node = left.pop()
        # Aliases lead to the same node again.
        if id(node) in seen or not isinstance(node, CollectionNode):
            continue
        seen.add(id(node))
        if not isinstance(node, MappingNode):
            left.extend(node.value)
            continue
        keys: set[tuple[str, str]] = set()
        for key, value in node.value:
            name = (key.tag, key.value) if isinstance(key, ScalarNode) else None
            if name in keys:
                raise ValueError(f"the key {key.value!r} is given a second time on line {key.start_mark.line + 1}")
            keys |= {name} if name else set()
            left.append(value)


def _is_too_large(structure: t.Any) -> bool:
    """Whether there are too many values to walk through, each counted as often as aliases repeat it."""
    count, left = 0, [structure]
    while left:
        value = left.pop()
        members = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
        count += len(members)
        if count > _MOST_VALUES:
            return True
        left.extend(members)
    return False
