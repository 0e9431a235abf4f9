# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Why a finding fails, without what changes by itself: who may come in, which policy, which step leads on."""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from collections.abc import Mapping

# Times and measures change from day to day: the age of a key is not the reason for which somebody accepts it. Nothing
# in an account can have the name of a moment, which has colons. A policy may be called 2026-01-01.
_MOMENT: t.Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_MEASURES: t.Final = frozenset({"last_used_service", "tag"})
_NOTHING: t.Final[tuple[t.Any, ...]] = (None, [], {})


def reason_fingerprint(observed: t.Any) -> t.Optional[str]:
    """The SHA-256 of the reason in the evidence of a finding; None where the evidence names nothing but measures.

    Names, ARNs and what else is text make the reason, with the switches beside them. Numbers, moments and last uses
    are left out, and so is the order of lists.
    """
    reason = _lasting(observed)
    if not _has_text(reason):
        return None
    return hashlib.sha256(json.dumps(reason, sort_keys=True).encode()).hexdigest()


def _lasting(value: t.Any) -> t.Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return None if _MOMENT.fullmatch(value) else value
    if isinstance(value, Mapping):
        members = {str(key): _lasting(item) for key, item in value.items() if key not in _MEASURES}
        return {key: item for key, item in members.items() if item not in _NOTHING}
    if isinstance(value, (list, tuple, set, frozenset)):
        kept = [item for item in map(_lasting, value) if item not in _NOTHING]
        return sorted(kept, key=lambda item: json.dumps(item, sort_keys=True))
    return None


def _has_text(value: t.Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_text, value.values()))
    return isinstance(value, str) or (isinstance(value, list) and any(map(_has_text, value)))
