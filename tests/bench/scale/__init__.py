"""docs/scale.md: what 10,000 to 10,000,000 users cost and break, from the slopes that the benches measured.

`make bench` writes the page. Everything in it follows from the committed figures (docs/reference/benchmarks.json), the
prices and usage of `infra.cost_model`, and quotas of AWS, each with its source.

| module | holds |
|---|---|
| model | what a user does, the fitted costs, dollars a month |
| limits | quotas and deadlines, and how many users reach them |
| page | the page |
"""
