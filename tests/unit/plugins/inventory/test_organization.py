# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plugin itself does: which files are its own, and what it says while it reads."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.plugins.loader import inventory_loader

CHECKOUT: t.Final = Path(__file__).resolve().parents[4]


@pytest.fixture
def plugin() -> t.Any:
    return inventory_loader.get("hardening.iam.organization")


@pytest.mark.parametrize(
    "text",
    [
        "plugin: hardening.iam.organization\n",
        "---\n# Ours.\nplugin: 'hardening.iam.organization'   # it is\nemails: true\n",
        'emails: true\n"plugin" : "hardening.iam.organization"',
    ],
)
@pytest.mark.parametrize("name", ["organization.yml", "anything.yaml"])
def test_files_that_name_the_plugin_are_its_own(plugin: t.Any, tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert plugin.verify_file(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("organization.yml", "plugin: amazon.aws.aws_ec2\n"),
        ("organization.yml", "- hosts: organization_management\n  vars:\n    plugin: hardening.iam.organization\n"),
        ("organization.yml", "# plugin: hardening.iam.organization\naws_accounts:\n"),
        ("organization.yml", "plugin: hardening.iam.organization_policy\n"),
        ("organization.ini", "plugin: hardening.iam.organization\n"),
        ("organization.yml", b"plugin: hardening.iam.organization \xff\n"),
    ],
)
def test_other_files_are_left_to_others(plugin: t.Any, tmp_path: Path, name: str, text: t.Union[str, bytes]) -> None:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert not plugin.verify_file(str(tmp_path / name))


def test_a_file_that_is_not_there_is_nobody_s(plugin: t.Any, tmp_path: Path) -> None:
    assert not plugin.verify_file(str(tmp_path / "organization.yml"))


@pytest.mark.parametrize("path", sorted((CHECKOUT / "examples" / "inventory").glob("*organization*.yml")))
def test_examples_are_inventories_with_options_that_exist(plugin: t.Any, path: Path) -> None:
    assert plugin.verify_file(str(path))
    assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= set(plugin.option_definitions)


def test_playbooks_are_no_inventories(plugin: t.Any) -> None:
    assert not [path for path in (CHECKOUT / "playbooks").glob("*.yml") if plugin.verify_file(str(path))]


class Screen:
    """What is displayed, in place of Ansible's display."""

    def __init__(self) -> None:
        self.verbose: list[str] = []
        self.shown: list[str] = []

    def v(self, line: str) -> None:
        self.verbose.append(line)

    def display(self, line: str, *, stderr: bool) -> None:
        assert stderr, "standard output belongs to the inventory"
        self.shown.append(line)


def test_long_reads_say_how_far_they_are(plugin: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(plugin, "display", screen)
    for done in range(100, 601, 100):
        plugin._report_progress("tags", done, 600)
    plugin._report_progress("accounts", 600, None)
    assert len(screen.verbose) == 7
    assert screen.shown == [f"hardening.iam.organization: tags read: {done} of 600" for done in (200, 400)]
