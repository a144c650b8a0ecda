import pytest

from infra.local.glue.job_script import arguments, error_message, spark_settings

STACK = """23:01:02 WARN Something: earlier
Traceback (most recent call last):
  File "/tmp/job.py", line 3, in <module>
    main()
    ^^^^^^
"""


@pytest.mark.parametrize(
    ("errors", "status", "message"),
    [
        (STACK + "ValueError: no rows\n", 1, "ValueError: no rows"),
        (STACK + "KeyboardInterrupt\n23:01:03 ERROR ShutdownHook: late\n", 1, "KeyboardInterrupt"),
        (STACK + "KeyError: 'a'\n\nDuring handling …\n\n" + STACK + "my.Problem: second\n", 1, "my.Problem: second"),
        (
            STACK + "py4j.protocol.Py4JJavaError: An error occurred while calling o1.save.\n"
            ": java.io.IOException: disk full\n\tat org.apache…\n",
            1,
            "py4j.protocol.Py4JJavaError: An error occurred while calling o1.save.: java.io.IOException: disk full",
        ),
        ("usage: job.py\njob.py: error: --bronze is required\n", 2, "job.py: error: --bronze is required"),
        ("", 3, "Command failed with exit code 3"),
        ("", -9, "Command failed with exit code -9"),
    ],
)
def test_the_message_is_the_exception_that_ended_the_script(errors: str, status: int, message: str) -> None:
    assert error_message(errors, status) == message


def test_conf_may_chain_settings() -> None:
    conf = "spark.a=1 --conf spark.b=x=y   --conf spark.c='two words' "
    assert spark_settings(conf) == {"spark.a": "1", "spark.b": "x=y", "spark.c": "two words"}
    assert spark_settings("") == {}


def test_later_arguments_replace_earlier_ones_and_some_cannot_be_replaced() -> None:
    job = {
        "Command": {"Name": "glueetl"},
        "DefaultArguments": {"--a": "1", "--JOB_NAME": "mine"},
        "NonOverridableArguments": {"--fixed": "yes"},
    }
    given = arguments(job, "silver", "jr_1", {"--a": "2", "--fixed": "no", "--b": "3"})
    assert list(given.items()) == [
        ("--a", "2"),
        ("--JOB_NAME", "silver"),
        ("--JOB_RUN_ID", "jr_1"),
        ("--fixed", "yes"),
        ("--b", "3"),
    ]
