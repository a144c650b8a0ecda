"""Crawlers that crawl their S3 targets with their own role's permissions.

AWS: https://docs.aws.amazon.com/glue/latest/dg/crawler-data-stores.html (targets, exclusions) and
https://docs.aws.amazon.com/glue/latest/dg/crawler-schema-changes-prevent.html (SchemaChangePolicy).
Hooks: `_start_crawler`, `_stop_crawler`; `load_persisted_state`, since a crawl does not survive the account's stop.

Left out: other formats than JSON lines, plain or GZIP (such a crawl fails and says so), custom classifiers, schedules,
RecrawlPolicy (everything is always crawled), several tables below one target.
"""

import threading
import time
import uuid
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import glue

from infra.local.account import credentials
from infra.local.account.hooks import after_restoring, in_background, replace
from infra.local.account.log_stream import LogStream
from infra.local.glue.listing import SchemaReader
from infra.local.glue.target import Outcome, Target

LOG_GROUP = "/aws-glue/crawlers"
ENDED_WITH_ACCOUNT = "The crawl ended with the account that ran it."


class Crawl:
    """One run of a crawler, which `stop` may end."""

    def __init__(self, crawler: dict[str, Any]) -> None:
        self._crawler = crawler
        self._stopped = threading.Event()
        self._started = time.time()
        self._id = str(uuid.uuid4())

    def stop(self) -> None:
        """Make the crawl end before it touches the catalog again."""
        self._stopped.set()

    def run(self) -> None:
        """Crawl every target; the crawler's LastCrawl has the outcome."""
        outcome: dict[str, Any] = {"Status": "SUCCEEDED"}
        try:
            self._crawl()
        except Exception as error:  # LastCrawl is where a crawler reports any failure
            outcome = {"Status": "FAILED", "ErrorMessage": f"{type(error).__name__}: {error}"[:2048]}
        if self._stopped.is_set():
            outcome = {"Status": "CANCELLED"}
        self._crawler["State"] = "STOPPING"
        _running.pop(id(self._crawler), None)
        self._crawler.update(
            State="READY",
            CrawlElapsedTime=int((time.time() - self._started) * 1000),
            LastCrawl={
                **outcome,
                "LogGroup": LOG_GROUP,
                "LogStream": self._crawler["Name"],
                "MessagePrefix": self._id,
                "StartTime": self._started,
            },
        )

    def _crawl(self) -> None:
        session = credentials.role_session(credentials.role_arn(self._crawler["Role"]), "AWS-Crawler")
        log = LogStream.where_allowed(session, LOG_GROUP, self._crawler["Name"])
        reader = _readers.setdefault(self._crawler["Name"], SchemaReader())
        self._say(log, f"BENCHMARK : Running Start Crawl for Crawler {self._crawler['Name']}")
        try:
            session.client("glue").get_database(Name=self._crawler["DatabaseName"])
            for target in self._crawler["Targets"].get("S3Targets", []):
                outcome = Target(session, self._crawler, target, reader).crawl(self._stopped.is_set)
                self._say(log, f"INFO : {target['Path']}: {outcome.value}")
                if outcome is Outcome.STOPPED:
                    break
        except Exception as error:
            self._say(log, f"ERROR : {error}")
            raise
        finally:
            if log:
                log.flush()

    def _say(self, log: LogStream | None, message: str) -> None:
        if log:
            log.write(f"[{self._id}] {message}")


_running: dict[int, Crawl] = {}
_readers: dict[str, SchemaReader] = {}


def _start_crawler(data: dict[str, Any]) -> Any:
    name = data.get("Name")
    crawler = glue._crawlers.get(name)
    if crawler is None:
        return error_response_json("EntityNotFoundException", f"Crawler entry with name {name} does not exist", 400)
    if crawler["State"] != "READY":
        return error_response_json("CrawlerRunningException", f"Crawler with name {name} has already started", 400)
    crawl = Crawl(crawler)
    crawler.update(State="RUNNING", CrawlElapsedTime=0)
    _running[id(crawler)] = crawl
    in_background(crawl.run)
    return json_response({})


def _stop_crawler(data: dict[str, Any]) -> Any:
    name = data.get("Name")
    crawler = glue._crawlers.get(name)
    if crawler is None:
        return error_response_json("EntityNotFoundException", f"Crawler entry with name {name} does not exist", 400)
    crawl = _running.get(id(crawler))
    if crawler["State"] == "STOPPING":
        return error_response_json("CrawlerStoppingException", f"Crawler with name {name} is stopping", 400)
    if crawler["State"] != "RUNNING" or crawl is None:
        return error_response_json("CrawlerNotRunningException", f"Crawler with name {name} isn't running", 400)
    crawler["State"] = "STOPPING"
    crawl.stop()
    return json_response({})


def _end_lost_crawls() -> None:
    for crawler in glue._crawlers.values():
        if crawler["State"] != "READY":
            lost = {"Status": "FAILED", "ErrorMessage": ENDED_WITH_ACCOUNT, "LogGroup": LOG_GROUP}
            crawler.update(State="READY", LastCrawl={**lost, "LogStream": crawler["Name"], "StartTime": time.time()})


def apply() -> None:
    """Put the crawlers in place."""
    replace(glue, "_start_crawler", "data", _start_crawler)
    replace(glue, "_stop_crawler", "data", _stop_crawler)
    after_restoring(glue, glue._crawlers, _end_lost_crawls)
