# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is declared of alerts: the rules that are on, those of one's own, and where they lead."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.event_rules import PREFIX
from ..._controls.patterns.event_alerts_rules import BY_NAME, RULES, AlertRule, State, Where
from ..._controls.patterns.event_pattern import EventPattern
from ..._converge.errors import InputError
from ..._converge.finding import Severity

FORWARD: t.Final = "forward"
TOPICS: t.Final = "topics"
#: The name that the rules bear that only hand events on; a number follows.
FORWARDER: t.Final = f"{PREFIX}forward"
#: The names of the temporary rules of a probe begin so.
TEMPORARY: t.Final = f"{PREFIX}probe-"
_NAME: t.Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_RESOURCE_NAME: t.Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{1,40}}")
_PLACEHOLDER: t.Final = re.compile(r"<([^<>]*)>")
# A name of a path: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
_PATH_NAME: t.Final = re.compile(r"(?!AWS)[A-Za-z][A-Za-z0-9_-]*")
# InputTemplate takes 8,192 characters, of which quotes and the title are some.
_LONGEST_MESSAGE: t.Final = 7000
_WHERE: t.Final = {"everywhere": Where.EVERYWHERE, "iam_home": Where.IAM_HOME}
# The paths in the message of an own rule that declares none.
_PATHS: t.Final[Mapping[str, str]] = {
    "account": "$.account",
    "region": "$.region",
    "time": "$.time",
    "kind": "$.detail-type",
    "source": "$.source",
    "detail": "$.detail",
}
_LINES: t.Final = ("What: <kind> (<source>) in account <account>, region <region>, at <time>", "<detail>")
# Names that nobody would give, with a path and without: a pattern that matches one of them matches any name.
_UNHEARD_OF: t.Final = ("q7zK0vWx3yJ9", "q7zK0v/Wx3yJ9/bT5rLm8")
_POLICY_ARN: t.Final = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Declared:
    """The declaration. ``bus_arn`` and a topic exclude each other: events are handed on, or notify people here."""

    present: bool
    rules: tuple[AlertRule, ...]
    ignore_principals: tuple[str, ...] = ()
    topology: str = FORWARD
    topic_arn: str = ""
    create_topic: bool = False
    topic_name: str = f"{PREFIX}alerts"
    kms_key_id: str = ""
    bus_arn: str = ""
    receive_from_organization: bool = False
    dead_letter_queue_arn: str = ""
    create_dead_letter_queue: bool = False
    dead_letter_queue_name: str = f"{PREFIX}undelivered"
    role_arn: str = ""
    role_name: str = f"{PREFIX}event-forwarding"
    role_permissions_boundary: str = ""
    adopt: bool = False

    @property
    def has_destination(self) -> bool:
        return bool(self.topic_arn or self.create_topic or self.bus_arn)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that alerts are declared to go to."""
        return tuple(arn.split(":")[4] for arn in (self.topic_arn, self.bus_arn) if arn)

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], *, enforce: bool) -> t.Self:
        """The declaration in the options of the module.

        :raises InputError: they don't fit together, or one is malformed.
        """
        given = {field.name: options[field.name] for field in dataclasses.fields(cls) if options.get(field.name)}
        principals = tuple(filter(None, (str(arn).strip() for arn in options["ignore_principals"])))
        for arn in principals:
            if not arn.startswith("arn:") or "**" in arn:
                raise InputError(
                    f"ignore_principals: {arn!r} is not allowed; allowed are ARNs, * in them as a wildcard"
                )
            if _means_anybody(arn):
                raise InputError(
                    f"ignore_principals: {arn!r} is not allowed, because it matches every user, role or session of an "
                    "account, so no call would alert; allowed are ARNs with a name or a path"
                )
        declared = cls(
            **{
                **given,
                "present": options["state"] == "present",
                "rules": (*_select_rules(options["rules"]), *_parse_own_rules(options["own_rules"])),
                "ignore_principals": principals,
            }
        )
        _check(declared, enforce=enforce)
        return declared


def _means_anybody(arn: str) -> bool:
    """Whether an ARN with wildcards means principals of any name: then nobody that matters may be left."""
    account = next(iter(re.findall(r"\d{12}", arn)), "0" * 12)
    pattern = EventPattern({"arn": [{"wildcard": arn}]}, where="ignore_principals")
    return any(
        pattern.matches({"arn": f"arn:{partition}:{kind.format(account)}/{name}"})
        for partition in ("aws", "aws-cn", "aws-us-gov")
        for kind in ("iam::{}:user", "iam::{}:role", "sts::{}:assumed-role", "sts::{}:federated-user")
        for name in _UNHEARD_OF
    )


def _check(declared: Declared, *, enforce: bool) -> None:
    """Raises InputError: what is declared contradicts itself."""
    places = [name for name in ("topic_arn", "create_topic", "bus_arn") if getattr(declared, name)]
    if len(places) > 1:
        raise InputError(f"{' and '.join(places)}: allowed is one of topic_arn, create_topic and bus_arn")
    if enforce and declared.present and not places:
        raise InputError("mode: enforce needs one of topic_arn, create_topic and bus_arn, so that somebody is notified")
    if declared.topology == TOPICS and not declared.create_topic:
        raise InputError("topology: topics needs create_topic, because each region gets its own topic")
    if declared.receive_from_organization and (declared.bus_arn or declared.topology == TOPICS):
        raise InputError("receive_from_organization: it needs one topic, in the receiving account")
    if declared.create_dead_letter_queue and declared.dead_letter_queue_arn:
        raise InputError("dead_letter_queue_arn: allowed is either this or create_dead_letter_queue")
    if declared.kms_key_id.endswith("alias/aws/sns"):
        raise InputError(
            f"kms_key_id: {declared.kms_key_id} is not allowed, because the policy of AWS's own key does not admit "
            "EventBridge; allowed is your own key with a policy that does"
        )
    for option, service in (("topic_arn", "sns"), ("bus_arn", "events"), ("dead_letter_queue_arn", "sqs")):
        _check_arn(option, getattr(declared, option), service)
    for option in ("topic_name", "dead_letter_queue_name", "role_name"):
        if not _RESOURCE_NAME.fullmatch(getattr(declared, option)):
            raise InputError(f"{option}: {getattr(declared, option)!r} is not allowed; it must begin with {PREFIX}")
    if declared.role_permissions_boundary and not _POLICY_ARN.fullmatch(declared.role_permissions_boundary):
        raise InputError(
            f"role_permissions_boundary: {declared.role_permissions_boundary!r} is not allowed; allowed is the ARN of a"
            " managed policy"
        )
    for rule in declared.rules:
        EventPattern(rule.exclude_principals(declared.ignore_principals), where=f"rule {rule.name}")


def _check_arn(option: str, arn: str, service: str) -> None:
    parts = arn.split(":")
    if arn and (len(parts) != 6 or parts[0] != "arn" or parts[2] != service or not parts[3] or not parts[4]):
        raise InputError(f"{option}: {arn!r} is not allowed; allowed is the ARN of one, with its region and account")


def _select_rules(rules: Mapping[str, t.Any]) -> tuple[AlertRule, ...]:
    """Select the rules of the catalogue that are on: those that are by default, and as ``rules`` says otherwise."""
    unknown = sorted(set(rules) - BY_NAME.keys())
    if unknown:
        raise InputError(f"rules: {', '.join(unknown)} is not allowed; allowed are {', '.join(BY_NAME)}")
    return tuple(rule for rule in RULES if _parse_flag(rule.name, rules.get(rule.name, rule.by_default)))


def _parse_flag(name: str, value: t.Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        raise InputError(f"rules: {name}: {value!r} is not allowed; allowed are true and false")
    return text in ("true", "yes", "on", "1")


def _parse_own_rules(given: Sequence[Mapping[str, t.Any]]) -> tuple[AlertRule, ...]:
    rules = tuple(_parse_own_rule(item, f"own_rules[{index}]") for index, item in enumerate(given))
    names = [rule.name for rule in rules]
    twice = sorted({name for name in names if names.count(name) > 1 or name in BY_NAME})
    if twice:
        raise InputError(f"own_rules: the name {', '.join(twice)} is taken by another rule; choose one of your own")
    return rules


def _parse_own_rule(item: Mapping[str, t.Any], place: str) -> AlertRule:
    name = str(item["name"])
    if not _NAME.fullmatch(name) or f"{PREFIX}{name}".startswith((FORWARDER, TEMPORARY)):
        raise InputError(
            f"{place}.name: {name!r} is not allowed; allowed are up to 40 small letters, digits and hyphens, "
            "not beginning with forward or probe-"
        )
    pattern = _parse_document(item["pattern"], f"{place}.pattern")
    EventPattern(pattern, where=f"{place}.pattern")
    lines = tuple(item.get("lines") or ())
    paths = dict(item.get("paths") or {}) if lines else _PATHS
    _check_message(lines, paths, place)
    return AlertRule(
        name=name,
        title=str(item["title"]),
        severity=Severity(item["severity"]),
        pattern=pattern,
        where=_WHERE[item["where"]],
        state=State.WITH_READS if item["reads"] else State.ENABLED,
        caller=bool(item["names_caller"]) and isinstance(pattern.get("detail"), Mapping),
        paths=paths,
        lines=lines or _LINES,
    )


def _parse_document(value: t.Any, place: str) -> dict[str, t.Any]:
    """Parse a pattern that is given as a structure or as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise InputError(f"{place}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InputError(f"{place}: an event pattern is an object")
    return value


def _check_message(lines: Sequence[str], paths: Mapping[str, t.Any], place: str) -> None:
    for name, path in paths.items():
        if not _PATH_NAME.fullmatch(name) or not str(path).startswith("$"):
            raise InputError(f"{place}.paths: {name}: {path!r} is not allowed; allowed is a name, and a path with $")
    if sum(map(len, lines)) > _LONGEST_MESSAGE:
        raise InputError(f"{place}.lines: more than {_LONGEST_MESSAGE} characters; EventBridge takes no more")
    for line in lines:
        unknown = sorted(set(_PLACEHOLDER.findall(line)) - paths.keys())
        if unknown:
            raise InputError(f"{place}.lines: <{'>, <'.join(unknown)}> has no path; add it to paths")
