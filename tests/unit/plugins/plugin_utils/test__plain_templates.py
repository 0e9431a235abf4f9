# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible import errors, template
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.hardening.iam.plugins.plugin_utils._plain_templates import UNRESOLVED, resolve

ROLES = Path(__file__).resolve().parents[4] / "roles"
OMITTED = "omitted"

if not hasattr(errors, "AnsibleValueOmittedError"):
    pytest.skip("ansible-core 2.18 never asks an action plugin for its arguments", allow_module_level=True)

trust = template.trust_as_template
NAMES = ("hardening_thing", "other_thing")
ARGUMENTS = (
    "{{ NAME }}",
    "{{ NAME | default(omit) }}",
    "{{ NAME | default('./reports') }}",
    "{{ NAME | default('') }}",
    "{{ NAME | default(omit, true) }}",
    "{{ NAME if NAME else omit }}",
    "{{ NAME if NAME | string else omit }}",
)
VALUES: tuple[t.Any, ...] = (
    *(None, True, False, 0, 7, 1.5, "", "enforce", "a: b", "ünï", "{ }", "%}"),
    *([], {}, ["a", "b"], [["a"], 1], {"a": 1}),
    *("{{ 1 + 1 }}", "{% if true %}yes{% endif %}", ["{{ 2 }}"], "{# nothing #}"),
    # A header may choose other marks.
    *("#jinja2: variable_start_string: '[[', variable_end_string: ']]'\n[[ 1 + 1 ]]", ("a", "b")),
)


def ask_ansible(argument: str, variables: dict[str, t.Any]) -> t.Any:
    templar = Templar(loader=DataLoader(), variables=variables)
    try:
        return templar.template(trust(argument))
    except errors.AnsibleValueOmittedError:
        return OMITTED
    except errors.AnsibleUndefinedVariable:
        return "undefined"


def ask_us(argument: str, variables: dict[str, t.Any]) -> t.Any:
    try:
        return resolve(trust(argument), variables)
    except errors.AnsibleValueOmittedError:
        return OMITTED


def trusted(value: t.Any) -> t.Any:
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust(value) if isinstance(value, str) else value


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_answers_are_those_of_ansible(argument: str) -> None:
    resolved = 0
    settings = [{"hardening_thing": value, "other_thing": value} for value in map(trusted, VALUES)]
    for name, variables in itertools.product(NAMES, [{}, *settings]):
        ours = ask_us(argument.replace("NAME", name), variables)
        if ours is not UNRESOLVED:
            resolved += 1
            theirs = ask_ansible(argument.replace("NAME", name), variables)
            assert (ours, type(ours) is bool) == (theirs, type(theirs) is bool), (name, variables)
    assert resolved >= 2 * 14


@pytest.mark.parametrize(
    "argument",
    [
        "{{ hardening_thing | upper }}",
        "x{{ hardening_thing }}",
        "{{ hardening_thing }}\n",
        "{{ hardening_thing.member }}",
        "{{ hardening_thing if other_thing else omit }}",
        "{{ omit }}",
        "{{ range }}",
        "{{ range | default(omit) }}",
        "plain",
        7,
        None,
        ["{{ hardening_thing }}"],
    ],
)
def test_further_arguments_are_left_to_ansible(argument: t.Any) -> None:
    given = trust(argument) if isinstance(argument, str) else argument
    assert resolve(given, {"hardening_thing": "a", "other_thing": "b"}) is UNRESOLVED


def test_a_text_that_is_not_trusted_is_no_template() -> None:
    secret = {"hardening_thing": "secret"}
    assert resolve("{{ hardening_thing }}", secret) is UNRESOLVED
    assert resolve("{{ hardening_absent | default(omit) }}", secret) is UNRESOLVED
    assert resolve(trust("{{ hardening_thing }}"), secret) == "secret"


def test_most_arguments_of_our_roles_are_plain() -> None:
    arguments = [
        value
        for path in ROLES.glob("*/tasks/main.yml")
        for task in yaml.safe_load(path.read_text(encoding="utf-8"))
        for module, options in task.items()
        if module.startswith("hardening.iam.")
        for value in options.values()
    ]
    names = {name: "x" for value in arguments for name in re.findall(r"\w+", str(value))}
    plain = [value for value in arguments if ask_us(str(value), names) is not UNRESOLVED]
    assert len(plain) >= 0.85 * len(arguments)
