"""The bill of materials: what a gateway is made of once installed, as CycloneDX 1.6 JSON.

Read from an environment that holds the release and what the lock pins for it, so that licences
and who needs whom are those of the very files. It is that of the platform it is made on.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from . import Stopped
from .locked import Pin

_PROJECT = "amq2api"
_SCHEMA = SchemaVersion.V1_6


@dataclass(frozen=True)
class Part:
    """One distribution of the environment, and the names of those it needs."""

    name: str
    version: str
    licence: str
    summary: str
    needs: frozenset[str]


def parts(site_packages: Path) -> dict[str, Part]:
    """What the project needs, by name, with itself; found from its own requirements on.

    Raises:
        Stopped: something that is needed is not there.
    """
    there: dict[str, Distribution] = {
        canonicalize_name(each.metadata["Name"]): each
        for each in distributions(path=[str(site_packages)])
    }
    found: dict[str, Part] = {}
    extras: dict[str, set[str]] = {_PROJECT: set()}
    todo = [_PROJECT]
    while todo:
        name = todo.pop()
        if name not in there:
            raise Stopped(f"{name} is needed and is not installed")
        needed = [*_needed(there[name], extras[name])]
        found[name] = _part(name, there[name], needed)
        for requirement in needed:
            other = canonicalize_name(requirement.name)
            known = extras.setdefault(other, set())
            if other not in found or not requirement.extras <= known:
                known |= requirement.extras
                todo.append(other)
    return found


def bill(found: Mapping[str, Part], pinned: Mapping[str, Pin], made: datetime) -> str:
    """The document; the same for the same parts and the same time.

    Raises:
        Stopped: a part is not what the lock pins, or the document breaks the schema.
    """
    document = Bom()
    components = {name: _component(part, pinned.get(name)) for name, part in found.items()}
    document.metadata.component = components[_PROJECT]
    document.metadata.timestamp = made.astimezone(UTC)
    document.components.update(c for name, c in components.items() if name != _PROJECT)
    for name, part in found.items():
        document.register_dependency(components[name], [components[n] for n in sorted(part.needs)])
    purls = sorted(str(component.purl) for component in components.values())
    document.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([*purls, made.isoformat()]))
    text: str = make_outputter(document, OutputFormat.JSON, _SCHEMA).output_as_string(indent=2)
    if broken := JsonStrictValidator(_SCHEMA).validate_str(text):
        raise Stopped(f"the bill of materials breaks its schema: {broken}")
    return text + "\n"


def _needed(distribution: Distribution, extras: set[str]) -> Iterator[Requirement]:
    for line in distribution.requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            yield requirement


def _part(name: str, distribution: Distribution, needed: list[Requirement]) -> Part:
    return Part(
        name,
        distribution.version,
        _licence(distribution),
        _header(distribution, "Summary"),
        frozenset(canonicalize_name(requirement.name) for requirement in needed),
    )


def _licence(distribution: Distribution) -> str:
    """As the package says it: an SPDX expression if it has one, else its own or PyPI's words."""
    metadata = distribution.metadata
    said = _header(distribution, "License-Expression") or _header(distribution, "License")
    if said and "\n" not in said:
        return said
    classified = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier") or ()
        if value.startswith("License :: ")
    ]
    return " AND ".join(classified)


def _header(distribution: Distribution, name: str) -> str:
    values: list[str] = distribution.metadata.get_all(name) or [""]
    return values[0]


def _component(part: Part, pin: Pin | None) -> Component:
    ours = part.name == _PROJECT
    if not ours and (pin is None or pin.version != part.version):
        raise Stopped(f"{part.name} {part.version} is not what the lock pins")
    return Component(
        type=ComponentType.APPLICATION if ours else ComponentType.LIBRARY,
        name=part.name,
        version=part.version,
        bom_ref=f"{part.name}@{part.version}",
        purl=PackageURL("pypi", name=part.name, version=part.version),
        description=part.summary or None,
        licenses=[_spdx(part.licence)] if part.licence else None,
        # The lock accepts any file of the version: each has its own hash.
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=h) for h in pin.hashes]
        if pin
        else None,
    )


def _spdx(said: str) -> License:
    return LicenseFactory().make_from_string(_SAID_OTHERWISE.get(said, said))


# What packages of the lock say in words, and SPDX's name for it.
_SAID_OTHERWISE = {
    "MIT License": "MIT",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
