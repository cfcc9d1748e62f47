import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KeptSession, SessionStore } from '../../src/pipeline/shared-state.ts';

/** A way to keep sessions. */
interface SessionStoreSuite {
  /** `memory` */
  readonly kind: string;
  /** Two gateways that share their sessions, of which there are none yet. */
  readonly create: () =>
    | readonly [SessionStore, SessionStore]
    | Promise<readonly [SessionStore, SessionStore]>;
}

const sessionOf = (team: string): KeptSession => ({
  principal: { team, credential: 'nightly', scheme: 'token' },
  csrf: 'c29tZXRoaW5n',
  notice: undefined,
  credential: 'sha256:…',
  ends: Date.now() + 60_000,
  sealed: undefined,
});

/** Declares the tests that a session store of any kind has to pass. */
export function testSessionStore({ kind, create }: SessionStoreSuite): void {
  describe(`session store of ${kind}`, () => {
    test('gives back what was put, to either gateway, until it is deleted', async () => {
      const [one, other] = await create();
      const session: KeptSession = {
        ...sessionOf('payments'),
        principal: { team: 'payments', credential: 'ci', scheme: 'jwt', subject: 'repo:é"\n' },
        sealed: 'AAECAw==',
      };
      await one.put('a', session);
      assert.deepEqual(await other.get('a'), session);
      assert.equal(await other.get('b'), undefined);
      await other.delete('a');
      assert.equal(await one.get('a'), undefined);
      await one.delete('a');
    });

    test('notes what is to be said, and nothing of a session that has ended', async () => {
      const [one, other] = await create();
      await one.put('a', sessionOf('payments'));
      await other.note('a', 'The group was deleted.');
      assert.equal((await one.get('a'))?.notice, 'The group was deleted.');
      await one.note('a', undefined);
      assert.deepEqual(await other.get('a'), {
        ...sessionOf('payments'),
        ends: (await one.get('a'))?.ends,
      });
      await one.note('b', 'Nobody reads this.');
      assert.equal(await one.get('b'), undefined);
    });

    test('a team with too many loses its oldest, and no other team does', async () => {
      const [one, other] = await create();
      await one.put('other', sessionOf('reports'));
      for (let index = 0; index < 201; index += 1) {
        await (index % 2 === 0 ? one : other).put(`s${index}`, sessionOf('payments'));
      }
      assert.equal(await one.get('s0'), undefined);
      assert.notEqual(await one.get('s1'), undefined);
      assert.notEqual(await other.get('s200'), undefined);
      assert.notEqual(await other.get('other'), undefined);
    });
  });
}
