# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t
from datetime import date, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.settings import (
    Level,
    Settings,
    read_settings,
)

from .samples import NOW

PROFILE: t.Final = {
    "name": "restore",
    "actions": ["rds:Restore*"],
    "resources": ["*"],
    "owner": "dba",
    "reason": "yearly test",
    "expires": "2099-01-01",
}


def test_options_are_read() -> None:
    options = {
        "levels": {"*": "exact", "s3": "prefix"},
        "min_group": 3,
        "accepted": ["arn:aws:sqs:*:*:a-*"],
        "scope_regions": True,
        "always_allow": [PROFILE],
        "console_reads": None,
        "assume_logged": ["management_read"],
    }
    found = read_settings(options, now=NOW)
    assert found.level_of("S3:GetObject") is Level.PREFIX
    assert found.level_of("sqs:SendMessage") is Level.EXACT
    assert (found.min_group, found.scope_regions, found.accepted) == (3, True, frozenset({"arn:aws:sqs:*:*:a-*"}))
    assert found.assume_logged == frozenset({"management_read"})
    assert found.always_allow[0].expires == date(2099, 1, 1)
    assert read_settings({}, now=NOW) == Settings(NOW)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"min_groups": 3}, "min_groups: there is no such option; there are accept_short_window, accepted,"),
        ({"min_group": 1}, "min_group: 1 is not a whole number from 2 to 1000"),
        ({"min_group": True}, "min_group: True is not a whole number"),
        ({"assume_unused_after": 401}, "assume_unused_after: 401 is not a whole number from 1 to 400"),
        ({"assume_logged": ["management"]}, "'management' is none of management_read, management_write, data"),
        ({"compress": "yes"}, "compress: 'yes' is neither true nor false"),
        ({"levels": {"s3": "any"}}, "levels.s3: 'any' is none of exact, prefix, service"),
        ({"levels": ["s3"]}, "levels: ['s3'] is no mapping"),
        ({"accepted": "arn:aws:s3:::a"}, "accepted: 'arn:aws:s3:::a' is not a list of texts"),
        ({"accepted": [""]}, "accepted: [''] has an entry that is no text"),
        ({"always_allow": {}}, "always_allow: {} is not a list of profiles"),
        ({"always_allow": ["x"]}, "always_allow[0]: 'x' is no profile"),
        ({"always_allow": [{**PROFILE, "owner": ""}]}, "always_allow[0].owner: is missing"),
        ({"always_allow": [{**PROFILE, "until": "x"}]}, "always_allow[0].until: a profile has only name, actions"),
        ({"always_allow": [{**PROFILE, "actions": ["*"]}]}, "always_allow[0].actions: '*' is not service:Action"),
        ({"always_allow": [{**PROFILE, "actions": ["r*:Get"]}]}, "the service cannot have a wildcard"),
        (
            {"always_allow": [{**PROFILE, "resources": ["db"]}]},
            "always_allow[0].resources: 'db' is neither * nor an ARN",
        ),
        (
            {"always_allow": [{**PROFILE, "resources": ["arn:aws:s3:::${aws:username}"]}]},
            "has a policy variable, which a profile cannot have",
        ),
        ({"always_allow": [{**PROFILE, "expires": "soon"}]}, "always_allow[0].expires: 'soon' is not a date"),
    ],
)
def test_a_wrong_option_is_named_with_its_value_and_what_is_allowed(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read_settings(options, now=NOW)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        read_settings({}, now=datetime(2026, 11, 28))
