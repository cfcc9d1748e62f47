"""Pushes how long a batch job took and when it last succeeded.

PUSH_URL is the gateway; PUSH_USERNAME and PUSH_PASSWORD are a user name and a password, or the name
of a credential and its token. Debian: apt install python3-prometheus-client.
"""

import os
import sys
import time
from urllib.error import HTTPError

from prometheus_client import CollectorRegistry, Gauge, pushadd_to_gateway
from prometheus_client.exposition import basic_auth_handler


def run_batch():
    """The work."""
    time.sleep(0.1)


def login(url, method, timeout, headers, data):
    credential = os.environ["PUSH_USERNAME"], os.environ["PUSH_PASSWORD"]
    return basic_auth_handler(url, method, timeout, headers, data, *credential)


def push(registry):
    # "pushadd" replaces only the metrics that it sends: after a failure the last success stays. The
    # job runs once at a time, so it needs no instance; on several hosts, add a grouping_key.
    try:
        pushadd_to_gateway(
            os.environ["PUSH_URL"], job="nightly_report", registry=registry, handler=login
        )
    except HTTPError as error:
        sys.exit(error.read().decode())  # the reason, and what to change


# A registry of its own: the default one has metrics of this process, which is about to end.
registry = CollectorRegistry()
duration = Gauge("batch_duration_seconds", "Duration of the batch.", registry=registry)
try:
    with duration.time():
        run_batch()
    Gauge(
        "batch_last_success_timestamp_seconds", "When it last succeeded.", registry=registry
    ).set_to_current_time()
finally:
    push(registry)
