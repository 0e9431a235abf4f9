# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the play declares about the life of credentials: ages, graces, reasons and exceptions."""

from __future__ import annotations

import dataclasses
import enum
import fnmatch
import re
import typing as t
from collections.abc import Mapping

from ..._converge.errors import InputError
from .kinds import Kind

#: Below this nothing is ever called idle, whatever is declared: AWS tells a last use up to hours late, and jobs that
#: run weekly are common.
IDLE_FLOOR: t.Final = 7
_LONGEST: t.Final = 1095
_NO_NOTICE: t.Final = "none"
_TOPIC: t.Final = re.compile(r"arn:(aws[a-z-]*):sns:([a-z0-9-]+):([0-9]{12}):[A-Za-z0-9_-]{1,256}(\.fifo)?")
_SES_SMTP: t.Final = "ses-smtp-user.*"


class Reason(enum.StrEnum):
    """Why a credential is put through the stages."""

    UNUSED = "unused"
    NEVER_USED = "never_used"
    OLD = "old"
    SECOND = "second"
    CONSOLE_USER = "console_user"
    ADMIN = "admin"


#: The reasons that an option may list; those for which a credential needs no other evidence than its last use.
IDLE_REASONS: t.Final = frozenset({Reason.UNUSED, Reason.NEVER_USED})


@dataclasses.dataclass(frozen=True)
class Declared:
    """A declaration, checked. Ages and graces are in days; ``topic`` is None with ``notify=none``.

    ``has_notice`` is False where ``notify`` was not declared at all, so that no grace can begin.
    """

    has_notice: bool = True
    topic: t.Optional[str] = None
    notify_after: int = 45
    deactivate_after: int = 45
    deactivate_grace: int = 14
    delete_after: t.Optional[int] = None
    delete_grace: int = 30
    min_idle: int = 45
    age: int = 90
    reasons: frozenset[Reason] = IDLE_REASONS
    kinds: frozenset[Kind] = frozenset({Kind.ACCESS_KEY})
    exclude_users: tuple[str, ...] = ()
    accept_ses_smtp_users: frozenset[str] = frozenset()
    trust_tags: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], *, key_age_days: int) -> Declared:
        """The declaration in a module's options; ``key_age_days`` is the threshold of the controls.

        :raises InputError: a value that is not allowed, or ages that contradict each other.
        """
        notify = str(options.get("notify") or "").strip()
        passwords = {Kind.PASSWORD} if options.get("remove_unused_passwords") else set()
        delete_after = str(options.get("delete_after_days") or "").strip()
        declared = cls(
            has_notice=bool(notify),
            topic=_parse_topic(notify),
            notify_after=_parse_days(options, "notify_after_days", IDLE_FLOOR),
            deactivate_after=_parse_days(options, "deactivate_after_days", IDLE_FLOOR),
            deactivate_grace=_parse_days(options, "deactivate_grace_days", 1),
            delete_after=_parse_days(options, "delete_after_days", IDLE_FLOOR) if delete_after else None,
            delete_grace=_parse_days(options, "delete_grace_days", 1),
            min_idle=_parse_days(options, "min_idle_days", IDLE_FLOOR),
            age=key_age_days,
            reasons=frozenset(map(Reason, options["stage_reasons"])),
            kinds=frozenset({Kind.ACCESS_KEY, *map(Kind, options["stage_credentials"]), *passwords}),
            exclude_users=tuple(options["exclude_users"]),
            accept_ses_smtp_users=_parse_names(options["accept_ses_smtp_users"]),
            trust_tags=bool(options["trust_tags"]),
        )
        _check_order(declared)
        return declared

    def excludes(self, name: str, arn: str) -> bool:
        """Whether a user is left alone as ``exclude_users`` says. Names of users have no case."""
        texts, patterns = (name.lower(), arn.lower()), map(str.lower, self.exclude_users)
        return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns for text in texts)

    def may_be_smtp_password(self, user: str, service: t.Optional[str]) -> bool:
        """Whether a key may be behind the password of an SMTP client of SES, and its user was not named.

        Such a password is made of the key's secret, and its use is that of a mail server nobody thinks of.
        https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html
        """
        smtp = fnmatch.fnmatchcase(user.lower(), _SES_SMTP) or service == "ses"
        return smtp and user not in self.accept_ses_smtp_users


def _parse_topic(notify: str) -> t.Optional[str]:
    if notify in ("", _NO_NOTICE):
        return None
    if not _TOPIC.fullmatch(notify) or notify.endswith(".fifo"):
        allowed = "the ARN of an SNS topic (no FIFO topic, because it can't notify people), or none"
        raise InputError(f"notify: {notify!r} is not allowed; allowed is {allowed}")
    return notify


def region_of_topic(topic: str) -> str:
    """The region that a topic lives in."""
    return topic.split(":")[3]


def _parse_days(options: Mapping[str, t.Any], option: str, lowest: int) -> int:
    text = str(options[option]).strip()
    if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= _LONGEST:
        raise InputError(f"{option}: {options[option]!r} is not allowed; allowed are {lowest} to {_LONGEST} days")
    return int(text)


def _parse_names(names: t.Iterable[str]) -> frozenset[str]:
    """Parse exact names: a pattern would accept users that nobody thought of."""
    found = frozenset(names)
    patterns = sorted(name for name in found if "*" in name or "?" in name)
    if patterns:
        raise InputError(f"accept_ses_smtp_users: {patterns[0]!r} is not allowed; allowed are names of users")
    return found


def _check_order(declared: Declared) -> None:
    if declared.deactivate_after < declared.notify_after:
        raise InputError(
            f"deactivate_after_days: {declared.deactivate_after} is not allowed; allowed are notify_after_days "
            f"({declared.notify_after}) or more"
        )
    if declared.delete_after is not None and declared.delete_after < declared.deactivate_after:
        raise InputError(
            f"delete_after_days: {declared.delete_after} is not allowed; allowed are deactivate_after_days "
            f"({declared.deactivate_after}) or more"
        )
