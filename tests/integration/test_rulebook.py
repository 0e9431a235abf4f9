# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook in ansible-rulebook, where that is installed. It needs Java, so the development does not require it."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from .conftest import BIN, CHECKOUT, Ansible, Outcome, Record
from .test_events import PROD, Bench, failed_control

RULEBOOKS: t.Final = CHECKOUT / "extensions/eda/rulebooks"
# The path of the command, if it is in another virtual environment.
COMMAND: t.Final = "HARDENING_ANSIBLE_RULEBOOK"


@pytest.fixture(scope="module")
def command() -> Path:
    """The command ansible-rulebook."""
    found = os.environ.get(COMMAND) or shutil.which("ansible-rulebook", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if not found:
        pytest.skip(f"ansible-rulebook is not installed; set {COMMAND} to its path")
    return Path(found)


def with_command(command: Path) -> str:
    """The value of PATH by which ansible-rulebook finds itself, and Ansible in another virtual environment."""
    return os.pathsep.join([str(command.parent), str(BIN), os.environ["PATH"]])


def run_rulebook(command: Path, bench: Bench, events: list[Record]) -> Outcome:
    """Run the rulebook on these events. Only its source is another one."""
    directory = bench.ansible.directory
    [ruleset] = yaml.safe_load((RULEBOOKS / "iam_events.yml").read_text(encoding="utf-8"))
    [source] = ruleset["sources"]
    # The source aws_sqs_queue makes the same of a message.
    messages = [{"body": event, "meta": {"MessageId": str(number)}} for number, event in enumerate(events)]
    ruleset["sources"] = [
        {
            "name": source["name"],
            "eda.builtin.generic": {"payload": messages, "shutdown_after": 1},
            "filters": source["filters"],
        }
    ]
    rulebook, variables, hosts = (
        directory / name for name in ("rulebook.yml", "rulebook_variables.yml", "localhost.ini")
    )
    hosts.write_text("localhost ansible_connection=local\n", encoding="utf-8")
    rulebook.write_text(yaml.safe_dump([ruleset], sort_keys=False), encoding="utf-8")
    variables.write_text(
        yaml.safe_dump(
            {
                "iam_events_queue": "",
                "iam_events_region": "",
                "iam_events_inventory": str(bench.inventory),
                "iam_events_variables": "",
                "iam_events_directory": str(directory),
            }
        ),
        encoding="utf-8",
    )
    return bench.ansible.noted(
        str(command),
        *("--rulebook", str(rulebook), "--vars", str(variables), "--inventory", str(hosts)),
        PATH=with_command(command),
    )


def test_an_event_starts_a_job_that_makes_a_plan(command: Path, ansible: Ansible) -> None:
    bench = Bench(ansible)
    outcome = run_rulebook(command, bench, [{"text": "{{ 7 * 7 }}"}, failed_control(PROD)]).succeeded()
    assert "1 plan begun" in outcome.output
    assert outcome.writes == []
    assert outcome.report(PROD)["run"]["mode"] == "check"
    assert "text" not in outcome.document("events/agenda.json")


@pytest.mark.parametrize("name", ["iam_events", "iam_events_controller"])
def test_the_rulebook_is_valid(command: Path, link_tree: Path, name: str) -> None:
    """By the schema of the package, and by its parser of conditions."""
    program = (
        "import sys, yaml\n"
        "from ansible_rulebook.validators import Validate\n"
        "from ansible_rulebook.rules_parser import parse_rule_sets\n"
        "from ansible_rulebook.conf import settings\n"
        "found = yaml.safe_load(open(sys.argv[1]))\n"
        "Validate.rulebook(found)\n"
        "print(len(parse_rule_sets(found)))\n"
    )
    python = command.parent / "python"
    done = subprocess.run(
        [str(python), "-c", program, str(RULEBOOKS / f"{name}.yml")],
        env={**os.environ, "PATH": with_command(command), "ANSIBLE_COLLECTIONS_PATH": str(link_tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
