import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { closeIssuers, openIssuers } from '../../src/compose/issuers.ts';
import { type IssuerSpec, SIGNATURE_ALGORITHMS } from '../../src/core/identity/issuer.ts';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import { AUDIENCE, type IssuerServer, startIssuerServer } from '../support/issuer-server.ts';
import { manualClock } from '../support/manual-clock.ts';

describe('the issuers of another configuration', () => {
  const stack = new AsyncDisposableStack();
  const registry = createMetricsRegistry();
  const context = {
    clock: manualClock(),
    metrics: registry.metrics,
    log: { info() {}, warn() {}, error() {} },
  };
  let server: IssuerServer;
  let spec: IssuerSpec;
  before(async () => {
    server = stack.use(await startIssuerServer());
    spec = {
      name: 'ci',
      issuer: server.issuer,
      audience: AUDIENCE,
      algorithms: SIGNATURE_ALGORITHMS,
      maxLifetimeMs: 60_000,
      maxStaleMs: 60_000,
      keys: { type: 'remote', jwksUri: server.jwksUri },
    };
  });
  after(() => stack.disposeAsync());

  test('keep their keys when something else of them changed, so that none has to be loaded', async () => {
    const old = openIssuers([spec], [], context);
    await old[0]?.keys.load();
    const next = openIssuers([{ ...spec, audience: 'other', typ: 'at+jwt' }], old, context);
    assert.equal(next[0]?.keys, old[0]?.keys);
    assert.equal(next[0]?.spec.audience, 'other');
    await closeIssuers(old, next, context);
    assert.ok(next[0]?.keys.current());
    context.clock.advance(30_000);
    assert.equal(server.fetches.keys, 1);
    await closeIssuers(next, [], context);
  });

  const changes: readonly (readonly [what: string, change: Partial<IssuerSpec>])[] = [
    ['their name', { name: 'other' }],
    ['their issuer', { issuer: 'https://other.example' }],
    ['where their keys are', { keys: { type: 'remote', jwksUri: 'http://127.0.0.1:1/keys' } }],
    ['how long keys may be used', { maxStaleMs: 1 }],
  ];
  for (const [what, change] of changes) {
    test(`have keys of their own when ${what} changed`, async () => {
      const old = openIssuers([spec], [], context);
      const next = openIssuers([{ ...spec, ...change }], old, context);
      assert.notEqual(next[0]?.keys, old[0]?.keys);
      await closeIssuers(old, next, context);
      await closeIssuers(next, [], context);
    });
  }

  test('are measured for as long as they are there', async () => {
    const isMeasured = async () =>
      (await registry.render()).includes('jwks_last_refresh_timestamp_seconds{issuer="ci"}');
    const old = openIssuers([spec], [], context);
    await old[0]?.keys.load();
    const next = openIssuers([{ ...spec, maxStaleMs: 1 }], old, context);
    await closeIssuers(old, next, context);
    assert.equal(await isMeasured(), true);
    await closeIssuers(next, [], context);
    assert.equal(await isMeasured(), false);
  });
});
