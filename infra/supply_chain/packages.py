"""What each deployable brings along: the packages of its lock, with their hashes and licences."""

import dataclasses
import importlib.metadata
import pathlib
import re

from packaging.markers import Marker

from infra import ROOT
from infra.bundling import PYTHON

# deployable -> the lock that is installed where it runs; Glue's jobs bring nothing along but this project's modules
DEPLOYABLES = {
    "api": "api/requirements.lock",
    "ingestion": "ingestion/requirements.lock",
    "orchestration": "orchestration/requirements.lock",
    "dbt": "transforms/dbt/requirements.lock",
    "reconcile": "transforms/reconcile/requirements.lock",
}
PIN = re.compile(r"^([a-z0-9.-]+)==([^\s;]+)([^\n]*?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)
# the machines that run it, as requirements' markers ask for them
AWS = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "python_version": PYTHON}
AWS["python_full_version"] = f"{PYTHON}.0"
# what packages say in place of an SPDX expression (https://spdx.org/licenses/)
SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT": "MIT",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# packages whose metadata names the family only, or several licences without saying how they go together
STATED = {
    "aws-lambda-powertools": "MIT-0",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "text-unidecode": "Artistic-1.0 OR GPL-2.0-or-later",
}


@dataclasses.dataclass(frozen=True)
class Package:
    """A locked package.

    Args:
        name: as the lock has it.
        version: the one.
        hashes: SHA-256 of each file that may be installed.
        licence: an SPDX expression; empty when its metadata says nothing that is known here.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    licence: str

    @property
    def purl(self) -> str:
        """The package URL: https://github.com/package-url/purl-spec"""
        return f"pkg:pypi/{self.name}@{self.version}"


def packages(lock: str) -> list[Package]:
    """What a lock pins for the machines of AWS, by name.

    Args:
        lock: a file of hashed requirements, relative to the repository.
    """
    return [
        Package(name, version, tuple(re.findall("sha256:([0-9a-f]+)", hashes)), licence(name))
        for name, version, marker, hashes in PIN.findall((ROOT / lock).read_text())
        if not marker or Marker(marker.partition(";")[2]).evaluate(AWS)
    ]


def licence(name: str) -> str:
    """The licence of a package of this environment, as an SPDX expression; empty when it is not known.

    The environment has every package of every lock, in the same version (`infra.locks`).
    """
    if name in STATED:
        return STATED[name]
    # get_all, because the backport of importlib.metadata, once something has imported it, raises for a missing field
    metadata = importlib.metadata.metadata(name)
    if expressions := metadata.get_all("License-Expression", []):
        return str(expressions[0])
    classifiers = [
        value.rpartition(" :: ")[2] for value in metadata.get_all("Classifier", []) if value.startswith("License ::")
    ]
    found = {SPDX.get(each, "") for each in classifiers or metadata.get_all("License", [])}
    return found.pop() if len(found) == 1 else ""


def write_text(path: pathlib.Path, text: str) -> None:
    """Write a generated file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
