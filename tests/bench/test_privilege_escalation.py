# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPU seconds to search a large account for escalation paths, and its growth with the account."""

from __future__ import annotations

import dataclasses
import time
import typing as t
from collections.abc import Callable
from datetime import UTC, datetime

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS, collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import Landscape
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.paths import Search, search
from emulator.client import EmulatorProcess

from .table import show

SIZES: t.Final = (500, 2_000)
# Of the ten seconds in which such an account has to be analysed in all.
MOST_SECONDS: t.Final = 5.0
READ: t.Final = frozenset({Dataset.AUTHORIZATION_DETAILS, Dataset.CREDENTIAL_REPORT})

V = t.TypeVar("V")


def test_a_large_account_takes_seconds() -> None:
    rows = []
    for users in SIZES:
        permissions = Permissions(_snapshot(users))
        parsing, landscape = _timed(lambda permissions=permissions: permissions.landscape)
        for name, change in _KINDS.items():
            searching, found = _timed(lambda change=change, landscape=landscape: search(change(landscape)))
            rows.append((f"{users} users, {name}", parsing, searching, len(found.administrators), *_counts(found)))
            assert parsing + searching < MOST_SECONDS
    show("Escalation paths, CPU seconds", ("account", "parse", "search", "admins", "certain", "conditional"), rows)


def _snapshot(users: int) -> Snapshot:
    seed = f"scale:accounts=1,users={users},roles={users // 2},policies={users // 2}"
    with EmulatorProcess(seed=seed) as emulator:
        options = AccessOptions.from_options(
            {
                "endpoint_url": emulator.control.url,
                "access_key": "administrator",
                "secret_key": "emulated",
                "region": "us-east-1",
            }
        )
        access = Access(options, operations=Operations().union(*OPERATIONS.values()), check_mode=True)
        return collect(access, datasets=READ, regions=(), now=datetime.now(UTC))


def _timed(work: Callable[[], V]) -> tuple[float, V]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def _counts(found: Search) -> tuple[int, int]:
    certain = sum(path.certain for path in found.paths)
    return certain, len(found.paths) - certain


def _with(landscape: Landscape, policy: Policy) -> Landscape:
    """The account with one more policy for everybody who can act, beside what tells everybody apart."""
    subjects = tuple(
        dataclasses.replace(
            subject, layers=dataclasses.replace(subject.layers, identity=(*subject.layers.identity, policy))
        )
        for subject in landscape.subjects
    )
    return dataclasses.replace(landscape, subjects=subjects)


def _everybody(*statements: dict[str, t.Any]) -> Callable[[Landscape], Landscape]:
    policy = parse({"Version": "2012-10-17", "Statement": list(statements)}, name="for everybody")
    return lambda landscape: _with(landscape, policy)


_WIDE: t.Final = {"Effect": "Allow", "Action": ["iam:*", "lambda:*", "ec2:*", "sts:AssumeRole"], "Resource": "*"}

_NOT_OF_POLICIES: t.Final = [
    f"arn:aws:{kind}" for kind in ("iam::*:user/*", "iam::*:role/*", "iam::*:group/*", "lambda:*", "ec2:*")
]

_KINDS: t.Final[dict[str, Callable[[Landscape], Landscape]]] = {
    "as they are": lambda landscape: landscape,
    # Nothing is certain, so that no search ends early.
    "much with MFA": _everybody({**_WIDE, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}),
    # Nothing leads anywhere, so that everything is tried.
    "much denied": _everybody(
        _WIDE,
        {"Effect": "Deny", "Action": ["iam:*", "sts:*", "lambda:*", "ec2:*"], "Resource": _NOT_OF_POLICIES},
    ),
}
