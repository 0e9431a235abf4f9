# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How a role that its owner changes stands: whether it has the new policies, or the old ones again. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Sequence

from ...._account.model import Role
from ...._policy.documents.policy import Policy
from ...._report.plain import join_names
from ..dossier import Dossier
from .before import Before, Comparison, Contents
from .compare import compare

_SHOWN: t.Final = 3
_UNREAD: t.Final = "a policy of the role could not be read"


@dataclasses.dataclass(frozen=True)
class Owned:
    """A role that its owner changes, by what was read in this run.

    ``difference`` says how its policies differ from the new ones, and ``unreturned`` how they differ from the old ones;
    empty if they do not. ``has_new``: at least some of the new policies are there. ``is_other``: none of them is, and
    the role has other policies than those that were kept as the old ones. With a ``failure`` nothing is known.
    """

    difference: str = ""
    unreturned: str = ""
    has_new: bool = False
    is_other: bool = False
    failure: str = ""

    @property
    def has_documents(self) -> t.Optional[bool]:
        """Whether the role may do what the new policies allow, and nothing else; None if that is not known."""
        return None if self.failure else not self.difference


def describe_owned(
    role: Role, contents: Contents, live: t.Optional[Sequence[Policy]], dossier: t.Optional[Dossier]
) -> t.Optional[Owned]:
    """Describe a role. ``live`` are its identity policies, None if one of them is not known."""
    if dossier is None:
        return None
    if live is None:
        return Owned(failure=_UNREAD)
    if dossier.before is None:
        return Owned(failure="the kept documents do not have the old policies of the role; generate again")
    difference = compare(role.arn, live, dossier.parsed).reason
    found = Comparison(role, contents, dossier.policies, dossier.before, is_applied=not difference)
    has_new = found.given.is_any or not difference
    unreturned = join_names(found.find_unreturned(), _SHOWN)
    is_other = not has_new and (bool(unreturned) or _has_more(role, dossier.before))
    return Owned(difference, unreturned, has_new, is_other)


def _has_more(role: Role, before: Before) -> bool:
    """Whether a role has policies that were not kept as its old ones."""
    inline = {item.name for item in role.inline_policies}
    return not (set(role.attached_policies) <= set(before.attached) and inline <= set(before.inline))
