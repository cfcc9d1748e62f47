import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parse } from 'yaml';
import { codeBlocks, ROOT, readProjectFile } from '../docs/markdown.ts';
import { findProgram, missingPrograms } from '../support/program.ts';
import { createScratch } from '../support/scratch.ts';
import {
  assertConfigured,
  assertTaken,
  assertUnprivileged,
  find,
  type KubernetesObject,
  namesOf,
  parseObjects,
} from './kubernetes-objects.ts';

const CHART = 'deploy/helm/pushwarden/';

/** What the kustomize base has and the chart leaves out unless it is asked for. */
const LIKE_BASE = [
  '--set=serviceMonitor.enabled=true,prometheusRule.enabled=true',
  '--set=pushgateway.fullnameOverride=pushgateway',
];

/** Labels that Helm's users expect, and kustomize's do not. */
const OF_HELM = /^(?:helm\.sh\/chart|app\.kubernetes\.io\/(?:instance|managed-by|version))$/;

function helm(...args: readonly string[]) {
  return spawnSync(findProgram('helm-4') ?? '', args, { cwd: ROOT, encoding: 'utf8' });
}

function template(...args: readonly string[]): readonly KubernetesObject[] {
  const { status, stdout, stderr } = helm('template', 'pushwarden', CHART, ...args);
  assert.equal(status, 0, stderr);
  return parseObjects(stdout);
}

function withoutLabelsOfHelm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLabelsOfHelm);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !OF_HELM.test(key));
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutLabelsOfHelm(one)]));
}

/** By kind and name, with texts in YAML as what they say. */
function comparable(objects: readonly KubernetesObject[]): object {
  const entries = objects.map((object) => {
    const { namespace: _, ...metadata } = object.metadata;
    const data = object.data && { data: { config: parse(object.data['pushwarden.yaml']) } };
    return [`${object.kind}/${metadata.name}`, { ...object, ...data, metadata }];
  });
  return Object.fromEntries(entries);
}

const skip = missingPrograms(['helm-4', 'kubectl-1.32']);

test('helm lint finds nothing wrong', { skip }, () => {
  const { status, stdout } = helm('lint', '--strict', CHART);
  assert.equal(status, 0, stdout);
});

test('the chart renders the objects of the kustomize base', { skip }, () => {
  const kubectl = findProgram('kubectl-1.32') ?? '';
  const { stdout } = spawnSync(kubectl, ['kustomize', 'deploy/kubernetes/base'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.deepEqual(
    withoutLabelsOfHelm(comparable(template(...LIKE_BASE))),
    comparable(parseObjects(stdout)),
  );
});

test('what it renders by default is taken, unprivileged and configured', { skip }, async () => {
  const objects = template();
  assertTaken(objects);
  assertUnprivileged(objects);
  await assertConfigured(objects, 'pushwarden');
  assert.ok(!namesOf(objects).some((name) => /^(?:ServiceMonitor|PrometheusRule)\//.test(name)));
});

const EVERY = `${CHART}ci/every-value.yaml`;

test('every value does something', { skip }, async () => {
  const { status, stdout, stderr } = helm('template', 'pushwarden', CHART, '--values', EVERY);
  assert.equal(status, 0, stderr);
  assertTaken(parseObjects(stdout));
  await assertConfigured(parseObjects(stdout), 'push');
  const words = new Set(stdout.split(/[\s"',[\]{}]+/));
  const isUsed = (value: string): boolean =>
    /^\d+$/.test(value) ? words.has(value) : stdout.includes(value);
  const unused = leaves(parse(readProjectFile(EVERY))).filter(
    ([path, value]) => !(EXPANDED.test(path) || isUsed(value)),
  );
  assert.deepEqual(unused, []);
  assert.match(stdout, /name: 'push-extra-map'/);
  assert.match(stdout, /name: 'push-extra-text'/);
});

/** Values that stand for something else, and that other tests look at. */
const EXPANDED = /^(?:extraManifests\.|podAntiAffinity$|config\.upstream\.)/;

/** Path and text of every scalar, but for switches and what only names a key. */
function leaves(value: unknown, path = ''): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'boolean' ? [] : [[path, String(value)]];
  }
  return Object.entries(value).flatMap(([key, one]) => [
    ...(key.includes('/') ? [[path, key] as const] : []),
    ...leaves(one, path === '' ? key : `${path}.${key}`),
  ]);
}

/** Paths of all that may be given. */
function keys(schema: KubernetesObject, path = ''): readonly string[] {
  const properties: Readonly<Record<string, KubernetesObject>> = schema.properties ?? {};
  return Object.entries(properties).flatMap(([key, one]) => {
    const own = path === '' ? key : `${path}.${key}`;
    return [own, ...keys(one, own)];
  });
}

/** Helm's own, and what is no default. */
const WITHOUT_DEFAULT = ['global', 'service.nodePort', 'podDisruptionBudget.minAvailable'];

test('the schema knows every value, and no other', () => {
  const schema = JSON.parse(readProjectFile(`${CHART}values.schema.json`));
  const values = parse(readProjectFile(`${CHART}values.yaml`));
  const at = (path: string): unknown =>
    path.split('.').reduce<KubernetesObject>((value, key) => value?.[key], values);
  const known = keys(schema);
  assert.deepEqual(
    known.filter((path) => at(path) === undefined),
    [...WITHOUT_DEFAULT].sort((a, b) => known.indexOf(a) - known.indexOf(b)),
  );
  const levels = ['', ...known.filter((path) => known.some((one) => one.startsWith(`${path}.`)))];
  for (const level of levels) {
    const given = Object.keys(level === '' ? values : (at(level) as object)); // it has keys
    const missing = given.filter((key) => !known.includes(level === '' ? key : `${level}.${key}`));
    assert.deepEqual(missing, [], level);
  }
});

const refused = {
  'extraArg={--verbose}': /additional properties 'extraArg' not allowed/,
  'persistentVolume.enable=true': /additional properties 'enable' not allowed/,
  'podAntiAffinity=strong': /podAntiAffinity/,
  'networkPolicy.allowAll=false': /networkPolicy: give customSelectors, or allowAll: true/,
  'ingress.enabled=true': /ingress\.hosts must name a host/,
  'replicaCount=3': /replicaCount above 1 needs `state` in config/,
};
for (const [given, expected] of Object.entries(refused)) {
  test(`${given} is refused with what is wrong`, { skip }, () => {
    const { status, stderr } = helm('template', 'pushwarden', CHART, '--set', given);
    assert.notEqual(status, 0);
    assert.match(stderr, expected);
  });
}

test('a release of another name has its own Pushgateway, alerts and policies', { skip }, () => {
  const objects = parseObjects(helm('template', 'blue', CHART, ...LIKE_BASE.slice(0, 1)).stdout);
  const name = 'blue-pushwarden';
  const config = parse(find(objects, 'ConfigMap', name).data['pushwarden.yaml']);
  assert.equal(config.upstream.url, `http://${name}-pushgateway:9091`);
  find(objects, 'Service', `${name}-pushgateway`);
  const rules = JSON.stringify(find(objects, 'PrometheusRule', name));
  assert.ok(rules.includes(`up{job=\\"${name}\\"}`));
  assert.ok(!rules.includes('job=\\"pushwarden\\"'));
  const [{ from }] = find(objects, 'NetworkPolicy', `${name}-pushgateway`).spec.ingress;
  const pod = find(objects, 'StatefulSet', name).spec.template.metadata.labels;
  assert.deepEqual(from, [{ podSelector: { matchLabels: pod } }]);
});

test('several gateways have the names of their pods, one alone has none', { skip }, () => {
  const state = '--set=config.state.url=redis://valkey:6379';
  const argsOf = (replicas: number) => {
    const objects = template(state, `--set=replicaCount=${replicas}`);
    const { template: pod } = find(objects, 'StatefulSet', 'pushwarden').spec;
    return pod.spec.containers[0].args;
  };
  assert.deepEqual(argsOf(3).slice(-2), ['--instance', '$(POD_NAME)']);
  assert.equal(argsOf(1), undefined);
});

test('without volumes there are none, and without Pushgateway there is nothing of it', {
  skip,
}, () => {
  const objects = template(
    '--set=persistentVolume.enabled=false,pushgateway.enabled=false,serviceMonitor.enabled=true',
    '--set=service.admin.enabled=false,podDisruptionBudget.maxUnavailable=null',
  );
  assertTaken(objects);
  assert.deepEqual(namesOf(objects), [
    'ConfigMap/pushwarden',
    'NetworkPolicy/pushwarden',
    'Service/pushwarden',
    'ServiceMonitor/pushwarden-pushed',
    'StatefulSet/pushwarden',
  ]);
  assert.equal(find(objects, 'StatefulSet', 'pushwarden').spec.volumeClaimTemplates, undefined);
});

test('the chart has the version of the project', () => {
  const { version } = JSON.parse(readProjectFile('package.json'));
  const chart = parse(readProjectFile(`${CHART}Chart.yaml`));
  assert.deepEqual([chart.version, chart.appVersion], [version, version]);
});

test('the values of the page on deploying are taken', { skip }, async () => {
  const blocks = codeBlocks(readProjectFile('deploy/README.md'));
  const values = blocks.find((block) => block.startsWith('config: |'));
  assert.ok(values);
  await using scratch = await createScratch();
  const file = await scratch.write('values.yaml', values);
  const objects = template('--values', file);
  assertTaken(objects);
  await assertConfigured(objects, 'pushwarden');
  assert.ok(namesOf(objects).includes('Ingress/pushwarden'));
});
