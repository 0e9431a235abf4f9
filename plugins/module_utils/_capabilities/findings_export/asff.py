# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Findings in the AWS Security Finding Format (ASFF), within its limits, and the facts read from existing ones.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-attributes.html
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.moments import format_utc, parse_moment
from ..._converge.change import GLOBAL, content_hash
from ..._converge.finding import Severity

Asff = dict[str, t.Any]
Item = Mapping[str, t.Any]

PRODUCT: t.Final = "hardening.iam"
# Ids, generators and the names of our fields begin so: this marks findings as ours.
PREFIX: t.Final = f"{PRODUCT}/"
SCHEMA_VERSION: t.Final = "2018-10-08"
ACTIVE, ARCHIVED = "ACTIVE", "ARCHIVED"
# A provider sets it with a new finding. Later it is the customer's, and takes a call of its own.
SUPPRESSED, NEW = "SUPPRESSED", "NEW"
# Security Hub deletes a finding 90 days after its last update.
RENEWED_AFTER: t.Final = timedelta(days=80)
TYPES: t.Final = ("Software and Configuration Checks/AWS Security Best Practices",)

# In bytes: AWS counts characters, and a byte is never less than one.
TITLE, DESCRIPTION, RECOMMENDATION, NOTE = 256, 1024, 512, 512
IDENTIFIER, FIELD, REQUIREMENT = 512, 1023, 64
REQUIREMENTS: t.Final = 32

_STANDARDS: t.Final[Mapping[str, str]] = {
    "cis_7.0": "CIS AWS Foundations Benchmark v7.0.0/",
    "cis_5.0": "CIS AWS Foundations Benchmark v5.0.0/",
    "cis_3.0": "CIS AWS Foundations Benchmark v3.0.0/",
    "security_hub": "AWS Security Hub ",
    "nist_800_53": "NIST.800-53.r5 ",
    "pci_4.0": "PCI DSS v4.0.1/",
    "soc2": "SOC 2 ",
}
# The part of an ARN after the service, by service → Security Hub's name of the type.
_TYPES: t.Final[Mapping[tuple[str, str], str]] = {
    ("iam", "user"): "AwsIamUser",
    ("iam", "role"): "AwsIamRole",
    ("iam", "group"): "AwsIamGroup",
    ("iam", "policy"): "AwsIamPolicy",
    ("ec2", "instance"): "AwsEc2Instance",
    ("cloudtrail", "trail"): "AwsCloudTrailTrail",
    ("s3", ""): "AwsS3Bucket",
    ("sns", ""): "AwsSnsTopic",
    ("sqs", ""): "AwsSqsQueue",
}
# An age grows by the day, and a last use moves with it: neither is news.
_PASSING: t.Final = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:.]+Z?)?|\d+(?= days?\b)")
# The field of a finding that a rollback restored, with less than it said before.
BRIEF: t.Final = "brief"
# Fields that a finding has when it is made or changed, but that are no reason to change it.
_OF_THE_RUN: t.Final = ("observed", "run", "digest")
# Of a finding that is there, what a provider may send again; AWS adds members of its own, which it takes from nobody.
_SENT: t.Final = (
    *("SchemaVersion", "Id", "ProductArn", "ProductName", "GeneratorId", "AwsAccountId", "FirstObservedAt"),
    *("LastObservedAt", "CreatedAt", "Title", "Description", "Remediation", "Resources", "FindingProviderFields"),
)


@dataclasses.dataclass(frozen=True)
class Place:
    """Security Hub in one region of the account."""

    partition: str
    account_id: str
    region: str

    @property
    def product(self) -> str:
        """The product that every account has for findings of its own."""
        owner = f"{self.region}:{self.account_id}:product/{self.account_id}/default"
        return f"arn:{self.partition}:securityhub:{owner}"


@dataclasses.dataclass(frozen=True)
class ReportedFinding:
    """A failing or waived finding of the report, and its problem in words."""

    finding: Item
    title: str


def build_identifier(finding: Item) -> str:
    """Build the permanent id of a finding: its fingerprint is the same in every run."""
    return f"{PREFIX}{finding['account_id']}/{finding['fingerprint']}"


def build_finding(reported: ReportedFinding, place: Place, *, observed: str, run_id: str) -> Asff:
    """Build a finding as it is to be in Security Hub, but for the dates of its record.

    :arg observed: the time of the assessment, which is when the finding was last seen.
    """
    finding = reported.finding
    made: Asff = {
        "SchemaVersion": SCHEMA_VERSION,
        "Id": build_identifier(finding),
        "ProductArn": place.product,
        "ProductName": PRODUCT,
        "GeneratorId": cut(PREFIX + finding["control"], IDENTIFIER),
        "AwsAccountId": finding["account_id"],
        "FirstObservedAt": finding["first_seen"] or observed,
        "LastObservedAt": observed,
        "Title": cut(reported.title, TITLE) or finding["control"],
        "Description": cut(finding["detail"] or finding["title"], DESCRIPTION) or finding["control"],
        "ProductFields": _build_fields(finding, run_id),
        "Resources": [_build_resource(finding, place)],
        "Compliance": {"Status": "FAILED", **_build_requirements(finding["compliance"])},
        "RecordState": ACTIVE,
        "FindingProviderFields": {
            "Severity": {"Label": Severity(finding["severity"]).name, "Original": finding["severity"]},
            "Types": list(TYPES),
        },
    }
    advice = cut(finding["remediation"]["text"], RECOMMENDATION)
    if advice:
        made["Remediation"] = {"Recommendation": {"Text": advice}}
    made["ProductFields"][f"{PREFIX}digest"] = digest(made)
    return made


def _build_fields(finding: Item, run_id: str) -> dict[str, str]:
    """Build the fields that ASFF has no place for."""
    evidence = finding["evidence"]
    texts = {
        "control": finding["control"],
        "region": finding["region"],
        "fingerprint": finding["fingerprint"],
        "resource": finding["resource"],
        "resource_detail": finding["resource_detail"],
        "observed": _text(evidence["observed"]),
        "expected": _text(evidence["expected"]),
        "source": evidence["source"],
        "module": finding["remediation"]["module"],
        "waiver": write_waiver_note(finding),
        "run": run_id,
    }
    short = {name: cut(str(value), FIELD) for name, value in texts.items() if value}
    # AWS takes no text that is empty.
    return {f"{PREFIX}{name}": value for name, value in short.items() if value}


def _text(value: t.Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def write_waiver_note(finding: Item) -> str:
    """Write why a waived finding is accepted, by whom and until when; empty for any other."""
    waiver = finding["waiver"]
    if finding["status"] != "WAIVED" or not waiver:
        return ""
    terms = ", ".join(f"{name} {waiver[name]}" for name in ("owner", "ticket", "expires") if waiver.get(name))
    return cut(f"waived: {waiver.get('reason')} ({terms})", NOTE)


def _build_resource(finding: Item, place: Place) -> Asff:
    arn = finding["resource"]
    parts = arn.split(":", 5)
    kind, name = "Other", arn
    if len(parts) == 6 and parts[5] == "root":
        # AWS's own name of an account as a resource.
        kind, name = "AwsAccount", f"AWS::::Account:{finding['account_id']}"
    elif len(parts) == 6:
        first, slash, _rest = parts[5].partition("/")
        kind = _TYPES.get((parts[2], first if slash else ""), kind)
    region = place.region if finding["region"] == GLOBAL else finding["region"]
    return {"Type": kind, "Id": cut(name, IDENTIFIER), "Partition": place.partition, "Region": region}


def _build_requirements(compliance: Mapping[str, Sequence[str]]) -> Asff:
    named = [
        cut(f"{_STANDARDS.get(framework, framework + ' ')}{name}", REQUIREMENT)
        for framework in (*_STANDARDS, *sorted(set(compliance) - set(_STANDARDS)))
        for name in compliance.get(framework, ())
    ]
    requirements = [name for name in named if name][:REQUIREMENTS]
    return {"RelatedRequirements": requirements} if requirements else {}


def digest(made: Item) -> str:
    """Compute a digest that changes with the content of a finding, but not with its moments or the age of something."""
    fields = {name: value for name, value in made["ProductFields"].items() if name not in _PASSING_FIELDS}
    lasting = {name: value for name, value in made.items() if name not in ("FirstObservedAt", "LastObservedAt")}
    description = _PASSING.sub("#", made["Description"])
    return content_hash({**lasting, "ProductFields": fields, "Description": description})


_PASSING_FIELDS: t.Final = frozenset(PREFIX + name for name in _OF_THE_RUN)


def add_dates(made: Item, known: t.Optional[Item], now: datetime) -> Asff:
    """Add the dates of its record to a finding: made when first seen, and updated later than it was before.

    AWS ignores what is not later than what it has, without a word.
    """
    created = known["CreatedAt"] if known else made["FirstObservedAt"]
    return {**made, "CreatedAt": created, "UpdatedAt": find_next_update(known, now)}


def find_next_update(known: t.Optional[Item], now: datetime) -> str:
    """Find the moment of the next update: ``now``, or the second after the last update of an existing finding."""
    if known is None:
        return format_utc(now)
    return format_utc(max(now, parse_update(known) + timedelta(seconds=1)))


def parse_update(known: Item) -> datetime:
    return parse_moment(known["UpdatedAt"])


def change_state(known: Item, *, state: str, compliance: str, at: str) -> Asff:
    """Change the state of an existing finding, to be sent once more."""
    sent = {name: known[name] for name in _SENT if name in known}
    fields = {name: value for name, value in (known.get("ProductFields") or {}).items() if name.startswith(PREFIX)}
    judged = {name: value for name, value in (known.get("Compliance") or {}).items() if name == "RelatedRequirements"}
    return {
        **sent,
        "ProductFields": fields,
        "Compliance": {"Status": compliance, **judged},
        "RecordState": state,
        "UpdatedAt": at,
    }


def shorten(made: Item) -> Asff:
    """Shorten a finding to the fields that restore its content: the journal keeps a hundred undos in one record.

    The next export completes it.
    """
    kept = ("control", "region", "fingerprint", "resource", "resource_detail", "digest")
    fields = {name: value for name, value in made["ProductFields"].items() if name.removeprefix(PREFIX) in kept}
    fields[PREFIX + BRIEF] = "true"
    left_out = ("Remediation", "LastObservedAt")
    short = {name: value for name, value in made.items() if name not in left_out}
    return {**short, "ProductFields": fields, "Compliance": {"Status": made["Compliance"]["Status"]}}


def read_field(known: Item, name: str) -> str:
    """Read one of our fields of an existing finding."""
    return str((known.get("ProductFields") or {}).get(PREFIX + name) or "")


def is_open(known: t.Optional[Item]) -> bool:
    return known is not None and known.get("RecordState", ACTIVE) == ACTIVE


def describe_finding(known: t.Optional[Item]) -> t.Optional[str]:
    """Describe a finding in the shape of ``before`` and ``after``: a line, or None if it is missing or archived."""
    if known is None or not is_open(known):
        return None
    severity = ((known.get("FindingProviderFields") or {}).get("Severity") or {}).get("Label", "")
    resource = ", ".join(filter(None, (read_field(known, "resource"), read_field(known, "resource_detail"))))
    status = (known.get("Compliance") or {}).get("Status", "")
    return f"{read_field(known, 'control')} on {resource}: {status} {severity} ({read_field(known, 'digest')[:8]})"


def cut(text: str, limit: int) -> str:
    """``text`` in at most so many bytes of UTF-8; an ellipsis marks the cut."""
    clean = text.strip().encode(errors="backslashreplace")
    if len(clean) <= limit:
        return clean.decode()
    mark = "…".encode()
    return (clean[: limit - len(mark)].decode(errors="ignore").rstrip() + mark.decode())[:limit]
