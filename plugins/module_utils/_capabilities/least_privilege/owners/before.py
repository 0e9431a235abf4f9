# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The policies that a role had before its owner replaced them, and whether it has them again. Pure.

Nothing of this way is in the journal, since no run writes anything. So the old policies are kept with the documents.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Mapping, Sequence

from ...._account.model import PolicyDocument, Role
from ...._policy.least_privilege.pack import name_policies_of
from ..changes import PATH, NewPolicy, says_same

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_ARN: t.Final = re.compile(r"arn:[a-z0-9-]+:iam::(aws|\d{12}):policy/[\x21-\x7e]{1,640}", re.ASCII)
_NAME: t.Final = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)

#: The content of the customer managed policies of an account by ARN; None for one that can't be read.
Contents = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Before:
    """The policies of a role.

    ``attached`` has the content of managed policies by ARN, None for those of AWS; ``inline`` that of inline policies
    by name.
    """

    attached: Mapping[str, t.Optional[Mapping[str, t.Any]]]
    inline: Mapping[str, Mapping[str, t.Any]]

    @classmethod
    def of_role(cls, role: Role, contents: Contents) -> t.Optional[t.Self]:
        """The policies that a role has now; None if one of them can't be read."""
        attached = {arn: None if is_of_aws(arn) else contents.get(arn) for arn in sorted(role.attached_policies)}
        inline = {item.name: item.document for item in role.inline_policies}
        is_read = all(document is not None or is_of_aws(arn) for arn, document in attached.items())
        if not is_read or any(document is None for document in inline.values()):
            return None
        return cls(attached, {name: document for name, document in sorted(inline.items()) if document is not None})

    @classmethod
    def of_data(cls, record: Mapping[str, t.Any]) -> t.Self:
        """The policies that a kept file has. Raises ValueError, KeyError or TypeError if it has none."""
        attached = {_check(_ARN, arn): _check_content(one, arn) for arn, one in dict(record["attached"]).items()}
        inline = {_check(_NAME, name): dict(one) for name, one in dict(record["inline"]).items()}
        return cls(attached, inline)

    def restore(self, role: Role) -> Role:
        """The role with these policies."""
        inline = tuple(PolicyDocument(name, document) for name, document in self.inline.items())
        return dataclasses.replace(role, attached_policies=tuple(self.attached), inline_policies=inline)


def is_of_aws(arn: str) -> bool:
    """Whether a managed policy is one of AWS, which has the same content for everybody."""
    return arn.split(":")[4] == "aws"


def _check(pattern: re.Pattern[str], text: t.Any) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of a policy")
    return text


def _check_content(document: t.Any, arn: str) -> t.Optional[dict[str, t.Any]]:
    if (document is None) != is_of_aws(arn):
        raise ValueError(f"the content of {arn} is missing, or is that of a policy of AWS")
    return None if document is None else dict(document)


@dataclasses.dataclass(frozen=True)
class Given:
    """The policies of a role that came with the campaign, as ARNs and as names of inline policies."""

    attached: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether there is one."""
        return bool(self.attached or self.inline)


class Comparison:
    """A role held against its old policies and the new ones. ``before`` is None where the old ones are not known.

    A policy came with the campaign if it has a name or the content of a new one. The owner may choose other names, and
    may write several documents as one: in a role that ``is_applied`` each policy came that is not an old one.
    """

    def __init__(
        self,
        role: Role,
        contents: Contents,
        policies: Sequence[NewPolicy],
        before: t.Optional[Before],
        *,
        is_applied: bool = False,
    ) -> None:
        self._role = role
        self._contents = contents
        self._policies = policies
        self._before = before or Before({}, {})
        self._is_applied = is_applied
        self._inline = {item.name: item.document for item in role.inline_policies}
        self._names = re.compile(re.escape(name_policies_of(role.name)) + r"-(deny)?\d{1,3}", re.ASCII)

    def is_named(self, name: str) -> bool:
        """Whether a policy has a name that documents of the campaign have."""
        return self._names.fullmatch(name) is not None

    def has_new_content(self, document: t.Any) -> bool:
        """Whether a document says the same as one of the new policies."""
        return document is not None and any(says_same(document, policy.content) for policy in self._policies)

    @property
    def given(self) -> Given:
        """What of the role came with the campaign."""
        attached = tuple(arn for arn in self._role.attached_policies if self._came(arn))
        return Given(attached, tuple(name for name in self._inline if self._came_inline(name)))

    def _came(self, arn: str) -> bool:
        document = self._contents.get(arn)
        is_old = arn in self._before.attached and (is_of_aws(arn) or _is_same(self._before.attached[arn], document))
        if is_old or (self._is_applied and arn not in self._before.attached):
            return not is_old
        path, _slash, name = arn.partition(":policy")[2].rpartition("/")
        return (f"{path}/" == PATH and self.is_named(name)) or self.has_new_content(document)

    def _came_inline(self, name: str) -> bool:
        document = self._inline[name]
        is_old = name in self._before.inline and _is_same(self._before.inline[name], document)
        if is_old or (self._is_applied and name not in self._before.inline):
            return not is_old
        return self.is_named(name) or self.has_new_content(document)

    # The way back

    @property
    def missing(self) -> tuple[str, ...]:
        """The ARNs of old managed policies that the role lacks, or that the campaign gave another content."""
        found = self._role.attached_policies
        return tuple(arn for arn in self._before.attached if arn not in found or self._came(arn))

    @property
    def missing_inline(self) -> tuple[str, ...]:
        """The names of old inline policies that the role lacks, or that have another content."""
        return tuple(name for name, one in self._before.inline.items() if not _is_same(one, self._inline.get(name)))

    def find_unreturned(self) -> tuple[str, ...]:
        """Say what of the old policies the role lacks, and what of the new ones it still has."""
        given = self.given
        return (
            *(f"{arn} is not attached" for arn in self.missing if arn not in given.attached),
            *(f"inline policy {name} is missing or has another content" for name in self.missing_inline),
            *(f"{arn} is still attached" for arn in given.attached if arn not in self.missing),
            *(f"{arn} has the new content" for arn in given.attached if arn in self.missing),
            *(f"inline policy {name} is still there" for name in given.inline if name not in self.missing_inline),
        )


def _is_same(old: t.Any, now: t.Any) -> bool:
    """Whether an old content is the present one."""
    return old == now or (old is not None and now is not None and says_same(old, now))
