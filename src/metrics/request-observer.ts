import type { Clock, RequestObserver } from '../pipeline/ports.ts';
import type { MetricsRegistry } from './registry.ts';

/** Any other method is counted as `other`: a caller must not make label values. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
const PUSH_METHODS = new Set(['POST', 'PUT']);

/** What there is to tell of a team since the last exposition. */
interface TeamCounts {
  /** By method, then by status. */
  readonly answers: Map<string, Map<number, number>>;
  /** Seconds since the epoch. */
  lastPush: number | undefined;
}

/** Counts the requests of the public side. */
export function createRequestObserver(
  { metrics, beforeRender }: Pick<MetricsRegistry, 'metrics' | 'beforeRender'>,
  clock: Clock,
): RequestObserver {
  let underWay = 0;
  const teams = new Map<string, TeamCounts>();
  beforeRender(() => {
    metrics.pushwarden_requests_in_flight.set(underWay);
    for (const [team, { answers, lastPush }] of teams) {
      for (const [method, codes] of answers) {
        for (const [code, count] of codes) {
          metrics.pushwarden_requests_total.labels(team, method, String(code)).inc(count);
        }
      }
      if (lastPush === undefined) continue;
      metrics.pushwarden_team_last_push_timestamp_seconds.labels(team).set(lastPush);
    }
    teams.clear();
  });

  const countsOf = (team: string): TeamCounts => {
    const known = teams.get(team);
    if (known !== undefined) return known;
    const counts: TeamCounts = { answers: new Map(), lastPush: undefined };
    teams.set(team, counts);
    return counts;
  };
  return {
    begin() {
      underWay += 1;
    },
    end(observation) {
      const { team, credential, method: rawMethod, status, reason } = observation;
      const { wouldRefuse = [], durationMs, bodyBytes } = observation;
      const method = METHODS.has(rawMethod) ? rawMethod : 'other';
      const counts = countsOf(team);
      underWay -= 1;
      countAnswer(counts, method, status);
      metrics.pushwarden_request_duration_seconds.observe({ method }, durationMs / 1000);
      for (const one of wouldRefuse) metrics.pushwarden_would_refuse_total.labels(team, one).inc();
      if (reason !== undefined) {
        metrics.pushwarden_refusals_total.labels(team, reason).inc();
        if (reason === 'credential_expired' && credential !== undefined) {
          metrics.pushwarden_expired_credential_uses_total.labels(team, credential).inc();
        }
      } else if (PUSH_METHODS.has(method)) {
        counts.lastPush = clock.now() / 1000;
        if (bodyBytes !== undefined) metrics.pushwarden_push_body_bytes.observe(bodyBytes);
      }
    },
  };
}

function countAnswer({ answers }: TeamCounts, method: string, status: number): void {
  let codes = answers.get(method);
  if (codes === undefined) {
    codes = new Map();
    answers.set(method, codes);
  }
  codes.set(status, (codes.get(status) ?? 0) + 1);
}
