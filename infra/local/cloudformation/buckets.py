"""AWS::S3::Bucket: lifecycle rules, encryption, object ownership and tags, which the emulator drops.

Each becomes the XML document of the S3 call that sets it, so that the corresponding Get call answers it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
"""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from infra.local.account.hooks import HookChangedError, hook
from infra.local.cloudformation.handlers import Properties, after_change, must_succeed

STORES = (
    ("LifecycleConfiguration", "lifecycle"),
    ("BucketEncryption", "encryption"),
    ("OwnershipControls", "ownership_controls"),
)


def _text(parent: Element, name: str, value: Any) -> None:
    if value is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        SubElement(parent, name).text = text


def _filter(parent: Element, rule: dict[str, Any]) -> None:
    conditions = [("Prefix", rule.get("Prefix"))]
    conditions += [(name, rule.get(name)) for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan")]
    given = [(name, value) for name, value in conditions if value is not None]
    tags = rule.get("TagFilters", [])
    element = SubElement(parent, "Filter")
    if len(given) + len(tags) > 1:
        element = SubElement(element, "And")
    for name, value in given:
        _text(element, name, value)
    for tag in tags:
        tag_element = SubElement(element, "Tag")
        _text(tag_element, "Key", tag["Key"])
        _text(tag_element, "Value", tag["Value"])


def _transitions(parent: Element, rule: dict[str, Any]) -> None:
    for transition in rule.get("Transitions", []) + [rule[name] for name in ("Transition",) if name in rule]:
        element = SubElement(parent, "Transition")
        _text(element, "Date", transition.get("TransitionDate"))
        _text(element, "Days", transition.get("TransitionInDays"))
        _text(element, "StorageClass", transition["StorageClass"])
    for transition in rule.get("NoncurrentVersionTransitions", []):
        element = SubElement(parent, "NoncurrentVersionTransition")
        _text(element, "NoncurrentDays", transition.get("TransitionInDays"))
        _text(element, "NewerNoncurrentVersions", transition.get("NewerNoncurrentVersions"))
        _text(element, "StorageClass", transition["StorageClass"])


def _expirations(parent: Element, rule: dict[str, Any]) -> None:
    members = (("Date", "ExpirationDate"), ("Days", "ExpirationInDays"))
    found = [
        (name, rule.get(key)) for name, key in (*members, ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"))
    ]
    if any(value is not None for _, value in found):
        element = SubElement(parent, "Expiration")
        for name, value in found:
            _text(element, name, value)
    noncurrent = rule.get("NoncurrentVersionExpiration")
    if noncurrent is None and "NoncurrentVersionExpirationInDays" in rule:
        noncurrent = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if noncurrent:
        element = SubElement(parent, "NoncurrentVersionExpiration")
        for name in ("NoncurrentDays", "NewerNoncurrentVersions"):
            _text(element, name, noncurrent.get(name))
    if "AbortIncompleteMultipartUpload" in rule:
        element = SubElement(parent, "AbortIncompleteMultipartUpload")
        _text(element, "DaysAfterInitiation", rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])


def _document(root: Element) -> bytes:
    document: bytes = tostring(root, encoding="utf-8")
    return document


def lifecycle_xml(configuration: dict[str, Any]) -> bytes:
    """The body of PutBucketLifecycleConfiguration for a template's `LifecycleConfiguration`."""
    root = Element("LifecycleConfiguration", xmlns=s3.S3_NS)
    for rule in configuration["Rules"]:
        element = SubElement(root, "Rule")
        _text(element, "ID", rule.get("Id"))
        _filter(element, rule)
        _text(element, "Status", rule["Status"])
        _transitions(element, rule)
        _expirations(element, rule)
    return _document(root)


def encryption_xml(configuration: dict[str, Any]) -> bytes:
    """The body of PutBucketEncryption for a template's `BucketEncryption`."""
    root = Element("ServerSideEncryptionConfiguration", xmlns=s3.S3_NS)
    for rule in configuration["ServerSideEncryptionConfiguration"]:
        element = SubElement(root, "Rule")
        default = rule.get("ServerSideEncryptionByDefault")
        if default:
            applied = SubElement(element, "ApplyServerSideEncryptionByDefault")
            _text(applied, "SSEAlgorithm", default["SSEAlgorithm"])
            _text(applied, "KMSMasterKeyID", default.get("KMSMasterKeyID"))
        _text(element, "BucketKeyEnabled", rule.get("BucketKeyEnabled"))
    return _document(root)


def ownership_controls_xml(configuration: dict[str, Any]) -> bytes:
    """The body of PutBucketOwnershipControls for a template's `OwnershipControls`."""
    root = Element("OwnershipControls", xmlns=s3.S3_NS)
    for rule in configuration["Rules"]:
        _text(SubElement(root, "Rule"), "ObjectOwnership", rule["ObjectOwnership"])
    return _document(root)


TO_XML = {
    "LifecycleConfiguration": lifecycle_xml,
    "BucketEncryption": encryption_xml,
    "OwnershipControls": ownership_controls_xml,
}


def _complete(bucket: str, old: Properties, new: Properties) -> None:
    for property_name, store in STORES:
        if property_name in new:
            body = TO_XML[property_name](new[property_name])
            must_succeed(getattr(s3, f"_put_bucket_{store}")(bucket, body), property_name)
        elif property_name in old:
            getattr(s3, f"_delete_bucket_{store}")(bucket)
    if "Tags" in new:
        s3._bucket_tags[bucket] = {tag["Key"]: tag["Value"] for tag in new["Tags"]}
    elif "Tags" in old:
        s3._bucket_tags.pop(bucket, None)


def apply() -> None:
    """Put the completion in place.

    Raises:
        HookChangedError: the emulator applies one of these properties itself by now.
    """
    known = {entry[0] for entry in provisioners._S3_BUCKET_CONFIGURATIONS}
    if known & set(TO_XML):
        raise HookChangedError(f"the emulator applies {sorted(known & set(TO_XML))} of buckets itself now")
    for _, store in STORES:
        hook(s3, f"_put_bucket_{store}", "name body")
        hook(s3, f"_delete_bucket_{store}", "name")
    after_change("AWS::S3::Bucket", _complete)
