# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The process that uses the access key of a drill, and notes when AWS denies it.

:mod:`.canary_process` starts it from the text of this file, so it imports nothing of this collection. The secret comes
by its standard input and stays in its memory. It writes one line for each call, without the secret: the moment, the
credential, the operation, and the error if there is one. It ends by itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
import typing as t

try:
    import botocore.exceptions
    import botocore.session
    from botocore.config import Config
except ImportError:
    # Then nobody starts it: the modules refuse to work without botocore.
    pass

#: The errors of AWS that mean that the credential can do nothing any more.
DENIED: t.Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException"}
)
_PAUSE: t.Final = 0.25


class Canary:
    """The calls of one access key and of a session of the role that it can assume.

    ``asked`` has what :func:`.canary_process.start` sends: the key, ``role_arn``, ``region``, ``endpoint_url``,
    ``verify``, the ``directory`` to write to and the ``seconds`` that it may last.
    """

    def __init__(self, asked: t.Mapping[str, t.Any]) -> None:
        self._asked = asked
        self._directory = str(asked["directory"])
        self._key = (str(asked["key_id"]), str(asked["secret"]), None)
        self._session: t.Optional[tuple[str, str, str]] = None

    def run(self) -> None:
        """Call until its directory is gone, which is how it is ended, or its time is over."""
        end = time.monotonic() + float(self._asked["seconds"])
        while time.monotonic() < end and os.path.isdir(self._directory):
            self._call_all()
            time.sleep(_PAUSE)

    def _call_all(self) -> None:
        role = {"RoleArn": self._asked["role_arn"], "RoleSessionName": "canary", "DurationSeconds": 900}
        answer = self._call("key", self._key, "sts", "AssumeRole", role)
        if answer and self._session is None:
            self._call("key", self._key, "sts", "GetCallerIdentity", {})
            made = answer["Credentials"]
            self._session = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        if self._session is not None:
            name = str(self._asked["role_arn"]).rpartition("/")[2]
            self._call("session", self._session, "iam", "GetRole", {"RoleName": name})

    def _call(
        self,
        credential: str,
        keys: tuple[str, str, t.Optional[str]],
        service: str,
        operation: str,
        parameters: t.Mapping[str, t.Any],
    ) -> t.Optional[dict[str, t.Any]]:
        """Make one call and note it. None where it failed."""
        began, error, answer = time.time(), "", None
        try:
            answer = self._client(service, keys)._make_api_call(operation, dict(parameters))
        except botocore.exceptions.ClientError as failure:
            error = str(failure.response.get("Error", {}).get("Code", "unknown"))
        # An error of the connection says nothing about the credential.
        except botocore.exceptions.BotoCoreError as failure:
            error = f"?{type(failure).__name__}"
        name = f"{service}:{operation}"
        line = {"at": began, "credential": credential, "key_id": keys[0], "operation": name, "error": error}
        self._note({**line, "ended": time.time()})
        return answer

    def _client(self, service: str, keys: tuple[str, str, t.Optional[str]]) -> t.Any:
        session = botocore.session.Session()
        config = Config(connect_timeout=5, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1})
        return session.create_client(
            service,
            region_name=self._asked["region"],
            endpoint_url=self._asked["endpoint_url"],
            verify=self._asked["verify"],
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            aws_session_token=keys[2],
            config=config,
        )

    def _note(self, line: t.Mapping[str, t.Any]) -> None:
        path = os.path.join(self._directory, "calls.jsonl")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            return
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    Canary(json.loads(sys.stdin.readline())).run()
