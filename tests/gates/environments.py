# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other Pythons and ansible-cores to test on, and the virtual environments for them."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible.release import __version__ as core_version

CHECKOUT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ("meta/ee-requirements.txt", "tests/requirements.txt")


@dataclasses.dataclass(frozen=True)
class Environment:
    """One combination; `ansible` is the range of the PyPI package that carries `core` and an amazon.aws of its time.

    `pins` are exact versions besides.
    """

    python: str
    ansible: str
    core: str
    pins: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"python{self.python}-core{self.core}"


# The oldest of everything that is declared. The package ansible 11.0.0 carries amazon.aws 9.0.0. A test holds all of it
# against meta/ and galaxy.yml, so that a bound that is raised there is raised here. The README promises the Python.
OLDEST = Environment(
    python="3.11",
    ansible="ansible==11.0.0",
    core="2.18",
    pins=("ansible-core==2.18.0", "boto3==1.39.0", "botocore==1.39.0"),
)
# Beside the Python and ansible-core that run these tests, which are the newest. "make test" makes the oldest alone.
ENVIRONMENTS = (
    OLDEST,
    Environment(python="3.12", ansible="ansible>=12,<13", core="2.19"),
)


# A combination and its virtual environment.
Made = tuple[Environment, Path]


def home_of(environment: Environment) -> Path:
    """ansible-test keeps its virtual environments in its home: one for each combination."""
    return CHECKOUT / ".cache" / f"home-{environment}"


def run(
    command: t.Sequence[object],
    *,
    cwd: Path,
    env: t.Mapping[str, str],
    complaints: t.Callable[[str], str] = str,
) -> str:
    """Run a tool and return what it printed; fail the test with its complaints when it exits with an error."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{' '.join(words)}\nexited with {done.returncode}:\n{complaints(done.stdout)}", pytrace=False)
    return done.stdout


def this_python() -> str:
    """The version that runs these tests, e.g. "3.13"."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def is_this_one(environment: Environment) -> bool:
    """Whether these tests run in such an environment already; versions that are pinned, nobody has by chance."""
    return (
        not environment.pins and this_python() == environment.python and core_version.startswith(f"{environment.core}.")
    )


def find_python(version: str) -> t.Optional[str]:
    """The path of a usable Python of that version, e.g. "3.11"."""
    picked = subprocess.run(
        [str(CHECKOUT / "tests" / "scripts" / "pick-python.sh"), version], capture_output=True, text=True, check=False
    )
    return picked.stdout.strip() or None


@contextlib.contextmanager
def alone(name: str) -> t.Iterator[None]:
    """Hold a lock of this name: several workers of pytest-xdist may make the same environment."""
    locks = CHECKOUT / ".cache" / "environments"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(environment: Environment, *, env: t.Mapping[str, str]) -> Path:
    """The virtual environment's directory, made on the first call and again when the requirements change."""
    with alone(str(environment)):
        return _made(environment, env)


def _made(environment: Environment, env: t.Mapping[str, str]) -> Path:
    interpreter = find_python(environment.python)
    if interpreter is None:
        pytest.skip(f"{environment}: no Python {environment.python} on this machine")
    directory = CHECKOUT / ".cache" / "environments" / str(environment)
    files = [(CHECKOUT / path).read_text(encoding="utf-8") for path in REQUIREMENTS]
    wanted = hashlib.sha256(
        "\n".join([*files, environment.ansible, *environment.pins, interpreter]).encode()
    ).hexdigest()
    stamp = directory / "stamp"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        run([interpreter, "-m", "venv", "--clear", directory], cwd=CHECKOUT, env=env)
        pip = [directory / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # The package "ansible" is a hundred collections, of which one is used: Python compiles what it imports.
        pip.append("--no-compile")
        run(
            [*pip, "-r", REQUIREMENTS[0], "-r", REQUIREMENTS[1], environment.ansible, *environment.pins],
            cwd=CHECKOUT,
            env=env,
        )
        stamp.write_text(wanted, encoding="utf-8")
    return directory
