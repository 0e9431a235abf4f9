# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import itertools
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible import errors, template
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.hardening.iam.plugins.plugin_utils._plain_templates import (
    UNRESOLVED,
    _parse,
    prepare_templates,
    resolve,
)

ROLES = Path(__file__).resolve().parents[4] / "roles"
PLAYBOOK = ROLES.parent / "playbooks" / "harden.yml"
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
    "{{ NAME | default(other_thing) }}",
    "{{ NAME | default(absent_thing | default('text')) }}",
    "{{ NAME | default(none, true) }}",
    "{{ NAME | default(absent_thing.member | default(omit), true) }}",
    "arn:{{ NAME }}:x",
    "{{ NAME }}{{ NAME }}",
    "{{ [NAME, 1] }}",
    "{{ {} if NAME is none else NAME }}",
    "{{ (NAME | from_yaml if NAME is string else NAME) or [] }}",
    "{{ (NAME | from_yaml if NAME is string else NAME) or omit }}",
    "{{ omit if NAME in [none, ''] else NAME }}",
    "{{ omit if NAME is string and not NAME else NAME }}",
    "{{ 'enforce' if NAME or absent_thing | default(false) | bool else 'report' }}",
    "{{ NAME == 'enforce' }}",
    "{{ NAME != 7 and NAME is defined }}",
    "{{ NAME | bool }}",
    "{{ NAME or 'x' }}",
    "{{ NAME and 'x' }}",
    "{{ NAME | string }}",
    "{{ NAME not in ['a', 'enforce'] }}",
    "{{ NAME | default(absent_thing) }}",
    "{{ NAME | default([absent_thing]) }}",
    "{{ NAME | default(absent_thing.member) }}",
    "{{ NAME | default('x' if leaf_thing else 'y') }}",
    "{{ NAME | default(omit, false) }}",
    "{{ lookup('ansible.builtin.env', 'HOME') if NAME is undefined else omit }}",
)
VALUES: tuple[t.Any, ...] = (
    *(None, True, False, 0, 7, 1.5, "", "enforce", "a: b", "ünï", "{ }", "%}"),
    *([], {}, ["a", "b"], [["a"], 1], {"a": 1}),
    *("{{ 1 + 1 }}", "{% if true %}yes{% endif %}", ["{{ 2 }}"], "{# nothing #}"),
    *("{{ leaf_thing }}", "role/{{ leaf_thing }}", ["{{ leaf_thing }}"], {"a": "{{ leaf_thing }}", "b": ["x"]}),
    *("{{ omit }}", ["{{ omit }}"], {"a": "{{ omit }}"}, "{{ empty_thing }}", "{{ unknown_thing }}", "true", "No", "1"),
    *("{{ loop_thing }}", "a\\b", "{{ 'a\\b' }}", "{{- leaf_thing }}", "{{ leaf_thing }}\n", "{{ range }}", {1: "a"}),
    # A header may choose other marks.
    *("#jinja2: variable_start_string: '[[', variable_end_string: ']]'\n[[ 1 + 1 ]]", ("a", "b")),
)


# What templates in the values lead to.
FURTHER: dict[str, t.Any] = {
    "leaf_thing": "leaf",
    "empty_thing": "",
    "loop_thing": trust("{{ loop_thing }}"),
    "broken_thing": trust("{{ leaf_thing | default(1 if absent_thing else 2) }}"),
}


def list_roles_of_an_account() -> list[str]:
    return sorted(set(re.findall(r"name: hardening\.iam\.(\w+)", PLAYBOOK.read_text(encoding="utf-8"))))


def ask_ansible(argument: str, variables: dict[str, t.Any]) -> t.Any:
    templar = Templar(loader=DataLoader(), variables=variables)
    try:
        return templar.template(trust(argument))
    except errors.AnsibleValueOmittedError:
        return OMITTED
    except errors.AnsibleError:
        return "an error"


def ask_us(argument: t.Any, variables: dict[str, t.Any]) -> t.Any:
    try:
        return resolve(trusted(argument), variables)
    except errors.AnsibleValueOmittedError:
        return OMITTED


def trusted(value: t.Any) -> t.Any:
    if isinstance(value, list):
        return [trusted(item) for item in value]
    if isinstance(value, dict):
        return {name: trusted(member) for name, member in value.items()}
    return trust(value) if isinstance(value, str) else value


def with_types(value: t.Any) -> t.Any:
    """True is 1 in Python, and not in a module's options."""
    if isinstance(value, (list, tuple)):
        return [type(value), *map(with_types, value)]
    if isinstance(value, dict):
        return [(name, with_types(member)) for name, member in value.items()]
    return value if value is OMITTED else (str if isinstance(value, str) else type(value), value)


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_answers_are_those_of_ansible(argument: str) -> None:
    resolved = 0
    settings = [{"hardening_thing": value, "other_thing": value} for value in map(trusted, VALUES)]
    for name, variables in itertools.product(NAMES, [{}, *settings]):
        asked = argument.replace("NAME", name), variables | FURTHER
        ours = ask_us(*asked)
        if ours is not UNRESOLVED:
            resolved += 1
            assert with_types(ours) == with_types(ask_ansible(*asked)), (name, variables)
    assert resolved >= 2 * 4


@pytest.mark.parametrize(
    "argument",
    [
        "{{ hardening_thing | upper }}",
        "{{ hardening_thing | default }}",
        "{{ hardening_thing | default(value='x') }}",
        "{{ broken_thing | default(hardening_thing) }}",
        "{{ broken_thing is defined }}",
        # Ansible works these out first.
        "{{ hardening_thing | default(1 if hardening_absent else 2) }}",
        "{{ hardening_thing | default(not hardening_absent) }}",
        "{{ hardening_thing | default('a' ~ other_thing) }}",
        "{{ hardening_thing | default(1 / 0) }}",
        # Ansible refuses these.
        "{{ hardening_thing | default('x', 'true') }}",
        "{{ hardening_absent | default(omit, none) }}",
        "{{ hardening_absent | default('x', 1) }}",
        "{{ hardening_absent | default('x', true, 3) }}",
        "{{ hardening_thing | default(other_thing | default('x', 'true')) }}",
        "{{ hardening_thing or (1 | no_such_filter) }}",
        "{{ hardening_thing or (1 is no_such_test) }}",
        "{{ self | default(1) }}",
        "{{ 1e400 }}",
        "{{ " + "(" * 300 + "1" + ")" * 300 + " }}",
        "{{ " + "not " * 1500 + "true }}",
        "{{ " + "9" * 5000 + " }}",
        "{{ hardening_thing }}\n",
        "{{ hardening_thing.member }}",
        "{{ hardening_thing.upper() }}",
        "{{ hardening_thing['member'] }}",
        "{{ hardening_thing ~ other_thing }}",
        "{{ hardening_thing < 'b' }}",
        "{{ 'a' < hardening_thing < 'b' }}",
        "{{ hardening_thing in 'abc' }}",
        "{{ hardening_thing is match('a') }}",
        "{{ hardening_thing is mapping }}",
        "{{ {'a': hardening_thing} }}",
        "{{ [omit] }}",
        "{{ (hardening_thing, 'b') }}",
        "{{ omit or hardening_thing }}",
        "{{ hardening_absent }}",
        "{{ hardening_absent | default(hardening_absent) }}",
        "{{ 'x' if hardening_absent else 'y' }}",
        "{{ 'x' if not hardening_thing }}",
        "{{ lookup('ansible.builtin.env', 'HOME') }}",
        "{{ range }}",
        "{{ range | default(omit) }}",
        "{{ hardening_thing",
        "{% if hardening_thing %}a{% endif %}",
        "a\\b{{ hardening_thing }}",
        "#jinja2: trim_blocks: False\n{{ hardening_thing }}",
        b"{{ hardening_thing }}",
        datetime.date(2026, 1, 1),
        ("{{ hardening_thing }}",),
    ],
)
def test_further_arguments_are_left_to_ansible(argument: t.Any) -> None:
    given = trust(argument) if isinstance(argument, str) else argument
    assert resolve(given, {"hardening_thing": "a", "other_thing": "b"} | FURTHER) is UNRESOLVED


def test_a_text_that_is_not_trusted_is_no_template() -> None:
    secret = {"hardening_thing": "secret"}
    assert resolve("{{ hardening_thing }}", secret) is UNRESOLVED
    assert resolve("{{ hardening_absent | default(omit) }}", secret) is UNRESOLVED
    assert resolve(trust("{{ hardening_thing }}"), secret) == "secret"


def test_a_value_that_contains_itself_is_left_to_ansible() -> None:
    endless: list[t.Any] = []
    endless.append(endless)
    deep: t.Any = "x"
    for _level in range(5000):
        deep = [deep]
    for value in (endless, deep, {"a": endless}, 1 << 20000):
        assert resolve(trust("a{{ hardening_thing }}"), {"hardening_thing": value}) is UNRESOLVED
    assert resolve(endless, {}) is UNRESOLVED


def test_a_variable_that_is_called_omit_is_one() -> None:
    assert resolve(trust("{{ omit }}"), {"omit": "x"}) is UNRESOLVED


def test_what_was_vaulted_keeps_its_mark() -> None:
    tags = pytest.importorskip("ansible._internal._datatag._tags")
    vaulted = tags.VaultedValue(ciphertext="x").tag("secret")
    variables = {"hardening_thing": vaulted}
    assert resolve(trust("{{ hardening_thing }}"), variables) is vaulted
    assert resolve(trust("{{ hardening_thing | string }}"), variables) is vaulted
    assert resolve(trust("a{{ hardening_thing }}"), variables) is UNRESOLVED


def read_defaults(role: str) -> dict[str, t.Any]:
    path = ROLES / role / "defaults" / "main.yml"
    return (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}


@pytest.mark.parametrize("role", list_roles_of_an_account())
def test_arguments_of_our_roles_are_plain(role: str) -> None:
    """With nothing set but the account and the roles, as in most inventories."""
    task = yaml.safe_load((ROLES / role / "tasks" / "main.yml").read_text(encoding="utf-8"))[0]
    options = next(options for module, options in task.items() if module.startswith("hardening.iam."))
    variables = {name: trusted(value) for name, value in read_defaults(role).items()} | {
        "aws_account_id": "111122223333",
        "aws_assessor_role_arn": trust("arn:aws:iam::{{ aws_account_id }}:role/assessor"),
        "assessment_result": {},
        "preflight_modes": trusted(read_defaults("preflight")["preflight_modes"]),
    }
    assert {name for name, value in options.items() if ask_us(value, variables) is UNRESOLVED} == set()


def test_a_worker_reads_no_template_of_our_roles() -> None:
    """It finds them in the memory of the process that forked it."""
    prepare_templates()
    read = _parse.cache_info().misses
    for role in list_roles_of_an_account():
        defaults = {name: trusted(value) for name, value in read_defaults(role).items()}
        task = yaml.safe_load((ROLES / role / "tasks" / "main.yml").read_text(encoding="utf-8"))[0]
        options = next(options for module, options in task.items() if module.startswith("hardening.iam."))
        for value in options.values():
            ask_us(value, {"preflight_modes": {}, **defaults})
    assert _parse.cache_info().misses == read
