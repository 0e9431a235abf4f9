# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The hosts that a playbook works on: those of a group, or the one account of the credentials.

Each host stands for an AWS account. An inventory has other hosts too, and a web server must never become an account.
So without the group only ``localhost`` alone counts, or an inventory whose hosts are all account ids.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection

from ..module_utils._account.account_id import is_account_id

ACCOUNTS: t.Final = "aws_accounts"
LOCALHOST: t.Final = "localhost"
EVERY: t.Final = "all"
# A pattern that matches no host, whatever the hosts are called.
NOBODY: t.Final = "all:!all"
_MOST_HOSTS_SHOWN: t.Final = 3
_LONGEST_PATTERN: t.Final = 100


@dataclasses.dataclass(frozen=True)
class RunHosts:
    """The choice of hosts of a playbook.

    ``names`` are all hosts of the inventory, ``groups`` its groups. ``group`` has the hosts that the playbook is for.
    ``asked`` is the pattern in ``hardening_hosts``, where that is set.
    """

    names: tuple[str, ...]
    groups: Collection[str]
    group: str = ACCOUNTS
    asked: t.Any = None

    @property
    def pattern(self) -> t.Any:
        """The pattern of the hosts. It matches nothing where the inventory has no accounts."""
        if self._is_asked:
            # An empty list is a choice that came to nothing. It never means all accounts.
            return self.asked or NOBODY
        if self.group in self.groups:
            return self.group
        if self._is_without_group():
            return EVERY
        # A host may have the name of the group.
        return NOBODY if self.group in self.names else self.group

    @property
    def any_pattern(self) -> str:
        """A pattern that matches a host in any case, for a play that says why there is no account."""
        return EVERY if self.names else LOCALHOST

    def describe_none(self) -> str:
        """The error where the pattern matches no host, or none that ``--limit`` leaves."""
        if self._is_asked:
            return (
                f"No account to work on: hardening_hosts is {_shorten_pattern(self.asked)}, which matches no host"
                " of the inventory that --limit leaves.\n"
                f"Set it to a pattern that matches, or remove it: its default is {self.group}."
            )
        if self.group in self.groups:
            return (
                f"No account to work on: the group {self.group} has no host that --limit leaves.\n"
                f"List {self._name_account()} as a host of it."
            )
        return f"{self._describe_inventory()}\n{self._describe_ways()}"

    @property
    def _is_asked(self) -> bool:
        """Whether ``hardening_hosts`` is set. A survey that is left empty sends an empty text."""
        return self.asked is not None and (not isinstance(self.asked, str) or bool(self.asked.strip()))

    def _is_without_group(self) -> bool:
        if self.names == (LOCALHOST,):
            return True
        return self.group == ACCOUNTS and bool(self.names) and all(is_account_id(name) for name in self.names)

    def _describe_inventory(self) -> str:
        if not self.names:
            return "No account to work on: the inventory has no host."
        others = [name for name in self.names if not is_account_id(name)]
        if self.group != ACCOUNTS or not others:
            return f"No account to work on: the inventory has no group {self.group}."
        shown = ", ".join(others[:_MOST_HOSTS_SHOWN])
        more = f" and {len(others) - _MOST_HOSTS_SHOWN} more" if len(others) > _MOST_HOSTS_SHOWN else ""
        are = "is no account id" if len(others) == 1 else "are no account ids"
        return f"No account to work on: the inventory has no group {self.group}, and {shown}{more} {are}."

    def _describe_ways(self) -> str:
        account = (
            "the account of your credentials"
            if self.group == ACCOUNTS
            else "the management account, with its credentials"
        )
        return (
            f"For {account}, use the inventory -i localhost, (with the comma).\n"
            f"For an inventory of accounts, list {self._name_account()} as a host of the group {self.group}."
        )

    def _name_account(self) -> str:
        return "each account" if self.group == ACCOUNTS else "the management account"


def _shorten_pattern(pattern: t.Any) -> str:
    text = str(pattern)
    return text if len(text) <= _LONGEST_PATTERN else f"{text[:_LONGEST_PATTERN]}…"
