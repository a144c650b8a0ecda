"""Data in S3: which files a statement reads, and how Hive and Iceberg tables are read and written."""
