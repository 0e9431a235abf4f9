# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is a new denial of a role, and how two sources of the same events are put together."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.roles import (
    CLOCKS_DIFFER,
    Count,
    DenialKey,
    DeniedBy,
    Seen,
    WatchedRole,
)

from .events import NEW, OLD, SINCE

DAY: t.Final = timedelta(days=1)


def key(action: str = "s3:GetObject", resource: str = "arn:aws:s3:::x", by: DeniedBy = DeniedBy.OURS) -> DenialKey:
    return DenialKey(action, resource, by)


def count(number: int = 1, hours: float = 0, last: t.Optional[float] = None, message: str = "") -> Count:
    first = SINCE + timedelta(hours=hours)
    return Count(number, first, first if last is None else SINCE + timedelta(hours=last), message)


def test_the_denials_of_the_role_count_that_people_use_now() -> None:
    assert WatchedRole(OLD, SINCE).watched_arn == OLD
    assert WatchedRole(OLD, SINCE, new_arn=NEW).watched_arn == NEW


@pytest.mark.parametrize(
    ("now", "untouched", "began", "ended"),
    [
        # A call that is made once a week is in two weeks.
        (DAY, None, -14 * DAY, timedelta()),
        (14 * DAY, None, -14 * DAY, timedelta()),
        # As long as the watch lasts.
        (30 * DAY, None, -30 * DAY, timedelta()),
        # Denials of the first soak excuse none of the next one.
        (DAY, -5 * DAY, -19 * DAY, -5 * DAY),
        (DAY, 5 * DAY, -14 * DAY, timedelta()),
    ],
)
def test_the_baseline_ends_before_the_first_change(
    now: timedelta, untouched: t.Optional[timedelta], began: timedelta, ended: timedelta
) -> None:
    role = WatchedRole(OLD, SINCE, untouched_until=SINCE + untouched if untouched is not None else None)
    assert role.find_baseline(SINCE + now) == (SINCE + began - CLOCKS_DIFFER, SINCE + ended - CLOCKS_DIFFER)


def test_a_count_has_the_first_and_the_last_moment_and_the_newest_message() -> None:
    found = count(message="old")
    for hours, message in ((2, "new"), (-1, "earlier"), (2, "newest")):
        found.add(SINCE + timedelta(hours=hours), message)
    assert found == count(4, -1, 2, "newest")


@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_sources_with_the_same_events_nothing_is_added_up(is_first: bool) -> None:
    one, other = count(3, 0, 2, "one"), count(5, -1, 1, "other")
    joined = one.join(other) if is_first else other.join(one)
    assert joined == count(5, -1, 2, "one")


@pytest.mark.parametrize("is_first", [True, False])
def test_what_either_source_has_is_seen(is_first: bool) -> None:
    only, both = key("s3:PutObject"), key()
    one = Seen(
        {both: count(2), only: count(1)},
        {key("iam:GetRole")},
        baseline=4,
        calls=7,
        old_last=SINCE,
        users={"anna": "anna by log"},
        more_users=True,
    )
    other = Seen({both: count(3)}, {key("iam:ListRoles")}, 5, 6, SINCE + DAY, {"anna": "session anna", "ben": "ben"})
    joined = one.join(other) if is_first else other.join(one)
    assert joined.denied == {both: count(3), only: count(1)}
    assert joined.before == {key("iam:GetRole"), key("iam:ListRoles")}
    assert (joined.baseline, joined.calls, joined.old_last, joined.more_users) == (5, 7, SINCE + DAY, True)
    # The source that is asked first knows who it was.
    assert joined.users == {"anna": "anna by log" if is_first else "session anna", "ben": "ben"}
    # Neither is changed by it.
    assert one.denied[both] == count(2) and other.denied == {both: count(3)}


def test_two_sources_that_have_nothing_have_seen_nobody() -> None:
    assert Seen().join(Seen()) == Seen() and Seen().join(Seen()).old_last is None
    moment: datetime = SINCE
    assert Seen().join(Seen(old_last=moment)).old_last == Seen(old_last=moment).join(Seen()).old_last == moment


@pytest.mark.parametrize(
    ("denied", "before", "is_new"),
    [
        (key(), [], True),
        (key(), [key()], False),
        # IAM compares the names of actions without their case.
        (key(), [key("S3:getobject")], False),
        (key(), [key(resource="arn:aws:s3:::y")], True),
        (key(), [key("s3:PutObject")], True),
        # What an organization denied before, the policies of the role may deny now.
        (key(), [key(by=DeniedBy.ORGANIZATION)], True),
        (key(by=DeniedBy.ORGANIZATION), [key()], False),
        # If AWS names no policy, an equal denial before is enough.
        (key(by=DeniedBy.UNKNOWN), [key()], False),
        (key(), [key(by=DeniedBy.UNKNOWN)], True),
        # Of one of very many resources nobody knows which one it was.
        (key(resource=""), [key(resource="")], True),
    ],
)
def test_a_denial_is_new_if_nothing_before_explains_it(
    denied: DenialKey, before: list[DenialKey], is_new: bool
) -> None:
    seen = Seen({denied: count()}, set(before))
    assert list(seen.list_new()) == ([(denied, count())] if is_new else [])


def test_the_first_denial_comes_first() -> None:
    counts = {key("b:B"): count(1, 1), key("a:A", "y"): count(1, 2), key("a:A", "x"): count(1, 2), key("c:C"): count()}
    assert [(one.action, one.resource) for one, _count in Seen(counts).list_new()] == [
        ("c:C", "arn:aws:s3:::x"),
        ("b:B", "arn:aws:s3:::x"),
        ("a:A", "x"),
        ("a:A", "y"),
    ]
