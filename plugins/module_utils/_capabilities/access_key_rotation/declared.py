# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the play declares about the rotation of access keys: whose keys, where the secrets are, and how long to wait."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ..._account.moments import parse_moment
from ..._converge.errors import InputError
from ..._converge.user_keys import DELETE_FLOOR, VERIFY_FLOOR, parse_days

DEFAULT_SECRETS: t.Final = "iam-hardening/access-keys/"
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_User.html
_USER: t.Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
_SECRET: t.Final = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_REGION: t.Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_KMS_KEY: t.Final = re.compile(r"[A-Za-z0-9/:_-]{1,2048}")
_FIELD: t.Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


@dataclasses.dataclass(frozen=True)
class Target:
    """A user whose key is rotated, and the secret that the key is put into. An empty region is that of the run."""

    user: str
    secret: str
    region: str = ""
    kms_key_id: str = ""


@dataclasses.dataclass(frozen=True)
class Fields:
    """The names that the two parts of an access key have in the JSON of the secret."""

    key_id: str = "AccessKeyId"
    secret: str = "SecretAccessKey"


@dataclasses.dataclass(frozen=True)
class Declared:
    """A declaration, checked. ``delete_after`` is None where no old key is deleted.

    Keys that were made before ``created_before`` are rotated whatever their age. ``replace_inactive`` are names of
    users among the targets, in lower case.
    """

    targets: tuple[Target, ...] = ()
    rotate_after: int = 90
    created_before: t.Optional[datetime] = None
    replace_inactive: frozenset[str] = frozenset()
    verify: int = 14
    delete_after: t.Optional[int] = None
    fields: Fields = Fields()

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], *, key_age_days: int, now: datetime) -> Declared:
        """The declaration in a module's options; ``key_age_days`` is the threshold of the controls.

        :raises InputError: a value that is not allowed.
        """
        targets = tuple(map(_parse_target, options["users"]))
        _refuse_repeats("user", (target.user.lower() for target in targets))
        _refuse_repeats("secret", (f"{target.secret} in {target.region or 'the region'}" for target in targets))
        delete_after = str(options.get("delete_after_days") or "").strip()
        return cls(
            targets=targets,
            rotate_after=key_age_days,
            created_before=_parse_created_before(options, now),
            replace_inactive=_parse_names(options, "replace_inactive", targets),
            verify=parse_days(options, "verify_days", VERIFY_FLOOR),
            delete_after=parse_days(options, "delete_after_days", DELETE_FLOOR) if delete_after else None,
            fields=_parse_fields(options),
        )

    def find_due(self, created: datetime) -> datetime:
        """Find the moment from which a key is rotated, by the moment at which it was made."""
        if self.created_before is not None and created < self.created_before:
            return created
        return created + timedelta(days=self.rotate_after)

    def replaces_inactive(self, user: str) -> bool:
        """Whether a user whose only key is inactive gets a new one."""
        return user.lower() in self.replace_inactive


def _parse_target(given: Mapping[str, t.Any]) -> Target:
    user = str(given.get("name") or "").strip()
    if not _USER.fullmatch(user):
        raise InputError(f"users: {user!r} is not the name of a user; allowed are names without path and wildcards")
    secret = str(given.get("secret") or "").strip() or f"{DEFAULT_SECRETS}{user}"
    if not _SECRET.fullmatch(secret):
        allowed = "the name of a secret, with letters, digits and /_+=.@-"
        raise InputError(f"users: {secret!r} is not allowed as the secret of {user}; set secret to {allowed}")
    return Target(
        user=user,
        secret=secret,
        region=_parse_text(given, "secret_region", _REGION, "the name of a region", user),
        kms_key_id=_parse_text(given, "kms_key_id", _KMS_KEY, "the id, ARN or alias of a KMS key", user),
    )


def _parse_text(given: Mapping[str, t.Any], name: str, pattern: re.Pattern[str], allowed: str, user: str) -> str:
    text = str(given.get(name) or "").strip()
    if text and not pattern.fullmatch(text):
        raise InputError(f"users: {name} {text!r} of {user} is not allowed; allowed is {allowed}")
    return text


def _refuse_repeats(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"users: the {what} {name} is there twice; allowed is once")
        seen.add(name)


def _parse_names(options: Mapping[str, t.Any], option: str, targets: Iterable[Target]) -> frozenset[str]:
    """Parse the names of users that an option lists. A name that is no target is a mistake, so it is refused."""
    known = {target.user.lower() for target in targets}
    names = frozenset(str(name).strip().lower() for name in options.get(option) or ())
    unknown = sorted(names - known - {""})
    if unknown:
        raise InputError(f"{option}: {unknown[0]!r} is not allowed; allowed are names of users in users")
    return names - {""}


def _parse_created_before(options: Mapping[str, t.Any], now: datetime) -> t.Optional[datetime]:
    """Parse a moment instead of "now": once the keys are new, the same declaration rotates nothing again."""
    text = str(options.get("rotate_created_before") or "").strip()
    if not text:
        return None
    try:
        moment = parse_moment(text)
    except ValueError:
        moment = None
    if moment is None or moment > now:
        # Of a later moment each new key would be a key to rotate again.
        allowed = "a date and time that is over, in ISO 8601, such as 2026-01-31T00:00:00Z"
        raise InputError(f"rotate_created_before: {text!r} is not allowed; allowed is {allowed}")
    return moment


def _parse_fields(options: Mapping[str, t.Any]) -> Fields:
    names = [str(options[option]).strip() for option in ("access_key_id_field", "secret_access_key_field")]
    for option, name in zip(("access_key_id_field", "secret_access_key_field"), names, strict=True):
        if not _FIELD.fullmatch(name):
            raise InputError(f"{option}: {name!r} is not allowed; allowed are letters, digits, '.', '_' and '-'")
    if names[0] == names[1]:
        raise InputError(
            f"secret_access_key_field: {names[1]!r} is not allowed; allowed is another name than that of "
            "access_key_id_field"
        )
    return Fields(*names)
