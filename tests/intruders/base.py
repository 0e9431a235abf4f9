# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What intruders share: credentials, calls, threads, and the trial of every credential at the end."""

from __future__ import annotations

import argparse
import collections
import contextlib
import contextvars
import threading
import time
import typing as t
from dataclasses import dataclass, field

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from emulator.client import Emulator
from emulator.seed import access_key_id

HOME, PROD, DATA = "222233334444", "333344445555", "444455556666"
ACCOUNTS: t.Final = (HOME, PROD, DATA)
#: An account that no inventory has.
OWN_ACCOUNT: t.Final = "999988887777"
USER: t.Final = "ci-deploy"
OTHER_USER: t.Final = "report-export"
LEAKED: t.Final = access_key_id(HOME, USER)
USER_ARN: t.Final = f"arn:aws:iam::{HOME}:user/ci/{USER}"
#: From the user on, each assumed with the one before.
PIPELINE: t.Final = f"arn:aws:iam::{HOME}:role/pipeline"
DEPLOY: t.Final = f"arn:aws:iam::{PROD}:role/deploy"
WAREHOUSE: t.Final = f"arn:aws:iam::{DATA}:role/warehouse"
LOADER: t.Final = f"arn:aws:iam::{DATA}:role/loader"
#: Assumed by the user, and shared by forty instances.
SHARED: t.Final = f"arn:aws:iam::{HOME}:role/build-worker"
REACHED: t.Final = (PIPELINE, DEPLOY, WAREHOUSE, LOADER, SHARED)
EVERYTHING: t.Final = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
ADMINISTRATOR: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
#: The name of all its sessions of roles.
SESSION: t.Final = "build-7"

Kind = t.Literal["key", "token", "federated", "role", "web", "service"]


@dataclass(frozen=True)
class Credential:
    """A credential of the intruder. ``owner`` is the ARN of the user or the role whose permissions it has."""

    key_id: str
    kind: Kind
    owner: str
    secret: str = field(default="leaked", repr=False)
    token: str | None = field(default=None, repr=False)
    #: of a session: its name
    session: str = ""
    #: the id of the key that it was made with; empty if nobody signed for it
    made_with: str = ""

    @property
    def account_id(self) -> str:
        return self.owner.split(":")[4]

    @property
    def name(self) -> str:
        """The name of the user or the role."""
        return self.owner.rpartition("/")[2]


class Working(t.NamedTuple):
    """A credential that still can do something, with the first call that succeeded."""

    credential: Credential
    action: str


_SIGNER: contextvars.ContextVar[Credential | None] = contextvars.ContextVar("signer", default=None)
_CONFIG: t.Final = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=60,
    signature_version=UNSIGNED,
    max_pool_connections=40,
)


class Worker:
    """Makes calls in threads from ``with`` on. Each kind says in :meth:`prepare` and :meth:`jobs` what it does."""

    def __init__(self, url: str) -> None:
        self.url = url
        #: How often each call succeeded or failed, and with which error.
        self.attempts: collections.Counter[tuple[str, str]] = collections.Counter()
        self.failures: list[BaseException] = []
        self._lock = threading.Lock()
        self._clients: dict[str, t.Any] = {}
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []

    def prepare(self) -> None:
        """What it does before anything else."""

    def jobs(self) -> t.Iterable[tuple[t.Callable[[], object], float]]:
        """What it does at the same time, each with the seconds between two times."""
        raise NotImplementedError

    def __enter__(self) -> t.Self:
        self.prepare()
        for job, seconds in self.jobs():
            thread = threading.Thread(target=self._go_on, args=(job, seconds), name=type(self).__name__, daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop what it does. Raises what one of its threads failed with: a worker that broke proves nothing."""
        self._ends.set()
        for thread in self._threads:
            thread.join()
        for failure in self.failures:
            raise failure

    def _go_on(self, job: t.Callable[[], object], seconds: float) -> None:
        try:
            while not self._ends.is_set():
                begun = time.monotonic()
                job()
                self._ends.wait(max(0.0, seconds - (time.monotonic() - begun)))
        # Whatever it is, the test has to know.
        except Exception as failure:  # noqa: BLE001
            self.failures.append(failure)

    def call(self, credential: Credential | None, service: str, operation: str, **asked: t.Any) -> t.Any:
        """The answer of a call, or None if it fails."""
        token = _SIGNER.set(credential)
        error = ""
        try:
            answer = getattr(self._client(service), operation)(**asked)
        except ClientError as failure:
            answer, error = None, failure.response["Error"]["Code"]
        except BotoCoreError as failure:
            answer, error = None, type(failure).__name__
        finally:
            _SIGNER.reset(token)
        with self._lock:
            self.attempts[f"{service}:{operation}", error] += 1
        return answer

    def _client(self, service: str) -> t.Any:
        """One client a service serves all credentials, since the emulator checks no signatures: making one is slow."""
        with self._lock:
            if service not in self._clients:
                # boto3's stubs know each service by its literal name.
                make: t.Callable[..., t.Any] = boto3.Session().client
                made = make(service, endpoint_url=self.url, region_name="us-east-1", config=_CONFIG)
                signs = made.meta.service_model.signing_name
                made.meta.events.register("before-send", lambda request, **_more: _sign(request, signs))
                self._clients[service] = made
            return self._clients[service]


class Intruder(Worker):
    """Keeps every credential that it gets, and tries all of them at the end."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.credentials: list[Credential] = []
        self.keep(Credential(LEAKED, "key", USER_ARN))

    def log_in_again(self, able: t.Sequence[Credential]) -> None:
        """Try to get new credentials once the containment is over: sessions, and keys of users.

        ``able`` are the credentials that work, and the newest of each owner.
        """
        for credential in able:
            self.open_sessions(credential, next_roles(credential))
            for user in {USER_ARN, f"arn:aws:iam::{HOME}:user/{OTHER_USER}", *_users(credential)}:
                self.make_key([credential], user)

    # The trial

    def try_all(self) -> list[Working]:
        """Every credential that it ever got, and those that it can still get, as far as they can do something."""
        known = len(self.credentials)
        found = [Working(one, action) for one in self.credentials[:known] if (action := self.probe(one))]
        newest = [one for owner in {one.owner for one in self.credentials} for one in self.newest(owner)]
        self.log_in_again(list(dict.fromkeys([*(one.credential for one in found), *newest])))
        if any(one.kind == "key" for one in self.credentials[known:]):
            # AWS knows a new key some seconds later.
            time.sleep(5)
        made = [Working(one, action) for one in self.credentials[known:] if (action := self.probe(one))]
        return [*found, *made]

    def probe(self, credential: Credential) -> str:
        """The first of some calls that succeeds with a credential; empty if none does.

        GetCallerIdentity does not count, nor GetSessionToken: AWS allows them to everybody.
        """
        calls: list[tuple[str, str, dict[str, str]]] = [("s3", "list_buckets", {}), ("iam", "list_roles", {})]
        calls += [("iam", "list_access_keys", {"UserName": credential.name})] if credential.kind == "key" else []
        roles = next_roles(credential)
        calls += [("sts", "assume_role", {"RoleArn": role, "RoleSessionName": SESSION}) for role in roles]
        for service, operation, asked in calls:
            answer = self.call(credential, service, operation, **asked)
            if answer is not None:
                return f"{service}:{operation}"
        return ""

    def call_any(self, credentials: t.Iterable[Credential], service: str, operation: str, **asked: t.Any) -> t.Any:
        """The answer to the first of these credentials that may make the call, or None."""
        answers = (self.call(one, service, operation, **asked) for one in credentials)
        return next((answer for answer in answers if answer is not None), None)

    # Credentials

    def keep(self, credential: Credential) -> Credential:
        """Keep a credential to try it at the end."""
        with self._lock:
            self.credentials.append(credential)
        return credential

    def newest(self, *owners: str, most: int = 3) -> list[Credential]:
        """The newest credentials of users and roles, the newest first."""
        with self._lock:
            return [one for one in reversed(self.credentials) if one.owner in owners][:most]

    def keep_session(
        self, answer: t.Any, kind: Kind, owner: str, session: str = SESSION, *, by: Credential | None = None
    ) -> Credential | None:
        """Keep the credentials of an answer of STS."""
        if not answer:
            return None
        made = answer["Credentials"]
        secret, token, made_with = made["SecretAccessKey"], made["SessionToken"], by.key_id if by else ""
        return self.keep(Credential(made["AccessKeyId"], kind, owner, secret, token, session, made_with))

    def assume(self, credential: Credential, role: str, **more: t.Any) -> Credential | None:
        """Open a session of a role."""
        answer = self.call(credential, "sts", "assume_role", RoleArn=role, RoleSessionName=SESSION, **more)
        return self.keep_session(answer, "role", role, by=credential)

    def open_sessions(self, credential: Credential, roles: t.Iterable[str]) -> list[Credential]:
        """Open sessions of these roles, as far as the credential may."""
        return [made for role in roles if (made := self.assume(credential, role))]

    def make_key(self, by: t.Sequence[Credential], user: str) -> Credential | None:
        """Make an access key of a user; an old one is deleted if there are two."""
        name = user.rpartition("/")[2]
        answer = self.call_any(by, "iam", "create_access_key", UserName=name)
        if answer is None:
            listed = self.call_any(by, "iam", "list_access_keys", UserName=name) or {}
            known = {one.key_id for one in self.credentials}
            for key in listed.get("AccessKeyMetadata", ()):
                if key["AccessKeyId"] not in known:
                    self.call_any(by, "iam", "delete_access_key", UserName=name, AccessKeyId=key["AccessKeyId"])
                    answer = self.call_any(by, "iam", "create_access_key", UserName=name)
                    break
        if answer is None:
            return None
        key = answer["AccessKey"]
        made_with = by[0].key_id if len(by) == 1 else ""
        return self.keep(Credential(key["AccessKeyId"], "key", user, key["SecretAccessKey"], made_with=made_with))

    def walk_chain(self) -> dict[str, Credential]:
        """Open a session of each role of the chain, from the leaked key on; the newest credential by owner."""
        found = {USER_ARN: self.credentials[0]}
        for role, before in ((PIPELINE, USER_ARN), (DEPLOY, PIPELINE), (WAREHOUSE, DEPLOY), (LOADER, WAREHOUSE)):
            made = self.assume(found[before], role) if before in found else None
            if made:
                found[role] = made
        if made := self.assume(found[USER_ARN], SHARED):
            found[SHARED] = made
        return found


def next_roles(credential: Credential) -> tuple[str, ...]:
    """The roles that a credential of this account may assume, if nothing has changed."""
    return {HOME: (PIPELINE, SHARED, DEPLOY), PROD: (WAREHOUSE,), DATA: (LOADER,)}.get(credential.account_id, REACHED)


def _users(credential: Credential) -> tuple[str, ...]:
    return (credential.owner,) if ":user/" in credential.owner else ()


def _sign(request: t.Any, service: str) -> None:
    """Name the key of the credential in use, as a signature does."""
    credential = _SIGNER.get()
    if credential is not None:
        scope = f"{credential.key_id}/20260101/us-east-1/{service}/aws4_request"
        request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        if credential.token:
            request.headers["X-Amz-Security-Token"] = credential.token


def wait_until(holds: t.Callable[[], object], *, seconds: float = 60.0, pause: float = 0.5) -> bool:
    """Wait until something holds, at most so long; whether it does."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def serve(kind: t.Callable[[str], Intruder]) -> None:
    """Let an intruder work, and print what it still can do."""
    parser = argparse.ArgumentParser(description="an intruder in the emulated AWS, which the seed incident fills")
    parser.add_argument("--url", required=True, help="the URL of the emulator")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it works; Control-C ends it before")
    given = parser.parse_args()
    Emulator(given.url).health()
    with kind(given.url) as intruder, contextlib.suppress(KeyboardInterrupt):
        time.sleep(given.seconds)
    for working in intruder.try_all():
        print(working.credential, working.action)
