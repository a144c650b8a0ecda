"""The documentation site: pages generated from code, and what MkDocs needs to build without a network.

| module | writes |
|---|---|
| api_reference | routes, parameters and schemas, from docs/openapi.json |
| settings_reference | environment variables and CDK context, from the code that reads them |
| signals_reference | log events and metrics, from the code that emits them |
| data_dictionary | tables and columns from bronze to gold, from the schemas, silver's contract and dbt's models |
| iam_table | roles and their permissions, from the templates |
| dependency_list | packages, versions and who needs them, from pyproject.toml and the lock |
| state_machine_diagram | the pipeline's states, from its definition |
| architecture_diagram | resources and how they are connected, from the templates |
| alarm_list | every alarm with its meaning and impact |
| fault_list | the faults of a GameDay |
| runbooks | a page per alarm, the index and the consolidated runbook |
| pages | the list of all generated pages, and which of them are out of date |
| hooks | MkDocs: the navigation, and links that leave docs/ |
"""
