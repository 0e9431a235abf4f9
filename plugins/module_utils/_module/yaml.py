# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""YAML that an option holds or names."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load

from .task import TaskError

try:
    from yaml import YAMLError
except ImportError:
    # Then nothing is loaded that could raise it: HAS_YAML says so.
    YAMLError = ValueError  # type: ignore[misc, assignment]


def yaml_of(content: t.Union[str, bytes], *, option: str, source: str) -> t.Any:
    """The structure in ``content``, which ``source``, a file or the value itself, of the option ``option`` holds.

    :raises TaskError: it is not YAML, or PyYAML is not installed; the message names both, and the place.
    """
    if not HAS_YAML:
        raise TaskError(f"{option}: reading {source} needs PyYAML where the task runs")
    try:
        return yaml_load(content)
    except (YAMLError, ValueError) as error:
        raise TaskError(f"{option}: {source} is not YAML: {error}") from error
