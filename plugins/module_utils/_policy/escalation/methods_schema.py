# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The shape of a way to more rights: of the data in ``escalation_methods_*``."""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class On(enum.StrEnum):
    """On which resource an action is needed."""

    SELF = "itself"
    TARGET = "the target"
    GROUP = "the group"
    POLICY = "the policy"
    PROVIDER = "the identity provider"
    ANY = "any resource"


class Whom(enum.StrEnum):
    """The owner of the rights: the actor itself, an existing principal, or one that is created for it."""

    OWN_USER = "the acting user"
    OWN_ROLE = "the acting role"
    USER = "another user"
    ROLE = "another role"
    NEW_USER = "a new user"
    NEW_ROLE = "a new role"


class Gain(enum.StrEnum):
    """The gain of the attacker in the end."""

    TAKEOVER = "the rights of the target"
    RAISED = "the rights of the target with an administrator's policy added"
    UNBOUND = "the rights of the target without its permissions boundary"
    WITHOUT_INLINE_DENY = "the rights of the target less its inline policies that deny"
    WITHOUT_ATTACHED_DENY = "the rights of the target less its attached policies that deny"
    LEFT = "the rights of the target less those of a group"
    WITHOUT_INLINE_GROUP_DENY = "the rights of the target less the inline policies of a group that deny"
    WITHOUT_ATTACHED_GROUP_DENY = "the rights of the target less the attached policies of a group that deny"
    TAGGED = "the rights of the target with tags of its choice"
    RETAGGED = "the rights of the attacker on targets with tags of its choice"
    JOINED = "the rights of the target with those of a group"


class Fact(enum.StrEnum):
    """A fact that must hold of the target; if it is not known, the path is conditional."""

    HAS_PASSWORD = "the target has a console password"
    NO_PASSWORD = "the target has no console password"
    NO_MFA = "the target signs in without MFA"
    FREE_KEY_SLOT = "the target has fewer than two access keys"
    INSTANCE_PROFILE = "the role is in an instance profile"


@dataclasses.dataclass(frozen=True)
class Need:
    """An action that must be allowed, and on what."""

    action: str
    on: On


@dataclasses.dataclass(frozen=True)
class Method:
    """One known way to more rights.

    ``needs`` must all be allowed. With ``services`` the target is a role that is passed, and its trust policy must
    admit one of these service principals. ``assumes`` says what must exist that the policies don't show, such as a
    function that already runs as the target: the path is then conditional. ``sources`` are the pages it is from.
    """

    id: str
    name: str
    whom: Whom
    gain: Gain
    needs: tuple[Need, ...]
    sources: tuple[str, ...]
    services: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    assumes: str = ""

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions it takes, in their order."""
        return tuple(need.action for need in self.needs)

    @property
    def is_own(self) -> bool:
        """Whether it is about the attacker's own rights."""
        return self.whom in (Whom.OWN_USER, Whom.OWN_ROLE)

    def on(self, place: On) -> tuple[str, ...]:
        """The actions that are needed on ``place``."""
        return tuple(need.action for need in self.needs if need.on is place)


def needs(**places: t.Union[str, tuple[str, ...]]) -> tuple[Need, ...]:
    """Needs by place: ``needs(target="iam:CreateAccessKey", any=("lambda:CreateFunction",))``."""
    return tuple(
        Need(action, On[place.upper()])
        for place, actions in places.items()
        for action in ((actions,) if isinstance(actions, str) else actions)
    )


def pathfinding(path: str) -> str:
    """A page of Datadog's catalogue of escalation paths (Apache-2.0)."""
    return f"https://pathfinding.cloud/paths/{path}"


def hacking(anchor: str) -> str:
    """A section of the page on IAM of "Hacking the Cloud"."""
    return f"https://hackingthe.cloud/aws/exploitation/iam_privilege_escalation/#{anchor}"


def rhino(anchor: str) -> str:
    """A section of the list of Rhino Security Labs."""
    return f"https://github.com/RhinoSecurityLabs/AWS-IAM-Privilege-Escalation#{anchor}"


def aws(page: str) -> str:
    """A page of AWS's documentation that says how the service uses a role."""
    return f"https://docs.aws.amazon.com/{page}"
