"""All benches in one report (`make bench`): what each figure is beside, and whether it became worse.

| module | holds |
|---|---|
| figures | what every figure of every bench is, and what it was measured beside |
| results | the figures of one run of a bench, with the machine and versions that it ran on |
| compare | what became worse since the committed report, and on what two runs do not agree |
| page | docs/benchmarks.md |
"""
