# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events for the tests: recorded ones, and changes of them."""

from __future__ import annotations

import base64
import copy
import functools
import json
import typing as t
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._events.signals import Signal, hash_resource

Event = dict[str, t.Any]
RECORDED: t.Final = Path(__file__).resolve().parents[4] / "fixtures" / "events"
#: The account of all recorded events.
ACCOUNT: t.Final = "111122223333"


@functools.cache
def _read(name: str) -> str:
    return (RECORDED / f"{name}.json").read_text(encoding="utf-8")


def recorded(name: str, **envelope: t.Any) -> Event:
    """A recorded event, with some fields of its envelope replaced."""
    return {**json.loads(_read(name)), **envelope}


def change(event: Event, *path: t.Any, to: t.Any) -> Event:
    """A copy of an event in which the member at a path has another value."""
    changed = copy.deepcopy(event)
    put(changed, *path, to=to)
    return changed


def put(event: Event, *path: t.Any, to: t.Any) -> None:
    """Give the member of an event at a path another value."""
    parent: t.Any = event
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = to


def make_key(account: str, number: int) -> str:
    """The id of a key of an account, as AWS makes them."""
    bits = (1 << 40 | int(account)) << 39 | number
    return "AKIA" + base64.b32encode(bits.to_bytes(10, "big")).decode()


def keys_of(account: str, numbers: Iterable[int], subject: str = "exposed_credential", of: str = "") -> list[Signal]:
    """Signals about an account and keys, which are of ``of`` if that is given."""
    made = [make_key(of or account, number) for number in numbers]
    at = datetime(2026, 11, 28, 12, tzinfo=UTC)
    return [Signal(account, subject, hash_resource(key), at, key) for key in made]
