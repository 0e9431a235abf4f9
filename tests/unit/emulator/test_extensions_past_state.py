# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from developer_events import APPS, DATA, LABS
from emulator.extensions.state import account_states
from unit.emulator.seeded import running, serving
from unit.emulator.test_extensions_past import BUCKETS, keys_of


def test_a_snapshot_keeps_the_past_and_what_was_delivered() -> None:
    emulator, _endpoint = running()
    with serving("developers") as seeded:
        before = keys_of(seeded, LABS)
        kept = emulator.snapshot()
        seeded.client("s3", LABS).delete_object(Bucket=BUCKETS[LABS], Key=before[0])
        emulator.restore(kept)
        assert keys_of(seeded, LABS) == before
        client = seeded.client("cloudtrail", DATA, region="eu-west-1")
        assert client.lookup_events()["Events"]
        functions = seeded.client("lambda", APPS, region="eu-west-1")
        assert functions.get_function(FunctionName="data-stream")["Configuration"]["VpcConfig"]["SubnetIds"]


def test_the_files_are_made_at_the_first_look_into_the_bucket() -> None:
    with serving("developers") as seeded:
        owner = account_states[LABS]["aws"]
        assert owner.undelivered == {BUCKETS[LABS]}
        first = keys_of(seeded, LABS)
        assert owner.undelivered == set()
        assert keys_of(seeded, LABS) == first


def test_a_seed_without_activity_has_no_past() -> None:
    with serving("bare"):
        pasts = [state.past for accounts in account_states.values() for state in accounts.values()]
        assert pasts
        assert not any(pasts)
