# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A record in a few words and in one hash."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..._account.activity import Activity
from ..._account.moments import format_moment
from ..._policy.trail.usage import Use, merge_uses


def describe_sessions(arn: str, activities: Sequence[Activity]) -> tuple[str, ...]:
    """Describe the sessions of a principal, and what of its calls was not kept one by one."""
    return tuple(dict.fromkeys(sentence for one in activities for sentence in _describe(arn, one)))


def _describe(arn: str, activity: Activity) -> Iterator[str]:
    reading = activity.reading
    if reading is None:
        return
    sessions = reading.sessions.get(arn)
    if sessions is not None and sessions.source_identities:
        yield f"source identities: {', '.join(sessions.source_identities)}"
    if sessions is not None and sessions.with_session_policy:
        yield (
            f"{sessions.with_session_policy} sessions had session policies: their denied calls say nothing "
            "about the policies of the principal"
        )
    wide = sorted(action for principal, action in reading.widened if principal == arn)
    if wide:
        yield f"of very many resources only patterns are kept: {', '.join(wide)}"


def was_in_console(arn: str, activities: Iterable[Activity]) -> bool:
    """Whether a principal was seen in the console."""
    readings = (activity.reading for activity in activities if activity.reading is not None)
    return any(reading.sessions[arn].is_console for reading in readings if arn in reading.sessions)


def list_left_out(arn: str, activities: Iterable[Activity]) -> tuple[Use, ...]:
    """List the calls of a principal that ``exclude_evidence`` leaves out."""
    readings = (activity.reading for activity in activities if activity.reading is not None)
    return merge_uses(use for reading in readings for use in reading.find_left_out(arn))


def hash_uses(*groups: Iterable[Use]) -> str:
    """The SHA-256 over all that uses say, which are in a stable order."""
    lines = ([_make_plain(use) for use in group] for group in groups)
    return hashlib.sha256(json.dumps(list(lines), sort_keys=True).encode()).hexdigest()


def _make_plain(use: Use) -> dict[str, t.Any]:
    plain = {field.name: getattr(use, field.name) for field in dataclasses.fields(use)}
    moments = {name: format_moment(plain[name]) if plain[name] else None for name in ("first", "last")}
    return {**plain, **moments, "context": use.context.sort_key, "besides": sorted(use.besides)}
