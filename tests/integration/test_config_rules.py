# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module config_rules: rules and recorders made, changed, taken away and taken back; those of others stay."""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from pathlib import Path

import boto3
import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.modules.config_rules import ENTRY, RETURN, argument_spec
from emulator.client import Emulator, EmulatorProcess

from .conftest import (
    CHECKOUT,
    EXTERNAL_ID,
    MANAGEMENT,
    PROD,
    SANDBOX,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    most_in_flight,
    role_arn,
)
from .interrupting import Bench as Interrupted
from .interrupting import Job

ACCOUNT = "555566667777"
REGIONS = ("us-east-1", "eu-west-1")
SEVENTEEN = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"),
    *("eu-north-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1"),
    *("ap-southeast-2", "ca-central-1", "sa-east-1"),
)
DEFAULTS = (
    *("password-policy", "access-keys-rotated", "unused-credentials", "root-access-key", "root-mfa"),
    *("root-hardware-mfa", "console-mfa", "user-no-policies", "admin-policies", "server-certificates"),
)
PASSWORDS = {
    "RequireUppercaseCharacters": "true",
    "RequireLowercaseCharacters": "true",
    "RequireSymbols": "true",
    "RequireNumbers": "true",
    "MinimumPasswordLength": "14",
    "PasswordReusePrevention": "24",
}
BUCKET = {"recorder": {"bucket": "acme-config"}}


def recording(*, include_global: bool = True, **more: t.Any) -> Record:
    return {"config": {"recording": True, "include_global": include_global, **more}}


def seed(regions: t.Optional[Record] = None) -> Record:
    """One account with the roles of this collection; it records IAM in one of two regions, where not told otherwise."""
    organization: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    both = {"us-east-1": recording(), "eu-west-1": recording(include_global=False)}
    organization["accounts"][ACCOUNT]["regions"] = both if regions is None else regions
    return organization


def run(ansible: Ansible, *arguments: str, module: str = "config_rules", **options: t.Any) -> tuple[Record, Outcome]:
    """One task; its result, and what it sent."""
    given = {"regions": list(REGIONS), **options} if module == "config_rules" else options
    outcome = ansible.module(
        module,
        *arguments,
        account_id=ACCOUNT,
        assessor_role_arn=role_arn(ACCOUNT),
        assume_role_arn=role_arn(ACCOUNT, "automation"),
        assume_role_external_id=EXTERNAL_ID,
        **given,
    )
    result, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.index("=> {") + 3)
    return result, outcome


def operations(result: Record) -> Counter[str]:
    return Counter(change["operation"] for change in result["changes"])


def four_steps(ansible: Ansible, **options: t.Any) -> Record:
    """Check, real, check again, real again; returns what the real run said."""
    predicted, checked = run(ansible, "--check", "--diff", **options)
    assert (checked.status, checked.writes) == (0, []), checked.output
    made, done = run(ansible, **options)
    assert done.status == 0, done.output
    assert predicted["plan_sha256"] == made["plan_sha256"]
    assert Counter(name.partition(":")[2] for name in done.writes) == operations(made)
    assert all(change["applied"] for change in made["changes"])
    for arguments in (("--check",), ()):
        result, again = run(ansible, *arguments, **options)
        assert (again.status, again.writes, result["changes"], result["changed"]) == (0, [], [], False), again.output
    return made


@pytest.fixture(scope="module")
def shared(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible(seed())


@pytest.fixture
def bare(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible(seed())


def client(ansible: Ansible, region: str = "us-east-1") -> t.Any:
    environment = ansible.environment
    make: t.Callable[..., t.Any] = boto3.client
    return make(
        "config",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
    )


def rules(config: t.Any) -> dict[str, Record]:
    return {rule["ConfigRuleName"]: rule for rule in config.describe_config_rules()["ConfigRules"]}


def test_create_change_and_delete_in_twelve_steps(shared: Ansible) -> None:
    created = four_steps(shared, return_findings="failed")
    assert operations(created) == {"PutConfigRule": len(DEFAULTS) + 2}
    home, other = rules(client(shared)), rules(client(shared, "eu-west-1"))
    assert set(home) == {f"iam-hardening-{name}" for name in (*DEFAULTS, "external-analyzer")}
    assert set(other) == {"iam-hardening-external-analyzer"}
    passwords = home["iam-hardening-password-policy"]
    assert json.loads(passwords["InputParameters"]) == PASSWORDS
    assert passwords["MaximumExecutionFrequency"] == "TwentyFour_Hours"
    assert home["iam-hardening-user-no-policies"]["Scope"] == {"ComplianceResourceTypes": ["AWS::IAM::User"]}
    assert {finding["control"] for finding in created["findings"]} == {"config_iam_rules"}
    assert all(change["remedies"] for change in created["changes"])
    assert {(cost["unit"], cost["count"]) for cost in created["costs"]} == {
        ("run of a periodic rule, a day", 10),
        ("rule that changes trigger", 2),
    }
    config = client(shared)
    config.tag_resource(ResourceArn=passwords["ConfigRuleArn"], Tags=[{"Key": "theirs", "Value": "kept"}])
    changed = four_steps(
        shared,
        rules=[
            {"name": "IAM_PASSWORD_POLICY", "parameters": {"MinimumPasswordLength": 16, "RequireSymbols": False}},
            {"name": "root-mfa", "frequency": "Six_Hours"},
            {"name": "security-contact"},
        ],
        extra_rules=[{"name": "groups", "identifier": "IAM_GROUP_HAS_USERS_CHECK", "regions": ["eu-west-1"]}],
        tags={"team": "security"},
    )
    # Two are new, two change, and all that were there get the tag.
    assert operations(changed) == {"PutConfigRule": 4, "TagResource": len(DEFAULTS) + 2}
    told = json.loads(rules(config)["iam-hardening-password-policy"]["InputParameters"])
    assert told == {**PASSWORDS, "MinimumPasswordLength": "16", "RequireSymbols": "false"}
    assert "iam-hardening-groups" in rules(client(shared, "eu-west-1"))
    tags = config.list_tags_for_resource(ResourceArn=passwords["ConfigRuleArn"])["Tags"]
    assert {tag["Key"] for tag in tags} == {"iam-hardening:managed", "team", "theirs"}
    names = [*DEFAULTS, "external-analyzer", "security-contact", "iam-hardening-groups"]
    deleted = four_steps(shared, remove_rules=names, max_changes=20)
    assert operations(deleted) == {"DeleteConfigRule": len(DEFAULTS) + 4}
    assert rules(config) == {}


def test_removals_are_capped(bare: Ansible) -> None:
    run(bare)
    result, outcome = run(bare, remove_rules=[*DEFAULTS, "external-analyzer"])
    assert (outcome.status, outcome.writes) == (0, [])
    assert {refusal["rule"] for refusal in result["refused"]} == {"cap"}


def of_others() -> Record:
    """Rules of Security Hub, Control Tower, a conformance pack, the organization, and of a team."""
    theirs = {
        "securityhub-root-mfa-0a1b": {
            "identifier": "ROOT_ACCOUNT_MFA_ENABLED",
            "created_by": "securityhub.amazonaws.com",
        },
        "keys-conformance-pack-0a1b": {
            "identifier": "ACCESS_KEYS_ROTATED",
            "parameters": {"maxAccessKeyAge": "60"},
            "created_by": "config-conforms.amazonaws.com",
        },
        "OrgConfigRule-unused-0a1b": {
            "identifier": "IAM_USER_UNUSED_CREDENTIALS_CHECK",
            "parameters": {"maxCredentialUsageAge": "90"},
            "created_by": "config-multiaccountsetup.amazonaws.com",
        },
        "team-passwords": {"identifier": "IAM_PASSWORD_POLICY", "parameters": {"MinimumPasswordLength": "12"}},
        "iam-hardening-console-mfa": {"identifier": "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS"},
        "iam-hardening-root-access-key": {"identifier": "ROOT_ACCOUNT_MFA_ENABLED"},
    }
    return seed({"us-east-1": recording(rules=theirs), "eu-west-1": recording(include_global=False)})


@pytest.fixture
def others(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible(of_others())


def test_rules_of_others_do_and_are_left_alone(others: Ansible) -> None:
    before = rules(client(others))
    result, outcome = run(others, remove_rules=[])
    assert outcome.status == 0, outcome.output
    statuses = {rule["rule"]: (rule["status"], rule["created_by"]) for rule in result["rules"]}
    assert statuses["root-mfa"] == ("by_others", "securityhub.amazonaws.com")
    assert statuses["access-keys-rotated"] == ("by_others", "config-conforms.amazonaws.com")
    assert statuses["unused-credentials"] == ("by_others", "config-multiaccountsetup.amazonaws.com")
    assert statuses["password-policy"] == ("by_others", None)
    assert statuses["console-mfa"] == ("present", None)
    # One that bears our name and not our tag is somebody else's.
    (refusal,) = result["refused"]
    assert (refusal["rule"], refusal["target"].rpartition("/")[2]) == ("name_taken", "iam-hardening-root-access-key")
    made = {change["target"].rpartition("/")[2] for change in result["changes"]}
    assert made == {
        f"iam-hardening-{name}"
        for name in (
            *("root-hardware-mfa", "user-no-policies", "admin-policies", "server-certificates"),
            "external-analyzer",
        )
    }
    after = rules(client(others))
    assert {name: after[name] for name in before} == before
    again, outcome = run(others, remove_rules=["console-mfa"], rules=[{"name": "root-access-key", "enabled": False}])
    assert (again["changes"], again["refused"], outcome.writes) == ([], [], [])


def test_what_the_play_names_the_rules_of_others_have_to_have(others: Ansible) -> None:
    declared = [{"name": "password-policy", "parameters": {"MinimumPasswordLength": 14}}]
    only = {"default_rules": False, "regions": ["us-east-1"]}
    result, _outcome = run(others, rules=declared, **only)
    assert [change["after"]["parameters"] for change in result["changes"]] == [PASSWORDS]
    same, _outcome = run(others, rules=[{"name": "access-keys-rotated", "parameters": {"maxAccessKeyAge": 60}}], **only)
    assert same["changes"] == []


def test_parameters_in_another_form_are_no_change(bare: Ansible) -> None:
    declared = {
        "default_rules": False,
        "rules": [
            {"name": "password-policy", "parameters": {"RequireSymbols": True}},
            {
                "name": "blocked-policies",
                "parameters": {"policyArns": ["arn:aws:iam::aws:policy/B", "arn:aws:iam::aws:policy/A"]},
            },
        ],
    }
    made, _outcome = run(bare, **declared)
    assert len(made["changes"]) == 2
    declared["rules"] = [
        {"name": "password-policy", "parameters": {"RequireSymbols": "True", "MinimumPasswordLength": "14"}},
        {
            "name": "blocked-policies",
            "parameters": {"policyArns": "arn:aws:iam::aws:policy/A, arn:aws:iam::aws:policy/B"},
        },
    ]
    again, outcome = run(bare, **declared)
    assert (again["changes"], outcome.writes) == ([], [])


def test_a_region_that_is_denied_costs_the_others_nothing(bare: Ansible) -> None:
    denied = {"service": "config", "kind": "error", "code": "AccessDeniedException", "status": 403}
    bare.control.faults([{**denied, "region": "eu-west-1"}])
    result, outcome = run(bare, return_findings="all")
    bare.control.clear_faults()
    assert outcome.status == 0, outcome.output
    assert {change["region"] for change in result["changes"]} == {"us-east-1"}
    assert len(result["changes"]) == len(DEFAULTS) + 1
    statuses = {(finding["region"], finding["status"]) for finding in result["findings"]}
    assert ("eu-west-1", "NOT_ASSESSED") in statuses
    assert ("us-east-1", "NOT_ASSESSED") not in statuses
    assert "nothing is planned in eu-west-1" in outcome.output


def test_bad_input_is_named(bare: Ansible) -> None:
    for options, message in (
        ({"rules": [{"name": "passwords"}]}, "rules[0].name: 'passwords' is not allowed"),
        ({"rules": [{"name": "root-mfa", "parameters": {"x": 1}}]}, "rules: root-mfa: it has no parameter 'x'"),
        ({"rules": [{"name": "password-policy", "parameters": {"RequireSymbols": 2}}]}, "allowed are true and false"),
        (
            {"rules": [{"name": "password-policy", "parameters": {"MinimumPasswordLength": 4}}]},
            "MinimumPasswordLength: 4 is not allowed; allowed are 6 to 128",
        ),
        ({"rules": [{"name": "user-no-policies", "frequency": "One_Hour"}]}, "changes trigger this rule"),
        ({"rules": [{"name": "root-mfa"}, {"name": "ROOT_ACCOUNT_MFA_ENABLED"}]}, "root-mfa is listed twice"),
        ({"rules": [{"name": "root-mfa"}], "remove_rules": ["root-mfa"]}, "root-mfa is declared as well"),
        ({"extra_rules": [{"name": "root-mfa", "identifier": "X"}]}, "extra_rules[0].name"),
        ({"extra_rules": [{"name": "mine", "identifier": "iam-groups"}]}, "extra_rules[0].identifier"),
        ({"recorder": {"bucket": " "}}, "recorder.bucket: it is empty"),
        ({"scope": "organization", "recorder": {"bucket": "b"}}, "recorder: with scope organization"),
        ({"excluded_accounts": [ACCOUNT]}, "excluded_accounts: it is allowed only with scope organization"),
    ):
        result, outcome = run(bare, **options)
        assert outcome.status != 0
        assert message in result["msg"]
        assert outcome.requests == []


def test_a_run_is_taken_back(bare: Ansible) -> None:
    made, _outcome = run(bare, run_id="made")
    other = {"rules": [{"name": "root-mfa", "frequency": "Six_Hours"}], "tags": {"team": "x"}}
    changed, _outcome = run(bare, run_id="changed", **other)
    removed, _outcome = run(bare, run_id="removed", remove_rules=["password-policy"], **other)
    assert operations(removed) == {"DeleteConfigRule": 1}
    # A rule that is made anew has another ARN, by which its tags are taken back.
    for name, undone in (("removed", removed), ("changed", changed), ("made", made)):
        back, outcome = run(bare, module="rollback", undo_run_id=name)
        assert outcome.status == 0, outcome.output
        assert (len(back["changes"]), back["refused"]) == (len(undone["changes"]), [])
    assert rules(client(bare)) == {}
    fresh, _outcome = run(bare, "--check")
    assert fresh["plan_sha256"] == made["plan_sha256"]


# In this process, which is quicker


@pytest.fixture
def account(
    emulator: EmulatorProcess, control: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> t.Iterator[Interrupted]:
    """An account without a recorder, for runs of the module in this process."""
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    control.reset(seed({}))
    yield Interrupted(control, tmp_path)
    control.clear_faults()


def declared(account: Interrupted, **options: t.Any) -> Record:
    return account.result(ENTRY, **{"account_id": ACCOUNT, "regions": list(REGIONS), **options})


def config_in(region: str) -> t.Any:
    return boto3.client("config", region_name=region)


def test_without_a_recorder_it_says_so(account: Interrupted) -> None:
    result = declared(account, return_findings="failed")
    assert (result["changes"], account.writes) == ([], [])
    reasons = {refusal["rule"]: refusal["reason"] for refusal in result["refused"]}
    assert set(reasons) == {"no_recorder", "iam_not_recorded"}
    assert "eu-west-1, us-east-1: AWS Config has no recorder there" in reasons["no_recorder"]
    assert "admin-policies, user-no-policies" in reasons["iam_not_recorded"]
    assert {finding["control"] for finding in result["findings"]} == {"config_recorder"}
    with pytest.raises(RuntimeError, match="refused: "):
        declared(account, on_refusal="fail")


def test_everything_that_is_documented_is_returned_and_nothing_else(account: Interrupted) -> None:
    documented = yaml.safe_load(RETURN)
    account.control.reset(seed({"us-east-1": recording()}))
    result = declared(account, return_findings="failed")
    # Ansible's own, which no module documents.
    assert set(result) - {"changed", "diff"} == set(documented)
    for key in ("changes", "refused", "rules", "costs"):
        assert set(result[key][0]) == set(documented[key]["contains"]), key


def test_recorders_are_made_and_taken_back(account: Interrupted) -> None:
    made = declared(account, **BUCKET, run_id="made")
    assert operations(made)["PutConfigurationRecorder"] == 2
    assert made["refused"] == []
    for region in REGIONS:
        config = config_in(region)
        (recorder,) = config.describe_configuration_recorders()["ConfigurationRecorders"]
        assert recorder["recordingGroup"]["allSupported"] is True
        assert recorder["recordingGroup"]["includeGlobalResourceTypes"] is (region == "us-east-1")
        assert recorder["roleARN"].endswith("config.amazonaws.com/AWSServiceRoleForConfig")
        (channel,) = config.describe_delivery_channels()["DeliveryChannels"]
        assert channel["s3BucketName"] == "acme-config"
        (status,) = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
        assert status["recording"] is True
    again = declared(account, **BUCKET)
    assert (again["changes"], again["refused"]) == ([], [])
    assert ("recorder", 2) in {(cost["option"], cost["count"]) for cost in made["costs"]}
    back = account.undo("made", "back", account_id=ACCOUNT)
    assert back["refused"] == []
    for region in REGIONS:
        config = config_in(region)
        assert config.describe_configuration_recorders()["ConfigurationRecorders"] == []
        assert config.describe_delivery_channels()["DeliveryChannels"] == []
        assert config.describe_config_rules()["ConfigRules"] == []


def test_iam_is_recorded_once(account: Interrupted) -> None:
    account.control.reset(seed({"eu-west-1": recording()}))
    made = declared(account, **BUCKET)
    recorder = next(change for change in made["changes"] if change["operation"] == "PutConfigurationRecorder")
    assert (recorder["region"], recorder["after"]["includes_iam"]) == ("us-east-1", False)
    assert "iam-hardening-admin-policies" in rules(config_in("eu-west-1"))
    assert "iam-hardening-root-mfa" in rules(config_in("us-east-1"))


@pytest.mark.parametrize(
    "regions",
    [
        {"eu-west-1": recording(name="aws-controltower-BaselineConfigRecorder")},
        {
            "eu-west-1": recording(
                rules={"tower": {"identifier": "ROOT_ACCOUNT_MFA_ENABLED", "created_by": "controltower.amazonaws.com"}}
            )
        },
        {
            "us-east-1": {
                "config": {
                    "recording": False,
                    "recorder": False,
                    "service_linked_recorders": ["securityhub.amazonaws.com"],
                }
            }
        },
        {"us-east-1": {"config": {"recording": False, "recorder": False}}},
    ],
    ids=["control tower", "rule of control tower", "service-linked", "delivery channel"],
)
def test_no_recorder_is_made_where_somebody_else_decides(account: Interrupted, regions: Record) -> None:
    account.control.reset(seed(regions))
    made = declared(account, **BUCKET)
    refused = {(refusal["rule"], refusal["operation"]) for refusal in made["refused"]}
    assert ("managed_elsewhere", "PutConfigurationRecorder") in refused
    places = {change["region"] for change in made["changes"] if change["operation"] == "PutConfigurationRecorder"}
    assert "us-east-1" not in places


def test_a_recorder_of_others_stays_as_it_is(account: Interrupted) -> None:
    account.control.reset(seed({"us-east-1": {"config": {"recording": False, "service_linked_role": False}}}))
    made = declared(account, **BUCKET, regions=["us-east-1"])
    assert set(operations(made)) == {"PutConfigRule"}
    assert {refusal["rule"] for refusal in made["refused"]} == {"iam_not_recorded"}
    (status,) = config_in("us-east-1").describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert status["recording"] is False


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("MaxNumberOfConfigRulesExceededException", "quota"),
        ("NoAvailableConfigurationRecorderException", "no_recorder"),
    ],
)
def test_a_region_without_room_is_a_refusal_and_no_failure(account: Interrupted, code: str, rule: str) -> None:
    account.control.reset(seed())
    fault = {"kind": "error", "service": "config", "operation": "PutConfigRule", "code": code, "status": 400}
    account.control.faults([{**fault, "region": "us-east-1", "message": "Failed to put config rule"}])
    result = declared(account)
    assert {change["region"] for change in result["changes"] if change["applied"]} == {"eu-west-1"}
    assert {refusal["rule"] for refusal in result["refused"]} == {rule, "together"}
    # After the first one nothing more is tried there.
    assert Counter(record["region"] for record in account.control.log() if record["operation"] == "PutConfigRule") == {
        "us-east-1": 1,
        "eu-west-1": 1,
    }


@pytest.mark.parametrize(
    ("code", "message", "rule"),
    [
        ("ResourceInUseException", "The rule is currently being evaluated", "in_progress"),
        ("AccessDeniedException", "An AWS service owns ServiceLinkedConfigRule.", "service_linked"),
    ],
)
def test_a_rule_that_aws_does_not_let_go_of_costs_that_rule_only(
    account: Interrupted, code: str, message: str, rule: str
) -> None:
    account.control.reset(seed())
    declared(account)
    fault = {"kind": "error", "service": "config", "operation": "DeleteConfigRule", "code": code, "message": message}
    account.control.faults([{**fault, "status": 400, "times": 1}])
    result = declared(account, remove_rules=["root-mfa", "console-mfa"])
    assert [refusal["rule"] for refusal in result["refused"]] == [rule]
    assert operations(result) == {"DeleteConfigRule": 2}
    assert len([change for change in result["changes"] if change["applied"]]) == 1
    again = declared(account, remove_rules=["root-mfa", "console-mfa"])
    assert (operations(again), again["refused"]) == ({"DeleteConfigRule": 1}, [])


def state() -> Record:
    """What there is of AWS Config in both regions."""
    found: Record = {}
    for region in REGIONS:
        config = config_in(region)
        status = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
        found[region] = {
            "recording": [item["recording"] for item in status],
            "channels": [item["name"] for item in config.describe_delivery_channels()["DeliveryChannels"]],
            "rules": sorted(rules(config)),
        }
    return found


# Two recorders, their channels and starts, and the rules: ten and two.
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", [1, 2, 3, 4, 6, 10, 17])
def test_a_run_that_is_cut_off_goes_on_and_is_taken_back(account: Interrupted, write: int, after: bool) -> None:
    empty = state()
    job = Job(ENTRY, {"account_id": ACCOUNT, "regions": list(REGIONS), **BUCKET})
    account.killed(lambda: account.run(job, run_id="first"), write=write, after=after)
    account.run(job, run_id="second")
    whole = state()
    assert {region: (len(found["rules"]), found["recording"]) for region, found in whole.items()} == {
        "us-east-1": (len(DEFAULTS) + 1, [True]),
        "eu-west-1": (1, [True]),
    }
    account.control.clear_log()
    account.run(job, run_id="third")
    assert account.writes == []
    for name in ("second", "first"):
        account.undo(name, f"{name}-back", account_id=ACCOUNT)
    assert state() == empty


def test_seventeen_regions_are_converged_side_by_side(account: Interrupted) -> None:
    """Each call takes 50 ms: to look, to have the rules in each, and to look again."""
    account.control.reset(seed({region: recording(include_global=region == REGIONS[0]) for region in SEVENTEEN}))
    account.control.faults([{"kind": "latency", "latency_ms": 50}])
    made, most = [], []
    for check_mode in (True, False, False):
        options = {name: argument.get("default") for name, argument in argument_spec().items()}
        options |= {"account_id": ACCOUNT, "journal": str(account.journal), "regions": list(SEVENTEEN)}
        task = Task(options=options, operations=ENTRY.operations, check_mode=check_mode)
        result = ENTRY.run(task)
        most.append(most_in_flight(account.control))
        made.append(len(result["changes"]))
    whole = len(DEFAULTS) + len(SEVENTEEN)
    assert made == [whole, whole, 0]
    assert min(calls["config:DescribeDeliveryChannels"] for calls in most) > 1
    assert most[1]["config:PutConfigRule"] > 1


# Rules of an organization

ORGANIZED = {"account_id": MANAGEMENT, "regions": ["us-east-1"], "scope": "organization"}
PASSWORD = "iam-hardening-password-policy"


@pytest.fixture
def organization(account: Interrupted) -> Interrupted:
    """The organization "acme", as its management account."""
    account.control.reset("acme")
    return account


def of_organization() -> dict[str, Record]:
    listed = config_in("us-east-1").describe_organization_config_rules()["OrganizationConfigRules"]
    return {rule["OrganizationConfigRuleName"]: rule for rule in listed}


def converge(account: Interrupted, **options: t.Any) -> Record:
    """Make it so, and see that there is nothing left to do."""
    made = account.result(ENTRY, **{**ORGANIZED, **options})
    assert all(change["applied"] for change in made["changes"])
    account.control.clear_log()
    again = account.result(ENTRY, **{**ORGANIZED, **options})
    assert (again["changes"], account.writes) == ([], [])
    return made


def test_rules_of_an_organization_are_made_changed_removed_and_taken_back(organization: Interrupted) -> None:
    made = converge(organization, run_id="made", excluded_accounts=[SANDBOX])
    assert operations(made) == {"PutOrganizationConfigRule": len(DEFAULTS) + 1}
    rule = of_organization()[PASSWORD]
    assert rule["ExcludedAccounts"] == [SANDBOX]
    assert json.loads(rule["OrganizationManagedRuleMetadata"]["InputParameters"]) == PASSWORDS
    changed = converge(
        organization,
        run_id="changed",
        rules=[{"name": "password-policy", "parameters": {"MinimumPasswordLength": 16}}],
    )
    (change,) = changed["changes"]
    # Who is excluded stays so, unless it is declared otherwise.
    assert change["before"]["excluded_accounts"] == change["after"]["excluded_accounts"] == [SANDBOX]
    everybody = converge(
        organization, run_id="everybody", excluded_accounts=[], default_rules=False, rules=[{"name": "root-mfa"}]
    )
    assert [change["after"]["excluded_accounts"] for change in everybody["changes"]] == [[]]
    removed = converge(organization, run_id="removed", default_rules=False, remove_rules=["password-policy"])
    assert operations(removed) == {"DeleteOrganizationConfigRule": 1}
    assert PASSWORD not in of_organization()
    for name in ("removed", "everybody", "changed", "made"):
        back = organization.undo(name, f"{name}-back")
        assert back["refused"] == []
    assert of_organization() == {}


def test_a_member_makes_no_rules_of_its_organization_unless_that_delegates_it(organization: Interrupted) -> None:
    member = {**ORGANIZED, "account_id": PROD, "assume_role_arn": role_arn(PROD, "automation")}
    member["assume_role_external_id"] = EXTERNAL_ID
    refused = organization.result(ENTRY, **member)
    assert [refusal["rule"] for refusal in refused["refused"]] == ["organization"]
    assert (refused["changes"], organization.writes) == ([], [])
    boto3.client("organizations").register_delegated_administrator(
        AccountId=PROD, ServicePrincipal="config-multiaccountsetup.amazonaws.com"
    )
    made = organization.result(ENTRY, **member)
    assert operations(made) == {"PutOrganizationConfigRule": len(DEFAULTS) + 1}
    # What comes from the organization does in its members.
    own = organization.result(ENTRY, **{**member, "scope": "account"})
    assert own["changes"] == []
    assert {rule["created_by"] for rule in own["rules"]} == {"config-multiaccountsetup.amazonaws.com"}


def test_an_account_that_did_not_get_a_rule_is_told_of(organization: Interrupted) -> None:
    organization.result(ENTRY, **ORGANIZED, default_rules=False, rules=[{"name": "root-mfa"}])
    execute_options = {**ORGANIZED, "default_rules": False, "rules": [{"name": "root-mfa"}]}
    part = warned(organization, **execute_options)
    assert any("iam-hardening-root-mfa is CREATE_FAILED: no recorder in" in warning for warning in part)


def warned(account: Interrupted, **options: t.Any) -> list[str]:
    directory = account.journal.with_name("reports")
    account.result(ENTRY, **options, report_dir=str(directory))
    part = json.loads(
        next((directory / options["account_id"] / "parts").glob("*/*/config_rules.json")).read_text(encoding="utf-8")
    )
    return t.cast(list[str], part["warnings"])


def test_rules_of_the_organization_by_others_do(organization: Interrupted) -> None:
    theirs = {"RuleIdentifier": "ROOT_ACCOUNT_MFA_ENABLED"}
    config_in("us-east-1").put_organization_config_rule(
        OrganizationConfigRuleName="theirs", OrganizationManagedRuleMetadata=theirs
    )
    before = of_organization()["theirs"]
    made = converge(organization)
    assert operations(made) == {"PutOrganizationConfigRule": len(DEFAULTS)}
    (told,) = (rule for rule in made["rules"] if rule["rule"] == "root-mfa")
    assert (told["status"], told["name"]) == ("by_others", "theirs")
    assert of_organization()["theirs"] == before


def test_a_verdict_comes_back_into_the_assessment(make_ansible: MakeAnsible) -> None:
    """What rules found, and what they have not judged yet, which is no pass."""
    found = {
        "passwords": {"identifier": "IAM_PASSWORD_POLICY", "compliance": "NON_COMPLIANT", "resources": ["account"]},
        "inline": {"identifier": "IAM_NO_INLINE_POLICY_CHECK", "compliance": "INSUFFICIENT_DATA"},
        "root": {"identifier": "ROOT_ACCOUNT_MFA_ENABLED"},
    }
    ansible = make_ansible(
        seed({"us-east-1": recording(rules=found), "eu-west-1": recording(rules={"i": found["inline"]})})
    )
    outcome = ansible.module(
        "assessment_info",
        assessor_role_arn=role_arn(ACCOUNT),
        assume_role_external_id=EXTERNAL_ID,
        regions=list(REGIONS),
        include=["config_iam_compliant"],
        detective=True,
        return_findings="all",
    )
    assert (outcome.status, outcome.writes) == (0, [])
    result, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.index("=> {") + 3)
    judged = {
        (finding["region"], finding["status"], finding["resource_detail"])
        for finding in result["findings"]
        if finding["control"] == "config_iam_compliant"
    }
    assert judged == {
        ("global", "FAIL", "password-policy"),
        ("us-east-1", "NOT_ASSESSED", None),
        ("eu-west-1", "NOT_ASSESSED", None),
    }
