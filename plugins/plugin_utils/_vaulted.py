# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Vaulted values in messages: an error quotes the value that is wrong, and that may be a secret in the wrong place."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

import ansible.parsing.vault
from ansible.module_utils.common.parameters import remove_values

# ansible-core 2.19 and later mark what was decrypted. Before, it has a type of its own.
_HELPER: t.Final[t.Any] = getattr(ansible.parsing.vault, "VaultHelper", None)
# A shorter text is part of other words.
_SHORTEST: t.Final = 4


def hide_vaulted(result: dict[str, t.Any], arguments: Mapping[str, t.Any]) -> None:
    """Hide the vaulted values of ``arguments`` in the message of a failed result and in its warnings."""
    if not result.get("failed") and not result.get("warnings"):
        return
    secrets = set(_find_vaulted(arguments))
    for name in ("msg", "warnings"):
        if secrets and name in result:
            result[name] = remove_values(result[name], secrets)


def _find_vaulted(value: t.Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for member in value:
            yield from _find_vaulted(member)
    elif is_vaulted(value) and len(str(value)) >= _SHORTEST:
        yield str(value)


def is_vaulted(value: t.Any) -> bool:
    """Whether a value is vaulted, or was before it was decrypted."""
    if hasattr(value, "_ciphertext"):
        return True
    return _HELPER is not None and isinstance(value, str) and _HELPER.get_ciphertext(value, with_tags=False) is not None
