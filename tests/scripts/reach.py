# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of the checkout a file uses: what it imports, and what it names.

Imports are followed. Ansible and the tests find files by name, so names are followed too: ``hardening.iam.NAME`` and
paths in YAML; in tests besides the bare name of a module, role, playbook or seed, and variables that begin with the
name of a role; in plugins paths, packages and fragments of documentation. Other texts there are messages and data.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import re
import typing as t
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

COLLECTION: t.Final = "hardening.iam"
PACKAGE: t.Final = ("ansible_collections", "hardening", "iam")
TESTS: t.Final = "tests"
EMULATOR: t.Final = "tests/emulator"
# Tools, which name what they make; a test that uses one names what it has from it.
WITHOUT_NAMES: t.Final = (f"{EMULATOR}/", "tests/gates/", "tests/scripts/")
# These are loaded for each test, and name other tests.
OF_ALL_TESTS: t.Final = frozenset(f"tests/{name}.py" for name in ("conftest", "parts", "scope", "until"))
ROLES: t.Final = "roles"
SHIPPED: t.Final = ("plugins/", "roles/", "playbooks/", "extensions/")
# Data for tests and users. An inventory names the plugin that reads it.
EXAMPLES: t.Final = "examples/"
# pytest loads these for each test below their folders.
CONFTEST: t.Final = "conftest.py"
# Folders whose Python files Ansible finds by their names.
PLUGINS: t.Final = ("action", "callback", "doc_fragments", "inventory", "lookup", "modules")
TEXTS: t.Final = (".yml", ".yaml", ".json", ".j2", ".cfg", ".in", ".tf", ".ini")

# A basename that more files than these have says nothing.
AMBIGUOUS: t.Final = 4

_OF_COLLECTION: t.Final = re.compile(r"\bhardening\.iam\.(\w+)")
_PACKAGE: t.Final = re.compile(r"\bansible_collections\.hardening\.iam\.([\w.]+)")
_INVENTORY: t.Final = re.compile(r"^plugin: hardening\.iam\.(\w+)", re.MULTILINE)
_COMMENT: t.Final = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_PATH: t.Final = re.compile(r"[\w.-]+(?:/[\w.-]+)+|[\w-]+(?:\.\w+)+")

Files = frozenset[str]


@dataclasses.dataclass(frozen=True)
class Named:
    """What a Python file names: texts in which to look for names, whole words, and paths."""

    texts: tuple[str, ...]
    words: Files
    paths: tuple[str, ...]


class Checkout:
    """The files of a checkout, and what each of them uses."""

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        """``files`` are paths below the root, as git lists them."""
        self.root = root
        self.files = frozenset(files)
        self._used: dict[str, Files] = {}

    @functools.cached_property
    def names(self) -> Mapping[str, Files]:
        """What a bare name stands for: plugins, playbooks, roles with all their files, and seeds of the emulator."""
        found: dict[str, set[str]] = defaultdict(set)
        for path in self.files:
            parts = path.split("/")
            if parts[0] == "plugins" and len(parts) == 3 and parts[1] in PLUGINS:
                found[Path(path).stem].add(path)
            elif parts[0] == ROLES and len(parts) > 2:
                found[parts[1]].add(path)
            elif (parts[0] == "playbooks" and len(parts) == 2) or path.startswith(f"{EMULATOR}/seeds/"):
                found[Path(path).stem].add(path)
        return {name: frozenset(paths) for name, paths in found.items()}

    @functools.cached_property
    def roles(self) -> tuple[str, ...]:
        """The names of the roles."""
        return tuple(sorted({path.split("/")[1] for path in self.files if path.startswith(f"{ROLES}/")}))

    @functools.cached_property
    def _by_ending(self) -> Mapping[str, Files]:
        """The files by each way to end their path, and by each folder that has them, however its path is cut."""
        found: dict[str, set[str]] = defaultdict(set)
        for path in self.files:
            parts = path.split("/")
            for end in range(1, len(parts) + 1):
                for begin in range(end):
                    # A folder that is named by one word alone counts at the root only.
                    if end == len(parts) or end - begin > 1 or begin == 0:
                        found["/".join(parts[begin:end])].add(path)
        return {ending: frozenset(paths) for ending, paths in found.items()}

    @functools.cached_property
    def _folders(self) -> Files:
        # Who names the folder of the tests has its helpers found, which the tests import.
        return frozenset(path.partition("/")[0] for path in self.files if "/" in path) - {TESTS}

    def uses(self, path: str) -> Files:
        """Return what a file uses itself. What is shipped uses only what is shipped, whatever its texts say."""
        if path not in self._used:
            found = frozenset(self._find_used(path)) - {path}
            own = SHIPPED if path.startswith(SHIPPED) else ("",)
            self._used[path] = frozenset(other for other in found if other.startswith(own))
        return self._used[path]

    def reach(self, path: str, passes: t.Callable[[str], bool] = lambda _path: True) -> Files:
        """Return what a file uses, and what that uses, and so on, but nothing by way of what does not pass."""
        found, waiting = {path}, [path]
        while waiting:
            now = waiting.pop()
            if now == path or passes(now):
                new = self.uses(now) - found
                found |= new
                waiting += new
        return frozenset(found)

    def _find_used(self, path: str) -> Iterator[str]:
        if path.endswith(".py"):
            nodes = [*ast.walk(ast.parse((self.root / path).read_text(encoding="utf-8")))]
            for name in list_imports(nodes, path):
                yield from self._find_module(name)
            if path not in OF_ALL_TESTS and not path.startswith(WITHOUT_NAMES):
                named = read_python(nodes)
                for named_path in named.paths:
                    yield from self._find_path(named_path)
                find = self._find_named_by_plugin if path.startswith("plugins/") else self._find_named_by_test
                yield from find(named)
        elif path.startswith(EXAMPLES):
            text = (self.root / path).read_text(encoding="utf-8")
            yield from {f"plugins/inventory/{name}.py" for name in _INVENTORY.findall(text)} & self.files
        elif path.endswith(TEXTS) and path.startswith(SHIPPED):
            text = _COMMENT.sub("", (self.root / path).read_text(encoding="utf-8"))
            yield from (found for name in _OF_COLLECTION.findall(text) for found in self.names.get(name, ()))
            yield from (found for match in _PATH.findall(text) for found in self._find_path(match))
        yield from self._find_companions(path)

    def _find_module(self, name: tuple[str, ...]) -> Iterator[str]:
        """Find the files of an absolute import, with its packages; the last part may be a name in a module."""
        parts = name[len(PACKAGE) :] if name[: len(PACKAGE)] == PACKAGE else (TESTS, *name)
        for length in range(1, len(parts) + 1):
            start = "/".join(parts[:length])
            yield from {f"{start}.py", f"{start}/__init__.py"} & self.files

    def _find_path(self, path: str) -> Files:
        """Find a file or what is in a folder, however its path is cut in front."""
        found = self._by_ending.get(path.lstrip("./"), frozenset())
        return found if "/" in path or len(found) <= AMBIGUOUS or path in self._folders else frozenset()

    def _find_named_by_plugin(self, named: Named) -> Iterator[str]:
        for text in named.texts:
            for name in _OF_COLLECTION.findall(text):
                yield from (self.names.get(name, ()) if name.startswith("_") else ())
            for package in _PACKAGE.findall(text):
                folder = package.replace(".", "/")
                yield from (path for path in self.files if Path(path).parent.as_posix() == folder)

    def _find_named_by_test(self, named: Named) -> Iterator[str]:
        for text in named.texts:
            yield from (found for name in _OF_COLLECTION.findall(text) for found in self.names.get(name, ()))
        for word in named.words:
            yield from self.names.get(word, ())
            yield from (found for role in self.roles if word.startswith(f"{role}_") for found in self.names[role])

    def _find_companions(self, path: str) -> Iterator[str]:
        """Find what belongs to a file without being named in it."""
        parts = path.split("/")
        if parts[0] == TESTS:
            folders = ("/".join(parts[:length]) for length in range(1, len(parts)))
            yield from {f"{folder}/{name}" for folder in folders for name in (CONFTEST, "__init__.py")} & self.files
        if path.startswith(f"{EMULATOR}/") and path.endswith(".py"):
            # A process of its own, which loads its extensions and seeds by itself.
            yield from (other for other in self.files if other.startswith(f"{EMULATOR}/"))
        elif parts[0] == ROLES:
            yield from self.names[parts[1]]
        elif parts[0] == "extensions":
            yield from (other for other in self.files if Path(other).parent == Path(path).parent)
        elif parts[:2] in (["plugins", "modules"], ["plugins", "action"]):
            # Ansible loads both for a task.
            yield from {f"plugins/{kind}/{parts[2]}" for kind in ("action", "modules")} & self.files


def list_imports(nodes: Iterable[ast.AST], path: str) -> Iterator[tuple[str, ...]]:
    """List the names that a file imports, anywhere in it, as absolute ones."""
    folder = path.split("/")[:-1]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start: tuple[str, ...] = ()
            if node.level:
                kept = folder[: len(folder) - node.level + 1]
                start = tuple(kept[1:]) if kept[:1] == [TESTS] else (*PACKAGE, *kept)
            module = (*start, *(node.module or "").split(".")) if node.module else start
            yield from ((*module, alias.name) for alias in node.names)


def read_python(nodes: Collection[ast.AST]) -> Named:
    """Read what a Python file names: its texts, paths that are put together with "/", and names of arguments."""
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    joined = [path for node in nodes if isinstance(node, ast.BinOp) and (path := _join(node))]
    arguments = [node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg]
    words = frozenset(text for text in (*texts, *arguments) if text.isidentifier())
    # Whole texts only: what is named in a sentence is not used.
    paths = (text for text in texts if _PATH.fullmatch(text))
    return Named(tuple(texts), words, (*paths, *joined))


def _join(node: ast.BinOp) -> str:
    """Put a path together of its constant parts at the end; empty if there are none."""
    parts: list[str] = []
    inner: ast.AST = node
    while isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Div):
        if not isinstance(inner.right, ast.Constant) or not isinstance(inner.right.value, str):
            break
        parts.append(inner.right.value)
        inner = inner.left
    return "/".join(reversed(parts))
