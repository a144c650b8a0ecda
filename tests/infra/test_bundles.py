"""What is uploaded is complete by itself.

The local account's workers see this whole environment, so an import that only the environment satisfies would work
there and fail on AWS. These interpreters see the bundle and what the Lambda runtime brings, and nothing else.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from typing import Any

import pytest

from infra import ROOT, bundling
from infra.bundling import BUILD, BUNDLES
from tests.infra.conftest import Templates, joined

pytestmark = pytest.mark.slow

# boto3 and what it needs: part of the Lambda runtime
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html#python-sdk-included
PROVIDED = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
# bundles without a native library, so the same for every machine
PURE = ("todo-resolve-window", "todo-publish-insights", "todo-notify-operators", "todo-pipeline-ended")
# unpacked, without byte code; about a quarter above the measured size: a new dependency is noticed, a new module is not
# Lambda's own limit is 250 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_BUNDLE_BYTES = dict.fromkeys(BUNDLES, 5_000_000) | {"todo-api": 23_000_000}
PROBE = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
assert callable(getattr(importlib.import_module(module), name))
print(json.dumps(sorted({found.__file__ for found in list(sys.modules.values()) if getattr(found, "__file__", None)})))
"""


@pytest.fixture(scope="session")
def runtime() -> pathlib.Path:
    """A folder with boto3 and its dependencies only, at this project's versions."""
    pins = re.findall(r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=\S+(?: \\)?\n)+)", lock_text("requirements.lock"), re.M)
    chosen = [f"{name}=={version} \\\n{hashes}" for name, version, hashes in pins if name in PROVIDED]
    assert len(chosen) == len(PROVIDED)
    version = next(version for name, version, _ in pins if name == "boto3")
    folder = BUILD / "runtime" / f"boto3-{version}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.with_suffix(".lock")
        lock.write_text("".join(chosen))
        partial = folder.with_suffix(".partial")
        bundling.install(lock, partial, "local")
        partial.rename(folder)
    return folder


def lock_text(path: str) -> str:
    return (ROOT / path).read_text()


def isolated(
    folders: list[pathlib.Path], handler: str, variables: dict[str, str], interpreter: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Import `handler` in an interpreter that sees the standard library and `folders`."""
    environment = {**variables, "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1", "HOME": "/nowhere"}
    return subprocess.run(
        [interpreter, "-I", "-S", "-c", PROBE, json.dumps([str(folder) for folder in folders]), handler],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
    )


def function(templates: Templates, name: str) -> dict[str, Any]:
    return templates.one("AWS::Lambda::Function", FunctionName=name).properties


def variables(properties: dict[str, Any]) -> dict[str, str]:
    return {name: joined(value) for name, value in properties["Environment"]["Variables"].items()}


@pytest.mark.parametrize("name", list(BUNDLES))
def test_a_bundle_imports_its_handler_without_this_environment(
    deployed: Templates, runtime: pathlib.Path, name: str
) -> None:
    properties = function(deployed, name)
    asset = bundling.build(name, "local")

    done = isolated([asset, runtime], properties["Handler"], variables(properties))

    assert done.returncode == 0, done.stderr
    imported = [pathlib.Path(path) for path in json.loads(done.stdout)]
    standard = pathlib.Path(sysconfig.get_path("stdlib"))
    elsewhere = [path for path in imported if not any(map(path.is_relative_to, (asset, runtime, standard)))]
    assert elsewhere == []
    assert [path for path in imported if "site-packages" in path.parts] == []
    assert asset / "/".join([*properties["Handler"].split(".")[:-1]]) in [path.with_suffix("") for path in imported]


@pytest.mark.parametrize("name", list(BUNDLES))
def test_sources_without_their_dependencies_do_not_import(
    deployed: Templates, runtime: pathlib.Path, name: str
) -> None:
    properties = function(deployed, name)

    done = isolated([ROOT, runtime], properties["Handler"], variables(properties))

    assert done.returncode != 0
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize("name", list(BUNDLES))
def test_the_bundle_for_aws_has_the_same_packages_built_for_arm(name: str) -> None:
    local, aws = bundling.build(name, "local"), bundling.build(name, "aws")

    def packages(folder: pathlib.Path) -> set[str]:
        return {path.name for path in folder.glob("*.dist-info")}

    assert packages(aws) == packages(local) != set()
    libraries = [path.name for path in aws.rglob("*.so")]
    assert bool(libraries) == any(local.rglob("*.so")) == (name not in PURE)
    assert [name for name in libraries if "aarch64-linux-gnu" not in name] == []


@pytest.mark.parametrize("name", list(BUNDLES))
def test_a_bundle_keeps_its_size_budget(name: str) -> None:
    files = [path for path in bundling.build(name, "aws").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    size = sum(path.stat().st_size for path in files)
    assert 0.5 * MAX_BUNDLE_BYTES[name] < size <= MAX_BUNDLE_BYTES[name], f"{size} bytes"


@pytest.mark.parametrize("name", [name for name, bundle in BUNDLES.items() if bundle.python != bundling.PYTHON])
def test_a_function_of_a_newer_runtime_imports_on_it(
    deployed: Templates, runtime: pathlib.Path, tmp_path: pathlib.Path, name: str
) -> None:
    bundle = BUNDLES[name]
    interpreter = bundling.interpreter_of(bundle.python)
    if interpreter is None:
        pytest.skip(f"this machine has no Python {bundle.python}")
    properties = function(deployed, name)
    bundling.install(ROOT / bundle.lock, tmp_path / "dependencies", "local", bundle.python)

    folders = [ROOT, tmp_path / "dependencies", runtime]
    done = isolated(folders, properties["Handler"], properties["Environment"]["Variables"], interpreter)

    assert done.returncode == 0, done.stderr
    assert str(ROOT / "api" / "entrypoint.py") in json.loads(done.stdout)


def test_the_comparison_of_table_and_silver_runs_from_its_bundle_with_its_own_requirements() -> None:
    """It imports nothing that transforms/reconcile/requirements.lock does not pin: silver's contract needs no Spark."""
    source = bundling.reconcile_source()
    lock = (source / "transforms" / "reconcile" / "requirements.lock").read_text()
    assert "pyspark" not in lock

    code = "import sys, transforms.reconcile.measure as m; print(m.__file__, 'pyspark' in sys.modules)"
    variables = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd="/", env=variables, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(source / "transforms" / "reconcile" / "measure.py"), "False"]


def test_the_cdc_bundle_leaves_out_what_only_operators_use() -> None:
    asset = bundling.build("todo-cdc", "aws")
    folders = (asset / "api", asset / "ingestion")
    files = {path.relative_to(asset).as_posix() for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert {"api/contract.py", "ingestion/__init__.py", "ingestion/cdc/handler.py"} <= files
    assert {pathlib.PurePath(path).parts[:2] for path in files if "__pycache__" not in path} <= {
        ("api", "__init__.py"),
        ("api", "contract.py"),
        ("ingestion", "__init__.py"),
        ("ingestion", "contract.py"),
        ("ingestion", "cdc"),
    }
    assert not (asset / "boto3").exists()


def test_sources_come_with_byte_code_that_needs_no_check(deployed: Templates) -> None:
    for resource in deployed.resources("AWS::Lambda::Function"):
        name = resource.properties["FunctionName"]
        python = BUNDLES[name].python
        assert resource.properties["Runtime"] == f"python{python}"
        asset = bundling.build(name, "aws")
        module = asset.joinpath(*resource.properties["Handler"].split(".")[:-1])
        if bundling.interpreter_of(python) is None:
            # byte code of another version would only be dead weight
            assert list(asset.rglob("*.pyc")) == []
            continue
        tag = f"cpython-{python.replace('.', '')}"
        compiled = (module.parent / "__pycache__" / f"{module.name}.{tag}.pyc").read_bytes()
        assert [path.name for path in asset.rglob("*.pyc") if f".{tag}." not in path.name] == []
        # PEP 552: bit 0 says that the file is validated by hash, bit 1 unset that nobody needs to check
        assert int.from_bytes(compiled[4:8], "little") == 0b01


def test_building_again_gives_the_same_bytes_and_leaves_the_environment_alone(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def content(folder: pathlib.Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def installed() -> dict[str, int]:
        """When each distribution was installed; byte code, which any process adds, does not count."""
        site_packages = pathlib.Path(sysconfig.get_path("purelib"))
        return {path.name: path.stat().st_mtime_ns for path in site_packages.glob("*.dist-info")}

    before = installed()
    first = content(bundling.build("todo-cdc", "local"))
    monkeypatch.setattr(bundling, "BUILD", tmp_path / "build")

    second = content(bundling.build("todo-cdc", "local"))

    assert second == first
    assert len(second) > 100
    assert installed() == before


def test_the_jobs_modules_are_the_same_bytes_whenever_and_wherever_they_are_packed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bundling.glue_modules().read_bytes()
    checkout = tmp_path / "checkout"
    for path in bundling.GLUE_MODULES:
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, checkout / path)
        else:
            shutil.copy(ROOT / path, checkout / path)
    for copied in checkout.rglob("*.py"):
        os.utime(copied, (1, 1))
        copied.chmod(0o600)
    monkeypatch.setattr(bundling, "ROOT", checkout)
    monkeypatch.setattr(bundling, "BUILD", tmp_path / "build")

    assert bundling.glue_modules().read_bytes() == first


def test_a_changed_source_changes_the_bundle_and_no_dependency_is_installed_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app").mkdir()
    source = tmp_path / "app" / "main.py"
    source.write_text("answer = 1\n")
    (tmp_path / "app" / "requirements.lock").write_text(lock_text("ingestion/requirements.lock"))
    monkeypatch.setattr(bundling, "ROOT", tmp_path)
    monkeypatch.setattr(bundling, "BUILD", tmp_path / "build")
    monkeypatch.setitem(bundling.BUNDLES, "app", bundling.Bundle(sources=("app",), lock="app/requirements.lock"))
    asset = bundling.build("app", "local")
    (dependencies,) = (tmp_path / "build" / "dependencies").iterdir()
    installed = dependencies.stat().st_mtime_ns

    source.write_text("answer = 2\n")
    bundling.build("app", "local")

    assert (asset / "app" / "main.py").read_text() == "answer = 2\n"
    assert (asset / "orjson").is_dir()
    assert dependencies.stat().st_mtime_ns == installed
    assert not (asset / "app" / "requirements.lock").exists()


def test_the_jobs_modules_import_as_glue_puts_them_on_the_path(tmp_path: pathlib.Path) -> None:
    archive = bundling.glue_modules()
    with zipfile.ZipFile(archive) as modules:
        names = modules.namelist()
    script = ROOT / "transforms" / "silver" / "job.py"

    # the environment leads to the repository too; here it must not
    probe = (
        f"import runpy, sys; sys.path[:] = [{str(archive)!r}, *(p for p in sys.path if p != {str(ROOT)!r})]; "
        f"runpy.run_path({str(script)!r}, run_name='job'); "
        "import transforms.silver; print(transforms.silver.__file__)"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", probe], env=environment, cwd=tmp_path, capture_output=True, text=True)

    contracts = {*bundling.TABLE_CONTRACT, *bundling.BRONZE_CONTRACT, *bundling.LAKE_CONTRACT}
    contracts |= {*bundling.PIPELINE_CONTRACT, bundling.RUN_LOCK}
    assert {*contracts, "transforms/__init__.py", "transforms/silver/__init__.py"} <= set(names)
    own = [name for name in names if name not in contracts]
    assert [name for name in own if not name.startswith(("transforms/__init__", "transforms/silver/"))] == []
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(archive))


def test_dbts_source_is_the_project_without_what_a_run_leaves_behind(templates: dict[str, Templates]) -> None:
    folder = templates["prod"].folder
    manifest = json.loads((folder / "TodoTransformsStack.assets.json").read_text())
    (asset,) = [item["source"]["path"] for item in manifest["files"].values() if item["displayName"] == "DbtSource"]
    project = folder / asset

    found = {path.relative_to(project).parts[0] for path in project.rglob("*")}

    assert {"buildspec.yml", "dbt_project.yml", "profiles.yml", "requirements.lock", "models"} <= found
    assert found.isdisjoint({"target", "logs", "dbt_packages", ".user.yml"})
