# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an intruder left behind: the objects, made by calls of their own, and the event of each.

The calls go to moto in this process, and stand neither in the log nor in the event history: of them only the event of
the seed is recorded. Its parts may name what AWS made up, such as the id of a key, as ``<kept:name>``.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import typing as t
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from werkzeug.test import EnvironBuilder

from emulator import wire
from emulator.extensions import cloudtrail_events
from emulator.identity import ADMINISTRATOR, Caller
from emulator.seed.identifiers import moment
from emulator.seed.model import Account, Organization, Planted, Step
from emulator.seed.structure import substitute

Send = Callable[[wire.Call, Caller, wire.Environ, bytes], wire.Answer]
_URL: t.Final = "http://127.0.0.1"
_CONFIG: t.Final = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
_NAMESPACE: t.Final = uuid.UUID("8b8f2d0e-6e8f-4a0e-9f0a-5d1c4f6a7b21")


@dataclasses.dataclass(frozen=True)
class Place:
    """Something planted, by its name: where it is, and the id of its event."""

    name: str
    account_id: str
    region: str
    planted: Planted

    @property
    def event_id(self) -> str:
        """The id of the event, which follows from the place, so that tests need not ask for it."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.account_id} {self.region} {self.name}"))


def list_planted(organization: Organization) -> Iterator[Place]:
    """List what a seed plants."""
    for account in organization.accounts.values():
        for region, seeded in account.regions.items():
            for name, planted in seeded.planted.items():
                yield Place(name, account.id, region, planted)


def plant(organization: Organization, send: Send, *, now: datetime) -> None:
    """Make all that a seed plants, in its order, and record the events."""
    for account in organization.accounts.values():
        kept: dict[str, str] = {}
        for region, seeded in account.regions.items():
            for step in seeded.made:
                _make(account, region, step, kept, send)
        for place in list_planted(organization):
            if place.account_id == account.id:
                for step in place.planted.steps:
                    _make(account, place.region, step, kept, send)
                _record(place, kept, now)


def _make(account: Account, region: str, step: Step, kept: dict[str, str], send: Send) -> None:
    service, _colon, operation = step.call.partition(":")
    client = _client(service, region)
    name = next(python for python, aws in client.meta.method_to_api_mapping.items() if aws == operation)
    with _Sending(client, account, send):
        answer = getattr(client, name)(**_fill(step.parameters, kept))
    for key, path in step.keep.items():
        kept[f"kept:{key}"] = str(_look_up(answer, path))


def _fill(value: t.Any, kept: dict[str, str]) -> t.Any:
    return substitute(value, kept)


def _look_up(answer: t.Any, path: str) -> t.Any:
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return answer


def _record(place: Place, kept: dict[str, str], now: datetime) -> None:
    event = place.planted.event
    cloudtrail_events.record_call(
        place.account_id,
        place.region,
        principal=event.principal,
        call=event.call,
        when=moment(now, event.days),
        parameters=_fill(event.parameters, kept) or None,
        error=event.error,
        via=event.via,
        user_agent=event.user_agent,
        resources=event.resources,
        session=event.session,
        answer=_fill(event.answer, kept) or None,
        more={"eventID": place.event_id, **event.more},
    )


# Calls within this process


@functools.cache
def _client(service: str, region: str) -> t.Any:
    session = botocore.session.Session()
    return session.create_client(
        service,
        region_name=region,
        endpoint_url=_URL,
        aws_access_key_id="planting",
        aws_secret_access_key="emulated",
        config=_CONFIG,
    )


class _Sending:
    """While the block lasts, the calls of a client go to moto, as those of an account's administrator."""

    def __init__(self, client: t.Any, account: Account, send: Send) -> None:
        self._events = client.meta.events
        self._account = account
        self._send = send

    def __enter__(self) -> None:
        self._events.register_first("before-send", self._answer)

    def __exit__(self, *_raised: object) -> None:
        self._events.unregister("before-send", self._answer)

    def _answer(self, request: AWSPreparedRequest, **_more: object) -> AWSResponse:
        body = _read_body(request.body)
        path = str(request.url).removeprefix(_URL)
        headers = [
            (str(key), value.decode() if isinstance(value, bytes) else str(value))
            for key, value in t.cast(t.Mapping[str, t.Any], request.headers).items()
        ]
        environ = EnvironBuilder(path, _URL, method=str(request.method), headers=headers).get_environ()
        environ["RAW_URI"] = path
        answer = self._send(wire.read(environ, body), self._caller(), wire.with_body(environ, body), body)
        if answer.status >= 300:
            raise RuntimeError(f"the seed plants what the emulator refuses: {path} {answer.body.decode()[:500]}")
        return AWSResponse(str(request.url), answer.status, t.cast(t.Any, dict(answer.headers)), _Raw(answer.body))

    def _caller(self) -> Caller:
        account = self._account
        arn = f"arn:{account.partition}:iam::{account.id}:user/{ADMINISTRATOR}"
        return Caller(
            account_id=account.id,
            partition=account.partition,
            kind="administrator",
            arn=arn,
            user_id="AIDAEMULATORADMINISTR",
            principal_arn=arn,
            name=ADMINISTRATOR,
        )


def _read_body(body: t.Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read() if hasattr(body, "read") else body or b"")


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_more: object) -> Iterator[bytes]:
        """All at once."""
        yield self.read()
