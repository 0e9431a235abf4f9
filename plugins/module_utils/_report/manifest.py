# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``manifest.json``: the SHA-256 of every file of a run, so that altered files can be found."""

from __future__ import annotations

import hashlib
import typing as t
from collections.abc import Iterable
from datetime import datetime

from .._account.moments import format_utc

SCHEMA: t.Final = "hardening.iam/manifest/1"


def build(files: Iterable[tuple[str, bytes]], *, run_id: str, created: datetime) -> dict[str, t.Any]:
    """The manifest of ``files`` (key and content), in the order of their keys."""
    entries = {key: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)} for key, content in files}
    return {
        "schema": SCHEMA,
        "run_id": run_id,
        "created": format_utc(created),
        "files": {key: entries[key] for key in sorted(entries)},
    }
