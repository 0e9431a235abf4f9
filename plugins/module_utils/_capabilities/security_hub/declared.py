# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the options of ``security_hub`` declare."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.security_hubs import CIS, FOUNDATIONAL, StandardName, standard_name
from ..._converge.errors import InputError

ALIASES: t.Final[Mapping[str, str]] = {
    "fsbp": FOUNDATIONAL,
    "cis": CIS,
    "nist_800_53": "nist-800-53",
    "nist_800_171": "nist-800-171",
    "pci_dss": "pci-dss",
    "resource_tagging": "aws-resource-tagging-standard",
}
MODES: t.Final[Mapping[str, str]] = {
    "all_regions": "ALL_REGIONS",
    "all_regions_except_specified": "ALL_REGIONS_EXCEPT_SPECIFIED",
    "specified_regions": "SPECIFIED_REGIONS",
}


@dataclasses.dataclass(frozen=True)
class WantedStandard:
    """A standard as it is declared: by its short or AWS's own name, of one version or the newest that is offered."""

    text: str
    slug: str
    version: t.Optional[str]

    @classmethod
    def parse(cls, text: str, option: str) -> WantedStandard:
        """``fsbp``, ``cis``, ``cis/3.0.0``, ``pci-dss/v/4.0.1``, or an ARN.

        :raises InputError: it is none of these.
        """
        arn = standard_name(text)
        if arn is not None:
            return cls(text, arn.slug, arn.version)
        name, _slash, version = text.partition("/")
        slug = ALIASES.get(name, name)
        version = version.removeprefix("v/")
        if name not in ALIASES and name not in ALIASES.values() or "/" in version:
            allowed = ", ".join(ALIASES)
            raise InputError(f"{option}: {text!r} is not allowed; allowed are {allowed}, each also with /<version>")
        return cls(text, slug, version or None)

    def fits(self, name: StandardName) -> bool:
        return name.slug == self.slug and self.version in (None, name.version)


@dataclasses.dataclass(frozen=True)
class ControlWish:
    """The declaration of one control, in some regions and standards."""

    id: str
    reason: str
    enabled: t.Optional[bool]
    standards: tuple[WantedStandard, ...]
    parameters: Mapping[str, t.Any]
    regions: tuple[str, ...]
    exclude_regions: tuple[str, ...]

    def holds_in(self, region: str) -> bool:
        return region not in self.exclude_regions and (not self.regions or region in self.regions)

    def fits(self, name: StandardName) -> bool:
        return not self.standards or any(wanted.fits(name) for wanted in self.standards)

    @classmethod
    def from_options(cls, given: Mapping[str, t.Any]) -> ControlWish:
        """:raises InputError: nothing is declared of it, or something without a reason."""
        where = f"controls: {given['id']}"
        reason = str(given.get("reason") or "").strip()
        enabled, parameters = given.get("enabled"), given.get("parameters") or {}
        if enabled is None and not parameters:
            raise InputError(f"{where} declares nothing; it needs enabled or parameters")
        if not reason and (parameters or enabled is False):
            raise InputError(f"{where} needs a reason, which Security Hub stores with the control")
        return cls(
            id=given["id"],
            reason=reason,
            enabled=enabled,
            standards=tuple(WantedStandard.parse(text, where) for text in _parse_texts(given.get("standards"))),
            parameters=parameters,
            regions=_parse_texts(given.get("regions")),
            exclude_regions=_parse_texts(given.get("exclude_regions")),
        )


@dataclasses.dataclass(frozen=True)
class Aggregation:
    """The region in which findings come together, and from which regions."""

    region: str
    mode: str
    regions: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Declared:
    """All of a declaration. ``disable`` pairs a standard with the reason."""

    enable: bool = True
    standards: tuple[WantedStandard, ...] = ()
    disable: tuple[tuple[WantedStandard, str], ...] = ()
    generator: t.Optional[str] = None
    controls: tuple[ControlWish, ...] = ()
    aggregation: t.Optional[Aggregation] = None

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> Declared:
        """:raises InputError: a name, a combination or a missing reason."""
        standards = tuple(WantedStandard.parse(text, "standards") for text in _parse_texts(options["standards"]))
        disable = tuple(_parse_disabled(given) for given in options["disable_standards"])
        for wanted, _reason in disable:
            both = [item.text for item in standards if item.slug == wanted.slug and wanted.version is None]
            both += [item.text for item in standards if (item.slug, item.version) == (wanted.slug, wanted.version)]
            if both:
                raise InputError(f"disable_standards: {wanted.text} is declared in standards as well")
        return cls(
            enable=options["enable"],
            standards=standards,
            disable=disable,
            generator=options.get("control_finding_generator"),
            controls=_parse_controls(options["controls"]),
            aggregation=_parse_aggregation(options),
        )


def _parse_texts(given: t.Optional[Sequence[str]]) -> tuple[str, ...]:
    """Parse a list as a survey may send it: blanks between its parts, or nothing but one empty part."""
    return tuple(text.strip() for text in given or () if text.strip())


def _parse_disabled(given: Mapping[str, t.Any]) -> tuple[WantedStandard, str]:
    reason = str(given.get("reason") or "").strip()
    if not reason:
        raise InputError(f"disable_standards: {given['standard']} needs a reason")
    return WantedStandard.parse(str(given["standard"]).strip(), "disable_standards"), reason


def _parse_controls(given: Sequence[Mapping[str, t.Any]]) -> tuple[ControlWish, ...]:
    return tuple(ControlWish.from_options(item) for item in given)


def _parse_aggregation(options: Mapping[str, t.Any]) -> t.Optional[Aggregation]:
    region, regions = options.get("aggregation_region"), _parse_texts(options["aggregation_regions"])
    mode = options["aggregation_mode"]
    if not region:
        if regions:
            raise InputError("aggregation_regions: it needs aggregation_region")
        return None
    if (mode == "all_regions") == bool(regions):
        needed = "takes no aggregation_regions" if regions else "needs aggregation_regions"
        raise InputError(f"aggregation_mode: {mode} {needed}")
    return Aggregation(region, MODES[mode], tuple(sorted(regions)))
