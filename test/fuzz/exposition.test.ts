import { test } from 'node:test';
import { WIDE_SCOPE } from '../support/content-scope.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { acceptedBodies } from './accepted-bodies.ts';
import { assertStoreTakes, pushCanary } from './store-check.ts';

const N = Number(process.env['N'] ?? 400),
  S = Number(process.env['S'] ?? 0);
for (const version of PUSHGATEWAYS) {
  for (const mediaType of ['text', 'protobuf'] as const) {
    const skip = pushgatewayMissing(version);
    test(`Pushgateway ${version} takes every ${mediaType} body that the parser accepts`, {
      skip,
    }, async () => {
      await using gateway = await startPushgateway({ version });
      await pushCanary(gateway);
      let n = 0;
      for (const { body, content } of acceptedBodies(mediaType, S, S + N, WIDE_SCOPE)) {
        const push = {
          path: '/metrics/job/batch',
          mediaType,
          body,
          series: content.series,
        } as const;
        await assertStoreTakes(gateway, push);
        n++;
      }
      console.log(version, mediaType, n);
    });
  }
}
