"""docs/bi.md lists the tables and the questions that there are."""

from transforms.bi import docs_generator


def test_the_page_is_as_the_command_writes_it() -> None:
    assert docs_generator.page(docs_generator.PAGE.read_text()) == docs_generator.PAGE.read_text(), (
        "`make bi-reference` writes it"
    )


def test_the_page_lists_every_mart_and_every_question() -> None:
    page = docs_generator.PAGE.read_text()
    for name in ("business_metrics_kpis", "fct_daily_backlog", "user_insights"):
        assert f"| `{name}` | " in page
    assert page.count("](../transforms/bi/queries/") >= 20
