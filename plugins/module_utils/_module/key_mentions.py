# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading the settings of workloads that name an access key, in all regions at the same time.

What is read is searched at once and not kept. The values of variables are neither returned nor written anywhere.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime

from .._aws.access import Access
from .._aws.errors import AwsError, InvalidCredentials
from .._aws.operations import Operations
from .._policy.hunt.dependants.find import LastUse, Mention
from .._policy.hunt.dependants.search import (
    Match,
    search_function,
    search_project,
    search_stack,
    search_task_definition,
    search_user_data,
)

OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            "cloudformation:DescribeStacks",
            "codebuild:BatchGetProjects",
            "codebuild:ListProjects",
            "ec2:DescribeInstanceAttribute",
            "ec2:DescribeInstances",
            "ec2:DescribeLaunchTemplateVersions",
            "ecs:DescribeTaskDefinition",
            "ecs:ListTaskDefinitionFamilies",
            "iam:GetAccessKeyLastUsed",
            "lambda:ListFunctions",
            "lambda:ListTags",
        }
    )
)
#: Who owns something, by these tags, the first that it has.
OWNER_TAGS: t.Final = ("owner", "team", "contact")
# One call each: an account with more has them from the same source.
_MOST_INSTANCES: t.Final = 100
_MOST_FAMILIES: t.Final = 500
_PROJECTS: t.Final = 100
#: Said with every search.
NOT_SEARCHED: t.Final = (
    "Elastic Beanstalk, Glue, App Runner, Amplify, Batch, EKS secrets, the values of parameters and secrets, older "
    "revisions of task definitions, files in images and in S3, and everything outside of AWS"
)

Record = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Mentions:
    """The places that name a key, and sentences about what could not be read."""

    mentions: tuple[Mention, ...]
    unread: tuple[str, ...] = ()


class _Search:
    """The search of one account in one region."""

    def __init__(self, access: Access, region: str, key_ids: frozenset[str]) -> None:
        self.access: t.Final = access
        self.region: t.Final = region
        self.key_ids: t.Final = key_ids
        self.notes: t.Final[list[str]] = []

    def items(self, service: str, operation: str, key: str, parameters: t.Optional[Record] = None) -> Iterator[t.Any]:
        return self.access.items(service, operation, key, parameters, region=self.region)

    def call(self, service: str, operation: str, parameters: Record) -> Record:
        return self.access.call(service, operation, parameters, region=self.region)

    def make(self, kind: str, resource: str, matches: Iterable[Match], owner: Callable[[], str]) -> Iterator[Mention]:
        """Make the mentions of one resource. Its owner is asked for only if there are any."""
        found = list(matches)
        named = owner() if found else ""
        for key_id, place in found:
            yield Mention(key_id, kind, resource, self.access.caller.account_id, self.region, place, named)


def read_mentions(access: Access, key_ids: Collection[str], *, regions: Collection[str]) -> Mentions:
    """Read which functions, task definitions, build projects, stacks and instances name a key.

    :raises InvalidCredentials: AWS does not know the credentials (any more).
    """
    wanted = frozenset(key_ids)
    jobs = {
        (region, name): functools.partial(_read, access, region, wanted, name, read)
        for region in regions
        for name, read in _READS.items()
        if wanted
    }
    mentions: list[Mention] = []
    unread: list[str] = []
    for answer in access.gather(jobs).values():
        if isinstance(answer, AwsError):
            raise answer
        mentions += answer.mentions
        unread += answer.unread
    return Mentions(tuple(mentions), tuple(unread))


def read_last_uses(access: Access, key_ids: Iterable[str]) -> tuple[LastUse, ...]:
    """Read when keys were used last. A key that can't be read has no row.

    :raises InvalidCredentials: AWS does not know the credentials (any more).
    """
    jobs = {key_id: functools.partial(_read_last_use, access, key_id) for key_id in key_ids}
    answers = access.gather(jobs)
    for answer in answers.values():
        if isinstance(answer, InvalidCredentials):
            raise answer
    return tuple(answer for answer in answers.values() if isinstance(answer, LastUse))


def _read_last_use(access: Access, key_id: str) -> LastUse:
    used = access.call("iam", "GetAccessKeyLastUsed", {"AccessKeyId": key_id}).get("AccessKeyLastUsed") or {}
    service, region = (str(used.get(name) or "").replace("N/A", "") for name in ("ServiceName", "Region"))
    when = used.get("LastUsedDate")
    return LastUse(key_id, when if isinstance(when, datetime) else None, service, region)


_Read = Callable[[_Search], Iterator[Mention]]


def _read(access: Access, region: str, key_ids: frozenset[str], name: str, read: _Read) -> Mentions:
    """Read one kind of resource. What was found before an error is kept."""
    search = _Search(access, region, key_ids)
    found: list[Mention] = []
    try:
        for mention in read(search):
            found.append(mention)
    except InvalidCredentials:
        raise
    except AwsError as error:
        search.notes.append(f"{name} in {region} were not searched to the end: {error}")
    except (KeyError, TypeError, AttributeError) as error:
        search.notes.append(f"{name} in {region} were not searched to the end: an answer of AWS lacks {error}")
    return Mentions(tuple(found), tuple(search.notes))


def _search_functions(search: _Search) -> Iterator[Mention]:
    for one in search.items("lambda", "ListFunctions", "Functions"):
        arn = one["FunctionArn"]
        yield from search.make(
            "function", arn, search_function(one, search.key_ids), functools.partial(_read_owner, search, arn)
        )


def _read_owner(search: _Search, arn: str) -> str:
    try:
        tags = search.call("lambda", "ListTags", {"Resource": arn}).get("Tags") or {}
    except InvalidCredentials:
        raise
    except AwsError:
        return ""
    return find_owner(tags)


def _search_tasks(search: _Search) -> Iterator[Mention]:
    families = list(search.items("ecs", "ListTaskDefinitionFamilies", "families", {"status": "ACTIVE"}))
    if len(families) > _MOST_FAMILIES:
        search.notes.append(
            f"only {_MOST_FAMILIES} of {len(families)} families of task definitions in {search.region} were searched"
        )
    for family in families[:_MOST_FAMILIES]:
        answer = search.call("ecs", "DescribeTaskDefinition", {"taskDefinition": family, "include": ["TAGS"]})
        definition = answer.get("taskDefinition") or {}
        owner = functools.partial(find_owner, _pair(answer.get("tags"), "key", "value"))
        matches = search_task_definition(definition, search.key_ids)
        yield from search.make("task_definition", definition["taskDefinitionArn"], matches, owner)


def _search_projects(search: _Search) -> Iterator[Mention]:
    names = list(search.items("codebuild", "ListProjects", "projects"))
    for some in _split(names):
        answer = search.call("codebuild", "BatchGetProjects", {"names": some})
        for one in answer.get("projects") or ():
            owner = functools.partial(find_owner, _pair(one.get("tags"), "key", "value"))
            yield from search.make("build_project", one["arn"], search_project(one, search.key_ids), owner)


def _split(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _PROJECTS):
        yield names[start : start + _PROJECTS]


def _search_stacks(search: _Search) -> Iterator[Mention]:
    for one in search.items("cloudformation", "DescribeStacks", "Stacks"):
        owner = functools.partial(find_owner, _pair(one.get("Tags"), "Key", "Value"))
        yield from search.make("stack", one["StackId"], search_stack(one, search.key_ids), owner)


def _search_instances(search: _Search) -> Iterator[Mention]:
    running = [
        one
        for group in search.items("ec2", "DescribeInstances", "Reservations")
        for one in group.get("Instances") or ()
        if (one.get("State") or {}).get("Name") not in ("terminated", "shutting-down")
    ]
    if len(running) > _MOST_INSTANCES:
        search.notes.append(
            f"the user data of only {_MOST_INSTANCES} of {len(running)} instances in {search.region} was searched"
        )
    for one in running[:_MOST_INSTANCES]:
        asked = {"InstanceId": one["InstanceId"], "Attribute": "userData"}
        data = (search.call("ec2", "DescribeInstanceAttribute", asked).get("UserData") or {}).get("Value")
        owner = functools.partial(find_owner, _pair(one.get("Tags"), "Key", "Value"))
        yield from search.make("instance", one["InstanceId"], search_user_data(data, search.key_ids), owner)


def _search_templates(search: _Search) -> Iterator[Mention]:
    """Without the id of a template, AWS answers with these versions of all."""
    asked = {"Versions": ["$Latest", "$Default"]}
    seen: set[tuple[str, str]] = set()
    for one in search.items("ec2", "DescribeLaunchTemplateVersions", "LaunchTemplateVersions", asked):
        template, version = str(one["LaunchTemplateId"]), str(one.get("VersionNumber"))
        if (template, version) in seen:
            continue
        seen.add((template, version))
        matches = search_user_data((one.get("LaunchTemplateData") or {}).get("UserData"), search.key_ids)
        named = ((key_id, f"version {version}: {place}") for key_id, place in matches)
        yield from search.make("launch_template", template, named, str)


_READS: t.Final[Mapping[str, _Read]] = {
    "functions": _search_functions,
    "task definitions": _search_tasks,
    "build projects": _search_projects,
    "stacks": _search_stacks,
    "instances": _search_instances,
    "launch templates": _search_templates,
}


def find_owner(tags: Mapping[str, t.Any]) -> str:
    """Find the owner in tags; empty if none says so. Tags are hints: anybody who may tag can set them."""
    lower = {str(key).lower(): str(value) for key, value in tags.items()}
    return next((lower[name] for name in OWNER_TAGS if lower.get(name)), "")


def _pair(tags: t.Any, key: str, value: str) -> dict[str, t.Any]:
    return {one[key]: one.get(value) for one in tags or () if one.get(key)}
