# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A customer managed policy with its versions, and the state of a policy as changes show it."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime

#: The tag of our policies: only those are changed and deleted.
OWNED: t.Final = ("iam-hardening:managed", "true")


@dataclasses.dataclass(frozen=True)
class Version:
    """A version of a policy; ``document`` is what it says."""

    id: str
    is_default: bool
    created: t.Optional[datetime]
    document: t.Any = None


@dataclasses.dataclass(frozen=True)
class LivePolicy:
    """A managed policy as its own reads tell: authorization details have neither tags nor other versions."""

    arn: str
    description: str
    tags: Mapping[str, str]
    versions: tuple[Version, ...]
    attachment_count: int = 0

    @property
    def is_owned(self) -> bool:
        """Whether this collection made it: only then is its content changed, and only then is it deleted."""
        return self.tags.get(OWNED[0]) == OWNED[1]

    @property
    def default(self) -> t.Optional[Version]:
        """The version that counts."""
        return next((version for version in self.versions if version.is_default), None)

    @property
    def document(self) -> t.Any:
        """The present content of the policy."""
        return self.default.document if self.default else None

    @property
    def others(self) -> tuple[Version, ...]:
        """The versions that do not count, the oldest first."""
        return tuple(sorted((item for item in self.versions if not item.is_default), key=_rank_by_age))

    @property
    def newest(self) -> t.Optional[Version]:
        """The version that was created last."""
        return max(self.versions, key=_rank_by_age, default=None)


def _rank_by_age(version: Version) -> tuple[float, int]:
    number = version.id.removeprefix("v").partition(".")[0]
    moment = version.created.timestamp() if version.created else 0.0
    return moment, int(number) if number.isdecimal() else 0


def describe_policy(document: t.Any) -> t.Optional[dict[str, t.Any]]:
    """Describe a policy as changes have it; None where there is none."""
    return None if document is None else {"document": document}
