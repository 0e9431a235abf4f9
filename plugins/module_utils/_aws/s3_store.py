# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reports, plans and journals below a prefix of an S3 bucket."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from datetime import datetime

from . import sdk
from .access import Access
from .errors import AwsError, Conflict, InvalidRequest, NotFound, Unparsable, translate
from .fence import PrefixFence
from .options import AccessOptions
from .patience import Patience

_LOCATION: t.Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/(?P<prefix>.*))?")
# A bucket with Object Lock takes no object without a checksum. botocore sends one by itself unless it is configured not
# to (AWS_REQUEST_CHECKSUM_CALCULATION), so it is asked for one. SHA-256 needs no library besides Python's own:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html#object-lock-put-object
_CHECKSUM: t.Final = {"ChecksumAlgorithm": "SHA256"}
# In this mode nobody can delete a version before its time, not even the root user of the account.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes
_LOCK: t.Final = {"ObjectLockMode": "COMPLIANCE"}
# No file of CloudTrail or of this collection has as much.
_MOST_BYTES: t.Final = 512 * 1024 * 1024
_EXISTS: t.Final = "PreconditionFailed"
_RACE: t.Final = "ConditionalRequestConflict"
_CONFLICTS: t.Final = frozenset({_EXISTS, _RACE, "NoSuchKey"})
# No object has this ETag.
_STALE: t.Final = f'"{"0" * 32}"'
_PROBE: t.Final = b"Tests whether this place keeps to the conditions of writes.\n"


class S3Store:
    """Small objects at ``s3://bucket/prefix``, through a client that can do nothing but put, get and list there.

    ``option`` is the option that names the place, for messages. Objects are encrypted with the KMS key ``kms_key_id``
    where one is given, else as the bucket says. With ``lock_until`` nobody can delete or change what was written before
    that moment. It works in check mode as well: reports and plans leave then too.

    :raises AwsError: the location or the options can't work.
    """

    def __init__(
        self,
        location: str,
        options: AccessOptions,
        *,
        kms_key_id: t.Optional[str] = None,
        option: str = "",
        lock_until: t.Optional[datetime] = None,
        patience: t.Optional[Patience] = None,
    ) -> None:
        match = _LOCATION.fullmatch(location)
        if not match:
            place = f"{option}: " if option else ""
            raise InvalidRequest(f"{place}{location!r} is not a place in S3, such as s3://bucket/prefix")
        self._bucket = match["bucket"]
        prefix = (match["prefix"] or "").strip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self.identity = f"{options.endpoint_url or ''} {self._bucket}/{self._prefix}"
        self.location = f"s3://{self._bucket}/{prefix}".rstrip("/")
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}
        self._lock = {**_LOCK, "ObjectLockRetainUntilDate": lock_until} if lock_until else {}
        self._access = Access(
            options,
            operations=PrefixFence.OPERATIONS,
            check_mode=False,
            fence=PrefixFence(self._bucket, self._prefix),
            patience=patience,
        )

    def put(self, key: str, content: bytes) -> str:
        """Write ``content``; returns the location of the object. Raises AwsError."""
        self._put(key, content)
        return self._object_location(key)

    def put_new(self, key: str, content: bytes) -> str:
        """Like :meth:`put`, but never over an object that is there. Raises AwsError."""
        try:
            self._put(key, content, IfNoneMatch="*")
        except AwsError as error:
            # A put that took effect, while its answer was lost, is repeated by botocore and then meets its own object.
            if error.code != _EXISTS or self.get(key) != content:
                raise
        return self._object_location(key)

    def get(self, key: str) -> t.Optional[bytes]:
        """The content, or None where there is no such object. Raises AwsError."""
        found = self.get_dated(key)
        return None if found is None else found[0]

    def get_dated(self, key: str) -> t.Optional[tuple[bytes, datetime]]:
        """The content and the time at which S3 says that it was written, which no writer can choose. Raises AwsError.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
        """
        found = self._read(key)
        return None if found is None else (found[0], found[1]["LastModified"])

    def _read(self, key: str) -> t.Optional[tuple[bytes, Mapping[str, t.Any]]]:
        """The content of an object and the rest of the answer; None where there is no such object.

        Others may write to a bucket with log files: of an object that is larger than any file of CloudTrail or of this
        collection only the start is read, which is no file that anybody believes.
        """
        try:
            answer = self._access.call("s3", "GetObject", {"Bucket": self._bucket, "Key": self._prefix + key})
            content = answer["Body"].read(_MOST_BYTES)
            # Only a read to the end notices that the connection broke.
            return content if len(content) == _MOST_BYTES else content + answer["Body"].read(), answer
        except NotFound as error:
            if error.code == "NoSuchKey":
                return None
            raise
        except sdk.BotoCoreError as error:
            # The connection broke while the body was read, which is after the call.
            raise translate(error, "s3", "GetObject", self._access.region) from None

    def get_versioned(self, key: str) -> t.Optional[tuple[bytes, str, datetime]]:
        """The content, its ETag, which changes with every write, and when S3 says that it was written.

        Raises AwsError.
        """
        found = self._read(key)
        return None if found is None else (found[0], found[1]["ETag"], found[1]["LastModified"])

    def read_clock(self) -> datetime:
        """The time of S3, by its last answer to this store. Raises Unparsable: no answer had a date.

        https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html
        """
        now = self._access.read_clock()
        if now is None:
            raise Unparsable("no answer has a date, so the time by its clock is not known", service="s3")
        return now

    def find_ignored_condition(self, key: str) -> str:
        """Find a condition of a write that the place ignores, as a clause; empty if it keeps to both.

        The first write makes the object where it is missing. S3 answers 412 to a condition that is not met, and 409 to
        a write that meets another one. Some services that are called compatible answer 200, and write:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html

        :raises AwsError: that can't be found out.
        """
        if not any(self._refuses(key, IfNoneMatch="*") for _attempt in range(2)):
            return "it writes over an object that exists, although If-None-Match forbids it"
        if not self._refuses(key, IfMatch=_STALE):
            return "it writes over an object with another ETag than If-Match asks for"
        return ""

    def _refuses(self, key: str, **conditions: str) -> bool:
        try:
            self._put(key, _PROBE, **conditions)
            return False
        except AwsError as error:
            if error.code not in (_EXISTS, _RACE):
                raise
            return True

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        """Write ``content`` if the object still has the ETag ``version``, or does not exist where that is None.

        Returns the new ETag.
        S3 answers 412 where it has not, 409 where two write at once, and 404 where the object is gone:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html

        :raises Conflict: somebody else was quicker.
        :raises AwsError: it can't be written.
        """
        conditions = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        try:
            return self._put(key, content, **conditions)
        except AwsError as error:
            if error.code not in _CONFLICTS:
                raise
            # As for put_new: it may be this very content that a first attempt wrote, whose answer was lost.
            found = self.get_versioned(key)
            if found is None or found[0] != content:
                raise Conflict(str(error), code=error.code, service="s3", operation="PutObject") from None
            return found[1]

    def list(self, prefix: str = "") -> list[str]:
        """The keys below ``prefix`` in ascending order. Raises AwsError."""
        return list(self.list_versioned(prefix))

    def list_versioned(self, prefix: str = "") -> dict[str, str]:
        """The same keys with their ETags, which S3 lists with them. Raises AwsError.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
        """
        parameters = {"Bucket": self._bucket, "Prefix": self._prefix + prefix}
        objects = self._access.items("s3", "ListObjectsV2", "Contents", parameters)
        return dict(sorted((entry["Key"].removeprefix(self._prefix), entry["ETag"]) for entry in objects))

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        """The names that keys below ``prefix`` go on with up to the next slash, in order. Raises AwsError."""
        start = self._prefix + prefix
        parameters = {"Bucket": self._bucket, "Prefix": start, "Delimiter": "/"}
        found = self._access.items("s3", "ListObjectsV2", "CommonPrefixes", parameters)
        return tuple(sorted(entry["Prefix"].removeprefix(start).rstrip("/") for entry in found))

    def _put(self, key: str, content: bytes, **conditions: str) -> str:
        """Write an object; returns its ETag."""
        parameters: dict[str, t.Any] = {"Bucket": self._bucket, "Key": self._prefix + key, "Body": content}
        parameters |= {**_CHECKSUM, **self._encryption, **self._lock, **conditions}
        return str(self._access.call("s3", "PutObject", parameters)["ETag"])

    def _object_location(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{key}"
