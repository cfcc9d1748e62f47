import { z } from 'zod';
import { isGone } from './engine/values.ts';
import { admin } from './sections/admin.ts';
import { anonymous } from './sections/anonymous.ts';
import { audit } from './sections/audit.ts';
import { failures } from './sections/failures.ts';
import { issuers } from './sections/issuers.ts';
import { janitor } from './sections/janitor.ts';
import { listen } from './sections/listen.ts';
import { networkKeys } from './sections/networks.ts';
import { pathPrefix } from './sections/path-prefix.ts';
import { server } from './sections/server.ts';
import { spool } from './sections/spool.ts';
import { state } from './sections/state.ts';
import { defaults } from './sections/team.ts';
import { teams } from './sections/teams.ts';
import { tls } from './sections/tls.ts';
import { ui } from './sections/ui.ts';
import { upstream } from './sections/upstream.ts';
import { upstreams } from './sections/upstreams.ts';

const { trusted_proxies, ...networks } = networkKeys;

/** The whole configuration as it stands in the file: units and paths not yet read. */
export const configSchema = z.strictObject({
  path_prefix: pathPrefix,
  listen,
  tls: tls.optional(),
  trusted_proxies,
  admin,
  upstream: upstream.optional(),
  upstreams: upstreams.optional(),
  ...networks,
  issuers,
  server,
  failures,
  defaults,
  teams,
  anonymous,
  audit,
  janitor,
  spool: spool.optional(),
  ui,
  state: state.optional(),
});

export type RawConfig = z.output<typeof configSchema>;

/** Keys of which there must be exactly one. */
const ONE_OF: readonly { readonly of: unknown; readonly keys: readonly string[] }[] = [
  { of: configSchema, keys: ['upstream', 'upstreams'] },
  { of: upstream, keys: ['url', 'urls', 'spawn'] },
];

/** The JSON Schema of the configuration file, for editors: what is built, and nothing else. */
export function renderJsonSchema(): object {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      const alternatives = ONE_OF.find(({ of }) => of === zodSchema)?.keys;
      if (alternatives) jsonSchema.oneOf = alternatives.map((key) => ({ required: [key] }));
      if (!(zodSchema instanceof z.ZodObject)) return;
      for (const [key, inner] of Object.entries(zodSchema.shape)) {
        if (isGone(inner)) delete jsonSchema.properties?.[key];
      }
    },
  });
}
