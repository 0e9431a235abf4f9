# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenario of the how-to: fifteen developer roles lose AdministratorAccess in stages, in all three ways."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

import developer_events
from developer_events import APPS
from emulator.client import EmulatorProcess

from .conftest import fresh
from .right_sizing import SizeBench, accept

IN_PLACE: t.Final = ("dev-shop-api", "dev-data-etl", "dev-data-worker", "dev-data-stream", "dev-platform-pipeline")
BY_OWNER: t.Final = ("dev-data-tagged",)
ONCALL: t.Final = "dev-platform-oncall"
ROLES: t.Final = sorted(name for name in developer_events.account().roles if name.startswith("dev-"))
PARALLEL: t.Final = tuple(name for name in ROLES if name not in (*IN_PLACE, *BY_OWNER))
BOUNDARY: t.Final = f"arn:aws:iam::{APPS}:policy/iam-hardening/boundary/DeveloperBoundary"
TARGETS: t.Final = [
    {"roles": ["dev-shop-web"], "way": "parallel", "canary": True},
    {"roles": ["dev-data-etl"], "way": "in_place", "canary": True},
    {"roles": list(BY_OWNER), "way": "by_owner"},
    {"roles": [name for name in IN_PLACE if name != "dev-data-etl"], "way": "in_place"},
    {"roles": [ONCALL], "way": "parallel", "boundary": BOUNDARY},
    {"roles": [name for name in PARALLEL if name not in ("dev-shop-web", ONCALL)], "way": "parallel"},
]
# What somebody has looked at before the cut-over.
ACCEPTED: t.Final = {
    "accept_unproven": accept("dev-shop-payments", ONCALL),
}


@pytest.fixture(scope="module")
def bench(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SizeBench]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        bench = SizeBench(fresh(emulator, "developers"), tmp_path_factory.mktemp("size"))
        bench.options = {"targets": TARGETS, **ACCEPTED}
        yield bench
