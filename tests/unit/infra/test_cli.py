import pytest

from infra.cli import dbt_environment


@pytest.mark.parametrize(
    ("account", "chosen", "target"),
    [
        ("local", None, "local"),
        ("aws", None, "prod"),
        ("local", "dev", "dev"),
        ("aws", "dev", "dev"),
        ("aws", "", "prod"),
    ],
)
def test_dbt_builds_into_the_target_that_the_developer_chose(account: str, chosen: str | None, target: str) -> None:
    assert dbt_environment(account, "a-bucket", chosen)["DBT_TARGET"] == target


def test_only_the_local_account_is_asked_ten_times_a_second() -> None:
    assert dbt_environment("local", "a-bucket", None)["ATHENA_POLL_SECONDS"] == "0.1"
    assert "ATHENA_POLL_SECONDS" not in dbt_environment("aws", "a-bucket", None)
