# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that write in the same accounts at the same time: which accounts each did not get, and who wrote in them.

``make test`` has three accounts, ``make bench`` ten.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

Record = dict[str, t.Any]

_HOLDER: t.Final = re.compile(r"run (?P<run>\S+) \(job [^)]*\) writes in account (?P<account>\d{12}),")


def find_lost(reports: Path) -> dict[str, str]:
    """Find the accounts in which a run failed, each with the other run that the failure names as its writer."""
    lost = {}
    for failure in json.loads((reports / "fleet.json").read_text(encoding="utf-8"))["failed"]:
        match = _HOLDER.search(failure["message"])
        assert match, failure
        assert match["account"] == failure["account_id"]
        lost[failure["account_id"]] = match["run"]
    return lost


def find_writers(requests: Sequence[Record], accounts: Iterable[str], jobs: t.Mapping[str, str]) -> dict[str, str]:
    """Find the run that wrote in each account, which has to be one, and to have written nothing twice.

    :arg jobs: the name of the role that each run writes with.
    """
    runs = {role: run for run, role in jobs.items()}
    written: dict[str, set[str]] = {}
    times: Counter[str] = Counter()
    for record in requests:
        role = record["caller_arn"].split("/")[1] if ":assumed-role/" in record["caller_arn"] else ""
        if record["read_only"] or role not in runs:
            continue
        written.setdefault(record["account_id"], set()).add(runs[role])
        call = (record["account_id"], record["region"], record["service"], record["operation"], record["parameters"])
        times[json.dumps(call, sort_keys=True)] += 1
    assert {account: len(by) for account, by in written.items()} == dict.fromkeys(accounts, 1)
    assert set(times.values()) == {1}, times
    return {account: by.pop() for account, by in written.items()}


def check_records(names: Iterable[str], writers: t.Mapping[str, str]) -> None:
    """Check that in each of these accounts its run alone recorded changes, and that all of them ended.

    :arg names: the records of the journal, below its place.
    """
    names = list(names)
    intents, outcomes = (
        {name.removesuffix(f"-{kind}.json") for name in names if name.endswith(f"-{kind}.json")}
        for kind in ("intent", "outcome")
    )
    assert intents == outcomes
    assert {tuple(name.split("/")[:2]) for name in intents} == set(writers.items())
