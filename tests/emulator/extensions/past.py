# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The past of an account: the months of calls that its seed describes, in log files, history and last accessed.

The files are made when somebody first looks into a trail's bucket, so that a start of the emulator stays quick. Where
events are late (see :mod:`emulator.delays`), the files lack the last ones.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import typing as t
from datetime import UTC, datetime, timedelta

from moto.cloudtrail.models import CloudTrailBackend, Trail, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.iam.models import AccessKeyLastUsed, iam_backends
from moto.organizations.models import organizations_backends
from moto.s3.models import FakeBucket, S3Backend, s3_backends

from emulator.activity import delivery, generate, later, records, selectors
from emulator.activity.records import Record
from emulator.activity.uses import LastUse, last_uses
from emulator.delays import DELAYS
from emulator.extensions.opt_in import DEFAULT_REGIONS
from emulator.extensions.registration import operations_of
from emulator.extensions.state import AccountState, Past, ServiceUse, Use, account_states, clock
from emulator.seed.model import Account

# The events of each past, by its key. A process serves few seeds, most of them without any.
_made: dict[str, list[Record]] = {}
_MOST_MADE: t.Final = 8
_DIGEST: t.Final = re.compile(
    r"/(?P<account>\d{12})_CloudTrail-Digest_(?P<region>[a-z0-9-]+)_(?P<trail>.+)_\d{8}T\d{6}Z\.json\.gz\Z"
)
_LOG: t.Final = re.compile(
    r"/(?P<account>\d{12})_CloudTrail_(?P<region>[a-z0-9-]+)_(?P<begins>\d{8}T\d{4}Z)_[0-9a-f]{16}\.json\.gz\Z"
)
_KEY_IS_VALID: t.Final = timedelta(days=400)
# "Recent activity usually appears within four hours": a digest covers the calls by then.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
_USE_APPEARS_AFTER: t.Final = timedelta(hours=4)


def keep(account: Account, *, now: datetime) -> None:
    """Give an account its past, and its principals their dates of last use."""
    if not account.activity:
        return
    state = account_states[account.id][account.partition]
    key = hashlib.sha256(f"{account.id} {now.isoformat()} {account.activity!r}".encode()).hexdigest()
    state.past = Past(account, now, key)
    _note_uses(state, last_uses(generate.latest_events(account, now=now, lag=_USE_APPEARS_AFTER)))


def _note_uses(state: AccountState, uses: t.Mapping[str, t.Mapping[str, t.Mapping[str, LastUse]]]) -> None:
    """Note the dates of last use, of principals and of roles as a whole."""
    roles = {role.arn: role for role in iam_backends[state.account_id][state.partition].roles.values()}
    for arn, services in uses.items():
        known = state.last_accessed.setdefault(arn, {})
        for service, actions in services.items():
            known[service] = _join(known.get(service), arn, actions)
        role = roles.get(arn)
        newest = max((use for actions in services.values() for use in actions.values()), key=lambda use: use.when)
        if role is not None and (role.last_used is None or role.last_used < _moment(newest.when)):
            role.last_used, role.last_used_region = _moment(newest.when), newest.region


def _note_keys(state: AccountState, events: t.Iterable[Record]) -> None:
    """Note the last use of access keys, which IAM keeps as well."""
    keys = iam_backends[state.account_id][state.partition].access_keys
    for event in events:
        key = keys.get(event["userIdentity"].get("accessKeyId", ""))
        used = _moment(event["eventTime"])
        if key is not None and (key.last_used is None or key.last_used.timestamp < used):
            key.last_used = AccessKeyLastUsed(used, event["eventSource"].partition(".")[0], event["awsRegion"])


def _join(known: ServiceUse | None, arn: str, actions: t.Mapping[str, t.Any]) -> ServiceUse:
    """Add the uses of the events to those that the seed gives itself, such as one before the events begin."""
    uses = {name: Use(_moment(use.when), use.region, arn) for name, use in actions.items()}
    last = max(uses.values(), key=lambda use: use.when)
    if known is None:
        return ServiceUse(last, uses)
    return ServiceUse(max(known.last, last, key=lambda use: use.when), {**known.actions, **uses})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def past_events(state: AccountState) -> list[Record]:
    """All events of the account's past, the oldest first."""
    if state.past is None:
        return []
    if state.past.key not in _made:
        if len(_made) >= _MOST_MADE:
            _made.clear()
        _made[state.past.key] = generate.events(state.past.account, now=state.past.now)
    return _made[state.past.key]


def past_of(state: AccountState, region: str) -> list[Record]:
    """The management events of a region: the event history has no others."""
    return [event for event in past_events(state) if event["awsRegion"] == region and event["managementEvent"]]


def _deliver(owner: AccountState, name: str) -> None:
    """Put the files of the past into the bucket of a trail."""
    storage = s3_backends[owner.account_id][owner.partition]
    trails = [
        trail
        for backends in cloudtrail_backends.values()
        for backend in backends.values()
        for trail in backend.trails.values()
        if trail.bucket_name == name and trail.status.is_logging
    ]
    for trail in trails:
        for state in _covered(trail):
            for file in _files(trail, state):
                _put(storage, name, file)


def _put(storage: S3Backend, name: str, file: delivery.File) -> None:
    made = storage.put_object(name, file.key, file.body, disable_notification=True)
    if file.metadata:
        made.set_metadata({f"x-amz-meta-{key}": value for key, value in file.metadata.items()})


def add_later(
    account_id: str,
    asked: t.Iterable[later.Later],
    *,
    days: float = 0,
    moved: t.Mapping[str, str] | None = None,
) -> int:
    """Add calls after the seed to the event history and to the trails of an account; how many events there are.

    The activities of the seed go on for the last ``days``; ``moved`` names the role that makes the calls of another.
    Raises ValueError: the account has no past, or no such role.
    """
    state = next((one for one in account_states[account_id].values() if one.past is not None), None)
    if state is None or state.past is None:
        raise ValueError(f"account {account_id} has no past: only those of a seed with activity have one")
    backend, now = iam_backends[account_id][state.partition], clock().replace(tzinfo=UTC)
    known = {f"role/{role.name}": (role.arn, role.id) for role in backend.roles.values()}
    known |= {f"user/{user.name}": (user.arn, user.id) for user in backend.users.values()}

    def find(principal: str) -> tuple[str, str]:
        if principal not in known:
            raise ValueError(f"{principal}: there is no such role or user in account {account_id}")
        return known[principal]

    live = {old: (new, *find(new)) for old, new in (moved or {}).items()}
    events = generate.events(state.past.account, now=now, days=days, moved=live) if days else []
    for one in asked:
        events += later.write(one, records.Writer(state.past.account, one.principal, find(one.principal)), now)
    for event in events:
        if event["managementEvent"]:
            state.events.setdefault(event["awsRegion"], []).append(event)
    _note_uses(state, last_uses(events))
    _note_keys(state, events)
    homes = [home for backends in cloudtrail_backends.values() for home in backends.values()]
    for trail in [trail for home in homes for trail in home.trails.values()]:
        if trail.status.is_logging and state in _covered(trail):
            _deliver_later(trail, events, account_id, now)
    return len(events)


def _deliver_later(trail: Trail, events: t.Sequence[Record], account_id: str, now: datetime) -> None:
    storages = (storage for partitions in s3_backends.values() for storage in partitions.values())
    storage = next((one for one in storages if trail.bucket_name in one.buckets), None)
    if storage is None:
        return
    # The files of the past come first.
    bucket = storage.get_bucket(trail.bucket_name)
    newest: dict[tuple[str, str], delivery.File] = {}
    logs: list[tuple[tuple[str, str], datetime, delivery.File]] = []
    for key, item in sorted(bucket.keys.items(), key=lambda pair: str(pair[0]).rpartition("_")[2]):
        found = _DIGEST.search(str(key))
        if found and found["trail"] == f"{trail.trail_name}_{trail.region_name}" and found["account"] == account_id:
            headers = {name.lower().removeprefix("x-amz-meta-"): value for name, value in item.metadata.items()}
            newest[account_id, found["region"]] = delivery.File(str(key), item.value, headers)
        log = _LOG.search(str(key))
        if log and log["account"] == account_id:
            begins = datetime.strptime(log["begins"], "%Y%m%dT%H%M%z")
            logs.append(((account_id, log["region"]), begins, delivery.File(str(key), item.value)))
    waiting = [file for of, begins, file in logs if of in newest and begins >= delivery.end_of(newest[of])]
    for file in delivery.deliver_later(_select(trail, events), _place(trail), newest, waiting=waiting, now=now):
        _put(storage, trail.bucket_name, file)


def _covered(trail: Trail) -> list[AccountState]:
    """The accounts with a past that a trail records."""
    partition = trail.partition
    accounts = [trail.account_id]
    if trail.is_org_trail:
        backend = organizations_backends[trail.account_id][partition]
        accounts = [account.id for account in backend.accounts]
    states = [account_states[account_id][partition] for account_id in accounts]
    return [state for state in states if state.past is not None]


def _files(trail: Trail, state: AccountState) -> t.Iterator[delivery.File]:
    assert state.past is not None
    recorded = _select(trail, past_events(state))
    if DELAYS.lateness_seconds:
        newest = f"{DELAYS.newest(state.past.now):%Y-%m-%dT%H:%M:%SZ}"
        recorded = [event for event in recorded if event["eventTime"] <= newest]
    regions = DEFAULT_REGIONS if trail.is_multi_region and trail.partition == "aws" else ()
    digests, now = trail.log_validation, state.past.now
    return delivery.deliver(recorded, _place(trail), digests=digests, now=now, regions=regions)


def _select(trail: Trail, events: t.Iterable[Record]) -> list[Record]:
    """The events that a trail records."""
    backend: CloudTrailBackend = cloudtrail_backends[trail.account_id][trail.region_name]
    _arn, basic, advanced = backend.get_event_selectors(trail.trail_name)
    return [
        event
        for event in events
        if (trail.is_multi_region or event["awsRegion"] == trail.region_name)
        and selectors.is_selected(event, basic, advanced)
    ]


def _place(trail: Trail) -> delivery.Place:
    """The place that a trail delivers to."""
    organization = organizations_backends[trail.account_id][trail.partition].org if trail.is_org_trail else None
    return delivery.Place(
        bucket=trail.bucket_name,
        trail=trail.trail_name,
        home_region=trail.region_name,
        prefix=trail.s3_key_prefix or "",
        organization_id=organization.id if organization else None,
    )


def list_public_keys(response: CloudTrailResponse) -> str:
    """ListPublicKeys: the one that verifies the digests of every region."""
    now = clock().replace(tzinfo=UTC)
    key = {
        "Value": base64.b64encode(delivery.public_key()).decode(),
        "ValidityStartTime": (now - _KEY_IS_VALID).timestamp(),
        "ValidityEndTime": (now + _KEY_IS_VALID).timestamp(),
        "Fingerprint": delivery.fingerprint(),
    }
    return json.dumps({"PublicKeyList": [key]})


def install() -> None:
    """Add the operation, and make the files of a bucket before anybody sees it."""
    operations_of(CloudTrailResponse, list_public_keys)
    get = S3Backend.get_bucket

    def get_bucket(self: S3Backend, bucket_name: str) -> FakeBucket:
        owner = account_states[self.account_id][self.partition]
        if bucket_name in owner.undelivered and bucket_name in self.buckets:
            owner.undelivered.discard(bucket_name)
            _deliver(owner, bucket_name)
        return get(self, bucket_name)

    S3Backend.get_bucket = get_bucket
