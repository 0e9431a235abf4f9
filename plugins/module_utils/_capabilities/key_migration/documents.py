# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What policy documents say, however they are written. Pure."""

from __future__ import annotations

import contextlib
import hashlib
import json
import typing as t

from ..._policy.documents.canonical import are_equivalent, canonical, document
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import PolicyError


def says_same(one: t.Any, other: t.Any) -> bool:
    """Whether two documents say the same, however they are written."""
    try:
        return are_equivalent(parse(one), parse(other))
    except PolicyError:
        return bool(one == other)


def hash_policy(content: t.Any) -> str:
    """Hash what a document says, however it is written."""
    with contextlib.suppress(PolicyError):
        content = document(canonical(parse(content)))
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
