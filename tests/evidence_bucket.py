# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bucket of examples/bootstrap/evidence-bucket.yml, made in an emulated AWS as CloudFormation would."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import yaml
from bootstrap_templates import fill

TEMPLATE: t.Final = Path(__file__).parent.parent / "examples" / "bootstrap" / "evidence-bucket.yml"
_TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
}


def make_bucket(client: t.Callable[[str], t.Any], name: str) -> dict[str, str]:
    """Make the bucket, and the four roles that use it; the ARNs of these by the parameters of the template.

    ``client`` makes clients of boto3 in the account of the bucket, by the service.
    """
    iam, s3 = client("iam"), client("s3")
    roles = {}
    for parameter in ("WriterRoleArn", "IncidentRoleArn", "StopRoleArn", "AuditorRoleArn"):
        role = iam.create_role(RoleName=f"evidence-{parameter}", AssumeRolePolicyDocument=json.dumps(_TRUST))
        roles[parameter] = role["Role"]["Arn"]
    resources = resolve({"BucketName": name, **roles}, partition=roles["WriterRoleArn"].split(":")[1])
    bucket, policy = resources["Bucket"]["Properties"], resources["Policy"]["Properties"]
    assert bucket["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is True
    s3.create_bucket(Bucket=bucket["BucketName"], ObjectLockEnabledForBucket=bucket["ObjectLockEnabled"])
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=bucket["VersioningConfiguration"])
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=_spell(bucket["ObjectLockConfiguration"]))
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy["PolicyDocument"]))
    return roles


def resolve(given: t.Mapping[str, t.Any], *, partition: str = "aws") -> dict[str, t.Any]:
    """The resources of the template with these parameters in place of its functions.

    :raises KeyError: a function names what is not there.
    """
    template = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    defaults = {name: entry["Default"] for name, entry in template["Parameters"].items() if "Default" in entry}
    parameters = {**defaults, **given}
    assert set(parameters) == set(template["Parameters"])
    name = parameters["BucketName"]
    values = {
        **parameters,
        "AWS::AccountId": "111122223333",
        "AWS::Partition": partition,
        "Bucket": name,
        "Bucket.Arn": f"arn:{partition}:s3:::{name}",
        "Key.Arn": f"arn:{partition}:kms:us-east-1:111122223333:key/evidence",
    }
    return t.cast(dict[str, t.Any], fill(template["Resources"], values))


def _spell(configuration: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """CloudFormation takes the numbers of parameters as texts, and the API does not."""
    retention = configuration["Rule"]["DefaultRetention"]
    rule = {"DefaultRetention": {**retention, "Days": int(retention["Days"])}}
    return {**configuration, "Rule": rule}
