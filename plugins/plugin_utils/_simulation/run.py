# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The module ``rollout_simulation_info``: options in, files and the summary out."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import json
import os
import tempfile
import typing as t
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from ...module_utils._converge.store import Store, make_absolute
from ...module_utils._module.options import StoreOptions
from ...module_utils._module.task import Task, TaskError
from .._run_notes import RunNotes
from . import comment, text
from .accounts import Side, Simulator
from .declared import Declaration, DeclarationError, remember_templates
from .playing import is_simulated
from .prices import TABLE, Prices
from .totals import Totals, describe
from .workers import WorkerError, work

PLAYBOOK: t.Final = str(Path(__file__).parents[3] / "playbooks" / "harden.yml")
SUMMARY: t.Final = "simulation.json"
COMMENT: t.Final = "comment.md"


@dataclasses.dataclass(frozen=True)
class _Files:
    """The places that a simulation reads and writes."""

    snapshots: t.Callable[[], Store]
    output: Store


def run(task: Task, *, secrets: t.Any = None) -> dict[str, t.Any]:
    """The core of ``rollout_simulation_info``. ``secrets`` decrypt vaulted variables of the inventories.

    :raises TaskError: a declaration can't be read, or an option has no usable value.
    """
    options = task.options
    prices = _check_prices(options["prices"])
    for name in ("forks", "processes", "max_age_days"):
        if options[name] < 1:
            raise TaskError(f"{name}: {options[name]} is not a number from 1 up")
    files = _Files(
        functools.cache(lambda: task.open_store(StoreOptions.from_options(options, "snapshot_dir", prefix="snapshot"))),
        task.open_store(StoreOptions(make_absolute(options["output_dir"]), option="output_dir")),
    )
    with tempfile.TemporaryDirectory(prefix="hardening-simulation-") as notes:
        read = functools.partial(_read_declaration, options, notes=Path(notes), secrets=secrets)
        try:
            now = read("now") if options["now_inventory"] else None
            simulator = Simulator(
                read("wanted"), now, files.snapshots, task.now, timedelta(days=options["max_age_days"])
            )
            return _simulate(simulator, files.output, Totals(prices, options["forks"], now is not None), options)
        except (DeclarationError, WorkerError) as error:
            raise TaskError(str(error)) from error


def _check_prices(given: Mapping[str, t.Any]) -> Prices:
    unknown = sorted(set(given) - set(TABLE))
    if unknown:
        raise TaskError(f"prices: {unknown[0]!r} is not a unit; allowed are: {', '.join(sorted(TABLE))}")
    try:
        return Prices({unit: float(price) for unit, price in given.items()})
    except (TypeError, ValueError) as error:
        raise TaskError(f"prices: {error}; allowed are numbers, for a month") from error


def _read_declaration(options: Mapping[str, t.Any], which: str, *, notes: Path, secrets: t.Any) -> Side:
    directory = os.path.abspath(options[f"{which}_directory"] or os.getcwd())
    if not os.path.isdir(directory):
        raise TaskError(f"{which}_directory: {directory} is not a directory")
    with _inside(directory):
        sources = [os.path.abspath(source) for source in options[f"{which}_inventory"]]
        missing = next((source for source in sources if not os.path.exists(source)), None)
        if missing:
            raise TaskError(f"{which}_inventory: {missing} does not exist")
        declaration = Declaration(
            sources,
            playbook=PLAYBOOK,
            is_simulated=is_simulated,
            notes=RunNotes(notes / which),
            extra=options[f"{which}_variables"],
            secrets=secrets,
        )
    return Side(declaration, directory)


@contextlib.contextmanager
def _inside(directory: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def _simulate(simulator: Simulator, output: Store, totals: Totals, options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    hosts = simulator.wanted.declaration.hosts
    _warm(simulator)
    with _inside(os.getcwd()):
        for account in work(simulator.simulate, len(hosts), options["processes"]):
            totals.add(account)
            if account["account_id"]:
                output.put(f"accounts/{account['account_id']}.json", _as_json(account))
    document = {**totals.as_document(), "no_longer_declared": _list_removed(simulator)}
    places = {
        "json": output.put(SUMMARY, _as_json(document)),
        "comment": output.put(COMMENT, comment.render(document).encode()),
    }
    kept = {name: value for name, value in document.items() if name not in ("rows", "breaks", "schema")}
    return {
        **kept,
        "summary": describe(document),
        "files": places,
        "terminal": text.render(document, places),
    }


def _warm(simulator: Simulator) -> None:
    """Compile the templates here, once for all processes that are forked from this one."""
    remember_templates()
    for side in filter(None, (simulator.wanted, simulator.now)):
        with _inside(side.directory):
            collections.deque(side.declaration.render(side.declaration.hosts[0]), maxlen=0)


def _list_removed(simulator: Simulator) -> list[str]:
    """List the hosts that only today's declaration has."""
    if simulator.now is None:
        return []
    wanted = set(simulator.wanted.declaration.host_names)
    return [name for name in simulator.now.declaration.host_names if name not in wanted]


def _as_json(document: Mapping[str, t.Any]) -> bytes:
    return json.dumps(document, indent=2, sort_keys=True, default=str).encode() + b"\n"
