# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The answers of AWS on a tape: recorded by a run that reads, and played back with no call at all.

A simulation runs the same modules on the recorded answers, so its plans are those of the same modules in check mode.
A call that was not recorded has no answer: it is named, never guessed.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import threading
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime

from . import errors as kinds
from .errors import AwsError, NotRecorded

Answer = dict[str, t.Any]
Entries = dict[str, dict[str, t.Any]]

#: Services that no tape knows: what :class:`~.access.Access` found out, and places of files.
FACTS: t.Final = "access"
FILES: t.Final = "files"

# No answer that could hold a secret is ever recorded: by the operation, and by the names of its members.
_SECRET_OPERATIONS: t.Final = frozenset(
    {
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:AssumeRoot",
        "sts:GetFederationToken",
        "sts:GetSessionToken",
    }
)
_SECRET_MEMBERS: t.Final = frozenset(
    {
        "Base32StringSeed",
        "Credentials",
        "Password",
        "PrivateKey",
        "QRCodePNG",
        "SecretAccessKey",
        "SecretBinary",
        "SecretString",
        "ServiceApiKeyValue",
        "ServiceCredentialSecret",
        "ServicePassword",
        "SessionToken",
    }
)
# Members that are left out of answers, since people keep secrets there: what they hand to the targets of their own
# rules (EventBridge), and the settings of their functions, containers, jobs and state machines.
_LEFT_OUT: t.Final = frozenset(
    {
        "CodeGenConfigurationNodes",
        "DefaultArguments",
        "Environment",
        "GraphQLOperation",
        "HttpParameters",
        "NonOverridableArguments",
        "Sql",
        "Sqls",
        "containerDefinitions",
        "containerOverrides",
        "definition",
        "variableReferences",
        "UserData",
    }
)
# Members of answers of SNS that are left out if they are no ARN: the URL of a subscriber may be its password.
_ADDRESS: t.Final = "Endpoint"
# The texts of events have the session tokens that AWS returned.
_EVENT: t.Final = "CloudTrailEvent"
_TOKEN: t.Final = re.compile(r'("sessionToken"\s*:\s*)"(?:[^"\\]|\\.)*"')
_HAVE_FOREIGN: t.Final = frozenset({"cloudtrail", "ecs", "events", "glue", "lambda", "sns", "stepfunctions"})
# A tape longer than this records no more: the files of a trail may be gigabytes.
LONGEST: t.Final = 16 * 1024 * 1024
_MARK: t.Final = "$"
_ERRORS: t.Final = {kind.__name__: kind for kind in vars(kinds).values() if isinstance(kind, type)}


@dataclasses.dataclass(frozen=True)
class Call:
    """One call: ``role`` is the role that makes it, empty where the owner of the credentials does."""

    role: str
    service: str
    operation: str
    region: str = ""
    parameters: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def key(self) -> str:
        """The hash by which the answer is found. Parameters are kept nowhere else."""
        parts = [self.role, self.service, self.operation, self.region, encode(self.parameters)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """The call for people, without its parameters."""
        return f"{self.service}:{self.operation}" + (f" in {self.region}" if self.region else "")


class Tape(t.Protocol):
    """A recorder or a player of answers. Threads may share an instance."""

    def play(self, call: Call, send: Callable[[], Answer]) -> Answer:
        """The answer to ``call``, which ``send`` makes. Raises AwsError."""


class Recorder:
    """A tape that is written: it makes each call, and keeps the last answer to it, or its error."""

    def __init__(self) -> None:
        self.entries: Entries = {}
        self._lock = threading.Lock()
        self._length = 0

    def play(self, call: Call, send: Callable[[], Answer]) -> Answer:
        try:
            answer = send()
        except AwsError as error:
            self._keep(call, {"error": _describe_error(error)})
            raise
        if f"{call.service}:{call.operation}" not in _SECRET_OPERATIONS and not _has_secret(answer):
            self._keep(call, {"answer": encode(_leave_out(answer) if call.service in _HAVE_FOREIGN else answer)})
        return answer

    def _keep(self, call: Call, outcome: dict[str, t.Any]) -> None:
        entry = {"call": call.name, **outcome}
        length = len(json.dumps(entry))
        with self._lock:
            # The last answer counts: a report that AWS was still making is there in the end.
            if self._length + length <= LONGEST:
                self._length += length
                self.entries[call.key] = entry
            else:
                self.entries.pop(call.key, None)


class Player:
    """A tape that is read: it calls nothing.

    ``missed`` are the calls that it has no answer to, and ``calls`` is the number of all calls to AWS.
    """

    def __init__(self, entries: Mapping[str, Mapping[str, t.Any]]) -> None:
        self._entries = entries
        self._lock = threading.Lock()
        self._missed: set[str] = set()
        self.calls = 0

    @property
    def missed(self) -> tuple[str, ...]:
        """The calls without an answer, each by its name."""
        return tuple(sorted(self._missed))

    def play(self, call: Call, _send: Callable[[], Answer]) -> Answer:
        entry = self._entries.get(call.key)
        with self._lock:
            self.calls += call.service != FILES
            if entry is None:
                self._missed.add(call.name)
        if entry is None:
            raise NotRecorded(
                "the snapshot has no answer to this call: it was not read",
                code="NotRecorded",
                service=call.service,
                operation=call.operation,
                region=call.region or None,
            )
        if "error" in entry:
            raise _make_error(entry["error"])
        answer: Answer = decode(entry["answer"])
        return answer


def encode(value: t.Any) -> t.Any:
    """``value`` as plain JSON.

    :raises TypeError: it holds something that AWS's answers do not.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime):
        return {f"{_MARK}time": value.isoformat()}
    if isinstance(value, (bytes, bytearray)):
        return {f"{_MARK}bytes": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        encoded = {str(name): encode(item) for name, item in value.items()}
        # Documents of policies have the names that people gave them.
        has_mark = any(name.startswith(_MARK) for name in encoded)
        return {f"{_MARK}map": encoded} if has_mark else encoded
    raise TypeError(f"a {type(value).__name__} can't be recorded")


def decode(value: t.Any) -> t.Any:
    """What :func:`encode` made ``value`` of, as new objects. Raises ValueError: it is malformed."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, inner),) = value.items()
        if name == f"{_MARK}time":
            return datetime.fromisoformat(inner)
        if name == f"{_MARK}bytes":
            return base64.b64decode(inner, validate=True)
        if name == f"{_MARK}map":
            return {member: decode(item) for member, item in inner.items()}
    return {name: decode(item) for name, item in value.items()}


def _leave_out(answer: t.Any) -> t.Any:
    if isinstance(answer, Mapping):
        kept = {name: _leave_out(item) for name, item in answer.items() if not _is_left_out(name, item)}
        return {**kept, _EVENT: _TOKEN.sub(r'\1""', str(kept[_EVENT]))} if _EVENT in kept else kept
    return [_leave_out(item) for item in answer] if isinstance(answer, (list, tuple)) else answer


def _is_left_out(name: str, value: t.Any) -> bool:
    return name in _LEFT_OUT or (name == _ADDRESS and not str(value).startswith("arn:"))


def _has_secret(answer: t.Any) -> bool:
    """Whether a member of an answer is named like a secret, at any depth."""
    if isinstance(answer, Mapping):
        return any(name in _SECRET_MEMBERS or _has_secret(item) for name, item in answer.items())
    return isinstance(answer, (list, tuple)) and any(map(_has_secret, answer))


def _describe_error(error: AwsError) -> dict[str, t.Any]:
    kept = {name: getattr(error, name) for name in ("message", "code", "service", "operation", "region")}
    return {"kind": type(error).__name__, **kept}


def _make_error(described: Mapping[str, t.Any]) -> AwsError:
    """The error that was recorded; one of a kind that this version does not know is an AwsError."""
    kind = _ERRORS.get(described["kind"], AwsError)
    known = kind if issubclass(kind, AwsError) else AwsError
    details = {name: described[name] for name in ("code", "service", "operation", "region")}
    return known(described["message"], **details)
