import { SYSTEM_CLOCK } from '../../../src/compose/clock.ts';
import { createFailureThrottle } from '../../../src/state/memory/failure-throttle.ts';
import { createMemorySessionStore } from '../../../src/state/memory/session-store.ts';
import { createMemoryStoreLog } from '../../../src/state/memory/store-log.ts';
import { createMemoryTurnstile } from '../../../src/state/memory/turnstile.ts';
import { createMemoryWorkLock } from '../../../src/state/memory/work-lock.ts';
import { testFailureThrottle } from '../../conformance/failure-throttle.ts';
import { testSessionStore } from '../../conformance/session-store.ts';
import { testStoreLog } from '../../conformance/store-log.ts';
import { testTurnstile } from '../../conformance/turnstile.ts';
import { testWorkLock } from '../../conformance/work-lock.ts';

/** A gateway that is alone asks the same one twice. */
const twice = <T>(one: T): readonly [T, T] => [one, one];

testTurnstile({ kind: 'memory', create: () => twice(createMemoryTurnstile(SYSTEM_CLOCK)) });
testFailureThrottle({
  kind: 'memory',
  create: (limits) => twice(createFailureThrottle(() => limits)),
});
testSessionStore({ kind: 'memory', create: () => twice(createMemorySessionStore()) });
testWorkLock({ kind: 'memory', create: () => twice(createMemoryWorkLock()) });
testStoreLog({
  kind: 'memory',
  async create() {
    const log = createMemoryStoreLog();
    return { logs: twice(log), kill: ({ member }) => log.kill(member), lose: log.lose };
  },
});
