"""Transforms: bronze to silver (Spark, Iceberg) and silver to gold (dbt on Athena)."""
