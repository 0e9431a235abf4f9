# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""AWS as the rest of the collection sees it: typed calls, pages, parallel reads of one account, in the right role."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import typing as t
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from . import sdk
from .advice import advise
from .base_chain import base_chain, static_credentials
from .belonging import find_mismatch
from .clients import ClientPool, WritePermit
from .credentials import RoleCredentials, session_name
from .errors import AwsError, InvalidRequest, Unsupported, translate
from .fence import ACCESS_OPERATIONS, Fence, OperationFence, refuse
from .identity import Identity
from .notes import NoNotes, Notes, NotesElsewhere, describe_origin
from .operations import Operations
from .options import AccessOptions
from .paging import list_members, make_unparsable, next_page, page_size_parameter
from .patience import Patience
from .reach import Reach, RegionReader
from .regions import GLOBAL_SERVICES, home_region_of, is_offered, partition_of
from .sdk import HAS_BOTO3, new_session, warm
from .tape import FACTS, Call

if t.TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

__all__ = ["HAS_BOTO3", "Access", "Identity", "Reach", "warm"]

# Writes that nobody plans, and so nobody else repeats: objects of journal and report, and sessions.
_PATIENT_SERVICES: t.Final = frozenset({"s3", "sts"})
# Part of the change that makes an archive rule, after the write itself.
_PATIENT_WRITES: t.Final = frozenset({"accessanalyzer:ApplyArchiveRule"})

K = t.TypeVar("K")
V = t.TypeVar("V")


class Access(RegionReader):
    """One account, in the role that the mode calls for. Nothing is sent before the first call.

    In check mode that is the assessor role, or the role for writing only where no assessor role is declared; else it is
    the role for writing. Without a role it is the owner of the credentials. Threads may share an instance.

    ``session_tag`` ends the default name of the role session: the id of a job, say. ``permit`` is asked when a write is
    about to be sent.

    :raises AwsError: the options can't work, or botocore is not installed.
    """

    def __init__(
        self,
        options: AccessOptions,
        *,
        operations: Operations,
        check_mode: bool,
        session_tag: str = "",
        fence: t.Optional[Fence] = None,
        patience: t.Optional[Patience] = None,
        permit: t.Optional[WritePermit] = None,
        open_notes: t.Optional[Callable[[Access], Notes]] = None,
    ) -> None:
        if not HAS_BOTO3:
            raise InvalidRequest("boto3 and botocore are required: install the Python requirements of the collection")
        self._options = options
        self._operations = operations
        self._check_mode = check_mode
        self._fence = fence or OperationFence(operations, check_mode)
        self._patience = patience or Patience()
        self._permit = permit
        self._open_notes = open_notes
        self._session_name = session_name(options, session_tag)
        self.role_arn = (check_mode and options.assessor_role_arn) or options.assume_role_arn
        self._session = self._new_session(options.profile)
        if options.access_key and options.secret_key:
            self._session.set_credentials(options.access_key, options.secret_key, options.session_token)
        role_partition = self.role_arn.split(":")[1] if self.role_arn else None
        self.region = self._find_configured_region() or home_region_of(self._session, role_partition)
        self.partition = partition_of(self._session, self.region)
        if role_partition not in (None, self.partition):
            option = "assume_role_arn" if self.role_arn == options.assume_role_arn else "assessor_role_arn"
            raise InvalidRequest(
                f"{option}: {self.role_arn} is of the partition {role_partition}, and the region {self.region} is of "
                f"{self.partition}.\nCorrect the ARN, or set AWS_REGION to a region of {role_partition}."
            )
        self.home_region = home_region_of(self._session, self.partition)
        self._base = ClientPool(self._session, options, fence=self._fence, permit=permit)
        self._assumed: Mapping[str, t.Any] = {}
        self._clients = self._in_role(self.role_arn) if self.role_arn else self._base

    def _new_session(self, profile: t.Optional[str]) -> Session:
        return new_session(profile, operations=self._operations.union(ACCESS_OPERATIONS))

    def _find_configured_region(self) -> t.Optional[str]:
        """Find the region of the option, the environment or the profile."""
        found = self._find_fact("Region", lambda: {"region": self._options.region or self._find_region_of_session()})
        return self._options.region or t.cast(t.Optional[str], found["region"])

    def _find_region_of_session(self) -> t.Optional[str]:
        try:
            return t.cast(t.Optional[str], self._session.get_config_variable("region"))
        except sdk.BotoCoreError as exception:
            error = translate(exception, "", "", None)
            raise error.rephrase(advise(error)) from None

    def _in_role(self, role_arn: str) -> ClientPool:
        session = self._new_session(self._options.profile)
        provider = RoleCredentials(
            options=self._options,
            role_arn=role_arn,
            session_name=self._session_name,
            assume=self._assume_role,
        )
        session.register_component("credential_provider", provider)
        return ClientPool(session, self._options, fence=self._fence, permit=self._permit)

    def _assume_role(self, parameters: Mapping[str, t.Any]) -> dict[str, t.Any]:
        answer = self._call(self._base, "sts", "AssumeRole", self.region, parameters)
        self._assumed = answer.get("AssumedRoleUser") or {}
        return answer

    def read_clock(self) -> t.Optional[datetime]:
        """The time by the clock of AWS, counted on from its last answer in the role; None if none had a date."""
        return self._clients.read_clock()

    @property
    def longest_write(self) -> float:
        """The seconds that a write may take: it is sent once. Infinite where ``aws_config`` takes a time-out away."""
        return self._clients.longest_write

    @property
    def seconds_behind(self) -> float:
        """By how many seconds the clock of this machine is behind that of AWS, as far as answers have shown."""
        return self._clients.behind

    @property
    def origin(self) -> str:
        """What identifies the credentials before any role, without a secret. Raises AwsError: no such profile."""
        with self._translate_errors("sts", "", self.region):
            return describe_origin(self._session, self._options)

    @functools.cached_property
    def notes(self) -> Notes:
        """The facts that the modules of one run share. Raises AwsError: no such profile."""
        return self._open_notes(self) if self._open_notes else NoNotes()

    def _recall(self, name: str, find: Callable[[], V], *, of_run: bool = False) -> V:
        """A fact, as JSON has it. In check mode another module of the run may have found it; else it is asked for."""
        known: t.Optional[V] = self.notes.recall(name, of_run=of_run) if self._check_mode else None
        if known is not None:
            return known
        found = find()
        self.notes.note(name, found, of_run=of_run)
        return found

    @property
    def access_key_id(self) -> t.Optional[str]:
        """The id of the access key that the credentials start from, before any role; None if there is none."""
        with self._translate_errors("sts", "", self.region):
            credentials = self._session.get_credentials()
        return credentials.access_key if credentials else None

    def elsewhere(self, credentials: Mapping[str, t.Optional[str]], operations: Operations) -> Access:
        """The same way to AWS with other credentials: as another principal, in no further role.

        ``credentials`` are those of STS, or an access key whose ``SessionToken`` is None.

        What it may call is ``operations``, and in check mode the reads of them.
        """
        options = dataclasses.replace(
            self._options,
            region=self.region,
            profile=None,
            access_key=credentials["AccessKeyId"],
            secret_key=credentials["SecretAccessKey"],
            session_token=credentials["SessionToken"],
            assume_role_arn=None,
            assessor_role_arn=None,
            # It would be taken for the owner of the credentials.
            tape=None,
        )
        return Access(
            options,
            operations=operations,
            check_mode=self._check_mode,
            patience=self._patience,
            permit=self._permit,
            open_notes=lambda _access: NotesElsewhere(self.notes),
        )

    @functools.cached_property
    def caller(self) -> Identity:
        """The principal that makes the calls. Raises AwsError: most often credentials or a role that don't work.

        The answer of AssumeRole names the session, with what GetCallerIdentity would say of it.
        """
        return Identity(**self._find_fact("Caller", lambda: dataclasses.asdict(self._find_caller())))

    def _find_caller(self) -> Identity:
        if not self.role_arn:
            return self._owner
        return self._recall_identity(f"caller {self.role_arn} {self._session_name}", self._enter)

    def _enter(self) -> Identity:
        with self._translate_errors("sts", "AssumeRole", self.region):
            self._clients.load_credentials()
        return Identity.of_session(self._assumed) or self._ask_identity(self._clients)

    @functools.cached_property
    def _owner(self) -> Identity:
        """The owner of the credentials, before any role of ours."""
        return self._recall_identity("owner", lambda: self._ask_identity(self._base), of_run=True)

    def _ask_identity(self, pool: ClientPool) -> Identity:
        return Identity.of_caller(self._call(pool, "sts", "GetCallerIdentity", self.region))

    def _recall_identity(self, name: str, find: Callable[[], Identity], *, of_run: bool = False) -> Identity:
        return Identity(**self._recall(name, lambda: dataclasses.asdict(find()), of_run=of_run))

    @functools.cached_property
    def chain(self) -> tuple[str, ...]:
        """ARNs of every principal on the way here: the owner of the credentials, the role, and its session.

        After these come what botocore itself went through to the credentials by a profile of AWS's files.
        """
        return tuple(self._find_fact("Chain", lambda: {"arns": self._find_chain()})["arns"])

    def _find_chain(self) -> tuple[str, ...]:
        before = self._recall("before", lambda: list(self._find_before()), of_run=True)
        if not self.role_arn:
            return (self.caller.arn, *before)
        return self._owner.arn, self.role_arn, self.caller.arn, *before

    def _find_before(self) -> tuple[str, ...]:
        """The roles that a profile assumes one after the other, and the owner of the credentials that assume the first.

        :raises AwsError: the owner can't be found out.
        """
        with self._translate_errors("sts", "GetCallerIdentity", self.region):
            way = base_chain(self._session)
            static = static_credentials(self._session, way.owner) if way.owner else None
        if way.owner is None:
            return way.roles
        session = self._new_session(None if static else way.owner)
        if static:
            session.set_credentials(*static)
        owner = ClientPool(session, self._options, fence=self._fence)
        return *way.roles, self._ask_identity(owner).arn

    def client(self, service: str, region: t.Optional[str] = None) -> BaseClient:
        """botocore's client, fenced like all others, for what :meth:`call` and :meth:`pages` can't do."""
        return self._client(self._clients, service, region or self._default_region(service))

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> dict[str, t.Any]:
        """The answer to one call of an operation, named as AWS does, without botocore's own ``ResponseMetadata``.

        A write is sent once: see :mod:`.retries`. Its answer keeps ``ResponseMetadata`` with AWS's ``RequestId`` alone,
        by which CloudTrail's event of it is found.

        :raises AwsError: after all retries, or the answer is about another account or object than was asked.
        :raises FenceError: the module did not declare this call.
        """
        given = parameters or {}
        region = region or self._default_region(service)
        answer = self._answer(service, operation, region, given)
        principal = str(self.role_arn or getattr(self.__dict__.get("caller"), "arn", ""))
        if wrong := find_mismatch(f"{service}:{operation}", given, answer, principal):
            raise make_unparsable(f"the answer is not what was asked: {wrong}", "Mismatch", service, operation, region)
        return answer

    def _answer(self, service: str, operation: str, region: str, parameters: Mapping[str, t.Any]) -> dict[str, t.Any]:
        send = functools.partial(self._call, self._clients, service, operation, region, parameters)
        if self._options.tape is None:
            return send()
        # A player calls nothing, so it would not meet the fence around the client.
        refuse(self._fence, f"{service}:{operation}", parameters)
        return self._options.tape.play(Call(self.role_arn or "", service, operation, region, parameters), send)

    def _find_fact(self, name: str, find: Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
        """Find out what this way to AWS is like; from the recording where AWS is played from one."""
        if self._options.tape is None:
            return find()
        return self._options.tape.play(Call(self.role_arn or "", FACTS, name), find)

    def pages(
        self,
        service: str,
        operation: str,
        key: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
        page_size: t.Optional[int] = None,
    ) -> Iterator[dict[str, t.Any]]:
        """The answers of all pages, in order; in each the list ``key``, empty where AWS may leave it out, and did.

        :raises AwsError: a page can't be read. The pages so far are then no complete answer.
        """
        asked = dict(parameters or {})
        region = region or self._default_region(service)
        accepted, promised = self._members(service, operation, region)
        size = page_size_parameter(accepted)
        if page_size and size:
            asked[size] = page_size
        seen: set[str] = set()
        while True:
            answer = self.call(service, operation, asked, region=region)
            if key in promised and key not in answer:
                # An empty list is there. Without it, what was to be listed is not known.
                raise make_unparsable(f"the answer has no {key}", "Incomplete", service, operation, region)
            yield {**answer, key: answer.get(key) or []}
            try:
                following = next_page(answer, accepted)
            except ValueError as error:
                raise make_unparsable(str(error), "Truncated", service, operation, region) from error
            if not following:
                return
            parameter, token = following
            if token in seen:
                message = "AWS returned the same page token twice, so the pages would never end"
                raise make_unparsable(message, "RepeatedToken", service, operation, region)
            seen.add(token)
            asked[parameter] = token

    def items(
        self,
        service: str,
        operation: str,
        key: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
        page_size: t.Optional[int] = None,
    ) -> Iterator[t.Any]:
        """The items of the list ``key``, over all pages. Raises as :meth:`pages` does."""
        for page in self.pages(service, operation, key, parameters, region=region, page_size=page_size):
            yield from page[key]

    def gather(self, calls: Mapping[K, Callable[[], V]], *, workers: int = 8) -> dict[K, t.Union[V, AwsError]]:
        """The results of ``calls``, made in parallel, in their order; in place of a result the AwsError it raised.

        Any other exception is a defect, and raised here.
        """
        if not calls:
            return {}
        with ThreadPoolExecutor(max_workers=min(workers, len(calls))) as pool:
            futures = {key: pool.submit(_result_or_error, function) for key, function in calls.items()}
            return {key: future.result() for key, future in futures.items()}

    def _default_region(self, service: str) -> str:
        return self.home_region if service in GLOBAL_SERVICES else self.region

    def _members(self, service: str, operation: str, region: str) -> tuple[frozenset[str], frozenset[str]]:
        """The parameters of an operation, and the members that by AWS's own model each answer to it has."""
        # Not that of a client, which would look for credentials before there is anything to sign.
        with self._translate_errors(service, "", region):
            return list_members(self._session.get_service_model(service), operation)

    def _client(
        self, pool: ClientPool, service: str, region: str, *, once: bool = False, writes: bool = False
    ) -> BaseClient:
        with self._translate_errors(service, "", region):
            return pool.client(service, region, once=once, writes=writes)

    def _needs_permit(self, service: str, operation: str) -> bool:
        """Whether a call changes the account. Objects of journal and report, and sessions, do not."""
        return f"{service}:{operation}" in self._operations.writes and service not in _PATIENT_SERVICES

    def _call(
        self,
        pool: ClientPool,
        service: str,
        operation: str,
        region: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
    ) -> dict[str, t.Any]:
        pool.silence.refuse(service, operation, region)
        writes = self._needs_permit(service, operation)
        # The caller decides on every further attempt: it reads the target of a write again before each.
        once = writes and f"{service}:{operation}" not in _PATIENT_WRITES
        client = self._client(pool, service, region, once=once or pool.silence.is_suspected, writes=writes)
        method = getattr(client, sdk.xform_name(operation), None)
        if method is None:
            refuse(self._fence, f"{service}:{operation}", parameters or {})
            message = "the installed botocore does not know this operation"
            raise Unsupported(message, service=service, operation=operation, region=region)

        def attempt() -> dict[str, t.Any]:
            with pool.silence.note(service, region), self._translate_errors(service, operation, region):
                return t.cast(dict[str, t.Any], method(**(parameters or {})))

        name = f"{service}:{operation}"
        is_read = name not in self._operations.writes
        with contextlib.nullcontext() if is_read else self._note_write(name):
            answer = attempt() if once else self._patience.call(attempt, repeatable=is_read)
        request_id = (answer.pop("ResponseMetadata", None) or {}).get("RequestId")
        if request_id and not is_read:
            answer["ResponseMetadata"] = {"RequestId": request_id}
        return answer

    @contextlib.contextmanager
    def _note_write(self, name: str) -> Iterator[None]:
        """Note a write before it is sent, since this process may end before the answer, and when it has ended."""
        self.notes.wrote(name)
        try:
            yield
        finally:
            self.notes.wrote(name)

    @contextlib.contextmanager
    def _translate_errors(self, service: str, operation: str, region: str) -> Iterator[None]:
        """Translate botocore's exceptions into AwsError, with no secret in it and no cause that would show one."""
        try:
            yield
        except (sdk.BotoCoreError, sdk.ClientError, sdk.ResponseParserError) as exception:
            elsewhere = region not in (self.region, self.home_region)
            error = translate(exception, service, operation, region, elsewhere=elsewhere)
            if error.code == "EndpointConnectionError" and not is_offered(self._session, service, region):
                message = f"{service} has no endpoint in {region}"
                error = Unsupported(message, service=service, operation=operation, region=region)
            raise error.rephrase(self._options.mask_secrets(advise(error))) from None


def _result_or_error(function: Callable[[], V]) -> t.Union[V, AwsError]:
    try:
        return function()
    except AwsError as error:
        return error
