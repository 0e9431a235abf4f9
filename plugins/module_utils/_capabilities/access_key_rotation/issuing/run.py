# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The one call that makes an access key: its secret is stored in the same call, or the key is deleted again.

AWS shows the secret of a key once, in the answer to CreateAccessKey. It goes from that answer into PutSecretValue and
nowhere else. The runner, the journal, plans and results only get the ids that :meth:`Issuer.call` returns.
"""

from __future__ import annotations

import json
import time
import traceback
import typing as t
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from ...._account.answer import NO, Answer, Unknown, Yes
from ...._aws.access import Access
from ...._aws.errors import AwsError, NotFound, Throttled, Unparsable, Unreachable
from ...._aws.retries import judge
from ...._converge.capability import Caller
from ...._converge.change import Change
from ...._converge.user_keys import DELETE_KEY
from ..changes import CREATE_KEY, SECRETS, STORE
from ..declared import Fields
from ..model import CURRENT, PENDING, make_version_id
from ..observe import read_secret

# Seconds before each further attempt. All of them together end long before the lease of the account does.
_WAITS: t.Final = (1.0, 2.0, 4.0)
_PASSING: t.Final = (NotFound, Throttled, Unparsable, Unreachable)
# The request may have been done, although nobody knows its answer.
_LOST: t.Final = (Unparsable, Unreachable)
#: The error of a new key that may still be there: nobody has its secret, or nobody knows whether it was stored.
NOT_DELETED: t.Final = "KeyNotDeleted"


class Issuer:
    """AWS for one change that makes an access key. ``user_id`` is the unique id of the user.

    ``secret_id`` is the ARN of the secret where it was there when the plan was made: another one of the same name is
    another secret. Of one that the run has made it is the name.
    """

    def __init__(
        self,
        access: Access,
        change: Change,
        *,
        user_id: str,
        secret_id: str,
        fields: Fields,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._access = access
        self._change = change
        self._user_id = user_id
        self._secret_id = secret_id
        self._fields = fields
        self._sleep = sleep

    @property
    def caller(self) -> Caller:
        """The principal that makes the calls."""
        return self._access.caller

    @property
    def chain(self) -> Sequence[str]:
        """The ARN of every principal on the way to the caller."""
        return self._access.chain

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> dict[str, t.Any]:
        """Make the key and store its secret. Returns the id of the key, and the ARN and version of the secret.

        Whatever goes wrong in between, a signal that ends the task among it, the key is deleted before it is raised,
        unless Secrets Manager may have stored its secret.

        :raises AwsError: there is no new key; with the code ``KeyNotDeleted`` there may be one.
        """
        if (service, operation) != ("iam", CREATE_KEY):
            raise ValueError(f"{service}:{operation} makes no access key")
        whole = self._access.call(service, operation, parameters, region=region)
        answer = whole.pop("AccessKey")
        key_id, secret = str(answer["AccessKeyId"]), str(answer.pop("SecretAccessKey"))
        try:
            return {**whole, "AccessKeyId": key_id, **self._store(key_id, secret)}
        except _PerhapsStoredError as failure:
            raise self._explain_open(key_id, str(failure)) from None
        except AwsError as failure:
            # An error may repeat what was asked.
            why = failure.message.replace(secret, "…").replace(quote(secret, safe=""), "…")
            self._discard(key_id, why)
            raise failure.rephrase(f"{why} (so the new access key was deleted at once)") from None
        # A signal that ends the task, or a lost lease, must not leave a key whose secret nobody has.
        except BaseException as failure:
            self._discard(key_id, type(failure).__name__)
            # A traceback also shows what led to the error.
            if secret in "".join(traceback.format_exception(failure)):
                raise AwsError(
                    f"the secret of a new access key could not be stored: {type(failure).__name__}"
                ) from None
            raise

    def _store(self, key_id: str, secret: str) -> dict[str, str]:
        """Store the secret. The version follows from the id of the key, so a repeated request makes no second one."""
        state = self._change.after
        version = make_version_id(self._change.account_id, self._user_id, key_id)
        request = {
            "SecretId": self._secret_id,
            "ClientRequestToken": version,
            "SecretString": json.dumps({self._fields.key_id: key_id, self._fields.secret: secret}),
            "VersionStages": [CURRENT if state["new_key"]["current"] else PENDING],
        }
        region = str(state["secret_region"])
        is_lost = False
        for wait in (*_WAITS, None):
            try:
                stored = self._access.call(SECRETS, STORE, request, region=region)
                return {"SecretArn": str(stored["ARN"]), "VersionId": version}
            except AwsError as failure:
                is_last = wait is None or not isinstance(failure, _PASSING)
                is_lost = is_lost or isinstance(failure, _LOST)
                found = self._find_stored(region, version) if is_lost else NO
                if isinstance(found, Yes):
                    return {"SecretArn": found.value, "VersionId": version}
                if is_last and isinstance(found, Unknown):
                    raise _PerhapsStoredError(found.reason) from None
                if is_last:
                    raise failure.rephrase(failure.message) from None
            self._sleep(wait or 0.0)
        raise AssertionError("the last attempt either returns or raises")

    def _find_stored(self, region: str, version: str) -> Answer[str]:
        """Find the ARN of the secret if it has the version: an answer may be lost although the request was done."""
        try:
            secret = read_secret(self._access, self._secret_id, region)
        except AwsError as error:
            return Unknown(error.message)
        return Yes(secret.arn) if secret is not None and secret.has(version) else NO

    def _explain_open(self, key_id: str, why: str) -> AwsError:
        user = self._change.parameters["UserName"]
        return _explain_kept(
            user,
            key_id,
            f"it is not known whether Secrets Manager has stored its secret, because its answer was lost, and "
            f"{self._secret_id} can't be read ({why}). The key is active. A run that can read the secret "
            "goes on with it, or finds out who made it",
        )

    def _discard(self, key_id: str, reason: str) -> None:
        """Delete a key whose secret nobody will ever have.

        :raises AwsError: it could not be deleted, or it is not known whether it was.
        """
        user = self._change.parameters["UserName"]
        for wait in (*_WAITS, None):
            try:
                self._access.call("iam", DELETE_KEY, {"UserName": user, "AccessKeyId": key_id})
                return
            except AwsError as failure:
                # IAM is eventually consistent: a key that was just made may not be known everywhere yet. So an answer
                # that there is no such key does not show that it was deleted.
                last = failure
                if not (isinstance(failure, _PASSING) or judge(failure, "iam", DELETE_KEY).waits):
                    break
            if wait is not None:
                self._sleep(wait)
        raise _explain_undeleted(user, key_id, reason, last)


class _PerhapsStoredError(Exception):
    """Nobody knows whether the secret of a key was stored; the message says why."""


def _explain_undeleted(user: str, key_id: str, why: str, failure: AwsError) -> AwsError:
    return _explain_kept(
        user,
        key_id,
        f"its secret could not be stored ({why}), and it is not known whether it was deleted "
        f"({failure.message}). Nobody has its secret. A later run deletes it, once CloudTrail shows that this run made "
        "it",
    )


def _explain_kept(user: str, key_id: str, why: str) -> AwsError:
    return AwsError(
        f"the new access key {key_id} of {user}: {why}; or: aws iam delete-access-key --user-name {user} "
        f"--access-key-id {key_id}",
        code=NOT_DELETED,
        service="iam",
        operation=DELETE_KEY,
    )
