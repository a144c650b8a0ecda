"""`insights deploy`: the owner's values reach the app, and AWS is changed only after the difference was agreed to."""

from collections.abc import Mapping
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from infra import deploy as deployment
from infra.cli import stacks, unheard
from infra.cli.target import TARGET

OWNED = ["-e", "prod", "-c", "owner=team-a", "-c", "cost-center=42", "-c", "runbooks=https://example.com/"]


class Deployment:
    """Stands in for `infra.deploy.deploy`, which asks before it deploys."""

    def __init__(self) -> None:
        self.contexts: list[Mapping[str, str]] = []
        self.confirmed = self.reverts_drift = False

    def __call__(
        self, _environment: Any, target: str, context: Mapping[str, str], confirm: Any, revert_drift: bool
    ) -> dict[str, str]:
        assert target == "aws"
        self.reverts_drift = revert_drift
        self.confirmed = confirm is not None
        if confirm and not confirm("Resources\n[-] table todo-app-data"):
            raise deployment.DeployError("nothing was deployed")
        self.contexts.append(context)
        return {}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    made = Deployment()
    monkeypatch.setattr(deployment, "deploy", made)
    monkeypatch.setattr(unheard, "find_unheard", list)
    monkeypatch.delenv(TARGET, raising=False)
    return made


def run(answer: str, *arguments: str) -> Any:
    app = typer.Typer()
    app.command()(stacks.deploy)
    return CliRunner().invoke(app, list(arguments), input=answer, obj="aws")


def test_the_difference_is_shown_and_a_no_deploys_nothing(deployed: Deployment) -> None:
    result = run("n\n", *OWNED)
    assert result.exit_code == 1
    assert "[-] table todo-app-data" in result.output
    assert "nothing was deployed" in result.output
    assert deployed.contexts == []


@pytest.mark.parametrize(
    ("answer", "options", "confirmed"), [("y\n", [], True), ("", ["--yes", "--revert-drift"], False)]
)
def test_a_yes_deploys_with_the_owners_values(
    deployed: Deployment, answer: str, options: list[str], confirmed: bool
) -> None:
    result = run(answer, *OWNED, *options)
    assert (result.exit_code, deployed.confirmed) == (0, confirmed), result.output
    assert deployed.reverts_drift == ("--revert-drift" in options)
    assert deployed.contexts == [
        {"environment": "prod", "owner": "team-a", "cost-center": "42", "runbooks": "https://example.com/"}
    ]
