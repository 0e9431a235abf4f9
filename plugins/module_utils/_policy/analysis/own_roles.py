# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The names of the roles that this collection works with, as examples/bootstrap makes them."""

from __future__ import annotations

import enum
import typing as t

PATH: t.Final = "/iam-hardening/"
# The boundary of the role by which event_alerts hands events on.
EVENT_BOUNDARY: t.Final = "automation-event-forwarding-boundary"


class Writer(enum.StrEnum):
    """A class of modules that write with one role."""

    CREDENTIALS = "credentials"
    POLICIES = "policies"
    ROLES = "roles"
    DETECTIVE = "detective"
    ORGANIZATION = "organization"
    #: In an incident only. Scheduled jobs can't assume its role.
    CONTAINMENT = "containment"


def role_name(writer: Writer) -> str:
    """The name of the role of a class."""
    return f"automation-{writer}"


# By kind and path, as in ARNs behind the account.
_ROLE: t.Final = f"role{PATH}"
#: The one role for all that is declared as aws_assume_role_arn, and that of each class.
AUTOMATION: t.Final = (f"{_ROLE}automation", *(f"{_ROLE}{role_name(writer)}" for writer in Writer))
ASSESSORS: t.Final = (f"{_ROLE}assessor",)
BREAK_GLASS: t.Final = (f"{_ROLE}break-glass",)
