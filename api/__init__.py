"""The REST API: one Lambda behind API Gateway and Cognito, writing to one DynamoDB table.

Five thin layers; a request passes through each in turn and none is skipped:

1. `api.entrypoint`: the Lambda handler. Mangum turns a proxy event (payload format 2.0) into an ASGI request; the
   application (`api.application`) is built once per process, AWS clients included.
2. `api.routes`: HTTP only. Paths, headers, media types and status codes; what a route needs arrives through the
   `Annotated` nouns of `api.dependencies` (`ReadDep`, `WriteDep`, `PreconditionsDep`, …).
3. `api.services`: the rules. Who may see what, what an update does to `completed_at`, when a write is a replay, which
   cursor belongs to which query. No HTTP, no DynamoDB expressions.
4. `api.repositories`: the table. Items, keys, condition expressions, and nothing that decides anything.
5. DynamoDB, reached by a botocore client that lives as long as the process.

Across the layers: `api.models` (what crosses between them, validated by pydantic where it comes from a client),
`api.problems` (every refusal as an RFC 9457 problem), `api.identity` (the caller, from verified claims only) and
`api.access_log` (correlation id, one log line per request).

Rules that hold for the whole API:

- A write with an `Idempotency-Key` commits together with its idempotency record, in one transaction. A create is
  exactly one DynamoDB call. Only successful answers are recorded: a refused request may be sent again under its key.
  The protocol is one module, `api.services.write_request`.
- Every update and delete is conditional on the `version` that was read. With `If-Match` a lost race is 412; without
  it the change is applied afresh to what the other writer left, after a random pause and within eight seconds, so
  fields that a request does not give keep the other writer's values.
- Preconditions are evaluated on every method, in the order of RFC 9110, before anything is done
  (`api.services.preconditions`).
- Every response below `/api/` is `private, no-cache` and varies with the token, refusals included.
- Safe methods write a first profile at most, and nothing while an erasure of the caller is on record.
- An update that changes nothing answers 200 with the task as it is and writes nothing: `version`, `updated_at` and
  the change feed stay as they were. Under an `Idempotency-Key` its answer is recorded like any other.
- Endpoints and dependencies are `async def` although botocore blocks: a Lambda process serves one request at a time, so
  a thread pool would add a hand-over per call and nothing else.
- What the original API had ignores fields and query parameters that it does not know, as it always did; what is new
  refuses them (ADR 0062). A known query parameter given twice is refused.
- Lists in a problem are capped, so that no request can make a response too large for Lambda.
- A token of the change feed never skips a change, however writers overlap (`api.services.changes`).
- References in `Location` and `Link` are relative to the request's URL (RFC 3986), so they hold below any base path.
"""
