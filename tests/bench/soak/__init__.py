"""Minutes of mixed requests while the pipeline runs (`make soak`): latencies, errors, memory of workers, stream lag.

| module | holds |
|---|---|
| traffic | clients that send the mix, and the latency of each route |
| bare | Starlette and Mangum alone, behind an API of its own in the same account |
| memory | the memory of each Lambda worker over time |
"""
