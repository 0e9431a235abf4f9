# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change touches runs, in order; what is unknown touches everything; the base is never too narrow."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from scope import EACH_RUN, WALKS, list_whole, name_of, path_of
from scripts import touched


@pytest.fixture(scope="module")
def selection() -> touched.Selection:
    """A selection over this checkout."""
    return touched.Selection(touched.read_checkout())


def select(selection: touched.Selection, *changed: str) -> dict[str, str]:
    """The reason of each file that runs, by its name."""
    choices, unplaced = selection.select(changed, {})
    assert unplaced == []
    ranks = [choice.rank for choice in choices]
    assert ranks == sorted(ranks)
    return {name_of(choice.path): choice.rank.name for choice in choices}


def others(found: dict[str, str]) -> dict[str, str]:
    """Without those that run each time."""
    assert {name for name, rank in found.items() if rank == "EACH_RUN"} == {*EACH_RUN}
    return {name: rank for name, rank in found.items() if rank != "EACH_RUN"}


@pytest.mark.parametrize("path", ["CONTRIBUTING.md", "changelogs/config.yaml", "tests/unit/test_names.py"])
def test_what_other_tests_hold_touches_nothing(selection: touched.Selection, path: str) -> None:
    assert others(select(selection, path)) == {}


def test_a_capability_touches_the_tests_that_are_about_it_first(selection: touched.Selection) -> None:
    path = "plugins/module_utils/_capabilities/user_permissions/plan.py"
    found = others(select(selection, path))
    assert found["user_permissions"] == found["lock_out"] == "SUBJECT"
    # The preflight asks all capabilities for what they need.
    assert found["access_keys"] == "WALK"
    assert found["clock"] == "USES"
    assert "worlds" not in found


@pytest.mark.parametrize(
    "path",
    [
        "plugins/module_utils/_converge/store.py",
        "plugins/module_utils/_aws/access.py",
        "plugins/module_utils/_account/answer.py",
        "plugins/module_utils/_module/execution.py",
        "plugins/plugin_utils/_in_process.py",
        "tests/emulator/server.py",
    ],
)
def test_a_shared_room_touches_the_walks_of_all_capabilities(selection: touched.Selection, path: str) -> None:
    found = select(selection, path)
    walks = {name for tests in WALKS.values() for name in tests}
    assert walks <= found.keys() or path.endswith("answer.py")


def test_a_role_a_playbook_and_a_helper_touch_the_tests_that_name_them(selection: touched.Selection) -> None:
    assert select(selection, "roles/user_permissions/tasks/main.yml")["user_permissions"] == "SUBJECT"
    assert select(selection, "playbooks/hunt.yml")["hunt"] == "SUBJECT"
    helper = others(select(selection, "tests/integration/right_sizing.py"))
    assert helper["right_size_refused"] == "SUBJECT"
    assert "access_keys" not in helper
    assert others(select(selection, "tests/integration/test_waves.py")) == {"waves": "SUBJECT"}


@pytest.mark.parametrize(
    "path", ["Makefile", "requirements-dev.lock", "tests/conftest.py", "plugins/new_kind/x.py", "unheard_of.cfg"]
)
def test_what_cannot_be_placed_touches_everything(selection: touched.Selection, path: str) -> None:
    choices, unplaced = selection.select([path, "CONTRIBUTING.md"], {})
    assert unplaced == [path]
    assert [choice.path for choice in choices if choice.path not in selection.tests] == []
    assert len(choices) == len(selection.tests)


def test_a_deleted_file_touches_what_uses_its_folder(selection: touched.Selection) -> None:
    found = others(select(selection, "plugins/module_utils/_capabilities/user_permissions/gone.py"))
    assert found["user_permissions"] == "SUBJECT"
    assert others(select(selection, "tests/integration/test_gone.py")) == {}


def test_short_files_run_first_among_equals(selection: touched.Selection) -> None:
    names = [path_of(name) for name in ("waves", "waivers")]
    choices, _unplaced = selection.select(names, {names[0]: 9.0, names[1]: 3.0})
    assert [choice.path for choice in choices][-2:] == [names[1], names[0]]


def git(answers: dict[str, str]) -> t.Callable[..., str]:
    """A git that knows these answers."""
    return lambda *arguments: answers.get(" ".join(arguments), "")


MADE: t.Final = 1_000_000_000
OLD: t.Final = f"rev-list -1 --before={MADE - 4 * 3600} HEAD"
COUNT: t.Final = {
    f"rev-list --count {name}..HEAD": count for name, count in (("old", "9"), ("parent", "1"), ("fork", "20"))
}
CLONE: t.Final = {
    "show --no-patch --format=%ct HEAD": str(MADE),
    OLD: "old",
    "rev-parse --verify --quiet HEAD^": "parent",
    **COUNT,
}


@pytest.mark.parametrize(
    ("answers", "base"),
    [
        # A clone of the main that has the change: the merge base is the last commit itself.
        ({**CLONE, "merge-base HEAD refs/heads/main": "head", "rev-list --count head..HEAD": "0"}, "old"),
        ({**CLONE, "merge-base HEAD refs/remotes/origin/main": "fork"}, "fork"),
        ({**CLONE, OLD: "parent"}, "parent"),
        # A shallow clone, or a repository that is younger than a submission.
        ({**CLONE, OLD: ""}, None),
        ({}, None),
    ],
)
def test_the_base_is_the_earliest_of_those_known(answers: dict[str, str], base: t.Optional[str]) -> None:
    assert touched.find_base(git(answers)) == base


def test_what_does_not_fit_is_said_beforehand() -> None:
    choices = [touched.Choice(f"{name}.py", touched.Rank.USES, 90.0) for name in "abc"]
    lines = touched.describe(choices, 2.0, 2)
    assert ["NO TIME LEFT" in line for line in lines] == [False, False, True, False]
    assert lines[-1] == "3 files, 270 CPU seconds, about 2 minutes on 2 cores"


def test_each_file_has_an_estimate(selection: touched.Selection) -> None:
    """A new one is measured by the commands in the script's first lines, or estimated by hand until then."""
    assert touched.read_seconds().keys() == {*selection.tests}


def test_what_runs_each_time_fits_into_the_time() -> None:
    """Else .ci/run would leave some of it out: on two cores, with a third of the time to spare."""
    seconds = touched.read_seconds()
    always = {path_of(name) for name in EACH_RUN} - list_whole()
    assert sum(seconds[path] for path in always) / 2 < touched.MINUTES * 60 * 2 / 3


def test_the_table_is_renewed_by_what_was_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "seconds.yml"
    table.write_text("# Why\n---\nhunt: 1\ngone: 2\nwaves: 3\n", encoding="utf-8")
    monkeypatch.setattr(touched, "SECONDS", table)
    touched.refresh({"integration/test_hunt.py": 41.6, "unit": 7.0, "integration/test_start.py": 5.2})
    assert table.read_text(encoding="utf-8") == "# Why\n---\nhunt: 42\nstart: 5\nwaves: 3\n"
