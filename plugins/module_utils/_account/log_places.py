# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the path of a log file says of the events in it, and whether they fit.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html#cloudtrail-log-filename-format
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from datetime import UTC, date, datetime, timedelta

_LOG_FILE: t.Final = re.compile(r"\.json(\.gz)?\Z")
# Files of the same bucket that hold no calls:
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
_NO_LOG_FILE: t.Final = re.compile(
    r"(\A|/)CloudTrail-(Digest|Insight|Aggregated)/|_CloudTrail-(Digest|Insight)_[^/]*\Z"
)
_DAY: t.Final = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/[^/]*\Z")
_ACCOUNT: t.Final = re.compile(r"(?:\A|/)AWSLogs/(?:o-[a-z0-9]+/)?(\d{12})/")
_REGION: t.Final = re.compile(r"(?:\A|/)CloudTrail/([a-z0-9-]+)/\d{4}/")
_NAME: t.Final = re.compile(r"(\d{12})_CloudTrail_([a-z0-9-]+)_(\d{4})(\d{2})(\d{2})T(\d{4})Z_[^/]*\Z")
_BACKFILL: t.Final = "_backfill"
_DIGEST: t.Final = re.compile(
    r"(\d{12})_CloudTrail-Digest_([a-z]{2}[a-z0-9-]*-\d+)_([^/]+)_(\d{8}T\d{6}Z)(_backfill)?\.json(\.gz)?\Z"
)
# Global services log their calls in the main region of the partition, also into trails of other regions.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
GLOBAL_REGIONS: t.Final = frozenset({"us-east-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1"})
# CloudTrail tries for 30 days to deliver files to a bucket that it can't write to.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html
_LATEST_DELIVERY: t.Final = timedelta(days=31)
_CLOCKS_DIFFER: t.Final = timedelta(hours=1)
_EARLIEST: t.Final = datetime(2013, 1, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Place:
    """The account, the region and the day in the path of a file; each empty or None where the path does not say.

    ``written`` is the minute in its name. ``is_consistent`` is False where folders and name contradict each other.
    """

    account_id: str = ""
    region: str = ""
    day: t.Optional[date] = None
    is_consistent: bool = True
    written: t.Optional[datetime] = None

    def find_window(self, now: datetime) -> tuple[datetime, datetime]:
        """Find the times between which the events of the file are: empty for a path that contradicts itself.

        The day of a path is that of delivery, which comes after the calls.
        """
        latest = now + _CLOCKS_DIFFER
        if not self.is_consistent:
            return latest, _EARLIEST
        if self.day is None:
            return _EARLIEST, latest
        start = datetime.combine(self.day, datetime.min.time(), UTC)
        return start - _LATEST_DELIVERY, min(latest, start + timedelta(days=1) + _CLOCKS_DIFFER)

    def fits(self, region: t.Any) -> bool:
        """Whether an event of a region can be in the file."""
        return region == self.region or not self.region or not isinstance(region, str) or region in GLOBAL_REGIONS


def read_place(key: str) -> Place:
    """Read the path of a log file."""
    path = f"/{key}"
    account, region, day, name = _ACCOUNT.search(key), _REGION.search(key), _DAY.search(path), _NAME.search(key)
    folders = (account[1] if account else "", region[1] if region else "", _date(day.groups()) if day else None)
    if name is None:
        return Place(*folders)
    named = (name[1], name[2], _date(name.groups()[2:5]))
    consistent = all(not one or not other or one == other for one, other in zip(folders, named, strict=True))
    account_id, place, written_on = folders[0] or named[0], folders[1] or named[1], folders[2] or named[2]
    return Place(account_id, place, written_on, consistent, _minute(named[2], name[6]))


def _minute(day: t.Optional[date], text: str) -> t.Optional[datetime]:
    """The minute of a day, in UTC, from ``HHMM``."""
    hour, minute = int(text[:2]), int(text[2:])
    if day is None or hour > 23 or minute > 59:
        return None
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def _date(parts: t.Sequence[str]) -> t.Optional[date]:
    year, month, day = map(int, parts[:3])
    try:
        return date(year, month, day)
    except ValueError:
        return None


def find_account(key: str) -> str:
    """Find the account in the folders of a path, into which only that account's trail writes; empty without one."""
    account = _ACCOUNT.search(key)
    return account[1] if account else ""


def is_wanted(key: str, account_id: str, since: datetime) -> bool:
    """Whether a file may hold events of an account since a moment, by its path."""
    if not _LOG_FILE.search(key) or _NO_LOG_FILE.search(key):
        return False
    account = _ACCOUNT.search(key)
    if account is not None and account[1] != account_id:
        return False
    day = _DAY.search(f"/{key}")
    return day is None or f"{day[1]}-{day[2]}-{day[3]}" >= since.astimezone(UTC).strftime("%Y-%m-%d")


@dataclasses.dataclass(frozen=True)
class DigestPlace:
    """The name of a digest file. ``trail`` is the name of the trail with its home region, ``ended`` a timestamp."""

    key: str
    account_id: str
    region: str
    trail: str
    ended: str

    @property
    def is_backfill(self) -> bool:
        """Whether it names files that earlier digests left out. There is none for most hours."""
        return self.trail.endswith(_BACKFILL)

    @property
    def day(self) -> date:
        """The day in UTC on which the hour of the digest ended."""
        return datetime.strptime(self.ended[:8], "%Y%m%d").replace(tzinfo=UTC).date()


def read_digest_place(key: str) -> t.Optional[DigestPlace]:
    """Read the path of a digest file; None for any other file. Backfills name files that earlier digests left out."""
    # A bucket lists many more files than digests.
    found = _DIGEST.search(key.rpartition("/")[2]) if "_CloudTrail-Digest_" in key else None
    if found is None or _date((found[4][:4], found[4][4:6], found[4][6:8])) is None:
        return None
    trail = f"{found[3]}{found[5] or ''}"
    return DigestPlace(key, found[1], found[2], trail, found[4])
