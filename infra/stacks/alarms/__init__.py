"""Every alarm of the product as data: one module per stage, and what makes CloudWatch alarms of them.

| module | holds |
|---|---|
| definition | what an alarm is, and its CloudWatch resource |
| api | the HTTP API, sign-in, service levels of the API |
| functions | errors, throttles, duration and concurrency of every function |
| table | the DynamoDB table |
| ingestion | change capture, delivery streams, failure queues |
| pipeline | the state machine, its states, jobs, builds, queries |
| quality | whether silver and gold are right and fresh |
| service_levels | how fast the error budgets of gold are spent: freshness and completeness |
| composites | which alarms notify whom, so that one incident notifies once |
"""
