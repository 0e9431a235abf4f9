# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What an account password policy may be declared to be, and how it meets the one that is there.

AWS replaces the whole policy with every update, and what an update leaves out falls to a default that is weaker than
having no policy: length 6 and everything off. So an update always carries the complete policy.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Callable, Mapping

from ..._account.model import PasswordPolicy
from ..._converge.errors import InputError

# AWS's default policy, which holds where an account has none of its own: eight characters of three of four kinds. A
# policy can't say "three of four"; its other settings are those that an update falls back to.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
AWS_DEFAULT: t.Final = PasswordPolicy(
    minimum_length=8,
    require_symbols=False,
    require_numbers=False,
    require_uppercase=False,
    require_lowercase=False,
    allow_users_to_change=False,
)
AWS_DEFAULT_KINDS: t.Final = 3

# The options of the module, and the fields of the policy that they set.
FIELDS: t.Final[Mapping[str, str]] = {
    "minimum_password_length": "minimum_length",
    "require_symbols": "require_symbols",
    "require_numbers": "require_numbers",
    "require_uppercase_characters": "require_uppercase",
    "require_lowercase_characters": "require_lowercase",
    "allow_users_to_change_password": "allow_users_to_change",
    "max_password_age": "max_age_days",
    "password_reuse_prevention": "reuse_prevention",
    "hard_expiry": "hard_expiry",
}
_KINDS_OF_CHARACTERS: t.Final = ("require_symbols", "require_numbers", "require_uppercase", "require_lowercase")

# Values that switch a number off: YAML's own words, which reach a module as these strings, and zero.
_OFF: t.Final = {"0", "off", "no", "false", "never"}


@dataclasses.dataclass(frozen=True)
class _Range:
    lowest: int
    highest: int
    unit: str
    can_be_off: bool

    @property
    def allowed(self) -> str:
        return f"{self.lowest} to {self.highest} {self.unit}{', or off' if self.can_be_off else ''}"


_RANGES: t.Final[Mapping[str, _Range]] = {
    "minimum_password_length": _Range(6, 128, "characters", False),
    "max_password_age": _Range(1, 1095, "days", True),
    "password_reuse_prevention": _Range(1, 24, "passwords", True),
}


@dataclasses.dataclass(frozen=True)
class Declared:
    """The declaration of the play. ``settings`` has the fields of the policy that were given; None means off."""

    present: bool
    settings: Mapping[str, t.Any]
    allow_weaken: bool = False
    accept_expiry_of: frozenset[str] = frozenset()

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> Declared:
        """The declaration in a module's options. An empty string counts as not given, as AWX surveys send it.

        Settings are checked, but do not count with ``state=absent``: a role declares them whatever the state.

        :raises InputError: a number out of its range, or no setting at all with ``state=present``.
        """
        given = {option: options.get(option) for option in FIELDS}
        given = {option: value for option, value in given.items() if value is not None and value != ""}
        settings = {FIELDS[option]: _parse_value(option, value) for option, value in given.items()}
        present = options["state"] == "present"
        if present and not settings:
            raise InputError(f"state: present needs at least one setting; allowed are {', '.join(FIELDS)}")
        return cls(
            present=present,
            settings=settings if present else {},
            allow_weaken=bool(options.get("allow_weaken")),
            accept_expiry_of=frozenset(options.get("accept_expiry_of") or ()),
        )


def _parse_value(option: str, value: t.Any) -> t.Any:
    if option not in _RANGES:
        return value
    limits = _RANGES[option]
    text = str(value).strip().lower()
    if limits.can_be_off and text in _OFF:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text) or not limits.lowest <= int(text) <= limits.highest:
        raise InputError(f"{option}: {value!r} is not allowed; allowed are {limits.allowed}")
    return int(text)


@dataclasses.dataclass(frozen=True)
class KeptSetting:
    """A setting that stays as it is, because what is declared for it would be weaker."""

    option: str
    present: t.Any
    declared: t.Any

    def __str__(self) -> str:
        present = "off" if self.present is None else self.present
        declared = "off" if self.declared is None else self.declared
        return f"{self.option} stays {present}: the declared {declared} is weaker, and allow_weaken is not set"


def normalize(policy: PasswordPolicy) -> PasswordPolicy:
    """Normalize an absent hard expiry, which AWS leaves out of some answers, to the false that it means."""
    return dataclasses.replace(policy, hard_expiry=bool(policy.hard_expiry))


def describe_policy(policy: t.Optional[PasswordPolicy]) -> t.Optional[dict[str, t.Any]]:
    """Describe a policy under the names of the module's options, as changes, plans and diffs have it; None for none."""
    if policy is None:
        return None
    complete = normalize(policy)
    return {option: getattr(complete, field) for option, field in FIELDS.items()}


def build_request(policy: PasswordPolicy) -> dict[str, t.Any]:
    """Build the complete request for UpdateAccountPasswordPolicy. It leaves out what is off: AWS takes no zero."""
    request: dict[str, t.Any] = {
        "MinimumPasswordLength": policy.minimum_length,
        "RequireSymbols": policy.require_symbols,
        "RequireNumbers": policy.require_numbers,
        "RequireUppercaseCharacters": policy.require_uppercase,
        "RequireLowercaseCharacters": policy.require_lowercase,
        "AllowUsersToChangePassword": policy.allow_users_to_change,
    }
    if policy.max_age_days:
        request["MaxPasswordAge"] = policy.max_age_days
    if policy.reuse_prevention:
        request["PasswordReusePrevention"] = policy.reuse_prevention
    if policy.hard_expiry:
        request["HardExpiry"] = True
    return request


def merge_policy(
    present: t.Optional[PasswordPolicy], declared: Declared
) -> tuple[PasswordPolicy, tuple[KeptSetting, ...]]:
    """Merge the declaration into the present policy; also returns the settings that were kept against it.

    A setting that is not declared keeps its value, or AWS's default where the account has no policy.
    """
    base = normalize(present or AWS_DEFAULT)
    wanted = dict(declared.settings)
    kept = []
    for option, field in FIELDS.items():
        if field in wanted and not declared.allow_weaken and _is_weaker(field, wanted[field], getattr(base, field)):
            kept.append(KeptSetting(option, getattr(base, field), wanted.pop(field)))
    return normalize(dataclasses.replace(base, **wanted)), tuple(kept)


def count_required_kinds(policy: PasswordPolicy) -> int:
    """Count how many of the four kinds of characters a password must have."""
    return sum(bool(getattr(policy, field)) for field in _KINDS_OF_CHARACTERS)


def _is_weaker(field: str, wanted: t.Any, present: t.Any) -> bool:
    return _STRENGTH[field](wanted) < _STRENGTH[field](present)


# Whether users may change their passwords makes none stronger or weaker, so the declared value always holds.
_STRENGTH: t.Final[Mapping[str, Callable[[t.Any], int]]] = {
    "minimum_length": int,
    **dict.fromkeys(_KINDS_OF_CHARACTERS, int),
    "allow_users_to_change": lambda _value: 0,
    "max_age_days": lambda days: -days if days else -10_000,
    "reuse_prevention": lambda count: count or 0,
    "hard_expiry": lambda value: int(bool(value)),
}
