# Pushes how many orders a shop has processed: ruby orders.rb ORDERS.CSV, with a column "status".
#
# PUSH_URL is the gateway; PUSH_USERNAME is the name of a credential, PUSH_PASSWORD its token. Debian:
# apt install ruby-prometheus-client-mmap.

require 'csv'
require 'prometheus/client'
require 'prometheus/client/push'

registry = Prometheus::Client::Registry.new
orders = registry.counter(:orders_processed_total, 'Orders that the shop has processed.')

# The total comes from the orders themselves: a run that fails loses nothing.
CSV.foreach(ARGV.fetch(0), headers: true) { |order| orders.increment(status: order['status']) }

# This client takes a login in the URL only, and sends it as it stands there: a password with other
# characters than A-Z a-z 0-9 - . _ ~ cannot be sent. A token has none.
gateway = URI(ENV.fetch('PUSH_URL'))
gateway.userinfo = "#{ENV.fetch('PUSH_USERNAME')}:#{ENV.fetch('PUSH_PASSWORD')}"

# One shop, one group: it does not matter on which host this runs, so there is no instance.
push = Prometheus::Client::Push.new(job: 'shop_orders', gateway: gateway.to_s)

# It raises nothing when the push is refused: the answer has to be looked at.
answer = push.replace(registry)
abort(answer.body) unless answer.is_a?(Net::HTTPSuccess)
