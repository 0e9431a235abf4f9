# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The shape of an event: all that the permissions depend on which it needed.

Most events repeat what an earlier one did, but for identifiers that decide nothing: the name of a session, the context
of an encryption, a token. An event with the shape of an earlier one needed the same permissions.
"""

from __future__ import annotations

import marshal
import re
import typing as t
from collections.abc import Callable, Collection, Mapping

from ..evaluation.context import Context
from ..evaluation.pass_role import find_passed_role
from .callers import Record, access_key, long_term_key
from .context import Keys, list_parameters_of_keys, make_fingerprint, read_base
from .parameters import SEARCHED

# A request that is larger than this is not kept.
_LARGEST: t.Final = 4096
# marshal writes no references to earlier values in this version, so that equal values give equal bytes.
_PLAIN: t.Final = 2
# Parameters that hold a lot, and of which nothing but their own names and ARNs could decide. See parameters.py.
_NEVER_READ: t.Final = frozenset({"encryptioncontext", "filter", "filters", "filterset"})
_S3: t.Final = "s3.amazonaws.com"
_COPY_SOURCE: t.Final = "x-amz-copy-source"
# Names without wildcards, variables and blanks. Those of access points are ARNs or end with a suffix of their own.
_PLAIN_NAME: t.Final = re.compile(r"[a-z0-9.-]{3,63}")
_PLAIN_OBJECT: t.Final = re.compile(r"[A-Za-z0-9_.=/-]{1,1024}")
# No name of an object, so that no event has it by itself.
_ANY_OBJECT: t.Final = True
_OMITTED: t.Final = "omitted"
# The parts of the names of parameters that hold a key of KMS, as in further.py.
_KEY_OF_KMS: t.Final = ("kms-key", "kmskey", "kmsmaster", "ssekms", "encryptionkey")
_MOST_BASES: t.Final = 10_000
# Names of parameters that are remembered of the events of one name.
_MOST_PARAMETERS: t.Final = 1000
# Whether a parameter decides: never, unless it is an ARN; if it holds others; or always.
_IF_ARN, _IF_NESTED, _ALWAYS = range(3)


class _Asked:
    """The parameters that decide of the events of one name: those that were looked up before."""

    __slots__ = ("_known", "names")

    def __init__(self) -> None:
        self.names: t.Final[set[str]] = set()
        self._known: t.Final[dict[t.Any, int]] = {}

    def update(self, names: Collection[str]) -> None:
        if not self.names.issuperset(names):
            self.names.update(names)
            self._known.clear()

    def may_decide(self, name: t.Any, value: t.Any, others: frozenset[str]) -> bool:
        """Whether a parameter may decide. ``others`` are names of those that do for all events."""
        when = self._known.get(name)
        if when is None:
            when = self._find_when(str(name).lower(), others)
            if len(self._known) < _MOST_PARAMETERS:
                self._known[name] = when
        if when == _ALWAYS:
            return True
        if isinstance(value, str):
            return value.startswith("arn:")
        return when == _IF_NESTED and isinstance(value, (dict, list))

    def _find_when(self, name: str, others: frozenset[str]) -> int:
        if name in self.names or name in others or name == _OMITTED or any(part in name for part in _KEY_OF_KMS):
            return _ALWAYS
        return _IF_NESTED if SEARCHED in self.names and name not in _NEVER_READ else _IF_ARN


class ShapeReader:
    """Reads the shape of events.

    It learns which parameters decide: those that were looked up for an event of the same name before. A value that
    nothing looked up can't have decided, and an equal answer to each look-up leads to the same permissions.
    """

    def __init__(self, keys: Keys, session_tags: Mapping[str, Mapping[str, str]], *, is_detailed: bool) -> None:
        self._keys: t.Final = keys
        self._fingerprint: t.Final[Callable[[Record], t.Hashable]] = make_fingerprint(keys)
        self._context_parameters: t.Final = list_parameters_of_keys(keys)
        self._session_tags: t.Final = session_tags
        self._is_detailed: t.Final = is_detailed
        self._bases: t.Final[dict[t.Hashable, Context]] = {}
        # By the source and the name of events; None where all of a request may decide.
        self._asked: t.Final[dict[tuple[str, str], t.Optional[_Asked]]] = {}

    def learn(self, record: Record, asked: Collection[str], actions: Collection[str]) -> None:
        """Learn from an event, the permissions of which were found, what was looked up."""
        name = (record["eventSource"], record["eventName"])
        if any(find_passed_role(action) is not None for action in actions):
            self._asked[name] = None
        known = self._asked.setdefault(name, _Asked())
        if known is not None:
            known.update(asked)

    def read(self, record: Record, caller: str) -> tuple[t.Hashable, str]:
        """The shape of an event, and the name of the object in it. The shape is None for one that is not to be kept.

        Events about objects of one bucket have the same shape: the name goes into ARNs, and decides nothing else. Of
        the caller only the partition decides, but for users: some of their calls are about themselves.
        """
        get, identity = record.get, record["userIdentity"]
        source, name = record["eventSource"], record["eventName"]
        given, resources = get("requestParameters"), get("resources")
        key = _find_object(given, resources) if source == _S3 else ""
        if key and given is not None:
            given = {**given, "key": _ANY_OBJECT}
            resources = [_without_object(resource, key) for resource in resources or ()]
        try:
            request = self._read_request(given, self._asked.get((source, name)))
            listed = marshal.dumps(resources, _PLAIN)
        except ValueError:
            return None, ""
        if request is None or len(listed) > _LARGEST:
            return None, ""
        arn, data = identity.get("arn"), get("additionalEventData")
        kind = identity.get("type")
        shape = (
            caller if kind == "IAMUser" else caller[:16],
            source,
            name,
            request,
            listed,
            get("awsRegion"),
            get("recipientAccountId"),
            get("readOnly") is True,
            get("responseElements") is None,
            data.get("SSEApplied") if isinstance(data, dict) else None,
            kind,
            arn[:16] if isinstance(arn, str) else arn,
            long_term_key(identity),
            (identity.get("invokedBy"), get("errorCode")) if self._is_detailed else None,
            self._fingerprint(record),
            self._read_session(identity),
        )
        return shape, key

    def read_base(self, record: Record) -> Context:
        """The condition keys that an event shows of its origin and its caller. Equal ones are the same object."""
        session = self._read_session(record["userIdentity"])
        known = (self._fingerprint(record), record.get("awsRegion"), session)
        try:
            found = self._bases.get(known)
        except TypeError:
            return read_base(record, self._keys, self._session_tags.get(session, {}))
        if found is None:
            if len(self._bases) >= _MOST_BASES:
                self._bases.clear()
            found = self._bases[known] = read_base(record, self._keys, self._session_tags.get(session, {}))
        return found

    def _read_session(self, identity: Record) -> str:
        key = access_key(identity) if self._session_tags else ""
        return key if key in self._session_tags else ""

    def _read_request(self, request: t.Any, asked: t.Optional[_Asked]) -> t.Optional[bytes]:
        """What of a request may decide; None if it is too large to keep."""
        if asked is not None and isinstance(request, dict):
            others = self._context_parameters
            request = [pair for pair in request.items() if asked.may_decide(*pair, others)]
        found = marshal.dumps(request, _PLAIN)
        return found if len(found) <= _LARGEST else None


def _find_object(request: t.Any, resources: t.Any) -> str:
    """The name of the object that a request to S3 is about, if it is plain; empty where it might decide something."""
    if not isinstance(request, dict) or not isinstance(resources, (list, type(None))):
        return ""
    bucket, key = request.get("bucketName"), request.get("key")
    if not (isinstance(bucket, str) and isinstance(key, str)) or _COPY_SOURCE in request:
        return ""
    return key if _PLAIN_NAME.fullmatch(bucket) and _PLAIN_OBJECT.fullmatch(key) else ""


def _without_object(resource: t.Any, key: str) -> t.Any:
    arn = resource.get("ARN") if isinstance(resource, dict) else None
    if isinstance(arn, str) and arn.endswith(f"/{key}"):
        return {**resource, "ARN": arn[: -len(key)]}
    return resource
