# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A signal: what is left of an event. It has an account, a subject of our own tables, and nothing that could be text.

A stranger may have chosen every byte of an event. A signal therefore keeps the few facts that a plan needs, and each of
them has a form: 12 digits, a name from our tables, a hash, a moment, the id of a key or the name of a user.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import functools
import hashlib
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime

from .._account.moments import format_utc, parse_moment
from .._controls.registry import all_controls

_ACCOUNT: t.Final = re.compile(r"[0-9]{12}", re.ASCII)
_DIGEST: t.Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_KEY_ID: t.Final = re.compile(r"A(?:KIA|SIA)[A-Z0-9]{12,124}", re.ASCII)
_USER: t.Final = re.compile(r"user/[\w+=,.@-]{1,64}", re.ASCII)
_SESSION: t.Final = re.compile(
    r"session/[\w+=,.@-]{1,64}/[\w+=,.@-]{2,64}/(?:ASIA[A-Z0-9]{12,124})?", re.ASCII
)  # The names of the role and of the session, and the id of its key if that is known.
_LONGEST_MOMENT: t.Final = 40
# The 16 letters behind the prefix are 80 bits: one for the format, 40 of the account, and others.
_CODED: t.Final = re.compile(r"A(?:KIA|SIA)([A-Z2-7]{16})", re.ASCII)
_BEHIND_ACCOUNT: t.Final = 39
_BITS_OF_ACCOUNT: t.Final = 40

QUARANTINE: t.Final = "aws_quarantine"
EXPOSED: t.Final = "exposed_credential"
SIGN_IN: t.Final = "sign_in_anomaly"


class Kind(enum.StrEnum):
    """What an event is about. Each kind has its own part of the hourly number of plans."""

    CREDENTIAL = "credential"
    SUSPICION = "suspicion"
    CONTROL = "control"


# What GuardDuty calls the purpose of a threat, in the types of findings about IAM:
# https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
_PURPOSES: t.Final[Mapping[str, Kind]] = {
    "AttackSequence": Kind.CREDENTIAL,
    "CredentialAccess": Kind.CREDENTIAL,
    "Exfiltration": Kind.CREDENTIAL,
    "UnauthorizedAccess": Kind.CREDENTIAL,
    "DefenseEvasion": Kind.SUSPICION,
    "Discovery": Kind.SUSPICION,
    "Impact": Kind.SUSPICION,
    "InitialAccess": Kind.SUSPICION,
    "PenTest": Kind.SUSPICION,
    "Persistence": Kind.SUSPICION,
    "Policy": Kind.SUSPICION,
    "PrivilegeEscalation": Kind.SUSPICION,
    "Recon": Kind.SUSPICION,
    "Stealth": Kind.SUSPICION,
}


def name_threat(purpose: str) -> str:
    """The subject of a threat's purpose; empty where GuardDuty has no such purpose for IAM."""
    return f"guardduty_{purpose}" if purpose in _PURPOSES else ""


def _make_subjects() -> dict[str, Kind]:
    controls = {name for control in all_controls() for name in control.compliance.get("security_hub", ())}
    return {
        QUARANTINE: Kind.CREDENTIAL,
        EXPOSED: Kind.CREDENTIAL,
        SIGN_IN: Kind.SUSPICION,
        **{name_threat(purpose): kind for purpose, kind in _PURPOSES.items()},
        **dict.fromkeys(sorted(controls), Kind.CONTROL),
    }


#: Everything that an event can be about, with its kind: our names, and the controls of Security Hub in our catalogue.
SUBJECTS: t.Final[Mapping[str, Kind]] = _make_subjects()


class Origin(enum.IntEnum):
    """Whether a credential is of the account that an event names. A higher one is believed less."""

    SAME = 0
    UNKNOWN = 1
    OTHER = 2


@functools.lru_cache(maxsize=4096)
def find_origin(account_id: str, credential: str) -> Origin:
    """Whether the id of a key says that the key is of an account. Names of users and ids of older keys say nothing.

    Anybody can make up an id of any account, so ``SAME`` proves nothing. Nor would a call: ``sts:GetAccessKeyInfo``
    answers for ids that were made up as well.
    https://awsteele.com/blog/2020/09/26/aws-access-key-format.html,
    https://labs.withsecure.com/publications/a-bitwise-analysis-of-aws-access-key-identifiers.html
    """
    key = credential.rpartition("/")[2] if credential.startswith("session/") else credential
    found = _CODED.fullmatch(key)
    number = int.from_bytes(base64.b32decode(found[1]), "big") >> _BEHIND_ACCOUNT if found else 0
    if not number >> _BITS_OF_ACCOUNT:
        return Origin.UNKNOWN
    return Origin.SAME if number % (1 << _BITS_OF_ACCOUNT) == int(account_id) else Origin.OTHER


def hash_resource(text: str) -> str:
    """The hash by which a resource or a caller is recognised again."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


@dataclasses.dataclass(frozen=True)
class Signal:
    """What an event says: ``subject`` is wrong with a resource of an account, since the moment ``at``.

    ``resource`` is a hash. ``credential`` is what :func:`as_credential` lets through, or empty.
    ``caller`` is the hash of the role or user that made the call, if the event is one.
    """

    account_id: str
    subject: str
    resource: str
    at: datetime
    credential: str = ""
    caller: str = ""

    @property
    def kind(self) -> Kind:
        return SUBJECTS[self.subject]

    @property
    def origin(self) -> Origin:
        """Whether its credential is of its account."""
        return find_origin(self.account_id, self.credential)

    def as_dict(self) -> dict[str, str]:
        """The signal in JSON, which :meth:`from_dict` reads."""
        return {**dataclasses.asdict(self), "at": format_utc(self.at)}

    @classmethod
    def from_dict(cls, value: t.Any) -> t.Self:
        """A signal that somebody hands over, who may be a stranger as well. Raises ValueError: it is malformed."""
        names = {field.name for field in dataclasses.fields(cls)}
        if (
            not isinstance(value, Mapping)
            or set(value) - names
            or not all(isinstance(value[key], str) for key in value)
        ):
            raise ValueError("a signal is malformed")
        return cls(
            account_id=_match(_ACCOUNT, value.get("account_id")),
            subject=_match_subject(value.get("subject")),
            resource=_match(_DIGEST, value.get("resource")),
            at=read_moment(value.get("at")),
            credential=as_credential(value.get("credential")),
            caller=_match(_DIGEST, value["caller"]) if value.get("caller") else "",
        )


def is_account_id(value: t.Any) -> bool:
    """Whether a value is the text of an account id."""
    return isinstance(value, str) and _ACCOUNT.fullmatch(value) is not None


def read_moment(value: t.Any) -> datetime:
    """A moment that a stranger wrote. Raises ValueError: it is none."""
    if not isinstance(value, str) or len(value) > _LONGEST_MOMENT:
        raise ValueError("the time is malformed")
    return parse_moment(value)


def as_credential(value: t.Any) -> str:
    """The id of an access key, ``user/name``, or ``session/role/name/key`` with or without a key; else empty."""
    is_one = isinstance(value, str) and any(form.fullmatch(value) for form in (_KEY_ID, _USER, _SESSION))
    return str(value) if is_one else ""


def _match(pattern: re.Pattern[str], value: t.Any) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("a signal is malformed")
    return value


def _match_subject(value: t.Any) -> str:
    if value not in SUBJECTS:
        raise ValueError("a signal has an unknown subject")
    return str(value)
