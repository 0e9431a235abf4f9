# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of a run whose source failed, held against what comes of it with the full source."""

from __future__ import annotations

import collections
import dataclasses
import enum
import json
import re
import typing as t
from collections.abc import Iterator, Mapping

from .player import Played

# What differs from run to run, what only repeats the rest, and texts for people.
_LEFT_OUT: t.Final = frozenset(
    {"changed", "diff", "files", "manifest_sha256", "plan_sha256", "report", "stats", "terminal", "run_id", "msg"}
)
#: Values that are good news, by the name of the member.
GOOD: t.Final[Mapping[str, frozenset[t.Any]]] = {
    "certain": frozenset({True}),
    "continues": frozenset({True}),
    "decision": frozenset({"allowed"}),
    "denied": frozenset({True}),
    "locked": frozenset({True}),
    "narrowing_allowed": frozenset({True}),
    "outcome": frozenset({"safe"}),
    "present": frozenset({"no", "false", False}),
    "proven": frozenset({True}),
    "state": frozenset({"contained", "nothing_seen"}),
    "status": frozenset({"PASS", "NOT_APPLICABLE", "deleted", "absent"}),
    "suspected": frozenset({"no"}),
    "verdict": frozenset({"passed", "contained", "proved", "verified", "complete"}),
    "write_allowed": frozenset({True}),
}
# Sessions, and files of the journal and of reports, change nothing of the account.
_NO_CHANGES: t.Final = frozenset({"s3", "sts"})
_NAMES: t.Final = (
    *(
        "account_id",
        "action",
        "arn",
        "capability",
        "control",
        "event_id",
        "id",
        "key",
        "name",
        "operation",
        "principal",
    ),
    *("region", "resource", "resource_detail", "role", "rule", "service", "target", "user", "what"),
)
#: Words by which a result says that it does not know.
_UNKNOWN: t.Final = re.compile(
    r"not[ _](?:assessed|clear|denied|known|made|read|recorded|searched|seen|verified)"
    r"|AccessDenied|InternalFailure|Throttling|can't be|can't read|cannot|could not|denied|does not parse|error|failed"
    r"|incomplete|malformed|may[ _]break|missed|missing|no[ _]answer|no[ _]evidence|other account|uncertain|unfollowed"
    r"|unknown|unproven|unread|unverified",
    re.IGNORECASE,
)


class Word(enum.StrEnum):
    """What a failing source leads to. The last two are not allowed.

    With ``other`` nothing is gone and nothing is better: a text, a number, or something more than with the full source.
    With ``SILENT`` something is gone, and nothing says that anything is unknown.
    """

    SAME = "same"
    OTHER = "other"
    REFUSED = "refused"
    ERROR = "error"
    UNKNOWN = "unknown"
    SILENT = "SILENT"
    VIOLATION = "VIOLATION"


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The word, and what is wrong where it is not allowed."""

    word: Word
    why: str = ""


def judge(full: Played, found: Played) -> Judgement:
    """Judge a run whose source failed by the run with the full source."""
    more = [item for item in _list_writes(found) if item not in set(_list_writes(full))]
    if more:
        return Judgement(Word.VIOLATION, f"writes {more[0][:300]}")
    if found.crash:
        return Judgement(Word.ERROR, found.crash)
    if found.result.get("failed") and found.result.get("msg") != full.result.get("msg"):
        return Judgement(Word.ERROR, str(found.result.get("msg")))
    planned = set(_list_planned(full))
    more = [item for item in _list_planned(found) if item not in planned]
    if more:
        return Judgement(Word.VIOLATION, f"plans {more[0][:300]}")
    return _judge_verdicts(_document(full), _document(found))


def _judge_verdicts(full: t.Any, found: t.Any) -> Judgement:
    if full == found:
        return Judgement(Word.SAME)
    before, after = dict(_list_verdicts(full)), dict(_list_verdicts(found))
    for place, value in after.items():
        if value in GOOD[place[-1]] and place in before and before[place] not in GOOD[place[-1]]:
            return Judgement(Word.VIOLATION, f"{before[place]} is now {value}: {place}"[:300])
    lost = _find_lost_finding(full.get("result", {}), found.get("result", {}))
    if lost:
        return Judgement(Word.VIOLATION, lost)
    # What a release does not take back it lists as left, each with the reason.
    refused = _new(full, found, lambda path, _leaf: "refused" in path or path[:2] == ("result", "left"))
    if refused:
        return Judgement(Word.REFUSED)
    if _new(full, found, lambda path, leaf: "warnings" in path or bool(_UNKNOWN.search(f"{path} {leaf}"))):
        return Judgement(Word.UNKNOWN)
    gone = collections.Counter(_list_rows(full)) - collections.Counter(_list_rows(found))
    done = collections.Counter(_list_rows(found)) - collections.Counter(_list_rows(full))
    if gone and not any("already_done" in row for row in done):
        return Judgement(Word.SILENT, f"{next(iter(gone))}: {_describe_difference(full, found)}")
    return Judgement(Word.OTHER, _describe_difference(full, found))


def _find_lost_finding(full: Mapping[str, t.Any], found: Mapping[str, t.Any]) -> str:
    """Find a failure that is gone although nothing says that its control was not assessed."""
    if "findings" not in full or "findings" not in found:
        return ""
    left = {_name_finding(item): item["status"] for item in found["findings"] if "control" in item}
    judged = {item["control"] for item in found["findings"] if "control" in item}
    unknown = {item["control"] for item in found["findings"] if item.get("status") == "NOT_ASSESSED"}
    for item in full["findings"]:
        if item.get("status") in ("FAIL", "NOT_ASSESSED") and item["control"] in judged - unknown:
            now = left.get(_name_finding(item))
            if now not in ("FAIL", "NOT_ASSESSED"):
                return f"{item['status']} is {now or 'gone'}: {_name_finding(item)}"
    return ""


def _name_finding(item: Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(item.get(name) for name in ("control", "region", "resource", "resource_detail"))


def _list_writes(played: Played) -> list[str]:
    changes = [write for write in played.writes if write[0].partition(":")[0] not in _NO_CHANGES]
    return [f"{name} {region} {_canonical(parameters)}" for name, region, parameters in changes]


def _list_planned(played: Played) -> list[str]:
    return [
        f"{change['service']}:{change['operation']} {change['region']} {_target(change)} {_canonical(change['after'])}"
        for change in played.result.get("changes") or ()
        if isinstance(change, dict) and "operation" in change
    ]


def _target(change: Mapping[str, t.Any]) -> str:
    """The target of a change; an owner of sign-in sessions without the path.

    AWS names sessions by the owner without it, so that where no user could be read, the same sessions are revoked with
    the same call. The name of a user is unique in an account whatever its path.
    """
    target = str(change["target"])
    return re.sub(r":user/.*/", ":user/", target) if change["operation"] == "BatchRevokeSessions" else target


def _canonical(value: t.Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _document(played: Played) -> dict[str, t.Any]:
    """The result, and the reports beside it where the result has no findings of its own."""
    result = {name: value for name, value in played.result.items() if name not in _LEFT_OUT}
    document: dict[str, t.Any] = {"result": result}
    if "changes" not in result and "findings" not in result:
        document["written"] = {
            key: json.loads(content)
            for files in played.written.values()
            for key, content in sorted(files.items())
            if key.endswith(".json") and not key.endswith("manifest.json")
        }
    return t.cast(dict[str, t.Any], json.loads(_canonical(document)))


def _list_verdicts(value: t.Any, path: tuple[t.Any, ...] = ()) -> Iterator[tuple[tuple[t.Any, ...], t.Any]]:
    if isinstance(value, dict):
        name = tuple(str(value[key]) for key in _NAMES if isinstance(value.get(key), (str, int)))
        for key, item in value.items():
            if key in GOOD and isinstance(item, (str, bool)):
                yield (*path, name, key), item
            else:
                yield from _list_verdicts(item, (*path, name, key))
    elif isinstance(value, list):
        for item in value:
            yield from _list_verdicts(item, path)


def _list_leaves(value: t.Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _list_leaves(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from _list_leaves(item, path)
    else:
        yield path, str(value)


def _list_rows(value: t.Any, path: tuple[str, ...] = ()) -> Iterator[tuple[t.Any, ...]]:
    """List what results have several of, each by its names: findings, changes, refusals, keys, roles."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _list_rows(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                names = tuple(str(item[key]) for key in _NAMES if isinstance(item.get(key), (str, int)))
                if item.get("status") not in GOOD["status"]:
                    yield (*path, names, str(item.get("status", "")))
            yield from _list_rows(item, path)


def _new(full: t.Any, found: t.Any, is_meant: t.Callable[[tuple[str, ...], str], bool]) -> bool:
    """Whether there is more of what is meant than with the full source."""
    before = collections.Counter(_list_leaves(full))
    after = collections.Counter(_list_leaves(found))
    return any(is_meant(*leaf) for leaf in (after - before))


def _describe_difference(full: t.Any, found: t.Any) -> str:
    before, after = collections.Counter(_list_leaves(full)), collections.Counter(_list_leaves(found))
    gone, come = list(before - after)[:2], list(after - before)[:2]
    return f"gone {gone}, come {come}"[:400]
