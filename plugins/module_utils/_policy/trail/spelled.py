# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Names of resources that a request spells in a way of its own: two names in one, a default, the keys of a map.

Each reader gives, for each resource that the request names, the placeholders of the ARN that are known, in lower case.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Iterator, Mapping

from .parameters import Parameters

Row = dict[str, str]
_Reader = Callable[[Parameters, str], Iterator[Row]]


class Stem(str):
    """The beginning of a name, of which only AWS knows the end."""

    __slots__ = ()


def read_rows(kind: str, action: str, parameters: Parameters) -> t.Optional[list[Row]]:
    """Read the names of resources of a type (``service:type``) in a request of an action, both in lower case.

    None for a type that is named in the usual way. An empty list says that the request names none.
    """
    reader = _READERS.get(kind)
    return None if reader is None else list(reader(parameters, action))


def _list_texts(parameters: Parameters, *names: str) -> list[str]:
    return next((texts for name in names if (texts := parameters.texts(name))), [])


def _read_last(text: str) -> str:
    """The name in an ARN or a path, or the text itself: ``arn:aws:ecs:…:cluster/web`` is ``web``."""
    return text.rpartition("/")[2]


# ECS: a cluster by its name or ARN, or the one called "default"; a revision behind a colon.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html,
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html


def _read_cluster(parameters: Parameters) -> t.Optional[str]:
    texts = parameters.texts("cluster")
    if not texts:
        return "default" if parameters.is_whole and not parameters.is_given("cluster") else None
    return _read_last(texts[0])


def _of_cluster(place: str, *names: str) -> _Reader:
    def read(parameters: Parameters, _action: str) -> Iterator[Row]:
        cluster = _read_cluster(parameters)
        known = {"clustername": cluster} if cluster else {}
        texts = [text for text in _list_texts(parameters, *names) if not text.startswith("arn:")]
        if texts:
            yield from ({**known, place: text} for text in texts)
        elif known:
            yield known

    return read


def _read_task_definitions(parameters: Parameters, _action: str) -> Iterator[Row]:
    for text in _list_texts(parameters, "taskdefinition", "family"):
        if not text.startswith("arn:"):
            family, _colon, revision = text.partition(":")
            yield {
                "taskdefinitionfamilyname": family,
                **({"taskdefinitionrevisionnumber": revision} if revision else {}),
            }


# Batch: https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html


def _read_job_definitions(parameters: Parameters, _action: str) -> Iterator[Row]:
    for text in _list_texts(parameters, "jobdefinition", "jobdefinitionname"):
        yield {"jobdefinitionname": _read_last(text).partition(":")[0]}


def _read_job_revisions(parameters: Parameters, _action: str) -> Iterator[Row]:
    for text in _list_texts(parameters, "jobdefinition"):
        name, _colon, revision = _read_last(text).partition(":")
        yield {"jobdefinitionname": name, **({"revision": revision} if revision else {})}


def _read_job_queues(parameters: Parameters, _action: str) -> Iterator[Row]:
    for text in _list_texts(parameters, "jobqueue", "jobqueuename"):
        if not text.startswith("arn:"):
            yield {"jobqueuename": text}


# CodeBuild: the id of a build begins with the name of its project, also in an ARN.
# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html


def _read_projects(parameters: Parameters, action: str) -> Iterator[Row]:
    texts = _list_texts(parameters, "projectname", "name", "names")
    if "builds" in action or not texts:
        ids = _list_texts(parameters, "ids", "id")
        texts = texts or [_read_last(text).partition(":")[0] for text in ids if ":" in text]
    yield from ({"projectname": text} for text in dict.fromkeys(texts) if not text.startswith("arn:"))


# CodePipeline: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_CreatePipeline.html


def _read_pipelines(parameters: Parameters, _action: str) -> Iterator[Row]:
    texts = _list_texts(parameters, "pipelinename", "name") or parameters.list_texts_in("pipeline", "name")
    for text in texts[:1]:
        row = {"pipelinename": text}
        for name in ("stagename", "actionname"):
            if found := parameters.texts(name):
                row[name] = found[0]
        yield row


# DynamoDB: the tables of a batch are the keys of a map.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html


def _read_tables(parameters: Parameters, _action: str) -> Iterator[Row]:
    texts = [*parameters.texts("tablename"), *parameters.list_keys("requestitems")]
    for text in texts:
        if not text.startswith("arn:"):
            yield {"tablename": text}


# EventBridge: an entry without a bus is for the one called "default".
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
DEFAULT_BUS: t.Final = "default"


def _read_buses(parameters: Parameters, action: str) -> Iterator[Row]:
    if action != "events:putevents":
        texts = _list_texts(parameters, "eventbusname", "name")
    else:
        texts = parameters.find_nested("eventbusname")
        if parameters.is_whole and len(texts) < max(1, len(parameters.list_members("entries"))):
            texts = [*texts, DEFAULT_BUS]
    yield from ({"eventbusname": text} for text in dict.fromkeys(texts) if not text.startswith("arn:"))


# Rules are on a bus that a request gives by its name or its ARN, or on the one called "default". The names of the buses
# of partners have slashes. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html,
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-saas.html


def read_bus(parameters: Parameters) -> t.Optional[str]:
    """Read the name of the bus that a request is about; None where the request does not show it."""
    for text in parameters.texts("eventbusname"):
        return text.partition(":event-bus/")[2] or None if text.startswith("arn:") else text
    return DEFAULT_BUS if parameters.is_whole and not parameters.has("eventbusname") else None


def _read_rules_of_buses(parameters: Parameters, _action: str) -> Iterator[Row]:
    bus = read_bus(parameters)
    if bus is not None and bus != DEFAULT_BUS:
        rules = _list_texts(parameters, "rule", "name")
        yield {"eventbusname": bus, **({"rulename": rules[0]} if rules else {})}


def _read_rules(parameters: Parameters, _action: str) -> Iterator[Row]:
    if read_bus(parameters) in (None, DEFAULT_BUS):
        rules = _list_texts(parameters, "rule", "name")
        yield from ({"rulename": text} for text in rules if not text.startswith("arn:"))


# Athena: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html


def _read_workgroups(parameters: Parameters, action: str) -> Iterator[Row]:
    texts = _list_texts(parameters, "workgroup", "name")
    if not texts and action == "athena:startqueryexecution" and parameters.is_whole:
        texts = ["primary"]
    yield from ({"workgroupname": text} for text in texts if not text.startswith("arn:"))


# WAF: https://docs.aws.amazon.com/waf/latest/APIReference/API_GetWebACL.html
_SCOPES: t.Final = {"REGIONAL": "regional", "CLOUDFRONT": "global"}


def _read_of_waf(kind: str) -> _Reader:
    def read(parameters: Parameters, action: str) -> Iterator[Row]:
        scope = _SCOPES.get(next(iter(parameters.texts("scope")), ""))
        row = {"scope": scope} if scope else {}
        if action.endswith(kind):
            for name in ("name", "id"):
                if found := parameters.texts(name):
                    row[name] = found[0]
        if row:
            yield row

    return read


# Lambda: a version has a number, an alias has none.
# https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
_FUNCTION: t.Final = re.compile(r"(?:(?:arn:[^:]+:lambda:[^:]+:)?\d{12}:)?(?:function:)?(?P<name>[\w-]+)(?::[\w$-]+)?")


def _of_function(place: str, *, is_number: bool) -> _Reader:
    def read(parameters: Parameters, _action: str) -> Iterator[Row]:
        names = parameters.texts("functionname")
        found = _FUNCTION.fullmatch(names[0]) if names else None
        qualifier = next(iter(parameters.texts("qualifier")), "")
        if found is None:
            return
        fits = bool(qualifier) and qualifier.isdigit() == is_number
        yield {"functionname": found["name"], **({place: qualifier} if fits else {})}

    return read


# Load balancers: the type is in front of the name, and an id behind it, but for classic ones.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html


_TYPES_OF_BALANCERS: t.Final = {"application": "app", "network": "net", "gateway": "gwy"}


def _read_load_balancers(parameters: Parameters, action: str) -> Iterator[Row]:
    classic = parameters.texts("loadbalancername")
    yield from ({"loadbalancername": text} for text in classic)
    if action == "elasticloadbalancing:createloadbalancer" and not classic and parameters.is_whole:
        kind = _TYPES_OF_BALANCERS.get(next(iter(parameters.texts("type")), "application"))
        for text in parameters.texts("name") if kind else ():
            yield {"loadbalancername": Stem(f"{kind}/{text}/")}


def _read_target_groups(parameters: Parameters, action: str) -> Iterator[Row]:
    if action == "elasticloadbalancing:createtargetgroup":
        yield from ({"targetgroupname": text} for text in parameters.texts("name"))


_READERS: t.Final[Mapping[str, _Reader]] = {
    "athena:workgroup": _read_workgroups,
    "batch:job-definition": _read_job_definitions,
    "batch:job-definition-revision": _read_job_revisions,
    "batch:job-queue": _read_job_queues,
    "codebuild:project": _read_projects,
    "codepipeline:action": _read_pipelines,
    "codepipeline:pipeline": _read_pipelines,
    "codepipeline:stage": _read_pipelines,
    "dynamodb:table": _read_tables,
    "ecs:container-instance": _of_cluster("containerinstanceid", "containerinstance", "containerinstances"),
    "ecs:service": _of_cluster("servicename", "service", "servicename", "services"),
    "ecs:task": _of_cluster("taskid", "task", "tasks"),
    "ecs:task-definition": _read_task_definitions,
    "elasticloadbalancing:loadbalancer": _read_load_balancers,
    "elasticloadbalancing:targetgroup": _read_target_groups,
    "events:event-bus": _read_buses,
    "events:rule-on-custom-event-bus": _read_rules_of_buses,
    "events:rule-on-default-event-bus": _read_rules,
    "lambda:function alias": _of_function("alias", is_number=False),
    "lambda:function version": _of_function("version", is_number=True),
    **{f"wafv2:{kind}": _read_of_waf(kind) for kind in ("ipset", "regexpatternset", "rulegroup", "webacl")},
}
