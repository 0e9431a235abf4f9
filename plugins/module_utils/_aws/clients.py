# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Clients of one principal: fenced, patient, made once a service and region, and shared by threads."""

from __future__ import annotations

import math
import threading
import time
import typing as t
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from . import sdk
from .bodies import CheckingParserFactory
from .errors import InvalidRequest
from .fence import Fence, enclose
from .options import AccessOptions
from .silence import Silence

if t.TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

USER_AGENT: t.Final = "hardening.iam"
_SIGN_IN: t.Final = "signin"
_ENDPOINT: t.Final = "hardening.iam endpoint"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
_LARGEST_SKEW: t.Final = 900.0


class WritePermit(t.Protocol):
    """The right to write, which may have ended since the request was made."""

    def check(self) -> None:
        """Raise an exception where a request may not be sent any more. It is passed on as it is."""


def client_config(options: AccessOptions, *, once: bool = False) -> sdk.Config:
    """botocore's configuration: ours, and over it the option ``aws_config``; with ``once``, calls are never repeated.

    :raises InvalidRequest: ``aws_config`` holds what botocore does not know.
    """
    ours = sdk.Config(
        user_agent_extra=f"{USER_AGENT} {options.mark}".strip(),
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "adaptive", "total_max_attempts": 4},
    )
    try:
        config: sdk.Config = ours.merge(sdk.Config(**(options.aws_config or {})))
    except (sdk.BotoCoreError, TypeError, ValueError) as error:
        raise InvalidRequest(f"aws_config: {error}") from error
    return config.merge(sdk.Config(retries={"mode": "standard", "total_max_attempts": 1})) if once else config


class ClientPool:
    """The clients of one session."""

    def __init__(
        self, session: Session, options: AccessOptions, *, fence: Fence, permit: t.Optional[WritePermit] = None
    ) -> None:
        session.register_component("response_parser_factory", CheckingParserFactory())
        self._session = session
        self._options = options
        self._fence = fence
        self._permit = permit
        self.silence = Silence()
        #: By how many seconds the clock of this machine is behind that of AWS, as the last answer showed.
        self.behind = 0.0
        # The date of the last answer, and when it came by the time that passes on this machine.
        self._dated: t.Optional[tuple[datetime, float]] = None
        self._configs = {once: client_config(options, once=once) for once in (False, True)}
        # Sessions are not made for threads, clients are.
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, bool, bool], BaseClient] = {}

    def client(self, service: str, region: str, *, once: bool = False, writes: bool = False) -> BaseClient:
        """The client for ``service`` in ``region``; with ``once`` it makes one attempt at a call.

        With ``writes`` each attempt needs the permit. Raises botocore's errors, before any call is made.
        """
        with self._lock:
            key = (service, region, once, writes)
            if key not in self._clients:
                self._clients[key] = self._make(service, region, once=once, writes=writes)
            return self._clients[key]

    @property
    def longest_write(self) -> float:
        """The seconds that one attempt may take: infinite where ``aws_config`` takes a time-out away."""
        config: t.Any = self._configs[True]
        limits = (config.connect_timeout, config.read_timeout)
        return sum(math.inf if limit is None else float(limit) for limit in limits)

    def read_clock(self) -> t.Optional[datetime]:
        """The time by the clock of AWS, counted on from its last answer; None if none had a date."""
        if self._dated is None:
            return None
        date, came = self._dated
        return date + timedelta(seconds=time.monotonic() - came)

    def load_credentials(self) -> None:
        """Load the credentials of the session, once. Raises botocore's errors, and those of the provider."""
        with self._lock:
            self._session.get_credentials()

    def _make(self, service: str, region: str, *, once: bool, writes: bool) -> BaseClient:
        try:
            client: BaseClient = self._session.create_client(
                service,
                region_name=region,
                endpoint_url=self._options.endpoint_url,
                verify=self._options.verify,
                config=self._configs[once],
            )
        except ValueError as error:
            if isinstance(error, sdk.BotoCoreError):
                raise
            # An endpoint from the environment or a profile, which nobody checked before.
            raise InvalidRequest(f"AWS_ENDPOINT_URL, or endpoint_url of the profile: {error}") from None
        enclose(client, self._fence)
        client.meta.events.register("after-call", self._note_date)
        if service == _SIGN_IN:
            _keep_endpoint(client)
        if writes and self._permit is not None:
            _require(client, self._permit)
        return client

    def _note_date(self, *, http_response: t.Any, **_unused: t.Any) -> None:
        """Note the clock of AWS, which dates every answer. Signatures allow a difference of minutes."""
        try:
            date = parsedate_to_datetime(http_response.headers["Date"])
            self._dated = date.astimezone(UTC), time.monotonic()
            self.behind = min(max(0.0, (date - datetime.now(UTC)).total_seconds()), _LARGEST_SKEW)
        except (KeyError, TypeError, ValueError):
            # A proxy or an emulator may leave it out.
            return


def _require(client: BaseClient, permit: WritePermit) -> None:
    """Ask for the permit at the last moment: the call may have renewed credentials before, which takes time."""

    def check(**_unused: t.Any) -> None:
        permit.check()

    client.meta.events.register_first("before-send", check)


def _keep_endpoint(client: BaseClient) -> None:
    """Send all calls of a client to the endpoint that the user has set, if any.

    The rules of Sign-In for operations on sessions do not look at ``endpoint_url`` and AWS_ENDPOINT_URL, so botocore
    sends these to ``signin.<region>.api.aws`` all the same: past the proxy or the emulator that the user means.
    """

    def note(*, builtins: t.Mapping[str, t.Any], context: dict[str, t.Any], **_unused: t.Any) -> None:
        context[_ENDPOINT] = builtins.get("SDK::Endpoint")

    def redirect(*, params: dict[str, t.Any], context: t.Mapping[str, t.Any], **_unused: t.Any) -> None:
        endpoint, query = context.get(_ENDPOINT), str(params["url"]).partition("?")[2]
        if endpoint:
            params["url"] = f"{str(endpoint).rstrip('/')}{params['url_path']}{'?' if query else ''}{query}"

    client.meta.events.register("before-endpoint-resolution", note)
    client.meta.events.register("before-call", redirect)
