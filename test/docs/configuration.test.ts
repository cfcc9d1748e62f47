import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { renderProblem } from '../../src/config/engine/problem.ts';
import { type LoadResult, loadConfig } from '../../src/config/load.ts';
import { configSchema, renderJsonSchema } from '../../src/config/schema.ts';
import { createScratch } from '../support/scratch.ts';
import { codeSpans, ROOT, readProjectFile, tableRows } from './markdown.ts';

const PAGE = 'docs/operate/configuration.md';
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

/** The map of which a key is a part: `teams.NAME` has what `defaults` has, `upstreams` `upstream`. */
function isRepeated(key: string, keys: ReadonlyMap<string, Key>): boolean {
  if (key.startsWith('upstreams.NAME.')) return keys.has(key.replace('upstreams.NAME', 'upstream'));
  return (
    /^teams\.NAME\.(?:limits\.|metrics\.|group_ttl|empty_pushes)/.test(key) &&
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
  assert.deepEqual(Object.keys(defaults), [
    'allow',
    'limits',
    'empty_pushes',
    'group_ttl',
    'metrics',
  ]);
  assert.deepEqual(await loadTeams({ ...BARE, defaults }), await loadTeams(BARE));
});

async function loadTeams(document: object) {
  const loaded = await load(document);
  assert.ok(loaded.ok);
  return loaded.config.teams;
}

const listRows = (text = ''): readonly string[] =>
  tableRows(text).map(([key = '']) => codeSpans(key)[0] ?? '');
const [, goneText = ''] = readProjectFile(PAGE).split('## No more');
const gone = listRows(goneText);

test(`${PAGE} has every key that the schema does not publish as gone, and no other`, () => {
  const everything = new Map(listKeys(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema)); // what zod makes is one
  const unpublished = [...everything.keys()].filter((key) => !all.has(key));
  const once = unpublished.filter((key) => !isRepeated(key, everything));
  for (const key of gone) assert.ok(once.includes(key), key);
  assert.deepEqual(
    once.filter((key) => !gone.includes(key)),
    [],
  );
});

test(`a configuration that has a key which ${PAGE} has as gone is refused`, async () => {
  assert.deepEqual(gone, ['upstream.consistency']);
  const [problem = ''] = await findErrors(merge(BARE, { upstream: { consistency: 'upstream' } }));
  assert.match(problem, /^upstream\.consistency: is a key no more: the gateway always keeps/);
});

function merge(one: object, other: object): object {
  const values = new Map<string, unknown>(Object.entries(one));
  for (const [key, value] of Object.entries(other)) {
    const before = values.get(key);
    values.set(key, isMap(before) && isMap(value) ? merge(before, value) : value);
  }
  return Object.fromEntries(values);
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
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
  return await loadConfig(file, { now: 0 });
}

test('the schema says of which keys there must be exactly one', () => {
  const { properties = {}, ...root } = renderJsonSchema() as JsonSchema; // it describes an object
  const keysOf = ({ oneOf = [] }: JsonSchema) => oneOf.flatMap(({ required = [] }) => required);
  const places = ['url', 'urls', 'spawn'];
  assert.deepEqual(keysOf(root), ['upstream', 'upstreams']);
  assert.deepEqual(keysOf(properties['upstream'] ?? {}), places);
  const { additionalProperties } = properties['upstreams'] ?? {};
  assert.ok(typeof additionalProperties === 'object');
  assert.deepEqual(keysOf(additionalProperties), places);
});

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
