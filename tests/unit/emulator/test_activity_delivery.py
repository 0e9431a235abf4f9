# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a trail and the digests that confirm them."""

from __future__ import annotations

import gzip
import json
import typing as t
from datetime import UTC, datetime, timedelta

from emulator.activity import delivery

NOW: t.Final = datetime(2026, 11, 28, 15, 22, tzinfo=UTC)
PLACE: t.Final = delivery.Place("acme-logs", "apps_eu-west-1", "eu-west-1")
ACCOUNT: t.Final = "222233334444"


def event(when: datetime, name: str) -> dict[str, t.Any]:
    return {
        "recipientAccountId": ACCOUNT,
        "awsRegion": "eu-west-1",
        "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "eventID": name,
    }


def confirmed(files: t.Iterable[delivery.File]) -> set[str]:
    digests = (json.loads(gzip.decompress(file.body)) for file in files if "CloudTrail-Digest" in file.key)
    return {log["s3Object"] for digest in digests for log in digest["logFiles"]}


def test_the_hour_that_is_not_over_is_confirmed_by_the_digest_after_it() -> None:
    events = [event(NOW - timedelta(hours=3), "a"), event(NOW - timedelta(minutes=20), "b")]
    files = list(delivery.deliver(events, PLACE, digests=True, now=NOW))
    logs = [file for file in files if "CloudTrail-Digest" not in file.key]
    waiting = [file for file in logs if file.key not in confirmed(files)]
    assert ["T1500Z" in file.key for file in waiting] == [True]
    newest = {(ACCOUNT, "eu-west-1"): files[-1]}
    later = list(
        delivery.deliver_later([event(NOW, "c")], PLACE, newest, waiting=waiting, now=NOW + timedelta(minutes=5))
    )
    of_later = {file.key for file in later if "CloudTrail-Digest" not in file.key}
    assert confirmed(later) == {waiting[0].key} | of_later and len(of_later) == 1
