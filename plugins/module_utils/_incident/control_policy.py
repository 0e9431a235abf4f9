# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How the documents of control policies are written and read back.

A control policy binds the users, the roles and the root user of member accounts. It binds neither the management
account nor the roles that are linked to services of AWS:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from .._policy.documents.limits import LIMITS
from .._policy.documents.policy import Kind
from .._policy.documents.syntax import compact

Json = dict[str, t.Any]

#: The condition that leaves out what others opened: STS puts these keys into sessions of instances, functions, and
#: people with a token of an identity provider. Nobody can put them into a session that is opened with AssumeRole. Tasks
#: of ECS have none of them.
NOBODY_KNOWN: t.Final[Mapping[str, str]] = dict.fromkeys(
    ("ec2:SourceInstanceARN", "lambda:SourceFunctionArn", "aws:FederatedProvider", "saml:sub"), "true"
)


@dataclasses.dataclass(frozen=True)
class Content:
    """The content of a control policy: its document, and the text that AWS gets."""

    document: Mapping[str, t.Any]

    @classmethod
    def of(cls, statements: Iterable[Json]) -> t.Self:
        """The content with these statements."""
        return cls({"Version": "2012-10-17", "Statement": list(statements)})

    @property
    def text(self) -> str:
        """The text that is sent to AWS, which counts its characters."""
        return compact(self.document)

    @property
    def excess(self) -> int:
        """By how many characters it is too long."""
        return max(0, len(self.text) - LIMITS[Kind.SCP])


def deny(sid: str, condition: t.Optional[Json] = None, *, actions: t.Union[str, list[str]] = "*") -> Json:
    """Write a statement that denies actions on everything."""
    conditions = {"Condition": condition} if condition else {}
    return {"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": "*", **conditions}


def list_statements(document: t.Any) -> list[Json]:
    """List the statements of a document that is there, as far as it has any."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    return [one for one in statements if isinstance(one, dict)] if isinstance(statements, list) else []


def find_values(document: t.Any, operator: str, key: str, *, sid: str = "") -> tuple[str, ...]:
    """Find the values of a condition key in a document that is there: of the statement ``sid``, or of all of them."""
    found: list[str] = []
    for statement in list_statements(document):
        condition = statement.get("Condition") if sid in ("", statement.get("Sid")) else None
        named = condition.get(operator) if isinstance(condition, Mapping) else None
        values = named.get(key) if isinstance(named, Mapping) else None
        found += [values] if isinstance(values, str) else map(str, values) if isinstance(values, list) else []
    return tuple(found)
