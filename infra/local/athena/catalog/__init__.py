"""The Glue Data Catalog as queries see it: tables, views, `information_schema`."""
