import type { Server } from 'node:net';
import type { AuditEvent } from '../core/audit/audit-record.ts';
import {
  isUndelivered,
  judgeOutcome,
  type UpstreamOutcome,
} from '../core/store/upstream-outcome.ts';
import type { UpstreamRequest } from '../pipeline/ports/upstream.ts';
import type { Metrics, MetricsRegistry } from './registry.ts';
import { UPSTREAM_ERRORS } from './starting-series.ts';

/** Told what came of a push or delete, milliseconds after it was to be sent. */
export type OutcomeWatch = (
  method: UpstreamRequest['method'],
  outcome: UpstreamOutcome,
  ms: number,
) => void;

type TellingRegistry = Pick<MetricsRegistry, 'metrics' | 'beforeRender'>;

/** Counts the connections of a server that come to nothing. */
export function watchConnections(server: Server, metrics: Metrics): void {
  server.on('drop', () => metrics.pushwarden_connections_dropped_total.inc());
  server.on('tlsClientError', () => metrics.pushwarden_tls_handshake_failures_total.inc());
}

/**
 * Measures an upstream under its name. What a spool keeps of requests that were not delivered is not
 * lost: it counts nothing here.
 */
export function watchUpstream(metrics: Metrics, name: string, hasSpool: boolean): OutcomeWatch {
  const labels = { upstream: name };
  return (method, outcome, ms) => {
    metrics.pushwarden_upstream_request_duration_seconds.observe(labels, ms / 1000);
    const { errorKind } = judgeOutcome(method, outcome);
    if (errorKind && !(hasSpool && isUndelivered(outcome))) {
      metrics.pushwarden_upstream_errors_total.labels(name, errorKind).inc();
    }
  };
}

/** Measures nothing more of an upstream that is gone. */
export function forgetUpstream(metrics: Metrics, name: string): void {
  metrics.pushwarden_upstream_up.remove(name);
  metrics.pushwarden_upstream_scrape_broken.remove(name);
  metrics.pushwarden_upstream_request_duration_seconds.remove(name);
  metrics.pushwarden_foreign_changes_total.remove(name);
  for (const kind of UPSTREAM_ERRORS) metrics.pushwarden_upstream_errors_total.remove(name, kind);
  for (const outcome of ['read', 'failed']) {
    metrics.pushwarden_store_readings_total.remove(name, outcome);
  }
}

/** Counts what is on disk of the audit log, and what is not there in time. */
export function watchAudit({ metrics, beforeRender }: TellingRegistry) {
  const counts = new Map<AuditEvent['event'], number>();
  let headSeq: number | undefined;
  beforeRender(() => {
    for (const [event, count] of counts)
      metrics.pushwarden_audit_records_total.inc({ event }, count);
    counts.clear();
    if (headSeq !== undefined) metrics.pushwarden_audit_head_seq.set(headSeq);
  });
  return {
    recorded(event: AuditEvent['event'], head?: { readonly seq: number }): void {
      counts.set(event, (counts.get(event) ?? 0) + 1);
      if (head !== undefined) headSeq = head.seq;
    },
    missed(): void {
      metrics.pushwarden_audit_failures_total.inc();
    },
  };
}

/** Has each exposition tell whether the gateway is ready at that moment. */
export function watchReadiness(
  { metrics, beforeRender }: TellingRegistry,
  isReady: () => boolean,
): void {
  beforeRender(() => metrics.pushwarden_ready.set(Number(isReady())));
}

/** Counts the runs of what is done again and again. */
export function watchPeriodicWork(
  metrics: Metrics,
): (name: string, seconds: number, isDone: boolean) => void {
  return (name, seconds, isDone) => {
    metrics.pushwarden_periodic_work_duration_seconds.labels(name).observe(seconds);
    metrics.pushwarden_periodic_work_failures_total.labels(name).inc(isDone ? 0 : 1);
  };
}

/** Keeps when a credential was last used. */
export function watchCredentials({
  metrics,
  beforeRender,
}: TellingRegistry): (team: string, credential: string, at: number) => void {
  const teams = new Map<string, Map<string, number>>();
  beforeRender(() => {
    const lastUsed = metrics.pushwarden_credential_last_used_timestamp_seconds;
    for (const [team, credentials] of teams) {
      for (const [credential, at] of credentials) lastUsed.labels(team, credential).set(at / 1000);
    }
    teams.clear();
  });
  return (team, credential, at) => {
    let credentials = teams.get(team);
    if (credentials === undefined) {
      credentials = new Map();
      teams.set(team, credentials);
    }
    credentials.set(credential, at);
  };
}

/** Keeps how many bytes of bodies are in memory. */
export function watchBytes({ metrics, beforeRender }: TellingRegistry): (taken: number) => void {
  let inFlight = 0;
  beforeRender(() => metrics.pushwarden_bytes_in_flight.set(inFlight));
  return (taken) => {
    inFlight = taken;
  };
}
