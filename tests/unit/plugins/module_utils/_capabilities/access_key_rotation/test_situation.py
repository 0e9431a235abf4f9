# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import (
    make_version_id,
)

from .rotations import ACCOUNT, NEW, OLD, USER_ID, VERSION, key, record, secret, situation


def test_the_two_keys_are_those_of_the_records_while_they_are_there() -> None:
    both = situation(record("created"), keys=(key(), key(NEW)))
    assert (both.old_key, both.new_key) == (key(), key(NEW))
    gone = situation(record("created"), keys=(key("AKIATHIRDTHIRDTHIRD3"),))
    assert (gone.old_key, gone.new_key) == (None, None)
    nobody = dataclasses.replace(both, user=None)
    assert (nobody.old_key, nobody.new_key) == (None, None)
    # Without records no key is old or new.
    fresh = situation(keys=(key(), key(NEW)))
    assert (fresh.old_key, fresh.new_key) == (None, None)


def test_a_key_is_stored_where_a_version_of_the_secret_is_that_of_the_key() -> None:
    found = situation(keys=(key(),))
    assert found.version_of(key(NEW)) == VERSION == make_version_id(ACCOUNT, USER_ID, NEW)
    assert found.is_stored(key(NEW)) and not found.is_stored(key(OLD))
    assert not dataclasses.replace(found, secret=None).is_stored(key(NEW))
    assert not dataclasses.replace(found, secret=secret(labels={})).is_stored(key(NEW))
    # A user that was made again under the same name has another unique id, and so has the key of another account.
    assert found.user is not None
    again = dataclasses.replace(found, user=dataclasses.replace(found.user, unique_id="AIDAANOTHERANOTHER00"))
    assert not again.is_stored(key(NEW))
    assert not dataclasses.replace(found, account_id="999988887777").is_stored(key(NEW))
