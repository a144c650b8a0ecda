"""What silver reads of bronze's envelope v1, and which of its records keep the contract.

Bronze is read with this schema, never with an inferred one: an attribute that is not named here is ignored, one that is
missing is null. `description` is read to tell whether it changed, and goes no further. Times and dates stay text until
they are validated, so that a malformed one is seen instead of becoming null unnoticed.
"""

import functools
import operator

from pyspark.sql import Column
from pyspark.sql import functions as sf
from pyspark.sql.types import LongType, StringType, StructField, StructType

TEXT_ATTRIBUTES = (
    "id",
    "user_id",
    "title",
    "description",
    "status",
    "priority",
    "category",
    "due_date",
    "created_at",
    "updated_at",
    "completed_at",
    "deleted_at",
    "email",
    "name",
)
IMAGE = StructType([*(StructField(name, StringType()) for name in TEXT_ATTRIBUTES), StructField("version", LongType())])

# arrival time, from the folders dt=YYYY-MM-DD/hour=HH
ARRIVAL = (StructField("dt", StringType()), StructField("hour", StringType()))

ENVELOPE = StructType(
    [
        StructField("event_id", StringType()),
        StructField("event_name", StringType()),
        StructField("sequence_number", StringType()),
        StructField("event_time", StringType()),
        StructField("ingested_at", StringType()),
        StructField("entity_type", StringType()),
        StructField("new_image", IMAGE),
        StructField("old_image", IMAGE),
        StructField("request_id", StringType()),
        *ARRIVAL,
    ]
)

REQUIRED = {
    "TASK": ("id", "user_id", "title", "status", "priority", "created_at", "updated_at", "version"),
    "USER": ("user_id", "created_at", "updated_at", "version"),
}
TIMES = ("created_at", "updated_at", "completed_at", "deleted_at")


def keeps_contract() -> Column:
    """Whether an envelope has all that silver needs of it, in the types that silver needs."""
    name, image = sf.col("event_name"), sf.coalesce("new_image", "old_image")
    conditions = [
        sf.col("event_id").isNotNull(),
        sf.col("sequence_number").isNotNull(),
        sf.col("event_time").cast("timestamp").isNotNull(),
        sf.col("ingested_at").cast("timestamp").isNotNull(),
        name.isin("INSERT", "MODIFY", "REMOVE"),
        (name == "REMOVE") == sf.col("new_image").isNull(),
        (name == "INSERT") == sf.col("old_image").isNull(),
        *(image[time].isNull() | image[time].cast("timestamp").isNotNull() for time in TIMES),
        image["due_date"].isNull() | image["due_date"].cast("date").isNotNull(),
        _has_required(image),
    ]
    return sf.coalesce(functools.reduce(operator.and_, conditions), sf.lit(False))


def _has_required(image: Column) -> Column:
    """Whether the attributes that the entity's type needs are there; an unknown type of entity has none of them."""
    entity_type = sf.col("entity_type")
    complete = [
        functools.reduce(operator.and_, [entity_type == name, *(image[a].isNotNull() for a in attributes)])
        for name, attributes in REQUIRED.items()
    ]
    return functools.reduce(operator.or_, complete)
