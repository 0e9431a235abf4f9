# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The coverage of services: only what was really recorded over the whole window counts as complete."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, date, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.activity import Activity
from ansible_collections.hardening.iam.plugins.module_utils._account.digests import Chain
from ansible_collections.hardening.iam.plugins.module_utils._account.log_files import LogActivity, LogFacts
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Coverage, LogClass, Status
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, SourceRead
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.coverage import describe_coverage
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.selectors import Selector, TrailFacts
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.sources import Sources

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BOTH = frozenset({"read", "write"})
REGIONS = ("eu-west-1", "us-east-1")
MANAGEMENT = Selector(BOTH)
OBJECTS = Selector(BOTH, frozenset({"AWS::S3::Object"}))
ALL_DAYS = frozenset(date(2026, 8, 27) + timedelta(days=number) for number in range(91))
FACTS = LogFacts(
    files=900,
    days={"us-east-1": ALL_DAYS},
    since=NOW - timedelta(days=90),
    until=NOW - timedelta(minutes=20),
)
TRAIL = TrailFacts(
    "acme",
    "arn:aws:cloudtrail:us-east-1:111122223333:trail/acme",
    "us-east-1",
    "acme-trail",
    is_multi_region=True,
    selectors=(MANAGEMENT, OBJECTS),
    is_logging=True,
    started=NOW - timedelta(days=400),
)


def logs(facts: LogFacts = FACTS, place: str = "s3://acme-trail", failure: t.Optional[str] = None) -> LogActivity:
    return LogActivity(SourceRead(Source.TRAIL, 90, "", place=place, records=7, failure=failure), facts=facts)


def history(**fields: t.Any) -> Activity:
    return Activity(SourceRead(Source.EVENT_HISTORY, 90, "", records=5, is_whole=True, **fields))


def cover(trail: t.Optional[TrailFacts] = TRAIL, **fields: t.Any) -> Coverage:
    given: dict[str, t.Any] = {"logs": logs(), "trails": (trail,) if trail else (), "regions": REGIONS, **fields}
    if "history" in given:
        given.setdefault("history_regions", REGIONS)
    one = given["logs"]
    given["logs"] = () if one is None else one if isinstance(one, tuple) else (one,)
    return describe_coverage(Sources(given.pop("asked_days", 90), NOW, **given))


def test_a_trail_that_records_all_of_a_service_is_complete() -> None:
    found = cover()
    assert found.of("ec2").status is Status.COMPLETE
    assert found.of("s3").status is Status.COMPLETE
    assert found.of("s3").logged == {LogClass.READ: YES, LogClass.WRITE: YES, LogClass.DATA: YES}
    assert (found.files_read, found.files_broken, found.events, found.regions) == (900, 0, 7, ("us-east-1",))
    assert (found.since, found.until, found.gaps) == (FACTS.since, FACTS.until, ())


def test_a_service_with_data_events_that_nobody_records_is_partial() -> None:
    found = cover(dataclasses.replace(TRAIL, selectors=(MANAGEMENT,)))
    assert found.of("s3").status is Status.PARTIAL
    assert found.of("s3").logged[LogClass.DATA] is NO
    assert found.of("s3").reasons == ("calls on data: trail acme does not record all of them",)
    assert found.of("ec2").status is Status.COMPLETE


def test_services_that_cloudtrail_never_records_and_that_nobody_knows_are_blind() -> None:
    assert cover().of("rds-db").status is Status.BLIND
    assert cover().of("nosuch").status is Status.BLIND
    assert "nosuch" not in cover().services
    assert "ec2" in cover().services


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"selectors": None, "reason": "denied"}, "the selectors of trail acme could not be read: denied"),
        ({"is_multi_region": False}, "trail acme records the region us-east-1 only"),
        ({"started": NOW - timedelta(days=30)}, "trail acme logs since 2026-10-26T12:00:00Z"),
        ({"started": None}, "trail acme logs at no time that AWS names"),
        ({"is_logging": None}, "it is not known since when trail acme logs"),
        ({"is_logging": False}, "trail acme is stopped"),
        ({"delivery_error": "NoSuchBucket"}, "trail acme can't deliver its files: NoSuchBucket"),
        ({"bucket": "other"}, "it is not known which trail wrote the log files"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_doubts_about_the_trail_keep_its_services_from_being_complete(change: dict[str, t.Any], reason: str) -> None:
    found = cover(dataclasses.replace(TRAIL, **change)).of("ec2")
    assert found.status is Status.PARTIAL
    assert set(found.logged.values()) == {UNKNOWN}
    assert any(reason in one for one in found.reasons)
    # The event history knows all management events, whatever the trail does.
    with_history = cover(dataclasses.replace(TRAIL, **change), history=history())
    assert with_history.of("ec2").status is Status.COMPLETE
    assert with_history.of("s3").status is Status.PARTIAL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"broken": ("a.json",)}, "1 log files could not be read, such as a.json"),
        ({"refused": ("a.json",)}, "1 log files are not confirmed by a digest file, such as a.json"),
        ({"since": NOW - timedelta(days=40)}, "the log files reach back 40 of 90 days"),
        ({"until": NOW - timedelta(days=4)}, "the newest event of the log files is of 2026-11-21T12:00:00Z"),
        ({"days": {"us-east-1": ALL_DAYS - {date(2026, 10, 1)}}}, "log files are missing since 2026-10-01"),
        ({"changes": ((NOW, "PutEventSelectors"),)}, "a trail was changed by PutEventSelectors"),
        (
            {"chains": {"us-east-1": Chain(frozenset(), gaps=((NOW - timedelta(days=9), NOW - timedelta(days=8)),))}},
            "log files are missing since 2026-11-16",
        ),
        (
            {"chains": {"us-east-1": Chain(frozenset(), bad=("x",))}},
            "some digest files are not as CloudTrail wrote them",
        ),
    ],
)
def test_doubts_about_the_files_keep_services_from_being_complete(change: dict[str, t.Any], reason: str) -> None:
    found = cover(logs=logs(dataclasses.replace(FACTS, **change)))
    assert found.of("ec2").status is Status.PARTIAL
    assert reason in found.of("ec2").reasons[0]
    assert any(reason in note for note in found.notes)
    assert cover(logs=logs(dataclasses.replace(FACTS, **change)), history=history()).of("ec2").status is Status.COMPLETE


NAME = "acme_us-east-1"
WHOLE = (NOW - timedelta(days=91), NOW - timedelta(hours=2))


def signed(span: t.Any = WHOLE, name: str = NAME, **fields: t.Any) -> Chain:
    return Chain(frozenset({"d"}), is_signed=True, ended=span[1], spans={name: span}, **fields)


def verified(**chains: Chain) -> LogActivity:
    """The files of a trail with digests in all regions; ``chains`` are other ones, by region."""
    given = {region: signed() for region in REGIONS}
    given.update({region.replace("_", "-"): chain for region, chain in chains.items()})
    return logs(dataclasses.replace(FACTS, chains=given))


def test_a_log_file_that_a_digest_names_and_that_is_gone_keeps_services_from_being_complete() -> None:
    assert cover(logs=verified()).of("ec2").status is Status.COMPLETE
    found = cover(logs=verified(eu_west_1=signed(missing=("a.json.gz",)))).of("ec2")
    assert set(found.logged.values()) == {UNKNOWN}
    wanted = "1 log files of eu-west-1 that digest files name are missing, such as a.json.gz"
    assert any(wanted in one for one in found.reasons)


VALIDATED = dataclasses.replace(TRAIL, is_validated=True)
START = NOW - timedelta(days=60)


@pytest.mark.parametrize("trail", [TRAIL, VALIDATED], ids=["digests exist", "validation is on"])
def test_a_region_that_lost_its_digests_is_not_complete(trail: TrailFacts) -> None:
    """Somebody deleted the digests of a region together with its log files."""
    chains = {"us-east-1": signed()}
    found = cover(trail, logs=logs(dataclasses.replace(FACTS, chains=chains)))
    wanted = "there are no digest files of trail acme in eu-west-1: log files there may have been deleted"
    assert wanted in found.notes
    assert set(found.of("ec2").logged.values()) == {UNKNOWN}
    assert any(wanted in one for one in found.of("ec2").reasons)


def test_a_trail_that_writes_digests_has_them_in_the_place() -> None:
    found = cover(VALIDATED, logs=logs())
    wanted = "there are no digest files of trail acme in eu-west-1, us-east-1: log files there may have been deleted"
    assert wanted in found.notes
    assert found.of("ec2").status is Status.PARTIAL
    # The digests are beside this folder.
    beside = cover(VALIDATED, logs=logs(place="s3://acme-trail/AWSLogs/111122223333/CloudTrail"))
    assert beside.of("ec2").status is Status.COMPLETE
    assert any("are not verified" in note for note in beside.notes)


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (signed((START, WHOLE[1])), "of trail acme in eu-west-1 begin on 2026-09-26T12:00:00Z: log files before"),
        (signed((None, None)), "of trail acme in eu-west-1 can't be read: log files before may have been deleted"),
        (signed(name="other_us-east-1"), "there are no digest files of trail acme in eu-west-1"),
        (signed((WHOLE[0], START)), "log files are missing since 2026-09-26T12:00:00Z"),
    ],
    ids=["begins late", "unreadable", "of another trail", "ends early"],
)
def test_digests_that_do_not_cover_the_window_are_no_proof(chain: Chain, reason: str) -> None:
    found = cover(logs=verified(eu_west_1=chain))
    assert found.of("ec2").status is Status.PARTIAL
    assert any(reason in note for note in found.notes)


def test_a_trail_of_one_region_has_digests_there_alone() -> None:
    trail = dataclasses.replace(VALIDATED, is_multi_region=False)
    found = cover(trail, logs=logs(dataclasses.replace(FACTS, chains={"us-east-1": signed()})))
    assert found.of("iam").status is Status.COMPLETE
    assert "not verified: whether there were log files in eu-west-1, which have no digest files" in found.notes


@pytest.mark.parametrize(
    ("service", "home", "includes", "is_complete"),
    [
        ("iam", "us-east-1", True, True),
        ("iam", "us-east-1", False, False),
        # AWS records the events of IAM in us-east-1, and a trail of another region does not get them.
        ("iam", "eu-west-1", True, False),
        # SDKs ask STS in their own region.
        ("sts", "us-east-1", True, False),
    ],
)
def test_a_trail_of_one_region_has_global_services_in_their_region_alone(
    service: str, home: str, includes: bool, is_complete: bool
) -> None:
    trail = dataclasses.replace(TRAIL, is_multi_region=False, home_region=home, includes_global=includes)
    assert (cover(trail).of(service).status is Status.COMPLETE) is is_complete


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({}, "the log files are not verified, as they have no digest files: some may be changed or deleted"),
        (
            {"regions": None, "logs": verified()},
            "not verified: it is not known which regions are enabled, and so where digest files are missing",
        ),
        (
            {"trail": None, "logs": logs(dataclasses.replace(FACTS, chains={"us-east-1": signed()}), "./logs")},
            "not verified: whether there were log files in eu-west-1, which have no digest files",
        ),
    ],
    ids=["no digests", "unknown regions", "unknown trail"],
)
def test_coverage_says_where_nothing_tells_of_deleted_files(fields: dict[str, t.Any], note: str) -> None:
    assert note in cover(**fields).notes


def test_a_trail_of_another_account_is_changed_unseen() -> None:
    foreign = dataclasses.replace(TRAIL, account_id="222233334444")
    note = "trail acme belongs to account 111122223333: only there is it recorded if somebody changes it"
    assert note in cover(foreign).notes
    assert note not in cover(dataclasses.replace(TRAIL, account_id="111122223333")).notes


def test_a_change_in_the_event_history_keeps_log_files_from_being_complete() -> None:
    change = (NOW - timedelta(days=3), "PutEventSelectors")
    found = cover(changes=(change,))
    assert found.of("ec2").status is Status.PARTIAL
    assert any("a trail was changed by PutEventSelectors on 2026-11-22" in note for note in found.notes)
    earlier = cover(changes=((NOW - timedelta(days=300), "StopLogging"),))
    assert earlier.of("ec2").status is Status.COMPLETE


# Several places

DATA = dataclasses.replace(TRAIL, name="data", bucket="acme-data", selectors=(OBJECTS,))
MANAGED = dataclasses.replace(TRAIL, selectors=(MANAGEMENT,))


def cover_both(one: LogActivity, other: LogActivity, **fields: t.Any) -> Coverage:
    return cover(None, logs=(one, other), trails=(MANAGED, DATA), **fields)


def test_the_coverage_of_each_place_counts_for_itself() -> None:
    found = cover_both(logs(), logs(place="s3://acme-data"))
    assert found.of("s3").status is Status.COMPLETE
    assert found.of("dynamodb").reasons == (
        "calls on data: s3://acme-trail: trail acme does not record all of them; "
        "s3://acme-data: trail data does not record all of them",
    )
    assert (found.files_read, found.events) == (1800, 14)
    repeated = logs(dataclasses.replace(FACTS, repeated=900), place="s3://acme-data")
    assert cover_both(logs(), repeated).files_read == 900


def test_a_place_that_can_not_be_read_lowers_what_it_alone_would_have() -> None:
    denied = logs(LogFacts(), place="s3://acme-data", failure="s3://acme-data: access denied")
    found = cover_both(logs(), denied)
    assert found.of("ec2").status is Status.COMPLETE
    assert found.of("s3").logged[LogClass.DATA] is NO
    assert "s3://acme-data: access denied" in found.of("s3").reasons[0]
    assert "the log files were not read: s3://acme-data: access denied" in found.notes
    other = logs(LogFacts(), failure="s3://acme-trail: access denied")
    assert set(cover_both(other, logs(place="s3://acme-data")).of("ec2").logged.values()) == {NO}


def test_a_change_in_one_place_is_a_doubt_in_all() -> None:
    """A trail of data events has no record of its own changes."""
    changed = dataclasses.replace(FACTS, changes=((NOW - timedelta(days=2), "PutEventSelectors"),))
    found = cover_both(logs(changed), logs(place="s3://acme-data"))
    assert found.of("s3").logged[LogClass.DATA] is UNKNOWN


def test_limits_of_one_of_several_places_name_it() -> None:
    found = cover_both(logs(), logs(dataclasses.replace(FACTS, broken=("a.json",)), place="s3://acme-data"))
    assert "s3://acme-data: 1 log files could not be read, such as a.json" in found.notes
    assert found.of("ec2").status is Status.COMPLETE
    assert found.of("s3").status is Status.PARTIAL


def test_digests_that_end_early_in_one_region_are_a_gap() -> None:
    ended = NOW - timedelta(days=20)
    chains = {"us-east-1": signed(), "eu-west-1": signed((WHOLE[0], ended))}
    days = {"us-east-1": ALL_DAYS, "eu-west-1": ALL_DAYS}
    found = cover(logs=logs(dataclasses.replace(FACTS, chains=chains, days=days, late=300)))
    assert found.gaps == ((ended, NOW),)
    assert set(found.of("ec2").logged.values()) == {UNKNOWN}


def test_weeks_without_a_file_in_any_region_are_a_gap() -> None:
    first, last = min(ALL_DAYS), max(ALL_DAYS)
    few = frozenset({first, *(last - timedelta(days=number) for number in range(30))})
    found = cover(logs=logs(dataclasses.replace(FACTS, days={"us-east-1": few, "eu-west-1": frozenset({last})})))
    assert len(found.gaps) == 1
    assert set(found.of("ec2").logged.values()) == {UNKNOWN}


def test_a_quiet_region_has_no_gaps() -> None:
    days = {"us-east-1": ALL_DAYS, "eu-west-1": frozenset({date(2026, 9, 1), date(2026, 11, 1)})}
    found = cover(logs=logs(dataclasses.replace(FACTS, days=days)))
    assert (found.gaps, found.of("ec2").status) == ((), Status.COMPLETE)
    assert "days without log files in eu-west-1 may be days without calls" in found.notes


@pytest.mark.parametrize(
    ("place", "prefix", "is_known"),
    [
        ("s3://acme-trail", "", True),
        ("s3://acme-trail/AWSLogs", "", True),
        ("s3://acme-trail/AWSLogs/111122223333", "", True),
        ("s3://acme-trail/", "logs", True),
        ("s3://acme-trail/logs", "logs", True),
        ("s3://acme-trail/logs/AWSLogs/111122223333/CloudTrail", "logs", True),
        ("s3://acme-trail/AWSLogs/111122223333/CloudTrail/us-east-1", "", False),
        ("s3://acme-trail/other", "logs", False),
        ("s3://acme-trail-2", "", False),
        ("./logs", "", False),
    ],
)
def test_only_all_files_of_a_trail_are_its_record(place: str, prefix: str, is_known: bool) -> None:
    found = cover(dataclasses.replace(TRAIL, prefix=prefix), logs=logs(place=place)).of("ec2")
    assert (found.status is Status.COMPLETE) is is_known
    assert is_known or set(found.logged.values()) == {UNKNOWN}


ORGANIZATION = dataclasses.replace(
    MANAGED, name="org", account_id="111122223333", prefix="logs", is_organization=True, bucket="acme-trail"
)
OWN = dataclasses.replace(TRAIL, account_id="111122223333", prefix="logs")


@pytest.mark.parametrize(
    ("folder", "management", "data"),
    [
        ("", YES, YES),
        ("/AWSLogs", YES, YES),
        ("/AWSLogs/o-acme", YES, NO),
        ("/AWSLogs/o-acme/111122223333", YES, NO),
        ("/AWSLogs/o-acme/111122223333/CloudTrail", YES, NO),
        ("/AWSLogs/o-acme/444455556666", UNKNOWN, UNKNOWN),
        ("/AWSLogs/444455556666", UNKNOWN, UNKNOWN),
    ],
)
def test_a_folder_of_the_organization_has_no_events_of_another_trail_in_the_bucket(
    folder: str, management: t.Any, data: t.Any
) -> None:
    """Both trails write to one bucket, and only that of the account records calls on data."""
    found = cover(None, logs=logs(place=f"s3://acme-trail/logs{folder}"), trails=(ORGANIZATION, OWN)).of("s3")
    assert (found.logged[LogClass.WRITE], found.logged[LogClass.DATA]) == (management, data)


def test_the_folder_of_an_account_has_no_events_of_the_organizations_trail() -> None:
    wide = dataclasses.replace(ORGANIZATION, selectors=(MANAGEMENT, OBJECTS))
    narrow = dataclasses.replace(OWN, selectors=(MANAGEMENT,))
    place = logs(place="s3://acme-trail/logs/AWSLogs/111122223333")
    assert cover(None, logs=place, trails=(wide, narrow)).of("s3").logged[LogClass.DATA] is NO
    assert cover(None, logs=place, trails=(wide, OWN)).of("s3").logged[LogClass.DATA] is YES


@pytest.mark.parametrize(("is_signed", "is_known"), [(True, True), (False, False)])
def test_the_files_of_a_directory_are_a_trails_if_aws_signed_that(is_signed: bool, is_known: bool) -> None:
    chain = dataclasses.replace(signed(), is_signed=is_signed)
    facts = dataclasses.replace(FACTS, chains=dict.fromkeys(REGIONS, chain))
    assert (cover(logs=logs(facts, "./logs")).of("s3").status is Status.COMPLETE) is is_known
    other = dataclasses.replace(TRAIL, name="other")
    assert cover(other, logs=logs(facts, "./logs")).of("s3").status is Status.PARTIAL


def test_without_log_files_the_event_history_covers_management_events() -> None:
    found = cover(None, logs=None, history=history(), history_regions=("us-east-1",), regions=("us-east-1",))
    assert found.of("ec2").status is Status.COMPLETE
    assert found.of("s3").logged == {LogClass.READ: YES, LogClass.WRITE: YES, LogClass.DATA: NO}
    assert found.regions == ("us-east-1",)
    assert found.since == NOW - timedelta(days=90)


@pytest.mark.parametrize(
    ("regions", "reason"),
    [
        (REGIONS, "the event history of eu-west-1 was not read"),
        (None, "it is not known which other regions than those of the event history are enabled"),
        (
            ("us-east-1", *(f"eu-west-{number}" for number in range(1, 8))),
            "eu-west-3, eu-west-4, eu-west-5 and 2 more was not read",
        ),
    ],
)
def test_a_region_whose_event_history_was_not_read_may_have_any_call(regions: t.Any, reason: str) -> None:
    """Somebody listed the regions to read, and the role may call in others."""
    found = cover(None, logs=None, history=history(), history_regions=("us-east-1",), regions=regions)
    assert set(found.of("ec2").logged.values()) == {UNKNOWN}
    assert any(reason in one for one in found.of("ec2").reasons)
    assert found.of("sts").status is Status.PARTIAL
    # The events of IAM are in one region.
    assert found.of("iam").status is Status.COMPLETE
    elsewhere = cover(None, logs=None, history=history(), history_regions=("eu-west-1",), regions=REGIONS)
    assert elsewhere.of("iam").status is Status.PARTIAL


@pytest.mark.parametrize(
    ("fields", "asked", "truth"),
    [
        ({"is_whole": False}, 90, UNKNOWN),
        ({}, 365, UNKNOWN),
        ({"failure": "denied"}, 90, NO),
    ],
)
def test_an_event_history_that_was_not_read_whole_covers_nothing(
    fields: dict[str, t.Any], asked: int, truth: t.Any
) -> None:
    read = dataclasses.replace(history().source, **fields)
    found = cover(None, logs=None, history=Activity(read), asked_days=asked).of("ec2")
    assert set(found.logged.values()) == {truth}
    assert found.status is (Status.BLIND if truth is NO else Status.PARTIAL)
    assert found.reasons


def test_no_source_is_blind() -> None:
    found = cover(None, logs=None)
    assert found.of("ec2").status is Status.BLIND
    assert (found.since, found.until, found.events) == (None, None, 0)
    failed = cover(logs=logs(LogFacts(), failure="no events in x")).of("ec2")
    assert failed.status is Status.BLIND
    assert "no events in x" in failed.reasons[0]
