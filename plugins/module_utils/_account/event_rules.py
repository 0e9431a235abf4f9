# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The part of a snapshot on EventBridge: the rules of this collection by region, and the topics that they notify."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

#: The names of our rules, and of everything made for them, begin with this.
PREFIX: t.Final = "iam-hardening-"
#: The tag that marks a rule, a topic, a queue or a role as ours, to change and to delete.
OWNED: t.Final = ("iam-hardening:managed", "true")


@dataclasses.dataclass(frozen=True)
class EventTarget:
    """Where a rule sends what it matches. ``settings`` are all other members of AWS's ``Target``, as AWS has them."""

    id: str
    arn: str
    settings: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def dead_letter_queue(self) -> str:
        """The ARN of the queue that keeps what could not be delivered; empty where there is none."""
        return str((self.settings.get("DeadLetterConfig") or {}).get("Arn") or "")

    @property
    def request(self) -> dict[str, t.Any]:
        """The target as PutTargets takes it."""
        return {"Id": self.id, "Arn": self.arn, **self.settings}


@dataclasses.dataclass(frozen=True)
class EventRule:
    """A rule on the default bus. ``pattern`` is None for a schedule; ``managed_by`` names the service that made it."""

    name: str
    arn: str
    region: str
    state: str
    pattern: t.Any = None
    description: str = ""
    role_arn: t.Optional[str] = None
    managed_by: t.Optional[str] = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    targets: tuple[EventTarget, ...] = ()

    @property
    def is_owned(self) -> bool:
        """Whether this collection made or adopted it."""
        return self.tags.get(OWNED[0]) == OWNED[1]

    @property
    def is_enabled(self) -> bool:
        return self.state != "DISABLED"


@dataclasses.dataclass(frozen=True)
class AlertTopic:
    """An SNS topic that a rule notifies, or that one did, where it does not exist any more.

    ``unknown`` says why nothing is known of the topic, which may be another account's; ``key_unknown`` the same of the
    policy of its KMS key. The policy of a key that is gone admits nobody.
    """

    arn: str
    exists: bool = True
    policy: t.Any = None
    kms_key_id: str = ""
    key_arn: str = ""
    key_policy: t.Any = None
    confirmed: int = 0
    pending: int = 0
    unknown: str = ""
    key_unknown: str = ""

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]


@dataclasses.dataclass(frozen=True)
class AlertQueue:
    """An SQS queue that a rule sends to, or that keeps what could not be delivered. Members as of a topic."""

    arn: str
    exists: bool = True
    policy: t.Any = None
    kms_key_id: str = ""
    key_arn: str = ""
    key_policy: t.Any = None
    unknown: str = ""
    key_unknown: str = ""

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]


@dataclasses.dataclass(frozen=True)
class AlertRegion:
    """One region: rules whose names begin with :data:`PREFIX`, and the topics and queues that these name.

    ``queues`` is None in a snapshot that is older than their read.
    """

    region: str
    rules: tuple[EventRule, ...] = ()
    topics: tuple[AlertTopic, ...] = ()
    queues: t.Optional[tuple[AlertQueue, ...]] = None
