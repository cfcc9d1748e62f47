import { readFileSync } from 'node:fs';

/** One request of `fixtures/corpus/target.json` and what became of it on a bare Pushgateway. */
export interface TargetRow {
  readonly id: string;
  readonly method: string;
  readonly why: string;
  /** The request, byte for byte, without a credential. */
  readonly raw_request_b64: string;
  /** Targets that are pushed before the request. */
  readonly seeded_groups?: readonly string[];
  readonly pushgateway_flags?: readonly string[];
  readonly recommended_gateway: Readonly<{
    decision: string;
    acl_job?: string;
    labels?: Readonly<Record<string, string>>;
    canonical_target?: string;
  }>;
}

/** One request of `fixtures/corpus/bad-input.json`. */
export interface BadInputRow {
  readonly id: string;
  readonly category: string;
  /** The request, byte for byte, with `{{PLACEHOLDERS}}`. */
  readonly raw_b64: string;
  readonly why: string;
  /** Whose addresses the gateway lets in; every loopback address when left out. */
  readonly profile?: 'ip_denied' | 'trusted_proxy';
  readonly expect: {
    /** 0: closed without an answer. */
    readonly status_in: readonly number[];
    readonly must_not_reach_upstream: boolean;
    readonly connection: 'any' | 'close';
    /** No interim `100 Continue` may come first. */
    readonly no_100?: boolean;
  };
}

/** One push of `fixtures/corpus/body.json`. */
export interface BodyRow {
  readonly id: string;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body_b64: string;
  /** Method, target and body of what is in the store before. */
  readonly seeds: readonly (readonly [method: string, target: string, bodyB64: string])[];
  readonly why: string;
  readonly gateway_should: string;
}

export function readTargetCorpus(): readonly TargetRow[] {
  return readCorpus('target');
}

export function readBadInputCorpus(): readonly BadInputRow[] {
  return readCorpus('bad-input');
}

export function readBodyCorpus(): readonly BodyRow[] {
  return readCorpus('body');
}

function readCorpus<Row>(name: string): readonly Row[] {
  const file = new URL(`../fixtures/corpus/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}
