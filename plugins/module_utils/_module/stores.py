# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Where files of a run are kept: directories of the controller, and S3."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable
from datetime import datetime

from .._aws.errors import AwsError
from .._aws.options import AccessOptions
from .._aws.s3_store import S3Store
from .._converge.store import DirectoryStore, Store, StoreError
from .options import StoreOptions

P = t.ParamSpec("P")
V = t.TypeVar("V")


def open_store(place: StoreOptions, options: Callable[[], AccessOptions]) -> Store:
    """The directory, or the place in S3 with the credentials of the controller.

    Its own role is assumed for a place in S3; the account's roles are not, since reports outlive an account.
    ``options`` are asked for where they are used: a directory needs no AWS.

    :raises AwsError: the place or the options can't work.
    """
    if not place.location.startswith("s3://"):
        return DirectoryStore(place.location)
    plain = dataclasses.replace(options(), assume_role_arn=place.role_arn or None, assessor_role_arn=None)
    return _S3StoreWithErrors(S3Store(place.location, plain, kms_key_id=place.kms_key_id))


class _S3StoreWithErrors:
    """S3 as a :class:`Store`: the typed errors of ``_aws`` become the one error that the protocol knows."""

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self.location = store.location

    def put(self, key: str, content: bytes) -> str:
        return self._translate_errors(self._store.put, key, content)

    def put_new(self, key: str, content: bytes) -> str:
        return self._translate_errors(self._store.put_new, key, content)

    def get(self, key: str) -> t.Optional[bytes]:
        return self._translate_errors(self._store.get, key)

    def get_dated(self, key: str) -> t.Optional[tuple[bytes, datetime]]:
        return self._translate_errors(self._store.get_dated, key)

    def list(self, prefix: str = "") -> list[str]:
        return self._translate_errors(self._store.list, prefix)

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        return self._translate_errors(self._store.folders, prefix)

    def _translate_errors(self, call: Callable[P, V], *arguments: P.args, **keywords: P.kwargs) -> V:
        try:
            return call(*arguments, **keywords)
        except AwsError as error:
            raise StoreError(f"{self.location}: {error}") from error
