# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principal that makes the calls, as STS names it."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Mapping

_SESSION_ARN: t.Final = re.compile(r"arn:aws[a-z-]*:sts::(\d{12}):assumed-role/\S+", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Identity:
    """The principal that makes the calls, as GetCallerIdentity has it."""

    account_id: str
    arn: str
    user_id: str

    @classmethod
    def of_caller(cls, answer: Mapping[str, t.Any]) -> t.Self:
        """The principal in an answer of GetCallerIdentity."""
        return cls(account_id=answer["Account"], arn=answer["Arn"], user_id=answer["UserId"])

    @classmethod
    def of_session(cls, assumed: Mapping[str, t.Any]) -> t.Optional[t.Self]:
        """The principal that AssumeRole made, by its ``AssumedRoleUser``; None where the answer has none.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumedRoleUser.html
        """
        arn, user_id = str(assumed.get("Arn") or ""), str(assumed.get("AssumedRoleId") or "")
        found = _SESSION_ARN.fullmatch(arn)
        return cls(account_id=found[1], arn=arn, user_id=user_id) if found and user_id else None
