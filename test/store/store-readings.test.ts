import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/core/errors.ts';
import { createStoreReadings } from '../../src/store/store-readings.ts';
import { manualClock } from '../support/manual-clock.ts';

for (const [what, error, told] of [
  [
    'is overtaken by another gateway is no error',
    new GatewayError('ERR_STATE_UNAVAILABLE', 'x'),
    [],
  ],
  ['fails is an error', new Error('the listing breaks off'), ['store_not_read']],
] as const) {
  test(`a reading that ${what}`, async () => {
    const heard: string[] = [];
    const outcomes: string[] = [];
    const readings = createStoreReadings({
      store: {
        startReading: () => ({
          begun: () => Promise.reject(error),
          add: async () => undefined,
          restart: () => undefined,
          finish: async () => undefined,
          [Symbol.dispose]: () => undefined,
        }),
      },
      clock: manualClock(),
      log: { info() {}, warn() {}, error: (message) => void heard.push(message) },
      observer: { read: (outcome) => void outcomes.push(outcome), changedByOthers() {} },
      onRead: async () => undefined,
    });
    const reader = {
      groups: async () => undefined,
      scrape: () => Promise.reject(error),
      status: async () => undefined,
      look: () => Promise.reject(error),
      suspects: () => Promise.reject(error),
      contents: async () => [],
    };
    const status = { startTime: 'now', checksConsistency: false, keepsNative: true };
    assert.equal(await readings.read(reader, status), false);
    assert.deepEqual(heard, told);
    assert.deepEqual(outcomes, ['failed']);
  });
}

test('the reading after another start of the upstream tells what is other than before', async () => {
  const heard: object[] = [];
  const counts = { appeared: 1, vanished: 2, changed: 3 };
  const readings = createStoreReadings({
    store: {
      startReading: () => ({
        begun: async () => undefined,
        add: async () => undefined,
        restart: () => undefined,
        finish: async () => ({ counts, named: [] }),
        [Symbol.dispose]: () => undefined,
      }),
    },
    clock: manualClock(),
    log: {
      info: (message, fields) => void heard.push({ message, ...fields }),
      warn() {},
      error() {},
    },
    observer: { read() {}, changedByOthers: () => assert.fail('it is nobody who did that') },
    onRead: async () => undefined,
  });
  const reader = {
    groups: async () => undefined,
    scrape: () => Promise.reject(new Error('away')),
    status: async () => undefined,
    look: () => Promise.reject(new Error('away')),
    suspects: () => Promise.reject(new Error('away')),
    contents: async () => [],
  };
  for (const startTime of ['first', 'second']) {
    await readings.read(reader, { startTime, checksConsistency: false, keepsNative: true });
  }
  const read = { message: 'store_read', groups: 0, ms: 0 };
  assert.deepEqual(heard, [read, { ...read, ...counts }]);
});
