# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory of a large organization costs: calls, and the CPU of ansible-inventory."""

from __future__ import annotations

import json
import os
import typing as t
from collections import Counter
from pathlib import Path

import pytest

from emulator.client import EmulatorProcess

from .measure import Measurement, measure
from .organization import structure
from .table import Cell, show
from .workload import BIN

ACCOUNTS: t.Final = 2000
UNITS: t.Final = 60
MOST_CALLS: t.Final = 260
MOST_SECONDS: t.Final = 5.0


@pytest.fixture(scope="module")
def emulator() -> t.Iterator[EmulatorProcess]:
    with EmulatorProcess(seed="bare") as process:
        process.control.reset(structure(accounts=ACCOUNTS, units=UNITS))
        yield process


def test_inventory_of_a_large_organization(emulator: EmulatorProcess, link_tree: Path, tmp_path: Path) -> None:
    rows: list[tuple[Cell, ...]] = []
    measured: dict[str, tuple[int, float]] = {}
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    variants: dict[str, dict[str, t.Any]] = {
        "without tags": {},
        "a group for each unit's id": {"keyed_groups": [{"key": "aws_ou_id", "prefix": "unit"}]},
        "with tags": {"account_tags": "always"},
        "into a cache": cache,
        "from the cache": cache,
    }
    for name, options in variants.items():
        run, calls = _list(emulator, link_tree, tmp_path, options)
        measured[name] = sum(calls.values()), run.cpu
        rows.append((name, str(sum(calls.values())), f"{run.cpu:.1f}", f"{run.wall:.1f}", f"{run.process_mb:.0f}"))
    show(f"ansible-inventory --list, {ACCOUNTS} accounts in {UNITS} units", ("what", "calls", "CPU s", "s", "MB"), rows)
    calls, seconds = measured["without tags"]
    assert calls < MOST_CALLS
    assert seconds < MOST_SECONDS
    assert measured["with tags"][0] == calls + ACCOUNTS
    assert measured["from the cache"][0] == 0


def _list(
    emulator: EmulatorProcess, link_tree: Path, directory: Path, options: t.Mapping[str, t.Any]
) -> tuple[Measurement, Counter[str]]:
    source = directory / "organization.yml"
    # Each value as JSON, which is YAML too.
    lines = ["plugin: hardening.iam.organization", *(f"{name}: {json.dumps(value)}" for name, value in options.items())]
    source.write_text("\n".join(lines), encoding="utf-8")
    emulator.control.clear_log()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_COLLECTIONS_PATH": str(link_tree),
        "ANSIBLE_HOME": str(directory / ".ansible"),
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        **emulator.env(),
    }
    command = [str(BIN / "ansible-inventory"), "-i", str(source), "--list", "--output", str(directory / "list.json")]
    run = measure(command, directory=directory, environment=environment)
    hosts = json.loads((directory / "list.json").read_text(encoding="utf-8"))["_meta"]["hostvars"]
    assert len(hosts) == ACCOUNTS
    return run, Counter(record["operation"] for record in emulator.control.log())
