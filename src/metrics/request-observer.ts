import type { Clock, RequestObserver } from '../pipeline/ports.ts';
import type { Metrics } from './registry.ts';

/** Any other method is counted as `other`: a caller must not make label values. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
const PUSH_METHODS = new Set(['POST', 'PUT']);

/** Counts the requests of the public side. */
export function createRequestObserver(metrics: Metrics, clock: Clock): RequestObserver {
  return {
    begin: () => metrics.pushwarden_requests_in_flight.inc(),
    end: (observation) => {
      const { team, credential, method: rawMethod, status, reason } = observation;
      const { wouldRefuse = [], durationMs, bodyBytes } = observation;
      const method = METHODS.has(rawMethod) ? rawMethod : 'other';
      metrics.pushwarden_requests_in_flight.dec();
      metrics.pushwarden_requests_total.labels(team, method, String(status)).inc();
      metrics.pushwarden_request_duration_seconds.labels(method).observe(durationMs / 1000);
      for (const one of wouldRefuse) metrics.pushwarden_would_refuse_total.labels(team, one).inc();
      if (reason !== undefined) {
        metrics.pushwarden_refusals_total.labels(team, reason).inc();
        if (reason === 'credential_expired' && credential !== undefined) {
          metrics.pushwarden_expired_credential_uses_total.labels(team, credential).inc();
        }
      } else if (PUSH_METHODS.has(method)) {
        metrics.pushwarden_team_last_push_timestamp_seconds.labels(team).set(clock.now() / 1000);
        if (bodyBytes !== undefined) metrics.pushwarden_push_body_bytes.observe(bodyBytes);
      }
    },
  };
}
