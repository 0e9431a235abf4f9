# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The services that watch: Access Analyzer, AWS Config, Security Hub and CloudTrail."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..._account.config_catalogue import IAM_TYPES, WITHOUT_IAM
from ..._account.model import Dataset
from ..._account.regional import ConfigRecorder, Trail
from ..._converge.finding import Remediation, Severity
from ..control import Check, Control, Failure, Scope, Verdict, listing, maps, plural
from ..patterns.monitoring_watches import ORGANIZATION_CHANGES, WATCHES
from ..problem import Problem
from .monitoring import find_own_trails

_THEME = "detective"
_ANALYZERS = "analyzers"
_RECORDERS = "recorders"
_TRAILS = "trails"
_EXTERNAL: t.Final = frozenset({"ACCOUNT", "ORGANIZATION"})
# Aurora's global clusters are recorded in every region too, unless they are excluded.
_GLOBAL_TYPES: t.Final = frozenset({*IAM_TYPES, "AWS::RDS::GlobalCluster"})
# Every call of an account is delivered within minutes, those of this assessment too.
_SILENT_DAYS: t.Final = 7


def _check_analyzer(scope: Scope) -> Verdict:
    here = [item for item in scope.snapshot.analyzers if item.region == scope.region and item.type in _EXTERNAL]
    active = [item for item in here if item.status == "ACTIVE"]
    if active:
        return Verdict(len(active), _ANALYZERS, detail=f"{active[0].type.lower()} analyzer {active[0].name} is active")
    elsewhere = scope.settings.organization_analyzer_regions
    if scope.region in elsewhere or "*" in elsewhere:
        detail = "an analyzer of the organization watches this region (thresholds.organization_analyzer_regions)"
        return Verdict(0, _ANALYZERS, detail=detail)
    inactive = f" ({listing(f'{item.name} is {item.status}' for item in here)})" if here else ""
    detail = f"no active external access analyzer of account or organization{inactive}"
    return Verdict(0, _ANALYZERS, (Failure(scope.facts.account_arn, detail, {"active": 0}),))


def _check_recorder(scope: Scope) -> Verdict:
    here = [item for item in scope.snapshot.config_recorders if item.region == scope.region]
    problems = {item: _explain_not_recording(item) for item in here}
    good = [item for item, problem in problems.items() if not problem]
    proven = [item for item in good if _is_proven(item)]
    if proven:
        return Verdict(len(here), _RECORDERS, detail=f"recorder {proven[0].name} is recording")
    if good:
        return Verdict(len(here), _RECORDERS, not_assessed=_explain_unproven(good[0]))
    states = listing(f"{item.name}: {problem}" for item, problem in problems.items()) or "no recorder"
    observed = {
        "recorders": len(here),
        "resource_types": sorted({name for item in here for name in item.resource_types}),
    }
    failure = Failure(scope.facts.account_arn, f"AWS Config does not record all resource types ({states})", observed)
    return Verdict(len(here), _RECORDERS, (failure,))


def _is_proven(recorder: ConfigRecorder) -> bool:
    return (recorder.last_status or "").upper() == "SUCCESS"


def _explain_unproven(recorder: ConfigRecorder) -> str:
    return f"recorder {recorder.name} has not recorded anything yet (last status {recorder.last_status or 'unknown'})"


def _explain_not_recording(recorder: ConfigRecorder) -> str:
    """Explain why a recorder does not record its region; empty if it does, as far as is known.

    Where it delivers to is not asked: AWS starts no recorder without a delivery channel, and deletes none before the
    recorder is stopped (https://docs.aws.amazon.com/config/latest/APIReference/API_DeleteDeliveryChannel.html).
    """
    if not recorder.recording:
        return "stopped"
    if recorder.is_failing:
        return "failing"
    if not recorder.all_supported:
        if recorder.resource_types:
            return f"records {plural(len(recorder.resource_types), 'resource types')} only"
        # The global types are left out in all regions but one, which control config_records_iam judges.
        excluded = sorted(set(recorder.excluded_types) - _GLOBAL_TYPES)
        if excluded:
            return f"leaves out {listing(excluded, 5)}"
    return ""


def _check_recorder_role(scope: Scope) -> Verdict:
    here = [item for item in scope.snapshot.config_recorders if item.region == scope.region]
    if not here:
        return Verdict(0, _RECORDERS, not_applicable="no recorder in this region")
    failures = tuple(
        Failure(
            scope.facts.account_arn, f"recorder {item.name} uses {item.role_arn}", {"role": item.role_arn}, item.name
        )
        for item in here
        if item.role_arn and ":role/aws-service-role/config.amazonaws.com/" not in item.role_arn
    )
    unknown = tuple(
        Failure(scope.facts.account_arn, f"AWS names no role of recorder {item.name}", None, item.name)
        for item in here
        if not item.role_arn
    )
    return Verdict(len(here), _RECORDERS, failures, unjudged=unknown)


def _check_iam_recorded(scope: Scope) -> Verdict:
    """Check that one region at least records IAM's types. Any one counts: AWS's newer regions can't record them."""
    recorders = scope.snapshot.config_recorders
    recording_iam = [item for item in recorders if item.records_iam]
    with_iam = sorted(item.region for item in recording_iam if _is_proven(item))
    if with_iam:
        return Verdict(
            len(recorders), _RECORDERS, detail=f"IAM is recorded in {listing(with_iam)}", extra={"regions": with_iam}
        )
    unread = scope.unread_regions(Dataset.CONFIG_RECORDERS)
    if unread:
        return Verdict(len(recorders), _RECORDERS, not_assessed=f"recorders could not be read in {listing(unread)}")
    if recording_iam:
        return Verdict(len(recorders), _RECORDERS, not_assessed=_explain_unproven(recording_iam[0]))
    recording = [item for item in recorders if item.recording]
    if not recording:
        return Verdict(0, _RECORDERS, not_applicable="nothing is recorded (control config_recorder)")
    states = listing(f"{item.region} ({_without_iam(item)})" for item in recording)
    detail = f"users, groups, roles and policies are recorded in none of {states}"
    return Verdict(len(recording), _RECORDERS, (Failure(scope.facts.account_arn, detail, {"regions": []}),))


def _without_iam(recorder: ConfigRecorder) -> str:
    if recorder.is_failing:
        return "failing"
    return "which can't record IAM" if recorder.region in WITHOUT_IAM else "without IAM"


def _check_security_hub(scope: Scope) -> Verdict:
    hub = next((item for item in scope.snapshot.security_hubs if item.region == scope.region), None)
    if hub is not None and hub.enabled and hub.standards:
        return Verdict(
            1, "hubs", detail=f"on, with {len(hub.standards)} standards", extra={"standards": list(hub.standards)}
        )
    detail = "on, but without any standard" if hub is not None and hub.enabled else "Security Hub is off"
    return Verdict(1, "hubs", (Failure(scope.facts.account_arn, detail, {"enabled": bool(hub and hub.enabled)}),))


def _check_multi_region_trail(scope: Scope) -> Verdict:
    trails = scope.snapshot.trails
    problems = {item: _lack(scope, item) or _narrowness(item) for item in trails}
    good = [item.name for item in trails if not problems[item] and not _doubt(item)]
    if good:
        return Verdict(len(trails), _TRAILS, detail=f"trail {good[0]} logs in every region")
    unread = scope.unread_regions(Dataset.TRAILS)
    reasons = [f"trails could not be read in {listing(unread)}"] if unread else []
    reasons += [f"{_doubt(item)} of {item.name}" for item in trails if not problems[item]]
    if reasons:
        return Verdict(len(trails), _TRAILS, not_assessed="; ".join(reasons))
    states = listing(f"{item.name}: {problem}" for item, problem in problems.items())
    detail = f"no trail logs management events of every region ({states or 'no trail'})"
    return Verdict(len(trails), _TRAILS, (Failure(scope.facts.account_arn, detail, {"trails": len(trails)}),))


def _lack(scope: Scope, trail: Trail) -> str:
    """Why a trail does not log what happens; empty where it does, as far as is known."""
    if trail.is_logging is False:
        return "does not log"
    if trail.logs_management_events is False:
        return "no management events"
    silent = scope.days_since(trail.last_delivery) if trail.last_delivery else 0
    return f"delivered nothing in {silent} days" if silent > _SILENT_DAYS else ""


def _narrowness(trail: Trail) -> str:
    """Which events a trail leaves out; empty where it has all management events of every region.

    KMS and RDS Data API are the sources that can be left out, and are management events as well, says
    https://docs.aws.amazon.com/config/latest/developerguide/multi-region-cloudtrail-enabled.html.
    """
    if not trail.is_multi_region:
        return "one region only"
    return f"without the events of {listing(trail.excluded_sources)}" if trail.excluded_sources else ""


def _lack_of_log_group(scope: Scope, trail: Trail) -> str:
    """Why nothing of a trail gets to its log group; empty where it does, as far as is known."""
    if trail.log_group_error:
        return f"can't deliver to its log group: {trail.log_group_error}"
    silent = scope.days_since(trail.log_group_delivery) if trail.log_group_delivery else 0
    lacks = f"delivered nothing to its log group in {silent} days" if silent > _SILENT_DAYS else ""
    return lacks or _lack(scope, trail)


def _doubt(trail: Trail) -> str:
    """The unknown fact that decides whether a trail logs; empty if all is known."""
    if trail.is_logging is None:
        return "the status could not be read"
    if trail.logs_management_events is None:
        return "the event selectors could not be read"
    return "the last delivery is not known" if trail.last_delivery is None else ""


def _doubt_of_log_group(trail: Trail) -> str:
    return "the last delivery to the log group is not known" if trail.log_group_delivery is None else ""


def _check_log_group(scope: Scope) -> Verdict:
    trails, owned = scope.snapshot.trails, [item for item in find_own_trails(scope) if item.log_group_arn]
    problems = {item: _lack_of_log_group(scope, item) for item in owned}
    doubts = {item: _doubt(item) or _doubt_of_log_group(item) for item in owned}
    good = [item.name for item in owned if not problems[item] and not doubts[item]]
    if good:
        return Verdict(len(trails), _TRAILS, detail=f"{listing(good)} delivers to a log group")
    unread = scope.unread_regions(Dataset.TRAILS)
    reasons = [f"trails could not be read in {listing(unread)}"] if unread else []
    reasons += [f"{doubts[item]} of {item.name}" for item in owned if not problems[item]]
    if trails and not find_own_trails(scope):
        # The owner may watch from there; a member sees neither the log group nor its filters.
        names = listing(item.name for item in trails)
        reasons.append(f"{names} belongs to another account, whose alarms can't be read here")
    if reasons:
        return Verdict(len(trails), _TRAILS, not_assessed="; ".join(reasons))
    states = listing(f"{item.name}: {problem}" for item, problem in problems.items())
    detail = "no trail delivers to a CloudWatch Logs log group, so no event can raise an alarm there"
    detail += f" ({states})" if states else ""
    return Verdict(len(trails), _TRAILS, (Failure(scope.facts.account_arn, detail, {"trails": len(trails)}),))


def _make_trail_check(holds: Callable[[Trail], bool], wrong: str) -> Check:
    def check(scope: Scope) -> Verdict:
        trails = find_own_trails(scope)
        failures = tuple(
            Failure(item.arn, wrong, {"trail": item.name}, region=item.home_region)
            for item in trails
            if not holds(item)
        )
        unread = scope.unread_regions(Dataset.TRAILS)
        reason = f"trails could not be read in {listing(unread)}" if unread else None
        absent = "the account has no trail of its own" if not trails else None
        return Verdict(len(trails), _TRAILS, failures, not_assessed=reason, not_applicable=absent)

    return check


# All but the last: changes of the organization are the management account's to watch, and judged there by themselves.
_MONITORED: t.Final = tuple(str(watch.number) for watch in WATCHES if watch.name != ORGANIZATION_CHANGES)

CONTROLS: t.Final = (
    Control(
        id="external_access_analyzer",
        title="An external access analyzer watches the region",
        problem=Problem("No external access analyzer watches a region", "regions without an external access analyzer"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.ANALYZERS,),
        check=_check_analyzer,
        regional=True,
        expected=(
            "an active analyzer of type ACCOUNT or ORGANIZATION, in the region or declared for it in another account"
        ),
        rationale=(
            "It finds resources that other accounts or everybody can access. It is free, and analyzes only its own "
            "region."
        ),
        blind="an analyzer of another account, unless `thresholds.organization_analyzer_regions` names its regions.",
        remediation=Remediation(
            "Create an analyzer in the region, preferably of the whole organization.", "hardening.iam.access_analyzer"
        ),
        compliance=maps(
            cis7="2.18", cis5="1.19", cis3="1.20", hub="IAM.28", nist=("AC-6", "CA-7"), soc2=("CC6.1", "CC7.1")
        ),
    ),
    Control(
        id="config_recorder",
        title="AWS Config records in the region",
        problem=Problem("AWS Config does not record in a region", "regions in which AWS Config does not record"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.CONFIG_RECORDERS,),
        check=_check_recorder,
        regional=True,
        expected="a recorder of all resource types, except IAM's if they are excluded, whose last status is SUCCESS",
        rationale="Without records, changes are not known, and rules can't evaluate them.",
        remediation=Remediation(
            "Start a recorder of all resource types. AWS charges for each recorded change.",
            module="hardening.iam.config_rules",
        ),
        compliance=maps(
            cis7="4.3",
            cis5="3.3",
            cis3="3.3",
            hub="Config.1",
            nist=("CM-3", "CM-6(1)", "CM-8", "CM-8(2)"),
            soc2="CC7.1",
        ),
    ),
    Control(
        id="config_records_iam",
        title="AWS Config records IAM in one region",
        problem=Problem("AWS Config records IAM in no region"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.CONFIG_RECORDERS,),
        check=_check_iam_recorded,
        expected="a working recorder that includes users, groups, roles and policies, in a region that supports this",
        rationale="Recorders exclude IAM by default. Rules that are triggered by changes of IAM then never run.",
        remediation=Remediation(
            "Include the global resource types in one region.", module="hardening.iam.config_rules"
        ),
        # "Ensure that at least one recorder has includeGlobalResourceTypes: true", says the audit of CIS 7.0, 4.3.
        compliance=maps(cis7="4.3", cis5="3.3", cis3="3.3", nist=("CM-8",), soc2="CC7.1"),
    ),
    Control(
        id="config_recorder_role",
        title="AWS Config uses its service-linked role",
        problem=Problem(
            "AWS Config does not use its service-linked role",
            "regions in which AWS Config does not use its service-linked role",
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.CONFIG_RECORDERS,),
        check=_check_recorder_role,
        regional=True,
        expected="the service-linked role of AWS Config",
        rationale=(
            "AWS keeps the permissions of its own role up to date. Other roles miss new resource types without a "
            "message."
        ),
        remediation=Remediation("Set the recorder's role to AWSServiceRoleForConfig."),
        compliance=maps(hub="Config.1", soc2="CC7.1"),
    ),
    Control(
        id="security_hub",
        title="Security Hub is on in the region, with a standard",
        problem=Problem(
            "Security Hub is off or without a standard in a region",
            "regions in which Security Hub is off or without a standard",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.SECURITY_HUB,),
        check=_check_security_hub,
        regional=True,
        expected="Security Hub CSPM with at least one standard",
        rationale="It checks the region continuously and collects the findings of other services.",
        remediation=Remediation(
            "Turn it on, centrally if there is an organization. It costs money.", module="hardening.iam.security_hub"
        ),
        compliance=maps(
            cis7="5.16", cis5="4.16", cis3="4.16", nist=("CA-7", "AU-6(1)", "AU-6(5)"), soc2=("CC7.1", "CC7.2")
        ),
    ),
    Control(
        id="trail_multi_region",
        title="A trail logs the management events of every region",
        problem=Problem("No trail logs the management events of every region"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.TRAILS,),
        check=_check_multi_region_trail,
        expected=(
            "a working multi-region trail, of the account or its organization, that logs all management events, "
            "including those of KMS and RDS Data API"
        ),
        rationale=(
            "IAM's events are logged in one region and sign-ins in others. A single-region trail misses some of them."
        ),
        remediation=Remediation("Create an organization trail, or make the trail multi-region and start logging."),
        compliance=maps(
            cis7="4.1",
            cis5="3.1",
            cis3="3.1",
            hub="CloudTrail.1",
            nist=("AC-2(4)", "AC-6(9)", "AU-2", "AU-3", "AU-6(3)", "AU-10", "AU-12", "CA-7", "SI-4(20)"),
            pci="10.2.1",
            soc2=("CC7.2", "CC2.1"),
        ),
    ),
    Control(
        id="trail_log_validation",
        title="Trails validate their log files",
        problem=Problem("Trail does not validate its log files", "trails don't validate their log files"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.TRAILS,),
        check=_make_trail_check(lambda trail: trail.log_file_validation, "log file validation is off"),
        every_region=True,
        expected="log file validation on every trail of the account",
        rationale="Digests show whether a log file was changed or deleted.",
        remediation=Remediation("Turn on log file validation of the trail."),
        compliance=maps(
            cis7="4.2",
            cis5="3.2",
            cis3="3.2",
            hub="CloudTrail.4",
            nist=("AU-9", "SI-4", "SI-7(1)", "SI-7(3)", "SI-7(7)"),
            pci="10.3.2",
            soc2="CC7.3",
        ),
    ),
    Control(
        id="trail_encrypted",
        title="Trails encrypt their logs with a KMS key",
        problem=Problem(
            "Trail does not encrypt its logs with a KMS key", "trails don't encrypt their logs with a KMS key"
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.TRAILS,),
        check=_make_trail_check(lambda trail: bool(trail.kms_key_id), "logs are encrypted without a KMS key"),
        every_region=True,
        expected="a KMS key on every trail of the account",
        rationale="Reading the logs then needs permission for both the key and the bucket.",
        remediation=Remediation("Give the trail a KMS key whose policy admits CloudTrail."),
        compliance=maps(
            cis7="4.5",
            cis5="3.5",
            cis3="3.5",
            hub="CloudTrail.2",
            nist=("AU-9", "CA-9(1)", "CM-3(6)", "SC-13", "SC-28", "SC-28(1)", "SC-7(10)", "SI-7(6)"),
            pci="10.3.2",
            soc2="CC6.1",
        ),
    ),
    Control(
        id="trail_log_group",
        title="A trail delivers to a log group for alarms",
        problem=Problem("No trail delivers to a log group for alarms"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.TRAILS,),
        check=_check_log_group,
        expected="a trail of the account that delivers management events to a CloudWatch Logs log group",
        rationale="Without a log group, no metric filter is possible. All recommendations on metric filters need one.",
        remediation=Remediation(
            "Let a multi-region trail deliver to a log group, or alert with EventBridge and waive this finding."
        ),
        compliance=maps(hub="CloudTrail.5", nist=("AU-6(1)", "AU-6(5)", "CA-7", "SI-4(12)"), soc2="CC7.2"),
        stands_for=maps(
            cis7=tuple(f"5.{number}" for number in _MONITORED),
            cis5=tuple(f"4.{number}" for number in _MONITORED),
            cis3=tuple(f"4.{number}" for number in _MONITORED),
        ),
    ),
)
