#!/bin/sh
# Pushes how many orders a shop has processed and what they were worth, by status.
# usage: orders.sh ORDERS.CSV        with the columns id,status,euros and a line of heads
# PUSH_URL is the gateway. The login stands in ~/.netrc, or in the file that PUSH_NETRC names:
#   machine push.example.com login programs password pwt_...
set -eu

# The totals come from the orders themselves: a run that fails loses nothing. C is the locale that
# writes a point, not a comma.
metrics=$(
  LC_ALL=C awk -F, '
    NR > 1 { count[$2]++; euros[$2] += $3 }
    END {
      print "# TYPE orders_processed_total counter"
      for (status in count) printf "orders_processed_total{status=\"%s\"} %d\n", status, count[status]
      print "# TYPE orders_euros_total counter"
      for (status in euros) printf "orders_euros_total{status=\"%s\"} %.2f\n", status, euros[status]
    }' "$1"
)

# One shop, one group: it does not matter on which host this runs, so there is no instance.
echo "$metrics" |
  curl --silent --show-error --fail-with-body --netrc-file "${PUSH_NETRC:-$HOME/.netrc}" \
    --retry 2 --max-time 30 --request PUT --data-binary @- \
    "$PUSH_URL/metrics/job/shop_orders" >&2
