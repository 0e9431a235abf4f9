# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Over the whole catalogue: what an event does not show is never taken as safe, and what it shows is judged by that."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterator

import botocore.session
import pytest
from service_models import service_model

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Judge
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail import absent as trail_absent
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail import further as trail_further
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail import names as trail_names
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.names import actions_of, prefix_of
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.resources import is_ruled_out
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

from .events import ACCOUNT, Record, event
from .reference import DATA

REGION = "eu-central-1"
PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
ADMIN = parse(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, name="admin"
)


def actions_of_several_types() -> Iterator[catalogue.Action]:
    """All actions with two resource types or more."""
    for service in sorted(catalogue.services()):
        for action in catalogue.actions(service).values():
            if len(types_of(action)) > 1:
                yield action


def types_of(action: catalogue.Action) -> list[catalogue.ResourceType]:
    types = catalogue.resource_types(action.service)
    return [types[name.lower()] for name in action.resources if name.lower() in types]


ACTIONS = list(actions_of_several_types())
# "make test" draws some of the parts of the longest test, other ones in each run.
PARTS: t.Final = 6


def arn_of(kind: catalogue.ResourceType, value: str) -> str:
    """An ARN of a type, with ``value`` in all of its names."""
    places = {"partition": "aws", "region": REGION, "account": ACCOUNT}
    return PLACEHOLDER.sub(lambda found: places.get(found[1].lower(), value), kind.arn)


def event_of(action: catalogue.Action, arns: t.Iterable[str], parameters: t.Optional[Record] = None) -> Record:
    """An event that lists these ARNs as its resources, and has parameters that name nothing."""
    return event(
        f"{action.service}:{action.name}",
        requestParameters={"dryRun": False} if parameters is None else parameters,
        resources=[{"ARN": arn} for arn in arns],
    )


def is_readable(action: catalogue.Action) -> bool:
    """Whether an event of the action's own name is one of this action alone."""
    is_call = action.service != "signin"
    return (
        is_call
        and prefix_of(f"{action.service}.amazonaws.com") == action.service
        and (actions_of(action.service, action.name) == (action.full_name,))
    )


def judge_of(action: str, resources: t.Sequence[str]) -> Judge:
    """The change that brings an SCP which denies the action on some resources."""
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": action, "Resource": list(resources)},
    ]
    guard = parse({"Version": "2012-10-17", "Statement": statements}, name="guard")
    return Judge(Layers((ADMIN,), scps=((ADMIN,),)), Layers((ADMIN,), scps=((guard,),)))


def uses_of(record: Record) -> list[Use]:
    """The uses that the event shows, those of which it shows no resource first."""
    uses = EventReader(keys=frozenset()).read([record], Source.TRAIL).uses
    assert uses, "the event is not a use"
    return sorted(uses, key=lambda use: use.resource is not None)


def is_safe(uses: t.Iterable[Use], action: str, resources: t.Sequence[str]) -> bool:
    judge = judge_of(action, resources)
    return all(judge.verdict(use).outcome is Breakage.SAFE for use in uses)


READABLE = [action for action in ACTIONS if is_readable(action)]


def test_the_catalogue_has_thousands_of_such_actions() -> None:
    assert len(ACTIONS) > 2000
    unreadable = [action.full_name for action in ACTIONS if not is_readable(action)]
    assert len(unreadable) < 40, unreadable


@pytest.mark.parametrize("part", range(PARTS))
def test_a_type_that_an_event_does_not_show_is_never_safe(part: int) -> None:
    """For each action and each of its types: the others are shown, and the SCP denies the action on this one."""
    wrong, asked = [], 0
    for action in READABLE[part::PARTS]:
        kinds = types_of(action)
        # Of the few actions with very many types, which only tag or list tags, every fifth is asked of.
        for kind in kinds if len(kinds) <= 30 else kinds[::5]:
            # A version and an alias of a bot look alike.
            own = {PLACEHOLDER.sub("*", one) for one in kind.formats}
            others = [other for other in kinds if PLACEHOLDER.sub("*", other.arn) not in own][:10]
            record = event_of(action, [arn_of(other, "shown") for other in others])
            if is_ruled_out(record, action.full_name.lower(), kind.name.lower()):
                continue
            asked += 1
            if is_safe(uses_of(record), action.full_name, [PLACEHOLDER.sub("*", kind.arn)]):
                wrong.append((action.full_name, kind.name))
    assert not wrong
    assert asked > 4000 / PARTS


@pytest.mark.parametrize(
    "parameters", [{"dryRun": False}, {"omitted": True, "originalSize": 105_000}], ids=["shows none", "was cut"]
)
def test_no_type_is_safe_in_an_event_that_shows_none(parameters: Record) -> None:
    wrong = []
    for action in READABLE:
        record = event_of(action, [], parameters)
        uses = uses_of(record)
        # The other test asks of all types; this one of one of each action.
        for kind in types_of(action)[-1:]:
            is_out = is_ruled_out(record, action.full_name.lower(), kind.name.lower())
            assert not (is_out and "omitted" in parameters), "what CloudTrail cut off shows nothing"
            if not is_out and is_safe(uses, action.full_name, [PLACEHOLDER.sub("*", kind.arn)]):
                wrong.append((action.full_name, kind.name))
    assert not wrong


def test_what_an_event_shows_is_not_lost_by_a_denial_of_something_else() -> None:
    """The harmless twin: the event shows a resource of each type, and the SCP denies the action on other ones."""
    wrong = []
    for action in READABLE:
        shown = {arn_of(kind, "shown") for kind in types_of(action)}
        # Of some types there is one an account: no other resource can be denied.
        others = [arn for kind in types_of(action) if (arn := arn_of(kind, "another")) not in shown]
        if not is_safe(uses_of(event_of(action, sorted(shown))), action.full_name, others):
            wrong.append(action.full_name)
    assert not wrong


def test_what_an_event_shows_breaks_where_it_is_denied() -> None:
    wrong = []
    for action in READABLE:
        uses = uses_of(event_of(action, [arn_of(kind, "shown") for kind in types_of(action)]))
        for kind in types_of(action):
            arn = arn_of(kind, "shown")
            # Policies know a log group by another ARN.
            denied = f"{arn}:*" if (kind.name, action.name) == ("log-group", "PutSubscriptionFilter") else arn
            ours = [use for use in uses if (use.action, use.resource) == (action.full_name, arn)]
            if not ours or judge_of(action.full_name, [denied]).verdict(ours[0]).outcome is not Breakage.WILL_BREAK:
                wrong.append((action.full_name, kind.name))
    assert not wrong


# The tables
REFERENCE: t.Final = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_"
SERVICE_NAMES: t.Final[dict[str, str]] = json.loads((DATA / "serviceNames.json").read_text(encoding="utf-8"))


def members(shape: t.Any, depth: int = 0) -> set[str]:
    """The names of all members of a request, in lower case and as CloudTrail writes them."""
    found: set[str] = set()
    if depth > 6 or shape.type_name not in ("structure", "list", "map"):
        return found
    if shape.type_name == "list":
        return members(shape.member, depth + 1)
    if shape.type_name == "map":
        return members(shape.value, depth + 1)
    for name, member in shape.members.items():
        found |= {name.lower(), str(member.serialization.get("name", name)).lower()} | members(member, depth + 1)
        query = member.serialization.get("queryName")
        found |= {query.lower()} if query else set()
    return found


def model(service: str) -> t.Any:
    names = {"elasticloadbalancing": "elbv2", "states": "stepfunctions"}
    return service_model(names.get(service, service))


def test_the_table_of_types_that_are_not_involved(capsys: pytest.CaptureFixture[str]) -> None:
    rules = [rule for kinds in trail_absent.list_absent_rules().values() for rule in kinds.values()]
    with capsys.disabled():
        print(f"\n{len(rules)} types of actions count as not involved where their parameters are absent")
    for rule in rules:
        service, _colon, name = rule.action.partition(":")
        action = catalogue.action(service, name)
        assert action is not None, rule
        assert rule.kind in {kind.lower() for kind in action.resources}, rule
        assert rule.kind not in action.required, f"{rule}: the reference has it as required"
        reference, page = rule.source
        assert reference == f"{REFERENCE}{SERVICE_NAMES[service].replace(' ', '').lower()}.html"
        assert is_page_of(page, name) or service == "s3"


def is_page_of(page: str, call: str) -> bool:
    """Whether an address can be that of a call's page in an API reference."""
    return re.fullmatch(rf"https://docs\.aws\.amazon\.com(/[\w-]+)+/API_{call}\.html", page) is not None


def test_parameters_of_the_table_are_those_of_the_request() -> None:
    """A name that no request has would be absent from each one, and its type never involved."""
    wrong = []
    for kinds in trail_absent.list_absent_rules().values():
        for rule in kinds.values():
            service, _colon, name = rule.action.partition(":")
            # No request is called PartiQLSelect: composed.py makes events of that name from statements.
            if trail_absent.ACCESS_POINT in rule.parameters or name == "PartiQLSelect":
                continue
            service = "sagemaker-runtime" if name.startswith("InvokeEndpoint") else service
            shape = model(service).operation_model(name).input_shape
            known = members(shape)
            # CloudTrail writes some lists as sets, and leaves the plural out of other ones.
            known |= {f"{name.removesuffix('s')}set" for name in known} | {name.removesuffix("s") for name in known}
            ours = {name for path in (*rule.parameters, *rule.unless) for name in path.split(".")}
            if not ours <= known:
                wrong.append((rule.action, rule.kind, sorted(ours - known)))
            required = {member.lower() for member in shape.required_members}
            assert not required & ours, f"{rule}: a parameter that is required is never absent"
    assert not wrong


def test_requests_that_name_all_resources_by_one_parameter() -> None:
    rules = trail_absent.list_all_in_one_rules()
    for key, (parameters, source) in rules.items():
        service, _colon, name = key.partition(":")
        action = catalogue.action(service, name)
        assert action is not None, key
        assert len(action.resources) > 1, f"{key} needs no rule"
        assert is_page_of(source, action.name)
        if action.name not in model(service).operation_names:
            # SSM Agent and the console call some that no SDK has.
            assert service == "ssm", key
            continue
        shape = model(service).operation_model(action.name).input_shape
        known = members(shape)
        for parameter in parameters:
            stems = (
                parameter,
                f"{parameter}s",
                parameter.removesuffix("id"),
                parameter.replace("resourceid", "resources"),
            )
            assert any(stem in known for stem in stems), (key, parameter, sorted(known))


# Members that name no other resource than the ARN does: tags, pages, the type of the resource, its account, and ids of
# the resource itself.
_OTHERS = """
tags tagkeys taglist keys tagslist key value tagkeylist resourcetags resourcetagkeys tagstoadd tagstoremove tagsmodel
nexttoken nextmarker maxresults limit marker maxitems clienttoken clientrequesttoken filters
resourcetype servicetype accountid streamid clusterid
"""
OTHERS = frozenset(_OTHERS.split())


def test_tagging_operations_take_one_arn_and_tags_alone() -> None:
    """The rule for the tagging operations of all services, held against the models of the SDK."""
    session = botocore.session.get_session()
    prefixes = {}
    for name in session.get_available_services():
        service = session.get_service_model(name)
        prefixes.setdefault(service.signing_name, []).append(service)
    checked, wrong = 0, []
    for action in ACTIONS:
        if action.name.lower() not in trail_absent.TAGGING:
            continue
        for service in prefixes.get(action.service, ()):
            if action.name not in service.operation_names:
                continue
            checked += 1
            shape = service.operation_model(action.name).input_shape
            rest = {name.lower() for name in shape.members} - OTHERS
            # The ARN of the instance of Identity Center is one of the resources; the others are given in its place.
            rest -= {"instancearn", "resourcearnlist", "resourcesharearn"}
            if not rest <= set(trail_absent.TAGGED_BY) and rest & set(trail_absent.TAGGED_BY):
                wrong.append((action.full_name, sorted(rest)))
    assert checked > 150
    assert not wrong


def test_further_permissions_exist_and_have_a_source() -> None:
    for event_name, rows in trail_further._TABLE.items():
        service, _colon, name = event_name.partition(":")
        events = {one.lower() for one in (*catalogue.actions(service), *trail_names._RENAMED.get(service, {}))}
        assert name in events, event_name
        for further in rows:
            wanted, _colon, action = further.action.partition(":")
            assert catalogue.action(wanted, action), further
            assert further.source.startswith("https://docs.aws.amazon.com/")
    for name in (*trail_further.VERSIONED, *trail_further.VERSIONED.values(), *trail_further._KEY_USES):
        service, _colon, action = name.partition(":")
        assert catalogue.action(service, action), name
    for name in trail_further._IAM_TAGGERS.values():
        assert catalogue.action("iam", name), name


@pytest.mark.parametrize(
    ("action", "tagger"),
    [
        ("dynamodb:createtable", "dynamodb:TagResource"),
        ("rds:createdbinstance", "rds:AddTagsToResource"),
        ("sqs:createqueue", "sqs:TagQueue"),
        ("dynamodb:tagresource", None),
        ("nosuch:action", None),
    ],
)
def test_the_permission_to_tag_what_a_call_makes(action: str, tagger: t.Optional[str]) -> None:
    assert trail_further.find_tagger(action) == tagger
