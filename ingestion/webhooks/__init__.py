"""From the table's stream to the receivers of webhooks.

`fan_out` reads the stream and puts a message for each webhook into a queue; `deliver` sends what is in the queue. Which
receiver fails, hangs or is slow is known per webhook and delays no other (ADR 0128).
"""
