# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Which tags of the command line no task of the playbook has."""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

_PLAYBOOKS: t.Final = Path(__file__).parents[2] / "playbooks"
_COLLECTION: t.Final = "hardening.iam."
# https://docs.ansible.com/projects/ansible/latest/playbook_guide/playbooks_tags.html#special-tags-always-and-never
_SPECIAL: t.Final = frozenset({"all", "always", "never", "tagged", "untagged"})


def find_playbooks(arguments: Iterable[str]) -> t.Optional[list[Path]]:
    """The files of the playbooks that were given, or None if one of them is not ours: it may have other tags.

    The playbook may be run from a checkout while this plugin was loaded from an installed collection.
    """
    found = []
    for argument in arguments:
        named = argument.startswith(_COLLECTION)
        path = _PLAYBOOKS / f"{argument.removeprefix(_COLLECTION)}.yml" if named else Path(argument).absolute()
        if not (path.parent / "vars" / "known_variables.yml").is_file() or not path.is_file():
            return None
        found.append(path)
    return found or None


def check_tags(playbooks: Sequence[Path], *, run: Iterable[str], skip: Iterable[str]) -> list[str]:
    """Check tags: ``run`` must be tags of these playbooks, ``skip`` tags of any playbook of this collection."""
    own = _SPECIAL.union(*(_tags_of(path) for path in playbooks))
    every = _SPECIAL.union(*(_tags_of(path) for path in sorted(playbooks[0].parent.glob("*.yml"))))
    return [_describe("--tags", tag, own, every) for tag in run if tag not in own] + [
        _describe("--skip-tags", tag, every, every) for tag in skip if tag not in every
    ]


def _describe(option: str, tag: str, allowed: frozenset[str], every: frozenset[str]) -> str:
    names = sorted(allowed - _SPECIAL)
    near = difflib.get_close_matches(tag, names, n=1)
    elsewhere = " Another playbook of hardening.iam has it." if tag in every else ""
    return (
        f"{option} {tag}: no task has this tag{f'; the nearest is {near[0]}' if near else ''}.{elsewhere}\n"
        f"Allowed are {', '.join(names)}."
        if names
        else f"{option} {tag}: no task has this tag.{elsewhere}"
    )


def _tags_of(path: Path) -> frozenset[str]:
    return frozenset(_tags(yaml_load(path.read_text(encoding="utf-8")), path.parent))


def _tags(node: t.Any, directory: Path) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _tags(item, directory)
    elif isinstance(node, dict):
        given = node.get("tags") or []
        yield from [tag.strip() for tag in given.split(",")] if isinstance(given, str) else given
        imported = node.get("ansible.builtin.import_playbook")
        if imported:
            yield from _tags_of(directory / imported)
        for name in ("tasks", "block", "rescue", "always", "pre_tasks", "post_tasks", "handlers"):
            yield from _tags(node.get(name), directory)
