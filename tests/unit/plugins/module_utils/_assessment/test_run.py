# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assessment of saved snapshots, up to the report that the module ``report`` completes."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import jsonschema
import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._account.codec import to_json
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    Organization,
    Snapshot,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._assessment.run import run
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._report.document import complete
from ansible_collections.hardening.iam.plugins.modules.assessment_info import argument_spec

from .._controls import samples

DEFAULTS: t.Final = {name: spec.get("default") for name, spec in argument_spec().items()}
REGIONS: t.Final = ("us-east-1", "eu-west-1")
DENIED: t.Final = (samples.unread(Dataset.ANALYZERS, UnreadKind.REGION_DENIED, region="eu-west-1"),)
WAIVER: t.Final[dict[str, t.Any]] = {
    "control": "region_assessed",
    "accounts": ["*"],
    "resources": ["*"],
    "reason": "nobody works there",
    "owner": "platform team",
    "ticket": "SEC-1",
    "approved_by": "ciso",
}


class Assessed(t.NamedTuple):
    report: dict[str, t.Any]
    warnings: list[str]

    def of(self, control: str) -> list[dict[str, t.Any]]:
        return [item for item in self.report["findings"] if item["control"] == control]


def assess(place: Path, snapshot: Snapshot, run_id: str = "one", **options: t.Any) -> Assessed:
    """The report of a saved snapshot."""
    path = place / "snapshot.json"
    path.write_text(to_json(snapshot), encoding="utf-8")
    given = {**DEFAULTS, "offline": True, "snapshot_path": str(path), "report_dir": str(place / "reports")}
    task = Task(
        options={**given, "run_id": run_id, "now": format_utc(samples.NOW), **options},
        operations=Operations(),
        check_mode=True,
    )
    written = Path(run(task)["report"])
    return Assessed(json.loads(written.read_text(encoding="utf-8")), task.warnings)


@pytest.mark.parametrize(
    "account",
    [
        samples.snapshot(regions=REGIONS, unread=DENIED),
        samples.snapshot(enabled_regions=REGIONS),
        samples.snapshot(enabled_regions_unread="ec2:DescribeRegions: denied"),
    ],
    ids=["denied", "left out", "not listed"],
)
def test_a_region_that_was_not_read_stays_in_the_completed_report(
    tmp_path: Path, checkout: Path, account: Snapshot
) -> None:
    """F3: frameworks and scores count it, so the finding has to be there."""
    assessed = assess(tmp_path, account)
    completed = complete(assessed.report, [])
    assert completed["findings"] == assessed.report["findings"]
    (finding,) = assessed.of("region_assessed")
    assert finding["status"] == "NOT_ASSESSED"
    named = {item["control"] for item in completed["findings"]}
    counted = {name for view in completed["frameworks"].values() for row in view.values() for name in row["controls"]}
    assert counted <= named
    schema = json.loads((checkout / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(completed, schema)


def test_a_region_that_was_left_out_lowers_the_coverage_and_is_named(tmp_path: Path) -> None:
    whole = assess(tmp_path / "", samples.snapshot(enabled_regions=("us-east-1",))).report
    partly = assess(tmp_path, samples.snapshot(enabled_regions=REGIONS)).report
    assert whole["scope"]["regions_not"] == []
    assert partly["scope"]["regions_not"] == [
        {
            "region": "eu-west-1",
            "reason": "the region is enabled, but not listed in aws_regions",
            "kind": "left_out",
        }
    ]
    assert partly["scores"][0]["not_assessed"] >= whole["scores"][0]["not_assessed"]


@pytest.mark.parametrize(
    ("patterns", "unmatched"),
    [
        (["admin"], ["admin"]),
        (["*:user/nobody", "*:user/{name}"], ["*:user/nobody"]),
        (["arn:aws:iam::{account}:user/nobody"], ["arn:aws:iam::{account}:user/nobody"]),
        # A fleet shares one list, which has the principals of other accounts too.
        (["arn:aws:iam::999900001111:user/nobody"], []),
        ([], []),
    ],
)
def test_break_glass_that_matches_nobody_is_a_warning(
    tmp_path: Path, patterns: list[str], unmatched: list[str]
) -> None:
    account = samples.snapshot(users=[samples.user("alice")])
    names = {"name": "alice", "account": account.account_id}
    assessed = assess(tmp_path, account, break_glass=[pattern.format(**names) for pattern in patterns])
    found = [warning for warning in assessed.warnings if warning.startswith("break_glass: ")]
    assert [warning.split("'")[1] for warning in found] == [pattern.format(**names) for pattern in unmatched]


def test_break_glass_is_not_judged_where_users_were_not_read(tmp_path: Path) -> None:
    unread = samples.unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED)
    assessed = assess(tmp_path, samples.snapshot(unread=(unread,)), break_glass=["admin"])
    assert not [warning for warning in assessed.warnings if warning.startswith("break_glass")]


def test_a_waiver_for_a_region_does_not_stop_the_run(tmp_path: Path) -> None:
    """F3: it accepts nothing, since a region that was not read is no failure, and says so."""
    expires = format_utc(samples.NOW)[:10]
    assessed = assess(
        tmp_path, samples.snapshot(regions=REGIONS, unread=DENIED), waivers=[{**WAIVER, "expires": expires}]
    )
    assert [item["status"] for item in assessed.of("region_assessed")] == ["NOT_ASSESSED"]
    assert any(
        "waiver 0 (region_assessed, SEC-1 of platform team) matches no failed finding" in text
        for text in assessed.warnings
    )


def test_the_waiver_that_the_report_prints_holds_until_the_reason_changes(tmp_path: Path) -> None:
    """F8, through the report: a policy more makes another reason."""
    roles = samples.role("dev", attached_policies=(samples.ADMIN,))
    first = assess(tmp_path, samples.people(roles=(roles,)))
    (finding,) = [item for item in first.of("role_admin") if item["status"] == "FAIL"]
    (printed,) = yaml.safe_load(finding["to_waive"])
    signed = {**WAIVER, **{name: value for name, value in printed.items() if value}}
    signed["expires"] = format_utc(samples.NOW)[:10]
    second = assess(tmp_path, samples.people(roles=(roles,)), "two", waivers=[signed])
    assert [item["status"] for item in second.of("role_admin")] == ["WAIVED"]
    inline = (samples.document(samples.EVERYTHING),)
    more = samples.role("dev", attached_policies=(samples.ADMIN,), inline_policies=inline)
    third = assess(tmp_path, samples.people(roles=(more,)), "three", waivers=[signed])
    (again,) = third.of("role_admin")
    assert again["status"] == "FAIL"
    assert "does not cover it: the reason changed since it was waived" in again["detail"]
    (change,) = [item for item in third.report["delta"]["changed"] if item["fingerprint"] == again["fingerprint"]]
    assert (change["from"]["status"], change["to"]["status"], change["reason_changed"]) == ("WAIVED", "FAIL", True)


def test_a_waiver_for_a_role_of_a_partner_ends_when_the_whole_account_is_trusted(tmp_path: Path) -> None:
    """F8, through the report: the account is the same, and more of its principals come in."""
    partner = "arn:aws:iam::999988887777"
    role = samples.role("app", trust=samples.trust({"AWS": f"{partner}:role/ci"}))
    first = assess(tmp_path, samples.snapshot(roles=(role,)))
    (finding,) = [item for item in first.of("trust_foreign_account") if item["status"] == "FAIL"]
    (printed,) = yaml.safe_load(finding["to_waive"])
    signed = {**WAIVER, **{name: value for name, value in printed.items() if value}}
    signed["expires"] = format_utc(samples.NOW)[:10]
    second = assess(tmp_path, samples.snapshot(roles=(role,)), "two", waivers=[signed])
    assert [item["status"] for item in second.of("trust_foreign_account")] == ["WAIVED"]
    wider = samples.role("app", trust=samples.trust({"AWS": f"{partner}:root"}))
    third = assess(tmp_path, samples.snapshot(roles=(wider,)), "three", waivers=[signed])
    assert [item["status"] for item in third.of("trust_foreign_account")] == ["FAIL"]


BLOCK: t.Final = yaml.safe_dump([{**WAIVER, "expires": format_utc(samples.NOW)[:10]}], sort_keys=False)


@pytest.mark.parametrize("text", [BLOCK, f"---\n{BLOCK}", f"# ours\n{BLOCK}", json.dumps(yaml.safe_load(BLOCK))])
def test_a_survey_gives_waivers_as_text(tmp_path: Path, text: str) -> None:
    assessed = assess(tmp_path, samples.snapshot(regions=REGIONS, unread=DENIED), waivers=text)
    assert any("waiver 0 (region_assessed" in warning for warning in assessed.warnings)


NOT_WAIVERS: t.Final[dict[str, tuple[bytes, str]]] = {
    "a key twice": (f"{BLOCK}  control: root_mfa_enabled\n".encode(), "the key 'control' is given a second time"),
    "not UTF-8": (b"- owner: \xe9", "is not YAML"),
    "itself": (b"- &a [*a]", "more than 1000000 values"),
    "a bomb": (
        b"".join(b"- &a%d [%s]\n" % (n, b",".join([b"*a%d" % (n - 1) if n else b"x"] * 10)) for n in range(9)),
        "more than 1000000 values",
    ),
    "deep": (b"[" * 100_000, "is not YAML"),
    "a tag that does not fit": (b"!!bool x", "is not YAML"),
    "an empty number": (b'- expires: !!int ""', "is not YAML"),
    "a time that is none": (b"- expires: !!timestamp soon", "is not YAML"),
    "a class": (b"!!python/object/apply:os.system [id]", "is not YAML"),
}


@pytest.mark.parametrize("name", NOT_WAIVERS)
def test_a_file_that_holds_no_waivers_is_refused(tmp_path: Path, name: str) -> None:
    content, reason = NOT_WAIVERS[name]
    (tmp_path / "waivers.yml").write_bytes(content)
    with pytest.raises(TaskError, match=f"^waivers: .*{reason}"):
        assess(tmp_path, samples.snapshot(), waivers=str(tmp_path / "waivers.yml"))


def test_aliases_and_merge_keys_are_no_repeated_keys(tmp_path: Path) -> None:
    more = "- {<<: *first, control: root_mfa_enabled, severity: critical}\n- {<<: *first, ticket: SEC-2}\n"
    (tmp_path / "waivers.yml").write_text(f"- &first\n{BLOCK.replace('- ', '  ', 1)}{more}", encoding="utf-8")
    found = assess(tmp_path, samples.snapshot(), waivers=str(tmp_path / "waivers.yml"))
    assert [item["ticket"] for item in found.report["waivers"]] == ["SEC-1", "SEC-1", "SEC-2"]


OF_ORGANIZATION: t.Final = ("2.1.2", "2.1.3", "2.1.4", "2.1.5", "2.1.6")


def test_recommendations_for_an_organization_are_covered_only_by_a_run_over_it(tmp_path: Path) -> None:
    """F12: an account in an organization says nothing of them, so they do not count as covered."""
    alone = assess(tmp_path, samples.snapshot()).report
    organization = Organization("o-1", "999988887777", "ALL")
    member = assess(tmp_path, samples.snapshot(organization=organization)).report
    for report, status in ((alone, "NOT_APPLICABLE"), (member, "NOT_ASSESSED")):
        statuses = {
            recommendation: {
                item["status"] for item in report["findings"] if recommendation in item["compliance"].get("cis_7.0", ())
            }
            for recommendation in OF_ORGANIZATION
        }
        assert statuses == dict.fromkeys(OF_ORGANIZATION, {status})
    (before, after) = (report["scores"][0] for report in (alone, member))
    lost = after["not_assessed"] - before["not_assessed"]
    assert lost >= len(OF_ORGANIZATION)
    covered = before["coverage_percent"] - after["coverage_percent"]
    assert covered == pytest.approx(100 * lost / after["recommendations"], abs=0.11)


def test_a_member_without_a_root_password_does_not_prove_central_root_access(tmp_path: Path) -> None:
    """F12: the member has no password, and nobody looked at the switch in the management account."""
    member = samples.snapshot(
        organization=Organization("o-1", "999988887777", "ALL"), summary={"AccountPasswordPresent": 0}
    )
    assessed = assess(tmp_path, member)
    assert [item["status"] for item in assessed.of("member_root_without_password")] == ["PASS"]
    statuses = {
        item["control"]: item["status"]
        for item in assessed.report["findings"]
        if "2.1.1" in item["compliance"].get("cis_7.0", ())
    }
    assert statuses == {"central_root_access": "NOT_ASSESSED"}
    assert "2.1.1" not in find_passed(assessed.report)


def find_passed(report: dict[str, t.Any]) -> set[str]:
    """The recommendations of CIS 7.0 that pass: all that speaks of them passes, or does not apply."""
    found: dict[str, set[str]] = {}
    for item in report["findings"]:
        for recommendation in item["compliance"].get("cis_7.0", ()):
            found.setdefault(recommendation, set()).add(item["status"])
    names = {name for name, statuses in found.items() if "PASS" in statuses and statuses <= {"PASS", "NOT_APPLICABLE"}}
    assert len(names) == report["scores"][0]["passed"]
    return names
