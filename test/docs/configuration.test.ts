import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type LoadResult, loadConfig } from '../../src/config/load.ts';
import { renderProblem } from '../../src/config/problem.ts';
import { renderJsonSchema } from '../../src/config/schema.ts';
import { createScratch } from '../support/scratch.ts';
import { codeSpans, ROOT, readProjectFile, tableRows } from './markdown.ts';

const PAGE = 'docs/configuration.md';
const SCHEMA = 'docs/pushwarden.schema.json';

/** The least that a configuration can be. */
const BARE = { upstream: { url: 'http://127.0.0.1:9092' }, teams: { a: { jobs: ['a'] } } };

/** What of JSON Schema the configuration uses. */
interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

interface Key {
  readonly description: string | undefined;
  readonly type: string | undefined;
  readonly isRequired: boolean;
  readonly default: unknown;
}

/** Every key, `teams.NAME.credentials[].type`, in the order of the schema. */
function listKeys(schema: JsonSchema, path = ''): readonly (readonly [string, Key])[] {
  const { properties = {}, required = [], additionalProperties, items } = schema;
  const own = Object.entries(properties).flatMap(([name, inner]) => {
    const key = path === '' ? name : `${path}.${name}`;
    const isRequired = required.includes(name);
    const { type, description, default: fallback } = inner;
    const row = [key, { type, description, isRequired, default: fallback }] as const;
    return [row, ...listKeys(inner, key)];
  });
  const branches = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return [
    ...own,
    ...(additionalProperties ? listKeys(additionalProperties, `${path}.NAME`) : []),
    ...(items ? listKeys(items, `${path}[]`) : []),
    ...branches.flatMap((branch) => listKeys(branch, path)),
  ];
}

/** The map of which a key is a part: `teams.NAME` has what `defaults` has. */
function isRepeated(key: string, keys: ReadonlyMap<string, Key>): boolean {
  return (
    /^teams\.NAME\.(?:limits|metrics)\./.test(key) &&
    keys.has(key.replace('teams.NAME', 'defaults'))
  );
}

const documented = new Map(
  tableRows(readProjectFile(PAGE))
    .filter((cells) => cells.length === 4)
    .map(([key = '', type = '', fallback = '', words = '']) => [
      codeSpans(key)[0] ?? '',
      { type, fallback, words },
    ]),
);
const secrets = [...documented].flatMap(([key, { type }]) => (type === 'secret' ? [key] : []));
const all = new Map(listKeys(renderJsonSchema() as JsonSchema)); // what zod makes is one
const keys = new Map(
  [...all].filter(
    ([key]) => !isRepeated(key, all) && !secrets.some((secret) => key.startsWith(`${secret}.`)),
  ),
);

test(`${PAGE} has every key of the configuration once, and no other`, () => {
  assert.deepEqual([...documented.keys()].sort(), [...keys.keys()].sort());
  const rows = tableRows(readProjectFile(PAGE)).filter((cells) => cells.length === 4);
  assert.equal(rows.length, documented.size);
});

test('the schema describes every key, for editors', () => {
  const undescribed = [...all].filter(([, { description }]) => description === undefined);
  assert.deepEqual(
    undescribed.map(([key]) => key),
    [],
  );
});

/** Of the types that the page uses, those that look like one of JSON Schema's. */
const JSON_TYPES = [
  [/^map/, 'object'],
  [/^list/, 'array'],
  [/^count/, 'integer'],
] as const;

for (const [key, { type, isRequired, default: fallback }] of keys) {
  const row = documented.get(key);
  test(`${PAGE} says of ${key} what the schema says`, () => {
    assert.ok(row !== undefined);
    const named = JSON_TYPES.find(([words]) => words.test(row.type))?.[1];
    if (named !== undefined && type !== undefined) assert.equal(named, type);
    assert.equal(row.fallback === 'required', isRequired);
    if (fallback !== undefined) {
      assert.deepEqual(parse(codeSpans(row.fallback)[0] ?? ''), fallback);
    }
  });
}

test(`every default of ${PAGE} that a team starts from is what a team has`, async () => {
  const defaults: Record<string, Record<string, unknown>> = {};
  for (const [key, { fallback }] of documented) {
    const [root, name = '', inner] = key.split('.');
    const [text] = codeSpans(fallback);
    if (root !== 'defaults' || name === '' || text === undefined) continue;
    if (inner === undefined) defaults[name] = parse(text);
    else defaults[name] = { ...defaults[name], [inner]: parse(text) };
  }
  assert.deepEqual(Object.keys(defaults), ['allow', 'limits', 'metrics', 'group_ttl']);
  assert.deepEqual(await loadTeams({ ...BARE, defaults }), await loadTeams(BARE));
});

async function loadTeams(document: object) {
  const loaded = await load(document);
  assert.ok(loaded.ok);
  return loaded.config.teams;
}

/** Asking for what comes later, by the key that says so. */
const LATER: Readonly<Record<string, object>> = {
  'upstream.consistency': { upstream: { url: 'http://127.0.0.1:9092', consistency: 'gateway' } },
  'defaults.limits.groups': { defaults: { limits: { groups: 500 } } },
  'defaults.limits.total_series': { defaults: { limits: { total_series: 100_000 } } },
  'defaults.group_ttl': { defaults: { group_ttl: '7d' } },
  'teams.NAME.mode': { teams: { NAME: { jobs: ['a'], mode: 'observe' } } },
  'teams.NAME.upstream': { teams: { NAME: { jobs: ['a'], upstream: {} } } },
  anonymous: { anonymous: 'NAME' },
  janitor: { janitor: {} },
  spool: { spool: {} },
};

test(`${PAGE} says "later" of a key exactly if asking for it is refused`, async () => {
  const saysLater = [...documented].filter(([, { words }]) => /\*later\*/i.test(words));
  assert.deepEqual(saysLater.map(([key]) => key).sort(), Object.keys(LATER).sort());
});

for (const [key, asked] of Object.entries(LATER)) {
  test(`a configuration that asks for ${key} is refused`, async () => {
    assert.deepEqual(await findErrors({ ...BARE, ...asked }), [`${key}: not supported yet`]);
  });
}

async function findErrors(document: object): Promise<readonly string[]> {
  const loaded = await load(document);
  const problems = loaded.ok ? loaded.warnings : loaded.problems;
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ path, message }) => `${path}: ${message}`);
}

async function load(document: object): Promise<LoadResult> {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  return loadConfig(file, { now: 0 });
}

test(`${SCHEMA} is what "pushwarden schema" prints`, () => {
  const howTo = `run: node src/main.ts schema > ${SCHEMA} && npx biome format --write ${SCHEMA}`;
  assert.deepEqual(JSON.parse(readProjectFile(SCHEMA)), renderJsonSchema(), howTo);
});

const examples = globSync('examples/*.yaml', { cwd: ROOT }).sort();

test('there are examples', () => {
  assert.ok(examples.length >= 3);
});

for (const example of examples) {
  test(`${example} passes the check, without a warning`, async () => {
    const loaded = await loadConfig(ROOT + example, { now: 0, readsSecrets: false });
    const problems = loaded.ok ? loaded.warnings : loaded.problems;
    assert.deepEqual(problems.map(renderProblem), []);
  });

  test(`${example} names its schema for editors`, () => {
    const [line] = readProjectFile(example).split('\n');
    assert.equal(line, `# yaml-language-server: $schema=../${SCHEMA}`);
  });
}
