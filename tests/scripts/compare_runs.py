# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the demo with two checkouts of the collection, and compare everything that they wrote, printed and asked of AWS.

    PYTHONPATH=tests python tests/scripts/compare_runs.py ../before [AFTER]

AFTER is this checkout unless it is named. Both checkouts run against one emulator, that of this checkout: it is seeded
once and set back to that state for the second, so that even its random ids are the same. Each checkout uses its own
playbooks, roles and demo inventory, in the same temporary directory, with the same clock (hardening_now) and run ids.

Prints "equal", or the first differences of each kind and exits with 1. scripts/run_differences.py says what is masked
and why. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import shutil
import subprocess
import sys
import tempfile
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scripts.demo import environment
from scripts.run_differences import KINDS, Masks, RunOutput, find_differences

from emulator.client import Emulator, EmulatorProcess

CHECKOUT = Path(__file__).resolve().parents[2]
# Ages are counted from so long after the start: no moment that a run takes from the clock itself is equal to it.
_AHEAD: t.Final = timedelta(hours=6)
_SHOWN: t.Final = 5


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a playbook."""

    name: str
    playbook: str
    arguments: tuple[str, ...] = ()
    variables: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: Threads decide the order of its changes.
    is_unordered: bool = False


RUNS: t.Final = (
    Run("check", "harden", ("--check", "--diff")),
    Run("harden", "harden", ("--diff",)),
    Run("again", "harden"),
    # Regions are hardened at the same time, and the changes are taken back in the reverse order.
    Run("rollback", "rollback", ("--diff",), {"hardening_undo_run_id": "harden"}, is_unordered=True),
    Run("organization", "organization", ("--check", "--diff")),
)


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two checkouts, and where it runs."""

    checkout: Path
    directory: Path
    now: datetime
    control: Emulator
    environment: t.Mapping[str, str]

    def run(self, run: Run) -> subprocess.CompletedProcess[str]:
        """Run a playbook of the checkout."""
        variables = {
            **run.variables,
            "hardening_run_id": run.name,
            "hardening_now": self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "--inventory",
            str(self.checkout / "examples/inventory/demo.yml"),
            f"hardening.iam.{run.playbook}",
            "--extra-vars",
            json.dumps(variables),
            *run.arguments,
        ]
        return subprocess.run(
            command, cwd=self.directory, env=self.environment, text=True, capture_output=True, check=False
        )


def make_side(checkout: Path, directory: Path, now: datetime, emulator: EmulatorProcess) -> Side:
    """Make an empty directory from which this checkout's collection is run."""
    link = directory / "collections/ansible_collections/hardening/iam"
    link.parent.mkdir(parents=True)
    link.symlink_to(checkout, target_is_directory=True)
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(directory / "collections"),
        "ANSIBLE_HOME": str(directory / ".ansible"),
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "NO_COLOR": "1",
    }
    return Side(checkout, directory, now, emulator.control, {**environment(emulator.env()), **settings})


def run_all(side: Side, kept: Path, runs: t.Sequence[Run]) -> list[RunOutput]:
    """Run the playbooks one after another, and copy what each of them wrote before the next one replaces it."""
    found = []
    seen: dict[Path, int] = {}
    for run in runs:
        side.control.clear_log()
        done = side.run(run)
        copy_new(side.directory, kept / run.name, seen)
        output = RunOutput(
            run.name, done.returncode, done.stdout, done.stderr, kept / run.name, side.control.log(), run.is_unordered
        )
        output.keep()
        found.append(output)
        print(f"  {run.name}: exit status {output.status}, {len(output.calls)} calls", flush=True)
    return found


def copy_new(directory: Path, target: Path, seen: dict[Path, int]) -> None:
    """Copy the reports and journals that were written since the last time; ``seen`` remembers their times of change."""
    for name in ("reports", "journal"):
        for path in sorted((directory / name).rglob("*")):
            changed = path.stat().st_mtime_ns
            if path.is_file() and seen.get(path) != changed:
                seen[path] = changed
                copy = target / path.relative_to(directory)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)


def compare(before: Path, after: Path, base: Path, runs: t.Sequence[Run]) -> dict[str, list[str]]:
    """Run both checkouts below a directory; their differences by kind."""
    directory = base / "run"
    started = datetime.now(UTC)
    now = (started + _AHEAD).replace(microsecond=0)
    outputs: list[list[RunOutput]] = []
    with EmulatorProcess(seed="acme") as emulator:
        seeded = emulator.control.snapshot()
        for checkout, name in ((before, "before"), (after, "after")):
            print(f"{name}: {checkout}", flush=True)
            emulator.control.restore(seeded)
            # Back to the clock that IAM and STS had for the first.
            emulator.control.clock(offset_days=(started - datetime.now(UTC)) / timedelta(days=1) if outputs else 0)
            outputs.append(run_all(make_side(checkout, directory, now, emulator), base / name, runs))
            shutil.rmtree(directory)
    masks = Masks(checkouts=(before, after), started=started, ended=datetime.now(UTC))
    return find_differences(*outputs, masks=masks)


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Compare what the command line names; returns the exit status."""
    parser = argparse.ArgumentParser(description="Compare the demo's runs with two checkouts of the collection.")
    parser.add_argument("before", type=Path, help="a checkout")
    parser.add_argument("after", type=Path, nargs="?", default=CHECKOUT, help="another (default: this one)")
    parser.add_argument("--runs", help=f"some of {', '.join(run.name for run in RUNS)}, separated by commas")
    parser.add_argument("--keep", type=Path, help="a new directory in which everything that was written is left")
    parser.add_argument(
        "--show", type=int, default=_SHOWN, help="differences shown of each kind (default: %(default)s)"
    )
    given = parser.parse_args(arguments)
    runs = [run for run in RUNS if not given.runs or run.name in given.runs.split(",")]
    with contextlib.ExitStack() as stack:
        base = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = compare(given.before.resolve(), given.after.resolve(), base.resolve(), runs)
    return tell(found, given.show)


def tell(found: t.Mapping[str, t.Sequence[str]], shown: int) -> int:
    """Print the differences; returns the exit status."""
    for kind in KINDS:
        if lines := found.get(kind):
            print(f"\n{KINDS[kind]}: {len(lines)} differences")
            print("\n".join(f"  {line}" for line in lines[:shown]))
    if not any(found.values()):
        print("equal")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
