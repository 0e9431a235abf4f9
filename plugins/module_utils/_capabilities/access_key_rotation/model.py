# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is known of a user whose access key is rotated: its keys, the secret, and the stages of a rotation."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import typing as t

from ..._converge.user_keys import ACTIVE, INACTIVE, Key, User

__all__ = [
    "ACTIVE",
    "CURRENT",
    "ENDS",
    "INACTIVE",
    "OWNER_TAG",
    "PENDING",
    "Key",
    "Secret",
    "Stage",
    "User",
    "make_version_id",
]

CURRENT: t.Final = "AWSCURRENT"
PENDING: t.Final = "AWSPENDING"
#: The tag of a secret that names the user whose access key it holds.
OWNER_TAG: t.Final = "iam-hardening:access-key-of"


class Stage(enum.StrEnum):
    """The stages of a rotation, in their order; ``ROLLED_BACK`` ends one without a new key."""

    CREATED = "created"
    DISTRIBUTED = "distributed"
    VERIFIED = "verified"
    OLD_INACTIVE = "old_inactive"
    OLD_DELETED = "old_deleted"
    ROLLED_BACK = "rolled_back"


#: The stages after which no rotation is under way.
ENDS: t.Final = frozenset({Stage.OLD_DELETED, Stage.ROLLED_BACK})


@dataclasses.dataclass(frozen=True)
class Secret:
    """A secret without its value. ``labels`` has the version id of each staging label.

    ``owner`` is the user that its tag names. ``problem`` says why no version may be put into it. One that
    ``is_deleted`` is still there, until its recovery window is over.
    """

    arn: str
    name: str
    labels: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    owner: str = ""
    problem: str = ""
    is_deleted: bool = False

    @property
    def current(self) -> str:
        """The id of the version that consumers read; empty if there is none."""
        return self.labels.get(CURRENT, "")

    def has(self, version_id: str) -> bool:
        """Whether a version has a label. Secrets Manager may delete versions without one."""
        return version_id in self.labels.values()


def make_version_id(account_id: str, user_id: str, key_id: str) -> str:
    """Make the id of the version that holds a key: the ClientRequestToken, which has 32 to 64 characters.

    It follows from the id of the key alone, so that the same request never makes two versions. It also shows,
    without the value being read, that the secret of a key was stored.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
    """
    return hashlib.sha256(f"iam-hardening access key\n{account_id}\n{user_id}\n{key_id}".encode()).hexdigest()
