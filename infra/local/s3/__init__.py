"""S3: `aws:kms` without a key means the account's own key for S3.

AWS: a write with `x-amz-server-side-encryption: aws:kms` and no key id is encrypted with the AWS managed key
`alias/aws/s3`; the CDK's bootstrap bucket is set up so, and the CDK uploads every asset that way.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html

MiniStack 1.5.33 has no such key and refuses the write (InvalidArgument).

Hook: s3._resolve_sse_write_headers. The answer names the alias, where AWS names the key behind it.
"""

from infra.local.account.hooks import replace

ALGORITHM = "x-amz-server-side-encryption"
KEY = "x-amz-server-side-encryption-aws-kms-key-id"
Resolved = tuple[dict[str, str] | None, object]


def apply() -> None:
    """Put the completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator resolves encryption elsewhere.
    """
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import s3

    def resolve_sse_write_headers(headers: dict[str, str], bucket_name: str) -> Resolved:
        if headers.get(ALGORITHM) == "aws:kms" and not headers.get(KEY):
            headers = {**headers, KEY: f"arn:aws:kms:{get_region()}:{get_account_id()}:alias/aws/s3"}
        resolved: Resolved = original(headers, bucket_name)
        return resolved

    original = replace(s3, "_resolve_sse_write_headers", "headers bucket_name", resolve_sse_write_headers)
