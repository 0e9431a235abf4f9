# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the canary noted: since when its credentials are denied, and which of its calls a hunt found."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..._account.moments import parse_moment

#: As botocore's models and AWS's pages name the errors of a credential that can do nothing any more.
DENIED: t.Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException"}
)
# The session ended by itself. That says nothing about a denial, so it counts as little as a call without an answer.
_ENDED: t.Final = frozenset({"ExpiredToken", "ExpiredTokenException"})
#: What the canary calls with.
CREDENTIALS: t.Final = ("key", "session")
# CloudTrail has whole seconds, and the clock of AWS.
_TOLERANCE: t.Final = 120.0

Call = Mapping[str, t.Any]


def is_ready(calls: Sequence[Call]) -> bool:
    """Whether both credentials of the canary have worked."""
    return all(any(not call["error"] for call in calls if call["credential"] == name) for name in CREDENTIALS)


def find_denied_since(calls: Sequence[Call], credential: str) -> t.Optional[float]:
    """Find the moment, in seconds since the epoch, from which on each call of a credential was denied; None if never.

    It is the end of the first call after the last one that worked. Calls that AWS did not answer do not count, nor
    those of a session that ended by itself.
    """
    own = [call for call in calls if call["credential"] == credential and _says_something(call["error"])]
    since = None
    for call in own:
        since = None if call["error"] not in DENIED else since if since is not None else float(call["ended"])
    return since


def _says_something(error: str) -> bool:
    return not error.startswith("?") and error not in _ENDED


def measure(calls: Sequence[Call], began: float) -> dict[str, t.Any]:
    """Measure the seconds from ``began`` until each credential was denied; None where it is not."""
    moments = {name: find_denied_since(calls, name) for name in CREDENTIALS}
    seconds = {name: None if moment is None else round(moment - began, 1) for name, moment in moments.items()}
    known = [value for value in seconds.values() if value is not None]
    return {
        "seconds": seconds,
        "seconds_to_containment": max(known) if len(known) == len(CREDENTIALS) else None,
        "calls": list_known(calls),
    }


def list_known(calls: Sequence[Call]) -> list[dict[str, t.Any]]:
    """List the kinds of calls of the canary that a hunt has to find, each with the moments of those that worked."""
    found: dict[tuple[str, str], dict[str, t.Any]] = {}
    for call in calls:
        if call["error"]:
            continue
        place = (str(call["key_id"]), str(call["operation"]))
        kind = {"key_id": place[0], "operation": place[1], "first": call["at"], "last": call["at"], "count": 0}
        known = found.setdefault(place, kind)
        known["last"], known["count"] = call["at"], known["count"] + 1
    return list(found.values())


def compare(known: Sequence[Mapping[str, t.Any]], timeline: Sequence[Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """Compare the kinds of calls of the canary with the time line of a hunt: what it found, and what it missed.

    A call that the hunt took for usual is missed as well.
    """
    compared: dict[str, t.Any] = {"found": [], "missed": []}
    for kind in known:
        is_found = any(_is_one_of(row, kind) for row in timeline)
        shown = {"key_id": kind["key_id"], "operation": kind["operation"]}
        compared["found" if is_found else "missed"].append(shown)
    return compared


def _is_one_of(row: Mapping[str, t.Any], kind: Mapping[str, t.Any]) -> bool:
    try:
        at = parse_moment(str(row["time"])).timestamp()
    except (KeyError, ValueError):
        return False
    service, _colon, name = str(kind["operation"]).partition(":")
    event = (row.get("event_source"), row.get("event_name"), row.get("access_key_id"))
    if event != (f"{service}.amazonaws.com", name, kind["key_id"]) or row.get("suspected") == "no":
        return False
    return bool(kind["first"] - _TOLERANCE <= at <= kind["last"] + _TOLERANCE)


def list_trend(former: Sequence[Mapping[str, t.Any]], report: Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """List the drills of this account, the oldest first and this one last, with what is compared.

    Those that did not see all accounts are left out: with fewer accounts everything is quicker.
    """
    same = [one for one in former if one.get("account_id") == report["account_id"] and one.get("id") != report["id"]]
    return [
        {
            "id": one.get("id"),
            "began": one.get("began"),
            "seconds_to_containment": one.get("seconds_to_containment"),
            "missed": len(one["missed"]) if isinstance(one.get("missed"), list) else None,
        }
        for one in (*same, report)
        if not one.get("left_out")
    ]
