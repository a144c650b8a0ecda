"""Software bills of materials: `python -m infra.supply_chain.sbom FOLDER` (`make sbom`) writes one for each deployable.

CycloneDX 1.6, JSON: name, version, hashes, licence and package URL of all that a deployable brings along. The documents
depend on the locks only: no time, no random serial number, so the same commit gives the same bytes.
https://cyclonedx.org/docs/1.6/json/
"""

import pathlib
import sys
import tomllib
import uuid

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from infra import ROOT
from infra.supply_chain.packages import DEPLOYABLES, packages, write_text


def bill(deployable: str) -> str:
    """The bill of materials of a deployable, as JSON.

    Args:
        deployable: a key of `DEPLOYABLES`.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    licences = LicenseFactory()
    lock = (ROOT / DEPLOYABLES[deployable]).read_text()
    found = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{project['name']}/{deployable}\n{lock}"))
    found.metadata.component = Component(
        type=ComponentType.APPLICATION,
        name=f"{project['name']}/{deployable}",
        version=project["version"],
        bom_ref=deployable,
    )
    found.metadata.timestamp = None  # type: ignore[assignment]  # it may be left out, and would differ each time
    for package in packages(DEPLOYABLES[deployable]):
        component = Component(
            type=ComponentType.LIBRARY,
            name=package.name,
            version=package.version,
            bom_ref=package.purl,
            purl=PackageURL.from_string(package.purl),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in package.hashes],
            licenses=[licences.make_from_string(package.licence)] if package.licence else [],
        )
        found.components.add(component)
        found.register_dependency(found.metadata.component, [component])
    return JsonV1Dot6(found).output_as_string(indent=1) + "\n"


if __name__ == "__main__":
    for name in DEPLOYABLES:
        path = pathlib.Path(sys.argv[1]) / f"{name}.cdx.json"
        write_text(path, bill(name))
        print(path, file=sys.stderr)
