# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The default mode of each role: what costs money, narrows access or deactivates a credential only reports."""

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml

from .rendering import ROLES, evaluated

# A role that is new needs a line here, and a reason where it enforces.
MODES: t.Final[t.Mapping[str, str]] = {
    # One external analyzer a region is free and changes nothing else.
    "access_analyzer": "enforce",
    "access_key_rotation": "report",
    "access_keys": "report",
    # Nothing is written without the id of the incident as confirmation.
    "compromise_response": "enforce",
    "config_rules": "report",
    "event_alerts": "report",
    "findings_export": "off",
    "key_migration": "report",
    "least_privilege": "report",
    "mfa_enforcement": "report",
    "organization_guardrails": "report",
    "organization_root_access": "report",
    # It only ever makes the policy stricter.
    "password_policy": "enforce",
    "permissions_boundary": "report",
    "policy_scope": "report",
    "security_hub": "report",
    # It only gives back what a trial took, and a trial was begun by a run that enforces.
    "trial_deadlines": "enforce",
    "user_permissions": "report",
}
# What a role's module is called, and what else its default mode hangs on.
MODULES: t.Final = {
    "access_keys": "access_key_lifecycle",
    "compromise_response": "credential_quarantine",
    "mfa_enforcement": "organization_policy",
    "organization_guardrails": "organization_policy",
}
ALERTED: t.Final = ({"create_topic": "true"}, {"topic_arn": "arn:aws:sns:x"}, {"bus_arn": "arn:aws:events:x"})


def read(role: str, file: str) -> t.Any:
    """A YAML file of a role."""
    return yaml.safe_load((ROLES / role / file).read_text(encoding="utf-8"))


def declared(role: str) -> t.Mapping[str, t.Any]:
    """What the argument specification says of the role's mode."""
    return t.cast(
        "t.Mapping[str, t.Any]",
        read(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"][f"{role}_mode"],
    )


def converging() -> set[str]:
    """The roles that have a mode."""
    return {
        path.parts[-3] for path in ROLES.glob("*/defaults/main.yml") if f"{path.parts[-3]}_mode:" in path.read_text()
    }


def module_options(role: str) -> t.Mapping[str, t.Any]:
    """The options that a role gives to its module."""
    name = f"hardening.iam.{MODULES.get(role, role)}"
    found = [task[name] for task in tasks(read(role, "tasks/main.yml")) if name in task]
    assert found, f"{role} has no task with {name}"
    assert len({options["mode"] for options in found}) == 1
    return t.cast("t.Mapping[str, t.Any]", found[0])


def tasks(listed: t.Sequence[t.Mapping[str, t.Any]]) -> t.Iterator[t.Mapping[str, t.Any]]:
    """The tasks, those in blocks too."""
    for task in listed:
        yield task
        yield from tasks(task.get("block", ()))


def test_every_role_with_a_mode_is_pinned() -> None:
    assert converging() == set(MODES)


@pytest.mark.parametrize("role", MODES)
def test_default_mode_of_the_role(role: str) -> None:
    assert evaluated(role, read(role, "defaults/main.yml")[f"{role}_mode"]).strip() == MODES[role]


@pytest.mark.parametrize("role", sorted(set(MODES) - {"event_alerts"}))
def test_default_mode_is_declared(role: str) -> None:
    assert declared(role)["default"] == MODES[role]


def test_default_mode_of_alerts_is_declared_as_depending() -> None:
    assert "default" not in declared("event_alerts")


@pytest.mark.parametrize("variables", ALERTED, ids=str)
def test_alerts_enforce_once_they_lead_somewhere(variables: dict[str, str]) -> None:
    default = read("event_alerts", "defaults/main.yml")["event_alerts_mode"]
    assert evaluated("event_alerts", default, **variables).strip() == "enforce"


@pytest.mark.parametrize("role", sorted(MODES))
def test_the_mode_of_the_role_is_the_mode_of_its_module(role: str) -> None:
    for mode in ("report", "enforce"):
        assert evaluated(role, module_options(role)["mode"], mode=mode) == mode


@pytest.mark.parametrize("module", sorted({MODULES.get(role, role) for role in MODES} | {"rollback"}))
def test_a_module_by_itself_does_what_its_task_says(module: str) -> None:
    """As every module of Ansible does; check mode and ``mode: report`` are there for the rest."""
    found = importlib.import_module(f"ansible_collections.hardening.iam.plugins.modules.{module}")
    assert found.argument_spec()["mode"] == {"type": "str", "choices": ["report", "enforce"], "default": "enforce"}
