# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The options of evidence: where it is, how far back it is read, and what is left out."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from ..._account.activity import EVENT_HISTORY_DAYS
from ..._aws.regions import ENABLED
from ..._converge.errors import InputError
from ..._module.arguments import ArgumentSpec
from ..._module.options import StoreOptions
from ..._module.task import Task, TaskError
from ..._policy.trail.exclusions import Exclusion
from ..acceptance import Acceptances, parse_acceptances
from .exclusions import parse_exclusions

# doc_fragments/_evidence.py
SOURCE_ARGUMENTS: t.Final[ArgumentSpec] = {
    "trail_logs": {"type": "list", "elements": "str", "default": []},
    "trail_logs_role_arn": {"type": "str"},
    "trail_days": {"type": "int", "default": EVENT_HISTORY_DAYS},
    "event_history": {"type": "bool", "default": True},
    "event_history_max_pages": {"type": "int", "default": 100},
}
# doc_fragments/_evidence.py, with the part PREDICTION
EVIDENCE_ARGUMENTS: t.Final[ArgumentSpec] = {
    **SOURCE_ARGUMENTS,
    "unused_resources": {"type": "list", "elements": "str", "default": []},
    "accept_breakage": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {name: {"type": "str", "required": True} for name in ("principal", "reason", "expires")},
    },
}
# doc_fragments/_exclude_evidence.py
EXCLUDE_EVIDENCE_ARGUMENTS: t.Final[ArgumentSpec] = {
    "exclude_evidence": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "since": {"type": "raw"},
            "until": {"type": "raw"},
            "sessions": {"type": "list", "elements": "str", "default": []},
            "source_ips": {"type": "list", "elements": "str", "default": []},
            "access_key_ids": {"type": "list", "elements": "str", "default": [], "no_log": False},
            "incident": {"type": "str"},
            "reason": {"type": "str", "required": True},
        },
    },
}
# The numbers within which an option makes sense.
_MOST_DAYS: t.Final = 3650
_MOST_PAGES: t.Final = 10_000


@dataclasses.dataclass(frozen=True)
class EvidenceOptions:
    """The sources of evidence, the acceptances and the assumptions: the options EVIDENCE_ARGUMENTS, checked.

    ``trail_logs`` are places with log files, each named once. ``regions`` are those to ask for event histories; none
    for all that are enabled. ``acceptances`` is ``accept_breakage``, ``exclusions`` is ``exclude_evidence``.
    """

    trail_logs: tuple[StoreOptions, ...]
    trail_days: int
    event_history: bool
    event_history_max_pages: int
    unused_resources: tuple[str, ...]
    acceptances: Acceptances
    regions: tuple[str, ...]
    exclusions: tuple[Exclusion, ...] = ()

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The options of a task, before anything is called. Raises TaskError: one can't be used."""
        options = task.options
        for name, most in (("trail_days", _MOST_DAYS), ("event_history_max_pages", _MOST_PAGES)):
            if not 1 <= options[name] <= most:
                raise TaskError(f"{name}: {options[name]} is not a number from 1 to {most}")
        unused = options.get("unused_resources") or ()
        for pattern in unused:
            if not pattern.startswith("arn:"):
                raise TaskError(f"unused_resources: {pattern!r} is not the ARN of a resource, or a pattern for ARNs")
        regions = tuple(name for name in map(str.strip, options.get("regions") or ()) if name)
        try:
            acceptances = parse_acceptances(options.get("accept_breakage") or (), today=task.now.date())
            exclusions = parse_exclusions(options.get("exclude_evidence") or ())
        except InputError as error:
            raise TaskError(str(error)) from error
        return cls(
            trail_logs=find_trail_logs(options),
            trail_days=options["trail_days"],
            event_history=options["event_history"],
            event_history_max_pages=options["event_history_max_pages"],
            unused_resources=tuple(unused),
            acceptances=acceptances,
            regions=() if regions == (ENABLED,) else regions,
            exclusions=exclusions,
        )

    def also_unused(self, resources: Iterable[str]) -> t.Self:
        """The same with further resources that nobody is taken to use."""
        return dataclasses.replace(self, unused_resources=tuple(dict.fromkeys((*self.unused_resources, *resources))))


def find_trail_logs(options: Mapping[str, t.Any]) -> tuple[StoreOptions, ...]:
    """Find the places of CloudTrail's log files in the option ``trail_logs``; none if it is not set."""
    return StoreOptions.list_from_options(options, "trail_logs", prefix="trail_logs")
