import assert from 'node:assert/strict';
import { CONTENT_TYPES, type MediaType } from '../../src/core/exposition/media-type.ts';
import { SCRAPE_SCOPE } from '../../src/core/exposition/push-content.ts';
import { parseTextExposition } from '../../src/core/exposition/text/text-exposition.ts';
import type { Pushgateway } from './pushgateway.ts';

/** What sorts behind every family that a test pushes: a scrape that has it was not cut off. */
const CANARY = 'zzz_canary';

/** A push to the job `batch` that the parsers accept. */
interface AcceptedPush {
  readonly mediaType: MediaType;
  readonly body: Uint8Array;
  /** Lines that it adds to the scrape; Pushgateway makes up sums and counts that are missing. */
  readonly series: number;
}

/** Puts the canary into the store. */
export async function pushCanary({ url }: Pushgateway): Promise<void> {
  const { status } = await fetch(`${url}/metrics/job/${CANARY}`, {
    method: 'PUT',
    body: `${CANARY} 1\n`,
  });
  assert.equal(status, 200);
}

/** Pushes, and holds the store to what the parsers promised: it takes all of it and stays whole. */
export async function assertStoreTakes(gateway: Pushgateway, push: AcceptedPush): Promise<void> {
  const { mediaType, body, series } = push;
  const what = Buffer.from(body).toString(mediaType === 'text' ? 'utf8' : 'hex');
  const answer = await fetch(`${gateway.url}/metrics/job/batch`, {
    method: 'PUT',
    body,
    headers: { 'content-type': CONTENT_TYPES[mediaType] },
  });
  assert.equal(answer.status, 200, `it refuses ${what}: ${await answer.text()}`);
  const scrape = await gateway.scrape();
  assert.equal(scrape.status, 200, `the scrape fails after ${what}: ${scrape.body}`);
  assert.ok(scrape.body.includes(`\n${CANARY}{`), `the scrape is cut off after ${what}`);
  const content = parseTextExposition(Buffer.from(scrape.body), SCRAPE_SCOPE);
  assert.equal(content.effect, 'allow', `the scrape is unsound after ${what}`);
  const isPushed = (line: string): boolean => !line.startsWith('#') && line.includes('job="batch"');
  const lines = scrape.body.split('\n').filter(isPushed);
  // The two time stamps of the group are among them.
  assert.ok(lines.length >= series + 2, `series are lost of ${what}`);
}
