# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m emulator serve``: serve the emulated AWS on 127.0.0.1 until SIGINT or SIGTERM.

``python -m emulator writes``: list the calls that may have changed something there since it was asked last.

``python -m emulator event root-login --account 111122223333``: put an event on the default bus, as AWS's services do;
``python -m emulator subscribe TOPIC ENDPOINT``: subscribe somebody to a topic of the management account by e-mail;
``python -m emulator confirm ENDPOINT``: confirm a subscription, as its owner does;
``python -m emulator messages``: show what topics delivered.

``python -m emulator trail``: deliver to the trail of the organization what its accounts would do in the hours to come,
for a rollout whose clock is moved: without any event of a stage there is no evidence that nothing broke.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
import types
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from emulator import client, trail_logs
from emulator.seed import Organization, SeedError, names

if t.TYPE_CHECKING:
    from emulator.listener import Listener

LOOPBACK: t.Final = ("127.0.0.1", "localhost")
# So much of a parameter is shown: of a policy its beginning.
_SHOWN: t.Final = 60
_EVERY_HOURS: t.Final = 3


def main(argv: t.Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = _parser().parse_args(argv)
    return int(arguments.command(arguments))


def _steer(arguments: argparse.Namespace) -> int:
    """Ask an emulator that is served already."""
    if not arguments.url:
        print("emulator: say which one, by --url or AWS_ENDPOINT_URL", file=sys.stderr)
        return 2
    try:
        arguments.ask(client.Emulator(arguments.url), arguments)
    except (client.EmulatorError, ClientError, OSError) as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    return 0


def _event(served: client.Emulator, arguments: argparse.Namespace) -> None:
    event = arguments.event
    given = event if event == "root-login" else json.loads(Path(event).read_text(encoding="utf-8"))
    triggered = served.put_event(given, account_id=arguments.account, region=arguments.region)
    print(f"{triggered} rules of {arguments.region} triggered")


def _subscribe(served: client.Emulator, arguments: argparse.Namespace) -> None:
    region = arguments.topic.split(":")[3]
    topics = boto3.client(
        "sns",
        endpoint_url=served.url,
        region_name=region,
        aws_access_key_id=client.ADMINISTRATOR_KEY,
        aws_secret_access_key=client.DEFAULT_SECRET,
    )
    topics.subscribe(TopicArn=arguments.topic, Protocol="email", Endpoint=arguments.endpoint)
    print(f"{arguments.endpoint} has to confirm the subscription to {arguments.topic}")


def _confirm(served: client.Emulator, arguments: argparse.Namespace) -> None:
    print(f"{served.confirm(arguments.endpoint)} subscriptions confirmed")


def _messages(served: client.Emulator, _arguments: argparse.Namespace) -> None:
    for message in served.messages():
        print(f"{message['topic']} to {message['protocol']} {message['endpoint']}:\n{message['message']}\n")


def _writes(served: client.Emulator, _arguments: argparse.Namespace) -> None:
    writes = served.writes()
    served.clear_log()
    for record in writes:
        parameters = ", ".join(f"{name}={_short(value)}" for name, value in record["parameters"].items())
        outcome = record["error_code"] or "done"
        print(f"{record['account_id']}  {record['service']}:{record['operation']}({parameters})  {outcome}")
    print(f"{len(writes)} writes")


def _trail(arguments: argparse.Namespace) -> int:
    url = arguments.url
    if not url:
        print("emulator: say which one, by --url or AWS_ENDPOINT_URL", file=sys.stderr)
        return 2
    organizations = boto3.client("organizations", endpoint_url=url, region_name="us-east-1")
    organization_id = organizations.describe_organization()["Organization"]["Id"]
    accounts = [account["Id"] for account in organizations.list_accounts()["Accounts"]]
    hours = range(0, arguments.hours, _EVERY_HOURS)
    events = [
        trail_logs.event(
            f"arn:aws:iam::{account}:role/iam-hardening/assessor",
            "iam:ListUsers",
            when=datetime.now(UTC) + timedelta(hours=hour, minutes=1),
        )
        for account in accounts
        for hour in hours
    ]
    keys = trail_logs.deliver(
        boto3.client("s3", endpoint_url=url, region_name="us-east-1"),
        arguments.bucket,
        events,
        organization_id=organization_id,
    )
    print(f"{len(events)} calls in {len(keys)} files")
    return 0


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _serve(arguments: argparse.Namespace) -> int:
    # moto takes most of a second to import. The commands that ask a served emulator do without it.
    from emulator.control import Control
    from emulator.listener import Listener
    from emulator.server import Emulator

    # A seed or a snapshot makes 100,000 objects that stay. Searching them for garbage on the way doubles its time.
    gc.set_threshold(100_000, 5, 2)
    control = Control(Emulator())
    try:
        organization = control.seed(arguments.seed)
        listener = Listener(arguments.host, arguments.port, control.handle)
    except (SeedError, OSError) as error:
        # OSError: the port is taken.
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    with listener:
        _stop_on_signals(listener)
        _announce(f"http://127.0.0.1:{listener.port}", organization)
        listener.serve_forever(poll_interval=0.1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator", description="An emulated AWS for tests and the demo.")
    commands = parser.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser("serve", help="serve until interrupted")
    serve.set_defaults(command=_serve)
    serve.add_argument("--port", type=int, default=5055, help="0 takes a free one (default: %(default)s)")
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        choices=LOOPBACK,
        help="the emulator serves this machine only (default: %(default)s)",
    )
    seeds = ", ".join(names())
    serve.add_argument(
        "--seed", default="acme", help=f"{seeds}, a file, or scale:accounts=50,users=50 (default: %(default)s)"
    )
    _add_steering(commands)
    trail = commands.add_parser(
        "trail", help="deliver to the organization's trail what the accounts would do in the hours to come"
    )
    trail.set_defaults(command=_trail)
    trail.add_argument("--url", default=os.environ.get("AWS_ENDPOINT_URL"), help="default: AWS_ENDPOINT_URL")
    trail.add_argument("--bucket", default="acme-organization-trail", help="default: %(default)s")
    trail.add_argument("--hours", type=int, default=48, help="default: %(default)s")
    return parser


def _add_steering(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The commands that ask an emulator which is served already."""
    writes = commands.add_parser("writes", help="list the writes since the last such list")
    writes.set_defaults(command=_steer, ask=_writes)
    event = commands.add_parser("event", help="put an event on the default bus of an account")
    event.set_defaults(command=_steer, ask=_event)
    event.add_argument("event", help="root-login, or a file with the event as EventBridge has it")
    event.add_argument("--account", required=True, help="its id")
    event.add_argument("--region", default="us-east-1", help="default: %(default)s")
    subscribe = commands.add_parser("subscribe", help="subscribe somebody to a topic of the management account")
    subscribe.set_defaults(command=_steer, ask=_subscribe)
    subscribe.add_argument("topic", help="its ARN")
    subscribe.add_argument("endpoint", help="an e-mail address")
    confirm = commands.add_parser("confirm", help="confirm the subscriptions of an endpoint")
    confirm.set_defaults(command=_steer, ask=_confirm)
    confirm.add_argument("endpoint", help="such as an e-mail address")
    messages = commands.add_parser("messages", help="show what topics delivered")
    messages.set_defaults(command=_steer, ask=_messages)
    for steering in (writes, event, subscribe, confirm, messages):
        steering.add_argument("--url", default=os.environ.get("AWS_ENDPOINT_URL"), help="default: AWS_ENDPOINT_URL")


def _stop_on_signals(listener: Listener) -> None:
    def stop(number: int, frame: types.FrameType | None) -> None:
        # shutdown() waits for serve_forever, which this thread is in the middle of.
        threading.Thread(target=listener.shutdown, daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _announce(url: str, organization: Organization | None) -> None:
    """Print what a shell needs; the last line is "ready", for those who wait for it."""
    region = organization.management_account.home_region if organization else "us-east-1"
    for name, value in client.environment(url, region=region).items():
        print(f"export {name}={value}")
    for account in organization.accounts.values() if organization else ():
        management = organization is not None and account.id == organization.management_account_id
        print(
            f"# {account.id} {account.name}{' (management: unknown keys are its administrator)' if management else ''}"
        )
    print("# ready", flush=True)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # An ordinary exit frees moto's state object by object, which takes half a second.
    os._exit(status)
