# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The options of ``credential_hunt_info``, checked before anything is read."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime

from ..._account.moments import parse_moment
from ..._module.arguments import REPORT_PLACE_ARGUMENTS, ArgumentSpec
from ..._module.options import StoreOptions
from ..._module.task import Task, TaskError
from ..._policy.hunt.question import Question, QuestionError

ARGUMENTS: t.Final[ArgumentSpec] = {
    "access_key_ids": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "principals": {"type": "list", "elements": "str", "default": []},
    "source_addresses": {"type": "list", "elements": "str", "default": []},
    "since": {"type": "str"},
    # ansible-lint takes an option with the name of a keyword of tasks for the keyword.
    "until": {"type": "str", "aliases": ["end"]},
    "trail_logs": {"type": "list", "elements": "str", "default": []},
    "trail_logs_role_arn": {"type": "str"},
    "event_history": {"type": "bool", "default": True},
    "max_calls": {"type": "int", "default": 1000},
    "sweep": {"type": "bool", "default": True},
    "offline": {"type": "bool", "default": False},
    "incident_id": {"type": "str"},
    "evidence_lock_days": {"type": "int", "default": 0},
    **REPORT_PLACE_ARGUMENTS,
    "run_id": {"type": "str"},
    "terminal": {"type": "str", "choices": ["full", "none"], "default": "full"},
    "ascii": {"type": "bool", "default": False},
    "now": {"type": "str"},
}
_MOST_CALLS: t.Final = 100_000


@dataclasses.dataclass(frozen=True)
class Options:
    """The options, typed. ``places`` have log files."""

    question: Question
    places: tuple[StoreOptions, ...]
    event_history: bool
    max_calls: int
    offline: bool
    sweep: bool
    regions: tuple[str, ...]

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The options of a task. Raises TaskError: one can't be used."""
        options = task.options
        if not 1 <= options["max_calls"] <= _MOST_CALLS:
            raise TaskError(f"max_calls: {options['max_calls']} is not a number from 1 to {_MOST_CALLS}")
        places = StoreOptions.list_from_options(options, "trail_logs", prefix="trail_logs")
        found = cls(
            _read_question(options, task.now),
            places,
            options["event_history"],
            options["max_calls"],
            options["offline"],
            options["sweep"],
            tuple(name for name in map(str.strip, options.get("regions") or ()) if name),
        )
        if found.offline:
            _check_offline(found, has_reports=task.has_reports)
        elif not places and not found.event_history:
            raise TaskError("event_history: it is false, and trail_logs is not set, so that there is nothing to read")
        return found


def _check_offline(options: Options, *, has_reports: bool) -> None:
    for place in options.places:
        if place.location.startswith("s3://"):
            raise TaskError(f"trail_logs: {place.location} is in S3, and offline is set; copy the files to a directory")
    if not options.places and not has_reports:
        raise TaskError(
            "trail_logs: not set; with offline, directories with log files of CloudTrail are needed,\n"
            "or report_dir with what the accounts of a run have read"
        )


def _read_question(options: Mapping[str, t.Any], now: datetime) -> Question:
    since, until = (_read_moment(options, name) for name in ("since", "until"))
    try:
        return Question.of(
            keys=_tidy(options["access_key_ids"]),
            principals=_tidy(options["principals"]),
            addresses=_tidy(options["source_addresses"]),
            since=since,
            until=until or now,
        )
    except QuestionError as error:
        raise TaskError(str(error)) from error


def _tidy(values: t.Iterable[str]) -> list[str]:
    return [text for value in values if (text := value.strip())]


def _read_moment(options: Mapping[str, t.Any], name: str) -> t.Optional[datetime]:
    text = options[name]
    if not text:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise TaskError(f"{name}: {text!r} is not an ISO 8601 date and time, such as 2026-01-31T00:00:00Z") from error
