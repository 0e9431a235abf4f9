# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is declared of one run: to contain or to release, which pass it is, and what may be lost for good."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping

from ..._account.account_id import parse_account_id
from ..._converge.errors import InputError
from ..._converge.incident.declaration import Incident
from ..._converge.incident.names import Pass
from ..._converge.incident.releasing import Terms


class State(enum.StrEnum):
    """The state that is declared."""

    CONTAINED = "contained"
    RELEASED = "released"


class Loss(enum.StrEnum):
    """What can't be undone, and so is only done if it is accepted by name."""

    USER_PASSWORD = "user_password"
    ROOT_ACCESS_KEY = "root_access_key"
    ROOT_PASSWORD = "root_password"


@dataclasses.dataclass(frozen=True)
class Declared:
    """The options of one run, checked."""

    incident: Incident
    state: State = State.CONTAINED
    name_of_pass: Pass = Pass.LAST
    inventory_accounts: frozenset[str] = frozenset()
    accepted: frozenset[Loss] = frozenset()
    acts_for_organization: bool = False
    terms: Terms = Terms()

    @property
    def releases(self) -> bool:
        """Whether the run releases what was contained."""
        return self.state is State.RELEASED

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], incident: Incident) -> t.Self:
        """The declaration in the options of a module.

        :raises InputError: a value is not allowed.
        """
        return cls(
            incident=incident,
            state=State(options["state"]),
            name_of_pass=Pass(options["pass"]),
            inventory_accounts=frozenset(filter(None, map(_parse_account, options["inventory_accounts"]))),
            accepted=frozenset(map(Loss, options["accept_irreversible"])),
            acts_for_organization=bool(options["acts_for_organization"]),
            terms=Terms.from_options(options),
        )


def _parse_account(given: t.Any) -> t.Optional[str]:
    try:
        return parse_account_id(given)
    except ValueError as error:
        raise InputError(f"inventory_accounts: {error}") from error
