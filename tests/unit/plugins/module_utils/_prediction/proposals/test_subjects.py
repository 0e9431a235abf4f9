# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which principals are chosen."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import User
from ansible_collections.hardening.iam.plugins.module_utils._prediction.proposals import subjects


@pytest.mark.parametrize(
    ("wanted", "is_chosen"),
    [
        ({"Team": "shop"}, True),
        ({"team": "*"}, True),
        ({"owner": "*"}, False),
        ({"team": "shop", "owner": "*"}, False),
        ({"empty": "*"}, True),
        ({}, True),
    ],
)
def test_a_tag_that_is_missing_matches_nothing(wanted: dict[str, str], is_chosen: bool) -> None:
    user = User("ann", "arn:aws:iam::111122223333:user/ann", "/", None, (), (), (), None, {"team": "shop", "empty": ""})
    assert subjects._has_tags(user, wanted) is is_chosen
