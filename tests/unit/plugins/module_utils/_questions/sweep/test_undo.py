# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that the sweep proposes end what they are about."""

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.find import find_persistence
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import Presence

from .conftest import World


def test_each_undo_ends_what_it_is_about(changing_world: World) -> None:
    """Every proposed call works, and after all of them nothing is there, but for what no single call undoes."""
    world = changing_world
    before = find_persistence(world.suspected(), world.read_all())
    # What has parts comes after its parts, as the reasons say.
    order = {"CreateUser": 1, "PutRule": 1, "CreateFunction20150331": 1}
    for hit in sorted(before, key=lambda hit: order.get(hit.event_name, 0)):
        if hit.present is Presence.TRUE and hit.undo is not None:
            client = world.seeded.client(hit.undo.service, hit.account_id, region=hit.region)
            method = next(name for name, aws in client.meta.method_to_api_mapping.items() if aws == hit.undo.operation)
            getattr(client, method)(**hit.undo.parameters)
    left = [hit for hit in find_persistence(world.suspected(), world.read_all()) if hit.present is Presence.TRUE]
    assert {hit.event_name for hit in left} == {"UpdateAssumeRolePolicy"}
