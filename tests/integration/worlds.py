# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Worlds: what a module-scoped fixture makes of the emulator and of its directories, for each of its tests to start at.

One emulator serves all tests of a worker, and the tests of a file run in random order. So every world is kept when its
fixture has made it, and put back before each test that uses the fixture, whatever other tests changed meanwhile.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import typing as t
from pathlib import Path

from emulator.client import Emulator

# By path: kind and permissions, size, time of change in nanoseconds, and what a link refers to.
Listing = dict[Path, tuple[int, int, int, str]]


@dataclasses.dataclass(frozen=True)
class Tree:
    """A directory and a copy of it."""

    path: Path
    copy: Path
    listing: Listing = dataclasses.field(repr=False)

    @classmethod
    def keep(cls, path: Path, copy: Path) -> Tree:
        """Copy a directory."""
        shutil.copytree(path, copy, symlinks=True)
        return cls(path, copy, _listing(path))

    def restore(self) -> None:
        """Make the directory as it was, with the times of its files."""
        if self.path.exists():
            if _listing(self.path) == self.listing:
                return
            shutil.rmtree(self.path)
        shutil.copytree(self.copy, self.path, symlinks=True)


@dataclasses.dataclass(frozen=True)
class World:
    """A state of the emulator, and of the directories that were made for it."""

    name: str
    snapshot: int
    trees: t.Sequence[Tree]
    earlier: frozenset[str]


class Worlds:
    """The worlds of the fixtures that are set up, by the name of the fixture."""

    def __init__(self, control: Emulator, base: Path) -> None:
        self._control = control
        self._base = base
        self._copies = base / "worlds"
        self._worlds: dict[str, World] = {}

    @contextlib.contextmanager
    def making(self, name: str, uses: t.Collection[str]) -> t.Iterator[None]:
        """Keep what the fixture of this name makes, starting at the world of the fixtures that it uses."""
        self.enter(uses)
        before = self._directories()
        yield
        used = [self._worlds[other] for other in uses if other in self._worlds]
        paths = {tree.path for world in used for tree in world.trees} | (self._directories() - before)
        snapshot = self._control.snapshot()
        trees = [Tree.keep(path, self._copies / str(snapshot) / path.name) for path in sorted(paths)]
        earlier = frozenset().union(*({world.name, *world.earlier} for world in used))
        self._worlds[name] = World(name, snapshot, trees, earlier)

    def forget(self, name: str) -> None:
        """Free what was kept: the fixture is torn down."""
        world = self._worlds.pop(name, None)
        if world is not None:
            self._control.forget(world.snapshot)
            shutil.rmtree(self._copies / str(world.snapshot), ignore_errors=True)

    def enter(self, uses: t.Collection[str]) -> None:
        """Put back the world of the last of these fixtures, which goes on from those of the others.

        If there are several such worlds, their directories are put back and the emulator is empty. So a test may
        compare what two fixtures recorded, and fails if it calls AWS.
        """
        used = [self._worlds[name] for name in uses if name in self._worlds]
        last = [world for world in used if not any(world.name in other.earlier for other in used)]
        if len(last) == 1:
            self._control.restore(last[0].snapshot)
        elif last:
            self._control.reset(None)
        for world in last:
            for tree in world.trees:
                tree.restore()

    def _directories(self) -> set[Path]:
        return {path for path in self._base.iterdir() if path.is_dir() and not path.is_symlink()} - {self._copies}


def _listing(directory: Path) -> Listing:
    found: Listing = {}
    for path in directory.rglob("*"):
        status = path.lstat()
        target = str(path.readlink()) if path.is_symlink() else ""
        found[path] = (status.st_mode, 0 if path.is_dir() else status.st_size, status.st_mtime_ns, target)
    return found
