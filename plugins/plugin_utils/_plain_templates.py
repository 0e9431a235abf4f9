# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Resolve the plainest arguments of a task without Jinja2: ``{{ name }}``, ``{{ name | default(omit) }}`` and the like.

A worker of Ansible is forked for one task and one host. It compiles each argument of the task anew, some 40 for a role
of this collection, which cost a fifth of the CPU time of an account. An argument that needs more than a look-up of
one variable goes to Ansible.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ansible import errors, template

UNRESOLVED: t.Final = object()

_PLAIN: t.Final = re.compile(
    r"\{\{ (?P<name>[a-z_][a-z0-9_]*)"
    r"(?P<default> \| default\((?:omit|'(?P<text>[\w./-]*)')\))?"
    r"(?P<unless_empty> \| default\(omit, true\)| if (?P=name) else omit)?"
    r"(?P<unless_blank> if (?P=name) \| string else omit)?"
    r" \}\}"
)
# Only of these is it sure that Jinja2 does not know them by itself, such as `range`, where they are not set.
_OURS: t.Final = ("aws_", "hardening_")
# A text with this header chooses its marks itself.
_MARKS: t.Final = ("{{", "{%", "{#", "#jinja2:")
# ansible-core 2.18 has neither, and never asks an action plugin for its arguments.
_is_trusted: t.Final = getattr(template, "is_trusted_as_template", lambda value: False)
_OMITTED: t.Final[type[Exception]] = getattr(errors, "AnsibleValueOmittedError", errors.AnsibleError)


def resolve(argument: object, variables: Mapping[str, t.Any]) -> t.Any:
    """Return what Ansible would make of an argument, or UNRESOLVED where that takes more than a look-up.

    :raises AnsibleValueOmittedError: the argument is omitted.
    """
    found = _PLAIN.fullmatch(argument) if isinstance(argument, str) else None
    # A text that Ansible does not trust is never a template: it may come from outside of the playbook.
    if found is None or not _is_trusted(argument):
        return UNRESOLVED
    name = found["name"]
    if name in variables:
        value = variables[name]
        if not _is_plain(value):
            return UNRESOLVED
        if (found["unless_empty"] and not value) or (found["unless_blank"] and not str(value)):
            raise _OMITTED
        return value
    if not found["default"] or found["unless_empty"] or found["unless_blank"] or not name.startswith(_OURS):
        return UNRESOLVED
    if found["text"] is None:
        raise _OMITTED
    return found["text"]


def _is_plain(value: object) -> bool:
    """Whether a value holds no template, and nothing that Ansible would decrypt or look up."""
    if isinstance(value, str):
        return not any(mark in value for mark in _MARKS)
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float)) or value == {}
