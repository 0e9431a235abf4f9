# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start and steer an emulator from tests, benchmarks and the demo. Needs nothing but the standard library.

with EmulatorProcess() as process:
    subprocess.run([...], env={**os.environ, **process.env()})
    assert process.control.writes() == []
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

#: A key that nobody made: the administrator of the management account.
ADMINISTRATOR_KEY: t.Final = "administrator"
DEFAULT_SECRET: t.Final = "emulated"

_PACKAGE_ROOT: t.Final = Path(__file__).resolve().parent.parent
# The log of a thousand accounts takes its time on a busy machine.
_SECONDS: t.Final = 300.0
# Requests to 127.0.0.1 must not go through a proxy.
_OPENER: t.Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class EmulatorError(RuntimeError):
    """The emulator did not start, or refused a control request; the message says why."""


def environment(
    url: str,
    *,
    access_key_id: str = ADMINISTRATOR_KEY,
    secret_access_key: str = DEFAULT_SECRET,
    region: str = "us-east-1",
) -> dict[str, str]:
    """The variables that send an AWS SDK to the emulator as the owner of this access key."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret_access_key,
        "AWS_DEFAULT_REGION": region,
    }


def send_here(client: t.Any, url: str) -> t.Any:
    """Send the calls of a boto3 client to this URL, whatever its model says; the client.

    For Sign-In: the endpoint rules of its operations on sessions come before those on ``endpoint_url``, so botocore
    sends them to ``signin.<region>.api.aws`` even where AWS_ENDPOINT_URL is set.
    """

    def redirect(params: dict[str, t.Any], **_more: object) -> None:
        params["url"] = f"{url.rstrip('/')}{params['url_path']}"

    client.meta.events.register("before-call", redirect)
    return client


class Emulator:
    """A running emulator, by its URL."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def health(self) -> dict[str, t.Any]:
        """Its accounts (id to name) and its time."""
        return t.cast(dict[str, t.Any], self._ask("GET", "health"))

    def reset(self, seed: str | Path | t.Mapping[str, t.Any] | None = "acme") -> None:
        """Start anew with this seed (a name, a path, the structure, None for nothing): no faults, no log, real time."""
        if seed is None:
            self._ask("PUT", "seed", {})
        elif isinstance(seed, (str, Path)):
            self._ask("PUT", "seed", {"seed": str(seed)})
        else:
            self._ask("PUT", "seed", {"organization": dict(seed)})

    def snapshot(self) -> int:
        """Keep everything as it is now, until :meth:`forget`; the number to restore it by."""
        return int(self._ask("PUT", "snapshot", {})["snapshot"])

    def restore(self, snapshot: int) -> None:
        """Set everything back to a snapshot, the log too. Its faults strike as if they had just been set."""
        self._ask("PUT", "restore", {"snapshot": snapshot})

    def forget(self, snapshot: int) -> None:
        """Free the memory of a snapshot."""
        self._ask("DELETE", "snapshot", {"snapshot": snapshot})

    def log(self, *, clear: bool = False) -> list[dict[str, t.Any]]:
        """The records of all calls since the last reset or clearing."""
        records = t.cast(list[dict[str, t.Any]], self._ask("GET", "log"))
        if clear:
            self.clear_log()
        return records

    def clear_log(self) -> None:
        """Forget the calls so far."""
        self._ask("DELETE", "log")

    def writes(self) -> list[dict[str, t.Any]]:
        """The records of the calls that may have changed something, refused ones included."""
        return [record for record in self.log() if not record["read_only"]]

    def faults(self, faults: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        """Replace the faults in force, see emulator.faults.Fault."""
        self._ask("PUT", "faults", [dict(fault) for fault in faults])

    def clear_faults(self) -> None:
        """No faults any more."""
        self._ask("DELETE", "faults")

    def make_false(self, *assumptions: str) -> None:
        """Make these assumptions about AWS false, and all others true; the names are those of docs/acceptance.md."""
        self._ask("PUT", "contrary", {"assumptions": list(assumptions)})

    def record_events(self, on: bool = True) -> None:
        """Let CloudTrail record what the emulator is asked from now on, until a reset."""
        self._ask("PUT", "trail", {"records": on})

    def set_lag(self, seconds: float) -> None:
        """Let AWS take so long to notice what changed: policies, tags and keys of judged principals. Reads do not."""
        self._ask("PUT", "lag", {"seconds": seconds})

    def set_policy_lag(self, most_seconds: float, seed: int = 0) -> None:
        """Let each change of control policies count after a delay from 0 to so many seconds, drawn by a seed.

        Each account has another delay. 0: control policies count when all else does, see :meth:`set_lag`.
        """
        self._ask("PUT", "policy-lag", {"seconds": most_seconds, "seed": seed})

    def set_lateness(self, seconds: float) -> None:
        """Let events appear so late, in the event history and in the files of the organization's trail."""
        self._ask("PUT", "lateness", {"seconds": seconds})

    def limit_lookups(self, a_second: int) -> None:
        """Answer so many LookupEvents a second in an account and region, as AWS two; 0 for any number."""
        self._ask("PUT", "lookups", {"a_second": a_second})

    def sessions(
        self,
        account_id: str,
        role: str,
        *,
        count: int = 1,
        sort: t.Literal["instance", "task", "function", "oidc", "saml", "other"] = "other",
        **settings: t.Any,
    ) -> list[dict[str, str]]:
        """Open sessions of a role as AWS's services and identity providers do, see emulator.extensions.sessions.Wanted.

        Of each ``access_key_id``, ``secret_access_key``, ``session_token``, ``arn``, ``user_id`` and ``expires``.
        """
        asked = {"account_id": account_id, "role": role, "count": count, "sort": sort, **settings}
        return t.cast(list[dict[str, str]], self._ask("PUT", "sessions", asked))

    def service_session(
        self, account_id: str, service: t.Literal["cloudformation", "lambda", "ssm"], name: str
    ) -> dict[str, str]:
        """Credentials of a function, of a stack with a service role, or of a machine by the id of its activation.

        Raises EmulatorError: it is gone, or the trust policy of its role does not let the service in any more.
        """
        asked = {"account_id": account_id, "service": service, "name": name}
        return t.cast(dict[str, str], self._ask("PUT", "service-session", asked))

    def wait_until_held(self, seconds: float) -> bool:
        """Wait for a call that the fault "hold" keeps, at most so long; whether one is."""
        return bool(self._ask("PUT", "held", {"seconds": seconds})["held"])

    def clock(self, *, offset_days: float = 0.0) -> None:
        """Set IAM's clock this many days ahead of real time (not of the present setting)."""
        self._ask("PUT", "clock", {"offset_seconds": offset_days * 86400})

    def put_event(self, event: t.Mapping[str, t.Any] | str, *, account_id: str, region: str = "us-east-1") -> int:
        """Put an event on a default bus as AWS's services do, or ``root-login``; how many rules it triggered."""
        given = event if isinstance(event, str) else dict(event)
        return int(self._ask("PUT", "event", {"account_id": account_id, "region": region, "event": given})["triggered"])

    def add_calls(
        self,
        account_id: str,
        calls: t.Sequence[t.Mapping[str, t.Any]],
        *,
        days: float = 0,
        moved: t.Mapping[str, str] | None = None,
    ) -> int:
        """Add calls of roles and users after the seed, see emulator.activity.later.Later; how many events there are.

        They are in the event history and in the log files of the trails that record them. With ``days`` the activities
        of the seed have gone on for so long: by ``role/NAME`` or ``user/NAME``,
        ``moved`` has the role that makes the calls now.
        """
        asked = {"account_id": account_id, "calls": [dict(call) for call in calls], "days": days, "moved": moved or {}}
        return int(self._ask("PUT", "later", asked)["events"])

    def messages(self) -> list[dict[str, t.Any]]:
        """What topics delivered to their confirmed subscribers, in all accounts and regions."""
        return t.cast(list[dict[str, t.Any]], self._ask("GET", "messages"))

    def confirm(self, endpoint: str) -> int:
        """Confirm the pending subscriptions of an endpoint; how many there were."""
        return int(self._ask("PUT", "confirm", {"endpoint": endpoint})["confirmed"])

    def _ask(self, method: str, name: str, data: t.Any = None) -> t.Any:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{name}", data=body, method=method)
        try:
            with _OPENER.open(request, timeout=_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise EmulatorError(f"{method} {name}: {json.load(error)['error']}") from error


class EmulatorProcess:
    """An emulator in a process of its own, for the time of a ``with`` block; ``control.reset(None)`` empties it."""

    def __init__(self, *, seed: str | Path = "acme", port: int = 0, python: str = sys.executable) -> None:
        self._command = [python, "-m", "emulator", "serve", "--port", str(port), "--seed", str(seed)]
        self._process: subprocess.Popen[str] | None = None
        self._env: dict[str, str] = {}

    def __enter__(self) -> EmulatorProcess:
        path = os.pathsep.join(filter(None, [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
        )
        self._env = self._wait_until_ready(self._process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._env["AWS_ENDPOINT_URL"]

    @property
    def pid(self) -> int:
        """Its process id. Raises EmulatorError if it does not run."""
        if self._process is None:
            raise EmulatorError("the emulator does not run")
        return self._process.pid

    @property
    def control(self) -> Emulator:
        """The means to steer it."""
        return Emulator(self.url)

    def env(
        self,
        access_key_id: str = ADMINISTRATOR_KEY,
        secret_access_key: str = DEFAULT_SECRET,
        *,
        region: str | None = None,
    ) -> dict[str, str]:
        """What makes an AWS SDK act as this key's owner (default: the administrator of the management account)."""
        region = region or self._env["AWS_DEFAULT_REGION"]
        return environment(self.url, access_key_id=access_key_id, secret_access_key=secret_access_key, region=region)

    def stop(self) -> None:
        """Stop it and wait for its end; safe to call again."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def _wait_until_ready(self, process: subprocess.Popen[str]) -> dict[str, str]:
        env: dict[str, str] = {}
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("export "):
                name, _equals, value = line.removeprefix("export ").strip().partition("=")
                env[name] = value
            if line.strip() == "# ready":
                return env
        self.stop()
        raise EmulatorError(f"{' '.join(self._command)} ended with {process.returncode}; see its messages above")
