# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user whose key is rotated, the secret, and the records of the rotation."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.archive import Log
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.declared import (
    Declared,
    Target,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.history import Attempt
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import (
    ACTIVE,
    CURRENT,
    PENDING,
    Key,
    Secret,
    Stage,
    User,
    make_version_id,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.past import (
    Identity,
    Past,
    replay,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.records import Event
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.situation import Situation

ACCOUNT: t.Final = "111122223333"
USER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/svc"
USER_ID: t.Final = "AIDAIOSFODNN7EXAMPLE"
OLD: t.Final = "AKIAOLDOLDOLDOLDOLD1"
NEW: t.Final = "AKIANEWNEWNEWNEWNEW2"
BEGAN: t.Final = datetime(2026, 3, 1, tzinfo=UTC)
SECRET: t.Final = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:iam-hardening/access-keys/svc-a1b2c3"
VERSION: t.Final = make_version_id(ACCOUNT, USER_ID, NEW)
PREVIOUS: t.Final = "previous-version"
TARGET: t.Final = Target("svc", "iam-hardening/access-keys/svc")
DECLARED: t.Final = Declared((TARGET,), verify=7, delete_after=7)


def at(days: float) -> datetime:
    return BEGAN + timedelta(days=days)


def record(stage: str, days: float = 0, **fields: t.Any) -> Event:
    given: dict[str, t.Any] = {
        "account_id": ACCOUNT,
        "user_arn": USER,
        "user_id": USER_ID,
        "old_key": OLD,
        "new_key": NEW,
        "secret_arn": SECRET,
        "version_id": VERSION,
        "previous": PREVIOUS,
        "at": at(days),
        "by": "",
        "run_id": "",
        **fields,
    }
    return Event(Stage(stage), **given)


def log(*events: Event) -> Log:
    numbered = [
        dataclasses.replace(event, number=event.number or number, key=f"{number:06d}-{event.stage}.json")
        for number, event in enumerate(events, start=1)
    ]
    return Log(tuple(numbered), number=len(numbered))


def past(*events: Event, now: float = 100) -> Past:
    return replay(log(*events), Identity(ACCOUNT, USER, USER_ID, at(now)))


def key(key_id: str = OLD, *, status: str = ACTIVE, age: float = 100, used: t.Optional[float] = None) -> Key:
    return Key(key_id, status, at(-age), at(used) if used is not None else None)


def user(*keys: Key) -> User:
    return User("svc", USER, USER_ID, keys)


def secret(current: str = PREVIOUS, **fields: t.Any) -> Secret:
    labels = {CURRENT: current, PENDING: VERSION}
    return Secret(**{"arn": SECRET, "name": TARGET.secret, "labels": labels, "owner": "svc", **fields})


def situation(
    *events: Event, keys: tuple[Key, ...] = (), now: float = 100, attempts: tuple[Attempt, ...] = (), **fields: t.Any
) -> Situation:
    given: dict[str, t.Any] = {"secret": secret(), **fields}
    return Situation(TARGET, user(*keys), past=past(*events, now=now), attempts=attempts, account_id=ACCOUNT, **given)
