"""Actions on the lake, as its readers and writers are allowed them: objects, catalog, partitions."""

READ_OBJECTS = ("s3:GetObject",)
WRITE_OBJECTS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
LIST_BUCKET = ("s3:ListBucket", "s3:GetBucketLocation")
READ_CATALOG = ("glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables")
READ_PARTITIONS = ("glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition")
WRITE_TABLES = ("glue:CreateTable", "glue:UpdateTable")
