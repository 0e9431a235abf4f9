# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A CloudTrail event as the hunt for a credential sees it.

Intruders choose session names, user agents and most parameters, and may write to the place of log files. So any member
of a record may be missing, of another type, or hostile text. Nothing here is cleaned: outputs do that.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import types
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime

from ..documents.arn import arn_parts
from ..trail.callers import moment_of, unique_id_of

Record = Mapping[str, t.Any]
_NOTHING: t.Final[Record] = types.MappingProxyType({})
# AWS's longest texts of these members have 1,024 characters. A forged record may have longer ones.
_LONGEST: t.Final = 2048
#: CloudTrail began in 2013: an earlier time is forged. So is a time that leaves no room for a sum with it.
EARLIEST: t.Final = datetime(2013, 1, 2, tzinfo=UTC)
_LATEST: t.Final = datetime(9000, 1, 1, tzinfo=UTC)


class Caller(enum.StrEnum):
    """What made a call."""

    USER = "user"
    ROLE = "role"
    ROOT = "root"
    #: A caller of another account, in the event that the owner of the resource gets. It shows no ARN.
    ACCOUNT = "account"
    SERVICE = "service"
    #: A token of an identity provider, which opens a session.
    FEDERATED = "federated"
    IDENTITY_CENTER = "identity_center"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where a record was read: the place, the file in it, and the number of the record in the file, from 1 on.

    Of the event history the file is the region, and the number that of the event in the answers.
    """

    place: str = ""
    file: str = ""
    line: int = 0


@dataclasses.dataclass(frozen=True)
class Event:
    """One event. Texts that the record does not have are empty.

    ``account_id`` is the account that received the event, ``caller_account_id`` the caller's. ``principal_arn`` is the
    ARN of a user, a role or a root user; ``principal_id`` its unique id (``AIDA…``, ``AROA…``). ``source`` is the
    service's name, such as ``sts.amazonaws.com``. ``on_behalf_of`` is the id of a user of Identity Center.
    ``sha256`` is the hash of the record, see :func:`hash_record`. A record may say neither that the call only reads nor
    that it writes.
    """

    event_id: str
    time: datetime
    account_id: str
    region: str
    source: str
    name: str
    shared_event_id: str = ""
    caller: Caller = Caller.UNKNOWN
    caller_account_id: str = ""
    principal_arn: str = ""
    principal_id: str = ""
    session_name: str = ""
    access_key_id: str = ""
    source_identity: str = ""
    on_behalf_of: str = ""
    invoked_by: str = ""
    source_address: str = ""
    user_agent: str = ""
    error_code: str = ""
    is_read_only: bool = False
    is_marked_write: bool = False
    request: Record = dataclasses.field(default_factory=dict, hash=False)
    response: Record = dataclasses.field(default_factory=dict, hash=False)
    additional: Record = dataclasses.field(default_factory=dict, hash=False)
    sha256: str = ""
    origin: Origin = Origin()

    @property
    def service(self) -> str:
        """The first part of the service's name: ``sts``."""
        return self.source.partition(".")[0]

    @property
    def is_failed(self) -> bool:
        """Whether the call failed. It shows an intent all the same."""
        return bool(self.error_code)


def parse_event(record: t.Any, origin: Origin = Origin()) -> t.Optional[Event]:
    """Parse a record; None if it is no event, or shows neither a time nor what was called."""
    moment = _moment(record)
    if moment is None or not isinstance(record, Mapping):
        return None
    source, name = _text(record, "eventSource"), _text(record, "eventName")
    if not source or not name:
        return None
    sha256 = hash_record(record)
    identity = _mapping(record, "userIdentity")
    caller, arn = _find_principal(identity)
    account_id = _text(record, "recipientAccountId") or _text(identity, "accountId")
    session = _mapping(identity, "sessionContext")
    return Event(
        event_id=_text(record, "eventID") or sha256,
        time=moment,
        account_id=account_id,
        region=_text(record, "awsRegion"),
        source=source,
        name=name,
        shared_event_id=_text(record, "sharedEventID"),
        caller=caller,
        caller_account_id=_text(identity, "accountId"),
        principal_arn=arn,
        principal_id=_find_id(identity),
        session_name=_find_session_name(identity),
        access_key_id=_text(identity, "accessKeyId"),
        source_identity=_text(session, "sourceIdentity"),
        on_behalf_of=_text(_mapping(identity, "onBehalfOf"), "userId"),
        invoked_by=_text(identity, "invokedBy"),
        source_address=_text(record, "sourceIPAddress"),
        user_agent=_text(record, "userAgent"),
        error_code=_text(record, "errorCode"),
        # CloudTrail's own text files have it as a text, its JSON as a boolean.
        is_read_only=record.get("readOnly") in (True, "true"),
        is_marked_write=record.get("readOnly") in (False, "false"),
        request=_mapping(record, "requestParameters"),
        response=_mapping(record, "responseElements"),
        additional=_mapping(record, "additionalEventData"),
        sha256=sha256,
        origin=origin,
    )


def hash_record(record: t.Any) -> str:
    """Hash a record as JSON with sorted keys and without spaces.

    So an event has the same hash in a log file and in the event history.
    """
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def find_id(record: Record) -> str:
    """Find the id of a record's event: its own, or the hash. Exports for an investigation may lack it."""
    return _text(record, "eventID") or hash_record(record)


def list_mappings(value: t.Any) -> list[Record]:
    """List the mappings in a list of a record, which EC2 wraps in a member ``items``."""
    items = value.get("items") if isinstance(value, Mapping) else value
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _moment(record: t.Any) -> t.Optional[datetime]:
    record = record if type(record) is dict or not isinstance(record, Mapping) else dict(record)
    moment = moment_of(record)
    try:
        found = moment.astimezone(UTC) if moment else None
    except OverflowError:
        # A forged time close to the end of what Python knows.
        return None
    return found if found is not None and EARLIEST <= found < _LATEST else None


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    return value[:_LONGEST] if isinstance(value, str) else ""


def _mapping(record: Record, name: str) -> Record:
    value = record.get(name)
    # Millions of members are looked at, and nearly all are plain dictionaries.
    return value if type(value) is dict or isinstance(value, Mapping) else _NOTHING


def _find_principal(identity: Record) -> tuple[Caller, str]:
    """Find what called, and the ARN of the user, the role or the root user behind it."""
    kind = _text(identity, "type")
    arn = _text(identity, "arn")
    issuer = _text(_mapping(_mapping(identity, "sessionContext"), "sessionIssuer"), "arn")
    if kind == "IAMUser":
        return Caller.USER, arn
    if kind in ("AssumedRole", "Role", "FederatedUser"):
        found = issuer or _derive_issuer(arn) or arn
        return _sort_arn(found), found
    if kind == "Root":
        return Caller.ROOT, arn
    return _OTHER_KINDS.get(kind, Caller.UNKNOWN), ""


_OTHER_KINDS: t.Final[Mapping[str, Caller]] = {
    "AWSAccount": Caller.ACCOUNT,
    "AWSService": Caller.SERVICE,
    "WebIdentityUser": Caller.FEDERATED,
    "SAMLUser": Caller.FEDERATED,
    "IdentityCenterUser": Caller.IDENTITY_CENTER,
}


def _sort_arn(arn: str) -> Caller:
    parts = arn_parts(arn)
    resource = parts.resource if parts else ""
    kind = resource.partition("/")[0]
    return {"user": Caller.USER, "role": Caller.ROLE, "root": Caller.ROOT}.get(kind, Caller.UNKNOWN)


def _derive_issuer(arn: str) -> str:
    """Derive the ARN of a role from that of its session, which lacks the role's path; empty for any other ARN."""
    parts = arn_parts(arn)
    if parts is None or not parts.resource.startswith("assumed-role/"):
        return ""
    return f"arn:{parts.partition}:iam::{parts.account}:role/{parts.resource.split('/')[1]}"


def _find_id(identity: Record) -> str:
    """Find the unique id of the caller; of one with a token of an identity provider, the provider and the subject."""
    shown = _text(identity, "principalId")
    return shown if shown.startswith("arn:") else unique_id_of(identity)


def _find_session_name(identity: Record) -> str:
    """Find the name of a session: the end of ``AROA…:name``, which AWS forms the unique id of a session of."""
    name = _text(identity, "principalId").partition(":")[2]
    kind = _text(identity, "type")
    return name if kind in ("AssumedRole", "Role", "FederatedUser", "AWSAccount") else ""
