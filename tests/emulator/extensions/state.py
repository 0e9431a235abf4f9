# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS keeps of an account's IAM and moto has no place for.

It lives in a moto backend, one an account and partition, so that resetting moto resets it too.
"""

from __future__ import annotations

import collections
import dataclasses
import time
import typing as t
from datetime import datetime

from moto.core.base_backend import BackendDict, BaseBackend
from moto.iam import models
from moto.utilities.utils import PARTITION_NAMES, get_partition

if t.TYPE_CHECKING:
    from emulator.seed.model import Account


def clock() -> datetime:
    """The emulator's present in UTC, without time zone as moto has it; follows the shifted clock of moto's IAM."""
    return t.cast(datetime, models.utcnow()).replace(tzinfo=None)


@dataclasses.dataclass
class RootUser:
    """The root user's credentials. A default account has a password that was never used, and nothing else."""

    created: datetime = dataclasses.field(default_factory=clock)
    password: bool = True
    password_last_used: t.Optional[datetime] = None
    mfa: t.Literal["none", "virtual", "hardware"] = "none"
    access_keys: list[models.AccessKey] = dataclasses.field(default_factory=list)
    signing_certificates: int = 0
    removed_certificates: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(frozen=True)
class RootSession:
    """A session as the root user that AssumeRoot opened: what its task policy leaves it, and until when."""

    task: str
    expires: datetime


@dataclasses.dataclass(frozen=True)
class Session:
    """What STS knows of a temporary access key: whose permissions it has, since when and until when.

    ``owner_id`` is the unique id of the role, or of the user of GetSessionToken and GetFederationToken. ``assumed_by``
    and ``opened_with`` are the ARN and the access key of the caller. ``keys`` are condition keys that STS alone can
    set, ``policies`` session policies, of which there may be none. ``transitive`` names the tags that a chain keeps.
    """

    kind: t.Literal["role", "user", "federated"]
    owner_id: str
    name: str
    issued: datetime
    expires: datetime
    judged: bool = False
    source_identity: str = ""
    assumed_by: str = ""
    opened_with: str = ""
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    keys: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    policies: tuple[str, ...] = ()
    mfa: bool = False


@dataclasses.dataclass
class UserDetails:
    """What moto does not keep of a user."""

    password_created: t.Optional[datetime] = None
    password_changed: t.Optional[datetime] = None


@dataclasses.dataclass
class Report:
    """A credential report. It is not ready until it has been asked for once more, as AWS takes a few seconds."""

    content: str
    generated: datetime
    ready: bool = False


@dataclasses.dataclass
class ServiceCredential:
    """A service-specific credential of a user."""

    credential_id: str
    user_name: str
    service: str
    created: datetime
    status: str = "Active"
    expires: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class Use:
    """The last use of a service or of one action."""

    when: datetime
    region: str
    entity: str


@dataclasses.dataclass
class ServiceUse:
    """What a principal last did in a service: as a whole, and action by action."""

    last: Use
    actions: dict[str, Use] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class LastAccessedJob:
    """A report job of GenerateServiceLastAccessedDetails."""

    arn: str
    granularity: str
    created: datetime
    started: float = dataclasses.field(default_factory=time.monotonic)
    polled: bool = False


@dataclasses.dataclass(frozen=True)
class Past:
    """What principals of an account did before the seed was applied, as the seed describes it."""

    account: Account
    now: datetime
    #: equal for equal descriptions at the same moment
    key: str


class AccountState(BaseBackend):
    """The state of one account in one partition."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.root = RootUser()
        self.root_sessions: dict[str, RootSession] = {}
        #: temporary access keys by their ids, those of root left out
        self.sessions: dict[str, Session] = {}
        #: unique ids of the principals whose calls are authorized; the account's id stands for its root user
        self.judged: set[str] = set()
        self.report: t.Optional[Report] = None
        self.users: dict[str, UserDetails] = {}
        self.key_changes: dict[str, datetime] = {}
        self.boundary_usage: collections.Counter[str] = collections.Counter()
        self.service_credentials: dict[str, ServiceCredential] = {}
        self.last_accessed: dict[str, dict[str, ServiceUse]] = {}
        self.last_accessed_jobs: dict[str, LastAccessedJob] = {}
        self.root_features: set[str] = set()
        self.contact: t.Optional[dict[str, str]] = None
        self.events: dict[str, list[dict[str, t.Any]]] = {}
        #: what principals did in the months before the seed was applied
        self.past: t.Optional[Past] = None
        #: the bucket of the organization's trail, the id of the organization, and the accounts with their partitions
        self.trail: t.Optional[tuple[str, str, tuple[tuple[str, str], ...]]] = None
        #: ids of the events that are in that bucket
        self.delivered: set[str] = set()
        #: buckets of trails whose files of the past are not made yet
        self.undelivered: set[str] = set()

    def user(self, user: models.User) -> UserDetails:
        """The details of a user, by its unique id: a user may be renamed."""
        return self.users.setdefault(user.id, UserDetails())


account_states: BackendDict[AccountState] = BackendDict(
    AccountState, "iam", use_boto3_regions=False, additional_regions=PARTITION_NAMES
)


def state_of(owner: t.Union[models.User, models.Role, models.IAMBackend]) -> AccountState:
    """The state of the account that a user, role or IAM backend belongs to."""
    partition = get_partition(owner.region_name) if isinstance(owner, models.User) else owner.partition
    return t.cast(AccountState, account_states[owner.account_id][partition])
