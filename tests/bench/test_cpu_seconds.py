# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPU seconds of parts that everybody waits for: the seed of a large organization, a page of many paths."""

from __future__ import annotations

import time
import typing as t
from datetime import UTC, datetime

from unit.plugins.module_utils._controls import samples as accounts
from unit.plugins.module_utils._report import samples as reports

from ansible_collections.hardening.iam.plugins.module_utils._controls.assess import assess
from ansible_collections.hardening.iam.plugins.plugin_utils._render.account_html import render
from emulator import seed
from emulator.seed import populate

MOST_SECONDS: t.Final = {"seed": 6.0, "assess": 5.0, "render": 2.0}


def cpu_seconds(work: t.Callable[[], object]) -> float:
    """CPU time of this process that a call takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def test_fifty_accounts_of_fifty_users_are_seeded() -> None:
    now = datetime.now(UTC)
    populate.apply(seed.load("bare", now=now), now=now)
    took = cpu_seconds(lambda: populate.apply(seed.load("scale:accounts=50,users=50", now=now), now=now))
    assert took < MOST_SECONDS["seed"]


def test_a_large_account_is_assessed() -> None:
    account = accounts.large()
    assert cpu_seconds(lambda: assess(account)) < MOST_SECONDS["assess"]


def test_a_thousand_paths_are_drawn() -> None:
    report = reports.thousand_paths()
    assert cpu_seconds(lambda: render(report)) < MOST_SECONDS["render"]
