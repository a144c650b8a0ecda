"""mypy reads the types of the AWS services that the stacks use, and of no others."""

import ast
import pathlib
import tomllib

from infra import ROOT


def imported_services(path: pathlib.Path) -> set[str]:
    """The modules of aws_cdk that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
            found |= {f"aws_cdk.{alias.name}" for alias in node.names if alias.name.startswith("aws_")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk."):
            found.add(str(node.module))
    return found


def test_every_service_in_use_is_typed() -> None:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (typed,) = (one["module"] for one in overrides if one.get("follow_imports") == "normal")
    used = set().union(
        *(
            imported_services(path)
            for folder in ("infra", "tests")
            for path in (ROOT / folder).rglob("*.py")
            if "node_modules" not in path.parts
        )
    )
    assert used <= set(typed)
    assert len(used) > 20
