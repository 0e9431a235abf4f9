# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenario of the how-to: fifteen developer roles lose AdministratorAccess in stages, in all three ways."""

from __future__ import annotations

import collections
import json
import typing as t
from collections.abc import Iterable, Iterator

import pytest
import yaml
from after_cut_over import SECRET, list_calls, list_sessions

import developer_events
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import resource_types
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.needs import (
    MEANING_KEYS,
    complete_record,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Coverage
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Record as Evidence
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use
from developer_events import APPS, DATA
from emulator.client import EmulatorProcess

from .conftest import CHECKOUT, Record, fresh
from .right_sizing import ADMIN, CANARY, CLOSED, ROLE_PREFIX, UNUSED, WATCH, SizeBench, accept, rules, states

IN_PLACE: t.Final = ("dev-shop-api", "dev-data-etl", "dev-data-worker", "dev-data-stream", "dev-platform-pipeline")
BY_OWNER: t.Final = "dev-data-tagged"
WEB: t.Final = "dev-shop-web"
PAYMENTS: t.Final = "dev-shop-payments"
BACKUP: t.Final = "dev-platform-backup"
ONCALL: t.Final = "dev-platform-oncall"
ROLES: t.Final = sorted(name for name in developer_events.account().roles if name.startswith("dev-"))
PARALLEL: t.Final = tuple(name for name in ROLES if name not in (*IN_PLACE, BY_OWNER))
SEEDS: t.Final = CHECKOUT / "tests" / "emulator" / "seeds"
BOUNDARY: t.Final = f"arn:aws:iam::{APPS}:policy/iam-hardening/boundary/DeveloperBoundary"
WEB_TARGET: t.Final[Record] = {"roles": [WEB], "way": "parallel", "canary": True}
TARGETS: t.Final[list[Record]] = [
    WEB_TARGET,
    {"roles": ["dev-data-etl"], "way": "in_place", "canary": True},
    {"roles": [BY_OWNER], "way": "by_owner"},
    {"roles": [name for name in IN_PLACE if name != "dev-data-etl"], "way": "in_place"},
    {"roles": [ONCALL], "way": "parallel", "boundary": BOUNDARY},
    {"roles": [name for name in PARALLEL if name not in (WEB, ONCALL)], "way": "parallel"},
]
#: the address of the one who had a key of ONCALL on three days
INTRUDER: t.Final = "192.0.2.66"
PROBE: t.Final = "secretsmanager:GetSecretValue"
COMPANION: t.Final = "kms:GenerateDataKey"
# Keys that conditions of the new policies ask for, or those of organization policies and boundaries.
KEYS: t.Final = sorted(MEANING_KEYS)
# CloudTrail delivers late, so a soak is judged a little after its end.
LATE: t.Final = 1


@pytest.fixture(scope="module")
def bench(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SizeBench]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        bench = SizeBench(fresh(emulator, read_seed()), tmp_path_factory.mktemp("size"))
        bench.options = {
            "targets": TARGETS,
            # All that recurs does so within these days.
            "trail_days": 40,
            # Somebody has looked at it: the job of the quarter's end may pass a role.
            "accept_unproven": accept(PAYMENTS),
            "exclude_evidence": [{"source_ips": [INTRUDER], "incident": "INC-7", "reason": "a stolen key"}],
            "member_role_arn": "arn:aws:iam::<account_id>:role/iam-hardening/automation",
        }
        yield bench


def read_seed() -> Record:
    """Read the seed, without digests: to verify those of seventeen regions takes half of each run."""
    seed = t.cast(Record, yaml.safe_load((SEEDS / "developers.yml").read_text(encoding="utf-8")))
    seed["accounts"][APPS]["regions"]["eu-west-1"]["trails"]["apps"]["log_validation"] = False
    return seed


class Story(t.NamedTuple):
    """The results of the runs that the tests look at."""

    unnamed: Record
    cut_over: Record
    denied: Record
    closed: Record
    retired: Record


@pytest.fixture(scope="module")
def story(bench: SizeBench) -> Story:
    """All stages, with what people do between them."""
    for stage in ("assess", "generate", "prepare"):
        assert bench.run(stage)["refused"] == []
    name_new_roles(bench)
    assert bench.run("canary")["refused"] == []
    bench.moved[f"role/{WEB}"] = f"role/{WEB}-lp"
    bench.wait(CANARY + LATE)
    unnamed = bench.run("cut_over", check=True)
    name_in_other_account(bench)
    apply_as_owner(bench)
    cut_over = bench.approve("cut_over")
    bench.moved.update({f"role/{name}": f"role/{name}-lp" for name in PARALLEL})
    bench.wait(1, *list_calls(WEB, f"{WEB}-lp", APPS))
    denied = bench.run("watch")
    extend(bench, denied)
    # The pipeline uses the new role from now on.
    bench.wait(WATCH + LATE, *list_sessions(f"{WEB}-lp"))
    assert [one["reason"] for one in bench.run("watch")["refused"]] == []
    bench.wait(UNUSED)
    closed = bench.run("retire")
    bench.wait(CLOSED)
    return Story(unnamed, cut_over, denied, closed, bench.run("retire"))


def name_new_roles(bench: SizeBench) -> None:
    """Name the new roles where only the old ones are named: in the policy of a bucket, and by a grant of a key."""
    bucket = bench.open_client("s3", region="eu-west-1")
    name_in_bucket(bucket, "acme-shop-assets", WEB)
    bench.open_client("kms", region="eu-west-1").create_grant(
        KeyId="11112222-3333-4444-5555-666677778888",
        GranteePrincipal=f"{ROLE_PREFIX}{PAYMENTS}-lp",
        Operations=["Decrypt", "DescribeKey"],
        Constraints={"EncryptionContextSubset": {"purpose": "payments"}},
    )


def name_in_bucket(client: t.Any, bucket: str, name: str) -> None:
    policy = json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"])
    policy["Statement"][0]["Principal"] = {"AWS": [f"{ROLE_PREFIX}{name}", f"{ROLE_PREFIX}{name}-lp"]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def name_in_other_account(bench: SizeBench) -> None:
    """Name the new role in a trust policy and in a bucket of another account."""
    iam = bench.open_client("iam", account_id=DATA)
    trust = iam.get_role(RoleName="backup-target")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Principal"] = {"AWS": [f"{ROLE_PREFIX}{BACKUP}", f"{ROLE_PREFIX}{BACKUP}-lp"]}
    iam.update_assume_role_policy(RoleName="backup-target", PolicyDocument=json.dumps(trust))
    name_in_bucket(bench.open_client("s3", account_id=DATA, region="eu-west-1"), "acme-data-backups", BACKUP)


def apply_as_owner(bench: SizeBench) -> None:
    """Apply the documents that were handed out, as the owner of the role does."""
    for path in sorted((bench.reports / APPS / "least_privilege" / f"role-{BY_OWNER}").glob("lp-*.json")):
        made = bench.iam.create_policy(PolicyName=path.stem, PolicyDocument=path.read_text(encoding="utf-8"))
        bench.iam.attach_role_policy(RoleName=BY_OWNER, PolicyArn=made["Policy"]["Arn"])
    bench.iam.detach_role_policy(RoleName=BY_OWNER, PolicyArn=ADMIN)


def extend(bench: SizeBench, denied: Record) -> None:
    """Take the proposal for the missing companion, and say that the probe is rightly denied. The role begins again."""
    proposals = {one["action"]: one["proposal"] for one in new_denials(denied, WEB)}
    bench.options["always_allow"] = [{**proposals[COMPANION], "owner": "shop"}]
    bench.options["accept_denials"] = accept(WEB, action=PROBE)
    only = {"targets": [WEB_TARGET]}
    for stage in ("generate", "prepare", "canary"):
        assert bench.run(stage, **only)["refused"] == []
    bench.wait(CANARY + LATE)
    assert bench.approve("cut_over", **only)["refused"] == []


def of_role(result: Record, name: str) -> Record:
    return next(item for item in result["campaign"]["roles"] if item["role"] == f"{ROLE_PREFIX}{name}")


def new_denials(result: Record, name: str) -> list[Record]:
    return t.cast(list[Record], of_role(result, name)["denials"]["new"])


def holders() -> dict[str, str]:
    """Who makes the calls of each role at the end."""
    return {name: f"{name}-lp" if name in PARALLEL else name for name in ROLES}


# The end


def test_no_role_is_an_administrator_at_the_end(story: Story, bench: SizeBench) -> None:
    assert len(ROLES) == 15
    assert story.cut_over["refused"] == []
    assert states(bench.run(None)) == dict.fromkeys(ROLES, "retired")
    assert [name for name in (*ROLES, *(f"{name}-lp" for name in PARALLEL)) if ADMIN in bench.attached(name)] == []
    assert [bench.attached(name) for name in PARALLEL] == [[]] * len(PARALLEL)
    assert all(bench.attached(name) for name in holders().values())
    assert bench.boundary("dev-data-etl") is None


def test_no_use_that_was_recorded_is_denied_at_the_end(story: Story, bench: SizeBench) -> None:
    """The ninety days before the campaign, held against the live roles by SimulatePrincipalPolicy."""
    arns = {role["Arn"].rpartition("/")[2]: role["Arn"] for role in bench.list_roles()}
    ids = {role["RoleId"] for role in bench.list_roles()}
    events = [
        event
        for event in developer_events.events(now=bench.start, logged_only=True)
        # Not those of an earlier role of the same name, and not those of the incident.
        if find_role_id(event) in ids and event["sourceIPAddress"] != INTRUDER
    ]
    profiles = {f"instance-profile/{name}": arns[name] for name in ROLES}
    reader = EventReader(
        principals=[arns[name] for name in ROLES], names=profiles, keys=MEANING_KEYS, account_id=APPS, is_detailed=True
    )
    uses = reader.read(events, Source.TRAIL).uses
    denied: list[tuple[str, str, str]] = []
    asked = 0
    for name, holder in holders().items():
        own = tuple(use for use in uses if use.principal_arn == arns[name])
        asked += len(own)
        record = complete_record(Evidence(arns[name], "", Coverage(90), own))
        denied += [(name, *pair) for pair in simulate(bench, arns[holder], record.uses)]
    assert asked > 200
    assert denied == []


def find_role_id(event: Record) -> str:
    """Find the unique id of the role that made a call; empty if it was no role."""
    return str(event["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("principalId", ""))


def simulate(bench: SizeBench, holder: str, uses: Iterable[Use]) -> Iterator[tuple[str, str]]:
    """Simulate recorded calls as a role; yields each action and resource that is denied."""
    asked: collections.defaultdict[tuple[str, t.Any], set[str]] = collections.defaultdict(set)
    for use in uses:
        if not use.is_possible:
            own = (use.resource,) if use.resource else resource_types(use.action.lower(), "aws")
            asked[use.action, use.context].update(use.candidates or own or ("*",))
    for (action, context), resources in asked.items():
        answer = bench.iam.simulate_principal_policy(
            PolicySourceArn=holder,
            ActionNames=[action],
            ResourceArns=sorted(resources),
            ContextEntries=[
                {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": "stringList"}
                for key in KEYS
                if isinstance(values := context.lookup(key), tuple)
            ],
        )
        for result in answer["EvaluationResults"]:
            for one in result.get("ResourceSpecificResults") or [
                {**result, "EvalResourceDecision": result["EvalDecision"]}
            ]:
                if one["EvalResourceDecision"] != "allowed":
                    yield action, one["EvalResourceName"]


def is_allowed(bench: SizeBench, holder: str, action: str, resource: str) -> bool:
    answer = bench.iam.simulate_principal_policy(
        PolicySourceArn=f"{ROLE_PREFIX}{holder}", ActionNames=[action], ResourceArns=[resource]
    )
    return [one["EvalDecision"] for one in answer["EvaluationResults"]] == ["allowed"]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("rds:CreateDBSnapshot", f"arn:aws:rds:eu-west-1:{APPS}:db:ledger"),
        ("kms:CreateGrant", f"arn:aws:kms:eu-west-1:{APPS}:key/11112222-3333-4444-5555-666677778888"),
    ],
)
def test_the_job_of_the_quarters_end_still_works(story: Story, bench: SizeBench, action: str, resource: str) -> None:
    """It ran before the recorded calls begin. Of a role without such a job it is taken away."""
    assert is_allowed(bench, f"{PAYMENTS}-lp", action, resource)
    assert not is_allowed(bench, "dev-shop-orders-lp", action, resource)


def test_what_the_intruder_probed_stays_denied(story: Story, bench: SizeBench) -> None:
    assert not is_allowed(bench, f"{WEB}-lp", PROBE, SECRET.format(account=APPS))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{APPS}:function:admin-tools"),
        ("iam:AttachUserPolicy", f"arn:aws:iam::{APPS}:user/report-bot"),
        ("iam:CreateUser", f"arn:aws:iam::{APPS}:user/support"),
        (PROBE, SECRET.format(account=APPS)),
    ],
)
def test_what_an_intruder_did_is_no_need(story: Story, bench: SizeBench, action: str, resource: str) -> None:
    """Service last accessed has the dates of these calls, of the refused one too."""
    assert not is_allowed(bench, f"{ONCALL}-lp", action, resource)


# What people met on the way


def test_the_three_denials_are_told_apart_and_one_of_them_is_proposed(story: Story) -> None:
    assert rules(story.denied) == {WEB: "new_denial"}
    found = {
        one["action"]: (one["by"], one["count"], one["proposal"] is not None) for one in new_denials(story.denied, WEB)
    }
    assert found == {
        "ce:GetCostAndUsage": ("organization", 2, False),
        COMPANION: ("ours", 3, True),
        PROBE: ("ours", 1, True),
    }
    assert COMPANION in of_role(story.denied, WEB)["reason"]
    assert "replaced_role_used" in {finding["control"] for finding in story.denied["findings"]}


def test_an_account_that_names_the_old_role_only_holds_the_cut_over(story: Story) -> None:
    assert {name: rule for name, rule in rules(story.unnamed).items() if rule != "needs_approval"} == {BACKUP: "namers"}
    named = {(one["kind"], one["account_id"], one["names_new"]) for one in of_role(story.unnamed, BACKUP)["namers"]}
    assert {("trust", DATA, False), ("bucket_policy", DATA, False)} <= named
    assert story.closed["refused"] == story.retired["refused"] == []


def test_administrator_rights_go_last(story: Story) -> None:
    """Each role has its new policies before it loses the old ones, and AdministratorAccess is the last of these."""
    for name in IN_PLACE:
        own = [change for change in story.cut_over["changes"] if change["target"].endswith(f"/{name}")]
        kinds = [change["operation"] for change in own]
        assert kinds.count("DetachRolePolicy") == 1, name
        assert kinds.index("DetachRolePolicy") > max(i for i, kind in enumerate(kinds) if kind == "AttachRolePolicy")
