"""What silver reads of bronze's envelope v1, and which of its lines keep the contract.

Bronze is read with this schema, never with an inferred one: an attribute that is not named here is ignored, one that is
missing is null. `description` is read to see whether it changed, and goes no further. Times and dates stay text until
they are validated, so that a malformed one is seen instead of becoming null unnoticed.
"""

import functools
import operator

from pyspark.sql import Column
from pyspark.sql import functions as sf
from pyspark.sql.types import ArrayType, DataType, LongType, StringType, StructField, StructType

from api.contract import PRIORITIES, STATUSES, TASK_ATTRIBUTES, USER_ATTRIBUTES, EntityType
from ingestion.contract import EVENT_NAMES, INSERT, REMOVE, SCHEMA_VERSION
from transforms.silver.lines import MALFORMED, first_broken, instant

# by name: some attributes are those of tasks and of users alike
ATTRIBUTES = {one.name: one for one in (*TASK_ATTRIBUTES, *USER_ATTRIBUTES)}
_TYPES: dict[str, DataType] = {"integer": LongType(), "strings": ArrayType(StringType())}
IMAGE = StructType([StructField(one.name, _TYPES.get(one.type, StringType())) for one in ATTRIBUTES.values()])

ENVELOPE = StructType(
    [
        StructField("schema_version", LongType()),
        StructField("event_id", StringType()),
        StructField("event_name", StringType()),
        StructField("sequence_number", StringType()),
        StructField("event_time", StringType()),
        StructField("ingested_at", StringType()),
        StructField("entity_type", StringType()),
        StructField("new_image", IMAGE),
        StructField("old_image", IMAGE),
        StructField("request_id", StringType()),
    ]
)

# a stream's sequence numbers have 21 to 40 digits:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
SEQUENCE_DIGITS = 40
# the same without what users wrote
_REDACTED_IMAGE = StructType([field for field in IMAGE if not ATTRIBUTES[field.name].personal])
REDACTED = StructType(
    [StructField(field.name, _REDACTED_IMAGE if field.dataType == IMAGE else field.dataType) for field in ENVELOPE]
)

REQUIRED = {
    entity_type.value: tuple(one.name for one in attributes if one.required)
    for entity_type, attributes in ((EntityType.TASK, TASK_ATTRIBUTES), (EntityType.USER, USER_ATTRIBUTES))
}
TIMES = tuple(one.name for one in ATTRIBUTES.values() if one.type == "timestamp")
DATES = tuple(one.name for one in ATTRIBUTES.values() if one.type == "date")


def attribute(name: str) -> Column:
    """An attribute of the item as the change left it or, if the item is gone, as it was."""
    old, new = sf.col("old_image"), sf.col("new_image")
    return sf.when(new.isNull(), old[name]).otherwise(new[name])


def typed() -> list[Column]:
    """The attributes of the item as silver needs them, and which of them are there but not of that type."""
    times = {name: instant(attribute(name)) for name in TIMES}
    converted = {**times, **{name: attribute(name).cast("date") for name in DATES}}
    plain = [name for name in IMAGE.names if name not in converted and name != "description"]
    return [
        *(attribute(name).alias(name) for name in plain),
        *(column.alias(name) for name, column in converted.items()),
        *(attribute(name).isNotNull().alias(f"has_{name}") for name in converted),
    ]


def reason() -> Column:
    """The first rule that an envelope breaks; null if it has all that silver needs, in the types that silver needs.

    It is written in terms of the columns of `events.read`, so that nothing is converted twice.
    """
    name = sf.col("event_name")
    task = sf.col("entity_type") == "TASK"
    return first_broken(
        {
            MALFORMED: sf.col("is_well_formed"),
            f"schema_version is not {SCHEMA_VERSION}": sf.col("schema_version") == SCHEMA_VERSION,
            "event_id is missing": sf.col("event_id").isNotNull(),
            "sequence_number is no number": sf.col("sequence_number").rlike(rf"\A[0-9]{{1,{SEQUENCE_DIGITS}}}\z"),
            "event_time is no time": sf.col("occurred_at").isNotNull(),
            "ingested_at is no time": sf.col("ingested_at").isNotNull(),
            "event_name is unknown": name.isin(*EVENT_NAMES),
            "entity_type is unknown": sf.col("entity_type").isin(*REQUIRED),
            "new_image does not go with event_name": (name != REMOVE) == sf.col("has_new_image"),
            "old_image does not go with event_name": (name != INSERT) == sf.col("has_old_image"),
            **{f"{time} of the image is no time": ~sf.col(f"has_{time}") | sf.col(time).isNotNull() for time in TIMES},
            **{f"{day} of the image is no date": ~sf.col(f"has_{day}") | sf.col(day).isNotNull() for day in DATES},
            "the image lacks an attribute": _has_required(),
            "status of the image is unknown": ~task | sf.col("status").isin(*STATUSES),
            "priority of the image is unknown": ~task | sf.col("priority").isin(*PRIORITIES),
        }
    )


def redacted_payload() -> Column:
    """An envelope without what users wrote in it, JSON."""
    return sf.to_json(sf.from_json("line", REDACTED))


def _has_required() -> Column:
    """Whether the attributes that the entity's type needs are there."""
    entity_type = sf.col("entity_type")
    complete = [
        functools.reduce(operator.and_, [entity_type == name, *(sf.col(a).isNotNull() for a in attributes)])
        for name, attributes in REQUIRED.items()
    ]
    return functools.reduce(operator.or_, complete)
