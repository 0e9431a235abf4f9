# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the descriptions of roles are made of the documentation of modules. test_variables.py holds the files."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from scripts import generate_descriptions
from scripts.generate_descriptions import (
    RETURN_BEGIN,
    RETURN_END,
    Role,
    Variable,
    read_documented_options,
    render_module,
    render_readme,
    render_specs,
    variables,
)

MODULE = "hardening.iam.password_policy"


@pytest.fixture
def make_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., Role]:
    """Makes a role of the module password_policy from the contents of its files."""
    monkeypatch.setattr(generate_descriptions, "ROLES", tmp_path)

    def make(
        options: dict[str, str], defaults: dict[str, t.Any], described: t.Optional[dict[str, t.Any]] = None
    ) -> Role:
        declared = {"short_description": "A role", "description": ["It does."], "variables": described or {}}
        files = {
            "tasks/main.yml": [{"name": "Converge", MODULE: options, "register": "mine_result"}],
            "defaults/main.yml": defaults,
            "meta/variables.yml": declared,
        }
        for name, content in files.items():
            path = tmp_path / "mine" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return Role("mine")

    return make


Make = t.Callable[..., Role]


def test_an_option_of_the_module_is_described_by_it(make_role: Make) -> None:
    role = make_role({"allow_weaken": "{{ mine_allow_weaken }}"}, {"mine_allow_weaken": False})
    (found,) = variables(role)
    assert (found.name, found.type, found.default) == ("mine_allow_weaken", "bool", False)
    assert found.description[0] == "Use declared values also if they are weaker than the present ones."


def test_options_are_named_as_variables(make_role: Make) -> None:
    given = {"state": "{{ mine_state }}", "allow_weaken": "{{ mine_allow_weaken }}"}
    state, _weaken = variables(make_role(given, {"mine_state": "present", "mine_allow_weaken": False}))
    text = " ".join(state.description)
    assert "O(mine_allow_weaken=true)" in text
    assert "O(allow_weaken" not in text


def test_a_shared_variable_is_named_in_place_of_its_option(make_role: Make) -> None:
    role = make_role({"report_dir": "{{ hardening_report_dir | default('./reports') }}"}, {})
    assert generate_descriptions._for_role(role, "Looked up in O(report_dir), see RV(ignore:refused).") == (
        "Looked up in C(hardening_report_dir), see C(refused)."
    )


@pytest.mark.parametrize(
    ("option", "default", "kind"),
    [
        ("minimum_password_length", 14, "int"),
        # A survey sends an empty text for what is not set, which is no number.
        ("minimum_password_length", "", "raw"),
        ("require_symbols", True, "bool"),
        ("require_symbols", "", "raw"),
        ("accept_expiry_of", [], "raw"),
    ],
)
def test_the_type_lets_pass_what_surveys_send(make_role: Make, option: str, default: t.Any, kind: str) -> None:
    (found,) = variables(make_role({option: f"{{{{ mine_{option} }}}}"}, {f"mine_{option}": default}))
    assert found.type == kind
    assert ("Empty means not set." in found.description) is (default == "")


def test_a_mode_may_be_off(make_role: Make) -> None:
    role = make_role({"mode": "{{ mine_mode }}"}, {"mine_mode": "report"})
    (found,) = variables(role)
    assert found.choices == ("off", "report", "enforce")
    assert yaml.safe_load(render_specs(role))["argument_specs"]["main"]["options"]["mine_mode"]["choices"][0] == "off"


def test_what_is_no_option_is_described_by_hand(make_role: Make) -> None:
    described = {"mine_name": {"description": "The name.", "choices": ["a", "b"], "default": "C(a), always"}}
    role = make_role({}, {"mine_name": "{{ 'a' }}"}, described)
    (found,) = variables(role)
    assert found == Variable("mine_name", "raw", "{{ 'a' }}", ("The name.",), ("a", "b"), "C(a), always")
    assert "default" not in yaml.safe_load(render_specs(role))["argument_specs"]["main"]["options"]["mine_name"]


def test_a_variable_that_nothing_describes_is_an_error(make_role: Make) -> None:
    with pytest.raises(ValueError, match="must describe"):
        variables(make_role({}, {"mine_name": "a"}))


def test_the_text_around_the_table_stays(make_role: Make) -> None:
    role = make_role({"allow_weaken": "{{ mine_allow_weaken }}"}, {"mine_allow_weaken": False})
    path = generate_descriptions.ROLES / "mine" / "README.md"
    path.write_text(
        f"before\n{generate_descriptions.BEGIN}\nstale text\n{generate_descriptions.END}\nafter\n", encoding="utf-8"
    )
    text = render_readme(role)
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "stale" not in text
    assert "| `mine_allow_weaken` | `false` | Use declared values also" in text
    path.write_text("no mark\n", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks the lines"):
        render_readme(role)


def test_a_module_describes_what_differs_itself() -> None:
    own = "mode:\n  description: Another one.\n"
    text = f'RETURN = r"""\n{RETURN_BEGIN}stale: 1\n{RETURN_END}{own}"""\njournal: no return value\n'
    found = render_module(text)
    shared = yaml.safe_load(found.partition('r"""')[2].partition('"""')[0])
    assert shared["mode"] == {"description": "Another one."}
    assert {"account_id", "run_id", "journal", "plan_sha256", "already_done"} < set(shared)
    assert "stale" not in found
    assert render_module(found) == found


def test_a_role_of_two_modules_has_the_options_of_both() -> None:
    role = Role("compromise_response")
    assert [module for module, _given in role.tasks] == [
        "credential_quarantine",
        "session_revocation",
        "organization_containment",
    ]
    assert {"checklist", "max_roles"} <= {*role.options} & {*role.task[1]}
    # Both have it, and the first one describes it.
    assert role.options["inventory_accounts"] == read_documented_options("credential_quarantine")["inventory_accounts"]
