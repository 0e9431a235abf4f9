# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo never reaches a real account, and names the reports of its own run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from scripts import demo


def test_every_aws_setting_of_the_caller_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-a-real-session")
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "https://iam.amazonaws.com")
    monkeypatch.setenv("KEPT", "yes")
    env = demo.environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:5055", "AWS_ACCESS_KEY_ID": "administrator"})
    assert env["KEPT"] == "yes"
    assert {name: value for name, value in env.items() if name.startswith("AWS_")} == {
        "AWS_ACCESS_KEY_ID": "administrator",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5055",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def test_pages_are_those_of_this_run_with_the_fleet_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "REPORTS", tmp_path)
    names = ["111122223333/report.html", "222233334444/report.html", "fleet.html", "444455556666/report.html"]
    for age, name in zip([0, 0, 0, 900], names, strict=True):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("<!doctype html>", encoding="utf-8")
        os.utime(path, (1000.0 - age, 1000.0 - age))
    assert demo.pages(1000.0) == [tmp_path / name for name in (names[2], names[0], names[1])]
