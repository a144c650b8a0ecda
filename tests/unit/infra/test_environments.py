"""Environments: what each needs, and what is refused before anything is synthesized."""

import pytest

from infra.environments import CONTEXT, EXAMPLE, SettingsError, from_context


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({}, "-c target=local|aws, and none was given"),
        ({"target": "azure"}, "not 'azure'"),
        ({"target": "aws"}, "-c environment=dev|staging|prod, and none was given"),
        ({"target": "aws", "environment": "local"}, "not 'local'"),
        ({"target": "aws", "environment": "production"}, "not 'production'"),
    ],
)
def test_the_context_must_name_target_and_environment(context: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match="name") as refused:
        from_context(context)
    assert message in str(refused.value)


@pytest.mark.parametrize("missing", ["alert-email", "cors-origins"])
def test_prod_needs_an_alert_address_and_cors_origins(missing: str) -> None:
    values = {key: value for key, value in EXAMPLE["prod"].items() if key != missing}
    with pytest.raises(SettingsError, match=f"environment prod: -c {missing}="):
        from_context({"target": "aws", "environment": "prod", **values})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("alert-email", "nobody", "nobody is not an e-mail address"),
        ("cors-origins", "*", "`\\*` is refused"),
        ("cors-origins", "app.example.com", "are not origins"),
        ("cors-origins", "https://app.example.com/path", "are not origins"),
        ("chat-channel", "C123", "go together"),
    ],
)
def test_a_context_value_of_the_wrong_form_is_refused(key: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        from_context({"target": "aws", "environment": "prod", **EXAMPLE["prod"], key: value})


def test_an_environment_is_its_defaults_and_the_owners_values() -> None:
    prod = from_context({"target": "aws", "environment": "prod", **EXAMPLE["prod"], "owner": "team-a"})
    dev = from_context({"target": "aws", "environment": "dev"})

    assert (prod.name, prod.owner, prod.cost_center) == ("prod", "team-a", "todo")
    assert (prod.cors_origins, prod.alert_email) == (("https://app.example.com",), "alerts@example.com")
    assert prod.protect_data
    assert not dev.protect_data
    assert prod.log_retention_days > dev.log_retention_days
    assert prod.throttle_rate > dev.throttle_rate


def test_a_local_account_takes_any_environment_and_its_own_by_default() -> None:
    assert from_context({"target": "local"}).name == "local"
    assert from_context({"target": "local", "environment": "prod", **EXAMPLE["prod"]}).protect_data


def test_tracing_is_one_switch() -> None:
    assert not from_context({"target": "local"}).tracing
    assert from_context({"target": "local", "tracing": "on"}).tracing


def test_every_example_and_context_value_is_a_setting() -> None:
    for name, values in EXAMPLE.items():
        environment = from_context({"target": "local", "environment": name, **values})
        assert environment.name == name
        assert all(hasattr(environment, setting) for setting in CONTEXT.values())
