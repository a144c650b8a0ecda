"""What silver reads of bronze's envelope v1, and which of its lines keep the contract.

Bronze is read with this schema, never with an inferred one: an attribute that is not named here is ignored, one that is
missing is null. `description` is read to tell whether it changed, and goes no further. Times and dates stay text until
they are validated, so that a malformed one is seen instead of becoming null unnoticed.
"""

import functools
import operator

from pyspark.sql import Column
from pyspark.sql import functions as sf
from pyspark.sql.types import LongType, StringType, StructField, StructType

from transforms.silver.contract import PRIORITIES, STATUSES
from transforms.silver.lines import MALFORMED, first_broken

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
# what users wrote, and what names them: nothing that goes further than bronze unmasked, but for a task's title
WORDS = ("title", "description", "email", "name")

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

SCHEMA_VERSION = 1
REQUIRED = {
    "TASK": ("id", "user_id", "title", "status", "priority", "created_at", "updated_at", "version"),
    "USER": ("user_id", "created_at", "updated_at", "version"),
}
TIMES = ("created_at", "updated_at", "completed_at", "deleted_at")


def reason() -> Column:
    """The first rule that an envelope breaks; null if it has all that silver needs, in the types that silver needs."""
    name, image = sf.col("event_name"), sf.coalesce("new_image", "old_image")
    task = sf.col("entity_type") == "TASK"
    return first_broken(
        {
            MALFORMED: sf.col("is_well_formed"),
            "schema_version is not 1": sf.col("schema_version") == SCHEMA_VERSION,
            "event_id is missing": sf.col("event_id").isNotNull(),
            "sequence_number is no number": sf.col("sequence_number").rlike("^[0-9]{1,40}$"),
            "event_time is no time": sf.col("event_time").cast("timestamp").isNotNull(),
            "ingested_at is no time": sf.col("ingested_at").cast("timestamp").isNotNull(),
            "event_name is unknown": name.isin("INSERT", "MODIFY", "REMOVE"),
            "entity_type is unknown": sf.col("entity_type").isin(*REQUIRED),
            "new_image does not go with event_name": (name == "REMOVE") == sf.col("new_image").isNull(),
            "old_image does not go with event_name": (name == "INSERT") == sf.col("old_image").isNull(),
            **{
                f"{time} of the image is no time": image[time].isNull() | image[time].cast("timestamp").isNotNull()
                for time in TIMES
            },
            "due_date of the image is no date": image["due_date"].isNull() | image["due_date"].cast("date").isNotNull(),
            "the image lacks an attribute": _has_required(image),
            "status of the image is unknown": ~task | image["status"].isin(*STATUSES),
            "priority of the image is unknown": ~task | image["priority"].isin(*PRIORITIES),
        }
    )


def telling() -> Column:
    """What can be told of an envelope without its words, JSON."""
    head = [field.name for field in ENVELOPE if field.name not in ("new_image", "old_image")]
    image = sf.coalesce("new_image", "old_image").dropFields(*WORDS).alias("image")
    return sf.to_json(sf.struct(*head, image))


def _has_required(image: Column) -> Column:
    """Whether the attributes that the entity's type needs are there."""
    entity_type = sf.col("entity_type")
    complete = [
        functools.reduce(operator.and_, [entity_type == name, *(image[a].isNotNull() for a in attributes)])
        for name, attributes in REQUIRED.items()
    ]
    return functools.reduce(operator.or_, complete)
