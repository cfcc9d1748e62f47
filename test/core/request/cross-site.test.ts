import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCrossSite } from '../../../src/core/request/cross-site.ts';
import { denied } from '../../support/decision.ts';

const FROM_PAGES = [
  ['https://evil.example', undefined],
  ['null', undefined],
  ['', undefined],
  ['http://127.0.0.1:9091', 'same-origin'],
  [undefined, 'cross-site'],
  [undefined, 'same-site'],
  [undefined, 'same-origin'],
  [undefined, 'None'],
  [undefined, ''],
  [undefined, 'none,none'],
] as const;
const DIRECT = [undefined, 'none'] as const;

for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
  for (const [origin, secFetchSite] of FROM_PAGES) {
    test(`checkCrossSite refuses ${method} with origin ${origin} and site ${secFetchSite}`, () => {
      const { reason, detail, hints } = denied(checkCrossSite(method, { origin, secFetchSite }));
      const header = origin === undefined ? 'Sec-Fetch-Site' : 'Origin';
      assert.equal(reason, 'cross_site');
      assert.ok(detail?.endsWith(`there is the header ${header}`));
      assert.match(hints?.join() ?? '', new RegExp(`from a script or server, without ${header}`));
    });
  }
  for (const secFetchSite of DIRECT) {
    test(`checkCrossSite allows ${method} without origin and with site ${secFetchSite}`, () => {
      const decision = checkCrossSite(method, { origin: undefined, secFetchSite });
      assert.equal(decision.effect, 'allow');
    });
  }
}

for (const method of ['GET', 'HEAD']) {
  test(`checkCrossSite allows ${method} from a page, which can only read what CORS lets it`, () => {
    const headers = { origin: 'https://grafana.example', secFetchSite: 'cross-site' };
    assert.equal(checkCrossSite(method, headers).effect, 'allow');
  });
}
