# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of weeks after a cut-over. Those of days to come stay, so that this file has an account of its own."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.roles import WatchedRole
from developer_events import APPS
from emulator.activity.later import Later
from emulator.clock import CLOCK
from emulator.extensions import past
from unit.emulator.seeded import Seeded, later

from .test_observe import LOGS, NEW, ROLE, read


def test_events_of_days_to_come_are_delivered_with_their_digests(developers: Seeded) -> None:
    with later(days=20):
        since = CLOCK.now() - timedelta(days=19)
        call = {"principal": "role/dev-shop-web-lp", "call": "sqs:ListQueues"}
        past.add_later(APPS, [Later.parse({**call, "days_ago": days, "times": 3}) for days in (18, 7.5, 0.1)])
        role = WatchedRole(ROLE, since, new_arn=NEW)
        watched = read(developers, role, **LOGS, now=CLOCK.now().isoformat())[ROLE]
    assert (watched.failure, watched.calls, watched.new) == ("", 9, ())
