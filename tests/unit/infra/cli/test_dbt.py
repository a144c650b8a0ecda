import pytest

from infra.cli.dbt import database_suffix, dbt_environment


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
    given = {"DBT_TARGET": chosen} if chosen is not None else {}
    assert dbt_environment(account, "a-bucket", given)["DBT_TARGET"] == target


def test_queries_are_polled_every_tenth_of_a_second_in_the_local_account_only() -> None:
    assert dbt_environment("local", "a-bucket", {})["ATHENA_POLL_SECONDS"] == "0.1"
    assert "ATHENA_POLL_SECONDS" not in dbt_environment("aws", "a-bucket", {})


@pytest.mark.parametrize(
    ("user", "suffix"),
    [
        ("ann", "ann"),
        ("john.doe", "john_doe"),
        ("Jürgen-M", "j_rgen_m"),
        ("CORP\\\\ann", "corp_ann"),
        ("...", "developer"),
    ],
)
def test_a_developers_database_has_a_name_that_glue_takes(user: str, suffix: str) -> None:
    assert database_suffix(user) == suffix


def test_the_developers_database_is_named_after_the_user_who_runs_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dbt_environment("local", "a-bucket", {"DBT_USER": "john.doe", "USER": "x"})["DBT_USER"] == "john_doe"
    assert dbt_environment("local", "a-bucket", {"DBT_USER": "", "USER": "ann"})["DBT_USER"] == "ann"
    monkeypatch.setenv("LOGNAME", "berta")
    assert dbt_environment("local", "a-bucket", {"USER": ""})["DBT_USER"] == "berta"
