import { z } from 'zod';
import { SIGNATURE_ALGORITHMS } from '../core/identity/issuer.ts';
import type { CredentialKind } from '../core/identity/principal.ts';
import { ACTIONS } from '../core/policy/policy-spec.ts';
import * as value from './schema-values.ts';

const tls = z
  .strictObject({
    cert_file: value.path.describe('PEM certificate chain'),
    key_file: value.path.describe('PEM private key'),
    client_ca_file: value.path.optional().describe('PEM; turns client certificates on'),
  })
  .describe('TLS on the public side; off unless given');

const upstream = z
  .strictObject({
    url: z.string().optional().describe('where the private Pushgateway is; may have a path prefix'),
    spawn: z
      .strictObject({
        command: z.string().min(1).describe('program, looked up on PATH'),
        args: z.array(value.childFlag).default([]).describe('further flags'),
      })
      .optional()
      .describe('start the Pushgateway as a supervised child instead'),
    timeout: value.timeout
      .default('10s')
      .describe('from when a request is let through to the end of the answer'),
    connections: value.count.default(32).describe('connections to the upstream'),
    basic_auth: z
      .strictObject({
        username: value.username.describe('user name of the gateway'),
        password: value.secret.describe('its password: {file: PATH} or {env: NAME}'),
      })
      .optional()
      .describe('credential of the gateway at the upstream'),
    tls: z
      .strictObject({ ca_file: value.path.describe('PEM certificates to trust') })
      .optional()
      .describe('for an upstream with https'),
    consistency: z
      .enum(['upstream', 'gateway'])
      .default('upstream')
      .describe('who finds inconsistent pushes'),
  })
  .describe('the private Pushgateway');

const issuer = z.strictObject({
  issuer: z.string().min(1).describe('the `iss` of its tokens'),
  audience: z.string().min(1).describe('the `aud` that a token must have'),
  jwks_uri: z.url().optional().describe('where its keys are; left out: found by discovery'),
  jwks_file: value.path.optional().describe('its keys in a file'),
  algorithms: z
    .array(z.enum(SIGNATURE_ALGORITHMS))
    .min(1, 'must name at least one algorithm')
    .default([...SIGNATURE_ALGORITHMS])
    .describe('signature algorithms to take'),
  typ: z.string().optional().describe('the `typ` that a token must have'),
  ca_file: value.path.optional().describe('PEM certificates to trust for jwks_uri'),
  bearer_file: value.path.optional().describe('token to send to jwks_uri'),
  max_lifetime: value.duration.default('24h').describe('longest `exp` minus `iat`'),
  max_stale: value.duration.default('24h').describe('how long keys outlive their source'),
});

const server = z
  .strictObject({
    header_timeout: value.timeout.default('10s').describe('for the head of a request'),
    body_timeout: value.timeout.default('30s').describe('for the body of a push'),
    idle_timeout: value.timeout.default('15s').describe('without a byte from or to the client'),
    drain_timeout: value.timeout.default('30s').describe('for what is under way at a stop'),
    connections: value.count.default(5000).describe('open connections; more are closed at once'),
    bytes_in_flight: value.size.default('256MiB').describe('bodies in memory, over all requests'),
    password_hashes: value.count.default(2).describe('password hashes computed at once'),
  })
  .describe('bounds of the public server');

const limits = z
  .strictObject({
    body: value.size.exactOptional().describe('bytes of a body as sent; 1MiB'),
    decoded: value.size.exactOptional().describe('bytes of a body after decompression; 8MiB'),
    ratio: value.count.exactOptional().describe('decoded bytes for each byte sent; 200'),
    series: value.count.exactOptional().describe('series in one push; 10000'),
    labels: value.count.exactOptional().describe('labels of one series; 32'),
    label_value: value.size.exactOptional().describe('bytes of one label value; 1KiB'),
    rate: value.rate.exactOptional().describe('pushes and deletes, averaged; 50/s'),
    burst: value.count
      .exactOptional()
      .describe('pushes and deletes beyond the rate, in a minute; 100'),
    concurrent: value.count.exactOptional().describe('pushes and deletes at once; 16'),
    groups: value.count.exactOptional().describe('groups of the team; later'),
    total_series: value.count.exactOptional().describe('series of the team; later'),
  })
  .describe('what a team may send');

const metrics = z
  .strictObject({
    allow: z.array(value.metricGlob).optional().describe('families the team may push; all'),
    deny: z
      .array(value.metricGlob)
      .optional()
      .describe('families nobody may push; wins over allow'),
    own: z.array(value.metricGlob).optional().describe('families no other team may push'),
  })
  .describe('globs on metric families');

const common = {
  name: value.name.optional().describe('for the audit log; the user name where left out'),
  expires: value.instant.optional().describe('from then on it is refused'),
};
const kind = <Kind extends CredentialKind>(type: Kind) =>
  z.literal(type).describe('kind of the credential');
const claimValue = z.union([z.string(), z.number(), z.boolean()]);

const credential = z.discriminatedUnion('type', [
  z.strictObject({
    type: kind('basic'),
    ...common,
    username: value.username.describe('unique over all teams'),
    password_hash: z.string().describe('bcrypt or argon2id; see `pushwarden hash-password`'),
  }),
  z.strictObject({
    type: kind('htpasswd'),
    ...common,
    file: value.path.describe('htpasswd file; each of its users is the team'),
  }),
  z.strictObject({
    type: kind('token'),
    ...common,
    sha256: value
      .matching(/^[0-9a-fA-F]{64}$/, 'must be the SHA-256 of the token, 64 hexadecimal digits')
      .describe('SHA-256 of the token; see `pushwarden token create`'),
  }),
  z.strictObject({
    type: kind('jwt'),
    ...common,
    issuer: value.name.describe('one of `issuers`'),
    claims: z
      .record(z.string(), z.union([claimValue, z.array(claimValue)]))
      .describe('conditions on the claims, all of which must hold'),
  }),
  z.strictObject({
    type: kind('certificate'),
    ...common,
    san: value.glob.optional().describe('glob on a subject alternative name, DNS or URI'),
    fingerprint: value.fingerprint.optional().describe('SHA-256 of the certificate'),
  }),
]);

const teamRules = {
  allow: z.array(z.enum(ACTIONS)).optional().describe('push, delete, read'),
  limits: limits.optional(),
  metrics: metrics.optional(),
  group_ttl: z
    .union([z.literal('off'), value.duration])
    .optional()
    .describe('when groups are deleted; later'),
};

const team = z.strictObject({
  jobs: z.array(value.glob).min(1, 'must name at least one job').describe('globs on the job'),
  ...teamRules,
  labels: z
    .record(value.labelName, z.array(value.glob).min(1, 'must have at least one value'))
    .default({})
    .describe('where the label is present, it must match'),
  require_labels: z.array(value.labelName).default([]).describe('in the grouping key of a push'),
  allow_networks: z.array(z.string()).optional().describe('named networks or CIDRs'),
  mode: z.enum(['enforce', 'observe']).default('enforce').describe('observe: later'),
  credentials: z.array(credential).default([]).describe('how the team proves who it is'),
  upstream: z.unknown().optional().describe('later'),
});

const audit = z
  .strictObject({
    file: value.path.default('./audit.jsonl').describe('the newest segment'),
    sync: z
      .enum(['batch', 'none'])
      .default('batch')
      .describe('none: the system writes when it likes'),
    on_failure: z
      .enum(['deny', 'continue'])
      .default('deny')
      .describe('what becomes of pushes while the log cannot be written'),
    rotate: value.size.default('100MiB').describe('size at which a new segment begins'),
    keep: value.count.default(30).describe('closed segments that stay'),
    sign_key: z
      .union([z.literal('none'), z.strictObject({ file: value.path.describe('PEM private key') })])
      .default('none')
      .describe('Ed25519 key that signs checkpoints; see `pushwarden audit keygen`'),
  })
  .describe('the audit log');

/** The whole configuration as it stands in the file: units and paths not yet read. */
export const configSchema = z.strictObject({
  listen: value.listenAddress.default('127.0.0.1:9091').describe('the public side'),
  tls: tls.optional(),
  trusted_proxies: z.array(z.string()).default([]).describe('may speak for others'),
  admin: z
    .strictObject({
      listen: z
        .union([z.literal('off'), value.listenAddress])
        .default('127.0.0.1:9095')
        .describe('off: there is no admin side'),
    })
    .prefault({})
    .describe('metrics, health and reload, for the operator'),
  upstream,
  networks: z.record(value.name, z.array(z.string())).default({}).describe('named sets of CIDRs'),
  allow_networks: z.array(z.string()).optional().describe('left out: every network'),
  deny_networks: z.array(z.string()).default([]).describe('wins over allow'),
  issuers: z.record(value.name, issuer).default({}).describe('who signs tokens'),
  server: server.prefault({}),
  failures: z
    .strictObject({
      per: value.duration.default('1m').describe('time in which they are counted'),
      limit: value.count.default(30).describe('of them, before a new hash is refused'),
    })
    .prefault({})
    .describe('wrong passwords per address and user name'),
  defaults: z.strictObject(teamRules).prefault({}).describe('what every team starts from'),
  teams: z.record(value.name, team).describe('who may push what'),
  anonymous: z.string().default('none').describe('later: a team for callers without a credential'),
  audit: audit.prefault({}),
  janitor: z.unknown().optional().describe('later'),
  spool: z.unknown().optional().describe('later'),
});

export type RawConfig = z.output<typeof configSchema>;
export type RawLimits = z.output<typeof limits>;
export type RawTeam = RawConfig['teams'][string];
export type RawCredential = RawTeam['credentials'][number];

/** The JSON Schema of the configuration file, for editors. */
export function renderJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
