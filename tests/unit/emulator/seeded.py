# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A seeded emulator in the test process, and boto3 clients in its accounts."""

from __future__ import annotations

import contextlib
import functools
import threading
import typing as t
from datetime import timedelta

import boto3
from botocore.config import Config

from emulator.client import send_here
from emulator.clock import CLOCK
from emulator.listener import Listener
from emulator.seed import Organization
from emulator.server import Emulator, Source

#: one attempt: an error that botocore would retry shows at once
_CONFIG: t.Final = Config(retries={"total_max_attempts": 1}, parameter_validation=True)

# Held while a seed is served.
_OPEN: t.Final = threading.Lock()


class Seeded:
    """The running emulator."""

    def __init__(self, organization: Organization, endpoint: str) -> None:
        self.organization = organization
        self.endpoint = endpoint
        self._sessions: dict[str, dict[str, str]] = {}

    def client(
        self,
        service: str,
        account: t.Optional[str] = None,
        *,
        region: t.Optional[str] = None,
        keys: t.Optional[tuple[str, str]] = None,
    ) -> t.Any:
        """A client as the administrator of the management account, as an account's automation role, or with keys."""
        home = self.organization.management_account
        credentials = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "of-no-account"}
        if keys is not None:
            credentials = {"aws_access_key_id": keys[0], "aws_secret_access_key": keys[1]}
        elif account is not None and account != home.id:
            credentials = self._assume(account)
        # boto3's stubs know each service by its literal name.
        make: t.Callable[..., t.Any] = boto3.client
        made = make(
            service,
            endpoint_url=self.endpoint,
            region_name=region or home.home_region,
            config=_CONFIG,
            **credentials,
        )
        return send_here(made, self.endpoint) if service == "signin" else made

    def _assume(self, account: str) -> dict[str, str]:
        if account not in self._sessions:
            answer = self.client("sts").assume_role(
                RoleArn=f"arn:aws:iam::{account}:role/iam-hardening/automation",
                RoleSessionName="unit-test",
                ExternalId="acme-hardening",
            )["Credentials"]
            self._sessions[account] = {
                "aws_access_key_id": answer["AccessKeyId"],
                "aws_secret_access_key": answer["SecretAccessKey"],
                "aws_session_token": answer["SessionToken"],
            }
        return self._sessions[account]


@contextlib.contextmanager
def serving(source: Source) -> t.Iterator[Seeded]:
    """Serve a seed until the block ends; one block at a time, since moto's state is one a process."""
    assert _OPEN.acquire(blocking=False), "another block serves its seed: let its fixture end first"
    emulator, endpoint = running()
    try:
        organization = emulator.reset(source)
        assert organization is not None
        yield Seeded(organization, endpoint)
    finally:
        emulator.reset(None)
        _OPEN.release()


@functools.cache
def running() -> tuple[Emulator, str]:
    """The emulator that serves every test, and its URL; its threads end with the process."""
    emulator = Emulator()
    listener = Listener("127.0.0.1", 0, emulator.handle)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    return emulator, f"http://127.0.0.1:{listener.port}"


@contextlib.contextmanager
def later(**offset: float) -> t.Iterator[None]:
    """Shift the emulator's clock inside the block: ``later(hours=5)``."""
    before = CLOCK.offset
    CLOCK.offset = before + timedelta(**offset)
    try:
        yield
    finally:
        CLOCK.offset = before


def account(**settings: t.Any) -> dict[str, t.Any]:
    """The structure of a seed with one account, 123456789012, which has these settings."""
    return {"accounts": {"123456789012": {"name": "one", **settings}}}
