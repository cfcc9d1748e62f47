import type { Principal } from '../identity/principal.ts';
import type { Reason } from '../reason.ts';

/** What happened, before the chain gives it a place: the writer adds seq, time, prev and hash. */
export type AuditEvent =
  | DecisionEvent
  | OutcomeEvent
  | StartEvent
  | StopEvent
  | ReloadEvent
  | RecoveredEvent
  | CheckpointEvent
  | AggregateEvent
  | ExpiredEvent
  | MovedEvent;

/** A request to a push, delete or read endpoint, allowed or refused. */
export interface DecisionEvent {
  readonly event: 'decision';
  readonly request_id: string;
  readonly client_ip?: string;
  readonly peer_ip: string;
  readonly team?: string;
  readonly credential?: string;
  readonly scheme?: Principal['scheme'];
  readonly subject?: string;
  readonly method: string;
  /** Canonical; of a refused request the raw path, query cut, escaped, at most 256 bytes. */
  readonly target: string;
  readonly job?: string;
  /** The grouping key without the job. */
  readonly grouping_key?: Readonly<Record<string, string>>;
  /** Bytes of the body as sent. */
  readonly body_bytes?: number;
  /** Bytes of the body after decompression. */
  readonly decoded_bytes?: number;
  readonly series?: number;
  /** Names of the families that the body holds, 20 at most. */
  readonly families?: readonly string[];
  /** How many more there are. */
  readonly families_more?: number;
  /** Names of the labels of its series, without those of the grouping key; 20 at most. */
  readonly label_names?: readonly string[];
  readonly label_names_more?: number;
  /** Families that the body leaves untyped and that got the stored type, at most 20. */
  readonly adopted?: readonly string[];
  /** A PUT with an empty body: it equals a delete. */
  readonly empties_group?: true;
  readonly decision: 'allow' | 'deny';
  readonly reason: Reason | 'ok';
  /** Let through although its team's rules would refuse it: the team is only observed. */
  readonly mode?: 'observe';
  /** The first reason for which an enforcing team would have been refused. */
  readonly would_deny?: Reason;
  /** Which label, metric, line or limit; under 200 bytes. */
  readonly detail?: string;
  readonly user_agent?: string;
}

/** How an allowed push or delete ended. */
export interface OutcomeEvent {
  readonly event: 'outcome';
  readonly request_id: string;
  /** What was answered, or the word of `outcome`. */
  readonly status: number | OutcomeWord;
  /** Where no status says how it ended. */
  readonly outcome?: OutcomeWord;
  readonly upstream_status?: number;
  readonly reason?: Reason;
  /** Sends to the upstream, when more than one. */
  readonly attempts?: number;
  /** The group that the refused push had left behind was deleted. */
  readonly group_removed?: true;
  /** Pushgateway had acknowledged it before, and lost it in a restart. */
  readonly restored?: true;
  /** Request id of the later PUT of the group that took its place while it waited. */
  readonly replaced_by?: string;
  /** The caller had left before the answer. */
  readonly client_gone?: true;
  /** From the arrival of the request, milliseconds. */
  readonly duration_ms: number;
  /** What the push or delete was; only of one that had been kept, as it ends long after its decision. */
  readonly team?: string;
  readonly credential?: string;
  readonly method?: string;
  readonly target?: string;
  readonly job?: string;
  readonly grouping_key?: Readonly<Record<string, string>>;
}

/**
 * `unknown`: the upstream may or may not have applied it; `spooled`: it is kept until the upstream
 * is back, then `delivered`, `expired` or `rejected`. A group that was not deleted for its age after
 * all, because somebody pushed to it, is `rejected` too.
 */
type OutcomeWord = 'unknown' | 'spooled' | 'delivered' | 'expired' | 'rejected';

/** A group that is deleted for its age: written before, and an outcome with its id follows. */
export interface ExpiredEvent {
  readonly event: 'expired';
  /** Of the DELETE, as that of a request. */
  readonly request_id: string;
  /** `quarantine`: not for its age, it broke the scrape. */
  readonly by: 'janitor' | 'quarantine';
  /** Its owner. */
  readonly team?: string;
  /** Canonical. */
  readonly target: string;
  readonly job: string;
  /** Without the job. */
  readonly grouping_key: Readonly<Record<string, string>>;
  /** Since the last push, successful or failed. */
  readonly age_seconds: number;
  readonly series: number;
  /** What was wrong with it. */
  readonly detail?: string;
}

/** A group that is moved to another Pushgateway: written before, and an outcome with its id follows. */
export interface MovedEvent {
  readonly event: 'moved';
  /** Of what is sent for it, as that of a request. */
  readonly request_id: string;
  readonly by: 'rebalance';
  /** Its owner. */
  readonly team?: string;
  /** Canonical. */
  readonly target: string;
  readonly job: string;
  /** Without the job. */
  readonly grouping_key: Readonly<Record<string, string>>;
  /** Names of the Pushgateways. */
  readonly from: string;
  readonly to: string;
  readonly series: number;
}

interface StartEvent {
  readonly event: 'start';
  readonly version: string;
  readonly config_hash: string;
}

interface StopEvent {
  readonly event: 'stop';
  readonly cause: string;
}

interface ReloadEvent {
  readonly event: 'reload';
  readonly config_hash: string;
  /** Paths of the configuration that changed, without values. */
  readonly changed: readonly string[];
  /** What was wrong with a configuration that was refused: the one in use stays. */
  readonly refused?: readonly string[];
}

/**
 * Written before anything else once the log goes on: after a start that found damage or decisions
 * without an outcome, and after a time in which it could not be written.
 */
export interface RecoveredEvent {
  readonly event: 'recovered';
  /**
   * `crash`: the process ended without closing the log; `damage`: a record was found that does not
   * belong where it stands; `write_failed`, `sync_failed`, `stalled`: what the disk did;
   * `file_changed`: the file was moved, removed or cut from outside; `stopped`: the gateway stopped
   * before everything under way had ended.
   */
  readonly cause: RecoveryCause;
  /** What was found, for people. */
  readonly detail?: string;
  /** Bytes of an unfinished last line that were cut. */
  readonly torn_bytes: number;
  /** Request ids of allowed pushes and deletes whose outcome nobody knows. */
  readonly unknown_outcomes: readonly string[];
  /** Events that were not kept while the log could not be written. */
  readonly lost_events?: number;
}

export type RecoveryCause =
  | 'crash'
  | 'damage'
  | 'write_failed'
  | 'sync_failed'
  | 'file_changed'
  | 'stalled'
  | 'stopped';

/** Signs the chain up to here: `prev` commits to every record before it. */
export interface CheckpointEvent {
  readonly event: 'checkpoint';
  /** `sha256:` and the hash of the public key in DER form. */
  readonly key: string;
  /** Ed25519, base64, over the RFC 8785 form of the record without `signature` and `hash`. */
  readonly signature: string;
}

/**
 * Refusals, and allowed reads of callers without a credential, that got no record of their own
 * because too many of the same kind came at once.
 */
export interface AggregateEvent {
  readonly event: 'aggregate';
  /** `ok`: they were allowed. */
  readonly reason: Reason | 'ok';
  readonly team?: string;
  readonly credential?: string;
  /** Set where the team is that of callers without a credential. */
  readonly scheme?: 'none';
  /** Left out with a credential, or when too many addresses came at once to tell them apart. */
  readonly client_ip?: string;
  /** In its place where too many came: 24 bits of IPv4, 64 of IPv6. */
  readonly client_network?: string;
  /** How many were counted here, beside those with records of their own. */
  readonly count: number;
  /** When the first and the last of them came. */
  readonly since: string;
  readonly until: string;
}

/** One line of the audit log. */
export type AuditRecord = AuditEvent & {
  readonly seq: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  /** Which of several gateways it is of. */
  readonly gateway?: string;
  readonly prev: string;
  readonly hash: string;
};

/** A record that is put together: members that are spread would be copied one by one. */
export type Draft<T> = { -readonly [Name in keyof T]: T[Name] };
