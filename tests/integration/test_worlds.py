# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each test starts at the world that its fixtures made, in any order: all tests here change what others look at."""

from __future__ import annotations

import os
import shutil
import typing as t
from pathlib import Path

import boto3
import pytest

from emulator.client import EmulatorProcess

from .conftest import MANAGEMENT, Ansible, MakeAnsible, fresh
from .worlds import Worlds

each_twice = pytest.mark.parametrize("time", [1, 2])


class Place(t.NamedTuple):
    """The emulator's management account, and a directory."""

    directory: Path
    url: str

    @classmethod
    def of(cls, ansible: Ansible) -> Place:
        return cls(ansible.directory, ansible.environment["AWS_ENDPOINT_URL"])

    @property
    def iam(self) -> t.Any:
        return boto3.client("iam", endpoint_url=self.url)

    def add(self, name: str) -> None:
        """Make a user and a file of this name."""
        self.iam.create_user(UserName=name)
        (self.directory / name).write_text(name, encoding="utf-8")

    def marks(self) -> tuple[set[str], dict[str, str]]:
        """The users and the files that :meth:`add` made."""
        users = {user["UserName"] for user in self.iam.list_users()["Users"]}
        files = {path.name: path.read_text(encoding="utf-8") for path in self.directory.glob("mark-*")}
        return {name for name in users if name.startswith("mark-")}, files

    def spoil(self) -> None:
        """Change all that :meth:`marks` looks at."""
        for name in self.marks()[0]:
            self.iam.delete_user(UserName=name)
            (self.directory / name).write_text("else", encoding="utf-8")
        self.add("mark-spoilt")


@pytest.fixture(scope="module")
def early(make_ansible: MakeAnsible) -> Place:
    place = Place.of(make_ansible())
    place.add("mark-early")
    return place


@pytest.fixture(scope="module")
def late(early: Place) -> Place:
    assert early.marks()[0] == {"mark-early"}
    early.add("mark-late")
    return early


@pytest.fixture(scope="module", params=["a", "b"])
def other(make_ansible: MakeAnsible, request: pytest.FixtureRequest) -> Place:
    place = Place.of(make_ansible("bare"))
    place.add(f"mark-{request.param}")
    return place


@pytest.fixture
def spoilt(early: Place) -> Place:
    early.spoil()
    return early


@each_twice
def test_world_of_a_fixture(early: Place, time: int) -> None:
    assert time
    assert early.marks() == ({"mark-early"}, {"mark-early": "mark-early"})
    early.spoil()


@each_twice
def test_world_of_a_fixture_that_goes_on_from_another(late: Place, time: int) -> None:
    assert time
    assert late.marks()[0] == {"mark-early", "mark-late"}
    assert late.marks()[1].keys() == {"mark-early", "mark-late"}
    late.spoil()


@each_twice
def test_world_of_another_seed(other: Place, request: pytest.FixtureRequest, time: int) -> None:
    assert time
    name = f"mark-{request.node.callspec.params['other']}"
    assert other.marks() == ({name}, {name: name})
    other.spoil()


@each_twice
def test_world_that_a_fixture_of_the_test_changed(spoilt: Place, time: int) -> None:
    assert time
    assert spoilt.marks()[1] == {"mark-early": "else", "mark-spoilt": "mark-spoilt"}


def test_world_of_its_own(ansible: Ansible) -> None:
    place = Place.of(ansible)
    assert place.marks() == (set(), {})
    place.add("mark-own")


def test_two_worlds_at_once_are_their_directories_alone(emulator: EmulatorProcess, tmp_path: Path) -> None:
    fresh(emulator)
    worlds = Worlds(emulator.control, tmp_path)
    for name, uses in (("one", ()), ("two", ()), ("three", ("one",))):
        with worlds.making(name, uses):
            (tmp_path / name).mkdir()
    shutil.rmtree(tmp_path / "one")
    worlds.enter(["one", "two"])
    assert (tmp_path / "one").is_dir()
    assert emulator.control.health()["accounts"] == {}
    shutil.rmtree(tmp_path / "one")
    worlds.enter(["one", "three", "unknown"])
    assert (tmp_path / "one").is_dir()
    assert MANAGEMENT in emulator.control.health()["accounts"]
    for name in ("one", "two", "three"):
        worlds.forget(name)
    emulator.control.reset("bare")
    worlds.enter(["one", "three"])
    assert MANAGEMENT not in emulator.control.health()["accounts"]
    assert not list((tmp_path / "worlds").iterdir())


def test_directory_comes_back_as_it_was(emulator: EmulatorProcess, tmp_path: Path) -> None:
    worlds, made = Worlds(emulator.control, tmp_path), tmp_path / "made"
    with worlds.making("one", ()):
        (made / "below").mkdir(parents=True)
        (made / "below" / "file").write_text("first", encoding="utf-8")
        (made / "below" / "file").chmod(0o600)
        (made / "link").symlink_to("below/file")
    status = (made / "below" / "file").stat()
    (made / "below" / "file").unlink()
    (made / "link").unlink()
    (made / "link").symlink_to(os.devnull)
    worlds.enter(["one"])
    restored = (made / "below" / "file").stat()
    assert (restored.st_mtime_ns, restored.st_mode) == (status.st_mtime_ns, status.st_mode)
    assert (made / "link").read_text(encoding="utf-8") == "first"
    worlds.forget("one")
