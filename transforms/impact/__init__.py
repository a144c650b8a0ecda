"""What a change of the dbt project reaches: models, tests, saved queries, charts and published figures."""
