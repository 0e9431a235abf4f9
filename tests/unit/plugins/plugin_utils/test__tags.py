# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags that no task of a playbook has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.plugin_utils._tags import check_tags, find_playbooks

CHECKOUT = Path(__file__).resolve().parents[4]
PLAYBOOKS = CHECKOUT / "playbooks"
HARDEN = [PLAYBOOKS / "harden.yml"]


def test_tags_of_the_playbook_and_special_ones_are_allowed() -> None:
    run = ["all", "always", "tagged", "password_policy", "access_keys", "detective", "findings_export"]
    assert check_tags(HARDEN, run=run, skip=["never", "detective", "mfa_enforcement"]) == []


def test_an_unknown_tag_is_named_with_the_nearest() -> None:
    (problem,) = check_tags(HARDEN, run=["password_policy", "pasword_policy"], skip=[])
    assert problem.startswith(
        "--tags pasword_policy: no task has this tag; the nearest is password_policy.\nAllowed are "
    )
    assert "findings_export" in problem
    (problem,) = check_tags(HARDEN, run=["all"], skip=["detectiv"])
    assert problem.startswith("--skip-tags detectiv: no task has this tag; the nearest is detective.\n")


def test_a_tag_of_another_playbook() -> None:
    (problem,) = check_tags(HARDEN, run=["mfa_enforcement"], skip=[])
    assert "no task has this tag. Another playbook of hardening.iam has it." in problem
    assert check_tags([*HARDEN, PLAYBOOKS / "organization.yml"], run=["mfa_enforcement"], skip=[]) == []


def test_a_playbook_without_tags() -> None:
    (problem,) = check_tags([PLAYBOOKS / "assess.yml"], run=["xyzzy"], skip=[])
    assert problem == "--tags xyzzy: no task has this tag."


def test_no_role_has_tags_of_its_own() -> None:
    """Tags of a playbook are read from its file alone."""
    for path in CHECKOUT.glob("roles/*/tasks/*.yml"):
        assert not [task for task in yaml.safe_load(path.read_text(encoding="utf-8")) if "tags" in task], path


@pytest.mark.parametrize("name", ["hardening.iam.harden", "{checkout}/playbooks/harden.yml"])
def test_our_playbooks_are_known_by_name_and_by_file(name: str) -> None:
    found = find_playbooks([name.format(checkout=CHECKOUT)])
    assert found is not None
    assert [path.resolve() for path in found] == HARDEN


def test_a_relative_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    assert find_playbooks(["playbooks/harden.yml"]) == HARDEN


def test_playbooks_of_others_may_have_other_tags(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text("- ansible.builtin.import_playbook: hardening.iam.harden\n", encoding="utf-8")
    for arguments in (
        [str(tmp_path / "site.yml")],
        ["hardening.iam.harden", str(tmp_path / "site.yml")],
        ["acme.iam.harden"],
        ["hardening.iam.none"],
        [],
    ):
        assert find_playbooks(arguments) is None
