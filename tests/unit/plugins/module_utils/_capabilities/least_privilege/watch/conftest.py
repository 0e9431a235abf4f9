# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fifteen developer roles, two of which were right-sized a day ago."""

from __future__ import annotations

import typing as t

import pytest
from after_cut_over import list_calls

from developer_events import APPS
from emulator.activity.later import Later
from emulator.extensions import past
from unit.emulator.seeded import Seeded, serving


@pytest.fixture(scope="module")
def developers() -> t.Iterator[Seeded]:
    with serving("developers") as seeded:
        iam = seeded.client("iam", APPS)
        trust = iam.get_role(RoleName="dev-shop-web")["Role"]["AssumeRolePolicyDocument"]
        iam.create_role(RoleName="dev-shop-web-lp", AssumeRolePolicyDocument=str(trust).replace("'", '"'))
        for old, new in (("dev-shop-web", "dev-shop-web-lp"), ("dev-shop-api", "dev-shop-api")):
            past.add_later(APPS, [Later.parse(call) for call in list_calls(old, new, APPS)])
        yield seeded
