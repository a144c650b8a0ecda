"""The questions of transforms/bi/queries as named queries of the people's workgroup, beside Athena's editor."""

from aws_cdk import aws_athena as athena
from constructs import Construct

from infra.stacks import names
from transforms.bi.saved_queries import SavedQuery, all_queries


def named_queries(scope: Construct, workgroup: athena.CfnWorkGroup) -> None:
    """One named query for each file, under its title."""
    for query in all_queries():
        named = athena.CfnNamedQuery(
            scope,
            _construct_id(query),
            name=query.title,
            description=query.description,
            database=names.GOLD_DATABASE,
            work_group=workgroup.name,
            query_string=query.sql,
        )
        named.add_dependency(workgroup)


def _construct_id(query: SavedQuery) -> str:
    return "Query" + "".join(word.capitalize() for word in query.name.split("_"))
