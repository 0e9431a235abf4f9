# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unknown is never no: whichever source of a module fails, nothing more is written, and no verdict gets better.

The modules are recorded at work in tests of the emulated AWS. Then each runs again on its recording in this process,
and each of its sources fails in each way. HARDENING_SOURCES names a directory with recordings of an earlier run.
"""

from __future__ import annotations

import collections
import dataclasses
import os
import typing as t
from pathlib import Path

import pytest

from .exceptions import BY_OTHERS, KNOWN, NOWHERE, UNGIVEN, UNPLAYED
from .failures import FILES, list_cases
from .outcomes import Judgement, Word, judge
from .player import Failure, Played, entries, module_of, modules, play
from .recorder import Recording
from .walks import load, record

#: Runs of a module that ask the same and plan the same are one; so many of each are played.
_OF_A_KIND: t.Final = 1
_FORBIDDEN: t.Final = (Word.SILENT, Word.VIOLATION)
PLACES: t.Final = frozenset(
    {"journal", "report_dir", "snapshot_path", "terraform_state_paths", "trail_logs", "waivers"}
)
_TABLE: t.Final = Path(__file__).resolve().parents[2] / ".cache" / "sources.txt"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No address of AWS: a call that gets past the recording fails at once."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Recording]]:
    """The recorded runs, by module."""
    given = os.environ.get("HARDENING_SOURCES")
    found = load(Path(given)) if given else record(tmp_path_factory.mktemp("recordings"))
    by_module: dict[str, list[Recording]] = {}
    for recording in found:
        by_module.setdefault(module_of(recording), []).append(recording)
    return by_module


@dataclasses.dataclass
class Table:
    """How often what came of a failure, by module, source and failure."""

    counts: dict[str, collections.Counter[str]] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(collections.Counter)
    )

    def add(self, module: str, source: str, kind: str, word: Word) -> None:
        """Count one run."""
        self.counts[f"{module:28} {source:52} {kind.partition(':')[0]}"][word.value] += 1

    def __str__(self) -> str:
        words = [word.value for word in Word]
        lines = [f"{'module':28} {'source':52} {'failure':18} " + " ".join(f"{word:>9}" for word in words)]
        for name, counts in sorted(self.counts.items()):
            lines.append(f"{name:100} " + " ".join(f"{counts[word] or '.':>9}" for word in words))
        return "\n".join(lines)

    def sums(self) -> str:
        """One line a module."""
        by_module: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        for name, counts in self.counts.items():
            by_module[name.split()[0]].update(counts)
        lines = [f"{'module':28} " + " ".join(f"{word.value:>9}" for word in Word)]
        for name, counts in sorted(by_module.items()):
            lines.append(f"{name:28} " + " ".join(f"{counts[word.value] or '.':>9}" for word in Word))
        return "\n".join(lines)


@pytest.fixture(scope="session")
def table() -> t.Iterator[Table]:
    """The table of all runs, which is printed at the end."""
    made = Table()
    yield made
    _TABLE.parent.mkdir(exist_ok=True)
    _TABLE.write_text(f"{made}\n", encoding="utf-8")
    print(f"\n{made.sums()}\nBy source and failure: {_TABLE}")


@pytest.mark.parametrize("module", sorted(modules()))
def test_each_source_is_used(module: str, recordings: dict[str, list[Recording]]) -> None:
    """A new operation or place is either used in a walk or has a line of its own."""
    entry = modules()[module]
    asked = {name: _list_asked(runs) for name, runs in recordings.items()}
    left = entry.operations.reads - asked.get(module, frozenset())
    everywhere = frozenset().union(*asked.values())
    assert sorted(left & everywhere) == BY_OTHERS.get(module, [])
    assert sorted(left - everywhere) == NOWHERE.get(module, [])
    given = {place.option for run in recordings.get(module, ()) for place in run.places.values()}
    given |= {option for run in recordings.get(module, ()) for option in FILES if run.options.get(option)}
    assert sorted(PLACES & set(entry.argument_spec()) - given) == UNGIVEN.get(module, [])


def _list_asked(runs: t.Iterable[Recording]) -> frozenset[str]:
    return frozenset(f"{call.service}:{call.operation}" for run in runs for call, _answer in run.calls)


@pytest.mark.parametrize("module", sorted(modules()))
def test_no_source_that_fails_lets_more_through(
    module: str, recordings: dict[str, list[Recording]], table: Table, tmp_path: Path
) -> None:
    found: dict[tuple[str, str], Judgement] = {}
    is_played = False
    for recording, full in _choose(recordings.get(module, ()), tmp_path):
        for case in list_cases(recording, full):
            is_played = True
            judgement = judge(full, play(recording, case.failure, tmp_path))
            table.add(module, case.source, case.kind, judgement.word)
            if judgement.word in _FORBIDDEN:
                found.setdefault((case.source, case.kind), judgement)
    unexpected = {
        f"{source}, {kind}": f"{judgement.word}: {judgement.why}"
        for (source, kind), judgement in found.items()
        if not any(known.names(module, source, kind) for known in KNOWN)
    }
    assert unexpected == {}
    assert is_played is (module not in UNPLAYED)
    for known in (known for known in KNOWN if known.module == module):
        assert any(known.names(module, *failure) for failure in found), f"mended: {known}"


def _choose(recordings: t.Iterable[Recording], directory: Path) -> t.Iterator[tuple[Recording, Played]]:
    """Choose runs that differ in what they were told to do and did, and that go on without an error."""
    seen: collections.Counter[t.Any] = collections.Counter()
    for recording in recordings:
        changes = recording.result.get("changes")
        planned = sorted({change["operation"] for change in changes}) if isinstance(changes, list) else []
        kind = (recording.check_mode, recording.options.get("stage"), recording.options.get("state"), *planned)
        if seen[kind] >= _OF_A_KIND or recording.result.get("failed"):
            continue
        full = play(recording, Failure(), directory)
        if full.crash or full.result.get("failed") or not (full.asked or full.read):
            continue
        # What it writes can name a second in which the recorded run was not there yet: then the write fails here.
        operations = entries()[recording.core].operations
        if {*full.missed} & (operations.writes | operations.jobs):
            continue
        if judge(full, play(recording, Failure(), directory)).word is Word.SAME:
            seen[kind] += 1
            yield recording, full
