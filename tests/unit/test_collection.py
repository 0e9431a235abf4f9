# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that hold over the whole collection: what belongs to a module, who imports whom, how code is written."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
PLUGINS = CHECKOUT / "plugins"
UTILS = PLUGINS / "module_utils"
PACKAGE = "ansible_collections.hardening.iam.plugins"
UTILS_PACKAGE = f"{PACKAGE}.module_utils"
RENDER = PLUGINS / "plugin_utils" / "_render"

DOCUMENTATION_NAMES = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
MAX_FUNCTION_LINES = 60
P90_FUNCTION_LINES = 25
MAX_UTIL_LINES = 450
MAX_MODULE_LINES = 150

# Which rooms of module_utils a file may import from, beside its own: the longest name that its path begins with counts.
# Imports go one way; within a room no circle is allowed either.
_BELOW_MODULE = {"_policy", "_account", "_converge", "_controls", "_report"}
_BELOW_CAPABILITIES = _BELOW_MODULE | {"_prediction"}
# Beside these, those above the capabilities reach them through their registry alone.
_ABOVE_CAPABILITIES = _BELOW_CAPABILITIES | {"_aws", "_module"}
ARROWS: dict[str, set[str]] = {
    "_policy/documents": set(),
    "_policy/evaluation": {"_policy/documents"},
    "_policy/analysis": {"_policy/documents", "_policy/evaluation"},
    "_policy/escalation": {"_policy/documents", "_policy/evaluation", "_policy/analysis"},
    "_policy/validation": {"_policy/documents", "_policy/evaluation"},
    "_policy/trail": {"_policy/documents", "_policy/evaluation"},
    "_policy/impact": {"_policy/documents", "_policy/evaluation", "_policy/trail"},
    "_policy/least_privilege": {"_policy"},
    "_policy/hunt": {"_policy/documents", "_policy/evaluation", "_policy/trail", "_policy/escalation"},
    "_account": {"_policy"},
    "_converge": {"_account", "_policy"},
    "_controls": {"_converge", "_account", "_policy"},
    "_events": {"_controls", "_converge", "_account"},
    "_report": {"_controls", "_converge", "_account"},
    "_prediction": {"_controls", "_converge", "_account", "_policy"},
    "_incident": _BELOW_CAPABILITIES,
    "_capabilities": _BELOW_CAPABILITIES | {"_incident"},
    "_capabilities/registry": {"_capabilities", "_module"},
    "_aws": set(),
    "_module": _BELOW_MODULE | {"_aws"},
    "_assessment": _ABOVE_CAPABILITIES | {"_capabilities/registry"},
    "_rollback": _BELOW_CAPABILITIES,
    "_questions": _ABOVE_CAPABILITIES | {"_events"},
    "_run_control": {"_aws", "_converge", "_module"},
    "_acceptance": {"_controls", "_converge", "_aws", "_module"},
}
# Files of a pure room that read from AWS. The readers of a live account know _aws alone; the others what a module has.
READERS: dict[str, set[str]] = {
    r"_account/(collect|reads|_reads/\w+)": {"_aws"},
    r"_prediction/((denials|key_users|records)/)?evidence(_\w+)?": {"_aws", "_module"},
    r"_incident/(\w+/)*observe": {"_aws", "_module"},
    r"_capabilities/(\w+/)+(observe|run)": {"_aws", "_module"},
    r"_capabilities/registry": {"_module"},
    r"_rollback/run": {"_aws", "_module", "_capabilities/registry"},
}
IMPURE_ROOMS = {"_aws", "_module", "_assessment", "_questions", "_acceptance", "_run_control"}
PURE_ROOMS = {name.partition("/")[0] for name in ARROWS} - IMPURE_ROOMS
IMPURE = ("ansible", "ansible_collections.amazon", "boto3", "botocore")
# Which of these an impure room may import by itself.
MAY_IMPORT: dict[str, set[str]] = {"_aws": set(IMPURE), "_module": {"ansible", "ansible_collections.amazon"}}


def python_files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*.py") if path.is_file())


def relative(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


@functools.cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parse(path)))


MODULES = sorted(path for path in (PLUGINS / "modules").glob("*.py") if path.name != "__init__.py")
# Doc fragments are documentation.
PLUGIN_FILES = [path for path in python_files(PLUGINS) if path.parent.name != "doc_fragments"]
UTIL_FILES = python_files(UTILS)
each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)


def offending(paths: t.Iterable[Path], rule: t.Callable[[Path], t.Any]) -> dict[str, t.Any]:
    """By file, what a rule has against it: a thousand files are one test, which names each that breaks the rule."""
    return {relative(path): wrong for path in paths if (wrong := rule(path))}


# What belongs to a module


def documentation_nodes(path: Path) -> dict[str, ast.expr]:
    """The values of DOCUMENTATION, EXAMPLES and RETURN, by name."""
    assigned = [node for node in parse(path).body if isinstance(node, ast.Assign)]
    named = {getattr(node.targets[0], "id", ""): node.value for node in assigned}
    return {name: value for name, value in named.items() if name in DOCUMENTATION_NAMES}


def documentation(path: Path, name: str = "DOCUMENTATION") -> t.Any:
    return yaml.safe_load(ast.literal_eval(documentation_nodes(path)[name]))


def test_action_group_lists_every_module_in_alphabetical_order() -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"]["iam"] == [path.stem for path in MODULES]


@each_module
def test_module_has_an_action_plugin_of_its_own_name(path: Path) -> None:
    """The parent process preloads boto3 only through an action plugin that bears the module's name."""
    assert (PLUGINS / "action" / path.name).is_file()


def test_every_action_plugin_has_a_module() -> None:
    actions = {path.name for path in (PLUGINS / "action").glob("*.py")} - {"__init__.py"}
    assert actions == {path.name for path in MODULES}


@each_module
def test_module_declares_its_attributes(path: Path) -> None:
    doc = documentation(path)
    fragments = doc.get("extends_documentation_fragment", [])
    assert "hardening.iam._attributes" in fragments
    supplied = set(doc.get("attributes", {}))
    if {"hardening.iam._attributes.info_module", "hardening.iam._attributes.converging_module"} & set(fragments):
        supplied |= {"check_mode", "diff_mode", "idempotent"}
    assert supplied >= {"check_mode", "diff_mode", "idempotent"}


@each_module
def test_module_documents_examples_and_results(path: Path) -> None:
    tasks = documentation(path, "EXAMPLES")
    fqcn = f"hardening.iam.{path.stem}"
    assert any(fqcn in task for task in tasks), f"no example of {path.stem} calls it by its full name"
    assert documentation(path, "RETURN")


@each_module
def test_module_is_thin(path: Path) -> None:
    documented: set[int] = set()
    for value in documentation_nodes(path).values():
        documented |= set(range(value.lineno, (value.end_lineno or value.lineno) + 1))
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    code = [line for number, line in lines if number not in documented and line.strip() and not line.startswith("#")]
    assert len(code) <= MAX_MODULE_LINES


# Who imports whom


def place_of(path: Path) -> str:
    return path.relative_to(UTILS).with_suffix("").as_posix()


def room_of(path: Path) -> str:
    return place_of(path).partition("/")[0]


def is_in(place: str, room: str) -> bool:
    return f"{place}/".startswith(f"{room}/")


def reader_rooms(path: Path) -> set[str]:
    return next((rooms for pattern, rooms in READERS.items() if re.fullmatch(pattern, place_of(path))), set())


def is_reader(path: Path) -> bool:
    return bool(reader_rooms(path))


def imported_modules(path: Path) -> set[str]:
    """The absolute names of the modules a file imports, in functions and under TYPE_CHECKING too."""
    package = [*PACKAGE.split("."), *path.relative_to(UTILS.parent).parts[:-1]]
    names: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


def imported_places(names: t.Iterable[str]) -> set[str]:
    """The imported names of module_utils, as paths: of ``from x import y`` both x and x/y."""
    inside = (name.removeprefix(f"{UTILS_PACKAGE}.") for name in names if name.startswith(f"{UTILS_PACKAGE}."))
    return {name.replace(".", "/") for name in inside}


def is_or_is_in(name: str, packages: t.Iterable[str]) -> bool:
    return f"{name}.".startswith(tuple(f"{package}." for package in packages))


def rooms_of(place: str) -> str:
    """The room in ARROWS that a file or folder is in, with the folder of its capability; else the start of its path."""
    capability = re.match(r"_capabilities/\w+(?=/|$)", place)
    if capability:
        return capability.group()
    return max((room for room in ARROWS if is_in(place, room)), key=len, default=place.partition("/")[0])


def forbidden_imports(path: Path) -> set[str]:
    """What a file of module_utils imports against the rules; empty when all is well."""
    names, mine = imported_modules(path), rooms_of(place_of(path))
    allowed = ARROWS.get(mine, set()) | {mine} | reader_rooms(path)
    if is_in(mine, "_capabilities") and mine != "_capabilities":
        allowed |= ARROWS["_capabilities"]
    rooms = {rooms_of(place) for place in imported_places(names)}
    pure = set(IMPURE) - (set() if room_of(path) in PURE_ROOMS else MAY_IMPORT.get(room_of(path), set()))
    wrong = {room for room in rooms if not any(is_in(room, one) for one in allowed)}
    return wrong | {name for name in names if is_or_is_in(name, pure) or is_of_the_controller(name)}


def is_of_the_controller(name: str) -> bool:
    """Whether a name is of the collection, but not of module_utils: a module on a target would not find it."""
    return is_or_is_in(name, [PACKAGE]) and name != PACKAGE and not is_or_is_in(name, [UTILS_PACKAGE])


def test_no_file_is_loose_and_every_room_has_its_arrows() -> None:
    assert {room_of(path) for path in UTIL_FILES} <= {name.partition("/")[0] for name in ARROWS}
    for path in UTIL_FILES:
        assert any(is_in(place_of(path), room) and place_of(path) != room for room in ARROWS), relative(path)


def test_arrows_go_one_way() -> None:
    seen: set[str] = set()
    left = {room: {one for one in ARROWS for to in to_ if is_in(one, to)} - {room} for room, to_ in ARROWS.items()}
    while ready := {room for room, targets in left.items() if room not in seen and targets <= seen}:
        seen |= ready
    assert seen == set(ARROWS)


def test_no_plugin_imports_the_registry_of_capabilities() -> None:
    """A module ships its own capability alone; of those above all capabilities, the arrows say who imports the list."""
    outside = [path for path in PLUGIN_FILES if not path.is_relative_to(UTILS)]
    assert not [relative(path) for path in outside if "_capabilities.registry" in path.read_text(encoding="utf-8")]


def test_no_file_imports_itself_through_others() -> None:
    """Imports under TYPE_CHECKING and within functions count."""
    files = {place_of(path): path for path in UTIL_FILES}
    left = {place: imported_places(imported_modules(path)) & set(files) for place, path in files.items()}
    seen: set[str] = set()
    while ready := {place for place, targets in left.items() if place not in seen and targets <= seen}:
        seen |= ready
    assert not set(files) - seen


def test_imports_follow_the_arrows() -> None:
    assert offending(UTIL_FILES, forbidden_imports) == {}


@pytest.mark.parametrize(
    ("name", "line", "wrong"),
    [
        ("_policy/documents/a.py", "from ..._account import snapshot", {"_account"}),
        ("_policy/documents/a.py", "from ..evaluation.caller import Caller", {"_policy/evaluation"}),
        ("_policy/documents/a.py", "from .policy import Policy\nfrom . import b", set()),
        ("_policy/evaluation/a.py", f"import {UTILS_PACKAGE}._aws.session", {"_aws"}),
        ("_policy/evaluation/a.py", f"from {UTILS_PACKAGE} import _converge", {"_converge"}),
        ("_policy/analysis/a.py", "from ..trail.usage import Use", {"_policy/trail"}),
        ("_policy/escalation/a.py", "from ..impact.judge import Judge", {"_policy/impact"}),
        ("_policy/validation/a.py", "from ..analysis import trusts", {"_policy/analysis"}),
        ("_policy/trail/a.py", "from ..impact import judge", {"_policy/impact"}),
        ("_policy/impact/a.py", "from ..validation.rules import Issue", {"_policy/validation"}),
        ("_controls/a.py", "def f():\n    import boto3", {"boto3"}),
        ("_controls/catalogue/a.py", "from ..._report import text", {"_report"}),
        ("_controls/a.py", "from .._converge.finding import Finding\nfrom . import b", set()),
        (
            "_converge/a.py",
            "from botocore.exceptions import ClientError",
            {"botocore.exceptions", "botocore.exceptions.ClientError"},
        ),
        ("_converge/affects/a.py", "from ..._controls.control import Control", {"_controls"}),
        ("_account/snapshot.py", "from .._aws.session import Session", {"_aws"}),
        ("_account/collect.py", "from .._aws.session import Session", set()),
        ("_account/_reads/iam.py", "from ..._aws.session import Session", set()),
        ("_account/reads.py", "from .._module.task import Task", {"_module"}),
        ("_report/a.py", "from .._prediction import document", {"_prediction"}),
        ("_prediction/a.py", "from .._module.task import Task", {"_module"}),
        ("_prediction/evidence.py", "from .._module.task import Task\nfrom .._aws.errors import AwsError", set()),
        ("_prediction/evidence.py", "from .._capabilities.roles.plan import Plan", {"_capabilities/roles"}),
        ("_capabilities/keys/plan.py", "from ..._aws.errors import AwsError", {"_aws"}),
        ("_capabilities/keys/plan.py", "from ..._module.task import Task", {"_module"}),
        ("_capabilities/keys/plan.py", "from ..roles.plan import Plan", {"_capabilities/roles"}),
        ("_capabilities/keys/plan.py", "from .. import roles", {"_capabilities", "_capabilities/roles"}),
        ("_capabilities/keys/stages/run.py", "from ...._module.task import Task\nfrom ..plan import Plan", set()),
        ("_capabilities/keys/run.py", "from ..._assessment.run import run", {"_assessment"}),
        ("_capabilities/keys/run.py", "from ..._rollback import run", {"_rollback"}),
        ("_capabilities/keys/run.py", "from ..registry import CAPABILITIES", {"_capabilities/registry"}),
        ("_capabilities/registry.py", "from .keys.run import REGISTRATION\nfrom .._module.task import Task", set()),
        ("_capabilities/registry.py", "from .._rollback import run", {"_rollback"}),
        (
            "_capabilities/keys/observe.py",
            "from ansible.module_utils.basic import env_fallback",
            {
                "ansible.module_utils.basic",
                "ansible.module_utils.basic.env_fallback",
            },
        ),
        ("_aws/a.py", "import boto3\nfrom .._account.model import Snapshot", {"_account"}),
        ("_module/task.py", "from .._prediction import evidence", {"_prediction"}),
        ("_module/task.py", "import boto3\nfrom ansible import constants", {"boto3"}),
        ("_assessment/run.py", "from .._questions import escalation", {"_questions"}),
        ("_questions/a.py", "from .._capabilities.keys.plan import Plan", {"_capabilities/keys"}),
        ("_questions/a.py", "from .._capabilities.registry import CAPABILITIES", {"_capabilities/registry"}),
        ("_module/task.py", "from .._capabilities.registry import CAPABILITIES", {"_capabilities/registry"}),
        ("_assessment/preflight.py", "from .._capabilities.registry import CAPABILITIES", set()),
        ("_assessment/preflight.py", "from .._capabilities.keys.run import run", {"_capabilities/keys"}),
        ("_rollback/run.py", "from .._capabilities.registry import CAPABILITIES", set()),
        ("_rollback/run.py", "from .._capabilities.keys.undo import DERIVATIONS", {"_capabilities/keys"}),
        ("_rollback/undo.py", "from .._capabilities.registry import CAPABILITIES", {"_capabilities/registry"}),
        ("_rollback/undo.py", "from .._aws.errors import AwsError", {"_aws"}),
        ("_rollback/run.py", "from .._assessment import run", {"_assessment"}),
        ("_acceptance/run.py", "from .._rollback import run", {"_rollback"}),
        ("_loose.py", "from ._policy.documents import policy", {"_policy/documents"}),
        (
            "_report/a.py",
            "from ...plugin_utils._render import text",
            {f"{PACKAGE}.plugin_utils._render", f"{PACKAGE}.plugin_utils._render.text"},
        ),
    ],
)
def test_arrows_are_judged_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: str, wrong: set[str]
) -> None:
    """The rule itself, on files that break it and files that don't."""
    monkeypatch.setattr(sys.modules[__name__], "UTILS", tmp_path / "module_utils")
    path = tmp_path / "module_utils" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{line}\n", encoding="utf-8")
    assert forbidden_imports(path) == wrong


@pytest.mark.parametrize("path", python_files(RENDER), ids=relative)
def test_renderers_know_the_documents_of_a_run_alone(path: Path) -> None:
    names = imported_modules(path)
    rooms = {rooms_of(place) for place in imported_places(names)}
    # The verdict of a containment is made in one place, which shows nothing.
    assert rooms <= {"_report", "_incident"} | ARROWS["_report"]
    assert not [name for name in names if is_or_is_in(name, IMPURE)]
    assert not [name for name in names if is_of_the_controller(name) and "plugin_utils._render" not in name]


IMPORT_WITHOUT = """
import importlib, importlib.abc, sys

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if f"{fullname}.".startswith(BLOCKED):
            raise ImportError(f"{fullname} is not available here")

sys.meta_path.insert(0, Block())
failed = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed.append(f"{name}: {error}")
sys.exit("\\n".join(failed) or 0)
"""


def import_without(*packages: str) -> str:
    """Code that imports the modules named by its arguments where these packages are not to be had."""
    return f"BLOCKED = {tuple(f'{package}.' for package in packages)!r}\n{IMPORT_WITHOUT}"


def module_name(path: Path) -> str:
    parts = path.relative_to(UTILS).with_suffix("").parts
    return ".".join([UTILS_PACKAGE, *(part for part in parts if part != "__init__")])


def test_pure_rooms_import_without_boto3_and_ansible(link_tree: Path) -> None:
    """In an interpreter that has neither: what they import in turn is then covered as well."""
    names = [module_name(path) for path in UTIL_FILES if room_of(path) in PURE_ROOMS and not is_reader(path)]
    done = subprocess.run(
        [sys.executable, "-c", import_without(*IMPURE), *names],
        env={**os.environ, "PYTHONPATH": str(link_tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def emulated_imports(path: Path) -> set[str]:
    imported = {alias.name for node in nodes(path) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes(path) if isinstance(node, ast.ImportFrom)}
    return {name for name in imported if name.partition(".")[0] in ("emulator", "moto")}


def test_plugins_never_import_the_emulator() -> None:
    assert offending(PLUGIN_FILES, emulated_imports) == {}


# How code is written


def function_lengths() -> dict[str, int]:
    """Lines from def to the last statement, of every function in plugins/."""
    return {
        f"{relative(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in PLUGIN_FILES
        for node in nodes(path)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def test_functions_are_short() -> None:
    lengths = function_lengths()
    assert not {name: length for name, length in lengths.items() if length > MAX_FUNCTION_LINES}
    short = sum(length <= P90_FUNCTION_LINES for length in lengths.values())
    assert short >= 0.9 * len(lengths), sorted(lengths.items(), key=lambda item: -item[1])[:20]


def lines_too_many(path: Path) -> int:
    return max(0, len(path.read_text(encoding="utf-8").splitlines()) - MAX_UTIL_LINES)


def test_util_files_are_of_a_size_to_read() -> None:
    assert offending(UTIL_FILES, lines_too_many) == {}


def takers_of_tasks(path: Path) -> list[str]:
    """The functions that take a whole task, although they are no door of a module.

    A door is a function of a file that has ``run`` (or a function whose name begins so), or the class method
    ``of``, which types options. All that is behind a door gets typed values.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    doors = {node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if not any(node.name.startswith("run") for node in doors):
        doors = set()
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node not in doors and node.name != "of"
        if any(argument.annotation and ast.unparse(argument.annotation) == "Task" for argument in node.args.args)
    ]


# A callback gets the tasks of Ansible itself.
DEEPER: t.Final = [path for path in PLUGIN_FILES if not {"_module", "callback"} & set(path.parts)]


def test_only_the_doors_of_modules_take_tasks() -> None:
    assert offending(DEEPER, takers_of_tasks) == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def run(task: Task): ...\ndef _declare(task: Task): ...", []),
        ("def run(task: Task): ...\nclass Keys:\n    def __init__(self, task: Task): ...", ["__init__"]),
        ("def _observe(access, task: Task): ...", ["_observe"]),
        ("class Evidence:\n    @classmethod\n    def of(cls, task: Task): ...", []),
    ],
)
def test_takers_of_tasks_are_found(tmp_path: Path, text: str, names: list[str]) -> None:
    path = tmp_path / "a.py"
    path.write_text(text, encoding="utf-8")
    assert takers_of_tasks(path) == names


def missing_marks(path: Path) -> list[str]:
    """The marks of a private file that this one, unless it is empty, lacks."""
    text = path.read_text(encoding="utf-8")
    marks = ("**PRIVATE**", "SPDX-License-Identifier: GPL-3.0-or-later")
    missing = [mark for mark in marks if mark not in text]
    private = path.relative_to(UTILS).parts[0].startswith("_")
    return [*missing, *([] if private else ["_"])] if text.strip() else []


def test_util_is_marked_private() -> None:
    assert offending(UTIL_FILES, missing_marks) == {}


def is_broad(caught: t.Optional[ast.expr]) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(name is None or getattr(name, "id", None) in ("Exception", "BaseException") for name in names)


def unexplained_handlers(path: Path) -> list[int]:
    """Where a handler of everything has no comment on its line, the one before or the next."""
    lines = ["", *path.read_text(encoding="utf-8").splitlines(), ""]
    handlers = [node for node in nodes(path) if isinstance(node, ast.ExceptHandler) and is_broad(node.type)]
    around = {node.lineno: lines[node.lineno - 1 : node.lineno + 2] for node in handlers}
    return [number for number, near in around.items() if not any("#" in line for line in near)]


def test_broad_except_says_why() -> None:
    assert offending(PLUGIN_FILES, unexplained_handlers) == {}


def written_partitions(path: Path) -> list[int]:
    """In strings of code: documentation and docstrings may show an ARN of the commercial partition."""
    prose = {id(node.value) for node in nodes(path) if isinstance(node, ast.Expr)}
    prose |= {id(value) for value in documentation_nodes(path).values()}
    strings = [node for node in nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.lineno for node in strings if id(node) not in prose and "arn:aws:" in str(node.value)]


def test_no_partition_is_written_out() -> None:
    assert offending(PLUGIN_FILES, written_partitions) == {}


def globals_and_unfinished_marks(path: Path) -> list[t.Union[int, str]]:
    marks = re.findall(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", path.read_text(encoding="utf-8"))
    return [*(node.lineno for node in nodes(path) if isinstance(node, ast.Global)), *marks]


def test_no_global_statement_and_no_unfinished_mark() -> None:
    assert offending(PLUGIN_FILES, globals_and_unfinished_marks) == {}


@pytest.mark.parametrize(
    ("rule", "text", "wrong"),
    [
        (
            emulated_imports,
            "def f():\n    from moto.core import x\n    import emulator.client",
            {"moto.core", "emulator.client"},
        ),
        (emulated_imports, "from . import motor", set()),
        (lines_too_many, "\n" * (MAX_UTIL_LINES + 2), 2),
        (lines_too_many, "\n" * MAX_UTIL_LINES, 0),
        (missing_marks, "# SPDX-License-Identifier: GPL-3.0-or-later", ["**PRIVATE**"]),
        (missing_marks, "# **PRIVATE**", ["SPDX-License-Identifier: GPL-3.0-or-later"]),
        (missing_marks, "\n", []),
        (unexplained_handlers, "try:\n    f()\nexcept Exception:\n    pass", [3]),
        (unexplained_handlers, "try:\n    f()\nexcept (KeyError, BaseException):\n    pass", [3]),
        (unexplained_handlers, "try:\n    f()\nexcept Exception:  # why\n    pass", []),
        (unexplained_handlers, "try:\n    f()\nexcept KeyError:\n    pass", []),
        (written_partitions, "x = f'arn:aws:iam::{y}'", [1]),
        (written_partitions, "'''arn:aws:iam'''\nDOCUMENTATION = 'arn:aws:iam'", []),
        (globals_and_unfinished_marks, "def f():\n    global x\n    # FIXME", [2, "FIXME"]),
        (globals_and_unfinished_marks, "FIXMES = 1", []),
    ],
)
def test_rules_find_what_they_are_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: t.Callable[[Path], t.Any], text: str, wrong: t.Any
) -> None:
    """Among files that keep the rule, the one that breaks it is named."""
    for name in ("CHECKOUT", "UTILS"):
        monkeypatch.setattr(sys.modules[__name__], name, tmp_path)
    paths = [tmp_path / "_room" / name for name in ("a.py", "b.py", "c.py")]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_text(text if path == paths[1] else "", encoding="utf-8")
    assert offending(paths, rule) == ({"_room/b.py": wrong} if wrong else {})


# What the collection promises to Galaxy and execution environments


def test_versions_of_requirements_are_lower_bounds() -> None:
    for name in ("meta/ee-requirements.txt", "requirements.txt", "tests/requirements.txt", "requirements-dev.txt"):
        lines = (CHECKOUT / name).read_text(encoding="utf-8").splitlines()
        wanted = [line for line in lines if line and not line.startswith(("#", "-r"))]
        assert all(">=" in line and "==" not in line for line in wanted), name


def test_execution_environment_brings_neither_ansible_nor_upper_bounds() -> None:
    text = (CHECKOUT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8")
    wanted = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert not [line for line in wanted if line.startswith("ansible") or "<" in line]


def test_there_are_no_sanity_ignores() -> None:
    assert not list((CHECKOUT / "tests").rglob("ignore-*.txt"))


def test_packages_of_unit_tests_are_empty() -> None:
    assert not [relative(path) for path in (CHECKOUT / "tests" / "unit").rglob("__init__.py") if path.stat().st_size]
