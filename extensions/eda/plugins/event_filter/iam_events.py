# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event filter ``hardening.iam.iam_events`` of ansible-rulebook.

ansible-rulebook runs this file and calls ``main`` with every event. It does not know Ansible's collections, so the
rooms of the collection are imported by their place on disk. They need the standard library only.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import time
import typing as t
from importlib.machinery import ModuleSpec
from pathlib import Path

DOCUMENTATION = r"""
---
short_description: Reduce events about IAM to accounts and subjects, and gather them for one job
description:
  - Recognises the events that the playbook C(hardening.iam.plan_for_event) makes plans for.
  - Ignores and counts all others.
  - Replaces each event. C(hardening.start) says whether to start a job, and C(hardening.events) is the batch for it.
  - No text of an event is left.
  - Starts one job at most every O(seconds). The job gets all events since the one before.
options:
  seconds:
    description:
      - The shortest time between two jobs.
    type: float
    default: 60
  accounts_file:
    description:
      - A file with one account id a line. Events of other accounts are ignored.
      - Without it, the job ignores them.
    type: str
    default: null
"""

EXAMPLES = r"""
- ansible.eda.aws_sqs_queue:
    region: eu-central-1
    name: iam-hardening-events
  filters:
    - hardening.iam.iam_events:
        seconds: 60
"""

_ROOM: t.Final = "hardening_iam_module_utils"
_COLLECTION: t.Final = Path(__file__).absolute().parents[4]


def main(event: t.Any, seconds: float = 60, accounts_file: t.Optional[str] = None) -> dict[str, t.Any]:
    """The event that the rules get in place of ``event``: whether to start a job, and the batch of signals for it."""
    batch = _collector(seconds, accounts_file).add(event)
    return {"hardening": {"start": batch is not None, "events": batch or {}}}


@functools.cache
def _collector(seconds: float, accounts_file: t.Optional[str]) -> t.Any:
    """The collector of this source. It lives as long as ansible-rulebook does."""
    accounts = Path(accounts_file).read_text(encoding="utf-8").split() if accounts_file else ()
    return _import("_events.batch").Collector(seconds, time.monotonic, frozenset(accounts))


def _import(name: str) -> t.Any:
    """Import a file of module_utils by its place on disk, under a name of its own."""
    if _ROOM not in sys.modules:
        spec = ModuleSpec(_ROOM, None, is_package=True)
        spec.submodule_search_locations = [str(_COLLECTION / "plugins" / "module_utils")]
        sys.modules[_ROOM] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{_ROOM}.{name}")
